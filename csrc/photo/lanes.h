/*
 * lanes.h - 16-bit numbers side by side: a run of them, or 8 of each of as many blocks as an
 * instruction takes at once
 */
#if defined(__SSE2__)

/* Before a loop that would run out of registers if it were unrolled more. */
#if defined(__GNUC__) && !defined(__clang__)
#define UNROLL_TWICE _Pragma("GCC unroll 2")
#else
#define UNROLL_TWICE
#endif

#if defined(WITH_AVX2)

typedef __m256i lanes;
enum { N_AT_ONCE = 2 };
#define LANES(name) _mm256_##name

INLINE lanes load_run(const int16_t *a)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)a);
}

INLINE void store_run(int16_t *a, lanes x)
{
    _mm256_storeu_si256((__m256i *)(void *)a, x);
}

INLINE lanes load_bytes(const uint8_t *a)
{
    return _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)(const void *)a));
}

/* Bits that either has. */
INLINE lanes either(lanes a, lanes b)
{
    return _mm256_or_si256(a, b);
}

/* What a pack of two runs gives, in the order of the runs. */
INLINE lanes in_order(lanes packed)
{
    return _mm256_permute4x64_epi64(packed, _MM_SHUFFLE(3, 1, 2, 0));
}

INLINE lanes load_lanes(const int16_t *a, const int16_t *b)
{
    return _mm256_loadu2_m128i((const __m128i *)(const void *)b, (const __m128i *)(const void *)a);
}

INLINE void store_lanes(int16_t *a, int16_t *b, lanes x)
{
    _mm256_storeu2_m128i((__m128i *)(void *)b, (__m128i *)(void *)a, x);
}

/* The lower half of the bytes of each block. */
INLINE void store_bytes(uint8_t *a, uint8_t *b, lanes x)
{
    _mm_storel_epi64((__m128i *)(void *)a, _mm256_castsi256_si128(x));
    _mm_storel_epi64((__m128i *)(void *)b, _mm256_extracti128_si256(x, 1));
}

#else

typedef __m128i lanes;
enum { N_AT_ONCE = 1 };
#define LANES(name) _mm_##name

INLINE lanes load_run(const int16_t *a)
{
    return _mm_loadu_si128((const __m128i *)(const void *)a);
}

INLINE void store_run(int16_t *a, lanes x)
{
    _mm_storeu_si128((__m128i *)(void *)a, x);
}

INLINE lanes load_bytes(const uint8_t *a)
{
    return _mm_unpacklo_epi8(_mm_loadl_epi64((const __m128i *)(const void *)a),
                             _mm_setzero_si128());
}

/* Bits that either has. */
INLINE lanes either(lanes a, lanes b)
{
    return _mm_or_si128(a, b);
}

/* What a pack of two runs gives, in the order of the runs. */
INLINE lanes in_order(lanes packed)
{
    return packed;
}

INLINE lanes load_lanes(const int16_t *a, const int16_t *b)
{
    (void)b;
    return _mm_loadu_si128((const __m128i *)(const void *)a);
}

INLINE void store_lanes(int16_t *a, int16_t *b, lanes x)
{
    (void)b;
    _mm_storeu_si128((__m128i *)(void *)a, x);
}

INLINE void store_bytes(uint8_t *a, uint8_t *b, lanes x)
{
    (void)b;
    _mm_storel_epi64((__m128i *)(void *)a, x);
}

#endif

/* Integers of 32 bits, as floats. */
INLINE lanes bits_of_floats(lanes integers)
{
#if defined(WITH_AVX2)
    return _mm256_castps_si256(_mm256_cvtepi32_ps(integers));
#else
    return _mm_castps_si128(_mm_cvtepi32_ps(integers));
#endif
}

INLINE bool is_zero(lanes x)
{
    return (unsigned)LANES(movemask_epi8)(LANES(cmpeq_epi16)(x, LANES(set1_epi16)(0))) ==
           (sizeof x == 32 ? UINT32_MAX : UINT16_MAX);
}

/* Sums / 2^bits, rounded down, as 16 bits. */
INLINE lanes shifted(lanes low, lanes high, int bits)
{
    return LANES(packs_epi32)(LANES(srai_epi32)(low, bits), LANES(srai_epi32)(high, bits));
}

#endif
