/*
 * kernel_panels.h - part of the kernel: lanes are codewords. For rows of many coordinates.
 */

/* Centres and scales a row; returns |x'|^2. */
INLINE real centre_row(const work *w, const real *row, real *x)
{
    const real scale = (real)w->index->scale, *offset = index_array(w->index, w->index->offset);
    const vec scales = v_set1(scale);
    vec squares = v_set1(0);
    real lanes[WIDTH], norm2 = 0;
    size_t j = 0;

    for (; j + WIDTH <= w->d; j += WIDTH) {
        const vec a = v_fmadd(v_load(row + j), scales, v_load(offset + j));

        v_store(x + j, a);
        squares = v_fmadd(a, a, squares);
    }
    v_store(lanes, squares);
    for (int lane = 0; lane < WIDTH; lane++)
        norm2 += lanes[lane];
    for (; j < w->d; j++) {
        x[j] = REAL_FMA(row[j], scale, offset[j]);
        norm2 = REAL_FMA(x[j], x[j], norm2);
    }
    return norm2;
}

static void centre_rows(const work *w)
{
    for (size_t i = 0; i < w->n; i++) {
        w->norm2[i] = centre_row(w, w->rows + i * w->stride, w->centred + i * w->d);
        w->margin[i] = margin_of(w->index, w->norm2[i]);
    }
}

/* One row's best score so far in each lane, the second best, and which vector of codewords the best
 * was in (as a number that a float32 holds exactly: at most CENTNN_MAX_K). */
typedef struct {
    vec best, second, where;
} running;

INLINE void start(running *r)
{
    r->best = r->second = v_set1((real)INFINITY);
    r->where = v_set1(0);
}

INLINE void update(running *r, vec score, vec where)
{
    r->where = v_select(v_less(score, r->best), where, r->where);
    r->second = v_min(r->second, v_max(r->best, score));
    r->best = v_min(r->best, score);
}

/* Scores `rows` rows against `panels` panels from panel g on. */
INLINE void update_by_panels(const int rows, const int panels, const work *w, const real *const *x,
                             size_t g, running *state)
{
    vec score[BLOCK_ROWS][BLOCK_VECTORS];

    score_panels(rows, panels, w, x, g, score);
    UNROLL
    for (int v = 0; v < panels * PANEL_VECTORS; v++) {
        const vec where = v_set1((real)(g * PANEL_VECTORS + (size_t)v));

        UNROLL
        for (int r = 0; r < rows; r++)
            update(&state[r], score[r][v], where);
    }
}

/* The second-best score of all lanes: the best ones without the winner, and the seconds. */
static double second_of(const running *state)
{
    real best[WIDTH], second[WIDTH];
    real first = (real)INFINITY, next = (real)INFINITY;

    v_store(best, state->best);
    v_store(second, state->second);
    for (int lane = 0; lane < WIDTH; lane++) {
        const real larger = best[lane] > first ? best[lane] : first;

        first = best[lane] < first ? best[lane] : first;
        next = larger < next ? larger : next;
        next = second[lane] < next ? second[lane] : next;
    }
    return (double)next;
}

/* The slot of the best score in this lane. */
INLINE size_t slot_of(const running *state, unsigned lane)
{
    real where[WIDTH];

    v_store(where, state->where);
    return (size_t)(int)where[lane] * WIDTH + lane;
}

/* The nearest of the codewords with the best scores of several lanes. */
static NOINLINE uint32_t compare_lanes(const work *w, size_t i, const running *state,
                                       unsigned lanes)
{
    exact found = nothing;

    for (; lanes; lanes &= lanes - 1)
        consider_slots(w, i, slot_of(state, lowest_bit(lanes)), 1, &found);
    return found.code;
}

static void recheck_rows(const work *w, undecided *u, const centnn_results *results)
{
    const real *x[TOP_ROWS];

    for (size_t r = 0; r < u->n; r++)
        x[r] = w->centred + u->row[r] * w->d;
    if (u->n)
        recheck(w, u, x, results);
}

/* Decides row i after all panels, or puts it aside. */
INLINE void decide(const work *w, size_t i, const running *state, undecided *u,
                   const centnn_results *results)
{
    const real best = v_least(state->best);
    const vec limit = v_set1(best + w->margin[i]);
    const unsigned near = v_near(state->best, limit);

    if (results->runner_up)
        w->second[i] = second_of(state);
    if (UNLIKELY(v_near(state->second, limit))) {
        if (put_aside(w, u, i, best + w->margin[i], results))
            recheck_rows(w, u, results);
    } else if (LIKELY(is_one_bit(near))) {
        results->codes[i] = w->order[slot_of(state, lowest_bit(near))];
    } else {
        results->codes[i] = compare_lanes(w, i, state, near);
    }
}

/* The whole tile, `rows` rows and `panels` panels at a time. A last block that is not full repeats
 * its last row. */
INLINE void scan_tile(const int rows, const int panels, const work *w,
                      const centnn_results *results)
{
    undecided u = {0};

    for (size_t i = 0; i < w->n; i += (size_t)rows) {
        const real *x[BLOCK_ROWS];
        running state[BLOCK_ROWS];
        size_t g = 0;

        for (int r = 0; r < rows; r++) {
            const size_t row = i + (size_t)r < w->n ? i + (size_t)r : w->n - 1;

            x[r] = w->centred + row * w->d;
            start(&state[r]);
        }
        for (; g + (size_t)panels <= w->n_panels; g += (size_t)panels)
            update_by_panels(rows, panels, w, x, g, state);
        for (; panels > 1 && g < w->n_panels; g++)
            update_by_panels(rows, 1, w, x, g, state);
        for (size_t r = 0; r < (size_t)rows && i + r < w->n; r++)
            decide(w, i + r, &state[r], &u, results);
    }
    recheck_rows(w, &u, results);
}

static void nearest_by_panels(const work *w, const centnn_results *results)
{
    centre_rows(w);
#ifdef LONG_ROW
    if (w->d >= LONG_ROW) {
        scan_tile(LONG_ROWS, LONG_PANELS, w, results);
        return;
    }
#endif
    scan_tile(DENSE_ROWS, DENSE_PANELS, w, results);
}
