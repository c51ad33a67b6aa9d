from typing import Any

import numpy as np
from numpy.typing import NDArray

MAX_SYMBOLS: int
MAX_WEIGHT: int

class Table:
    starts: NDArray[np.uint32]
    def __init__(self, weights: NDArray[Any]) -> None: ...

class Decoder:
    def __init__(self, data: bytes) -> None: ...
    def pull(self, n: int, table: Table) -> NDArray[np.int64]: ...
    def close(self) -> None: ...

def encode(starts: NDArray[np.uint32], sizes: NDArray[np.uint32]) -> bytes: ...
