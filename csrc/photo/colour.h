/*
 * colour.h - from red, green and blue to luma and chroma
 */
#ifndef CENTNN_PHOTO_COLOUR_H
#define CENTNN_PHOTO_COLOUR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../compiler.h"

INLINE uint8_t limited_to_8_bits(int32_t x)
{
    return (uint8_t)(x < 0 ? 0 : x > 255 ? 255 : x);
}

/* A picture: grey, or red, green and blue. Its planes are Y, and Cb and Cr of the same size or, if
 * halved, of half the rows and columns, rounded up. */
typedef struct {
    const uint8_t *at;
    ptrdiff_t stride;
    int width, height, channels;
    bool halved;
} centnn_pixels;

/* Writes line y of a plane, number 0, 1 or 2. */
void centnn_plane_line(const centnn_pixels *pixels, int plane, int y, uint8_t *line);

#endif
