"""The entropy coder's arithmetic, for loops that choose a table for each symbol."""

from libc.stdint cimport uint16_t, uint32_t, uint64_t

cdef enum:
    PRECISION = 20  # bits of a probability; a table's intervals sum to 2 ** PRECISION

cdef extern from *:
    """
    #define CENTNN_LEAST_STATE (UINT64_C(1) << 31)
    """
    const uint64_t LEAST_STATE "CENTNN_LEAST_STATE"  # a state is below 2 ** 63, too


ctypedef struct Source:
    uint64_t state
    const uint32_t *words
    Py_ssize_t n_words
    Py_ssize_t used  # more than n_words once words were asked for that are not there


cdef inline Py_ssize_t pull(
    Source *source,
    const uint32_t *starts,
    const uint16_t *hints,
    int hint_shift,
) noexcept nogil:
    """Return the next symbol, of a table as `build` makes it."""
    cdef uint64_t state = source.state
    cdef uint32_t slot = <uint32_t> (state & ((1 << PRECISION) - 1))
    cdef Py_ssize_t symbol = hints[slot >> hint_shift]
    # Two steps at most lead from most hints to their symbols; here without a jump to mispredict.
    symbol += starts[symbol + 1] <= slot
    symbol += starts[symbol + 1] <= slot
    while starts[symbol + 1] <= slot:
        symbol += 1
    cdef uint32_t start = starts[symbol]
    state = (starts[symbol + 1] - start) * (state >> PRECISION) + slot - start
    if state < LEAST_STATE:
        state = state << 32
        if source.used < source.n_words:
            state |= source.words[source.used]
        source.used += 1
    source.state = state
    return symbol


cdef void build(
    const uint32_t *weights,  # IN (n,), each at most 2 ** 16, not all 0
    Py_ssize_t n,  # at most 2 ** 16
    uint32_t *starts,  # OUT (n + 1,)
    uint16_t *hints,  # OUT (2 ** (PRECISION - hint_shift) + 1,)
    int hint_shift,
) noexcept nogil

cdef int hint_shift_of(Py_ssize_t n_symbols) noexcept nogil

cdef bint open_source(Source *source, const uint32_t *words, Py_ssize_t n_words) noexcept nogil

cdef bint is_spent(const Source *source) noexcept nogil
