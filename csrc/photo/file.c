/*
 * file.c - what a file declares, and whether it is whole and undamaged
 */
#include "file.h"

#include <string.h>

#include "../crc32.h"

enum {
    VERSION = 2,
    KIND_PHOTO = 2,
    GREY = 0,
    YCBCR = 2,
    HAS_ALPHA = 1,
    HALVED = 2,
    NOT_FILTERED = 4,
    CRC_BYTES = 4
};

#define MAX_SIDE ((uint32_t)1 << 24)

_Static_assert(CENTNN_PHOTO_ALL == N_LAYERS, "the header says how many layers there are");

const char *centnn_photo_status_string(centnn_photo_status status)
{
    switch (status) {
    case CENTNN_PHOTO_OK:
        return "no error";
    case CENTNN_PHOTO_ERR_NULL:
        return "a required pointer is NULL";
    case CENTNN_PHOTO_ERR_KIND:
        return "data is not a .cvq file of photo mode, or of a later version";
    case CENTNN_PHOTO_ERR_TRUNCATED:
        return "data is truncated";
    case CENTNN_PHOTO_ERR_CORRUPT:
        return "data is corrupted: it breaks a rule of the format";
    case CENTNN_PHOTO_ERR_CHECKSUM:
        return "data is corrupted: its checksum is wrong";
    case CENTNN_PHOTO_ERR_RESOURCE:
        return "data was coded with other codebooks than those of this version of the library";
    case CENTNN_PHOTO_ERR_MEMORY:
        return "memory is not aligned to 64 bytes";
    case CENTNN_PHOTO_ERR_ISA:
        return "CENTNN_ISA names an instruction set that is unknown or not supported here";
    }
    return "unknown status";
}

size_t centnn_photo_model_size(void)
{
    return sizeof(centnn_photo_model);
}

centnn_photo_status centnn_photo_model_init(centnn_photo_model *model, const uint8_t *resource,
                                            size_t n)
{
    if (!model || !resource)
        return CENTNN_PHOTO_ERR_NULL;
    if (!centnn_photo_read_model(model, resource, n))
        return CENTNN_PHOTO_ERR_RESOURCE;
    model->id = centnn_crc32(resource, n);
    return CENTNN_PHOTO_OK;
}

centnn_picture centnn_picture_of(const centnn_photo_file *file)
{
    centnn_picture picture = {(int)file->width,
                              (int)file->height,
                              file->channels,
                              file->is_halved,
                              {file->steps[0], file->steps[1]},
                              file->band_units,
                              file->n_scans,
                              {0}};

    memcpy(picture.scan_ends, file->scan_ends, sizeof picture.scan_ends);
    return picture;
}

static bool read_scan_ends(cursor *at, centnn_photo_file *file)
{
    int last = 0;

    file->n_scans = (int)take(at, 1);
    if (file->n_scans < 1 || file->n_scans > N_LAYERS)
        return false;
    for (int i = 0; i < file->n_scans; i++) {
        int end = i + 1 < file->n_scans ? (int)take(at, 1) : N_LAYERS;

        if (end <= last || end > N_LAYERS)
            return false;
        file->scan_ends[i] = (uint8_t)end;
        last = end;
    }
    return !at->failed;
}

static centnn_photo_status read_start(cursor *at, centnn_photo_file *file,
                                      const centnn_photo_model *model)
{
    static const uint8_t magic[4] = {0x89, 'C', 'V', 'Q'};
    uint32_t colour, depth, flags;
    bool is_ours = at->end - at->next >= 6 && memcmp(at->next, magic, sizeof magic) == 0 &&
                   at->next[4] == VERSION && at->next[5] == KIND_PHOTO;

    if (!is_ours)
        return CENTNN_PHOTO_ERR_KIND;
    at->next += 6;
    colour = take(at, 1);
    depth = take(at, 1);
    flags = take(at, 1);
    if (take(at, 4) != model->id && !at->failed)
        return CENTNN_PHOTO_ERR_RESOURCE;
    if ((colour != GREY && colour != YCBCR) || depth != 8 ||
        flags & ~(uint32_t)(HAS_ALPHA | HALVED | NOT_FILTERED) ||
        (colour == GREY && flags & HALVED))
        return at->failed ? CENTNN_PHOTO_ERR_TRUNCATED : CENTNN_PHOTO_ERR_CORRUPT;
    file->channels = colour == GREY ? 1 : MAX_PLANES;
    file->is_halved = (flags & HALVED) != 0;
    file->is_filtered = (flags & NOT_FILTERED) == 0;
    file->alpha_size = flags & HAS_ALPHA; /* until it is known */
    return CENTNN_PHOTO_OK;
}

static centnn_photo_status read_header(cursor *at, centnn_photo_file *file,
                                       const centnn_photo_model *model)
{
    centnn_photo_status status = read_start(at, file, model);

    if (status)
        return status;
    file->width = take_varint(at);
    file->height = take_varint(at);
    file->steps[0] = (int)take(at, 2);
    file->steps[1] = file->channels > 1 ? (int)take(at, 2) : file->steps[0];
    file->band_units = (int)take(at, 2);
    if (!read_scan_ends(at, file) || file->width < 1 || file->width > MAX_SIDE ||
        file->height < 1 || file->height > MAX_SIDE || file->steps[0] < STEP_LEAST ||
        file->steps[0] > STEP_MOST || file->steps[1] < STEP_LEAST || file->steps[1] > STEP_MOST ||
        file->band_units < 1)
        return at->failed ? CENTNN_PHOTO_ERR_TRUNCATED : CENTNN_PHOTO_ERR_CORRUPT;
    if (file->alpha_size) {
        file->alpha_size = take(at, 4);
        if (!file->alpha_size && !at->failed)
            return CENTNN_PHOTO_ERR_CORRUPT;
    }
    return at->failed ? CENTNN_PHOTO_ERR_TRUNCATED : CENTNN_PHOTO_OK;
}

/* Finds where scans and alpha are. Bytes that all scans take, and the layers of those that are
 * whole. */
static centnn_photo_status read_lengths(cursor *at, centnn_photo_file *file, bool may_be_cut)
{
    size_t total = 0, room;
    int whole = 0;

    file->lengths = at->next;
    for (int i = 0; i < file->n_scans * file->n_bands && !at->failed; i++)
        take_varint(at);
    if (at->failed)
        return CENTNN_PHOTO_ERR_TRUNCATED;
    room = (size_t)(at->end - at->next);
    if (file->alpha_size > room)
        return CENTNN_PHOTO_ERR_TRUNCATED;
    file->alpha = file->alpha_size ? at->next : NULL;
    file->scans = at->next + file->alpha_size;
    room -= file->alpha_size;
    *at = (cursor){file->lengths, at->end, false};
    for (int scan = 0; scan < file->n_scans; scan++) {
        for (int band = 0; band < file->n_bands; band++)
            total += take_varint(at);
        if (total <= room)
            whole = file->scan_ends[scan];
    }
    file->end = file->scans + (total < room ? total : room);
    if (may_be_cut) {
        file->n_layers = whole < file->n_layers ? whole : file->n_layers;
        return whole ? CENTNN_PHOTO_OK : CENTNN_PHOTO_ERR_TRUNCATED;
    }
    if (total > room)
        return CENTNN_PHOTO_ERR_TRUNCATED;
    return total == room ? CENTNN_PHOTO_OK : CENTNN_PHOTO_ERR_CORRUPT;
}

static bool checksum_fits(const uint8_t *bytes, size_t n)
{
    cursor at = {bytes + n - CRC_BYTES, bytes + n, false};

    return centnn_crc32(bytes, n - CRC_BYTES) == take(&at, CRC_BYTES);
}

centnn_photo_status centnn_photo_read(centnn_photo_file *file, const centnn_photo_model *model,
                                      const uint8_t *bytes, size_t n, int n_layers)
{
    bool may_be_cut = n_layers < N_LAYERS;
    cursor at = {bytes, NULL, false};
    centnn_photo_status status;
    centnn_picture picture;

    if (!file || !model || !bytes)
        return CENTNN_PHOTO_ERR_NULL;
    memset(file, 0, sizeof *file);
    at.end = bytes + n;
    if (!may_be_cut)
        at.end -= n < CRC_BYTES ? n : CRC_BYTES;
    status = read_header(&at, file, model);
    if (status)
        return status;
    picture = centnn_picture_of(file);
    file->n_bands = centnn_n_bands(&picture);
    file->n_layers = n_layers < 1 ? 1 : n_layers;
    status = read_lengths(&at, file, may_be_cut);
    if (status)
        return status;
    return may_be_cut || checksum_fits(bytes, n) ? CENTNN_PHOTO_OK : CENTNN_PHOTO_ERR_CHECKSUM;
}
