"""The state of training on large data: rows, members, sums, codewords, and what is known of them.

Rows are worked on in a copy that `gather` puts in the order of the clusters, less an offset near
their mean, so that distances do not cancel: reals for float input, the input's own type for uint8
and uint16, which are shifted when they are read. A codeword is the mean of its members at all
times: their sum is kept in float64 through every move.
"""

from libc.float cimport FLT_MAX
from libc.math cimport floor
from libc.string cimport memcpy, memset
from libc.stdint cimport uintptr_t

import numpy as np

from centnn._search cimport (
    CENTNN_F16, CENTNN_F32, CENTNN_F64, CENTNN_U8, CENTNN_U16, current_kernel,
)
from centnn._rounds._lists cimport (
    LIST_ROWS, LIST_TILES, centnn_samples, kernel_with_lists,
)

cdef extern from *:
    """
    #ifndef CENTNN_DEBUG
    #define CENTNN_DEBUG 0
    #endif
    """
    const bint CENTNN_DEBUG

IS_DEBUG_BUILD = bool(CENTNN_DEBUG)

cdef enum:
    ALIGNMENT = 64
    # Pieces in which sums over all rows are made, whatever the number of threads.
    PIECES = 16
    PROBE = 255  # rows that the offset is found from
    # Components that are read between two looks for Ctrl-C, and the least that pays for threads.
    SLICE = 1 << 30
    WORTH_THREADS = 1 << 21

cdef double WEIGHT_STEP = 1 / 256.0

DTYPES = {
    np.dtype(np.uint8): CENTNN_U8,
    np.dtype(np.uint16): CENTNN_U16,
    np.dtype(np.float16): CENTNN_F16,
    np.dtype(np.float32): CENTNN_F32,
    np.dtype(np.float64): CENTNN_F64,
}


cdef class State:
    """Samples (n, d) and up to `capacity` codewords of them."""

    def __init__(self, samples, weights, Py_ssize_t capacity, Py_ssize_t n_near, team):
        self.n, self.d = samples.shape
        self.capacity = capacity
        self.n_near = min(n_near, max(capacity - 1, 1))
        self.team = team
        self.is_double = samples.dtype == np.float64
        self.real_size = 8 if self.is_double else 4
        self.kernel = (<const kernel_with_lists *> current_kernel(
            CENTNN_F64 if self.is_double else CENTNN_F32)).lists
        self.source_samples = samples
        self.source_weights = weights
        self.arrays = []
        self._allocate_rows(samples.dtype)
        self._allocate_codewords()
        self._allocate_workers()
        self._set_offset()
        self.gather()

    cdef void *allocate(self, size_t n_bytes) except NULL:
        """Return aligned zeros that live as long as the state."""
        array = np.zeros(n_bytes + ALIGNMENT, dtype=np.uint8)
        self.arrays.append(array)
        cdef uint8_t[::1] view = array
        return <void *> ((<uintptr_t> &view[0] + ALIGNMENT - 1) & ~<uintptr_t> (ALIGNMENT - 1))

    def _allocate_rows(self, dtype):
        cdef const uint8_t[::1] view = self.source_samples.reshape(-1).view(np.uint8)
        self.input.values = &view[0]
        self.input.dtype = DTYPES[dtype]
        self.input.d = self.d
        self.rows = self.input
        self.row_size = self.d * dtype.itemsize
        if self.input.dtype not in (CENTNN_U8, CENTNN_U16):
            self.rows.dtype = CENTNN_F64 if self.is_double else CENTNN_F32
            self.row_size = self.d * self.real_size
        self.rows.values = self.allocate(self.n * self.row_size)
        self.source = <uint32_t *> self.allocate(self.n * sizeof(uint32_t))
        self.order = <uint32_t *> self.allocate(self.n * sizeof(uint32_t))
        self.label = <int32_t *> self.allocate(self.n * sizeof(int32_t))
        self.proposal = <int32_t *> self.allocate(self.n * sizeof(int32_t))
        self.expiry = <float *> self.allocate(self.n * sizeof(float))
        if self.source_weights is not None:
            self.weight = <float *> self.allocate(self.n * sizeof(float))
        cdef Py_ssize_t i
        for i in range(self.n):
            self.source[i] = <uint32_t> i
            self.order[i] = <uint32_t> i
            self.expiry[i] = -1

    def _allocate_codewords(self):
        cdef size_t k = self.capacity, d = self.d, real_size = self.real_size
        self.book.d = d
        self.book.sums = <double *> self.allocate(k * d * sizeof(double))
        self.book.counts = <double *> self.allocate(k * sizeof(double))
        self.book.codewords = self.allocate(k * d * real_size)
        self.book.half_norms = self.allocate(k * real_size)
        self.book.factors = self.allocate(k * real_size)
        self.start = <int64_t *> self.allocate((k + 1) * sizeof(int64_t))
        self.cursor = <int64_t *> self.allocate(k * sizeof(int64_t))
        self.size = <int32_t *> self.allocate(k * sizeof(int32_t))
        self.n_proposals = <int32_t *> self.allocate(k * sizeof(int32_t))
        self.before = self.allocate(k * d * real_size)
        self.moved = <float *> self.allocate(k * sizeof(float))
        self.clock = <float *> self.allocate(k * sizeof(float))
        self.clean = <float *> self.allocate(k * sizeof(float))
        self.spread = <float *> self.allocate(k * sizeof(float))
        self.touched = <uint8_t *> self.allocate(k)
        self.near = <uint32_t *> self.allocate(k * self.n_near * sizeof(uint32_t))
        self.reach = <float *> self.allocate(k * sizeof(float))
        self.changed = <double *> self.allocate(k * sizeof(double))
        self.gain = <double *> self.allocate(k * sizeof(double))
        self.axis = <double *> self.allocate(k * d * sizeof(double))
        self.threshold = <double *> self.allocate(k * sizeof(double))

    def _allocate_workers(self):
        cdef int t
        cdef size_t d = self.d
        self.workers = <Worker *> self.allocate(self.team.n_threads * sizeof(Worker))
        for t in range(self.team.n_threads):
            worker = &self.workers[t]
            worker.tiles = self.allocate(LIST_TILES * LIST_ROWS * d * self.real_size)
            worker.scratch = self.allocate(self.kernel.scratch_size(d, self.n_near))
            worker.others = <uint32_t *> self.allocate(self.capacity * sizeof(uint32_t))
            worker.sums = <double *> self.allocate((self.n_near + 1) * d * sizeof(double))
            worker.counts = <double *> self.allocate((self.n_near + 1) * sizeof(double))
            worker.vectors = <double *> self.allocate(4 * d * sizeof(double))

    def _set_offset(self):
        """Find the offset: the median of some rows, which is near most, whatever a few are like.

        Being a sample's, it keeps differences of integers exact.
        """
        probe = self.source_samples[::max(1, self.n // PROBE)]
        middle = len(probe) // 2
        offset = np.partition(probe, middle, axis=0)[middle]
        self.offset = offset.astype(np.float64 if self.is_double else np.float32)
        cdef const uint8_t[::1] view = self.offset.view(np.uint8)
        self.input.offset = &view[0]
        self.rows.offset = &view[0] if self.rows.dtype in (CENTNN_U8, CENTNN_U16) else NULL

    def gather(self):
        """Put the rows of the copy in the order of the members, as `sort_members` left it.

        Labels and expiries follow; the slots are then the rows.
        """
        cdef Py_ssize_t q
        cdef const double[::1] weights = self.source_weights
        cdef double scale = 1.0
        self._permute(<uint32_t *> self.source)
        self._permute(<uint32_t *> self.label)
        self._permute(<uint32_t *> self.expiry)
        self.team.run(self._copy_rows, self.team.divide(0, self.n, self.d))
        if self.weight != NULL:
            scale = self.weight_scale() / WEIGHT_STEP
            for q in range(self.n):
                self.weight[q] = <float> (
                    max(floor(weights[self.source[q]] * scale + 0.5), 1) * WEIGHT_STEP)

    def weight_scale(self):
        """Return the power of two that weights are multiplied by: the largest is about 2**24.

        They are then rounded to multiples of 2**-8, so that counts, being sums of them, are exact
        and never 0 by rounding. Results are made with the weights as given.
        """
        if self.source_weights is None:
            return 1.0
        return 2.0 ** (24 - np.frexp(self.source_weights.max())[1])

    def _copy_rows(self, Py_ssize_t first, Py_ssize_t last, Py_ssize_t _):
        cdef Py_ssize_t q
        with nogil:
            for q in range(first, last):
                self.order[q] = <uint32_t> q
                self._copy_row(q)

    cdef void _copy_row(self, Py_ssize_t q) noexcept nogil:
        cdef char *target = <char *> self.rows.values + q * self.row_size
        if self.rows.offset == NULL:
            self.kernel.read(&self.input, self.source[q], target)
        else:
            memcpy(target, <const char *> self.input.values + self.source[q] * self.row_size,
                   self.row_size)

    cdef void _permute(self, uint32_t *values) noexcept nogil:
        """Put 4-byte values of rows in the order of the slots; uses the proposals' memory."""
        cdef Py_ssize_t q
        cdef uint32_t *scratch = <uint32_t *> self.proposal
        for q in range(self.n):
            scratch[q] = values[self.order[q]]
        memcpy(values, scratch, self.n * sizeof(uint32_t))

    cdef bint few(self) noexcept nogil:
        """Whether every codeword has all others in its list."""
        return self.k <= self.n_near + 1

    cdef float weight_of(self, Py_ssize_t i) noexcept nogil:
        return 1 if self.weight == NULL else self.weight[i]

    cdef void *codeword(self, Py_ssize_t j) noexcept nogil:
        return <char *> self.book.codewords + j * self.d * self.real_size

    cdef bint is_far_out(self, Py_ssize_t j) noexcept nogil:
        """Whether the expanded form would cancel more than some bits of members' distances."""
        if self.is_double:
            return (<double *> self.book.half_norms)[j] > 2.0 ** 40 * self.spread[j]
        return (<float *> self.book.half_norms)[j] > 2.0 ** 11 * self.spread[j]

    def start_with(self, const int32_t[::1] labels, Py_ssize_t k, fixed):
        """Start from labels of the input's rows, with k codewords; the first are `fixed` (f, d)."""
        cdef Py_ssize_t i, j
        self.k = k
        self.n_fixed = self.book.n_fixed = len(fixed)
        self.fixed_codewords = fixed
        for i in range(self.n):
            self.label[i] = labels[self.source[i]]
        cdef const uint8_t[::1] view
        if self.n_fixed:
            reals = (fixed - self.offset).astype(self.offset.dtype)
            view = np.ascontiguousarray(reals).reshape(-1).view(np.uint8)
            memcpy(self.book.codewords, &view[0], view.shape[0])
        self.sum_up()
        for j in range(k):
            self.spread[j] = FLT_MAX
            self.renew(j)
        memcpy(self.before, self.book.codewords, k * self.d * self.real_size)

    def labels(self):
        """Return the labels (n,) of the input's rows."""
        labels = np.empty(self.n, np.int32)
        cdef int32_t[::1] view = labels
        cdef Py_ssize_t i
        for i in range(self.n):
            view[self.source[i]] = self.label[i]
        return labels

    def sum_up(self):
        """Make sums, counts and codewords anew from the labels."""
        cdef Py_ssize_t i
        for i in range(self.capacity):
            self.size[i] = 0
        for i in range(self.n):
            self.size[self.label[i]] += 1
        self.sort_members()
        memset(self.book.sums, 0, self.k * self.d * sizeof(double))
        memset(self.book.counts, 0, self.k * sizeof(double))
        self.team.run(self._sum_up_clusters, self.divide(0, self.k, self.d))

    def _sum_up_clusters(self, Py_ssize_t first, Py_ssize_t last, Py_ssize_t thread):
        cdef Py_ssize_t j, q
        cdef void *scratch = self.workers[thread].scratch
        with nogil:
            for j in range(first, last):
                for q in range(self.start[j], self.start[j + 1]):
                    self.add(self.order[q], self.book.sums + j * self.d, scratch)
                    self.book.counts[j] += self.weight_of(self.order[q])
                self.kernel.settle(&self.book, j)

    def divide(self, Py_ssize_t first, Py_ssize_t last, double row_cost):
        """Cut a range of clusters into pieces for the team; needs sorted members."""
        return self.team.divide_clusters(
            np.asarray(<int64_t[:self.k + 1]> self.start), first, last, row_cost)

    cdef void renew(self, Py_ssize_t j) noexcept nogil:
        """Forget what is known of cluster j, whose members are others now."""
        self.touched[j] = 1
        self.clean[j] = -1
        self.gain[j] = 0
        self.changed[j] = FLT_MAX

    cdef void relabel(self, Py_ssize_t i, Py_ssize_t to) noexcept nogil:
        """Note that row i is in another cluster; sums and counts are the caller's."""
        cdef Py_ssize_t j = self.label[i]
        cdef double weight = self.weight_of(i)
        self.size[j] -= 1
        self.size[to] += 1
        self.label[i] = <int32_t> to
        self.expiry[i] = -1
        self.clean[to] = -1
        self.changed[j] += weight
        self.changed[to] += weight
        self.touched[j] = self.touched[to] = 1

    cdef void add(self, Py_ssize_t i, double *total, void *scratch) noexcept nogil:
        """Add row i, weighted, to a sum."""
        cdef uint32_t row = <uint32_t> i
        self.kernel.add(&self.rows, &row, 1, NULL if self.weight == NULL else self.weight + i,
                        total, scratch)

    cdef void sort_members(self) noexcept nogil:
        """List the members of each cluster, in the order of the rows."""
        cdef Py_ssize_t i, j
        self.start[0] = 0
        for j in range(self.k):
            self.cursor[j] = self.start[j]
            self.start[j + 1] = self.start[j] + self.size[j]
        for i in range(self.n):
            j = self.label[i]
            self.order[self.cursor[j]] = <uint32_t> i
            self.cursor[j] += 1

    def arrange(self):
        """Sort the members and put the rows in their order."""
        self.sort_members()
        self.gather()

    def sort(self):
        """Sort the members."""
        self.sort_members()

    def snapshot(self):
        """Return what `restore` needs, as long as nobody calls `arrange`, which this does first."""
        self.arrange()
        size = self.k * self.d
        return (np.array(<int64_t[:self.k + 1]> self.start),
                np.array(<double[:size]> self.book.sums),
                np.array(<double[:self.k]> self.book.counts))

    def restore(self, saved):
        """Go back to a snapshot."""
        cdef Py_ssize_t i, j
        cdef const int64_t[::1] start = saved[0]
        cdef const double[::1] sums = saved[1], counts = saved[2]
        self.k = len(counts)
        self.n_listed = 0
        memcpy(self.book.sums, &sums[0], sums.shape[0] * sizeof(double))
        memcpy(self.book.counts, &counts[0], self.k * sizeof(double))
        for j in range(self.k):
            self.size[j] = <int32_t> (start[j + 1] - start[j])
            self.kernel.settle(&self.book, j)
            self.renew(j)
            for i in range(start[j], start[j + 1]):
                self.label[i] = <int32_t> j
                self.expiry[i] = -1

    cdef const uint32_t *others(self, Py_ssize_t j, Worker *worker) noexcept nogil:
        """Return the list of all codewords but j."""
        cdef Py_ssize_t i
        for i in range(self.k - 1):
            worker.others[i] = <uint32_t> (i + (i >= j))
        return worker.others

    def check(self):
        """Check that sums, counts and sizes are those of the members, and none is empty."""
        cdef Py_ssize_t i, j
        size = np.array(<int32_t[:self.k]> self.size)
        counts = np.array(<double[:self.k]> self.book.counts)
        sums = np.array(<double[:self.k * self.d]> self.book.sums)
        found_counts, found_sums = np.zeros(self.k), np.zeros((self.k, self.d))
        cdef double[::1] count = found_counts
        cdef double[:, ::1] total = found_sums
        for i in range(self.n):
            j = self.label[i]
            count[j] += self.weight_of(i)
            self.add(i, &total[j, 0], self.workers[0].scratch)
        assert (size == np.bincount(<int32_t[:self.n]> self.label, minlength=self.k)).all()
        assert (size[self.n_fixed:] > 0).all()
        assert (counts == found_counts).all()
        error = np.abs(sums.reshape(found_sums.shape) - found_sums)
        assert (error <= 1e-9 * np.abs(found_sums).max()).all()

    def error(self):
        """Return the total weighted squared error, to the rounding of |X|^2."""
        cdef Py_ssize_t i, j
        cdef double total, error = self._square_sum(), norm2
        cdef double *sums
        for j in range(self.k):
            sums = self.book.sums + j * self.d
            total = 0
            if j < self.n_fixed:
                for i in range(self.d):
                    norm2 = self._component(j, i)
                    total += norm2 * (2 * sums[i] - norm2 * self.book.counts[j])
            else:
                for i in range(self.d):
                    total += sums[i] * sums[i]
                total /= self.book.counts[j]
            error -= total
        return max(error, 0.0) / self.weight_scale()

    cdef double _component(self, Py_ssize_t j, Py_ssize_t i) noexcept nogil:
        if self.is_double:
            return (<double *> self.codeword(j))[i]
        return (<float *> self.codeword(j))[i]

    cdef double _square_sum(self):
        """Return the sum over the rows of weight * |x|^2."""
        if self.square_sum == 0:
            sums = np.zeros(PIECES)

            def add_piece(Py_ssize_t p, Py_ssize_t _, Py_ssize_t thread):
                cdef Py_ssize_t i
                cdef double total = 0
                cdef void *scratch = self.workers[thread].scratch
                with nogil:
                    for i in range(p * self.n // PIECES, (p + 1) * self.n // PIECES):
                        total += self.weight_of(i) * self.kernel.norm(&self.rows, i, scratch)
                sums[p] = total

            self.team.run(add_piece, [(p, p + 1) for p in range(PIECES)])
            self.square_sum = np.sum(sums)
        return self.square_sum

    def result(self):
        """Return (centers (k, d), labels (n,), counts (k,)) of the input, in float64 sums."""
        labels = np.empty(self.n, np.int32)
        sums, counts = np.zeros((self.k, self.d)), np.zeros(self.k)
        zeros = np.zeros(self.d, self.offset.dtype)
        cdef int32_t[::1] label = labels
        cdef double[:, ::1] total = sums
        cdef double[::1] count = counts
        cdef const double[::1] weights = self.source_weights
        cdef const uint8_t[::1] none = zeros.view(np.uint8)
        cdef const void *no_offset = &none[0]

        def sum_up(Py_ssize_t first, Py_ssize_t last, Py_ssize_t thread):
            cdef Py_ssize_t i, j, q
            cdef double weight = 1
            cdef centnn_samples raw = self.input
            raw.offset = no_offset
            with nogil:
                for j in range(first, last):
                    for q in range(self.start[j], self.start[j + 1]):
                        i = self.source[self.order[q]]
                        label[i] = <int32_t> j
                        if self.weight != NULL:
                            weight = weights[i]
                        count[j] += weight
                        add_raw(self, &raw, i, weight, &total[j, 0], &self.workers[thread])

        self.sort_members()
        self.team.run(sum_up, self.divide(0, self.k, self.d))
        sums[self.n_fixed:] /= counts[self.n_fixed:, None]
        dtype = np.float64 if self.is_double else np.float32
        return sums.astype(dtype), labels, counts


cdef void add_raw(State state, const centnn_samples *samples, Py_ssize_t i, double weight,
                  double *total, Worker *worker) noexcept nogil:
    """Add a row of the input to a sum, with its weight in full precision."""
    cdef Py_ssize_t p
    cdef uint32_t row = <uint32_t> i
    memset(worker.vectors, 0, state.d * sizeof(double))
    state.kernel.add(samples, &row, 1, NULL, worker.vectors, worker.scratch)
    for p in range(state.d):
        total[p] += weight * worker.vectors[p]
