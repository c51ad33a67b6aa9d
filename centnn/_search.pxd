from libc.stdint cimport int32_t, uint8_t, uint32_t

from centnn.embed cimport (
    CENTNN_ERR_NONFINITE, CENTNN_F16, CENTNN_F32, CENTNN_F64, CENTNN_OK, CENTNN_U8, CENTNN_U16,
    centnn_dtype, centnn_index, centnn_rows, centnn_status,
)


cdef extern from "centnn.h" nogil:
    const char *centnn_status_string(centnn_status status)
    size_t centnn_index_size(size_t k, size_t d, centnn_dtype precision)
    centnn_status centnn_index_init(centnn_index *index, const void *codebook, size_t k, size_t d,
                                    centnn_dtype precision)
    size_t centnn_scratch_size(const centnn_index *index)
    centnn_status centnn_search(const centnn_index *index, const centnn_rows *rows,
                                void *codes, size_t code_size, double *distances,
                                double *runner_up, void *scratch)
    centnn_status centnn_search_top(const centnn_index *index, const centnn_rows *rows,
                                    size_t n_nearest, uint32_t *codes, double *distances,
                                    void *scratch)
    centnn_status centnn_decode(const void *codebook, size_t k, size_t codeword_size,
                                const void *codes, size_t code_size, size_t n, void *out)
    const char *centnn_isa()
    centnn_status centnn_set_isa(const char *name)
    const char *centnn_isa_available(size_t i)


cdef extern from "near.h" nogil:
    enum:
        NEAR_TILE

    ctypedef struct centnn_data:
        const void *rows
        const void *origin
        const double *weights
        double weight_scale
        size_t d

    ctypedef struct centnn_tile_of_samples:
        size_t n
        size_t d
        bint weighted
        void *x
        void *weight
        double *mass
        double *own
        double *gain
        double *value
        int32_t *who

    ctypedef struct centnn_rivals:
        size_t n
        int32_t *ids
        void *gap
        void *stretch
        void *inverse

    ctypedef struct centnn_near:
        void (*load)(const centnn_data *samples, const int32_t *ids, size_t n,
                     centnn_tile_of_samples *tile) noexcept nogil
        void (*own)(const void *codeword, double total, centnn_tile_of_samples *tile) noexcept nogil
        void (*gaps)(const void *columns, size_t stride, size_t n, size_t d, const void *codeword,
                     void *gap) noexcept nogil
        void (*within)(const centnn_rivals *all, double base, double radius, double reach,
                       centnn_rivals *near) noexcept nogil
        void (*best)(const void *codewords, const centnn_rivals *rivals, double base,
                     centnn_tile_of_samples *tile) noexcept nogil
        void (*project)(const centnn_tile_of_samples *tile, const void *centre, const void *axis,
                        void *lanes) noexcept nogil
        void (*divide)(const centnn_tile_of_samples *tile, const void *a, const void *b,
                       const void *centre, void *lanes, uint8_t *side) noexcept nogil
        void (*fold)(void *lanes, size_t n, double *sums) noexcept nogil
        void (*pair)(const centnn_data *samples, int32_t id, const void *a, const void *b,
                     double *distances) noexcept nogil
        void (*add)(const centnn_data *samples, int32_t id, double scale, const void *codeword,
                    double *sums) noexcept nogil
        void (*place)(const double *sums, double total, size_t d, void *codeword, void *column,
                      size_t stride) noexcept nogil


cdef extern from "dispatch.h" nogil:
    ctypedef struct centnn_kernel:
        const centnn_near *near

    const centnn_kernel *centnn_current_kernel(centnn_dtype precision)


cdef extern from "functions.h" nogil:
    ctypedef struct centnn_functions:
        pass

    const centnn_functions centnn_all_functions


cdef const centnn_functions *all_functions() noexcept
cdef const centnn_kernel *current_kernel(centnn_dtype precision) except NULL


cdef class Memory:
    cdef uint8_t[::1] bytes
    cdef char *start
