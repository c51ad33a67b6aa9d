"""The codes of a plane's blocks, each coded by what its neighbours lead to expect.

FORMAT.md specifies the model: classes, states, distances, weights.
"""

from libc.math cimport log2f
from libc.stdint cimport int32_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memcpy

import numpy as np

from centnn.image._borders import Borders

from centnn.image cimport _borders
from centnn.image._borders cimport FRACTION, LEFT, TOP, Classes
from centnn.image._rans cimport PRECISION, Words, advance, is_spent, open_stream
from centnn.image._tables cimport FAN, LARGEST, OCTAVE, Layout, find, layout_of, make_table

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
    ACTIVITIES = 4
    BINS = 40  # of distances
    MAX_STREAMS_ = 8

MAX_STREAMS = MAX_STREAMS_
N_ACTIVITIES = ACTIVITIES
N_BINS = BINS
LOG_OCTAVE = OCTAVE

# Weights by their logarithm less the largest, plus LARGEST: floor(2 ** (16 + difference / OCTAVE)).
cdef uint32_t[LARGEST + 1] POWERS
for _i in range(LARGEST + 1):
    POWERS[_i] = int(
        [1, 1.189207115002721, 1.414213562373095, 1.681792830507429][(_i + 1) % OCTAVE]
        * 2.0 ** (16 + (_i + 1) // OCTAVE - (LARGEST + 1) // OCTAVE)
    )

# The activity of a state, by the spans of both neighbours together.
cdef uint8_t[511] ACTIVITY
for _i in range(511):
    ACTIVITY[_i] = (_i >= 16) + (_i >= 48) + (_i >= 128)


# What the neighbour on the left or above adds to the number of a state.
ctypedef struct Side:
    int32_t place
    int32_t span


# A row of codes in the making.
ctypedef struct Lane:
    uint64_t coder
    Words words
    const uint16_t *above
    uint16_t *codes


def n_states(borders, step_bits):
    """Return how many states there are with a step."""
    return Classes(borders, step_bits).n_classes ** 2 * ACTIVITIES


cdef class Model:
    """How probable each codeword is beside those on its left and above.

    Tables are made when they are first needed: most states never occur.
    """

    cdef _borders.Borders borders
    cdef Classes classes
    cdef Py_ssize_t n_codewords
    cdef const uint8_t[::1] priors
    cdef const uint8_t[:, ::1] gains
    # By the neighbour, and by which side of it counts.
    cdef Side *memory_of_sides
    cdef Side *sides[2][2]
    # By side and number of a state of one neighbour: what it adds to the logarithm of each weight.
    cdef uint8_t *logs
    cdef uint8_t *has_logs
    cdef int32_t *distances  # of the codewords, in the making
    cdef uint8_t *sums  # of their logarithms
    # Of each state: where its table is, 0 if it has none yet.
    cdef uint32_t *places
    cdef Layout layout
    cdef void *memory
    cdef uint32_t *tables
    cdef Py_ssize_t used  # by the tables so far

    def __cinit__(self, _borders.Borders borders, int step_bits, priors, gains):
        """Make a model from priors (K,) and gains (activities, bins).

        No sum of a prior and two gains may exceed LARGEST.
        """
        cdef Py_ssize_t n = borders.n_codewords
        self.borders = borders
        self.classes = Classes(borders, step_bits)
        self.n_codewords = n
        self.priors = priors
        self.gains = gains
        cdef Py_ssize_t n_rows = self.classes.n_classes * ACTIVITIES
        cdef Py_ssize_t states = n_rows * self.classes.n_classes
        cdef Py_ssize_t i, j, k
        self.layout = layout_of(n)
        # Room for all; the operating system finds the memory for what is made.
        self.logs = <uint8_t *> malloc(2 * n_rows * n)
        self.has_logs = <uint8_t *> calloc(2 * n_rows, 1)
        self.distances = <int32_t *> malloc(n * sizeof(int32_t))
        self.sums = <uint8_t *> malloc(n)
        self.memory_of_sides = <Side *> malloc(4 * n * sizeof(Side))
        self.places = <uint32_t *> calloc(states, sizeof(uint32_t))
        self.memory = malloc(((states + 1) * self.layout.size + FAN) * sizeof(uint32_t))
        if not (
            self.logs and self.has_logs and self.distances and self.sums and self.memory_of_sides
            and self.places and self.memory
        ):
            raise MemoryError
        for i in range(2):
            for j in range(2):
                self.sides[i][j] = self.memory_of_sides + (2 * i + j) * n
                for k in range(n):
                    self.sides[i][j][k].span = borders.span[j, k] >> FRACTION
                    self.sides[i][j][k].place = <int32_t> (
                        self.classes.numbers[j, k] * (n_rows if i == LEFT else ACTIVITIES)
                    )
        # A node is then a line of the cache.
        self.tables = <uint32_t *> ((<size_t> self.memory + 63) // 64 * 64)

    def __dealloc__(self):
        free(self.logs)
        free(self.has_logs)
        free(self.distances)
        free(self.sums)
        free(self.memory_of_sides)
        free(self.places)
        free(self.memory)

    def states(self, codes):
        """Return the state of each block of a plane (rows, columns) of codes, as int32."""
        cdef const uint16_t[:, ::1] view = codes
        result = np.empty(codes.shape, np.int32)
        cdef int32_t[:, ::1] result_view = result
        cdef Py_ssize_t row, column
        with nogil:
            for row in range(view.shape[0]):
                for column in range(view.shape[1]):
                    result_view[row, column] = self.state_at(view, row, column)
        return result

    def bins(self, states):
        """Return in which bin each codeword is in these states: (sides, states, K), uint8."""
        cdef const int32_t[::1] view = states
        result = np.empty((2, len(states), self.n_codewords), np.uint8)
        cdef uint8_t[:, :, ::1] result_view = result
        cdef Py_ssize_t n = self.classes.n_classes
        cdef Py_ssize_t i, j
        with nogil:
            for i in range(view.shape[0]):
                j = view[i] // ACTIVITIES
                self.fill_bins(LEFT, j // n, &result_view[LEFT, i, 0])
                self.fill_bins(TOP, j % n, &result_view[TOP, i, 0])
        return result

    def intervals(self, codes):
        """Return starts and sizes of the intervals of a slice's codes, as `_rans.encode` takes."""
        cdef const uint16_t[:, ::1] view = codes
        starts, sizes = np.empty(codes.size, np.uint32), np.empty(codes.size, np.uint32)
        cdef uint32_t[::1] start_view = starts
        cdef uint32_t[::1] size_view = sizes
        cdef Py_ssize_t row, column
        cdef Py_ssize_t i = 0
        cdef const uint32_t *interval
        with nogil:
            for row in range(view.shape[0]):
                for column in range(view.shape[1]):
                    interval = self.table(self.state_at(view, row, column))
                    interval += self.layout.leaves + view[row, column]
                    start_view[i] = interval[0]
                    size_view[i] = interval[1] - interval[0]
                    i += 1
        return starts, sizes

    def decode(self, streams, codes):
        """Fill a plane (rows, columns) of codes; ValueError if a stream is damaged.

        Row r comes from stream r modulo their number. Rows of different streams are decoded at
        once, each one column behind the row above, so that none waits for the others' results.
        """
        cdef uint16_t[:, ::1] view = codes
        cdef Lane[MAX_STREAMS_] lanes
        cdef Py_ssize_t n_streams = len(streams)
        cdef Py_ssize_t n_rows = view.shape[0]
        cdef Py_ssize_t group, n_lanes, row, i
        for i in range(n_streams):
            if not open_stream(streams[i], &lanes[i].coder, 1, &lanes[i].words):
                raise ValueError("data is corrupted: a stream must begin with a valid state")
        with nogil:
            for group in range((n_rows + n_streams - 1) // n_streams):
                row = group * n_streams
                n_lanes = min(n_streams, n_rows - row)
                for i in range(n_lanes):
                    lanes[i].codes = &view[row + i, 0]
                    lanes[i].above = &view[row + i - 1, 0] if row + i else NULL
                self.decode_rows(lanes, n_lanes, view.shape[1])
        for i in range(n_streams):
            if not is_spent(&lanes[i].coder, 1, &lanes[i].words):
                raise ValueError("data is corrupted: a stream does not end where it should")

    def choose(self, candidates, distances, float rate_weight, codes):
        """Choose codes again, each the candidate at the least distance + weight * bits.

        The bits are those of the code itself and of the codes on its right and below, which the
        change of their neighbour makes cheaper or dearer. candidates (rows, columns, n) are codes,
        distances (rows, columns, n) theirs; codes (rows, columns) are those so far.
        """
        cdef const uint16_t[:, :, ::1] candidate_view = candidates
        cdef const float[:, :, ::1] distance_view = distances
        cdef uint16_t[:, ::1] view = codes
        cdef Py_ssize_t row, column, i
        cdef uint16_t best
        cdef float cost, least
        with nogil:
            for row in range(view.shape[0]):
                for column in range(view.shape[1]):
                    least = -1
                    best = 0
                    for i in range(candidate_view.shape[2]):
                        view[row, column] = candidate_view[row, column, i]
                        cost = distance_view[row, column, i]
                        if least >= 0 and cost >= least:
                            continue
                        cost += rate_weight * self.bits_around(view, row, column)
                        if least < 0 or cost < least:
                            least = cost
                            best = view[row, column]
                    view[row, column] = best

    cdef float bits_around(
        self, const uint16_t[:, ::1] codes, Py_ssize_t row, Py_ssize_t column
    ) noexcept nogil:
        """Return the bits of a code and of those whose neighbour it is."""
        cdef float bits = self.bits(codes, row, column)
        if column + 1 < codes.shape[1]:
            bits += self.bits(codes, row, column + 1)
        if row + 1 < codes.shape[0]:
            bits += self.bits(codes, row + 1, column)
        return bits

    cdef inline float bits(
        self, const uint16_t[:, ::1] codes, Py_ssize_t row, Py_ssize_t column
    ) noexcept nogil:
        """Return the bits of a code."""
        cdef const uint32_t *interval = self.table(self.state_at(codes, row, column))
        interval += self.layout.leaves + codes[row, column]
        return PRECISION - log2f(<float> (interval[1] - interval[0]))

    cdef void decode_rows(self, Lane *lanes, Py_ssize_t n_lanes, Py_ssize_t n) noexcept nogil:
        """Decode rows of n codes, each one column behind the one above."""
        cdef const Side *left = self.sides[LEFT][LEFT]
        cdef const Side *top = self.sides[TOP][TOP]
        cdef Py_ssize_t step, i, column
        for step in range(n + n_lanes - 1):
            if n_lanes <= step < n and lanes[0].above:
                for i in range(n_lanes):
                    column = step - i
                    decode_one(
                        &lanes[i],
                        column,
                        self.table(
                            state_between(
                                left[lanes[i].codes[column - 1]], top[lanes[i].above[column]]
                            )
                        ),
                        self.layout.middle,
                        self.layout.leaves,
                    )
            else:
                for i in range(max(0, step - n + 1), min(n_lanes, step + 1)):
                    column = step - i
                    decode_one(
                        &lanes[i],
                        column,
                        self.table(self.state(lanes[i].codes, lanes[i].above, column)),
                        self.layout.middle,
                        self.layout.leaves,
                    )

    cdef inline int32_t state_at(
        self, const uint16_t[:, ::1] codes, Py_ssize_t row, Py_ssize_t column
    ) noexcept nogil:
        return self.state(&codes[row, 0], &codes[row - 1, 0] if row else NULL, column)

    cdef inline int32_t state(
        self, const uint16_t *codes, const uint16_t *above, Py_ssize_t column
    ) noexcept nogil:
        """Return the state of a block whose neighbours on the left and above are known."""
        cdef Side left, top
        # A missing neighbour is taken to be like the other one, both to be the middle codeword.
        if above and column:
            left = self.sides[LEFT][LEFT][codes[column - 1]]
            top = self.sides[TOP][TOP][above[column]]
        elif column:
            left = self.sides[LEFT][LEFT][codes[column - 1]]
            top = self.sides[TOP][LEFT][codes[column - 1]]
        else:
            left = self.sides[LEFT][TOP][above[0] if above else self.n_codewords >> 1]
            top = self.sides[TOP][TOP][above[0] if above else self.n_codewords >> 1]
        return state_between(left, top)

    cdef inline const uint32_t *table(self, int32_t state) noexcept nogil:
        """Return the table of a state."""
        if not self.places[state]:
            self.used += self.layout.size
            self.add_table(state, self.tables + self.used)
            self.places[state] = <uint32_t> self.used
        return self.tables + self.places[state]

    cdef void add_table(self, int32_t state, uint32_t *table) noexcept nogil:
        cdef int32_t pair = state // ACTIVITIES
        cdef int activity = state % ACTIVITIES
        cdef const uint8_t *left = self.row(LEFT, pair // self.classes.n_classes, activity)
        cdef const uint8_t *above = self.row(TOP, pair % self.classes.n_classes, activity)
        make_table(&self.layout, POWERS, left, above, self.sums, table)

    cdef const uint8_t *row(self, int side, Py_ssize_t number, int activity) noexcept nogil:
        """Return what a neighbour of a class adds to the logarithms."""
        cdef Py_ssize_t n = self.n_codewords
        cdef Py_ssize_t place = (side * self.classes.n_classes + number) * ACTIVITIES + activity
        cdef uint8_t *logs = self.logs + place * n
        cdef const uint8_t *gains = &self.gains[activity, 0]
        cdef Py_ssize_t k
        if not self.has_logs[place]:
            self.fill_bins(side, number, logs)
            for k in range(n):
                logs[k] = gains[logs[k]]
            if side == LEFT:
                for k in range(n):
                    logs[k] += self.priors[k]
            self.has_logs[place] = True
        return logs

    cdef void fill_bins(self, int side, Py_ssize_t number, uint8_t *bins) noexcept nogil:
        """Sort the codewords by how far they are from continuing a side of this class."""
        cdef Py_ssize_t n = self.n_codewords
        cdef int32_t *distances = self.distances
        cdef const int32_t *means
        cdef int32_t middle
        cdef Py_ssize_t c, k
        memcpy(distances, &self.borders.roughness[side, 0], n * sizeof(int32_t))
        for c in range(self.borders.n_channels):
            means = &self.borders.entering[side, c, 0]
            middle = self.classes.middles[number, c]
            for k in range(n):
                distances[k] += (means[k] - middle) * (means[k] - middle)
        for k in range(n):
            bins[k] = bin_of(distances[k])


cdef inline int32_t state_between(Side left, Side top) noexcept nogil:
    return left.place + top.place + ACTIVITY[left.span + top.span]


cdef inline void decode_one(
    Lane *lane, Py_ssize_t column, const uint32_t *table, Py_ssize_t middle, Py_ssize_t leaves
) noexcept nogil:
    cdef uint32_t slot = <uint32_t> (lane.coder & ((1 << PRECISION) - 1))
    cdef const uint32_t *starts = table + leaves
    cdef Py_ssize_t place = find(table, middle, leaves, slot)
    lane.codes[column] = <uint16_t> place
    lane.coder = advance(lane.coder, starts[place], starts[place + 1], &lane.words)
