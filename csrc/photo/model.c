/*
 * model.c - reading the resource that holds the model
 *
 * It is a list of numbers, in the order in which they are taken here: bytes, and signed numbers of
 * two, little-endian. A table is 16 weights, each as a byte: (16 + low half) * 2^(high half).
 */
#include "model.h"

#include <string.h>

const uint8_t centnn_photo_dims[N_GROUPS] = {2, 3, 2, 2, 2, 3, 3, 3, 3, 3, 3,
                                             3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 4};

enum {
    MODEL_VERSION = 2,
    WORD_LIMIT = 8191,
    CONTEXT_LIMIT = 127,
    TAP_LIMIT = 31,
    EMPTY_UNIT = 128
};

typedef struct {
    const uint8_t *next, *end;
    bool failed;
} reader;

static int take_byte(reader *from, int least, int most)
{
    int value = 0;

    if (from->next < from->end)
        value = *from->next++;
    else
        from->failed = true;
    if (value < least || value > most) {
        from->failed = true;
        return least;
    }
    return value;
}

static int take(reader *from, int limit)
{
    int low = take_byte(from, 0, 255), high = take_byte(from, 0, 255);
    int value = (int16_t)(uint16_t)(low | high << 8);

    if (value < -limit || value > limit) {
        from->failed = true;
        return 0;
    }
    return value;
}

static void take_numbers(reader *from, int16_t *numbers, int n, int limit)
{
    for (int i = 0; i < n; i++)
        numbers[i] = (int16_t)take(from, limit);
}

static void take_table(reader *from, centnn_table *table)
{
    uint64_t sums[N_SYMBOLS + 1] = {0};

    for (int i = 0; i < N_SYMBOLS; i++) {
        int byte = take_byte(from, 0, 255);

        sums[i + 1] = sums[i] + ((16 + ((uint64_t)byte & 15)) << (byte >> 4));
    }
    for (int i = 0; i < N_SYMBOLS; i++)
        table->start[i] = (int16_t)(PROB_LEAST * i +
                                    (int)(sums[i] * (PROB_ONE - PROB_LEAST * N_SYMBOLS) /
                                          sums[N_SYMBOLS]));
}

static void take_tables(reader *from, centnn_table *tables, int n)
{
    for (int i = 0; i < n; i++)
        take_table(from, &tables[i]);
}

static void take_words(reader *from, centnn_stage *stage, int dim)
{
    stage->n_bins = take_byte(from, 0, MAX_BINS);
    stage->n_words = stage->n_bins * BIN;
    for (int k = 1; k <= stage->n_words; k++) {
        for (int t = 0; t < dim; t++)
            stage->words[k][t] = (int16_t)take(from, WORD_LIMIT);
    }
}

/* Makes weights zero of what is not known when a group is predicted: above, coefficients after it;
 * in blocks elsewhere, on the left too, those from its own on. */
static void leave_out_unknown(const centnn_group *group, int16_t weights[][PREDICT_LANES])
{
    enum { ABOVE = 1, DIFFERENCES = N_NEIGHBOURS - 1 };

    for (int i = 0; i < N_NEIGHBOURS; i++) {
        int known = i == DIFFERENCES ? N_DIFFERENCES : group->first + (i == ABOVE ? group->dim : 0);

        for (int lane = known; lane < PREDICT_LANES; lane++)
            weights[i][lane] = 0;
    }
}

static void take_group(reader *from, centnn_group *group)
{
    take_words(from, &group->stages[0], group->dim);
    take_words(from, &group->stages[1], group->dim);
    for (int k = 1; k <= group->stages[0].n_words; k++)
        group->magnitudes[k] = (uint8_t)take_byte(from, 1, 255);
    for (int k = 1; k <= group->stages[0].n_words; k++)
        group->cells[k] = (uint8_t)take_byte(from, 0, group->stages[1].n_bins ? N_CELLS - 1 : 0);
    for (int i = 0; i < N_FEATURES; i++)
        group->context_weights[i] = (int16_t)take_byte(from, 0, CONTEXT_LIMIT);
    take_numbers(from, (int16_t *)group->predictors, group->dim * N_NEIGHBOURS * PREDICT_LANES,
                 32767);
    for (int t = 0; t < group->dim; t++)
        leave_out_unknown(group, group->predictors[t]);
    take_tables(from, group->bins, N_CLASSES * N_SLOPES);
    take_tables(from, group->bins2, N_CELLS);
    for (int bin = 0; bin < group->stages[0].n_bins; bin++) {
        group->cuts[bin][0] = (uint8_t)take_byte(from, 0, N_CLASSES);
        group->cuts[bin][1] = (uint8_t)take_byte(from, group->cuts[bin][0], N_CLASSES);
    }
    for (int slope = 0; slope < N_SLOPES; slope++) {
        for (int part = 0; part < N_PARTS; part++)
            take_tables(from, group->in_bin[slope][part], group->stages[0].n_bins);
    }
    take_tables(from, group->in_bin2, group->stages[1].n_bins);
    take_table(from, &group->escape);
    for (int class = 0; class < N_STRETCH_CLASSES; class++)
        group->empties[class] = (int16_t)(EMPTY_LEAST + EMPTY_UNIT * take_byte(from, 0, 255));
}

static void fill_matrices(centnn_settled_matrix *matrices, const centnn_group *group)
{
    for (int t = 0; t < group->dim; t++) {
        int at = group->first + t;
        centnn_settled_matrix *to = &matrices[at / N_OUTPUTS];

        for (int i = 0; i < N_NEIGHBOURS; i++) {
            for (int lane = 0; lane < PREDICT_LANES; lane++)
                to->of[i][lane / 2][at % N_OUTPUTS][lane % 2] = group->predictors[t][i][lane];
        }
    }
}

bool centnn_photo_read_model(centnn_photo_model *model, const uint8_t *bytes, size_t n)
{
    reader from = {bytes, bytes + n, false};

    memset(model, 0, sizeof *model);
    take_byte(&from, MODEL_VERSION, MODEL_VERSION);
    for (int kind = 0; kind < N_KINDS; kind++) {
        int first = 1;

        for (int g = 0; g < N_GROUPS; g++) {
            centnn_group *group = &model->kinds[kind].groups[g];

            group->dim = centnn_photo_dims[g];
            group->first = first;
            first += group->dim;
            take_group(&from, group);
            if (is_settled(group)) {
                if (!model->kinds[kind].first_settled)
                    model->kinds[kind].first_settled = group->first;
                fill_matrices(model->kinds[kind].settled, group);
            }
        }
        take_tables(&from, model->kinds[kind].dc, N_DC_CLASSES);
        take_numbers(&from, (int16_t *)model->kinds[kind].taps, N_TEXTURES * BLOCK * N_TAPS * BLOCK,
                     TAP_LIMIT);
    }
    return !from.failed && from.next == from.end;
}
