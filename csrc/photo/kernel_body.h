/*
 * kernel_body.h - the kernel; to be included once in a file that defines KERNEL, its name
 */
#include <string.h>

#include "lanes.h"

#include "contexts.h"
#include "predict.h"

#include "settled_body.h"

#include "row_body.h"

#include "decode_body.h"
#include "encode_body.h"
#include "stretch_body.h"
#include "colour_body.h"
#include "filter_body.h"
#include "inverse_body.h"
#include "transform_body.h"

const centnn_photo_kernel KERNEL = {decode_groups, encode_group, transform_row, inverse_row,
                                    unlap_row,     filter_line,  double_row,    to_rgb};
