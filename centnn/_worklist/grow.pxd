from centnn._worklist.clusters cimport Clusters, Memory
from centnn._worklist.scratch cimport Bench, Scratch


cdef class Grower:
    cdef Clusters state
    cdef Bench bench
    cdef char *halves  # reals (capacity, 2, d): where the codewords of two halves would be
    cdef int *stale  # (capacity,)
    cdef Memory memory

    cdef void refresh(self) noexcept nogil
    cdef void refresh_one(self, Py_ssize_t j) noexcept nogil
    cdef void _refresh_one(self, Py_ssize_t j, Scratch *s) noexcept nogil
    cdef double _propose(self, Py_ssize_t j, Scratch *s) noexcept nogil
    cdef bint _find_axis(self, Py_ssize_t j, Scratch *s) noexcept nogil
    cdef void _load(self, Py_ssize_t j, Py_ssize_t low, Scratch *s) noexcept nogil
    cdef double _divide(self, Py_ssize_t j, Scratch *s) noexcept nogil
    cdef double _recentre(self, Py_ssize_t j, double first, Scratch *s) noexcept nogil
    cdef int split(self, Py_ssize_t j, Py_ssize_t slot) except -1 nogil
