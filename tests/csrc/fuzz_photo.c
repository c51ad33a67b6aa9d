/*
 * fuzz_photo.c - damaged .cvq files of photo mode, decoded
 *
 *     fuzz_photo RESOURCE N_RUNS SEED FILE...
 *
 * mutates the files and decodes what comes of it, N_RUNS times. The checksum is put right, so that
 * most of it is decoded, and every eighth run the resource is mutated instead. Pixels are not
 * compared: it is to be run under sanitizers. Where CENTNN_LIBFUZZER is defined, it is a target of
 * clang's libFuzzer instead, as in tests/long; CENTNN_FUZZ_RESOURCE names the resource then.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crc32.h"
#include "photo/photo.h"

enum {
    MAX_PIXELS = 1 << 16,
    MAX_FIXED = 1 << 18,
    MARGIN = 32,
    MAX_BYTES = 1 << 20,
    ALIGNMENT = 64,
    CRC_BYTES = 4,
    ID_AT = 9
};

static void *allocate(size_t n)
{
    void *memory = aligned_alloc(ALIGNMENT, (n + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);

    if (!memory)
        abort();
    return memory;
}

/* A copy of n bytes with nothing behind it. */
static uint8_t *copy_of(const uint8_t *bytes, size_t n)
{
    uint8_t *copy = malloc(n ? n : 1);

    if (!copy)
        abort();
    memcpy(copy, bytes, n);
    return copy;
}

static uint8_t *read_file(const char *name, size_t *n)
{
    FILE *file = fopen(name, "rb");
    uint8_t *bytes = malloc(MAX_BYTES);

    if (!file || !bytes) {
        fprintf(stderr, "fuzz_photo: %s cannot be read\n", name);
        exit(2);
    }
    *n = fread(bytes, 1, MAX_BYTES, file);
    fclose(file);
    return bytes;
}

static void put_u32(uint8_t *to, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        to[i] = (uint8_t)(value >> 8 * i);
}

static int small_enough(const centnn_photo_file *file)
{
    /* Flat pictures have whole blocks too. */
    return (uint64_t)(file->width + 15) * (file->height + 15) <= MAX_PIXELS;
}

static uint64_t with_margin(uint32_t side)
{
    return (side + UINT64_C(15)) / 16 * 16 + MARGIN;
}

/* What decoding takes is known from the header, and in proportion to it: samples are held in two
 * bytes, blocks have others around them, and four times that is never needed. */
static void check_promise(const centnn_photo_file *file)
{
    const uint64_t pixels = with_margin(file->width) * with_margin(file->height);

    if (centnn_photo_decode_size(file, 1) > 4 * 2 * pixels * (uint64_t)file->channels + MAX_FIXED)
        abort();
}

/* Returns whether it was decoded to the end. */
static int decode(const centnn_photo_model *model, const uint8_t *bytes, size_t n, int n_layers)
{
    centnn_photo_file file;
    centnn_photo_status status = centnn_photo_read(&file, model, bytes, n, n_layers);
    uint8_t *pixels, *memory;
    size_t row;

    if (status)
        return 0;
    check_promise(&file);
    if (!small_enough(&file))
        return 0;
    row = (size_t)file.width * (size_t)file.channels;
    pixels = malloc(row * file.height);
    memory = allocate(centnn_photo_decode_size(&file, 1));
    if (!pixels)
        abort();
    status = centnn_photo_decode(&file, model, 1, memory, pixels, (ptrdiff_t)row);
    free(memory);
    free(pixels);
    return status == CENTNN_PHOTO_OK;
}

/* Decodes a file whole, or what its last byte says of it; puts its id and checksum right before. */
static int decode_repaired(const centnn_photo_model *model, uint32_t id, uint8_t *bytes, size_t n)
{
    int layers = n && bytes[n - 1] % 4 == 0 ? 1 + bytes[n - 1] / 4 % CENTNN_PHOTO_ALL
                                            : CENTNN_PHOTO_ALL;

    if (n >= ID_AT + 4 + CRC_BYTES) {
        put_u32(bytes + ID_AT, id);
        put_u32(bytes + n - CRC_BYTES, centnn_crc32(bytes, n - CRC_BYTES));
    }
    return decode(model, bytes, n, layers);
}

#ifdef CENTNN_LIBFUZZER

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static centnn_photo_model *model;
    static uint32_t id;
    uint8_t *bytes = copy_of(data, size);
    clock_t start;

    if (!model) {
        size_t n;
        const char *name = getenv("CENTNN_FUZZ_RESOURCE");
        uint8_t *resource = read_file(name ? name : "centnn/image/photo.bin", &n);

        model = allocate(centnn_photo_model_size());
        if (centnn_photo_model_init(model, resource, n))
            abort();
        id = centnn_crc32(resource, n);
        free(resource);
    }
    start = clock();
    decode_repaired(model, id, bytes, size);
    /* Of processor time: by the clock, it may take longer on a machine with other work. */
    if (clock() - start > CLOCKS_PER_SEC)
        abort();
    free(bytes);
    return 0;
}

#else

typedef struct {
    uint8_t *bytes;
    size_t n;
} data;

/* Marsaglia's xorshift: the same everywhere. */
static uint32_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return (uint32_t)(*state >> 16);
}

/* Where to damage n bytes: half of the time near the beginning, where the header is. */
static size_t some_place(uint64_t *random, size_t n)
{
    size_t range = next_random(random) % 2 && n > 48 ? 48 : n;

    return next_random(random) % range;
}

/* Damages bytes in place; returns how many there are then, at most n. */
static size_t mutate(uint8_t *bytes, size_t n, uint64_t *random)
{
    static const uint8_t edges[] = {0, 1, 2, 15, 16, 63, 64, 127, 128, 254, 255};
    unsigned n_changes = 1 + next_random(random) % 6;

    while (n_changes-- && n > 1) {
        size_t at = some_place(random, n), length = 1 + next_random(random) % 16;

        length = length < n - at ? length : n - at;
        switch (next_random(random) % 6) {
        case 0:
            bytes[at] ^= (uint8_t)(1 << next_random(random) % 8);
            break;
        case 1:
            bytes[at] = (uint8_t)next_random(random);
            break;
        case 2:
            bytes[at] = edges[next_random(random) % sizeof edges];
            break;
        case 3: /* something from elsewhere */
            memmove(bytes + at, bytes + next_random(random) % (n - length + 1), length);
            break;
        case 4: /* a gap that closes */
            memmove(bytes + at, bytes + at + length, n - at - length);
            n -= length;
            break;
        case 5:
            if (next_random(random) % 8 == 0)
                n -= next_random(random) % n; /* the rest is missing */
            break;
        }
    }
    return n;
}

static int run_file(const centnn_photo_model *model, uint32_t id, data file, uint64_t *random)
{
    uint8_t *bytes = copy_of(file.bytes, file.n);
    size_t n = mutate(bytes, file.n, random);
    uint8_t *exact = copy_of(bytes, n);
    int decoded = decode_repaired(model, id, exact, n);

    free(exact);
    free(bytes);
    return decoded;
}

/* Reads a damaged resource, and decodes a file by it if it is one still. */
static int run_resource(centnn_photo_model *model, data resource, data file, uint64_t *random)
{
    uint8_t *bytes = copy_of(resource.bytes, resource.n);
    size_t n = mutate(bytes, resource.n, random);
    uint8_t *exact = copy_of(bytes, n), *repaired = copy_of(file.bytes, file.n);
    int decoded = 0;

    if (centnn_photo_model_init(model, exact, n) == CENTNN_PHOTO_OK)
        decoded = decode_repaired(model, centnn_crc32(exact, n), repaired, file.n);
    free(repaired);
    free(exact);
    free(bytes);
    return decoded;
}

int main(int argc, char **argv)
{
    centnn_photo_model *model = allocate(centnn_photo_model_size());
    centnn_photo_model *damaged = allocate(centnn_photo_model_size());
    long n_runs, decoded = 0;
    uint64_t random;
    data resource;
    uint32_t id;

    if (argc < 5) {
        fprintf(stderr, "usage: fuzz_photo RESOURCE N_RUNS SEED FILE...\n");
        return 2;
    }
    n_runs = atol(argv[2]);
    random = strtoull(argv[3], NULL, 10) * 0x9e3779b97f4a7c15U + 1;
    resource.bytes = read_file(argv[1], &resource.n);
    id = centnn_crc32(resource.bytes, resource.n);
    if (centnn_photo_model_init(model, resource.bytes, resource.n)) {
        fprintf(stderr, "fuzz_photo: %s is no resource\n", argv[1]);
        return 2;
    }
    for (int i = 4; i < argc; i++) {
        data file;

        file.bytes = read_file(argv[i], &file.n);
        for (long run = i - 4; run < n_runs; run += argc - 4)
            decoded += run / (argc - 4) % 8 ? run_file(model, id, file, &random)
                                            : run_resource(damaged, resource, file, &random);
        free(file.bytes);
    }
    printf("%ld runs, %ld decoded to the end\n", n_runs, decoded);
    free(resource.bytes);
    free(damaged);
    free(model);
    return 0;
}

#endif
