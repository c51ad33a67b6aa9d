from centnn._search cimport centnn_rivals
from centnn._worklist.clusters cimport Clusters
from centnn._worklist.scratch cimport Bench, Scratch


cdef class Shrinker:
    cdef Clusters state
    cdef Bench bench
    cdef int *stale  # (capacity,)
    cdef object memory

    cdef int refresh(self) except -1 nogil
    cdef bint _is_stale(self, Py_ssize_t j) noexcept nogil
    cdef int _refresh_one(self, Py_ssize_t j, Scratch *s) noexcept nogil
    cdef double _cost(self, Py_ssize_t j, Scratch *s) noexcept nogil
    cdef double _prepare(self, Py_ssize_t j, centnn_rivals *others, Scratch *s) noexcept nogil
    cdef void _receive(self, Py_ssize_t low, Py_ssize_t j, double base, centnn_rivals *others,
                       Scratch *s) noexcept nogil
    cdef double _rise(self, bint moved, Scratch *s) noexcept nogil
    cdef int remove(self, Py_ssize_t j) except -1 nogil
