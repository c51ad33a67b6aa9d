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

/* A panel is one vector. Short rows: 12 accumulators, broadcasts from memory inside the FMA. Long rows: 24 accumulators,
 * to read less of both operands. */
#define DENSE_ROWS 12
#define DENSE_PANELS 1
#define LONG_ROW 32
#define LONG_ROWS 6
#define LONG_PANELS 4
#define COLUMN_VECTORS_FEW 4
#define COLUMN_VECTORS 4

#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx2,fma"))), apply_to = function)
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

INLINE real v_least(vec a)
{
    return PER_TYPE(reduce_min)(a);
}
