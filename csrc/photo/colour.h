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

/* Splits (height, width, 3) pixels into planes without gaps: Y, and Cb and Cr of the same size or,
 * if halved, of half the rows and columns, rounded up. */
void centnn_to_planes(const uint8_t *pixels, int width, int height, bool halved, uint8_t *luma,
                      uint8_t *blue, uint8_t *red);

#endif
