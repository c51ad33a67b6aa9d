/*
 * photo.c - decoding a file, from its scans to pixels
 */
#include "photo.h"

#include <string.h>

#include "file.h"
#include "memory.h"

/* What a picture is decoded into, on its way. */
typedef struct {
    centnn_picture picture;
    const centnn_photo_model *model;
    centnn_canvas canvases[MAX_PLANES];
    uint8_t *chroma[2]; /* if halved: filtered, in rows of whole blocks */
    centnn_scan *scans; /* (bands, scans) */
    uint8_t *of_threads;
    size_t thread_size;
} workshop;

static size_t n_blocks(const centnn_picture *picture, int plane)
{
    centnn_extent extent = centnn_extent_of(picture, plane, -1);

    return (size_t)extent.rows * (size_t)extent.columns;
}

/* Where chroma is not halved, a line of it is filtered when it is needed. */
static bool keeps_chroma(const centnn_picture *picture, int plane)
{
    return plane > 0 && picture->halved;
}

/* Of a thread: two bands; or a line of luma, two of chroma and sums. */
static size_t thread_size(const centnn_picture *picture)
{
    size_t width = (size_t)centnn_extent_of(picture, 0, -1).columns * BLOCK;
    size_t bands = 2 * rounded(centnn_band_size(picture));
    size_t lines = 3 * rounded(width) + rounded(width * sizeof(uint16_t));

    return bands > lines ? bands : lines;
}

/* No more threads than bands: idle ones would only be waited for. */
static int useful_threads(const centnn_photo_file *file, int n_threads)
{
    int most = file->n_bands < 1 ? 1 : file->n_bands;

    return n_threads < 1 ? 1 : n_threads < most ? n_threads : most;
}

size_t centnn_photo_decode_size(const centnn_photo_file *file, int n_threads)
{
    centnn_picture picture = centnn_picture_of(file);
    size_t n_scans = (size_t)file->n_scans * (size_t)file->n_bands;
    size_t size = rounded(n_scans * sizeof(centnn_scan));

    for (int p = 0; p < picture.n_planes; p++) {
        size += rounded(centnn_canvas_size(&picture, p)) + rounded(n_blocks(&picture, p));
        if (keeps_chroma(&picture, p))
            size += rounded(n_blocks(&picture, p) * N_COEFFICIENTS);
    }
    return size + (size_t)useful_threads(file, n_threads) * thread_size(&picture);
}

static void lay_out(workshop *shop, const centnn_photo_file *file, void *memory)
{
    uint8_t *next = memory;
    size_t n_scans = (size_t)file->n_scans * (size_t)file->n_bands;

    shop->scans = take_memory(&next, n_scans * sizeof(centnn_scan));
    for (int p = 0; p < shop->picture.n_planes; p++) {
        void *pixels = take_memory(&next, centnn_canvas_size(&shop->picture, p));
        size_t blocks = n_blocks(&shop->picture, p);

        centnn_canvas_init(&shop->canvases[p], &shop->picture, p, pixels,
                           take_memory(&next, blocks));
        if (keeps_chroma(&shop->picture, p))
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

/* Line y of a plane of chroma that is halved, as filtered. */
static uint8_t *halved_line(const workshop *shop, int plane, int y)
{
    return shop->chroma[plane - 1] + (ptrdiff_t)y * shop->canvases[plane].columns * BLOCK;
}

/* Line y of a plane of chroma, at the size of the picture. */
static void chroma_line(const workshop *shop, const centnn_photo_file *file, int plane, int y,
                        uint16_t *sums, uint8_t *line)
{
    int last = (shop->picture.height + 1) / 2 - 1, near = y / 2, far = y % 2 ? near + 1 : near - 1;

    if (!shop->picture.halved) {
        filter_line(shop, file, plane, y, line);
        return;
    }
    far = far < 0 ? 0 : far > last ? last : far;
    centnn_photo_current_kernel()->double_row(halved_line(shop, plane, near),
                                              halved_line(shop, plane, far), shop->picture.width,
                                              sums, line);
}

static void finish_line(const workshop *shop, const centnn_photo_file *file, int y, uint8_t *memory,
                        uint8_t *out)
{
    size_t width = (size_t)shop->canvases[0].columns * BLOCK;
    uint8_t *luma = take_memory(&memory, width);
    uint8_t *lines[2] = {take_memory(&memory, width), take_memory(&memory, width)};
    uint16_t *sums = take_memory(&memory, width * sizeof(uint16_t));

    filter_line(shop, file, 0, y, luma);
    if (file->channels == 1) {
        memcpy(out, luma, file->width);
        return;
    }
    for (int p = 1; p < file->channels; p++)
        chroma_line(shop, file, p, y, sums, lines[p - 1]);
    centnn_photo_current_kernel()->to_rgb(luma, lines[0], lines[1], (int)file->width, out);
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
    if (!centnn_photo_current_kernel())
        return CENTNN_PHOTO_ERR_ISA;
    n_threads = useful_threads(file, n_threads);
    shop.picture = centnn_picture_of(file);
    shop.model = model;
    lay_out(&shop, file, memory);
    find_scans(&shop, file);
    if (!decode_codes(&shop, file, n_threads))
        return CENTNN_PHOTO_ERR_CORRUPT;
    undo_rotations(&shop, n_threads);
    for (int p = 1; p < file->channels && shop.picture.halved; p++) {
        int rows = centnn_extent_of(&shop.picture, p, -1).height;

        PARALLEL_FOR(schedule(static) num_threads(n_threads))
        for (int y = 0; y < rows; y++)
            filter_line(&shop, file, p, y, halved_line(&shop, p, y));
    }
    PARALLEL_FOR(schedule(static) num_threads(n_threads))
    for (int y = 0; y < (int)file->height; y++)
        finish_line(&shop, file, y, own_memory(&shop), pixels + y * stride);
    return CENTNN_PHOTO_OK;
}
