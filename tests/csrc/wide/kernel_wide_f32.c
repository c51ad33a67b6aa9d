/*
 * kernel_wide_f32.c - the kernel in float32 on the emulated wide layer, in the place of AVX2
 */
#include "compiler.h"
#include "internal.h"

#define REAL_BITS 32
#define KERNEL centnn_kernel_avx2_f32
#include "simd_wide.h"

#include "kernel_body.h"
