/*
 * plane.h - what is known of a plane of blocks while it is coded, and what follows from it: the
 * contexts and predictions, which encoder and decoder must agree on to the bit
 */
#ifndef CENTNN_PHOTO_PLANE_H
#define CENTNN_PHOTO_PLANE_H

#include <string.h>

#include "model.h"

enum {
    PAD = 2,          /* blocks around magnitudes, for features without conditions */
    N_KEPT = 10,      /* groups whose magnitudes are features, counting a group's own */
    DC_STEP = 40,     /* of the first coefficient, as of all in sixteenths of s */
    DC_LIMIT = 409,   /* in such steps */
    ESCAPE_STEP = 32, /* of escaped coefficients */
    COEFFICIENT_LIMIT = 16383,
    RATE = 7, /* at which tables adapt */
    DC_RATE = 6,
    ESCAPE_RATE = 5
};

/* A group in a row of blocks while it is coded: an entry a column, and padding on both sides. */
typedef struct {
    uint16_t *sums; /* of weighted features, as far as they are known, or 2^16 - 1 */
    uint8_t *stretch_classes;
    int32_t *stretches; /* the numbers of those that are not empty */
    /* These only of the stretch that is being coded. */
    uint16_t *contexts;
    /* Magnitudes of the group's first and last coefficients: as predicted, then as decoded. */
    uint16_t *heads, *tails;
    uint16_t *heads_above, *tails_above;
} centnn_row;

/* A plane of rows x columns blocks, or a band of one. All arrays are the owner's. */
typedef struct {
    int rows, columns;
    ptrdiff_t block_stride; /* blocks from one row to the next */
    ptrdiff_t stride;       /* bytes from one row of magnitudes to the next */
    int16_t *blocks;        /* coefficients as decoded; a block of padding on the left and right */
    int16_t *edges[2];      /* PREDICT_LANES of those beyond the first row and the last */
    int16_t *differences;   /* of the first coefficients to those of the 8 blocks around */
    uint8_t *magnitudes[N_KEPT]; /* of the codewords of stage 1 of the last groups, PAD on all
                                  * sides, which is that of the next row or group, too */
    uint8_t *activity;           /* of the first coefficients, padded likewise */
    uint8_t *started;        /* (rows, stretches): whether groups that are settled are predicted */
    int16_t *dc, *dc_errors; /* (rows, columns): quantized, and less what was predicted */
    centnn_row row;
} centnn_plane;

/* Magnitudes of a group in other planes, one for each block, or NULL; and bytes a row of them. */
typedef struct {
    const uint8_t *of[2];
    ptrdiff_t strides[2];
} centnn_guides;

/* Tables that adapt while a layer of a plane is coded: a group, or all first coefficients. */
typedef struct {
    centnn_table bins[N_CLASSES * N_SLOPES];
    centnn_table escape;
    int16_t empties[N_STRETCH_CLASSES];
    centnn_table dc[N_DC_CLASSES];
} centnn_adaptive;

/* Bytes of memory for the blocks of a plane, and for the rest of it. */
size_t centnn_blocks_size(int rows, int columns);
size_t centnn_plane_size(int rows, int columns);

/* Lays out a plane in so many bytes each, which it makes zero. Both are aligned. */
void centnn_plane_init(centnn_plane *plane, int rows, int columns, void *blocks, void *memory);

/* The tables of a layer as they are at first: of group layer - 1, or first coefficients if it is 0.
 */
void centnn_adaptive_init(centnn_adaptive *adaptive, const centnn_kind *kind, int layer);

/* Makes magnitudes of a group zero, in the place of those that are not needed any more. */
void centnn_plane_begin_group(const centnn_plane *plane, int g);

/* Activity of all first coefficients, once they are known. */
void centnn_plane_activity(centnn_plane *plane);

/* Makes the coefficients from `first` on zero again: groups that are not coded have been predicted.
 */
void centnn_plane_forget(const centnn_plane *plane, int first);

INLINE int n_stretches(int columns)
{
    return (columns + STRETCH - 1) / STRETCH;
}

/* Of a row; of the group and the N_KEPT - 1 before it, as far as there are some. */
INLINE uint8_t *magnitude_row(const centnn_plane *plane, int g, int row)
{
    return plane->magnitudes[g % N_KEPT] + row * plane->stride;
}

INLINE int16_t *block_at(const centnn_plane *plane, int row, int column)
{
    return plane->blocks + (row * plane->block_stride + column) * N_COEFFICIENTS;
}

/* Twice the binary logarithm, rounded down at halves between: 1, 2, 3, 4, 6, 8, 12, ... They are
 * the exponents of floats, and a bit more. y is from 1 to 2^24 - 1. */
INLINE int half_octaves(int32_t y)
{
    float exact = (float)y;
    uint32_t bits;

    memcpy(&bits, &exact, sizeof bits);
    return (int)(bits >> 22) - 2 * 127;
}

INLINE int magnitude_class(int32_t sum)
{
    int class = half_octaves(16 + (sum >> CONTEXT_BITS)) - 8;

    return class < N_CLASSES ? class : N_CLASSES - 1;
}

/* The class of a stretch, by the sums of its n blocks. */
INLINE int stretch_class(const uint16_t *sums, int n)
{
    int32_t sum = 0;
    int class;

    if (n == STRETCH) {
        for (int i = 0; i < STRETCH; i++)
            sum += sums[i];
    } else {
        for (int i = 0; i < n; i++)
            sum += sums[i];
    }
    class = half_octaves(16 + (sum >> CONTEXT_BITS)) - 8;
    return class < N_STRETCH_CLASSES ? class : N_STRETCH_CLASSES - 1;
}

INLINE int magnitude(int x)
{
    return x < 0 ? -x : x;
}

/* Whether coefficients fall or rise within a group: magnitudes of the first and the last, on the
 * left and above and twice those predicted, in all. */
INLINE int slope_of(int first, int last)
{
    return (first > 2 * last + 16) + 2 * (last > 2 * first + 16);
}

/* Adds a codeword of stage 2, which is mirrored so that it points away from zero as the one of
 * stage 1 does. */
INLINE void add_refinement(int16_t *word, const int16_t *refinement)
{
    for (int t = 0; t < MAX_DIM; t++)
        word[t] = (int16_t)(word[t] + (word[t] < 0 ? -refinement[t] : refinement[t]));
}

INLINE int16_t limited(int32_t x)
{
    return (int16_t)(x < -COEFFICIENT_LIMIT  ? -COEFFICIENT_LIMIT
                     : x > COEFFICIENT_LIMIT ? COEFFICIENT_LIMIT
                                             : x);
}

/* The table of the codewords in a bin of stage 1, which is counted from 0. */
INLINE int part_of(const centnn_group *group, unsigned bin, int class)
{
    return (class >= group->cuts[bin][0]) + (class >= group->cuts[bin][1]);
}

/* The prediction of a quantized first coefficient, and the class of what it is off by. */
INLINE int predict_dc(const centnn_plane *plane, int row, int column, int *class)
{
    ptrdiff_t width = plane->columns;
    const int16_t *at = plane->dc + row * width + column;
    const int16_t *error = plane->dc_errors + row * width + column;
    int left = column ? at[-1] : row ? at[-width] : 0;
    int above = row ? at[-width] : left;
    int corner = row && column ? at[-width - 1] : column ? left : above;
    int right = row && column + 1 < plane->columns ? at[-width + 1] : above;
    int low = left < above ? left : above, high = left < above ? above : left;
    int gradient = corner >= high ? low : corner <= low ? high : left + above - corner;
    int spread = magnitude(left - corner) + magnitude(above - corner) + magnitude(above - right);

    if (column)
        spread += 2 * magnitude(error[-1]);
    if (row)
        spread += 2 * magnitude(error[-width]);
    *class = half_octaves(1 + spread);
    *class = *class < N_DC_CLASSES ? *class : N_DC_CLASSES - 1;
    return (4 * gradient + 2 * left + 2 * above + right - corner + 4) >> 3;
}

#endif
