/* A 128-bit digest by words of eight bytes: for finding equal rows and telling data sets apart, not
 * against an adversary. Two lanes with different multipliers (splitmix64's), each a permutation of
 * its state for a given word. */
#include "internal.h"

#include <string.h>

static uint64_t rotate(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

static void add_word(struct digest *d, uint64_t word)
{
    d->a = rotate((d->a ^ word) * UINT64_C(0xbf58476d1ce4e5b9), 29);
    d->b = rotate((d->b ^ word) * UINT64_C(0x94d049bb133111eb), 37);
}

struct digest digest_start(void)
{
    return (struct digest){HASH_START, UINT64_C(0x9e3779b97f4a7c15)};
}

/* The length goes in first, so that ("ab", "c") differs from ("a", "bc"). */
void digest_add(struct digest *d, const void *bytes, size_t n)
{
    const unsigned char *p = bytes;
    uint64_t word;
    add_word(d, (uint64_t)n);
    for (; n >= sizeof word; n -= sizeof word, p += sizeof word) {
        memcpy(&word, p, sizeof word);
        add_word(d, word);
    }
    if (n > 0) {
        word = 0;
        memcpy(&word, p, n);
        add_word(d, word);
    }
}

int digest_compare(const void *a, const void *b)
{
    const struct digest *x = a, *y = b;
    if (x->a != y->a)
        return x->a < y->a ? -1 : 1;
    return x->b < y->b ? -1 : x->b > y->b;
}
