"""The entropy coder's arithmetic, for loops that choose a table for each symbol."""

from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t

cdef enum:
    PRECISION = 20  # bits of a probability; a table's intervals sum to 2 ** PRECISION
    HINT_SHIFT = 8  # binary logarithm of the slots that share a hint

cdef extern from *:
    """
    #define CENTNN_LEAST_STATE (UINT64_C(1) << 31)
    """
    const uint64_t LEAST_STATE "CENTNN_LEAST_STATE"  # a state is below 2 ** 63, too


# What is left of a stream.
ctypedef struct Words:
    const uint8_t *next
    const uint8_t *end
    bint overrun  # whether a word was asked for that is not there


cdef inline uint32_t word_at(const uint8_t *data) noexcept nogil:
    return data[0] | <uint32_t> data[1] << 8 | <uint32_t> data[2] << 16 | <uint32_t> data[3] << 24


cdef inline uint64_t advance(
    uint64_t state, uint32_t start, uint32_t end, Words *words
) noexcept nogil:
    """Return the state after the symbol in whose interval, from start to end, its slot is."""
    state = (end - start) * (state >> PRECISION) + (state & ((1 << PRECISION) - 1)) - start
    if state < LEAST_STATE:
        state = state << 32
        if words.next == words.end:
            words.overrun = True
        else:
            state |= word_at(words.next)
            words.next += 4
    return state


cdef inline Py_ssize_t pull(
    uint64_t *state, const uint32_t *starts, const uint16_t *hints, Words *words
) noexcept nogil:
    """Return the next symbol, of a Table with these starts and hints."""
    cdef uint32_t slot = <uint32_t> (state[0] & ((1 << PRECISION) - 1))
    cdef Py_ssize_t symbol = hints[slot >> HINT_SHIFT]
    # One step at most leads from most hints to their symbols; here without a jump to mispredict.
    symbol += starts[symbol + 1] <= slot
    while starts[symbol + 1] <= slot:
        symbol += 1
    state[0] = advance(state[0], starts[symbol], starts[symbol + 1], words)
    return symbol


cdef inline uint32_t scale_of(Py_ssize_t n, uint64_t total) noexcept nogil:
    """Return the scale for n weights of this sum, of which the largest is 2 ** 16."""
    # 2**16 <= total <= 2**32, so that the scale is below 2**32.
    return <uint32_t> ((<uint64_t> ((1 << PRECISION) - n) << 28) // total)


cdef inline uint32_t size_of(uint32_t weight, uint32_t scale) noexcept nogil:
    """Return the size of the interval of a symbol, unless it is the last, which gets the rest."""
    return 1 + <uint32_t> (<uint64_t> weight * scale >> 28)


cdef class Table:
    cdef readonly object starts
    cdef const uint32_t[::1] starts_view
    cdef const uint16_t[::1] hints


# Return whether the data are whole words and begin with so many states.
cdef bint open_stream(
    const uint8_t[::1] data,
    uint64_t *states,  # OUT (n_states,)
    Py_ssize_t n_states,
    Words *words,  # OUT
) noexcept nogil


# Return whether exactly all was taken that was encoded.
cdef bint is_spent(const uint64_t *states, Py_ssize_t n_states, const Words *words) noexcept nogil
