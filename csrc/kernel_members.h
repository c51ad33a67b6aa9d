/*
 * kernel_members.h - part of the kernel: single rows, and the members of a cluster in tiles
 */

/* Row i less the offset: where it is, if it has that form already, or converted to `memory`. */
static const real *real_row(const centnn_samples *s, size_t i, real *memory)
{
    const real *offset = s->offset;
    const size_t d = s->d;

    if (s->dtype == CENTNN_U8) {
        const uint8_t *row = (const uint8_t *)s->values + i * d;

        for (size_t j = 0; j < d; j++)
            memory[j] = (real)row[j] - offset[j];
    } else if (s->dtype == CENTNN_U16) {
        const uint16_t *row = (const uint16_t *)s->values + i * d;

        for (size_t j = 0; j < d; j++)
            memory[j] = (real)row[j] - offset[j];
    } else if (s->dtype == CENTNN_F16) {
        const centnn_rows rows = {s->values, CENTNN_F16, i + 1, d, (ptrdiff_t)(2 * d), 2};

        centnn_load_tile(&rows, i, 1, PRECISION, memory);
        for (size_t j = 0; j < d; j++)
            memory[j] -= offset[j];
    } else if (offset) {
        const real *row = (const real *)s->values + i * d;

        for (size_t j = 0; j < d; j++)
            memory[j] = row[j] - offset[j];
    } else {
        return (const real *)s->values + i * d;
    }
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
    for (size_t i = 0; i < LIST_ROWS && in_squares < d; i++) {
        for (size_t j = in_squares; j < d; j++)
            tile[j * LIST_ROWS + i] = rows[i][j];
    }
}

static void load_tile(const centnn_samples *samples, const uint32_t *rows, size_t n,
                      const void *centre, void *tile, void *scratch)
{
    const size_t d = samples->d;
    const real *row[LIST_ROWS], *c = centre;
    real *memory = scratch, *columns = tile;

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

static void compare_row(const centnn_samples *samples, size_t row, const centnn_book *book,
                        size_t a, size_t b, double distance[2], void *scratch)
{
    const real *x = real_row(samples, row, scratch), *codewords = book->codewords;

    distance[0] = (double)squared_distance(x, codewords + a * book->d, book->d);
    distance[1] = (double)squared_distance(x, codewords + b * book->d, book->d);
}

static void add_row(const centnn_samples *samples, size_t row, double times, double *sum,
                    void *scratch)
{
    const real *x = real_row(samples, row, scratch);

    for (size_t j = 0; j < samples->d; j++)
        sum[j] += times * (double)x[j];
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

static void settle_codeword(const centnn_book *book, size_t j)
{
    const size_t d = book->d;
    const double count = book->counts[j], inverse = 1 / count;
    const double *sum = book->sums + j * d;
    real *c = (real *)book->codewords + j * d, zero[PANEL_BYTES / sizeof(real)] = {0};
    real norm2 = 0;

    if (j >= book->n_fixed) {
        for (size_t i = 0; i < d; i++)
            c[i] = (real)(sum[i] * inverse);
    }
    for (size_t i = 0; i < d; i += PANEL)
        norm2 += squared_distance(c + i, zero, d - i < PANEL ? d - i : PANEL);
    ((real *)book->half_norms)[j] = norm2 / 2;
    ((real *)book->factors)[j] = j < book->n_fixed ? 1 : (real)(count / (count + 1));
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
