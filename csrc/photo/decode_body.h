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
    centnn_row row;
    int16_t *first;      /* where the group of the first block is */
    uint8_t *magnitudes; /* of the row */
    quad left;           /* the group of the block before */
} reader;

static quad read_escape(const centnn_decode_job *job, centnn_source *source)
{
    int16_t word[MAX_DIM] = {0};

    for (int t = 0; t < job->kind->groups[job->g].dim; t++)
        word[t] = limited(ESCAPE_STEP *
                          read_number(source, &job->adaptive->escape[job->g], ESCAPE_RATE));
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

/* A block of a group that is settled: what is predicted is there already. */
INLINE void read_settled(reader *from, int column)
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
    note_magnitude(&from->row, group, column, from->magnitudes[column], true);
}

/* A block of any other group: what is predicted depends on the block before. */
INLINE void read_unsettled(reader *from, int column)
{
    const centnn_group *group = from->group;
    const centnn_row *row = &from->row;
    const int last = group->dim - 1;
    quad values = predict(row->products + MAX_DIM * column, from->left, group->fresh);
    int context;
    unsigned bin;

    note_ends(row, column, values, last);
    context = row->contexts[column] + slope_at(row, column);
    bin = read_likely_0(&from->source, &from->bins[context], RATE);
    if (bin && LIKELY(bin <= (unsigned)group->stages[0].n_bins)) {
        values = add_quads(values, read_word(from, bin, context, &from->magnitudes[column]));
        note_ends(row, column, values, last);
        note_magnitude(row, group, column, from->magnitudes[column], false);
    }
    store_quad(from->first + (ptrdiff_t)column * N_COEFFICIENTS, values);
    from->left = values;
}

static reader begin_reading(const centnn_decode_job *job, int row)
{
    centnn_plane *plane = job->plane;
    const centnn_group *group = &job->kind->groups[job->g];

    begin_row(plane, group, job->g, row, &job->guides);
    return (reader){job,
                    group,
                    *job->source,
                    job->adaptive->bins[job->g],
                    plane->row,
                    block_at(plane, row, 0) + group->first,
                    plane->magnitudes[job->g] + row * plane->stride,
                    zero_quad()};
}

static void decode_row(const centnn_decode_job *job, int row)
{
    reader from = begin_reading(job, row);

    for (int column = 0; column < job->plane->columns; column++) {
        if (is_settled(from.group))
            read_settled(&from, column);
        else
            read_unsettled(&from, column);
    }
    *job->source = from.source;
}

static void decode_two_rows(const centnn_decode_job *jobs, int row)
{
    reader a = begin_reading(&jobs[0], row), b = begin_reading(&jobs[1], row);
    int columns = jobs[0].plane->columns;

    if (is_settled(a.group)) {
        for (int column = 0; column < columns; column++) {
            read_settled(&a, column);
            read_settled(&b, column);
        }
    } else {
        for (int column = 0; column < columns; column++) {
            read_unsettled(&a, column);
            read_unsettled(&b, column);
        }
    }
    *jobs[0].source = a.source;
    *jobs[1].source = b.source;
}

static void decode_groups(const centnn_decode_job *jobs, int n_jobs)
{
    for (int i = 0; i < n_jobs; i++)
        begin_group(jobs[i].plane, jobs[i].kind, jobs[i].g);
    decode_rows(jobs, n_jobs, decode_row, decode_two_rows);
}
