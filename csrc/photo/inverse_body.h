/*
 * inverse_body.h - the inverse of the lapped cosine transform
 */
enum {
    COSINE_BITS = 12,
    ROTATION_BITS = 14,
    DEQUANTIZE_BITS = 4 + STEP_BITS - PIXEL_BITS,
    SAMPLE_LIMIT = 16383
};

/* integer_cosines[f][i] = 2^12 * a * cos(pi * f * (2 * i + 1) / 16), rounded; the other half
 * follows by symmetry. */
static const int32_t integer_cosines[BLOCK][HALF] = {
    {1448, 1448, 1448, 1448},   {2009, 1703, 1138, 400},    {1892, 784, -784, -1892},
    {1703, -400, -2009, -1138}, {1448, -1448, -1448, 1448}, {1138, -2009, 400, 1703},
    {784, -1892, 1892, -784},   {400, -1138, 1703, -2009}};

/* The transpose of the rotation less the identity, halved, times 2^14. */
static const int32_t integer_rotation[HALF][HALF] = {
    {-943, -3702, 922, -68}, {3815, -1159, -1752, 130}, {0, 1986, -266, -587}, {0, 0, 605, -22}};

#if defined(__SSE2__)
#include "inverse_lanes.h"
#else
#include "inverse_plain.h"
#endif

static void unlap_row(const centnn_canvas *canvas, int row)
{
    bool is_first = row < 0, is_last = row + 1 == canvas->rows;
    int16_t *rows = canvas_line(canvas, is_first ? 0 : row * BLOCK + HALF);

    if (!is_first && !is_last)
        unlap_rows(canvas, rows);
    unlap_columns(canvas, rows, is_first || is_last ? HALF : BLOCK);
}
