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
    int bits = (int)read_bits(source, centnn_symbol_bits[symbol]);
    int number = centnn_symbol_first[symbol] + (bits >> 1), sign = -(bits & 1);

    adapt_table(table, symbol, rate);
    return (number ^ sign) - sign;
}

INLINE unsigned symbol_of(int number)
{
    int size = number < 0 ? -number : number;
    unsigned symbol = 0;

    while (symbol + 1 < N_SYMBOLS && centnn_symbol_first[symbol + 1] <= size)
        symbol++;
    return symbol;
}

#endif
