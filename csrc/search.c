/*
 * search.c - entry points: arguments are checked here, rows cut into tiles, and every tile given to
 * a kernel
 */
#include "dispatch.h"
#include "internal.h"
#include "line.h"
#include "rows.h"

#include <string.h>

int centnn_abi(void)
{
    return CENTNN_ABI;
}

const char *centnn_status_string(centnn_status status)
{
    switch (status) {
    case CENTNN_OK:
        return "no error";
    case CENTNN_ERR_NULL:
        return "a required pointer is NULL";
    case CENTNN_ERR_SIZE:
        return "a size is zero or too large, or memory is not aligned to 64 bytes";
    case CENTNN_ERR_DTYPE:
        return "this data type is not supported here";
    case CENTNN_ERR_NONFINITE:
        return "the codebook or a row has a NaN or an infinity";
    case CENTNN_ERR_CODE:
        return "a code is not below the number of codewords";
    case CENTNN_ERR_ISA:
        return "the instruction set asked for is unknown or not supported here";
    case CENTNN_ERR_FILE:
        return "not a file of this kind, or of another version";
    case CENTNN_ERR_DAMAGED:
        return "the file is truncated, too long or damaged";
    case CENTNN_ERR_DISTINCT:
        return "there are fewer different rows than codewords to train";
    case CENTNN_ERR_EPOCHS:
        return "so many codewords take more epochs to train";
    }
    return "unknown status";
}

/* A tile converted to the index's precision, and the kernel's scratch. */
size_t centnn_scratch_size(const centnn_index *index)
{
    if (!index)
        return 0;
    return round_up(index->tile_rows * index->d * real_size(index->precision), PANEL_BYTES) +
           centnn_kernel_scratch_size(index);
}

static void *kernel_scratch(const centnn_index *index, void *scratch)
{
    return (char *)scratch +
           round_up(index->tile_rows * index->d * real_size(index->precision), PANEL_BYTES);
}

static centnn_status check(const centnn_index *index, const centnn_rows *rows, const void *codes,
                           const void *scratch)
{
    if (!index || !rows || !scratch || (rows->n > 0 && (!rows->data || !codes)))
        return CENTNN_ERR_NULL;
    if (centnn_dtype_size(rows->dtype) == 0 ||
        (rows->dtype == CENTNN_F64 && index->precision != CENTNN_F64))
        return CENTNN_ERR_DTYPE;
    if (rows->d != index->d || (uintptr_t)scratch % PANEL_BYTES != 0)
        return CENTNN_ERR_SIZE;
    if (!centnn_current_kernel(index->precision))
        return CENTNN_ERR_ISA;
    return CENTNN_OK;
}

/*
 * Whether to prune is decided by trying. A tile is searched by pruning; while such tiles look at
 * few enough of the panels, so is the next one. After a tile that did not pay, the following ones
 * are searched densely before it is tried again, twice as many each time: on data without structure
 * the trials cost about one percent. Results do not depend on any of this.
 */
typedef struct {
    bool possible;
    size_t wait, next_wait; /* dense tiles before the next trial */
} pruning;

#define FIRST_WAIT 31
#define FEWEST_TILES 16 /* of a search that is worth a trial */

static pruning start_pruning(const centnn_index *index, const centnn_rows *rows,
                             const double *runner_up)
{
    /* The runner-up's score may be in a panel that pruning does not look at. */
    return (pruning){index->n_axes > 0 && !runner_up && rows->n / FEWEST_TILES >= index->tile_rows,
                     0, FIRST_WAIT};
}

static void search_tile(const centnn_kernel *kernel, const centnn_index *index,
                        const centnn_tile *tile, const centnn_results *results, pruning *prune,
                        void *scratch)
{
    if (!prune->possible || prune->wait > 0) {
        prune->wait -= prune->possible;
        kernel->nearest(index, tile, results, scratch);
        return;
    }

    const double all = (double)tile->n * (double)index->n_panels;

    if ((double)kernel->nearest_pruned(index, tile, results, scratch) > index->prune_limit * all) {
        prune->wait = prune->next_wait;
        prune->next_wait *= 2;
    }
}

/* Writes n codes as unsigned integers of code_size bytes. */
static void put_codes(const uint32_t *codes, size_t n, void *out, size_t code_size)
{
    if (code_size == 1) {
        uint8_t *bytes = out;

        for (size_t i = 0; i < n; i++)
            bytes[i] = (uint8_t)codes[i];
    } else if (code_size == 2) {
        uint16_t *words = out;

        for (size_t i = 0; i < n; i++)
            words[i] = (uint16_t)codes[i];
    } else {
        memcpy(out, codes, n * sizeof *codes);
    }
}

centnn_status centnn_search(const centnn_index *index, const centnn_rows *rows, void *codes,
                            size_t code_size, double *distances, double *runner_up, void *scratch)
{
    const centnn_status status = check(index, rows, codes, scratch);

    if (status != CENTNN_OK)
        return status;
    if (code_size != 1 && code_size != 2 && code_size != 4)
        return CENTNN_ERR_DTYPE;
    if (code_size < 4 && index->k > (size_t)1 << (8 * code_size))
        return CENTNN_ERR_SIZE;

    const centnn_kernel *kernel = centnn_current_kernel(index->precision);
    pruning prune = start_pruning(index, rows, runner_up);
    uint32_t tile_codes[TILE_ROWS_MAX];
    bool all_finite = true;

    for (size_t first = 0; first < rows->n; first += index->tile_rows) {
        const size_t left = rows->n - first, n = left < index->tile_rows ? left : index->tile_rows;
        const centnn_results results = {tile_codes, distances ? distances + first : NULL,
                                        runner_up ? runner_up + first : NULL, &all_finite};

        if (index->d == 1 && rows->dtype == CENTNN_U8) {
            centnn_line_search_bytes(index, rows, first, n, &results);
        } else {
            const centnn_tile tile = centnn_load_tile(rows, first, n, index->precision, scratch);

            if (index->d == 1)
                centnn_line_search(index, kernel, &tile, &results);
            else
                search_tile(kernel, index, &tile, &results, &prune, kernel_scratch(index, scratch));
        }
        put_codes(tile_codes, n, (char *)codes + first * code_size, code_size);
    }
    return all_finite ? CENTNN_OK : CENTNN_ERR_NONFINITE;
}

centnn_status centnn_search_top(const centnn_index *index, const centnn_rows *rows,
                                size_t n_nearest, uint32_t *codes, double *distances, void *scratch)
{
    const centnn_status status = check(index, rows, codes, scratch);

    if (status != CENTNN_OK)
        return status;
    if (n_nearest < 1 || n_nearest > index->k)
        return CENTNN_ERR_SIZE;

    const centnn_kernel *kernel = centnn_current_kernel(index->precision);
    bool all_finite = true;

    for (size_t first = 0; first < rows->n; first += index->tile_rows) {
        const size_t left = rows->n - first, n = left < index->tile_rows ? left : index->tile_rows;
        const centnn_tile tile = centnn_load_tile(rows, first, n, index->precision, scratch);

        const centnn_results results = {codes + first * n_nearest,
                                        distances ? distances + first * n_nearest : NULL, NULL,
                                        &all_finite};

        kernel->nearest_top(index, &tile, n_nearest, &results, kernel_scratch(index, scratch));
    }
    return all_finite ? CENTNN_OK : CENTNN_ERR_NONFINITE;
}
