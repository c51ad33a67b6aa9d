/*
 * encode.c - what the search needs of a model
 */
#include "encode.h"

/* 256 * log2(x) for x > 0, by squaring what is left. */
static int32_t fixed_log2(uint32_t x)
{
    int32_t result = 0;
    uint64_t rest;

    while (x >> (result + 1))
        result++;
    rest = ((uint64_t)x << 31) >> result;
    for (int i = 0; i < COST_BITS; i++) {
        rest = rest * rest >> 31;
        result = 2 * result + (int32_t)(rest >> 32);
        rest >>= rest >> 32;
    }
    return result;
}

static void init_stage(centnn_search_model *search, centnn_search_stage *to,
                       const centnn_stage *stage, int dim, const centnn_table *in_bin,
                       int32_t *costs)
{
    for (int k = 0; k < stage->n_words; k++) {
        const int16_t *word = stage->words[k + 1];
        int32_t cost = symbol_cost(search, &in_bin[k / BIN], (unsigned)(k % BIN));

        for (int t = 0; t < dim; t++) {
            cost += word[t] * word[t];
            to->pairs[t / 2][k][t % 2] = (int16_t)(2 * word[t]);
        }
        costs[k] = cost;
    }
}

void centnn_search_model_init(centnn_search_model *search, const centnn_photo_model *model)
{
    search->rare_bits[0] = PROB_BITS << COST_BITS;
    for (uint32_t size = 1; size < PROB_ONE / 8; size++)
        search->rare_bits[size] = (uint16_t)((PROB_BITS << COST_BITS) - fixed_log2(size));
    for (uint32_t size = 0; size <= PROB_ONE / 8; size++)
        search->bits[size] = (uint16_t)((PROB_BITS << COST_BITS) -
                                        fixed_log2(8 * size + 4 < PROB_ONE ? 8 * size + 4
                                                                           : PROB_ONE));
    for (int kind = 0; kind < N_KINDS; kind++) {
        for (int g = 0; g < N_GROUPS; g++) {
            const centnn_group *group = &model->kinds[kind].groups[g];
            centnn_search_stage *stages = search->stages[kind][g];

            for (int i = 0; i < N_SLOPES * N_PARTS; i++) {
                int32_t *costs = stages[0].costs[i / N_PARTS][i % N_PARTS];

                init_stage(search, &stages[0], &group->stages[0], group->dim,
                           group->in_bin[i / N_PARTS][i % N_PARTS], costs);
                /* The escape is not a codeword: it is tried on its own. */
                if (group->stages[0].n_words)
                    costs[group->stages[0].n_words - 1] = TOO_MUCH / 2;
            }
            init_stage(search, &stages[1], &group->stages[1], group->dim, group->in_bin2,
                       stages[1].costs[0][0]);
        }
    }
}
