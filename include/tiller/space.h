/* space: hyperparameters: names, kinds, ranges; configurations; checking what people type.
 *
 * A configuration is an array of *internal* values in the order of its space, as Optuna stores
 * them: the number itself, or the index of the choice. The space of a study may be our network's
 * (space_builtin), a narrowed one (space_load), or one gathered from a foreign study's trials. */
#ifndef TILLER_SPACE_H
#define TILLER_SPACE_H

#include "tiller/base.h"

#define SPACE_MAX 32
#define SPACE_NAME_MAX 48
#define SPACE_CHOICES_MAX 24

struct cJSON;

enum hyper_kind { HYPER_FLOAT, HYPER_INT, HYPER_CATEGORICAL };
/* What a hyperparameter does, so that moves work on any space. */
enum hyper_role {
    ROLE_NONE,
    ROLE_LEARNING_RATE,
    ROLE_UNITS,   /* capacity: width */
    ROLE_LAYERS,  /* capacity: depth */
    ROLE_DROPOUT, /* regularisation on a linear axis */
    ROLE_DECAY,   /* regularisation on a log axis */
    ROLE_BATCH
};

struct hyper_choice {
    char text[32]; /* what people type and read: adam */
    char json[40]; /* as it stands in the journal: "adam" with quotes, null, 0.5 ... */
};

struct hyperparameter {
    char name[SPACE_NAME_MAX];
    enum hyper_kind kind;
    enum hyper_role role;
    bool log;
    double low, high; /* float, int; both ends belong to the range */
    double step;      /* 0: none (float); int: 1 */
    int n_choices;
    struct hyper_choice choice[SPACE_CHOICES_MAX];
    double fallback;         /* internal value when inactive or not said */
    int active_if;           /* index of a categorical that switches it on; -1: always active */
    uint32_t active_choices; /* bit k: its choice k does so */
    bool held;      /* samplers leave it at its fallback; people may set it to anything in range */
    int n_sampled;  /* categorical: samplers draw from the first so many choices; 0: from all */
    char about[96]; /* one sentence for help and forms; "" for foreign ones */
};

struct space {
    int n;
    struct hyperparameter h[SPACE_MAX];
};

struct configuration {
    double value[SPACE_MAX]; /* internal; fallback where not set */
    uint32_t set;            /* bit i: value i is present (said, or active) */
};

/* Our network's space (one table in src/space/builtin.c; the man page quotes it): all
 * hyperparameters there are. The fallbacks are the reference network's values. Samplers draw
 * learning_rate batch_size optimizer momentum weight_decay num_layers units dropout activation
 * schedule, and of a network that starts with weights init freeze carried_rate; the others are held
 * until somebody frees them. */
const struct space *space_builtin(void);

/* The built-in space without what a task of these traits can't use. */
enum space_trait {
    SPACE_IMAGES = 1,  /* network conv_layers filters kernel_size pooling shift */
    SPACE_CLASSES = 2, /* label_smoothing class_weights */
    SPACE_WEIGHTS = 4  /* init freeze thaw_epoch carried_rate: started with --from */
};
void space_of_task(unsigned traits, struct space *out);
/* Let samplers draw hyperparameter i over its whole range, all choices included. */
void space_release(struct space *space, int i);
int space_sampled_choices(const struct hyperparameter *h); /* how many choices samplers draw from */
/* Hold it at a value as typed. Errors: as space_set_text. */
enum err space_hold(struct space *space, int i, const char *value, struct err_info *info);

/* space_load: base narrowed or fixed by a JSON file {"learning_rate": {"low": .., "high": ..},
 * "optimizer": {"choices": ["adam", "adamw"]}, "num_layers": 2}. A range or choices release, all of
 * the named choices are sampled; one value holds, and is then the only one possible. Unknown names,
 * empty or wider ranges are ERR_INPUT with line and the nearest name. */
enum err space_load(const char *path, const struct space *base, struct space *out,
                    struct err_info *info);

int space_find(const struct space *space, const char *name); /* -1: none */
/* The choices of `from` in the mask, as a mask of the choices of `to` with the same JSON. */
uint32_t space_same_choices(const struct hyperparameter *from, uint32_t mask,
                            const struct hyperparameter *to);
int space_find_role(const struct space *space, enum hyper_role role);
const char *space_nearest(const struct space *space, const char *name); /* NULL: none near */
/* ERR_USAGE for a name that the space lacks: what it would need (images, weights ...), or the
 * nearest one. */
enum err space_refuse_name(const struct space *space, const char *name, struct err_info *info);

/* Is value i counted in this configuration? (momentum only under sgd ...) What it depends on has
 * to be active too. */
bool space_is_active(const struct space *space, const struct configuration *c, int i);
/* All fallbacks, tidied. */
void space_default(const struct space *space, struct configuration *out);
/* Marks set exactly the active ones, but for held ones at their fallback where the built-in space
 * has the same, and brings the inactive ones to their fallback (decisions 15). */
void space_tidy(const struct space *space, struct configuration *c);
/* Held ones at their fallback, the others drawn. */
void space_sample(const struct space *space, struct rng *rng, struct configuration *out);
/* The same from given numbers: u[n] in [0,1) are places on the natural axes, choices have equal
 * parts of theirs (only those that are sampled). */
void space_place(const struct space *space, const double *u, struct configuration *out);
/* [0,1]^n on each hyperparameter's natural axis (log where log; categorical: index/(n-1)), inactive
 * at the fallback; decode rounds to the grid and clips. */
void space_encode(const struct space *space, const struct configuration *c, double *unit);
void space_decode(const struct space *space, const double *unit, struct configuration *out);
bool space_same(const struct space *space, const struct configuration *a,
                const struct configuration *b); /* equal in all active values */

/* space_set_text: check and set one value as typed ("0.003", "adam"). Errors: ERR_RANGE with name,
 * kind, range and nearest choice in the message. */
enum err space_set_text(const struct space *space, struct configuration *c, int i,
                        const char *value, struct err_info *info);
/* "name=value"; unknown names suggest the nearest. *index (may be NULL) tells which. */
enum err space_set_pair(const struct space *space, struct configuration *c, const char *pair,
                        int *index, struct err_info *info);
/* Value as people read it, 3 significant digits for floats; exact: as it reads back. */
const char *space_value_text(const struct space *space, const struct configuration *c, int i,
                             bool exact, char *out, size_t out_size);
/* "learning_rate=0.0021 batch_size=64 ..." of the active values, exact; for copy-as-command. */
void space_format(const struct space *space, const struct configuration *c, struct text *out);

/* Optuna's distribution object of hyperparameter i: {"name": "FloatDistribution", ...}. */
void space_put_distribution(const struct space *space, int i, struct text *out);
/* The reverse, for foreign trials (old names too). Errors: ERR_INPUT. */
enum err space_read_distribution(const char *name, const struct cJSON *distribution,
                                 struct hyperparameter *out, struct err_info *info);
/* External JSON value ("adam", 0.01) to internal; false if not allowed. */
bool space_read_external(const struct space *space, int i, const struct cJSON *item, double *out);
void space_put_external(const struct space *space, int i, double internal, struct text *out);
/* The `space` study attribute: {name: distribution, ...}, a distribution with "held": value or
 * "fallback": value, and "n_sampled": n, as further members where they apply. space_read_json:
 * ERR_INPUT; ERR_RANGE if one of these is not possible. */
void space_put_json(const struct space *space, struct text *out);
enum err space_read_json(const struct cJSON *object, struct space *out, struct err_info *info);

#endif
