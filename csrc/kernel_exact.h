/*
 * kernel_exact.h - part of the kernel: the definition of distance, and the rows that only it can
 * decide
 */

/* The definition. */
INLINE double distance_to(const real *row, const real *codeword, size_t d)
{
    double sum = 0;

    for (size_t j = 0; j < d; j++) {
        const double t = (double)row[j] - (double)codeword[j];

        sum = fma(t, t, sum);
    }
    return sum;
}

/* Scores of `rows` rows (x', by pointers) against `panels` panels that start with panel g. */
INLINE void score_panels(const int rows, const int panels, const work *w, const real *const *x,
                         size_t g, vec score[][BLOCK_VECTORS])
{
    const int vectors = panels * PANEL_VECTORS;
    const size_t d = w->d;
    const real *c = w->panels + g * d * PANEL;

    UNROLL
    for (int v = 0; v < vectors; v++) {
        const vec half_norm = v_load(w->half_norms + g * PANEL + (size_t)(v * WIDTH));

        UNROLL
        for (int r = 0; r < rows; r++)
            score[r][v] = half_norm;
    }

    for (size_t j = 0; j < d; j++, c += PANEL) {
        vec codewords[BLOCK_VECTORS];

        UNROLL
        for (int v = 0; v < vectors; v++)
            codewords[v] = v_load(c + (size_t)(v / PANEL_VECTORS) * d * PANEL +
                                  (size_t)(v % PANEL_VECTORS * WIDTH));
        UNROLL
        for (int r = 0; r < rows; r++) {
            const vec coordinate = v_set1(x[r][j]);

            UNROLL
            for (int v = 0; v < vectors; v++)
                score[r][v] = v_fnmadd(coordinate, codewords[v], score[r][v]);
        }
    }
}

/* Bits of the slots of these vectors whose score is not above the limit. */
INLINE unsigned near_slots(const int vectors, const vec *score, vec limit)
{
    unsigned near = 0;

    UNROLL
    for (int v = 0; v < vectors; v++)
        near |= v_near(score[v], limit) << (v * WIDTH);
    return near;
}

/* A row's nearest codeword by the definition, and the second smallest distance among those looked
 * at. */
typedef struct {
    double distance, second;
    uint32_t code;
} exact;

INLINE void consider(exact *found, double distance, uint32_t code)
{
    if (distance < found->distance || (distance == found->distance && code < found->code)) {
        found->second = found->distance;
        found->distance = distance;
        found->code = code;
    } else if (distance < found->second) {
        found->second = distance;
    }
}

static const exact nothing = {INFINITY, INFINITY, 0};

/* Considers the codewords in the slots slot, slot + 1 ... whose bits are set. */
INLINE void consider_slots(const work *w, size_t i, size_t slot, unsigned bits, exact *found)
{
    for (; bits; bits &= bits - 1) {
        const size_t place = slot + lowest_bit(bits);

        if (place < w->index->k) {
            const uint32_t code = w->order[place];

            consider(found, distance_to(w->rows + i * w->stride, w->codebook + code * w->d, w->d),
                     code);
        }
    }
}

/* Rows that scores could not decide: they wait until there are enough of them to be scored again
 * together. */
typedef struct {
    size_t n;
    size_t row[TOP_ROWS];
    real limit[TOP_ROWS];
} undecided;

INLINE bool is_finite(const real *row, size_t d)
{
    for (size_t j = 0; j < d; j++) {
        if (!(row[j] - row[j] == 0))
            return false;
    }
    return true;
}

/* Puts row i with the others; its nearest codeword scores no more than the limit, which is infinite
 * if the row has no margin. Returns whether they must be rechecked now. A row that is not finite is
 * decided at once: it has codeword 0. */
static NOINLINE bool put_aside(const work *w, undecided *u, size_t i, real limit,
                               const centnn_results *results)
{
    if (!(limit < (real)INFINITY) && !is_finite(w->rows + i * w->stride, w->d)) {
        results->codes[i] = 0;
        *results->all_finite = false;
        if (results->runner_up)
            w->second[i] = -INFINITY;
        return false;
    }
    u->row[u->n] = i;
    u->limit[u->n++] = limit;
    return u->n == TOP_ROWS;
}

/* Writes what was found for a row. The second score stays what it was, but for a row without a
 * margin, whose scores may differ between instruction sets: there the second distance, negated,
 * takes its place. */
static void settle(const work *w, size_t i, const exact *found, const centnn_results *results)
{
    results->codes[i] = found->code;
    if (results->runner_up && !(w->margin[i] < (real)INFINITY))
        w->second[i] = -found->second;
}

/* Decides the rows put aside: applies the definition to all codewords that score their limit or
 * less, to all if the limit is infinite or NaN. x: the rows' x'. */
static NOINLINE void recheck(const work *w, undecided *u, const real *const *x,
                             const centnn_results *results)
{
    const real *rows[TOP_ROWS];
    exact found[TOP_ROWS];

    for (size_t r = 0; r < TOP_ROWS; r++) {
        rows[r] = x[r < u->n ? r : 0];
        found[r] = nothing;
    }
    for (size_t g = 0; g < w->n_panels; g++) {
        vec score[TOP_ROWS][BLOCK_VECTORS];

        score_panels(TOP_ROWS, 1, w, rows, g, score);
        for (size_t r = 0; r < u->n; r++)
            consider_slots(w, u->row[r], g * PANEL,
                           near_slots(PANEL_VECTORS, score[r], v_set1(u->limit[r])), &found[r]);
    }
    for (size_t r = 0; r < u->n; r++)
        settle(w, u->row[r], &found[r], results);
    u->n = 0;
}

/* The distances to the codewords found. Four rows at a time, as one sum is a chain of dependent
 * FMAs. */
static void fill_distances(const work *w, const uint32_t *codes, double *distances)
{
    const size_t d = w->d;
    size_t i = 0;

    for (; i + 4 <= w->n; i += 4) {
        const real *x[4], *c[4];
        double sum[4] = {0, 0, 0, 0};

        for (size_t r = 0; r < 4; r++) {
            x[r] = w->rows + (i + r) * w->stride;
            c[r] = w->codebook + codes[i + r] * d;
        }
        for (size_t j = 0; j < d; j++) {
            UNROLL
            for (int r = 0; r < 4; r++) {
                const double t = (double)x[r][j] - (double)c[r][j];

                sum[r] = fma(t, t, sum[r]);
            }
        }
        for (size_t r = 0; r < 4; r++)
            distances[i + r] = sum[r];
    }
    for (; i < w->n; i++)
        distances[i] = distance_to(w->rows + i * w->stride, w->codebook + codes[i] * d, d);
}

/* The runner-up's distance from its score, never below the winner's. |x'|^2 is summed in order
 * again, in float64, as norm2's bits depend on the width of vectors. */
static double runner_up(const work *w, size_t i, double distance)
{
    const real *row = w->rows + i * w->stride, *offset = index_array(w->index, w->index->offset);
    const double inverse = 1 / w->index->scale;
    double sum = 0;

    if (distance != distance)
        return distance;
    if (!(w->margin[i] < (real)INFINITY))
        return -w->second[i];
    for (size_t j = 0; j < w->d; j++) {
        const double x = (double)REAL_FMA(row[j], (real)w->index->scale, offset[j]);

        sum = fma(x, x, sum);
    }
    sum = (sum + 2 * w->second[i]) * inverse * inverse;
    return sum > distance ? sum : distance;
}

/* What is computed from the codes, where it is asked for. */
static void finish(const work *w, const centnn_results *results)
{
    if (results->distances)
        fill_distances(w, results->codes, results->distances);
    if (results->runner_up) {
        for (size_t i = 0; i < w->n; i++) {
            const real *codeword = w->codebook + results->codes[i] * w->d;

            results->runner_up[i] = runner_up(w, i,
                                              distance_to(w->rows + i * w->stride, codeword, w->d));
        }
    }
}
