/*
 * book_file.c - codebooks that `Codebook.save` wrote
 *
 *     8  magic                1  version              1  bytes of a component, 4 or 8
 *     2  0                    4  K                    4  D
 *     4  E                    8  epochs               8  inertia
 *    8K  counts             16E  history            4KD or 8KD  codewords
 *     4  CRC-32 of everything before
 */
#include <string.h>

#include "bytes.h"
#include "centnn.h"
#include "crc32.h"

enum {
    VERSION = 1,
    HEADER = 40,
    AT_VERSION = 8,
    AT_SIZE = 9,
    AT_K = 12,
    AT_D = 16,
    AT_E = 20,
    CRC = 4
};

static const uint8_t magic[8] = {0x89, 'C', 'E', 'N', 'T', 'N', 'N', '\n'};

centnn_status centnn_book_open(centnn_book_file *file, const void *bytes, size_t n)
{
    const uint8_t *at = bytes;
    uint64_t k, d, entries, size, rest;

    if (!file || !bytes)
        return CENTNN_ERR_NULL;
    if (n < sizeof magic || memcmp(at, magic, sizeof magic) != 0)
        return CENTNN_ERR_FILE;
    if (n < HEADER + CRC)
        return CENTNN_ERR_DAMAGED;
    size = at[AT_SIZE];
    if (at[AT_VERSION] != VERSION || (size != 4 && size != 8))
        return CENTNN_ERR_FILE;
    k = get_number(at + AT_K, 4);
    d = get_number(at + AT_D, 4);
    entries = get_number(at + AT_E, 4);
    if (k < 1 || k > CENTNN_MAX_K || d < 1 || d > CENTNN_MAX_D)
        return CENTNN_ERR_SIZE;
    rest = 8 * k + 16 * entries;
    if (n != HEADER + rest + size * k * d + CRC ||
        centnn_crc32(at, n - CRC) != get_number(at + n - CRC, CRC))
        return CENTNN_ERR_DAMAGED;
    file->k = (size_t)k;
    file->d = (size_t)d;
    file->precision = size == 8 ? CENTNN_F64 : CENTNN_F32;
    file->codewords = at + HEADER + rest;
    return CENTNN_OK;
}

centnn_status centnn_book_copy(const centnn_book_file *file, void *out)
{
    if (!file || !out)
        return CENTNN_ERR_NULL;
    for (size_t i = 0; i < file->k * file->d; i++) {
        if (file->precision == CENTNN_F64) {
            uint64_t bits = get_number(file->codewords + 8 * i, 8);

            memcpy((double *)out + i, &bits, sizeof bits);
        } else {
            uint32_t bits = (uint32_t)get_number(file->codewords + 4 * i, 4);

            memcpy((float *)out + i, &bits, sizeof bits);
        }
    }
    return CENTNN_OK;
}
