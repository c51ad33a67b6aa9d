/*
 * colour_body.h - from luma and chroma to red, green and blue (ITU-T T.871, as JPEG does)
 */
#include "colour.h"

INLINE void pixel_to_rgb(int luma, int blue, int red, uint8_t *out)
{
    int32_t y = 65536 * luma + 32768, b = blue - 128, r = red - 128;

    out[0] = limited_to_8_bits((y + 91881 * r) >> 16);
    out[1] = limited_to_8_bits((y - 22554 * b - 46802 * r) >> 16);
    out[2] = limited_to_8_bits((y + 116130 * b) >> 16);
}

/* Columns 2 * i and 2 * i + 1 of a row of n sums, doubled. */
INLINE void double_sum(const uint16_t *sums, int n, int i, int width, uint8_t *out)
{
    int before = sums[i > 0 ? i - 1 : 0], after = sums[i + 1 < n ? i + 1 : i];

    out[2 * i] = (uint8_t)((3 * sums[i] + before + 8) >> 4);
    if (2 * i + 1 < width)
        out[2 * i + 1] = (uint8_t)((3 * sums[i] + after + 8) >> 4);
}

#if defined(__SSE2__)

enum { RUN = (int)sizeof(lanes) / (int)sizeof(int16_t) };

INLINE lanes tripled(lanes x)
{
    return LANES(add_epi16)(x, LANES(add_epi16)(x, x));
}

INLINE void sum_rows(const uint8_t *near, const uint8_t *far, uint16_t *sums)
{
    store_run((int16_t *)sums, LANES(add_epi16)(tripled(load_bytes(near)), load_bytes(far)));
}

/* RUN sums that are neither the first nor the last of a row: to twice as many bytes. */
INLINE void double_sums(const uint16_t *sums, uint8_t *out)
{
    const int16_t *at = (const int16_t *)sums;
    lanes own = LANES(add_epi16)(tripled(load_run(at)), LANES(set1_epi16)(8));
    lanes even = LANES(srli_epi16)(LANES(add_epi16)(own, load_run(at - 1)), 4);
    lanes odd = LANES(srli_epi16)(LANES(add_epi16)(own, load_run(at + 1)), 4);

    store_run((int16_t *)(void *)out, either(even, LANES(slli_epi16)(odd, 8)));
}

/* (p * a + q * b + 32768) >> 16 */
INLINE lanes weighted_sum(lanes a, int p, lanes b, int q)
{
    const lanes weights = LANES(set1_epi32)((int)((uint32_t)q << 16 | (uint16_t)p));
    const lanes half = LANES(set1_epi32)(32768);
    lanes low = LANES(madd_epi16)(LANES(unpacklo_epi16)(a, b), weights);
    lanes high = LANES(madd_epi16)(LANES(unpackhi_epi16)(a, b), weights);

    return shifted(LANES(add_epi32)(low, half), LANES(add_epi32)(high, half), 16);
}

#if defined(WITH_AVX2)

/* Stores 8 pixels of each half: red and green are in the low and high bytes of rg, blue in b. */
INLINE void store_rgb(lanes red, lanes green, lanes blue, uint8_t *out)
{
    const lanes rg = _mm256_packus_epi16(red, green), b = _mm256_packus_epi16(blue, blue);
    const lanes first_rg = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, 8, -1, 1, 9, -1, 2, 10, -1, 3, 11, -1, 4, 12, -1, 5));
    const lanes first_b = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(-1, -1, 0, -1, -1, 1, -1, -1, 2, -1, -1, 3, -1, -1, 4, -1));
    const lanes rest_rg = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(13, -1, 6, 14, -1, 7, 15, -1, -1, -1, -1, -1, -1, -1, -1, -1));
    const lanes rest_b = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(-1, 5, -1, -1, 6, -1, -1, 7, -1, -1, -1, -1, -1, -1, -1, -1));
    lanes first = either(_mm256_shuffle_epi8(rg, first_rg), _mm256_shuffle_epi8(b, first_b));
    lanes rest = either(_mm256_shuffle_epi8(rg, rest_rg), _mm256_shuffle_epi8(b, rest_b));

    _mm_storeu_si128((__m128i *)(void *)out, _mm256_castsi256_si128(first));
    _mm_storel_epi64((__m128i *)(void *)(out + 16), _mm256_castsi256_si128(rest));
    _mm_storeu_si128((__m128i *)(void *)(out + 24), _mm256_extracti128_si256(first, 1));
    _mm_storel_epi64((__m128i *)(void *)(out + 40), _mm256_extracti128_si256(rest, 1));
}

#else

INLINE void store_rgb(lanes red, lanes green, lanes blue, uint8_t *out)
{
    __m128i rg = _mm_unpacklo_epi8(_mm_packus_epi16(red, red), _mm_packus_epi16(green, green));
    __m128i b0 = _mm_unpacklo_epi8(_mm_packus_epi16(blue, blue), _mm_setzero_si128());
    uint32_t pixels[RUN];

    _mm_storeu_si128((__m128i *)(void *)pixels, _mm_unpacklo_epi16(rg, b0));
    _mm_storeu_si128((__m128i *)(void *)(pixels + 4), _mm_unpackhi_epi16(rg, b0));
    for (int i = 0; i < RUN - 1; i++)
        memcpy(out + 3 * i, &pixels[i], sizeof pixels[i]);
    memcpy(out + 3 * (RUN - 1), &pixels[RUN - 1], 3);
}

#endif

/* Converts RUN pixels, by weights less whole ones, so that they fit 16 bits. */
INLINE void pixels_to_rgb(const uint8_t *luma, const uint8_t *blue, const uint8_t *red,
                          uint8_t *out)
{
    const lanes middle = LANES(set1_epi16)(128);
    lanes y = load_bytes(luma), b = LANES(sub_epi16)(load_bytes(blue), middle);
    lanes r = LANES(sub_epi16)(load_bytes(red), middle);

    store_rgb(LANES(add_epi16)(LANES(add_epi16)(y, r), weighted_sum(r, 91881 - 65536, b, 0)),
              LANES(add_epi16)(LANES(sub_epi16)(y, r), weighted_sum(b, -22554, r, 65536 - 46802)),
              LANES(add_epi16)(LANES(add_epi16)(y, LANES(add_epi16)(b, b)),
                               weighted_sum(b, 116130 - 131072, r, 0)),
              out);
}

#else

enum { RUN = 1 };

INLINE void sum_rows(const uint8_t *near, const uint8_t *far, uint16_t *sums)
{
    *sums = (uint16_t)(3 * *near + *far);
}

INLINE void double_sums(const uint16_t *sums, uint8_t *out)
{
    double_sum(sums - 1, 3, 1, 4, out - 2);
}

INLINE void pixels_to_rgb(const uint8_t *luma, const uint8_t *blue, const uint8_t *red,
                          uint8_t *out)
{
    pixel_to_rgb(*luma, *blue, *red, out);
}

#endif

static void double_row(const uint8_t *near, const uint8_t *far, int width, uint16_t *sums,
                       uint8_t *out)
{
    const int n = (width + 1) / 2;
    int i = 0;

    for (; i + RUN <= n; i += RUN)
        sum_rows(near + i, far + i, sums + i);
    for (; i < n; i++)
        sums[i] = (uint16_t)(3 * near[i] + far[i]);
    double_sum(sums, n, 0, width, out);
    for (i = 1; i + RUN < n; i += RUN)
        double_sums(sums + i, out + 2 * i);
    for (; i < n; i++)
        double_sum(sums, n, i, width, out);
}

/* The last run may have pixels of the one before. */
static void to_rgb(const uint8_t *luma, const uint8_t *blue, const uint8_t *red, int n,
                   uint8_t *out)
{
    for (int i = 0; i + RUN <= n; i += RUN)
        pixels_to_rgb(luma + i, blue + i, red + i, out + (ptrdiff_t)3 * i);
    if (n % RUN && n > RUN) {
        n -= RUN;
        pixels_to_rgb(luma + n, blue + n, red + n, out + (ptrdiff_t)3 * n);
    } else if (n < RUN) {
        for (int i = 0; i < n; i++)
            pixel_to_rgb(luma[i], blue[i], red[i], out + (ptrdiff_t)3 * i);
    }
}
