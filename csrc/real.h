/*
 * real.h - the element type of a kernel file, from its REAL_BITS
 */
#if REAL_BITS == 64
typedef double real;
#define REAL_FMA fma
#define PRECISION CENTNN_F64
#else
typedef float real;
#define REAL_FMA fmaf
#define PRECISION CENTNN_F32
#endif
