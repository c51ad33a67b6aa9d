/*
 * simd_avx512.h - the vector layer (described in simd_scalar.h) for AVX-512
 */
#include <immintrin.h>
#include <math.h>

#include "real.h"

#if REAL_BITS == 64
typedef __m512d vec;
typedef __mmask8 mask;
#define WIDTH 8
#define PER_TYPE(operation) _mm512_##operation##_pd
#define TO_MASK _mm512_cmp_pd_mask
#else
typedef __m512 vec;
typedef __mmask16 mask;
#define WIDTH 16
#define PER_TYPE(operation) _mm512_##operation##_ps
#define TO_MASK _mm512_cmp_ps_mask
#endif

/* A panel is one vector. Short rows: 12 accumulators, broadcasts from memory inside the FMA. Long
 * rows: 24 accumulators, to read less of both operands. */
#define DENSE_ROWS 12
#define DENSE_PANELS 1
#define LONG_ROW 32
#define LONG_ROWS 6
#define LONG_PANELS 4
#define COLUMN_VECTORS_FEW 4
#define COLUMN_CODEWORDS_FEW 2
#define COLUMN_VECTORS 4
#define COLUMN_CODEWORDS 4

#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx2,fma"))), \
                             apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx512dq,avx2,fma")
#endif

INLINE vec v_load(const real *p)
{
    return PER_TYPE(loadu)(p);
}

INLINE void v_store(real *p, vec a)
{
    PER_TYPE(storeu)(p, a);
}

INLINE vec v_set1(real a)
{
    return PER_TYPE(set1)(a);
}

INLINE vec v_min(vec a, vec b)
{
    return PER_TYPE(min)(a, b);
}

INLINE vec v_max(vec a, vec b)
{
    return PER_TYPE(max)(a, b);
}

INLINE vec v_add(vec a, vec b)
{
    return PER_TYPE(add)(a, b);
}

INLINE vec v_sub(vec a, vec b)
{
    return PER_TYPE(sub)(a, b);
}

INLINE vec v_fmadd(vec a, vec b, vec c)
{
    return PER_TYPE(fmadd)(a, b, c);
}

INLINE vec v_fnmadd(vec a, vec b, vec c)
{
    return PER_TYPE(fnmadd)(a, b, c);
}

INLINE mask v_less(vec a, vec b)
{
    return TO_MASK(a, b, _CMP_LT_OQ);
}

INLINE vec v_select(mask m, vec a, vec b)
{
    return PER_TYPE(mask_blend)(m, b, a);
}

INLINE unsigned v_near(vec a, vec b)
{
    return TO_MASK(a, b, _CMP_NGT_UQ);
}

#if REAL_BITS == 64
INLINE void v_transpose(vec row[WIDTH])
{
    vec pair[WIDTH], half[WIDTH]; /* 2 x 2 squares, then 4 x 4 squares, are in place */

    UNROLL
    for (int r = 0; r < WIDTH; r += 2) {
        pair[r] = _mm512_unpacklo_pd(row[r], row[r + 1]);
        pair[r + 1] = _mm512_unpackhi_pd(row[r], row[r + 1]);
    }
    UNROLL
    for (int r = 0; r < WIDTH; r += 4) {
        UNROLL
        for (int q = 0; q < 2; q++) {
            half[r + q] = _mm512_shuffle_f64x2(pair[r + q], pair[r + q + 2], 0x88);
            half[r + q + 2] = _mm512_shuffle_f64x2(pair[r + q], pair[r + q + 2], 0xdd);
        }
    }
    UNROLL
    for (int r = 0; r < 4; r++) {
        row[r] = _mm512_shuffle_f64x2(half[r], half[r + 4], 0x88);
        row[r + 4] = _mm512_shuffle_f64x2(half[r], half[r + 4], 0xdd);
    }
}
#else
INLINE void v_transpose(vec row[WIDTH])
{
    vec pair[WIDTH], half[WIDTH]; /* 2 x 2 squares, then 4 x 4 and 8 x 8 ones, are in place */

    UNROLL
    for (int r = 0; r < WIDTH; r += 2) {
        pair[r] = _mm512_unpacklo_ps(row[r], row[r + 1]);
        pair[r + 1] = _mm512_unpackhi_ps(row[r], row[r + 1]);
    }
    UNROLL
    for (int r = 0; r < WIDTH; r += 4) {
        half[r] = _mm512_shuffle_ps(pair[r], pair[r + 2], 0x44);
        half[r + 1] = _mm512_shuffle_ps(pair[r], pair[r + 2], 0xee);
        half[r + 2] = _mm512_shuffle_ps(pair[r + 1], pair[r + 3], 0x44);
        half[r + 3] = _mm512_shuffle_ps(pair[r + 1], pair[r + 3], 0xee);
    }
    UNROLL
    for (int r = 0; r < WIDTH; r += 8) {
        UNROLL
        for (int q = 0; q < 4; q++) {
            pair[r + q] = _mm512_shuffle_f32x4(half[r + q], half[r + q + 4], 0x88);
            pair[r + q + 4] = _mm512_shuffle_f32x4(half[r + q], half[r + q + 4], 0xdd);
        }
    }
    UNROLL
    for (int r = 0; r < 8; r++) {
        row[r] = _mm512_shuffle_f32x4(pair[r], pair[r + 8], 0x88);
        row[r + 8] = _mm512_shuffle_f32x4(pair[r], pair[r + 8], 0xdd);
    }
}
#endif

INLINE real v_least(vec a)
{
    return PER_TYPE(reduce_min)(a);
}
