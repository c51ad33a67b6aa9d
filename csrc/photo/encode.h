/*
 * encode.h - choosing codewords
 */
#ifndef CENTNN_PHOTO_ENCODE_H
#define CENTNN_PHOTO_ENCODE_H

#include "stream.h"

enum {
    MAX_CANDIDATES = 8,
    TRACE_EMPTY = 255 /* instead of a context */
};

/* What codewords and symbols cost: squared error plus the bits that they take. Coefficients are in
 * sixteenths of s, and a bit is worth s^2, so that costs are integers in units of s^2 / 256. */
enum { COST_BITS = 8, TOO_MUCH = INT32_MAX / 2 };

/* What the search needs of a stage of a group, derived from the model. */
typedef struct {
    int16_t pairs[MAX_DIM / 2][MAX_WORDS][2]; /* codewords 1 and on, by two coefficients, twice */
    /* Squared norm, and bits within the bin, in 1/256. */
    int32_t costs[N_SLOPES][N_PARTS][MAX_WORDS];
} centnn_search_stage;

typedef struct {
    centnn_search_stage stages[N_KINDS][N_GROUPS][2];
    uint16_t bits[PROB_ONE / 8 + 1]; /* of a symbol of so many slots / 8, in 1/256 */
    uint16_t rare_bits[PROB_ONE / 8];
} centnn_search_model;

/* In 1/256 of a bit: what a symbol of so many slots takes. */
INLINE int32_t cost_of(const centnn_search_model *search, uint32_t size)
{
    return size < PROB_ONE / 8 ? search->rare_bits[size] : search->bits[size / 8];
}

INLINE int32_t symbol_cost(const centnn_search_model *search, const centnn_table *table,
                           unsigned symbol)
{
    return cost_of(search, interval_of(table, symbol).size);
}

void centnn_search_model_init(centnn_search_model *search, const centnn_photo_model *model);

/* What the encoder saw and chose in a block, for training: arrays of (rows, columns, ...) */
typedef struct {
    int16_t *wanted, *residuals, *decoded; /* N_COEFFICIENTS */
    uint8_t *chosen; /* (N_GROUPS + 1) x 4: codewords of stages 1 and 2; context, or TRACE_EMPTY;
                      * for the first block of a stretch 1 + 2 * class + (not empty), else 0. At
                      * last those of the first coefficient: symbol, class */
} centnn_trace;

/* A plane to be encoded. Its blocks have what is wanted of each group until it is coded. */
typedef struct {
    centnn_plane *plane;
    const centnn_kind *kind;
    const centnn_search_model *search;
    const centnn_search_stage (*stages)[2]; /* of the plane's kind, by group */
    centnn_adaptive *adaptive;
    int16_t *row; /* a group of a row of blocks: as predicted, then as decoded. (columns, MAX_DIM),
                   * after as many zeros */
    centnn_notes *notes;
    int n_candidates;
    bool may_escape;
    const centnn_trace *trace; /* or NULL */
} centnn_encoder;

INLINE int rounded_quotient(int x, int step)
{
    return x < 0 ? -((-x + step / 2) / step) : (x + step / 2) / step;
}

#endif
