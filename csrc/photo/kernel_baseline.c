/*
 * kernel_baseline.c - the kernel for what every processor of the platform has
 */
#include "kernel.h"

#define KERNEL centnn_photo_kernel_baseline
#include "kernel_body.h"
