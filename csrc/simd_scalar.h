/*
 * simd_scalar.h - the vector layer in plain C: vectors of one lane. What it computes defines what
 * the others must.
 *
 * A vector layer provides, for the precision REAL_BITS:
 *
 *   real, vec, mask, WIDTH       element, vector and comparison types; lanes of a vector (a divisor
 * of a panel) DENSE_ROWS, DENSE_PANELS     rows and panels at a time: DENSE_ROWS * DENSE_PANELS *
 * PANEL / WIDTH accumulators LONG_ROWS, LONG_PANELS       optional: the same for rows of LONG_ROW
 * coordinates or more COLUMN_VECTORS, COLUMN_CODEWORDS     vectors of rows, and codewords, at a
 * time where lanes are rows COLUMN_VECTORS_FEW, COLUMN_CODEWORDS_FEW   the same for rows of up to 4
 * coordinates v_load v_store v_set1 v_min v_max v_add v_sub v_fmadd(a, b, c) = a b + c, v_fnmadd(a,
 * b, c) = c - a b v_less(a, b)                 a mask, and v_select(mask, a, b): a where it is set,
 * else b v_transpose(row)             transposes WIDTH vectors in place v_least(a) the least
 * element v_near(a, b)                 bits of the lanes where not a > b (so also where either is
 * NaN)
 *
 * No operand is NaN where it matters, so that minima and maxima may differ in how they treat it.
 */
#include "real.h"

#include <math.h>

typedef real vec;
typedef int mask;

#define WIDTH 1
#define DENSE_ROWS 1
#define DENSE_PANELS 1
#define COLUMN_VECTORS_FEW 4
#define COLUMN_CODEWORDS_FEW 1
#define COLUMN_VECTORS 4
#define COLUMN_CODEWORDS 1

INLINE vec v_load(const real *p)
{
    return *p;
}

INLINE void v_store(real *p, vec a)
{
    *p = a;
}

INLINE vec v_set1(real a)
{
    return a;
}

INLINE vec v_min(vec a, vec b)
{
    return a < b ? a : b;
}

INLINE vec v_max(vec a, vec b)
{
    return a > b ? a : b;
}

INLINE vec v_add(vec a, vec b)
{
    return a + b;
}

INLINE vec v_sub(vec a, vec b)
{
    return a - b;
}

INLINE vec v_fmadd(vec a, vec b, vec c)
{
    return REAL_FMA(a, b, c);
}

INLINE vec v_fnmadd(vec a, vec b, vec c)
{
    return REAL_FMA(-a, b, c);
}

INLINE mask v_less(vec a, vec b)
{
    return a < b;
}

INLINE vec v_select(mask m, vec a, vec b)
{
    return m ? a : b;
}

INLINE void v_transpose(vec row[WIDTH])
{
    (void)row;
}

INLINE real v_least(vec a)
{
    return a;
}

INLINE unsigned v_near(vec a, vec b)
{
    return !(a > b);
}
