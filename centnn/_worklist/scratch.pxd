from libc.stdint cimport int32_t, uint8_t

from centnn._search cimport NEAR_TILE, centnn_rivals, centnn_tile_of_samples
from centnn._worklist.clusters cimport Memory


cdef struct Scratch:
    centnn_tile_of_samples tile
    centnn_rivals rivals  # a short list
    void *gap  # reals (stride,)
    void *stretch  # reals (stride,)
    int32_t *ids  # (NEAR_TILE,)
    uint8_t *side  # (NEAR_TILE,)
    void *lanes  # reals (d + 1, panel), zero when not in use
    double *sums  # (d + 1,)
    # Reals (d,): the centres of two halves, and the principal axis of both.
    void *first
    void *second
    void *axis
    # What each codeword would receive: weights times samples relative to it (capacity, d), zero
    # when not in use, their weight and their error; and which ones receive anything.
    double *received
    double *weight
    double *error
    int32_t *receivers
    Py_ssize_t n_receivers


cdef class Bench:
    cdef readonly int n_threads
    cdef Scratch *scratch  # (n_threads,)
    cdef Memory memory


cdef inline Py_ssize_t n_tiles(Py_ssize_t n) noexcept nogil:
    return (n + NEAR_TILE - 1) // NEAR_TILE
