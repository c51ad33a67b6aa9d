from libc.stdint cimport int64_t

from centnn._worklist.clusters cimport Clusters, Memory
from centnn._worklist.grow cimport Grower
from centnn._worklist.settle cimport Settler
from centnn._worklist.shrink cimport Shrinker


cdef struct Failure:
    # A pair that was tried in vain, and the stamps that its clusters had then.
    Py_ssize_t removed, split
    int64_t removed_stamp, split_stamp


cdef struct Penalty:
    # By what a cluster's gain is multiplied and its cost divided, while it has this stamp.
    double factor
    int64_t stamp


cdef class Swapper:
    cdef Clusters state
    cdef Grower grower
    cdef Shrinker shrinker
    cdef Settler settler
    cdef readonly Py_ssize_t n_tries, n_failures  # all; in a row
    cdef Failure *failures
    cdef Py_ssize_t n_recorded
    cdef Penalty *as_split  # (capacity,)
    cdef Penalty *as_removed  # (capacity,)
    cdef Memory memory

    cdef Py_ssize_t run(self, Py_ssize_t n_tries, Py_ssize_t patience) except -1 nogil
    cdef bint _choose(self, Py_ssize_t *removed, Py_ssize_t *split) noexcept nogil
    cdef bint _has_failed(self, Py_ssize_t removed, Py_ssize_t split) noexcept nogil
    cdef void _punish(self, Py_ssize_t removed, Py_ssize_t split) noexcept nogil
    cdef bint _try(self, Py_ssize_t removed, Py_ssize_t split) except -1 nogil
