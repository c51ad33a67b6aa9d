"""From codes to pixels: painting blocks, and colours from luma and chroma. FORMAT.md specifies it.
"""

from libc.stdint cimport int64_t, uint8_t, uint16_t
from libc.string cimport memcpy

import numpy as np

ctypedef fused sample:
    uint8_t
    uint16_t


def paint(
    const uint16_t[:, ::1] codes, const sample[:, :, :, ::1] codewords, sample[:, :, ::1] out
):
    """Fill a plane (height, width, channels) with the codewords (K, h, w, channels) of codes.

    What the last blocks have beyond the plane's edges is left out.
    """
    cdef Py_ssize_t block_height = codewords.shape[1]
    cdef Py_ssize_t block_width = codewords.shape[2]
    cdef Py_ssize_t columns = codes.shape[1]
    cdef Py_ssize_t pixel = codewords.shape[3] * sizeof(sample)
    cdef Py_ssize_t line = out.shape[1] * pixel
    cdef Py_ssize_t whole = block_width * pixel
    cdef Py_ssize_t last = line - (columns - 1) * whole
    cdef Py_ssize_t size = block_height * whole
    cdef const uint8_t *blocks = <const uint8_t *> &codewords[0, 0, 0, 0]
    cdef uint8_t *place
    cdef Py_ssize_t row, column, lines
    with nogil:
        for row in range(codes.shape[0]):
            place = <uint8_t *> &out[row * block_height, 0, 0]
            lines = min(block_height, out.shape[0] - row * block_height)
            for column in range(columns - 1):
                copy(blocks + codes[row, column] * size, place, lines, whole, whole, line)
                place += whole
            copy(blocks + codes[row, columns - 1] * size, place, lines, last, whole, line)


cdef inline void copy(
    const uint8_t *block,
    uint8_t *place,
    Py_ssize_t lines,
    Py_ssize_t n_bytes,
    Py_ssize_t block_line,
    Py_ssize_t line,
) noexcept nogil:
    """Copy lines of so many bytes from a block to a picture."""
    cdef Py_ssize_t y
    for y in range(lines):
        if n_bytes == 4:  # in one instruction
            memcpy(place + y * line, block + y * block_line, 4)
        else:
            memcpy(place + y * line, block + y * block_line, n_bytes)


def doubled(const sample[:, :, ::1] plane, Py_ssize_t height, Py_ssize_t width):
    """Return a plane at twice its rows and columns, cut to this size.

    A new sample lies a quarter of a step from the nearest old one: it is three quarters of that
    and one quarter of the next on its other side, in either direction.
    """
    cdef Py_ssize_t rows = plane.shape[0]
    cdef Py_ssize_t columns = plane.shape[1]
    cdef Py_ssize_t channels = plane.shape[2]
    result = np.empty((height, width, channels), np.asarray(plane).dtype)
    cdef sample[:, :, ::1] out = result
    line_array = np.empty((columns, channels), np.int32)
    cdef int[:, ::1] line = line_array
    cdef Py_ssize_t y, x, c, near, far
    with nogil:
        for y in range(height):
            near = y >> 1
            far = min(near + 1, rows - 1) if y & 1 else max(near - 1, 0)
            for x in range(columns):
                for c in range(channels):
                    line[x, c] = 3 * plane[near, x, c] + plane[far, x, c]
            for x in range(width):
                near = x >> 1
                far = min(near + 1, columns - 1) if x & 1 else max(near - 1, 0)
                for c in range(channels):
                    out[y, x, c] = <sample> ((3 * line[near, c] + line[far, c] + 8) >> 4)
    return result


def to_rgb(const sample[:, :, ::1] luma, const sample[:, :, ::1] chroma):
    """Return the red, green and blue of planes of Y (H, W, 1) and of Cb and Cr (H, W, 2)."""
    cdef Py_ssize_t n = luma.shape[0] * luma.shape[1]
    result = np.empty((luma.shape[0], luma.shape[1], 3), np.asarray(luma).dtype)
    cdef sample[:, :, ::1] result_view = result
    cdef const sample *y = &luma[0, 0, 0]
    cdef const sample *cb_cr = &chroma[0, 0, 0]
    cdef sample *rgb = &result_view[0, 0, 0]
    cdef int64_t largest = (1 << 8 * sizeof(sample)) - 1
    cdef int64_t middle = (largest + 1) >> 1
    cdef int64_t grey, cb, cr
    cdef Py_ssize_t i
    with nogil:
        for i in range(n):
            grey = (<int64_t> y[i] << 16) + (1 << 15)
            cb = cb_cr[2 * i] - middle
            cr = cb_cr[2 * i + 1] - middle
            # 1.402, 0.344136, 0.714136 and 1.772 in units of 2 ** -16.
            rgb[3 * i] = <sample> min(max((grey + 91881 * cr) >> 16, 0), largest)
            rgb[3 * i + 1] = <sample> min(max((grey - 22554 * cb - 46802 * cr) >> 16, 0), largest)
            rgb[3 * i + 2] = <sample> min(max((grey + 116130 * cb) >> 16, 0), largest)
    return result
