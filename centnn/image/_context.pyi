from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from typing_extensions import Self

from centnn.image._borders import Borders as Borders

MAX_STREAMS: int
N_ACTIVITIES: int
N_BINS: int
LOG_OCTAVE: int

class Model:
    def __new__(
        cls,
        borders: Borders,
        step_bits: int,
        priors: NDArray[np.uint8],
        gains: NDArray[np.uint8],
    ) -> Self: ...
    def states(self, codes: NDArray[np.uint16]) -> NDArray[np.int32]: ...
    def bins(self, states: NDArray[np.int32]) -> NDArray[np.uint8]: ...
    def intervals(
        self, codes: NDArray[np.uint16]
    ) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]: ...
    def decode(self, streams: Sequence[bytes], codes: NDArray[np.uint16]) -> None: ...
    def choose(
        self,
        candidates: NDArray[np.uint16],
        distances: NDArray[np.float32],
        rate_weight: float,
        codes: NDArray[np.uint16],
    ) -> None: ...

def n_states(borders: Borders, step_bits: int) -> int: ...
