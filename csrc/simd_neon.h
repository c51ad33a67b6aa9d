/*
 * simd_neon.h - the vector layer (described in simd_scalar.h) for 64-bit ARM, where NEON is always
 * there
 */
#include <arm_neon.h>
#include <math.h>

#include "real.h"

#if REAL_BITS == 64
typedef float64x2_t vec;
typedef uint64x2_t mask;
#define WIDTH 2
#define PER_TYPE(operation) operation##q_f64
#else
typedef float32x4_t vec;
typedef uint32x4_t mask;
#define WIDTH 4
#define PER_TYPE(operation) operation##q_f32
#endif

/* 24 accumulators, 4 codeword vectors and a broadcast: 29 of 32 registers. */
#define DENSE_ROWS 6
#define DENSE_PANELS 1
#define COLUMN_VECTORS_FEW 4
#define COLUMN_CODEWORDS_FEW 2
#define COLUMN_VECTORS 4
#define COLUMN_CODEWORDS 4

INLINE vec v_load(const real *p)
{
    return PER_TYPE(vld1)(p);
}

INLINE void v_store(real *p, vec a)
{
    PER_TYPE(vst1)(p, a);
}

#if REAL_BITS == 64
INLINE vec v_set1(real a)
{
    return vdupq_n_f64(a);
}

INLINE unsigned v_near(vec a, vec b)
{
    const uint64x2_t greater = vcgtq_f64(a, b);

    return (vgetq_lane_u64(greater, 0) ? 0 : 1u) | (vgetq_lane_u64(greater, 1) ? 0 : 2u);
}
#else
INLINE vec v_set1(real a)
{
    return vdupq_n_f32(a);
}

INLINE unsigned v_near(vec a, vec b)
{
    static const uint32_t bits[4] = {1, 2, 4, 8};

    return vaddvq_u32(vbicq_u32(vld1q_u32(bits), vcgtq_f32(a, b)));
}
#endif

INLINE vec v_min(vec a, vec b)
{
    return PER_TYPE(vmin)(a, b);
}

INLINE vec v_max(vec a, vec b)
{
    return PER_TYPE(vmax)(a, b);
}

INLINE vec v_add(vec a, vec b)
{
    return PER_TYPE(vadd)(a, b);
}

INLINE vec v_sub(vec a, vec b)
{
    return PER_TYPE(vsub)(a, b);
}

INLINE vec v_fmadd(vec a, vec b, vec c)
{
    return PER_TYPE(vfma)(c, a, b);
}

INLINE vec v_fnmadd(vec a, vec b, vec c)
{
    return PER_TYPE(vfms)(c, a, b);
}

INLINE mask v_less(vec a, vec b)
{
    return PER_TYPE(vclt)(a, b);
}

INLINE vec v_select(mask m, vec a, vec b)
{
    return PER_TYPE(vbsl)(m, a, b);
}

#if REAL_BITS == 64
INLINE void v_transpose(vec row[WIDTH])
{
    const vec a = row[0];

    row[0] = vtrn1q_f64(a, row[1]);
    row[1] = vtrn2q_f64(a, row[1]);
}
#else
INLINE void v_transpose(vec row[WIDTH])
{
    const float32x4x2_t a = vtrnq_f32(row[0], row[1]), b = vtrnq_f32(row[2], row[3]);

    row[0] = vcombine_f32(vget_low_f32(a.val[0]), vget_low_f32(b.val[0]));
    row[1] = vcombine_f32(vget_low_f32(a.val[1]), vget_low_f32(b.val[1]));
    row[2] = vcombine_f32(vget_high_f32(a.val[0]), vget_high_f32(b.val[0]));
    row[3] = vcombine_f32(vget_high_f32(a.val[1]), vget_high_f32(b.val[1]));
}
#endif

INLINE real v_least(vec a)
{
    return PER_TYPE(vminv)(a);
}
