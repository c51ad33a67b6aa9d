/*
 * internal.h - what the files of the library share: the index's layout, and the interface of a
 * kernel
 */
#ifndef CENTNN_INTERNAL_H
#define CENTNN_INTERNAL_H

#include "centnn.h"
#include "lists.h"
#include "near.h"
#include "product.h"

#include <float.h>
#include <stdbool.h>

#if FLT_EVAL_METHOD != 0
#error "centnn needs arithmetic without excess precision (32-bit x86: -msse2 -mfpmath=sse)"
#endif

/* Codewords are stored in panels: as many of them as 64 bytes hold values (16 float32, 8 float64),
 * coordinate by coordinate. Every instruction set reads the same panels, by vectors of its own
 * width. */
#define PANEL_BYTES 64

/* Rows per tile: a multiple of every kernel's row block (1, 4, 6, 12) and of 32 lanes. Long rows
 * get shorter tiles, so that a tile stays in the second-level cache. */
#define TILE_ROWS_MAX 192

/* Rows that a top-k search or a recheck scores at a time, and the most axes on which panels are
 * bounded for pruning. */
#define TOP_ROWS 4
#define MAX_AXES 2

/* Where each array is, in bytes from the start of the index, and the numbers that a search needs.
 *
 * Searches run on scaled, centred coordinates, x' = x * scale + offset, in which the codebook's
 * mean is about 0 and its largest coordinate about 1: this keeps the cancellation in |c|^2 / 2 -
 * x.c small, and overflow away. */
struct centnn_index {
    size_t k, d;
    centnn_dtype precision;
    size_t n_panels;
    size_t tile_rows;
    size_t n_axes;      /* axes that panels are bounded on; 0: this codebook is not for pruning */
    double prune_limit; /* the fraction of panels that a pruned search may look at before a dense
                           one is faster */

    double scale;       /* a power of two */
    double margin_base; /* a row's margin is margin_base + margin_slope * |x'|^2 (error.h) ... */
    double margin_slope;
    double norm_limit; /* ... if |x'|^2 is at most this, and infinite otherwise */
    double axis_gain;  /* at least the largest |A v|^2 / |v|^2, A being the matrix of the axes */

    size_t codebook; /* [k][d]                    as given */
    size_t offset;   /* [d]                       minus the mean, scaled */
    size_t panels; /* [n_panels][d][PANEL]      codewords, centred and scaled; zero past the last */
    size_t half_norms; /* [n_panels][PANEL]         |c'|^2 / 2; infinity past the last */
    size_t order;      /* [n_panels * PANEL]        uint32: which codeword is in this slot */
    size_t axes;       /* [d][PANEL]                principal axes of the codebook, as a panel */
    size_t boxes;     /* [n_panels][3][MAX_AXES]   each panel's low, middle and high on each axis */
    size_t workspace; /* used while packing (order.h) */
    size_t line;      /* struct line and its tables, for d = 1 (line.h) */
};

/* Up to tile_rows rows in the index's precision, each contiguous. */
typedef struct {
    const void *rows;
    size_t stride; /* in elements */
    size_t n;
} centnn_tile;

/* Where a tile's results go. Distances and runner_up may be NULL. */
typedef struct {
    uint32_t *codes;
    double *distances;
    double *runner_up;
    bool *all_finite; /* becomes false if a row has a NaN or an infinity */
} centnn_results;

/* What a step function of a float32 is, for d = 1 and few codewords: values in ascending order and
 * the thresholds between them, [j % STEPS_WAYS][j / STEPS_WAYS], by which an x in low .. high finds
 * its code (line.c). */
#define STEPS_MAX ((size_t)64)
#define STEPS_WAYS ((size_t)4)

typedef struct {
    float thresholds[STEPS_WAYS][STEPS_MAX / STEPS_WAYS];
    uint32_t codes[STEPS_WAYS][STEPS_MAX / STEPS_WAYS];
    float low, high;
} centnn_steps;

/* The vector code of one instruction set and precision. `scratch` has kernel_scratch_size() bytes.
 */
typedef struct {
    void (*nearest)(const centnn_index *index, const centnn_tile *tile,
                    const centnn_results *results, void *scratch);
    /* The same result (without runner_up), looking only at panels that can matter. Returns how many
     * (row, panel) pairs it looked at. */
    size_t (*nearest_pruned)(const centnn_index *index, const centnn_tile *tile,
                             const centnn_results *results, void *scratch);
    /* Codes and distances are n * n_nearest. */
    void (*nearest_top)(const centnn_index *index, const centnn_tile *tile, size_t n_nearest,
                        const centnn_results *results, void *scratch);
    /* The codes of n rows with d = 1; false if a row is out of range. NULL where general code is
     * faster. */
    bool (*find_steps)(const centnn_steps *steps, const float *rows, size_t n, uint32_t *codes);
    /* Copies codewords of four bytes; k is at most STEPS_MAX. NULL where general code is faster. */
    void (*decode_words)(const char *codebook, size_t k, const uint8_t *codes, size_t n, char *out);
    const centnn_near *near; /* for training */
    const centnn_lists *lists;
    centnn_nearest_codes *nearest_codes; /* for product quantizers */
} centnn_kernel;

/* Of any index of these sizes, what centnn_scratch_size() says. */
size_t centnn_scratch_size_of(size_t k, size_t d, centnn_dtype precision);

/* Bytes of scratch that a kernel needs, for any instruction set. */
size_t centnn_kernel_scratch_size(const centnn_index *index);

static inline const void *index_array(const centnn_index *index, size_t offset)
{
    return (const char *)index + offset;
}

static inline size_t real_size(centnn_dtype precision)
{
    return precision == CENTNN_F64 ? sizeof(double) : sizeof(float);
}

static inline size_t panel_width(centnn_dtype precision)
{
    return PANEL_BYTES / real_size(precision);
}

static inline size_t round_up(size_t n, size_t multiple)
{
    return (n + multiple - 1) / multiple * multiple;
}

#endif
