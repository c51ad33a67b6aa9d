from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

class Arrays(Protocol):
    centers: Floats
    weights: Floats
    halves: Floats
    half_weights: Floats
    rise: Floats
    seen: Floats

class Moves:
    def __init__(self, state: Arrays) -> None: ...
    def take_in(
        self,
        samples: Floats,
        weights: Floats,
        codes: NDArray[np.int32],
        clusters: NDArray[np.int32],
        sides: NDArray[np.int8],
    ) -> None: ...
    def settle(
        self,
        samples: Floats,
        weights: Floats,
        codes: NDArray[np.int32],
        clusters: NDArray[np.int32],
        sides: NDArray[np.int8],
    ) -> None: ...
    def gains(self) -> Floats: ...
    def nearest_other(self, i: int) -> int: ...
