/*
 * finite.c - whether rows hold numbers only
 *
 * A float is infinite or NaN if all bits of its exponent are set. Counting those with integers
 * vectorizes without the flags that would let a compiler reorder float arithmetic.
 */
#include "centnn.h"
#include "rows.h"

#include <string.h>

/* How many of n elements of type `word` at `data`, `stride` bytes apart, have all bits of
 * `exponent`. The count may wrap around to 0 only at 2^16 elements, of the smallest type: callers
 * give it fewer. */
#define DEFINE_COUNT(name, word, exponent)                               \
    static word name(const char *data, size_t n, ptrdiff_t stride)       \
    {                                                                    \
        word count = 0;                                                  \
                                                                         \
        for (size_t i = 0; i < n; i++) {                                 \
            word bits;                                                   \
                                                                         \
            memcpy(&bits, data + (ptrdiff_t)i * stride, sizeof bits);    \
            count = (word)(count + ((bits & (exponent)) == (exponent))); \
        }                                                                \
        return count;                                                    \
    }

DEFINE_COUNT(count_f16, uint16_t, 0x7c00)
DEFINE_COUNT(count_f32, uint32_t, 0x7f800000)
DEFINE_COUNT(count_f64, uint64_t, 0x7ff0000000000000)

#define STEP 32768

/* The stride is tested first so that the common loop has a constant one. */
static int step_is_finite(const char *data, size_t n, ptrdiff_t stride, centnn_dtype dtype)
{
    switch (dtype) {
    case CENTNN_F16:
        return (stride == 2 ? count_f16(data, n, 2) : count_f16(data, n, stride)) == 0;
    case CENTNN_F32:
        return (stride == 4 ? count_f32(data, n, 4) : count_f32(data, n, stride)) == 0;
    case CENTNN_F64:
        return (stride == 8 ? count_f64(data, n, 8) : count_f64(data, n, stride)) == 0;
    case CENTNN_U8:
    case CENTNN_U16:
        return 1;
    }
    return 1;
}

static int run_is_finite(const char *data, size_t n, ptrdiff_t stride, centnn_dtype dtype)
{
    for (size_t i = 0; i < n; i += STEP)
        if (!step_is_finite(data + (ptrdiff_t)i * stride, n - i < STEP ? n - i : STEP, stride,
                            dtype))
            return 0;
    return 1;
}

int centnn_rows_finite(const centnn_rows *rows)
{
    const size_t size = centnn_dtype_size(rows->dtype);
    const char *data = rows->data;

    if (rows->col_stride == (ptrdiff_t)size && rows->row_stride == (ptrdiff_t)(rows->d * size))
        return run_is_finite(data, rows->n * rows->d, rows->col_stride, rows->dtype);
    for (size_t i = 0; i < rows->n; i++)
        if (!run_is_finite(data + (ptrdiff_t)i * rows->row_stride, rows->d, rows->col_stride,
                           rows->dtype))
            return 0;
    return 1;
}
