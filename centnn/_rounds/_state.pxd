from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t

from centnn._rounds._lists cimport (
    LIST_ROWS, centnn_book, centnn_found, centnn_lists, centnn_samples,
)


cdef struct Worker:
    # What a thread needs for itself.
    void *tiles  # LIST_TILES tiles
    void *scratch  # as centnn_lists.scratch_size says
    uint32_t *others  # [capacity] a list of codewords
    double *sums  # [n_near][d]
    double *vectors  # [4][d]
    double *counts  # [n_near]
    uint32_t rows[LIST_ROWS]
    uint32_t slots[LIST_ROWS]
    float weights[LIST_ROWS]
    Py_ssize_t n  # of the three
    centnn_found found


cdef class State:
    cdef readonly Py_ssize_t n, d, capacity, n_near, n_fixed
    cdef readonly Py_ssize_t k  # codewords now
    cdef readonly double square_sum  # of the rows' weighted squared norms
    cdef readonly object team
    cdef readonly bint is_double
    cdef const centnn_lists *kernel
    cdef object source_samples, source_weights
    cdef centnn_samples input  # as given, less the offset
    cdef centnn_samples rows  # the copy
    cdef size_t real_size, row_size  # bytes of a real, and of a row of the copy
    cdef readonly object offset, fixed_codewords
    cdef centnn_book book
    cdef list arrays
    cdef Worker *workers

    # Per row of the copy.
    cdef uint32_t *source  # which row of the input
    cdef float *weight  # NULL: all 1
    cdef int32_t *label
    cdef float *expiry
    # Per slot: the members of codeword j have the slots start[j] .. start[j + 1] - 1.
    cdef uint32_t *order  # the row
    cdef int32_t *proposal

    # Per codeword.
    cdef int64_t *start  # [capacity + 1]
    cdef int64_t *cursor
    cdef int32_t *size  # members
    cdef int32_t *n_proposals
    cdef void *before  # real [capacity][d] where the codeword was at the last drift()
    cdef float *moved  # how far it has moved since
    cdef float *clock
    cdef float *clean
    cdef float *spread
    cdef uint8_t *touched
    cdef uint32_t *near  # [capacity][n_near]
    cdef float *reach
    cdef readonly Py_ssize_t n_listed  # codewords in a list; 0: no lists
    cdef double *changed
    cdef double *gain
    cdef double *axis  # [capacity][d]
    cdef double *threshold

    cdef void *allocate(self, size_t n_bytes) except NULL
    cdef void _copy_row(self, Py_ssize_t q) noexcept nogil
    cdef void _permute(self, uint32_t *values) noexcept nogil
    cdef double _component(self, Py_ssize_t j, Py_ssize_t i) noexcept nogil
    cdef double _square_sum(self)
    cdef bint few(self) noexcept nogil
    cdef float weight_of(self, Py_ssize_t i) noexcept nogil
    cdef bint is_far_out(self, Py_ssize_t j) noexcept nogil
    cdef void *codeword(self, Py_ssize_t j) noexcept nogil
    cdef void renew(self, Py_ssize_t j) noexcept nogil
    cdef void relabel(self, Py_ssize_t i, Py_ssize_t to) noexcept nogil
    cdef void add(self, Py_ssize_t i, double *total, void *scratch) noexcept nogil
    cdef void sort_members(self) noexcept nogil
    cdef const uint32_t *others(self, Py_ssize_t j, Worker *worker) noexcept nogil
