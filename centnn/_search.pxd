from libc.stdint cimport uint32_t


cdef extern from "centnn.h" nogil:
    ctypedef enum centnn_status:
        CENTNN_OK

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

    const char *centnn_status_string(centnn_status status)
    size_t centnn_index_size(size_t k, size_t d, centnn_dtype precision)
    centnn_status centnn_index_init(centnn_index *index, const void *codebook, size_t k, size_t d,
                                    centnn_dtype precision)
    size_t centnn_scratch_size(const centnn_index *index)
    centnn_status centnn_search(const centnn_index *index, const centnn_rows *rows,
                                uint32_t *codes, double *distances, double *runner_up,
                                void *scratch)
    centnn_status centnn_search_top(const centnn_index *index, const centnn_rows *rows,
                                    size_t n_nearest, uint32_t *codes, double *distances,
                                    void *scratch)
    int centnn_rows_finite(const centnn_rows *rows)
    centnn_status centnn_decode(const void *codebook, size_t k, size_t codeword_size,
                                const void *codes, size_t code_size, size_t n, void *out)
    const char *centnn_isa()
    centnn_status centnn_set_isa(const char *name)
    const char *centnn_isa_available(size_t i)


cdef extern from "dispatch.h" nogil:
    ctypedef struct centnn_kernel:
        pass

    const centnn_kernel *centnn_current_kernel(centnn_dtype precision)


cdef const centnn_kernel *current_kernel(centnn_dtype precision) except NULL
