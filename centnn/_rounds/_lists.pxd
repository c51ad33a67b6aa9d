"""The part of the C core that training on large data calls; see csrc/lists.h."""

from libc.stdint cimport uint32_t

from centnn._search cimport centnn_dtype


cdef extern from "lists.h" nogil:
    enum:
        LIST_ROWS
        LIST_TILES
    const double LEAST_FALL

    ctypedef struct centnn_samples:
        const void *values
        centnn_dtype dtype
        size_t d
        const void *offset

    ctypedef struct centnn_book:
        size_t d
        double *sums
        double *counts
        void *codewords
        void *half_norms
        void *factors
        size_t n_fixed

    ctypedef struct centnn_found:
        double *own
        double *best
        uint32_t *place

    ctypedef struct centnn_lists:
        size_t (*scratch_size)(size_t d, size_t n_near) noexcept nogil
        void (*load)(const centnn_samples *samples, const uint32_t *rows, size_t n,
                     const void *centre, void *tile, void *scratch) noexcept nogil
        void (*search)(const centnn_book *book, const void *tile, size_t n, size_t own,
                       const uint32_t *list, size_t n_list, const float *weights, bint plain,
                       bint by_difference, centnn_found *found) noexcept nogil
        void (*near)(const centnn_book *book, size_t k, size_t first, size_t n, size_t n_near,
                     uint32_t *lists, float *reach, void *scratch) noexcept nogil
        double (*distance)(const centnn_samples *samples, size_t row, const centnn_book *book,
                           size_t j, void *scratch) noexcept nogil
        void (*add)(const centnn_samples *samples, const uint32_t *rows, size_t n,
                    const float *weights, double *sum, void *scratch) noexcept nogil
        double (*norm)(const centnn_samples *samples, size_t row, void *scratch) noexcept nogil
        void (*read)(const centnn_samples *samples, size_t row, void *out) noexcept nogil
        void (*settle)(const centnn_book *book, size_t j) noexcept nogil
        bint (*move)(const centnn_samples *samples, size_t row, double weight,
                     const centnn_book *book, size_t f, size_t to,
                     void *scratch) noexcept nogil
        double (*drift)(const centnn_book *book, void *before, size_t j) noexcept nogil
        void (*project)(const void *tiles, size_t n_tiles, size_t d, const double *axis,
                        double *projections) noexcept nogil
        void (*combine)(const void *tiles, size_t n_tiles, size_t d, const double *times,
                        double *sum, void *scratch) noexcept nogil


cdef extern from "internal.h" nogil:
    # The kernel as _search knows it, with the member that this package is about.
    ctypedef struct kernel_with_lists "centnn_kernel":
        const centnn_lists *lists
