/*
 * line.h - search on a line: d = 1
 */
#ifndef CENTNN_LINE_H
#define CENTNN_LINE_H

#include "internal.h"

/* Bytes of the tables for k codewords (64-byte aligned, part of the index). */
size_t centnn_line_size(size_t k);

/* Fills in the tables of an index with d = 1 whose codebook and order are in place. */
void centnn_line_init(centnn_index *index);

/* The results for a tile. The runner-up is exact. */
void centnn_line_search(const centnn_index *index, const centnn_kernel *kernel,
                        const centnn_tile *tile, const centnn_results *results);

/* The same for rows first .. first + n - 1 of type U8, by a table of all 256 values. */
void centnn_line_search_bytes(const centnn_index *index, const centnn_rows *rows, size_t first,
                              size_t n, const centnn_results *results);

#endif
