/* oracle.c - the definition of distance in centnn.h, written down once more: all N x K distances */
#include <math.h>
#include <stddef.h>

void oracle(size_t n, size_t k, size_t d, const double *x, const double *c, double *distances)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t m = 0; m < k; m++) {
            double sum = 0;

            for (size_t j = 0; j < d; j++) {
                const double t = x[i * d + j] - c[m * d + j];

                sum = fma(t, t, sum);
            }
            distances[i * k + m] = sum;
        }
    }
}
