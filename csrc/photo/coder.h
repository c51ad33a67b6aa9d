/*
 * coder.h - rANS with 15-bit probabilities, and tables of 16 symbols that adapt
 *
 * The state is from 2^16 to 2^32 - 1; it grows and shrinks by words of 16 bits. The encoder works
 * backwards, so what it is to code is kept as a list of intervals first.
 */
#ifndef CENTNN_PHOTO_CODER_H
#define CENTNN_PHOTO_CODER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "../compiler.h"

enum {
    PROB_BITS = 15,
    PROB_ONE = 1 << PROB_BITS,
    N_SYMBOLS = 16,
    PROB_LEAST = 2, /* of a symbol: no table excludes one */
    STATE_LEAST = 1 << 16,
    EMPTY_LEAST = 64, /* slots of either answer to a question */
    EMPTY_RATE = 4
};

/* Symbol i has the slots from start[i] to start[i + 1] - 1; start[16] would be PROB_ONE. */
typedef struct {
    int16_t start[N_SYMBOLS];
} centnn_table;

/* What is to be coded: a slice of the slots. */
typedef struct {
    uint16_t start, size;
} centnn_interval;

/* A stream being read. Beyond its end it reads zeros, and says so. */
typedef struct {
    uint32_t state;
    const uint8_t *next, *end;
    bool overrun;
} centnn_source;

INLINE uint32_t end_of_symbol(const centnn_table *table, unsigned symbol)
{
    return symbol + 1 < N_SYMBOLS ? (uint32_t)table->start[symbol + 1] : PROB_ONE;
}

INLINE centnn_interval interval_of(const centnn_table *table, unsigned symbol)
{
    uint32_t start = (uint32_t)table->start[symbol];

    return (centnn_interval){(uint16_t)start, (uint16_t)(end_of_symbol(table, symbol) - start)};
}

/* The symbol that a slot belongs to. */
INLINE unsigned find_symbol(const centnn_table *table, uint32_t slot)
{
#if defined(__SSE2__)
    const __m128i *start = (const __m128i *)(const void *)table->start;
    __m128i wanted = _mm_set1_epi16((short)slot);
    __m128i low = _mm_cmpgt_epi16(_mm_loadu_si128(start), wanted);
    __m128i high = _mm_cmpgt_epi16(_mm_loadu_si128(start + 1), wanted);
    unsigned beyond = (unsigned)_mm_movemask_epi8(_mm_packs_epi16(low, high));

    return lowest_bit(beyond | 1u << N_SYMBOLS) - 1;
#else
    unsigned symbol = 0;

    for (unsigned i = 1; i < N_SYMBOLS; i++)
        symbol += (uint32_t)table->start[i] <= slot;
    return symbol;
#endif
}

/* Where tables move that see a symbol: each symbol but that one has its least share. */
extern const int16_t centnn_targets[N_SYMBOLS][N_SYMBOLS];

/* Moves the table towards a symbol that occurred: by 1 / 2^rate of the way, rounded down, which
 * keeps every symbol's least share. */
INLINE void adapt_table(centnn_table *table, unsigned symbol, int rate)
{
#if defined(__SSE2__)
    /* In halves, as symbols are found: what was written in one piece is soon read again. */
    for (int i = 0; i < N_SYMBOLS; i += N_SYMBOLS / 2) {
        __m128i *start = (__m128i *)(void *)(table->start + i);
        __m128i now = _mm_loadu_si128(start);
        __m128i target = _mm_loadu_si128(
            (const __m128i *)(const void *)(centnn_targets[symbol] + i));

        _mm_storeu_si128(start,
                         _mm_add_epi16(now, _mm_srai_epi16(_mm_sub_epi16(target, now), rate)));
    }
#else
    const int16_t *target = centnn_targets[symbol];

    for (int i = 0; i < N_SYMBOLS; i++)
        table->start[i] = (int16_t)(table->start[i] +
                                    ((int16_t)(target[i] - table->start[i]) >> rate));
#endif
}

/* The same for a question, whose answer `yes` has so many slots. */
INLINE void adapt_answer(int16_t *yes, bool answer)
{
    int target = answer ? PROB_ONE - EMPTY_LEAST : EMPTY_LEAST;

    *yes = (int16_t)(*yes + ((target - *yes) >> EMPTY_RATE));
}

INLINE centnn_interval interval_of_answer(int yes, bool answer)
{
    return answer ? (centnn_interval){0, (uint16_t)yes}
                  : (centnn_interval){(uint16_t)yes, (uint16_t)(PROB_ONE - yes)};
}

INLINE uint32_t next_word(centnn_source *source)
{
    uint32_t word;

    if (UNLIKELY(source->end - source->next < 2)) {
        source->overrun = true;
        return 0;
    }
    word = (uint32_t)source->next[0] | (uint32_t)source->next[1] << 8;
    source->next += 2;
    return word;
}

INLINE void open_source(centnn_source *source, const uint8_t *bytes, size_t n)
{
    source->next = bytes;
    source->end = bytes + n;
    source->overrun = false;
    source->state = next_word(source);
    source->state |= next_word(source) << 16;
    source->overrun |= source->state < STATE_LEAST;
}

/* Whether a stream was read to its end, and it was the right one. */
INLINE bool is_spent(const centnn_source *source)
{
    return !source->overrun && source->next == source->end && source->state == STATE_LEAST;
}

/* Takes another word if the state has become too small. That cannot be foreseen, so there is a mask
 * for it and no branch. */
INLINE void refill(centnn_source *source)
{
    uint32_t low = source->state < STATE_LEAST, word;

    if (UNLIKELY(source->end - source->next < 2)) {
        source->overrun |= low;
        source->state <<= 16 * low;
        return;
    }
    word = (uint32_t)source->next[0] | (uint32_t)source->next[1] << 8;
    source->state ^= (source->state ^ (source->state << 16 | word)) & (0 - low);
    source->next += 2 * low;
}

INLINE void consume(centnn_source *source, uint32_t slot, uint32_t start, uint32_t size)
{
    source->state = size * (source->state >> PROB_BITS) + slot - start;
    refill(source);
}

INLINE unsigned read_symbol(centnn_source *source, const centnn_table *table)
{
    uint32_t slot = source->state & (PROB_ONE - 1);
    unsigned symbol = find_symbol(table, slot);
    uint32_t start = (uint32_t)table->start[symbol];

    consume(source, slot, start, end_of_symbol(table, symbol) - start);
    return symbol;
}

/* The same from a table that adapts, and fast if the symbol is 0, which should be likely: what
 * comes next need not wait until it is found. */
INLINE unsigned read_likely_0(centnn_source *source, centnn_table *table, int rate)
{
    uint32_t slot = source->state & (PROB_ONE - 1), end = (uint32_t)table->start[1];
    unsigned symbol;

    if (LIKELY(slot < end)) {
        source->state = end * (source->state >> PROB_BITS) + slot;
        if (UNLIKELY(source->state < STATE_LEAST))
            refill(source);
        adapt_table(table, 0, rate);
        return 0;
    }
    symbol = read_symbol(source, table);
    adapt_table(table, symbol, rate);
    return symbol;
}

/* The answer to a question: yes has the first slots, of which there are *yes, and that adapts. */
INLINE bool read_answer(centnn_source *source, int16_t *yes)
{
    uint32_t slot = source->state & (PROB_ONE - 1), end = (uint32_t)*yes;
    bool answer = slot < end;

    consume(source, slot, answer ? 0 : end, answer ? end : PROB_ONE - end);
    adapt_answer(yes, answer);
    return answer;
}

/* Bits that all are as likely; n is from 0 to PROB_BITS. */
INLINE uint32_t read_bits(centnn_source *source, unsigned n)
{
    uint32_t slot = source->state & (PROB_ONE - 1);
    uint32_t bits = slot >> (PROB_BITS - n);

    consume(source, slot, bits << (PROB_BITS - n), (uint32_t)PROB_ONE >> n);
    return bits;
}

INLINE centnn_interval interval_of_bits(uint32_t bits, unsigned n)
{
    return (centnn_interval){(uint16_t)(bits << (PROB_BITS - n)), (uint16_t)(PROB_ONE >> n)};
}

#endif
