/*
 * functions.c - the public functions as a table
 */
#include "functions.h"

const centnn_functions centnn_all_functions = {
    centnn_abi,    centnn_status_string, centnn_index_size, centnn_index_init, centnn_scratch_size,
    centnn_search, centnn_search_top,    centnn_decode,     centnn_train_size, centnn_train,
};
