/*
 * centnn.h - exact nearest-codeword search for vector quantization
 *
 * The squared distance of a row x to a codeword c is *defined* as this float64 computation,
 * whatever the input type:
 *
 *     acc = 0; for each coordinate in order: t = (double)x - (double)c; acc = fma(t, t, acc)
 *
 * and the nearest codeword as the one of smallest distance, the lowest index among equals. Every
 * function below returns exactly that, so results have the same bits on every instruction set, in
 * any split of the rows over calls or threads. The float32 or float64 vector code that does the
 * work is only ever used where an error bound proves it right.
 *
 * A row with a NaN has distance NaN to every codeword and gets code 0; a row whose distances all
 * overflow gets code 0 too.
 *
 * Memory: the library allocates nothing. Ask for a size, provide memory aligned to 64 bytes, free
 * it when you like. Threads: all functions may be called from any thread. An index is read-only
 * once initialized and may be shared; scratch memory must not be. To use several threads, give each
 * its own rows, outputs and scratch.
 */
#ifndef CENTNN_H
#define CENTNN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a program was compiled against; centnn_abi() tells what it runs with. They must agree: it
 * changes whenever a function or a structure here does so that programs must be compiled anew. */
#define CENTNN_ABI 2

int centnn_abi(void);

typedef enum {
    CENTNN_OK = 0,
    CENTNN_ERR_NULL,      /* a required pointer is NULL */
    CENTNN_ERR_SIZE,      /* a size is zero or too large, or memory is not aligned */
    CENTNN_ERR_DTYPE,     /* not a type that this function takes */
    CENTNN_ERR_NONFINITE, /* the codebook or a row has a NaN or an infinity */
    CENTNN_ERR_CODE,      /* a code is not below the number of codewords */
    CENTNN_ERR_ISA,       /* unknown or unsupported instruction set asked for */
    CENTNN_ERR_FILE,      /* not a file of this kind, or of another version */
    CENTNN_ERR_DAMAGED,   /* a file that is truncated, too long, or has another checksum */
    CENTNN_ERR_DISTINCT,  /* fewer different rows than codewords to train */
    CENTNN_ERR_EPOCHS     /* too few epochs for so many codewords */
} centnn_status;

/* A static English sentence for `status`; never NULL. */
const char *centnn_status_string(centnn_status status);

typedef enum { CENTNN_U8, CENTNN_U16, CENTNN_F16, CENTNN_F32, CENTNN_F64 } centnn_dtype;

/* n rows of d values: element (i, j) is at (char *)data + i * row_stride + j * col_stride. Strides
 * are in bytes, may be negative or zero, and need not be multiples of the element size. The data
 * stay the caller's and are only read. */
typedef struct {
    const void *data;
    centnn_dtype dtype;
    size_t n, d;
    ptrdiff_t row_stride, col_stride;
} centnn_rows;

/* A codebook packed for search, in the caller's memory. It holds no pointers: it may be copied to
 * other memory (aligned to 64 bytes) or another process, and needs no destruction. */
typedef struct centnn_index centnn_index;

/* The largest codebook: this many codewords, each of this many coordinates. */
#define CENTNN_MAX_K ((size_t)1 << 24)
#define CENTNN_MAX_D ((size_t)1 << 20)

/* Bytes of an index for k codewords of d coordinates searched in `precision` (CENTNN_F32 or
 * CENTNN_F64); O(k * d). Returns 0 if k or d is 0 or beyond its maximum, if the size overflows, or
 * if the precision is another type. */
size_t centnn_index_size(size_t k, size_t d, centnn_dtype precision);

/* Packs a codebook of k * d values of the type `precision`, row-major, into `index`:
 * centnn_index_size() bytes, aligned to
 * 64. The codebook is copied. Fails with ERR_NULL, ERR_SIZE (sizes, alignment), ERR_DTYPE or
 * ERR_NONFINITE. */
centnn_status centnn_index_init(centnn_index *index, const void *codebook, size_t k, size_t d,
                                centnn_dtype precision);

/* Bytes of scratch memory, aligned to 64, that each thread needs to search `index`. Returns 0 if
 * index is NULL. */
size_t centnn_scratch_size(const centnn_index *index);

/*
 * The nearest codeword of every row.
 *
 *   codes      OUT, n          its index: unsigned integers of code_size bytes (1, 2 or 4)
 *   distances  OUT, n or NULL  the squared distance to it
 *   runner_up  OUT, n or NULL  about the squared distance to the second nearest codeword: never
 *                              below `distances`, infinity if there is but one codeword, NaN or
 *                              infinity where `distances` is. It comes from the vector code's
 *                              second-best score: the same bits everywhere, but rounded, with an
 *                              absolute error of at most centnn_runner_up_error(). (For d = 1 it is
 *                              exact.)
 *
 * Rows of type U8, U16, F16 and F32 can be searched in either precision, F64 only in an F64 index
 * (ERR_DTYPE, as for another code_size). Also fails with ERR_NULL, ERR_SIZE (rows->d is not the
 * index's, codes too small for its k, scratch not aligned) or ERR_ISA (see centnn_isa). Returns
 * ERR_NONFINITE if a row has a NaN or an infinity: then all results are there nevertheless. n may
 * be 0.
 */
centnn_status centnn_search(const centnn_index *index, const centnn_rows *rows, void *codes,
                            size_t code_size, double *distances, double *runner_up, void *scratch);

/* A bound on |runner_up - the second smallest squared distance| for a row at squared distance
 * `norm2` from the mean of the codebook; infinity where there is none. Returns NaN if index is
 * NULL. */
double centnn_runner_up_error(const centnn_index *index, double norm2);

/* The n_nearest nearest codewords of every row, by distance and then index: codes and distances
 * (which may be NULL) have n * n_nearest elements, row-major. n_nearest must be between 1 and k
 * (ERR_SIZE); otherwise fails as centnn_search(). */
centnn_status centnn_search_top(const centnn_index *index, const centnn_rows *rows,
                                size_t n_nearest, uint32_t *codes, double *distances,
                                void *scratch);

/* Copies to `out` the codeword of each of n codes: unsigned integers of code_size bytes (1, 2 or
 * 4). The codebook is k codewords of codeword_size bytes, of any type; out has n * codeword_size
 * bytes and overlaps nothing. Fails with ERR_NULL, ERR_SIZE, ERR_DTYPE (code_size) or, with part of
 * `out` written, ERR_CODE. */
centnn_status centnn_decode(const void *codebook, size_t k, size_t codeword_size, const void *codes,
                            size_t code_size, size_t n, void *out);

/* The instruction set in use: "scalar", "avx2", "avx512" or "neon". It is chosen at first use: the
 * fastest that the processor has, or the one that the environment variable CENTNN_ISA names. If
 * that one is unknown or unsupported, searches fail with ERR_ISA and this returns NULL, until
 * centnn_set_isa() names a good one. */
const char *centnn_isa(void);

/* Selects an instruction set for all later calls, in all threads (running ones finish on theirs);
 * NULL for the fastest. Fails with ERR_ISA, changing nothing, if `name` is unknown or unsupported.
 */
centnn_status centnn_set_isa(const char *name);

/* The i-th instruction set that works here, fastest first; NULL past the end. */
const char *centnn_isa_available(size_t i);

/*
 * Training
 */

/* Bytes of memory, aligned to 64, that training k codewords of d coordinates takes; 0 as for
 * centnn_index_size(). */
size_t centnn_train_size(size_t k, size_t d);

/*
 * Trains a codebook of k codewords on rows, which may have any type but F64.
 *
 *   codewords  OUT, k * d  row-major
 *   codes      OUT, n      the nearest codeword of each row
 *   distances  OUT, n      the squared distances to them
 *
 * It grows by splitting clusters and stops when nothing changes, or after max_epochs epochs. An
 * epoch doubles the codewords at most, and adds a few only where most rows are alike and others far
 * away: allow log2(k) + 10 for rows of one scale, such as pixels, and some k for those whose sizes
 * differ by orders of magnitude. The result does not depend on threads or on the instruction set.
 * Fails with ERR_NULL, ERR_DTYPE, ERR_NONFINITE (a row has a NaN or an infinity), ERR_ISA, ERR_SIZE
 * (sizes, alignment), ERR_DISTINCT (there are fewer different rows than k) or ERR_EPOCHS (there are
 * still fewer codewords than k after max_epochs). */
centnn_status centnn_train(const centnn_rows *rows, size_t k, size_t max_epochs, float *codewords,
                           uint32_t *codes, double *distances, void *memory);

/*
 * Files
 *
 * What is opened points into the caller's bytes, which must live as long and may lie anywhere.
 */

/* A codebook that `Codebook.save` wrote. */
typedef struct {
    size_t k, d;
    centnn_dtype precision; /* CENTNN_F32 or CENTNN_F64 */
    const uint8_t *codewords;
} centnn_book_file;

/* Looks at the n bytes of a file and checks all of it but the values of the codewords. Fails with
 * ERR_NULL, ERR_FILE, ERR_DAMAGED or ERR_SIZE (the codebook is empty or beyond CENTNN_MAX_K or
 * CENTNN_MAX_D). */
centnn_status centnn_book_open(centnn_book_file *file, const void *bytes, size_t n);

/* Copies the k * d codewords to `out`, row-major, as float or double by file->precision. Fails with
 * ERR_NULL. */
centnn_status centnn_book_copy(const centnn_book_file *file, void *out);

/* A plain picture: a .cvq file of version 1, whose codes are not entropy-coded. */
typedef struct {
    size_t height, width, channels; /* 1: grey; 3: red, green, blue */
    size_t block_height, block_width;
    size_t k;                /* codewords, each block_height * block_width * channels bytes */
    const uint8_t *codebook; /* k of them, the channels of a pixel side by side */
    const uint8_t *codes; /* centnn_code_bits(k) bits each, the first bits the most significant */
} centnn_picture_file;

/* Bits of a code of k codewords: 0 for one. */
unsigned centnn_code_bits(size_t k);

/* Looks at the n bytes of a file, and checks all of it but the codes. Fails with ERR_NULL, ERR_FILE
 * or ERR_DAMAGED. */
centnn_status centnn_picture_open(centnn_picture_file *file, const void *bytes, size_t n);

/* Decodes a picture to height * width * channels bytes. (With k = 1 a short file can stand for a
 * picture of any size: look at it before you allocate.) Fails with ERR_NULL, or ERR_CODE if a code
 * is not below k: then pixels are undefined. */
centnn_status centnn_picture_decode(const centnn_picture_file *file, uint8_t *pixels);

/* Bytes of the file of a picture, of which codebook and codes are not looked at; 0 if a size is 0
 * or cannot be in a file (sides of blocks to 2^16 - 1, others to 2^32 - 1), or channels are neither
 * 1 nor 3. */
size_t centnn_picture_size(const centnn_picture_file *file);

/* Writes the file of a picture to `bytes`, centnn_picture_size() of them. codes has a number for
 * each block, in raster order; blocks at the right and the bottom may reach beyond the picture.
 * Fails with ERR_NULL, ERR_SIZE or ERR_CODE. */
centnn_status centnn_picture_write(const centnn_picture_file *file, const uint32_t *codes,
                                   uint8_t *bytes);

#ifdef __cplusplus
}
#endif
#endif
