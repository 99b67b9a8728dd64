/* allocations: every allocation of the process counted, libraries' included, by this program's own
 * malloc and its kin. Sanitizers have a malloc of their own: nothing is counted (COUNTING 0) under
 * them. Include in one file of a program. */
#ifndef TILLER_TESTS_NET_ALLOCATIONS_H
#define TILLER_TESTS_NET_ALLOCATIONS_H

#include <stdlib.h>

#if defined(__has_feature)
#define HAS(feature) __has_feature(feature)
#else
#define HAS(feature) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || HAS(address_sanitizer) ||     \
    HAS(thread_sanitizer) || HAS(memory_sanitizer)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

#if defined(__GLIBC__) && !SANITIZED
#define COUNTING 1
static unsigned long allocations;
static size_t largest_allocation;
extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

static void count_allocation(size_t size)
{
    allocations++;
    largest_allocation = size > largest_allocation ? size : largest_allocation;
}

void *malloc(size_t size)
{
    count_allocation(size);
    return __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
    count_allocation(n * size);
    return __libc_calloc(n, size);
}

void *realloc(void *p, size_t size)
{
    count_allocation(size);
    return __libc_realloc(p, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    count_allocation(size);
    return __libc_memalign(alignment, size);
}

void *memalign(size_t alignment, size_t size)
{
    count_allocation(size);
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
    count_allocation(size);
    *out = __libc_memalign(alignment, size);
    return *out ? 0 : 12;
}
#else
#define COUNTING 0
__attribute__((unused)) static unsigned long allocations;
__attribute__((unused)) static size_t largest_allocation;
#endif

#endif
