/*
 * inverse_plain.h - the inverse transform for any processor
 */
INLINE int32_t clipped(int32_t x, int32_t limit)
{
    return x < -limit ? -limit : x > limit ? limit : x;
}

INLINE void turn(const int16_t *in, ptrdiff_t stride, int16_t *out, ptrdiff_t out_stride)
{
    int16_t copy[N_COEFFICIENTS];

    for (int y = 0; y < BLOCK; y++)
        memcpy(copy + y * BLOCK, in + y * stride, BLOCK * sizeof *copy);
    for (int y = 0; y < BLOCK; y++) {
        for (int x = 0; x < BLOCK; x++)
            out[x * out_stride + y] = copy[y * BLOCK + x];
    }
}

/* out[i][lane] = sum over f of cosines[f][i] * in[f][lane], rounded. */
INLINE void inverse_pass(const int16_t *in, int16_t *out)
{
    for (int lane = 0; lane < BLOCK; lane++) {
        int32_t even[HALF], odd[HALF];

        for (int i = 0; i < HALF; i++) {
            even[i] = 1 << (COSINE_BITS - 1);
            odd[i] = 0;
            for (int f = 0; f < BLOCK; f += 2) {
                even[i] += integer_cosines[f][i] * in[f * BLOCK + lane];
                odd[i] += integer_cosines[f + 1][i] * in[(f + 1) * BLOCK + lane];
            }
        }
        for (int i = 0; i < HALF; i++) {
            out[i * BLOCK + lane] = (int16_t)clipped((even[i] + odd[i]) >> COSINE_BITS,
                                                     SAMPLE_LIMIT);
            out[(BLOCK - 1 - i) * BLOCK + lane] = (int16_t)clipped(
                (even[i] - odd[i]) >> COSINE_BITS, SAMPLE_LIMIT);
        }
    }
}

static void inverse_block(const int16_t *coefficients, int step, int16_t *pixels, ptrdiff_t stride)
{
    int16_t scaled[N_COEFFICIENTS], a[N_COEFFICIENTS], b[N_COEFFICIENTS];

    for (int i = 0; i < N_COEFFICIENTS; i++) {
        int32_t value = (coefficients[i] * step + (1 << (DEQUANTIZE_BITS - 1))) >> DEQUANTIZE_BITS;

        scaled[i] = (int16_t)clipped(value, SAMPLE_LIMIT);
    }
    for (int i = 0; i < N_COEFFICIENTS; i++)
        a[centnn_zigzag[i]] = scaled[i];
    inverse_pass(a, b);
    turn(b, BLOCK, a, BLOCK);
    inverse_pass(a, b);
    turn(b, BLOCK, pixels, stride);
}

static void inverse_row(const int16_t *blocks, int columns, int step, int16_t *pixels,
                        ptrdiff_t stride)
{
    for (int column = 0; column < columns; column++)
        inverse_block(blocks + (ptrdiff_t)column * N_COEFFICIENTS, step, pixels + column * BLOCK,
                      stride);
}

/* Undoes the rotation of n columns across a border, which is above rows[4]. */
INLINE void unrotate(int16_t *above, int16_t *below, ptrdiff_t stride, int n)
{
    for (int lane = 0; lane < n; lane++) {
        int32_t d[HALF];

        for (int j = 0; j < HALF; j++)
            d[j] = above[(HALF - 1 - j) * stride + lane] - below[j * stride + lane];
        for (int i = 0; i < HALF; i++) {
            int32_t change = 1 << (ROTATION_BITS - 1);

            for (int j = 0; j < HALF; j++)
                change += integer_rotation[i][j] * d[j];
            change >>= ROTATION_BITS;
            above[(HALF - 1 - i) * stride + lane] = (int16_t)clipped(
                above[(HALF - 1 - i) * stride + lane] + change, SAMPLE_LIMIT);
            below[i * stride + lane] = (int16_t)clipped(below[i * stride + lane] - change,
                                                        SAMPLE_LIMIT);
        }
    }
}

/* Undoes the rotations across a border of rows: of four above it and four below. */
static void unlap_rows(const centnn_canvas *canvas, int16_t *rows)
{
    unrotate(rows, rows + HALF * canvas->stride, canvas->stride, canvas->columns * BLOCK);
}

/* Undoes the rotations across the borders of columns, in n rows. */
static void unlap_columns(const centnn_canvas *canvas, int16_t *rows, int n)
{
    for (int column = 1; column < canvas->columns; column++) {
        int16_t *at = rows + column * BLOCK - HALF;
        int16_t turned[N_COEFFICIENTS], back[N_COEFFICIENTS];

        for (int y = 0; y < n; y++)
            memcpy(back + y * BLOCK, at + y * canvas->stride, BLOCK * sizeof *back);
        turn(back, BLOCK, turned, BLOCK);
        unrotate(turned, turned + HALF * BLOCK, BLOCK, BLOCK);
        turn(turned, BLOCK, back, BLOCK);
        for (int y = 0; y < n; y++)
            memcpy(at + y * canvas->stride, back + y * BLOCK, BLOCK * sizeof *back);
    }
}
