from typing import Any

import numpy as np
from numpy.typing import NDArray

def add_rows(
    samples: NDArray[Any],
    weights: NDArray[np.float64] | None,
    labels: NDArray[np.int32],
    sums: NDArray[np.float64],
    n_threads: int,
) -> None: ...
