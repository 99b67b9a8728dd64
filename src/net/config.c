/* config: what decides a training: names, defaults, ranges, and what it will cost in memory. */
#include "internal.h"

#include <limits.h>
#include <math.h>
#include <string.h>

static const char *const activation_names[] = {[NET_RELU] = "relu", [NET_TANH] = "tanh"};
static const char *const optimizer_names[] = {[NET_SGD] = "sgd", [NET_ADAM] = "adam"};
static const char *const schedule_names[] = {[NET_CONSTANT] = "constant", [NET_COSINE] = "cosine"};
#define COUNT(a) (sizeof(a) / sizeof *(a))

static const char *name_of(const char *const *names, size_t n, unsigned i)
{
    return i < n ? names[i] : NULL;
}

static int find_name(const char *const *names, size_t n, const char *name)
{
    for (size_t i = 0; name && i < n; i++)
        if (strcmp(names[i], name) == 0)
            return (int)i;
    return -1;
}

const char *net_activation_name(enum net_activation a)
{
    return name_of(activation_names, COUNT(activation_names), a);
}

const char *net_optimizer_name(enum net_optimizer o)
{
    return name_of(optimizer_names, COUNT(optimizer_names), o);
}

const char *net_schedule_name(enum net_schedule s)
{
    return name_of(schedule_names, COUNT(schedule_names), s);
}

int net_activation_find(const char *name)
{
    return find_name(activation_names, COUNT(activation_names), name);
}

int net_optimizer_find(const char *name)
{
    return find_name(optimizer_names, COUNT(optimizer_names), name);
}

int net_schedule_find(const char *name)
{
    return find_name(schedule_names, COUNT(schedule_names), name);
}

struct net_config net_config_reference(void)
{
    return (struct net_config){
        .num_layers = 1,
        .units = 128,
        .activation = NET_RELU,
        .dropout = 0.2,
        .optimizer = NET_ADAM,
        .learning_rate = 0.001,
        .momentum = 0.9,
        .weight_decay = 0,
        .batch_size = 32,
        .schedule = NET_CONSTANT,
        .schedule_epochs = 10,
        .cycle_rate_scale = 1,
        .cycle_first_epoch = 0,
        .rng_seed = 0,
    };
}

enum err net_config_check(const struct net_config *c, struct err_info *info)
{
    const struct {
        const char *name;
        double value, low, high;
    } fields[] = {
        {"num_layers", c->num_layers, 1, NET_MAX_HIDDEN},
        {"units", c->units, 1, NET_MAX_UNITS},
        {"activation", c->activation, 0, COUNT(activation_names) - 1},
        {"dropout", c->dropout, 0, 0.9},
        {"optimizer", c->optimizer, 0, COUNT(optimizer_names) - 1},
        {"learning_rate", c->learning_rate, 0, 1e6},
        {"momentum", c->momentum, 0, nextafter(1, 0)},
        {"weight_decay", c->weight_decay, 0, 1e6},
        {"batch_size", c->batch_size, 1, INT_MAX},
        {"schedule", c->schedule, 0, COUNT(schedule_names) - 1},
        {"schedule_epochs", c->schedule_epochs, 1, INT_MAX},
        {"cycle_rate_scale", c->cycle_rate_scale, 0, 1e6},
        {"cycle_first_epoch", c->cycle_first_epoch, 0, INT_MAX},
    };
    for (size_t i = 0; i < COUNT(fields); i++)
        if (!(fields[i].value >= fields[i].low && fields[i].value <= fields[i].high))
            return err_set(info, ERR_RANGE, fields[i].name, NULL, "%g is not between %g and %g",
                           fields[i].value, fields[i].low, fields[i].high);
    return ERR_OK;
}

size_t net_count_parameters(const struct net_config *config, const struct net_rows *shape)
{
    size_t in = (size_t)shape->n_inputs, units = (size_t)config->units, total = 0;
    for (int i = 0; i < config->num_layers; i++, in = units)
        total += (in + 1) * units;
    return total + (in + 1) * (size_t)shape->n_classes;
}

size_t net_memory_bytes(const struct net_config *config, const struct net_rows *shape)
{
    struct training t = {0};
    training_shape(&t, config, shape);
    size_t floats = training_lay_out(&t, NULL);
    return sizeof t + floats * sizeof(float) +
           ((size_t)t.batch_size + (size_t)shape->n_rows) * sizeof(int32_t) +
           3 * (size_t)shape->n_classes * sizeof(int64_t);
}
