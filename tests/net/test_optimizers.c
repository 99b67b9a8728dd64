/* If this fails, an optimiser's step is not its formula's in some table, clipping or decay enters
 * in the wrong place, or weights that broke are not noticed. */
#include "tables.h"

#include <string.h>

enum { N = 3 * KERNEL_LANES, N_STEPS = 30 };

/* The same N parameters in float64, straight from PyTorch's documentation. */
struct plain {
    double w[N], first[N], second[N];
};

static void plain_buffer(struct plain *p, int i, double g, const struct optimizer_step *s,
                         bool ahead)
{
    double momentum = (double)s->momentum;
    p->first[i] = momentum * p->first[i] + g;
    p->w[i] -= (double)s->rate * (ahead ? g + momentum * p->first[i] : p->first[i]);
}

static void plain_sgd(struct plain *p, int i, double g, const struct optimizer_step *s)
{
    plain_buffer(p, i, g, s, false);
}

static void plain_nesterov(struct plain *p, int i, double g, const struct optimizer_step *s)
{
    plain_buffer(p, i, g, s, true);
}

static void plain_rmsprop(struct plain *p, int i, double g, const struct optimizer_step *s)
{
    double alpha = (double)s->beta2;
    p->first[i] = alpha * p->first[i] + (1 - alpha) * g * g;
    p->w[i] -= (double)s->rate * g / (sqrt(p->first[i]) + (double)s->epsilon);
}

static void plain_adam(struct plain *p, int i, double g, const struct optimizer_step *s)
{
    double beta1 = (double)s->beta1, beta2 = (double)s->beta2;
    p->first[i] = beta1 * p->first[i] + (1 - beta1) * g;
    p->second[i] = beta2 * p->second[i] + (1 - beta2) * g * g;
    p->w[i] *= (double)s->shrink;
    p->w[i] -= (double)s->rate * p->first[i] /
               (sqrt(p->second[i]) * (double)s->root_scale + (double)s->epsilon);
}

/* g as it enters the formulas: clipped first, then with the decay of the weight it belongs to. */
static void plain_step(struct plain *p, enum net_optimizer o, const float *gradient,
                       const struct optimizer_step *s)
{
    static void (*const one[NET_N_OPTIMIZERS])(struct plain *, int, double,
                                               const struct optimizer_step *) = {
        [NET_SGD] = plain_sgd,         [NET_ADAM] = plain_adam,  [NET_NESTEROV] = plain_nesterov,
        [NET_RMSPROP] = plain_rmsprop, [NET_ADAMW] = plain_adam,
    };
    for (int i = 0; i < N; i++) {
        double g = (double)s->gradient_scale * (double)gradient[i];
        one[o](p, i, g + (double)s->weight_decay * p->w[i], s);
    }
}

struct kind {
    enum net_optimizer optimizer;
    double momentum, decay, clip, shrink;
};

static struct optimizer_step numbers(const struct kind *kind, int k)
{
    bool adam = kind->optimizer == NET_ADAM || kind->optimizer == NET_ADAMW;
    double rate = 0.01 / (1 + 0.1 * k), correction = 1 - pow(0.9, k + 1);
    return (struct optimizer_step){
        .rate = (float)(adam ? rate / correction : rate),
        .gradient_scale = (float)(k % 2 ? kind->clip : 1),
        .weight_decay = (float)kind->decay,
        .shrink = (float)(1 - rate * (1 - kind->shrink)),
        .momentum = (float)kind->momentum,
        .beta1 = 0.9f,
        .beta2 = adam ? 0.999f : 0.99f,
        .epsilon = 1e-8f,
        .root_scale = (float)(adam ? 1 / sqrt(1 - pow(0.999, k + 1)) : 1),
    };
}

/* Gradients from 1e-6 to 1e2, some of them 0 for good. */
static void draw_gradient(struct rng *rng, float *g)
{
    for (int i = 0; i < N; i++)
        g[i] = i % 7 == 0 ? 0 : (float)(rng_normal(rng) * pow(10, i % 9 - 6));
}

/* Thirty steps with falling rates, every second one clipped; float32 errs by 1e-7 of the weight and
 * of what it moves each step. */
static void follows_its_formula(const struct kernels *table, const struct kind *kind, uint64_t seed)
{
    struct plain p = {.w = {0}};
    float w[N], first[N] = {0}, second[N] = {0}, g[N];
    struct rng rng;
    rng_seed(&rng, seed, 7);
    for (int i = 0; i < N; i++)
        p.w[i] = (double)(w[i] = (float)rng_normal(&rng));
    for (int k = 0; k < N_STEPS; k++) {
        struct optimizer_step step = numbers(kind, k);
        draw_gradient(&rng, g);
        double before[N];
        memcpy(before, p.w, sizeof before);
        plain_step(&p, kind->optimizer, g, &step);
        assert_true(table->optimize[kind->optimizer](w, first, second, g, N, &step));
        for (int i = 0; i < N; i++) {
            double moved = fabs(p.w[i] - before[i]);
            if (!(fabs((double)w[i] - p.w[i]) <= 2e-6 * (1 + fabs(p.w[i]) + moved)))
                fail_msg("%s, optimiser %d, step %d, [%d]: %.9g, not %.9g", table->name,
                         kind->optimizer, k, i, (double)w[i], p.w[i]);
        }
    }
}

static void every_optimizer_follows_its_formula(void **state)
{
    (void)state;
    static const struct kind kinds[] = {
        {NET_SGD, 0, 0, 1, 1},          {NET_SGD, 0.9, 0.01, 0.1, 1},
        {NET_NESTEROV, 0, 0, 1, 1},     {NET_NESTEROV, 0.9, 0, 1, 1},
        {NET_NESTEROV, 0.9, 0.1, 1, 1}, {NET_NESTEROV, 0.5, 0.01, 0.03, 1},
        {NET_RMSPROP, 0, 0, 1, 1},      {NET_RMSPROP, 0, 0.1, 0.2, 1},
        {NET_ADAM, 0, 0, 1, 1},         {NET_ADAM, 0, 0.1, 0.2, 1},
        {NET_ADAMW, 0, 0, 1, 0.9},      {NET_ADAMW, 0, 0, 0.5, 0.5},
    };
    for (size_t t = 0; t < n_tables; t++)
        for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
            follows_its_formula(tables[t], &kinds[k], k);
}

/* Whatever lies behind the last whole lane stays as it was. */
static void nothing_behind_the_block_is_touched(void **state)
{
    (void)state;
    struct optimizer_step step = numbers(&(struct kind){NET_ADAM, 0.9, 0, 1, 1}, 0);
    for (size_t t = 0; t < n_tables; t++)
        for (int o = 0; o < NET_N_OPTIMIZERS; o++) {
            float w[N], first[N], second[N], g[N];
            for (int i = 0; i < N; i++)
                w[i] = first[i] = second[i] = g[i] = 1;
            assert_true(tables[t]->optimize[o](w, first, second, g, KERNEL_LANES, &step));
            for (int i = 0; i < N; i++) {
                assert_true((w[i] != 1) == (i < KERNEL_LANES));
                assert_true(i < KERNEL_LANES || (first[i] == 1 && second[i] == 1));
            }
        }
}

/* One broken gradient or weight, wherever it stands, is seen at once; the others' weights are not
 * touched by it. */
static void a_broken_number_is_seen(void **state)
{
    (void)state;
    static const float bad[] = {NAN, INFINITY, -INFINITY};
    for (size_t t = 0; t < n_tables; t++)
        for (int at = 0; at < N; at++)
            for (size_t j = 0; j < 3 * NET_N_OPTIMIZERS; j++) {
                enum net_optimizer o = (enum net_optimizer)(j / 3);
                struct optimizer_step step = numbers(&(struct kind){o, 0.9, 0, 1, 1}, 0);
                float w[N] = {0}, first[N] = {0}, second[N] = {0}, g[N] = {0};
                g[at] = bad[j % 3];
                assert_false(tables[t]->optimize[o](w, first, second, g, N, &step));
                for (int i = 0; i < N; i++)
                    assert_true(i == at || w[i] == 0);
                w[at] = bad[j % 3];
                first[at] = second[at] = g[at] = 0;
                assert_false(tables[t]->optimize[o](w, first, second, g, N, &step));
            }
}

int main(void)
{
    find_tables();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_optimizer_follows_its_formula),
        cmocka_unit_test(nothing_behind_the_block_is_touched),
        cmocka_unit_test(a_broken_number_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
