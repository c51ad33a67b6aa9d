from libc.stdint cimport uint32_t


cdef extern from "centnn.h" nogil:
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

    size_t centnn_scratch_size(size_t k, size_t d)
    void centnn_search(const double *columns, size_t k, const centnn_rows *rows,
                       uint32_t *codes, double *distances, void *scratch)
