/*
 * kernel_scalar_f32.c - the kernel in float32: plain C, defining the bits
 */
#include "compiler.h"
#include "internal.h"

#define REAL_BITS 32
#define KERNEL centnn_kernel_scalar_f32
#include "simd_scalar.h"

#include "kernel_body.h"
