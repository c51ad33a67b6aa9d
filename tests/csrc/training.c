/* training.c - hands the functions of csrc/lists.h, near.h and product.h to the tests */
#include "../../csrc/dispatch.h"

const centnn_lists *lists_of(int precision)
{
    return centnn_current_kernel((centnn_dtype)precision)->lists;
}

const centnn_near *near_of(int precision)
{
    return centnn_current_kernel((centnn_dtype)precision)->near;
}

void nearest_codes_of(int precision, const centnn_codes *codes, const void *tables,
                      size_t n_queries, size_t n_nearest, double *distances, uint32_t *places,
                      void *scratch)
{
    centnn_current_kernel((centnn_dtype)precision)
        ->nearest_codes(codes, tables, n_queries, n_nearest, distances, places, scratch);
}
