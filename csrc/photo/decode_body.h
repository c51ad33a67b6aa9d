/*
 * decode_body.h - the codewords of a plane
 */
#include "number.h"

/* A plane while it is read. The source is a copy: it is to live in registers. */
typedef struct {
    const centnn_decode_job *job;
    const centnn_group *group;
    centnn_source source;
    centnn_table *bins;
    centnn_row row;
    int row_number;
    int16_t *first;        /* where the group of the first block is */
    uint8_t *magnitudes;   /* of the row */
    int32_t *listed, *end; /* stretches of the row that are not empty, from the next one on */
    int column, n;         /* blocks of a stretch that are to be read next */
} reader;

static quad read_escape(const centnn_decode_job *job, centnn_source *source)
{
    int16_t word[MAX_DIM] = {0};

    for (int t = 0; t < job->kind->groups[job->g].dim; t++)
        word[t] = limited(ESCAPE_STEP * read_number(source, &job->adaptive->escape, ESCAPE_RATE));
    return load_quad(word);
}

/* What is coded of a group whose codeword of stage 1 is in a bin of codewords that are not zero. */
INLINE quad read_word(reader *from, unsigned bin, int context, uint8_t *magnitude)
{
    const centnn_group *group = from->group;
    const centnn_stage *stages = group->stages;
    int slope = context % N_SLOPES, part = part_of(group, bin - 1, context / N_SLOPES);
    unsigned k = 1 + (bin - 1) * BIN +
                 read_symbol(&from->source, &group->in_bin[slope][part][bin - 1]);
    int cell = group->cells[k];
    quad word;

    *magnitude = group->magnitudes[k];
    if (UNLIKELY(k == (unsigned)stages[0].n_words)) {
        centnn_source source = from->source;

        word = read_escape(from->job, &source);
        from->source = source;
        return word;
    }
    word = load_quad(stages[0].words[k]);
    if (cell) {
        unsigned bin2 = read_symbol(&from->source, &group->bins2[cell]);

        if (bin2) {
            unsigned k2 = 1 + (bin2 - 1) * BIN +
                          read_symbol(&from->source, &group->in_bin2[bin2 - 1]);

            word = refined(word, load_quad(stages[1].words[k2]));
        }
    }
    return word;
}

INLINE void read_block(reader *from, int column)
{
    const centnn_group *group = from->group;
    int context = from->row.contexts[column];
    unsigned bin = read_likely_0(&from->source, &from->bins[context], RATE);
    int16_t *at = from->first + (ptrdiff_t)column * N_COEFFICIENTS;
    quad values;

    if (LIKELY(!bin) || UNLIKELY(bin > (unsigned)group->stages[0].n_bins))
        return;
    values = read_word(from, bin, context, &from->magnitudes[column]);
    values = add_quads(load_quad(at), values);
    store_quad(at, values);
    note_ends(&from->row, column, values, group->dim - 1);
    note_magnitude(&from->row, group, column, from->magnitudes[column]);
}

/* Gets ready to read a row, and reads which of its stretches are not empty: the list. */
static void begin_reading(reader *from, int row)
{
    const centnn_decode_job *job = from->job;
    centnn_plane *plane = job->plane;
    const centnn_group *group = from->group;

    begin_row(plane, group, job->g, row, &job->guides);
    from->row_number = row;
    from->first = block_at(plane, row, 0) + group->first;
    from->magnitudes = magnitude_row(plane, job->g, row);
    if (!is_settled(group))
        predict_row(plane, group, row, from->first, N_COEFFICIENTS);
    from->listed = from->row.stretches;
    from->end = from->listed;
    for (int stretch = 0; stretch < n_stretches(plane->columns); stretch++) {
        int16_t *empties = job->adaptive->empties + from->row.stretch_classes[stretch];

        *from->end = stretch;
        from->end += !read_answer(&from->source, empties);
    }
}

/* Gets ready to read a stretch. */
static void begin_listed(reader *from, int stretch)
{
    const centnn_decode_job *job = from->job;
    int first = stretch * STRETCH, rest = job->plane->columns - first;
    int n = rest < STRETCH ? rest : STRETCH;

    if (is_settled(from->group))
        start_settled(job->plane, job->kind, from->group, from->row_number, first, n);
    begin_stretch(job->plane, from->group, from->row_number, first, n, from->first, N_COEFFICIENTS);
    from->column = first;
    from->n = n;
}

/* Finds the next stretch that is not empty. Returns false if there is none. */
static bool next_stretch(reader *from)
{
    while (from->listed == from->end) {
        if (from->row_number + 1 == from->job->plane->rows)
            return false;
        begin_reading(from, from->row_number + 1);
    }
    begin_listed(from, *from->listed++);
    return true;
}

/* Reads n blocks of a stretch. */
static void read_blocks(reader *of, int n)
{
    reader from = *of;

    for (int i = 0; i < n; i++)
        read_block(&from, from.column + i);
    of->source = from.source;
    of->column += n;
    of->n -= n;
}

static void read_blocks_of_two(reader *of_a, reader *of_b, int n)
{
    reader a = *of_a, b = *of_b;

    for (int i = 0; i < n; i++) {
        read_block(&a, a.column + i);
        read_block(&b, b.column + i);
    }
    of_a->source = a.source;
    of_a->column += n;
    of_a->n -= n;
    of_b->source = b.source;
    of_b->column += n;
    of_b->n -= n;
}

/* Returns whether there are blocks to be read next. */
static bool has_blocks(reader *from)
{
    return from->n > 0 || next_stretch(from);
}

static reader open_reader(const centnn_decode_job *job)
{
    reader from = {.job = job,
                   .group = &job->kind->groups[job->g],
                   .source = *job->source,
                   .bins = job->adaptive->bins,
                   .row = job->plane->row,
                   .row_number = -1};

    return from;
}

static void decode_rest(reader *from)
{
    while (has_blocks(from))
        read_blocks(from, from->n);
    *from->job->source = from->source;
}

static void decode_groups(const centnn_decode_job *jobs, int n_jobs)
{
    reader a = open_reader(&jobs[0]);

    if (n_jobs > 1) {
        reader b = open_reader(&jobs[1]);

        while (has_blocks(&a) && has_blocks(&b))
            read_blocks_of_two(&a, &b, a.n < b.n ? a.n : b.n);
        decode_rest(&b);
    }
    decode_rest(&a);
}
