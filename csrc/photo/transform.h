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
 * coefficients were that they come from: so there is a block of padding around those of a band. */
typedef struct {
    int rows, columns; /* of blocks */
    int band_rows;     /* of a band; the last may have fewer */
    ptrdiff_t stride;  /* pixels */
    int16_t *pixels;   /* the first one */
    uint8_t *textures; /* of blocks, (rows, columns) */
} centnn_canvas;

/* Line y, beyond the padding between the bands before it. */
INLINE int16_t *canvas_line(const centnn_canvas *canvas, int y)
{
    ptrdiff_t padding = (ptrdiff_t)(y / (canvas->band_rows * BLOCK)) * 2 * BLOCK;

    return canvas->pixels + (y + padding) * canvas->stride;
}

/* Where each coefficient is in a block: row * 8 + column of frequencies. */
extern const uint8_t centnn_zigzag[N_COEFFICIENTS];

#endif
