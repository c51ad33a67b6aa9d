/*
 * kernel_body.h - the one kernel, written for the vector layer that was included before it
 *
 * A tile of rows is centred and scaled (x'), scored against the panels of codewords, and decided:
 *
 *     score = |c'|^2 / 2 - x'.c'    by one FMA per coordinate, in order, so that every instruction
 * set has the same bits
 *
 * A row whose best score is below all others by more than its margin (error.h) has found its
 * codeword; for the others the codewords within the margin are compared by the definition in
 * centnn.h. There are never more scores than registers.
 */
#include <string.h>

#define PANEL ((size_t)(PANEL_BYTES / sizeof(real)))
#define PANEL_VECTORS (PANEL_BYTES / (int)sizeof(real) / WIDTH)

/* The largest block of scores, in registers: constants, for arrays that compilers keep there. */
#define BLOCK_ROWS (DENSE_ROWS > TOP_ROWS ? DENSE_ROWS : TOP_ROWS)
#ifdef LONG_ROW
#define BLOCK_VECTORS (LONG_PANELS * PANEL_VECTORS)
#else
#define BLOCK_VECTORS (DENSE_PANELS * PANEL_VECTORS)
#endif

/* A tile at work: the index's arrays in their types, and the scratch memory. */
typedef struct {
    const centnn_index *index;
    size_t d, n_panels;
    const real *codebook, *panels, *half_norms;
    const uint32_t *order;

    const real *rows; /* as given: n rows of d */
    size_t stride, n;
    real *centred;  /* x': [n][d], or [d][TILE_ROWS_MAX] where lanes are rows */
    real *margin;   /* [n] */
    real *norm2;    /* [n]: |x'|^2 */
    double *second; /* [n]: second-best score; only where it is asked for */
    real *rest;     /* scratch for one part's own use */
} work;

static work begin(const centnn_index *index, const centnn_tile *tile, void *scratch)
{
    const size_t tile_bytes = round_up(index->tile_rows * index->d * sizeof(real), PANEL_BYTES);
    char *memory = scratch;
    work w;

    w.index = index;
    w.d = index->d;
    w.n_panels = index->n_panels;
    w.codebook = index_array(index, index->codebook);
    w.panels = index_array(index, index->panels);
    w.half_norms = index_array(index, index->half_norms);
    w.order = index_array(index, index->order);
    w.rows = tile->rows;
    w.stride = tile->stride;
    w.n = tile->n;
    w.centred = (real *)(void *)memory;
    memory += tile_bytes;
    w.second = (double *)(void *)memory;
    memory += index->tile_rows * sizeof(double);
    w.margin = (real *)(void *)memory;
    memory += index->tile_rows * sizeof(double);
    w.norm2 = (real *)(void *)memory;
    memory += index->tile_rows * 2 * sizeof(double);
    w.rest = (real *)(void *)memory;
    return w;
}

/* Not a comparison that is false for NaN: rows that are not finite have an infinite margin. */
INLINE real margin_of(const centnn_index *index, real norm2)
{
    return norm2 <= (real)index->norm_limit
               ? (real)index->margin_base + (real)index->margin_slope * norm2
               : (real)INFINITY;
}

#include "kernel_exact.h"
#include "kernel_panels.h"
#include "kernel_columns.h"
#include "kernel_pruned.h"
#include "kernel_top.h"
#include "kernel_near.h"
#include "kernel_lists.h"
#include "kernel_product.h"

static void nearest(const centnn_index *index, const centnn_tile *tile,
                    const centnn_results *results, void *scratch)
{
    const work w = begin(index, tile, scratch);

    if (!nearest_by_columns(&w, results))
        nearest_by_panels(&w, results);
    finish(&w, results);
}

#ifndef FIND_STEPS
#define FIND_STEPS NULL
#define DECODE_WORDS NULL
#endif

const centnn_kernel KERNEL = {
    .nearest = nearest,
    .nearest_pruned = nearest_pruned,
    .nearest_top = nearest_top,
    .find_steps = FIND_STEPS,
    .decode_words = DECODE_WORDS,
    .near = &near_steps,
    .lists = &lists,
    .nearest_codes = nearest_codes,
};
