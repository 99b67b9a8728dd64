/* starting points: a few well-spread configurations that do well on many kinds of data, written by
 * hand; the same for every data set. The first is the space's default. */
#include "internal.h"

#include <math.h>
#include <string.h>

/* Each is the default with these values in place, where the space has them. */
static const struct {
    const char *about;
    const char *pairs[8];
} points[] = {
    {"the reference network", {NULL}},
    {"two wide layers, much dropout, cosine schedule",
     {"num_layers=2", "units=512", "dropout=0.5", "learning_rate=0.001", "batch_size=32",
      "schedule=cosine", NULL}},
    {"one wide layer, a higher rate, cosine schedule",
     {"units=512", "dropout=0.3", "learning_rate=0.003", "batch_size=64", "schedule=cosine", NULL}},
    {"two layers, little dropout, a high rate, cosine schedule",
     {"num_layers=2", "units=256", "dropout=0.1", "learning_rate=0.005", "batch_size=32",
      "schedule=cosine", NULL}},
};

int starting_point_count(void)
{
    return (int)(sizeof points / sizeof *points);
}

const char *starting_point_about(int i)
{
    return points[i].about;
}

/* "name=value" brought into the space: a number outside the range goes to its end; a name or choice
 * that the space lacks, and what is held, stays at its default. */
static void fit(const struct space *space, const char *pair, struct configuration *c)
{
    char name[SPACE_NAME_MAX];
    const char *equals = strchr(pair, '=');
    text_format(name, sizeof name, "%.*s", (int)(equals - pair), pair);
    int i = space_find(space, name);
    double number;
    if (i < 0 || space->h[i].held)
        return;
    const struct hyperparameter *h = &space->h[i];
    if (h->kind != HYPER_CATEGORICAL && text_parse_double(equals + 1, &number))
        c->value[i] = fmin(fmax(number, h->low), h->high);
    else
        space_set_text(space, c, i, equals + 1, NULL);
}

void starting_point(const struct space *space, int i, struct configuration *out)
{
    space_default(space, out);
    for (const char *const *pair = points[i].pairs; *pair; pair++)
        fit(space, *pair, out);
    space_tidy(space, out);
}
