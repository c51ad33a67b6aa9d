/*
 * colour.c - from red, green and blue to luma and chroma, and back (ITU-T T.871, as JPEG does)
 */
#include "colour.h"

#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

static uint8_t limited_to_8_bits(int32_t x)
{
    return (uint8_t)(x < 0 ? 0 : x > 255 ? 255 : x);
}

static void split_luma(const uint8_t *pixels, size_t n, uint8_t *luma)
{
    for (size_t i = 0; i < n; i++)
        luma[i] = (uint8_t)((19595 * pixels[3 * i] + 38470 * pixels[3 * i + 1] +
                             7471 * pixels[3 * i + 2] + 32768) >>
                            16);
}

/* From sums of 2^shift pixels. */
static void split_chroma(int red, int green, int blue, int shift, uint8_t *cb, uint8_t *cr)
{
    int32_t middle = (257 << (15 + shift));

    *cb = limited_to_8_bits((-11059 * red - 21709 * green + 32768 * blue + middle - 1) >>
                            (16 + shift));
    *cr = limited_to_8_bits((32768 * red - 27439 * green - 5329 * blue + middle - 1) >>
                            (16 + shift));
}

void centnn_to_planes(const uint8_t *pixels, int width, int height, bool halved, uint8_t *luma,
                      uint8_t *blue, uint8_t *red)
{
    int scale = halved ? 2 : 1;

    split_luma(pixels, (size_t)width * (size_t)height, luma);
    for (int y = 0; y < height; y += scale) {
        const uint8_t *above = pixels + (ptrdiff_t)y * width * 3;
        const uint8_t *below = halved && y + 1 < height ? above + (ptrdiff_t)width * 3 : above;

        for (int x = 0; x < width; x += scale) {
            ptrdiff_t left = 3 * (ptrdiff_t)x;
            ptrdiff_t right = halved && x + 1 < width ? left + 3 : left;
            int sums[3];

            for (int c = 0; c < 3; c++)
                sums[c] = halved ? above[left + c] + above[right + c] + below[left + c] +
                                       below[right + c]
                                 : above[left + c];
            split_chroma(sums[0], sums[1], sums[2], halved ? 2 : 0, blue++, red++);
        }
    }
}

void centnn_double_row(const uint8_t *near, const uint8_t *far, int width, uint16_t *sums,
                       uint8_t *out)
{
    int n = (width + 1) / 2;

    for (int i = 0; i < n; i++)
        sums[i] = (uint16_t)(3 * near[i] + far[i]);
    for (int i = 1; i < n - 1; i++) {
        out[2 * i] = (uint8_t)((3 * sums[i] + sums[i - 1] + 8) >> 4);
        out[2 * i + 1] = (uint8_t)((3 * sums[i] + sums[i + 1] + 8) >> 4);
    }
    for (int x = 0; x < width; x = x == 1 && n > 2 ? 2 * n - 2 : x + 1) { /* both ends */
        int other = x % 2 ? x / 2 + 1 : x / 2 - 1;

        other = other < 0 ? 0 : other < n ? other : n - 1;
        out[x] = (uint8_t)((3 * sums[x / 2] + sums[other] + 8) >> 4);
    }
}

static void pixel_to_rgb(int luma, int blue, int red, uint8_t *out)
{
    int32_t y = 65536 * luma + 32768, b = blue - 128, r = red - 128;

    out[0] = limited_to_8_bits((y + 91881 * r) >> 16);
    out[1] = limited_to_8_bits((y - 22554 * b - 46802 * r) >> 16);
    out[2] = limited_to_8_bits((y + 116130 * b) >> 16);
}

#if defined(__SSE2__)

enum { AT_ONCE = 8 };

/* (p * a + q * b + 32768) >> 16 for 8 numbers each of a and b. */
static __m128i weighted(__m128i a, int p, __m128i b, int q)
{
    const __m128i weights = _mm_set1_epi32((int)((uint32_t)q << 16 | (uint16_t)p));
    const __m128i half = _mm_set1_epi32(32768);
    __m128i low = _mm_madd_epi16(_mm_unpacklo_epi16(a, b), weights);
    __m128i high = _mm_madd_epi16(_mm_unpackhi_epi16(a, b), weights);

    low = _mm_srai_epi32(_mm_add_epi32(low, half), 16);
    high = _mm_srai_epi32(_mm_add_epi32(high, half), 16);
    return _mm_packs_epi32(low, high);
}

static __m128i load_16_bits(const uint8_t *bytes)
{
    return _mm_unpacklo_epi8(_mm_loadl_epi64((const __m128i *)(const void *)bytes),
                             _mm_setzero_si128());
}

/* Converts AT_ONCE pixels, by weights less whole ones, so that they fit 16 bits. Writes a byte more
 * than those pixels have. */
static void pixels_to_rgb(const uint8_t *luma, const uint8_t *blue, const uint8_t *red,
                          uint8_t *out)
{
    const __m128i middle = _mm_set1_epi16(128);
    __m128i y = load_16_bits(luma), b = _mm_sub_epi16(load_16_bits(blue), middle);
    __m128i r = _mm_sub_epi16(load_16_bits(red), middle);
    __m128i of_red = _mm_add_epi16(_mm_add_epi16(y, r), weighted(r, 91881 - 65536, b, 0));
    __m128i of_green = _mm_add_epi16(_mm_sub_epi16(y, r), weighted(b, -22554, r, 65536 - 46802));
    __m128i of_blue = _mm_add_epi16(_mm_add_epi16(y, _mm_add_epi16(b, b)),
                                    weighted(b, 116130 - 131072, r, 0));
    __m128i rg = _mm_unpacklo_epi8(_mm_packus_epi16(of_red, of_red),
                                   _mm_packus_epi16(of_green, of_green));
    __m128i b0 = _mm_unpacklo_epi8(_mm_packus_epi16(of_blue, of_blue), _mm_setzero_si128());
    uint32_t pixels[AT_ONCE];

    _mm_storeu_si128((__m128i *)(void *)pixels, _mm_unpacklo_epi16(rg, b0));
    _mm_storeu_si128((__m128i *)(void *)(pixels + 4), _mm_unpackhi_epi16(rg, b0));
    for (int i = 0; i < AT_ONCE; i++)
        memcpy(out + 3 * i, &pixels[i], sizeof pixels[i]);
}

#else

enum { AT_ONCE = 1 };

static void pixels_to_rgb(const uint8_t *luma, const uint8_t *blue, const uint8_t *red,
                          uint8_t *out)
{
    pixel_to_rgb(*luma, *blue, *red, out);
}

#endif

void centnn_to_rgb(const uint8_t *luma, const uint8_t *blue, const uint8_t *red, int n,
                   uint8_t *out)
{
    int i = 0;

    for (; i + AT_ONCE < n; i += AT_ONCE)
        pixels_to_rgb(luma + i, blue + i, red + i, out + 3 * i);
    for (; i < n; i++)
        pixel_to_rgb(luma[i], blue[i], red[i], out + 3 * i);
}
