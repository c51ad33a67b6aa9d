/*
 * band.h - a band of a picture: block rows of all its planes, coded on their own
 *
 * Bands know nothing of each other, so that they can be coded at the same time. What a band has is
 * in layers: the first coefficients of all planes, then each group of all planes. Some layers end a
 * scan; a scan of a band is a stream.
 */
#ifndef CENTNN_PHOTO_BAND_H
#define CENTNN_PHOTO_BAND_H

#include "colour.h"
#include "kernel.h"

enum { STEP_LEAST = 1 << STEP_BITS, STEP_MOST = 1 << (STEP_BITS + 6) };
enum { MAX_PLANES = 3, N_LAYERS = N_GROUPS + 1, MAX_SCANS = N_LAYERS };

/* What all bands of a picture have in common. */
typedef struct {
    int width, height; /* pixels */
    int n_planes;      /* 1: grey; 3: Y, Cb, Cr */
    bool halved;       /* Cb and Cr have half the rows and columns */
    int steps[N_KINDS];
    int band_units; /* block rows of Cb in a band; the last may have fewer */
    int n_scans;
    uint8_t scan_ends[MAX_SCANS]; /* the layer after the last one of each scan */
} centnn_picture;

int centnn_n_bands(const centnn_picture *picture);

/* All of a plane if band is -1. */
centnn_extent centnn_extent_of(const centnn_picture *picture, int plane, int band);

/* Memory that coding a band needs besides its blocks. */
size_t centnn_band_size(const centnn_picture *picture);

typedef struct {
    const centnn_photo_model *model;
    const centnn_search_model *search;
    int n_candidates;
    bool may_escape;
    const centnn_trace *traces; /* of the planes of one band, or NULL */
} centnn_encoder_setup;

/* Bytes of notes and streams of a block: at most, each interval gives two of a stream, and each
 * scan has four besides. Hardly any picture needs more than the usual ones on average. */
enum {
    USUAL_BYTES = 192,
    MAX_BYTES = DC_NOTES + 4 + N_GROUPS * (GROUP_NOTES + 2 * GROUP_INTERVALS) + 4 * MAX_SCANS
};

/* Memory that coding a band takes if its blocks have so many bytes each, on average. */
size_t centnn_encode_size(const centnn_picture *picture, int n_of_block);

/* Codes a band. Returns its scans, which lie in memory one after another, the last one first; their
 * lengths go to lengths. Returns NULL if blocks have more bytes: not with MAX_BYTES. */
const uint8_t *centnn_encode_band(const centnn_picture *picture, const centnn_encoder_setup *setup,
                                  int band, const centnn_pixels *pixels, int n_of_block,
                                  void *memory, size_t *lengths);

typedef struct {
    const uint8_t *bytes;
    size_t n;
} centnn_scan;

/* Memory of the canvas of a plane, besides a byte for the texture of each block; and a canvas. */
size_t centnn_canvas_size(const centnn_picture *picture, int plane);
void centnn_canvas_init(centnn_canvas *canvas, const centnn_picture *picture, int plane,
                        void *memory, uint8_t *textures);

/* Decodes the first n_layers layers of one band or two, at once, and paints them on the canvases of
 * all planes. A scan that ends with one of these must be whole; memory is for as many. Returns
 * false if they are damaged. */
bool centnn_decode_bands(const centnn_picture *picture, const centnn_photo_model *model, int first,
                         int n_bands, const centnn_scan *const *scans, int n_layers,
                         const centnn_canvas *canvases, void *memory);

#endif
