"""Winner/loser epochs in sample order (Park, IEEE Trans. Neural Networks 11(2), 2000), float64.

Each epoch gives every sample to its nearest centroid and moves the two centroids concerned, so
that each centroid is the mean of its samples at all times. Nearly always the nearest centroid is
the one that already has the sample. An epoch proves that cheaply, never approximately:

* Whole clusters: a sample at distance u from its own centroid w cannot be won by a centroid
  farther than 2u from w. A cluster is `disturbed` when its own centroid has moved, or another one
  that is not farther than twice the cluster's radius. The others need no look, in this epoch and
  the next.
* Samples: `threat` is the least distance between w and the centroids that might win a sample:
  those that have moved, or all others once w itself has moved. A sample nearer to w than half of
  that stays.
* Moved centroids: else, only the centroids that have moved since the sample was last looked at
  need a look. They stand in a list with the last moved first. The others are still at least at
  `runner_up`, a squared distance computed then, so that comparing with it is what a full search
  would do.
* Else a full search.

None of this asks that nothing moved in the epoch before a split: for the proofs, a new centroid is
one that has moved, between two epochs. One may split whenever one wants.

Radii and travelled distances are rounded up, threats down, so that the first two proofs
hold for the computed distances as well.
"""

import concurrent.futures

from cpython.exc cimport PyErr_CheckSignals
from libc.math cimport INFINITY, sqrt
from libc.stdint cimport int32_t, int64_t

import numpy as np

# A centroid that moves disturbs its surroundings once an epoch and then each time that it has
# travelled this part of its radius: more means weaker proofs, less means more of them.
cdef double LEEWAY = 0.02

# Between two looks for Ctrl-C: samples at most; and components of centroids that may be read, if
# each sample is searched for in full, some tenths of a second.
cdef enum:
    SLICE = 4096
    READS = 1 << 28


cdef class WinnerLoser:
    """Samples, their centroids, and what is known of the distances between them."""

    cdef readonly Py_ssize_t n_centroids
    cdef readonly double error  # sum over the samples of weight * squared distance
    cdef readonly double movement  # sum of the lengths of the centroids' moves in the last epoch
    cdef const double[:, ::1] samples  # IN (n, d)
    cdef const double[::1] weights  # IN (n,)
    cdef double[:, ::1] centroids  # (k, d)
    cdef double[:, ::1] columns  # (d, k) the same, for the full search
    cdef double[::1] total  # (k,) weight of the samples
    cdef Py_ssize_t[::1] members  # (k,) number of the samples
    cdef int32_t[::1] labels  # (n,)
    # What is known of each sample, see above.
    cdef double[::1] runner_up  # (n,)
    cdef int64_t[::1] seen  # (n,) the clock when it was last looked at
    # What is known of each cluster: its radius at most; the last epoch in which it was disturbed,
    # the threat in that epoch and what was left of it from the epoch before; the last epoch in
    # which its centroid disturbed others, and how far it may yet travel before it does so again.
    cdef double[::1] radius, threat, threat_before, leeway  # (k,)
    cdef int64_t[::1] disturbed, disturbing  # (k,)
    cdef int64_t epochs
    # The list of centroids, last moved first; entry k is its head and its end.
    cdef Py_ssize_t[::1] newer, older  # (k + 1,)
    cdef int64_t[::1] moved_at  # (k,)
    cdef int64_t clock
    cdef double[::1] errors  # (k,) sum of weight * distance, as of clock `errors_at`
    cdef int64_t errors_at
    cdef double margin  # see __init__
    cdef double[::1] scratch  # (k,)

    def __init__(self, samples, weights, n_clusters):
        n, d = samples.shape
        self.samples = samples
        self.weights = weights
        self.centroids = np.zeros((n_clusters, d))
        self.columns = np.zeros((d, n_clusters))
        self.total = np.zeros(n_clusters)
        self.members = np.zeros(n_clusters, dtype=np.intp)
        self.labels = np.zeros(n, dtype=np.int32)
        self.runner_up = np.zeros(n)
        self.seen = np.zeros(n, dtype=np.int64)
        self.radius = np.zeros(n_clusters)
        self.threat = np.zeros(n_clusters)
        self.threat_before = np.zeros(n_clusters)
        self.leeway = np.zeros(n_clusters)
        self.disturbed = np.zeros(n_clusters, dtype=np.int64)
        self.disturbing = np.zeros(n_clusters, dtype=np.int64)
        self.newer = np.arange(n_clusters + 1, dtype=np.intp)
        self.older = np.arange(n_clusters + 1, dtype=np.intp)
        self.moved_at = np.zeros(n_clusters, dtype=np.int64)
        self.errors = np.zeros(n_clusters)
        self.scratch = np.zeros(n_clusters)
        # The relative error of a computed distance: a sum of d squares of rounded differences, in
        # any order, is off by at most (d + 2) * 2**-53, its root by half of that and one rounding
        # more. The rest is for the few roundings of the sums and products that it takes part in.
        # Two computed squared distances are within twice this of each other.
        self.margin = (d + 16) * 2.0 ** -53

    def add_centroid(self, position):
        """Add a centroid without samples at `position` (d,)."""
        self.n_centroids += 1
        self.place(self.n_centroids - 1, position)

    def place(self, Py_ssize_t j, position):
        """Put centroid j, which has no samples, at `position`."""
        np.asarray(self.centroids)[j] = position
        np.asarray(self.columns)[:, j] = position
        self._disturb(j)
        self._touch(j)

    def start_at(self, centers, check, Py_ssize_t n_threads):
        """Start from given centroids, epoch 0: give each sample to its nearest of `centers` (k, d).

        Then put each centroid at the mean of its samples, and leave those out that have none.
        """
        cdef Py_ssize_t start, j, n = self.samples.shape[0], step
        self.n_centroids = len(centers)
        np.asarray(self.columns)[:, :self.n_centroids] = np.transpose(centers)
        step = self._slice()
        with concurrent.futures.ThreadPoolExecutor(n_threads) as pool:
            try:
                for _ in pool.map(self._assign, range(0, n, step), [step] * (1 + (n - 1) // step)):
                    check()
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        labels, weights = np.asarray(self.labels), np.asarray(self.weights)
        members = np.bincount(labels)
        used = np.flatnonzero(members)
        labels[:] = np.searchsorted(used, labels)
        k = self.n_centroids = len(used)
        np.asarray(self.members)[:k] = members[used]
        np.asarray(self.total)[:k] = np.bincount(labels, weights)
        for j in range(self.samples.shape[1]):
            check()
            sums = np.bincount(labels, weights * np.asarray(self.samples)[:, j])
            np.asarray(self.columns)[j, :k] = sums / self.total[:k]
        np.asarray(self.centroids)[:k] = np.transpose(self.columns)[:k]
        # All threats are 0 and all centroids have moved: the first epoch looks at every sample.
        for j in range(k):
            self._touch(j)
        for start in range(0, n, step):
            with nogil:
                self._take_note(start, min(start + step, n))
            check()

    def _assign(self, Py_ssize_t start, Py_ssize_t step):
        """Label some samples with their nearest centroids. Threads may share the object."""
        cdef double[::1] scratch = np.empty(self.n_centroids)
        cdef Py_ssize_t i, j, best
        with nogil:
            for i in range(start, min(start + step, self.samples.shape[0])):
                self._distances_to_all(&self.samples[i, 0], &scratch[0])
                best = 0
                for j in range(1, self.n_centroids):
                    if scratch[j] < scratch[best]:
                        best = j
                self.labels[i] = <int32_t> best

    def adopt(self, check):
        """Give each sample in order to its nearest centroid: epoch 0."""
        cdef Py_ssize_t start, n = self.samples.shape[0], step = self._slice()
        self.movement = 0
        for start in range(0, n, step):
            with nogil:
                self._take_in(start, min(start + step, n))
            check()

    def epoch(self, check):
        """Let each sample in order go to its nearest centroid; return how many moved."""
        cdef Py_ssize_t start, moves = 0, n = self.samples.shape[0], step = self._slice()
        self.epochs += 1
        self.movement = 0
        for start in range(0, n, step):
            with nogil:
                moves += self._visit(start, min(start + step, n))
            check()
        return moves

    def split(self, double epsilon):
        """Add a centroid beside the one with the largest error, at a distance of `epsilon`.

        Where a centroid has no samples, it is put on the farthest sample of that cluster instead.
        A cluster of one sample is never split: all its error is rounding.
        Return the distance, or 0 if the largest error is 0: then nothing is done.
        """
        cdef Py_ssize_t worst, farthest, empty = self.first_empty()
        self._sum_errors()
        worst = self._worst()
        if worst < 0:
            return 0.0
        if empty >= 0:
            farthest = self._farthest(worst)
            self.place(empty, np.asarray(self.samples)[farthest])
            return sqrt(self._distance(farthest, worst))
        self.add_centroid(np.asarray(self.centroids)[worst] + epsilon)
        return epsilon * sqrt(<double> self.samples.shape[1])

    def first_empty(self):
        """Return the first centroid without samples, or -1.

        There is one at most: the last, or one of the first two where the other won all samples.
        """
        cdef Py_ssize_t j
        for j in range(self.n_centroids):
            if self.members[j] == 0:
                return j
        return -1

    def result(self):
        """Return (centroids (k, d), labels (n,), weights of the clusters (k,))."""
        used = np.flatnonzero(self.members)
        labels = np.searchsorted(used, self.labels).astype(np.int32)
        return np.asarray(self.centroids)[used], labels, np.asarray(self.total)[used]

    cdef Py_ssize_t _slice(self):
        """Return the number of samples between two looks for Ctrl-C."""
        return min(SLICE, 1 + READS // (self.n_centroids * self.samples.shape[1]))

    cdef void _take_in(self, Py_ssize_t start, Py_ssize_t end) noexcept nogil:
        cdef Py_ssize_t i, j
        cdef double distance, weight
        for i in range(start, end):
            j = self._nearest(i, &distance)
            weight = self.weights[i]
            self.labels[i] = <int32_t> j
            self.error += distance * weight * self.total[j] / (self.total[j] + weight)
            self.total[j] += weight
            self.members[j] += 1
            self._widen(j, distance)
            self._move(j, i, weight, self.total[j])

    cdef void _take_note(self, Py_ssize_t start, Py_ssize_t end) noexcept nogil:
        """Add samples to the error and to the radii."""
        cdef Py_ssize_t i
        cdef double distance
        for i in range(start, end):
            distance = self._distance(i, self.labels[i])
            self.error += self.weights[i] * distance
            self._widen(self.labels[i], distance)

    cdef Py_ssize_t _visit(self, Py_ssize_t start, Py_ssize_t end) noexcept nogil:
        cdef Py_ssize_t i, p, j, moves = 0
        cdef double own, nearest
        for i in range(start, end):
            p = self.labels[i]
            if self.members[p] == 1:
                continue
            if self.disturbed[p] < self.epochs - 1:
                continue
            if self._is_safe(p, self._distance_about(i, p)):
                continue
            own = self._distance(i, p)
            j = self._winner(i, p, own, &nearest)
            if j != p:
                self._transfer(i, p, j, own, nearest)
                moves += 1
        return moves

    cdef Py_ssize_t _winner(self, Py_ssize_t i, Py_ssize_t p, double own,
                            double *nearest) noexcept nogil:
        """Return the nearest centroid of sample i, which p has at distance `own`; note it."""
        cdef Py_ssize_t k = self.members.shape[0], j = self.older[k], other = k, winner
        cdef double distance, best = INFINITY, second = INFINITY, bound = self.runner_up[i]
        while j != k and self.moved_at[j] > self.seen[i]:
            distance = self._distance_about(i, j) * (1 - 2 * self.margin)
            if distance > own:
                bound = min(bound, distance)
            elif j != p:
                distance = self._distance(i, j)
                if distance < best or (distance == best and j < other):
                    second = best
                    best = distance
                    other = j
                elif distance < second:
                    second = distance
            j = self.older[j]
        if own < bound and (own < best or (own == best and p < other)):
            winner = p
            nearest[0] = own
            self.runner_up[i] = min(bound, best)
        elif best < bound and (best < own or (best == own and other < p)):
            winner = other
            nearest[0] = best
            self.runner_up[i] = min(bound, second)
        else:
            winner = self._nearest(i, nearest)
            self.runner_up[i] = self._least_but(winner)
        self.seen[i] = self.clock
        return winner

    cdef void _transfer(self, Py_ssize_t i, Py_ssize_t p, Py_ssize_t j, double own,
                        double nearest) noexcept nogil:
        """Move sample i from the loser p to the winner j."""
        cdef double weight = self.weights[i]
        cdef double gained = self.total[j] + weight, left = self.total[p] - weight
        self.error += weight * (nearest * self.total[j] / gained - own * self.total[p] / left)
        self._widen(j, nearest)
        self._move(j, i, weight, gained)
        self._move(p, i, -weight, left)
        self.total[j] = gained
        self.total[p] = left
        self.members[j] += 1
        self.members[p] -= 1
        self.labels[i] = <int32_t> j

    cdef void _move(self, Py_ssize_t j, Py_ssize_t i, double weight,
                    double total) noexcept nogil:
        """Move centroid j towards sample i by weight / total of the way."""
        cdef Py_ssize_t d
        cdef double before, after, step, square = 0
        for d in range(self.samples.shape[1]):
            before = self.centroids[j, d]
            after = before + (self.samples[i, d] - before) * weight / total
            square += (after - before) * (after - before)
            self.centroids[j, d] = after
            self.columns[d, j] = after
        step = sqrt(square)
        self.movement += step
        step *= 1 + self.margin
        self.radius[j] = (self.radius[j] + step) * (1 + self.margin)
        self.leeway[j] -= step * (1 + self.margin)
        if self.disturbing[j] < self.epochs or self.leeway[j] < 0:
            self._disturb(j)
        self._touch(j)

    cdef void _widen(self, Py_ssize_t j, double distance) noexcept nogil:
        """Note that cluster j has a sample at this squared distance, or nearer."""
        self.radius[j] = max(self.radius[j], sqrt(distance) * (1 + self.margin))

    cdef bint _is_safe(self, Py_ssize_t p, double own) noexcept nogil:
        """Tell whether no threat to cluster p reaches a sample at this squared distance."""
        cdef double threat = self.threat[p]
        if self.disturbed[p] == self.epochs:
            threat = min(threat, self.threat_before[p])
        return threat > 0 and 4 * own * (1 + self.margin) * (1 + self.margin) < threat * threat

    cdef void _disturb(self, Py_ssize_t j) noexcept nogil:
        """Have the clusters looked at that centroid j might win samples of, and its own."""
        cdef Py_ssize_t p
        cdef double wide, reach, gap, least = 2 * self.radius[j]
        self.leeway[j] = LEEWAY * self.radius[j]
        self.disturbing[j] = self.epochs
        self._distances_to_all(&self.centroids[j, 0], &self.scratch[0])
        for p in range(self.n_centroids):
            # Both may travel so far before the next call for one of them.
            reach = self.leeway[j]
            if self.disturbing[p] == self.epochs:
                reach += self.leeway[p]
            wide = (reach + 2 * max(self.radius[p], self.radius[j])) * (1 + self.margin)
            if p == j or self.scratch[p] > wide * wide:
                continue
            gap = sqrt(self.scratch[p]) * (1 - self.margin) - reach * (1 + self.margin)
            least = min(least, gap)
            if gap <= 2 * self.radius[p]:
                self._threaten(p, gap)
        self.disturbed[j] = self.epochs
        self.threat[j] = least
        self.threat_before[j] = INFINITY

    cdef void _threaten(self, Py_ssize_t p, double gap) noexcept nogil:
        """Note that a centroid that has moved is at least so far from centroid p."""
        if self.disturbed[p] == self.epochs:
            self.threat[p] = min(self.threat[p], gap)
            return
        self.threat_before[p] = self.threat[p] if self.disturbed[p] == self.epochs - 1 else INFINITY
        self.threat[p] = gap
        self.disturbed[p] = self.epochs

    cdef double _distance(self, Py_ssize_t i, Py_ssize_t j) noexcept nogil:
        """Return the squared distance of sample i and centroid j, summed in the order of d."""
        cdef const double *x = &self.samples[i, 0]
        cdef const double *w = &self.centroids[j, 0]
        cdef double total = 0
        cdef Py_ssize_t d
        for d in range(self.samples.shape[1]):
            total += (w[d] - x[d]) * (w[d] - x[d])
        return total

    cdef double _distance_about(self, Py_ssize_t i, Py_ssize_t j) noexcept nogil:
        """Return what _distance does, but for rounding: four sums overlap and vectorize."""
        cdef const double *x = &self.samples[i, 0]
        cdef const double *w = &self.centroids[j, 0]
        cdef double a = 0, b = 0, c = 0, e = 0
        cdef Py_ssize_t d, n = self.samples.shape[1]
        for d in range(0, n - 3, 4):
            a += (w[d] - x[d]) * (w[d] - x[d])
            b += (w[d + 1] - x[d + 1]) * (w[d + 1] - x[d + 1])
            c += (w[d + 2] - x[d + 2]) * (w[d + 2] - x[d + 2])
            e += (w[d + 3] - x[d + 3]) * (w[d + 3] - x[d + 3])
        for d in range(n & ~3, n):
            a += (w[d] - x[d]) * (w[d] - x[d])
        return (a + c) + (b + e)

    cdef Py_ssize_t _nearest(self, Py_ssize_t i, double *nearest) noexcept nogil:
        """Search all centroids, leaving the squared distances in scratch."""
        cdef Py_ssize_t j, best = 0
        self._distances_to_all(&self.samples[i, 0], &self.scratch[0])
        for j in range(1, self.n_centroids):
            if self.scratch[j] < self.scratch[best]:
                best = j
        nearest[0] = self.scratch[best]
        return best

    cdef void _distances_to_all(self, const double *x, double *total) noexcept nogil:
        """Write the squared distances of x to all centroids to `total`."""
        cdef Py_ssize_t d, j, k = self.n_centroids
        cdef const double *column
        for j in range(k):
            total[j] = 0
        for d in range(self.samples.shape[1]):
            column = &self.columns[d, 0]
            for j in range(k):
                total[j] += (column[j] - x[d]) * (column[j] - x[d])

    cdef double _least_but(self, Py_ssize_t winner) noexcept nogil:
        """Return the least of the squared distances in scratch, but for the winner's."""
        cdef Py_ssize_t j
        cdef double least = INFINITY
        for j in range(self.n_centroids):
            if j != winner and self.scratch[j] < least:
                least = self.scratch[j]
        return least

    cdef void _touch(self, Py_ssize_t j) noexcept nogil:
        """Note that centroid j has moved: put it at the head of the list."""
        cdef Py_ssize_t end = self.members.shape[0]
        self.clock += 1
        self.moved_at[j] = self.clock
        self.older[self.newer[j]] = self.older[j]
        self.newer[self.older[j]] = self.newer[j]
        self.newer[j] = end
        self.older[j] = self.older[end]
        self.newer[self.older[end]] = j
        self.older[end] = j

    cdef void _sum_errors(self) noexcept nogil:
        """Sum weight * distance over the samples of each centroid that moved since last time.

        Their radii are then known exactly, too.
        """
        cdef Py_ssize_t i, j
        cdef double distance
        for j in range(self.n_centroids):
            if self.moved_at[j] > self.errors_at:
                self.errors[j] = 0
                self.radius[j] = 0
        for i in range(self.samples.shape[0]):
            j = self.labels[i]
            if self.moved_at[j] > self.errors_at:
                distance = self._distance(i, j)
                self.errors[j] += self.weights[i] * sqrt(distance)
                self._widen(j, distance)
        self.errors_at = self.clock

    cdef Py_ssize_t _worst(self) noexcept nogil:
        """Return the centroid with the largest error among those of several samples.

        The first on a tie; -1 if none has an error.
        """
        cdef Py_ssize_t j, worst = -1
        cdef double largest = 0
        for j in range(self.n_centroids):
            if self.members[j] > 1 and self.errors[j] > largest:
                largest = self.errors[j]
                worst = j
        return worst

    cdef Py_ssize_t _farthest(self, Py_ssize_t j) noexcept nogil:
        """Return the sample of centroid j that is farthest from it, the first on a tie."""
        cdef Py_ssize_t i, farthest = 0
        cdef double distance, largest = -1
        for i in range(self.samples.shape[0]):
            if self.labels[i] == j:
                distance = self._distance(i, j)
                if distance > largest:
                    largest = distance
                    farthest = i
        return farthest


def check_signals():
    """Raise KeyboardInterrupt after Ctrl-C, if in the main thread."""
    PyErr_CheckSignals()
