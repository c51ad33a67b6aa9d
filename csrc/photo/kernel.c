/*
 * kernel.c - which instruction set to use
 */
#include "kernel.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static _Atomic(const centnn_photo_kernel *) current;

static bool has_avx2(void)
{
#if defined(__x86_64__) && defined(__GNUC__)
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi");
#else
    return false;
#endif
}

static const centnn_photo_kernel *find(const char *name)
{
#if defined(__x86_64__) && defined(__GNUC__)
    if (has_avx2() && (!name || strncmp(name, "avx", 3) == 0))
        return &centnn_photo_kernel_avx2;
#endif
    return !name || strcmp(name, "scalar") == 0 || !has_avx2() ? &centnn_photo_kernel_baseline
                                                               : NULL;
}

const centnn_photo_kernel *centnn_photo_current_kernel(void)
{
    const centnn_photo_kernel *now = atomic_load_explicit(&current, memory_order_acquire);

    if (!now) {
        const char *wish = getenv("CENTNN_ISA");

        now = find(wish && *wish ? wish : NULL);
        now = now ? now : &centnn_photo_kernel_baseline;
        atomic_store_explicit(&current, now, memory_order_release);
    }
    return now;
}

bool centnn_photo_set_isa(const char *name)
{
    const centnn_photo_kernel *choice = find(name);

    if (choice)
        atomic_store_explicit(&current, choice, memory_order_release);
    return choice != NULL;
}
