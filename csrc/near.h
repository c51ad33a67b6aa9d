/*
 * near.h - what training asks of a kernel: a few samples against a few codewords
 *
 * Coordinates are relative to an origin near the middle of the data: x = sample - origin, so that
 * data far from 0 lose nothing in float32. A squared distance is the sum of (x_j - c_j)^2, by one
 * FMA per coordinate, in order: the same bits on every instruction set, whether it is computed for
 * one sample or for a tile of them.
 *
 * Where it says void, the elements are of the kernel's precision ("reals").
 */
#ifndef CENTNN_NEAR_H
#define CENTNN_NEAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Samples of a tile. */
#define NEAR_TILE 128

/* The training data. */
typedef struct {
    const void *rows;      /* [n][d] */
    const void *origin;    /* [d] */
    const double *weights; /* [n], or NULL: all 1 */
    double weight_scale;   /* a power of two: a sample's weight is weights[i] * weight_scale */
    size_t d;
} centnn_data;

/* Up to NEAR_TILE samples, transposed. Lanes from n up to a multiple of a panel are copies of the
 * first sample with weight 0. */
typedef struct {
    size_t n, d;
    bool weighted;
    void *x;       /* [d][NEAR_TILE] */
    void *weight;  /* [NEAR_TILE] */
    double *mass;  /* [NEAR_TILE] the same, exactly */
    double *own;   /* [NEAR_TILE] squared distance from their codeword */
    double *gain;  /* [NEAR_TILE] what leaving it saves, per weight */
    double *value; /* [NEAR_TILE] what the best other codeword costs, per weight */
    int32_t *who;  /* [NEAR_TILE] which one that is, or -1 */
} centnn_tile_of_samples;

/* Codewords that may win samples of a cluster. Arrays have room for a multiple of a panel. */
typedef struct {
    size_t n;
    int32_t *ids;
    void *gap;     /* squared distance from the cluster's own codeword */
    void *stretch; /* sqrt(1 + w * inverse) for the heaviest sample's weight w, or more */
    void *inverse; /* 1 / the codeword's total weight; 0 if its weight does not count */
} centnn_rivals;

typedef struct {
    /* Reads samples ids[0 .. n - 1], n from 1 to NEAR_TILE. */
    void (*load)(const centnn_data *samples, const int32_t *ids, size_t n,
                 centnn_tile_of_samples *tile);

    /* Fills tile->own, and tile->gain: own * total / (total - weight), or own for total = 0. */
    void (*own)(const void *codeword, double total, centnn_tile_of_samples *tile);

    /* Squared distances of a codeword to n others, stored as columns [d][stride]; n is a multiple
     * of a panel, for which there is room. */
    void (*gaps)(const void *columns, size_t stride, size_t n, size_t d, const void *codeword,
                 void *gap);

    /* Appends to `near` (whose n is 0) those of `all` within base + radius + reach * stretch. With
     * `stretch` NULL it is 1, with `inverse` NULL 0, with `ids` NULL the place is the id. Elements
     * of all->gap from all->n to a multiple of a panel are ignored. */
    void (*within)(const centnn_rivals *all, double base, double radius, double reach,
                   centnn_rivals *near);

    /* The rival with the least distance^2 / (1 + weight * inverse) for each sample: the first in
     * the list on ties. Only rivals within base + r + g * stretch need be looked at, r^2 = own and
     * g^2 = gain. */
    void (*best)(const void *codewords, const centnn_rivals *rivals, double base,
                 centnn_tile_of_samples *tile);

    /* Adds weight * ((x - centre) . axis) * (x - centre) to lanes [d][panel]. */
    void (*project)(const centnn_tile_of_samples *tile, const void *centre, const void *axis,
                    void *lanes);

    /* Tells which samples are nearer to a than to b (side, [NEAR_TILE]), and adds those samples'
     * weight * (x - centre) to lanes [d][panel] and their weight to lanes [d]. */
    void (*divide)(const centnn_tile_of_samples *tile, const void *a, const void *b,
                   const void *centre, void *lanes, uint8_t *side);

    /* Adds up the lanes of n panels, onto sums [n]; and zeroes the lanes. */
    void (*fold)(void *lanes, size_t n, double *sums);

    /* Squared distances of one sample from two codewords. */
    void (*pair)(const centnn_data *samples, int32_t id, const void *a, const void *b,
                 double distances[2]);

    /* Adds scale * (x - c) to sums [d]; c is 0 where it is NULL. */
    void (*add)(const centnn_data *samples, int32_t id, double scale, const void *codeword,
                double *sums);

    /* Rounds sums / total to a codeword [d] and to its column, of which elements are `stride`
     * apart. */
    void (*place)(const double *sums, double total, size_t d, void *codeword, void *column,
                  size_t stride);
} centnn_near;

#endif
