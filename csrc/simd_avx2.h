/*
 * simd_avx2.h - the vector layer (described in simd_scalar.h) for AVX2 with FMA
 */
#include <immintrin.h>
#include <math.h>

#include "real.h"

#if REAL_BITS == 64
typedef __m256d vec;
#define WIDTH 4
#define PER_TYPE(operation) _mm256_##operation##_pd
#else
typedef __m256 vec;
#define WIDTH 8
#define PER_TYPE(operation) _mm256_##operation##_ps
#endif
typedef vec mask;

/* 12 accumulators, 2 codeword vectors and a broadcast: 15 of 16 registers. */
#define DENSE_ROWS 6
#define DENSE_PANELS 1
#define COLUMN_VECTORS_FEW 3
#define COLUMN_CODEWORDS_FEW 2
#define COLUMN_VECTORS 2
#define COLUMN_CODEWORDS 4

#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma")
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
    return PER_TYPE(cmp)(a, b, _CMP_LT_OQ);
}

INLINE vec v_select(mask m, vec a, vec b)
{
    return PER_TYPE(blendv)(b, a, m);
}

INLINE unsigned v_near(vec a, vec b)
{
    return (unsigned)PER_TYPE(movemask)(PER_TYPE(cmp)(a, b, _CMP_NGT_UQ));
}

#if REAL_BITS == 64
INLINE void v_transpose(vec row[WIDTH])
{
    const vec a = _mm256_unpacklo_pd(row[0], row[1]), b = _mm256_unpackhi_pd(row[0], row[1]);
    const vec c = _mm256_unpacklo_pd(row[2], row[3]), d = _mm256_unpackhi_pd(row[2], row[3]);

    row[0] = _mm256_permute2f128_pd(a, c, 0x20);
    row[1] = _mm256_permute2f128_pd(b, d, 0x20);
    row[2] = _mm256_permute2f128_pd(a, c, 0x31);
    row[3] = _mm256_permute2f128_pd(b, d, 0x31);
}

INLINE real v_least(vec a)
{
    __m128d m = _mm_min_pd(_mm256_castpd256_pd128(a), _mm256_extractf128_pd(a, 1));

    return _mm_cvtsd_f64(_mm_min_sd(m, _mm_unpackhi_pd(m, m)));
}
#else
INLINE void v_transpose(vec row[WIDTH])
{
    vec pair[WIDTH], half[WIDTH]; /* 2 x 2 squares, then 4 x 4 squares, are in place */

    UNROLL
    for (int r = 0; r < WIDTH; r += 2) {
        pair[r] = _mm256_unpacklo_ps(row[r], row[r + 1]);
        pair[r + 1] = _mm256_unpackhi_ps(row[r], row[r + 1]);
    }
    UNROLL
    for (int r = 0; r < WIDTH; r += 4) {
        half[r] = _mm256_shuffle_ps(pair[r], pair[r + 2], 0x44);
        half[r + 1] = _mm256_shuffle_ps(pair[r], pair[r + 2], 0xee);
        half[r + 2] = _mm256_shuffle_ps(pair[r + 1], pair[r + 3], 0x44);
        half[r + 3] = _mm256_shuffle_ps(pair[r + 1], pair[r + 3], 0xee);
    }
    UNROLL
    for (int r = 0; r < 4; r++) {
        row[r] = _mm256_permute2f128_ps(half[r], half[r + 4], 0x20);
        row[r + 4] = _mm256_permute2f128_ps(half[r], half[r + 4], 0x31);
    }
}

INLINE real v_least(vec a)
{
    __m128 m = _mm_min_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));

    m = _mm_min_ps(m, _mm_movehl_ps(m, m));
    return _mm_cvtss_f32(_mm_min_ss(m, _mm_movehdup_ps(m)));
}
#endif
