# The C core, for other compiled modules: what centnn.h says, under names without its prefix.
#
#     cimport centnn.embed as core
#     core.check_abi(core.CENTNN_ABI)  # ImportError if this was compiled for another version
#
# Compile with include_dirs=[centnn.get_include()]. Nothing is to be linked: functions are found in
# the installed library when a module is imported. C finds them as capsules, in the dictionary
# centnn.embed.__pyx_capi__, each under its name and with its declaration as the capsule's name.
from libc.stdint cimport uint8_t, uint32_t

cdef extern from "centnn.h" nogil:
    enum:
        CENTNN_ABI

    ctypedef enum centnn_status:
        CENTNN_OK
        CENTNN_ERR_NULL
        CENTNN_ERR_SIZE
        CENTNN_ERR_DTYPE
        CENTNN_ERR_NONFINITE
        CENTNN_ERR_CODE
        CENTNN_ERR_ISA
        CENTNN_ERR_FILE
        CENTNN_ERR_DAMAGED
        CENTNN_ERR_DISTINCT
        CENTNN_ERR_EPOCHS

    ctypedef enum centnn_dtype:
        CENTNN_U8
        CENTNN_U16
        CENTNN_F16
        CENTNN_F32
        CENTNN_F64

    ctypedef struct centnn_rows:
        const void *data
        centnn_dtype dtype
        size_t n
        size_t d
        Py_ssize_t row_stride
        Py_ssize_t col_stride

    ctypedef struct centnn_index:
        pass

    ctypedef struct centnn_book_file:
        size_t k
        size_t d
        centnn_dtype precision
        const uint8_t *codewords

    ctypedef struct centnn_picture_file:
        size_t height
        size_t width
        size_t channels
        size_t block_height
        size_t block_width
        size_t k
        const uint8_t *codebook
        const uint8_t *codes


cdef int check_abi(int compiled) except -1
cdef const char *status_string(centnn_status status) noexcept nogil
cdef size_t index_size(size_t k, size_t d, centnn_dtype precision) noexcept nogil
cdef centnn_status index_init(centnn_index *index, const void *codebook, size_t k, size_t d,
                              centnn_dtype precision) noexcept nogil
cdef size_t scratch_size(const centnn_index *index) noexcept nogil
cdef centnn_status search(const centnn_index *index, const centnn_rows *rows, void *codes,
                          size_t code_size, double *distances, double *runner_up,
                          void *scratch) noexcept nogil
cdef double runner_up_error(const centnn_index *index, double norm2) noexcept nogil
cdef centnn_status search_top(const centnn_index *index, const centnn_rows *rows, size_t n_nearest,
                              uint32_t *codes, double *distances, void *scratch) noexcept nogil
cdef centnn_status decode(const void *codebook, size_t k, size_t codeword_size, const void *codes,
                          size_t code_size, size_t n, void *out) noexcept nogil
cdef const char *isa() noexcept nogil
cdef centnn_status set_isa(const char *name) noexcept nogil
cdef const char *isa_available(size_t i) noexcept nogil
cdef size_t train_size(size_t k, size_t d) noexcept nogil
cdef centnn_status train(const centnn_rows *rows, size_t k, size_t max_epochs, float *codewords,
                         uint32_t *codes, double *distances, void *memory) noexcept nogil
cdef centnn_status book_open(centnn_book_file *file, const void *bytes, size_t n) noexcept nogil
cdef centnn_status book_copy(const centnn_book_file *file, void *out) noexcept nogil
cdef unsigned int code_bits(size_t k) noexcept nogil
cdef centnn_status picture_open(centnn_picture_file *file, const void *bytes,
                                size_t n) noexcept nogil
cdef centnn_status picture_decode(const centnn_picture_file *file, uint8_t *pixels) noexcept nogil
cdef size_t picture_size(const centnn_picture_file *file) noexcept nogil
cdef centnn_status picture_write(const centnn_picture_file *file, const uint32_t *codes,
                                 uint8_t *bytes) noexcept nogil
