"""The C core for other compiled modules; embed.pxd says how to use it."""

from centnn cimport _search

cdef extern from "functions.h" nogil:
    ctypedef struct centnn_functions:
        int (*abi)() noexcept nogil
        const char *(*status_string)(centnn_status status) noexcept nogil
        size_t (*index_size)(size_t k, size_t d, centnn_dtype precision) noexcept nogil
        centnn_status (*index_init)(centnn_index *index, const void *codebook, size_t k, size_t d,
                                    centnn_dtype precision) noexcept nogil
        size_t (*scratch_size)(const centnn_index *index) noexcept nogil
        centnn_status (*search)(const centnn_index *index, const centnn_rows *rows, void *codes,
                                size_t code_size, double *distances, double *runner_up,
                                void *scratch) noexcept nogil
        double (*runner_up_error)(const centnn_index *index, double norm2) noexcept nogil
        centnn_status (*search_top)(const centnn_index *index, const centnn_rows *rows,
                                    size_t n_nearest, uint32_t *codes, double *distances,
                                    void *scratch) noexcept nogil
        centnn_status (*decode)(const void *codebook, size_t k, size_t codeword_size,
                                const void *codes, size_t code_size, size_t n,
                                void *out) noexcept nogil
        const char *(*isa)() noexcept nogil
        centnn_status (*set_isa)(const char *name) noexcept nogil
        const char *(*isa_available)(size_t i) noexcept nogil
        size_t (*train_size)(size_t k, size_t d) noexcept nogil
        centnn_status (*train)(const centnn_rows *rows, size_t k, size_t max_epochs,
                               float *codewords, uint32_t *codes, double *distances,
                               void *memory) noexcept nogil
        centnn_status (*book_open)(centnn_book_file *file, const void *bytes,
                                   size_t n) noexcept nogil
        centnn_status (*book_copy)(const centnn_book_file *file, void *out) noexcept nogil
        unsigned int (*code_bits)(size_t k) noexcept nogil
        centnn_status (*picture_open)(centnn_picture_file *file, const void *bytes,
                                      size_t n) noexcept nogil
        centnn_status (*picture_decode)(const centnn_picture_file *file,
                                        uint8_t *pixels) noexcept nogil
        size_t (*picture_size)(const centnn_picture_file *file) noexcept nogil
        centnn_status (*picture_write)(const centnn_picture_file *file, const uint32_t *codes,
                                       uint8_t *bytes) noexcept nogil

cdef const centnn_functions *core = <const centnn_functions *> _search.all_functions()


cdef int check_abi(int compiled) except -1:
    if compiled != core.abi():
        raise ImportError(
            f"this module was compiled for version {compiled} of centnn's C interface, "
            f"but version {core.abi()} is installed: compile it anew"
        )
    return 0


cdef const char *status_string(centnn_status status) noexcept nogil:
    return core.status_string(status)


cdef size_t index_size(size_t k, size_t d, centnn_dtype precision) noexcept nogil:
    return core.index_size(k, d, precision)


cdef centnn_status index_init(centnn_index *index, const void *codebook, size_t k, size_t d,
                              centnn_dtype precision) noexcept nogil:
    return core.index_init(index, codebook, k, d, precision)


cdef size_t scratch_size(const centnn_index *index) noexcept nogil:
    return core.scratch_size(index)


cdef centnn_status search(const centnn_index *index, const centnn_rows *rows, void *codes,
                          size_t code_size, double *distances, double *runner_up,
                          void *scratch) noexcept nogil:
    return core.search(index, rows, codes, code_size, distances, runner_up, scratch)


cdef double runner_up_error(const centnn_index *index, double norm2) noexcept nogil:
    return core.runner_up_error(index, norm2)


cdef centnn_status search_top(const centnn_index *index, const centnn_rows *rows, size_t n_nearest,
                              uint32_t *codes, double *distances, void *scratch) noexcept nogil:
    return core.search_top(index, rows, n_nearest, codes, distances, scratch)


cdef centnn_status decode(const void *codebook, size_t k, size_t codeword_size, const void *codes,
                          size_t code_size, size_t n, void *out) noexcept nogil:
    return core.decode(codebook, k, codeword_size, codes, code_size, n, out)


cdef const char *isa() noexcept nogil:
    return core.isa()


cdef centnn_status set_isa(const char *name) noexcept nogil:
    return core.set_isa(name)


cdef const char *isa_available(size_t i) noexcept nogil:
    return core.isa_available(i)


cdef size_t train_size(size_t k, size_t d) noexcept nogil:
    return core.train_size(k, d)


cdef centnn_status train(const centnn_rows *rows, size_t k, size_t max_epochs, float *codewords,
                         uint32_t *codes, double *distances, void *memory) noexcept nogil:
    return core.train(rows, k, max_epochs, codewords, codes, distances, memory)


cdef centnn_status book_open(centnn_book_file *file, const void *bytes, size_t n) noexcept nogil:
    return core.book_open(file, bytes, n)


cdef centnn_status book_copy(const centnn_book_file *file, void *out) noexcept nogil:
    return core.book_copy(file, out)


cdef unsigned int code_bits(size_t k) noexcept nogil:
    return core.code_bits(k)


cdef centnn_status picture_open(centnn_picture_file *file, const void *bytes,
                                size_t n) noexcept nogil:
    return core.picture_open(file, bytes, n)


cdef centnn_status picture_decode(const centnn_picture_file *file, uint8_t *pixels) noexcept nogil:
    return core.picture_decode(file, pixels)


cdef size_t picture_size(const centnn_picture_file *file) noexcept nogil:
    return core.picture_size(file)


cdef centnn_status picture_write(const centnn_picture_file *file, const uint32_t *codes,
                                 uint8_t *bytes) noexcept nogil:
    return core.picture_write(file, codes, bytes)
