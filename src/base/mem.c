/* Memory: overflow-checked, counted, and made to fail on demand so that tests reach every branch.
 */
#include "tiller/base.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { CACHE_LINE_BYTES = 64 };

/* The only mutable state of this room: a test hook and a counter, both atomic. */
static atomic_long allocations_until_failure = -1;
static atomic_ulong allocation_count;

void mem_fail_after(long after)
{
    atomic_store(&allocations_until_failure, after);
}

unsigned long mem_alloc_count(void)
{
    return atomic_load(&allocation_count);
}

/* Counts one allocation; false if this one has to fail. */
static bool may_allocate(void)
{
    atomic_fetch_add_explicit(&allocation_count, 1, memory_order_relaxed);
    if (atomic_load_explicit(&allocations_until_failure, memory_order_relaxed) < 0)
        return true;
    return atomic_fetch_sub(&allocations_until_failure, 1) != 0;
}

/* Total bytes, at least 1; SIZE_MAX on overflow, which no allocator grants. */
static size_t total_bytes(size_t n, size_t size)
{
    if (n == 0 || size == 0)
        return 1;
    return n > SIZE_MAX / 2 / size ? SIZE_MAX : n * size;
}

void *mem_alloc(size_t n, size_t size)
{
    size_t bytes = total_bytes(n, size);
    return bytes != SIZE_MAX && may_allocate() ? malloc(bytes) : NULL;
}

void *mem_zero_alloc(size_t n, size_t size)
{
    size_t bytes = total_bytes(n, size);
    return bytes != SIZE_MAX && may_allocate() ? calloc(1, bytes) : NULL;
}

void *mem_aligned_alloc(size_t n, size_t size)
{
    size_t bytes = total_bytes(n, size);
    if (bytes == SIZE_MAX || !may_allocate())
        return NULL;
    size_t rounded = (bytes + CACHE_LINE_BYTES - 1) / CACHE_LINE_BYTES * CACHE_LINE_BYTES;
    return aligned_alloc(CACHE_LINE_BYTES, rounded);
}

void *mem_resize(void *p, size_t n, size_t size)
{
    size_t bytes = total_bytes(n, size);
    return bytes != SIZE_MAX && may_allocate() ? realloc(p, bytes) : NULL;
}

char *mem_dup_text_n(const char *text, size_t n)
{
    char *copy = n < SIZE_MAX ? mem_alloc(n + 1, 1) : NULL;
    if (copy) {
        memcpy(copy, text, n);
        copy[n] = 0;
    }
    return copy;
}

char *mem_dup_text(const char *text)
{
    return mem_dup_text_n(text, strlen(text));
}

void mem_free(void *p)
{
    free(p);
}

bool mem_grow(void **array, size_t *capacity, size_t n, size_t size)
{
    if (n < *capacity)
        return true;
    size_t wanted = *capacity ? *capacity * 2 : 8;
    if (wanted <= n)
        wanted = n + 1;
    void *grown = mem_resize(*array, wanted, size);
    if (!grown)
        return false;
    *array = grown;
    *capacity = wanted;
    return true;
}
