/*
 * kernel_pruned.h - part of the kernel: only panels that can matter. For rows and codewords with
 * structure, such as blocks of images, where codewords near each other share panels (order.c).
 *
 * On a few principal axes A of the codebook, each panel has a box that contains its codewords. A
 * first pass scores every row against its home, the panel whose middle is nearest on these axes; a
 * second pass against the panels whose boxes are no farther away than the best codeword so far. A
 * panel is scored against six or so of the rows that want it at a time.
 *
 * Why a panel may be skipped: let y = A x', G = axis_gain >= |A v|^2 / |v|^2, and gap the distances
 * on the axes from y to the box. In the terms of error.h, for each codeword of the panel, exactly,
 *
 *     |gap|^2 <= G |X - C|^2 = G (|X|^2 + 2 S)
 *
 * and it matters only if s <= best + margin, so if S <= best + 3/2 margin, |margin| being 2 E. So
 * it may be skipped if |gap|^2 > G (|X|^2 + 2 best + 3 margin). |x'|^2 is within one margin of
 * |X|^2. The computed gaps on each axis are off by e <= (2 d + 8) u (|X| + M), the sum of their
 * squares by at most 2^-10 |gap|^2 + (1 + 2^10) MAX_AXES e^2, and as indexes to be pruned have
 * margin_slope <= 2^-16, the latter is less than a margin. Hence the limit: 1.001 G (|x'|^2 + 2
 * best + 8 margin).
 */
#define AXIS_VECTORS ((MAX_AXES + WIDTH - 1) / WIDTH)
#define PRUNE_VECTORS 2

/* A tile's scratch for pruning; [] of tile_rows. After find_homes() rows are known by their place
 * in the order of their homes, as neighbours want the same panels. */
typedef struct {
    real *state;      /* [][3][WIDTH]: running results, and one more for unused places of a block */
    real *coordinate; /* [MAX_AXES][]: -y */
    real *home, *limit;
    uint32_t *row;   /* which one is in this place */
    uint32_t *list;  /* places of rows that want a panel */
    uint32_t *count; /* [n_panels + 1]: rows by home */
} prune_work;

static prune_work begin_pruning(const work *w)
{
    const size_t rows = w->index->tile_rows;
    prune_work p;

    p.state = w->rest;
    p.coordinate = p.state + (rows + 1) * 3 * WIDTH;
    p.home = p.coordinate + MAX_AXES * rows;
    p.limit = p.home + rows;
    p.row = (uint32_t *)(void *)(p.limit + rows);
    p.list = p.row + rows;
    p.count = p.list + rows;
    for (size_t i = 0; i < (rows + 1) * 3 * WIDTH; i += WIDTH)
        v_store(p.state + i, v_set1((real)INFINITY));
    return p;
}

/* -y of the rows i ... i + 3 (or of the last one, repeated): sums that overlap. */
INLINE void project_four(const work *w, const prune_work *p, const real *axes, size_t i)
{
    const real *x[4];
    vec sum[4][AXIS_VECTORS];
    real lanes[AXIS_VECTORS * WIDTH];

    UNROLL
    for (size_t r = 0; r < 4; r++) {
        x[r] = w->centred + (i + r < w->n ? i + r : w->n - 1) * w->d;
        UNROLL
        for (int v = 0; v < AXIS_VECTORS; v++)
            sum[r][v] = v_set1(0);
    }
    for (size_t j = 0; j < w->d; j++) {
        UNROLL
        for (int v = 0; v < AXIS_VECTORS; v++) {
            const vec axis = v_load(axes + j * PANEL + (size_t)(v * WIDTH));

            UNROLL
            for (size_t r = 0; r < 4; r++)
                sum[r][v] = v_fnmadd(v_set1(x[r][j]), axis, sum[r][v]);
        }
    }
    for (size_t r = 0; r < 4; r++) {
        UNROLL
        for (int v = 0; v < AXIS_VECTORS; v++)
            v_store(lanes + v * WIDTH, sum[r][v]);
        for (size_t a = 0; a < MAX_AXES; a++)
            p->coordinate[a * w->index->tile_rows + i + r] = lanes[a];
    }
}

/* -y of every row; lanes past the last get numbers, too. */
static void project(const work *w, const prune_work *p)
{
    const real *axes = index_array(w->index, w->index->axes);
    const size_t rows = w->index->tile_rows;

    for (size_t i = 0; i < w->n; i += 4)
        project_four(w, p, axes, i);
    for (size_t a = 0; a < MAX_AXES; a++) {
        for (size_t i = round_up(w->n, 4); i < rows; i++)
            p->coordinate[a * rows + i] = 0;
    }
}

/* The panel of each row with the nearest middle. */
static void find_homes(const work *w, const prune_work *p)
{
    const real *boxes = index_array(w->index, w->index->boxes);
    const size_t rows = w->index->tile_rows;

    for (size_t i = 0; i < w->n; i += PRUNE_VECTORS * WIDTH) {
        vec least[PRUNE_VECTORS], home[PRUNE_VECTORS];

        for (int v = 0; v < PRUNE_VECTORS; v++) {
            least[v] = v_set1((real)INFINITY);
            home[v] = v_set1(0);
        }
        for (size_t g = 0; g < w->n_panels; g++) {
            const real *middle = boxes + (3 * g + 1) * MAX_AXES;
            const vec number = v_set1((real)(int)g);

            UNROLL
            for (int v = 0; v < PRUNE_VECTORS; v++) {
                vec sum = v_set1(0);

                UNROLL
                for (size_t a = 0; a < MAX_AXES; a++) {
                    const vec y = v_load(p->coordinate + a * rows + i + (size_t)(v * WIDTH));
                    const vec difference = v_sub(y, v_set1(middle[a]));

                    sum = v_fmadd(difference, difference, sum);
                }
                home[v] = v_select(v_less(sum, least[v]), number, home[v]);
                least[v] = v_min(least[v], sum);
            }
        }
        for (int v = 0; v < PRUNE_VECTORS; v++)
            v_store(p->home + i + (size_t)(v * WIDTH), home[v]);
    }
}

/* Sorts the rows by home (counting them): `row`, `home` and `coordinate` are by place after this.
 */
static void sort_by_home(const work *w, const prune_work *p)
{
    const size_t rows = w->index->tile_rows;
    real home[TILE_ROWS_MAX], coordinate[MAX_AXES][TILE_ROWS_MAX];

    memcpy(home, p->home, w->n * sizeof *home);
    for (size_t a = 0; a < MAX_AXES; a++)
        memcpy(coordinate[a], p->coordinate + a * rows, w->n * sizeof **coordinate);
    memset(p->count, 0, (w->n_panels + 1) * sizeof *p->count);
    for (size_t i = 0; i < w->n; i++)
        p->count[(size_t)home[i] + 1]++;
    for (size_t g = 0; g < w->n_panels; g++)
        p->count[g + 1] += p->count[g];
    for (size_t i = 0; i < w->n; i++) {
        const size_t place = p->count[(size_t)home[i]]++;

        p->row[place] = (uint32_t)i;
        p->home[place] = home[i];
        for (size_t a = 0; a < MAX_AXES; a++)
            p->coordinate[a * rows + place] = coordinate[a][i];
    }
}

/* Scores panel g against `count` rows, at most `rows`. */
INLINE void visit_block(const int rows, const work *w, const prune_work *p, size_t g,
                        const uint32_t *list, size_t count)
{
    const real *x[BLOCK_ROWS];
    real *state[BLOCK_ROWS];
    vec score[BLOCK_ROWS][BLOCK_VECTORS];

    for (size_t r = 0; r < (size_t)rows; r++) {
        const bool used = r < count;

        x[r] = w->centred + p->row[list[used ? r : 0]] * w->d;
        state[r] = p->state + (used ? list[r] : w->index->tile_rows) * 3 * WIDTH;
    }
    score_panels(rows, 1, w, x, g, score);
    UNROLL
    for (int r = 0; r < rows; r++) {
        running row = {v_load(state[r]), v_load(state[r] + WIDTH), v_load(state[r] + 2 * WIDTH)};

        UNROLL
        for (int v = 0; v < PANEL_VECTORS; v++)
            update(&row, score[r][v], v_set1((real)((int)g * PANEL_VECTORS + v)));
        v_store(state[r], row.best);
        v_store(state[r] + WIDTH, row.second);
        v_store(state[r] + 2 * WIDTH, row.where);
    }
}

#define THIRD ((DENSE_ROWS + 2) / 3)

/* Scores panel g against the `count` rows in the list: the last ones by a smaller block, as lists
 * are short. */
static void visit(const work *w, const prune_work *p, size_t g, size_t count)
{
    const uint32_t *list = p->list;

    for (; count > 2 * THIRD; list += DENSE_ROWS) {
        visit_block(DENSE_ROWS, w, p, g, list, count);
        count -= count < DENSE_ROWS ? count : DENSE_ROWS;
    }
    if (count > THIRD)
        visit_block(2 * THIRD, w, p, g, list, count);
    else if (count > 0)
        visit_block(THIRD, w, p, g, list, count);
}

INLINE size_t append_bits(uint32_t *list, size_t count, size_t i, unsigned bits)
{
    for (; bits; bits &= bits - 1)
        list[count++] = (uint32_t)(i + lowest_bit(bits));
    return count;
}

/* Bits of the rows i ... that are there and have home g. */
INLINE unsigned at_home(const prune_work *p, size_t i, vec g)
{
    const vec home = v_load(p->home + i);

    return v_near(home, g) & v_near(g, home);
}

/* Bits of the rows i ... that cannot skip this box. */
INLINE unsigned in_reach(const prune_work *p, size_t rows, size_t i, const real *box)
{
    vec sum = v_set1(0);

    UNROLL
    for (size_t a = 0; a < MAX_AXES; a++) {
        const vec y = v_load(p->coordinate + a * rows + i);
        const vec nearest = v_min(v_max(y, v_set1(box[a])), v_set1(box[2 * MAX_AXES + a]));
        const vec gap = v_sub(y, nearest);

        sum = v_fmadd(gap, gap, sum);
    }
    return v_near(sum, v_load(p->limit + i));
}

/* Bits of the rows i ... that there are in the tile. */
INLINE unsigned present(const work *w, size_t i)
{
    return w->n - i >= WIDTH ? (1u << WIDTH) - 1 : (1u << (w->n - i)) - 1;
}

static size_t visit_homes(const work *w, const prune_work *p)
{
    size_t place = 0;

    for (size_t g = 0; g < w->n_panels; g++) {
        size_t count = 0;

        while (place < p->count[g])
            p->list[count++] = (uint32_t)place++;
        visit(w, p, g, count);
    }
    return w->n;
}

static size_t visit_others(const work *w, const prune_work *p)
{
    const real *boxes = index_array(w->index, w->index->boxes);
    size_t visits = 0;

    for (size_t g = 0; g < w->n_panels; g++) {
        const vec number = v_set1((real)(int)g);
        size_t count = 0;

        for (size_t i = 0; i < w->n; i += WIDTH) {
            const unsigned bits = in_reach(p, w->index->tile_rows, i, boxes + 3 * g * MAX_AXES) &
                                  present(w, i);

            if (bits)
                count = append_bits(p->list, count, i, bits & ~at_home(p, i, number));
        }
        visit(w, p, g, count);
        visits += count;
    }
    return visits;
}

static void set_limits(const work *w, const prune_work *p)
{
    const real factor = (real)(1.001 * w->index->axis_gain);

    for (size_t i = 0; i < w->n; i++) {
        const real best = v_least(v_load(p->state + i * 3 * WIDTH));

        const size_t row = p->row[i];

        p->limit[i] = factor * (w->norm2[row] + 2 * best + 8 * w->margin[row]);
    }
}

static size_t nearest_pruned(const centnn_index *index, const centnn_tile *tile,
                             const centnn_results *results, void *scratch)
{
    const work w = begin(index, tile, scratch);
    const prune_work p = begin_pruning(&w);
    size_t visits;

    centre_rows(&w);
    project(&w, &p);
    find_homes(&w, &p);
    sort_by_home(&w, &p);
    visits = visit_homes(&w, &p);
    set_limits(&w, &p);
    visits += visit_others(&w, &p);

    undecided u = {0};

    for (size_t i = 0; i < w.n; i++) {
        const real *state = p.state + i * 3 * WIDTH;
        const running row = {v_load(state), v_load(state + WIDTH), v_load(state + 2 * WIDTH)};

        decide(&w, p.row[i], &row, &u, results);
    }
    recheck_rows(&w, &u, results);
    finish(&w, results);
    return visits;
}
