"""The alpha channel in a file: kept as it is."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["pack", "unpack"]

Array = NDArray[Any]


def pack(alpha: Array) -> bytes:
    """Return a channel (H, W) of uint8 or uint16: differences between rows, deflated."""
    big_endian = alpha.astype(alpha.dtype.newbyteorder(">"))
    differences = np.diff(big_endian, axis=0, prepend=big_endian.dtype.type(0))
    return zlib.compress(differences.astype(big_endian.dtype).tobytes(), 9)


def unpack(data: bytes, shape: tuple[int, int], depth: int) -> Array:
    """Undo `pack`; ValueError if it is not a channel of this shape."""
    dtype = np.dtype(f">u{depth // 8}")
    expected = shape[0] * shape[1] * dtype.itemsize
    inflater = zlib.decompressobj()
    try:
        inflated = inflater.decompress(data, expected + 1)
    except zlib.error as error:
        raise ValueError(f"data is corrupted: its alpha channel cannot be inflated: {error}") from (
            None
        )
    if len(inflated) != expected or not inflater.eof or inflater.unused_data:
        raise ValueError(
            f"data is corrupted: its alpha channel must take {expected} bytes, "
            f"got {len(inflated)}{'' if inflater.eof else ' or more'}"
        )
    rows = np.frombuffer(inflated, dtype).reshape(shape).astype(dtype.newbyteorder("="))
    return np.add.accumulate(rows, axis=0, dtype=rows.dtype)
