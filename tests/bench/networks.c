/* See networks.h. */
#include "networks.h"

#include <string.h>

enum { FILTERS = 16, CONV_LAYERS = 2, KERNEL_SIZE = 3 };

#define SMALL                                                                                      \
    {                                                                                              \
        8, 4, 1, 0                                                                                 \
    } /* below 10,000 parameters */
const struct network networks[] = {
    {"784-128-10", 784, 128, 1, 10, 32, 0, {5, 3, 1, 0}},
    {"784-128-10", 784, 128, 1, 10, 128, 0, {2.2, 1.5, 1, 0.6}},
    {"784-512-512-10", 784, 512, 2, 10, 128, 0, {1.5, 1.3, 1, 0.6}},
    {"64-64-64-10", 64, 64, 2, 10, 32, 0, SMALL},
    {"16-64-64-26", 16, 64, 2, 26, 32, 0, SMALL},
    {"57-32-2", 57, 32, 1, 2, 64, 0, SMALL},
    {"401-256-2", 401, 256, 1, 2, 64, 0, {3.5, 1, 1, 0}},
    {"16-32-2", 16, 32, 1, 2, 8, 0, SMALL},
    {"conv-28x28", 784, 128, 1, 10, 32, 28, {1.5, 1, 1, 0}},
    {"conv-28x28", 784, 128, 1, 10, 128, 28, {1.5, 1, 1, 0}},
};
const int n_networks = sizeof networks / sizeof *networks;

const struct network *network_find(const char *text)
{
    for (const struct network *n = networks; n < networks + n_networks; n++) {
        char full[64];
        text_format(full, sizeof full, "%s:%d", n->name, n->batch);
        if (strcmp(text, n->name) == 0 || strcmp(text, full) == 0)
            return n;
    }
    return NULL;
}

struct net_config network_config(const struct network *n, enum net_optimizer optimizer)
{
    struct net_config c = net_config_reference();
    c.units = n->units;
    c.num_layers = n->num_layers;
    c.batch_size = n->batch;
    c.optimizer = optimizer;
    c.kind = n->image_side ? NET_CONV : NET_PERCEPTRON;
    c.conv_layers = n->image_side ? CONV_LAYERS : 0;
    c.filters = FILTERS;
    c.kernel_size = KERNEL_SIZE;
    return c;
}

size_t network_count_parameters(const struct network *n)
{
    size_t total = 0, in = (size_t)n->n_inputs, side = (size_t)n->image_side, channels = 1;
    for (int l = 0; n->image_side && l < CONV_LAYERS; l++) {
        size_t filters = (size_t)FILTERS << l;
        total += (KERNEL_SIZE * KERNEL_SIZE * channels + 1) * filters;
        channels = filters;
        side /= 2;
        in = side * side * channels;
    }
    for (int l = 0; l < n->num_layers; l++, in = (size_t)n->units)
        total += (in + 1) * (size_t)n->units;
    return total + (in + 1) * (size_t)n->n_classes;
}

enum err network_rows(const struct network *n, struct net_rows *out, struct err_info *info)
{
    size_t cells = (size_t)BENCH_ROWS * (size_t)n->n_inputs;
    float *x = mem_aligned_alloc(cells, sizeof *x);
    int32_t *y = mem_alloc(BENCH_ROWS, sizeof *y);
    *out = (struct net_rows){.n_rows = BENCH_ROWS,
                             .n_inputs = n->n_inputs,
                             .n_classes = n->n_classes,
                             .x = x,
                             .y = y,
                             .image_rows = n->image_side,
                             .image_columns = n->image_side};
    if (!x || !y) {
        network_rows_free(out);
        return err_set_memory(info, "rows");
    }
    struct rng rng;
    rng_seed(&rng, 1, 0);
    for (size_t i = 0; i < cells; i++)
        x[i] = (float)rng_uniform(&rng);
    for (int i = 0; i < BENCH_ROWS; i++)
        y[i] = (int32_t)rng_below(&rng, (uint64_t)n->n_classes);
    return ERR_OK;
}

void network_rows_free(struct net_rows *rows)
{
    mem_free((void *)(uintptr_t)rows->x);
    mem_free((void *)(uintptr_t)rows->y);
    *rows = (struct net_rows){0};
}

enum err network_new(const struct network *n, enum net_optimizer optimizer,
                     const struct net_rows *rows, struct training **out, struct err_info *info)
{
    struct net_config c = network_config(n, optimizer);
    size_t have = net_count_parameters(&c, rows), want = network_count_parameters(n);
    *out = NULL;
    if (have != want)
        return err_set(info, ERR_STATE, n->name, NULL,
                       "net would make a network of %zu parameters, not of %zu", have, want);
    return net_new(&c, rows, out, info);
}

double network_train(struct training *t, clockid_t clock, double seconds)
{
    double began = bench_now_s(clock), passed;
    long epochs = 0;
    do {
        bool done;
        if (net_train_slice(t, 1 << 30, &done) != ERR_OK)
            return 0;
        epochs++;
        passed = bench_now_s(clock) - began;
    } while (passed < seconds);
    return (double)epochs * BENCH_ROWS / passed;
}
