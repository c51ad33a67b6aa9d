/*
 * row_body.h - what is known of a group in a row of blocks before they are coded, one by one
 *
 * Most codewords are zero, so the contexts of a row are found in advance, as if all were. What a
 * codeword that is not zero changes is put right once it is known.
 */

static void begin_group(const centnn_plane *plane, const centnn_kind *kind, int g)
{
    size_t size = (size_t)plane->columns * sizeof *plane->row.heads;

    /* Nothing is above the first row; what is above a row is what was its own before. */
    memset(plane->row.heads, 0, size);
    memset(plane->row.tails, 0, size);
    if (is_settled(&kind->groups[g]) && (g == 0 || !is_settled(&kind->groups[g - 1])))
        predict_settled(plane, kind);
}

INLINE void sum_row(const centnn_plane *plane, const centnn_group *group, int dim, int row)
{
    for (int column = 0; column < plane->columns; column++)
        sum_before(plane, group, dim, row * plane->block_stride + column,
                   plane->row.products + MAX_DIM * column);
}

static void find_products(const centnn_plane *plane, const centnn_group *group, int row)
{
    if (group->dim == 2)
        sum_row(plane, group, 2, row);
    else if (group->dim == 3)
        sum_row(plane, group, 3, row);
    else
        sum_row(plane, group, MAX_DIM, row);
}

/* Notes the magnitudes of a group at both ends of it. */
INLINE void note_ends(const centnn_row *of, int column, quad values, int last)
{
    uint64_t magnitudes = magnitudes_of(values);

    of->heads[column] = (uint16_t)magnitudes;
    of->tails[column] = (uint16_t)(magnitudes >> 16 * last);
}

static void find_ends(const centnn_plane *plane, const centnn_group *group, int row)
{
    const int16_t *first = block_at(plane, row, 0) + group->first;
    const int16_t *last = first + group->dim - 1;
    uint16_t *restrict heads = plane->row.heads, *restrict tails = plane->row.tails;

    for (int column = 0; column < plane->columns; column++) {
        heads[column] = (uint16_t)magnitude(first[(ptrdiff_t)column * N_COEFFICIENTS]);
        tails[column] = (uint16_t)magnitude(last[(ptrdiff_t)column * N_COEFFICIENTS]);
    }
}

/* The slope of a group that is settled, as far as the block on its left is. */
INLINE int slope_at(const centnn_row *of, int column)
{
    return slope_of(of->heads[column - 1] + of->heads_above[column] + 2 * of->heads[column],
                    of->tails[column - 1] + of->tails_above[column] + 2 * of->tails[column]);
}

static void swap(uint16_t **a, uint16_t **b)
{
    uint16_t *c = *a;

    *a = *b;
    *b = c;
}

/* Contexts of a row, as far as they follow from magnitudes. */
static void find_classes(const centnn_row *of, int columns)
{
    const uint16_t *sums = of->sums;
    uint8_t *restrict contexts = of->contexts;

    for (int column = 0; column < columns; column++)
        contexts[column] = (uint8_t)(magnitude_class(sums[column]) * N_SLOPES);
}

static void add_slopes(const centnn_row *row, int columns)
{
    const centnn_row of = *row;
    uint8_t *restrict contexts = of.contexts;

    for (int column = 0; column < columns; column++)
        contexts[column] = (uint8_t)(contexts[column] + slope_at(&of, column));
}

/* Finds out all that can be known of a row: its contexts, less the slopes of a group that is not
 * settled, and predictions, or products. */
static void begin_row(centnn_plane *plane, const centnn_group *group, int g, int row,
                      const centnn_guides *guides)
{
    centnn_row *of = &plane->row;

    swap(&of->heads, &of->heads_above);
    swap(&of->tails, &of->tails_above);
    row_contexts(plane, group, g, row, guides, of->sums);
    find_classes(of, plane->columns);
    if (is_settled(group)) {
        find_ends(plane, group, row);
        add_slopes(of, plane->columns);
    } else {
        find_products(plane, group, row);
    }
}

/* Puts right what is known of blocks on the right of one whose codeword is not zero. */
INLINE void note_magnitude(const centnn_row *of, const centnn_group *group, int column, int found,
                           bool settled)
{
    uint16_t *sums = of->sums + column;
    uint8_t *contexts = of->contexts + column;

    sums[1] = saturated(sums[1] + group->context_weights[0] * found);
    sums[2] = saturated(sums[2] + group->context_weights[1] * found);
    contexts[1] = (uint8_t)(magnitude_class(sums[1]) * N_SLOPES +
                            (settled ? slope_at(of, column + 1) : 0));
    contexts[2] = (uint8_t)(magnitude_class(sums[2]) * N_SLOPES + contexts[2] % N_SLOPES);
}
