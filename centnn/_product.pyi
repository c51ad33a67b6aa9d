from typing import Any

import numpy as np
from numpy.typing import NDArray

def tables(
    columns: NDArray[Any], rows: NDArray[Any], out: NDArray[Any], n_threads: int
) -> None: ...
def search(
    columns: NDArray[Any],
    rows: NDArray[Any],
    codes: NDArray[np.uint8],
    n_nearest: int,
    n_threads: int,
) -> tuple[NDArray[np.float64], NDArray[np.uint32]]: ...
