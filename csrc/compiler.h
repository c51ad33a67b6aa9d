/*
 * compiler.h - what the kernels ask of a compiler beyond C11
 */
#ifndef CENTNN_COMPILER_H
#define CENTNN_COMPILER_H

#if defined(__GNUC__)
#define INLINE static inline __attribute__((always_inline))
#define NOINLINE __attribute__((noinline))
#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)
#define PREFETCH(p) __builtin_prefetch(p)
#else
#define INLINE static inline
#define NOINLINE
#define LIKELY(x) (x)
#define UNLIKELY(x) (x)
#define PREFETCH(p) ((void)(p))
#endif

/* Before a loop over the elements of an array that is to live in registers. */
#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#elif defined(__GNUC__)
#define UNROLL _Pragma("GCC unroll 16")
#else
#define UNROLL
#endif

/* Before a loop whose body is long enough: unrolling it would cost registers. */
#if defined(__GNUC__) && !defined(__clang__)
#define UNROLL_LITTLE _Pragma("GCC unroll 4")
#else
#define UNROLL_LITTLE
#endif

/* The place of the lowest bit set; x is not 0. */
INLINE unsigned lowest_bit(unsigned x)
{
#if defined(__GNUC__)
    return (unsigned)__builtin_ctz(x);
#else
    unsigned i = 0;

    while (!(x >> i & 1))
        i++;
    return i;
#endif
}

INLINE int is_one_bit(unsigned x)
{
    return (x ^ (x - 1)) > x - 1; /* in one comparison; false for 0 */
}

#endif
