/*
 * error.h - how far the vector code can be from the definition, and so which rows it must not
 * decide
 *
 * Let u be the unit roundoff of the index's precision (2^-24 or 2^-53), v = 2^-53 that of float64.
 * With scale and offset as the numbers they are (a common translation changes no distance), let X
 * and C be the *exact* x * scale + offset and c * scale + offset, and S = |C|^2 / 2 - X.C. As |X -
 * C|^2 / 2 = |X|^2 / 2 + S, the nearest codeword has the least S. The kernels compute a score s
 * near S, and the following E bounds |s - S| for all codewords, with M = max |C|:
 *
 *  - x' = fma(x, scale, offset) and c' each round once: |x'.c' - X.C| <= (2u + u^2) |X| |C|.
 *  - The half norm h comes from float64 arithmetic: from the exact C and rounded once for float32,
 *    |h - |C|^2/2| <= 2u |C|^2/2; from c' for float64, (d + 4) u |C|^2/2.
 *  - s is h and a chain of d FMAs: it adds at most d u / (1 - d u) times (h + sum |x'_j c'_j|) <= h
 * + |x'| |c'|.
 *  - |X| M <= (|X|^2 + M^2) / 2, which spares a square root.
 *
 * Together E <= g (M^2 + |X|^2 / 2) with g = (d + 5) u for float32, (2d + 8) u for float64, to
 * first order.
 *
 * The definition rounds as well: t once, its square and the sum d times, all terms positive, so
 * that half the defined distance, scaled, is within (d + 2) v |X - C|^2 / 2 <= (d + 2) v (M^2 +
 * |X|^2) of the exact one. That is 2 (d + 2) v more in g: (4d + 12) u in all for float64, and d
 * 2^-28 u for float32, less than u for d <= CENTNN_MAX_D / 2 or 4 u at most.
 *
 * If the codeword b has the best score, then the defined winner w has s_w <= s_b + 2 E: a row where
 * no other score is as small as that is decided. The others are "rechecked": the definition is
 * applied to all codewords below the limit.
 *
 *     margin = 2 E = g (2 M^2 + |X|^2)
 *
 * Second-order terms, the rounding of M, of |x'|^2 (d u), of the margin and of s_b + margin (|s_b|
 * <= M^2 + |X|^2/2, so 2u) are covered by adding 4 u to g and dividing it by 1 - 2 d u - 2^-6;
 * where d u is above 2^-4, margins are infinite.
 *
 * Underflow: an operation in the normal range of the result is off by at most the smallest normal
 * number m (2^-126 or 2^-1022; this includes flushing to zero). Each of the d products sees three
 * such errors, times |x'_j| or |c'_j|, which are below 1 + |X|^2 and 8: all of it is within (1 +
 * |X|^2) 32 d m. The part with |X|^2 disappears in g |X|^2; the other is added. The definition can
 * underflow in float64 indexes only: d m, scaled, which may be large, is added too.
 *
 * Overflow: x' or |x'|^2 that is not finite, and rows far enough out for the definition to
 * overflow, have infinite margins. All scores of other rows are finite, except for infinity in the
 * slots past the last codeword.
 */
#ifndef CENTNN_ERROR_H
#define CENTNN_ERROR_H

#include "internal.h"

/* Sets margin_base, margin_slope and norm_limit for an index with these d, precision and scale;
 * largest is M^2. */
void centnn_set_margin(centnn_index *index, double largest);

#endif
