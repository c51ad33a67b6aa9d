/*
 * check_isas.c - every instruction set against the scalar one, in C only, so that it runs under an
 * emulator
 *
 * Codes, distances, runner-up and top-k, in many shapes, and the nearest codes of a product
 * quantizer, must have the same bytes. Prints a line per instruction set; exits with 1 at a
 * difference.
 */
#include "centnn.h"
#include "dispatch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N_NEAREST 3

typedef struct {
    uint32_t *codes, *top_codes;
    double *distances, *runner_up, *top_distances;
} answer;

static uint64_t seed;

/* Uniform in -1 .. 1. */
static double noise(void)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (double)(int64_t)(seed >> 20 & 0xfffffffffff) / 0x1p43 - 1;
}

static void *allocate(size_t size)
{
    void *memory = aligned_alloc(64, (size + 127) / 64 * 64);

    if (!memory)
        exit(2);
    memset(memory, 0, (size + 127) / 64 * 64);
    return memory;
}

static void fill(void *data, size_t n, centnn_dtype type, int coarse)
{
    for (size_t i = 0; i < n; i++) {
        const double x = coarse ? (double)(int)(noise() * 4) : noise();

        if (type == CENTNN_F64)
            ((double *)data)[i] = x;
        else
            ((float *)data)[i] = (float)x;
    }
}

static answer search(const centnn_index *index, const centnn_rows *rows, int pruned)
{
    const size_t n = rows->n;
    void *scratch = allocate(centnn_scratch_size(index));
    answer a = {allocate(n * 4), allocate(n * 4 * N_NEAREST), allocate(n * 8), allocate(n * 8),
                allocate(n * 8 * N_NEAREST)};

    if (centnn_search(index, rows, a.codes, sizeof *a.codes, a.distances,
                      pruned ? NULL : a.runner_up, scratch) ||
        centnn_search_top(index, rows, N_NEAREST, a.top_codes, a.top_distances, scratch))
        exit(2);
    free(scratch);
    return a;
}

static int same(const answer *a, const answer *b, size_t n)
{
    return !memcmp(a->codes, b->codes, n * 4) && !memcmp(a->distances, b->distances, n * 8) &&
           !memcmp(a->runner_up, b->runner_up, n * 8) &&
           !memcmp(a->top_codes, b->top_codes, n * 4 * N_NEAREST) &&
           !memcmp(a->top_distances, b->top_distances, n * 8 * N_NEAREST);
}

static void release(answer *a)
{
    free(a->codes);
    free(a->top_codes);
    free(a->distances);
    free(a->runner_up);
    free(a->top_distances);
}

static int check(const char *isa, size_t n, size_t k, size_t d, centnn_dtype type, int coarse)
{
    const size_t size = type == CENTNN_F64 ? 8 : 4;
    void *x = allocate(n * d * size), *c = allocate(k * d * size);
    centnn_index *index = allocate(centnn_index_size(k, d, type));
    const centnn_rows rows = {x, type, n, d, (ptrdiff_t)(d * size), (ptrdiff_t)size};
    int ok = 1;

    seed = n * 1000003 + k * 1009 + d;
    fill(x, n * d, type, coarse);
    fill(c, k * d, type, coarse);
    if (centnn_index_init(index, c, k, d, type))
        exit(2);
    for (int pruned = 0; pruned < 2; pruned++) {
        centnn_set_isa("scalar");
        answer wanted = search(index, &rows, pruned);
        centnn_set_isa(isa);
        answer found = search(index, &rows, pruned);

        ok = ok && same(&wanted, &found, n);
        release(&wanted);
        release(&found);
    }
    if (!ok)
        printf("%s differs: n %zu, k %zu, d %zu, type %d, coarse %d\n", isa, n, k, d, (int)type,
               coarse);
    free(x);
    free(c);
    free(index);
    return ok;
}

/* The nearest codes of a product quantizer, with many ties. */
static int check_codes(const char *isa, size_t n_queries, size_t code_size, centnn_dtype type)
{
    enum { N = 70, M = 3, K = 16 };
    const size_t size = type == CENTNN_F64 ? 8 : 4, n = n_queries * N_NEAREST;
    void *tables = allocate(n_queries * M * K * size),
         *scratch = allocate(QUERIES_AT_ONCE * M * K * size);
    uint8_t *numbers = allocate(N * M * code_size);
    const centnn_codes codes = {numbers, code_size, N, M, K, 5};
    double *distances[2] = {allocate(n * 8), allocate(n * 8)};
    uint32_t *places[2] = {allocate(n * 4), allocate(n * 4)};
    int ok;

    seed = n_queries;
    fill(tables, n_queries * M * K, type, 1);
    for (size_t i = 0; i < N * M; i++) {
        const unsigned code = (unsigned)(noise() * 8 + 8) % K;

        if (code_size == 1)
            numbers[i] = (uint8_t)code;
        else
            ((uint16_t *)(void *)numbers)[i] = (uint16_t)code;
    }
    for (int i = 0; i < 2; i++) {
        centnn_set_isa(i ? isa : "scalar");
        centnn_current_kernel(type)->nearest_codes(&codes, tables, n_queries, N_NEAREST,
                                                   distances[i], places[i], scratch);
    }
    ok = !memcmp(distances[0], distances[1], n * 8) && !memcmp(places[0], places[1], n * 4);
    if (!ok)
        printf("%s differs: codes of %zu bytes, %zu queries, type %d\n", isa, code_size, n_queries,
               (int)type);
    for (int i = 0; i < 2; i++) {
        free(distances[i]);
        free(places[i]);
    }
    free(numbers);
    free(scratch);
    free(tables);
    return ok;
}

int main(void)
{
    static const size_t dims[] = {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 40, 65};
    const char *isa;
    int ok = 1;

    for (size_t i = 0; (isa = centnn_isa_available(i)) != NULL; i++) {
        for (size_t j = 0; j < sizeof dims / sizeof *dims; j++) {
            for (int variant = 0; variant < 4; variant++) {
                const centnn_dtype type = variant & 1 ? CENTNN_F64 : CENTNN_F32;

                ok &= check(isa, 203, 37, dims[j], type, variant >> 1);
                ok &= check(isa, 7, 150, dims[j], type, variant >> 1);
            }
        }
        ok &= check(isa, 3200, 300, 2, CENTNN_F32, 0); /* long enough to prune */
        ok &= check(isa, 3200, 300, 12, CENTNN_F64, 0);
        for (size_t n = 1; n <= QUERIES_AT_ONCE; n++) {
            for (int variant = 0; variant < 4; variant++)
                ok &= check_codes(isa, n, variant & 1 ? 2 : 1,
                                  variant & 2 ? CENTNN_F64 : CENTNN_F32);
        }
        printf("%s %s\n", isa, ok ? "ok" : "FAILED");
    }
    return !ok;
}
