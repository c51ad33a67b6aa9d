/*
 * photo.h - decoding .cvq files of photo mode, which FORMAT.md (in centnn/image) specifies
 *
 * The library allocates nothing: ask for a size, provide memory aligned to 64 bytes. All functions
 * may be called from any thread; a model and a file that was read may be shared by several.
 *
 *     centnn_photo_model *model = aligned_alloc(64, centnn_photo_model_size());
 *     centnn_photo_file file;
 *
 *     centnn_photo_model_init(model, resource, resource_size);
 *     centnn_photo_read(&file, model, bytes, n, CENTNN_PHOTO_ALL);
 *     memory = aligned_alloc(64, centnn_photo_decode_size(&file, 1));
 *     centnn_photo_decode(&file, model, 1, memory, pixels, file.width * file.channels);
 */
#ifndef CENTNN_PHOTO_H
#define CENTNN_PHOTO_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    CENTNN_PHOTO_OK = 0,
    CENTNN_PHOTO_ERR_NULL,      /* a required pointer is NULL */
    CENTNN_PHOTO_ERR_KIND,      /* not a .cvq file of photo mode, or of a later version */
    CENTNN_PHOTO_ERR_TRUNCATED, /* the file ends too early */
    CENTNN_PHOTO_ERR_CORRUPT,   /* the file breaks a rule of the format */
    CENTNN_PHOTO_ERR_CHECKSUM,  /* the file was damaged */
    CENTNN_PHOTO_ERR_RESOURCE, /* the resource is damaged, or not the one the file was coded with */
    CENTNN_PHOTO_ERR_MEMORY,   /* memory is not aligned to 64 bytes */
    CENTNN_PHOTO_ERR_ISA       /* CENTNN_ISA names an unknown or unsupported instruction set */
} centnn_photo_status;

/* A static English sentence for `status`; never NULL. */
const char *centnn_photo_status_string(centnn_photo_status status);

/* The codebooks and tables of photo mode, in the caller's memory. */
typedef struct centnn_photo_model centnn_photo_model;

size_t centnn_photo_model_size(void);

/* Reads the resource that comes with the library (centnn/image/photo.bin), of n bytes, which are
 * not needed any more afterwards. */
centnn_photo_status centnn_photo_model_init(centnn_photo_model *model, const uint8_t *resource,
                                            size_t n);

/* Layers of a file: the first coefficients, then the groups of others, coarse to fine. */
#define CENTNN_PHOTO_ALL 23

/* What a file declares. */
typedef struct {
    uint32_t width, height;
    int channels;    /* 1: grey; 3: red, green, blue */
    int is_halved;   /* Cb and Cr have half the rows and columns */
    int is_filtered; /* by the last filter */
    int steps[2];    /* of luma and chroma, in 64ths */
    int n_scans, n_bands;
    int n_layers;         /* that will be decoded */
    const uint8_t *alpha; /* its bytes, deflated, or NULL: not decoded here */
    size_t alpha_size;
    /* For the library: */
    int band_units;
    uint8_t scan_ends[CENTNN_PHOTO_ALL];
    const uint8_t *lengths, *scans, *end;
} centnn_photo_file;

/* Reads what a file of n bytes declares, and checks all of it but the codes. The bytes must live as
 * long as the file. With fewer layers than CENTNN_PHOTO_ALL, a file may have been cut off anywhere
 * behind its first scan: as many layers are decoded as are asked for and in scans that are whole,
 * and the checksum is not looked at. */
centnn_photo_status centnn_photo_read(centnn_photo_file *file, const centnn_photo_model *model,
                                      const uint8_t *bytes, size_t n, int n_layers);

/* Bytes of memory that decoding takes with so many threads, besides the pixels. With one thread,
 * that is about 2 a pixel in grey, and in colour 4, or 6 where Cb and Cr are not halved; a few more
 * in pictures of one band or two. It is known before any of it is used: refuse files that are too
 * large for you. */
size_t centnn_photo_decode_size(const centnn_photo_file *file, int n_threads);

/* Decodes a file to (height, width, channels) pixels, rows `stride` bytes apart. Without OpenMP
 * there is one thread. Fails with ERR_CORRUPT if codes are damaged: then pixels are undefined. */
centnn_photo_status centnn_photo_decode(const centnn_photo_file *file,
                                        const centnn_photo_model *model, int n_threads,
                                        void *memory, uint8_t *pixels, ptrdiff_t stride);

#ifdef __cplusplus
}
#endif

#endif
