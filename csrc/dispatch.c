/*
 * dispatch.c - which instruction set to use
 */
#include "dispatch.h"

#include "processor.h"

#include <stdatomic.h>
#include <string.h>

typedef struct {
    const char *name;
    const centnn_kernel *f32, *f64;
    bool (*works)(void);
} isa;

extern const centnn_kernel centnn_kernel_scalar_f32, centnn_kernel_scalar_f64;
extern const centnn_kernel centnn_kernel_avx2_f32, centnn_kernel_avx2_f64;
extern const centnn_kernel centnn_kernel_avx512_f32, centnn_kernel_avx512_f64;
extern const centnn_kernel centnn_kernel_neon_f32, centnn_kernel_neon_f64;

/* Fastest first. */
static const isa isas[] = {
#if HAVE_X86
    {"avx512", &centnn_kernel_avx512_f32, &centnn_kernel_avx512_f64, has_avx512},
    {"avx2", &centnn_kernel_avx2_f32, &centnn_kernel_avx2_f64, has_avx2},
#endif
#if HAVE_NEON
    {"neon", &centnn_kernel_neon_f32, &centnn_kernel_neon_f64, always},
#endif
    {"scalar", &centnn_kernel_scalar_f32, &centnn_kernel_scalar_f64, always},
};

#define N_ISAS (sizeof isas / sizeof isas[0])

/* What `current` holds: an element of isas, or one of these. */
static const isa undecided = {NULL, NULL, NULL, NULL};
static const isa unusable = {NULL, NULL, NULL, NULL};

static _Atomic(const isa *) current = &undecided;

/* The one of this name, or the fastest for NULL; &unusable if there is none. */
static const isa *find(const char *name)
{
    for (size_t i = 0; i < N_ISAS; i++) {
        if ((!name || strcmp(name, isas[i].name) == 0) && isas[i].works())
            return &isas[i];
    }
    return &unusable;
}

/* Threads that get here first together all find the same answer; only the first one's is stored, so
 * that a call of centnn_set_isa() in between is not undone. */
static const isa *decide(void)
{
    const isa *now = atomic_load_explicit(&current, memory_order_acquire);

    if (now == &undecided) {
        const isa *choice = find(wished_isa());

        if (atomic_compare_exchange_strong(&current, &now, choice))
            now = choice;
    }
    return now;
}

const centnn_kernel *centnn_current_kernel(centnn_dtype precision)
{
    const isa *now = decide();

    return precision == CENTNN_F64 ? now->f64 : now->f32;
}

const char *centnn_isa(void)
{
    return decide()->name;
}

centnn_status centnn_set_isa(const char *name)
{
    const isa *choice = find(name);

    if (choice == &unusable)
        return CENTNN_ERR_ISA;
    atomic_store_explicit(&current, choice, memory_order_release);
    return CENTNN_OK;
}

const char *centnn_isa_available(size_t i)
{
    for (size_t j = 0; j < N_ISAS; j++) {
        if (isas[j].works() && i-- == 0)
            return isas[j].name;
    }
    return NULL;
}
