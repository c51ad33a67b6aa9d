/*
 * dc.h - the first coefficients of blocks: coded before all others, each as it differs from what
 * those before lead to expect
 */
#ifndef CENTNN_PHOTO_DC_H
#define CENTNN_PHOTO_DC_H

#include "kernel.h"

/* Of one plane or two of equally many columns. */
void centnn_decode_dc(const centnn_decode_job *jobs, int n_jobs);
void centnn_encode_dc(const centnn_encoder *encoder);

#endif
