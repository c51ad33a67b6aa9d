"""A round: each cluster's rows look for a better codeword in a list, then move in order.

A row goes where the total squared error falls (Hartigan): from p to j when
n_j / (n_j + w) d_j^2 < n_p / (n_p - w) d_p^2. The clusters of a part of a round are searched
against the same codewords, in parallel; then what they found is checked against the codewords of
the moment and carried out, one row after the other.

Each row has an expiry. A search leaves it the slack between the best other codeword and its own;
its cluster's clock advances by a share of what the codewords in the list move. A row is looked at
when the clock has passed its expiry. With a share of 1 this would be safe; with less it is a
forecast, and the final look at every far-out row (`tail`) and the next rounds make up for it.
"""

from cpython.exc cimport PyErr_CheckSignals
from libc.float cimport FLT_MAX
from libc.math cimport sqrt
from libc.stdint cimport uint32_t

from centnn._rounds._lists cimport LEAST_FALL, LIST_ROWS
from centnn._rounds._state cimport State, Worker

cdef enum:
    NOBODY = -1

# Only rows farther from their codeword than the farthest listed one is from it, over this, are
# looked at in a tail round.
cdef float TAIL = 1.3


def run(State state, Py_ssize_t n_parts, double share, Py_ssize_t age, bint tail=False):
    """Make a round in n_parts parts; return how many rows moved.

    `age` rounds have been made with the present lists; `share` of what codewords move counts. A
    tail round looks in all codewords for rows that may have a better one outside their list.
    """
    cdef Py_ssize_t part, first, last, moves = 0
    state.sort_members()
    take_note_of_drift(state, share)
    if state.few():
        state.n_listed = 0
    elif age == 0 or state.n_listed == 0:
        refresh_lists(state)
    for part in range(n_parts):
        first = state.k * part // n_parts
        last = state.k * (part + 1) // n_parts
        search_clusters(state, first, last, tail)
        with nogil:
            moves += commit(state, first, last)
        PyErr_CheckSignals()
    return moves


cdef take_note_of_drift(State state, double share):
    """Advance the clocks by what the codewords have moved since the last time."""
    cdef Py_ssize_t j, p
    cdef float most
    for j in range(state.k):
        state.moved[j] = 0
        if state.touched[j]:
            state.moved[j] = <float> state.kernel.drift(&state.book, state.before, j)
            state.touched[j] = 0
    if state.n_listed == 0:
        return
    for j in range(state.k):
        most = 0
        for p in range(state.n_listed):
            most = max(most, state.moved[state.near[j * state.n_near + p]])
        state.clock[j] += <float> (share * (most + state.moved[j]))


cdef refresh_lists(State state):
    """Find each codeword's nearest ones, with more codewords than a list has."""

    def find(Py_ssize_t first, Py_ssize_t last, Py_ssize_t thread):
        cdef Py_ssize_t b
        with nogil:
            for b in range(first, last):
                find_neighbours(state, b * LIST_ROWS, &state.workers[thread])

    n_blocks = (state.k + LIST_ROWS - 1) // LIST_ROWS
    cost = <double> state.k * state.d * LIST_ROWS
    state.team.run(find, state.team.divide(0, n_blocks, cost))
    state.n_listed = state.n_near


cdef void find_neighbours(State state, Py_ssize_t first, Worker *worker) noexcept nogil:
    """Make the lists of a block of codewords."""
    state.kernel.near(&state.book, state.k, first, min(LIST_ROWS, state.k - first),
                      state.n_near, state.near + first * state.n_near, state.reach + first,
                      worker.scratch)


cdef search_clusters(State state, Py_ssize_t first, Py_ssize_t last, bint tail):
    """Let clusters first .. last - 1 look for moves."""

    def search(Py_ssize_t first, Py_ssize_t last, Py_ssize_t thread):
        cdef Py_ssize_t j
        with nogil:
            for j in range(first, last):
                if tail:
                    search_tail(state, j, &state.workers[thread])
                else:
                    search_members(state, j, &state.workers[thread], False)

    n_codewords = state.k if tail else min(state.k, state.n_near + 1)
    state.team.run(search, state.divide(first, last, <double> state.d * n_codewords))


cdef void search_members(State state, Py_ssize_t j, Worker *worker,
                         bint is_removal) noexcept nogil:
    """Search the list for the rows of cluster j whose expiry has passed.

    For a removal: for all rows, without count factors; each row's proposal is then the place in
    the list of its nearest other codeword.
    """
    cdef Py_ssize_t q, i
    cdef const uint32_t *codewords = state.near + j * state.n_near
    cdef Py_ssize_t n_listed = state.n_listed
    cdef bint everyone = is_removal or state.few()
    cdef float earliest = FLT_MAX
    state.n_proposals[j] = 0
    if not is_removal and (is_alone(state, j) or not everyone and state.clean[j] > state.clock[j]):
        return
    if state.few():
        codewords = state.others(j, worker)
        n_listed = state.k - 1
    worker.n = 0
    for q in range(state.start[j], state.start[j + 1]):
        i = state.order[q]
        state.proposal[q] = NOBODY
        if not everyone and state.expiry[i] > state.clock[j]:
            earliest = min(earliest, state.expiry[i])
            continue
        take(worker, q, i)
        if worker.n == LIST_ROWS:
            earliest = min(earliest, search_tile(state, j, worker, codewords, n_listed,
                                                 is_removal))
    if worker.n:
        earliest = min(earliest, search_tile(state, j, worker, codewords, n_listed, is_removal))
    if not is_removal:
        state.clean[j] = earliest


cdef void search_tail(State state, Py_ssize_t j, Worker *worker) noexcept nogil:
    """Search all codewords for the rows of cluster j that are far out for its list."""
    cdef Py_ssize_t q, i
    cdef double limit = state.reach[j] / TAIL
    cdef const uint32_t *others = NULL
    state.n_proposals[j] = 0
    if is_alone(state, j) or state.n_listed == 0:
        return
    worker.n = 0
    for q in range(state.start[j], state.start[j + 1]):
        i = state.order[q]
        state.proposal[q] = NOBODY
        if state.kernel.distance(&state.rows, i, &state.book, j, worker.scratch) <= limit * limit:
            continue
        if others == NULL:
            others = state.others(j, worker)
        take(worker, q, i)
        if worker.n == LIST_ROWS:
            search_tile(state, j, worker, others, state.k - 1, False)
    if worker.n:
        search_tile(state, j, worker, others, state.k - 1, False)
    state.clean[j] = -1


cdef inline void take(Worker *worker, Py_ssize_t q, Py_ssize_t i) noexcept nogil:
    """Note a row for the next tile."""
    worker.slots[worker.n] = <uint32_t> q
    worker.rows[worker.n] = <uint32_t> i
    worker.n += 1


cdef float search_tile(State state, Py_ssize_t j, Worker *worker, const uint32_t *codewords,
                       Py_ssize_t n_codewords, bint is_removal) noexcept nogil:
    """Search for the rows that were taken; return the earliest expiry that they get."""
    cdef Py_ssize_t p
    cdef bint weighted = state.weight != NULL and not is_removal
    cdef double spread = 0
    cdef float earliest = FLT_MAX
    state.kernel.load(&state.rows, worker.rows, worker.n, NULL, worker.tiles, worker.scratch)
    for p in range(LIST_ROWS if weighted else 0):
        worker.weights[p] = state.weight[worker.rows[min(p, worker.n - 1)]]
    state.kernel.search(&state.book, worker.tiles, worker.n, j, codewords, n_codewords,
                        worker.weights if weighted else NULL, is_removal, state.is_far_out(j),
                        &worker.found)
    for p in range(worker.n):
        spread += worker.found.own[p]
        if is_removal:
            state.proposal[worker.slots[p]] = <int> worker.found.place[p]
        else:
            earliest = min(earliest, decide(state, j, worker, p, codewords))
    state.spread[j] = <float> (spread / worker.n)
    worker.n = 0
    return earliest


cdef inline float decide(State state, Py_ssize_t j, Worker *worker, Py_ssize_t p,
                         const uint32_t *codewords) noexcept nogil:
    """Propose a move for row p of the tile, or give it an expiry; return the expiry."""
    cdef Py_ssize_t i = worker.rows[p]
    cdef double own = worker.found.own[p] * loss(state, j, state.weight_of(i))
    cdef double best = worker.found.best[p]
    if best < own * LEAST_FALL:
        state.proposal[worker.slots[p]] = <int> codewords[worker.found.place[p]]
        state.n_proposals[j] += 1
        state.expiry[i] = -1
    else:
        state.expiry[i] = <float> (state.clock[j] + sqrt(best) - sqrt(own))
    return state.expiry[i]


cdef inline bint is_alone(State state, Py_ssize_t j) noexcept nogil:
    """Whether cluster j has no member that may leave: only fixed codewords may have none."""
    return state.size[j] < 2 and j >= state.n_fixed


cdef inline double loss(State state, Py_ssize_t j, double weight) noexcept nogil:
    """The factor n / (n - w) of a row that leaves cluster j."""
    if j < state.n_fixed:
        return 1
    return state.book.counts[j] / (state.book.counts[j] - weight)


cdef Py_ssize_t commit(State state, Py_ssize_t first, Py_ssize_t last) noexcept nogil:
    """Carry out the proposals of clusters first .. last - 1 that still lower the error."""
    cdef Py_ssize_t i, j, q, to, moves = 0
    for j in range(first, last):
        if state.n_proposals[j] == 0:
            continue
        for q in range(state.start[j], state.start[j + 1]):
            i = state.order[q]
            to = state.proposal[q]
            if to == NOBODY or is_alone(state, j):
                continue
            if state.kernel.move(&state.rows, i, state.weight_of(i), &state.book, j, to,
                                 state.workers[0].scratch):
                state.relabel(i, to)
                moves += 1
    return moves
