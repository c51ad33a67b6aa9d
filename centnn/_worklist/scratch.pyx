"""What a thread needs to work with a tile of samples."""

from libc.stdint cimport int32_t, uint8_t

from centnn._search cimport NEAR_TILE
from centnn._worklist.clusters cimport Clusters

cdef enum:
    PANEL = 16  # as many reals as a kernel's panel has, or more


cdef class Bench:
    """A scratch area for each thread."""

    def __init__(self, Clusters state, int n_threads):
        cdef Scratch *s
        cdef Py_ssize_t t, real = state.real_size, d = state.d, capacity = state.capacity
        self.memory = memory = Memory()
        self.n_threads = n_threads
        self.scratch = <Scratch *> memory.take(n_threads, sizeof(Scratch))
        for t in range(n_threads):
            s = &self.scratch[t]
            s.tile.x = memory.take(d * NEAR_TILE, real)
            s.tile.weight = memory.take(NEAR_TILE, real)
            s.tile.mass = <double *> memory.take(NEAR_TILE, sizeof(double))
            s.tile.own = <double *> memory.take(NEAR_TILE, sizeof(double))
            s.tile.gain = <double *> memory.take(NEAR_TILE, sizeof(double))
            s.tile.value = <double *> memory.take(NEAR_TILE, sizeof(double))
            s.tile.who = <int32_t *> memory.take(NEAR_TILE, sizeof(int32_t))
            s.rivals.ids = <int32_t *> memory.take(state.stride, sizeof(int32_t))
            s.rivals.gap = memory.take(state.stride, real)
            s.rivals.stretch = memory.take(state.stride, real)
            s.rivals.inverse = memory.take(state.stride, real)
            s.gap = memory.take(state.stride, real)
            s.stretch = memory.take(state.stride, real)
            s.ids = <int32_t *> memory.take(NEAR_TILE, sizeof(int32_t))
            s.side = <uint8_t *> memory.take(NEAR_TILE, sizeof(uint8_t))
            s.lanes = memory.take((d + 1) * PANEL, real)
            s.sums = <double *> memory.take(d + 1, sizeof(double))
            s.first = memory.take(d, real)
            s.second = memory.take(d, real)
            s.axis = memory.take(d, real)
            s.received = <double *> memory.take(capacity * d, sizeof(double))
            s.weight = <double *> memory.take(capacity, sizeof(double))
            s.error = <double *> memory.take(capacity, sizeof(double))
            s.receivers = <int32_t *> memory.take(capacity, sizeof(int32_t))
