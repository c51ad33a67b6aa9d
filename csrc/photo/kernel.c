/*
 * kernel.c - which instruction set to use
 */
#include "kernel.h"

#include <stdatomic.h>
#include <string.h>

#include "../processor.h"

typedef struct {
    const char *name;
    const centnn_photo_kernel *kernel;
    bool (*works)(void);
} isa;

#if HAVE_AVX2_KERNEL
static bool runs_avx2_kernel(void)
{
    return has_avx2() && __builtin_cpu_supports("bmi");
}

static bool has_avx512_too(void)
{
    return runs_avx2_kernel() && has_avx512();
}
#endif

/* Fastest first; the names are those that the search (../dispatch.c) knows. */
static const isa isas[] = {
#if HAVE_AVX2_KERNEL
    {"avx512", &centnn_photo_kernel_avx2, has_avx512_too},
    {"avx2", &centnn_photo_kernel_avx2, runs_avx2_kernel},
#endif
#if HAVE_NEON
    {"neon", &centnn_photo_kernel_baseline, always},
#endif
    {"scalar", &centnn_photo_kernel_baseline, always},
};

#define N_ISAS (sizeof isas / sizeof isas[0])

/* What `current` points to if CENTNN_ISA cannot be had. */
static const centnn_photo_kernel unusable;

static _Atomic(const centnn_photo_kernel *) current;

static const centnn_photo_kernel *find(const char *name)
{
    for (size_t i = 0; i < N_ISAS; i++) {
        if ((!name || strcmp(name, isas[i].name) == 0) && isas[i].works())
            return isas[i].kernel;
    }
    return &unusable;
}

const centnn_photo_kernel *centnn_photo_current_kernel(void)
{
    const centnn_photo_kernel *now = atomic_load_explicit(&current, memory_order_acquire);

    if (!now) {
        const centnn_photo_kernel *choice = find(wished_isa());

        if (atomic_compare_exchange_strong(&current, &now, choice))
            now = choice;
    }
    return now == &unusable ? NULL : now;
}

bool centnn_photo_set_isa(const char *name)
{
    const centnn_photo_kernel *choice = find(name);

    if (choice == &unusable)
        return false;
    atomic_store_explicit(&current, choice, memory_order_release);
    return true;
}
