from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from centnn._worklist.clusters import Clusters

class Solver:
    state: Clusters
    n_threads: int
    n_rounds: int
    monitor: Callable[[int, int, float], bool] | None
    is_stopped: bool
    def __init__(
        self,
        samples: NDArray[Any],
        weights: NDArray[np.float64] | None,
        capacity: int,
        n_threads: int,
        monitor: Callable[[int, int, float], bool] | None = None,
    ) -> None: ...
    def stop(self) -> None: ...
    def report(self) -> bool: ...
    def settle(self, n_rounds: int = ...) -> None: ...
    def grow(self, n_clusters: int, ratio: float, n_rounds: int = ...) -> None: ...
    def swap(self, patience: int) -> None: ...
    def cross(self, labels: NDArray[np.int32]) -> None: ...
    def load(self, labels: NDArray[np.int32], n_clusters: int) -> None: ...
