"""The optimal codebook of scalars (D = 1), float64.

Optimal clusters of scalars are intervals of the sorted values. Cutting n values into K intervals is
a shortest path over the n + 1 gaps with K edges, an edge costing the interval's squared error about
its mean. These costs are concave (Monge): of two intervals that overlap, c(a, c) + c(b, d) is at
most c(a, d) + c(b, c). From this follow, see A. Groenlund et al., "Fast exact k-means, k-medians
and Bregman divergence clustering in 1D", 2017:

* With a price for each edge instead of a given K, one sweep finds the shortest path: once a later
  last cut beats an earlier one, it beats it for all longer prefixes, so that the cuts that may yet
  win stand in a queue. Between them a sweep takes O(n log n) at worst.
* The error is convex in K, so that a search over the price leads to K, or to two prices' paths with
  fewer and with more edges that both are shortest at the same price. Then such a path with K edges
  is put together from a head of the one and a tail of the other.

About a dozen sweeps do, whatever K is. Rounding can only mislead between cuts whose total errors
are within rounding of each other: the costs have no cancellation, see _tabulate.
"""

from cpython.exc cimport PyErr_CheckSignals
from libc.math cimport INFINITY, exp, log

import numpy as np

# The table of costs takes 24 bytes * n * log2(n): 25 MB for so many.
MAX_VALUES = 1 << 16

# Prices that are guessed from the errors' usual fall with K, before secants that cannot fail.
cdef enum:
    GUESSES = 10


cdef class Intervals:
    """Sorted values, the squared error of each interval of them, and shortest paths over these."""

    cdef Py_ssize_t n
    cdef const double[::1] values  # IN (n,) rising
    cdef const double[::1] weights  # IN (n,) positive
    # For each level h and value i, weight, mean and squared error of the values from i to the
    # middle of its block of 2 << h values, the mean as offset from the value after the middle.
    cdef double[:, :, ::1] parts  # (levels, n, 3)
    cdef unsigned char[::1] level  # (1 << levels,) number of the highest bit that is set
    # For each prefix: its least error plus price, the last cut that gives it.
    cdef double[::1] least  # (n + 1,)
    cdef Py_ssize_t[::1] cut  # (n + 1,)
    # The queue of last cuts that may yet win, and the prefix from which on each one does.
    cdef Py_ssize_t[::1] queue, start  # (n + 1,)

    def __init__(self, values, weights):
        self.n = len(values)
        self.values = values
        self.weights = weights
        levels = max(1, (self.n - 1).bit_length())
        self.parts = np.empty((levels, self.n, 3))
        self.level = np.repeat(
            np.arange(-1, levels).astype(np.uint8), [1, *(1 << h for h in range(levels))]
        )
        self.least = np.zeros(self.n + 1)
        self.cut = np.zeros(self.n + 1, dtype=np.intp)
        self.queue = np.zeros(self.n + 1, dtype=np.intp)
        self.start = np.zeros(self.n + 1, dtype=np.intp)
        with nogil:
            self._tabulate()

    def cheapest(self, double price):
        """Return the cuts, 0 and n included, of the least error plus `price` an interval."""
        cdef Py_ssize_t i = self.n
        PyErr_CheckSignals()
        with nogil:
            self._sweep(price)
        cuts = [i]
        while i > 0:
            i = self.cut[i]
            cuts.append(i)
        return np.array(cuts[::-1], dtype=np.intp)

    def error(self, const Py_ssize_t[::1] cuts):
        """Return the sum of the squared errors of the intervals between the cuts."""
        cdef Py_ssize_t i
        cdef double total = 0
        for i in range(cuts.shape[0] - 1):
            total += self._error(cuts[i], cuts[i + 1])
        return total

    cdef void _tabulate(self) noexcept nogil:
        """Fill `parts`.

        Each is built outwards from its middle, where a new value adds
        w * (distance to the mean)**2 * W / (W + w) to the error. All terms of the errors, here and
        in _error, are positive, and all offsets are within a block: what is lost to rounding
        depends neither on how far from 0 the values are nor on how large the error of all is.
        """
        cdef Py_ssize_t h, half, middle
        for h in range(self.parts.shape[0]):
            half = 1 << h
            middle = half
            while middle < self.n:
                self._accumulate(h, middle, middle - 1, middle - half - 1, -1)
                self._accumulate(h, middle, middle, min(self.n, middle + half), 1)
                middle += 2 * half

    cdef void _accumulate(self, Py_ssize_t h, Py_ssize_t middle, Py_ssize_t i, Py_ssize_t end,
                          Py_ssize_t step) noexcept nogil:
        cdef double weight, offset, grown, total = 0, mean = 0, error = 0
        while i != end:
            weight = self.weights[i]
            grown = total + weight
            offset = self.values[i] - self.values[middle] - mean
            mean += offset * (weight / grown)
            error += offset * offset * weight * (total / grown)
            total = grown
            self.parts[h, i, 0] = total
            self.parts[h, i, 1] = mean
            self.parts[h, i, 2] = error
            i += step

    cdef inline double _error(self, Py_ssize_t i, Py_ssize_t j) noexcept nogil:
        """Return the squared error of the values from i to j - 1 about their mean."""
        cdef Py_ssize_t last = j - 1
        cdef const double *left
        cdef const double *right
        cdef double gap
        if i == last:
            return 0
        # The highest bit in which the two ends differ is the level of the one block that has them
        # on different sides of its middle.
        left = &self.parts[self.level[i ^ last], i, 0]
        right = &self.parts[self.level[i ^ last], last, 0]
        gap = right[1] - left[1]
        return left[2] + right[2] + gap * gap * left[0] * (right[0] / (left[0] + right[0]))

    cdef inline double _total(self, Py_ssize_t i, Py_ssize_t j) noexcept nogil:
        """Return the error of the prefix j with the last cut at i, but for the price."""
        return self.least[i] + self._error(i, j)

    cdef void _sweep(self, double price) noexcept nogil:
        cdef Py_ssize_t j, i, low, high, middle, step, head = 0, tail = 0, n = self.n
        self.queue[0] = 0
        self.start[0] = 1
        for j in range(1, n + 1):
            while head < tail and self.start[head + 1] <= j:
                head += 1
            self.cut[j] = self.queue[head]
            self.least[j] = self._total(self.queue[head], j) + price
            while tail > head and self._wins(j, self.queue[tail], self.start[tail]):
                tail -= 1
            # The prefix from which on a cut at j wins: after `low`, at `high` at the latest.
            i = self.queue[tail]
            low = max(j, self.start[tail])
            step = 1
            high = low + 1
            while high < n and not self._wins(j, i, high):
                low = high
                high += step
                step *= 2
            if high >= n:
                high = n
                if low >= n or not self._wins(j, i, n):
                    continue
            while high - low > 1:
                middle = (low + high) // 2
                if self._wins(j, i, middle):
                    high = middle
                else:
                    low = middle
            tail += 1
            self.queue[tail] = j
            self.start[tail] = high

    cdef inline bint _wins(self, Py_ssize_t j, Py_ssize_t i, Py_ssize_t end) noexcept nogil:
        """Tell whether the prefix `end` has less error with its last cut at j than at i < j."""
        return self._total(j, end) < self._total(i, end)


def optimal(values, weights, Py_ssize_t n_clusters):
    """Return (centers (K,), cuts (K + 1,)) of the least squared error with K = `n_clusters`.

    values (n,) are float64, finite, strictly rising; weights (n,) float64, finite, positive;
    1 <= K <= n <= MAX_VALUES. Cluster j has the values from cuts[j] to cuts[j + 1] - 1, at least
    one; centers rise strictly, up to rounding. Where several solutions are equally good, the same
    input gives the same one.
    """
    # Scaled by powers of two, so that no square overflows, and no small weight becomes 0.
    _, exponent = np.frexp(np.abs(values).max())
    scaled = np.ldexp(values, -exponent)
    weights = np.ldexp(weights, -np.frexp(weights.max())[1])
    weights = np.maximum(weights, np.finfo(np.float64).tiny)
    cuts = _cuts(scaled, weights, n_clusters)
    starts = cuts[:n_clusters]
    first = scaled[starts]
    offsets = weights * (scaled - np.repeat(first, np.diff(cuts)))
    means = np.add.reduceat(offsets, starts) / np.add.reduceat(weights, starts)
    return np.ldexp(first + means, exponent), cuts


def _cuts(values, weights, Py_ssize_t k):
    """Search for the price at which the cheapest path has k edges."""
    cdef Py_ssize_t n = len(values), turn = 0, found
    cdef double price, secant
    # Cheapest paths with fewer and with more than k edges, and their prices and errors.
    few, many = np.array([0, n], dtype=np.intp), np.arange(n + 1, dtype=np.intp)
    if k == 1:
        return few
    if k == n:
        return many
    intervals = Intervals(values, weights)
    cdef double few_price = INFINITY, many_price = 0
    cdef double few_error = intervals.error(few), many_error = 0
    while True:
        secant = (few_error - many_error) / (len(many) - len(few))
        price = secant
        if turn < GUESSES or turn % 2:
            price = _guess(k, len(few) - 1, few_price, len(many) - 1, many_price, few_error)
            if not many_price < price < few_price:
                price = secant
        turn += 1
        path = intervals.cheapest(price)
        found = len(path) - 1
        if found == k:
            return path
        if price == secant and not len(few) - 1 < found < len(many) - 1:
            # No path is cheaper than these two, which cost the same.
            return _join(few, many, k)
        if found < k:
            few_price = price
            if found > len(few) - 1:
                few, few_error = path, intervals.error(path)
        else:
            many_price = price
            if found < len(many) - 1:
                many, many_error = path, intervals.error(path)


cdef double _guess(Py_ssize_t k, Py_ssize_t few, double few_price, Py_ssize_t many,
                   double many_price, double few_error) noexcept:
    """Guess the price for k, as if the error fell with a power of the number of edges."""
    if few_price < INFINITY and many_price > 0:
        if few == many:
            return 0
        part = log(<double> k / few) / log(<double> many / few)
        return exp(log(few_price) + part * (log(many_price) - log(few_price)))
    # The error of evenly spread values falls with the square.
    if few_price < INFINITY:
        return few_price * (<double> few / k) ** 3
    if many_price > 0:
        return many_price * (<double> many / k) ** 3
    return 2 * few_error / (<double> k) ** 3


def _join(few, many, Py_ssize_t k):
    """Return a path with k edges: the head of `many`, the tail of `few`, both cheapest.

    They are cut where an edge of `many` lies within the edge of `few` that is as far from the end.
    Exchanging the tails there costs nothing: the costs are concave, both paths cheapest.
    """
    shift = k - (len(few) - 1)
    inside = many[shift + 1:shift + len(few)] <= few[1:]
    j = np.argmax(inside)
    return np.concatenate([many[:j + shift + 1], few[j + 1:]])
