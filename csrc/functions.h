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
    centnn_status (*search_top)(const centnn_index *index, const centnn_rows *rows,
                                size_t n_nearest, uint32_t *codes, double *distances,
                                void *scratch);
    centnn_status (*decode)(const void *codebook, size_t k, size_t codeword_size, const void *codes,
                            size_t code_size, size_t n, void *out);
    size_t (*train_size)(size_t k, size_t d);
    centnn_status (*train)(const centnn_rows *rows, size_t k, size_t max_epochs, float *codewords,
                           uint32_t *codes, double *distances, void *memory);
} centnn_functions;

extern const centnn_functions centnn_all_functions;

#endif
