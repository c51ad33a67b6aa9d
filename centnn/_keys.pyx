"""A number for each row, the same for equal rows, so that rows can be compared and sorted fast."""

from libc.stdint cimport uint16_t, uint32_t, uint64_t
from libc.string cimport memcpy

import numpy as np

from centnn._types cimport sample


def row_keys(X):
    """Return a uint64 for each row of X (N, D), D >= 1: uint8, uint16 or a float type.

    Equal rows have equal keys (0 equals -0). If a row has 8 bytes or fewer, different rows have
    different keys; longer rows are hashed, and might not.
    """
    keys = np.empty(len(X), dtype=np.uint64)
    if len(X):
        _fill(X.view(np.uint16) if X.dtype == np.float16 else X, X.dtype == np.float16, keys)
    return keys


def _fill(const sample[:, :] rows, bint is_half, uint64_t[::1] keys):
    cdef Py_ssize_t i, j, d = rows.shape[1]
    cdef bint is_short = d * sizeof(sample) <= 8
    cdef uint64_t key, bits
    for i in range(rows.shape[0]):
        key = 0
        for j in range(d):
            bits = _bits(rows[i, j], is_half)
            if is_short:
                # By halves: a shift by all 64 bits would be undefined.
                key = key << (4 * sizeof(sample)) << (4 * sizeof(sample)) | bits
            else:
                key = (key ^ bits) * <uint64_t> 0x9E3779B97F4A7C15
                key ^= key >> 32
        keys[i] = key


cdef inline uint64_t _bits(sample x, bint is_half) noexcept nogil:
    cdef uint32_t bits32
    cdef uint64_t bits64
    if sample is float:
        if x == 0:
            return 0
        memcpy(&bits32, &x, 4)
        return bits32
    if sample is double:
        if x == 0:
            return 0
        memcpy(&bits64, &x, 8)
        return bits64
    if sample is uint16_t:
        return 0 if is_half and x == 0x8000 else x
    return x
