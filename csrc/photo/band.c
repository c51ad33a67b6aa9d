/*
 * band.c - the order in which the planes and layers of a band are coded
 */
#include "band.h"

#include <string.h>

#include "dc.h"
#include "kernel.h"
#include "memory.h"

/* At most, all coefficients are integers of two intervals, and all groups escape by two and are
 * alone in a stretch. */
enum { MAX_INTERVALS_OF_BLOCK = 2 * N_COEFFICIENTS + 3 * N_GROUPS };

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

/* The plane of the first band, which is as large as any. */
static centnn_extent largest(const centnn_picture *picture, int plane)
{
    return centnn_extent_of(picture, plane, 0);
}

/* The planes of a band while they are coded. */
typedef struct {
    centnn_plane planes[MAX_PLANES];
    centnn_adaptive *adaptive[MAX_PLANES];
    uint8_t *guide; /* magnitudes of luma, one for a block of chroma */
} band_state;

size_t centnn_band_size(const centnn_picture *picture)
{
    centnn_extent first = largest(picture, 0);
    size_t size = rounded((size_t)first.rows * (size_t)first.columns) + ALIGNMENT;

    for (int p = 0; p < picture->n_planes; p++) {
        centnn_extent extent = largest(picture, p);

        size += rounded(centnn_plane_size(extent.rows, extent.columns)) +
                rounded(sizeof(centnn_adaptive));
    }
    return size;
}

static void begin_band(band_state *state, const centnn_picture *picture,
                       const centnn_photo_model *model, int band, void *memory)
{
    uint8_t *next = (uint8_t *)rounded((size_t)memory);

    for (int p = 0; p < picture->n_planes; p++) {
        centnn_extent extent = centnn_extent_of(picture, p, band);
        size_t size = centnn_plane_size(extent.rows, extent.columns);
        void *of_plane = take_memory(&next, size);

        memset(of_plane, 0, size);
        centnn_plane_init(&state->planes[p], extent.rows, extent.columns, of_plane);
        state->adaptive[p] = take_memory(&next, sizeof(centnn_adaptive));
        centnn_adaptive_init(state->adaptive[p], &model->kinds[p > 0]);
    }
    state->guide = next;
}

static uint8_t larger(uint8_t a, uint8_t b)
{
    return a > b ? a : b;
}

/* The magnitudes of luma at the blocks of chroma: the largest, where there are several. */
static void guide_by_luma(const band_state *state, bool halved, int g)
{
    const centnn_plane *luma = &state->planes[0];
    int rows = state->planes[1].rows, columns = state->planes[1].columns;
    ptrdiff_t below = halved ? luma->stride : 0;
    int scale = halved ? 2 : 1;

    for (int row = 0; row < rows; row++) {
        const uint8_t *from = luma->magnitudes[g] + scale * row * luma->stride;
        uint8_t *to = state->guide + (ptrdiff_t)row * columns;

        for (int column = 0; column < columns; column++) {
            const uint8_t *at = from + scale * column;

            to[column] = larger(larger(at[0], at[scale - 1]),
                                larger(at[below], at[below + scale - 1]));
        }
    }
}

/* What the magnitudes of a group in other planes tell about it in plane p. */
static centnn_guides guides_of(const band_state *state, bool halved, int p, int g)
{
    centnn_guides found = {{NULL, NULL}, {0, 0}};

    if (p == 1)
        guide_by_luma(state, halved, g);
    if (p > 0) {
        found.of[0] = state->guide;
        found.strides[0] = state->planes[1].columns;
    }
    if (p > 1) {
        found.of[1] = state->planes[1].magnitudes[g];
        found.strides[1] = state->planes[1].stride;
    }
    return found;
}

/* Sorts the blocks of a row by how many of their groups are not zero. */
static void find_textures(const centnn_plane *plane, int row, uint8_t *restrict textures)
{
    const int columns = plane->columns;

    memset(textures, 0, (size_t)columns);
    for (int g = 0; g < N_GROUPS; g++) {
        const uint8_t *magnitudes = plane->magnitudes[g] + row * plane->stride;

        for (int column = 0; column < columns; column++)
            textures[column] = (uint8_t)(textures[column] + (magnitudes[column] > 0));
    }
    for (int column = 0; column < columns; column++)
        textures[column] = (uint8_t)((textures[column] > 0) + (textures[column] > 2) +
                                     (textures[column] > 8));
}

static void paint(const band_state *state, const centnn_picture *picture, int p, int band,
                  const centnn_canvas *canvas)
{
    const centnn_plane *plane = &state->planes[p];
    int first = centnn_extent_of(picture, p, band).first_row;

    for (int row = 0; row < plane->rows; row++) {
        find_textures(plane, row, canvas->textures + (ptrdiff_t)(first + row) * canvas->columns);
        centnn_photo_current_kernel()->inverse_row(
            block_at(plane, row, 0), plane->columns, picture->steps[p > 0],
            canvas->pixels + (ptrdiff_t)(first + row) * BLOCK * canvas->stride, canvas->stride);
    }
}

static void decode_layer(band_state *states, centnn_source *sources, int n_bands,
                         const centnn_picture *picture, const centnn_photo_model *model, int layer)
{
    for (int p = 0; p < picture->n_planes; p++) {
        centnn_decode_job jobs[2];

        for (int i = 0; i < n_bands; i++) {
            band_state *state = &states[i];

            jobs[i] = (centnn_decode_job){&state->planes[p],  &model->kinds[p > 0],
                                          layer - 1,          {{NULL, NULL}, {0, 0}},
                                          state->adaptive[p], &sources[i]};
            if (layer > 0)
                jobs[i].guides = guides_of(state, picture->halved, p, layer - 1);
        }
        if (layer > 0)
            centnn_photo_current_kernel()->decode_groups(jobs, n_bands);
        else
            centnn_decode_dc(jobs, n_bands);
    }
}

bool centnn_decode_bands(const centnn_picture *picture, const centnn_photo_model *model, int first,
                         int n_bands, const centnn_scan *const *scans, int n_layers,
                         const centnn_canvas *canvases, void *memory)
{
    band_state states[2];
    int layer = 0;

    for (int i = 0; i < n_bands; i++)
        begin_band(&states[i], picture, model, first + i,
                   (uint8_t *)memory + (size_t)i * centnn_band_size(picture));
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
            paint(&states[i], picture, p, first + i, &canvases[p]);
        }
    }
    return true;
}

static size_t n_blocks(const centnn_picture *picture)
{
    size_t n = 0;

    for (int p = 0; p < picture->n_planes; p++) {
        centnn_extent extent = largest(picture, p);

        n += (size_t)extent.rows * (size_t)extent.columns;
    }
    return n;
}

size_t centnn_band_bytes(const centnn_picture *picture)
{
    /* An interval takes at most 15 bits; a stream, its state besides. */
    return n_blocks(picture) * MAX_INTERVALS_OF_BLOCK * 2 + 8 * MAX_SCANS;
}

size_t centnn_encode_size(const centnn_picture *picture)
{
    centnn_extent first = largest(picture, 0);
    size_t strip = (size_t)first.columns * BLOCK * 2 * BLOCK * sizeof(float);

    return centnn_band_size(picture) + rounded(strip) +
           rounded(n_blocks(picture) * N_COEFFICIENTS * sizeof(int16_t)) + MAX_PLANES * ALIGNMENT +
           rounded(n_blocks(picture) * MAX_INTERVALS_OF_BLOCK * sizeof(centnn_interval));
}

static void transform_plane(const centnn_picture *picture, int p, int band,
                            const centnn_pixels *input, float *strip, int16_t *wanted)
{
    centnn_extent whole = centnn_extent_of(picture, p, -1);
    centnn_extent extent = centnn_extent_of(picture, p, band);

    for (int row = 0; row < extent.rows; row++)
        centnn_photo_current_kernel()->transform_row(
            input, extent.first_row + row, whole.rows, whole.columns, picture->steps[p > 0], strip,
            wanted + (ptrdiff_t)row * extent.columns * N_COEFFICIENTS);
}

bool centnn_encode_band(const centnn_picture *picture, const centnn_encoder_setup *setup, int band,
                        const centnn_pixels *inputs, void *memory, uint8_t *bytes, size_t *lengths)
{
    band_state state;
    centnn_encoder encoders[MAX_PLANES];
    uint8_t *next = (uint8_t *)memory + centnn_band_size(picture);
    size_t columns = (size_t)centnn_extent_of(picture, 0, band).columns, room;
    centnn_intervals intervals = {NULL, 0, n_blocks(picture) * MAX_INTERVALS_OF_BLOCK};
    float *strip;
    int layer = 0;

    next = (uint8_t *)rounded((size_t)next);
    strip = take_memory(&next, columns * BLOCK * 2 * BLOCK * sizeof(float));
    begin_band(&state, picture, setup->model, band, memory);
    for (int p = 0; p < picture->n_planes; p++) {
        const centnn_plane *plane = &state.planes[p];
        int16_t *wanted = take_memory(&next, (size_t)plane->rows * (size_t)plane->columns *
                                                 N_COEFFICIENTS * sizeof(int16_t));

        transform_plane(picture, p, band, &inputs[p], strip, wanted);
        encoders[p] = (centnn_encoder){&state.planes[p],  &setup->model->kinds[p > 0],
                                       setup->search,     setup->search->stages[p > 0],
                                       state.adaptive[p], wanted,
                                       &intervals,        setup->n_candidates,
                                       setup->may_escape, setup->traces ? &setup->traces[p] : NULL};
    }
    intervals.items = (centnn_interval *)(void *)next;
    room = centnn_band_bytes(picture);
    for (int scan = 0; scan < picture->n_scans; scan++) {
        intervals.n = 0;
        for (; layer < picture->scan_ends[scan]; layer++) {
            for (int p = 0; p < picture->n_planes; p++) {
                if (layer == 0) {
                    centnn_encode_dc(&encoders[p]);
                } else {
                    centnn_guides guides = guides_of(&state, picture->halved, p, layer - 1);

                    centnn_photo_current_kernel()->encode_group(&encoders[p], layer - 1, &guides);
                }
            }
        }
        lengths[scan] = centnn_write_stream(&intervals, bytes, room);
        if (!lengths[scan])
            return false;
        memmove(bytes, bytes + room - lengths[scan], lengths[scan]);
        bytes += lengths[scan];
        room -= lengths[scan];
    }
    if (setup->traces) { /* what was decoded, for training */
        for (int p = 0; p < picture->n_planes; p++)
            for (int row = 0; row < state.planes[p].rows; row++)
                memcpy(setup->traces[p].decoded +
                           (ptrdiff_t)row * state.planes[p].columns * N_COEFFICIENTS,
                       block_at(&state.planes[p], row, 0),
                       (size_t)state.planes[p].columns * N_COEFFICIENTS * sizeof(int16_t));
    }
    return true;
}
