/*
 * functions.h - the public functions as a table: for Python modules that are not linked with them
 */
#ifndef CENTNN_FUNCTIONS_H
#define CENTNN_FUNCTIONS_H

#include "centnn.h"

typedef struct {
    int (*abi)(void);
    const char *(*status_string)(centnn_status status);
    size_t (*index_size)(size_t k, size_t d, centnn_dtype precision);
    centnn_status (*index_init)(centnn_index *index, const void *codebook, size_t k, size_t d,
                                centnn_dtype precision);
    size_t (*scratch_size)(const centnn_index *index);
    centnn_status (*search)(const centnn_index *index, const centnn_rows *rows, void *codes,
                            size_t code_size, double *distances, double *runner_up, void *scratch);
    double (*runner_up_error)(const centnn_index *index, double norm2);
    centnn_status (*search_top)(const centnn_index *index, const centnn_rows *rows,
                                size_t n_nearest, uint32_t *codes, double *distances,
                                void *scratch);
    centnn_status (*decode)(const void *codebook, size_t k, size_t codeword_size, const void *codes,
                            size_t code_size, size_t n, void *out);
    const char *(*isa)(void);
    centnn_status (*set_isa)(const char *name);
    const char *(*isa_available)(size_t i);
    size_t (*train_size)(size_t k, size_t d);
    centnn_status (*train)(const centnn_rows *rows, size_t k, size_t max_epochs, float *codewords,
                           uint32_t *codes, double *distances, void *memory);
    centnn_status (*book_open)(centnn_book_file *file, const void *bytes, size_t n);
    centnn_status (*book_copy)(const centnn_book_file *file, void *out);
    unsigned (*code_bits)(size_t k);
    centnn_status (*picture_open)(centnn_picture_file *file, const void *bytes, size_t n);
    centnn_status (*picture_decode)(const centnn_picture_file *file, uint8_t *pixels);
    size_t (*picture_size)(const centnn_picture_file *file);
    centnn_status (*picture_write)(const centnn_picture_file *file, const uint32_t *codes,
                                   uint8_t *bytes);
} centnn_functions;

extern const centnn_functions centnn_all_functions;

#endif
