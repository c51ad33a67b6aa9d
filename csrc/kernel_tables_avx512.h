/*
 * kernel_tables_avx512.h - part of the AVX-512 kernel: d = 1 and few codewords, in tables that are
 * registers
 */
#include <string.h>

/* A step function in registers, and four vectors of rows on their way through it. */
#define STEP_VECTORS 4

/* How many of the 16 thresholds, the last one infinite, each x is above. */
INLINE void find_places(const vec *x, vec thresholds, __m512i *place)
{
    UNROLL
    for (int v = 0; v < STEP_VECTORS; v++)
        place[v] = _mm512_setzero_si512();
    UNROLL
    for (int step = 8; step > 0; step /= 2) {
        UNROLL
        for (int v = 0; v < STEP_VECTORS; v++) {
            const __m512i next = _mm512_add_epi32(place[v], _mm512_set1_epi32(step - 1));
            const mask above = v_less(_mm512_permutexvar_ps(next, thresholds), x[v]);

            place[v] = _mm512_mask_add_epi32(place[v], above, place[v], _mm512_set1_epi32(step));
        }
    }
}

/* The codes of a vector of rows: the last threshold of each four has told the place; the others
 * tell which of the four values it is. */
INLINE __m512i find_codes(const centnn_steps *steps, vec x, __m512i place)
{
    __m512i code = _mm512_permutexvar_epi32(place, _mm512_loadu_si512(steps->codes[0]));

    UNROLL
    for (size_t way = 1; way < STEPS_WAYS; way++) {
        const vec thresholds = v_load(steps->thresholds[way - 1]);
        const mask above = v_less(_mm512_permutexvar_ps(place, thresholds), x);

        code = _mm512_mask_permutexvar_epi32(code, above, place,
                                             _mm512_loadu_si512(steps->codes[way]));
    }
    return code;
}

static bool find_steps(const centnn_steps *steps, const float *rows, size_t n, uint32_t *codes)
{
    const vec low = v_set1(steps->low), high = v_set1(steps->high);
    const vec last = v_load(steps->thresholds[STEPS_WAYS - 1]);
    mask outside = 0;

    for (size_t i = 0; i < n; i += STEP_VECTORS * WIDTH) {
        vec x[STEP_VECTORS];
        mask present[STEP_VECTORS];
        __m512i place[STEP_VECTORS];

        UNROLL
        for (int v = 0; v < STEP_VECTORS; v++) {
            const size_t row = i + (size_t)(v * WIDTH), left = row < n ? n - row : 0;

            present[v] = (mask)(left < WIDTH ? (1u << left) - 1 : 0xffff);
            x[v] = _mm512_maskz_loadu_ps(present[v], rows + row);
            outside |= (mask)(present[v] & ~(_mm512_cmp_ps_mask(x[v], low, _CMP_GE_OQ) &
                                             _mm512_cmp_ps_mask(x[v], high, _CMP_LE_OQ)));
        }
        find_places(x, last, place);
        UNROLL
        for (int v = 0; v < STEP_VECTORS; v++)
            _mm512_mask_storeu_epi32(codes + i + v * WIDTH, present[v],
                                     find_codes(steps, x[v], place[v]));
    }
    return !outside;
}

/* Codewords past the last are never named. */
static void decode_words(const char *codebook, size_t k, const uint8_t *codes, size_t n, char *out)
{
    __m512i table[STEPS_MAX / WIDTH];

    for (size_t t = 0; t < STEPS_MAX / WIDTH; t++) {
        const size_t first = t * WIDTH, left = k > first ? k - first : 0;

        table[t] = _mm512_maskz_loadu_epi32((mask)(left < WIDTH ? (1u << left) - 1 : 0xffff),
                                            codebook + 4 * first);
    }
    for (size_t i = 0; i < n; i += WIDTH) {
        const mask present = (mask)(n - i < WIDTH ? (1u << (n - i)) - 1 : 0xffff);
        uint8_t last[WIDTH] = {0};

        if (n - i < WIDTH)
            memcpy(last, codes + i, n - i);

        const __m512i code = _mm512_cvtepu8_epi32(
            _mm_loadu_si128((const __m128i *)(n - i < WIDTH ? last : codes + i)));
        const __m512i low = _mm512_permutex2var_epi32(table[0], code, table[1]);
        const __m512i high = _mm512_permutex2var_epi32(table[2], code, table[3]);
        const mask is_high = _mm512_cmpgt_epi32_mask(code, _mm512_set1_epi32(31));

        _mm512_mask_storeu_epi32(out + 4 * i, present, _mm512_mask_blend_epi32(is_high, low, high));
    }
}

#define FIND_STEPS find_steps
#define DECODE_WORDS decode_words
