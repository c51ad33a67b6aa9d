"""Growth: the clusters are split whose samples gain most from being two.

The gain is that of a 2-means of the cluster's own samples: halves on both sides of the principal
axis, then a few passes. It is kept until the cluster changes.
"""

from cython.parallel cimport prange, threadid
from libc.math cimport sqrt
from libc.stdint cimport int32_t
from libc.string cimport memcpy

from centnn._search cimport NEAR_TILE
from centnn._worklist.clusters cimport Cluster, Clusters, Memory, get, put
from centnn._worklist.scratch cimport Bench, Scratch, n_tiles

import numpy as np

cdef enum:
    POWER_ITERATIONS = 3
    PASSES = 5
    PARALLEL_WORK = 16384  # samples in clusters to propose for that are worth waking threads


cdef class Grower:
    """Splits clusters of a self.state."""

    def __init__(self, Clusters state, Bench bench):
        self.state = state
        self.bench = bench
        self.memory = Memory()
        self.halves = <char *> self.memory.take(state.capacity * 2 * state.d, state.real_size)
        self.stale = <int *> self.memory.take(state.capacity, sizeof(int))

    def step(self, Py_ssize_t n_clusters):
        """Split as many clusters, once each, as there are to be more; return False if none."""
        cdef Py_ssize_t j, n = self.state.n_clusters
        with nogil:
            self.refresh()
        gains = np.array([self.state.cluster[j].gain for j in range(n)])
        order = np.argsort(-gains, kind="stable")[:n_clusters - n]
        order = order[gains[order] > 0]
        for j in order:
            with nogil:
                self.split(j, self.state.n_clusters)
        if len(order) == 0:
            return self.tell_apart()
        return True

    def tell_apart(self):
        """Split a cluster whose samples differ by less than distances can tell.

        Return False if there is none.
        """
        cdef Py_ssize_t j, at
        for j in range(self.state.n_clusters):
            size = self.state.cluster[j].size
            members = [self.state.cluster[j].members[at] for at in range(size)]
            if len(members) < 2:
                continue
            rows = self.state.rows()[members]
            apart = np.flatnonzero((rows != rows[0]).any(axis=1))
            if len(apart) > 0:
                for at in apart:
                    self.state.hand_over(members[at], j, self.state.n_clusters)
                self.state.update(j)
                self.state.update(self.state.n_clusters)
                self.state.n_clusters += 1
                return True
        return False

    cdef void refresh(self) noexcept nogil:
        """Work out the gain of all clusters that have changed."""
        cdef Py_ssize_t j, k, n = 0, work = 0
        cdef int n_threads = self.bench.n_threads
        for j in range(self.state.n_clusters):
            if self.state.cluster[j].gain_stamp != self.state.cluster[j].stamp:
                self.stale[n] = <int> j
                work += self.state.cluster[j].size
                n += 1
        if n_threads == 1 or work < PARALLEL_WORK:
            for k in range(n):
                self._refresh_one(self.stale[k], &self.bench.scratch[0])
        else:
            for k in prange(n, num_threads=n_threads, schedule="dynamic", chunksize=4):
                self._refresh_one(self.stale[k], &self.bench.scratch[threadid()])

    cdef void refresh_one(self, Py_ssize_t j) noexcept nogil:
        """Work out the gain of one cluster, if it has changed."""
        if self.state.cluster[j].gain_stamp != self.state.cluster[j].stamp:
            self._refresh_one(j, &self.bench.scratch[0])

    cdef void _refresh_one(self, Py_ssize_t j, Scratch *s) noexcept nogil:
        cdef Py_ssize_t row = self.state.d * self.state.real_size
        self.state.cluster[j].gain = self._propose(j, s)
        self.state.cluster[j].gain_stamp = self.state.cluster[j].stamp
        memcpy(self.halves + 2 * j * row, s.first, row)
        memcpy(self.halves + (2 * j + 1) * row, s.second, row)

    cdef double _propose(self, Py_ssize_t j, Scratch *s) noexcept nogil:
        """Return the gain of splitting cluster j, and where the halves' codewords would be."""
        cdef double gain = 0, before, first, before_first = -1
        cdef int _
        if self.state.cluster[j].size < 2 or not self._find_axis(j, s):
            return 0
        for _ in range(PASSES):
            before = gain
            first = self._divide(j, s)
            if first <= 0 or first >= self.state.cluster[j].total:
                return 0
            gain = self._recentre(j, first, s)
            if gain == before and first == before_first:
                break
            before_first = first
        return gain if gain > self.state.noise * self.state.cluster[j].total else 0

    cdef bint _find_axis(self, Py_ssize_t j, Scratch *s) noexcept nogil:
        """Put the two codewords on the principal axis, on both sides of cluster j's."""
        cdef Cluster *c = &self.state.cluster[j]
        cdef Py_ssize_t k, d, t, low, i, farthest = 0
        cdef double distance = -1, length, half, centre
        for t in range(n_tiles(c.size)):
            low = t * NEAR_TILE
            self._load(j, low, s)
            self.state.near.own(self.state.codeword(j), 0, &s.tile)
            for i in range(<Py_ssize_t> s.tile.n):
                if s.tile.own[i] > distance:
                    distance = s.tile.own[i]
                    farthest = c.members[low + i]
        for d in range(self.state.d):
            s.sums[d] = 0
        self.state.near.add(&self.state.samples, <int32_t> farthest, 1, self.state.codeword(j),
                            s.sums)
        for k in range(POWER_ITERATIONS + 1):
            length = 0
            for d in range(self.state.d):
                length += s.sums[d] * s.sums[d]
            if length <= 0:
                break
            length = sqrt(length)
            for d in range(self.state.d):
                put(s.axis, self.state.real_size, d, s.sums[d] / length)
                s.sums[d] = 0
            if k < POWER_ITERATIONS:
                for t in range(n_tiles(c.size)):
                    low = t * NEAR_TILE
                    if c.size > NEAR_TILE:
                        self._load(j, low, s)
                    self.state.near.project(&s.tile, self.state.codeword(j), s.axis, s.lanes)
                self.state.near.fold(s.lanes, self.state.d, s.sums)
        if distance <= 0 or not length > 0:
            return False
        half = sqrt(distance) / 2
        for d in range(self.state.d):
            centre = get(self.state.codeword(j), self.state.real_size, d)
            length = half * get(s.axis, self.state.real_size, d)
            put(s.first, self.state.real_size, d, centre + length)
            put(s.second, self.state.real_size, d, centre - length)
        return True

    cdef void _load(self, Py_ssize_t j, Py_ssize_t low, Scratch *s) noexcept nogil:
        cdef Cluster *c = &self.state.cluster[j]
        self.state.near.load(&self.state.samples, &c.members[low], min(c.size - low, NEAR_TILE),
                             &s.tile)

    cdef double _divide(self, Py_ssize_t j, Scratch *s) noexcept nogil:
        """Sum up the samples of the first half; return their weight. They stay in the tile."""
        cdef Py_ssize_t d, t, low
        for d in range(self.state.d + 1):
            s.sums[d] = 0
        for t in range(n_tiles(self.state.cluster[j].size)):
            low = t * NEAR_TILE
            if self.state.cluster[j].size > NEAR_TILE:
                self._load(j, low, s)
            self.state.near.divide(&s.tile, s.first, s.second, self.state.codeword(j), s.lanes,
                                   s.side)
            self.state.near.fold(s.lanes, self.state.d + 1, s.sums)
        return s.sums[self.state.d]

    cdef double _recentre(self, Py_ssize_t j, double first, Scratch *s) noexcept nogil:
        """Move the codewords to the means of the halves; return the gain."""
        cdef double total = self.state.cluster[j].total, second = total - first
        cdef double centre, mean, other = 0, square = 0
        cdef Py_ssize_t d
        for d in range(self.state.d):
            centre = get(self.state.codeword(j), self.state.real_size, d)
            mean = s.sums[d] / first
            if j >= self.state.n_fixed:
                other = self.state.sums[j * self.state.d + d] - total * centre - s.sums[d]
                other /= second
            put(s.first, self.state.real_size, d, centre + mean)
            put(s.second, self.state.real_size, d, centre + other)
            square += (mean - other) * (mean - other)
        if j < self.state.n_fixed:
            return first * square
        return first * second / total * square

    cdef int split(self, Py_ssize_t j, Py_ssize_t slot) except -1 nogil:
        """Give one half of cluster j to the empty cluster `slot`; return whether it worked."""
        cdef Scratch *s = &self.bench.scratch[0]
        cdef Cluster *c = &self.state.cluster[j]
        cdef char *half = self.halves + 2 * j * self.state.d * self.state.real_size
        cdef Py_ssize_t high = c.size, i, low, size = c.size
        while high > 0:
            low = max(0, high - NEAR_TILE)
            self.state.near.load(&self.state.samples, &c.members[low], high - low, &s.tile)
            memcpy(s.ids, &c.members[low], (high - low) * sizeof(int32_t))
            self.state.near.divide(&s.tile, half, half + self.state.d * self.state.real_size,
                                   self.state.codeword(j), s.lanes, s.side)
            # From the last one on: what takes its place has been looked at.
            for i in range(high - low - 1, -1, -1):
                if s.side[i] and c.size > 1:
                    self.state.hand_over(s.ids[i], j, slot)
            high = low
        self.state.near.fold(s.lanes, self.state.d + 1, s.sums)
        if c.size == size:
            return False
        self.state.update(j)
        self.state.update(slot)
        self.state.n_clusters = max(self.state.n_clusters, slot + 1)
        self.state.error -= split_gain(self.state, j, slot)
        return True


cdef double split_gain(Clusters state, Py_ssize_t j, Py_ssize_t slot) noexcept nogil:
    """Return what the error has fallen by when `slot` took half of cluster j."""
    cdef double first = state.cluster[slot].total, second = state.cluster[j].total
    cdef double mean, other, square = 0
    cdef Py_ssize_t d
    for d in range(state.d):
        mean = state.sums[slot * state.d + d] / first
        if j < state.n_fixed:
            other = get(state.codeword(j), state.real_size, d)
        else:
            other = state.sums[j * state.d + d] / second
        square += (mean - other) * (mean - other)
    if j < state.n_fixed:
        return first * square
    return first * second / (first + second) * square
