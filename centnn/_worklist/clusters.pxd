from libc.stdint cimport int32_t, int64_t, uint8_t

from centnn._search cimport centnn_near, centnn_data


cdef class Memory:
    cdef list buffers

    cdef void *take(self, size_t n, size_t size) except NULL


cdef struct Cluster:
    int32_t *members  # numbers of its samples, in no order
    Py_ssize_t size, room  # how many there are, and may be before `members` grows
    double total  # their weight
    double heaviest  # of their weights, or more
    # Of the members, as of when they were last looked at: the largest distance from the codeword,
    # and the largest distance that another codeword may have and still win (count-aware).
    double radius, reach
    int64_t stamp  # the clock when codeword or members last changed
    # What a split would save and what removal would cost, as of these stamps; who would receive
    # its members.
    double gain, cost
    int64_t gain_stamp, cost_stamp
    int32_t *receivers
    Py_ssize_t n_receivers, receivers_room
    bint moved  # others have not looked at where its codeword is now
    bint stale  # the members' distances are not known


cdef struct Change:
    int32_t sample, source, target


cdef class Clusters:
    cdef const centnn_near *near
    cdef centnn_data samples
    cdef readonly Py_ssize_t n, d, n_clusters, n_fixed, capacity
    cdef readonly double error  # weighted squared error, followed move by move
    cdef double noise  # gains per weight that are only rounding
    cdef Py_ssize_t stride  # of columns and of arrays of reals: capacity, padded to panels
    cdef Py_ssize_t real_size
    cdef Cluster *cluster  # (capacity,)
    cdef char *codewords  # reals (capacity, d)
    cdef char *columns  # reals (d, stride): the same
    cdef char *stretch  # reals (stride,): sqrt(1 + inverse), where there are no weights
    cdef char *inverse  # reals (stride,): 1 / total; 0 where the codeword is fixed
    cdef double *sums  # (capacity, d): of the members, times their weights
    cdef int32_t *place  # (n,) where each sample is among its cluster's members
    cdef float *distance  # (n,) squared, from its codeword
    cdef int64_t clock
    # What `undo` needs: changes in order, and clusters as they were.
    cdef bint recording
    cdef Change *changes
    cdef Py_ssize_t n_changes, changes_room, n_saved
    cdef int32_t *saved_ids
    cdef Cluster *saved
    cdef double *saved_sums
    cdef bint *is_saved
    cdef double saved_error
    cdef Memory memory
    cdef object kept

    cdef inline char *codeword(self, Py_ssize_t j) noexcept nogil:
        return self.codewords + j * self.d * self.real_size

    cdef inline double weight(self, Py_ssize_t i) noexcept nogil:
        if self.samples.weights == NULL:
            return 1
        return self.samples.weights[i] * self.samples.weight_scale

    cdef inline bint may_leave(self, Py_ssize_t j) noexcept nogil:
        """Tell whether cluster j has samples that may leave it."""
        return self.cluster[j].size > (0 if j < self.n_fixed else 1)

    cdef void sum_error(self) noexcept nogil
    cdef void clear(self, Py_ssize_t j) noexcept nogil
    cdef int hand_over(self, int32_t i, Py_ssize_t p, Py_ssize_t q) except -1 nogil
    cdef void update(self, Py_ssize_t j) noexcept nogil
    cdef void begin(self) noexcept nogil
    cdef void commit(self) noexcept nogil
    cdef int undo(self) except -1 nogil
    cdef int _give(self, int32_t i, Py_ssize_t j) except -1 nogil
    cdef void _take(self, int32_t i, Py_ssize_t j) noexcept nogil
    cdef void _add(self, int32_t i, Py_ssize_t j, double weight) noexcept nogil
    cdef void _add_up(self, Py_ssize_t j) noexcept nogil
    cdef int _record(self, int32_t i, Py_ssize_t p, Py_ssize_t q) except -1 nogil
    cdef void _save(self, Py_ssize_t j) noexcept nogil


cdef void put(void *reals, Py_ssize_t size, Py_ssize_t i, double value) noexcept nogil
cdef double get(const void *reals, Py_ssize_t size, Py_ssize_t i) noexcept nogil
cdef double largest(const double *values, Py_ssize_t n) noexcept nogil
