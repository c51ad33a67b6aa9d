"""Codes of a few bits each, one after another, the first bits first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

# A portion takes 32 bytes a code while it is packed or unpacked, of which few are of use. A
# multiple of 8, so that it ends with a whole byte.
AT_A_TIME = 1 << 12


def pack_codes(codes: NDArray[Any], bits: int) -> bytes:
    """Return codes (N,) below 2**bits; the last byte is filled with zeros."""
    return b"".join(
        _pack(codes[start : start + AT_A_TIME], bits) for start in range(0, len(codes), AT_A_TIME)
    )


def unpack_codes(packed: NDArray[np.uint8], n_codes: int, bits: int) -> Iterator[NDArray[Any]]:
    """Yield the codes, a portion at a time."""
    for start in range(0, n_codes, AT_A_TIME):
        n_here = min(AT_A_TIME, n_codes - start)
        first_byte = start * bits // 8
        yield _unpack(packed[first_byte : first_byte + -(-n_here * bits // 8)], n_here, bits)


def _pack(codes: NDArray[Any], bits: int) -> bytes:
    if bits == 8:
        return codes.astype(np.uint8).tobytes()
    each = codes.astype(">u4").view(np.uint8).reshape(-1, 4)
    return np.packbits(np.unpackbits(each, axis=1)[:, 32 - bits :]).tobytes()


def _unpack(packed: NDArray[np.uint8], n_codes: int, bits: int) -> NDArray[Any]:
    if bits == 8:
        return packed
    each = np.zeros((n_codes, 32), np.uint8)
    each[:, 32 - bits :] = np.unpackbits(packed, count=n_codes * bits).reshape(n_codes, bits)
    return np.packbits(each, axis=1).view(">u4")[:, 0].astype(np.uint32)
