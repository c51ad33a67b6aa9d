/*
 * kernel.c - which instruction set to use
 */
#include "kernel.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__) && defined(__GNUC__)
#define HAVE_X86 1
#else
#define HAVE_X86 0
#endif
#if defined(__aarch64__) && defined(__GNUC__)
#define HAVE_NEON 1
#else
#define HAVE_NEON 0
#endif

typedef struct {
    const char *name;
    const centnn_photo_kernel *kernel;
    bool (*works)(void);
} isa;

static bool always(void)
{
    return true;
}

#if HAVE_X86
static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
           __builtin_cpu_supports("bmi");
}

static bool has_avx512(void)
{
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq");
}
#endif

/* Fastest first; the names are those that the search (../dispatch.c) knows. */
static const isa isas[] = {
#if HAVE_X86
    {"avx512", &centnn_photo_kernel_avx2, has_avx512},
    {"avx2", &centnn_photo_kernel_avx2, has_avx2},
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
        const char *wish = getenv("CENTNN_ISA");
        const centnn_photo_kernel *choice = find(wish && *wish ? wish : NULL);

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
