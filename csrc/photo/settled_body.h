/*
 * settled_body.h - the prediction of all groups that are not among what predicts others
 *
 * What predicts them is known before the first of them is coded. So they are predicted all at once,
 * by the product of a matrix with the neighbours of each block, and that is written to the blocks:
 * once a stretch of them is not empty. Before, all such coefficients are zero.
 */

/* Multiplies what predicts each of n <= N_TOGETHER blocks, a constant where this is called, by a
 * part of the matrix. What comes out, rounded and limited, is written where zeros are so far; other
 * coefficients stay. */
#if defined(__SSE2__)

enum {
    N_TOGETHER = 2 * N_AT_ONCE, /* as many as registers hold */
    N_SUMS = N_OUTPUTS * (int)sizeof(int32_t) / (int)sizeof(lanes)
};

INLINE void write_outputs(int16_t *to, const lanes sums[N_SUMS])
{
    for (int i = 0; i < N_SUMS; i += 2) {
        lanes out = in_order(shifted(sums[i], sums[i + 1], PREDICT_BITS));

        out = LANES(max_epi16)(LANES(min_epi16)(out, LANES(set1_epi16)(COEFFICIENT_LIMIT)),
                               LANES(set1_epi16)(-COEFFICIENT_LIMIT));
        store_run(to + i * N_OUTPUTS / N_SUMS, either(out, load_run(to + i * N_OUTPUTS / N_SUMS)));
    }
}

INLINE void multiply(const centnn_settled_matrix *matrix, const predicting *from, int n,
                     int16_t *to)
{
    lanes sums[N_TOGETHER][N_SUMS];

    for (int k = 0; k < n; k++) {
        for (int i = 0; i < N_SUMS; i++)
            sums[k][i] = LANES(set1_epi32)(1 << (PREDICT_BITS - 1));
    }
    for (int i = 0; i < N_NEIGHBOURS; i++) {
        int n_pairs = i + 1 < N_NEIGHBOURS ? N_PAIRS : N_DIFFERENCES / 2;

        UNROLL_TWICE
        for (int pair = 0; pair < n_pairs; pair++) {
            const int16_t *weights = matrix->of[i][pair][0];

            for (int k = 0; k < n; k++) {
                int32_t inputs;

                memcpy(&inputs, from->of[i] + k * from->step[i] + 2 * pair, sizeof inputs);
                for (int j = 0; j < N_SUMS; j++)
                    sums[k][j] = LANES(add_epi32)(
                        sums[k][j],
                        LANES(madd_epi16)(LANES(set1_epi32)(inputs),
                                          load_run(weights + j * 2 * N_OUTPUTS / N_SUMS)));
            }
        }
    }
    for (int k = 0; k < n; k++)
        write_outputs(to + k * N_COEFFICIENTS, sums[k]);
}

#else

enum { N_TOGETHER = 1 };

INLINE void multiply(const centnn_settled_matrix *matrix, const predicting *from, int n,
                     int16_t *to)
{
    (void)n;
    for (int output = 0; output < N_OUTPUTS; output++) {
        uint32_t sum = 1 << (PREDICT_BITS - 1);

        for (int i = 0; i < N_NEIGHBOURS; i++) {
            for (int lane = 0; lane < PREDICT_LANES; lane++)
                sum += (uint32_t)(from->of[i][lane] * matrix->of[i][lane / 2][output][lane % 2]);
        }
        to[output] = (int16_t)(to[output] | limited((int32_t)sum >> PREDICT_BITS));
    }
}

#endif

/* All but the first part of the matrix, which has no coefficients of groups that are settled. */
INLINE void predict_together(const centnn_plane *plane, const centnn_settled_matrix *matrices,
                             int row, int column, int n)
{
    predicting from = predicting_at(plane, row, column);
    int16_t *to = block_at(plane, row, column);

    for (int part = PREDICT_LANES / N_OUTPUTS; part < N_MATRICES; part++)
        multiply(&matrices[part], &from, n, to + part * N_OUTPUTS);
}

/* Predicts n blocks of a row from `first` on. */
static void predict_settled(const centnn_plane *plane, const centnn_kind *kind, int row, int first,
                            int n)
{
    int i = 0;

    for (; i + N_TOGETHER <= n; i += N_TOGETHER)
        predict_together(plane, kind->settled, row, first + i, N_TOGETHER);
    for (; i < n; i++)
        predict_together(plane, kind->settled, row, first + i, 1);
}

/* Predicts a stretch, from a group on that is settled, if that is not done. */
static void start_settled(const centnn_plane *plane, const centnn_kind *kind,
                          const centnn_group *group, int row, int first, int n)
{
    uint8_t *started = plane->started + row * n_stretches(plane->columns) + first / STRETCH;
    size_t before = (size_t)(group->first - kind->first_settled) * sizeof(int16_t);

    if (*started)
        return;
    *started = true;
    predict_settled(plane, kind, row, first, n);
    for (int column = first; column < first + n && before; column++)
        memset(block_at(plane, row, column) + kind->first_settled, 0, before);
}
