"""Crossing of two partitions: their overlay, merged down to as many clusters as they have.

The pair of cells goes first that costs least (Ward). What a merger costs never falls by another
merger, so a cell's best partner need only be looked for again when its turn comes.
"""

from cython.parallel cimport prange, threadid
from libc.math cimport INFINITY
from libc.stdint cimport int32_t, uint8_t

from centnn._search cimport centnn_near
from centnn._worklist.clusters cimport Clusters, Memory, get, put

import numpy as np


cdef class Cells:
    """The cells of an overlay, and which of them are to be merged."""

    cdef const centnn_near *near
    cdef Py_ssize_t n, d, stride, real_size
    cdef double[:, ::1] sums
    cdef double[::1] weight
    cdef char *centres  # reals (n, d)
    cdef char *columns  # reals (d, stride); infinite where a cell is part of another one
    cdef char *gap  # reals (n_threads, stride)
    cdef int32_t[::1] owner  # (n,) the cell that each is part of
    cdef Py_ssize_t[::1] partner  # (n,) the best one to merge with ...
    cdef double[::1] cost  # (n,) ... and what that costs, at least
    cdef uint8_t[::1] is_bound  # (n,) the cost is only known to be at least that
    cdef Memory memory

    def __init__(self, Clusters state, sums, weight, int n_threads):
        cdef Py_ssize_t c
        self.near = state.near
        self.n, self.d = sums.shape
        self.real_size = state.real_size
        self.stride = (self.n + 15) // 16 * 16
        self.sums = sums
        self.weight = weight
        self.memory = memory = Memory()
        self.centres = <char *> memory.take(self.n * self.d, self.real_size)
        self.columns = <char *> memory.take(self.d * self.stride, self.real_size)
        self.gap = <char *> memory.take(n_threads * self.stride, self.real_size)
        self.owner = np.arange(self.n, dtype=np.int32)
        self.partner = np.zeros(self.n, dtype=np.intp)
        self.cost = np.zeros(self.n)
        self.is_bound = np.zeros(self.n, dtype=np.uint8)
        for c in range(self.n):
            self._place(c)
        with nogil:
            for c in prange(self.n, num_threads=n_threads, schedule="static", chunksize=16):
                self._find_partner(c, threadid())

    def merge(self, Py_ssize_t n_left):
        """Merge down to so many cells; return the new number of each cell."""
        cdef Py_ssize_t c, left = self.n
        with nogil:
            while left > n_left:
                c = self._cheapest()
                if self.is_bound[c]:
                    self._find_partner(c, 0)
                else:
                    self._merge(c, self.partner[c])
                    left -= 1
        owner = np.asarray(self.owner)
        # A cell is always merged into one of its own time: follow the chain to its end.
        while np.any(owner[owner] != owner):
            owner[:] = owner[owner]
        return np.unique(owner, return_inverse=True)[1].astype(np.int32)

    cdef void _place(self, Py_ssize_t c) noexcept nogil:
        self.near.place(&self.sums[c, 0], self.weight[c], self.d,
                        self.centres + c * self.d * self.real_size,
                        self.columns + c * self.real_size, self.stride)

    cdef Py_ssize_t _cheapest(self) noexcept nogil:
        cdef Py_ssize_t c, best = 0
        for c in range(1, self.n):
            if self.cost[c] < self.cost[best]:
                best = c
        return best

    cdef void _find_partner(self, Py_ssize_t c, int thread) noexcept nogil:
        cdef char *gap = self.gap + thread * self.stride * self.real_size
        cdef Py_ssize_t other
        cdef double cost
        self.near.gaps(self.columns, self.stride, self.stride, self.d,
                       self.centres + c * self.d * self.real_size, gap)
        self.cost[c] = INFINITY
        self.is_bound[c] = False
        for other in range(self.n):
            if other != c and self.owner[other] == other:
                cost = (get(gap, self.real_size, other) * self.weight[c] * self.weight[other]
                        / (self.weight[c] + self.weight[other]))
                if cost < self.cost[c]:
                    self.cost[c] = cost
                    self.partner[c] = other

    cdef void _merge(self, Py_ssize_t c, Py_ssize_t other) noexcept nogil:
        """Make cell `other` a part of cell c."""
        cdef Py_ssize_t d, k
        for d in range(self.d):
            self.sums[c, d] += self.sums[other, d]
            put(self.columns, self.real_size, d * self.stride + other, INFINITY)
        self.weight[c] += self.weight[other]
        self.owner[other] = <int32_t> c
        self.cost[other] = INFINITY
        self._place(c)
        self.is_bound[c] = True
        for k in range(self.n):
            if self.partner[k] == c or self.partner[k] == other:
                self.is_bound[k] = True


def cross(Clusters state, const int32_t[::1] labels, int n_threads):
    """Replace the partition of `state` by its cross with another one of as many clusters."""
    cdef Py_ssize_t j, at, i, n = 0, k = state.n_clusters
    cdef int32_t[::1] cell_of = np.full(k, -1, dtype=np.int32)  # other cluster -> cell
    cdef int32_t[::1] cells = np.empty(state.n, dtype=np.int32)
    cdef int32_t[::1] numbers
    cdef Py_ssize_t[::1] first = np.zeros(k + 1, dtype=np.intp)
    for j in range(k):
        for at in range(state.cluster[j].size):
            i = state.cluster[j].members[at]
            if cell_of[labels[i]] < first[j]:
                cell_of[labels[i]] = <int32_t> n
                n += 1
            cells[i] = cell_of[labels[i]]
        first[j + 1] = n
    cdef double[:, ::1] sums = np.zeros((n, state.d))
    cdef double[::1] weight = np.zeros(n)
    with nogil:
        for i in range(state.n):
            weight[cells[i]] += state.weight(i)
            state.near.add(&state.samples, <int32_t> i, state.weight(i), NULL, &sums[cells[i], 0])
    numbers = Cells(state, np.asarray(sums), np.asarray(weight), n_threads).merge(k)
    for i in range(state.n):
        cells[i] = numbers[cells[i]]
    state.load(cells, k)
