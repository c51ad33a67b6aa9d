/*
 * colour.c - from red, green and blue to luma and chroma (ITU-T T.871, as JPEG does)
 */
#include "colour.h"

#include <string.h>

static void luma_line(const uint8_t *pixels, int n, uint8_t *line)
{
    for (ptrdiff_t x = 0; x < n; x++)
        line[x] = (uint8_t)((19595 * pixels[3 * x] + 38470 * pixels[3 * x + 1] +
                             7471 * pixels[3 * x + 2] + 32768) >>
                            16);
}

/* From sums of 2^shift pixels. */
static uint8_t chroma_of(const int32_t weights[3], int red, int green, int blue, int shift)
{
    int32_t middle = (257 << (15 + shift));

    return limited_to_8_bits(
        (weights[0] * red + weights[1] * green + weights[2] * blue + middle - 1) >> (16 + shift));
}

static void chroma_line(const int32_t weights[3], const uint8_t *pixels, int n, uint8_t *line)
{
    for (int x = 0; x < n; x++, pixels += 3)
        line[x] = chroma_of(weights, pixels[0], pixels[1], pixels[2], 0);
}

/* From two lines of n pixels, the second of which may be the first again, as may the last pixel. */
static void halved_line(const int32_t weights[3], const uint8_t *above, const uint8_t *below, int n,
                        uint8_t *line)
{
    for (int x = 0; x < n; x += 2) {
        ptrdiff_t left = 3 * (ptrdiff_t)x, right = x + 1 < n ? left + 3 : left;
        int sums[3];

        for (int c = 0; c < 3; c++)
            sums[c] = above[left + c] + above[right + c] + below[left + c] + below[right + c];
        *line++ = chroma_of(weights, sums[0], sums[1], sums[2], 2);
    }
}

void centnn_plane_line(const centnn_pixels *pixels, int plane, int y, uint8_t *line)
{
    static const int32_t weights[2][3] = {{-11059, -21709, 32768}, {32768, -27439, -5329}};
    bool is_halved = plane > 0 && pixels->halved;
    const uint8_t *from = pixels->at + (is_halved ? 2 * y : y) * pixels->stride;
    int n = pixels->width;

    if (pixels->channels == 1)
        memcpy(line, from, (size_t)n);
    else if (plane == 0)
        luma_line(from, n, line);
    else if (is_halved)
        halved_line(weights[plane - 1], from,
                    2 * y + 1 < pixels->height ? from + pixels->stride : from, n, line);
    else
        chroma_line(weights[plane - 1], from, n, line);
}
