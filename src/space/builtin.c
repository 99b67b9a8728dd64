/* The built-in space as one table: every hyperparameter our network has.
 *
 * What always holds: the reference network is the column of fallbacks; the first ten rows keep
 * their order, and so do the choices, because older logs and moves count on them; a condition
 * stands behind the choice it depends on. */
#include "tiller/space.h"

#include <string.h>

enum { OPTIMIZER = 2, NETWORK = 10, INIT = 24 }; /* rows that switch others on */
#define BIT(k) (UINT32_C(1) << (k))

/* NOLINTBEGIN(bugprone-macro-parentheses): parts of initialisers */
#define ALWAYS .active_if = -1
#define UNDER(row, choices) .active_if = (row), .active_choices = (choices)
#define WORD(w)                                                                                    \
    {                                                                                              \
        w, "\"" w "\""                                                                             \
    }
#define RANGE(low_, high_, fallback_) .low = (low_), .high = (high_), .fallback = (fallback_)
#define LOG_RANGE(low_, high_, fallback_) RANGE(low_, high_, fallback_), .log = true
#define FLOAT .kind = HYPER_FLOAT
#define INT .kind = HYPER_INT, .step = 1
#define INT_BY(step_) .kind = HYPER_INT, .step = (step_)
#define CHOICES(n, ...) .kind = HYPER_CATEGORICAL, .n_choices = (n), .choice = {__VA_ARGS__}
#define HELD .held = true
/* NOLINTEND(bugprone-macro-parentheses) */

/* weight_decay and gradient_clip: a log axis has no 0, so one end stands for none (net_config_from
 * reads it so); the sentence says it. */
/* clang-format off */
static const struct space builtin = {.n = 28, .h = {
    {"learning_rate", FLOAT, LOG_RANGE(1e-4, 0.1, 0.001), ALWAYS, .role = ROLE_LEARNING_RATE,
     .about = "step size at the schedule's start"},
    {"batch_size", INT, LOG_RANGE(8, 512, 32), ALWAYS, .role = ROLE_BATCH,
     .about = "rows per step"},
    {"optimizer", CHOICES(5, WORD("adam"), WORD("sgd"), WORD("nesterov"), WORD("rmsprop"),
                          WORD("adamw")), .n_sampled = 2, ALWAYS,
     .about = "how gradients become steps"},
    {"momentum", FLOAT, RANGE(0, 0.99, 0.9), UNDER(OPTIMIZER, BIT(1) | BIT(2)),
     .about = "share of the last step kept (sgd and nesterov)"},
    {"weight_decay", FLOAT, LOG_RANGE(1e-7, 0.01, 1e-7), ALWAYS, .role = ROLE_DECAY,
     .about = "pull of the weights towards 0; 1e-07 means none"},
    {"num_layers", INT, RANGE(1, 4, 1), ALWAYS, .role = ROLE_LAYERS,
     .about = "hidden layers"},
    {"units", INT, LOG_RANGE(8, 1024, 128), ALWAYS, .role = ROLE_UNITS,
     .about = "units of each hidden layer"},
    {"dropout", FLOAT, RANGE(0, 0.7, 0.2), ALWAYS, .role = ROLE_DROPOUT,
     .about = "share of hidden outputs dropped in training"},
    {"activation", CHOICES(6, WORD("relu"), WORD("tanh"), WORD("leaky_relu"), WORD("sigmoid"),
                           WORD("gelu"), WORD("silu")), .n_sampled = 2, ALWAYS,
     .about = "what a unit does to its sum"},
    {"schedule", CHOICES(4, WORD("constant"), WORD("cosine"), WORD("step"), WORD("one_cycle")),
     .n_sampled = 2, ALWAYS,
     .about = "how the learning rate goes over the epochs"},
    {"network", CHOICES(2, WORD("perceptron"), WORD("conv")), ALWAYS, HELD,
     .about = "dense layers only, or convolutions first (images)"},
    {"conv_layers", INT, RANGE(1, 3, 2), UNDER(NETWORK, BIT(1)), HELD,
     .about = "convolutions, each with pooling behind it"},
    {"filters", INT, LOG_RANGE(4, 128, 16), UNDER(NETWORK, BIT(1)), HELD,
     .about = "of the first convolution; then twice as many each"},
    {"kernel_size", INT_BY(2), RANGE(3, 5, 3), UNDER(NETWORK, BIT(1)), HELD,
     .about = "pixels of a convolution's side: 3 or 5"},
    {"pooling", CHOICES(2, WORD("max"), WORD("average")), UNDER(NETWORK, BIT(1)), HELD,
     .about = "what 2x2 pixels become behind a convolution"},
    {"normalization", CHOICES(3, WORD("none"), WORD("batch"), WORD("layer")), ALWAYS, HELD,
     .about = "of hidden sums, over the batch or the layer"},
    {"residual", CHOICES(2, WORD("no"), WORD("yes")), ALWAYS, HELD,
     .about = "adds a hidden layer's input to its output"},
    {"initialization", CHOICES(4, WORD("auto"), WORD("he"), WORD("xavier"), WORD("orthogonal")),
     ALWAYS, HELD,
     .about = "first weights; auto: he for relu and kin, or xavier"},
    {"warmup_epochs", FLOAT, RANGE(0, 10, 0), ALWAYS, HELD,
     .about = "epochs in which the learning rate rises from 0"},
    {"gradient_clip", FLOAT, LOG_RANGE(0.01, 100, 100), ALWAYS, HELD,
     .about = "largest norm of a gradient; 100 means none"},
    {"label_smoothing", FLOAT, RANGE(0, 0.3, 0), ALWAYS, HELD,
     .about = "share of the target spread over all classes"},
    {"class_weights", CHOICES(2, WORD("none"), WORD("balanced")), ALWAYS, HELD,
     .about = "balanced: rows of rare classes weigh more"},
    {"input_noise", FLOAT, RANGE(0, 0.5, 0), ALWAYS, HELD,
     .about = "standard deviation of noise on inputs in training"},
    {"shift", INT, RANGE(0, 4, 0), ALWAYS, HELD,
     .about = "images move by up to so many pixels in training"},
    {"init", CHOICES(2, WORD("weights"), WORD("random")), ALWAYS,
     .about = "begin with the weights given, or random ones"},
    {"freeze", INT, RANGE(0, 4, 0), UNDER(INIT, BIT(0)),
     .about = "the first so many layers do not learn"},
    {"thaw_epoch", INT, RANGE(0, 50, 0), UNDER(INIT, BIT(0)), HELD,
     .about = "from here on frozen layers learn; 0 means never"},
    {"carried_rate", FLOAT, LOG_RANGE(0.01, 1, 1), UNDER(INIT, BIT(0)),
     .about = "rate of carried layers, as a share of the others'"},
}};
/* clang-format on */

const struct space *space_builtin(void)
{
    return &builtin;
}

/* ---- what a task can use ----------------------------------------------------------------- */

static const struct {
    const char *name;
    enum space_trait trait;
} needs[] = {
    {"network", SPACE_IMAGES},
    {"conv_layers", SPACE_IMAGES},
    {"filters", SPACE_IMAGES},
    {"kernel_size", SPACE_IMAGES},
    {"pooling", SPACE_IMAGES},
    {"shift", SPACE_IMAGES},
    {"label_smoothing", SPACE_CLASSES},
    {"class_weights", SPACE_CLASSES},
    {"init", SPACE_WEIGHTS},
    {"freeze", SPACE_WEIGHTS},
    {"thaw_epoch", SPACE_WEIGHTS},
    {"carried_rate", SPACE_WEIGHTS},
};

/* 0: none. */
static unsigned trait_of(const char *name)
{
    for (size_t i = 0; i < sizeof needs / sizeof *needs; i++)
        if (strcmp(needs[i].name, name) == 0)
            return needs[i].trait;
    return 0;
}

void space_of_task(unsigned traits, struct space *out)
{
    int new_index[SPACE_MAX];
    memset(out, 0, sizeof *out);
    for (int i = 0; i < builtin.n; i++) {
        unsigned needed = trait_of(builtin.h[i].name);
        new_index[i] = out->n;
        if ((traits & needed) != needed)
            continue;
        struct hyperparameter *h = &out->h[out->n++];
        *h = builtin.h[i];
        /* What it depends on has the same traits and stands before it. */
        if (h->active_if >= 0)
            h->active_if = new_index[h->active_if];
    }
}

enum err space_refuse_name(const struct space *space, const char *name, struct err_info *info)
{
    static const struct {
        const char *why, *hint;
    } missing[] = {
        [0] = {"is none of this study's hyperparameters", "leave it out"},
        [SPACE_IMAGES] = {"is for images only", "leave it out"},
        [SPACE_CLASSES] = {"is for classes only", "leave it out"},
        [SPACE_WEIGHTS] = {"is for a network that starts with weights",
                           "start with --from WEIGHTS, or leave it out"},
    };
    char hint[128];
    unsigned trait = trait_of(name);
    if (space_find(&builtin, name) >= 0)
        return err_set(info, ERR_USAGE, name, missing[trait].hint, "%s", missing[trait].why);
    const char *near = space_nearest(space, name);
    text_format(hint, sizeof hint, near ? "did you mean %s?" : "'tiller train --help' lists them",
                near);
    return err_set(info, ERR_USAGE, name, hint, "no such hyperparameter");
}
