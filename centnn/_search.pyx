"""Nearest-codeword search over typed memoryviews, rows in parallel. Trusts its input."""

from cython.parallel cimport prange, threadid
from libc.stdint cimport uint8_t, uint16_t, uint32_t, uintptr_t
from libc.string cimport memcpy, memset

import os

import numpy as np

from centnn._types cimport real, sample

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

cdef enum:
    ALIGNMENT = 64  # of an index and of scratch memory
    # Results that one thread finds before it hands them over: enough rows for the search to learn
    # how they are structured, few enough to share out.
    CHUNK = 16384
    # Bytes that one thread decodes at a time.
    DECODE_CHUNK = 1 << 19


cdef const centnn_functions *all_functions() noexcept:
    """Return the C core's functions, for modules that it is not linked into."""
    return &centnn_all_functions


def max_threads():
    """Return how many threads OpenMP would use (OMP_NUM_THREADS is respected); 1 without it."""
    return omp_get_max_threads()


def build_config():
    """Return what the build found: (compiler, has OpenMP)."""
    return (<bytes> CENTNN_COMPILER).decode(), bool(CENTNN_HAS_OPENMP)


def isa():
    """Return the instruction set of the kernels, or raise ValueError for a bad CENTNN_ISA."""
    cdef const char *name = centnn_isa()
    if name == NULL:
        raise ValueError(
            f"CENTNN_ISA must be one of {', '.join(available_isas())} on this machine, "
            f"got {os.environ.get('CENTNN_ISA')!r}"
        )
    return name.decode()


def available_isas():
    """Return the instruction sets that work on this machine, fastest first."""
    names = []
    while centnn_isa_available(len(names)) != NULL:
        names.append(centnn_isa_available(len(names)).decode())
    return names


def set_isa(name):
    """Switch all later searches to an available instruction set; for tests."""
    encoded = name.encode()
    check(centnn_set_isa(encoded))


cdef const centnn_kernel *current_kernel(centnn_dtype precision) except NULL:
    """Return the kernels in use, for modules that train: the C core is linked into this one only.

    Raises ValueError for a bad CENTNN_ISA.
    """
    isa()
    return centnn_current_kernel(precision)


cdef int check(centnn_status status) except -1:
    if status != CENTNN_OK:
        raise ValueError(centnn_status_string(status).decode())
    return 0


cdef class Memory:
    """Bytes aligned for the C core."""

    def __init__(self, size_t size):
        self.bytes = np.empty(size + ALIGNMENT, dtype=np.uint8)
        self.start = <char *> (
            (<uintptr_t> &self.bytes[0] + ALIGNMENT - 1) & ~<uintptr_t> (ALIGNMENT - 1)
        )


cdef class Index:
    """A codebook packed for search; made by `pack`."""

    cdef Memory memory
    cdef centnn_index *pointer


def pack(const real[:, ::1] codebook):
    """Return the Index of a codebook (k, d), to be searched in the precision that it has."""
    cdef centnn_dtype precision = CENTNN_F32 if real is float else CENTNN_F64
    cdef size_t k = codebook.shape[0], d = codebook.shape[1]
    cdef size_t size = centnn_index_size(k, d, precision)
    cdef Index index = Index()
    isa()
    if size == 0:
        raise ValueError(
            f"codebook must have at most 2**24 codewords of 2**20 components, got {k} of {d}"
        )
    index.memory = Memory(size)
    index.pointer = <centnn_index *> index.memory.start
    check(centnn_index_init(index.pointer, &codebook[0, 0], k, d, precision))
    return index


cdef struct Job:
    # One search, as all its threads see it.
    const centnn_index *index
    centnn_rows rows
    size_t n_nearest
    Py_ssize_t chunk  # rows that one call takes
    char *codes  # OUT, of code_size bytes each
    size_t code_size
    char *distances  # OUT, of distance_size bytes each; NULL: not wanted
    size_t distance_size


def nearest(
    const sample[:, :] rows,  # IN (n, d), any strides
    bint is_half,  # the uint16 samples are the bits of float16 ones
    Index index,
    Py_ssize_t n_nearest,  # codewords wanted of each row
    uint8_t[::1] codes,  # OUT the bytes of (n, n_nearest) unsigned integers
    uint8_t[::1] distances,  # OUT the bytes of (n, n_nearest) floats; None: not wanted
    int n_threads,
):
    """Write each row's nearest codewords; return False, with codes undefined, for a NaN."""
    cdef Job job
    cdef Py_ssize_t i, n = rows.shape[0], n_chunks
    cdef int finite = 1
    if n == 0:
        return True
    memset(&job, 0, sizeof(job))
    job.index = index.pointer
    job.rows.data = &rows[0, 0]
    job.rows.dtype = dtype_of(&rows[0, 0], is_half)
    job.rows.d = rows.shape[1]
    job.rows.row_stride = rows.strides[0]
    job.rows.col_stride = rows.strides[1]
    job.n_nearest = n_nearest
    job.codes = <char *> &codes[0]
    job.code_size = codes.shape[0] // (n * n_nearest)
    if distances is not None:
        job.distances = <char *> &distances[0]
        job.distance_size = distances.shape[0] // (n * n_nearest)
    # Every thread gets several chunks where there are rows enough.
    job.chunk = min(max(1, CHUNK // n_nearest), max(1024, n // (4 * n_threads)))
    n_chunks = (n + job.chunk - 1) // job.chunk
    n_threads = min(n_threads, n_chunks)
    cdef size_t n_results = job.chunk * n_nearest
    cdef size_t search_size = round_up(centnn_scratch_size(job.index))
    cdef size_t codes_size = 0 if n_nearest == 1 else round_up(n_results * sizeof(uint32_t))
    cdef size_t distances_size = 0 if distances is None else round_up(n_results * sizeof(double))
    cdef size_t size = search_size + codes_size + distances_size
    cdef Memory scratch = Memory(n_threads * size)
    for i in prange(n_chunks, nogil=True, num_threads=n_threads, schedule="dynamic"):
        finite &= search_chunk(
            &job, i * job.chunk, min(job.chunk, n - i * job.chunk),
            <uint32_t *> (scratch.start + threadid() * size),
            <double *> (scratch.start + threadid() * size + codes_size),
            scratch.start + threadid() * size + codes_size + distances_size)
    return bool(finite)


cdef int search_chunk(const Job *job, Py_ssize_t start, Py_ssize_t n, uint32_t *codes,
                      double *distances, void *scratch) noexcept nogil:
    """Search n rows; return whether all of them are finite."""
    cdef centnn_rows rows = job.rows
    cdef size_t first = start * job.n_nearest, n_results = n * job.n_nearest
    cdef char *out = job.codes + first * job.code_size
    cdef centnn_status status
    rows.data = <const char *> rows.data + start * rows.row_stride
    rows.n = n
    if job.distances == NULL:
        distances = NULL
    if job.n_nearest == 1:
        status = centnn_search(job.index, &rows, out, job.code_size, distances, NULL, scratch)
    else:
        status = centnn_search_top(job.index, &rows, job.n_nearest, codes, distances, scratch)
        put_codes(codes, n_results, out, job.code_size)
    if distances:
        put_distances(distances, n_results, job.distances + first * job.distance_size,
                      job.distance_size)
    return status != CENTNN_ERR_NONFINITE


cdef void put_codes(const uint32_t *codes, size_t n, void *out, size_t size) noexcept nogil:
    """Write n codes as unsigned integers of `size` bytes."""
    cdef size_t i
    if size == 1:
        for i in range(n):
            (<uint8_t *> out)[i] = <uint8_t> codes[i]
    elif size == 2:
        for i in range(n):
            (<uint16_t *> out)[i] = <uint16_t> codes[i]
    else:
        memcpy(out, codes, n * sizeof(uint32_t))


cdef void put_distances(const double *distances, size_t n, void *out,
                        size_t size) noexcept nogil:
    """Write n distances as floats of `size` bytes."""
    cdef size_t i
    if size == sizeof(float):
        for i in range(n):
            (<float *> out)[i] = <float> distances[i]
    else:
        memcpy(out, distances, n * sizeof(double))


cdef centnn_dtype dtype_of(const sample *_, bint is_half) noexcept:
    if is_half:
        return CENTNN_F16
    if sample is uint8_t:
        return CENTNN_U8
    if sample is uint16_t:
        return CENTNN_U16
    if sample is float:
        return CENTNN_F32
    return CENTNN_F64


cdef size_t round_up(size_t size) noexcept nogil:
    return (size + ALIGNMENT - 1) & ~<size_t> (ALIGNMENT - 1)


def decode(
    const uint8_t[:, ::1] codebook,  # IN (k, bytes of a codeword)
    const uint8_t[::1] codes,  # IN the bytes of n unsigned integers
    uint8_t[:, ::1] out,  # OUT (n, bytes of a codeword)
    int n_threads,
):
    """Write the codeword of each code; return False, with out undefined, for a code >= k."""
    cdef Py_ssize_t i, n = out.shape[0], length = codebook.shape[1]
    cdef Py_ssize_t chunk = max(1, DECODE_CHUNK // length), n_chunks = (n + chunk - 1) // chunk
    cdef Py_ssize_t code_size
    cdef int valid = 1
    if n == 0:
        return True
    code_size = codes.shape[0] // n
    for i in prange(n_chunks, nogil=True, num_threads=min(n_threads, n_chunks)):
        valid &= centnn_decode(
            &codebook[0, 0], codebook.shape[0], length, &codes[i * chunk * code_size], code_size,
            min(chunk, n - i * chunk), &out[i * chunk, 0]) == CENTNN_OK
    return bool(valid)
