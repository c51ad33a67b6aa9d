/*
 * index.c - sizes, and packing a codebook
 */
#include "error.h"
#include "internal.h"
#include "line.h"
#include "order.h"

#include <math.h>
#include <string.h>

/* Adds an array of n * m elements to a layout that is `*end` bytes long. Returns where it starts;
 * an overflow makes *end SIZE_MAX, and stays that. */
static size_t append(size_t *end, size_t n, size_t m, size_t element)
{
    const size_t start = *end;

    if (start == SIZE_MAX || n > (SIZE_MAX / 2 - start) / element / m)
        *end = SIZE_MAX;
    else
        *end = start + round_up(n * m * element, PANEL_BYTES);
    return start;
}

/* Fills in the sizes and offsets of an index, and returns its length in bytes; 0 if there can be no
 * such index. */
static size_t lay_out(centnn_index *index, size_t k, size_t d, centnn_dtype precision)
{
    if (k < 1 || d < 1 || k > CENTNN_MAX_K || d > CENTNN_MAX_D ||
        (precision != CENTNN_F32 && precision != CENTNN_F64))
        return 0;

    const size_t real = real_size(precision), width = panel_width(precision);
    size_t end = round_up(sizeof *index, PANEL_BYTES);

    memset(index, 0, sizeof *index);
    index->k = k;
    index->d = d;
    index->precision = precision;
    index->n_panels = (k + width - 1) / width;
    index->tile_rows = d <= 128 ? TILE_ROWS_MAX : 96;

    index->codebook = append(&end, k, d, real);
    index->offset = append(&end, d, 1, real);
    index->panels = append(&end, index->n_panels * width, d, real);
    index->half_norms = append(&end, index->n_panels, width, real);
    index->order = append(&end, index->n_panels, width, sizeof(uint32_t));
    index->axes = append(&end, d, width, real);
    index->boxes = append(&end, index->n_panels, 3 * MAX_AXES, real);
    index->workspace = append(&end, centnn_order_workspace(k, d), 1, 1);
    index->line = append(&end, 1, d == 1 ? centnn_line_size(k) : 1, 1);
    return end == SIZE_MAX ? 0 : end;
}

size_t centnn_index_size(size_t k, size_t d, centnn_dtype precision)
{
    centnn_index index;

    return lay_out(&index, k, d, precision);
}

size_t centnn_kernel_scratch_size(const centnn_index *index)
{
    const size_t real = real_size(index->precision), width = panel_width(index->precision);
    const size_t rows = index->tile_rows;

    /* A tile's rows; per row, 3 vectors of running results (and one spare row), 2 + MAX_AXES
     * numbers and two list entries, and a counter for each panel or, for a top-k search, the scores
     * of a few rows and one row's distances; see the kernels. */
    const size_t tile = round_up(rows * index->d * real, PANEL_BYTES);
    const size_t nearest = (rows + 1) * 3 * PANEL_BYTES + rows * (4 + MAX_AXES) * sizeof(double) +
                           (index->n_panels + 1) * sizeof(uint32_t);
    const size_t top = index->n_panels * width * TOP_ROWS * real + index->k * sizeof(double);

    return tile + rows * 4 * sizeof(double) + round_up(nearest > top ? nearest : top, PANEL_BYTES);
}

size_t centnn_scratch_size_of(size_t k, size_t d, centnn_dtype precision)
{
    centnn_index index;

    return lay_out(&index, k, d, precision) ? centnn_scratch_size(&index) : 0;
}

static double value(const void *codebook, size_t i, centnn_dtype precision)
{
    return precision == CENTNN_F64 ? ((const double *)codebook)[i]
                                   : (double)((const float *)codebook)[i];
}

static void put(void *array, size_t i, double x, centnn_dtype precision)
{
    if (precision == CENTNN_F64)
        ((double *)array)[i] = x;
    else
        ((float *)array)[i] = (float)x;
}

/* The mean of each coordinate. */
static void find_means(const centnn_index *index, const void *codebook, double *mean)
{
    const double share = 1 / (double)index->k;

    memset(mean, 0, index->d * sizeof *mean);
    for (size_t i = 0; i < index->k; i++) {
        for (size_t j = 0; j < index->d; j++) /* shares: the sum of huge values could overflow */
            mean[j] += value(codebook, i * index->d + j, index->precision) * share;
    }
}

/* Chooses scale and offset, such that c * scale + offset is at most about 1. */
static void set_scale(centnn_index *index, const void *codebook)
{
    char *base = (char *)index;
    double *mean = (double *)(void *)(base + index->workspace);
    const int limit = index->precision == CENTNN_F64 ? 1000
                                                     : 120; /* scale^-1 must not overflow either */
    double spread = 0;
    int exponent = 0;

    find_means(index, codebook, mean);
    for (size_t i = 0; i < index->k; i++) {
        for (size_t j = 0; j < index->d; j++) { /* halves: differences could overflow, too */
            const double distance = fabs(value(codebook, i * index->d + j, index->precision) / 2 -
                                         mean[j] / 2);

            spread = distance > spread ? distance : spread;
        }
    }
    if (spread > 0)
        (void)frexp(spread, &exponent);
    exponent = -(exponent + 1);
    exponent = exponent > limit ? limit : exponent < -limit ? -limit : exponent;
    index->scale = ldexp(1, exponent);
    for (size_t j = 0; j < index->d; j++)
        put(base + index->offset, j, -mean[j] * index->scale, index->precision);
}

/* Writes codeword `code` into `slot`; returns its squared norm. The coordinates are exact in
 * float64 (but for the last bit) if they are float32 ones, and rounded as x' is if they are float64
 * ones. */
static double pack_codeword(centnn_index *index, char *base, size_t code, size_t slot)
{
    const centnn_dtype precision = index->precision;
    const size_t d = index->d, width = panel_width(precision);
    const size_t start = slot / width * width * d + slot % width;
    double norm2 = 0;

    for (size_t j = 0; j < d; j++) {
        const double c = value(base + index->codebook, code * d + j, precision) * index->scale +
                         value(base + index->offset, j, precision);

        norm2 += c * c;
        put(base + index->panels, start + j * width, c, precision);
    }
    put(base + index->half_norms, slot, norm2 / 2, precision);
    return norm2;
}

/* Fills panels and half norms in the order of `order`; returns the largest squared norm (NaN if
 * there is one). */
static double pack(centnn_index *index)
{
    char *base = (char *)index;
    const size_t width = panel_width(index->precision), slots = index->n_panels * width;
    const uint32_t *order = (const uint32_t *)(const void *)(base + index->order);
    double largest = 0;

    memset(base + index->panels, 0, slots * index->d * real_size(index->precision));
    for (size_t slot = 0; slot < slots; slot++) {
        if (slot < index->k) {
            const double norm2 = pack_codeword(index, base, order[slot], slot);

            largest = norm2 > largest || norm2 != norm2 ? norm2 : largest;
        } else {
            put(base + index->half_norms, slot, INFINITY, index->precision);
        }
    }
    return largest;
}

centnn_status centnn_index_init(centnn_index *index, const void *codebook, size_t k, size_t d,
                                centnn_dtype precision)
{
    if (!index || !codebook)
        return CENTNN_ERR_NULL;
    if (precision != CENTNN_F32 && precision != CENTNN_F64)
        return CENTNN_ERR_DTYPE;
    if ((uintptr_t)index % PANEL_BYTES != 0 || centnn_index_size(k, d, precision) == 0)
        return CENTNN_ERR_SIZE;
    for (size_t i = 0; i < k * d; i++) {
        if (!isfinite(value(codebook, i, precision)))
            return CENTNN_ERR_NONFINITE;
    }

    char *base = (char *)index;

    lay_out(index, k, d, precision);
    memcpy(base + index->codebook, codebook, k * d * real_size(precision));
    set_scale(index, codebook);

    uint32_t *order = (uint32_t *)(void *)(base + index->order);

    for (size_t slot = 0; slot < index->n_panels * panel_width(precision); slot++)
        order[slot] = (uint32_t)slot;
    centnn_order_panels(index);
    centnn_set_margin(index, pack(index));
    if (!centnn_may_prune(index))
        index->n_axes = 0;
    if (d == 1)
        centnn_line_init(index);
    return CENTNN_OK;
}
