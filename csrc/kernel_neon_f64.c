/*
 * kernel_neon_f64.c - the kernel in float64: NEON
 */
#include "compiler.h"
#include "internal.h"
#include "processor.h"

#if HAVE_NEON

#define REAL_BITS 64
#define KERNEL centnn_kernel_neon_f64
#include "simd_neon.h"

#include "kernel_body.h"

#endif
