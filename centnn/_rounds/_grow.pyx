"""Growth: clusters are split where a 2-means of their members would save most."""

from libc.string cimport memcpy, memset
from libc.stdint cimport int64_t, uint8_t, uint32_t

import numpy as np

from centnn._rounds._lists cimport LIST_ROWS, LIST_TILES
from centnn._rounds._state cimport State, Worker

cdef enum:
    # Members that a proposal is made from: more are sampled at equal steps, to find an axis only.
    # The split itself is of all members.
    SAMPLE = LIST_ROWS * LIST_TILES
    POWER_STEPS = 2
    MEANS_STEPS = 2


def split(State state, Py_ssize_t target, double stale):
    """Split clusters, the most gainful first, up to `target` codewords; return how many.

    Needs sorted members. What a split would gain is found again where more than the part `stale`
    of a cluster's weight has come or gone since.
    """
    cdef Py_ssize_t s, k = state.k
    cdef int64_t[::1] parents, successes
    cdef uint8_t[::1] is_split

    def propose_splits(Py_ssize_t first, Py_ssize_t last, Py_ssize_t thread):
        cdef Py_ssize_t j
        with nogil:
            for j in range(first, last):
                if state.changed[j] > stale * state.book.counts[j]:
                    propose(state, j, &state.workers[thread])

    def choose_all_sides(Py_ssize_t first, Py_ssize_t last, Py_ssize_t thread):
        cdef Py_ssize_t s
        with nogil:
            for s in range(first, last):
                is_split[s] = choose_sides(state, parents[s], &state.workers[thread])

    def divide_all(Py_ssize_t first, Py_ssize_t last, Py_ssize_t thread):
        cdef Py_ssize_t s
        with nogil:
            for s in range(first, last):
                divide(state, successes[s], k + s, &state.workers[thread])

    state.team.run(propose_splits, state.divide(0, k, 16 * state.d))
    gains = np.array(<double[:k]> state.gain)
    chosen = np.argsort(-gains, kind="stable")[:target - k]
    parents = chosen[gains[chosen] > 0]
    is_split = np.zeros(len(parents), np.uint8)
    cost = 2.0 * state.d * state.n / k
    state.team.run(choose_all_sides, state.team.divide(0, len(parents), cost))
    successes = np.asarray(parents)[np.asarray(is_split) != 0]
    n_split = len(successes)
    state.team.run(divide_all, state.team.divide(0, n_split, cost))
    # Until they are found anew, a list of some other codeword will do.
    for s in range(n_split if state.n_listed else 0):
        memcpy(state.near + (k + s) * state.n_near, state.near + successes[s] * state.n_near,
               state.n_near * sizeof(state.near[0]))
    state.k += n_split
    return n_split


cdef struct Members:
    # The sampled members of a cluster, in tiles, less its codeword.
    Py_ssize_t n, n_tiles
    double weights[SAMPLE]
    double projections[SAMPLE]
    double times[SAMPLE]


cdef void propose(State state, Py_ssize_t j, Worker *worker) noexcept nogil:
    """Find how to split cluster j, and what that gains; a gain of -1: not to be split."""
    cdef Members members
    cdef double *axis = state.axis + j * state.d
    cdef double total
    state.gain[j] = -1
    state.changed[j] = 0
    if state.size[j] < (1 if j < state.n_fixed else 2):
        return
    total = load_members(state, j, worker, &members)
    if find_axis(state, &members, worker, axis):
        state.gain[j] = two_means(state, j, &members, worker, axis)
        if j < state.n_fixed:
            consider_all(state, j, worker.vectors, total)
        state.gain[j] *= state.book.counts[j] / total
    if not state.gain[j] > 0:
        state.gain[j] = split_off_farthest(state, j, &members, worker, axis)


cdef double load_members(State state, Py_ssize_t j, Worker *worker,
                         Members *members) noexcept nogil:
    """Sample members into tiles; return their weight."""
    cdef Py_ssize_t i, t, n, size = state.start[j + 1] - state.start[j]
    cdef double total = 0
    cdef size_t tile_size = state.d * LIST_ROWS * state.real_size
    members.n = min(size, SAMPLE)
    members.n_tiles = (members.n + LIST_ROWS - 1) // LIST_ROWS
    for t in range(members.n_tiles):
        n = min(LIST_ROWS, members.n - t * LIST_ROWS)
        for i in range(LIST_ROWS):
            members.weights[t * LIST_ROWS + i] = 0
        for i in range(n):
            worker.rows[i] = state.order[state.start[j] + (t * LIST_ROWS + i) * size // members.n]
            members.weights[t * LIST_ROWS + i] = state.weight_of(worker.rows[i])
            total += members.weights[t * LIST_ROWS + i]
        state.kernel.load(&state.rows, worker.rows, n, state.codeword(j),
                          <char *> worker.tiles + t * tile_size, worker.scratch)
    return total


cdef void project(State state, Members *members, Worker *worker,
                  const double *axis) noexcept nogil:
    state.kernel.project(worker.tiles, members.n_tiles, state.d, axis, members.projections)


cdef void combine(State state, Members *members, Worker *worker, double *total) noexcept nogil:
    state.kernel.combine(worker.tiles, members.n_tiles, state.d, members.times, total,
                         worker.scratch)


cdef bint find_axis(State state, Members *members, Worker *worker, double *axis) noexcept nogil:
    """Find an axis along which members are spread: power iterations from the farthest member."""
    cdef Py_ssize_t i, farthest = 0
    cdef double largest = 0, mean
    project(state, members, worker, NULL)
    for i in range(members.n_tiles * LIST_ROWS):
        members.times[i] = 0
        if i < members.n and members.projections[i] > members.projections[farthest]:
            farthest = i
    if not members.projections[farthest] > 0:
        return False
    members.times[farthest] = 1
    combine(state, members, worker, axis)
    for _ in range(POWER_STEPS):
        # Scaled to a largest component of 1: enough against overflow.
        largest = 0
        for i in range(state.d):
            largest = max(largest, abs(axis[i]))
        if not largest > 0:
            return False
        for i in range(state.d):
            axis[i] /= largest
        project(state, members, worker, axis)
        mean = mean_projection(members)
        for i in range(members.n_tiles * LIST_ROWS):
            members.times[i] = members.weights[i] * (members.projections[i] - mean)
        combine(state, members, worker, axis)
    return True


cdef double split_off_farthest(State state, Py_ssize_t j, Members *members, Worker *worker,
                               double *axis) noexcept nogil:
    """Find a split for members of which the sampled ones do not differ; return about its gain.

    They may lack an outlier that is so far away that the others seem to be alike.
    """
    cdef Py_ssize_t q, i, n, farthest = -1
    cdef double largest = 0
    q = state.start[j]
    while q < state.start[j + 1]:
        n = min(LIST_ROWS, state.start[j + 1] - q)
        state.kernel.load(&state.rows, state.order + q, n, state.codeword(j), worker.tiles,
                          worker.scratch)
        state.kernel.project(worker.tiles, 1, state.d, NULL, members.projections)
        for i in range(n):
            if members.projections[i] > largest:
                largest = members.projections[i]
                farthest = q + i
        q += n
    if farthest < 0:
        return -1
    state.kernel.load(&state.rows, state.order + farthest, 1, state.codeword(j), worker.tiles,
                      worker.scratch)
    members.n = members.n_tiles = 1
    members.times[0] = 1
    for i in range(1, LIST_ROWS):
        members.times[i] = 0
    combine(state, members, worker, axis)
    state.threshold[j] = largest / 2
    return largest * state.weight_of(state.order[farthest])


cdef double mean_projection(const Members *members) noexcept nogil:
    """Return the weighted mean: not 0, as a sample's mean is not the codeword."""
    cdef Py_ssize_t i
    cdef double total = 0, weight = 0
    for i in range(members.n):
        total += members.weights[i] * members.projections[i]
        weight += members.weights[i]
    return total / weight


cdef double two_means(State state, Py_ssize_t j, Members *members, Worker *worker,
                      double *axis) noexcept nogil:
    """Improve a split at the mean along `axis`; return its gain, and leave the plane to split at.

    The plane is halfway between the means of both sides.
    """
    cdef Py_ssize_t i, step
    cdef double *total = worker.vectors
    cdef double *high = worker.vectors + state.d
    cdef double *low = worker.vectors + 2 * state.d
    cdef double weight = 0, n_high = 0, square = 0, middle, gain = -1
    for i in range(members.n_tiles * LIST_ROWS):
        members.times[i] = members.weights[i]
        weight += members.weights[i]
    combine(state, members, worker, total)
    for step in range(1 + MEANS_STEPS):
        project(state, members, worker, axis)
        if step == 0:
            state.threshold[j] = mean_projection(members)
        n_high = 0
        for i in range(members.n_tiles * LIST_ROWS):
            members.times[i] = 0
            if members.projections[i] > state.threshold[j]:
                members.times[i] = members.weights[i]
                n_high += members.weights[i]
        if not 0 < n_high < weight:
            return gain
        combine(state, members, worker, high)
        square = middle = 0
        for i in range(state.d):
            low[i] = (total[i] - high[i]) / (weight - n_high)
            high[i] /= n_high
            axis[i] = high[i] - low[i]
            square += axis[i] * axis[i]
            middle += axis[i] * (high[i] + low[i])
        state.threshold[j] = middle / 2
        if j < state.n_fixed:
            gain = gain_beside_fixed(state, j, axis, n_high, weight - n_high, high, low)
        else:
            gain = square * n_high * (weight - n_high) / weight
    return gain


cdef double gain_beside_fixed(State state, Py_ssize_t j, double *axis, double n_high,
                              double n_low, const double *high, const double *low) noexcept nogil:
    """Return what a new codeword for one side gains where the present one stays at 0.

    Turns the plane so that the better side is the high one, which is the one that goes.
    """
    cdef Py_ssize_t i
    cdef double gain_high = 0, gain_low = 0
    for i in range(state.d):
        gain_high += n_high * high[i] * high[i]
        gain_low += n_low * low[i] * low[i]
    if gain_low > gain_high:
        for i in range(state.d):
            axis[i] = -axis[i]
        state.threshold[j] = -state.threshold[j]
    return max(gain_low, gain_high)


cdef void consider_all(State state, Py_ssize_t j, const double *total,
                       double weight) noexcept nogil:
    """Let all members of a fixed codeword go to a new one if that gains more than some do."""
    cdef Py_ssize_t i
    cdef double gain = 0
    for i in range(state.d):
        gain += total[i] * total[i] / weight
    if gain > state.gain[j]:
        state.gain[j] = gain
        state.threshold[j] = -1
        memset(state.axis + j * state.d, 0, state.d * sizeof(double))


cdef bint choose_sides(State state, Py_ssize_t j, Worker *worker) noexcept nogil:
    """Set the proposals of the members that go to 1, of the others to 0.

    Those on the high side of the plane go, or on the low side if there are fewer of them and the
    codeword is not fixed. Return False if nobody would go, or everybody, unless it is fixed.
    """
    cdef Py_ssize_t q, i, n, n_high = 0, size = state.start[j + 1] - state.start[j]
    cdef double projections[LIST_ROWS]
    q = state.start[j]
    while q < state.start[j + 1]:
        n = min(LIST_ROWS, state.start[j + 1] - q)
        state.kernel.load(&state.rows, state.order + q, n, state.codeword(j), worker.tiles,
                          worker.scratch)
        state.kernel.project(worker.tiles, 1, state.d, state.axis + j * state.d, projections)
        for i in range(n):
            state.proposal[q + i] = projections[i] > state.threshold[j]
            n_high += state.proposal[q + i]
        q += n
    if n_high == 0 or n_high == size and j >= state.n_fixed:
        state.gain[j] = -1
        return False
    if 2 * n_high > size and j >= state.n_fixed:
        for q in range(state.start[j], state.start[j + 1]):
            state.proposal[q] = 1 - state.proposal[q]
    return True


cdef void divide(State state, Py_ssize_t j, Py_ssize_t new, Worker *worker) noexcept nogil:
    """Give the members of cluster j whose proposal says so to a new codeword."""
    cdef Py_ssize_t q, i
    cdef double *total = state.book.sums + new * state.d
    memset(total, 0, state.d * sizeof(double))
    state.book.counts[new] = 0
    state.size[new] = 0
    state.spread[new] = state.spread[j]
    state.clock[new] = state.clock[j]
    worker.n = 0
    for q in range(state.start[j], state.start[j + 1]):
        i = state.order[q]
        state.expiry[i] = -1
        if state.proposal[q]:
            state.relabel(i, new)
            state.book.counts[new] += state.weight_of(i)
            worker.weights[worker.n] = state.weight_of(i)
            worker.rows[worker.n] = <uint32_t> i
            worker.n += 1
            if worker.n == LIST_ROWS:
                add_taken(state, worker, total)
    add_taken(state, worker, total)
    state.book.counts[j] -= state.book.counts[new]
    for i in range(state.d):
        state.book.sums[j * state.d + i] -= total[i]
    # The new one has come from where the old one was.
    memcpy(<char *> state.before + new * state.d * state.real_size, state.codeword(j),
           state.d * state.real_size)
    state.kernel.settle(&state.book, j)
    state.kernel.settle(&state.book, new)
    state.renew(j)
    state.renew(new)


cdef inline void add_taken(State state, Worker *worker, double *total) noexcept nogil:
    """Add the rows that were taken to a sum."""
    state.kernel.add(&state.rows, worker.rows, worker.n, worker.weights, total, worker.scratch)
    worker.n = 0
