/*
 * kernel_wide_f64.c - the kernel in float64 on the emulated wide layer, in the place of AVX2
 */
#include "compiler.h"
#include "internal.h"

#define REAL_BITS 64
#define KERNEL centnn_kernel_avx2_f64
#include "simd_wide.h"

#include "kernel_body.h"
