/*
 * dispatch.h - which instruction set to use
 */
#ifndef CENTNN_DISPATCH_H
#define CENTNN_DISPATCH_H

#include "internal.h"

/* The kernel in use for this precision, or NULL if CENTNN_ISA asks for one that does not work here.
 */
const centnn_kernel *centnn_current_kernel(centnn_dtype precision);

#endif
