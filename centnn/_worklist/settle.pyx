"""Rounds of count-aware winner/loser moves, until no move lowers the error.

A sample of weight w moves from cluster p to q where N_q / (N_q + w) d_q^2 < N_p / (N_p - w) d_p^2,
N being total weights and d distances: the change of the squared error once both codewords have
followed (Hartigan).

A round looks only where something can have changed. A cluster whose codeword has moved since the
last round is active: its samples are compared with all codewords, those of other clusters with
the active ones. Of these, a codeword at a distance of more than r + g s from the cluster's own
cannot win a sample at distance r: it would be farther than g s, where g^2 = N_p / (N_p - w) r^2 and
s^2 = (N_q + w) / N_q.

Samples are searched for in parallel, against codewords that do not move meanwhile. Then what was
found is tried in order, each move with the codewords as they are by then: results do not depend
on the threads.
"""

from cython.parallel cimport prange, threadid
from libc.math cimport INFINITY, sqrt
from libc.stdint cimport int32_t
from libc.string cimport memcpy

from centnn._search cimport NEAR_TILE, centnn_rivals
from centnn._worklist.clusters cimport Cluster, Clusters, Memory, get, largest, put
from centnn._worklist.scratch cimport Bench, Scratch, n_tiles

cdef extern from *:
    """
    #ifndef CENTNN_DEBUG
    #define CENTNN_DEBUG 0
    #endif
    """
    const bint CENTNN_DEBUG

cdef enum:
    BLOCK = 32768  # samples searched for before what was found is tried
    CHUNK = 2048  # samples that one thread takes at a time
    PARALLEL_WORK = 16384  # samples to look at that are worth waking threads


cdef class Settler:
    """Lets the samples of a state settle."""

    def __init__(self, Clusters state, Bench bench):
        cdef Py_ssize_t real = state.real_size
        self.state = state
        self.bench = bench
        # A move must gain more than rounding can pretend.
        self.least_gain = 1e-6 if real == sizeof(float) else 1e-12
        self.memory = memory = Memory()
        self.active = <int32_t *> memory.take(state.capacity, sizeof(int32_t))
        self.is_active = <bint *> memory.take(state.capacity, sizeof(bint))
        self.columns = <char *> memory.take(state.d * state.stride, real)
        self.stretch = <char *> memory.take(state.stride, real)
        self.inverse = <char *> memory.take(state.stride, real)
        self.items = <Item *> memory.take(state.capacity + BLOCK // CHUNK + 1, sizeof(Item))
        self.samples = <int32_t *> memory.take(BLOCK + CHUNK, sizeof(int32_t))
        self.targets = <int32_t *> memory.take(BLOCK + CHUNK, sizeof(int32_t))

    cdef Py_ssize_t settle(self, Py_ssize_t n_rounds) except -1 nogil:
        """Do at most so many rounds; return how many it were, the last of which moved nothing."""
        cdef Py_ssize_t r
        for r in range(n_rounds):
            if self.round() == 0 and self.n_active == 0:
                return r
        return n_rounds

    cdef Py_ssize_t round(self) except -1 nogil:
        """Look at all that may have changed; return how many samples moved."""
        cdef Py_ssize_t cluster = 0, low = 0, work, k, moves = 0
        cdef double before = self.state.error
        self._gather()
        if self.n_active == 0:
            return 0
        self.n_rounds += 1
        while cluster < self.state.n_clusters:
            work = self._plan(&cluster, &low)
            self._search_all(work)
            for k in range(self.n_items):
                self._note(&self.items[k])
            for k in range(self.n_items):
                moves += self._commit(&self.items[k])
        self.n_moves += moves
        if CENTNN_DEBUG:
            with gil:
                assert self.state.error <= before
                self.state.check()
        return moves

    cdef void _gather(self) noexcept nogil:
        """List the active clusters."""
        cdef Py_ssize_t j, d, n = 0, real = self.state.real_size, stride = self.state.stride
        for j in range(self.state.n_clusters):
            self.is_active[j] = self.state.cluster[j].moved
            self.state.cluster[j].moved = False
            if not self.is_active[j]:
                continue
            self.active[n] = <int32_t> j
            copy_real(self.stretch, n, self.state.stretch, j, real)
            copy_real(self.inverse, n, self.state.inverse, j, real)
            for d in range(self.state.d):
                copy_real(self.columns, d * stride + n, self.state.columns, d * stride + j, real)
            n += 1
        self.n_active = n

    cdef Py_ssize_t _plan(self, Py_ssize_t *cluster, Py_ssize_t *low) noexcept nogil:
        """List items from this sample on; return how many samples of active clusters they have."""
        cdef Py_ssize_t n = 0, start = 0, work = 0, size
        cdef Item *item
        while cluster[0] < self.state.n_clusters and start < BLOCK:
            size = self.state.cluster[cluster[0]].size
            if low[0] < size and (self.state.may_leave(cluster[0]) or self.is_active[cluster[0]]):
                item = &self.items[n]
                item.cluster = cluster[0]
                item.low = low[0]
                item.high = min(size, low[0] + CHUNK)
                item.start = start
                item.n_found = 0
                item.refreshed = False
                if self.is_active[cluster[0]]:
                    work += item.high - item.low
                start += item.high - item.low
                low[0] = item.high
                n += 1
            else:
                low[0] = size
            if low[0] >= size:
                cluster[0] += 1
                low[0] = 0
        self.n_items = n
        return work

    cdef void _search_all(self, Py_ssize_t work) noexcept nogil:
        cdef Py_ssize_t k
        cdef int n_threads = self.bench.n_threads
        if n_threads == 1 or work < PARALLEL_WORK:
            for k in range(self.n_items):
                self._search(&self.items[k], &self.bench.scratch[0])
        else:
            for k in prange(self.n_items, num_threads=n_threads, schedule="dynamic", chunksize=4):
                self._search(&self.items[k], &self.bench.scratch[threadid()])

    cdef void _search(self, Item *item, Scratch *s) noexcept nogil:
        """Find the samples that might move, among those that something has changed for."""
        cdef Py_ssize_t j = item.cluster
        cdef Cluster *c = &self.state.cluster[j]
        cdef centnn_rivals others
        others.gap = s.gap
        if self.is_active[j]:
            others.n = self.state.n_clusters
            others.ids = NULL
            others.stretch = self.state.stretch
            others.inverse = self.state.inverse
            self.state.near.gaps(self.state.columns, self.state.stride, padded(others.n),
                                 self.state.d, self.state.codeword(j), others.gap)
            put(others.gap, self.state.real_size, j, INFINITY)
        else:
            others.n = self.n_active
            others.ids = self.active
            others.stretch = self.stretch
            others.inverse = self.inverse
            self.state.near.gaps(self.columns, self.state.stride, padded(others.n), self.state.d,
                                 self.state.codeword(j), others.gap)
        if self.state.samples.weights != NULL:
            stretch_for(c.heaviest, others.inverse, others.n, s.stretch, self.state.real_size)
            others.stretch = s.stretch
        if self.is_active[j] or c.stale:
            self._look_at_all(item, &others, s)
        else:
            self._look_at_some(item, &others, s)

    cdef void _look_at_all(self, Item *item, centnn_rivals *others, Scratch *s) noexcept nogil:
        cdef Cluster *c = &self.state.cluster[item.cluster]
        cdef const int32_t *ids
        cdef Py_ssize_t t, low, n, i
        cdef double own, gain
        item.refreshed = True
        item.own = 0
        item.gain = 0
        item.heaviest = 0
        for t in range(n_tiles(item.high - item.low)):
            low = item.low + t * NEAR_TILE
            n = min(item.high - low, NEAR_TILE)
            ids = &c.members[low]
            self.state.near.load(&self.state.samples, ids, n, &s.tile)
            self.state.near.own(self.state.codeword(item.cluster),
                                0 if item.cluster < self.state.n_fixed else c.total, &s.tile)
            for i in range(n):
                self.state.distance[ids[i]] = <float> s.tile.own[i]
            own = largest(s.tile.own, n)
            gain = largest(s.tile.gain, n)
            item.own = max(item.own, own)
            item.gain = max(item.gain, gain)
            if self.state.samples.weights != NULL:
                for i in range(n):
                    item.heaviest = max(item.heaviest, self.state.weight(ids[i]))
            if self.state.may_leave(item.cluster):
                self.state.near.within(others, 0, sqrt(own), sqrt(gain), &s.rivals)
                self._find(item, ids, s)

    cdef void _look_at_some(self, Item *item, centnn_rivals *others, Scratch *s) noexcept nogil:
        """Look at samples that are far enough from their codeword to be won."""
        cdef Cluster *c = &self.state.cluster[item.cluster]
        cdef double total = 0 if item.cluster < self.state.n_fixed else c.total
        cdef double near_enough
        cdef Py_ssize_t at, n = 0
        self.state.near.within(others, 0, c.radius, c.reach, &s.rivals)
        if s.rivals.n == 0:
            return
        near_enough = safe_distance(&s.rivals, total, c.heaviest, self.state.real_size)
        near_enough *= near_enough * (1 - 1e-5)
        for at in range(item.low, item.high):
            s.ids[n] = c.members[at]
            n += self.state.distance[c.members[at]] >= near_enough
            if n == NEAR_TILE or (n > 0 and at == item.high - 1):
                self.state.near.load(&self.state.samples, s.ids, n, &s.tile)
                self.state.near.own(self.state.codeword(item.cluster), total, &s.tile)
                self._find(item, s.ids, s)
                n = 0

    cdef void _find(self, Item *item, const int32_t *ids, Scratch *s) noexcept nogil:
        """Note the samples of a tile that one of the rivals might win."""
        cdef Py_ssize_t i, n = item.start + item.n_found
        # So much that it holds when tried, in spite of rounding, if nothing has changed by then.
        cdef double factor = 1 - 2 * self.least_gain
        if s.rivals.n == 0:
            return
        self.state.near.best(self.state.codewords, &s.rivals, 0, &s.tile)
        for i in range(<Py_ssize_t> s.tile.n):
            if s.tile.value[i] < s.tile.gain[i] * factor:
                self.samples[n] = ids[i]
                self.targets[n] = s.tile.who[i]
                n += 1
        item.n_found = n - item.start

    cdef void _note(self, Item *item) noexcept nogil:
        """Keep what an item has found out about the extent of its cluster."""
        cdef Cluster *c = &self.state.cluster[item.cluster]
        if not item.refreshed:
            return
        if item.low == 0:
            c.radius = 0
            c.reach = 0
        c.radius = max(c.radius, sqrt(item.own) * (1 + 1e-6))
        c.reach = max(c.reach, sqrt(item.gain) * (1 + 1e-6))
        if self.state.samples.weights == NULL:
            c.heaviest = 1
        else:
            c.heaviest = max(item.heaviest, 0 if item.low == 0 else c.heaviest)
        if item.high == c.size:
            c.stale = False

    cdef Py_ssize_t _commit(self, Item *item) except -1 nogil:
        """Try the moves found, with the codewords as they are now; return how many were made."""
        cdef Py_ssize_t k, p = item.cluster, q, moves = 0
        cdef double weight, leave, join
        cdef double pair[2]
        cdef int32_t i
        for k in range(item.start, item.start + item.n_found):
            if not self.state.may_leave(p):
                break
            i = self.samples[k]
            q = self.targets[k]
            weight = self.state.weight(i)
            self.state.near.pair(&self.state.samples, i, self.state.codeword(p),
                                 self.state.codeword(q), pair)
            leave = pair[0] * leaving(self.state, p, weight)
            join = pair[1] * joining(self.state, q, weight)
            if join < leave * (1 - self.least_gain):
                self.state.hand_over(i, p, q)
                self.state.update(p)
                self.state.update(q)
                self.state.error += weight * (join - leave)
                self.state.distance[i] = <float> pair[1]
                if q < self.state.n_fixed:
                    widen(&self.state.cluster[q], sqrt(pair[1]))
                moves += 1
            else:
                # Another codeword might still win it.
                self.state.cluster[p].moved = True
        return moves


cdef inline double leaving(Clusters state, Py_ssize_t p, double weight) noexcept nogil:
    """Return the factor of a squared distance in what leaving p saves."""
    cdef double rest = state.cluster[p].total - weight
    if p < state.n_fixed or rest <= 0:
        return 1
    return state.cluster[p].total / rest


cdef inline double joining(Clusters state, Py_ssize_t q, double weight) noexcept nogil:
    """Return the factor of a squared distance in what joining q costs."""
    if q < state.n_fixed:
        return 1
    return state.cluster[q].total / (state.cluster[q].total + weight)


cdef void widen(Cluster *c, double distance) noexcept nogil:
    """Note a new member of a cluster with a fixed codeword."""
    c.radius = max(c.radius, distance * (1 + 1e-6))
    c.reach = max(c.reach, distance * (1 + 1e-6))


cdef double safe_distance(const centnn_rivals *rivals, double total, double heaviest,
                          Py_ssize_t real_size) noexcept nogil:
    """Return a distance from their codeword below which samples cannot be won by any rival."""
    cdef double factor = 1, least = INFINITY
    cdef Py_ssize_t k
    if total > 0:
        if total <= heaviest:
            return 0
        factor = sqrt(total / (total - heaviest))
    for k in range(<Py_ssize_t> rivals.n):
        least = min(least, sqrt(get(rivals.gap, real_size, k))
                    / (1 + factor * get(rivals.stretch, real_size, k)))
    return least


cdef void stretch_for(double weight, const void *inverse, Py_ssize_t n, void *stretch,
                      Py_ssize_t real_size) noexcept nogil:
    """Fill `stretch` for samples of this weight or less."""
    cdef Py_ssize_t k
    for k in range(n):
        put(stretch, real_size, k, sqrt(1 + weight * get(inverse, real_size, k)))


cdef inline void copy_real(char *target, Py_ssize_t to, const char *source, Py_ssize_t at,
                           Py_ssize_t real_size) noexcept nogil:
    memcpy(target + to * real_size, source + at * real_size, real_size)


cdef Py_ssize_t padded(Py_ssize_t n) noexcept nogil:
    return (n + 15) & ~<Py_ssize_t> 15
