"""Removal: the codewords go whose removal raises the error least."""

from libc.math cimport INFINITY
from libc.string cimport memcpy, memset
from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t

import numpy as np

from centnn._rounds._round cimport refresh_lists, search_members, take_note_of_drift
from centnn._rounds._state cimport State, Worker


def remove(State state, Py_ssize_t n, double share, Py_ssize_t age):
    """Remove up to n codewords, at least one; return how many.

    Their members go to the nearest others, which are exempt from removal this time. `age` rounds
    have been made with the present lists.
    """
    cdef Py_ssize_t k = state.k
    cdef double[::1] costs = np.empty(k)
    state.sort_members()
    take_note_of_drift(state, share)
    if state.few():
        state.n_listed = 0
    elif age == 0 or state.n_listed == 0:
        refresh_lists(state)

    def find_costs(Py_ssize_t first, Py_ssize_t last, Py_ssize_t thread):
        cdef Py_ssize_t j
        with nogil:
            for j in range(first, last):
                costs[j] = cost_of_removal(state, j, &state.workers[thread])

    state.team.run(find_costs, state.divide(0, k, <double> state.d * min(k, state.n_near)))
    is_removed = choose(state, np.argsort(costs, kind="stable"), n)
    hand_over_members(state, is_removed)
    close_ranks(state, is_removed)
    return k - state.k


cdef double cost_of_removal(State state, Py_ssize_t j, Worker *worker) noexcept nogil:
    """Return by how much the error rises when each member of j goes to its nearest other.

    Members that go to the same codeword are a group, whose mean alone matters; each group's
    receiver moves to its new mean. Leaves the receivers in the proposals.
    """
    cdef Py_ssize_t q, i, p, n_listed, d = state.d
    cdef const uint32_t *codewords
    cdef double cost = 0
    if j < state.n_fixed:
        return INFINITY
    search_members(state, j, worker, True)
    n_listed = state.k - 1 if state.few() else state.n_listed
    codewords = worker.others if state.few() else state.near + j * state.n_near
    memset(worker.counts, 0, n_listed * sizeof(double))
    for q in range(state.start[j], state.start[j + 1]):
        p = state.proposal[q]
        if worker.counts[p] == 0:
            memset(worker.sums + p * d, 0, d * sizeof(double))
        state.add(state.order[q], worker.sums + p * d, worker.scratch)
        worker.counts[p] += state.weight_of(state.order[q])
        state.proposal[q] = <int32_t> codewords[p]
    for i in range(n_listed):
        if worker.counts[i] > 0:
            cost += cost_of_group(state, j, codewords[i], worker.counts[i], worker.sums + i * d)
    return cost


cdef double cost_of_group(State state, Py_ssize_t j, Py_ssize_t to, double weight,
                          const double *total) noexcept nogil:
    """Return the rise in error when a group of members of j goes to another codeword."""
    cdef Py_ssize_t i
    cdef double mean, here = 0, there = 0, count = state.book.counts[to]
    cdef double *own = state.book.sums + j * state.d
    cdef double *other = state.book.sums + to * state.d
    for i in range(state.d):
        mean = total[i] / weight
        here += (mean - own[i] / state.book.counts[j]) ** 2
        if to >= state.n_fixed:
            there += (mean - other[i] / count) ** 2
        elif state.is_double:
            there += (mean - (<double *> state.codeword(to))[i]) ** 2
        else:
            there += (mean - (<float *> state.codeword(to))[i]) ** 2
    if to >= state.n_fixed:
        there *= count / (count + weight)
    return weight * (there - here)


cdef choose(State state, const int64_t[::1] cheapest, Py_ssize_t n):
    """Choose up to n codewords to remove: none that receives from another one."""
    cdef Py_ssize_t r, j, q
    cdef uint8_t[::1] is_receiver = np.zeros(state.k, np.uint8)
    cdef uint8_t[::1] is_removed = np.zeros(state.k, np.uint8)
    cdef bint is_free
    for r in range(state.k):
        j = cheapest[r]
        if n == 0 or j < state.n_fixed:
            break
        is_free = not is_receiver[j]
        for q in range(state.start[j], state.start[j + 1]):
            is_free = is_free and not is_removed[state.proposal[q]]
        if not is_free:
            continue
        is_removed[j] = 1
        n -= 1
        for q in range(state.start[j], state.start[j + 1]):
            is_receiver[state.proposal[q]] = 1
    return is_removed


cdef hand_over_members(State state, const uint8_t[::1] is_removed):
    cdef Py_ssize_t i, j, q, to
    for j in range(state.k):
        if not is_removed[j]:
            continue
        for q in range(state.start[j], state.start[j + 1]):
            to = state.proposal[q]
            i = state.order[q]
            state.add(i, state.book.sums + to * state.d, state.workers[0].scratch)
            state.book.counts[to] += state.weight_of(i)
            state.relabel(i, to)
            state.renew(to)
    for j in range(state.k):
        if state.touched[j] and not is_removed[j]:
            state.kernel.settle(&state.book, j)


cdef close_ranks(State state, const uint8_t[::1] is_removed):
    """Number the remaining codewords anew, in their order."""
    cdef Py_ssize_t i, j, last = state.k
    cdef int32_t[::1] number = np.full(state.k, -1, np.int32)
    state.k = 0
    for j in range(last):
        if not is_removed[j]:
            number[j] = <int32_t> state.k
            move_codeword(state, j, state.k)
            state.k += 1
    for i in range(state.n):
        state.label[i] = number[state.label[i]]
    for j in range(state.k if state.n_listed else 0):
        patch_list(state, j, &number[0])


cdef void patch_list(State state, Py_ssize_t j, const int32_t *number) noexcept nogil:
    """Give the codewords in a list their new numbers, and in place of removed ones others."""
    cdef uint32_t *codewords = state.near + j * state.n_near
    cdef Py_ssize_t i, n = 0
    for i in range(state.n_listed):
        if number[codewords[i]] >= 0:
            codewords[n] = <uint32_t> number[codewords[i]]
            n += 1
    for i in range(n, state.n_listed):
        codewords[i] = codewords[0] if n else <uint32_t> ((j + 1) % state.k)


cdef void move_codeword(State state, Py_ssize_t j, Py_ssize_t to) noexcept nogil:
    """Put codeword j and all that is known of it in place `to`, with j >= to."""
    cdef Py_ssize_t d = state.d, real_size = state.real_size
    cdef size_t row = d * real_size
    if j == to:
        return
    memcpy(state.book.sums + to * d, state.book.sums + j * d, d * sizeof(double))
    memcpy(state.axis + to * d, state.axis + j * d, d * sizeof(double))
    memcpy(state.codeword(to), state.codeword(j), row)
    memcpy(<char *> state.before + to * row, <char *> state.before + j * row, row)
    memcpy(state.near + to * state.n_near, state.near + j * state.n_near,
           state.n_near * sizeof(uint32_t))
    memcpy(<char *> state.book.half_norms + to * real_size,
           <char *> state.book.half_norms + j * real_size, real_size)
    memcpy(<char *> state.book.factors + to * real_size,
           <char *> state.book.factors + j * real_size, real_size)
    state.book.counts[to] = state.book.counts[j]
    state.size[to] = state.size[j]
    state.clock[to] = state.clock[j]
    state.clean[to] = state.clean[j]
    state.spread[to] = state.spread[j]
    state.reach[to] = state.reach[j]
    state.touched[to] = state.touched[j]
    state.changed[to] = state.changed[j]
    state.gain[to] = state.gain[j]
    state.threshold[to] = state.threshold[j]
