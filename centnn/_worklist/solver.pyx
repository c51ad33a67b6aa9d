"""A state with the stages that work on it, each reported round by round."""

from cpython.exc cimport PyErr_CheckSignals
from libc.stdint cimport int32_t

from centnn._worklist.clusters cimport Clusters
from centnn._worklist.grow cimport Grower
from centnn._worklist.scratch cimport Bench
from centnn._worklist.settle cimport Settler
from centnn._worklist.shrink cimport Shrinker
from centnn._worklist.swap cimport Swapper
from centnn._worklist import cross as crossing

cdef enum:
    SETTLED = 1000  # rounds: more than it ever takes
    TRIES = 8  # swaps between two reports


cdef class Solver:
    """Finds a partition of samples into clusters, at most `capacity` of them on the way.

    `monitor(rounds, n_clusters, error)` is called after each round or batch of swaps; when it
    returns True, or `stop` is called, the stages end as soon as they can.
    """

    cdef readonly Clusters state
    cdef readonly int n_threads
    cdef public object monitor
    cdef readonly bint is_stopped
    cdef Grower grower
    cdef Shrinker shrinker
    cdef Settler settler
    cdef Swapper swapper

    def __init__(self, samples, weights, Py_ssize_t capacity, int n_threads, monitor=None):
        cdef Bench bench
        self.n_threads = n_threads
        self.monitor = monitor
        self.state = Clusters(samples, weights, capacity)
        bench = Bench(self.state, n_threads)
        self.grower = Grower(self.state, bench)
        self.shrinker = Shrinker(self.state, bench)
        self.settler = Settler(self.state, bench)

    @property
    def n_rounds(self):
        return self.settler.n_rounds

    def stop(self):
        """Make the stages end; may be called from another thread."""
        self.is_stopped = True

    def report(self):
        """Tell the monitor how far it is; return whether to stop."""
        if self.monitor is not None:
            PyErr_CheckSignals()
            if self.monitor(self.n_rounds, self.state.n_clusters,
                            self.state.unscaled(self.state.error)):
                self.is_stopped = True
        return self.is_stopped

    def settle(self, Py_ssize_t n_rounds=SETTLED):
        """Let samples move, until no more want to or for so many rounds."""
        cdef Py_ssize_t _
        for _ in range(n_rounds):
            if self.is_stopped:
                break
            with nogil:
                self.settler.round()
            if self.settler.n_active == 0:
                self.state.sum_error()
                break
            self.report()

    def grow(self, Py_ssize_t n_clusters, double ratio, Py_ssize_t n_rounds=2):
        """Split clusters until there are so many, or as many as there are distinct samples."""
        self.settle(1)
        while self.state.n_clusters < n_clusters and not self.is_stopped:
            goal = max(self.state.n_clusters + 1, int(self.state.n_clusters * ratio))
            if not self.grower.step(min(n_clusters, goal)):
                break
            self.settle(n_rounds)

    def swap(self, Py_ssize_t patience):
        """Swap clusters until `patience` swaps in a row have failed."""
        cdef Py_ssize_t tried = 1
        if self.swapper is None:
            self.swapper = Swapper(self.state, self.grower, self.shrinker, self.settler)
        self.swapper.restart()
        while tried > 0 and not self.is_stopped:
            with nogil:
                tried = self.swapper.run(TRIES, patience)
            self.report()
        self.settle()

    def cross(self, labels):
        """Cross the partition with another one, and let it settle."""
        crossing.cross(self.state, labels, self.n_threads)
        self.settle(20)

    def load(self, const int32_t[::1] labels, Py_ssize_t n_clusters):
        """Start anew from a partition."""
        self.state.load(labels, n_clusters)
