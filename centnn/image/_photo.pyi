from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_Bytes = NDArray[np.uint8]

ALL_LAYERS: int
LEAST_STEP: int
MOST_STEP: int

class Model:
    id: int
    def __init__(self, resource: bytes) -> None: ...

class Layout:
    n_bands: int
    def __init__(
        self,
        width: int,
        height: int,
        n_planes: int,
        halved: bool,
        steps: Sequence[int],
        band_units: int,
        scan_ends: Sequence[int],
    ) -> None: ...
    def plane_shape(self, plane: int) -> tuple[int, int]: ...

def to_planes(image: _Bytes, halved: bool) -> list[_Bytes]: ...

class Encoder:
    def __init__(
        self,
        model: Model,
        layout: Layout,
        image: _Bytes,
        n_candidates: int,
        may_escape: bool = True,
    ) -> None: ...
    def encode(self, n_threads: int) -> list[list[bytes]]: ...
    def trace(self) -> tuple[list[bytes], list[list[NDArray[Any]]]]: ...

class File:
    shape: tuple[int, int, int]
    halved: bool
    filtered: bool
    steps: tuple[int, int]
    n_layers: int
    scan_ends: tuple[int, ...]
    alpha: bytes | None
    def __init__(self, model: Model, data: bytes, n_layers: int) -> None: ...
    def decode(self, n_threads: int) -> _Bytes: ...

def canvas(
    model: Model, layout: Layout, scans: Sequence[bytes], plane: int
) -> tuple[NDArray[np.int16], _Bytes]: ...
def set_isa(name: str) -> None: ...
