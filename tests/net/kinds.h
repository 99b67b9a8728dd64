/* kinds: every kind of network that the tests of this room go through. */
#ifndef TILLER_TESTS_NET_KINDS_H
#define TILLER_TESTS_NET_KINDS_H

#include "toy.h"

/* What stands 0 is filled in by complete(). */
struct kind {
    const char *name;
    struct net_config config;
    int image[2];  /* rows, columns; 0: plain inputs */
    int n_inputs;  /* plain ones; 0: seven */
    int n_classes; /* 0: three */
    bool regression;
};

static const struct kind kinds[] = {
    {.name = "relu", .config = {.activation = NET_RELU}},
    {.name = "tanh", .config = {.activation = NET_TANH}},
    {.name = "leaky relu", .config = {.activation = NET_LEAKY_RELU}},
    {.name = "sigmoid", .config = {.activation = NET_SIGMOID}},
    {.name = "gelu", .config = {.activation = NET_GELU}},
    {.name = "silu", .config = {.activation = NET_SILU}},
    {.name = "relu, dropout", .config = {.activation = NET_RELU, .dropout = 0.5}},
    {.name = "tanh, dropout", .config = {.activation = NET_TANH, .dropout = 0.2}},
    {.name = "leaky relu, dropout", .config = {.activation = NET_LEAKY_RELU, .dropout = 0.2}},
    {.name = "sigmoid, dropout", .config = {.activation = NET_SIGMOID, .dropout = 0.4}},
    {.name = "gelu, dropout", .config = {.activation = NET_GELU, .dropout = 0.3}},
    {.name = "silu, dropout", .config = {.activation = NET_SILU, .dropout = 0.9}},
    {.name = "one layer", .config = {.num_layers = 1, .dropout = 0.2}},
    {.name = "three layers", .config = {.num_layers = 3, .activation = NET_TANH, .dropout = 0.5}},
    {.name = "four layers", .config = {.num_layers = 4, .dropout = 0.1}},
    {.name = "residual", .config = {.num_layers = 3, .residual = true, .dropout = 0.3}},
    {.name = "residual, one layer", .config = {.num_layers = 1, .residual = true}},
    {.name = "residual, four layers",
     .config = {.num_layers = 4, .residual = true, .activation = NET_GELU}},
    {.name = "batch norm", .config = {.normalization = NET_NORM_BATCH}},
    {.name = "batch norm, dropout",
     .config = {.normalization = NET_NORM_BATCH, .activation = NET_SILU, .dropout = 0.4}},
    {.name = "batch norm, residual",
     .config =
         {.normalization = NET_NORM_BATCH, .residual = true, .num_layers = 3, .dropout = 0.2}},
    {.name = "layer norm", .config = {.normalization = NET_NORM_LAYER}},
    {.name = "layer norm, dropout",
     .config = {.normalization = NET_NORM_LAYER, .activation = NET_TANH, .dropout = 0.4}},
    {.name = "layer norm, residual",
     .config = {.normalization = NET_NORM_LAYER,
                .residual = true,
                .num_layers = 4,
                .activation = NET_GELU}},
    {.name = "smoothed", .config = {.label_smoothing = 0.1}},
    {.name = "weighted", .config = {.class_weights = true}},
    {.name = "smoothed, weighted",
     .config = {.label_smoothing = 0.9, .class_weights = true, .dropout = 0.2}},
    {.name = "regression", .config = {.activation = NET_TANH}, .regression = true},
    {.name = "regression, batch norm, residual",
     .config = {.normalization = NET_NORM_BATCH, .residual = true, .dropout = 0.2},
     .regression = true},
    {.name = "one frozen", .config = {.num_layers = 3, .freeze = 1, .dropout = 0.2}},
    {.name = "two frozen, residual, batch norm",
     .config = {.num_layers = 3, .freeze = 2, .residual = true, .normalization = NET_NORM_BATCH}},
    {.name = "all but the output frozen", .config = {.freeze = NET_MAX_LAYERS}},
    {.name = "conv", .config = {.kind = NET_CONV}, .image = {6, 6}},
    {.name = "conv of 5",
     .config = {.kind = NET_CONV, .kernel_size = 5, .activation = NET_TANH},
     .image = {5, 7}},
    {.name = "conv, average",
     .config = {.kind = NET_CONV, .pooling = NET_POOL_AVERAGE, .conv_layers = 2},
     .image = {6, 5}},
    {.name = "two convs, dropout",
     .config = {.kind = NET_CONV, .conv_layers = 2, .dropout = 0.3},
     .image = {7, 6}},
    {.name = "three convs",
     .config = {.kind = NET_CONV, .conv_layers = 3, .activation = NET_SILU},
     .image = {4, 5}},
    {.name = "conv too flat to pool",
     .config = {.kind = NET_CONV, .conv_layers = 2, .dropout = 0.2},
     .image = {1, 7}},
    {.name = "conv, batch norm",
     .config = {.kind = NET_CONV, .conv_layers = 2, .normalization = NET_NORM_BATCH},
     .image = {6, 6}},
    {.name = "conv, layer norm",
     .config =
         {.kind = NET_CONV, .conv_layers = 2, .normalization = NET_NORM_LAYER, .dropout = 0.2},
     .image = {6, 6}},
    {.name = "conv, average, batch norm",
     .config = {.kind = NET_CONV,
                .pooling = NET_POOL_AVERAGE,
                .normalization = NET_NORM_BATCH,
                .activation = NET_GELU},
     .image = {5, 5}},
    {.name = "conv, average, layer norm, residual",
     .config = {.kind = NET_CONV,
                .pooling = NET_POOL_AVERAGE,
                .normalization = NET_NORM_LAYER,
                .num_layers = 3,
                .residual = true,
                .conv_layers = 2},
     .image = {4, 6}},
    {.name = "conv, regression, dropout",
     .config = {.kind = NET_CONV, .dropout = 0.3},
     .image = {6, 4},
     .regression = true},
    {.name = "frozen conv",
     .config = {.kind = NET_CONV, .conv_layers = 2, .freeze = 1, .normalization = NET_NORM_BATCH},
     .image = {6, 6}},
    {.name = "thawed, batch norm",
     .config = {.num_layers = 3, .freeze = 2, .thaw_epoch = 1, .normalization = NET_NORM_BATCH}},
};
enum { N_KINDS = sizeof kinds / sizeof *kinds };

static inline struct net_config complete(const struct net_config *given)
{
    struct net_config c = *given, usual = toy_config();
    c.num_layers = c.num_layers ? c.num_layers : 2;
    c.units = c.units ? c.units : 5;
    c.batch_size = c.batch_size ? c.batch_size : 8;
    c.conv_layers = c.conv_layers ? c.conv_layers : 1;
    c.filters = c.filters ? c.filters : 3;
    c.kernel_size = c.kernel_size ? c.kernel_size : 3;
    c.learning_rate = usual.learning_rate;
    c.schedule_epochs = 1;
    c.cycle_rate_scale = 1;
    c.rng_seed = usual.rng_seed + c.rng_seed;
    return c;
}

/* The kind as it is trained: each with another optimiser, schedule and treatment of its inputs. */
static inline struct net_config trained(int kind)
{
    struct net_config c = complete(&kinds[kind].config);
    c.optimizer = (enum net_optimizer)(kind % NET_N_OPTIMIZERS);
    c.momentum = 0.9;
    c.weight_decay = kind % 2 ? 0.01 : 0;
    c.schedule = (enum net_schedule)(kind % NET_N_SCHEDULES);
    c.schedule_epochs = 4;
    c.warmup_epochs = kind % 3 ? 0 : 1.5;
    c.gradient_clip = kind % 3 == 1 ? 0.5 : 0;
    c.input_noise = kind % 4 == 2 ? 0.3 : 0;
    c.shift = c.kind == NET_CONV ? kind % 3 : 0;
    return c;
}

static inline struct toy toy_of(const struct kind *k, int32_t n_rows, uint64_t seed)
{
    int32_t n_classes = k->n_classes > 0 ? k->n_classes : 3;
    int32_t n_inputs = k->n_inputs > 0 ? k->n_inputs : 7;
    n_inputs = k->config.kind == NET_CONV ? k->image[0] * k->image[1] : n_inputs;
    struct toy toy = k->regression ? toy_numbers(n_rows, n_inputs, seed)
                                   : toy_noise(n_rows, n_inputs, n_classes, seed);
    toy.rows.image_rows = k->image[0];
    toy.rows.image_columns = k->image[1];
    return toy;
}

#endif
