/*
 * kernel_members.h - part of the kernel: single rows, and the members of a cluster in tiles
 */

/* Reads a row of another type, less the offset, 16 values at a time where that goes. */
#define DEFINE_SHIFT(name, from)                                                            \
    INLINE void name(const from *restrict row, const real *restrict offset, const size_t d, \
                     real *restrict out)                                                    \
    {                                                                                       \
        size_t j = 0;                                                                       \
                                                                                            \
        for (; j + 16 <= d; j += 16) {                                                      \
            for (size_t i = j; i < j + 16; i++)                                             \
                out[i] = (real)row[i] - offset[i];                                          \
        }                                                                                   \
        for (; j < d; j++)                                                                  \
            out[j] = (real)row[j] - offset[j];                                              \
    }

DEFINE_SHIFT(shift_u8, uint8_t)
DEFINE_SHIFT(shift_u16, uint16_t)
DEFINE_SHIFT(shift_real, real)

static void shift_f16(const centnn_samples *s, size_t i, real *out)
{
    const centnn_rows rows = {s->values, CENTNN_F16, i + 1, s->d, (ptrdiff_t)(2 * s->d), 2};
    const real *offset = s->offset;

    centnn_load_tile(&rows, i, 1, PRECISION, out);
    for (size_t j = 0; j < s->d; j++)
        out[j] -= offset[j];
}

/* Row i less the offset: where it is, if it has that form already, or converted to `memory`. */
INLINE const real *real_row(const centnn_samples *s, size_t i, real *memory)
{
    if (s->dtype == PRECISION && !s->offset)
        return (const real *)s->values + i * s->d;
    if (s->dtype == CENTNN_U8)
        shift_u8((const uint8_t *)s->values + i * s->d, s->offset, s->d, memory);
    else if (s->dtype == CENTNN_U16)
        shift_u16((const uint16_t *)s->values + i * s->d, s->offset, s->d, memory);
    else if (s->dtype == PRECISION)
        shift_real((const real *)s->values + i * s->d, s->offset, s->d, memory);
    else
        shift_f16(s, i, memory);
    return memory;
}

/* Rows as columns: [d][LIST_ROWS]. */
INLINE void to_columns(const real *const rows[LIST_ROWS], size_t d, real *tile)
{
    const size_t in_squares = d / WIDTH * WIDTH;

    for (size_t j = 0; j < in_squares; j += WIDTH) {
        for (size_t i = 0; i < LIST_ROWS; i += WIDTH) {
            vec square[WIDTH];

            UNROLL
            for (size_t r = 0; r < WIDTH; r++)
                square[r] = v_load(rows[i + r] + j);
            v_transpose(square);
            UNROLL
            for (size_t r = 0; r < WIDTH; r++)
                v_store(tile + (j + r) * LIST_ROWS + i, square[r]);
        }
    }
    for (size_t j = in_squares; j < d; j++) {
        for (size_t i = 0; i < LIST_ROWS; i++)
            tile[j * LIST_ROWS + i] = rows[i][j];
    }
}

static void load_tile(const centnn_samples *samples, const uint32_t *rows, size_t n,
                      const void *centre, void *tile, void *scratch)
{
    const size_t d = samples->d;
    const real *row[LIST_ROWS], *c = centre;
    const size_t row_size = d * (samples->dtype == PRECISION   ? sizeof(real)
                                 : samples->dtype == CENTNN_U8 ? 1
                                                               : 2);
    real *memory = scratch, *columns = tile;

    /* Members are anywhere in memory: fetch them all at once, not one after the other. */
    for (size_t i = 0; i < n; i++) {
        for (size_t at = 0; at < row_size && at < 8 * 64; at += 64)
            PREFETCH((const char *)samples->values + rows[i] * row_size + at);
    }
    for (size_t i = 0; i < LIST_ROWS; i++)
        row[i] = i < n ? real_row(samples, rows[i], memory + i * d) : row[n - 1];
    to_columns(row, d, columns);
    for (size_t j = 0; c && j < d; j++) {
        for (size_t i = 0; i < LIST_ROWS; i++)
            columns[j * LIST_ROWS + i] -= c[j];
    }
}

/* The sum of a panel of partial sums: folded in halves. */
INLINE real fold(const vec panel[PANEL_VECTORS])
{
    real sums[PANEL_BYTES / sizeof(real)];

    UNROLL
    for (int v = 0; v < PANEL_VECTORS; v++)
        v_store(sums + v * WIDTH, panel[v]);
    UNROLL
    for (size_t half = PANEL / 2; half > 0; half /= 2) {
        for (size_t i = 0; i < half; i++)
            sums[i] += sums[i + half];
    }
    return sums[0];
}

INLINE real squared_distance(const real *a, const real *b, size_t d)
{
    vec sums[PANEL_VECTORS];
    real rest[PANEL_BYTES / sizeof(real)] = {0}, sum = 0;
    size_t j = 0;

    if (d <= DIFFERENCE_D) {
        for (; j < d; j++)
            sum = REAL_FMA(a[j] - b[j], a[j] - b[j], sum);
        return sum;
    }
    UNROLL
    for (int v = 0; v < PANEL_VECTORS; v++)
        sums[v] = v_set1(0);
    for (; j + PANEL <= d; j += PANEL) {
        UNROLL
        for (int v = 0; v < PANEL_VECTORS; v++) {
            const size_t at = j + (size_t)(v * WIDTH);
            const vec difference = v_sub(v_load(a + at), v_load(b + at));

            sums[v] = v_fmadd(difference, difference, sums[v]);
        }
    }
    if (j < d) {
        for (size_t i = 0; j + i < d; i++)
            rest[i] = a[j + i] - b[j + i];
        UNROLL
        for (int v = 0; v < PANEL_VECTORS; v++)
            sums[v] = v_fmadd(v_load(rest + v * WIDTH), v_load(rest + v * WIDTH), sums[v]);
    }
    return fold(sums);
}

static double row_distance(const centnn_samples *samples, size_t row, const centnn_book *book,
                           size_t j, void *scratch)
{
    const real *x = real_row(samples, row, scratch);

    return (double)squared_distance(x, (const real *)book->codewords + j * book->d, book->d);
}

static void add_rows(const centnn_samples *samples, const uint32_t *rows, size_t n,
                     const float *weights, double *restrict sum, void *scratch)
{
    for (size_t i = 0; i < n; i++) {
        const real *restrict x = real_row(samples, rows[i], scratch);
        const double weight = weights ? (double)weights[i] : 1;

        for (size_t j = 0; j < samples->d; j++)
            sum[j] += weight * (double)x[j];
    }
}

static double row_norm(const centnn_samples *samples, size_t row, void *scratch)
{
    const real *x = real_row(samples, row, scratch);
    double norm2 = 0;

    for (size_t j = 0; j < samples->d; j++)
        norm2 += (double)x[j] * (double)x[j];
    return norm2;
}

static void read_row(const centnn_samples *samples, size_t row, void *out)
{
    const real *x = real_row(samples, row, out);

    if (x != out)
        memcpy(out, x, samples->d * sizeof(real));
}

/* |c|^2. */
static real squared_norm(const real *c, size_t d)
{
    const real zeros[PANEL_BYTES / sizeof(real)] = {0};
    real norm2 = 0;

    for (size_t i = 0; i < d; i += PANEL)
        norm2 += squared_distance(c + i, zeros, d - i < PANEL ? d - i : PANEL);
    return norm2;
}

static void settle_codeword(const centnn_book *book, size_t j)
{
    const size_t d = book->d;
    const double count = book->counts[j], inverse = 1 / count;
    const double *restrict sum = book->sums + j * d;
    real *restrict c = (real *)book->codewords + j * d;

    if (j >= book->n_fixed) {
        for (size_t i = 0; i < d; i++)
            c[i] = (real)(sum[i] * inverse);
    }
    ((real *)book->half_norms)[j] = squared_norm(c, d) / 2;
    ((real *)book->factors)[j] = j < book->n_fixed ? 1 : (real)(count / (count + 1));
}

static bool move_row(const centnn_samples *samples, size_t row, double weight,
                     const centnn_book *book, size_t from, size_t to, void *scratch)
{
    const size_t d = book->d;
    const real *restrict x = real_row(samples, row, scratch), *codewords = book->codewords;
    const double here = (double)squared_distance(x, codewords + from * d, d);
    const double there = (double)squared_distance(x, codewords + to * d, d);
    double *counts = book->counts;
    const double loss = from < book->n_fixed ? 1 : counts[from] / (counts[from] - weight);
    const double rise = to < book->n_fixed ? 1 : counts[to] / (counts[to] + weight);
    double *restrict less = book->sums + from * d, *restrict more = book->sums + to * d;

    if (!(there * rise < here * loss * LEAST_FALL))
        return false;
    for (size_t j = 0; j < d; j++) {
        less[j] -= weight * (double)x[j];
        more[j] += weight * (double)x[j];
    }
    counts[from] -= weight;
    counts[to] += weight;
    settle_codeword(book, from);
    settle_codeword(book, to);
    return true;
}

static double drift_of(const centnn_book *book, void *before, size_t j)
{
    const size_t d = book->d;
    const real *now = (const real *)book->codewords + j * d;
    real *then = (real *)before + j * d;
    const double distance = sqrt((double)squared_distance(now, then, d));

    memcpy(then, now, d * sizeof(real));
    return distance;
}

static void project_rows(const void *tiles, size_t n_tiles, size_t d, const double *axis,
                         double *projections)
{
    const real *tile = tiles;

    for (size_t t = 0; t < n_tiles; t++, tile += d * LIST_ROWS, projections += LIST_ROWS) {
        real lanes[LIST_ROWS];
        vec sums[LIST_ROWS / WIDTH];

        UNROLL
        for (size_t v = 0; v < LIST_ROWS / WIDTH; v++)
            sums[v] = v_set1(0);
        for (size_t j = 0; j < d; j++) {
            const vec coordinate = v_set1(axis ? (real)axis[j] : 0);

            UNROLL
            for (size_t v = 0; v < LIST_ROWS / WIDTH; v++) {
                const vec x = v_load(tile + j * LIST_ROWS + v * WIDTH);

                sums[v] = v_fmadd(x, axis ? coordinate : x, sums[v]);
            }
        }
        UNROLL
        for (size_t v = 0; v < LIST_ROWS / WIDTH; v++)
            v_store(lanes + v * WIDTH, sums[v]);
        for (size_t i = 0; i < LIST_ROWS; i++)
            projections[i] = (double)lanes[i];
    }
}

static void combine_rows(const void *tiles, size_t n_tiles, size_t d, const double *times,
                         double *sum, void *scratch)
{
    real *factors = scratch;

    for (size_t i = 0; i < n_tiles * LIST_ROWS; i++)
        factors[i] = (real)times[i];
    for (size_t j = 0; j < d; j++) {
        vec sums[PANEL_VECTORS];

        UNROLL
        for (int v = 0; v < PANEL_VECTORS; v++)
            sums[v] = v_set1(0);
        for (size_t t = 0; t < n_tiles; t++) {
            const real *column = (const real *)tiles + (t * d + j) * LIST_ROWS;

            UNROLL
            for (size_t i = 0; i < LIST_ROWS; i += PANEL) {
                UNROLL
                for (int v = 0; v < PANEL_VECTORS; v++) {
                    const size_t at = i + (size_t)(v * WIDTH);

                    sums[v] = v_fmadd(v_load(column + at), v_load(factors + t * LIST_ROWS + at),
                                      sums[v]);
                }
            }
        }
        sum[j] = (double)fold(sums);
    }
}
