/*
 * kernel_top.h - part of the kernel: the n nearest codewords
 *
 * A few rows at a time are scored against all panels. For each, the n-th smallest score is found
 * first; the n nearest codewords score no more than that and a margin (the argument of error.h,
 * applied to the n-th instead of the first), and those are ordered by the definition.
 */

/* A binary heap of pairs, the largest by (key, code) on top. */
typedef struct {
    double *keys;
    uint32_t *codes;
    size_t n;
} heap;

INLINE bool comes_before(double key, uint32_t code, double other_key, uint32_t other_code)
{
    return key < other_key || (key == other_key && code < other_code);
}

/* Puts a pair where the hole at `i` is or below it. */
static void sift_down(const heap *h, size_t i, double key, uint32_t code)
{
    for (size_t child; (child = 2 * i + 1) < h->n; i = child) {
        if (child + 1 < h->n &&
            comes_before(h->keys[child], h->codes[child], h->keys[child + 1], h->codes[child + 1]))
            child++;
        if (!comes_before(key, code, h->keys[child], h->codes[child]))
            break;
        h->keys[i] = h->keys[child];
        h->codes[i] = h->codes[child];
    }
    h->keys[i] = key;
    h->codes[i] = code;
}

static void sift_up(const heap *h, size_t i, double key, uint32_t code)
{
    for (size_t parent; i > 0; i = parent) {
        parent = (i - 1) / 2;
        if (!comes_before(h->keys[parent], h->codes[parent], key, code))
            break;
        h->keys[i] = h->keys[parent];
        h->codes[i] = h->codes[parent];
    }
    h->keys[i] = key;
    h->codes[i] = code;
}

/* Adds a pair, and drops the last one if there are more than n_most. */
static void offer(heap *h, size_t n_most, double key, uint32_t code)
{
    if (h->n < n_most)
        sift_up(h, h->n++, key, code);
    else if (comes_before(key, code, h->keys[0], h->codes[0]))
        sift_down(h, 0, key, code);
}

/* Sorts the pairs in place, the smallest first; the heap is empty then. */
static void sort_heap(heap *h)
{
    while (h->n > 1) {
        const size_t last = --h->n;
        const double key = h->keys[last];
        const uint32_t code = h->codes[last];

        h->keys[last] = h->keys[0];
        h->codes[last] = h->codes[0];
        sift_down(h, 0, key, code);
    }
}

/* The n-th smallest of the scores; `h` is overwritten. */
static real nth_score(const work *w, const real *scores, size_t n, heap *h)
{
    h->n = 0;
    for (size_t slot = 0; slot < w->index->k; slot += WIDTH) {
        const real top = h->n < n ? (real)INFINITY : (real)h->keys[0];

        for (unsigned near = v_near(v_load(scores + slot), v_set1(top)); near; near &= near - 1) {
            const size_t place = slot + lowest_bit(near);

            if (place < w->index->k)
                offer(h, n, (double)scores[place], (uint32_t)place);
        }
    }
    return (real)h->keys[0];
}

/* Row i's n nearest codewords, sorted, from its scores. */
static void nearest_n(const work *w, size_t i, const real *scores, size_t n, heap *h)
{
    const real *row = w->rows + i * w->stride;
    real limit = (real)INFINITY;
    bool any_nan = false;

    if (w->margin[i] < (real)INFINITY)
        limit = nth_score(w, scores, n, h) + w->margin[i];
    h->n = 0;
    for (size_t slot = 0; slot < w->index->k; slot += WIDTH) {
        for (unsigned near = v_near(v_load(scores + slot), v_set1(limit)); near; near &= near - 1) {
            const size_t place = slot + lowest_bit(near);

            if (place < w->index->k) {
                const uint32_t code = w->order[place];
                const double distance = distance_to(row, w->codebook + code * w->d, w->d);

                any_nan = any_nan || distance != distance;
                offer(h, n, distance == distance ? distance : INFINITY, code);
            }
        }
    }
    sort_heap(h);
    for (size_t j = 0; any_nan && j < n; j++)
        h->keys[j] = NAN;
}

/* Scores of TOP_ROWS rows (or fewer) from row i on with all codewords: [TOP_ROWS][n_panels *
 * PANEL]. */
static void score_all(const work *w, size_t i, real *scores)
{
    const real *x[TOP_ROWS];

    for (size_t r = 0; r < TOP_ROWS; r++)
        x[r] = w->centred + (i + r < w->n ? i + r : i) * w->d;
    for (size_t g = 0; g < w->n_panels; g++) {
        vec score[TOP_ROWS][BLOCK_VECTORS];

        score_panels(TOP_ROWS, 1, w, x, g, score);
        for (size_t r = 0; r < TOP_ROWS; r++) {
            for (size_t v = 0; v < PANEL_VECTORS; v++)
                v_store(scores + (r * w->n_panels + g) * PANEL + v * WIDTH, score[r][v]);
        }
    }
}

static void nearest_top(const centnn_index *index, const centnn_tile *tile, size_t n_nearest,
                        const centnn_results *results, void *scratch)
{
    const work w = begin(index, tile, scratch);
    const size_t slots = w.n_panels * PANEL;
    real *scores = w.rest;
    double *spare = (double *)(void *)(scores + TOP_ROWS * slots);

    centre_rows(&w);
    for (size_t i = 0; i < w.n; i++) {
        heap h = {results->distances ? results->distances + i * n_nearest : spare,
                  results->codes + i * n_nearest, 0};

        if (i % TOP_ROWS == 0)
            score_all(&w, i, scores);
        nearest_n(&w, i, scores + i % TOP_ROWS * slots, n_nearest, &h);
        if (!(w.margin[i] < (real)INFINITY) && !is_finite(w.rows + i * w.stride, w.d))
            *results->all_finite = false;
    }
}
