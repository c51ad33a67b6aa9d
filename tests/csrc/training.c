/* training.c - hands the functions of csrc/lists.h and csrc/near.h to the tests */
#include "../../csrc/dispatch.h"

const centnn_lists *lists_of(int precision)
{
    return centnn_current_kernel((centnn_dtype)precision)->lists;
}

const centnn_near *near_of(int precision)
{
    return centnn_current_kernel((centnn_dtype)precision)->near;
}
