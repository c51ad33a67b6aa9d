"""Winner/loser moves that count the bits of codes as well as the squared error.

The cost of a partition is its squared error plus `rate_weight` times the bits of all codes, where
code j takes log2(W / n_j) bits, W being the weight of all samples and n_j that of codeword j's:
what an entropy coder that knows the counts comes near to. All bits together are
W log2(W) - sum of phi(n_j), with phi(n) = n log2(n). So the change that a move makes is known
exactly, counts and centroids as they will be after it included, and moves are made only if the
cost falls. (P. A. Chou, T. Lookabaugh, R. M. Gray, "Entropy-constrained vector quantization", IEEE
Trans. ASSP 37(1), 1989, alternate between assigning all and counting instead.)
"""

from libc.math cimport log2
from libc.stdint cimport int32_t, uint32_t

import numpy as np

from centnn._types cimport sample

# A fall of the cost by less than this part of what the move is about may be rounding.
cdef double TOLERANCE = 1e-9


cdef class Partition:
    """Which codeword has which sample, and the sums that follow from it."""

    cdef readonly double[:, ::1] sums  # (k, d) of weight * sample
    cdef readonly double[::1] counts  # (k,) of weight
    cdef readonly int32_t[::1] labels  # (n,)
    cdef readonly double[:, ::1] centers  # (k, d) means; the last one that an empty cluster had
    cdef Py_ssize_t[::1] members  # (k,) samples
    cdef const double[::1] weights  # (n,), or None for weights of 1
    cdef double rate_weight

    def __init__(self, samples, weights, labels, n_clusters, double rate_weight):
        d = samples.shape[1]
        self.rate_weight = rate_weight
        self.weights = weights
        self.labels = labels
        self.members = np.bincount(labels, minlength=n_clusters).astype(np.intp, copy=False)
        self.counts = np.bincount(labels, weights, n_clusters).astype(np.float64, copy=False)
        self.sums = np.zeros((n_clusters, d))
        self.centers = np.zeros((n_clusters, d))
        self._add_up(samples)

    def _add_up(self, const sample[:, ::1] samples):
        cdef Py_ssize_t i, j, c
        for i in range(samples.shape[0]):
            c = self.labels[i]
            for j in range(samples.shape[1]):
                self.sums[c, j] += self._weight(i) * samples[i, j]
        for c in range(self.counts.shape[0]):
            if self.members[c]:
                self._centre(c)

    def error(self, const sample[:, ::1] samples):
        """Return the sum of weight * squared distance."""
        cdef Py_ssize_t i
        cdef double total = 0
        with nogil:
            for i in range(samples.shape[0]):
                total += self._weight(i) * self._distance(&samples[i, 0], self.labels[i])
        return total

    def bits(self):
        """Return the bits of all codes."""
        return _phi(np.sum(self.counts)) - sum(_phi(n) for n in self.counts)

    def move(self, const sample[:, ::1] samples, Py_ssize_t start, const uint32_t[::1] winners):
        """Move each of the samples from `start` on to its winner if the cost falls; in order.

        Return how many moved.
        """
        cdef Py_ssize_t i, moved = 0
        with nogil:
            for i in range(winners.shape[0]):
                if <Py_ssize_t> winners[i] != self.labels[start + i]:
                    moved += self._move(&samples[start + i, 0], start + i, winners[i])
        return moved

    cdef bint _move(self, const sample *x, Py_ssize_t i, Py_ssize_t winner) noexcept nogil:
        cdef Py_ssize_t j, loser = self.labels[i]
        cdef double weight = self._weight(i)
        cdef double gain = self._gain_of_loss(x, loser, weight)
        cdef double cost = self._cost_of_win(x, winner, weight)
        if not cost < gain - TOLERANCE * (abs(gain) + abs(cost)):
            return False
        self.labels[i] = <int32_t> winner
        self.members[loser] -= 1
        self.members[winner] += 1
        self.counts[loser] = self.counts[loser] - weight if self.members[loser] else 0
        self.counts[winner] += weight
        for j in range(self.centers.shape[1]):
            self.sums[loser, j] -= weight * x[j]
            self.sums[winner, j] += weight * x[j]
        if self.members[loser]:
            self._centre(loser)
        self._centre(winner)
        return True

    cdef double _gain_of_loss(self, const sample *x, Py_ssize_t c, double w) noexcept nogil:
        """Return what the cost falls by when cluster c loses a sample."""
        cdef double n = self.counts[c]
        if self.members[c] == 1:
            return -self.rate_weight * _phi(n)
        return (w * self._distance(x, c) * (n / (n - w))
                - self.rate_weight * (_phi(n) - _phi(n - w)))

    cdef double _cost_of_win(self, const sample *x, Py_ssize_t c, double w) noexcept nogil:
        """Return what the cost rises by when cluster c wins a sample."""
        cdef double n = self.counts[c]
        return (w * self._distance(x, c) * (n / (n + w))
                - self.rate_weight * (_phi(n + w) - _phi(n)))

    cdef double _distance(self, const sample *x, Py_ssize_t c) noexcept nogil:
        cdef Py_ssize_t j
        cdef double t, total = 0
        for j in range(self.centers.shape[1]):
            t = x[j] - self.centers[c, j]
            total += t * t
        return total

    cdef void _centre(self, Py_ssize_t c) noexcept nogil:
        cdef Py_ssize_t j
        cdef double inverse = 1 / self.counts[c]
        for j in range(self.centers.shape[1]):
            self.centers[c, j] = self.sums[c, j] * inverse

    cdef double _weight(self, Py_ssize_t i) noexcept nogil:
        return 1 if self.weights is None else self.weights[i]


cdef double _phi(double n) noexcept nogil:
    return n * log2(n) if n > 0 else 0
