/*
 * train.c - a codebook trained on the caller's memory alone
 *
 * It begins with the mean of all rows. In each epoch every row goes to its nearest codeword, and
 * codewords become the means of their rows; then the clusters with the largest errors are split
 * along the axis on which they are widest, as many as there are, until there are k. From then on
 * codewords without rows are dropped and others split in their place, until nothing changes.
 *
 * `centnn.fit_codebook` trains better codebooks, in less time; this one needs nothing but C.
 */
#include <stdbool.h>
#include <string.h>

#include "centnn.h"
#include "rows.h"

enum { TILE = 64 };

/* What there is to know of each cluster, and memory to find it out. */
typedef struct {
    const centnn_rows *rows;
    size_t d, k, k_max;
    float *codewords;
    uint32_t *codes;
    double *distances;
    centnn_index *index;
    void *scratch;
    float *tile;             /* TILE rows */
    double *counts, *errors; /* of each cluster */
    double *sums, *squares;  /* (k_max, d) */
    uint32_t *part_of;       /* of each cluster: the one that takes a part of it, or itself */
    uint32_t *axes;          /* along which it is split */
} training;

static size_t rounded(size_t n)
{
    return round_up(n, PANEL_BYTES);
}

size_t centnn_train_size(size_t k, size_t d)
{
    size_t index = centnn_index_size(k, d, CENTNN_F32);

    if (!index)
        return 0;
    return rounded(index) + rounded(centnn_scratch_size_of(k, d, CENTNN_F32)) +
           rounded(TILE * d * sizeof(float)) + 2 * rounded(k * sizeof(double)) +
           2 * rounded(k * d * sizeof(double)) + 2 * rounded(k * sizeof(uint32_t));
}

static void *take(char **memory, size_t n)
{
    void *taken = *memory;

    *memory += rounded(n);
    return taken;
}

static void lay_out(training *t, char *memory)
{
    t->index = take(&memory, centnn_index_size(t->k_max, t->d, CENTNN_F32));
    t->scratch = take(&memory, centnn_scratch_size_of(t->k_max, t->d, CENTNN_F32));
    t->tile = take(&memory, TILE * t->d * sizeof(float));
    t->counts = take(&memory, t->k_max * sizeof(double));
    t->errors = take(&memory, t->k_max * sizeof(double));
    t->sums = take(&memory, t->k_max * t->d * sizeof(double));
    t->squares = take(&memory, t->k_max * t->d * sizeof(double));
    t->part_of = take(&memory, t->k_max * sizeof(uint32_t));
    t->axes = take(&memory, t->k_max * sizeof(uint32_t));
}

/* Calls visit(t, i, row) for each row. */
static void for_each_row(training *t, void (*visit)(training *, size_t, const float *))
{
    for (size_t first = 0; first < t->rows->n; first += TILE) {
        size_t left = t->rows->n - first, n = left < TILE ? left : TILE;
        const centnn_tile tile = centnn_load_tile(t->rows, first, n, CENTNN_F32, t->tile);

        for (size_t i = 0; i < n; i++)
            visit(t, first + i, (const float *)tile.rows + i * tile.stride);
    }
}

static void add_row(training *t, size_t i, const float *row)
{
    size_t cluster = t->codes[i];
    double *sums = t->sums + cluster * t->d, *squares = t->squares + cluster * t->d;

    t->counts[cluster] += 1;
    t->errors[cluster] += t->distances[i];
    for (size_t j = 0; j < t->d; j++) {
        double from = (double)row[j] - (double)t->codewords[cluster * t->d + j];

        sums[j] += from;
        squares[j] += from * from;
    }
}

/* Adds up the rows of each cluster, less its codeword. */
static void add_up(training *t)
{
    memset(t->counts, 0, t->k * sizeof *t->counts);
    memset(t->errors, 0, t->k * sizeof *t->errors);
    memset(t->sums, 0, t->k * t->d * sizeof *t->sums);
    memset(t->squares, 0, t->k * t->d * sizeof *t->squares);
    for_each_row(t, add_row);
}

/* Moves codewords to the means of their rows. Returns whether any is another one then. */
static bool move(training *t)
{
    bool moved = false;

    for (size_t i = 0; i < t->k * t->d; i++) {
        double count = t->counts[i / t->d];
        float mean = count > 0 ? (float)(t->codewords[i] + t->sums[i] / count) : t->codewords[i];

        moved |= mean != t->codewords[i];
        t->codewords[i] = mean;
    }
    return moved;
}

static centnn_status search(training *t)
{
    centnn_status status = centnn_index_init(t->index, t->codewords, t->k, t->d, CENTNN_F32);

    if (status != CENTNN_OK)
        return status;
    return centnn_search(t->index, t->rows, t->codes, sizeof *t->codes, t->distances, NULL,
                         t->scratch);
}

/* The cluster of the largest error among those that are whole and can be split; k if there is
 * none. */
static size_t worst(const training *t, size_t k)
{
    size_t found = k;

    for (size_t i = 0; i < k; i++) {
        bool can_split = t->part_of[i] == i && t->counts[i] > 1 && t->errors[i] > 0;

        if (can_split && (found == k || t->errors[i] > t->errors[found]))
            found = i;
    }
    return found;
}

/* The axis on which a cluster is widest. */
static uint32_t widest_axis(const training *t, size_t cluster)
{
    size_t found = 0;
    double most = -1;

    for (size_t j = 0; j < t->d; j++) {
        double sum = t->sums[cluster * t->d + j];
        double width = t->squares[cluster * t->d + j] - sum * sum / t->counts[cluster];

        if (width > most) {
            most = width;
            found = j;
        }
    }
    return (uint32_t)found;
}

/* Rows beyond the codeword, along the axis, go to the part of the cluster. */
static void split_row(training *t, size_t i, const float *row)
{
    size_t cluster = t->codes[i], part = t->part_of[cluster];

    if (part == cluster)
        return;
    if (row[t->axes[cluster]] > t->codewords[cluster * t->d + t->axes[cluster]])
        t->codes[i] = (uint32_t)part;
}

/* Splits the clusters with the largest errors, as many as there are or are wanted. Returns whether
 * there was one. */
static bool split(training *t)
{
    size_t k = t->k;

    for (size_t i = 0; i < k; i++)
        t->part_of[i] = (uint32_t)i;
    while (t->k < t->k_max && t->k < 2 * k) {
        size_t cluster = worst(t, k);

        if (cluster == k)
            break;
        t->part_of[cluster] = (uint32_t)t->k;
        t->axes[cluster] = widest_axis(t, cluster);
        memcpy(t->codewords + t->k * t->d, t->codewords + cluster * t->d,
               t->d * sizeof *t->codewords);
        t->k++;
    }
    for_each_row(t, split_row);
    return t->k > k;
}

/* Drops codewords without rows. Returns whether there were any. */
static bool drop_empty(training *t)
{
    size_t kept = 0;

    for (size_t i = 0; i < t->k; i++) {
        if (t->counts[i] > 0) {
            t->counts[kept] = t->counts[i];
            memmove(t->codewords + kept * t->d, t->codewords + i * t->d,
                    t->d * sizeof *t->codewords);
            kept++;
        }
    }
    if (kept == t->k)
        return false;
    t->k = kept;
    return true;
}

/* An epoch: search, move. *moved tells whether anything did. */
static centnn_status epoch(training *t, bool *moved)
{
    centnn_status status = search(t);

    if (status != CENTNN_OK)
        return status;
    add_up(t);
    *moved = move(t) | drop_empty(t);
    return CENTNN_OK;
}

centnn_status centnn_train(const centnn_rows *rows, size_t k, size_t max_epochs, float *codewords,
                           uint32_t *codes, double *distances, void *memory)
{
    training t = {.rows = rows, .codewords = codewords, .codes = codes, .distances = distances};
    centnn_status status = CENTNN_OK;
    bool moved = true;

    if (!rows || !rows->data || !codewords || !codes || !distances || !memory)
        return CENTNN_ERR_NULL;
    if (rows->dtype == CENTNN_F64 || centnn_dtype_size(rows->dtype) == 0)
        return CENTNN_ERR_DTYPE;
    if (!centnn_train_size(k, rows->d) || (uintptr_t)memory % PANEL_BYTES)
        return CENTNN_ERR_SIZE;
    if (k > rows->n)
        return CENTNN_ERR_DISTINCT;
    t.d = rows->d;
    t.k = 1;
    t.k_max = k;
    lay_out(&t, memory);
    memset(codewords, 0, t.d * sizeof *codewords);
    status = epoch(&t, &moved);
    for (size_t i = 0; status == CENTNN_OK && i < max_epochs && (moved || t.k < k); i++) {
        if (t.k < k) {
            status = search(&t);
            if (status != CENTNN_OK)
                break;
            add_up(&t);
            if (!split(&t))
                return CENTNN_ERR_DISTINCT;
            add_up(&t);
            move(&t);
        }
        status = epoch(&t, &moved);
    }
    if (status != CENTNN_OK)
        return status;
    return t.k == k ? search(&t) : CENTNN_ERR_EPOCHS;
}
