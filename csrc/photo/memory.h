/*
 * memory.h - laying out the caller's memory
 */
#ifndef CENTNN_PHOTO_MEMORY_H
#define CENTNN_PHOTO_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#include "../compiler.h"

enum { ALIGNMENT = 64 };

INLINE size_t rounded(size_t n)
{
    return (n + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

/* The next n bytes; what comes after them is aligned. */
INLINE void *take_memory(uint8_t **memory, size_t n)
{
    void *taken = *memory;

    *memory += rounded(n);
    return taken;
}

#endif
