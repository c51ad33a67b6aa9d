"""Nearest-codeword search over typed memoryviews, rows in parallel. Trusts its input."""

from cython.parallel cimport prange, threadid
from libc.stdint cimport uint8_t, uint16_t, uint32_t

import numpy as np

cdef extern from *:
    """
    #ifdef _OPENMP
    #include <omp.h>
    #define CENTNN_HAS_OPENMP 1
    #else
    #define CENTNN_HAS_OPENMP 0
    #define omp_get_max_threads() 1
    #endif

    #if defined(__clang__)
    #define CENTNN_COMPILER "clang " __clang_version__
    #elif defined(__GNUC__)
    #define CENTNN_COMPILER "gcc " __VERSION__
    #elif defined(_MSC_VER)
    #define CENTNN_TEXT_(x) #x
    #define CENTNN_TEXT(x) CENTNN_TEXT_(x)
    #define CENTNN_COMPILER "msvc " CENTNN_TEXT(_MSC_VER)
    #else
    #define CENTNN_COMPILER "unknown"
    #endif
    """
    const char *CENTNN_COMPILER
    const int CENTNN_HAS_OPENMP
    int omp_get_max_threads() nogil

ctypedef fused sample:
    uint8_t
    uint16_t
    float
    double

ctypedef fused code:
    uint8_t
    uint16_t
    uint32_t

# Rows that one thread takes at a time: enough to hide the scheduling, few enough to share out.
cdef enum:
    CHUNK = 1024


def max_threads():
    """Return how many threads OpenMP would use (OMP_NUM_THREADS is respected); 1 without it."""
    return omp_get_max_threads()


def build_config():
    """Return what the build found: (compiler, has OpenMP)."""
    return (<bytes> CENTNN_COMPILER).decode(), bool(CENTNN_HAS_OPENMP)


def nearest(
    const sample[:, :] rows,  # IN (n, d), any strides
    bint is_half,  # the uint16 samples are the bits of float16 ones
    const double[:, ::1] columns,  # IN (d, k), the codebook by components
    code[::1] codes,  # OUT (n,)
    double[::1] distances,  # OUT (n,) squared distances, or None
    int n_threads,
):
    """Write each row's nearest codeword and, where asked, its squared distance."""
    cdef centnn_rows view
    cdef Py_ssize_t n = rows.shape[0], k = columns.shape[1], n_chunks = (n + CHUNK - 1) // CHUNK
    cdef size_t scratch_size = centnn_scratch_size(k, rows.shape[1])
    cdef double[:, ::1] scratch
    cdef uint32_t[:, ::1] found
    cdef Py_ssize_t chunk
    cdef double *distances_out = NULL
    if n == 0:
        return
    n_threads = min(n_threads, n_chunks)
    scratch = np.empty((n_threads, scratch_size // sizeof(double)), dtype=np.float64)
    found = np.empty((n_threads, CHUNK), dtype=np.uint32)
    if distances is not None:
        distances_out = &distances[0]
    view.data = &rows[0, 0]
    view.n = n
    view.d = rows.shape[1]
    view.row_stride = rows.strides[0]
    view.col_stride = rows.strides[1]
    if is_half:
        view.dtype = CENTNN_F16
    elif sample is uint8_t:
        view.dtype = CENTNN_U8
    elif sample is uint16_t:
        view.dtype = CENTNN_U16
    elif sample is float:
        view.dtype = CENTNN_F32
    else:
        view.dtype = CENTNN_F64
    for chunk in prange(n_chunks, nogil=True, num_threads=n_threads, schedule="dynamic"):
        search_chunk(&columns[0, 0], k, view, chunk * CHUNK, &codes[0], distances_out,
                     &found[threadid(), 0], &scratch[threadid(), 0])


cdef void search_chunk(const double *columns, Py_ssize_t k, centnn_rows rows, Py_ssize_t start,
                       code *codes, double *distances, uint32_t *found,
                       double *scratch) noexcept nogil:
    cdef Py_ssize_t i
    rows.data = <const char *> rows.data + start * rows.row_stride
    rows.n = min(rows.n - start, <size_t> CHUNK)
    centnn_search(columns, k, &rows, found, distances + start if distances else NULL, scratch)
    for i in range(<Py_ssize_t> rows.n):
        codes[start + i] = <code> found[i]
