/*
 * kernel_product.h - part of the kernel: the nearest codes of a product quantizer (product.h)
 *
 * Lanes are queries: their tables are interleaved, so that a code's entries for all of them are
 * fetched by one load. A single query has its table to itself.
 */

#define ALL_LANES ((1u << WIDTH) - 1)

INLINE size_t code_at(const int code_size, const centnn_codes *codes, size_t i)
{
    return code_size == 1 ? ((const uint8_t *)codes->codes)[i]
                          : ((const uint16_t *)codes->codes)[i];
}

/* The distances of code i from WIDTH queries. */
INLINE vec lane_distances(const int code_size, const centnn_codes *codes, const real *tables,
                          size_t i)
{
    const size_t row = codes->k * WIDTH;
    vec sum = v_load(tables + code_at(code_size, codes, i * codes->m) * WIDTH);

    for (size_t part = 1; part < codes->m; part++) {
        tables += row;
        sum = v_add(sum, v_load(tables + code_at(code_size, codes, i * codes->m + part) * WIDTH));
    }
    return sum;
}

INLINE real one_distance(const int code_size, const centnn_codes *codes, const real *table,
                         size_t i)
{
    real sum = table[code_at(code_size, codes, i * codes->m)];

    for (size_t part = 1; part < codes->m; part++) {
        table += codes->k;
        sum += table[code_at(code_size, codes, i * codes->m + part)];
    }
    return sum;
}

/* Offers code i to the heaps of the lanes whose bits are set, and lowers the limits of those that
 * are full: the distances that are too far to be offered. */
static NOINLINE void offer_lanes(vec sums, unsigned lanes, uint32_t place, size_t n_nearest,
                                 heap *heaps, real *limits)
{
    real sum[WIDTH];

    v_store(sum, sums);
    for (; lanes; lanes &= lanes - 1) {
        const unsigned lane = lowest_bit(lanes);

        offer(&heaps[lane], n_nearest, (double)sum[lane], place);
        if (heaps[lane].n == n_nearest)
            limits[lane] = (real)heaps[lane].keys[0];
    }
}

/* Scans for up to WIDTH queries. Places rise, so that a code as far as a limit comes too late. */
INLINE void scan_lanes(const int code_size, const centnn_codes *codes, const real *tables,
                       size_t n_queries, size_t n_nearest, heap *heaps)
{
    const unsigned used = ALL_LANES >> (WIDTH - n_queries);
    real limits[WIDTH];
    size_t i = 0;

    for (size_t lane = 0; lane < WIDTH; lane++)
        limits[lane] = -(real)INFINITY;
    for (; i < n_nearest; i++)
        offer_lanes(lane_distances(code_size, codes, tables, i), used, codes->first + (uint32_t)i,
                    n_nearest, heaps, limits);
    for (; i < codes->n; i++) {
        const vec sums = lane_distances(code_size, codes, tables, i);
        const unsigned nearer = ~v_near(v_load(limits), sums) & ALL_LANES;

        if (UNLIKELY(nearer))
            offer_lanes(sums, nearer, codes->first + (uint32_t)i, n_nearest, heaps, limits);
    }
}

INLINE void scan_one(const int code_size, const centnn_codes *codes, const real *table,
                     size_t n_nearest, heap *h)
{
    size_t i = 0;
    real limit;

    for (; i < n_nearest; i++)
        offer(h, n_nearest, (double)one_distance(code_size, codes, table, i),
              codes->first + (uint32_t)i);
    limit = (real)h->keys[0];
    for (; i < codes->n; i++) {
        const real sum = one_distance(code_size, codes, table, i);

        if (UNLIKELY(sum < limit)) {
            offer(h, n_nearest, (double)sum, codes->first + (uint32_t)i);
            limit = (real)h->keys[0];
        }
    }
}

/* [n_queries][size] to [size][WIDTH]; lanes without a query are 0. */
static void interleave(const real *tables, size_t n_queries, size_t size, real *out)
{
    for (size_t i = 0; i < size; i++) {
        for (size_t lane = 0; lane < WIDTH; lane++)
            out[i * WIDTH + lane] = lane < n_queries ? tables[lane * size + i] : 0;
    }
}

static void nearest_codes(const centnn_codes *codes, const void *tables, size_t n_queries,
                          size_t n_nearest, double *distances, uint32_t *places, void *scratch)
{
    const size_t size = codes->m * codes->k;
    const real *table = tables;
    heap heaps[QUERIES_AT_ONCE];

    for (size_t q = 0; q < n_queries; q++) {
        const heap empty = {distances + q * n_nearest, places + q * n_nearest, 0};

        heaps[q] = empty;
    }
    for (size_t q = 0; q < n_queries; q += WIDTH) {
        const size_t n = n_queries - q < WIDTH ? n_queries - q : WIDTH;

        if (n > 1)
            interleave(table + q * size, n, size, scratch);
        if (n > 1 && codes->code_size == 1)
            scan_lanes(1, codes, scratch, n, n_nearest, heaps + q);
        else if (n > 1)
            scan_lanes(2, codes, scratch, n, n_nearest, heaps + q);
        else if (codes->code_size == 1)
            scan_one(1, codes, table + q * size, n_nearest, heaps + q);
        else
            scan_one(2, codes, table + q * size, n_nearest, heaps + q);
    }
    for (size_t q = 0; q < n_queries; q++)
        sort_heap(&heaps[q]);
}
