/*
 * crc32.c - the checksum of zlib and PNG, four bytes at a time
 *
 * The tables are made anew by each call: that takes two microseconds, and leaves no globals.
 */
#include "crc32.h"

#define POLYNOMIAL 0xedb88320U

enum { BYTES = 4, VALUES = 256 };

/* tables[i][b]: what byte b comes to, i bytes later. */
static void fill(uint32_t tables[BYTES][VALUES])
{
    for (uint32_t b = 0; b < VALUES; b++) {
        uint32_t crc = b;

        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? POLYNOMIAL : 0);
        tables[0][b] = crc;
    }
    for (int i = 1; i < BYTES; i++) {
        for (uint32_t b = 0; b < VALUES; b++)
            tables[i][b] = tables[i - 1][b] >> 8 ^ tables[0][tables[i - 1][b] & 255];
    }
}

uint32_t centnn_crc32(const uint8_t *bytes, size_t n)
{
    uint32_t tables[BYTES][VALUES], crc = 0xffffffff;

    fill(tables);
    for (; n >= BYTES; n -= BYTES, bytes += BYTES) {
        crc ^= (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
               (uint32_t)bytes[3] << 24;
        crc = tables[3][crc & 255] ^ tables[2][crc >> 8 & 255] ^ tables[1][crc >> 16 & 255] ^
              tables[0][crc >> 24];
    }
    for (; n > 0; n--)
        crc = crc >> 8 ^ tables[0][(crc ^ *bytes++) & 255];
    return ~crc;
}
