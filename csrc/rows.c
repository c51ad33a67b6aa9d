/*
 * rows.c - rows of any type and strides as tiles that kernels read
 */
#include "rows.h"

#include <string.h>

size_t centnn_dtype_size(centnn_dtype dtype)
{
    switch (dtype) {
    case CENTNN_U8:
        return 1;
    case CENTNN_U16:
    case CENTNN_F16:
        return 2;
    case CENTNN_F32:
        return 4;
    case CENTNN_F64:
        return 8;
    }
    return 0;
}

/* An IEEE half as float, exactly, without branches or subnormal arithmetic (which a caller may have
 * switched off). */
static inline float half_to_float(uint16_t half)
{
    const uint32_t magnitude = half & 0x7fffu, mantissa = half & 0x3ffu;
    const uint32_t special = magnitude >= 0x7c00 ? 0x38000000u
                                                 : 0; /* inf and NaN: the largest exponent again */
    const uint32_t normal = (magnitude << 13) + 0x38000000u + special;
    const float subnormal = (float)(int32_t)mantissa * 0x1p-24f;
    uint32_t bits;
    float x;

    memcpy(&bits, &subnormal, sizeof bits);
    bits = (magnitude < 0x400 ? bits : normal) | (uint32_t)(half & 0x8000u) << 16;
    memcpy(&x, &bits, sizeof x);
    return x;
}

#define AS_IS(x) (x)

/* Converts n rows of d elements of type `from`. memcpy, because strided elements need not be
 * aligned; where a row's elements are adjacent, the inner loop is one that compilers vectorize. */
#define DEFINE_CONVERT(name, from, to, conversion)                               \
    static void name(const char *data, size_t n, size_t d, ptrdiff_t row_stride, \
                     ptrdiff_t col_stride, to *out)                              \
    {                                                                            \
        if (col_stride == (ptrdiff_t)sizeof(from) &&                             \
            row_stride == (ptrdiff_t)(d * sizeof(from))) {                       \
            d *= n; /* all in one piece */                                       \
            n = 1;                                                               \
        }                                                                        \
        for (size_t i = 0; i < n; i++) {                                         \
            const char *row = data + (ptrdiff_t)i * row_stride;                  \
            from x;                                                              \
                                                                                 \
            if (col_stride == (ptrdiff_t)sizeof(from)) {                         \
                for (size_t j = 0; j < d; j++) {                                 \
                    memcpy(&x, row + j * sizeof x, sizeof x);                    \
                    out[i * d + j] = (to)conversion(x);                          \
                }                                                                \
            } else {                                                             \
                for (size_t j = 0; j < d; j++) {                                 \
                    memcpy(&x, row + (ptrdiff_t)j * col_stride, sizeof x);       \
                    out[i * d + j] = (to)conversion(x);                          \
                }                                                                \
            }                                                                    \
        }                                                                        \
    }

DEFINE_CONVERT(u8_to_f32, uint8_t, float, AS_IS)
DEFINE_CONVERT(u16_to_f32, uint16_t, float, AS_IS)
DEFINE_CONVERT(f16_to_f32, uint16_t, float, half_to_float)
DEFINE_CONVERT(f32_to_f32, float, float, AS_IS)
DEFINE_CONVERT(u8_to_f64, uint8_t, double, AS_IS)
DEFINE_CONVERT(u16_to_f64, uint16_t, double, AS_IS)
DEFINE_CONVERT(f16_to_f64, uint16_t, double, half_to_float)
DEFINE_CONVERT(f32_to_f64, float, double, AS_IS)
DEFINE_CONVERT(f64_to_f64, double, double, AS_IS)

static void convert_to_f32(const char *data, const centnn_rows *rows, size_t n, float *out)
{
    const size_t d = rows->d;
    const ptrdiff_t row_stride = rows->row_stride, col_stride = rows->col_stride;

    switch (rows->dtype) {
    case CENTNN_U8:
        u8_to_f32(data, n, d, row_stride, col_stride, out);
        break;
    case CENTNN_U16:
        u16_to_f32(data, n, d, row_stride, col_stride, out);
        break;
    case CENTNN_F16:
        f16_to_f32(data, n, d, row_stride, col_stride, out);
        break;
    case CENTNN_F32:
        f32_to_f32(data, n, d, row_stride, col_stride, out);
        break;
    case CENTNN_F64: /* refused by the callers */
        break;
    }
}

static void convert_to_f64(const char *data, const centnn_rows *rows, size_t n, double *out)
{
    const size_t d = rows->d;
    const ptrdiff_t row_stride = rows->row_stride, col_stride = rows->col_stride;

    switch (rows->dtype) {
    case CENTNN_U8:
        u8_to_f64(data, n, d, row_stride, col_stride, out);
        break;
    case CENTNN_U16:
        u16_to_f64(data, n, d, row_stride, col_stride, out);
        break;
    case CENTNN_F16:
        f16_to_f64(data, n, d, row_stride, col_stride, out);
        break;
    case CENTNN_F32:
        f32_to_f64(data, n, d, row_stride, col_stride, out);
        break;
    case CENTNN_F64:
        f64_to_f64(data, n, d, row_stride, col_stride, out);
        break;
    }
}

centnn_tile centnn_load_tile(const centnn_rows *rows, size_t first, size_t n,
                             centnn_dtype precision, void *memory)
{
    const char *data = (const char *)rows->data + (ptrdiff_t)first * rows->row_stride;
    const size_t size = real_size(precision);
    centnn_tile tile = {memory, rows->d, n};

    if (rows->dtype == precision && (rows->d == 1 || rows->col_stride == (ptrdiff_t)size) &&
        rows->row_stride >= 0 && (size_t)rows->row_stride % size == 0 &&
        (uintptr_t)data % size == 0) {
        tile.rows = data;
        tile.stride = (size_t)rows->row_stride / size;
    } else if (precision == CENTNN_F64) {
        convert_to_f64(data, rows, n, memory);
    } else {
        convert_to_f32(data, rows, n, memory);
    }
    return tile;
}
