/*
 * kernel_scalar_f64.c - the kernel in float64: plain C, defining the bits
 */
#include "compiler.h"
#include "internal.h"

#define REAL_BITS 64
#define KERNEL centnn_kernel_scalar_f64
#include "simd_scalar.h"

#include "kernel_body.h"
