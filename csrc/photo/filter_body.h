/*
 * filter_body.h - the filter after the inverse transform
 *
 * A pixel moves towards its neighbours: by tap / 2^6 of the difference to each, which is clipped.
 * All sums fit 16 bits: 4 * TAP_LIMIT * limit < 2^15.
 */
enum {
    TAP_BITS = 6,
    CLIP_BITS = 4, /* what step is shifted by to where differences are clipped */
    GREY = (128 << PIXEL_BITS) + (1 << (PIXEL_BITS - 1)) /* what is added before rounding down */
};

/* A line, and what it takes to filter it. */
typedef struct {
    const int16_t *own, *above, *below;
    int columns; /* of blocks */
    const uint8_t *textures;
    const int16_t (*taps)[BLOCK][N_TAPS][BLOCK];
    int y; /* within a block */
    int16_t limit;
} filtering;

/* The samples on one side, -1 or 1, of those of a block. Beyond the ends are the last ones again.
 */
INLINE const int16_t *beside(const filtering *line, int column, int side, int16_t copy[BLOCK])
{
    int width = line->columns * BLOCK;

    if (LIKELY(column + side >= 0 && column + side < line->columns))
        return line->own + column * BLOCK + side;
    for (int x = 0; x < BLOCK; x++) {
        int from = column * BLOCK + x + side;

        copy[x] = line->own[from < 0 ? 0 : from < width ? from : width - 1];
    }
    return copy;
}

INLINE const int16_t *taps_at(const filtering *line, int column, int tap)
{
    return line->taps[line->textures[column]][line->y][tap];
}

#if defined(__SSE2__)

INLINE lanes weighted(lanes taps, lanes neighbours, lanes own, int16_t limit)
{
    lanes differences = LANES(sub_epi16)(neighbours, own);

    differences = LANES(min_epi16)(differences, LANES(set1_epi16)(limit));
    differences = LANES(max_epi16)(differences, LANES(set1_epi16)((int16_t)-limit));
    return LANES(mullo_epi16)(taps, differences);
}

/* Filters blocks a and b. */
INLINE void filter_blocks(const filtering *line, int a, int b, uint8_t *out)
{
    int16_t copies[4][BLOCK];
    lanes own = load_lanes(line->own + a * BLOCK, line->own + b * BLOCK);
    const lanes neighbours[N_TAPS] = {
        load_lanes(line->above + a * BLOCK, line->above + b * BLOCK),
        load_lanes(beside(line, a, -1, copies[0]), beside(line, b, -1, copies[1])),
        load_lanes(beside(line, a, 1, copies[2]), beside(line, b, 1, copies[3])),
        load_lanes(line->below + a * BLOCK, line->below + b * BLOCK)};
    lanes change = LANES(set1_epi16)(1 << (TAP_BITS - 1));
    lanes grey;

    UNROLL
    for (int tap = 0; tap < N_TAPS; tap++)
        change = LANES(add_epi16)(change,
                                  weighted(load_lanes(taps_at(line, a, tap), taps_at(line, b, tap)),
                                           neighbours[tap], own, line->limit));
    grey = LANES(add_epi16)(own, LANES(srai_epi16)(change, TAP_BITS));
    grey = LANES(srai_epi16)(LANES(add_epi16)(grey, LANES(set1_epi16)(GREY)), PIXEL_BITS);
    store_bytes(out + a * BLOCK, out + b * BLOCK, LANES(packus_epi16)(grey, grey));
}

#else

enum { N_AT_ONCE = 1 };

INLINE int16_t weighted(int16_t tap, int16_t neighbour, int16_t own, int16_t limit)
{
    int16_t difference = (int16_t)(neighbour - own);

    difference = difference < limit ? difference : limit;
    difference = difference > -limit ? difference : (int16_t)-limit;
    return (int16_t)(tap * difference);
}

INLINE void filter_blocks(const filtering *line, int a, int b, uint8_t *out)
{
    int16_t copies[2][BLOCK];
    const int16_t *own = line->own + a * BLOCK;
    const int16_t *neighbours[N_TAPS] = {line->above + a * BLOCK, beside(line, a, -1, copies[0]),
                                         beside(line, a, 1, copies[1]), line->below + a * BLOCK};

    (void)b;
    for (int x = 0; x < BLOCK; x++) {
        int16_t change = 1 << (TAP_BITS - 1);
        int grey;

        for (int tap = 0; tap < N_TAPS; tap++)
            change = (int16_t)(change + weighted(taps_at(line, a, tap)[x], neighbours[tap][x],
                                                 own[x], line->limit));
        grey = (int16_t)((int16_t)(own[x] + (change >> TAP_BITS)) + GREY) >> PIXEL_BITS;
        out[a * BLOCK + x] = (uint8_t)(grey < 0 ? 0 : grey < 255 ? grey : 255);
    }
}

#endif

/* The last block may be done twice. */
static void filter_line(const centnn_canvas *canvas, const centnn_kind *kind, int step, int y,
                        uint8_t *out)
{
    const int last = canvas->rows * BLOCK - 1;
    const filtering line = {canvas_line(canvas, y),
                            canvas_line(canvas, y > 0 ? y - 1 : 0),
                            canvas_line(canvas, y < last ? y + 1 : last),
                            canvas->columns,
                            canvas->textures + y / BLOCK * canvas->columns,
                            kind->taps,
                            y % BLOCK,
                            (int16_t)(step >> CLIP_BITS)};

    for (int column = 0; column < canvas->columns; column += N_AT_ONCE)
        filter_blocks(&line, column,
                      column + N_AT_ONCE > canvas->columns ? column : column + N_AT_ONCE - 1, out);
}
