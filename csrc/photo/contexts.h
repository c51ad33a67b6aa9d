/*
 * contexts.h - what magnitudes around tell about the magnitude of a group
 */
enum { FIRST_OF_ROW = 2, N_OTHER = 3 };

/* Where a feature is: the group so many before, and the block so far down and right. */
typedef struct {
    int8_t back, down, right;
} place;

static const place places[N_FEATURES - FIRST_OF_ROW - N_OTHER] = {
    {0, -1, 0}, {0, -1, -1}, {0, -1, 1},  {0, -2, 0}, {1, 0, 0},  {1, 0, -1}, {1, -1, 0},
    {1, 0, 1},  {1, 1, 0},   {1, -1, -1}, {1, -1, 1}, {1, 1, -1}, {1, 1, 1},  {2, 0, 0},
    {2, 0, -1}, {2, -1, 0},  {2, 0, 1},   {2, 1, 0},  {3, 0, 0},  {3, 0, 1},  {3, 1, 0},
    {4, 0, 0},  {5, 0, 0},   {6, 0, 0},   {7, 0, 0},  {8, 0, 0},  {9, 0, 0}};

/* A feature of the blocks of a row, one byte each. */
typedef struct {
    const uint8_t *of_blocks;
    int16_t weight;
} feature;

static int list_features(const centnn_plane *plane, const centnn_group *group, int g, int row,
                         const centnn_guides *guides, feature features[N_FEATURES])
{
    const int16_t *weights = group->context_weights + FIRST_OF_ROW;
    int n = 0;

    for (int i = 0; i < N_FEATURES - FIRST_OF_ROW - N_OTHER; i++, weights++) {
        if (*weights && places[i].back <= g)
            features[n++] = (feature){
                magnitude_row(plane, g - places[i].back, row + places[i].down) + places[i].right,
                *weights};
    }
    for (int i = 0; i < 2; i++, weights++) {
        if (guides->of[i])
            features[n++] = (feature){guides->of[i] + row * guides->strides[i], *weights};
    }
    features[n++] = (feature){plane->activity + row * plane->stride, *weights};
    return n;
}

/* Sums beyond 16 bits are of the last class in any case. */
INLINE uint16_t saturated(int32_t sum)
{
    return (uint16_t)(sum < UINT16_MAX ? sum : UINT16_MAX);
}

INLINE void sum_features(const feature *features, int n, int column, int end, uint16_t *sums)
{
    for (; column < end; column++) {
        int32_t sum = 0;

        for (int i = 0; i < n; i++)
            sum += features[i].weight * features[i].of_blocks[column];
        sums[column] = saturated(sum);
    }
}

#if defined(__SSE2__)

INLINE void sum_features_of_run(const feature *features, int n, int column, uint16_t *sums)
{
    lanes sum = LANES(set1_epi16)(0);

    for (int i = 0; i < n; i++)
        sum = LANES(adds_epu16)(sum, LANES(mullo_epi16)(load_bytes(features[i].of_blocks + column),
                                                        LANES(set1_epi16)(features[i].weight)));
    store_run((int16_t *)(sums + column), sum);
}

static void sum_features_of_row(const feature *features, int n, int columns, uint16_t *sums)
{
    const int run = (int)sizeof(lanes) / (int)sizeof *sums;

    if (columns < run)
        sum_features(features, n, 0, columns, sums);
    else
        sum_features_of_run(features, n, columns - run, sums);
    for (int column = 0; column + run <= columns; column += run)
        sum_features_of_run(features, n, column, sums);
}

#else

static void sum_features_of_row(const feature *features, int n, int columns, uint16_t *sums)
{
    sum_features(features, n, 0, columns, sums);
}

#endif

/* The weighted sums of all features of a row that are known before the row is begun. */
static void row_contexts(const centnn_plane *plane, const centnn_group *group, int g, int row,
                         const centnn_guides *guides, uint16_t *sums)
{
    feature features[N_FEATURES];
    int n = list_features(plane, group, g, row, guides, features);

    sum_features_of_row(features, n, plane->columns, sums);
}
