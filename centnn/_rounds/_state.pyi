from typing import Any

import numpy as np
from numpy.typing import NDArray

from centnn._rounds._team import Team

IS_DEBUG_BUILD: bool

class State:
    n: int
    d: int
    capacity: int
    n_near: int
    n_fixed: int
    k: int
    team: Team
    fixed_codewords: NDArray[Any]
    def __init__(
        self,
        samples: NDArray[Any],
        weights: NDArray[np.float64] | None,
        capacity: int,
        n_near: int,
        team: Team,
    ) -> None: ...
    def start_with(self, labels: NDArray[np.int32], k: int, fixed: NDArray[Any]) -> None: ...
    def sort(self) -> None: ...
    def arrange(self) -> None: ...
    def snapshot(self) -> tuple[NDArray[Any], ...]: ...
    def restore(self, saved: tuple[NDArray[Any], ...]) -> None: ...
    def labels(self) -> NDArray[np.int32]: ...
    def error(self) -> float: ...
    def check(self) -> None: ...
    def result(self) -> tuple[NDArray[Any], NDArray[np.int32], NDArray[np.float64]]: ...
