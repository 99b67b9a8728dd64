/* --space FILE: a JSON object that narrows or fixes hyperparameters of a space.
 *
 *   {"learning_rate": {"low": 0.001, "high": 0.01}, "optimizer": {"choices": ["adam", "adamw"]},
 *    "num_layers": 2, "activation": "gelu"}
 *
 * A range or choices are all searched, whatever was held before; one value is held. */
#include "space/internal.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <string.h>

struct narrowing {
    const char *path, *text;
    struct err_info *info;
};

/* "FILE:LINE" of the first place where "name" stands as a key. */
static const char *place_of(const struct narrowing *n, const char *name, char *out, size_t out_size)
{
    char key[SPACE_NAME_MAX + 4];
    text_format(key, sizeof key, "\"%s\"", name);
    const char *found = strstr(n->text, key);
    int line = 1;
    for (const char *p = n->text; found && p < found; p++)
        line += *p == '\n';
    return text_format(out, out_size, "%s:%d", n->path, line);
}

static enum err refuse(const struct narrowing *n, const char *name, const char *hint,
                       const char *what)
{
    char where[256];
    return err_set(n->info, ERR_INPUT, place_of(n, name, where, sizeof where), hint, "%s: %s", name,
                   what);
}

static enum err fix_choice(const struct narrowing *n, struct hyperparameter *h, const char *word)
{
    const char *names[SPACE_CHOICES_MAX];
    for (int k = 0; k < h->n_choices; k++) {
        names[k] = h->choice[k].text;
        if (strcmp(h->choice[k].text, word) == 0) {
            h->choice[0] = h->choice[k];
            h->n_choices = 1;
            h->fallback = 0;
            return ERR_OK;
        }
    }
    char hint[128];
    const char *near = text_nearest(word, names, (size_t)h->n_choices);
    text_format(hint, sizeof hint, "did you mean %s?", near ? near : names[0]);
    return refuse(n, h->name, hint, "no such choice");
}

static enum err narrow_choices(const struct narrowing *n, struct hyperparameter *h,
                               const struct cJSON *list)
{
    struct hyperparameter kept = *h;
    const struct cJSON *item;
    char fallback[sizeof h->choice[0].text];
    memcpy(fallback, h->choice[(int)h->fallback].text, sizeof fallback);
    kept.n_choices = 0;
    cJSON_ArrayForEach(item, list)
    {
        struct hyperparameter one = *h;
        enum err err = fix_choice(n, &one, cJSON_IsString(item) ? item->valuestring : "?");
        if (err != ERR_OK)
            return err;
        for (int k = 0; k < kept.n_choices; k++)
            if (strcmp(kept.choice[k].text, one.choice[0].text) == 0)
                return refuse(n, h->name, "name each choice once", "a choice stands twice");
        kept.choice[kept.n_choices++] = one.choice[0];
    }
    if (kept.n_choices == 0)
        return refuse(n, h->name, "give at least one choice", "no choices");
    kept.fallback = 0;
    for (int k = 0; k < kept.n_choices; k++)
        if (strcmp(kept.choice[k].text, fallback) == 0)
            kept.fallback = k;
    *h = kept;
    return ERR_OK;
}

static enum err narrow_range(const struct narrowing *n, struct hyperparameter *h, double low,
                             double high)
{
    char range[96], a[32], b[32];
    text_format(range, sizeof range, "stay within %s and %s",
                text_double(a, sizeof a, h->low, false), text_double(b, sizeof b, h->high, false));
    if (low > high)
        return refuse(n, h->name, range, "low is above high");
    if (low < h->low || high > h->high)
        return refuse(n, h->name, range, "wider than the possible range");
    if (h->kind == HYPER_INT && (low != floor(low) || high != floor(high)))
        return refuse(n, h->name, range, "needs whole numbers");
    if (!hyper_allows(h, low) || !hyper_allows(h, high))
        return refuse(n, h->name, range, "begins or ends between its steps");
    h->low = low;
    h->high = high;
    h->fallback = fmin(fmax(h->fallback, low), high);
    return ERR_OK;
}

static enum err narrow_one(const struct narrowing *n, struct hyperparameter *h,
                           const struct cJSON *item)
{
    double low = h->low, high = h->high, fixed;
    h->held = cJSON_IsString(item) || json_number(item, &fixed);
    h->n_sampled = 0;
    if (h->kind == HYPER_CATEGORICAL) {
        const struct cJSON *choices = json_get(item, "choices");
        if (cJSON_IsString(item))
            return fix_choice(n, h, item->valuestring);
        if (cJSON_IsArray(choices))
            return narrow_choices(n, h, choices);
        return refuse(n, h->name, "write {\"choices\": [...]} or one choice", "can't be read");
    }
    if (json_number(item, &fixed))
        return narrow_range(n, h, fixed, fixed);
    bool has_low = json_get_number(item, "low", &low),
         has_high = json_get_number(item, "high", &high);
    if (!cJSON_IsObject(item) || (!has_low && !has_high))
        return refuse(n, h->name, "write {\"low\": ..., \"high\": ...} or one number",
                      "can't be read");
    return narrow_range(n, h, low, high);
}

/* A condition on a choice that was narrowed away is off for good; one that moved is followed. */
static void follow_conditions(const struct space *base, struct space *out)
{
    for (int i = 0; i < out->n; i++) {
        struct hyperparameter *h = &out->h[i];
        if (h->active_if < 0)
            continue;
        h->active_choices = space_same_choices(&base->h[h->active_if], base->h[i].active_choices,
                                               &out->h[h->active_if]);
    }
}

static enum err narrow_all(const struct narrowing *n, const struct cJSON *doc,
                           const struct space *base, struct space *out)
{
    const struct cJSON *item;
    if (!cJSON_IsObject(doc))
        return err_set(n->info, ERR_INPUT, n->path, "write {\"learning_rate\": {...}, ...}",
                       "is not a JSON object");
    cJSON_ArrayForEach(item, doc)
    {
        struct err_info why;
        int i = space_find(out, item->string);
        if (i < 0) {
            space_refuse_name(out, item->string, &why);
            return refuse(n, item->string, why.hint, why.detail);
        }
        enum err err = narrow_one(n, &out->h[i], item);
        if (err != ERR_OK)
            return err;
    }
    follow_conditions(base, out);
    return ERR_OK;
}

enum err space_load(const char *path, const struct space *base, struct space *out,
                    struct err_info *info)
{
    enum { MAX_BYTES = 1 << 20 };
    char *text;
    size_t size;
    struct cJSON *doc = NULL;
    enum err err = file_read(path, MAX_BYTES, &text, &size, info);
    if (err != ERR_OK)
        return err;
    err = json_parse(text, size, path, &doc, info);
    if (err == ERR_OK) {
        struct narrowing n = {path, text, info};
        struct space narrowed = *base;
        err = narrow_all(&n, doc, base, &narrowed);
        if (err == ERR_OK)
            *out = narrowed;
    }
    json_free(doc);
    mem_free(text);
    return err;
}
