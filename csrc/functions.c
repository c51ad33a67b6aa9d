/*
 * functions.c - the public functions as a table
 */
#include "functions.h"

const centnn_functions centnn_all_functions = {
    .abi = centnn_abi,
    .status_string = centnn_status_string,
    .index_size = centnn_index_size,
    .index_init = centnn_index_init,
    .scratch_size = centnn_scratch_size,
    .search = centnn_search,
    .runner_up_error = centnn_runner_up_error,
    .search_top = centnn_search_top,
    .decode = centnn_decode,
    .isa = centnn_isa,
    .set_isa = centnn_set_isa,
    .isa_available = centnn_isa_available,
    .train_size = centnn_train_size,
    .train = centnn_train,
    .book_open = centnn_book_open,
    .book_copy = centnn_book_copy,
    .code_bits = centnn_code_bits,
    .picture_open = centnn_picture_open,
    .picture_decode = centnn_picture_decode,
    .picture_size = centnn_picture_size,
    .picture_write = centnn_picture_write,
};
