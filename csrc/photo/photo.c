/*
 * photo.c - reading a file, and decoding all of it
 */
#include "photo.h"

#include <string.h>

#include "band.h"
#include "colour.h"
#include "../crc32.h"

enum {
    ALIGNMENT = 64,
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

/* A position in a file that is never moved beyond its end. */
typedef struct {
    const uint8_t *next, *end;
    bool failed;
} cursor;

static uint32_t take(cursor *at, int n_bytes)
{
    uint32_t value = 0;

    if (at->end - at->next < n_bytes) {
        at->failed = true;
        return 0;
    }
    for (int i = 0; i < n_bytes; i++)
        value |= (uint32_t)*at->next++ << 8 * i;
    return value;
}

/* Seven bits a byte, low ones first; the highest bit says that more follow. */
static uint32_t take_varint(cursor *at)
{
    uint32_t value = 0;

    for (int shift = 0; shift < 32; shift += 7) {
        uint32_t byte = take(at, 1);

        if (shift == 28 && byte > 15)
            break;
        value |= (byte & 127) << shift;
        if (byte < 128)
            return value;
    }
    at->failed = true;
    return 0;
}

static centnn_picture picture_of(const centnn_photo_file *file)
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
    file->scans = at->next;
    room = (size_t)(at->end - at->next);
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
    if (total + file->alpha_size > room)
        return CENTNN_PHOTO_ERR_TRUNCATED;
    return total + file->alpha_size == room ? CENTNN_PHOTO_OK : CENTNN_PHOTO_ERR_CORRUPT;
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
    picture = picture_of(file);
    file->n_bands = centnn_n_bands(&picture);
    file->n_layers = n_layers < 1 ? 1 : n_layers;
    status = read_lengths(&at, file, may_be_cut);
    if (status)
        return status;
    if (file->alpha_size && (size_t)(bytes + n - file->end) >= file->alpha_size)
        file->alpha = file->end;
    return may_be_cut || checksum_fits(bytes, n) ? CENTNN_PHOTO_OK : CENTNN_PHOTO_ERR_CHECKSUM;
}

static size_t rounded(size_t n)
{
    return (n + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

/* What a picture is decoded into, on its way. */
typedef struct {
    centnn_picture picture;
    const centnn_photo_model *model;
    centnn_canvas canvases[MAX_PLANES];
    uint8_t *chroma[2]; /* filtered, in rows of canvases[1].stride bytes */
    centnn_scan *scans; /* (bands, scans) */
    uint8_t *of_threads;
    size_t thread_size;
} workshop;

static size_t canvas_size(centnn_extent extent)
{
    size_t blocks = (size_t)extent.rows * (size_t)extent.columns;

    return rounded(blocks * N_COEFFICIENTS * sizeof(int16_t)) + rounded(blocks);
}

/* Of a thread: two bands; or a line of luma, two of chroma and sums. */
static size_t thread_size(const centnn_picture *picture)
{
    size_t width = (size_t)centnn_extent_of(picture, 0, -1).columns * BLOCK;
    size_t bands = 2 * rounded(centnn_band_size(picture));
    size_t lines = 3 * rounded(width) + rounded(width * sizeof(uint16_t));

    return bands > lines ? bands : lines;
}

size_t centnn_photo_decode_size(const centnn_photo_file *file, int n_threads)
{
    centnn_picture picture = picture_of(file);
    size_t n_scans = (size_t)file->n_scans * (size_t)file->n_bands;
    size_t size = rounded(n_scans * sizeof(centnn_scan));

    for (int p = 0; p < picture.n_planes; p++) {
        centnn_extent extent = centnn_extent_of(&picture, p, -1);

        size += canvas_size(extent);
        if (p > 0)
            size += rounded((size_t)extent.rows * (size_t)extent.columns * N_COEFFICIENTS);
    }
    return size + (size_t)(n_threads < 1 ? 1 : n_threads) * thread_size(&picture);
}

static void *take_memory(uint8_t **next, size_t n)
{
    void *taken = *next;

    *next += rounded(n);
    return taken;
}

static void lay_out(workshop *shop, const centnn_photo_file *file, void *memory)
{
    uint8_t *next = memory;
    size_t n_scans = (size_t)file->n_scans * (size_t)file->n_bands;

    shop->scans = take_memory(&next, n_scans * sizeof(centnn_scan));
    for (int p = 0; p < shop->picture.n_planes; p++) {
        centnn_extent extent = centnn_extent_of(&shop->picture, p, -1);
        size_t blocks = (size_t)extent.rows * (size_t)extent.columns;
        centnn_canvas *canvas = &shop->canvases[p];

        canvas->rows = extent.rows;
        canvas->columns = extent.columns;
        canvas->stride = (ptrdiff_t)extent.columns * BLOCK;
        canvas->pixels = take_memory(&next, blocks * N_COEFFICIENTS * sizeof(int16_t));
        canvas->textures = take_memory(&next, blocks);
        if (p > 0)
            shop->chroma[p - 1] = take_memory(&next, blocks * N_COEFFICIENTS);
    }
    shop->of_threads = next;
    shop->thread_size = thread_size(&shop->picture);
}

static void find_scans(workshop *shop, const centnn_photo_file *file)
{
    cursor at = {file->lengths, file->scans, false};
    const uint8_t *next = file->scans;

    for (int scan = 0; scan < file->n_scans; scan++) {
        for (int band = 0; band < file->n_bands; band++) {
            size_t length = take_varint(&at), room = (size_t)(file->end - next);

            length = length < room ? length : room; /* of what was cut off */
            shop->scans[band * file->n_scans + scan] = (centnn_scan){next, length};
            next += length;
        }
    }
}

/* Decodes one band, or two at once. */
static bool decode_some(const workshop *shop, const centnn_photo_file *file, int first, int most,
                        void *memory)
{
    int n = file->n_bands - first < most ? file->n_bands - first : most;
    const centnn_scan *scans[2] = {shop->scans + first * file->n_scans,
                                   shop->scans + (first + n - 1) * file->n_scans};

    return centnn_decode_bands(&shop->picture, shop->model, first, n, scans, file->n_layers,
                               shop->canvases, memory);
}

static void filter_line(const workshop *shop, const centnn_photo_file *file, int plane, int y,
                        uint8_t *out)
{
    int step = file->is_filtered ? file->steps[plane > 0] : 0;

    centnn_photo_current_kernel()->filter_line(&shop->canvases[plane],
                                               &shop->model->kinds[plane > 0], step, y, out);
}

/* Row y of a plane of chroma, at the size of the picture. */
static const uint8_t *chroma_line(const workshop *shop, int plane, int y, uint16_t *sums,
                                  uint8_t *line)
{
    const uint8_t *chroma = shop->chroma[plane - 1];
    ptrdiff_t stride = shop->canvases[plane].stride;
    int last = (shop->picture.height + 1) / 2 - 1, near = y / 2, far = y % 2 ? near + 1 : near - 1;

    if (!shop->picture.halved)
        return chroma + y * stride;
    far = far < 0 ? 0 : far > last ? last : far;
    centnn_double_row(chroma + near * stride, chroma + far * stride, shop->picture.width, sums,
                      line);
    return line;
}

static void finish_line(const workshop *shop, const centnn_photo_file *file, int y, uint8_t *memory,
                        uint8_t *out)
{
    size_t width = (size_t)shop->canvases[0].stride;
    uint8_t *luma = take_memory(&memory, width);
    uint8_t *lines[2] = {take_memory(&memory, width), take_memory(&memory, width)};
    uint16_t *sums = take_memory(&memory, width * sizeof(uint16_t));

    filter_line(shop, file, 0, y, luma);
    if (file->channels == 1)
        memcpy(out, luma, file->width);
    else
        centnn_to_rgb(luma, chroma_line(shop, 1, y, sums, lines[0]),
                      chroma_line(shop, 2, y, sums, lines[1]), (int)file->width, out);
}

#ifdef _OPENMP
#include <omp.h>
#define PRAGMA(words) _Pragma(#words)
#define PARALLEL_FOR(clauses) PRAGMA(omp parallel for clauses)
static int thread_number(void)
{
    return omp_get_thread_num();
}
#else
#define PARALLEL_FOR(clauses)
static int thread_number(void)
{
    return 0;
}
#endif

static uint8_t *own_memory(const workshop *shop)
{
    return shop->of_threads + (size_t)thread_number() * shop->thread_size;
}

static bool decode_codes(const workshop *shop, const centnn_photo_file *file, int n_threads)
{
    int failures = 0, at_once = file->n_bands >= 2 * n_threads ? 2 : 1;

    PARALLEL_FOR(schedule(dynamic) num_threads(n_threads) reduction(+ : failures))
    for (int first = 0; first < file->n_bands; first += at_once)
        failures += !decode_some(shop, file, first, at_once, own_memory(shop));
    return failures == 0;
}

static void undo_rotations(const workshop *shop, int n_threads)
{
    (void)n_threads;
    for (int p = 0; p < shop->picture.n_planes; p++) {
        const centnn_canvas *canvas = &shop->canvases[p];

        PARALLEL_FOR(schedule(static) num_threads(n_threads))
        for (int row = -1; row < canvas->rows; row++)
            centnn_photo_current_kernel()->unlap_row(canvas, row);
    }
}

centnn_photo_status centnn_photo_decode(const centnn_photo_file *file,
                                        const centnn_photo_model *model, int n_threads,
                                        void *memory, uint8_t *pixels, ptrdiff_t stride)
{
    workshop shop;

    if (!file || !model || !memory || !pixels)
        return CENTNN_PHOTO_ERR_NULL;
    if ((uintptr_t)memory % ALIGNMENT)
        return CENTNN_PHOTO_ERR_MEMORY;
    n_threads = n_threads < 1 ? 1 : n_threads;
    shop.picture = picture_of(file);
    shop.model = model;
    lay_out(&shop, file, memory);
    find_scans(&shop, file);
    if (!decode_codes(&shop, file, n_threads))
        return CENTNN_PHOTO_ERR_CORRUPT;
    undo_rotations(&shop, n_threads);
    for (int p = 1; p < file->channels; p++) {
        int rows = centnn_extent_of(&shop.picture, p, -1).height;

        PARALLEL_FOR(schedule(static) num_threads(n_threads))
        for (int y = 0; y < rows; y++)
            filter_line(&shop, file, p, y, shop.chroma[p - 1] + y * shop.canvases[p].stride);
    }
    PARALLEL_FOR(schedule(static) num_threads(n_threads))
    for (int y = 0; y < (int)file->height; y++)
        finish_line(&shop, file, y, own_memory(&shop), pixels + y * stride);
    return CENTNN_PHOTO_OK;
}
