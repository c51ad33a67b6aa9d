/*
 * kernel_neighbours.h - part of the kernel: the codewords nearest to a codeword
 *
 * Codewords stream past, LIST_ROWS others in the lanes. What is nearer than a lane's limit goes
 * into the lane's buffer; a full buffer is cut to the n_near least, whose largest is the new limit.
 */

/* A distance and a codeword as one number: by distance, equal ones by codeword. The bits of floats
 * that are not negative are in their order. */
INLINE uint64_t neighbour_key(real distance, size_t codeword)
{
    const float value = (float)distance;
    uint32_t bits;

    memcpy(&bits, &value, sizeof bits);
    return (uint64_t)bits << 32 | codeword;
}

INLINE float key_distance(uint64_t key)
{
    const uint32_t bits = (uint32_t)(key >> 32);
    float value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Puts the `least` least of n distinct keys first (quickselect), the largest of them last. */
static void keep_least(uint64_t *keys, size_t n, size_t least)
{
    size_t low = 0, high = n - 1;

    while (low < high) {
        const uint64_t pivot = keys[low + (high - low) / 2];
        size_t i = low, j = high;

        for (;;) {
            while (keys[i] < pivot)
                i++;
            while (keys[j] > pivot)
                j--;
            if (i >= j)
                break;
            const uint64_t swap = keys[i];

            keys[i++] = keys[j];
            keys[j--] = swap;
        }
        /* low .. j are at most the pivot, j + 1 .. high at least */
        if (least - 1 <= j)
            high = j;
        else
            low = j + 1;
    }
}

/* A lane's buffer. */
typedef struct {
    uint64_t *keys; /* [2 * n_near] */
    size_t n;
} neighbour_buffer;

INLINE void add_neighbour(neighbour_buffer *buffer, size_t n_near, real distance, size_t codeword,
                          real *limit)
{
    buffer->keys[buffer->n++] = neighbour_key(distance, codeword);
    if (buffer->n == 2 * n_near) {
        keep_least(buffer->keys, buffer->n, n_near);
        buffer->n = n_near;
        *limit = (real)key_distance(buffer->keys[n_near - 1]);
    }
}

/* Compares `codewords` codewords from q on with the lanes' limits. */
INLINE void scan_codewords(const size_t codewords, const size_t d, const centnn_book *book,
                           size_t q, size_t first, size_t n, size_t n_near, const real *tile,
                           real *limits, neighbour_buffer *buffers)
{
    const real *c[LIST_CODEWORDS_MAX], *half_norms = (const real *)book->half_norms + q;

    for (size_t i = 0; i < codewords; i++)
        c[i] = (const real *)book->codewords + (q + i) * d;
    for (size_t row = 0; row < n; row += LIST_VECTORS * WIDTH) {
        vec norm2[LIST_VECTORS], distance[LIST_CODEWORDS_MAX][LIST_VECTORS];

        UNROLL
        for (size_t v = 0; v < LIST_VECTORS; v++)
            norm2[v] = v_load(tile + d * LIST_ROWS + row + v * WIDTH);
        list_distances(LIST_VECTORS, (int)codewords, d <= DIFFERENCE_D, d, tile + row, c,
                       half_norms, norm2, distance);
        for (size_t i = 0; i < codewords; i++) {
            for (size_t v = 0; v < LIST_VECTORS; v++) {
                const size_t start = row + v * WIDTH;
                unsigned near = v_near(distance[i][v], v_load(limits + start));
                real lanes[WIDTH];

                if (LIKELY(!near))
                    continue;
                v_store(lanes, distance[i][v]);
                for (; near; near &= near - 1) {
                    const size_t lane = start + lowest_bit(near);

                    if (lane < n && first + lane != q + i && lanes[lane - start] < limits[lane])
                        add_neighbour(&buffers[lane], n_near, lanes[lane - start], q + i,
                                      &limits[lane]);
                }
            }
        }
    }
}

INLINE void scan_all_codewords(const size_t d, const centnn_book *book, size_t k, size_t first,
                               size_t n, size_t n_near, const real *tile, real *limits,
                               neighbour_buffer *buffers)
{
    size_t q = 0;

    for (; q + LIST_CODEWORDS <= k; q += LIST_CODEWORDS)
        scan_codewords(LIST_CODEWORDS, d, book, q, first, n, n_near, tile, limits, buffers);
    for (; q < k; q++)
        scan_codewords(1, d, book, q, first, n, n_near, tile, limits, buffers);
}

static void find_neighbours(const centnn_book *book, size_t k, size_t first, size_t n,
                            size_t n_near, uint32_t *lists, float *reach, void *scratch)
{
    const size_t d = book->d;
    const real *rows[LIST_ROWS];
    real *tile = scratch, *norms = tile + d * LIST_ROWS, *limits = norms + LIST_ROWS;
    uint64_t *keys = (uint64_t *)(void *)(limits + LIST_ROWS);
    neighbour_buffer buffers[LIST_ROWS];

    for (size_t i = 0; i < LIST_ROWS; i++) {
        const size_t j = first + (i < n ? i : n - 1);

        rows[i] = (const real *)book->codewords + j * d;
        norms[i] = 2 * ((const real *)book->half_norms)[j];
        limits[i] = (real)INFINITY;
        buffers[i].keys = keys + i * 2 * n_near;
        buffers[i].n = 0;
    }
    to_columns(rows, d, tile);
    switch (d) {
    case 2:
        scan_all_codewords(2, book, k, first, n, n_near, tile, limits, buffers);
        break;
    case 3:
        scan_all_codewords(3, book, k, first, n, n_near, tile, limits, buffers);
        break;
    case 4:
        scan_all_codewords(4, book, k, first, n, n_near, tile, limits, buffers);
        break;
    default:
        scan_all_codewords(d, book, k, first, n, n_near, tile, limits, buffers);
    }
    for (size_t i = 0; i < n; i++) {
        keep_least(buffers[i].keys, buffers[i].n, n_near);
        for (size_t l = 0; l < n_near; l++)
            lists[i * n_near + l] = (uint32_t)buffers[i].keys[l];
        reach[i] = sqrtf(key_distance(buffers[i].keys[n_near - 1]));
    }
}

/* For each function alone: the tile, norms, limits and buffers of find_neighbours; the rows of
 * load_tile; the factors of combine_rows. */
static size_t lists_scratch_size(size_t d, size_t n_near)
{
    return (d + 2 + LIST_TILES) * LIST_ROWS * sizeof(real) +
           2 * n_near * LIST_ROWS * sizeof(uint64_t);
}
