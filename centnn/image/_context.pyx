"""The codes of a plane's blocks, each coded by what its neighbours lead to expect.

FORMAT.md specifies the model: states, distances, weights.
"""

from libc.math cimport log2f
from libc.stdint cimport int32_t, uint8_t, uint16_t, uint32_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy

import numpy as np

from centnn.image._rans cimport (
    PRECISION,
    Source,
    build,
    hint_shift_of,
    is_spent,
    open_source,
    pull,
)

cdef extern from *:
    """
    /* The exponent and the first bit of the mantissa of a float: two bins an octave, computed in
       vectors. The integer is below 2**24, so that the float is exact. */
    static inline uint8_t bin_of(int32_t distance)
    {
        float value = (float) ((distance >> 6) + 2);
        uint32_t bits;
        memcpy(&bits, &value, sizeof bits);
        return (uint8_t) ((bits >> 22) - 2 * (127 + 1));
    }
    """
    uint8_t bin_of(int32_t distance) nogil

cdef enum:
    FRACTION = 4  # fractional bits of grey levels, of which there are 256
    SLOPES = 5
    ACTIVITIES = 4
    BINS = 48  # of distances
    MAX_STREAMS_ = 8
    STEP_BITS = 8  # of the largest step, which tells no states apart
    OCTAVE = 4  # steps of a logarithm in which weight doubles
    TOP = 16 * OCTAVE  # logarithm of the largest weight

MAX_STEP_BITS = STEP_BITS
MAX_STREAMS = MAX_STREAMS_
N_ACTIVITIES = ACTIVITIES
N_BINS = BINS
LOG_OCTAVE = OCTAVE

# Weights by their logarithm: floor(2 ** (i / OCTAVE)).
cdef uint32_t[TOP + 1] POWERS
for _i in range(TOP + 1):
    POWERS[_i] = [4, 4.756828460010884, 5.656854249492381, 6.727171322029716][_i % OCTAVE] \
        / 4 * (1 << (_i // OCTAVE))


def n_states(int n_channels, int step_bits):
    """Return how many states there are."""
    return ACTIVITIES * SLOPES << n_channels * (MAX_STEP_BITS - step_bits)


# What the model sees of each codeword: grey levels with FRACTION more bits, as integers.
ctypedef struct Seen:
    Py_ssize_t n_codewords, n_channels
    # Means along the border: (n_channels, n_codewords).
    const int32_t *left
    const int32_t *top
    const int32_t *right
    const int32_t *bottom
    const int32_t *roughness  # mean square deviation from the means of the left and top
    # Largest less smallest.
    const int32_t *right_span
    const int32_t *bottom_span


cdef class Borders:
    """What the model sees of a codebook, and the memory that holds it."""

    cdef Seen seen
    cdef list arrays
    cdef readonly int n_channels

    def __init__(self, codebook, int depth):
        """Look at a codebook (K, height, width, C) of samples of so many bits."""
        fine = (codebook.astype(np.int32) << FRACTION) >> (depth - 8)
        borders = [fine[:, :, 0], fine[:, 0], fine[:, :, -1], fine[:, -1]]
        means = [border.sum(axis=1, dtype=np.int32) // border.shape[1] for border in borders]
        roughness = np.zeros(len(fine), np.int64)
        for border, mean in zip(borders[:2], means[:2]):
            square = (border - mean[:, None]).astype(np.int64) ** 2
            roughness += (square.sum(axis=1) // border.shape[1]).sum(axis=1)
        spans = [(side.max(axis=1) - side.min(axis=1)).max(axis=1) for side in borders[2:]]
        self.arrays = [np.ascontiguousarray(a.T, np.int32) for a in [*means, roughness, *spans]]
        self.seen.n_codewords = fine.shape[0]
        self.seen.n_channels = self.n_channels = fine.shape[3]
        self.seen.left = _address(self.arrays[0])
        self.seen.top = _address(self.arrays[1])
        self.seen.right = _address(self.arrays[2])
        self.seen.bottom = _address(self.arrays[3])
        self.seen.roughness = _address(self.arrays[4])
        self.seen.right_span = _address(self.arrays[5])
        self.seen.bottom_span = _address(self.arrays[6])


cdef const int32_t *_address(array):
    cdef const int32_t[::1] values = array.reshape(-1)
    return &values[0]


cdef class Model:
    """How probable each codeword is beside those on its left and above.

    Tables are made when they are first needed: most states never occur.
    """

    cdef Borders borders  # keeps `seen` alive
    cdef Seen seen
    cdef int step_bits
    cdef const uint8_t[::1] priors
    cdef const uint8_t[:, ::1] gains
    cdef int32_t *numbers  # of the table of each state, -1 if it has none yet
    cdef uint32_t *starts  # tables, one after another
    cdef uint16_t *hints
    cdef uint32_t *weights  # of the table in the making
    cdef int32_t *distances
    cdef uint8_t *bins_
    cdef Py_ssize_t n_tables, n_hints
    cdef int hint_shift

    def __cinit__(self, Borders borders, int step_bits, priors, gains):
        cdef Py_ssize_t n = n_states(borders.seen.n_channels, step_bits)
        cdef Py_ssize_t n_codewords = borders.seen.n_codewords
        cdef Py_ssize_t i
        self.borders = borders
        self.seen = borders.seen
        self.step_bits = step_bits
        self.priors = priors
        self.gains = gains
        self.hint_shift = hint_shift_of(n_codewords)
        self.n_hints = (<Py_ssize_t> 1 << (PRECISION - self.hint_shift)) + 1
        self.numbers = <int32_t *> malloc(n * sizeof(int32_t))
        self.weights = <uint32_t *> malloc(n_codewords * sizeof(uint32_t))
        self.bins_ = <uint8_t *> malloc(n_codewords)
        self.distances = <int32_t *> malloc(n_codewords * sizeof(int32_t))
        # Room for all; the operating system finds the memory for those that are made.
        self.starts = <uint32_t *> malloc(n * (n_codewords + 1) * sizeof(uint32_t))
        self.hints = <uint16_t *> malloc(n * self.n_hints * sizeof(uint16_t))
        if not (
            self.numbers and self.weights and self.bins_ and self.distances
            and self.starts and self.hints
        ):
            raise MemoryError
        for i in range(n):
            self.numbers[i] = -1

    def __dealloc__(self):
        free(self.numbers)
        free(self.weights)
        free(self.bins_)
        free(self.distances)
        free(self.starts)
        free(self.hints)

    def states(self, codes):
        """Return the state of each block of a plane (rows, columns) of codes, as int32."""
        cdef const uint16_t[:, ::1] view = codes
        result = np.empty(codes.shape, np.int32)
        cdef int32_t[:, ::1] result_view = result
        cdef Py_ssize_t row, column
        with nogil:
            for row in range(view.shape[0]):
                for column in range(view.shape[1]):
                    result_view[row, column] = self.state(view, row, column)
        return result

    def bins(self, states):
        """Return the bin of the distance of each codeword in each of these states, as uint8."""
        cdef const int32_t[::1] view = states
        result = np.empty((len(states), self.seen.n_codewords), np.uint8)
        cdef uint8_t[:, ::1] result_view = result
        cdef Py_ssize_t i
        with nogil:
            for i in range(view.shape[0]):
                self.fill_bins(view[i], &result_view[i, 0])
        return result

    def intervals(self, codes):
        """Return starts and sizes of the intervals of a slice's codes, as `_rans.encode` takes."""
        cdef const uint16_t[:, ::1] view = codes
        starts, sizes = np.empty(codes.size, np.uint32), np.empty(codes.size, np.uint32)
        cdef uint32_t[::1] start_view = starts
        cdef uint32_t[::1] size_view = sizes
        cdef Py_ssize_t row, column, number
        cdef Py_ssize_t i = 0
        cdef const uint32_t *table
        for row in range(view.shape[0]):
            for column in range(view.shape[1]):
                number = self.table(self.state(view, row, column))
                table = self.starts + number * (self.seen.n_codewords + 1) + view[row, column]
                start_view[i] = table[0]
                size_view[i] = table[1] - table[0]
                i += 1
        return starts, sizes

    def decode(self, streams, codes):
        """Fill a plane (rows, columns) of codes; ValueError if a stream is damaged.

        Row r comes from stream r modulo their number. Rows of different streams are decoded at
        once, each one column behind the row above, so that none waits for the others' results.
        """
        cdef uint16_t[:, ::1] view = codes
        cdef list words = [np.frombuffer(data, "<u4").astype(np.uint32) for data in streams]
        cdef Source[MAX_STREAMS_] sources
        cdef const uint32_t[::1] stream
        cdef Py_ssize_t n_streams = len(words)
        cdef Py_ssize_t rows = view.shape[0]
        cdef Py_ssize_t columns = view.shape[1]
        cdef Py_ssize_t group, first, step, lane
        for lane in range(n_streams):
            stream = words[lane]
            if not stream.shape[0] or not open_source(&sources[lane], &stream[0], stream.shape[0]):
                raise ValueError("data is corrupted: a stream must begin with a valid state")
        with nogil:
            for group in range((rows + n_streams - 1) // n_streams):
                first = group * n_streams
                for step in range(columns + n_streams - 1):
                    for lane in range(min(n_streams, rows - first)):
                        if lane <= step and step - lane < columns:
                            self.decode_one(&sources[lane], view, first + lane, step - lane)
        for lane in range(n_streams):
            if not is_spent(&sources[lane]):
                raise ValueError("data is corrupted: a stream does not end where it should")

    def choose(self, candidates, distances, float rate_weight, codes):
        """Fill a slice of codes, each the candidate at the least distance + weight * bits.

        candidates (rows, columns, n) are codes, distances (rows, columns, n) theirs.
        """
        cdef const uint16_t[:, :, ::1] candidate_view = candidates
        cdef const float[:, :, ::1] distance_view = distances
        cdef uint16_t[:, ::1] view = codes
        cdef Py_ssize_t row, column, number, i
        cdef const uint32_t *table
        cdef uint16_t code
        cdef float cost, least
        with nogil:
            for row in range(view.shape[0]):
                for column in range(view.shape[1]):
                    number = self.table(self.state(view, row, column))
                    table = self.starts + number * (self.seen.n_codewords + 1)
                    least = -1
                    for i in range(candidate_view.shape[2]):
                        code = candidate_view[row, column, i]
                        cost = distance_view[row, column, i] + rate_weight * (
                            PRECISION - log2f(<float> (table[code + 1] - table[code]))
                        )
                        if least < 0 or cost < least:
                            least = cost
                            view[row, column] = code

    cdef inline void decode_one(
        self, Source *source, uint16_t[:, ::1] codes, Py_ssize_t row, Py_ssize_t column
    ) noexcept nogil:
        cdef Py_ssize_t number = self.table(self.state(codes, row, column))
        codes[row, column] = <uint16_t> pull(
            source,
            self.starts + number * (self.seen.n_codewords + 1),
            self.hints + number * self.n_hints,
            self.hint_shift,
        )

    cdef inline int32_t state(
        self, const uint16_t[:, ::1] codes, Py_ssize_t row, Py_ssize_t column
    ) noexcept nogil:
        """Return the state of a block whose neighbours on the left and above are known."""
        cdef const Seen *seen = &self.seen
        cdef Py_ssize_t n = seen.n_codewords
        # A missing neighbour is taken to be like the other one, both to be the middle codeword.
        cdef Py_ssize_t left = n >> 1
        cdef Py_ssize_t above = n >> 1
        cdef const int32_t *right = seen.right
        cdef const int32_t *bottom = seen.bottom
        cdef int span
        if row > 0:
            above = codes[row - 1, column]
        if column > 0:
            left = codes[row, column - 1]
            span = seen.right_span[left]
            if row > 0:
                span += seen.bottom_span[above]
            else:
                span *= 2
                above = left
                bottom = right
        else:
            left = above
            right = bottom
            span = 2 * seen.bottom_span[above]

        cdef int bits = STEP_BITS - self.step_bits
        cdef int cell = 0
        cdef int slope = 0
        cdef Py_ssize_t _c
        for _c in range(seen.n_channels):
            cell = cell << bits | (right[left] + bottom[above]) >> (1 + FRACTION + self.step_bits)
            slope += right[left] - bottom[above]
            left += n
            above += n
        cdef int step = 1 << (FRACTION + self.step_bits)
        cdef int flat = step * <int> seen.n_channels
        cdef int slope_class = (slope > -3 * flat) + (slope > -flat) + (slope >= flat) \
            + (slope >= 3 * flat)
        cdef int activity = (span >= step) + (span >= 3 * step) + (span >= 8 * step)
        return (cell * SLOPES + slope_class) * ACTIVITIES + activity

    cdef void fill_bins(self, int state, uint8_t *bins) noexcept nogil:
        """Sort the codewords by how far they are from continuing the neighbours of this state."""
        cdef const Seen *seen = &self.seen
        cdef Py_ssize_t n = seen.n_codewords
        cdef int mask = (1 << (STEP_BITS - self.step_bits)) - 1
        cdef int step = 1 << (FRACTION + self.step_bits)
        cdef int slope = (state // ACTIVITIES % SLOPES - 2) * step
        cdef int cell = state // (ACTIVITIES * SLOPES)
        cdef int32_t *distances = self.distances
        cdef const int32_t *left
        cdef const int32_t *top
        cdef int expected_left, expected_top
        cdef Py_ssize_t c, k
        memcpy(distances, seen.roughness, n * sizeof(int32_t))
        for c in range(seen.n_channels - 1, -1, -1):
            expected_left = (cell & mask) * step + step // 2 + slope
            expected_top = expected_left - 2 * slope
            cell >>= STEP_BITS - self.step_bits
            left = seen.left + c * n
            top = seen.top + c * n
            for k in range(n):
                distances[k] += (
                    (left[k] - expected_left) * (left[k] - expected_left)
                    + (top[k] - expected_top) * (top[k] - expected_top)
                )
        for k in range(n):
            bins[k] = bin_of(distances[k])

    cdef inline Py_ssize_t table(self, int state) noexcept nogil:
        """Return the number of the table of a state."""
        if self.numbers[state] < 0:
            self.make_table(state)
        return self.numbers[state]

    cdef void make_table(self, int state) noexcept nogil:
        cdef Py_ssize_t n = self.seen.n_codewords
        cdef const uint8_t *gains = &self.gains[state % ACTIVITIES, 0]
        cdef int largest = 0
        cdef int log
        cdef Py_ssize_t k
        self.fill_bins(state, self.bins_)
        for k in range(n):
            log = self.priors[k] + gains[self.bins_[k]]
            self.weights[k] = log
            largest = max(largest, log)
        for k in range(n):
            log = <int> self.weights[k] - largest + TOP
            self.weights[k] = POWERS[log] if log >= 0 else 0
        build(
            self.weights,
            n,
            self.starts + self.n_tables * (n + 1),
            self.hints + self.n_tables * self.n_hints,
            self.hint_shift,
        )
        self.numbers[state] = <int32_t> self.n_tables
        self.n_tables += 1
