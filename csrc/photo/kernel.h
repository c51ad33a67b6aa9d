/*
 * kernel.h - what is compiled for several instruction sets. All do the same to the bit.
 */
#ifndef CENTNN_PHOTO_KERNEL_H
#define CENTNN_PHOTO_KERNEL_H

#include "encode.h"
#include "transform.h"

/* A group of a plane to be decoded. */
typedef struct {
    centnn_plane *plane;
    const centnn_kind *kind;
    int g;
    centnn_guides guides;
    centnn_adaptive *adaptive;
    centnn_source *source;
} centnn_decode_job;

typedef struct {
    /* Reads a group of all blocks of one or two planes of equally many columns. Two are read in
     * turns, so that the processor can work on one while it waits for the other. */
    void (*decode_groups)(const centnn_decode_job *jobs, int n_jobs);

    void (*encode_group)(const centnn_encoder *encoder, int g, const centnn_guides *guides);

    /* Transforms a row of blocks of a plane, which is continued beyond its edges by its last
     * pixels, to (columns, 64) coefficients in sixteenths of step / 64. lines are the 16 around it,
     * of the plane's width. */
    void (*transform_row)(const uint8_t *lines, const centnn_extent *plane, int row, int step,
                          int16_t *coefficients);

    /* Paints a row of blocks. */
    void (*inverse_row)(const int16_t *blocks, int columns, int step, int16_t *pixels,
                        ptrdiff_t stride);

    /* Undoes the rotations across the lower border of row `row` of blocks, then those across all
     * borders of columns in the 8 pixel rows around it; row is from -1 on. */
    void (*unlap_row)(const centnn_canvas *canvas, int row);

    /* Filters line y of a canvas whose rotations are undone, to grey levels. step 0: no filter. */
    void (*filter_line)(const centnn_canvas *canvas, const centnn_kind *kind, int step, int y,
                        uint8_t *out);

    /* The row between two rows of halved chroma, three quarters of the near one and a quarter of
     * the far one, at twice the columns: width of them. sums has room for as many numbers. */
    void (*double_row)(const uint8_t *near, const uint8_t *far, int width, uint16_t *sums,
                       uint8_t *out);

    /* Converts n pixels. */
    void (*to_rgb)(const uint8_t *luma, const uint8_t *blue, const uint8_t *red, int n,
                   uint8_t *out);
} centnn_photo_kernel;

/* The AVX2 one is for 64 bits only. */
#if defined(__x86_64__) && defined(__GNUC__)
#define HAVE_AVX2_KERNEL 1
#else
#define HAVE_AVX2_KERNEL 0
#endif
extern const centnn_photo_kernel centnn_photo_kernel_baseline, centnn_photo_kernel_avx2;

/* The one to use: the fastest, or that of the instruction set that CENTNN_ISA names. NULL if that
 * is unknown or unsupported, until centnn_photo_set_isa() is called. */
const centnn_photo_kernel *centnn_photo_current_kernel(void);

/* Takes the name of an instruction set, or NULL for the fastest. Returns false, changing nothing,
 * if it is unknown or unsupported. */
bool centnn_photo_set_isa(const char *name);

#endif
