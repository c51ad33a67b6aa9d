/*
 * file.h - what of a file is read twice: to check it, and to find its scans
 */
#ifndef CENTNN_PHOTO_FILE_H
#define CENTNN_PHOTO_FILE_H

#include "band.h"

/* A position in a file that is never moved beyond its end. */
typedef struct {
    const uint8_t *next, *end;
    bool failed;
} cursor;

INLINE uint32_t take(cursor *at, int n_bytes)
{
    uint32_t value = 0;

    if (at->end - at->next < n_bytes) {
        at->failed = true;
        return 0;
    }
    for (int i = 0; i < n_bytes; i++)
        value |= (uint32_t)*at->next++ << 8 * i;
    return value;
}

/* Seven bits a byte, low ones first; the highest bit says that more follow. */
INLINE uint32_t take_varint(cursor *at)
{
    uint32_t value = 0;

    for (int shift = 0; shift < 32; shift += 7) {
        uint32_t byte = take(at, 1);

        if (shift == 28 && byte > 15)
            break;
        value |= (byte & 127) << shift;
        if (byte < 128)
            return value;
    }
    at->failed = true;
    return 0;
}

/* How a file cuts its picture into bands and scans. */
centnn_picture centnn_picture_of(const centnn_photo_file *file);

#endif
