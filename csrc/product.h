/*
 * product.h - what a product quantizer asks of a kernel: the nearest of many codes
 *
 * A vector's code is m small numbers, one for each of m parts of the vector. A query has a table of
 * m rows: its squared distances, part by part, from the k codewords of that part. The distance of a
 * code is the sum of m entries, in the order of the parts, in the kernel's precision: the same bits
 * on every instruction set, and for any number of queries at a time.
 */
#ifndef CENTNN_PRODUCT_H
#define CENTNN_PRODUCT_H

#include <stddef.h>
#include <stdint.h>

/* Queries at a time: a multiple of the lanes of every kernel. */
#define QUERIES_AT_ONCE 16

typedef struct {
    const void *codes; /* [n][m] unsigned integers of code_size bytes (1 or 2), all below k */
    size_t code_size, n, m;
    size_t k;       /* entries of a table's row, of which some may be unused */
    uint32_t first; /* the place of the first code among all: places count from there */
} centnn_codes;

/* Finds the n_nearest codes, 1 to codes->n, of up to QUERIES_AT_ONCE queries, by distance and then
 * place.
 *
 *   tables     IN, real [n_queries][m][k]; no NaN
 *   distances  OUT, [n_queries][n_nearest]
 *   places     OUT, [n_queries][n_nearest]
 *   scratch    as many bytes as QUERIES_AT_ONCE tables, aligned to 64, for all but a single query
 */
typedef void centnn_nearest_codes(const centnn_codes *codes, const void *tables, size_t n_queries,
                                  size_t n_nearest, double *distances, uint32_t *places,
                                  void *scratch);

#endif
