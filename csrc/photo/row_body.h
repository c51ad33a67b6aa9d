/*
 * row_body.h - what is known of a group in a row of blocks before they are coded, one by one
 *
 * A stretch of blocks may be empty: all its codewords are zero. Of one that is not, the contexts
 * are found in advance, as if it were, for most codewords are zero. What a codeword that is not
 * changes is put right once it is known.
 */

/* What is written is soon read again in larger pieces, as a neighbour's: so it is not written one
 * block at a time, which would make the processor wait. */
INLINE void predict_blocks(const centnn_plane *plane, const centnn_group *group, int dim, int row,
                           int16_t *to, ptrdiff_t stride)
{
    for (int first = 0; first < plane->columns; first += STRETCH, to += STRETCH * stride) {
        int n = plane->columns - first < STRETCH ? plane->columns - first : STRETCH;
        quad predicted[STRETCH];

        for (int i = 0; i < n; i++) {
            predicting from = predicting_at(plane, row, first + i);

            predicted[i] = predict(from.of, group->predictors, dim);
        }
        for (int i = 0; i < n; i++)
            store_quad(to + i * stride, predicted[i]);
    }
}

/* Predicts a group in a row: quads, one every `stride` numbers. */
static void predict_row(const centnn_plane *plane, const centnn_group *group, int row, int16_t *to,
                        ptrdiff_t stride)
{
    if (group->dim == 2)
        predict_blocks(plane, group, 2, row, to, stride);
    else if (group->dim == 3)
        predict_blocks(plane, group, 3, row, to, stride);
    else
        predict_blocks(plane, group, MAX_DIM, row, to, stride);
}

/* Finds what the contexts of a row need: sums of features, and classes of stretches. */
static void begin_row(const centnn_plane *plane, const centnn_group *group, int g, int row,
                      const centnn_guides *guides)
{
    row_contexts(plane, group, g, row, guides, plane->row.sums);
    for (int first = 0; first < plane->columns; first += STRETCH) {
        int n = plane->columns - first < STRETCH ? plane->columns - first : STRETCH;

        plane->row.stretch_classes[first / STRETCH] = (uint8_t)stretch_class(
            plane->row.sums + first, n);
    }
}

/* Notes the magnitudes of a group at both ends of it. */
INLINE void note_ends(const centnn_row *of, int column, quad values, int last)
{
    uint64_t magnitudes = magnitudes_of(values);

    of->heads[column] = (uint16_t)magnitudes;
    of->tails[column] = (uint16_t)(magnitudes >> 16 * last);
}

/* The same for n blocks from `first` on; groups of a row are at `from`, one every `stride` numbers.
 */
INLINE void find_ends(const int16_t *from, ptrdiff_t stride, int first, int n, int last,
                      uint16_t *restrict heads, uint16_t *restrict tails)
{
    from += first * stride;
    for (int i = 0; i < n; i++) {
        heads[first + i] = (uint16_t)magnitude(from[i * stride]);
        tails[first + i] = (uint16_t)magnitude(from[i * stride + last]);
    }
}

/* The slope of a block, as far as the one on its left is known. */
INLINE int slope_at(const centnn_row *of, int column)
{
    return slope_of(of->heads[column - 1] + of->heads_above[column] + 2 * of->heads[column],
                    of->tails[column - 1] + of->tails_above[column] + 2 * of->tails[column]);
}

/* Contexts of a stretch from `first` on, as if it had all its blocks. */
#if defined(__SSE2__)

/* Magnitude classes of sums. */
INLINE lanes classes_of(lanes sums)
{
    lanes x = LANES(add_epi16)(LANES(srli_epi16)(sums, CONTEXT_BITS), LANES(set1_epi16)(16));
    lanes low = LANES(unpacklo_epi16)(x, LANES(set1_epi16)(0));
    lanes high = LANES(unpackhi_epi16)(x, LANES(set1_epi16)(0));
    lanes octaves = LANES(packs_epi32)(LANES(srli_epi32)(bits_of_floats(low), 22),
                                       LANES(srli_epi32)(bits_of_floats(high), 22));

    return LANES(min_epi16)(LANES(sub_epi16)(octaves, LANES(set1_epi16)(2 * 127 + 8)),
                            LANES(set1_epi16)(N_CLASSES - 1));
}

/* All bits, where a > 2 * b + 16. */
INLINE lanes is_steep(lanes a, lanes b)
{
    lanes rest = LANES(subs_epu16)(
        a, LANES(adds_epu16)(LANES(adds_epu16)(b, b), LANES(set1_epi16)(16)));

    return LANES(cmpeq_epi16)(LANES(cmpeq_epi16)(rest, LANES(set1_epi16)(0)), LANES(set1_epi16)(0));
}

/* Magnitudes on the left and above, and twice the own ones: at most 4 * COEFFICIENT_LIMIT. */
INLINE lanes ends_around(const uint16_t *own, const uint16_t *above)
{
    lanes x = load_run((const int16_t *)own);

    return LANES(add_epi16)(
        LANES(add_epi16)(x, x),
        LANES(add_epi16)(load_run((const int16_t *)own - 1), load_run((const int16_t *)above)));
}

INLINE void find_contexts(const centnn_row *of, int first)
{
    const int run = (int)sizeof(lanes) / (int)sizeof(int16_t);

    for (int i = first; i < first + STRETCH; i += run) {
        lanes classes = classes_of(load_run((const int16_t *)of->sums + i));
        lanes heads = ends_around(of->heads + i, of->heads_above + i);
        lanes tails = ends_around(of->tails + i, of->tails_above + i);
        lanes context = LANES(mullo_epi16)(classes, LANES(set1_epi16)(N_SLOPES));

        context = LANES(sub_epi16)(context, is_steep(heads, tails));
        context = LANES(sub_epi16)(context, LANES(slli_epi16)(is_steep(tails, heads), 1));
        store_run((int16_t *)of->contexts + i, context);
    }
}

#else

INLINE void find_contexts(const centnn_row *of, int first)
{
    for (int i = first; i < first + STRETCH; i++)
        of->contexts[i] = (uint16_t)(magnitude_class(of->sums[i]) * N_SLOPES + slope_at(of, i));
}

#endif

/* Finds the contexts of a stretch of n blocks that is not empty and has been predicted. The group
 * of its row is at `own`, one every `stride` numbers. */
INLINE void begin_stretch(const centnn_plane *plane, const centnn_group *group, int row, int first,
                          int n, const int16_t *own, ptrdiff_t stride)
{
    const centnn_row of = plane->row;
    /* All but the first coefficient are zero on the edge. */
    const int16_t *above = row ? block_at(plane, row - 1, 0) + group->first : plane->edges[0] + 1;
    const int last = group->dim - 1;

    find_ends(above, row ? N_COEFFICIENTS : PREDICT_LANES, first, n, last, of.heads_above,
              of.tails_above);
    find_ends(own, stride, first - 1, n + 1, last, of.heads, of.tails);
    find_contexts(&of, first);
}

/* Puts right what is known of blocks on the right of one whose codeword is not zero. */
INLINE void note_magnitude(const centnn_row *of, const centnn_group *group, int column, int found)
{
    uint16_t *sums = of->sums + column;
    uint16_t *contexts = of->contexts + column;

    sums[1] = saturated(sums[1] + group->context_weights[0] * found);
    sums[2] = saturated(sums[2] + group->context_weights[1] * found);
    contexts[1] = (uint16_t)(magnitude_class(sums[1]) * N_SLOPES + slope_at(of, column + 1));
    contexts[2] = (uint16_t)(magnitude_class(sums[2]) * N_SLOPES + contexts[2] % N_SLOPES);
}
