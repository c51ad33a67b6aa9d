from typing import Any

import numpy as np
from numpy.typing import NDArray

def restore(
    levels: NDArray[np.int32],
    step: float,
    rows: NDArray[np.float64],
    columns: NDArray[np.float64],
    out: NDArray[Any],
) -> None: ...
