/*
 * kernel_columns.h - part of the kernel: lanes are rows. For rows of few coordinates.
 *
 * Following each row's best codeword would cost as much as its few FMAs. Only the least score of
 * each panel is compared with the best so far, and which panel that was is kept; at the end that
 * panel is scored again, by lanes that are codewords, to find out which of its codewords it was,
 * and whether another one of them is within the margin.
 */
#define COLUMNS_MAX_D 48
#define COLUMN_CODEWORDS_MAX 4
/* Rows so long are fetched a tile ahead: it pays where a row is about a cache line. */
#define PREFETCHED_D 8
#define COLUMN_VECTORS_MAX \
    (COLUMN_VECTORS > COLUMN_VECTORS_FEW ? COLUMN_VECTORS : COLUMN_VECTORS_FEW)

/* What a scan finds for the rows of a tile. */
typedef struct {
    real best[TILE_ROWS_MAX];
    real second[TILE_ROWS_MAX]; /* of the other panels' least scores */
    real limit[TILE_ROWS_MAX];  /* best plus margin; infinite if another panel is within it */
    real panel[TILE_ROWS_MAX];  /* which one has the best */
} column_results;

/* Centres, scales and transposes d coordinates of n rows, by squares of WIDTH x WIDTH. */
INLINE void centre_squares(size_t n, size_t d, const work *w)
{
    const real scale = (real)w->index->scale, *offset = index_array(w->index, w->index->offset);

    for (size_t i = 0; i < n; i += WIDTH) {
        for (size_t j = 0; j < d; j += WIDTH) {
            vec square[WIDTH];

            UNROLL
            for (int r = 0; r < WIDTH; r++)
                square[r] = v_fmadd(v_load(w->rows + (i + (size_t)r) * w->stride + j),
                                    v_set1(scale), v_load(offset + j));
            v_transpose(square);
            UNROLL
            for (int r = 0; r < WIDTH; r++)
                v_store(w->centred + (j + (size_t)r) * TILE_ROWS_MAX + i, square[r]);
        }
    }
}

/* Does the same one by one, for coordinates first ... d - 1 of the rows from i on. Where d and
 * stride are constants, compilers turn this into shuffles, as the arrays do not overlap. */
INLINE void centre_rest(size_t i, size_t first, size_t d, size_t stride, const work *w)
{
    const real scale = (real)w->index->scale, *offset = index_array(w->index, w->index->offset);
    const real *restrict rows = w->rows;
    real *restrict centred = w->centred;

    for (; i < w->n; i++) {
        UNROLL
        for (size_t j = first; j < d; j++)
            centred[j * TILE_ROWS_MAX + i] = REAL_FMA(rows[i * stride + j], scale, offset[j]);
    }
}

/* Centres, scales and transposes the tile. Lanes past the last row get zeros. Few coordinates of
 * rows without gaps are the case of pixels, and worth code of their own. */
INLINE void centre_columns(const int vectors, const size_t d, const work *w)
{
    const size_t padded = round_up(w->n, (size_t)(vectors * WIDTH));
    const size_t in_squares = w->n / WIDTH * WIDTH, d_in_squares = d / WIDTH * WIDTH;

    if (d < WIDTH && w->stride == d) {
        centre_rest(0, 0, d, d, w);
    } else {
        centre_squares(in_squares, d_in_squares, w);
        centre_rest(0, d_in_squares, d, w->stride, w);
        if (d_in_squares > 0)
            centre_rest(in_squares, 0, d_in_squares, w->stride, w);
    }
    for (size_t i = w->n; i < padded; i++) {
        for (size_t j = 0; j < d; j++)
            w->centred[j * TILE_ROWS_MAX + i] = 0;
    }
}

/* The margins (see margin_of) of a vector of rows. */
INLINE vec column_margin(const size_t d, const work *w, size_t i)
{
    vec norm2 = v_set1(0), margin;

    for (size_t j = 0; j < d; j++) {
        const vec x = v_load(w->centred + j * TILE_ROWS_MAX + i);

        norm2 = v_fmadd(x, x, norm2);
    }
    margin = v_fmadd(norm2, v_set1((real)w->index->margin_slope),
                     v_set1((real)w->index->margin_base));
    return v_select(v_less(norm2, v_set1((real)w->index->norm_limit)), margin,
                    v_set1((real)INFINITY));
}

/* The least scores in panel g of `vectors` vectors of rows, from row i on, `codewords` codewords at
 * a time: as many sums as there are registers for, so that a load of coordinates serves several of
 * them. */
INLINE void least_of_panel(const int vectors, const int codewords, const size_t d, const work *w,
                           size_t i, size_t g, vec *least)
{
    const real *c = w->panels + g * d * PANEL, *half_norm = w->half_norms + g * PANEL;

    UNROLL
    for (int v = 0; v < vectors; v++)
        least[v] = v_set1((real)INFINITY);
    for (size_t p = 0; p < PANEL; p += (size_t)codewords) {
        const real *x = w->centred + i;
        vec score[COLUMN_CODEWORDS_MAX][COLUMN_VECTORS_MAX];

        UNROLL
        for (int q = 0; q < codewords; q++) {
            UNROLL
            for (int v = 0; v < vectors; v++)
                score[q][v] = v_set1(half_norm[p + (size_t)q]);
        }
        UNROLL_LITTLE
        for (size_t j = 0; j < d; j++, x += TILE_ROWS_MAX) {
            vec rows[COLUMN_VECTORS_MAX];

            UNROLL
            for (int v = 0; v < vectors; v++)
                rows[v] = v_load(x + (size_t)(v * WIDTH));
            UNROLL
            for (int q = 0; q < codewords; q++) {
                const vec coordinate = v_set1(c[j * PANEL + p + (size_t)q]);

                UNROLL
                for (int v = 0; v < vectors; v++)
                    score[q][v] = v_fnmadd(rows[v], coordinate, score[q][v]);
            }
        }
        UNROLL
        for (int q = 0; q < codewords; q++) {
            UNROLL
            for (int v = 0; v < vectors; v++)
                least[v] = v_min(least[v], score[q][v]);
        }
    }
}

/* Scans all panels for `vectors` vectors of rows, from row i on. */
INLINE void scan_block(const int vectors, const int codewords, const size_t d, const work *w,
                       size_t i, column_results *found)
{
    vec best[COLUMN_VECTORS_MAX], second[COLUMN_VECTORS_MAX], panel[COLUMN_VECTORS_MAX];

    UNROLL
    for (int v = 0; v < vectors; v++) {
        best[v] = second[v] = v_set1((real)INFINITY);
        panel[v] = v_set1(0);
    }
    for (size_t g = 0; g < w->n_panels; g++) {
        const vec number = v_set1((real)(int)g);
        vec least[COLUMN_VECTORS_MAX];

        least_of_panel(vectors, codewords, d, w, i, g, least);
        UNROLL
        for (int v = 0; v < vectors; v++) {
            panel[v] = v_select(v_less(least[v], best[v]), number, panel[v]);
            second[v] = v_min(second[v], v_max(best[v], least[v]));
            best[v] = v_min(best[v], least[v]);
        }
    }
    UNROLL
    for (int v = 0; v < vectors; v++) {
        const size_t row = i + (size_t)(v * WIDTH);
        const vec margin = column_margin(d, w, row), limit = v_add(best[v], margin);

        v_store(w->margin + row, margin);
        v_store(found->best + row, best[v]);
        v_store(found->second + row, second[v]);
        v_store(found->limit + row,
                v_select(v_less(limit, second[v]), limit, v_set1((real)INFINITY)));
        v_store(found->panel + row, panel[v]);
    }
}

/* The second-best score: of the other panels, or of the winning one. */
static double second_of_panel(const vec score[PANEL_VECTORS], real second)
{
    real lanes[PANEL_BYTES / sizeof(real)], first = (real)INFINITY;

    for (int v = 0; v < PANEL_VECTORS; v++)
        v_store(lanes + v * WIDTH, score[v]);
    for (size_t p = 0; p < PANEL; p++) {
        const real larger = lanes[p] > first ? lanes[p] : first;

        first = lanes[p] < first ? lanes[p] : first;
        second = larger < second ? larger : second;
    }
    return (double)second;
}

static void recheck_columns(const work *w, undecided *u, const centnn_results *results)
{
    real copies[TOP_ROWS][COLUMNS_MAX_D];
    const real *x[TOP_ROWS];

    for (size_t r = 0; r < u->n; r++) {
        for (size_t j = 0; j < w->d; j++)
            copies[r][j] = w->centred[j * TILE_ROWS_MAX + u->row[r]];
        x[r] = copies[r];
    }
    if (u->n)
        recheck(w, u, x, results);
}

/* The nearest of several codewords of panel g. */
static NOINLINE uint32_t compare_slots(const work *w, size_t i, size_t g, unsigned near)
{
    exact found = nothing;

    consider_slots(w, i, g * PANEL, near, &found);
    return found.code;
}

/* Bits of the codewords of row i's best panel that score no more than its limit. */
INLINE unsigned near_in_panel(const size_t d, const work *w, size_t i, const column_results *found,
                              bool keep_second)
{
    const size_t g = (size_t)(int)found->panel[i];
    const real *x = w->centred + i, *c = w->panels + g * d * PANEL;
    vec score[PANEL_VECTORS], other[PANEL_VECTORS];

    UNROLL
    for (int v = 0; v < PANEL_VECTORS; v++) {
        score[v] = v_load(w->half_norms + g * PANEL + (size_t)(v * WIDTH));
        other[v] = v_set1(0);
    }
    /* Two sums, of even and of odd coordinates, overlap; the bound on a score's error holds for any
     * order. */
    UNROLL
    for (size_t j = 0; j + 1 < d; j += 2) {
        UNROLL
        for (int v = 0; v < PANEL_VECTORS; v++) {
            const real *codewords = c + j * PANEL + (size_t)(v * WIDTH);

            score[v] = v_fnmadd(v_set1(x[j * TILE_ROWS_MAX]), v_load(codewords), score[v]);
            other[v] = v_fnmadd(v_set1(x[(j + 1) * TILE_ROWS_MAX]), v_load(codewords + PANEL),
                                other[v]);
        }
    }
    UNROLL
    for (int v = 0; v < PANEL_VECTORS; v++) {
        if (d % 2)
            score[v] = v_fnmadd(v_set1(x[(d - 1) * TILE_ROWS_MAX]),
                                v_load(c + (d - 1) * PANEL + (size_t)(v * WIDTH)), score[v]);
        score[v] = v_add(score[v], other[v]);
    }
    if (keep_second)
        w->second[i] = second_of_panel(score, found->second[i]);
    return near_slots(PANEL_VECTORS, score, v_set1(found->limit[i]));
}

/* Decides a row with several or, for its limit is infinite, no codewords near; or puts it aside. */
static NOINLINE void decide_unclear(const work *w, size_t i, const column_results *found,
                                    unsigned near, undecided *u, const centnn_results *results)
{
    if (found->limit[i] < (real)INFINITY)
        results->codes[i] = compare_slots(w, i, (size_t)(int)found->panel[i], near);
    else if (put_aside(w, u, i, found->best[i] + w->margin[i], results))
        recheck_columns(w, u, results);
}

/* Decides all rows after all panels. */
INLINE void decide_columns(const size_t d, const work *w, const column_results *found,
                           bool keep_second, const centnn_results *results)
{
    const uint32_t *order = w->order;
    uint32_t *codes = results->codes;
    const size_t n = w->n;
    undecided u = {0};

    for (size_t i = 0; i < n; i++) {
        const unsigned near = near_in_panel(d, w, i, found, keep_second);

        if (d >= PREFETCHED_D)
            PREFETCH(w->rows + (i + TILE_ROWS_MAX) * w->stride);
        if (LIKELY(is_one_bit(near)))
            codes[i] = order[(size_t)(int)found->panel[i] * PANEL + lowest_bit(near)];
        else
            decide_unclear(w, i, found, near, &u, results);
    }
    recheck_columns(w, &u, results);
}

/* The whole tile; d is a constant where this is called. */
INLINE void scan_columns(const int vectors, const int codewords, const size_t d, const work *w,
                         const centnn_results *results)
{
    column_results found;

    centre_columns(vectors, d, w);
    for (size_t i = 0; i < w->n; i += (size_t)(vectors * WIDTH))
        scan_block(vectors, codewords, d, w, i, &found);
    if (results->runner_up)
        decide_columns(d, w, &found, true, results);
    else
        decide_columns(d, w, &found, false, results);
}

/* Functions of their own: in one that has all of these loops, GCC keeps less in registers. */
static NOINLINE void scan_columns_2(const work *w, const centnn_results *results)
{
    scan_columns(COLUMN_VECTORS_FEW, COLUMN_CODEWORDS_FEW, 2, w, results);
}

static NOINLINE void scan_columns_3(const work *w, const centnn_results *results)
{
    scan_columns(COLUMN_VECTORS_FEW, COLUMN_CODEWORDS_FEW, 3, w, results);
}

static NOINLINE void scan_columns_4(const work *w, const centnn_results *results)
{
    scan_columns(COLUMN_VECTORS_FEW, COLUMN_CODEWORDS_FEW, 4, w, results);
}

static NOINLINE void scan_columns_8(const work *w, const centnn_results *results)
{
    scan_columns(COLUMN_VECTORS, COLUMN_CODEWORDS, 8, w, results);
}

static NOINLINE void scan_columns_16(const work *w, const centnn_results *results)
{
    scan_columns(COLUMN_VECTORS, COLUMN_CODEWORDS, 16, w, results);
}

static NOINLINE void scan_columns_any(const work *w, const centnn_results *results)
{
    scan_columns(COLUMN_VECTORS, COLUMN_CODEWORDS, w->d, w, results);
}

/* Returns false, having done nothing, if the rows are too long for this. */
static bool nearest_by_columns(const work *w, const centnn_results *results)
{
    if (w->d > COLUMNS_MAX_D)
        return false;
    switch (w->d) {
    case 2:
        scan_columns_2(w, results);
        break;
    case 3:
        scan_columns_3(w, results);
        break;
    case 4:
        scan_columns_4(w, results);
        break;
    case 8:
        scan_columns_8(w, results);
        break;
    case 16:
        scan_columns_16(w, results);
        break;
    default:
        scan_columns_any(w, results);
    }
    return true;
}
