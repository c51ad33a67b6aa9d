/*
 * lists.h - what training on large data asks of a kernel: rows against lists of codewords, and the
 * members of a cluster as a matrix
 *
 * Lanes are rows wherever many of them are at work: a tile holds LIST_ROWS rows coordinate by
 * coordinate. Sums over coordinates run in their order, by one FMA each; sums over rows, and the
 * distance of a single row, in a panel of partial sums folded in halves. Either has the same bits
 * on every instruction set.
 *
 * `real` below is float or double, by the kernel's precision. Nothing is allocated; calls may run
 * in parallel as long as they do not write the same memory.
 */
#ifndef CENTNN_LISTS_H
#define CENTNN_LISTS_H

#include "centnn.h"

#include <stdbool.h>

#define LIST_ROWS 32
#define LEAST_FALL (1 - 1e-6) /* of a distance, for a row to move: more than rounding */
#define LIST_TILES 8          /* at most in combine() */

/* Rows of d values, each less `offset` before it is used. */
typedef struct {
    const void *values;
    centnn_dtype dtype; /* the kernel's precision, or U8, U16 or F16 for float */
    size_t d;
    const void *offset; /* real [d]; NULL: none, for the kernel's precision only */
} centnn_samples;

/* Codewords in training, in the samples' coordinates less the offset. */
typedef struct {
    size_t d;
    double *sums;     /* [k][d] of the members, weighted */
    double *counts;   /* [k] weight of the members */
    void *codewords;  /* real [k][d] */
    void *half_norms; /* real [k]: |c|^2 / 2 */
    void *factors;    /* real [k]: n / (n + 1), n being the count; 1 for a fixed codeword */
    size_t n_fixed;   /* codewords that do not move: the first ones */
} centnn_book;

/* What a search finds for the rows of a tile. */
typedef struct {
    double own[LIST_ROWS];  /* squared distance from the own codeword */
    double best[LIST_ROWS]; /* least of the others', times their factors; infinite for no others */
    uint32_t place[LIST_ROWS]; /* its place in the list, the first of equals */
} centnn_found;

typedef struct {
    /* Bytes of scratch that the functions below need where they ask for it. */
    size_t (*scratch_size)(size_t d, size_t n_near);

    /* Fills a tile, real [d][LIST_ROWS], with up to LIST_ROWS rows, less a codeword if `centre` is
     * not NULL. Lanes past the last row repeat it. */
    void (*load)(const centnn_samples *samples, const uint32_t *rows, size_t n, const void *centre,
                 void *tile, void *scratch);

    /* Searches a list of codewords for the n rows of a tile that belong to `own`. Squared distances
     * are sums of squares if `by_difference`, else the expanded form, which cancels where rows are
     * far from the origin compared with their distances. `weights` [LIST_ROWS] gives each row's
     * factor n / (n + weight); NULL: the book's factors; with plain set, no factors. */
    void (*search)(const centnn_book *book, const void *tile, size_t n, size_t own,
                   const uint32_t *list, size_t n_list, const float *weights, bool plain,
                   bool by_difference, centnn_found *found);

    /* The n_near codewords nearest to each of codewords first .. first + n - 1 (n <= LIST_ROWS),
     * of k > n_near, without itself: a set, in no order but always the same. `reach` [n] gets the
     * distance of the farthest. */
    void (*near)(const centnn_book *book, size_t k, size_t first, size_t n, size_t n_near,
                 uint32_t *lists, float *reach, void *scratch);

    /* The squared distance of a row from codeword j. */
    double (*distance)(const centnn_samples *samples, size_t row, const centnn_book *book, size_t j,
                       void *scratch);

    /* Adds rows to a sum [d], each as many times as its weight says; NULL: once. */
    void (*add)(const centnn_samples *samples, const uint32_t *rows, size_t n, const float *weights,
                double *sum, void *scratch);

    /* The squared norm of a row. */
    double (*norm)(const centnn_samples *samples, size_t row, void *scratch);

    /* Writes a row less the offset as reals. */
    void (*read)(const centnn_samples *samples, size_t row, void *out);

    /* Sets codeword j from its sum and count; a fixed one stays. */
    void (*settle)(const centnn_book *book, size_t j);

    /* Moves a row from one cluster to another, of which the first has more, if that lowers the
     * error by more than the part 1 - LEAST_FALL of what the row has to do with; returns whether.
     */
    bool (*move)(const centnn_samples *samples, size_t row, double weight, const centnn_book *book,
                 size_t from, size_t to, void *scratch);

    /* The distance of codeword j from where it is in `before`, real [k][d], where it is put. */
    double (*drift)(const centnn_book *book, void *before, size_t j);

    /* Projections of the rows of n_tiles tiles on an axis [d]; NULL: their squared norms. */
    void (*project)(const void *tiles, size_t n_tiles, size_t d, const double *axis,
                    double *projections);

    /* The sum [d] of the rows of n_tiles tiles, each as many times as `times` says. */
    void (*combine)(const void *tiles, size_t n_tiles, size_t d, const double *times, double *sum,
                    void *scratch);
} centnn_lists;

#endif
