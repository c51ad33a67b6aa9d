"""Removal: what it costs to give a cluster's samples to others, and doing it.

The cost is exact: each sample goes to the nearest other codeword, and these then move to the means
of their old and new samples. Where samples of weight n go to a codeword w of weight N, the error
rises by sum |x - w|^2 - |sum (x - w)|^2 / (N + n), weighted, less what it was.
"""

from cython.parallel cimport prange, threadid
from libc.math cimport INFINITY, sqrt
from libc.stdint cimport int32_t
from libc.stdlib cimport realloc
from libc.string cimport memcpy

from centnn._search cimport NEAR_TILE, centnn_rivals
from centnn._worklist.clusters cimport Cluster, Clusters, Memory, get, largest, put
from centnn._worklist.scratch cimport Bench, Scratch, n_tiles
from centnn._worklist.settle cimport padded, widen

cdef enum:
    PARALLEL_WORK = 8192  # samples in clusters to work out that are worth waking threads


cdef class Shrinker:
    """Removes clusters of a state."""

    def __init__(self, Clusters state, Bench bench):
        cdef Memory memory = Memory()
        self.state = state
        self.bench = bench
        self.memory = memory
        self.stale = <int *> memory.take(state.capacity, sizeof(int))

    cdef int refresh(self) except -1 nogil:
        """Work out the cost of removing each cluster, where that may have changed."""
        cdef Py_ssize_t j, k, n = 0, work = 0
        cdef int n_threads = self.bench.n_threads, failed = 0
        for j in range(self.state.n_fixed, self.state.n_clusters):
            if self._is_stale(j):
                self.stale[n] = <int> j
                work += self.state.cluster[j].size
                n += 1
        if n_threads == 1 or work < PARALLEL_WORK:
            for k in range(n):
                failed |= self._refresh_one(self.stale[k], &self.bench.scratch[0])
        else:
            for k in prange(n, num_threads=n_threads, schedule="dynamic", chunksize=4):
                failed |= self._refresh_one(self.stale[k], &self.bench.scratch[threadid()])
        if failed:
            with gil:
                raise MemoryError()
        return 0

    cdef bint _is_stale(self, Py_ssize_t j) noexcept nogil:
        cdef Cluster *c = &self.state.cluster[j]
        cdef Py_ssize_t r
        if c.cost_stamp < c.stamp:
            return True
        for r in range(c.n_receivers):
            if self.state.cluster[c.receivers[r]].stamp > c.cost_stamp:
                return True
        return False

    cdef int _refresh_one(self, Py_ssize_t j, Scratch *s) noexcept nogil:
        """Work out one cost; return 1 if there is no memory for the list of receivers."""
        cdef Cluster *c = &self.state.cluster[j]
        cdef void *receivers
        c.cost = self._cost(j, s)
        c.cost_stamp = self.state.clock
        if s.n_receivers > c.receivers_room:
            receivers = realloc(c.receivers, 2 * s.n_receivers * sizeof(int32_t))
            if receivers == NULL:
                return 1
            c.receivers = <int32_t *> receivers
            c.receivers_room = 2 * s.n_receivers
        memcpy(c.receivers, s.receivers, s.n_receivers * sizeof(int32_t))
        c.n_receivers = s.n_receivers
        return 0

    cdef double _cost(self, Py_ssize_t j, Scratch *s) noexcept nogil:
        cdef Py_ssize_t t, low
        cdef centnn_rivals others
        cdef double base = self._prepare(j, &others, s)
        for t in range(n_tiles(self.state.cluster[j].size)):
            low = t * NEAR_TILE
            self._receive(low, j, base, &others, s)
        return self._rise(False, s)

    cdef double _prepare(self, Py_ssize_t j, centnn_rivals *others, Scratch *s) noexcept nogil:
        """List the other codewords; return the distance of the nearest from codeword j."""
        cdef Py_ssize_t k
        cdef double least = INFINITY
        others.n = self.state.n_clusters
        others.ids = NULL
        others.gap = s.gap
        others.stretch = NULL
        others.inverse = NULL
        self.state.near.gaps(self.state.columns, self.state.stride, padded(self.state.n_clusters),
                             self.state.d, self.state.codeword(j), s.gap)
        for k in range(self.state.n_clusters):
            if k == j or (k >= self.state.n_fixed and self.state.cluster[k].size == 0):
                put(s.gap, self.state.real_size, k, INFINITY)
            else:
                least = min(least, get(s.gap, self.state.real_size, k))
        s.n_receivers = 0
        return sqrt(least)

    cdef void _receive(self, Py_ssize_t low, Py_ssize_t j, double base, centnn_rivals *others,
                       Scratch *s) noexcept nogil:
        """Find who would receive the samples of cluster j from `low` on, a tile; add them up.

        A sample at distance r from its codeword has another one within base + r, which is within
        base + 2 r of its own.
        """
        cdef Cluster *c = &self.state.cluster[j]
        cdef Py_ssize_t i, q, n = min(c.size - low, NEAR_TILE)
        cdef double weight, radius
        self.state.near.load(&self.state.samples, &c.members[low], n, &s.tile)
        self.state.near.own(self.state.codeword(j), 0, &s.tile)
        radius = sqrt(largest(s.tile.own, n))
        self.state.near.within(others, base, radius, radius, &s.rivals)
        s.tile.weighted = False
        self.state.near.best(self.state.codewords, &s.rivals, base, &s.tile)
        for i in range(n):
            q = s.tile.who[i]
            weight = self.state.weight(c.members[low + i])
            if s.weight[q] == 0:
                s.receivers[s.n_receivers] = <int32_t> q
                s.n_receivers += 1
            s.weight[q] += weight
            s.error[q] += weight * (s.tile.value[i] - s.tile.own[i])
            self.state.near.add(&self.state.samples, c.members[low + i], weight,
                                self.state.codeword(q), &s.received[q * self.state.d])

    cdef double _rise(self, bint moved, Scratch *s) noexcept nogil:
        """Return what the error rises by, whether or not the receivers have the samples already.

        What was added up is zeroed.
        """
        cdef Py_ssize_t r, d, q
        cdef double rise = 0, total, square
        cdef double *received
        for r in range(s.n_receivers):
            q = s.receivers[r]
            received = &s.received[q * self.state.d]
            square = 0
            for d in range(self.state.d):
                square += received[d] * received[d]
                received[d] = 0
            rise += s.error[q]
            if q >= self.state.n_fixed:
                total = self.state.cluster[q].total + (0 if moved else s.weight[q])
                rise -= square / total
            s.weight[q] = 0
            s.error[q] = 0
        return rise

    cdef int remove(self, Py_ssize_t j) except -1 nogil:
        """Give the samples of cluster j to the nearest others. It stays, empty."""
        cdef Scratch *s = &self.bench.scratch[0]
        cdef Cluster *c = &self.state.cluster[j]
        cdef centnn_rivals others
        cdef double base = self._prepare(j, &others, s)
        cdef Py_ssize_t i, low, r, q
        while c.size > 0:
            low = max(0, c.size - NEAR_TILE)
            self._receive(low, j, base, &others, s)
            for i in range(c.size - low - 1, -1, -1):
                q = s.tile.who[i]
                self.state.distance[c.members[low + i]] = <float> s.tile.value[i]
                if q < self.state.n_fixed:
                    widen(&self.state.cluster[q], sqrt(s.tile.value[i]))
                self.state.hand_over(c.members[low + i], j, q)
        self.state.error += self._rise(True, s)
        for r in range(s.n_receivers):
            self.state.update(s.receivers[r])
        self.state.clear(j)
        return 0
