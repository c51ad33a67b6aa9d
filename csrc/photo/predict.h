/*
 * predict.h - coefficients predicted from those around
 *
 * A group of a block is a quad: MAX_DIM coefficients, of which those that it does not have are
 * zero. It is read and written as a whole.
 */
#if defined(__SSE2__)

typedef __m128i quad;

INLINE quad zero_quad(void)
{
    return _mm_setzero_si128();
}

INLINE quad load_quad(const int16_t *from)
{
    return _mm_loadl_epi64((const __m128i *)(const void *)from);
}

INLINE void store_quad(int16_t *to, quad x)
{
    _mm_storel_epi64((__m128i *)(void *)to, x);
}

INLINE quad limited_quad(quad x)
{
    const __m128i limit = _mm_set1_epi16(COEFFICIENT_LIMIT);

    return _mm_max_epi16(_mm_min_epi16(x, limit), _mm_sub_epi16(_mm_setzero_si128(), limit));
}

/* a + b, limited; a is, and b is at most 2^14 - 1. */
INLINE quad add_quads(quad a, quad b)
{
    return limited_quad(_mm_add_epi16(a, b));
}

/* A codeword of stage 1 and one of stage 2, which is mirrored so that it points away from zero as
 * that of stage 1 does. */
INLINE quad refined(quad word, quad refinement)
{
    __m128i sign = _mm_srai_epi16(word, 15);

    return _mm_add_epi16(word, _mm_sub_epi16(_mm_xor_si128(refinement, sign), sign));
}

/* Magnitudes, the first one in the lowest 16 bits. */
INLINE uint64_t magnitudes_of(quad x)
{
    uint64_t magnitudes;

    store_quad((int16_t *)&magnitudes, _mm_max_epi16(x, _mm_sub_epi16(_mm_setzero_si128(), x)));
    return magnitudes;
}

#else

typedef struct {
    int16_t of[MAX_DIM];
} quad;

INLINE quad zero_quad(void)
{
    return (quad){{0}};
}

INLINE quad load_quad(const int16_t *from)
{
    quad x;

    memcpy(x.of, from, sizeof x.of);
    return x;
}

INLINE void store_quad(int16_t *to, quad x)
{
    memcpy(to, x.of, sizeof x.of);
}

INLINE quad add_quads(quad a, quad b)
{
    for (int t = 0; t < MAX_DIM; t++)
        a.of[t] = limited(a.of[t] + b.of[t]);
    return a;
}

INLINE quad refined(quad word, quad refinement)
{
    add_refinement(word.of, refinement.of);
    return word;
}

INLINE uint64_t magnitudes_of(quad x)
{
    uint64_t magnitudes = 0;

    for (int t = 0; t < MAX_DIM; t++)
        magnitudes |= (uint64_t)magnitude(x.of[t]) << 16 * t;
    return magnitudes;
}

#endif

/* For each t < dim, which is a constant where this is called, the sum over i and lanes of
 * sources[i][lane] * weights[t][i][lane], modulo 2^32, over 2^PREDICT_BITS, rounded and limited. */
#if defined(__SSE2__)

INLINE quad rounded_sums(__m128i sums)
{
    sums = _mm_add_epi32(sums, _mm_set1_epi32(1 << (PREDICT_BITS - 1)));
    sums = _mm_srai_epi32(sums, PREDICT_BITS);
    return limited_quad(_mm_packs_epi32(sums, sums));
}

#endif

#if defined(WITH_AVX2)

INLINE __m256i products_of(const int16_t *a, const int16_t *b)
{
    return _mm256_madd_epi16(_mm256_loadu_si256((const __m256i *)(const void *)a),
                             _mm256_loadu_si256((const __m256i *)(const void *)b));
}

INLINE quad predict(const int16_t *const *sources,
                    const int16_t weights[MAX_DIM][N_NEIGHBOURS][PREDICT_LANES], int dim)
{
    __m256i of[MAX_DIM], pairs;

    for (int t = 0; t < MAX_DIM; t++)
        of[t] = t < dim ? products_of(sources[0], weights[t][0]) : _mm256_setzero_si256();
    for (int i = 1; i < N_NEIGHBOURS; i++) {
        for (int t = 0; t < dim; t++)
            of[t] = _mm256_add_epi32(of[t], products_of(sources[i], weights[t][i]));
    }
    pairs = _mm256_hadd_epi32(_mm256_hadd_epi32(of[0], of[1]), _mm256_hadd_epi32(of[2], of[3]));
    return rounded_sums(
        _mm_add_epi32(_mm256_castsi256_si128(pairs), _mm256_extracti128_si256(pairs, 1)));
}

#elif defined(__SSE2__)

INLINE __m128i products_of(const int16_t *a, const int16_t *b)
{
    const __m128i *va = (const __m128i *)(const void *)a, *vb = (const __m128i *)(const void *)b;

    return _mm_add_epi32(_mm_madd_epi16(_mm_loadu_si128(va), _mm_loadu_si128(vb)),
                         _mm_madd_epi16(_mm_loadu_si128(va + 1), _mm_loadu_si128(vb + 1)));
}

INLINE quad predict(const int16_t *const *sources,
                    const int16_t weights[MAX_DIM][N_NEIGHBOURS][PREDICT_LANES], int dim)
{
    __m128i of[MAX_DIM], a, b;

    for (int t = 0; t < MAX_DIM; t++)
        of[t] = t < dim ? products_of(sources[0], weights[t][0]) : _mm_setzero_si128();
    for (int i = 1; i < N_NEIGHBOURS; i++) {
        for (int t = 0; t < dim; t++)
            of[t] = _mm_add_epi32(of[t], products_of(sources[i], weights[t][i]));
    }
    a = _mm_add_epi32(_mm_unpacklo_epi32(of[0], of[1]), _mm_unpackhi_epi32(of[0], of[1]));
    b = _mm_add_epi32(_mm_unpacklo_epi32(of[2], of[3]), _mm_unpackhi_epi32(of[2], of[3]));
    return rounded_sums(_mm_add_epi32(_mm_unpacklo_epi64(a, b), _mm_unpackhi_epi64(a, b)));
}

#else

INLINE quad predict(const int16_t *const *sources,
                    const int16_t weights[MAX_DIM][N_NEIGHBOURS][PREDICT_LANES], int dim)
{
    quad predicted = zero_quad();

    for (int t = 0; t < dim; t++) {
        uint32_t sum = 1 << (PREDICT_BITS - 1);

        for (int i = 0; i < N_NEIGHBOURS; i++) {
            for (int lane = 0; lane < PREDICT_LANES; lane++)
                sum += (uint32_t)(sources[i][lane] * weights[t][i][lane]);
        }
        predicted.of[t] = limited((int32_t)sum >> PREDICT_BITS);
    }
    return predicted;
}

#endif

/* What predicts a block, and how far it is to what predicts the next one. */
typedef struct {
    const int16_t *of[N_NEIGHBOURS];
    ptrdiff_t step[N_NEIGHBOURS];
} predicting;

INLINE predicting predicting_at(const centnn_plane *plane, int row, int column)
{
    const int16_t *block = block_at(plane, row, column);
    ptrdiff_t next = N_COEFFICIENTS, down = plane->block_stride * N_COEFFICIENTS;
    ptrdiff_t on_edge = (ptrdiff_t)column * PREDICT_LANES;
    bool is_first = row == 0, is_last = row + 1 == plane->rows;

    return (predicting){
        {block - next, is_first ? plane->edges[0] + on_edge : block - down, block + next,
         is_last ? plane->edges[1] + on_edge : block + down, block,
         plane->differences + ((ptrdiff_t)row * plane->columns + column) * N_DIFFERENCES},
        {next, is_first ? PREDICT_LANES : next, next, is_last ? PREDICT_LANES : next, next,
         N_DIFFERENCES}};
}
