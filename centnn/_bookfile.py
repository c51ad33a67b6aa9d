r"""The file of a saved codebook.

Little-endian, without gaps:

======  =======================================================
bytes   meaning
======  =======================================================
8       magic ``b"\x89CENTNN\n"``
1       version, 1
1       bytes of a component of a codeword: 4 or 8 (IEEE floats)
2       0
4       K, number of codewords
4       D, number of components
4       E, number of entries in the history
8       number of epochs
8       inertia, float64
8 K     counts, float64
16 E    history, float64: codewords and distortion of an epoch
4/8 KD  codewords, row by row
4       CRC-32 of everything before
======  =======================================================
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

import numpy as np

from centnn._checksum import SIZE, is_intact, with_checksum

MAGIC = b"\x89CENTNN\n"
VERSION = 1
HEADER = struct.Struct("<8sBBHIIIQd")


def pack(fields: Mapping[str, Any]) -> bytes:
    """Return the bytes of a file that holds the fields of a `Codebook`."""
    centers, history = fields["centers"], fields["history"]
    header = HEADER.pack(
        MAGIC,
        VERSION,
        centers.itemsize,
        0,
        *centers.shape,
        len(history),
        fields["n_iter"],
        fields["inertia"],
    )
    arrays = (fields["counts"], history, centers)
    body = header + b"".join(a.astype(a.dtype.newbyteorder("<")).tobytes() for a in arrays)
    return with_checksum(body)


def unpack(data: bytes) -> dict[str, Any]:
    """Return the fields of a `Codebook`, or raise ValueError saying what is wrong with the file."""
    if data[: len(MAGIC)] != MAGIC:
        raise ValueError("codebook file must begin with the magic of centnn: this is another kind")
    if len(data) < HEADER.size + SIZE:
        raise ValueError(f"codebook file must be complete: it ends after {len(data)} bytes")
    _, version, itemsize, _, k, d, n_history, n_iter, inertia = HEADER.unpack_from(data)
    if version != VERSION:
        raise ValueError(f"codebook file must be of version {VERSION}, got version {version}")
    if itemsize not in (4, 8):
        raise ValueError(f"codebook file must have components of 4 or 8 bytes, got {itemsize}")
    expected = HEADER.size + 8 * k + 16 * n_history + itemsize * k * d + SIZE
    if len(data) != expected:
        raise ValueError(f"codebook file must have {expected} bytes by its header, got {len(data)}")
    if not is_intact(data):
        raise ValueError("codebook file must match its checksum: it is damaged")
    values = np.frombuffer(data, "<f8", k + 2 * n_history, HEADER.size)
    centers = np.frombuffer(data, f"<f{itemsize}", k * d, HEADER.size + values.nbytes)
    return {
        "centers": centers.reshape(k, d).astype(f"=f{itemsize}"),
        "counts": values[:k].astype(np.float64),
        "inertia": inertia,
        "n_iter": n_iter,
        "history": values[k:].reshape(n_history, 2).astype(np.float64),
    }
