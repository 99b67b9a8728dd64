/* config: what decides a training: names, defaults, ranges, as JSON and back.
 *
 * Every member of struct net_config but the seed stands in one table; checking, writing and reading
 * go through it. */
#include "internal.h"

#include <cjson/cJSON.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define LAST(a) ((int)COUNT(a) - 1)

static const char *const kind_names[] = {[NET_PERCEPTRON] = "perceptron", [NET_CONV] = "conv"};
static const char *const activation_names[] = {
    [NET_RELU] = "relu",       [NET_TANH] = "tanh", [NET_LEAKY_RELU] = "leaky_relu",
    [NET_SIGMOID] = "sigmoid", [NET_GELU] = "gelu", [NET_SILU] = "silu"};
static const char *const normalization_names[] = {
    [NET_NORM_NONE] = "none", [NET_NORM_BATCH] = "batch", [NET_NORM_LAYER] = "layer"};
static const char *const pooling_names[] = {[NET_POOL_MAX] = "max", [NET_POOL_AVERAGE] = "average"};
static const char *const initialization_names[] = {[NET_INIT_AUTO] = "auto",
                                                   [NET_INIT_HE] = "he",
                                                   [NET_INIT_XAVIER] = "xavier",
                                                   [NET_INIT_ORTHOGONAL] = "orthogonal"};
static const char *const optimizer_names[] = {[NET_SGD] = "sgd",
                                              [NET_ADAM] = "adam",
                                              [NET_NESTEROV] = "nesterov",
                                              [NET_RMSPROP] = "rmsprop",
                                              [NET_ADAMW] = "adamw"};
static const char *const schedule_names[] = {[NET_CONSTANT] = "constant",
                                             [NET_COSINE] = "cosine",
                                             [NET_STEP] = "step",
                                             [NET_ONE_CYCLE] = "one_cycle"};

static const char *name_of(const char *const *names, size_t n, unsigned i)
{
    return i < n ? names[i] : NULL;
}

const char *net_kind_name(enum net_kind k)
{
    return name_of(kind_names, COUNT(kind_names), k);
}

const char *net_activation_name(enum net_activation a)
{
    return name_of(activation_names, COUNT(activation_names), a);
}

const char *net_normalization_name(enum net_normalization n)
{
    return name_of(normalization_names, COUNT(normalization_names), n);
}

const char *net_pooling_name(enum net_pooling p)
{
    return name_of(pooling_names, COUNT(pooling_names), p);
}

const char *net_initialization_name(enum net_initialization i)
{
    return name_of(initialization_names, COUNT(initialization_names), i);
}

const char *net_optimizer_name(enum net_optimizer o)
{
    return name_of(optimizer_names, COUNT(optimizer_names), o);
}

const char *net_schedule_name(enum net_schedule s)
{
    return name_of(schedule_names, COUNT(schedule_names), s);
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
        .batch_size = 32,
        .schedule = NET_CONSTANT,
        .schedule_epochs = 10,
        .cycle_rate_scale = 1,
        .conv_layers = 2,
        .filters = 16,
        .kernel_size = 3,
        .carried_rate = 1,
    };
}

/* ---- the table --------------------------------------------------------------------------- */

enum field_kind { FIELD_INT, FIELD_NUMBER, FIELD_BOOL, FIELD_WORD };

struct field {
    const char *name;
    enum field_kind kind;
    bool optional; /* absent in files of the first version: 0 */
    size_t offset;
    double low, high;
    const char *const *words; /* FIELD_WORD: [high + 1] */
};

/* clang-format off */
#define FIELD(member, kind, optional, low, high, words)                                            \
    {#member, kind, optional, offsetof(struct net_config, member), low, high, words}
/* clang-format on */
#define WHOLE(member, low, high, optional) FIELD(member, FIELD_INT, optional, low, high, NULL)
#define NUMBER(member, low, high, optional) FIELD(member, FIELD_NUMBER, optional, low, high, NULL)
#define SWITCH(member) FIELD(member, FIELD_BOOL, true, 0, 1, NULL)
#define WORD(member, words, optional) FIELD(member, FIELD_WORD, optional, 0, LAST(words), words)
#define BELOW_1 0.9999999999999999

static const struct field fields[] = {
    WHOLE(num_layers, 1, NET_MAX_HIDDEN, false),
    WHOLE(units, 1, NET_MAX_UNITS, false),
    WORD(activation, activation_names, false),
    NUMBER(dropout, 0, 0.9, false),
    WORD(optimizer, optimizer_names, false),
    NUMBER(learning_rate, 0, 1e6, false),
    NUMBER(momentum, 0, BELOW_1, false),
    NUMBER(weight_decay, 0, 1e6, false),
    WHOLE(batch_size, 1, INT_MAX, false),
    WORD(schedule, schedule_names, false),
    WHOLE(schedule_epochs, 1, INT_MAX, false),
    NUMBER(cycle_rate_scale, 0, 1e6, false),
    WHOLE(cycle_first_epoch, 0, INT_MAX, false),
    WORD(kind, kind_names, true),
    WHOLE(conv_layers, 0, NET_MAX_CONV, true),
    WHOLE(filters, 0, 256, true),
    WHOLE(kernel_size, 0, 5, true),
    WORD(pooling, pooling_names, true),
    WORD(normalization, normalization_names, true),
    SWITCH(residual),
    WORD(initialization, initialization_names, true),
    NUMBER(warmup_epochs, 0, 1e6, true),
    NUMBER(gradient_clip, 0, 1e6, true),
    NUMBER(label_smoothing, 0, 0.9, true),
    SWITCH(class_weights),
    NUMBER(input_noise, 0, 1e3, true),
    WHOLE(shift, 0, 1000, true),
    SWITCH(from_weights),
    WHOLE(freeze, 0, NET_MAX_LAYERS, true),
    WHOLE(thaw_epoch, 0, INT_MAX, true),
    NUMBER(carried_rate, 0, 1, true),
};

static double field_value(const struct field *f, const struct net_config *c)
{
    const char *at = (const char *)c + f->offset;
    switch (f->kind) {
    case FIELD_INT:
        return *(const int *)(const void *)at;
    case FIELD_NUMBER:
        return *(const double *)(const void *)at;
    case FIELD_BOOL:
        return *(const bool *)at;
    case FIELD_WORD:
        return *(const unsigned *)(const void *)at;
    }
    return 0;
}

static void set_field(const struct field *f, struct net_config *c, double value)
{
    char *at = (char *)c + f->offset;
    switch (f->kind) {
    case FIELD_INT:
        *(int *)(void *)at = (int)value;
        break;
    case FIELD_NUMBER:
        *(double *)(void *)at = value;
        break;
    case FIELD_BOOL:
        *(bool *)at = value != 0;
        break;
    case FIELD_WORD:
        *(unsigned *)(void *)at = (unsigned)value;
        break;
    }
}

/* ---- checking ---------------------------------------------------------------------------- */

static enum err check_conv(const struct net_config *c, const struct net_rows *rows,
                           struct err_info *info)
{
    if (c->conv_layers < 1 || c->filters < 1 || (c->kernel_size != 3 && c->kernel_size != 5))
        return err_set(
            info, ERR_RANGE, "network", NULL,
            "%d convolutions of %d filters of size %d: at least one of each, size 3 or 5",
            c->conv_layers, c->filters, c->kernel_size);
    if (rows->image_rows < 1 || rows->image_columns < 1 ||
        (int64_t)rows->image_rows * rows->image_columns != rows->n_inputs)
        return err_set(info, ERR_RANGE, "network", "use network=perceptron",
                       "a convolution needs images, and these rows are none");
    if ((int64_t)rows->n_inputs * (c->filters << (c->conv_layers - 1)) > INT_MAX / 32)
        return err_set(info, ERR_RANGE, "filters", NULL, "too many for images of this size");
    return ERR_OK;
}

enum err net_config_check(const struct net_config *c, const struct net_rows *rows,
                          struct err_info *info)
{
    for (size_t i = 0; i < COUNT(fields); i++) {
        double value = field_value(&fields[i], c);
        if (!(value >= fields[i].low && value <= fields[i].high))
            return err_set(info, ERR_RANGE, fields[i].name, NULL, "%g is not between %g and %g",
                           value, fields[i].low, fields[i].high);
    }
    return c->kind == NET_CONV ? check_conv(c, rows, info) : ERR_OK;
}

/* ---- JSON -------------------------------------------------------------------------------- */

/* 64 bits as text: JSON's numbers hold 53. */
static void put_u64(struct json_writer *w, const char *name, uint64_t value)
{
    char digits[24];
    json_put_string(w, name, text_format(digits, sizeof digits, "%llu", (unsigned long long)value));
}

static bool get_u64(const cJSON *o, const char *name, uint64_t *out)
{
    const char *digits = json_get_string(o, name);
    size_t n = digits ? strspn(digits, "0123456789") : 0;
    if (n == 0 || n > 20 || digits[n] != 0)
        return false;
    *out = strtoull(digits, NULL, 10);
    return true;
}

void net_config_put(struct json_writer *w, const struct net_config *c)
{
    for (size_t i = 0; i < COUNT(fields); i++) {
        const struct field *f = &fields[i];
        double value = field_value(f, c);
        if (f->kind == FIELD_WORD)
            json_put_string(w, f->name, name_of(f->words, (size_t)f->high + 1, (unsigned)value));
        else if (f->kind == FIELD_BOOL)
            json_put_bool(w, f->name, value != 0);
        else if (f->kind == FIELD_INT)
            json_put_int(w, f->name, (int64_t)value);
        else
            json_put_number(w, f->name, value);
    }
    put_u64(w, "rng_seed", c->rng_seed);
}

static bool get_field(const struct field *f, const cJSON *o, double *value)
{
    bool on = false;
    if (f->kind == FIELD_BOOL) {
        bool found = json_get_bool(o, f->name, &on);
        *value = on;
        return found;
    }
    if (f->kind != FIELD_WORD)
        return json_get_number(o, f->name, value);
    const char *word = json_get_string(o, f->name);
    for (unsigned i = 0; word && i <= (unsigned)f->high; i++)
        if (strcmp(f->words[i], word) == 0) {
            *value = i;
            return true;
        }
    return false;
}

bool net_config_get(const cJSON *o, struct net_config *out)
{
    *out = (struct net_config){0};
    for (size_t i = 0; i < COUNT(fields); i++) {
        const struct field *f = &fields[i];
        double value = 0;
        if (!get_field(f, o, &value) && !(f->optional && !json_get(o, f->name)))
            return false;
        if (!(value >= f->low && value <= f->high) ||
            (f->kind == FIELD_INT && value != floor(value)))
            return false;
        set_field(f, out, value);
    }
    return get_u64(o, "rng_seed", &out->rng_seed);
}
