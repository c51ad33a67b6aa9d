/*
 * kernel_neon_f32.c - the kernel in float32: NEON
 */
#include "compiler.h"
#include "internal.h"
#include "processor.h"

#if HAVE_NEON

#define REAL_BITS 32
#define KERNEL centnn_kernel_neon_f32
#include "simd_neon.h"

#include "kernel_body.h"

#endif
