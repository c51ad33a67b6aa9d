"""Sums of the samples of each codeword, the same bits at any number of threads."""

from cython.parallel cimport prange
from libc.stdint cimport int32_t

import numpy as np

from centnn._types cimport sample


def add_rows(samples, weights, labels, sums, int n_threads):
    """Add weight * sample to the row of `sums` (K, D) float64 that its label names, in order.

    samples (N, D) of a sample type, weights (N,) float64 or None for weights of 1, labels (N,)
    int32.
    """
    if samples.dtype == np.float16:
        samples = samples.astype(np.float32)
    _add(samples, weights, labels, sums, n_threads)


def _add(const sample[:, :] samples, const double[::1] weights, const int32_t[::1] labels,
         double[:, ::1] sums, int n_threads):
    cdef Py_ssize_t part
    # A thread has some of the codewords, and adds up all the samples of each in their order.
    for part in prange(n_threads, nogil=True, num_threads=n_threads, schedule="static"):
        _add_part(samples, weights, labels, sums, part, n_threads)


cdef void _add_part(const sample[:, :] samples, const double[::1] weights,
                    const int32_t[::1] labels, double[:, ::1] sums,
                    Py_ssize_t part, Py_ssize_t n_parts) noexcept nogil:
    cdef Py_ssize_t i, j, k
    cdef double weight = 1
    for i in range(samples.shape[0]):
        k = labels[i]
        if k % n_parts != part:
            continue
        if weights is not None:
            weight = weights[i]
        for j in range(samples.shape[1]):
            sums[k, j] += weight * <double> samples[i, j]
