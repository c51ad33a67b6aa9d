/*
 * colour.h - from red, green and blue to luma and chroma, and back
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

/* The row between two rows of halved chroma, three quarters of the near one and a quarter of the
 * far one, at twice the columns: width of them. sums has room for as many numbers as a row. */
void centnn_double_row(const uint8_t *near, const uint8_t *far, int width, uint16_t *sums,
                       uint8_t *out);

void centnn_to_rgb(const uint8_t *luma, const uint8_t *blue, const uint8_t *red, int n,
                   uint8_t *out);

#endif
