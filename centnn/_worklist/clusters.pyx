"""The state of training: samples, clusters, and their codewords; moves that can be undone.

Every codeword that is not fixed is the mean of its cluster's samples at all times, rounded to the
samples' type: sums of samples are kept in float64. Coordinates are relative to the samples' mean.
"""

from libc.math cimport sqrt
from libc.stdint cimport int32_t, uint8_t, uintptr_t
from libc.stdlib cimport free, realloc
from libc.string cimport memcpy

from centnn._search cimport CENTNN_F32, CENTNN_F64, current_kernel
from centnn._types cimport real

import numpy as np

cdef enum:
    ALIGNMENT = 64
    PANEL = 16  # a multiple of every kernel's panel

cdef double NOISE = 1e-15  # relative


cdef class Memory:
    """Zeroed arrays that live as long as this object."""

    def __init__(self):
        self.buffers = []

    cdef void *take(self, size_t n, size_t size) except NULL:
        """Return room for n elements, aligned; raise MemoryError if there is none."""
        cdef uint8_t[::1] buffer = np.zeros(n * size + ALIGNMENT, dtype=np.uint8)
        self.buffers.append(buffer)
        return <void *> ((<uintptr_t> &buffer[0] + ALIGNMENT - 1) & ~<uintptr_t> (ALIGNMENT - 1))


cdef class Clusters:
    """A partition of samples (n, d), float32 or float64, into at most `capacity` clusters.

    The first `n_fixed` codewords, if any, are where `place_fixed` puts them and do not move.
    """

    def __init__(self, samples, weights, Py_ssize_t capacity):
        cdef const uint8_t[::1] rows = samples.reshape(-1).view(np.uint8)
        cdef const uint8_t[::1] origin
        cdef const double[::1] weight
        self.memory = Memory()
        self.n, self.d = samples.shape
        self.real_size = samples.itemsize
        self.near = current_kernel(CENTNN_F32 if self.real_size == 4 else CENTNN_F64).near
        mean = mean_of(samples)
        origin = mean.view(np.uint8)
        self.kept = (samples, origin, weights)
        self.samples.rows = &rows[0]
        self.samples.origin = &origin[0]
        self.samples.d = self.d
        self.samples.weight_scale = 1
        if weights is not None:
            weight = weights
            self.samples.weights = &weight[0]
            self.samples.weight_scale = scale_of(weights)
        self.capacity = capacity
        self.stride = (capacity + PANEL - 1) // PANEL * PANEL
        self.cluster = <Cluster *> self.memory.take(capacity, sizeof(Cluster))
        self.codewords = <char *> self.memory.take(capacity * self.d, self.real_size)
        self.columns = <char *> self.memory.take(self.d * self.stride, self.real_size)
        self.stretch = <char *> self.memory.take(self.stride, self.real_size)
        self.inverse = <char *> self.memory.take(self.stride, self.real_size)
        self.sums = <double *> self.memory.take(capacity * self.d, sizeof(double))
        self.place = <int32_t *> self.memory.take(self.n, sizeof(int32_t))
        self.distance = <float *> self.memory.take(self.n, sizeof(float))

    def __dealloc__(self):
        cdef Py_ssize_t j
        free(self.changes)
        if self.cluster != NULL:
            for j in range(self.capacity):
                free(self.cluster[j].members)
                free(self.cluster[j].receivers)

    def allow_undo(self):
        """Take the memory that `begin` needs."""
        if self.saved != NULL:
            return
        self.saved_ids = <int32_t *> self.memory.take(self.capacity, sizeof(int32_t))
        self.is_saved = <bint *> self.memory.take(self.capacity, sizeof(bint))
        self.saved_sums = <double *> self.memory.take(self.capacity * self.d, sizeof(double))
        self.saved = <Cluster *> self.memory.take(self.capacity, sizeof(Cluster))

    def place_fixed(self, codewords):
        """Put the first codewords where they are to stay, without samples yet."""
        cdef Py_ssize_t j
        self.n_fixed = len(codewords)
        dtype = np.float32 if self.real_size == 4 else np.float64
        origin = np.asarray(self.kept[1]).view(dtype)
        cdef double[:, ::1] relative = np.ascontiguousarray(
            codewords.astype(dtype) - origin, dtype=np.float64)
        for j in range(self.n_fixed):
            self.near.place(&relative[j, 0], 1, self.d, self.codeword(j),
                            self.columns + j * self.real_size, self.stride)

    def load(self, const int32_t[::1] labels, Py_ssize_t n_clusters):
        """Start anew with the clusters that the labels say, none of them empty but fixed ones."""
        cdef Py_ssize_t i, j
        with nogil:
            for j in range(self.capacity):
                self.cluster[j].size = 0
                self.clear(j)
            self.n_clusters = n_clusters
            for i in range(self.n):
                self._give(<int32_t> i, labels[i])
                self._add(<int32_t> i, labels[i], self.weight(i))
            for j in range(n_clusters):
                self.update(j)
                self.cluster[j].moved = True
            self.sum_error()
        if n_clusters == 1:
            # What the rounding of codewords may pretend, per weight: far below the errors that
            # matter, above those of clusters of equal samples.
            self.noise = self.error / self.cluster[0].total * NOISE * NOISE

    cdef void sum_error(self) noexcept nogil:
        """Sum the error anew: following it move by move, rounding adds up."""
        cdef Py_ssize_t j, at
        cdef double pair[2]
        cdef double part
        cdef Cluster *c
        self.error = 0
        for j in range(self.n_clusters):
            c = &self.cluster[j]
            part = 0
            for at in range(c.size):
                self.near.pair(&self.samples, c.members[at], self.codeword(j), self.codeword(j),
                               pair)
                part += self.weight(c.members[at]) * pair[0]
            self.error += part

    def check(self):
        """Raise AssertionError unless the state is what it should be; for debug builds."""
        cdef Py_ssize_t j, at, d
        cdef double followed = self.error
        labels = self.labels()  # a sample in two clusters would leave another one without
        x = self.rows().astype(np.float64) - np.asarray(self.kept[1]).view(self.rows().dtype)
        weights = np.array([self.weight(at) for at in range(self.n)])
        assert np.sum(self.sizes()) == self.n
        for j in range(self.n_clusters):
            members = np.flatnonzero(labels == j)
            assert len(members) == self.cluster[j].size and (j < self.n_fixed or len(members) > 0)
            for at in range(self.cluster[j].size):
                assert self.place[self.cluster[j].members[at]] == at
            assert np.isclose(self.cluster[j].total, weights[members].sum(), rtol=1e-9)
            sums = [self.sums[j * self.d + d] for d in range(self.d)]
            assert np.allclose(sums, weights[members] @ x[members], rtol=1e-5, atol=1e-3)
        self.sum_error()
        spread = self.noise / (NOISE * NOISE) * weights.sum()
        assert abs(self.error - followed) <= 1e-4 * self.error + 1e-6 * spread
        self.error = followed

    def unscaled(self, double error):
        """Return an error in the units of the weights given."""
        return error / self.samples.weight_scale

    def labels(self):
        """Return each sample's cluster, (n,) int32."""
        cdef int32_t[::1] labels = np.empty(self.n, dtype=np.int32)
        cdef Py_ssize_t j, at
        for j in range(self.n_clusters):
            for at in range(self.cluster[j].size):
                labels[self.cluster[j].members[at]] = <int32_t> j
        return np.asarray(labels)

    def centers(self):
        """Return the codewords in the coordinates of the samples; zero for the fixed ones."""
        if self.real_size == sizeof(float):
            return means(self, np.zeros((self.n_clusters, self.d), dtype=np.float32))
        return means(self, np.zeros((self.n_clusters, self.d)))

    def rows(self):
        """Return the samples."""
        return self.kept[0]

    def sizes(self):
        """Return the number of samples of each cluster."""
        return np.array([self.cluster[j].size for j in range(self.n_clusters)], dtype=np.intp)

    cdef int hand_over(self, int32_t i, Py_ssize_t p, Py_ssize_t q) except -1 nogil:
        """Move sample i from cluster p to q; the codewords are to be updated when all is done."""
        cdef double weight = self.weight(i)
        if self.recording:
            self._save(p)
            self._save(q)
            self._record(i, p, q)
        self._take(i, p)
        self._give(i, q)
        self._add(i, p, -weight)
        self._add(i, q, weight)
        return 0

    cdef void update(self, Py_ssize_t j) noexcept nogil:
        """Put the codeword of cluster j at the mean of its members."""
        cdef Cluster *c = &self.cluster[j]
        cdef double inverse = 0
        if c.heaviest > 1e3 * c.total:
            self._add_up(j)
        self.clock += 1
        c.stamp = self.clock
        if j >= self.n_fixed:
            inverse = 1 / c.total
            c.moved = True
            self.near.place(&self.sums[j * self.d], c.total, self.d, self.codeword(j),
                            self.columns + j * self.real_size, self.stride)
        put(self.inverse, self.real_size, j, inverse)
        put(self.stretch, self.real_size, j, sqrt(1 + inverse))

    cdef void begin(self) noexcept nogil:
        """Remember the state as it is now, for `undo`."""
        self.recording = True
        self.n_changes = 0
        self.n_saved = 0
        self.saved_error = self.error

    cdef void commit(self) noexcept nogil:
        """Forget what was remembered."""
        cdef Py_ssize_t s
        for s in range(self.n_saved):
            self.is_saved[self.saved_ids[s]] = False
        self.recording = False

    cdef int undo(self) except -1 nogil:
        """Go back to what was remembered."""
        cdef Py_ssize_t s, j, at
        cdef Change change
        cdef Cluster now
        self.recording = False
        for at in range(self.n_changes - 1, -1, -1):
            change = self.changes[at]
            self._take(change.sample, change.target)
            self._give(change.sample, change.source)
        for s in range(self.n_saved):
            j = self.saved_ids[s]
            now = self.cluster[j]
            self.cluster[j] = self.saved[s]
            self.cluster[j].members = now.members
            self.cluster[j].room = now.room
            memcpy(&self.sums[j * self.d], &self.saved_sums[s * self.d], self.d * sizeof(double))
            self.update(j)
            self.cluster[j].stamp = self.saved[s].stamp
            self.cluster[j].moved = self.saved[s].moved
            self.cluster[j].stale = True
            self.is_saved[j] = False
        self.error = self.saved_error
        return 0

    cdef int _give(self, int32_t i, Py_ssize_t j) except -1 nogil:
        cdef Cluster *c = &self.cluster[j]
        cdef Py_ssize_t room
        cdef void *members
        if c.size == c.room:
            room = min(self.n, 8 + c.size + c.size // 2)
            members = realloc(c.members, room * sizeof(int32_t))
            if members == NULL:
                with gil:
                    raise MemoryError()
            c.members = <int32_t *> members
            c.room = room
        self.place[i] = <int32_t> c.size
        c.members[c.size] = i
        c.size += 1
        return 0

    cdef void _take(self, int32_t i, Py_ssize_t j) noexcept nogil:
        cdef Cluster *c = &self.cluster[j]
        cdef int32_t last
        c.size -= 1
        last = c.members[c.size]
        c.members[self.place[i]] = last
        self.place[last] = self.place[i]

    cdef void _add(self, int32_t i, Py_ssize_t j, double weight) noexcept nogil:
        cdef Cluster *c = &self.cluster[j]
        c.total += weight
        c.heaviest = max(c.heaviest, weight)
        self.near.add(&self.samples, i, weight, NULL, &self.sums[j * self.d])

    cdef void _add_up(self, Py_ssize_t j) noexcept nogil:
        """Sum the members of cluster j anew: what heavy ones left behind is mostly rounding."""
        cdef Cluster *c = &self.cluster[j]
        cdef Py_ssize_t at, d
        c.total = 0
        c.heaviest = 0
        for d in range(self.d):
            self.sums[j * self.d + d] = 0
        for at in range(c.size):
            self._add(c.members[at], j, self.weight(c.members[at]))

    cdef int _record(self, int32_t i, Py_ssize_t p, Py_ssize_t q) except -1 nogil:
        cdef Py_ssize_t room
        cdef void *changes
        if self.n_changes == self.changes_room:
            room = 1024 + 2 * self.changes_room
            changes = realloc(self.changes, room * sizeof(Change))
            if changes == NULL:
                with gil:
                    raise MemoryError()
            self.changes = <Change *> changes
            self.changes_room = room
        self.changes[self.n_changes] = Change(i, <int32_t> p, <int32_t> q)
        self.n_changes += 1
        return 0

    cdef void _save(self, Py_ssize_t j) noexcept nogil:
        cdef Py_ssize_t s = self.n_saved
        if self.is_saved[j]:
            return
        self.is_saved[j] = True
        self.saved_ids[s] = <int32_t> j
        self.saved[s] = self.cluster[j]
        memcpy(&self.saved_sums[s * self.d], &self.sums[j * self.d], self.d * sizeof(double))
        self.n_saved += 1

    cdef void clear(self, Py_ssize_t j) noexcept nogil:
        """Make an empty cluster as good as new."""
        cdef Cluster *c = &self.cluster[j]
        cdef Py_ssize_t d
        c.total = 0
        c.heaviest = 0
        c.moved = False
        c.stale = False
        c.gain_stamp = -1
        c.cost_stamp = -1
        for d in range(self.d):
            self.sums[j * self.d + d] = 0


def means(Clusters state, real[:, ::1] centers):
    """Write the mean of each cluster's members, (n_clusters, d); return it.

    Relative to one of the members: exact where they are all equal.
    """
    cdef const real *rows = <const real *> state.samples.rows
    cdef const real *first
    cdef Py_ssize_t j, at, i, d
    cdef double[::1] sums = np.empty(state.d)
    cdef double weight, total
    cdef Cluster *c
    for j in range(state.n_fixed, state.n_clusters):
        c = &state.cluster[j]
        first = rows + c.members[0] * state.d
        total = 0
        sums[:] = 0
        for at in range(c.size):
            i = c.members[at]
            weight = state.weight(i)
            total += weight
            for d in range(state.d):
                sums[d] += weight * (<double> rows[i * state.d + d] - first[d])
        for d in range(state.d):
            centers[j, d] = <real> (first[d] + sums[d] / total)
    return np.asarray(centers)


cdef void put(void *reals, Py_ssize_t size, Py_ssize_t i, double value) noexcept nogil:
    """Write one of an array of reals of this size."""
    if size == sizeof(float):
        (<float *> reals)[i] = <float> value
    else:
        (<double *> reals)[i] = value


cdef double get(const void *reals, Py_ssize_t size, Py_ssize_t i) noexcept nogil:
    """Read one of an array of reals of this size."""
    if size == sizeof(float):
        return (<const float *> reals)[i]
    return (<const double *> reals)[i]


cdef double largest(const double *values, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    cdef double most = values[0]
    for i in range(1, n):
        most = max(most, values[i])
    return most


def mean_of(samples):
    """Return about the mean of the samples, in their type; adding up in blocks needs no copy."""
    total = np.zeros(samples.shape[1])
    for start in range(0, len(samples), 4096):
        total += samples[start:start + 4096].sum(axis=0, dtype=np.float64)
    return (total / len(samples)).astype(samples.dtype)


def scale_of(weights):
    """Return the power of two that brings the largest weight to about 1."""
    return 2.0 ** -np.frexp(weights.max())[1]
