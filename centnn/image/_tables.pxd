"""Tables of intervals that are made for few symbols: quick to make, and to search.

A table is a tree: where intervals start, for one in FAN**2 of them (unless FAN**2 are all), for
one in FAN, for each; filled up with 2**PRECISION. A node is a line of the cache.
"""

from libc.stdint cimport uint8_t, uint32_t, uint64_t

from centnn.image._rans cimport PRECISION, scale_of, size_of

cdef enum:
    FAN = 16  # intervals of a node
    OCTAVE = 4  # steps of a logarithm in which weight doubles
    LARGEST = 255  # logarithm, of the weight 2**16
    LEAST = LARGEST - 16 * OCTAVE  # smaller ones count for nothing

cdef extern from *:
    """
    /* How many of 16 numbers in ascending order, below 2**31, are at most `value`. */
    #if defined(__SSE2__) && defined(__GNUC__)
    #include <emmintrin.h>
    static inline int count_to(const uint32_t *numbers, uint32_t value)
    {
        const __m128i *four = (const __m128i *) numbers; /* tables are aligned */
        __m128i v = _mm_set1_epi32((int) value);
        __m128i a = _mm_packs_epi32(_mm_cmpgt_epi32(four[0], v), _mm_cmpgt_epi32(four[1], v));
        __m128i b = _mm_packs_epi32(_mm_cmpgt_epi32(four[2], v), _mm_cmpgt_epi32(four[3], v));
        int larger = _mm_movemask_epi8(_mm_packs_epi16(a, b));
        return __builtin_ctz(1U << 16 | (unsigned) larger);
    }
    #else
    static inline int count_to(const uint32_t *numbers, uint32_t value)
    {
        int n = 0;
        for (int i = 0; i < 16; i++)
            n += numbers[i] <= value;
        return n;
    }
    #endif

    /* The sum of the weights. The empty instruction keeps compilers from making vectors of it,
       twice as slow here. */
    static inline uint64_t sum_of(const uint32_t *powers, const uint8_t *logs, Py_ssize_t n)
    {
        uint64_t total = 0;
        for (Py_ssize_t i = 0; i < n; i++) {
            total += powers[logs[i]];
    #if defined(__GNUC__)
            __asm__("" : "+r"(total));
    #endif
        }
        return total;
    }

    /* Writes sums, raised so that the largest is 255. */
    static inline void add_up(
        const uint8_t *restrict a, const uint8_t *restrict b, Py_ssize_t n,
        uint8_t *restrict sums)
    {
        uint8_t largest = 0;
        for (Py_ssize_t i = 0; i < n; i++) {
            sums[i] = (uint8_t) (a[i] + b[i]);
            largest = sums[i] > largest ? sums[i] : largest;
        }
        for (Py_ssize_t i = 0; i < n; i++)
            sums[i] = (uint8_t) (sums[i] + (255 - largest));
    }
    """
    int count_to(const uint32_t *numbers, uint32_t value) nogil
    uint64_t sum_of(const uint32_t *powers, const uint8_t *logs, Py_ssize_t n) nogil
    void add_up(const uint8_t *a, const uint8_t *b, Py_ssize_t n, uint8_t *sums) nogil


ctypedef struct Layout:
    Py_ssize_t n  # symbols
    # Numbers before the second level, before the last one, and of a table.
    Py_ssize_t middle, leaves, size


cdef inline Layout layout_of(Py_ssize_t n) noexcept nogil:
    """Return the layout of tables of n symbols."""
    cdef Layout layout
    layout.n = n
    layout.middle = filled_up((n + FAN * FAN - 1) // (FAN * FAN)) if n > FAN * FAN else 0
    layout.leaves = layout.middle + filled_up((n + FAN - 1) // FAN)
    layout.size = layout.leaves + filled_up(n + 1)
    return layout


cdef inline Py_ssize_t filled_up(Py_ssize_t n) noexcept nogil:
    """Return the next multiple of FAN."""
    return (n + FAN - 1) // FAN * FAN


cdef inline void make_table(
    const Layout *layout,
    const uint32_t *powers,  # IN: weights by their logarithms
    const uint8_t *left,  # IN (n,), logarithms, to be added to those above
    const uint8_t *above,  # IN (n,)
    uint8_t *logs,  # room for n
    uint32_t *table,  # OUT
) noexcept nogil:
    cdef uint32_t *starts = table + layout.leaves
    cdef uint32_t[LARGEST + 1] sizes
    cdef uint32_t start = 0
    cdef uint32_t scale
    cdef Py_ssize_t i
    add_up(left, above, layout.n, logs)
    scale = scale_of(layout.n, sum_of(powers, logs, layout.n))
    for i in range(LEAST):
        sizes[i] = 1
    for i in range(LEAST, LARGEST + 1):
        sizes[i] = size_of(powers[i], scale)
    for i in range(layout.n):
        starts[i] = start
        start += sizes[logs[i]]
    for i in range(layout.n, layout.size - layout.leaves):
        starts[i] = 1 << PRECISION
    thin_out(starts, layout.n, FAN, table + layout.middle, layout.leaves - layout.middle)
    thin_out(starts, layout.n, FAN * FAN, table, layout.middle)


cdef inline void thin_out(
    const uint32_t *starts, Py_ssize_t n, Py_ssize_t step, uint32_t *out, Py_ssize_t room
) noexcept nogil:
    """Copy each step-th of n starts, and fill the room up."""
    cdef Py_ssize_t i
    for i in range(room):
        out[i] = starts[i * step] if i * step < n else 1 << PRECISION


cdef inline Py_ssize_t find(
    const uint32_t *table, Py_ssize_t middle, Py_ssize_t leaves, uint32_t slot
) noexcept nogil:
    """Return in which interval a slot is."""
    cdef Py_ssize_t place = 0
    cdef Py_ssize_t i
    if middle:
        for i in range(middle // FAN):
            place += count_to(table + i * FAN, slot)
        place = (place - 1) * FAN
    place = (place + count_to(table + middle + place, slot) - 1) * FAN
    return place + count_to(table + leaves + place, slot) - 1
