/* net_config: a configuration of the search space as the network understands it. Hyperparameters
 * are found by name, so a narrowed space, or one that lacks some of them, works as well; what it
 * lacks has the reference network's value. */
#include "tiller/engine.h"

#include <math.h>
#include <string.h>

/* The value under name; NULL-safe look-up of what may not be in the space. */
static double number(const struct space *space, const struct configuration *c, const char *name,
                     double otherwise)
{
    int i = space_find(space, name);
    return i >= 0 ? c->value[i] : otherwise;
}

static int whole(const struct space *space, const struct configuration *c, const char *name,
                 int otherwise)
{
    return (int)lround(number(space, c, name, otherwise));
}

/* The word chosen under name; NULL if the space has no such choice. */
static const char *word(const struct space *space, const struct configuration *c, const char *name)
{
    int i = space_find(space, name);
    if (i < 0 || space->h[i].kind != HYPER_CATEGORICAL)
        return NULL;
    int choice = (int)lround(c->value[i]);
    return choice >= 0 && choice < space->h[i].n_choices ? space->h[i].choice[choice].text : NULL;
}

/* Has the space that word under name, and is it chosen? */
static bool is_word(const struct space *space, const struct configuration *c, const char *name,
                    const char *wanted)
{
    const char *chosen = word(space, c, name);
    return chosen && strcmp(chosen, wanted) == 0;
}

/* A log axis has no 0: one end of the built-in space's stands for "none", in narrowed spaces too.
 */
static double weight_decay(const struct space *space, const struct configuration *c)
{
    const struct space *builtin = space_builtin();
    double value = number(space, c, "weight_decay", 0);
    return value > builtin->h[space_find(builtin, "weight_decay")].low ? value : 0;
}

static double gradient_clip(const struct space *space, const struct configuration *c)
{
    const struct space *builtin = space_builtin();
    double value = number(space, c, "gradient_clip", 0);
    return value < builtin->h[space_find(builtin, "gradient_clip")].high ? value : 0;
}

/* NOLINTBEGIN(bugprone-macro-parentheses): names of types can't stand in parentheses */
#define FIND(type, name_of)                                                                        \
    static enum type find_##type(const char *text, enum type otherwise)                            \
    {                                                                                              \
        const char *name;                                                                          \
        for (unsigned i = 0; text && (name = name_of((enum type)i)) != NULL; i++)                  \
            if (strcmp(name, text) == 0)                                                           \
                return (enum type)i;                                                               \
        return otherwise;                                                                          \
    }
FIND(net_kind, net_kind_name)
FIND(net_activation, net_activation_name)
FIND(net_normalization, net_normalization_name)
FIND(net_pooling, net_pooling_name)
FIND(net_initialization, net_initialization_name)
FIND(net_optimizer, net_optimizer_name)
FIND(net_schedule, net_schedule_name)
/* NOLINTEND(bugprone-macro-parentheses) */

static void layers_from(const struct space *space, const struct configuration *c,
                        struct net_config *n)
{
    n->num_layers = whole(space, c, "num_layers", n->num_layers);
    n->units = whole(space, c, "units", n->units);
    n->activation = find_net_activation(word(space, c, "activation"), n->activation);
    n->kind = find_net_kind(word(space, c, "network"), n->kind);
    n->conv_layers = whole(space, c, "conv_layers", n->conv_layers);
    n->filters = whole(space, c, "filters", n->filters);
    n->kernel_size = whole(space, c, "kernel_size", n->kernel_size);
    n->pooling = find_net_pooling(word(space, c, "pooling"), n->pooling);
    n->normalization = find_net_normalization(word(space, c, "normalization"), n->normalization);
    n->residual = is_word(space, c, "residual", "yes");
    n->initialization =
        find_net_initialization(word(space, c, "initialization"), n->initialization);
}

static void steps_from(const struct space *space, const struct configuration *c,
                       struct net_config *n)
{
    n->optimizer = find_net_optimizer(word(space, c, "optimizer"), n->optimizer);
    n->learning_rate = number(space, c, "learning_rate", n->learning_rate);
    n->momentum = number(space, c, "momentum", n->momentum);
    n->batch_size = whole(space, c, "batch_size", n->batch_size);
    n->schedule = find_net_schedule(word(space, c, "schedule"), n->schedule);
    n->warmup_epochs = number(space, c, "warmup_epochs", n->warmup_epochs);
    n->gradient_clip = gradient_clip(space, c);
}

static void regularisation_from(const struct space *space, const struct configuration *c,
                                struct net_config *n)
{
    n->dropout = number(space, c, "dropout", n->dropout);
    n->weight_decay = weight_decay(space, c);
    n->label_smoothing = number(space, c, "label_smoothing", n->label_smoothing);
    n->class_weights = is_word(space, c, "class_weights", "balanced");
    n->input_noise = number(space, c, "input_noise", n->input_noise);
    n->shift = whole(space, c, "shift", n->shift);
}

/* A space without `init` is that of a study without weights to start from. */
static void carried_from(const struct space *space, const struct configuration *c,
                         struct net_config *n)
{
    n->from_weights = is_word(space, c, "init", "weights");
    n->freeze = whole(space, c, "freeze", n->freeze);
    n->thaw_epoch = whole(space, c, "thaw_epoch", n->thaw_epoch);
    n->carried_rate = number(space, c, "carried_rate", n->carried_rate);
}

struct net_config net_config_from(const struct space *space, const struct configuration *c,
                                  int full_epochs, uint64_t rng_seed)
{
    struct net_config n = net_config_reference();
    layers_from(space, c, &n);
    steps_from(space, c, &n);
    regularisation_from(space, c, &n);
    carried_from(space, c, &n);
    n.schedule_epochs = full_epochs > 0 ? full_epochs : 1;
    n.rng_seed = rng_seed;
    return n;
}

void net_space_of(const struct data_set *set, bool from_weights, struct space *out)
{
    unsigned traits = (set->image_rows > 0 ? SPACE_IMAGES : 0) |
                      (set->task == DATA_CLASSIFICATION ? SPACE_CLASSES : 0) |
                      (from_weights ? SPACE_WEIGHTS : 0);
    space_of_task(traits, out);
}
