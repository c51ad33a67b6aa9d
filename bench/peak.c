/* The most floating-point operations a second that one core can do: loops of independent
 * multiply-adds in registers, for _bench.py to time. To be compiled with -ffp-contract=fast, which
 * makes one instruction of each where there is one. No function fails; all are thread-safe. */

#if defined(__x86_64__) || defined(__i386__)
#define ON_X86 1
#else
#define ON_X86 0
#endif

/* Where the sums come from and go to, so that the compiler cannot foresee them or leave them out. */
static volatile float outside;

/* n rounds of n_sums multiply-adds of vectors of so many bytes, no sum depending on another: enough
 * of them hide the latency, too many leave the registers. The sums tend to 2: no overflow, no
 * denormal numbers. Returns how many operations that was. */
#define DEFINE_LOOP(name, attributes, bytes, n_sums)                                               \
    typedef float name##_vector __attribute__((vector_size(bytes)));                               \
    attributes static double name(long n)                                                          \
    {                                                                                              \
        name##_vector sum[n_sums], one = {0}, half = one + 0.5f;                                   \
        one = one + 1.0f;                                                                          \
        for (int j = 0; j < n_sums; j++)                                                           \
            sum[j] = one * outside;                                                               \
        for (long i = 0; i < n; i++)                                                               \
            for (int j = 0; j < n_sums; j++)                                                       \
                sum[j] = sum[j] * half + one;                                                      \
        for (int j = 1; j < n_sums; j++)                                                           \
            sum[0] += sum[j];                                                                      \
        outside = sum[0][0];                                                                          \
        return 2.0 * (double)n * n_sums * (bytes / sizeof(float));                                 \
    }

#if ON_X86
DEFINE_LOOP(avx512, __attribute__((target("avx512f"))), 64, 16)
DEFINE_LOOP(avx2, __attribute__((target("avx2,fma"))), 32, 12)
DEFINE_LOOP(plain, , 16, 12)
#else
DEFINE_LOOP(plain, , 16, 16)
#endif

/* Returns the name of the instruction set that fma_rounds uses. */
const char *fma_isa(void)
{
#if ON_X86
    if (__builtin_cpu_supports("avx512f"))
        return "AVX-512";
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return "AVX2+FMA";
    return "SSE, no FMA";
#elif defined(__aarch64__)
    return "NEON";
#else
    return "plain C";
#endif
}

/* Does n rounds with the widest instruction set of this machine. Returns the operations done. */
double fma_rounds(long n)
{
#if ON_X86
    if (__builtin_cpu_supports("avx512f"))
        return avx512(n);
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return avx2(n);
#endif
    return plain(n);
}
