"""From the coefficients of codewords to their samples. FORMAT.md specifies it."""

from libc.stdint cimport int32_t, uint8_t, uint16_t
from libc.string cimport memset

import numpy as np

ctypedef fused sample:
    uint8_t
    uint16_t

cdef enum:
    CHUNK = 64  # codewords at a time, so that what is in the making stays in the cache


def restore(
    const int32_t[:, :, :, ::1] levels,
    double step,
    const double[:, ::1] rows,
    const double[:, ::1] columns,
    sample[:, :, :, ::1] out,
):
    """Fill codewords (K, height, width, C) from coefficients (C, height, width, K).

    The latter are in units of step; rows and columns are the transforms of height and width
    samples. All intermediate values are integers below 2**53, so that float64 is exact in any
    order.
    """
    cdef Py_ssize_t height = levels.shape[1]
    cdef Py_ssize_t width = levels.shape[2]
    cdef Py_ssize_t n_codewords = levels.shape[3]
    cdef Py_ssize_t stride = height * width * levels.shape[0]
    work = np.empty((height * width + 1, CHUNK))
    cdef double[:, ::1] work_view = work
    cdef double *columns_done = &work_view[0, 0]
    cdef double *sums = &work_view[height * width, 0]
    cdef Py_ssize_t chunk, first, n, c, i, j
    with nogil:
        for chunk in range((n_codewords + CHUNK - 1) // CHUNK):
            first = chunk * CHUNK
            n = min(CHUNK, n_codewords - first)
            for c in range(levels.shape[0]):
                transform_columns(levels[c, :, :, first:], n, step, rows, columns_done)
                for i in range(height):
                    for j in range(width):
                        transform_row(&columns_done[i * width * CHUNK], n, j, columns, sums)
                        put(sums, n, &out[first, i, j, c], stride)


cdef void transform_columns(
    const int32_t[:, :, :] levels,
    Py_ssize_t n,
    double step,
    const double[:, ::1] rows,
    double *out,
) noexcept nogil:
    cdef Py_ssize_t height = levels.shape[0]
    cdef Py_ssize_t width = levels.shape[1]
    cdef Py_ssize_t i, x, y, k
    cdef const int32_t *level
    cdef double *sums
    cdef double factor
    for i in range(height):
        for x in range(width):
            sums = &out[(i * width + x) * CHUNK]
            memset(sums, 0, n * sizeof(double))
            for y in range(height):
                level = &levels[y, x, 0]
                factor = step * rows[y, i]
                for k in range(n):
                    sums[k] += factor * level[k]


cdef void transform_row(
    const double *line, Py_ssize_t n, Py_ssize_t j, const double[:, ::1] columns, double *sums
) noexcept nogil:
    cdef Py_ssize_t x, k
    cdef double factor
    memset(sums, 0, n * sizeof(double))
    for x in range(columns.shape[0]):
        factor = columns[x, j]
        for k in range(n):
            sums[k] += factor * line[x * CHUNK + k]


cdef void put(const double *sums, Py_ssize_t n, sample *out, Py_ssize_t stride) noexcept nogil:
    cdef double largest = (1 << 8 * sizeof(sample)) - 1
    cdef Py_ssize_t k
    cdef double value
    for k in range(n):
        # Clipped first, so that cutting off the fraction rounds down.
        value = sums[k] * (1.0 / (1 << 24)) + 0.5
        value = value if value > 0 else 0
        out[k * stride] = <sample> <int32_t> (value if value < largest else largest)
