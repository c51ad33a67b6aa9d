r"""The file of a saved product quantizer.

Little-endian, without gaps:

======  ===========================================================
bytes   meaning
======  ===========================================================
8       magic ``b"\x89CENTPQ\n"``
1       version, 1
3       0
4       m, number of codebooks
8 m     bytes of each codebook
        codebooks, each as the file of a `Codebook` (`_bookfile`)
4       CRC-32 of everything before
======  ===========================================================
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

import numpy as np

from centnn import _bookfile
from centnn._checksum import SIZE, is_intact, with_checksum

MAGIC = b"\x89CENTPQ\n"
VERSION = 1
HEADER = struct.Struct("<8sB3xI")
WHAT = "product quantizer file"

# So that a number of a code has at most 16 bits.
MOST_CODEWORDS = 1 << 16


def pack(books: Sequence[dict[str, Any]]) -> bytes:
    """Return the bytes of a file that holds codebooks, given by the fields of `Codebook`."""
    packed = [_bookfile.pack(book) for book in books]
    sizes = np.array([len(book) for book in packed], "<u8").tobytes()
    body = HEADER.pack(MAGIC, VERSION, len(packed)) + sizes + b"".join(packed)
    return with_checksum(body)


def unpack(data: bytes) -> list[dict[str, Any]]:
    """Return the fields of each `Codebook`, or raise ValueError saying what is wrong."""
    if data[: len(MAGIC)] != MAGIC:
        raise ValueError(f"{WHAT} must begin with its magic: this is another kind")
    if len(data) < HEADER.size + SIZE:
        raise ValueError(f"{WHAT} must be complete: it ends after {len(data)} bytes")
    _, version, m = HEADER.unpack_from(data)
    if version != VERSION:
        raise ValueError(f"{WHAT} must be of version {VERSION}, got version {version}")
    start = HEADER.size + 8 * m
    if len(data) < start + SIZE:
        raise ValueError(f"{WHAT} must be complete: it ends after {len(data)} bytes")
    sizes = [int(size) for size in np.frombuffer(data, "<u8", m, HEADER.size)]
    expected = start + sum(sizes) + SIZE
    if len(data) != expected:
        raise ValueError(f"{WHAT} must have {expected} bytes by its header, got {len(data)}")
    if not is_intact(data):
        raise ValueError(f"{WHAT} must match its checksum: it is damaged")
    books = []
    for size in sizes:
        books.append(_bookfile.unpack(data[start : start + size]))
        start += size
    centers = [book["centers"] for book in books]
    if len({(array.shape, array.dtype) for array in centers}) != 1 or centers[0].size == 0:
        raise ValueError(f"{WHAT} must hold codebooks of one shape and type, none of them empty")
    if len(centers[0]) > MOST_CODEWORDS:
        raise ValueError(
            f"{WHAT} must hold at most {MOST_CODEWORDS} codewords a codebook, got {len(centers[0])}"
        )
    if not all(np.isfinite(array).all() for array in centers):
        raise ValueError(f"{WHAT} must hold finite codewords only")
    return books
