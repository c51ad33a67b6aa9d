/*
 * colour.h - from red, green and blue to luma and chroma
 */
#ifndef CENTNN_PHOTO_COLOUR_H
#define CENTNN_PHOTO_COLOUR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Splits (height, width, 3) pixels into planes without gaps: Y, and Cb and Cr of the same size or,
 * if halved, of half the rows and columns, rounded up. */
void centnn_to_planes(const uint8_t *pixels, int width, int height, bool halved, uint8_t *luma,
                      uint8_t *blue, uint8_t *red);

#endif
