/*
 * plane.c - memory of a plane, and what is computed of a whole plane at once
 */
#include "plane.h"

#include <string.h>

#include "memory.h"

enum { N_MAGNITUDES = N_KEPT + 1 }; /* with activity */

/* With a block of padding on either side. */
size_t centnn_blocks_size(int rows, int columns)
{
    return (size_t)rows * ((size_t)columns + 2) * N_COEFFICIENTS * sizeof(int16_t);
}

/* PREDICT_LANES at once are read of them, as of other vectors. */
static size_t differences_size(int rows, int columns)
{
    size_t n = (size_t)rows * (size_t)columns * N_DIFFERENCES + PREDICT_LANES;

    return rounded(n * sizeof(int16_t));
}

static size_t edge_size(int columns)
{
    return rounded((size_t)columns * PREDICT_LANES * sizeof(int16_t));
}

static size_t magnitudes_size(int rows, int columns)
{
    return rounded((N_MAGNITUDES * ((size_t)rows + PAD) + PAD) * ((size_t)columns + PAD) + PAD);
}

static size_t dc_size(int rows, int columns)
{
    return rounded((size_t)rows * (size_t)columns * sizeof(int16_t));
}

static size_t started_size(int rows, int columns)
{
    return rounded((size_t)rows * (size_t)n_stretches(columns));
}

static size_t row_size(int columns, size_t of_column)
{
    return rounded(((size_t)columns + PAD + STRETCH) * of_column);
}

static size_t whole_row_size(int columns)
{
    return rounded((size_t)n_stretches(columns)) +
           rounded((size_t)n_stretches(columns) * sizeof(int32_t)) +
           6 * row_size(columns, sizeof(uint16_t));
}

size_t centnn_plane_size(int rows, int columns)
{
    return differences_size(rows, columns) + 2 * edge_size(columns) +
           magnitudes_size(rows, columns) + 2 * dc_size(rows, columns) +
           started_size(rows, columns) + whole_row_size(columns);
}

static void init_row(centnn_row *row, int columns, uint8_t **next)
{
    size_t size16 = row_size(columns, sizeof(uint16_t));

    row->sums = take_memory(next, size16);
    row->stretch_classes = take_memory(next, (size_t)n_stretches(columns));
    row->stretches = take_memory(next, (size_t)n_stretches(columns) * sizeof(int32_t));
    row->contexts = take_memory(next, size16);
    row->heads = (uint16_t *)take_memory(next, size16) + PAD;
    row->tails = (uint16_t *)take_memory(next, size16) + PAD;
    row->heads_above = (uint16_t *)take_memory(next, size16) + PAD;
    row->tails_above = (uint16_t *)take_memory(next, size16) + PAD;
}

void centnn_plane_init(centnn_plane *plane, int rows, int columns, void *blocks, void *memory)
{
    uint8_t *next = memory, *magnitudes;

    memset(blocks, 0, centnn_blocks_size(rows, columns));
    memset(memory, 0, centnn_plane_size(rows, columns));
    plane->rows = rows;
    plane->columns = columns;
    plane->block_stride = columns + 2;
    plane->stride = columns + PAD;
    plane->blocks = (int16_t *)blocks + N_COEFFICIENTS;
    for (int i = 0; i < 2; i++)
        plane->edges[i] = take_memory(&next, edge_size(columns));
    plane->differences = take_memory(&next, differences_size(rows, columns));
    magnitudes = take_memory(&next, magnitudes_size(rows, columns));
    magnitudes += PAD * plane->stride + PAD;
    for (int i = 0; i < N_KEPT; i++)
        plane->magnitudes[i] = magnitudes + i * (rows + PAD) * plane->stride;
    plane->activity = magnitudes + N_KEPT * (rows + PAD) * plane->stride;
    plane->started = take_memory(&next, started_size(rows, columns));
    plane->dc = take_memory(&next, dc_size(rows, columns));
    plane->dc_errors = take_memory(&next, dc_size(rows, columns));
    init_row(&plane->row, columns, &next);
}

void centnn_adaptive_init(centnn_adaptive *adaptive, const centnn_kind *kind, int layer)
{
    if (layer > 0) {
        const centnn_group *group = &kind->groups[layer - 1];

        memcpy(adaptive->bins, group->bins, sizeof group->bins);
        adaptive->escape = group->escape;
        memcpy(adaptive->empties, group->empties, sizeof group->empties);
    } else {
        memcpy(adaptive->dc, kind->dc, sizeof kind->dc);
    }
}

void centnn_plane_begin_group(const centnn_plane *plane, int g)
{
    if (g >= N_KEPT) /* others are zero from the beginning */
        memset(magnitude_row(plane, g, 0), 0, (size_t)(plane->rows * plane->stride));
}

/* First coefficients of the blocks around one, the nearest ones where there are none. */
typedef struct {
    const int16_t *above, *own, *below; /* rows, quantized */
    int left, right;                    /* columns */
} surroundings;

/* The padding continues the first coefficients. */
static void continue_dc(const centnn_plane *plane)
{
    int rows = plane->rows, columns = plane->columns;

    for (int row = 0; row < rows; row++) {
        *block_at(plane, row, -1) = *block_at(plane, row, 0);
        *block_at(plane, row, columns) = *block_at(plane, row, columns - 1);
    }
    for (int column = 0; column < columns; column++) {
        plane->edges[0][column * PREDICT_LANES] = *block_at(plane, 0, column);
        plane->edges[1][column * PREDICT_LANES] = *block_at(plane, rows - 1, column);
    }
}

INLINE void note_differences(const surroundings *of, int column, int16_t *to)
{
    const int16_t around[N_DIFFERENCES] = {
        of->above[of->left], of->above[column],   of->above[of->right], of->own[of->left],
        of->own[of->right],  of->below[of->left], of->below[column],    of->below[of->right]};

    for (int i = 0; i < N_DIFFERENCES; i++)
        to[i] = limited(DC_STEP * (around[i] - of->own[column]));
}

INLINE int activity_of(const surroundings *of, int column)
{
    int own = of->own[column];
    int sum = magnitude(of->own[of->left] - own) + magnitude(of->own[of->right] - own) +
              magnitude(of->above[column] - own) + magnitude(of->below[column] - own);

    return DC_STEP * sum >> 4;
}

void centnn_plane_activity(centnn_plane *plane)
{
    ptrdiff_t columns = plane->columns;

    continue_dc(plane);
    for (int row = 0; row < plane->rows; row++) {
        const int16_t *own = plane->dc + row * columns;
        int16_t *differences = plane->differences + row * columns * N_DIFFERENCES;
        surroundings of = {row > 0 ? own - columns : own, own,
                           row + 1 < plane->rows ? own + columns : own, 0, 0};

        for (int column = 0; column < columns; column++) {
            int activity;

            of.left = column > 0 ? column - 1 : 0;
            of.right = column + 1 < columns ? column + 1 : column;
            note_differences(&of, column, differences + (ptrdiff_t)column * N_DIFFERENCES);
            activity = activity_of(&of, column);
            plane->activity[row * plane->stride + column] = (uint8_t)(activity < 255 ? activity
                                                                                     : 255);
        }
    }
}

void centnn_plane_forget(const centnn_plane *plane, int first)
{
    for (int row = 0; row < plane->rows; row++) {
        for (int column = 0; column < plane->columns; column++)
            memset(block_at(plane, row, column) + first, 0,
                   (size_t)(N_COEFFICIENTS - first) * sizeof(int16_t));
    }
}
