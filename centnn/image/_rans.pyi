from typing import Any

import numpy as np
from numpy.typing import NDArray

MAX_SYMBOLS: int
MAX_WEIGHT: int

class Table:
    starts: NDArray[np.uint32]
    def __init__(self, weights: NDArray[Any]) -> None: ...

def encode(starts: NDArray[np.uint32], sizes: NDArray[np.uint32], n_states: int = 1) -> bytes: ...
