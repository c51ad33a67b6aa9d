/*
 * dc.c - the first coefficients of blocks
 */
#include "dc.h"

INLINE int limited_dc(int dc)
{
    return dc < -DC_LIMIT ? -DC_LIMIT : dc > DC_LIMIT ? DC_LIMIT : dc;
}

static void note_dc(const centnn_plane *plane, int row, int column, int dc, int predicted)
{
    ptrdiff_t at = (ptrdiff_t)row * plane->columns + column;

    plane->dc[at] = (int16_t)dc;
    plane->dc_errors[at] = (int16_t)(dc - predicted);
    *block_at(plane, row, column) = (int16_t)(dc * DC_STEP);
}

INLINE void read_dc(const centnn_decode_job *job, centnn_source *source, int row, int column)
{
    const centnn_plane *plane = job->plane;
    int class;
    int predicted = predict_dc(plane, row, column, &class);
    int error = read_number(source, &job->adaptive->dc[class], DC_RATE);

    note_dc(plane, row, column, limited_dc(predicted + error), predicted);
}

static void decode_row(const centnn_decode_job *job, int row)
{
    for (int column = 0; column < job->plane->columns; column++)
        read_dc(job, job->source, row, column);
}

/* In turns, so that the processor can work on one while it waits for the other. */
static void decode_two_rows(const centnn_decode_job *jobs, int row)
{
    centnn_source a = *jobs[0].source, b = *jobs[1].source;

    for (int column = 0; column < jobs[0].plane->columns; column++) {
        read_dc(&jobs[0], &a, row, column);
        read_dc(&jobs[1], &b, row, column);
    }
    *jobs[0].source = a;
    *jobs[1].source = b;
}

void centnn_decode_dc(const centnn_decode_job *jobs, int n_jobs)
{
    int rows = jobs[0].plane->rows, rows2 = n_jobs > 1 ? jobs[1].plane->rows : 0;
    int both = rows < rows2 ? rows : rows2;

    for (int row = 0; row < both; row++)
        decode_two_rows(jobs, row);
    for (int row = both; row < rows; row++)
        decode_row(&jobs[0], row);
    for (int row = both; row < rows2; row++)
        decode_row(&jobs[1], row);
    for (int i = 0; i < n_jobs; i++)
        centnn_plane_activity(jobs[i].plane);
}

void centnn_encode_dc(const centnn_encoder *encoder)
{
    centnn_plane *plane = encoder->plane;

    for (int row = 0; row < plane->rows; row++) {
        for (int column = 0; column < plane->columns; column++) {
            ptrdiff_t at = (ptrdiff_t)row * plane->columns + column;
            int16_t wanted = *block_at(plane, row, column);
            int dc = limited_dc(rounded_quotient(wanted, DC_STEP));
            int class;
            int predicted = predict_dc(plane, row, column, &class);

            centnn_note_dc(encoder->notes, class, dc - predicted);
            if (encoder->trace) {
                uint8_t *to = encoder->trace->chosen + (at * (N_GROUPS + 1) + N_GROUPS) * 4;

                to[0] = (uint8_t)symbol_of(dc - predicted);
                to[1] = (uint8_t)class;
                encoder->trace->wanted[at * N_COEFFICIENTS] = wanted;
            }
            note_dc(plane, row, column, dc, predicted);
        }
    }
    centnn_plane_activity(plane);
}
