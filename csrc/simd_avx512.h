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

/* By gathers: rows are transposed once, and then read for each codeword. */
INLINE void v_transpose(vec row[WIDTH])
{
    real square[WIDTH][WIDTH];

    for (int r = 0; r < WIDTH; r++)
        v_store(square[r], row[r]);
    for (int r = 0; r < WIDTH; r++) {
#if REAL_BITS == 64
        const __m256i index = _mm256_setr_epi32(0, 8, 16, 24, 32, 40, 48, 56);

        row[r] = _mm512_i32gather_pd(index, &square[0][r], 8);
#else
        const __m512i index = _mm512_setr_epi32(0, 16, 32, 48, 64, 80, 96, 112, 128, 144, 160, 176,
                                                192, 208, 224, 240);

        row[r] = _mm512_i32gather_ps(index, &square[0][r], 4);
#endif
    }
}

INLINE real v_least(vec a)
{
    return PER_TYPE(reduce_min)(a);
}
