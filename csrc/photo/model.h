/*
 * model.h - the codebooks, predictors and first tables of photo mode, which come with the program
 *
 * Coefficients of the cosine transform are in units of s / 16, s being the quality's step. Those of
 * a block, but the first, are in groups along the zigzag; a group is a vector, and quantized as
 * predicted + a codeword of stage 1 + a codeword of stage 2. The codewords of a stage lie in bins
 * of 16. Bin 0 is the zero codeword alone; the last codeword of stage 1 is the escape.
 */
#ifndef CENTNN_PHOTO_MODEL_H
#define CENTNN_PHOTO_MODEL_H

#include "coder.h"
#include "photo.h"

enum {
    BLOCK = 8,
    N_COEFFICIENTS = BLOCK * BLOCK,
    N_GROUPS = 22,
    MAX_DIM = 4,
    BIN = N_SYMBOLS, /* codewords in a bin */
    MAX_BINS = N_SYMBOLS - 1,
    MAX_WORDS = MAX_BINS * BIN,
    N_CLASSES = 16,  /* of magnitudes around */
    N_SLOPES = 3,    /* ways in which magnitudes fall within a group */
    N_PARTS = 3,     /* into which each bin divides the classes */
    N_CELLS = 8,     /* of errors that stage 1 leaves; 0: no stage 2 */
    N_FEATURES = 32, /* of magnitudes around */
    STRETCH = 16,    /* blocks of a row that may be empty together */
    N_STRETCH_CLASSES = 24,
    N_NEIGHBOURS = 6, /* vectors of PREDICT_LANES coefficients that predict */
    PREDICT_LANES = 16,
    N_DIFFERENCES = 8, /* in the last of them */
    PREDICT_BITS = 14, /* after the binary point of predictors */
    CONTEXT_BITS = 4,  /* and of context weights */
    N_DC_CLASSES = 16,
    N_TEXTURES = 4, /* of blocks, by how many of their groups are not zero */
    N_TAPS = 4,     /* of the last filter: above, left, right, below */
    N_KINDS = 2,    /* of planes: luma, chroma */
    N_OUTPUTS = 16, /* of a part of a matrix: coefficients side by side */
    N_MATRICES = N_COEFFICIENTS / N_OUTPUTS,
    N_PAIRS = PREDICT_LANES / 2
};

extern const uint8_t centnn_photo_dims[N_GROUPS];

typedef struct {
    int n_words;
    int n_bins;
    int16_t words[MAX_WORDS + 1][MAX_DIM]; /* words[0] is the zero codeword */
} centnn_stage;

typedef struct {
    int dim, first; /* coefficients */
    centnn_stage stages[2];
    /* Of each codeword of stage 1: its magnitude, and the error that it leaves. */
    uint8_t magnitudes[MAX_WORDS + 1], cells[MAX_WORDS + 1];
    int16_t context_weights[N_FEATURES];
    int16_t predictors[MAX_DIM][N_NEIGHBOURS][PREDICT_LANES];
    centnn_table bins[N_CLASSES * N_SLOPES]; /* at first; they adapt */
    centnn_table bins2[N_CELLS];
    uint8_t cuts[MAX_BINS][N_PARTS - 1]; /* the classes at which parts begin */
    centnn_table in_bin[N_SLOPES][N_PARTS][MAX_BINS], in_bin2[MAX_BINS];
    centnn_table escape;                /* at first */
    int16_t empties[N_STRETCH_CLASSES]; /* at first: slots of a stretch that is empty */
} centnn_group;

/* Predictors of N_OUTPUTS coefficients, those for two inputs side by side. */
typedef struct {
    int16_t of[N_NEIGHBOURS][N_PAIRS][N_OUTPUTS][2];
} centnn_settled_matrix;

typedef struct {
    centnn_group groups[N_GROUPS];
    centnn_settled_matrix settled[N_MATRICES];      /* the predictors of groups that are settled */
    int first_settled;                              /* coefficient of the first such group */
    centnn_table dc[N_DC_CLASSES];                  /* at first */
    int16_t taps[N_TEXTURES][BLOCK][N_TAPS][BLOCK]; /* by row, tap and column within a block */
} centnn_kind;

struct centnn_photo_model {
    uint32_t id; /* the checksum of its resource */
    centnn_kind kinds[N_KINDS];
};

/* Whether all that predicts a group is known before the first of its rows: not so if it is among
 * the coefficients that predict others. Then it is predicted row by row. */
INLINE bool is_settled(const centnn_group *group)
{
    return group->first >= PREDICT_LANES;
}

/* Reads a resource of n bytes. Returns false if it is none of this version, or damaged. */
bool centnn_photo_read_model(centnn_photo_model *model, const uint8_t *bytes, size_t n);

#endif
