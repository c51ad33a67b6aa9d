from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

def squared_error(
    samples: NDArray[Any],
    weights: NDArray[np.float64] | None,
    centers: NDArray[Any],
    labels: NDArray[np.int32],
    n_threads: int,
) -> float: ...
def total(numbers: Iterable[float]) -> float: ...
