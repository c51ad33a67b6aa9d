/*
 * band.c - bands of a picture, and how they are decoded, layer by layer
 */
#include "band_state.h"

#include <string.h>

#include "dc.h"
#include "memory.h"

static int n_units(const centnn_picture *picture)
{
    int unit = picture->halved ? 2 * BLOCK : BLOCK;

    return (picture->height + unit - 1) / unit;
}

int centnn_n_bands(const centnn_picture *picture)
{
    return (n_units(picture) + picture->band_units - 1) / picture->band_units;
}

centnn_extent centnn_extent_of(const centnn_picture *picture, int plane, int band)
{
    int unit = picture->halved ? 2 * BLOCK : BLOCK;
    int blocks = picture->halved && plane == 0 ? 2 : 1; /* in a unit, each way */
    int shrunk = picture->halved && plane > 0 ? 2 : 1;
    int units = n_units(picture), first = band < 0 ? 0 : band * picture->band_units;
    int n = band < 0 || first + picture->band_units > units ? units - first : picture->band_units;

    return (centnn_extent){n * blocks, (picture->width + unit - 1) / unit * blocks,
                           (picture->width + shrunk - 1) / shrunk,
                           (picture->height + shrunk - 1) / shrunk, first * blocks};
}

static size_t spare_size(const centnn_picture *picture)
{
    return rounded((size_t)largest(picture, 0).columns * N_COEFFICIENTS * sizeof(int16_t));
}

size_t centnn_band_size(const centnn_picture *picture)
{
    size_t size = ALIGNMENT + spare_size(picture);

    if (picture->n_planes > 1) {
        centnn_extent chroma = largest(picture, 1);

        size += rounded((size_t)chroma.rows * (size_t)chroma.columns);
    }
    for (int p = 0; p < picture->n_planes; p++) {
        centnn_extent extent = largest(picture, p);

        size += rounded(centnn_plane_size(extent.rows, extent.columns));
    }
    return size;
}

void centnn_begin_band(centnn_band_state *state, const centnn_picture *picture, int band,
                       void *const *blocks, void *memory)
{
    uint8_t *next = (uint8_t *)rounded((size_t)memory);

    for (int p = 0; p < picture->n_planes; p++) {
        centnn_extent extent = centnn_extent_of(picture, p, band);
        void *of_plane = take_memory(&next, centnn_plane_size(extent.rows, extent.columns));

        centnn_plane_init(&state->planes[p], extent.rows, extent.columns, blocks[p], of_plane);
    }
    state->spare = take_memory(&next, spare_size(picture));
    state->guide = next;
}

static uint8_t larger(uint8_t a, uint8_t b)
{
    return a > b ? a : b;
}

/* The magnitudes of luma at the blocks of chroma: the largest, where there are several. */
static void guide_by_luma(const centnn_band_state *state, bool halved, int g)
{
    const centnn_plane *luma = &state->planes[0];
    int rows = state->planes[1].rows, columns = state->planes[1].columns;
    ptrdiff_t below = halved ? luma->stride : 0;
    int scale = halved ? 2 : 1;

    for (int row = 0; row < rows; row++) {
        const uint8_t *from = magnitude_row(luma, g, scale * row);
        uint8_t *to = state->guide + (ptrdiff_t)row * columns;

        for (int column = 0; column < columns; column++) {
            const uint8_t *at = from + scale * column;

            to[column] = larger(larger(at[0], at[scale - 1]),
                                larger(at[below], at[below + scale - 1]));
        }
    }
}

centnn_guides centnn_guides_of(const centnn_band_state *state, bool halved, int p, int g)
{
    centnn_guides found = {{NULL, NULL}, {0, 0}};

    if (p == 1)
        guide_by_luma(state, halved, g);
    if (p > 0) {
        found.of[0] = state->guide;
        found.strides[0] = state->planes[1].columns;
    }
    if (p > 1) {
        found.of[1] = magnitude_row(&state->planes[1], g, 0);
        found.strides[1] = state->planes[1].stride;
    }
    return found;
}

/* Counts the groups of each block that are not zero: one more of them. */
static void count_groups(const centnn_plane *plane, int g, uint8_t *restrict counts)
{
    const int columns = plane->columns;

    for (int row = 0; row < plane->rows; row++, counts += columns) {
        const uint8_t *magnitudes = magnitude_row(plane, g, row);

        for (int column = 0; column < columns; column++)
            counts[column] = (uint8_t)(counts[column] + (magnitudes[column] > 0));
    }
}

/* Sorts blocks by those counts, of which there are n. */
static void find_textures(uint8_t *counts, size_t n)
{
    for (size_t i = 0; i < n; i++)
        counts[i] = (uint8_t)((counts[i] > 0) + (counts[i] > 2) + (counts[i] > 8));
}

size_t centnn_canvas_size(const centnn_picture *picture, int plane)
{
    centnn_extent extent = centnn_extent_of(picture, plane, -1);

    return centnn_blocks_size(extent.rows, extent.columns);
}

void centnn_canvas_init(centnn_canvas *canvas, const centnn_picture *picture, int plane,
                        void *memory, uint8_t *textures)
{
    centnn_extent extent = centnn_extent_of(picture, plane, -1);

    canvas->rows = extent.rows;
    canvas->columns = extent.columns;
    canvas->stride = ((ptrdiff_t)extent.columns + 2) * BLOCK;
    canvas->pixels = memory;
    canvas->textures = textures;
}

/* Makes pixels of coefficients, in their place. A row of blocks and its padding has exactly the
 * room that its lines have. */
static void paint(const centnn_band_state *state, const centnn_picture *picture, int p,
                  ptrdiff_t stride)
{
    const centnn_plane *plane = &state->planes[p];

    find_textures(state->textures[p], (size_t)plane->rows * (size_t)plane->columns);
    for (int row = 0; row < plane->rows; row++) {
        memcpy(state->spare, block_at(plane, row, 0),
               (size_t)plane->columns * N_COEFFICIENTS * sizeof *state->spare);
        centnn_photo_current_kernel()->inverse_row(
            state->spare, plane->columns, picture->steps[p > 0], block_at(plane, row, -1), stride);
    }
}

void centnn_begin_layer(centnn_band_state *state, int p, const centnn_kind *kind, int layer)
{
    centnn_adaptive_init(&state->adaptive, kind, layer);
    if (layer > 0)
        centnn_plane_begin_group(&state->planes[p], layer - 1);
}

static void decode_layer(centnn_band_state *states, centnn_source *sources, int n_bands,
                         const centnn_picture *picture, const centnn_photo_model *model, int layer)
{
    for (int p = 0; p < picture->n_planes; p++) {
        const centnn_kind *kind = &model->kinds[p > 0];
        centnn_decode_job jobs[2];

        for (int i = 0; i < n_bands; i++) {
            centnn_band_state *state = &states[i];

            centnn_begin_layer(state, p, kind, layer);
            jobs[i] = (centnn_decode_job){&state->planes[p], kind,
                                          layer - 1,         {{NULL, NULL}, {0, 0}},
                                          &state->adaptive,  &sources[i]};
            if (layer > 0)
                jobs[i].guides = centnn_guides_of(state, picture->halved, p, layer - 1);
        }
        if (layer == 0) {
            centnn_decode_dc(jobs, n_bands);
            continue;
        }
        centnn_photo_current_kernel()->decode_groups(jobs, n_bands);
        for (int i = 0; i < n_bands; i++)
            count_groups(&states[i].planes[p], layer - 1, states[i].textures[p]);
    }
}

bool centnn_decode_bands(const centnn_picture *picture, const centnn_photo_model *model, int first,
                         int n_bands, const centnn_scan *const *scans, int n_layers,
                         const centnn_canvas *canvases, void *memory)
{
    centnn_band_state states[2];
    int layer = 0;

    for (int i = 0; i < n_bands; i++) {
        void *blocks[MAX_PLANES];

        for (int p = 0; p < picture->n_planes; p++) {
            centnn_extent extent = centnn_extent_of(picture, p, first + i);

            blocks[p] = canvas_line(&canvases[p], extent.first_row * BLOCK);
            states[i].textures[p] = canvases[p].textures +
                                    (ptrdiff_t)extent.first_row * extent.columns;
            memset(states[i].textures[p], 0, (size_t)extent.rows * (size_t)extent.columns);
        }
        centnn_begin_band(&states[i], picture, first + i, blocks,
                          (uint8_t *)memory + (size_t)i * centnn_band_size(picture));
    }
    for (int scan = 0; layer < n_layers; scan++) {
        centnn_source sources[2];

        for (int i = 0; i < n_bands; i++)
            open_source(&sources[i], scans[i][scan].bytes, scans[i][scan].n);
        for (; layer < picture->scan_ends[scan] && layer < n_layers; layer++)
            decode_layer(states, sources, n_bands, picture, model, layer);
        for (int i = 0; i < n_bands; i++) {
            bool is_whole = layer == picture->scan_ends[scan];

            if (sources[i].overrun || (is_whole && !is_spent(&sources[i])))
                return false;
        }
    }
    for (int i = 0; i < n_bands; i++) {
        for (int p = 0; p < picture->n_planes; p++) {
            if (n_layers < N_LAYERS)
                centnn_plane_forget(&states[i].planes[p],
                                    model->kinds[p > 0].groups[n_layers - 1].first);
            paint(&states[i], picture, p, canvases[p].stride);
        }
    }
    return true;
}
