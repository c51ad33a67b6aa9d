from typing import Any

import numpy as np
from numpy.typing import NDArray

def max_threads() -> int: ...
def build_config() -> tuple[str, bool]: ...
def nearest(
    rows: NDArray[Any],
    is_half: bool,
    columns: NDArray[np.float64],
    codes: NDArray[Any],
    distances: NDArray[np.float64] | None,
    n_threads: int,
) -> None: ...
