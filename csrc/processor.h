/*
 * processor.h - which instruction sets there can be, and what the processor and the user say of
 * them
 */
#ifndef CENTNN_PROCESSOR_H
#define CENTNN_PROCESSOR_H

#include <stdbool.h>
#include <stdlib.h>

#if (defined(__x86_64__) || defined(__i386__)) && defined(__GNUC__)
#define HAVE_X86 1
#else
#define HAVE_X86 0
#endif
#if defined(__aarch64__) && defined(__GNUC__)
#define HAVE_NEON 1
#else
#define HAVE_NEON 0
#endif

static inline bool always(void)
{
    return true;
}

#if HAVE_X86
static inline bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static inline bool has_avx512(void)
{
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq");
}
#endif

/* The instruction set that CENTNN_ISA names; NULL if it names none. */
static inline const char *wished_isa(void)
{
    const char *name = getenv("CENTNN_ISA");

    return name && *name ? name : NULL;
}

#endif
