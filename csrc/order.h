/*
 * order.h - codewords in spatially compact panels, for pruning
 */
#ifndef CENTNN_ORDER_H
#define CENTNN_ORDER_H

#include "internal.h"

/* Bytes of the index's workspace for this. */
size_t centnn_order_workspace(size_t k, size_t d);

/* Chooses axes, order and boxes of an index that is packed in the order of indices; it must then be
 * packed again. Returns false, having changed no more than workspace and axes, if pruning such a
 * codebook makes no sense. */
bool centnn_order_panels(centnn_index *index);

#endif
