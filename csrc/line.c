/*
 * line.c - search on a line: d = 1
 *
 * Among the distinct codewords in ascending order, the nearest one to x is a step function of x.
 * The steps ("thresholds") are found by bisection with the definition of distance itself, its
 * rounding and its tie rule included, so that looking a row up among them is exact by construction.
 * A table of buckets finds the step without a search: almost always, the codeword is one of the two
 * that the row's bucket names.
 *
 * Where it is a step function: the defined distance fl(fl(x - c)^2) falls weakly up to the
 * codewords next to x and rises weakly after them. If |x - c| <= 2^50 g, with g the least gap
 * between codewords, then on either side of x it does so strictly, as the exact squares differ by
 * more than 2^-50 relative and each is rounded twice; it neither underflows, for g >= 2^-500, nor
 * overflows, for |x - c| <= 2^510. So only the two neighbours of x can tie there, which a threshold
 * covers. Rows farther away (and all, for a codebook with a tinier gap) are looked up by binary
 * search, and their ties one by one.
 */
#include "line.h"

#include "compiler.h"
#include "rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    double threshold;
    uint32_t codes[2]; /* up to the threshold, and above it; both MANY if there are more steps in
                          the bucket */
} bucket;

#define MANY UINT32_MAX

typedef struct {
    centnn_steps steps; /* thresholds of float32, if there are few enough values */
    size_t n_values;
    size_t n_buckets;
    double low, high;       /* rows from low to high may be looked up by thresholds */
    double origin, inverse; /* the bucket of x is (x - origin) * inverse, clamped */
    size_t values;          /* the arrays, in bytes from here: [k] distinct codewords */
    size_t thresholds;      /* [k] the largest x that goes to the j-th value, not the next */
    size_t buckets;         /* [n_buckets] */
    size_t first;           /* [n_buckets] the first threshold in this bucket or a later one */
    size_t codes;           /* [k] the lowest index of this value */
    size_t ranks;           /* [k] the place among the values of a code */
    size_t repeated;        /* [k] whether this value has other indices */
    uint32_t bytes[256];    /* the codes of 0 .. 255 */
} line;

#define BUCKETS_PER_CODEWORD 8
#define ZERO_KEY ((uint64_t)1 << 63)

static size_t lay_out(line *l, size_t k)
{
    size_t end = round_up(sizeof *l, PANEL_BYTES);

    l->n_buckets = BUCKETS_PER_CODEWORD * k + 1;
    l->values = end, end += k * sizeof(double);
    l->thresholds = end, end += k * sizeof(double);
    l->buckets = end, end += l->n_buckets * sizeof(bucket);
    l->first = end, end += l->n_buckets * sizeof(uint32_t);
    l->codes = end, end += k * sizeof(uint32_t);
    l->ranks = end, end += k * sizeof(uint32_t);
    l->repeated = end, end += k * sizeof(uint32_t);
    return end;
}

size_t centnn_line_size(size_t k)
{
    line l;

    return lay_out(&l, k);
}

static inline const double *values_of(const line *l)
{
    return (const double *)(const void *)((const char *)l + l->values);
}

static inline const double *thresholds_of(const line *l)
{
    return (const double *)(const void *)((const char *)l + l->thresholds);
}

static inline const bucket *buckets_of(const line *l)
{
    return (const bucket *)(const void *)((const char *)l + l->buckets);
}

static inline const uint32_t *numbers_of(const line *l, size_t offset)
{
    return (const uint32_t *)(const void *)((const char *)l + offset);
}

/* The definition, for one coordinate. */
static inline double distance_to(double x, double c)
{
    return (x - c) * (x - c);
}

/* The nearest codeword of any x: the neighbours of x, and all that are as near after rounding. */
static uint32_t find_exactly(const line *l, double x)
{
    const double *values = values_of(l);
    const uint32_t *codes = numbers_of(l, l->codes);
    size_t begin = 0, end = l->n_values;
    uint32_t code = UINT32_MAX;
    double least = INFINITY;

    if (x != x)
        return 0;
    while (begin < end) { /* the first value that is x or more */
        const size_t middle = begin + (end - begin) / 2;

        if (values[middle] < x)
            begin = middle + 1;
        else
            end = middle;
    }
    if (begin > 0)
        least = distance_to(x, values[begin - 1]);
    if (begin < l->n_values)
        least = fmin(least, distance_to(x, values[begin]));
    for (size_t i = begin; i > 0 && distance_to(x, values[i - 1]) == least; i--)
        code = codes[i - 1] < code ? codes[i - 1] : code;
    for (size_t i = begin; i < l->n_values && distance_to(x, values[i]) == least; i++)
        code = codes[i] < code ? codes[i] : code;
    return code;
}

/* The bucket of x. Every operation is monotonic, so that of two numbers in different buckets it is
 * known which is larger. */
INLINE int32_t bucket_of(double x, double origin, double inverse, double last)
{
    double place = (x - origin) * inverse;

    place = place > 0 ? place : 0;
    place = place < last ? place : last;
    return (int32_t)place;
}

/* The code of an x in a bucket of several thresholds. */
static uint32_t find_in_bucket(const line *l, double x, size_t b)
{
    const double *thresholds = thresholds_of(l);
    const uint32_t *first = numbers_of(l, l->first);
    size_t begin = first[b], end = b + 1 < l->n_buckets ? first[b + 1] : l->n_values - 1;

    while (begin < end) { /* the first threshold that is x or more */
        const size_t middle = begin + (end - begin) / 2;

        if (thresholds[middle] < x)
            begin = middle + 1;
        else
            end = middle;
    }
    return numbers_of(l, l->codes)[begin];
}

/* The code of an x far from the codewords or in a bucket of several thresholds, or of any other. */
static uint32_t find_code(const line *l, double x, const centnn_results *results)
{
    const double last = (double)(l->n_buckets - 1);

    if (!(x - x == 0))
        *results->all_finite = false;
    if (!(x >= l->low && x <= l->high))
        return find_exactly(l, x);

    const size_t place = (size_t)bucket_of(x, l->origin, l->inverse, last);
    const bucket *b = &buckets_of(l)[place];
    const uint32_t code = b->codes[x > b->threshold];

    return code == MANY ? find_in_bucket(l, x, place) : code;
}

/* The codes of up to TILE_ROWS_MAX rows: first all buckets, in a loop that compilers vectorize,
 * then the look-ups, without a branch that could be unpredictable. */
#define DEFINE_FIND_CODES(name, type)                                                        \
    static void name(const line *l, const type *rows, size_t stride, size_t n,               \
                     const centnn_results *results)                                          \
    {                                                                                        \
        const double low = l->low, high = l->high, origin = l->origin, inverse = l->inverse; \
        const double last = (double)(l->n_buckets - 1);                                      \
        const bucket *buckets = buckets_of(l);                                               \
        uint32_t *codes = results->codes;                                                    \
        int32_t places[TILE_ROWS_MAX];                                                       \
        int out_of_range = 0;                                                                \
                                                                                             \
        for (size_t i = 0; i < n; i++) {                                                     \
            const double x = (double)rows[i * stride];                                       \
                                                                                             \
            out_of_range |= !(x >= low) | !(x <= high);                                      \
            places[i] = bucket_of(x, origin, inverse, last);                                 \
        }                                                                                    \
        if (out_of_range) {                                                                  \
            for (size_t i = 0; i < n; i++)                                                   \
                codes[i] = find_code(l, (double)rows[i * stride], results);                  \
            return;                                                                          \
        }                                                                                    \
        for (size_t i = 0; i < n; i++) {                                                     \
            const double x = (double)rows[i * stride];                                       \
            const bucket *b = &buckets[places[i]];                                           \
                                                                                             \
            codes[i] = b->codes[x > b->threshold];                                           \
            if (UNLIKELY(codes[i] == MANY))                                                  \
                codes[i] = find_in_bucket(l, x, (size_t)places[i]);                          \
        }                                                                                    \
    }

DEFINE_FIND_CODES(find_codes_f32, float)
DEFINE_FIND_CODES(find_codes_f64, double)

/* The second smallest distance from x: another copy of the nearest codeword, or one of its
 * neighbours. */
static double runner_up(const line *l, double x, uint32_t code, double distance)
{
    const double *values = values_of(l);
    const size_t rank = numbers_of(l, l->ranks)[code];
    double second = INFINITY;

    if (x != x || numbers_of(l, l->repeated)[rank])
        return distance;
    if (rank > 0)
        second = distance_to(x, values[rank - 1]);
    if (rank + 1 < l->n_values)
        second = fmin(second, distance_to(x, values[rank + 1]));
    return second;
}

static void finish(const line *l, double x, size_t i, const centnn_results *results)
{
    const uint32_t code = results->codes[i];
    const double distance = distance_to(x, values_of(l)[numbers_of(l, l->ranks)[code]]);

    if (results->distances)
        results->distances[i] = distance;
    if (results->runner_up)
        results->runner_up[i] = runner_up(l, x, code, distance);
}

void centnn_line_search(const centnn_index *index, const centnn_kernel *kernel,
                        const centnn_tile *tile, const centnn_results *results)
{
    const line *l = index_array(index, index->line);
    const bool f64 = index->precision == CENTNN_F64;
    const double *f64_rows = tile->rows;
    const float *f32_rows = tile->rows;

    if (f64)
        find_codes_f64(l, f64_rows, tile->stride, tile->n, results);
    else if (!(kernel->find_steps && l->n_values <= STEPS_MAX && tile->stride == 1 &&
               kernel->find_steps(&l->steps, f32_rows, tile->n, results->codes)))
        find_codes_f32(l, f32_rows, tile->stride, tile->n, results);
    if (results->distances || results->runner_up) {
        for (size_t i = 0; i < tile->n; i++)
            finish(l, f64 ? f64_rows[i * tile->stride] : (double)f32_rows[i * tile->stride], i,
                   results);
    }
}

void centnn_line_search_bytes(const centnn_index *index, const centnn_rows *rows, size_t first,
                              size_t n, const centnn_results *results)
{
    const line *l = index_array(index, index->line);
    const uint8_t *data = (const uint8_t *)rows->data + (ptrdiff_t)first * rows->row_stride;

    if (rows->row_stride == 1) {
        for (size_t i = 0; i < n; i++)
            results->codes[i] = l->bytes[data[i]];
    } else {
        for (size_t i = 0; i < n; i++)
            results->codes[i] = l->bytes[data[(ptrdiff_t)i * rows->row_stride]];
    }
    if (results->distances || results->runner_up) {
        for (size_t i = 0; i < n; i++)
            finish(l, data[(ptrdiff_t)i * rows->row_stride], i, results);
    }
}

/* Codewords in ascending order, equal ones by index. */
typedef struct {
    double value;
    uint32_t code;
} entry;

static int compare_entries(const void *a, const void *b)
{
    const entry *x = a, *y = b;

    if (x->value != y->value)
        return x->value < y->value ? -1 : 1;
    return x->code < y->code ? -1 : x->code > y->code;
}

/* Fills in values, codes, ranks and repeated. Sorts in the memory of the buckets, which are made
 * later. */
static void sort_values(line *l, const centnn_index *index)
{
    char *base = (char *)l;
    entry *entries = (entry *)(void *)(base + l->buckets);
    double *values = (double *)(void *)(base + l->values);
    uint32_t *codes = (uint32_t *)(void *)(base + l->codes),
             *ranks = (uint32_t *)(void *)(base + l->ranks);
    uint32_t *repeated = (uint32_t *)(void *)(base + l->repeated);
    const void *codebook = index_array(index, index->codebook);

    for (size_t i = 0; i < index->k; i++) {
        entries[i].value = index->precision == CENTNN_F64 ? ((const double *)codebook)[i]
                                                          : (double)((const float *)codebook)[i];
        entries[i].code = (uint32_t)i;
    }
    qsort(entries, index->k, sizeof *entries, compare_entries);
    l->n_values = 0;
    for (size_t i = 0; i < index->k; i++) {
        if (i > 0 && entries[i].value == entries[i - 1].value) {
            repeated[l->n_values - 1] = 1;
        } else {
            values[l->n_values] = entries[i].value;
            codes[l->n_values] = entries[i].code;
            repeated[l->n_values++] = 0;
        }
        ranks[entries[i].code] = (uint32_t)(l->n_values - 1);
    }
}

/* Numbers of a precision as integers in the same order, and back. Unsigned ones: two numbers on
 * different sides of 0 can be more than INT64_MAX apart. */
static uint64_t to_key(double x, centnn_dtype precision)
{
    int64_t bits;

    if (precision == CENTNN_F32) {
        const float y = (float)x;
        int32_t bits32;

        memcpy(&bits32, &y, sizeof bits32);
        bits = bits32 < 0 ? INT32_MIN - (int64_t)bits32 : bits32;
    } else {
        memcpy(&bits, &x, sizeof bits);
        bits = bits < 0 ? INT64_MIN - bits : bits;
    }
    return (uint64_t)bits + ZERO_KEY;
}

static double from_key(uint64_t key, centnn_dtype precision)
{
    const int64_t place = key < ZERO_KEY ? -(int64_t)(ZERO_KEY - key) : (int64_t)(key - ZERO_KEY);
    double x;

    if (precision == CENTNN_F32) {
        const int32_t bits32 = (int32_t)(place < 0 ? INT32_MIN - place : place);
        float y;

        memcpy(&y, &bits32, sizeof y);
        return (double)y;
    }
    const int64_t bits = place < 0 ? INT64_MIN - place : place;

    memcpy(&x, &bits, sizeof x);
    return x;
}

/* Whether x goes to the value after the j-th, not the j-th. */
static bool is_above(const line *l, double x, size_t j)
{
    const double *values = values_of(l);
    const uint32_t *codes = numbers_of(l, l->codes);
    const double left = distance_to(x, values[j]), right = distance_to(x, values[j + 1]);

    return right < left || (right == left && codes[j + 1] < codes[j]);
}

/* The largest number of this precision that goes to the j-th value. It is next to the middle,
 * mostly: the search widens from there, and then bisects. */
static double find_threshold(const line *l, size_t j, centnn_dtype precision)
{
    const double *values = values_of(l);
    const uint64_t least = to_key(values[j], precision), most = to_key(values[j + 1], precision);
    const uint64_t middle = to_key(values[j] / 2 + values[j + 1] / 2, precision);
    uint64_t low = least, high = most; /* low is not above, high is */

    for (uint64_t step = 1; step > 0 && step < most - middle; step *= 2) {
        if (is_above(l, from_key(middle + step, precision), j)) {
            high = middle + step;
            break;
        }
    }
    for (uint64_t step = 1; step > 0 && step < middle - least; step *= 2) {
        if (!is_above(l, from_key(middle - step, precision), j)) {
            low = middle - step;
            break;
        }
    }
    while (high - low > 1) {
        const uint64_t between = low + (high - low) / 2;

        if (is_above(l, from_key(between, precision), j))
            high = between;
        else
            low = between;
    }
    return from_key(low, precision);
}

/* Sets low and high. */
static void set_range(line *l)
{
    const double *values = values_of(l);
    double gap = INFINITY, reach;

    for (size_t j = 0; j + 1 < l->n_values; j++)
        gap = fmin(gap, values[j + 1] - values[j]);
    reach = gap >= 0x1p-500 ? fmin(gap * 0x1p50, 0x1p510) : -INFINITY;
    l->low = values[l->n_values - 1] - reach;
    l->high = values[0] + reach;
}

/* Fills in the steps: thresholds after the last are infinite, and so never passed. */
static void fill_steps(line *l)
{
    const double *thresholds = thresholds_of(l);
    const uint32_t *codes = numbers_of(l, l->codes);
    centnn_steps *steps = &l->steps;

    for (size_t j = 0; j < STEPS_MAX; j++) {
        const float threshold = j + 1 < l->n_values ? (float)thresholds[j] : INFINITY;

        steps->thresholds[j % STEPS_WAYS][j / STEPS_WAYS] = threshold;
        steps->codes[j % STEPS_WAYS][j / STEPS_WAYS] = j < l->n_values ? codes[j] : 0;
    }
    /* Rounded inwards: a row of float32 in this range is in the other one. */
    steps->low = (float)fmax(l->low, -(double)FLT_MAX);
    steps->high = (float)fmin(l->high, (double)FLT_MAX);
    if ((double)steps->low < l->low)
        steps->low = nextafterf(steps->low, INFINITY);
    if ((double)steps->high > l->high)
        steps->high = nextafterf(steps->high, -INFINITY);
}

/* Fills in the buckets: each is first given the code below its first threshold. */
static void fill_buckets(line *l)
{
    char *base = (char *)l;
    bucket *buckets = (bucket *)(void *)(base + l->buckets);
    uint32_t *first = (uint32_t *)(void *)(base + l->first);
    const double *thresholds = thresholds_of(l);
    const uint32_t *codes = numbers_of(l, l->codes);
    const size_t steps = l->n_values - 1;
    const double last = (double)(l->n_buckets - 1),
                 span = steps ? thresholds[steps - 1] - thresholds[0] : 0;
    size_t j = 0;

    l->origin = steps ? thresholds[0] : 0;
    l->inverse = span > 0 && last / span <= 0x1p1000 ? last / span : 1;
    for (size_t b = 0; b < l->n_buckets; b++) {
        const size_t begin = j;

        while (j < steps && bucket_of(thresholds[j], l->origin, l->inverse, last) == (int32_t)b)
            j++;
        first[b] = (uint32_t)begin;
        buckets[b].threshold = j > begin ? thresholds[begin] : INFINITY;
        buckets[b].codes[0] = j - begin > 1 ? MANY : codes[begin];
        buckets[b].codes[1] = j - begin > 1 ? MANY : codes[j];
    }
}

void centnn_line_init(centnn_index *index)
{
    line *l = (line *)(void *)((char *)index + index->line);
    double *thresholds;

    lay_out(l, index->k);
    thresholds = (double *)(void *)((char *)l + l->thresholds);
    sort_values(l, index);
    for (size_t j = 0; j + 1 < l->n_values; j++)
        thresholds[j] = find_threshold(l, j, index->precision);
    set_range(l);
    fill_buckets(l);
    if (index->precision == CENTNN_F32 && l->n_values <= STEPS_MAX)
        fill_steps(l);
    for (size_t x = 0; x < 256; x++)
        l->bytes[x] = find_exactly(l, (double)x);
}
