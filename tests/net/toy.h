/* toy: small made rows for the tests of this room, all drawn from a fixed seed. */
#ifndef TILLER_TESTS_NET_TOY_H
#define TILLER_TESTS_NET_TOY_H

#include "net/internal.h"

#include <math.h>

struct toy {
    struct net_rows rows;
    float *x;
    int32_t *y;
    float *target; /* regression */
};

static inline struct toy toy_alloc(int32_t n_rows, int32_t n_inputs, int32_t n_classes)
{
    struct toy toy = {.target = NULL};
    toy.x = mem_aligned_alloc((size_t)n_rows * (size_t)n_inputs, sizeof(float));
    toy.y = mem_alloc((size_t)n_rows, sizeof(int32_t));
    toy.rows = (struct net_rows){
        .n_rows = n_rows, .n_inputs = n_inputs, .n_classes = n_classes, .x = toy.x, .y = toy.y};
    return toy;
}

static inline void toy_free(struct toy *toy)
{
    mem_free(toy->x);
    mem_free(toy->y);
    mem_free(toy->target);
}

/* Normal noise with labels drawn apart from it: nothing to learn, everything to compute. */
static inline struct toy toy_noise(int32_t n_rows, int32_t n_inputs, int32_t n_classes,
                                   uint64_t seed)
{
    struct toy toy = toy_alloc(n_rows, n_inputs, n_classes);
    struct rng rng;
    rng_seed(&rng, seed, 99);
    for (int64_t i = 0; i < (int64_t)n_rows * n_inputs; i++)
        toy.x[i] = (float)rng_normal(&rng);
    for (int i = 0; i < n_rows; i++)
        toy.y[i] = (int32_t)rng_below(&rng, (uint64_t)n_classes);
    return toy;
}

/* The same with numbers for labels. */
static inline struct toy toy_numbers(int32_t n_rows, int32_t n_inputs, uint64_t seed)
{
    struct toy toy = toy_noise(n_rows, n_inputs, 1, seed);
    struct rng rng;
    rng_seed(&rng, seed, 98);
    toy.target = mem_alloc((size_t)n_rows, sizeof *toy.target);
    for (int i = 0; i < n_rows; i++)
        toy.target[i] = (float)rng_normal(&rng);
    toy.rows.n_classes = 0;
    toy.rows.y = NULL;
    toy.rows.target = toy.target;
    toy.rows.target_scale = 2.5;
    return toy;
}

/* Two interleaved half circles with a little noise: no line separates them. */
static inline struct toy toy_moons(int32_t n_rows, uint64_t seed)
{
    struct toy toy = toy_alloc(n_rows, 2, 2);
    struct rng rng;
    rng_seed(&rng, seed, 7);
    for (int i = 0; i < n_rows; i++) {
        double angle = 3.141592653589793 * rng_uniform(&rng);
        bool lower = i % 2;
        toy.y[i] = lower;
        toy.x[2 * i] = (float)((lower ? 1 - cos(angle) : cos(angle)) + 0.1 * rng_normal(&rng));
        toy.x[2 * i + 1] =
            (float)((lower ? 0.5 - sin(angle) : sin(angle)) + 0.1 * rng_normal(&rng));
    }
    return toy;
}

static inline struct net_config toy_config(void)
{
    struct net_config c = net_config_reference();
    c.units = 9; /* odd on purpose: rows of vectors with a rest */
    c.batch_size = 8;
    c.rng_seed = 5;
    return c;
}

#endif
