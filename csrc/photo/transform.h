/*
 * transform.h - what the lapped cosine transform works on
 *
 * An orthogonal transform: rotations across the borders of blocks, then the cosine transform of
 * each block of 8 x 8. The inverse, and the filter after it, are specified to the bit.
 */
#ifndef CENTNN_PHOTO_TRANSFORM_H
#define CENTNN_PHOTO_TRANSFORM_H

#include "model.h"

enum {
    HALF = BLOCK / 2,
    PIXEL_BITS = 3, /* after the binary point of pixels on their way */
    STEP_BITS = 6   /* and of the quality's step */
};

/* The pixels of a plane: rows and columns of blocks, counting what is beyond the edges. */
typedef struct {
    int rows, columns;
    int width, height; /* pixels of the whole plane */
    int first_row;     /* of the band */
} centnn_extent;

/* Pixels of a plane as decoded, in eighths of a grey level, less 128 of those. They are where the
 * coefficients were that they come from, and their padding. */
typedef struct {
    int rows, columns; /* of blocks */
    ptrdiff_t stride;  /* pixels */
    int16_t *pixels;   /* the first one */
    uint8_t *textures; /* of blocks, (rows, columns) */
} centnn_canvas;

INLINE int16_t *canvas_line(const centnn_canvas *canvas, int y)
{
    return canvas->pixels + y * canvas->stride;
}

/* Where each coefficient is in a block: row * 8 + column of frequencies. */
extern const uint8_t centnn_zigzag[N_COEFFICIENTS];

#endif
