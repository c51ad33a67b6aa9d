/*
 * rows.h - rows of any type and strides as tiles that kernels read
 */
#ifndef CENTNN_ROWS_H
#define CENTNN_ROWS_H

#include "internal.h"

/* Rows first .. first + n - 1 in `precision`: where they are, if they have that form already, or
 * converted to `memory`, which has room for n * d elements. A type converts to a wider one exactly;
 * F64 rows need F64 precision. */
centnn_tile centnn_load_tile(const centnn_rows *rows, size_t first, size_t n,
                             centnn_dtype precision, void *memory);

/* Bytes of an element; 0 for a value that is no type. */
size_t centnn_dtype_size(centnn_dtype dtype);

#endif
