/*
 * kernel_lists.h - part of the kernel: rows in lanes against lists of codewords (lists.h)
 */
#include "lists.h"
#include "rows.h"

#include <string.h>

/* Vectors of rows and codewords at a time: as many sums as there are registers for. */
#define LIST_VECTORS 2
#define LIST_CODEWORDS (WIDTH * sizeof(real) == PANEL_BYTES ? 8 : 4)
#define LIST_CODEWORDS_MAX 8

/* Up to this many coordinates, the expanded form saves nothing. */
#define DIFFERENCE_D 4

/* Squared distances of `vectors` vectors of rows from `codewords` codewords, whose halved squared
 * norms are there unless the distances are by difference; norm2 is the rows'. */
INLINE void list_distances(const int vectors, const int codewords, const bool by_difference,
                           const size_t d, const real *rows, const real *const *c,
                           const real *half_norms, const vec *norm2,
                           vec out[LIST_CODEWORDS_MAX][LIST_VECTORS])
{
    UNROLL
    for (int q = 0; q < codewords; q++) {
        UNROLL
        for (int v = 0; v < vectors; v++)
            out[q][v] = v_set1(by_difference ? 0 : half_norms[q]);
    }
    UNROLL_LITTLE
    for (size_t j = 0; j < d; j++) {
        vec x[LIST_VECTORS];

        UNROLL
        for (int v = 0; v < vectors; v++)
            x[v] = v_load(rows + j * LIST_ROWS + (size_t)(v * WIDTH));
        UNROLL
        for (int q = 0; q < codewords; q++) {
            const vec coordinate = v_set1(c[q][j]);

            UNROLL
            for (int v = 0; v < vectors; v++) {
                if (by_difference) {
                    const vec difference = v_sub(x[v], coordinate);

                    out[q][v] = v_fmadd(difference, difference, out[q][v]);
                } else {
                    out[q][v] = v_fnmadd(x[v], coordinate, out[q][v]);
                }
            }
        }
    }
    UNROLL
    for (int q = 0; q < codewords && !by_difference; q++) {
        UNROLL
        for (int v = 0; v < vectors; v++)
            out[q][v] = v_max(v_fmadd(v_set1(2), out[q][v], norm2[v]), v_set1(0));
    }
}

/* |x|^2 of `vectors` vectors of rows. */
INLINE void list_norms(const int vectors, const size_t d, const real *rows, vec *norm2)
{
    UNROLL
    for (int v = 0; v < vectors; v++)
        norm2[v] = v_set1(0);
    for (size_t j = 0; j < d; j++) {
        UNROLL
        for (int v = 0; v < vectors; v++) {
            const vec x = v_load(rows + j * LIST_ROWS + (size_t)(v * WIDTH));

            norm2[v] = v_fmadd(x, x, norm2[v]);
        }
    }
}

/* A vector of distances times n / (n + weight). */
INLINE vec scaled(vec distance, real n, const float *weights)
{
    real lanes[WIDTH];

    v_store(lanes, distance);
    for (int lane = 0; lane < WIDTH; lane++)
        lanes[lane] *= n / (n + (real)weights[lane]);
    return v_load(lanes);
}

/* A search as its parts see it. */
typedef struct {
    const centnn_book *book;
    const uint32_t *list;
    size_t n_list;
    const float *weights; /* of the rows at hand */
    bool plain;
} list_search;

/* Searches for `vectors` vectors of rows. */
INLINE void search_vectors(const int vectors, const bool by_difference, const size_t d,
                           const list_search *s, const real *rows, vec *best, vec *place)
{
    const real *codewords = s->book->codewords, *half_norms = s->book->half_norms;
    const real *factors = s->book->factors;
    vec norm2[LIST_VECTORS], distance[LIST_CODEWORDS_MAX][LIST_VECTORS];

    list_norms(by_difference ? 0 : vectors, d, rows, norm2);
    UNROLL
    for (int v = 0; v < vectors; v++) {
        best[v] = v_set1((real)INFINITY);
        place[v] = v_set1(0);
    }
    for (size_t g = 0; g < s->n_list; g += LIST_CODEWORDS) {
        const size_t n = s->n_list - g < LIST_CODEWORDS ? s->n_list - g : LIST_CODEWORDS;
        const real *c[LIST_CODEWORDS_MAX];
        real half[LIST_CODEWORDS_MAX];

        for (size_t q = 0; q < LIST_CODEWORDS; q++) {
            const size_t codeword = s->list[g + (q < n ? q : 0)];

            c[q] = codewords + codeword * d;
            half[q] = half_norms[codeword];
        }
        list_distances(vectors, LIST_CODEWORDS, by_difference, d, rows, c, half, norm2, distance);
        UNROLL
        for (size_t q = 0; q < LIST_CODEWORDS; q++) {
            const size_t codeword = s->list[g + (q < n ? q : 0)];

            UNROLL
            for (int v = 0; v < vectors; v++) {
                vec score = distance[q][v];

                if (s->weights && codeword >= s->book->n_fixed)
                    score = scaled(score, (real)s->book->counts[codeword], s->weights + v * WIDTH);
                else if (!s->plain)
                    score = v_fmadd(score, v_set1(factors[codeword]), v_set1(0));
                place[v] = v_select(v_less(score, best[v]), v_set1((real)(g + q)), place[v]);
                best[v] = v_min(best[v], score);
            }
        }
    }
}

/* Squared distances of `vectors` vectors of rows from their own codeword. */
INLINE void own_distances(const int vectors, const size_t d, const real *rows, const real *codeword,
                          vec *out)
{
    UNROLL
    for (int v = 0; v < vectors; v++)
        out[v] = v_set1(0);
    for (size_t j = 0; j < d; j++) {
        UNROLL
        for (int v = 0; v < vectors; v++) {
            const vec difference = v_sub(v_load(rows + j * LIST_ROWS + (size_t)(v * WIDTH)),
                                         v_set1(codeword[j]));

            out[v] = v_fmadd(difference, difference, out[v]);
        }
    }
}

INLINE void put_found(const int vectors, const vec *own, const vec *best, const vec *place,
                      size_t row, centnn_found *found)
{
    UNROLL
    for (int v = 0; v < vectors; v++) {
        const size_t start = row + (size_t)(v * WIDTH);
        real lanes[3][WIDTH];

        v_store(lanes[0], own[v]);
        v_store(lanes[1], best[v]);
        v_store(lanes[2], place[v]);
        for (size_t lane = 0; lane < WIDTH; lane++) {
            found->own[start + lane] = (double)lanes[0][lane];
            found->best[start + lane] = (double)lanes[1][lane];
            found->place[start + lane] = (uint32_t)lanes[2][lane];
        }
    }
}

INLINE void search_rows(const int vectors, const bool by_difference, const size_t d,
                        const list_search *s, const real *tile, size_t row, size_t own_codeword,
                        centnn_found *found)
{
    const real *codeword = (const real *)s->book->codewords + own_codeword * d;
    vec own[LIST_VECTORS], best[LIST_VECTORS], place[LIST_VECTORS];

    own_distances(vectors, d, tile + row, codeword, own);
    search_vectors(vectors, by_difference, d, s, tile + row, best, place);
    put_found(vectors, own, best, place, row, found);
}

INLINE void search_tile(const bool by_difference, const size_t d, const list_search *whole,
                        const real *tile, size_t n, size_t own, centnn_found *found)
{
    for (size_t row = 0; row < n;) {
        list_search s = *whole;

        s.weights = whole->weights ? whole->weights + row : NULL;
        if (n - row > WIDTH) {
            search_rows(LIST_VECTORS, by_difference, d, &s, tile, row, own, found);
            row += LIST_VECTORS * WIDTH;
        } else {
            search_rows(1, by_difference, d, &s, tile, row, own, found);
            row += WIDTH;
        }
    }
}

static void list_search_tile(const centnn_book *book, const void *tile, size_t n, size_t own,
                             const uint32_t *list, size_t n_list, const float *weights, bool plain,
                             bool by_difference, centnn_found *found)
{
    const list_search s = {book, list, n_list, weights, plain};

    switch (book->d) {
    case 2:
        search_tile(true, 2, &s, tile, n, own, found);
        break;
    case 3:
        search_tile(true, 3, &s, tile, n, own, found);
        break;
    case 4:
        search_tile(true, 4, &s, tile, n, own, found);
        break;
    default:
        if (by_difference || book->d < DIFFERENCE_D)
            search_tile(true, book->d, &s, tile, n, own, found);
        else
            search_tile(false, book->d, &s, tile, n, own, found);
    }
}

#include "kernel_members.h"
#include "kernel_neighbours.h"

static const centnn_lists lists = {
    .scratch_size = lists_scratch_size,
    .load = load_tile,
    .search = list_search_tile,
    .near = find_neighbours,
    .distance = row_distance,
    .add = add_rows,
    .norm = row_norm,
    .read = read_row,
    .settle = settle_codeword,
    .move = move_row,
    .drift = drift_of,
    .project = project_rows,
    .combine = combine_rows,
};
