"""Distance tables of a product quantizer, and the scan of its codes. Trusts its input."""

from cython.parallel cimport prange, threadid
from libc.stdint cimport uint8_t, uint32_t
from libc.string cimport memset

import numpy as np

from centnn._search cimport (
    CENTNN_F32, CENTNN_F64, Memory, centnn_kernel, current_kernel,
)
from centnn._types cimport real

cdef extern from "product.h" nogil:
    enum:
        QUERIES_AT_ONCE

    ctypedef struct centnn_codes:
        const void *codes
        size_t code_size
        size_t n
        size_t m
        size_t k
        uint32_t first

cdef extern from "internal.h" nogil:
    # What _search.pxd declares without this member.
    ctypedef struct kernel_with_codes "centnn_kernel":
        void (*nearest_codes)(const centnn_codes *codes, const void *tables, size_t n_queries,
                              size_t n_nearest, double *distances, uint32_t *places,
                              void *scratch) noexcept nogil

cdef enum:
    # Codes of a piece, at least: pieces are searched apart, so that few queries keep all threads
    # busy.
    LEAST_CODES = 16384
    # Bytes of the tables that several queries share: more would not stay in a core's cache.
    MOST_SHARED = 1 << 20


cdef struct Queries:
    # Queries, and the codewords that their tables are about.
    const centnn_kernel *kernel
    size_t real_size
    Py_ssize_t m
    Py_ssize_t d  # components of a part
    Py_ssize_t k  # entries of a table's row
    const char *columns  # [m][d][k] codewords
    const char *rows  # [n][m * d]


cdef Queries queries_of(const real[:, :, ::1] columns, const real[:, ::1] rows):
    """Return what the functions below are told about queries."""
    cdef Queries queries
    queries.kernel = current_kernel(CENTNN_F32 if real is float else CENTNN_F64)
    queries.real_size = sizeof(real)
    queries.m = columns.shape[0]
    queries.d = columns.shape[1]
    queries.k = columns.shape[2]
    queries.columns = <const char *> &columns[0, 0, 0]
    queries.rows = <const char *> &rows[0, 0]
    return queries


cdef size_t table_size(const Queries *queries) noexcept nogil:
    return queries.m * queries.k * queries.real_size


cdef void fill_tables(const Queries *queries, Py_ssize_t start, Py_ssize_t n,
                      char *tables) noexcept nogil:
    """Write the squared distances of queries' parts from the codewords of each, [n][m][k]."""
    cdef Py_ssize_t part, q, d = queries.d, k = queries.k
    # Part by part, so that a part's codewords stay in the cache.
    for part in range(queries.m):
        for q in range(n):
            queries.kernel.near.gaps(
                queries.columns + part * d * k * queries.real_size, k, k, d,
                queries.rows + ((start + q) * queries.m + part) * d * queries.real_size,
                tables + (q * queries.m + part) * k * queries.real_size)


def tables(
    const real[:, :, ::1] columns,  # IN (m, d / m, k), k a multiple of 16
    const real[:, ::1] rows,  # IN (n, d), n >= 1: the queries
    real[:, :, ::1] out,  # OUT (n, m, k)
    int n_threads,
):
    """Write the distance tables of queries."""
    cdef Queries queries = queries_of(columns, rows)
    cdef Py_ssize_t i, n = rows.shape[0]
    for i in prange((n + QUERIES_AT_ONCE - 1) // QUERIES_AT_ONCE, nogil=True,
                    num_threads=n_threads, schedule="dynamic"):
        fill_tables(&queries, i * QUERIES_AT_ONCE,
                    min(<Py_ssize_t> QUERIES_AT_ONCE, n - i * QUERIES_AT_ONCE),
                    <char *> &out[i * QUERIES_AT_ONCE, 0, 0])


cdef struct Task:
    # A search, as all its threads see it.
    centnn_codes codes
    Py_ssize_t n  # queries
    Py_ssize_t group  # queries at a time
    Py_ssize_t n_pieces
    Py_ssize_t n_nearest
    double *distances  # OUT [n_pieces][n][n_nearest]
    uint32_t *places  # OUT [n_pieces][n][n_nearest]


def search(
    const real[:, :, ::1] columns,  # IN (m, d / m, k), k a multiple of 16
    const real[:, ::1] rows,  # IN (n, d), n >= 1: the queries
    const uint8_t[:, ::1] codes,  # IN (n_codes, m unsigned integers of 1 or 2 bytes), all below k
    Py_ssize_t n_nearest,  # 1 to n_codes
    int n_threads,
):
    """Return the nearest codes of queries: squared distances and places, (n, n_nearest)."""
    cdef Queries queries = queries_of(columns, rows)
    cdef Task task
    cdef double[:, :, ::1] distances
    cdef uint32_t[:, :, ::1] places
    memset(&task, 0, sizeof(task))
    task.codes.codes = &codes[0, 0]
    task.codes.n = codes.shape[0]
    task.codes.m = queries.m
    task.codes.code_size = codes.shape[1] // queries.m
    task.codes.k = queries.k
    task.n = rows.shape[0]
    task.group = QUERIES_AT_ONCE if QUERIES_AT_ONCE * table_size(&queries) <= MOST_SHARED else 1
    task.n_nearest = n_nearest
    cdef Py_ssize_t n_groups = (task.n + task.group - 1) // task.group
    task.n_pieces = 1
    if n_threads > 1:
        task.n_pieces = max(1, min((2 * n_threads + n_groups - 1) // n_groups,
                                   codes.shape[0] // max(LEAST_CODES, n_nearest)))
    distances = np.empty((task.n_pieces, task.n, n_nearest))
    places = np.empty((task.n_pieces, task.n, n_nearest), np.uint32)
    task.distances = &distances[0, 0, 0]
    task.places = &places[0, 0, 0]
    run(&queries, &task, n_groups, n_threads)
    return merged(np.asarray(distances), np.asarray(places))


cdef run(const Queries *queries, const Task *task, Py_ssize_t n_groups, int n_threads):
    """Search each piece of the codes for each group of queries."""
    cdef Py_ssize_t i, n_jobs = n_groups * task.n_pieces
    # Tables, and as much again for the scan.
    cdef size_t size = 2 * task.group * table_size(queries)
    n_threads = min(n_threads, n_jobs)
    cdef Memory memory = Memory(n_threads * size)
    for i in prange(n_jobs, nogil=True, num_threads=n_threads, schedule="dynamic"):
        search_piece(queries, task, i // n_groups, i % n_groups * task.group,
                     memory.start + threadid() * size)


cdef void search_piece(const Queries *queries, const Task *task, Py_ssize_t piece,
                       Py_ssize_t start, char *memory) noexcept nogil:
    """Search one piece of the codes for a group of queries, from `start` on."""
    cdef Py_ssize_t n = min(task.group, task.n - start)
    cdef Py_ssize_t first = task.codes.n * piece // task.n_pieces
    cdef Py_ssize_t to = (piece * task.n + start) * task.n_nearest
    cdef size_t size = table_size(queries)
    cdef centnn_codes codes = task.codes
    fill_tables(queries, start, n, memory)
    codes.codes = <const char *> codes.codes + first * codes.m * codes.code_size
    codes.n = task.codes.n * (piece + 1) // task.n_pieces - first
    codes.first = <uint32_t> first
    (<const kernel_with_codes *> queries.kernel).nearest_codes(
        &codes, memory, n, task.n_nearest, task.distances + to, task.places + to,
        memory + task.group * size)


cdef merged(distances, places):
    """Return the nearest of what was found in each piece, (n_pieces, n, n_nearest)."""
    n_pieces, n, n_nearest = distances.shape
    if n_pieces == 1:
        return distances[0], places[0]
    # Places rise from piece to piece: equal distances stay in their order.
    distances = np.moveaxis(distances, 0, 1).reshape(n, -1)
    places = np.moveaxis(places, 0, 1).reshape(n, -1)
    order = np.argsort(distances, axis=1, kind="stable")[:, :n_nearest]
    return np.take_along_axis(distances, order, 1), np.take_along_axis(places, order, 1)
