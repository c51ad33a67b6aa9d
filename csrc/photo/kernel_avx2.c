/*
 * kernel_avx2.c - the kernel for AVX2
 */
#include "kernel.h"

#if HAVE_AVX2_KERNEL
#include <immintrin.h>

#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx2,bmi"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,bmi")
#endif

#define KERNEL centnn_photo_kernel_avx2
#define WITH_AVX2
#include "kernel_body.h"

#ifdef __clang__
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

#endif
