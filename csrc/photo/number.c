/*
 * number.c - integers of any size
 */
#include "number.h"

const uint16_t centnn_symbol_first[N_SYMBOLS] = {0,  1,  2,  3,  4,  5,   7,   9,
                                                 13, 17, 25, 33, 65, 129, 257, 513};
const uint8_t centnn_symbol_bits[N_SYMBOLS] = {0, 1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 6, 7, 8, 9, 15};
