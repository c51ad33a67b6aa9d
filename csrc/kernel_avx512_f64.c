/*
 * kernel_avx512_f64.c - the kernel in float64: AVX-512
 */
#include "compiler.h"
#include "internal.h"
#include "processor.h"

#if HAVE_X86

#define REAL_BITS 64
#define KERNEL centnn_kernel_avx512_f64
#include "simd_avx512.h"

#include "kernel_body.h"

#ifdef __clang__
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

#endif
