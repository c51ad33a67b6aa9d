/*
 * decode_body.h - the codewords of a plane
 */
#include "number.h"

/* A plane while one of its rows is read. The source is a copy: it is to live in registers. */
typedef struct {
    const centnn_decode_job *job;
    const centnn_group *group;
    centnn_source source;
    centnn_table *bins;
    int16_t *empties;
    centnn_row row;
    int row_number;
    int16_t *first;      /* where the group of the first block is */
    uint8_t *magnitudes; /* of the row */
} reader;

static quad read_escape(const centnn_decode_job *job, centnn_source *source)
{
    int16_t word[MAX_DIM] = {0};

    for (int t = 0; t < job->kind->groups[job->g].dim; t++)
        word[t] = limited(ESCAPE_STEP *
                          read_number(source, &job->adaptive->escape, ESCAPE_RATE));
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

static reader begin_reading(const centnn_decode_job *job, int row)
{
    centnn_plane *plane = job->plane;
    const centnn_group *group = &job->kind->groups[job->g];

    begin_row(plane, group, job->g, row, &job->guides);
    if (!is_settled(group))
        predict_row(plane, group, row, block_at(plane, row, 0) + group->first, N_COEFFICIENTS);
    return (reader){job,
                    group,
                    *job->source,
                    job->adaptive->bins,
                    job->adaptive->empties,
                    plane->row,
                    row,
                    block_at(plane, row, 0) + group->first,
                    magnitude_row(plane, job->g, row)};
}

/* Whether a stretch is empty; else it goes to the list, which has n so far. Returns how many it has
 * then. */
INLINE int read_emptiness(reader *from, int stretch, int n)
{
    from->row.stretches[n] = stretch;
    return n + !read_answer(&from->source, from->empties + from->row.stretch_classes[stretch]);
}

/* Blocks of a stretch, from `first` to `end`. */
typedef struct {
    int first, end;
} span;

/* Gets ready to read stretch i of the list. */
static span begin_listed(const reader *from, int i)
{
    const centnn_decode_job *job = from->job;
    int first = from->row.stretches[i] * STRETCH, rest = job->plane->columns - first;
    int n = rest < STRETCH ? rest : STRETCH;

    if (is_settled(from->group))
        start_settled(job->plane, job->kind, from->group, from->row_number, first, n);
    begin_stretch(job->plane, from->group, from->row_number, first, n, from->first,
                  N_COEFFICIENTS);
    return (span){first, first + n};
}

static void read_span(reader *of, span blocks)
{
    reader from = *of;

    for (int column = blocks.first; column < blocks.end; column++)
        read_block(&from, column);
    of->source = from.source;
}

static void read_two_spans(reader *of_a, span in_a, reader *of_b, span in_b)
{
    reader a = *of_a, b = *of_b;

    while (in_a.first < in_a.end && in_b.first < in_b.end) {
        read_block(&a, in_a.first++);
        read_block(&b, in_b.first++);
    }
    of_a->source = a.source;
    of_b->source = b.source;
    read_span(of_a, in_a);
    read_span(of_b, in_b);
}

static void decode_row(const centnn_decode_job *job, int row)
{
    reader from = begin_reading(job, row);
    int n = 0;

    for (int stretch = 0; stretch < n_stretches(job->plane->columns); stretch++)
        n = read_emptiness(&from, stretch, n);
    for (int i = 0; i < n; i++)
        read_span(&from, begin_listed(&from, i));
    *job->source = from.source;
}

static void decode_two_rows(const centnn_decode_job *jobs, int row)
{
    reader a = begin_reading(&jobs[0], row), b = begin_reading(&jobs[1], row);
    int n_a = 0, n_b = 0, i = 0;

    for (int stretch = 0; stretch < n_stretches(jobs[0].plane->columns); stretch++) {
        n_a = read_emptiness(&a, stretch, n_a);
        n_b = read_emptiness(&b, stretch, n_b);
    }
    for (; i < n_a && i < n_b; i++)
        read_two_spans(&a, begin_listed(&a, i), &b, begin_listed(&b, i));
    for (int k = i; k < n_a; k++)
        read_span(&a, begin_listed(&a, k));
    for (int k = i; k < n_b; k++)
        read_span(&b, begin_listed(&b, k));
    *jobs[0].source = a.source;
    *jobs[1].source = b.source;
}

static void decode_groups(const centnn_decode_job *jobs, int n_jobs)
{
    decode_rows(jobs, n_jobs, decode_row, decode_two_rows);
}
