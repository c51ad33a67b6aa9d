/*
 * inverse_lanes.h - the inverse transform with 16-bit samples side by side
 */
INLINE lanes limited_lanes(lanes x)
{
    return LANES(max_epi16)(LANES(min_epi16)(x, LANES(set1_epi16)(SAMPLE_LIMIT)),
                            LANES(set1_epi16)(-SAMPLE_LIMIT));
}

/* Two rows, with each sample of one beside that of the other. */
typedef struct {
    lanes low, high;
} lane_pairs;

INLINE lane_pairs paired(lanes a, lanes b)
{
    return (lane_pairs){LANES(unpacklo_epi16)(a, b), LANES(unpackhi_epi16)(a, b)};
}

/* sums + a * x + b * y for pairs of x and y; sums have 32 bits each. */
INLINE lane_pairs add_products(lane_pairs sums, lane_pairs xy, int a, int b)
{
    lanes factors = LANES(set1_epi32)((int)((uint32_t)a & 0xffff) | (int)((uint32_t)b << 16));

    return (lane_pairs){LANES(add_epi32)(sums.low, LANES(madd_epi16)(xy.low, factors)),
                        LANES(add_epi32)(sums.high, LANES(madd_epi16)(xy.high, factors))};
}

INLINE lane_pairs filled(int32_t x)
{
    return (lane_pairs){LANES(set1_epi32)(x), LANES(set1_epi32)(x)};
}

/* Rows become columns. */
INLINE void turn(lanes rows[BLOCK])
{
    for (int round = 0; round < 3; round++) {
        lane_pairs pairs[HALF];

        for (int i = 0; i < HALF; i++)
            pairs[i] = paired(rows[i], rows[i + HALF]);
        for (int i = 0; i < HALF; i++) {
            rows[2 * i] = pairs[i].low;
            rows[2 * i + 1] = pairs[i].high;
        }
    }
}

/* rows[i] = sum over f of cosines[f][i] * rows[f], rounded. */
INLINE void inverse_pass(lanes rows[BLOCK])
{
    lane_pairs even[2] = {paired(rows[0], rows[2]), paired(rows[4], rows[6])};
    lane_pairs odd[2] = {paired(rows[1], rows[3]), paired(rows[5], rows[7])};

    UNROLL
    for (int i = 0; i < HALF; i++) {
        lane_pairs a = filled(1 << (COSINE_BITS - 1)), b = filled(0);

        for (int k = 0; k < 2; k++) {
            a = add_products(a, even[k], integer_cosines[4 * k][i], integer_cosines[4 * k + 2][i]);
            b = add_products(b, odd[k], integer_cosines[4 * k + 1][i],
                             integer_cosines[4 * k + 3][i]);
        }
        rows[i] = limited_lanes(
            shifted(LANES(add_epi32)(a.low, b.low), LANES(add_epi32)(a.high, b.high), COSINE_BITS));
        rows[BLOCK - 1 - i] = limited_lanes(
            shifted(LANES(sub_epi32)(a.low, b.low), LANES(sub_epi32)(a.high, b.high), COSINE_BITS));
    }
}

/* Undoes the rotation across a border, which is above rows[4]. */
INLINE void unrotate(lanes rows[BLOCK])
{
    lane_pairs d[2];

    for (int k = 0; k < 2; k++)
        d[k] = paired(LANES(sub_epi16)(rows[3 - 2 * k], rows[4 + 2 * k]),
                      LANES(sub_epi16)(rows[2 - 2 * k], rows[5 + 2 * k]));
    UNROLL
    for (int i = 0; i < HALF; i++) {
        const int32_t *factors = integer_rotation[i];
        lane_pairs sums = add_products(
            add_products(filled(1 << (ROTATION_BITS - 1)), d[0], factors[0], factors[1]), d[1],
            factors[2], factors[3]);
        lanes change = shifted(sums.low, sums.high, ROTATION_BITS);

        rows[3 - i] = limited_lanes(LANES(add_epi16)(rows[3 - i], change));
        rows[4 + i] = limited_lanes(LANES(sub_epi16)(rows[4 + i], change));
    }
}

/* Coefficients in pixels' units. */
INLINE lanes dequantized(lanes coefficients, int step)
{
    lane_pairs pairs = paired(coefficients, LANES(set1_epi16)(1));

    pairs = add_products(filled(0), pairs, step, 1 << (DEQUANTIZE_BITS - 1));
    return limited_lanes(shifted(pairs.low, pairs.high, DEQUANTIZE_BITS));
}

/* How to sort coefficients that are in the order of the zigzag into rows. */
#if defined(WITH_AVX2)

/* Each row gets some of what each run of BLOCK coefficients has: the bytes to take, or 128. */
typedef struct {
    uint8_t bytes[BLOCK][BLOCK][2 * BLOCK];
} sorting;

/* Bit i: whether the row gets any of run i. */
static const uint8_t runs_of_row[BLOCK] = {0x0b, 0x2f, 0x2f, 0x6e, 0x76, 0xf4, 0xf4, 0xd0};

static void init_sorting(sorting *by)
{
    memset(by, 128, sizeof *by);
    for (int i = 0; i < N_COEFFICIENTS; i++) {
        int at = centnn_zigzag[i];
        uint8_t *bytes = by->bytes[at / BLOCK][i / BLOCK] + at % BLOCK * 2;

        bytes[0] = (uint8_t)(i % BLOCK * 2);
        bytes[1] = (uint8_t)(bytes[0] + 1);
    }
}

INLINE void sort_lanes(const sorting *by, const lanes *runs, int n_runs, lanes rows[BLOCK])
{
    UNROLL
    for (int y = 0; y < BLOCK; y++) {
        rows[y] = _mm256_setzero_si256();
        UNROLL
        for (int i = 0; i < n_runs; i++) {
            if (runs_of_row[y] >> i & 1) {
                lanes bytes = _mm256_broadcastsi128_si256(
                    _mm_loadu_si128((const __m128i *)(const void *)by->bytes[y][i]));

                rows[y] = either(rows[y], _mm256_shuffle_epi8(runs[i], bytes));
            }
        }
    }
}

#else

typedef struct {
    const uint8_t *places;
} sorting;

static void init_sorting(sorting *by)
{
    by->places = centnn_zigzag;
}

INLINE void sort_lanes(const sorting *by, const lanes *runs, int n_runs, lanes rows[BLOCK])
{
    int16_t unsorted[N_COEFFICIENTS], sorted[N_COEFFICIENTS] = {0};

    for (int i = 0; i < n_runs; i++)
        store_run(unsorted + i * BLOCK, runs[i]);
    for (int i = 0; i < n_runs * BLOCK; i++)
        sorted[by->places[i]] = unsorted[i];
    for (int y = 0; y < BLOCK; y++)
        rows[y] = load_run(sorted + y * BLOCK);
}

#endif

/* Undoes the cosine transform of two blocks, of which only the first n_runs * BLOCK coefficients
 * are not zero. */
INLINE void inverse_runs(const lanes *coefficients, int n_runs, const sorting *by, int step,
                         lanes rows[BLOCK])
{
    lanes runs[BLOCK];

    for (int i = 0; i < n_runs; i++)
        runs[i] = dequantized(coefficients[i], step);
    sort_lanes(by, runs, n_runs, rows);
    inverse_pass(rows);
    turn(rows);
    inverse_pass(rows);
    turn(rows);
}

enum { FEW_RUNS = 3 }; /* in which most blocks of smooth pictures have all that they have */

INLINE void inverse_blocks(const int16_t *a, const int16_t *b, const sorting *by, int step,
                           int16_t *pixels_a, int16_t *pixels_b, ptrdiff_t stride)
{
    lanes coefficients[BLOCK], rows[BLOCK], rest = LANES(set1_epi16)(0);

    for (int i = 0; i < BLOCK; i++) {
        coefficients[i] = load_lanes(a + i * BLOCK, b + i * BLOCK);
        if (i >= FEW_RUNS)
            rest = either(rest, coefficients[i]);
    }
    if (is_zero(rest))
        inverse_runs(coefficients, FEW_RUNS, by, step, rows);
    else
        inverse_runs(coefficients, BLOCK, by, step, rows);
    for (int y = 0; y < BLOCK; y++)
        store_lanes(pixels_a + y * stride, pixels_b + y * stride, rows[y]);
}

/* The last block may be done twice. */
static void inverse_row(const int16_t *blocks, int columns, int step, int16_t *pixels,
                        ptrdiff_t stride)
{
    sorting by;

    init_sorting(&by);
    for (int column = 0; column < columns; column += N_AT_ONCE) {
        int other = column + N_AT_ONCE > columns ? column : column + N_AT_ONCE - 1;

        inverse_blocks(blocks + (ptrdiff_t)column * N_COEFFICIENTS,
                       blocks + (ptrdiff_t)other * N_COEFFICIENTS, &by, step,
                       pixels + column * BLOCK, pixels + other * BLOCK, stride);
    }
}

/* Undoes the rotations across a border of rows: of four above it and four below. */
static void unlap_rows(const centnn_canvas *canvas, int16_t *rows)
{
    const ptrdiff_t stride = canvas->stride;

    for (int column = 0; column < canvas->columns; column += N_AT_ONCE) {
        int other = column + N_AT_ONCE > canvas->columns ? column : column + N_AT_ONCE - 1;
        int16_t *a = rows + column * BLOCK, *b = rows + other * BLOCK;
        lanes both[BLOCK];

        for (int y = 0; y < BLOCK; y++)
            both[y] = load_lanes(a + y * stride, b + y * stride);
        unrotate(both);
        for (int y = 0; y < BLOCK; y++)
            store_lanes(a + y * stride, b + y * stride, both[y]);
    }
}

/* Undoes the rotations across the borders of columns, in n rows: 4 or 8. */
static void unlap_columns(const centnn_canvas *canvas, int16_t *rows, int n)
{
    for (int column = 1; column < canvas->columns; column += N_AT_ONCE) {
        int other = column + N_AT_ONCE > canvas->columns ? column : column + N_AT_ONCE - 1;
        int16_t *a = rows + column * BLOCK - HALF, *b = rows + other * BLOCK - HALF;
        lanes both[BLOCK];

        for (int y = 0; y < BLOCK; y++)
            both[y] = load_lanes(a + y % n * canvas->stride, b + y % n * canvas->stride);
        turn(both);
        unrotate(both);
        turn(both);
        for (int y = 0; y < n; y++)
            store_lanes(a + y * canvas->stride, b + y * canvas->stride, both[y]);
    }
}
