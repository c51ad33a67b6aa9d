from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

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
