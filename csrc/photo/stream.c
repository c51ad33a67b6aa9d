/*
 * stream.c - notes, intervals, and the coder that makes a stream of them
 *
 * Notes of the first coefficients are, for each block, its class and the number that is coded, in
 * two bytes. Those of a group are, row by row, a byte for each stretch: 2 * class + (is empty);
 * then for each block that is not in an empty one its context, plus HAS_WORD if there is a
 * codeword. That comes next, followed by the one of stage 2 or, if it is the escape, by numbers of
 * two bytes.
 */
#include "stream.h"

static void note_number(centnn_notes *notes, int number)
{
    note_byte(notes, (unsigned)number & 255);
    note_byte(notes, (unsigned)number >> 8 & 255);
}

void centnn_note_dc(centnn_notes *notes, int class, int number)
{
    note_byte(notes, (unsigned)class);
    note_number(notes, number);
}

size_t centnn_leave_out(centnn_notes *notes, int n)
{
    size_t place = notes->n;

    notes->n += (size_t)n;
    return place;
}

void centnn_note_stretch(centnn_notes *notes, size_t place, int class, bool is_empty)
{
    if (place < notes->room)
        notes->bytes[place] = (uint8_t)(2 * class + is_empty);
}

/* Lists the intervals of a number from `to` on, adapts the table, and returns their end. */
static centnn_interval *list_number(int number, centnn_table *table, int rate, centnn_interval *to)
{
    unsigned symbol = symbol_of(number);
    uint32_t beyond = (uint32_t)magnitude(number) - centnn_symbol_first[symbol];

    *to++ = interval_of(table, symbol);
    if (number)
        *to++ = interval_of_bits(2 * beyond + (number < 0), centnn_symbol_bits[symbol]);
    adapt_table(table, symbol, rate);
    return to;
}

void centnn_note_escape(centnn_notes *notes, centnn_table *table, int number)
{
    note_number(notes, number);
    adapt_table(table, symbol_of(number), ESCAPE_RATE);
}

static int take_number(const uint8_t **notes)
{
    *notes += 2;
    return (int16_t)((*notes)[-2] | (*notes)[-1] << 8);
}

/* The same for codewords whose notes are next, but for the bin of the first. */
static centnn_interval *list_words(const centnn_group *group, centnn_adaptive *adaptive,
                                   int context, const uint8_t **notes, centnn_interval *to)
{
    unsigned word = *(*notes)++, bin = bin_of(word) - 1;
    int slope = context % N_SLOPES, part = part_of(group, bin, context / N_SLOPES);
    int cell = group->cells[word];

    *to++ = interval_of(&group->in_bin[slope][part][bin], (word - 1) % BIN);
    if (is_escape(group, word)) {
        for (int t = 0; t < group->dim; t++)
            to = list_number(take_number(notes), &adaptive->escape, ESCAPE_RATE, to);
    } else if (cell) {
        unsigned word2 = *(*notes)++, bin2 = bin_of(word2);

        *to++ = interval_of(&group->bins2[cell], bin2);
        if (bin2)
            *to++ = interval_of(&group->in_bin2[bin2 - 1], (word2 - 1) % BIN);
    }
    return to;
}

/* The same for a block. */
INLINE centnn_interval *list_block(const centnn_group *group, centnn_adaptive *adaptive,
                                   const uint8_t **notes, centnn_interval *to)
{
    int context = *(*notes)++ % HAS_WORD;
    bool has_word = (*notes)[-1] >= HAS_WORD;
    unsigned bin = has_word ? bin_of(**notes) : 0;

    *to++ = interval_of(&adaptive->bins[context], bin);
    adapt_table(&adaptive->bins[context], bin, RATE);
    return has_word ? list_words(group, adaptive, context, notes, to) : to;
}

static centnn_interval *list_dc(const centnn_noted *layer, centnn_adaptive *adaptive,
                                const uint8_t *notes, centnn_interval *to)
{
    for (int i = 0; i < layer->plane->rows * layer->plane->columns; i++) {
        int class = *notes++;

        to = list_number(take_number(&notes), &adaptive->dc[class], DC_RATE, to);
    }
    return to;
}

/* Lists a row from its notes on, and returns their end, too. */
static centnn_interval *list_row(const centnn_group *group, centnn_adaptive *adaptive, int columns,
                                 const uint8_t **notes, centnn_interval *to)
{
    const uint8_t *stretches = *notes;

    for (int i = 0; i < n_stretches(columns); i++, ++*notes) {
        int16_t *empties = &adaptive->empties[stretches[i] / 2];
        bool is_empty = stretches[i] % 2;

        *to++ = interval_of_answer(*empties, is_empty);
        adapt_answer(empties, is_empty);
    }
    for (int column = 0; column < columns; column++) {
        if (stretches[column / STRETCH] % 2 == 0)
            to = list_block(group, adaptive, notes, to);
    }
    return to;
}

/* Lists the intervals of a layer from its notes on, and returns how many there are. */
static size_t list_layer(const centnn_noted *layer, const uint8_t *notes,
                         centnn_interval *intervals)
{
    centnn_adaptive adaptive;
    centnn_interval *to = intervals;

    centnn_adaptive_init(&adaptive, layer->kind, layer->layer);
    if (layer->layer == 0)
        return (size_t)(list_dc(layer, &adaptive, notes, to) - intervals);
    for (int row = 0; row < layer->plane->rows; row++)
        to = list_row(&layer->kind->groups[layer->layer - 1], &adaptive, layer->plane->columns,
                      &notes, to);
    return (size_t)(to - intervals);
}

/* A stream, written from its end on. */
typedef struct {
    uint8_t *at;
    const uint8_t *least;
    uint32_t state;
    bool failed;
} sink;

static void write_word(sink *to, uint32_t word)
{
    if (to->at - to->least < 2) {
        to->failed = true;
        return;
    }
    to->at -= 2;
    to->at[0] = (uint8_t)word;
    to->at[1] = (uint8_t)(word >> 8);
}

static void write_interval(sink *to, centnn_interval interval)
{
    if (to->state >> (32 - PROB_BITS) >= interval.size) {
        write_word(to, to->state);
        to->state >>= 16;
    }
    to->state = (to->state / interval.size << PROB_BITS) + to->state % interval.size +
                interval.start;
}

size_t centnn_write_stream(const centnn_notes *notes, const centnn_noted *layers, int n,
                           centnn_interval *intervals)
{
    uint8_t *end = notes->bytes + notes->room;
    sink to = {end, notes->bytes, STATE_LEAST, false};

    if (notes->n > notes->room)
        return 0;
    to.least += notes->n;
    while (n-- > 0) {
        size_t n_intervals = list_layer(&layers[n], notes->bytes + layers[n].first, intervals);

        while (n_intervals-- > 0)
            write_interval(&to, intervals[n_intervals]);
    }
    write_word(&to, to.state >> 16);
    write_word(&to, to.state);
    return to.failed ? 0 : (size_t)(end - to.at);
}
