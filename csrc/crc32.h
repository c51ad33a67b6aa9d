/*
 * crc32.h - the checksum of zlib and PNG
 */
#ifndef CENTNN_CRC32_H
#define CENTNN_CRC32_H

#include <stddef.h>
#include <stdint.h>

uint32_t centnn_crc32(const uint8_t *bytes, size_t n);

#endif
