from typing import Any

from numpy.typing import NDArray

MAX_STEP_BITS: int

class Borders:
    n_channels: int
    def __init__(self, codebook: NDArray[Any], depth: int) -> None: ...

class Classes:
    n_classes: int
    def __init__(self, borders: Borders, step_bits: int) -> None: ...
