/*
 * number.h - integers of any size: a symbol, and bits that tell numbers of that symbol apart
 */
#ifndef CENTNN_PHOTO_NUMBER_H
#define CENTNN_PHOTO_NUMBER_H

#include "coder.h"

extern const uint16_t centnn_symbol_first[N_SYMBOLS];
extern const uint8_t centnn_symbol_bits[N_SYMBOLS];

INLINE int read_number(centnn_source *source, centnn_table *table, int rate)
{
    unsigned symbol = read_symbol(source, table);
    int number = (int)(centnn_symbol_first[symbol] + read_bits(source, centnn_symbol_bits[symbol]));

    adapt_table(table, symbol, rate);
    return number && read_bits(source, 1) ? -number : number;
}

#endif
