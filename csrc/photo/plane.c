/*
 * plane.c - memory of a plane, and what is computed of a whole plane at once
 */
#include "plane.h"

#include <string.h>

#include "memory.h"

/* Of something of each block, with a block of padding on all sides. */
static size_t blocks_size(int rows, int columns, size_t of_block)
{
    return rounded(((size_t)rows + 2) * ((size_t)columns + 2) * of_block);
}

static size_t magnitudes_size(int rows, int columns)
{
    return rounded(((size_t)rows + 2 * PAD) * ((size_t)columns + 2 * PAD));
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
    return rounded(((size_t)columns + 2 * PAD) * of_column);
}

static size_t whole_row_size(int columns)
{
    return rounded((size_t)n_stretches(columns)) +
           rounded((size_t)n_stretches(columns) * sizeof(int32_t)) +
           row_size(columns, sizeof(uint8_t)) + 5 * row_size(columns, sizeof(uint16_t));
}

size_t centnn_plane_size(int rows, int columns)
{
    return blocks_size(rows, columns, N_COEFFICIENTS * sizeof(int16_t)) +
           blocks_size(rows, columns, PREDICT_LANES * sizeof(int16_t)) +
           (N_GROUPS + 1) * magnitudes_size(rows, columns) + 2 * dc_size(rows, columns) +
           started_size(rows, columns) + whole_row_size(columns) + ALIGNMENT;
}

/* What is of the first block, after the padding. */
static void *take_blocks(uint8_t **next, const centnn_plane *plane, size_t of_block)
{
    uint8_t *padded = take_memory(next, blocks_size(plane->rows, plane->columns, of_block));

    return padded + (plane->block_stride + 1) * (ptrdiff_t)of_block;
}

static void init_row(centnn_row *row, int columns, uint8_t **next)
{
    size_t size16 = row_size(columns, sizeof(uint16_t));

    row->sums = take_memory(next, size16);
    row->stretch_classes = take_memory(next, (size_t)n_stretches(columns));
    row->stretches = take_memory(next, (size_t)n_stretches(columns) * sizeof(int32_t));
    row->contexts = take_memory(next, row_size(columns, sizeof(uint8_t)));
    row->heads = (uint16_t *)take_memory(next, size16) + PAD;
    row->tails = (uint16_t *)take_memory(next, size16) + PAD;
    row->heads_above = (uint16_t *)take_memory(next, size16) + PAD;
    row->tails_above = (uint16_t *)take_memory(next, size16) + PAD;
}

void centnn_plane_init(centnn_plane *plane, int rows, int columns, void *memory)
{
    uint8_t *next = (uint8_t *)rounded((size_t)memory);

    plane->rows = rows;
    plane->columns = columns;
    plane->block_stride = columns + 2;
    plane->stride = columns + 2 * PAD;
    plane->blocks = take_blocks(&next, plane, N_COEFFICIENTS * sizeof(int16_t));
    plane->differences = take_blocks(&next, plane, PREDICT_LANES * sizeof(int16_t));
    for (int g = 0; g <= N_GROUPS; g++) {
        uint8_t *magnitudes = take_memory(&next, magnitudes_size(rows, columns));

        magnitudes += PAD * plane->stride + PAD;
        if (g < N_GROUPS)
            plane->magnitudes[g] = magnitudes;
        else
            plane->activity = magnitudes;
    }
    plane->started = take_memory(&next, started_size(rows, columns));
    plane->dc = take_memory(&next, dc_size(rows, columns));
    plane->dc_errors = take_memory(&next, dc_size(rows, columns));
    init_row(&plane->row, columns, &next);
}

void centnn_adaptive_init(centnn_adaptive *adaptive, const centnn_kind *kind)
{
    for (int g = 0; g < N_GROUPS; g++) {
        const centnn_group *group = &kind->groups[g];

        memcpy(adaptive->bins[g], group->bins, sizeof group->bins);
        adaptive->escape[g] = group->escape;
        memcpy(adaptive->empties[g], group->empties, sizeof group->empties);
    }
    memcpy(adaptive->dc, kind->dc, sizeof kind->dc);
}

static void note_differences(const centnn_plane *plane, int row, int column)
{
    ptrdiff_t down = plane->block_stride * N_COEFFICIENTS;
    const int16_t *at = block_at(plane, row, column);
    int16_t *to = plane->differences + (row * plane->block_stride + column) * PREDICT_LANES;

    for (int y = -1; y <= 1; y++) {
        for (int x = -1; x <= 1; x++) {
            if (x || y)
                *to++ = limited(at[y * down + x * N_COEFFICIENTS] - at[0]);
        }
    }
}

void centnn_plane_activity(centnn_plane *plane)
{
    ptrdiff_t down = plane->block_stride * N_COEFFICIENTS;
    int rows = plane->rows, columns = plane->columns;

    /* The padding continues the first coefficients. */
    for (int row = 0; row < rows; row++) {
        *block_at(plane, row, -1) = *block_at(plane, row, 0);
        *block_at(plane, row, columns) = *block_at(plane, row, columns - 1);
    }
    for (int column = -1; column <= columns; column++) {
        *block_at(plane, -1, column) = *block_at(plane, 0, column);
        *block_at(plane, rows, column) = *block_at(plane, rows - 1, column);
    }
    for (int row = 0; row < rows; row++) {
        for (int column = 0; column < columns; column++) {
            const int16_t *at = block_at(plane, row, column);
            int sum = (magnitude(at[-N_COEFFICIENTS] - at[0]) +
                       magnitude(at[N_COEFFICIENTS] - at[0]) + magnitude(at[-down] - at[0]) +
                       magnitude(at[down] - at[0])) >>
                      4;

            note_differences(plane, row, column);
            plane->activity[row * plane->stride + column] = (uint8_t)(sum < 255 ? sum : 255);
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
