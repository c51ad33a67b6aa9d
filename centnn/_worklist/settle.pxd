from libc.stdint cimport int32_t

from centnn._search cimport centnn_rivals
from centnn._worklist.clusters cimport Cluster, Clusters, Memory
from centnn._worklist.scratch cimport Bench, Scratch


cdef struct Item:
    # Members low .. high - 1 of a cluster, to be looked at by one thread.
    Py_ssize_t cluster, low, high
    # What it finds: samples that might move, from place `start` on ...
    Py_ssize_t start, n_found
    # ... and, if it has looked at all of them, the largest squared distance and gain, and weight.
    bint refreshed
    double own, gain, heaviest


cdef class Settler:
    cdef Clusters state
    cdef Bench bench
    cdef readonly Py_ssize_t n_moves, n_rounds
    cdef double least_gain  # relative
    cdef Py_ssize_t n_active
    cdef int32_t *active  # (capacity,) clusters whose codewords have moved, rising
    cdef bint *is_active  # (capacity,)
    cdef char *columns  # reals (d, stride): their codewords
    cdef char *stretch  # reals (stride,)
    cdef char *inverse  # reals (stride,)
    cdef Py_ssize_t n_items
    cdef Item *items  # (capacity + BLOCK // CHUNK + 1,)
    cdef int32_t *samples  # (BLOCK + CHUNK,) found by items
    cdef int32_t *targets  # (BLOCK + CHUNK,) where they might move
    cdef Memory memory

    cdef Py_ssize_t settle(self, Py_ssize_t n_rounds) except -1 nogil
    cdef Py_ssize_t round(self) except -1 nogil
    cdef void _gather(self) noexcept nogil
    cdef Py_ssize_t _plan(self, Py_ssize_t *cluster, Py_ssize_t *low) noexcept nogil
    cdef void _search_all(self, Py_ssize_t work) noexcept nogil
    cdef void _search(self, Item *item, Scratch *s) noexcept nogil
    cdef void _look_at_all(self, Item *item, centnn_rivals *others, Scratch *s) noexcept nogil
    cdef void _look_at_some(self, Item *item, centnn_rivals *others, Scratch *s) noexcept nogil
    cdef void _find(self, Item *item, const int32_t *ids, Scratch *s) noexcept nogil
    cdef void _note(self, Item *item) noexcept nogil
    cdef Py_ssize_t _commit(self, Item *item) except -1 nogil


cdef void widen(Cluster *c, double distance) noexcept nogil
cdef Py_ssize_t padded(Py_ssize_t n) noexcept nogil
