# cython: language_level=3
"""A module of somebody else's: trains and searches in one function, without Python's lock."""

from libc.stdint cimport uint32_t
from libc.stdlib cimport free

cimport centnn.embed as core

cdef extern from "stdlib.h" nogil:
    void *aligned_alloc(size_t alignment, size_t size)

import numpy as np

core.check_abi(core.CENTNN_ABI)


def train_and_search(const float[:, ::1] X, int k):
    """Return codewords, the codes of training and those of a search with the codewords."""
    cdef core.centnn_rows rows
    rows.data, rows.dtype = &X[0, 0], core.CENTNN_F32
    rows.n, rows.d = X.shape[0], X.shape[1]
    rows.row_stride, rows.col_stride = X.strides[0], X.strides[1]
    codewords, codes = np.empty((k, X.shape[1]), np.float32), np.empty(len(X), np.uint32)
    found, distances = np.empty(len(X), np.uint32), np.empty(len(X))
    cdef float[:, ::1] codewords_view = codewords
    cdef uint32_t[::1] codes_view = codes, found_view = found
    cdef double[::1] distances_view = distances
    cdef core.centnn_status status
    with nogil:
        status = run(
            &rows, k, &codewords_view[0, 0], &codes_view[0], &found_view[0], &distances_view[0]
        )
    if status != core.CENTNN_OK:
        raise ValueError(core.status_string(status).decode())
    return codewords, codes, found


cdef void *allocate(size_t n) noexcept nogil:
    return aligned_alloc(64, (n + 63) // 64 * 64)


cdef core.centnn_status run(
    const core.centnn_rows *rows, size_t k, float *codewords, uint32_t *codes, uint32_t *found,
    double *distances
) noexcept nogil:
    cdef void *memory = allocate(core.train_size(k, rows.d))
    cdef core.centnn_index *index = <core.centnn_index *> allocate(
        core.index_size(k, rows.d, core.CENTNN_F32)
    )
    cdef void *scratch = NULL
    cdef core.centnn_status status
    status = core.train(rows, k, 100, codewords, codes, distances, memory)
    if status == core.CENTNN_OK:
        status = core.index_init(index, codewords, k, rows.d, core.CENTNN_F32)
    if status == core.CENTNN_OK:
        scratch = allocate(core.scratch_size(index))
        status = core.search(index, rows, found, 4, NULL, NULL, scratch)
    free(memory)
    free(index)
    free(scratch)
    return status


def refuse():
    """Do what a module does that was compiled for another version."""
    core.check_abi(core.CENTNN_ABI + 1)
