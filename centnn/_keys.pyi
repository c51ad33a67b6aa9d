from typing import Any

import numpy as np
from numpy.typing import NDArray

def row_keys(X: NDArray[Any]) -> NDArray[np.uint64]: ...
