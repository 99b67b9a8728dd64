/* sobol: points that fill the unit cube evenly, however many of them are taken (Sobol 1967).
 *
 * Directions: polynomials and initial numbers of Joe & Kuo 2008, "Constructing Sobol sequences with
 * better two-dimensional projections" (their table 6.21201, dimensions 1 to 32), in the Gray code
 * order of Antonov & Saleev 1979. What always holds: the first 2^k points have one in each of the
 * 2^k equal parts of every axis, scrambled or not. */
#include "tiller/meta.h"

enum { BITS = 32, DEGREE_MAX = 7 };

/* A primitive polynomial over the integers modulo 2: its degree and its inner coefficients as bits;
 * then the first odd numbers m of the recurrence. Dimension 1 has none (van der Corput). */
static const struct {
    uint8_t degree, inner;
    uint8_t first[DEGREE_MAX];
} joe_kuo[SPACE_MAX - 1] = {
    {1, 0, {1}},
    {2, 1, {1, 3}},
    {3, 1, {1, 3, 1}},
    {3, 2, {1, 1, 1}},
    {4, 1, {1, 1, 3, 3}},
    {4, 4, {1, 3, 5, 13}},
    {5, 2, {1, 1, 5, 5, 17}},
    {5, 4, {1, 1, 5, 5, 5}},
    {5, 7, {1, 1, 7, 11, 19}},
    {5, 11, {1, 1, 5, 1, 1}},
    {5, 13, {1, 1, 1, 3, 11}},
    {5, 14, {1, 3, 5, 5, 31}},
    {6, 1, {1, 3, 3, 9, 7, 49}},
    {6, 13, {1, 1, 1, 15, 21, 21}},
    {6, 16, {1, 3, 1, 13, 27, 49}},
    {6, 19, {1, 1, 1, 15, 7, 5}},
    {6, 22, {1, 3, 1, 15, 13, 25}},
    {6, 25, {1, 1, 5, 5, 19, 61}},
    {7, 1, {1, 3, 7, 11, 23, 15, 103}},
    {7, 4, {1, 3, 7, 13, 13, 15, 69}},
    {7, 7, {1, 1, 3, 13, 7, 35, 63}},
    {7, 8, {1, 3, 5, 9, 1, 25, 53}},
    {7, 14, {1, 3, 1, 13, 9, 35, 107}},
    {7, 19, {1, 3, 1, 5, 27, 61, 31}},
    {7, 21, {1, 1, 5, 11, 19, 41, 61}},
    {7, 28, {1, 3, 5, 3, 3, 13, 69}},
    {7, 31, {1, 1, 7, 13, 1, 19, 1}},
    {7, 32, {1, 3, 7, 5, 13, 19, 59}},
    {7, 37, {1, 1, 3, 9, 25, 29, 41}},
    {7, 41, {1, 3, 5, 13, 23, 1, 55}},
    {7, 42, {1, 3, 7, 3, 13, 59, 17}},
};

/* The first n direction numbers of a dimension, as fractions of 2^32. */
static void directions(int dim, int n, uint32_t *v)
{
    int s = dim == 0 ? 0 : joe_kuo[dim - 1].degree;
    for (int k = 0; k < n; k++) {
        if (dim == 0 || k < s) {
            v[k] = (dim == 0 ? UINT32_C(1) : joe_kuo[dim - 1].first[k]) << (BITS - 1 - k);
            continue;
        }
        v[k] = v[k - s] ^ (v[k - s] >> s);
        for (int i = 1; i < s; i++)
            if (joe_kuo[dim - 1].inner >> (s - 1 - i) & 1)
                v[k] ^= v[k - i];
    }
}

static uint32_t plain(int dim, uint32_t index)
{
    uint32_t v[BITS], gray = index ^ (index >> 1), x = 0;
    int n = 0;
    while (n < BITS && gray >> n)
        n++;
    directions(dim, n, v);
    for (int k = 0; k < n; k++)
        if (gray >> k & 1)
            x ^= v[k];
    return x;
}

/* Owen's nested scrambling (1995): each bit is flipped or not by a coin that depends on the bits
 * above it, so that points in the same part of the axis stay together. The coins come from a hash
 * (the finaliser of splitmix64) in place of stored permutations. */
static uint32_t scrambled(uint32_t x, int dim, uint64_t scramble)
{
    uint32_t out = 0;
    for (int b = 0; b < BITS; b++) {
        uint64_t above = b == 0 ? 0 : x >> (BITS - b);
        struct rng coin; /* stream: which node of the tree of prefixes, in which dimension */
        rng_seed(&coin, scramble, (uint64_t)dim << 40 | UINT64_C(1) << b | above);
        out = out << 1 | ((x >> (BITS - 1 - b) ^ (uint32_t)(coin.s[0] >> 63)) & 1);
    }
    return out;
}

void sobol_point(uint32_t index, int n_dims, uint64_t scramble, double *unit)
{
    for (int i = 0; i < n_dims && i < SPACE_MAX; i++) {
        uint32_t x = plain(i, index);
        unit[i] = (scramble ? scrambled(x, i, scramble) : x) * 0x1p-32;
    }
}

void sobol_configuration(const struct space *space, uint32_t index, uint64_t scramble,
                         struct configuration *out)
{
    double unit[SPACE_MAX];
    sobol_point(index, space->n, scramble, unit);
    space_place(space, unit, out);
}
