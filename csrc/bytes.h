/*
 * bytes.h - little-endian numbers in a file
 */
#ifndef CENTNN_BYTES_H
#define CENTNN_BYTES_H

#include <stddef.h>
#include <stdint.h>

/* The number in the first n bytes. */
static inline uint64_t get_number(const uint8_t *bytes, size_t n)
{
    uint64_t number = 0;

    while (n-- > 0)
        number = number << 8 | bytes[n];
    return number;
}

static inline void put_number(uint8_t *bytes, size_t n, uint64_t number)
{
    for (size_t i = 0; i < n; i++)
        bytes[i] = (uint8_t)(number >> 8 * i);
}

#endif
