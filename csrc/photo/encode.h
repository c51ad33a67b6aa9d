/*
 * encode.h - choosing codewords, and the list of symbols that tell them
 */
#ifndef CENTNN_PHOTO_ENCODE_H
#define CENTNN_PHOTO_ENCODE_H

#include "number.h"
#include "plane.h"

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

/* A growing list of intervals, in memory for `room` of them. It counts those beyond that, too. */
typedef struct {
    centnn_interval *items;
    size_t n, room;
} centnn_intervals;

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
    centnn_intervals *out;
    int n_candidates;
    bool may_escape;
    const centnn_trace *trace; /* or NULL */
} centnn_encoder;

INLINE void put(centnn_intervals *out, centnn_interval interval)
{
    if (out->n < out->room)
        out->items[out->n] = interval;
    out->n++;
}

/* Leaves n intervals out, which will be put later, at the place that is returned. */
INLINE size_t leave_out(centnn_intervals *out, size_t n)
{
    out->n += n;
    return out->n - n;
}

INLINE void put_at(const centnn_intervals *out, size_t place, centnn_interval interval)
{
    if (place < out->room)
        out->items[place] = interval;
}

INLINE unsigned symbol_of(int number)
{
    unsigned symbol = 0;

    while (symbol + 1 < N_SYMBOLS && centnn_symbol_first[symbol + 1] <= magnitude(number))
        symbol++;
    return symbol;
}

INLINE void put_number(centnn_intervals *out, int number, centnn_table *table, int rate)
{
    unsigned symbol = symbol_of(number);
    uint32_t beyond = (uint32_t)magnitude(number) - centnn_symbol_first[symbol];

    put(out, interval_of(table, symbol));
    if (number)
        put(out, interval_of_bits(2 * beyond + (number < 0), centnn_symbol_bits[symbol]));
    adapt_table(table, symbol, rate);
}

INLINE int rounded_quotient(int x, int step)
{
    return x < 0 ? -((-x + step / 2) / step) : (x + step / 2) / step;
}

/* An empty list, in memory from an address on, aligned or not, to an end. */
void centnn_open_intervals(centnn_intervals *intervals, uint8_t *memory, const uint8_t *end);

/* Codes a list of intervals, and ends it: the stream takes the place of those that are coded.
 * Returns its bytes, and where they are; 0 if some intervals are missing. */
size_t centnn_write_stream(const centnn_intervals *intervals, const uint8_t **stream);

#endif
