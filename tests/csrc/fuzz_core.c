/*
 * fuzz_core.c - damaged codebooks and plain .cvq files, for libFuzzer
 *
 *     clang -O1 -fsanitize=fuzzer,address,undefined -Icsrc csrc/[a-z]*.c tests/csrc/fuzz_core.c -lm
 *
 * Checksums are put right, so that what is behind them is read. What can be opened is used:
 * codewords are packed and searched, pictures decoded and written again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "centnn.h"
#include "crc32.h"

enum { CRC_BYTES = 4, MOST = 1 << 20 };

static void *allocate(size_t n)
{
    void *memory = aligned_alloc(64, (n + 64) / 64 * 64);

    if (!memory)
        abort();
    return memory;
}

static void use_book(const centnn_book_file *file)
{
    const size_t size = file->k * file->d * (file->precision == CENTNN_F64 ? 8 : 4);
    void *codewords = allocate(size);
    centnn_index *index = allocate(centnn_index_size(file->k, file->d, file->precision));

    centnn_book_copy(file, codewords);
    if (!centnn_index_init(index, codewords, file->k, file->d, file->precision)) {
        const centnn_rows rows = {codewords,
                                  file->precision,
                                  file->k < 8 ? file->k : 8,
                                  file->d,
                                  (ptrdiff_t)(size / file->k),
                                  file->precision == CENTNN_F64 ? 8 : 4};
        void *scratch = allocate(centnn_scratch_size(index));
        uint32_t codes[8];

        if (centnn_search(index, &rows, codes, 4, NULL, NULL, scratch) == CENTNN_OK) {
            for (size_t i = 0; i < rows.n; i++) {
                if (codes[i] >= file->k)
                    abort();
            }
        }
        free(scratch);
    }
    free(index);
    free(codewords);
}

static void use_picture(const centnn_picture_file *file)
{
    const uint64_t pixels = (uint64_t)file->height * file->width;
    uint8_t *samples;

    if (pixels > MOST)
        return;
    samples = allocate((size_t)pixels * file->channels);
    centnn_picture_decode(file, samples);
    free(samples);
}

/* Of processor time: by the clock, reading may take longer on a machine with other work. */
static void check_time(clock_t start)
{
    if (clock() - start > CLOCKS_PER_SEC)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const clock_t start = clock();
    uint8_t *bytes = malloc(n ? n : 1); /* with nothing behind it */
    centnn_book_file book;
    centnn_picture_file picture;

    if (!bytes)
        abort();
    memcpy(bytes, data, n);
    if (n >= CRC_BYTES) {
        const uint32_t crc = centnn_crc32(bytes, n - CRC_BYTES);

        for (size_t i = 0; i < CRC_BYTES; i++)
            bytes[n - CRC_BYTES + i] = (uint8_t)(crc >> 8 * i);
    }
    if (!centnn_book_open(&book, bytes, n))
        use_book(&book);
    if (!centnn_picture_open(&picture, bytes, n))
        use_picture(&picture);
    free(bytes);
    check_time(start);
    return 0;
}
