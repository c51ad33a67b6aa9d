"""The squared error of a partition, the same bits at any number of threads."""

from cython.parallel cimport prange
from libc.stdint cimport int32_t

import numpy as np

from centnn._types cimport real, sample

cdef enum:
    BLOCK = 4096  # samples whose errors are added up before those of others


def squared_error(samples, weights, centers, labels, int n_threads):
    """Return the sum over the samples of weight * squared distance to their own centre.

    samples (N, D) of a sample type, weights (N,) float64 or None for weights of 1, centers (K, D)
    float32 or float64, labels (N,) int32.
    """
    if samples.dtype == np.float16:
        samples = samples.astype(np.float32)
    sums = np.empty((len(samples) + BLOCK - 1) // BLOCK)
    _fill(samples, weights, centers, labels, sums, n_threads)
    return total(sums.tolist())


def total(numbers):
    """Return the sum of floats, added one by one: that of sum() depends on Python's version."""
    cdef double so_far = 0, number
    for number in numbers:
        so_far += number
    return so_far


def _fill(const sample[:, :] samples, const double[::1] weights, const real[:, ::1] centers,
          const int32_t[::1] labels, double[::1] sums, int n_threads):
    cdef Py_ssize_t b, n_blocks = sums.shape[0]
    n_threads = max(1, min(n_threads, n_blocks // 8))  # few blocks are not worth waking them
    for b in prange(n_blocks, nogil=True, num_threads=n_threads, schedule="static"):
        sums[b] = _error(samples, weights, centers, labels, b * BLOCK)


cdef double _error(const sample[:, :] samples, const double[::1] weights,
                   const real[:, ::1] centers, const int32_t[::1] labels,
                   Py_ssize_t start) noexcept nogil:
    cdef Py_ssize_t i, j, end = min(start + BLOCK, samples.shape[0])
    cdef double t, distance, total = 0
    for i in range(start, end):
        distance = 0
        for j in range(samples.shape[1]):
            t = <double> samples[i, j] - <double> centers[labels[i], j]
            distance += t * t
        total += distance if weights is None else weights[i] * distance
    return total
