/*
 * kernel_near.h - part of the kernel: the steps of training, described in near.h
 *
 * Lanes are samples, or codewords where one codeword is compared with many. What is looked at is
 * decided for a panel at a time, whatever the width of vectors, so that results do not depend on
 * it.
 */
#define NEAR_CODEWORDS (PANEL_VECTORS > 4 ? 1 : 4)
#define NEAR_AHEAD 8
#define NEAR_SLACK ((real)1.00001)

/* Rows are all over the memory: ask for one some time before it is needed. */
INLINE void near_prefetch(const real *row, size_t d)
{
#if defined(__GNUC__)
    for (size_t j = 0; j < d; j += PANEL)
        __builtin_prefetch(row + j);
    __builtin_prefetch(row + d - 1);
#else
    (void)row;
    (void)d;
#endif
}

INLINE vec near_product(vec a, vec b)
{
    return v_fmadd(a, b, v_set1(0));
}

INLINE vec near_quotient(vec a, vec b)
{
    real p[WIDTH], q[WIDTH];

    v_store(p, a);
    v_store(q, b);
    for (int i = 0; i < WIDTH; i++)
        p[i] /= q[i];
    return v_load(p);
}

static void near_load(const centnn_data *samples, const int32_t *ids, size_t n,
                      centnn_tile_of_samples *tile)
{
    const size_t d = samples->d, padded = round_up(n, PANEL);
    const real *rows = samples->rows, *origin = samples->origin;
    real *x = tile->x, *weight = tile->weight;

    tile->n = n;
    tile->d = d;
    tile->weighted = samples->weights != NULL;
    for (size_t i = 0; i < n; i++) {
        const real *row = rows + (size_t)ids[i] * d;

        if (i + NEAR_AHEAD < n)
            near_prefetch(rows + (size_t)ids[i + NEAR_AHEAD] * d, d);
        for (size_t j = 0; j < d; j++)
            x[j * NEAR_TILE + i] = row[j] - origin[j];
        tile->mass[i] = tile->weighted ? samples->weights[ids[i]] * samples->weight_scale : 1;
        weight[i] = (real)tile->mass[i];
    }
    for (size_t i = n; i < padded; i++) {
        for (size_t j = 0; j < d; j++)
            x[j * NEAR_TILE + i] = x[j * NEAR_TILE];
        tile->mass[i] = 0;
        weight[i] = 0;
    }
}

/* Squared distances of a panel of samples to several codewords. */
INLINE void near_distances(const int codewords, const centnn_tile_of_samples *tile, size_t first,
                           const real *const *codeword, vec sum[][PANEL_VECTORS])
{
    const real *x = (const real *)tile->x + first;

    UNROLL
    for (int q = 0; q < codewords; q++) {
        UNROLL
        for (int v = 0; v < PANEL_VECTORS; v++)
            sum[q][v] = v_set1(0);
    }
    for (size_t j = 0; j < tile->d; j++, x += NEAR_TILE) {
        vec coordinate[PANEL_VECTORS];

        UNROLL
        for (int v = 0; v < PANEL_VECTORS; v++)
            coordinate[v] = v_load(x + v * WIDTH);
        UNROLL
        for (int q = 0; q < codewords; q++) {
            const vec c = v_set1(codeword[q][j]);

            UNROLL
            for (int v = 0; v < PANEL_VECTORS; v++) {
                const vec t = v_sub(coordinate[v], c);

                sum[q][v] = v_fmadd(t, t, sum[q][v]);
            }
        }
    }
}

static void near_own(const void *codeword, double total, centnn_tile_of_samples *tile)
{
    const real *const c = codeword;

    for (size_t i = 0; i < tile->n; i += PANEL) {
        vec sum[1][PANEL_VECTORS];
        real distance[PANEL];

        near_distances(1, tile, i, &c, sum);
        UNROLL
        for (int v = 0; v < PANEL_VECTORS; v++)
            v_store(distance + v * WIDTH, sum[0][v]);
        for (size_t l = 0; l < PANEL; l++)
            tile->own[i + l] = (double)distance[l];
    }
    for (size_t i = 0; i < round_up(tile->n, PANEL); i++) {
        const double rest = total - tile->mass[i];

        tile->gain[i] = rest > 0 ? tile->own[i] * (total / rest) : tile->own[i];
    }
}

static void near_gaps(const void *columns, size_t stride, size_t n, size_t d, const void *codeword,
                      void *gap)
{
    const real *c = codeword;
    real *out = gap;
    size_t i = 0;

    for (; i + 4 * WIDTH <= n; i += 4 * WIDTH) {
        const real *column = (const real *)columns + i;
        vec sum[4];

        UNROLL
        for (int v = 0; v < 4; v++)
            sum[v] = v_set1(0);
        for (size_t j = 0; j < d; j++, column += stride) {
            UNROLL
            for (int v = 0; v < 4; v++) {
                const vec t = v_sub(v_load(column + v * WIDTH), v_set1(c[j]));

                sum[v] = v_fmadd(t, t, sum[v]);
            }
        }
        UNROLL
        for (int v = 0; v < 4; v++)
            v_store(out + i + (size_t)(v * WIDTH), sum[v]);
    }
    for (; i < n; i += WIDTH) {
        const real *column = (const real *)columns + i;
        vec sum = v_set1(0);

        for (size_t j = 0; j < d; j++, column += stride) {
            const vec t = v_sub(v_load(column), v_set1(c[j]));

            sum = v_fmadd(t, t, sum);
        }
        v_store(out + i, sum);
    }
}

/* Bits of those of the rivals k .. k + PANEL - 1 that are within radius + reach * stretch. */
INLINE unsigned near_bits(const centnn_rivals *rivals, size_t k, real radius, real reach)
{
    const real *gap = rivals->gap, *stretch = rivals->stretch;
    unsigned bits = 0;

    UNROLL
    for (int v = 0; v < PANEL_VECTORS; v++) {
        const size_t at = k + (size_t)(v * WIDTH);
        const vec s = stretch ? v_load(stretch + at) : v_set1(1);
        const vec limit = v_fmadd(v_set1(reach), s, v_set1(radius));

        bits |= v_near(v_load(gap + at), near_product(limit, limit)) << (v * WIDTH);
    }
    if (rivals->n - k < PANEL)
        bits &= (1u << (rivals->n - k)) - 1;
    return bits;
}

static void near_within(const centnn_rivals *all, double base, double radius, double reach,
                        centnn_rivals *near)
{
    const real *gap = all->gap, *stretch = all->stretch, *inverse = all->inverse;
    real *near_gap = near->gap, *near_stretch = near->stretch, *near_inverse = near->inverse;
    const real to = (real)(base + radius) * NEAR_SLACK, by = (real)reach * NEAR_SLACK;
    size_t n = 0;

    for (size_t k = 0; k < all->n; k += PANEL) {
        for (unsigned bits = near_bits(all, k, to, by); bits; bits &= bits - 1) {
            const size_t i = k + lowest_bit(bits);

            near->ids[n] = all->ids ? all->ids[i] : (int32_t)i;
            near_gap[n] = gap[i];
            near_stretch[n] = stretch ? stretch[i] : 1;
            near_inverse[n] = inverse ? inverse[i] : 0;
            n++;
        }
    }
    near->n = n;
}

/* The best so far of a panel of samples: its value, and its place in the list of rivals. */
typedef struct {
    vec value[PANEL_VECTORS], place[PANEL_VECTORS];
} near_leaders;

/* Compares a panel of samples with NEAR_CODEWORDS rivals, by their places in the list. */
INLINE void near_compare(const bool weighted, const centnn_tile_of_samples *tile, size_t first,
                         const real *codewords, const centnn_rivals *rivals, const size_t *places,
                         near_leaders *leaders)
{
    const real *inverse = rivals->inverse, *weight = (const real *)tile->weight + first;
    const real *codeword[NEAR_CODEWORDS];
    vec sum[NEAR_CODEWORDS][PANEL_VECTORS];

    for (int q = 0; q < NEAR_CODEWORDS; q++)
        codeword[q] = codewords + (size_t)rivals->ids[places[q]] * tile->d;
    near_distances(NEAR_CODEWORDS, tile, first, codeword, sum);
    UNROLL
    for (int q = 0; q < NEAR_CODEWORDS; q++) {
        const vec factor = v_set1(1 / (1 + inverse[places[q]])), place = v_set1((real)places[q]);

        UNROLL
        for (int v = 0; v < PANEL_VECTORS; v++) {
            const vec value = weighted
                                  ? near_quotient(sum[q][v],
                                                  v_fmadd(v_load(weight + v * WIDTH),
                                                          v_set1(inverse[places[q]]), v_set1(1)))
                                  : near_product(sum[q][v], factor);
            const mask less = v_less(value, leaders->value[v]);

            leaders->value[v] = v_select(less, value, leaders->value[v]);
            leaders->place[v] = v_select(less, place, leaders->place[v]);
        }
    }
}

/* Compares a panel of samples with the rivals that are near enough. */
INLINE void near_best_of_panel(const bool weighted, const centnn_tile_of_samples *tile,
                               size_t first, const real *codewords, const centnn_rivals *rivals,
                               double base, near_leaders *leaders)
{
    double own = 0, gain = 0;
    size_t places[NEAR_CODEWORDS], n = 0;
    real to, by;

    for (size_t i = first; i < first + PANEL; i++) {
        own = tile->own[i] > own ? tile->own[i] : own;
        gain = tile->gain[i] > gain ? tile->gain[i] : gain;
    }
    to = (real)(base + sqrt(own)) * NEAR_SLACK;
    by = (real)sqrt(gain) * NEAR_SLACK;
    for (size_t k = 0; k < rivals->n; k += PANEL) {
        for (unsigned bits = near_bits(rivals, k, to, by); bits; bits &= bits - 1) {
            places[n++] = k + lowest_bit(bits);
            if (n == NEAR_CODEWORDS) {
                near_compare(weighted, tile, first, codewords, rivals, places, leaders);
                n = 0;
            }
        }
    }
    if (n > 0) {
        for (size_t q = n; q < NEAR_CODEWORDS; q++)
            places[q] = places[n - 1];
        near_compare(weighted, tile, first, codewords, rivals, places, leaders);
    }
}

static void near_best(const void *codewords, const centnn_rivals *rivals, double base,
                      centnn_tile_of_samples *tile)
{
    for (size_t i = 0; i < tile->n; i += PANEL) {
        near_leaders leaders;
        real value[PANEL], place[PANEL];

        UNROLL
        for (int v = 0; v < PANEL_VECTORS; v++) {
            leaders.value[v] = v_set1((real)INFINITY);
            leaders.place[v] = v_set1(-1);
        }
        if (tile->weighted)
            near_best_of_panel(true, tile, i, codewords, rivals, base, &leaders);
        else
            near_best_of_panel(false, tile, i, codewords, rivals, base, &leaders);
        UNROLL
        for (int v = 0; v < PANEL_VECTORS; v++) {
            v_store(value + v * WIDTH, leaders.value[v]);
            v_store(place + v * WIDTH, leaders.place[v]);
        }
        for (size_t l = 0; l < PANEL; l++) {
            tile->value[i + l] = (double)value[l];
            tile->who[i + l] = place[l] < 0 ? -1 : rivals->ids[(size_t)place[l]];
        }
    }
}

static void near_project(const centnn_tile_of_samples *tile, const void *centre, const void *axis,
                         void *lanes)
{
    const real *c = centre, *u = axis;

    for (size_t i = 0; i < tile->n; i += PANEL) {
        vec along[PANEL_VECTORS];
        const real *x = (const real *)tile->x + i;
        real *out = lanes;

        UNROLL
        for (int v = 0; v < PANEL_VECTORS; v++)
            along[v] = v_set1(0);
        for (size_t j = 0; j < tile->d; j++, x += NEAR_TILE) {
            UNROLL
            for (int v = 0; v < PANEL_VECTORS; v++)
                along[v] = v_fmadd(v_sub(v_load(x + v * WIDTH), v_set1(c[j])), v_set1(u[j]),
                                   along[v]);
        }
        UNROLL
        for (int v = 0; v < PANEL_VECTORS; v++)
            along[v] = near_product(along[v],
                                    v_load((const real *)tile->weight + i + (size_t)(v * WIDTH)));
        x = (const real *)tile->x + i;
        for (size_t j = 0; j < tile->d; j++, x += NEAR_TILE, out += PANEL) {
            UNROLL
            for (int v = 0; v < PANEL_VECTORS; v++)
                v_store(out + v * WIDTH,
                        v_fmadd(along[v], v_sub(v_load(x + v * WIDTH), v_set1(c[j])),
                                v_load(out + v * WIDTH)));
        }
    }
}

static void near_divide(const centnn_tile_of_samples *tile, const void *a, const void *b,
                        const void *centre, void *lanes, uint8_t *side)
{
    const real *const codeword[2] = {a, b}, *c = centre;

    for (size_t i = 0; i < tile->n; i += PANEL) {
        vec sum[2][PANEL_VECTORS], weight[PANEL_VECTORS];
        const real *x = (const real *)tile->x + i;
        real *out = lanes, is_near[PANEL];

        near_distances(2, tile, i, codeword, sum);
        UNROLL
        for (int v = 0; v < PANEL_VECTORS; v++) {
            const mask less = v_less(sum[0][v], sum[1][v]);

            v_store(is_near + v * WIDTH, v_select(less, v_set1(1), v_set1(0)));
            weight[v] = v_select(less, v_load((const real *)tile->weight + i + (size_t)(v * WIDTH)),
                                 v_set1(0));
        }
        for (size_t l = 0; l < PANEL; l++)
            side[i + l] = is_near[l] > 0;
        for (size_t j = 0; j < tile->d; j++, x += NEAR_TILE, out += PANEL) {
            UNROLL
            for (int v = 0; v < PANEL_VECTORS; v++)
                v_store(out + v * WIDTH,
                        v_fmadd(weight[v], v_sub(v_load(x + v * WIDTH), v_set1(c[j])),
                                v_load(out + v * WIDTH)));
        }
        UNROLL
        for (int v = 0; v < PANEL_VECTORS; v++)
            v_store(out + v * WIDTH, v_add(weight[v], v_load(out + v * WIDTH)));
    }
}

static void near_fold(void *lanes, size_t n, double *sums)
{
    real *lane = lanes;

    for (size_t j = 0; j < n; j++, lane += PANEL) {
        double sum[PANEL];

        for (size_t l = 0; l < PANEL; l++) {
            sum[l] = (double)lane[l];
            lane[l] = 0;
        }
        for (size_t half = PANEL / 2; half > 0; half /= 2) {
            for (size_t l = 0; l < half; l++)
                sum[l] += sum[l + half];
        }
        sums[j] += sum[0];
    }
}

static void near_pair(const centnn_data *samples, int32_t id, const void *a, const void *b,
                      double distances[2])
{
    const real *row = (const real *)samples->rows + (size_t)id * samples->d;
    const real *origin = samples->origin, *p = a, *q = b;
    real sum[2] = {0, 0};

    for (size_t j = 0; j < samples->d; j++) {
        const real x = row[j] - origin[j], s = x - p[j], t = x - q[j];

        sum[0] = REAL_FMA(s, s, sum[0]);
        sum[1] = REAL_FMA(t, t, sum[1]);
    }
    distances[0] = (double)sum[0];
    distances[1] = (double)sum[1];
}

static void near_add(const centnn_data *samples, int32_t id, double scale, const void *codeword,
                     double *sums)
{
    const real *row = (const real *)samples->rows + (size_t)id * samples->d;
    const real *origin = samples->origin, *c = codeword;

    if (c) {
        for (size_t j = 0; j < samples->d; j++)
            sums[j] += scale * (double)(row[j] - origin[j] - c[j]);
    } else {
        for (size_t j = 0; j < samples->d; j++)
            sums[j] += scale * (double)(row[j] - origin[j]);
    }
}

static void near_place(const double *sums, double total, size_t d, void *codeword, void *column,
                       size_t stride)
{
    real *c = codeword, *out = column;

    for (size_t j = 0; j < d; j++)
        c[j] = (real)(sums[j] / total);
    for (size_t j = 0; j < d; j++)
        out[j * stride] = c[j];
}

static const centnn_near near_steps = {near_load, near_own,     near_gaps,   near_within,
                                       near_best, near_project, near_divide, near_fold,
                                       near_pair, near_add,     near_place};
