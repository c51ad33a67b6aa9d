/*
 * band_state.h - what encoder and decoder of a band have in common
 */
#ifndef CENTNN_PHOTO_BAND_STATE_H
#define CENTNN_PHOTO_BAND_STATE_H

#include "band.h"

/* The planes of a band while they are coded. */
typedef struct {
    centnn_plane planes[MAX_PLANES];
    centnn_adaptive adaptive;
    uint8_t *guide;                /* magnitudes of luma, one for a block of chroma */
    int16_t *spare;                /* room for a row of blocks */
    uint8_t *textures[MAX_PLANES]; /* if it is decoded */
} centnn_band_state;

/* The plane of the first band, which is as large as any. */
INLINE centnn_extent largest(const centnn_picture *picture, int plane)
{
    return centnn_extent_of(picture, plane, 0);
}

/* Lays out a band in memory, and its planes in `blocks`. */
void centnn_begin_band(centnn_band_state *state, const centnn_picture *picture, int band,
                       void *const *blocks, void *memory);

/* Gets ready to code a layer of a plane. */
void centnn_begin_layer(centnn_band_state *state, int p, const centnn_kind *kind, int layer);

/* What the magnitudes of a group in other planes tell about it in plane p. */
centnn_guides centnn_guides_of(const centnn_band_state *state, bool halved, int p, int g);

#endif
