/*
 * order.c - codewords in spatially compact panels, for pruning
 *
 * Principal axes of the codebook by power iteration; then the codewords are halved along the axis
 * on which they spread most, again and again, until each part is a panel. Nothing here needs to be
 * exact, nor does it influence results: the boxes are computed from the axes as stored, and
 * kernel_pruned.h allows for all rounding.
 */
#include "order.h"

#include <math.h>
#include <string.h>

#define ITERATIONS 6
#define FEWEST_COORDINATES 9
#define FEWEST_PANELS 8 /* below, dense search is as fast */
#define STEEPEST_MARGIN 0x1p-16

/* The workspace, and what is needed to read codewords. */
typedef struct {
    centnn_index *index;
    char *base;
    size_t k, d, width;
    size_t n_axes, n_samples;
    double *axis;       /* [MAX_AXES + 1][d], the last one for intermediate results */
    double *sample;     /* [n_samples][d]: the codewords that axes are computed from */
    double *coordinate; /* [k][MAX_AXES]: of codewords on the axes, negated as the kernel does */
} ordering;

/* Enough codewords for axes that need not be exact; fewer of long ones, to bound the memory. */
static size_t sample_count(size_t k, size_t d)
{
    const size_t wanted = d <= 256 ? 256 : d <= 4096 ? 65536 / d : 16;

    return k < wanted ? k : wanted;
}

static double get(const ordering *o, size_t array, size_t i)
{
    const char *data = o->base + array;

    return o->index->precision == CENTNN_F64 ? ((const double *)(const void *)data)[i]
                                             : (double)((const float *)(const void *)data)[i];
}

static void put(const ordering *o, size_t array, size_t i, double x)
{
    char *data = o->base + array;

    if (o->index->precision == CENTNN_F64)
        ((double *)(void *)data)[i] = x;
    else
        ((float *)(void *)data)[i] = (float)x;
}

/* A codeword, centred and scaled. */
static void read_codeword(const ordering *o, size_t code, double *c)
{
    for (size_t j = 0; j < o->d; j++)
        c[j] = get(o, o->index->codebook, code * o->d + j) * o->index->scale +
               get(o, o->index->offset, j);
}

static double dot(const double *a, const double *b, size_t d)
{
    double sum = 0;

    for (size_t j = 0; j < d; j++)
        sum += a[j] * b[j];
    return sum;
}

/* Makes `v` orthogonal to the first n axes and of length 1; false if nothing is left of it. */
static bool orthonormalize(const ordering *o, double *v, size_t n)
{
    const double before = sqrt(dot(v, v, o->d));
    double length;

    for (int pass = 0; pass < 2; pass++) { /* the second removes what rounding left */
        for (size_t a = 0; a < n; a++) {
            const double share = dot(v, o->axis + a * o->d, o->d);

            for (size_t j = 0; j < o->d; j++)
                v[j] -= share * o->axis[a * o->d + j];
        }
    }
    length = sqrt(dot(v, v, o->d));
    if (!(length > before * 1e-6))
        return false;
    for (size_t j = 0; j < o->d; j++)
        v[j] /= length;
    return true;
}

/* The next principal axis; false if there is none. */
static bool find_axis(const ordering *o, size_t n)
{
    double *v = o->axis + n * o->d, *next = o->axis + MAX_AXES * o->d;

    for (size_t j = 0; j < o->d; j++)
        v[j] = 1 + 1 / (double)(j + n + 1); /* any direction */
    if (!orthonormalize(o, v, n))
        return false;
    for (int iteration = 0; iteration < ITERATIONS; iteration++) {
        memset(next, 0, o->d * sizeof *next);
        for (size_t i = 0; i < o->n_samples; i++) {
            const double *c = o->sample + i * o->d;
            const double share = dot(c, v, o->d);

            for (size_t j = 0; j < o->d; j++)
                next[j] += c[j] * share;
        }
        if (!orthonormalize(o, next, n))
            return false;
        memcpy(v, next, o->d * sizeof *v);
    }
    return true;
}

/* Finds the axes, rounds them to the precision and stores them for the kernel. */
static void find_axes(ordering *o)
{
    const size_t most = o->d < MAX_AXES ? o->d : MAX_AXES;

    for (size_t i = 0; i < o->n_samples; i++)
        read_codeword(o, i * o->k / o->n_samples, o->sample + i * o->d);
    while (o->n_axes < most && find_axis(o, o->n_axes))
        o->n_axes++;
    memset(o->base + o->index->axes, 0, o->d * PANEL_BYTES);
    for (size_t a = 0; a < o->n_axes; a++) {
        for (size_t j = 0; j < o->d; j++) {
            const size_t i = j * o->width + a;

            put(o, o->index->axes, i, o->axis[a * o->d + j]);
            o->axis[a * o->d + j] = get(o, o->index->axes, i);
        }
    }
}

/* |A v|^2 / |v|^2 is at most the largest eigenvalue of A A', which is at most 1 + |A A' - I|. */
static double gain(const ordering *o)
{
    double sum = 0;

    for (size_t a = 0; a < o->n_axes; a++) {
        for (size_t b = 0; b < o->n_axes; b++) {
            const double off = dot(o->axis + a * o->d, o->axis + b * o->d, o->d) - (a == b);

            sum += off * off;
        }
    }
    return 1 + sqrt(sum) + 1e-9;
}

static void project_codewords(const ordering *o)
{
    double *c = o->axis + MAX_AXES * o->d;

    for (size_t i = 0; i < o->k; i++) {
        read_codeword(o, i, c);
        for (size_t a = 0; a < MAX_AXES; a++)
            o->coordinate[i * MAX_AXES + a] = a < o->n_axes ? -dot(c, o->axis + a * o->d, o->d) : 0;
    }
}

/* The axis on which these codewords have the largest variance. */
static size_t widest_axis(const ordering *o, const uint32_t *codes, size_t n)
{
    double widest = -1;
    size_t axis = 0;

    for (size_t a = 0; a < o->n_axes; a++) {
        double sum = 0, squares = 0;

        for (size_t i = 0; i < n; i++) {
            const double y = o->coordinate[codes[i] * MAX_AXES + a];

            sum += y;
            squares += y * y;
        }
        if (squares - sum * sum / (double)n > widest) {
            widest = squares - sum * sum / (double)n;
            axis = a;
        }
    }
    return axis;
}

/* Partially sorts codes by their coordinate on an axis: the smallest `n_left` first (Hoare's
 * quickselect). */
static void select_smallest(const ordering *o, uint32_t *codes, size_t n, size_t n_left,
                            size_t axis)
{
    const double *y = o->coordinate + axis;
    const ptrdiff_t wanted = (ptrdiff_t)n_left;
    ptrdiff_t low = 0, high = (ptrdiff_t)n - 1;

    while (low < high) {
        const double pivot = y[codes[low + (high - low) / 2] * MAX_AXES];
        ptrdiff_t i = low, j = high;

        while (i <= j) {
            while (y[codes[i] * MAX_AXES] < pivot)
                i++;
            while (y[codes[j] * MAX_AXES] > pivot)
                j--;
            if (i <= j) {
                const uint32_t code = codes[i];

                codes[i++] = codes[j];
                codes[j--] = code;
            }
        }
        if (wanted <= j)
            high = j;
        else if (wanted >= i)
            low = i;
        else
            return;
    }
}

/* Orders the codewords of these panels. */
static void halve(const ordering *o, uint32_t *codes, size_t n, size_t n_panels)
{
    const size_t n_left = n_panels / 2 * o->width;

    if (n_panels < 2)
        return;
    select_smallest(o, codes, n, n_left, widest_axis(o, codes, n));
    halve(o, codes, n_left, n_panels / 2);
    halve(o, codes + n_left, n - n_left, n_panels - n_panels / 2);
}

/* Each panel's low, middle (mean) and high on each axis. */
static void find_boxes(const ordering *o, const uint32_t *order)
{
    for (size_t g = 0; g < o->index->n_panels; g++) {
        const size_t begin = g * o->width, end = begin + o->width < o->k ? begin + o->width : o->k;

        for (size_t a = 0; a < MAX_AXES; a++) {
            double low = INFINITY, high = -INFINITY, sum = 0;

            for (size_t slot = begin; slot < end; slot++) {
                const double y = o->coordinate[order[slot] * MAX_AXES + a];

                low = fmin(low, y);
                high = fmax(high, y);
                sum += y;
            }
            put(o, o->index->boxes, (3 * g + 0) * MAX_AXES + a, low);
            put(o, o->index->boxes, (3 * g + 1) * MAX_AXES + a, sum / (double)(end - begin));
            put(o, o->index->boxes, (3 * g + 2) * MAX_AXES + a, high);
        }
    }
}

size_t centnn_order_workspace(size_t k, size_t d)
{
    return ((MAX_AXES + 1 + sample_count(k, d)) * d + MAX_AXES * k) * sizeof(double);
}

void centnn_order_panels(centnn_index *index)
{
    char *base = (char *)index;
    uint32_t *order = (uint32_t *)(void *)(base + index->order);
    double *memory = (double *)(void *)(base + index->workspace);
    ordering o = {index, base, index->k, index->d, panel_width(index->precision),
                  0,     0,    NULL,     NULL,     NULL};

    /* Testing a panel's box costs about 2.5 ns whatever d is: more than scoring the panel in few
     * dimensions. */
    if (index->d < FEWEST_COORDINATES || index->n_panels < FEWEST_PANELS)
        return;
    o.n_samples = sample_count(o.k, o.d);
    o.axis = memory;
    o.sample = o.axis + (MAX_AXES + 1) * o.d;
    o.coordinate = o.sample + o.n_samples * o.d;
    find_axes(&o);
    if (o.n_axes == 0 || !(gain(&o) <= 1.001))
        return;
    project_codewords(&o);
    halve(&o, order, index->k, index->n_panels);
    find_boxes(&o, order);
    index->n_axes = o.n_axes;
    index->axis_gain = gain(&o);
    /* Measured on blocks of images: where dense search starts to be faster. */
    index->prune_limit = 0.4;
}

bool centnn_may_prune(const centnn_index *index)
{
    return index->n_axes > 0 && index->norm_limit >= 0 && index->margin_slope <= STEEPEST_MARGIN;
}
