"""Entropy coding: rANS with 64 bits of state and tables of 2**20. FORMAT.md specifies it."""

from libc.stdint cimport uint16_t, uint32_t, uint64_t
from libc.string cimport memset

import numpy as np

MAX_SYMBOLS = 1 << 16
MAX_WEIGHT = 1 << 16
_N_INTERVALS = 1 << PRECISION


cdef class Table:
    """How probable each symbol is: `starts[k]` to `starts[k + 1]` is the interval of symbol k."""

    cdef readonly object starts
    cdef uint32_t[::1] starts_view
    cdef uint16_t[::1] hints
    cdef int hint_shift

    def __init__(self, weights):
        """Make a table from weights (n,), uint32, at most MAX_WEIGHT each and not all 0."""
        cdef const uint32_t[::1] view = np.ascontiguousarray(weights, np.uint32)
        cdef Py_ssize_t n = view.shape[0]
        self.hint_shift = hint_shift_of(n)
        self.starts = np.empty(n + 1, np.uint32)
        self.starts_view = self.starts
        self.hints = np.empty((1 << (PRECISION - self.hint_shift)) + 1, np.uint16)
        build(&view[0], n, &self.starts_view[0], &self.hints[0], self.hint_shift)


def encode(starts, sizes):
    """Return the stream of symbols with these intervals, in this order.

    Parameters
    ----------
    starts, sizes : array of uint32
        Start and size of the interval of each symbol; sizes above 0.

    Returns
    -------
    bytes
    """
    cdef const uint32_t[::1] start_view = starts
    cdef const uint32_t[::1] size_view = sizes
    cdef Py_ssize_t n = start_view.shape[0]
    words = np.empty(n + 2, np.uint32)
    cdef uint32_t[::1] word_view = words
    # What is decoded first is encoded last, so both symbols and words come from the back.
    cdef Py_ssize_t first = n + 2
    cdef uint64_t state = LEAST_STATE
    cdef Py_ssize_t i
    cdef uint64_t size
    with nogil:
        for i in range(n - 1, -1, -1):
            size = size_view[i]
            if state >= size << (63 - PRECISION):
                first -= 1
                word_view[first] = <uint32_t> state
                state >>= 32
            state = ((state // size) << PRECISION) + state % size + start_view[i]
        first -= 2
        word_view[first] = <uint32_t> state
        word_view[first + 1] = <uint32_t> (state >> 32)
    return words[first:].astype("<u4").tobytes()


cdef class Decoder:
    """Takes symbols from a stream, many at a time."""

    cdef Source source
    cdef const uint32_t[::1] words

    def __init__(self, data):
        """Open the stream that `encode` returned; ValueError if it cannot be one."""
        if len(data) % 4:
            raise ValueError(f"data is corrupted: a stream must be whole words, got {len(data)}")
        self.words = np.frombuffer(data, "<u4").astype(np.uint32)
        if not open_source(
            &self.source, &self.words[0] if self.words.shape[0] else NULL, self.words.shape[0]
        ):
            raise ValueError("data is corrupted: a stream must begin with a valid state")

    def pull(self, Py_ssize_t n, Table table):
        """Return the next n symbols, which were encoded with this table, as int64."""
        symbols = np.empty(n, np.int64)
        cdef long long[::1] view = symbols
        cdef const uint32_t *starts = &table.starts_view[0]
        cdef const uint16_t *hints = &table.hints[0]
        cdef int shift = table.hint_shift
        cdef Py_ssize_t i
        with nogil:
            for i in range(n):
                view[i] = pull(&self.source, starts, hints, shift)
        if self.source.used > self.source.n_words:
            raise ValueError("data is corrupted: a stream ends too early")
        return symbols

    def close(self):
        """Raise ValueError unless exactly all was taken that was encoded."""
        if not is_spent(&self.source):
            raise ValueError("data is corrupted: a stream does not end where it should")


cdef void build(
    const uint32_t *weights,
    Py_ssize_t n,
    uint32_t *starts,
    uint16_t *hints,
    int hint_shift,
) noexcept nogil:
    cdef uint64_t total = 0
    cdef uint64_t below = 0
    cdef Py_ssize_t k
    for k in range(n):
        total += weights[k]
    # total <= 2**32 and scale * total <= 2**52, so that nothing overflows.
    cdef uint64_t scale = (<uint64_t> ((1 << PRECISION) - n) << 32) // total
    for k in range(n):
        starts[k] = <uint32_t> (k + (below * scale >> 32))
        below += weights[k]
    starts[n] = 1 << PRECISION
    # A hint is the last symbol that starts at or before the first of the hint's slots.
    cdef Py_ssize_t n_hints = <Py_ssize_t> 1 << (PRECISION - hint_shift)
    cdef uint32_t last = (1 << hint_shift) - 1
    memset(hints, 0, (n_hints + 1) * sizeof(uint16_t))
    for k in range(n):
        hints[(starts[k] + last) >> hint_shift] = <uint16_t> k
    for k in range(1, n_hints):
        hints[k] = max(hints[k], hints[k - 1])


cdef int hint_shift_of(Py_ssize_t n_symbols) noexcept nogil:
    # More hints than symbols, so that few steps lead from a hint to its symbol.
    cdef int bits = 1
    while 1 << bits < 2 * n_symbols:
        bits += 1
    return PRECISION - bits


cdef bint open_source(Source *source, const uint32_t *words, Py_ssize_t n_words) noexcept nogil:
    if n_words < 2:
        return False
    source.words = words
    source.n_words = n_words
    source.used = 2
    source.state = words[0] | <uint64_t> words[1] << 32
    return LEAST_STATE <= source.state and source.state < <uint64_t> 1 << 63


cdef bint is_spent(const Source *source) noexcept nogil:
    return source.used == source.n_words and source.state == LEAST_STATE
