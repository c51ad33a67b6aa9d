/*
 * picture_file.c - .cvq files of version 1, which centnn/image/FORMAT.md specifies
 */
#include <stdbool.h>
#include <string.h>

#include "bytes.h"
#include "centnn.h"
#include "crc32.h"

enum {
    VERSION = 1,
    AT_CHANNELS = 5,
    AT_BLOCK_HEIGHT = 6,
    AT_BLOCK_WIDTH = 8,
    AT_HEIGHT = 10,
    AT_WIDTH = 14,
    AT_K = 18,
    HEADER = 22,
    CRC = 4,
    MOST_BLOCK = 0xffff
};

static const uint8_t magic[4] = {0x89, 'C', 'V', 'Q'};

unsigned centnn_code_bits(size_t k)
{
    unsigned bits = 0;

    while (bits < 32 && (size_t)1 << bits < k)
        bits++;
    return bits;
}

static size_t in_blocks(size_t side, size_t block)
{
    return (side + block - 1) / block;
}

static size_t codeword_size(const centnn_picture_file *file)
{
    return file->block_height * file->block_width * file->channels;
}

/* a * b, or SIZE_MAX if that or a is too large. */
static size_t product(size_t a, size_t b)
{
    return a != SIZE_MAX && (b == 0 || a <= (SIZE_MAX - 1) / b) ? a * b : SIZE_MAX;
}

size_t centnn_picture_size(const centnn_picture_file *file)
{
    size_t codebook, codes, blocks;

    if (!file || (file->channels != 1 && file->channels != 3) || file->block_height < 1 ||
        file->block_height > MOST_BLOCK || file->block_width < 1 ||
        file->block_width > MOST_BLOCK || file->height < 1 || file->height > UINT32_MAX ||
        file->width < 1 || file->width > UINT32_MAX || file->k < 1 || file->k > UINT32_MAX)
        return 0;
    codebook = product(product(product(file->k, file->block_height), file->block_width),
                       file->channels);
    blocks = product(in_blocks(file->height, file->block_height),
                     in_blocks(file->width, file->block_width));
    codes = product(blocks, centnn_code_bits(file->k));
    if (codebook > SIZE_MAX / 4 || codes > SIZE_MAX / 4)
        return 0;
    return HEADER + codebook + (codes + 7) / 8 + CRC;
}

centnn_status centnn_picture_open(centnn_picture_file *file, const void *bytes, size_t n)
{
    const uint8_t *at = bytes;
    size_t size;

    if (!file || !bytes)
        return CENTNN_ERR_NULL;
    if (n < sizeof magic + 1 || memcmp(at, magic, sizeof magic) != 0 || at[4] != VERSION)
        return CENTNN_ERR_FILE;
    if (n < HEADER + CRC)
        return CENTNN_ERR_DAMAGED;
    file->channels = at[AT_CHANNELS];
    file->block_height = (size_t)get_number(at + AT_BLOCK_HEIGHT, 2);
    file->block_width = (size_t)get_number(at + AT_BLOCK_WIDTH, 2);
    file->height = (size_t)get_number(at + AT_HEIGHT, 4);
    file->width = (size_t)get_number(at + AT_WIDTH, 4);
    file->k = (size_t)get_number(at + AT_K, 4);
    size = centnn_picture_size(file);
    if (size != n || centnn_crc32(at, n - CRC) != get_number(at + n - CRC, CRC))
        return CENTNN_ERR_DAMAGED;
    file->codebook = at + HEADER;
    file->codes = file->codebook + file->k * codeword_size(file);
    return CENTNN_OK;
}

/* The bits of the i-th code. */
static size_t code_at(const centnn_picture_file *file, size_t i, unsigned bits)
{
    size_t code = 0, first = i * bits;

    for (size_t bit = first; bit < first + bits; bit++)
        code = code << 1 | (file->codes[bit / 8] >> (7 - bit % 8) & 1);
    return code;
}

/* Copies what of a codeword is inside the picture. */
static void paint(const centnn_picture_file *file, size_t code, size_t y, size_t x, uint8_t *pixels)
{
    const uint8_t *from = file->codebook + code * codeword_size(file);
    size_t rows = file->height - y < file->block_height ? file->height - y : file->block_height;
    size_t columns = file->width - x < file->block_width ? file->width - x : file->block_width;

    for (size_t row = 0; row < rows; row++)
        memcpy(pixels + ((y + row) * file->width + x) * file->channels,
               from + row * file->block_width * file->channels, columns * file->channels);
}

centnn_status centnn_picture_decode(const centnn_picture_file *file, uint8_t *pixels)
{
    unsigned bits;
    size_t i = 0;

    if (!file || !pixels)
        return CENTNN_ERR_NULL;
    bits = centnn_code_bits(file->k);
    for (size_t y = 0; y < file->height; y += file->block_height) {
        for (size_t x = 0; x < file->width; x += file->block_width) {
            size_t code = code_at(file, i++, bits);

            if (code >= file->k)
                return CENTNN_ERR_CODE;
            paint(file, code, y, x, pixels);
        }
    }
    return CENTNN_OK;
}

static void write_header(const centnn_picture_file *file, uint8_t *bytes)
{
    memcpy(bytes, magic, sizeof magic);
    bytes[4] = VERSION;
    bytes[AT_CHANNELS] = (uint8_t)file->channels;
    put_number(bytes + AT_BLOCK_HEIGHT, 2, file->block_height);
    put_number(bytes + AT_BLOCK_WIDTH, 2, file->block_width);
    put_number(bytes + AT_HEIGHT, 4, file->height);
    put_number(bytes + AT_WIDTH, 4, file->width);
    put_number(bytes + AT_K, 4, file->k);
}

centnn_status centnn_picture_write(const centnn_picture_file *file, const uint32_t *codes,
                                   uint8_t *bytes)
{
    size_t size = centnn_picture_size(file), n_blocks, at;
    uint8_t *packed;
    unsigned bits;

    if (!file || !file->codebook || !codes || !bytes)
        return CENTNN_ERR_NULL;
    if (!size)
        return CENTNN_ERR_SIZE;
    bits = centnn_code_bits(file->k);
    n_blocks = in_blocks(file->height, file->block_height) *
               in_blocks(file->width, file->block_width);
    write_header(file, bytes);
    memcpy(bytes + HEADER, file->codebook, file->k * codeword_size(file));
    packed = bytes + HEADER + file->k * codeword_size(file);
    memset(packed, 0, (size_t)(bytes + size - CRC - packed));
    for (size_t i = 0; i < n_blocks; i++) {
        if (codes[i] >= file->k)
            return CENTNN_ERR_CODE;
        for (unsigned bit = 0; bit < bits; bit++) {
            at = i * bits + bit;
            packed[at / 8] |= (uint8_t)((codes[i] >> (bits - 1 - bit) & 1) << (7 - at % 8));
        }
    }
    put_number(bytes + size - CRC, CRC, centnn_crc32(bytes, size - CRC));
    return CENTNN_OK;
}
