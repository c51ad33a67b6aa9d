/*
 * decode.c - from codes back to codewords
 */
#include "compiler.h"
#include "dispatch.h"
#include "internal.h"

#include <string.h>

/* One loop for each type of codes and each common length of a codeword: a copy of a constant length
 * is a few moves. */
#define DEFINE_GATHER(code, length)                                                         \
    static void gather_##code##_##length(const char *codebook, const code *codes, size_t n, \
                                         char *out)                                         \
    {                                                                                       \
        UNROLL                                                                              \
        for (size_t i = 0; i < n; i++)                                                      \
            memcpy(out + i * (length), codebook + (size_t)codes[i] * (length), (length));   \
    }

#define DEFINE_GATHERS(code)                                                                    \
    DEFINE_GATHER(code, 1)                                                                      \
    DEFINE_GATHER(code, 2)                                                                      \
    DEFINE_GATHER(code, 3)                                                                      \
    DEFINE_GATHER(code, 4)                                                                      \
    DEFINE_GATHER(code, 8)                                                                      \
    DEFINE_GATHER(code, 12)                                                                     \
    DEFINE_GATHER(code, 16)                                                                     \
    DEFINE_GATHER(code, 24)                                                                     \
    DEFINE_GATHER(code, 32)                                                                     \
    DEFINE_GATHER(code, 48)                                                                     \
    DEFINE_GATHER(code, 64)                                                                     \
    static void gather_##code(const char *codebook, size_t length, const code *codes, size_t n, \
                              char *out)                                                        \
    {                                                                                           \
        switch (length) {                                                                       \
        case 1:                                                                                 \
            gather_##code##_1(codebook, codes, n, out);                                         \
            return;                                                                             \
        case 2:                                                                                 \
            gather_##code##_2(codebook, codes, n, out);                                         \
            return;                                                                             \
        case 3:                                                                                 \
            gather_##code##_3(codebook, codes, n, out);                                         \
            return;                                                                             \
        case 4:                                                                                 \
            gather_##code##_4(codebook, codes, n, out);                                         \
            return;                                                                             \
        case 8:                                                                                 \
            gather_##code##_8(codebook, codes, n, out);                                         \
            return;                                                                             \
        case 12:                                                                                \
            gather_##code##_12(codebook, codes, n, out);                                        \
            return;                                                                             \
        case 16:                                                                                \
            gather_##code##_16(codebook, codes, n, out);                                        \
            return;                                                                             \
        case 24:                                                                                \
            gather_##code##_24(codebook, codes, n, out);                                        \
            return;                                                                             \
        case 32:                                                                                \
            gather_##code##_32(codebook, codes, n, out);                                        \
            return;                                                                             \
        case 48:                                                                                \
            gather_##code##_48(codebook, codes, n, out);                                        \
            return;                                                                             \
        case 64:                                                                                \
            gather_##code##_64(codebook, codes, n, out);                                        \
            return;                                                                             \
        default:                                                                                \
            for (size_t i = 0; i < n; i++)                                                      \
                memcpy(out + i * length, codebook + (size_t)codes[i] * length, length);         \
        }                                                                                       \
    }

DEFINE_GATHERS(uint8_t)
DEFINE_GATHERS(uint16_t)
DEFINE_GATHERS(uint32_t)

/* Codewords of 12 bytes (colours), if they are few, are first copied to places of 16. Then each is
 * a single move, the rest of which the next one overwrites. */
static void gather_places(const char *codebook, size_t k, const uint8_t *codes, size_t n, char *out)
{
    char places[256][16];

    for (size_t code = 0; code < k; code++)
        memcpy(places[code], codebook + code * 12, 12);
    UNROLL
    for (size_t i = 0; i + 1 < n; i++)
        memcpy(out + i * 12, places[codes[i]], 16);
    memcpy(out + (n - 1) * 12, places[codes[n - 1]], 12);
}

static void gather_bytes(const char *codebook, size_t k, size_t length, const uint8_t *codes,
                         size_t n, char *out)
{
    const centnn_kernel *kernel = centnn_current_kernel(CENTNN_F32);

    if (length == 4 && k <= STEPS_MAX && kernel && kernel->decode_words)
        kernel->decode_words(codebook, k, codes, n, out);
    else if (length == 12 && k <= 256 && k < n / 4)
        gather_places(codebook, k, codes, n, out);
    else
        gather_uint8_t(codebook, length, codes, n, out);
}

/* The largest of n codes; 0 if there is none. */
#define DEFINE_LARGEST(code)                                   \
    static size_t largest_##code(const code *codes, size_t n)  \
    {                                                          \
        code largest = 0;                                      \
                                                               \
        for (size_t i = 0; i < n; i++)                         \
            largest = codes[i] > largest ? codes[i] : largest; \
        return largest;                                        \
    }

DEFINE_LARGEST(uint8_t)
DEFINE_LARGEST(uint16_t)
DEFINE_LARGEST(uint32_t)

static size_t largest_code(const void *codes, size_t code_size, size_t n)
{
    return code_size == 1   ? largest_uint8_t(codes, n)
           : code_size == 2 ? largest_uint16_t(codes, n)
                            : largest_uint32_t(codes, n);
}

/* Output bytes between two looks at the codes: they are checked and used while they are in a cache
 * near by. */
#define STEP_BYTES ((size_t)1 << 18)

centnn_status centnn_decode(const void *codebook, size_t k, size_t codeword_size, const void *codes,
                            size_t code_size, size_t n, void *out)
{
    if (n > 0 && (!codebook || !codes || !out))
        return CENTNN_ERR_NULL;
    if (k < 1 || codeword_size < 1 || codeword_size > SIZE_MAX / k || n > SIZE_MAX / codeword_size)
        return CENTNN_ERR_SIZE;
    if (code_size != 1 && code_size != 2 && code_size != 4)
        return CENTNN_ERR_DTYPE;

    const size_t step = codeword_size < STEP_BYTES ? STEP_BYTES / codeword_size : 1;

    for (size_t i = 0; i < n; i += step) {
        const size_t m = n - i < step ? n - i : step;
        const void *part = (const char *)codes + i * code_size;
        char *to = (char *)out + i * codeword_size;

        if (largest_code(part, code_size, m) >= k)
            return CENTNN_ERR_CODE;
        if (code_size == 1)
            gather_bytes(codebook, k, codeword_size, part, m, to);
        else if (code_size == 2)
            gather_uint16_t(codebook, codeword_size, part, m, to);
        else
            gather_uint32_t(codebook, codeword_size, part, m, to);
    }
    return CENTNN_OK;
}
