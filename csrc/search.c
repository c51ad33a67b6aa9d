/* The nearest-codeword search, as centnn.h defines it. */
#include "centnn.h"

#include "rows.h"

size_t centnn_scratch_size(size_t k, size_t d)
{
    return (k + d) * sizeof(double);
}

/* Squared distances from one row to every codeword; the loop over codewords vectorizes. */
static void distances_to_all(const double *row, size_t d, const double *columns, size_t k,
                             double *total)
{
    for (size_t j = 0; j < k; j++)
        total[j] = 0.0;
    for (size_t i = 0; i < d; i++) {
        const double *column = columns + i * k;
        for (size_t j = 0; j < k; j++) {
            double difference = row[i] - column[j];
            total[j] += difference * difference;
        }
    }
}

static size_t index_of_least(const double *value, size_t n)
{
    size_t least = 0;
    for (size_t j = 1; j < n; j++)
        if (value[j] < value[least])
            least = j;
    return least;
}

void centnn_search(const double *columns, size_t k, const centnn_rows *rows, uint32_t *codes,
                   double *distances, void *scratch)
{
    double *row = scratch;
    double *total = row + rows->d;
    for (size_t i = 0; i < rows->n; i++) {
        centnn_load_row(rows, i, row);
        distances_to_all(row, rows->d, columns, k, total);
        size_t nearest = index_of_least(total, k);
        codes[i] = (uint32_t)nearest;
        if (distances)
            distances[i] = total[nearest];
    }
}
