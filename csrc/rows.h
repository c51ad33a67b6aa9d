/* Reading rows of any sample type as doubles (exact for every type). */
#ifndef CENTNN_ROWS_H
#define CENTNN_ROWS_H

#include "centnn.h"

/* Write the d components of row i to out. */
void centnn_load_row(const centnn_rows *rows, size_t i, double *out);

#endif
