/* What people type and read: one value at a time, checked against name, kind and range. */
#include "space/internal.h"

#include <math.h>
#include <string.h>

static enum err wrong_choice(const struct hyperparameter *h, const char *value,
                             struct err_info *info)
{
    const char *names[SPACE_CHOICES_MAX];
    struct text list = {0};
    char hint[200];
    for (int i = 0; i < h->n_choices; i++) {
        names[i] = h->choice[i].text;
        text_appendf(&list, "%s%s", i ? ", " : "", names[i]);
    }
    const char *near = text_nearest(value, names, (size_t)h->n_choices);
    if (near)
        text_format(hint, sizeof hint, "did you mean %s? (choices: %s)", near, text_get(&list));
    else
        text_format(hint, sizeof hint, "choose one of %s", text_get(&list));
    text_free(&list);
    return err_set(info, ERR_RANGE, h->name, hint, "'%s' is not a choice", value);
}

static enum err wrong_number(const struct hyperparameter *h, const char *value,
                             struct err_info *info)
{
    char low[32], high[32], step[32], hint[160];
    text_double(low, sizeof low, h->low, false);
    text_double(high, sizeof high, h->high, false);
    text_double(step, sizeof step, h->step, false);
    bool plain = h->step == 0 || (h->kind == HYPER_INT && h->step == 1);
    text_format(hint, sizeof hint, "give a%s number from %s to %s%s%s",
                h->kind == HYPER_INT ? " whole" : "", low, high, plain ? "" : " in steps of ",
                plain ? "" : step);
    return err_set(info, ERR_RANGE, h->name, hint, "'%s' is not possible", value);
}

bool hyper_allows(const struct hyperparameter *h, double value)
{
    if (h->kind == HYPER_CATEGORICAL)
        return value >= 0 && value < h->n_choices && value == floor(value);
    if (!(value >= h->low && value <= h->high) || (h->kind == HYPER_INT && value != floor(value)))
        return false;
    double steps = h->step > 0 && !h->log ? (value - h->low) / h->step : 0;
    return fabs(steps - round(steps)) < 1e-8; /* as Optuna counts */
}

enum err space_set_text(const struct space *space, struct configuration *c, int i,
                        const char *value, struct err_info *info)
{
    const struct hyperparameter *h = &space->h[i];
    double number;
    if (h->kind == HYPER_CATEGORICAL) {
        for (int k = 0; k < h->n_choices; k++) {
            if (strcmp(h->choice[k].text, value) == 0) {
                c->value[i] = k;
                c->set |= UINT32_C(1) << i;
                return ERR_OK;
            }
        }
        return wrong_choice(h, value, info);
    }
    if (!text_parse_double(value, &number) || !hyper_allows(h, number))
        return wrong_number(h, value, info);
    c->value[i] = number;
    c->set |= UINT32_C(1) << i;
    return ERR_OK;
}

enum err space_set_pair(const struct space *space, struct configuration *c, const char *pair,
                        int *index, struct err_info *info)
{
    char name[SPACE_NAME_MAX];
    const char *equals = strchr(pair, '=');
    if (!equals)
        return err_set(info, ERR_USAGE, pair, "write name=value", "is not of the form name=value");
    size_t n = (size_t)(equals - pair);
    if (n < sizeof name) {
        memcpy(name, pair, n);
        name[n] = 0;
        int i = space_find(space, name);
        if (i >= 0) {
            if (index)
                *index = i;
            return space_set_text(space, c, i, equals + 1, info);
        }
    } else {
        text_copy(name, sizeof name, pair);
    }
    return space_refuse_name(space, name, info);
}

const char *space_value_text(const struct space *space, const struct configuration *c, int i,
                             bool exact, char *out, size_t out_size)
{
    const struct hyperparameter *h = &space->h[i];
    double value = c->value[i];
    if (h->kind == HYPER_CATEGORICAL) {
        int k = (int)value;
        return text_format(out, out_size, "%s",
                           k >= 0 && k < h->n_choices ? h->choice[k].text : "?");
    }
    if (exact || h->kind == HYPER_INT)
        return text_double(out, out_size, value, false);
    return text_human(out, out_size, value, 3);
}

void space_format(const struct space *space, const struct configuration *c, struct text *out)
{
    bool first = true;
    for (int i = 0; i < space->n; i++) {
        char value[64];
        if (!(c->set >> i & 1) || !space_is_active(space, c, i))
            continue;
        text_appendf(out, "%s%s=%s", first ? "" : " ", space->h[i].name,
                     space_value_text(space, c, i, true, value, sizeof value));
        first = false;
    }
}
