/*
 * encode_band.c - encoding a band, scan by scan, from its pixels to its streams
 */
#include "band_state.h"

#include <string.h>

#include "dc.h"
#include "memory.h"

static size_t n_blocks(const centnn_picture *picture)
{
    size_t n = 0;

    for (int p = 0; p < picture->n_planes; p++) {
        centnn_extent extent = largest(picture, p);

        n += (size_t)extent.rows * (size_t)extent.columns;
    }
    return n;
}

/* Of a layer of a plane. */
static size_t intervals_size(const centnn_picture *picture)
{
    centnn_extent luma = largest(picture, 0);

    return rounded((size_t)luma.rows * (size_t)luma.columns * GROUP_INTERVALS *
                   sizeof(centnn_interval));
}

/* Of a group of a row of blocks, and one in front of it. */
static size_t row_size(const centnn_picture *picture)
{
    return rounded(((size_t)largest(picture, 0).columns + 1) * MAX_DIM * sizeof(int16_t));
}

size_t centnn_encode_size(const centnn_picture *picture, int n_of_block)
{
    size_t size = rounded(centnn_band_size(picture)) + ALIGNMENT;

    for (int p = 0; p < picture->n_planes; p++) {
        centnn_extent extent = largest(picture, p);

        size += rounded(centnn_blocks_size(extent.rows, extent.columns));
    }
    return size + row_size(picture) + intervals_size(picture) +
           n_blocks(picture) * (size_t)n_of_block;
}

/* Writes lines of a plane from number y on, continued beyond its edges: n of them. */
static void load_lines(const centnn_pixels *pixels, int p, const centnn_extent *plane, int y, int n,
                       uint8_t *lines)
{
    for (int end = y + n; y < end; y++, lines += plane->width)
        centnn_plane_line(pixels, p, y < 0 ? 0 : y < plane->height ? y : plane->height - 1, lines);
}

/* Lines that two rows of blocks have in common are kept. */
static void transform_plane(const centnn_picture *picture, int p, int band,
                            const centnn_pixels *pixels, const centnn_plane *to, uint8_t *lines)
{
    centnn_extent whole = centnn_extent_of(picture, p, -1);
    int first = centnn_extent_of(picture, p, band).first_row;
    size_t half = BLOCK * (size_t)whole.width;

    load_lines(pixels, p, &whole, first * BLOCK - HALF, BLOCK, lines + half);
    for (int row = first; row < first + to->rows; row++) {
        memcpy(lines, lines + half, half);
        load_lines(pixels, p, &whole, row * BLOCK + HALF, BLOCK, lines + half);
        centnn_photo_current_kernel()->transform_row(lines, &whole, row, picture->steps[p > 0],
                                                     block_at(to, row - first, 0));
    }
}

/* Encodes a layer, which is in all planes. */
static void encode_layer(centnn_band_state *state, const centnn_encoder *encoders,
                         const centnn_picture *picture, int layer, centnn_noted *noted)
{
    for (int p = 0; p < picture->n_planes; p++) {
        const centnn_encoder *encoder = &encoders[p];

        noted[p] = (centnn_noted){encoder->plane, encoder->kind, layer, encoder->notes->n};
        centnn_begin_layer(state, p, encoder->kind, layer);
        if (layer == 0) {
            centnn_encode_dc(encoder);
        } else {
            centnn_guides guides = centnn_guides_of(state, picture->halved, p, layer - 1);

            centnn_photo_current_kernel()->encode_group(encoder, layer - 1, &guides);
        }
    }
}

/* Encodes the layers of a scan. Returns the bytes of its stream, which are before `end`; 0 if there
 * is no room for them, or for notes. */
static size_t encode_scan(centnn_band_state *state, const centnn_encoder *encoders,
                          const centnn_picture *picture, int scan, centnn_interval *intervals,
                          uint8_t *end)
{
    centnn_noted noted[N_LAYERS * MAX_PLANES];
    centnn_notes *notes = encoders[0].notes;
    int first = scan ? picture->scan_ends[scan - 1] : 0, n = picture->scan_ends[scan] - first;

    notes->n = 0;
    notes->room = (size_t)(end - notes->bytes);
    for (int i = 0; i < n; i++)
        encode_layer(state, encoders, picture, first + i, noted + i * picture->n_planes);
    return centnn_write_stream(notes, noted, n * picture->n_planes, intervals);
}

/* What was decoded, for training. */
static void note_decoded(const centnn_band_state *state, const centnn_picture *picture,
                         const centnn_trace *traces)
{
    for (int p = 0; p < picture->n_planes; p++) {
        const centnn_plane *plane = &state->planes[p];
        size_t n = (size_t)plane->columns * N_COEFFICIENTS;

        for (int row = 0; row < plane->rows; row++)
            memcpy(traces[p].decoded + (size_t)row * n, block_at(plane, row, 0),
                   n * sizeof(int16_t));
    }
}

const uint8_t *centnn_encode_band(const centnn_picture *picture, const centnn_encoder_setup *setup,
                                  int band, const centnn_pixels *pixels, int n_of_block,
                                  void *memory, size_t *lengths)
{
    centnn_band_state state;
    centnn_encoder encoders[MAX_PLANES];
    uint8_t *next = (uint8_t *)rounded((size_t)memory), *end;
    void *blocks[MAX_PLANES], *of_band = take_memory(&next, centnn_band_size(picture));
    centnn_interval *intervals = take_memory(&next, intervals_size(picture));
    int16_t *row = take_memory(&next, row_size(picture));
    centnn_notes notes;

    for (int p = 0; p < picture->n_planes; p++) {
        centnn_extent extent = centnn_extent_of(picture, p, band);

        blocks[p] = take_memory(&next, centnn_blocks_size(extent.rows, extent.columns));
    }
    centnn_begin_band(&state, picture, band, blocks, of_band);
    memset(row, 0, MAX_DIM * sizeof *row);
    for (int p = 0; p < picture->n_planes; p++) {
        encoders[p] = (centnn_encoder){&state.planes[p],
                                       &setup->model->kinds[p > 0],
                                       setup->search,
                                       setup->search->stages[p > 0],
                                       &state.adaptive,
                                       row + MAX_DIM,
                                       &notes,
                                       setup->n_candidates,
                                       setup->may_escape,
                                       setup->traces ? &setup->traces[p] : NULL};
        transform_plane(picture, p, band, pixels, &state.planes[p], (uint8_t *)state.spare);
    }
    notes.bytes = next;
    end = next + n_blocks(picture) * (size_t)n_of_block;
    for (int scan = 0; scan < picture->n_scans; scan++) {
        lengths[scan] = encode_scan(&state, encoders, picture, scan, intervals, end);
        if (!lengths[scan])
            return NULL;
        end -= lengths[scan];
    }
    if (setup->traces)
        note_decoded(&state, picture, setup->traces);
    return end;
}
