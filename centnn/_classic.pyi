from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

class WinnerLoser:
    n_centroids: int
    error: float
    movement: float
    def __init__(
        self, samples: NDArray[np.float64], weights: NDArray[np.float64], n_clusters: int
    ) -> None: ...
    def add_centroid(self, position: NDArray[np.float64]) -> None: ...
    def place(self, j: int, position: NDArray[np.float64]) -> None: ...
    def start_at(
        self, centers: NDArray[np.float64], check: Callable[[], None], n_threads: int
    ) -> None: ...
    def adopt(self, check: Callable[[], None]) -> None: ...
    def epoch(self, check: Callable[[], None]) -> int: ...
    def split(self, epsilon: float) -> float: ...
    def first_empty(self) -> int: ...
    def result(
        self,
    ) -> tuple[NDArray[np.float64], NDArray[np.int32], NDArray[np.float64]]: ...

class Calm:
    baseline: float
    epochs: int
    def __init__(self, movement: float, floor: float, theta: float, patience: int) -> None: ...
    def note(self, movement: float) -> bool: ...
    def restart(self, displacement: float, movement: float) -> None: ...

def check_signals() -> None: ...
def train(
    samples: NDArray[np.float64],
    weights: NDArray[np.float64],
    n_clusters: int,
    on_epoch: Callable[[int, int, float], bool],
    *,
    early: bool = False,
    init: NDArray[np.float64] | None = None,
    check: Callable[[], None] = ...,
    n_threads: int = 1,
    epsilon: float = 0.05,
    theta: float = 2.0,
    patience: int = 2,
) -> tuple[NDArray[np.float64], NDArray[np.int32], NDArray[np.float64], int]: ...
