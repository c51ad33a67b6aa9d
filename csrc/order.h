/*
 * order.h - codewords in spatially compact panels, for pruning
 */
#ifndef CENTNN_ORDER_H
#define CENTNN_ORDER_H

#include "internal.h"

/* Bytes of the index's workspace for this. */
size_t centnn_order_workspace(size_t k, size_t d);

/* Chooses axes, order and boxes for codewords that are in the index as given, with scale and
 * offset; leaves n_axes 0, and the order of indices, if pruning such a codebook makes no sense. */
void centnn_order_panels(centnn_index *index);

/* Whether the bound that pruning relies on holds for this index; after centnn_set_margin(). */
bool centnn_may_prune(const centnn_index *index);

#endif
