/*
 * simd_wide.h - a vector layer for tests: as wide as AVX-512, with its block shapes, in plain
 * arrays. It takes the place of AVX2 in a library built for tests, so that the kernel's wide
 * instances run on any machine.
 */
#include <math.h>

#include "real.h"

#define WIDTH (64 / (REAL_BITS / 8))
typedef struct {
    real lane[WIDTH];
} vec;
typedef unsigned mask;

#define DENSE_ROWS 12
#define DENSE_PANELS 1
#define LONG_ROW 32
#define LONG_ROWS 6
#define LONG_PANELS 4
#define COLUMN_VECTORS_FEW 4
#define COLUMN_CODEWORDS_FEW 2
#define COLUMN_VECTORS 4
#define COLUMN_CODEWORDS 4

#define EACH for (int i = 0; i < WIDTH; i++)
#define DEFINE_BINARY(name, expression) \
    INLINE vec name(vec a, vec b)       \
    {                                   \
        vec r;                          \
        EACH r.lane[i] = (expression);  \
        return r;                       \
    }
#define DEFINE_BITS(name, expression)          \
    INLINE unsigned name(vec a, vec b)         \
    {                                          \
        unsigned r = 0;                        \
        EACH r |= (unsigned)(expression) << i; \
        return r;                              \
    }

DEFINE_BINARY(v_min, a.lane[i] < b.lane[i] ? a.lane[i] : b.lane[i])
DEFINE_BINARY(v_max, a.lane[i] > b.lane[i] ? a.lane[i] : b.lane[i])
DEFINE_BINARY(v_add, a.lane[i] + b.lane[i])
DEFINE_BINARY(v_sub, a.lane[i] - b.lane[i])
DEFINE_BITS(v_less, a.lane[i] < b.lane[i])
DEFINE_BITS(v_near, !(a.lane[i] > b.lane[i]))

INLINE vec v_load(const real *p)
{
    vec r;
    EACH r.lane[i] = p[i];
    return r;
}

INLINE void v_store(real *p, vec a)
{
    EACH p[i] = a.lane[i];
}

INLINE vec v_set1(real a)
{
    vec r;
    EACH r.lane[i] = a;
    return r;
}

INLINE vec v_fmadd(vec a, vec b, vec c)
{
    EACH c.lane[i] = REAL_FMA(a.lane[i], b.lane[i], c.lane[i]);
    return c;
}

INLINE vec v_fnmadd(vec a, vec b, vec c)
{
    EACH c.lane[i] = REAL_FMA(-a.lane[i], b.lane[i], c.lane[i]);
    return c;
}

INLINE vec v_select(mask m, vec a, vec b)
{
    EACH a.lane[i] = m >> i & 1 ? a.lane[i] : b.lane[i];
    return a;
}

INLINE void v_transpose(vec row[WIDTH])
{
    for (int r = 0; r < WIDTH; r++) {
        for (int i = 0; i < r; i++) {
            const real a = row[r].lane[i];
            row[r].lane[i] = row[i].lane[r];
            row[i].lane[r] = a;
        }
    }
}

INLINE real v_least(vec a)
{
    real r = a.lane[0];
    EACH r = a.lane[i] < r ? a.lane[i] : r;
    return r;
}
