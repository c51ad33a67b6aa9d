/*
 * stretch_body.h - coding a group stretch by stretch: with codewords, or as empty if that costs
 * less
 */

/* A stretch of n blocks while it is coded, as if it were not empty, and as if it were. */
typedef struct {
    int row, first, n, class;
    size_t place;     /* of the note that tells whether it is empty */
    uint8_t *started; /* whether groups that are settled are predicted */
    choice choices[STRETCH];
    uint8_t contexts[STRETCH];
    int16_t residuals[STRETCH][MAX_DIM];
    int16_t coded[STRETCH][MAX_DIM], empty[STRETCH][MAX_DIM]; /* coefficients */
    int64_t cost, empty_cost;
} stretch;

static int16_t *group_at(const group_job *job, const stretch *of, int i)
{
    return block_at(job->encoder->plane, of->row, of->first + i) + job->group->first;
}

static int16_t *predicted_at(const group_job *job, const stretch *of, int i)
{
    return job->encoder->row + (ptrdiff_t)(of->first + i) * MAX_DIM;
}

static int64_t squared_error(const int16_t *a, const int16_t *b, int n)
{
    int64_t sum = 0;

    for (int t = 0; t < n; t++)
        sum += (int32_t)(a[t] - b[t]) * (a[t] - b[t]);
    return sum;
}

/* What the blocks of a stretch are if it is empty. */
static void try_empty(const group_job *job, stretch *of)
{
    const centnn_group *group = job->group;
    bool predicted = !is_settled(group) || *of->started;

    of->empty_cost = 0;
    for (int i = 0; i < of->n; i++) {
        store_quad(of->empty[i], predicted ? load_quad(predicted_at(job, of, i)) : zero_quad());
        of->empty_cost += squared_error(of->empty[i], group_at(job, of, i), group->dim);
    }
}

/* Chooses codewords for the blocks of a stretch. */
static void try_words(const group_job *job, stretch *of)
{
    const centnn_plane *plane = job->encoder->plane;
    const centnn_group *group = job->group;
    const centnn_row *row = &plane->row;
    const int last = group->dim - 1;

    of->cost = 0;
    begin_stretch(plane, group, of->row, of->first, of->n, job->encoder->row, MAX_DIM);
    for (int i = 0; i < of->n; i++) {
        const int column = of->first + i;
        const int16_t *wanted = group_at(job, of, i), *predicted = predicted_at(job, of, i);
        choice *chosen = &of->choices[i];
        int16_t *x = of->residuals[i];
        int context = row->contexts[column];
        quad values = load_quad(predicted);

        memset(x, 0, MAX_DIM * sizeof *x);
        for (int t = 0; t < group->dim; t++)
            x[t] = limited(wanted[t] - predicted[t]);
        of->contexts[i] = (uint8_t)context;
        *chosen = choose(job, context, x);
        of->cost += chosen->cost + squared_error(predicted, wanted, group->dim);
        if (chosen->words.word) {
            values = add_quads(values, vector_of(group, &chosen->words));
            note_ends(row, column, values, last);
            note_magnitude(row, group, column, group->magnitudes[chosen->words.word]);
        }
        store_quad(of->coded[i], values);
    }
}

static bool has_words(const stretch *of)
{
    unsigned any = 0;

    for (int i = 0; i < of->n; i++)
        any |= of->choices[i].words.word;
    return any != 0;
}

static void trace_stretch(const group_job *job, const stretch *of, bool is_empty)
{
    const centnn_trace *trace = job->encoder->trace;
    const size_t size = (size_t)job->group->dim * sizeof(int16_t);

    for (int i = 0; i < of->n; i++) {
        ptrdiff_t at = (ptrdiff_t)of->row * job->encoder->plane->columns + of->first + i;
        ptrdiff_t of_group = at * N_COEFFICIENTS + job->group->first;
        uint8_t *to = trace->chosen + (at * (N_GROUPS + 1) + job->g) * 4;

        memcpy(trace->residuals + of_group, of->residuals[i], size);
        memcpy(trace->wanted + of_group, group_at(job, of, i), size);
        to[0] = is_empty ? 0 : (uint8_t)of->choices[i].words.word;
        to[1] = is_empty ? 0 : (uint8_t)of->choices[i].words.word2;
        to[2] = is_empty ? TRACE_EMPTY : of->contexts[i];
        to[3] = i ? 0 : (uint8_t)(1 + 2 * of->class + !is_empty);
    }
}

static void encode_stretch(const group_job *job, stretch *of)
{
    const centnn_encoder *encoder = job->encoder;
    const centnn_plane *plane = encoder->plane;
    uint16_t *sums = plane->row.sums + of->first, sums_before[STRETCH + 2];
    size_t n_sums = ((size_t)of->n + 2) * sizeof *sums;
    int16_t *empties = &encoder->adaptive->empties[of->class];
    const size_t size = (size_t)job->group->dim * sizeof(int16_t);
    int16_t (*decoded)[MAX_DIM];
    bool is_empty;

    memcpy(sums_before, sums, n_sums);
    try_empty(job, of);
    try_words(job, of);
    of->empty_cost += cost_of(encoder->search, interval_of_answer(*empties, true).size);
    of->cost += cost_of(encoder->search, interval_of_answer(*empties, false).size);
    is_empty = of->empty_cost <= of->cost || !has_words(of);
    centnn_note_stretch(encoder->notes, of->place, of->class, is_empty);
    adapt_answer(empties, is_empty);
    if (encoder->trace)
        trace_stretch(job, of, is_empty);
    if (is_empty)
        memcpy(sums, sums_before, n_sums);
    else
        *of->started |= is_settled(job->group);
    decoded = is_empty ? of->empty : of->coded;
    memcpy(predicted_at(job, of, 0), decoded, (size_t)of->n * sizeof *decoded);
    for (int i = 0; i < of->n; i++) {
        const centnn_words *words = &of->choices[i].words;

        memcpy(group_at(job, of, i), decoded[i], size);
        if (is_empty)
            continue;
        note_words(encoder->notes, job->group, encoder->adaptive, of->contexts[i], words);
        magnitude_row(plane, job->g, of->row)[of->first + i] = job->group->magnitudes[words->word];
    }
}

static void encode_row(group_job *job, int row)
{
    const centnn_plane *plane = job->encoder->plane;
    stretch of;

    find_bin_costs(job);
    of.row = row;
    of.started = plane->started + row * n_stretches(plane->columns);
    of.place = centnn_leave_out(job->encoder->notes, n_stretches(plane->columns));
    for (of.first = 0; of.first < plane->columns; of.first += STRETCH) {
        of.n = plane->columns - of.first < STRETCH ? plane->columns - of.first : STRETCH;
        of.class = plane->row.stretch_classes[of.first / STRETCH];
        encode_stretch(job, &of);
        of.started++;
        of.place++;
    }
}

static void encode_group(const centnn_encoder *encoder, int g, const centnn_guides *guides)
{
    centnn_plane *plane = encoder->plane;
    group_job job;

    job.encoder = encoder;
    job.group = &encoder->kind->groups[g];
    job.search = encoder->stages[g];
    job.g = g;
    for (int cell = 0; cell < N_CELLS; cell++) {
        for (unsigned i = 0; i < N_SYMBOLS; i++)
            job.bins2[cell][i] = symbol_cost(encoder->search, &job.group->bins2[cell], i);
    }
    for (int row = 0; row < plane->rows; row++) {
        begin_row(plane, job.group, g, row, guides);
        predict_row(plane, job.group, row, encoder->row, MAX_DIM);
        encode_row(&job, row);
    }
}
