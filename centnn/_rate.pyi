from typing import Any

import numpy as np
from numpy.typing import NDArray

class Partition:
    sums: NDArray[np.float64]
    counts: NDArray[np.float64]
    labels: NDArray[np.int32]
    centers: NDArray[np.float64]
    def __init__(
        self,
        samples: NDArray[Any],
        weights: NDArray[np.float64] | None,
        labels: NDArray[np.int32],
        n_clusters: int,
        rate_weight: float,
    ) -> None: ...
    def error(self, samples: NDArray[Any]) -> float: ...
    def bits(self) -> float: ...
    def move(self, samples: NDArray[Any], start: int, winners: NDArray[np.uint32]) -> int: ...
