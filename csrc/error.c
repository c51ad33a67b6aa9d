/*
 * error.c - the constants of the bound that error.h derives
 */
#include "error.h"

#include <float.h>
#include <math.h>

void centnn_set_margin(centnn_index *index, double largest)
{
    const bool f64 = index->precision == CENTNN_F64;
    const double d = (double)index->d;
    const double u = f64 ? DBL_EPSILON / 2 : FLT_EPSILON / 2;
    const double g = (f64 ? 4 * d + 12 + 4 : d + 5 + 4 + 4) * u / (1 - 2 * d * u - 0x1p-6);
    const double smallest = f64 ? DBL_MIN : FLT_MIN;
    double norm_limit = f64 ? DBL_MAX / 16 : FLT_MAX / 16;

    index->margin_slope = g;
    index->margin_base = 2 * g * largest + 32 * d * smallest;
    if (f64) {
        const double scale = index->scale;

        index->margin_base += 2 * d * DBL_MIN * scale * scale;
        /* The definition is at most (1 + d u) (|X| + M)^2 / scale^2 <= 4 (|X|^2 + M^2) / scale^2.
         */
        norm_limit = fmin(norm_limit, DBL_MAX / 16 * scale * scale - largest);
    }
    /* The comparisons fail for a NaN, that a codebook of extreme values may lead to. */
    if (!(d * u <= 0x1p-4 && index->margin_base <= DBL_MAX && largest <= norm_limit))
        norm_limit = -1;
    index->norm_limit = norm_limit;
}

double centnn_runner_up_error(const centnn_index *index, double norm2)
{
    if (!index)
        return NAN;
    const double scaled = norm2 * index->scale * index->scale;
    const double margin = index->margin_base + index->margin_slope * scaled;

    /* |x'|^2 + 2 s is off by 2 E and the rounding of |x'|^2, which g covers; 2 margins allow for
     * norm2's own error. */
    if (!(scaled <= index->norm_limit / 2))
        return INFINITY;
    return 2 * margin / index->scale / index->scale;
}
