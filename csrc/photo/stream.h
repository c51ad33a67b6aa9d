/*
 * stream.h - from what was chosen for a plane to the stream that tells it
 *
 * A stream is coded backwards, and tables adapt forwards. So what was chosen is noted, in a few
 * bytes, and made intervals layer by layer when all of a scan is known, the last layer first.
 */
#ifndef CENTNN_PHOTO_STREAM_H
#define CENTNN_PHOTO_STREAM_H

#include "number.h"
#include "plane.h"

enum {
    /* Intervals of a group of a block and of its stretch, and bytes of notes: at most, all
     * coefficients of the group escape. */
    GROUP_INTERVALS = 3 + 2 * MAX_DIM,
    GROUP_NOTES = 3 + 2 * MAX_DIM,
    DC_NOTES = 3,
    HAS_WORD = 128 /* what the note of a context has besides if a codeword follows */
};

/* Notes that grow. Those beyond `room` are counted only. */
typedef struct {
    uint8_t *bytes;
    size_t n, room;
} centnn_notes;

/* Codewords of both stages, or numbers if the one of stage 1 is the escape. */
typedef struct {
    unsigned word, word2; /* 0: the zero codeword */
    int16_t escaped[MAX_DIM];
} centnn_words;

/* A layer of a plane that was noted: group layer - 1, or first coefficients if it is 0. */
typedef struct {
    const centnn_plane *plane;
    const centnn_kind *kind;
    int layer;
    size_t first; /* of its notes */
} centnn_noted;

INLINE unsigned bin_of(unsigned word)
{
    return (word + BIN - 1) / BIN;
}

INLINE bool is_escape(const centnn_group *group, unsigned word)
{
    return word && word == (unsigned)group->stages[0].n_words;
}

INLINE void note_byte(centnn_notes *notes, unsigned byte)
{
    if (notes->n < notes->room)
        notes->bytes[notes->n] = (uint8_t)byte;
    notes->n++;
}

void centnn_note_dc(centnn_notes *notes, int class, int number);

/* Leaves out n bytes, and returns the place of the first; and notes there whether a stretch is
 * empty. */
size_t centnn_leave_out(centnn_notes *notes, int n);
void centnn_note_stretch(centnn_notes *notes, size_t place, int class, bool is_empty);

/* Notes a number of an escape, and adapts the table to it. */
void centnn_note_escape(centnn_notes *notes, centnn_table *table, int number);

/* Notes the words of a block, and adapts the tables to them. */
INLINE void note_words(centnn_notes *notes, const centnn_group *group, centnn_adaptive *adaptive,
                       int context, const centnn_words *words)
{
    adapt_table(&adaptive->bins[context], bin_of(words->word), RATE);
    note_byte(notes, (unsigned)context + (words->word ? HAS_WORD : 0));
    if (!words->word)
        return;
    note_byte(notes, words->word);
    if (is_escape(group, words->word)) {
        for (int t = 0; t < group->dim; t++)
            centnn_note_escape(notes, &adaptive->escape, words->escaped[t]);
    } else if (group->cells[words->word]) {
        note_byte(notes, words->word2);
    }
}

/* Writes the stream of n layers to the end of the room for notes. There is room for GROUP_INTERVALS
 * intervals for each block of a plane. Returns its bytes; 0 if it, or notes, had no room. */
size_t centnn_write_stream(const centnn_notes *notes, const centnn_noted *layers, int n,
                           centnn_interval *intervals);

#endif
