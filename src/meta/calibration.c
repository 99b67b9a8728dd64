/* calibration: what a stated probability was worth where it could be checked.
 *
 * What always holds: blocks lie in rising order on both axes. */
#include "tiller/knowledge.h"

#include <math.h>
#include <stdlib.h>

double calibration_apply(const struct calibration *c, double p)
{
    if (c->n == 0)
        return p;
    int i = 0;
    while (i < c->n && p > c->high[i])
        i++;
    if (i == c->n)
        return c->share[i - 1];
    if (i == 0 || p >= c->low[i])
        return c->share[i];
    double way = (p - c->high[i - 1]) / (c->low[i] - c->high[i - 1]);
    return c->share[i - 1] + way * (c->share[i] - c->share[i - 1]);
}

struct block {
    double low, high, share, weight;
};

static int by_place(const void *a, const void *b)
{
    double x = ((const struct block *)a)->low, y = ((const struct block *)b)->low;
    return (x > y) - (x < y);
}

static void join(struct block *a, const struct block *b)
{
    double weight = a->weight + b->weight;
    a->share += (b->share - a->share) * b->weight / weight;
    a->weight = weight;
    a->high = b->high;
}

static bool same_place(const struct block *a, const struct block *b)
{
    return a->high == b->low;
}

static bool not_rising(const struct block *a, const struct block *b)
{
    return a->share >= b->share;
}

/* Joins neighbours for as long as the test says so; returns how many blocks are left. */
static int pool(struct block *block, int n,
                bool (*belong)(const struct block *, const struct block *))
{
    int last = -1;
    for (int i = 0; i < n; i++) {
        block[++last] = block[i];
        for (; last > 0 && belong(&block[last - 1], &block[last]); last--)
            join(&block[last - 1], &block[last]);
    }
    return last + 1;
}

static int join_nearest(struct block *block, int n)
{
    int nearest = 0;
    for (int i = 1; i + 1 < n; i++)
        if (block[i + 1].share - block[i].share < block[nearest + 1].share - block[nearest].share)
            nearest = i;
    join(&block[nearest], &block[nearest + 1]);
    for (int i = nearest + 1; i + 1 < n; i++)
        block[i] = block[i + 1];
    return n - 1;
}

enum err calibration_fit(const double *p, const bool *came_true, const double *weight, int n,
                         struct calibration *out)
{
    *out = (struct calibration){0};
    struct block *block = mem_alloc((size_t)n, sizeof *block);
    if (!block)
        return ERR_MEMORY;
    for (int i = 0; i < n; i++)
        block[i] = (struct block){p[i], p[i], came_true[i], weight[i]};
    qsort(block, (size_t)n, sizeof *block, by_place);
    int left = pool(block, pool(block, n, same_place), not_rising);
    while (left > CALIBRATION_MAX)
        left = join_nearest(block, left);
    for (out->n = 0; out->n < left; out->n++) {
        out->low[out->n] = block[out->n].low;
        out->high[out->n] = block[out->n].high;
        out->share[out->n] = block[out->n].share;
    }
    mem_free(block);
    return ERR_OK;
}
