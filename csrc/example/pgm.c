/*
 * pgm.c - a complete program: code a PGM picture by a codebook that Python trained, and back
 *
 *     python -c "import centnn, cv2; img = cv2.imread('photo.png', 0)
 *     centnn.fit_codebook(centnn.image.to_blocks(img, 4), 256).save('book.bin')"
 *     cc -O2 -I.. pgm.c ../[a-z]*.c -lm -o pgm
 *     ./pgm encode book.bin photo.pgm photo.cvq
 *     ./pgm decode photo.cvq again.pgm
 *
 * Blocks are square. The files are .cvq of version 1, which `centnn decompress` reads as well.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "centnn.h"

static void fail(const char *what, const char *why)
{
    fprintf(stderr, "pgm: %s: %s\n", what, why);
    exit(1);
}

static void check(centnn_status status, const char *what)
{
    if (status != CENTNN_OK)
        fail(what, centnn_status_string(status));
}

/* Memory aligned as the library asks for. */
static void *allocate(size_t n)
{
    void *memory = aligned_alloc(64, (n + 64) / 64 * 64);

    if (!memory)
        fail("memory", "there is none left");
    return memory;
}

static uint8_t *read_file(const char *path, size_t *n)
{
    FILE *file = fopen(path, "rb");
    uint8_t *bytes;
    long size;

    if (!file || fseek(file, 0, SEEK_END) != 0 || (size = ftell(file)) < 0)
        fail(path, "cannot be read");
    rewind(file);
    *n = (size_t)size;
    bytes = allocate(*n + 1);
    if (fread(bytes, 1, *n, file) != *n)
        fail(path, "cannot be read");
    fclose(file);
    bytes[*n] = 0;
    return bytes;
}

static void write_file(const char *path, const char *heading, const uint8_t *bytes, size_t n)
{
    FILE *file = fopen(path, "wb");

    if (!file || fputs(heading, file) < 0 || fwrite(bytes, 1, n, file) != n || fclose(file) != 0)
        fail(path, "cannot be written");
}

/* Where in the n bytes of a binary PGM file of 8 bits its pixels are. */
static const uint8_t *open_pgm(const char *path, const uint8_t *bytes, size_t n, size_t *width,
                               size_t *height)
{
    int used = 0;

    if (sscanf((const char *)bytes, "P5 %zu %zu 255%n", width, height, &used) != 2 || !used ||
        *width == 0 || *height == 0 || *width > n / *height ||
        n != (size_t)used + 1 + *width * *height)
        fail(path, "is not a PGM picture of 8 bits");
    return bytes + used + 1;
}

static size_t side_of(size_t d)
{
    size_t side = 1;

    while (side * side < d)
        side++;
    return side * side == d ? side : 0;
}

/* Cuts a picture into blocks; its last pixels continue it beyond its edges. */
static uint8_t *to_blocks(const uint8_t *pixels, const centnn_picture_file *picture, size_t side,
                          size_t *n)
{
    size_t rows = (picture->height + side - 1) / side, columns = (picture->width + side - 1) / side;
    uint8_t *blocks = allocate(rows * columns * side * side), *to = blocks;

    for (size_t i = 0; i < rows * columns; i++) {
        for (size_t pixel = 0; pixel < side * side; pixel++) {
            size_t y = i / columns * side + pixel / side, x = i % columns * side + pixel % side;

            y = y < picture->height ? y : picture->height - 1;
            x = x < picture->width ? x : picture->width - 1;
            *to++ = pixels[y * picture->width + x];
        }
    }
    *n = rows * columns;
    return blocks;
}

static uint32_t *nearest(const centnn_book_file *book, const void *codewords, const uint8_t *blocks,
                         size_t n)
{
    centnn_rows rows = {blocks, CENTNN_U8, n, book->d, (ptrdiff_t)book->d, 1};
    centnn_index *index = allocate(centnn_index_size(book->k, book->d, book->precision));
    uint32_t *codes = allocate(n * sizeof *codes);
    void *scratch;

    check(centnn_index_init(index, codewords, book->k, book->d, book->precision), "codebook");
    scratch = allocate(centnn_scratch_size(index));
    check(centnn_search(index, &rows, codes, sizeof *codes, NULL, NULL, scratch), "search");
    free(scratch);
    free(index);
    return codes;
}

/* Codewords as pixels. */
static uint8_t *rounded(const centnn_book_file *book, const void *codewords)
{
    uint8_t *pixels = allocate(book->k * book->d);

    for (size_t i = 0; i < book->k * book->d; i++) {
        double value = book->precision == CENTNN_F64 ? ((const double *)codewords)[i]
                                                     : ((const float *)codewords)[i];

        pixels[i] = (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value + 0.5);
    }
    return pixels;
}

static void encode(const char *book_path, const char *from, const char *to)
{
    size_t n, n_pgm, n_blocks, side;
    uint8_t *bytes = read_file(book_path, &n), *pgm = read_file(from, &n_pgm);
    uint8_t *levels, *blocks, *file;
    const uint8_t *pixels;
    centnn_book_file book;
    centnn_picture_file picture = {0};
    uint32_t *codes;
    void *codewords;

    check(centnn_book_open(&book, bytes, n), book_path);
    side = side_of(book.d);
    if (!side)
        fail(book_path, "is not a codebook of square blocks");
    codewords = allocate(book.k * book.d * sizeof(double));
    check(centnn_book_copy(&book, codewords), book_path);
    pixels = open_pgm(from, pgm, n_pgm, &picture.width, &picture.height);
    picture.channels = 1;
    picture.block_height = picture.block_width = side;
    picture.k = book.k;
    picture.codebook = levels = rounded(&book, codewords);
    blocks = to_blocks(pixels, &picture, side, &n_blocks);
    codes = nearest(&book, codewords, blocks, n_blocks);
    file = allocate(centnn_picture_size(&picture));
    check(centnn_picture_write(&picture, codes, file), to);
    write_file(to, "", file, centnn_picture_size(&picture));
    free(file);
    free(codes);
    free(blocks);
    free(levels);
    free(codewords);
    free(pgm);
    free(bytes);
}

static void decode(const char *from, const char *to)
{
    size_t n, size;
    uint8_t *bytes = read_file(from, &n), *pixels;
    centnn_picture_file picture;
    char heading[64];

    check(centnn_picture_open(&picture, bytes, n), from);
    if (picture.channels != 1 || picture.height > ((size_t)1 << 28) / picture.width)
        fail(from, "is not a grey picture of a sensible size");
    size = picture.height * picture.width;
    pixels = allocate(size);
    check(centnn_picture_decode(&picture, pixels), from);
    snprintf(heading, sizeof heading, "P5\n%zu %zu\n255\n", picture.width, picture.height);
    write_file(to, heading, pixels, size);
    free(pixels);
    free(bytes);
}

int main(int argc, char **argv)
{
    if (argc == 5 && strcmp(argv[1], "encode") == 0)
        encode(argv[2], argv[3], argv[4]);
    else if (argc == 4 && strcmp(argv[1], "decode") == 0)
        decode(argv[2], argv[3]);
    else
        fail("usage", "pgm encode BOOK IN.pgm OUT.cvq, or pgm decode IN.cvq OUT.pgm");
    return 0;
}
