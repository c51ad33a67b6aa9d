from typing import Any

import numpy as np
from numpy.typing import NDArray

def floyd_steinberg(pixels: NDArray[Any], palette: NDArray[Any]) -> NDArray[np.uint8]: ...
