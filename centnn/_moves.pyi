from typing import Protocol

import numpy as np
from numpy.typing import NDArray

_Floats = NDArray[np.float64]

class _Arrays(Protocol):
    centers: _Floats
    weights: _Floats
    halves: _Floats
    half_weights: _Floats
    rise: _Floats
    seen: _Floats

class Moves:
    def __init__(self, state: _Arrays) -> None: ...
    def take_in(
        self,
        samples: _Floats,
        weights: _Floats,
        codes: NDArray[np.int32],
        clusters: NDArray[np.int32],
        sides: NDArray[np.int8],
    ) -> None: ...
    def settle(
        self,
        samples: _Floats,
        weights: _Floats,
        codes: NDArray[np.int32],
        clusters: NDArray[np.int32],
        sides: NDArray[np.int8],
    ) -> None: ...
    def gains(self) -> _Floats: ...
    def nearest_other(self, i: int) -> int: ...
