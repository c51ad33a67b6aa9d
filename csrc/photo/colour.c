/*
 * colour.c - from red, green and blue to luma and chroma (ITU-T T.871, as JPEG does)
 */
#include "colour.h"

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
