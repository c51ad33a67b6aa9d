/* clang-format off */
/*
 * photo_to_ppm.c - a .cvq file of photo mode to a picture in PGM (grey) or PPM (colours)
 *
 *     cc -std=c11 -O2 -Icsrc csrc/photo/[a-z]*.c csrc/crc32.c csrc/example/photo_to_ppm.c -o photo_to_ppm
 *     ./photo_to_ppm centnn/image/photo.bin photo.cvq photo.ppm
 *
 * An alpha channel is left out. Add -fopenmp, and more threads below, to decode with several.
 */
/* clang-format on */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "photo/photo.h"

enum { N_THREADS = 1, ALIGNMENT = 64 };

static const uint64_t max_pixels = (uint64_t)1 << 28;

typedef struct {
    uint8_t *bytes;
    size_t n;
} contents;

static void fail(const char *name, const char *what)
{
    fprintf(stderr, "photo_to_ppm: %s: %s\n", name, what);
    exit(EXIT_FAILURE);
}

static void check(centnn_photo_status status, const char *name)
{
    if (status != CENTNN_PHOTO_OK)
        fail(name, centnn_photo_status_string(status));
}

static void *allocate(size_t n, const char *name)
{
    void *memory = aligned_alloc(ALIGNMENT, (n + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);

    if (!memory)
        fail(name, "there is not enough memory");
    return memory;
}

static contents read_file(const char *name)
{
    FILE *file = fopen(name, "rb");
    contents read = {NULL, 0};
    size_t room = 0, n;

    if (!file)
        fail(name, "the file cannot be opened");
    do {
        if (read.n == room) {
            uint8_t *larger;

            room = room ? 2 * room : 1 << 16;
            larger = realloc(read.bytes, room);
            if (!larger)
                fail(name, "there is not enough memory");
            read.bytes = larger;
        }
        n = fread(read.bytes + read.n, 1, room - read.n, file);
        read.n += n;
    } while (n > 0);
    if (ferror(file))
        fail(name, "the file cannot be read");
    fclose(file);
    return read;
}

static centnn_photo_model *read_model(const char *name)
{
    contents resource = read_file(name);
    centnn_photo_model *model = allocate(centnn_photo_model_size(), name);

    check(centnn_photo_model_init(model, resource.bytes, resource.n), name);
    free(resource.bytes);
    return model;
}

static void write_picture(const char *name, const centnn_photo_file *file, const uint8_t *pixels)
{
    FILE *out = fopen(name, "wb");
    size_t n = (size_t)file->width * file->height * (size_t)file->channels;

    if (!out)
        fail(name, "the file cannot be opened");
    fprintf(out, "P%d\n%lu %lu\n255\n", file->channels == 1 ? 5 : 6, (unsigned long)file->width,
            (unsigned long)file->height);
    if (fwrite(pixels, 1, n, out) != n || fclose(out))
        fail(name, "the file cannot be written");
}

int main(int argc, char **argv)
{
    centnn_photo_model *model;
    centnn_photo_file file;
    contents input;
    uint8_t *pixels;
    void *memory;

    if (argc != 4) {
        fprintf(stderr, "usage: photo_to_ppm RESOURCE INPUT OUTPUT\n");
        return EXIT_FAILURE;
    }
    model = read_model(argv[1]);
    input = read_file(argv[2]);
    check(centnn_photo_read(&file, model, input.bytes, input.n, CENTNN_PHOTO_ALL), argv[2]);
    if ((uint64_t)file.width * file.height > max_pixels)
        fail(argv[2], "the picture is too large");
    pixels = allocate((size_t)file.width * file.height * (size_t)file.channels, argv[2]);
    memory = allocate(centnn_photo_decode_size(&file, N_THREADS), argv[2]);
    check(centnn_photo_decode(&file, model, N_THREADS, memory, pixels,
                              (ptrdiff_t)file.width * file.channels),
          argv[2]);
    write_picture(argv[3], &file, pixels);
    free(memory);
    free(pixels);
    free(input.bytes);
    free(model);
    return EXIT_SUCCESS;
}
