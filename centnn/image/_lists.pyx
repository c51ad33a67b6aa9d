"""Lists of integers in an entropy-coded stream: taking them back. FORMAT.md specifies it."""

from libc.stdint cimport int32_t, uint8_t, uint16_t, uint32_t, uint64_t

from functools import cache

import numpy as np

from centnn.image import _rans

from centnn.image._rans cimport Table, Words, is_spent, open_stream, pull

# How much less probable a number is than the one nearer to 0 by one, in 1/65536, for each class:
# floor(65536 * 2 ** -(2 ** (2 - i / 2))).
DECAYS = (
    4096, 9226, 16384, 24590, 32768, 40143, 46340, 51292, 55108, 57978,
    60096, 61641, 62757, 63558, 64131, 64539, 64830, 65036, 65182, 65285,
)

cdef enum:
    ESCAPE_ = 255
    MANY_STATES = 4  # that take turns, so that as many symbols are decoded at once

ESCAPE = ESCAPE_


def n_states(n_components):
    """Return how many states code the parameters of a codebook of so many components."""
    return MANY_STATES if n_components >= 4096 else 1


@cache
def uniform(n):
    """Return the table of n equally probable symbols."""
    return _rans.Table(np.full(n, _rans.MAX_WEIGHT))


@cache
def decaying(decay, signs):
    """Return the table of folded numbers of a class."""
    weights = [1 << 16]
    for i in range(ESCAPE):
        weights.append(weights[i] * DECAYS[decay] >> 16)
    symbols = np.arange(ESCAPE + 1)
    return _rans.Table(np.array(weights)[(symbols + 1) // 2 if signs else symbols])


cdef class Reader:
    """Takes lists from a stream, in the order in which they were written."""

    cdef const uint8_t[::1] data
    cdef uint64_t[MANY_STATES] states
    cdef Py_ssize_t n_states
    cdef Words words
    cdef Py_ssize_t turn  # whose state the next symbol is from

    def __init__(self, data, Py_ssize_t n_states):
        """Open a stream of so many states; ValueError if it cannot be one."""
        self.data = data
        self.n_states = n_states
        if not open_stream(self.data, self.states, n_states, &self.words):
            raise ValueError("data is corrupted: a stream must begin with valid states")

    def read(self, Py_ssize_t n_lists, Py_ssize_t n, *, bint signs):
        """Return the next lists (n_lists, n), int32; ValueError if the stream ends before."""
        result = np.empty((n_lists, n), np.int32)
        cdef int32_t[:, ::1] view = result
        cdef Py_ssize_t i
        for i in range(n_lists):
            self.read_list(&view[i, 0] if n else NULL, n, signs)
        return result

    def close(self):
        """Raise ValueError unless all lists were taken."""
        if not is_spent(self.states, self.n_states, &self.words):
            raise ValueError("data is corrupted: a stream does not end where it should")

    cdef read_list(self, int32_t *folded, Py_ssize_t n, bint signs):
        cdef int32_t decay, mask
        cdef Py_ssize_t i
        self.take(uniform(len(DECAYS)), 1, &decay)
        self.take(decaying(decay, signs), n, folded)
        for i in range(n):
            if folded[i] == ESCAPE_:
                self.escape(folded, n)
                break
        if signs:
            for i in range(n):
                mask = (folded[i] & 1) - 1  # all bits of even ones, which are negative
                folded[i] = (((folded[i] + 1) >> 1) ^ mask) - mask
        if self.words.overrun:
            raise ValueError("data is corrupted: a stream ends too early")

    cdef escape(self, int32_t *folded, Py_ssize_t n):
        """Add what is beyond ESCAPE, a byte of each number at a time."""
        cdef Py_ssize_t[::1] places = np.flatnonzero(np.asarray(<int32_t[:n]> folded) == ESCAPE)
        cdef Table table = uniform(256)
        cdef int32_t byte
        cdef Py_ssize_t i
        cdef int shift
        for shift in range(0, 24, 8):
            for i in range(places.shape[0]):
                self.take(table, 1, &byte)
                folded[places[i]] += byte << shift

    cdef void take(self, Table table, Py_ssize_t n, int32_t *symbols) noexcept nogil:
        cdef const uint32_t *starts = &table.starts_view[0]
        cdef const uint16_t *hints = &table.hints[0]
        cdef uint64_t[MANY_STATES] states = self.states
        cdef Py_ssize_t last_turn = self.n_states - 1
        cdef Words words = self.words
        cdef Py_ssize_t turn = self.turn
        cdef Py_ssize_t i
        for i in range(n):
            symbols[i] = <int32_t> pull(&states[turn], starts, hints, &words)
            turn = turn + 1 if turn < last_turn else 0
        self.states = states
        self.words = words
        self.turn = turn
