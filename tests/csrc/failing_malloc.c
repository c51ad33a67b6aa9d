/*
 * failing_malloc.c - memory that runs out when a test wants it to: to be preloaded
 *
 * Once armed, the n-th request of this thread that comes from centnn's modules is refused, or from
 * whoever else asks failing_malloc_refuses(). All others are left alone.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

static __thread long remaining; /* 0: not armed */
static __thread int was_refused;

void failing_malloc_arm(long n)
{
    remaining = n;
    was_refused = 0;
}

/* Disarms; whether a request was refused. */
int failing_malloc_disarm(void)
{
    remaining = 0;
    return was_refused;
}

int failing_malloc_refuses(void)
{
    if (remaining == 0 || --remaining > 0)
        return 0;
    was_refused = 1;
    errno = ENOMEM;
    return 1;
}

static int refuses(const void *caller)
{
    const long left = remaining;
    Dl_info info;
    int is_ours;

    if (left == 0)
        return 0;
    remaining = 0; /* dladdr() may ask for memory */
    is_ours = dladdr(caller, &info) && info.dli_fname && strstr(info.dli_fname, "/centnn/");
    remaining = left;
    return is_ours && failing_malloc_refuses();
}

void *malloc(size_t n)
{
    static void *(*real)(size_t);

    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "malloc");
    return refuses(__builtin_return_address(0)) ? NULL : real(n);
}

void *realloc(void *p, size_t n)
{
    static void *(*real)(void *, size_t);

    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "realloc");
    return refuses(__builtin_return_address(0)) ? NULL : real(p, n);
}

void *calloc(size_t n, size_t size)
{
    extern void *__libc_calloc(size_t, size_t); /* dlsym() itself calls calloc() */

    return refuses(__builtin_return_address(0)) ? NULL : __libc_calloc(n, size);
}
