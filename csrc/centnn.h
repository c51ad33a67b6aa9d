/* centnn: nearest-codeword search over a codebook.
 *
 * Distances are squared Euclidean ones, defined once for every caller: in double precision,
 * dimension after dimension, each term one subtraction, one multiplication and one addition.
 * The nearest codeword is the one with the least such distance, the lowest index on a tie, so
 * that every thread count and every chunking of the rows gives the same bits.
 *
 * No function allocates memory, and none keeps a pointer that it was given, but for the
 * codebook in a centnn_index. Calls on separate outputs may run at the same time. */
#ifndef CENTNN_H
#define CENTNN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum centnn_dtype {
    CENTNN_U8,
    CENTNN_U16,
    CENTNN_F16, /* IEEE 754 binary16 */
    CENTNN_F32,
    CENTNN_F64
} centnn_dtype;

/* n rows of d components; strides in bytes, of any sign. */
typedef struct centnn_rows {
    const void *data;
    centnn_dtype dtype;
    size_t n, d;
    ptrdiff_t row_stride, col_stride;
} centnn_rows;

/* Bytes of working memory that one call of centnn_search needs for k codewords of d components. */
size_t centnn_scratch_size(size_t k, size_t d);

/* Find each row's nearest of k codewords.
 *
 * columns    the codebook by components: d rows of k doubles
 * codes      n indices, written
 * distances  n squared distances, written; may be NULL
 * scratch    centnn_scratch_size(k, d) bytes, aligned for double */
void centnn_search(const double *columns, size_t k, const centnn_rows *rows, uint32_t *codes,
                   double *distances, void *scratch);

#ifdef __cplusplus
}
#endif

#endif
