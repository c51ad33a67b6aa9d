"""The entropy coder, rANS, with 64 bits of state and tables of 2**20. FORMAT.md specifies it."""

from libc.stdint cimport uint8_t, uint32_t, uint64_t

import numpy as np

MAX_SYMBOLS = 1 << 16
MAX_WEIGHT = 1 << 16

cdef enum:
    N_HINTS = 1 << (PRECISION - HINT_SHIFT)
    MAX_STATES = 8


cdef class Table:
    """How probable each symbol is: `starts[k]` to `starts[k + 1]` is the interval of symbol k."""

    def __init__(self, weights):
        """Make a table from weights (n,), the largest of them MAX_WEIGHT."""
        cdef const uint32_t[::1] view = np.ascontiguousarray(weights, np.uint32)
        cdef Py_ssize_t n = view.shape[0]
        cdef uint32_t scale = scale_of(n, np.sum(weights, dtype=np.uint64))
        cdef uint32_t[::1] starts = np.zeros(n + 1, np.uint32)
        cdef Py_ssize_t k
        for k in range(n - 1):
            starts[k + 1] = starts[k] + size_of(view[k], scale)
        starts[n] = 1 << PRECISION
        self.starts = np.asarray(starts)
        self.starts_view = starts
        # A hint is the last symbol that starts at or before the first of the hint's slots.
        firsts = np.arange(N_HINTS) << HINT_SHIFT
        hints = np.searchsorted(self.starts[:n], firsts, side="right") - 1
        self.hints = hints.astype(np.uint16)


def encode(starts, sizes, Py_ssize_t n_states=1):
    """Return the stream of symbols with these intervals, in this order.

    Parameters
    ----------
    starts, sizes : array of uint32
        Start and size of the interval of each symbol; sizes above 0.
    n_states : int
        States that take turns, so that as many symbols can be decoded at once; at most 8.

    Returns
    -------
    bytes
    """
    cdef const uint32_t[::1] start_view = starts
    cdef const uint32_t[::1] size_view = sizes
    cdef Py_ssize_t n = start_view.shape[0]
    words = np.empty(n + 2 * n_states, np.uint32)
    cdef uint32_t[::1] word_view = words
    # What is decoded first is encoded last, so both symbols and words come from the back.
    cdef Py_ssize_t first = n + 2 * n_states
    cdef uint64_t[MAX_STATES] states
    cdef uint64_t *state
    cdef Py_ssize_t i
    cdef uint64_t size
    with nogil:
        for i in range(n_states):
            states[i] = LEAST_STATE
        for i in range(n - 1, -1, -1):
            state = &states[i % n_states]
            size = size_view[i]
            if state[0] >= size << (63 - PRECISION):
                first -= 1
                word_view[first] = <uint32_t> state[0]
                state[0] >>= 32
            state[0] = ((state[0] // size) << PRECISION) + state[0] % size + start_view[i]
        for i in range(n_states - 1, -1, -1):
            first -= 2
            word_view[first] = <uint32_t> states[i]
            word_view[first + 1] = <uint32_t> (states[i] >> 32)
    return words[first:].astype("<u4").tobytes()


cdef bint open_stream(
    const uint8_t[::1] data, uint64_t *states, Py_ssize_t n_states, Words *words
) noexcept nogil:
    cdef Py_ssize_t i
    if data.shape[0] % 4 or data.shape[0] < 8 * n_states:
        return False
    for i in range(n_states):
        states[i] = word_at(&data[8 * i]) | <uint64_t> word_at(&data[8 * i + 4]) << 32
        if states[i] < LEAST_STATE or states[i] >> 63:
            return False
    words.next = &data[0] + 8 * n_states
    words.end = &data[0] + data.shape[0]
    words.overrun = False
    return True


cdef bint is_spent(const uint64_t *states, Py_ssize_t n_states, const Words *words) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n_states):
        if states[i] != LEAST_STATE:
            return False
    return words.next == words.end and not words.overrun
