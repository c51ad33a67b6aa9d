"""Winner and loser moves of a mini-batch, one sample after the other, in float64.

Each centroid has two halves, which are the centroids of the samples on either side of it: a
sample goes to the nearer half of the cluster that wins it, the first two distinct ones to one each.
They tell what a split would gain, and are where it puts the two centroids.
"""

from libc.math cimport INFINITY
from libc.stdint cimport int8_t, int32_t
from libc.string cimport memcpy

import numpy as np

# What has no more than this part of its weight apart from one sample does not lose that sample.
cdef double ALONE = 1e-6


cdef class Moves:
    """The moves, on arrays that belong to a state; see `_mini_batch.State`."""

    cdef Py_ssize_t d
    cdef double[:, ::1] centers  # INOUT (k, d)
    cdef double[::1] weights  # INOUT (k,)
    cdef double[:, ::1] halves  # INOUT (2 k, d)
    cdef double[::1] half_weights  # INOUT (2 k,)
    cdef double[::1] rise  # INOUT (k,)
    cdef double[::1] seen  # INOUT (k,)

    def __init__(self, state):
        self.d = state.centers.shape[1]
        self.centers = state.centers
        self.weights = state.weights
        self.halves = state.halves
        self.half_weights = state.half_weights
        self.rise = state.rise
        self.seen = state.seen

    def take_in(self, const double[:, ::1] samples, const double[::1] weights,
                const int32_t[:, ::1] codes, int32_t[::1] clusters, int8_t[::1] sides):
        """Give samples in order to their nearest centroids: a winner's move for each.

        IN: samples (n, d), weights (n,), codes (n, 2), the nearest and the second nearest.
        OUT: clusters (n,) and the half in these, sides (n,).
        """
        cdef Py_ssize_t i
        with nogil:
            for i in range(samples.shape[0]):
                clusters[i] = codes[i, 0]
                self._note(&samples[i, 0], weights[i], codes[i, 0], codes[i, 1])
                self._win(&samples[i, 0], weights[i], codes[i, 0])
                sides[i] = self._join(&samples[i, 0], weights[i], codes[i, 0])

    def settle(self, const double[:, ::1] samples, const double[::1] weights,
               const int32_t[:, ::1] codes, int32_t[::1] clusters, int8_t[::1] sides):
        """Let samples in order go where they cost least: moves of a winner and a loser.

        IN: samples (n, d), weights (n,), codes (n, 2), the nearest and the second nearest.
        INOUT: clusters (n,) and the half in these, sides (n,), -1 for none as yet.
        """
        cdef Py_ssize_t i, p, j
        cdef bint is_new
        with nogil:
            for i in range(samples.shape[0]):
                p = clusters[i]
                j = self._winner(&samples[i, 0], weights[i], p, codes[i, 0], codes[i, 1])
                is_new = sides[i] < 0
                if j != p:
                    if not is_new:
                        self._leave(&samples[i, 0], weights[i], 2 * p + sides[i])
                    self._lose(&samples[i, 0], weights[i], p)
                    self._win(&samples[i, 0], weights[i], j)
                    clusters[i] = <int32_t> j
                    sides[i] = self._join(&samples[i, 0], weights[i], j)
                elif is_new:
                    sides[i] = self._join(&samples[i, 0], weights[i], p)
                else:
                    sides[i] = self._change_sides(&samples[i, 0], weights[i], p, sides[i])
                if is_new:
                    self._note(&samples[i, 0], weights[i], j, codes[i, j == codes[i, 0]])

    def gains(self):
        """Return by how much splits would lower the error of the samples in the halves, (k,)."""
        cdef Py_ssize_t j, k = self.weights.shape[0]
        cdef double a, b, square, unused
        cdef double[::1] result = np.zeros(k)
        for j in range(k):
            a, b = self.half_weights[2 * j], self.half_weights[2 * j + 1]
            if a > 0 and b > 0:
                self._distances(&self.halves[2 * j, 0], &self.halves[2 * j + 1, 0],
                                &self.halves[2 * j, 0], &square, &unused)
                result[j] = a * b / (a + b) * square
        return np.asarray(result)

    def nearest_other(self, Py_ssize_t i):
        """Return the centroid nearest to centroid i, but for itself."""
        cdef Py_ssize_t j, best = -1
        cdef double square, unused, least = INFINITY
        for j in range(self.weights.shape[0]):
            if j != i:
                self._distances(&self.centers[i, 0], &self.centers[j, 0], &self.centers[j, 0],
                                &square, &unused)
                if square < least:
                    least, best = square, j
        return best

    cdef void _note(self, const double *x, double weight, Py_ssize_t j,
                    Py_ssize_t rival) noexcept nogil:
        """Take note of how much farther away than j the rival is, which would have x without j."""
        cdef double own, other
        self._distances(x, &self.centers[j, 0], &self.centers[rival, 0], &own, &other)
        self.rise[j] += weight * (other - own)
        self.seen[j] += 1

    cdef void _win(self, const double *x, double weight, Py_ssize_t j) noexcept nogil:
        self.weights[j] += weight
        self._move(&self.centers[j, 0], x, weight / self.weights[j])

    cdef void _lose(self, const double *x, double weight, Py_ssize_t p) noexcept nogil:
        self.weights[p] -= weight
        self._move(&self.centers[p, 0], x, -weight / self.weights[p])

    cdef Py_ssize_t _winner(self, const double *x, double weight, Py_ssize_t p,
                            Py_ssize_t first, Py_ssize_t second) noexcept nogil:
        """Return where x costs least: with p, which has it, or with one of its nearest two.

        With its weight in or out, centroids are the means of other samples: Hartigan's criterion.
        """
        cdef double left = self.weights[p] - weight, to_first, to_second, cost, least
        cdef Py_ssize_t winner = p
        if left <= ALONE * self.weights[p]:
            return p
        self._distances(x, &self.centers[p, 0], &self.centers[first, 0], &least, &to_first)
        least *= self.weights[p] / left
        if first != p:
            cost = to_first * (self.weights[first] / (self.weights[first] + weight))
            if cost < least:
                least, winner = cost, first
        if second != p:
            self._distances(x, &self.centers[second, 0], x, &to_second, &cost)
            cost = to_second * (self.weights[second] / (self.weights[second] + weight))
            if cost < least:
                winner = second
        return winner

    cdef int8_t _join(self, const double *x, double weight, Py_ssize_t j) noexcept nogil:
        """Give x to the nearer half of cluster j, or to one that is empty; return which."""
        cdef Py_ssize_t half = 2 * j
        cdef double first, second
        cdef int8_t side = 0
        self._distances(x, &self.halves[half, 0], &self.halves[half + 1, 0], &first, &second)
        if self.half_weights[half] > 0:
            side = first > 0 if self.half_weights[half + 1] == 0 else second < first
        self.half_weights[half + side] += weight
        self._move(&self.halves[half + side, 0], x, weight / self.half_weights[half + side])
        return side

    cdef void _leave(self, const double *x, double weight, Py_ssize_t half) noexcept nogil:
        """Take x from a half, which is empty then if it has next to nothing else."""
        cdef double left = self.half_weights[half] - weight
        if left <= ALONE * self.half_weights[half]:
            self.half_weights[half] = 0
            return
        self.half_weights[half] = left
        self._move(&self.halves[half, 0], x, -weight / left)

    cdef int8_t _change_sides(self, const double *x, double weight, Py_ssize_t j,
                              int8_t side) noexcept nogil:
        """Move x to the other half of cluster j if that is nearer; return the half that has it."""
        cdef Py_ssize_t half = 2 * j + side, other = 2 * j + 1 - side
        cdef double own, across
        self._distances(x, &self.halves[half, 0], &self.halves[other, 0], &own, &across)
        if self.half_weights[other] == 0 or across >= own:
            return side
        self._leave(x, weight, half)
        self.half_weights[other] += weight
        self._move(&self.halves[other, 0], x, weight / self.half_weights[other])
        return 1 - side

    cdef void _move(self, double *w, const double *x, double rate) noexcept nogil:
        """Move w towards x by a part of the way: onto x exactly, if it has nothing else."""
        cdef Py_ssize_t d
        if rate == 1:
            memcpy(w, x, self.d * sizeof(double))
            return
        for d in range(self.d):
            w[d] += (x[d] - w[d]) * rate

    cdef void _distances(self, const double *x, const double *a, const double *b,
                         double *to_a, double *to_b) noexcept nogil:
        """Write two squared distances of x, each summed up in the order of components."""
        cdef Py_ssize_t d
        cdef double first = 0, second = 0
        for d in range(self.d):
            first += (x[d] - a[d]) * (x[d] - a[d])
            second += (x[d] - b[d]) * (x[d] - b[d])
        to_a[0] = first
        to_b[0] = second
