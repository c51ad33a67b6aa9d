"""What the model of neighbouring codes sees of each codeword. FORMAT.md specifies it."""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t
from libc.stdlib cimport calloc, free

import numpy as np

ctypedef fused sample:
    uint8_t
    uint16_t

cdef enum:
    LEVEL_BITS = 8

MAX_STEP_BITS = LEVEL_BITS  # of the largest step, which tells no means apart


cdef class Borders:
    """The borders of codewords: those that continue others, and those that others continue."""

    def __init__(self, codebook, int depth):
        """Look at a codebook (K, height, width, C) of samples of so many bits."""
        n, _, _, channels = codebook.shape
        self.n_codewords = n
        self.n_channels = channels
        self.entering = np.empty((2, channels, n), np.int32)
        self.leaving = np.empty((2, channels, n), np.int32)
        self.roughness = np.zeros((2, n), np.int32)
        self.span = np.zeros((2, n), np.int32)
        if depth == 8:
            look_at[uint8_t](self, codebook)
        else:
            look_at[uint16_t](self, codebook)


cdef void look_at(Borders borders, const sample[:, :, :, ::1] codebook) noexcept:
    cdef Py_ssize_t height = codebook.shape[1]
    cdef Py_ssize_t width = codebook.shape[2]
    cdef Py_ssize_t n_channels = codebook.shape[3]
    cdef Py_ssize_t line = width * n_channels
    cdef Py_ssize_t k, c
    cdef const sample *pixels
    for k in range(codebook.shape[0]):
        for c in range(n_channels):
            pixels = &codebook[k, 0, 0, c]
            enter(borders, LEFT, c, k, pixels, height, line)
            enter(borders, TOP, c, k, pixels, width, n_channels)
            leave(borders, LEFT, c, k, pixels + line - n_channels, height, line)
            leave(borders, TOP, c, k, pixels + (height - 1) * line, width, n_channels)


cdef inline void enter(
    Borders borders,
    int side,
    Py_ssize_t c,
    Py_ssize_t k,
    const sample *pixels,
    Py_ssize_t n,
    Py_ssize_t step,
) noexcept:
    """Look at the n samples of a side that continues others, so many steps apart."""
    cdef int32_t mean = mean_of(pixels, n, step)
    cdef int64_t squares = 0
    cdef int64_t difference
    cdef Py_ssize_t i
    for i in range(n):
        difference = fine(pixels[i * step]) - mean
        squares += difference * difference
    borders.entering[side, c, k] = mean
    borders.roughness[side, k] += <int32_t> (squares // n)


cdef inline void leave(
    Borders borders,
    int side,
    Py_ssize_t c,
    Py_ssize_t k,
    const sample *pixels,
    Py_ssize_t n,
    Py_ssize_t step,
) noexcept:
    """Look at the n samples of a side that others continue, so many steps apart."""
    cdef int32_t least = fine(pixels[0])
    cdef int32_t largest = least
    cdef Py_ssize_t i
    for i in range(1, n):
        least = min(least, fine(pixels[i * step]))
        largest = max(largest, fine(pixels[i * step]))
    borders.leaving[side, c, k] = mean_of(pixels, n, step)
    borders.span[side, k] = max(borders.span[side, k], largest - least)


cdef inline int32_t mean_of(const sample *pixels, Py_ssize_t n, Py_ssize_t step) noexcept:
    cdef int32_t total = 0
    cdef Py_ssize_t i
    for i in range(n):
        total += fine(pixels[i * step])
    return total // <int32_t> n


cdef inline int32_t fine(sample value) noexcept nogil:
    """Return a sample in grey levels with FRACTION more bits."""
    return value << FRACTION if sample is uint8_t else value >> (8 - FRACTION)


cdef class Classes:
    """Which sides that others continue have the same mean, in steps of so many grey levels."""

    def __init__(self, Borders borders, int step_bits):
        cdef Py_ssize_t n = borders.n_codewords
        cdef Py_ssize_t n_channels = borders.n_channels
        cdef int bits = LEVEL_BITS - step_bits
        self.numbers = np.empty((2, n), np.uint32)
        self.middles = np.empty((2 * n, n_channels), np.int32)
        # The number after that of each combination of steps; 0 if it has none yet. Few are touched.
        cdef uint32_t *found = <uint32_t *> calloc(1 << bits * n_channels, sizeof(uint32_t))
        if not found:
            raise MemoryError
        cdef uint32_t place
        cdef Py_ssize_t side, k, c
        for side in range(2):
            for k in range(n):
                place = 0
                for c in range(n_channels):
                    place = place << bits | borders.leaving[side, c, k] >> (FRACTION + step_bits)
                if not found[place]:
                    for c in range(n_channels):
                        self.middles[self.n_classes, c] = middle(
                            borders.leaving[side, c, k], FRACTION + step_bits
                        )
                    self.n_classes += 1
                    found[place] = <uint32_t> self.n_classes
                self.numbers[side, k] = found[place] - 1
        free(found)


cdef inline int32_t middle(int32_t value, int bits) noexcept nogil:
    """Return the middle of the step in which a value is."""
    return (value >> bits << bits) + (1 << bits >> 1)
