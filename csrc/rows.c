#include "rows.h"

#include <math.h>
#include <string.h>

/* IEEE 754 binary16: 1 sign bit, 5 of exponent (bias 15), 10 of fraction. */
static double half_to_double(uint16_t half)
{
    int exponent = (half >> 10) & 31;
    int fraction = half & 1023;
    double magnitude;
    if (exponent == 31)
        magnitude = fraction ? NAN : INFINITY;
    else if (exponent == 0)
        magnitude = ldexp(fraction, -24);
    else
        magnitude = ldexp(1024 + fraction, exponent - 25);
    return half & 0x8000 ? -magnitude : magnitude;
}

/* memcpy, since a strided sample need not be aligned for its type. */
#define LOAD(type, convert)                                                 \
    for (size_t j = 0; j < rows->d; j++) {                                  \
        type value;                                                         \
        memcpy(&value, at + (ptrdiff_t)j * rows->col_stride, sizeof value); \
        out[j] = convert(value);                                            \
    }                                                                       \
    break

void centnn_load_row(const centnn_rows *rows, size_t i, double *out)
{
    const char *at = (const char *)rows->data + (ptrdiff_t)i * rows->row_stride;
    switch (rows->dtype) {
    case CENTNN_U8:
        LOAD(uint8_t, (double));
    case CENTNN_U16:
        LOAD(uint16_t, (double));
    case CENTNN_F16:
        LOAD(uint16_t, half_to_double);
    case CENTNN_F32:
        LOAD(float, (double));
    case CENTNN_F64:
        LOAD(double, (double));
    }
}
