/*
 * transform_body.h - the lapped cosine transform
 *
 * The rotation across a border works on the differences d[j] of the j-th samples on either side:
 * what it adds on one side it takes away on the other. (Tran, Liang and Tu, "Lapped transform via
 * time-domain pre- and post-filtering", 2003, with a rotation of our own, found on photographs.)
 * The format does not specify it: it is in floats, each operation on its own.
 */

/* cosines[f][i] = a * cos(pi * f * (2 * i + 1) / 16); the other half follows by symmetry. */
static const float cosines[BLOCK][HALF] = {{0.35355338F, 0.35355338F, 0.35355338F, 0.35355338F},
                                           {0.49039263F, 0.41573480F, 0.27778512F, 0.09754516F},
                                           {0.46193978F, 0.19134171F, -0.19134171F, -0.46193978F},
                                           {0.41573480F, -0.09754516F, -0.49039263F, -0.27778512F},
                                           {0.35355338F, -0.35355338F, -0.35355338F, 0.35355338F},
                                           {0.27778512F, -0.49039263F, 0.09754516F, 0.41573480F},
                                           {0.19134171F, -0.46193978F, 0.46193978F, -0.19134171F},
                                           {0.09754516F, -0.27778512F, 0.41573480F, -0.49039263F}};

static const float rotation[HALF][HALF] = {{-0.05753788F, 0.23286750F, 0, 0},
                                           {-0.22592337F, -0.07073213F, 0.12119294F, 0},
                                           {0.05628965F, -0.10695369F, -0.01623480F, 0.03692719F},
                                           {-0.00416862F, 0.00792063F, -0.03582601F, -0.00136548F}};

/* Rotates `lanes` columns of 8 rows, the border being between the fourth and the fifth. */
static void rotate_rows(float *rows, ptrdiff_t stride, int lanes)
{
    for (int lane = 0; lane < lanes; lane++) {
        float d[HALF];

        for (int j = 0; j < HALF; j++)
            d[j] = rows[(HALF - 1 - j) * stride + lane] - rows[(HALF + j) * stride + lane];
        for (int i = 0; i < HALF; i++) {
            float change = rotation[i][0] * d[0] + rotation[i][1] * d[1] + rotation[i][2] * d[2] +
                           rotation[i][3] * d[3];

            rows[(HALF - 1 - i) * stride + lane] += change;
            rows[(HALF + i) * stride + lane] -= change;
        }
    }
}

static void rotate_columns(float *row)
{
    rotate_rows(row, 1, 1);
}

/* out[f][lane] = sum over i of cosines[f][i] * in[i][lane], both with rows of BLOCK lanes. */
static void cosine_pass(const float *in, ptrdiff_t stride, float out[BLOCK][BLOCK])
{
    float sums[HALF][BLOCK], differences[HALF][BLOCK];

    for (int i = 0; i < HALF; i++) {
        for (int lane = 0; lane < BLOCK; lane++) {
            float a = in[i * stride + lane], b = in[(BLOCK - 1 - i) * stride + lane];

            sums[i][lane] = a + b;
            differences[i][lane] = a - b;
        }
    }
    for (int f = 0; f < BLOCK; f++) {
        float (*from)[BLOCK] = f % 2 ? differences : sums;

        for (int lane = 0; lane < BLOCK; lane++)
            out[f][lane] = cosines[f][0] * from[0][lane] + cosines[f][1] * from[1][lane] +
                           cosines[f][2] * from[2][lane] + cosines[f][3] * from[3][lane];
    }
}

/* Blocks of a row that are transformed together, and half a block on either side. */
enum { N_TRANSFORMED = 32, STRIP = (N_TRANSFORMED + 1) * BLOCK };

/* The 16 lines around a row of blocks, from column `first` on, continued beyond both ends. */
static void load_strip(const uint8_t *lines, int width, int first, int n, float strip[][STRIP])
{
    int begin = first < 0 ? -first : 0, end = width - first < n ? width - first : n;

    for (int y = 0; y < 2 * BLOCK; y++, lines += width) {
        for (int x = begin; x < end; x++)
            strip[y][x] = (float)lines[first + x] - 128.0F;
        for (int x = 0; x < begin; x++)
            strip[y][x] = strip[y][begin];
        for (int x = end; x < n; x++)
            strip[y][x] = (float)lines[width - 1] - 128.0F;
    }
}

/* Numbers * scale, limited and rounded, halves away from zero: n of them, a multiple of 8. */
#if defined(__SSE2__)

INLINE __m128i rounded_floats(const float *numbers, __m128 scale)
{
    const __m128 limit = _mm_set1_ps(16383.0F), sign_bit = _mm_set1_ps(-0.0F);
    __m128 x = _mm_mul_ps(_mm_loadu_ps(numbers), scale);
    __m128 half = _mm_or_ps(_mm_and_ps(x, sign_bit), _mm_set1_ps(0.5F));

    x = _mm_min_ps(_mm_max_ps(x, _mm_xor_ps(limit, sign_bit)), limit);
    return _mm_cvttps_epi32(_mm_add_ps(x, half));
}

INLINE void round_floats(const float *numbers, float scale, int n, int16_t *rounded)
{
    for (int i = 0; i < n; i += 8)
        _mm_storeu_si128((__m128i *)(void *)(rounded + i),
                         _mm_packs_epi32(rounded_floats(numbers + i, _mm_set1_ps(scale)),
                                         rounded_floats(numbers + i + 4, _mm_set1_ps(scale))));
}

#else

INLINE void round_floats(const float *numbers, float scale, int n, int16_t *rounded)
{
    for (int i = 0; i < n; i++) {
        float x = numbers[i] * scale;

        x = x < -16383.0F ? -16383.0F : x > 16383.0F ? 16383.0F : x;
        rounded[i] = (int16_t)(x < 0 ? x - 0.5F : x + 0.5F);
    }
}

#endif

/* Coefficients of a block, whose columns are in rows, in the order of the zigzag. */
static void quantize(const float *block, float scale, int16_t *coefficients)
{
    int16_t rounded[N_COEFFICIENTS];

    round_floats(block, scale, N_COEFFICIENTS, rounded);
    for (int i = 0; i < N_COEFFICIENTS; i++)
        coefficients[i] = rounded[centnn_zigzag[i] % BLOCK * BLOCK + centnn_zigzag[i] / BLOCK];
}

/* Rotates across the borders of blocks `first` to `first + n` of a row. */
static void rotate_strip(float strip[][STRIP], const centnn_extent *plane, int row, int first,
                         int n)
{
    if (row > 0)
        rotate_rows(strip[0], STRIP, (n + 1) * BLOCK);
    if (row + 1 < plane->rows)
        rotate_rows(strip[BLOCK], STRIP, (n + 1) * BLOCK);
    for (int y = HALF; y < HALF + BLOCK; y++) {
        for (int i = first > 0 ? 0 : 1; i <= n && first + i < plane->columns; i++)
            rotate_columns(strip[y] + i * BLOCK);
    }
}

static void transform_row(const uint8_t *lines, const centnn_extent *plane, int row, int step,
                          int16_t *coefficients)
{
    float scale = 16.0F * (1 << STEP_BITS) / (float)step, strip[2 * BLOCK][STRIP];

    for (int first = 0; first < plane->columns; first += N_TRANSFORMED) {
        int n = plane->columns - first < N_TRANSFORMED ? plane->columns - first : N_TRANSFORMED;

        load_strip(lines, plane->width, first * BLOCK - HALF, (n + 1) * BLOCK, strip);
        rotate_strip(strip, plane, row, first, n);
        for (int i = 0; i < n; i++, coefficients += N_COEFFICIENTS) {
            float once[BLOCK][BLOCK], turned[BLOCK][BLOCK];

            cosine_pass(strip[HALF] + HALF + i * BLOCK, STRIP, once);
            for (int y = 0; y < BLOCK; y++) {
                for (int x = 0; x < BLOCK; x++)
                    turned[x][y] = once[y][x];
            }
            cosine_pass(turned[0], BLOCK, once);
            quantize(once[0], scale, coefficients);
        }
    }
}
