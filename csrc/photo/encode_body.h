/*
 * encode_body.h - choosing codewords
 *
 * The search is not part of the format, but everything in it is exact, so that it chooses the same
 * everywhere.
 */
enum { OVERLOAD = 4 << COST_BITS }; /* error a coefficient from which escapes are tried */

/* A codeword, counted from 0, and its cost less the squared norm of what it is to code. */
typedef struct {
    int word;
    int32_t cost;
} candidate;

/* Writes down what all codewords of a stage cost. Bin b, counted from 0, costs bin_costs[b], and
 * its codewords what word_costs[parts[b]] says. Places of the least cost are found in lanes. */
#if defined(__SSE2__)

enum { N_COSTS = (int)sizeof(lanes) / (int)sizeof(int32_t) };

INLINE lanes load_costs(const int32_t *costs)
{
    return load_run((const int16_t *)(const void *)costs);
}

/* Twice the products of two coefficients and those of N_COSTS codewords. */
INLINE lanes pair_products(const int16_t *pairs, const int16_t *x)
{
    int32_t pair;

    memcpy(&pair, x, sizeof pair);
    return LANES(madd_epi16)(load_run(pairs), LANES(set1_epi32)(pair));
}

INLINE void list_costs(const centnn_search_stage *stage, int dim, int n_words,
                       const int32_t (*word_costs)[MAX_WORDS], const uint8_t *parts,
                       const int32_t *bin_costs, const int16_t *x, int32_t *costs)
{
    for (int first = 0; first < n_words; first += BIN) {
        lanes bin_cost = LANES(set1_epi32)(bin_costs[first / BIN]);
        const int32_t *of_words = word_costs[parts[first / BIN]];

        for (int k = first; k < first + BIN; k += N_COSTS) {
            lanes cost = LANES(add_epi32)(load_costs(of_words + k), bin_cost);

            for (int t = 0; t < dim; t += 2)
                cost = LANES(sub_epi32)(cost, pair_products(stage->pairs[t / 2][k], x + t));
            store_run((int16_t *)(void *)(costs + k), cost);
        }
    }
}

/* The first of n costs that is `least`, which one is. */
INLINE int place_of(const int32_t *costs, int32_t least)
{
    for (int k = 0;; k += N_COSTS) {
        lanes equal = LANES(cmpeq_epi32)(load_costs(costs + k), LANES(set1_epi32)(least));
        unsigned bytes = (unsigned)LANES(movemask_epi8)(equal);

        if (bytes)
            return k + (int)(lowest_bit(bytes) / sizeof *costs);
    }
}

#else

INLINE void list_costs(const centnn_search_stage *stage, int dim, int n_words,
                       const int32_t (*word_costs)[MAX_WORDS], const uint8_t *parts,
                       const int32_t *bin_costs, const int16_t *x, int32_t *costs)
{
    for (int k = 0; k < n_words; k++) {
        costs[k] = word_costs[parts[k / BIN]][k] + bin_costs[k / BIN];
        for (int t = 0; t < dim; t++)
            costs[k] -= x[t] * stage->pairs[t / 2][k][t % 2];
    }
}

INLINE int place_of(const int32_t *costs, int32_t least)
{
    int at = 0;

    while (costs[at] != least)
        at++;
    return at;
}

#endif

/* Finds the n best codewords of a stage that has some, best first. */
static void search_words(const centnn_search_stage *stage, int dim, int n_words,
                         const int32_t (*word_costs)[MAX_WORDS], const uint8_t *parts,
                         const int32_t *bin_costs, const int16_t *x, candidate *best, int n)
{
    int32_t costs[MAX_WORDS];

    if (dim == 2)
        list_costs(stage, 2, n_words, word_costs, parts, bin_costs, x, costs);
    else
        list_costs(stage, MAX_DIM, n_words, word_costs, parts, bin_costs, x, costs);
    for (int i = 0; i < n; i++) {
        int32_t least = INT32_MAX;
        int at;

        for (int k = 0; k < n_words; k++)
            least = costs[k] < least ? costs[k] : least;
        at = place_of(costs, least);
        best[i] = (candidate){at, least};
        costs[at] = INT32_MAX;
    }
}

/* What is chosen for a group of a block. */
typedef struct {
    centnn_words words;
    int32_t cost; /* less the squared norm of what was to be coded */
} choice;

/* What choosing needs: costs of bins as they are when a row begins. */
typedef struct {
    const centnn_encoder *encoder;
    const centnn_group *group;
    const centnn_search_stage *search;
    int g;
    int32_t bins[N_CLASSES * N_SLOPES][N_SYMBOLS];
    int32_t least_other[N_CLASSES * N_SLOPES]; /* of the bins but the first */
    int32_t bins2[N_CELLS][N_SYMBOLS];
} group_job;

static void find_bin_costs(group_job *job)
{
    const centnn_search_model *search = job->encoder->search;
    const centnn_adaptive *adaptive = job->encoder->adaptive;

    for (int context = 0; context < N_CLASSES * N_SLOPES; context++) {
        int32_t least = TOO_MUCH;

        for (unsigned i = 0; i < N_SYMBOLS; i++) {
            int32_t cost = symbol_cost(search, &adaptive->bins[context], i);

            job->bins[context][i] = cost;
            if (i && cost < least)
                least = cost;
        }
        job->least_other[context] = least;
    }
}

static const uint8_t one_part[MAX_BINS] = {0};

/* Completes a candidate of stage 1 by the best of stage 2. */
static choice complete(const group_job *job, candidate one, const int16_t *x)
{
    const centnn_group *group = job->group;
    choice found = {{(unsigned)one.word + 1, 0, {0}}, one.cost};
    int cell = group->cells[found.words.word];
    int16_t rest[MAX_DIM] = {0};
    int32_t zero_cost = job->bins2[cell][0];
    candidate two;

    if (!cell)
        return found;
    for (int t = 0; t < group->dim; t++) {
        int16_t word = group->stages[0].words[found.words.word][t];

        rest[t] = (int16_t)(word < 0 ? word - x[t] : x[t] - word);
    }
    search_words(&job->search[1], group->dim, group->stages[1].n_words, job->search[1].costs[0],
                 one_part, &job->bins2[cell][1], rest, &two, 1);
    if (two.cost < zero_cost) {
        found.words.word2 = (unsigned)two.word + 1;
        found.cost += two.cost;
    } else {
        found.cost += zero_cost;
    }
    return found;
}

static int32_t number_cost(const centnn_search_model *search, int number, const centnn_table *table)
{
    unsigned symbol = symbol_of(number);

    return symbol_cost(search, table, symbol) + ((int32_t)centnn_symbol_bits[symbol] << COST_BITS);
}

/* The squared error that a choice leaves. */
static int32_t error_of(const centnn_group *group, const choice *chosen, const int16_t *x)
{
    int16_t word[MAX_DIM];
    int32_t error = 0;

    memcpy(word, group->stages[0].words[chosen->words.word], sizeof word);
    add_refinement(word, group->stages[1].words[chosen->words.word2]);
    for (int t = 0; t < group->dim; t++)
        error += (x[t] - word[t]) * (x[t] - word[t]);
    return error;
}

/* Escapes if that is better: where codewords are too small. */
static void try_escape(const group_job *job, int context, const int16_t *x, int32_t norm,
                       choice *best)
{
    const centnn_encoder *encoder = job->encoder;
    const centnn_group *group = job->group;
    unsigned bin = (unsigned)group->stages[0].n_bins - 1;
    int slope = context % N_SLOPES, part = part_of(group, bin, context / N_SLOPES);
    const centnn_table *table = &encoder->adaptive->escape;
    choice escape = {{(unsigned)group->stages[0].n_words, 0, {0}}, 0};
    int64_t error = 0;
    int32_t bits = job->bins[context][bin + 1] +
                   symbol_cost(encoder->search, &group->in_bin[slope][part][bin], BIN - 1);

    for (int t = 0; t < group->dim; t++) {
        int number = rounded_quotient(x[t], ESCAPE_STEP);
        int off = x[t] - ESCAPE_STEP * number;

        escape.words.escaped[t] = (int16_t)number;
        error += off * off;
        bits += number_cost(encoder->search, number, table);
    }
    if (error + bits < (int64_t)best->cost + norm) {
        escape.cost = (int32_t)(error + bits - norm);
        *best = escape;
    }
}

static choice choose(const group_job *job, int context, const int16_t *x)
{
    const centnn_group *group = job->group;
    const int32_t *bins = job->bins[context];
    int n_words = group->stages[0].n_words;
    int n = job->encoder->n_candidates < n_words ? job->encoder->n_candidates : n_words;
    choice best = {{0, 0, {0}}, bins[0]};
    candidate near[MAX_CANDIDATES];
    uint8_t parts[MAX_BINS];
    int32_t norm = 0;

    for (int t = 0; t < group->dim; t++)
        norm += x[t] * x[t];
    if (!n_words || norm + bins[0] <= job->least_other[context])
        return best; /* no codeword can be better */
    for (unsigned bin = 0; bin < MAX_BINS; bin++)
        parts[bin] = (uint8_t)part_of(group, bin, context / N_SLOPES);
    search_words(&job->search[0], group->dim, n_words, job->search[0].costs[context % N_SLOPES],
                 parts, bins + 1, x, near, n);
    for (int i = 0; i < n; i++) {
        choice full = complete(job, near[i], x);

        if (full.cost < best.cost)
            best = full;
    }
    if (job->encoder->may_escape && error_of(group, &best, x) > OVERLOAD * group->dim)
        try_escape(job, context, x, norm, &best);
    return best;
}

static quad vector_of(const centnn_group *group, const centnn_words *words)
{
    int16_t vector[MAX_DIM] = {0};

    if (is_escape(group, words->word)) {
        for (int t = 0; t < group->dim; t++)
            vector[t] = limited(ESCAPE_STEP * words->escaped[t]);
        return load_quad(vector);
    }
    return refined(load_quad(group->stages[0].words[words->word]),
                   load_quad(group->stages[1].words[words->word2]));
}
