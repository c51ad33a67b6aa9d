"""Swaps: remove the cluster that costs least, split the one that gains most; keep what helps.

The neighbourhood settles for a few rounds before it is decided. A swap that does not lower the
error is undone, and both clusters then count for less until something in them changes.
"""

from libc.math cimport INFINITY
from libc.stdint cimport int64_t

from centnn._worklist.clusters cimport Clusters, Memory
from centnn._worklist.grow cimport Grower
from centnn._worklist.settle cimport Settler
from centnn._worklist.shrink cimport Shrinker

cdef enum:
    TRIAL_ROUNDS = 10
    AFTER_ROUNDS = 20  # once a swap is kept
    CANDIDATES = 8  # clusters considered for removal, and for a split
    RECORDED = 512  # failures remembered, to try none twice

cdef double LEAST_FALL = 1e-7  # relative: less may be rounding
cdef double PENALTY = 0.9
# A trial is given up when as good a round as the last one, so many times, would not save it.
cdef double HOPE = 4


cdef class Swapper:
    """Swaps clusters of a state."""

    def __init__(self, Clusters state, Grower grower, Shrinker shrinker, Settler settler):
        self.state = state
        self.grower = grower
        self.shrinker = shrinker
        self.settler = settler
        self.memory = memory = Memory()
        self.failures = <Failure *> memory.take(RECORDED, sizeof(Failure))
        self.as_split = <Penalty *> memory.take(state.capacity, sizeof(Penalty))
        self.as_removed = <Penalty *> memory.take(state.capacity, sizeof(Penalty))
        state.allow_undo()

    def restart(self):
        """Forget failures: they were those of another partition."""
        self.n_failures = 0
        self.state.sum_error()

    cdef Py_ssize_t run(self, Py_ssize_t n_tries, Py_ssize_t patience) except -1 nogil:
        """Try so many swaps, or until `patience` have failed in a row; return how many it were."""
        cdef Py_ssize_t n, removed = 0, split = 0
        for n in range(n_tries):
            if self.n_failures >= patience:
                return n
            self.grower.refresh()
            self.shrinker.refresh()
            if not self._choose(&removed, &split):
                self.n_failures = patience
                return n
            self.n_tries += 1
            if self._try(removed, split):
                self.n_failures = 0
            else:
                self.n_failures += 1
                self._punish(removed, split)
        return n_tries

    cdef bint _choose(self, Py_ssize_t *removed, Py_ssize_t *split) noexcept nogil:
        """Find the pair of the largest gain less cost; return False if there is none left."""
        cdef double gains[CANDIDATES]
        cdef double costs[CANDIDATES]
        cdef Py_ssize_t givers[CANDIDATES]
        cdef Py_ssize_t takers[CANDIDATES]
        cdef Py_ssize_t j, a, b, n_givers = 0, n_takers = 0
        cdef double net, best = -INFINITY
        for j in range(self.state.n_clusters):
            if self.state.cluster[j].gain > 0:
                insert(-self.state.cluster[j].gain * factor_of(&self.as_split[j],
                                                               self.state.cluster[j].stamp),
                       j, gains, givers, &n_givers)
            if j >= self.state.n_fixed:
                insert(self.state.cluster[j].cost / factor_of(&self.as_removed[j],
                                                              self.state.cluster[j].stamp),
                       j, costs, takers, &n_takers)
        for a in range(n_givers):
            for b in range(n_takers):
                net = -gains[a] - costs[b]
                if net <= best:
                    break
                if givers[a] == takers[b] or self._has_failed(takers[b], givers[a]):
                    continue
                best = net
                split[0] = givers[a]
                removed[0] = takers[b]
        return best > -INFINITY

    cdef bint _has_failed(self, Py_ssize_t removed, Py_ssize_t split) noexcept nogil:
        cdef Py_ssize_t f
        cdef Failure *failure
        for f in range(min(self.n_recorded, RECORDED)):
            failure = &self.failures[f]
            if (failure.removed == removed and failure.split == split
                    and failure.removed_stamp == self.state.cluster[removed].stamp
                    and failure.split_stamp == self.state.cluster[split].stamp):
                return True
        return False

    cdef void _punish(self, Py_ssize_t removed, Py_ssize_t split) noexcept nogil:
        cdef int64_t removed_stamp = self.state.cluster[removed].stamp
        cdef int64_t split_stamp = self.state.cluster[split].stamp
        self.as_removed[removed] = Penalty(
            PENALTY * factor_of(&self.as_removed[removed], removed_stamp), removed_stamp)
        self.as_split[split] = Penalty(
            PENALTY * factor_of(&self.as_split[split], split_stamp), split_stamp)
        self.failures[self.n_recorded % RECORDED] = Failure(removed, split, removed_stamp,
                                                            split_stamp)
        self.n_recorded += 1

    cdef bint _try(self, Py_ssize_t removed, Py_ssize_t split) except -1 nogil:
        """Swap, and undo it if it does not help; return whether it does."""
        cdef double before = self.state.error, last
        cdef int _
        self.state.begin()
        self.shrinker.remove(removed)
        self.grower.refresh_one(split)
        if self.state.cluster[split].gain > 0 and self.grower.split(split, removed):
            for _ in range(TRIAL_ROUNDS):
                last = self.state.error
                self.settler.round()
                if self.settler.n_active == 0 or self.state.error < before:
                    break
                if self.state.error - before > HOPE * (last - self.state.error):
                    break
            if before * (1 - LEAST_FALL) > self.state.error:
                # Not what rounding pretends: or swaps of no use might go on for ever.
                self.state.sum_error()
            if before * (1 - LEAST_FALL) > self.state.error:
                self.state.commit()
                self.settler.settle(AFTER_ROUNDS)
                self.state.sum_error()
                return True
        self.state.undo()
        return False


cdef double factor_of(const Penalty *penalty, int64_t stamp) noexcept nogil:
    return penalty.factor if penalty.stamp == stamp else 1


cdef void insert(double key, Py_ssize_t j, double *keys, Py_ssize_t *ids,
                 Py_ssize_t *n) noexcept nogil:
    """Insert into a list of the CANDIDATES least keys, rising; the first of equal ones first."""
    cdef Py_ssize_t at
    if n[0] == CANDIDATES:
        if key >= keys[CANDIDATES - 1]:
            return
        n[0] -= 1
    at = n[0]
    while at > 0 and keys[at - 1] > key:
        keys[at] = keys[at - 1]
        ids[at] = ids[at - 1]
        at -= 1
    keys[at] = key
    ids[at] = j
    n[0] += 1
