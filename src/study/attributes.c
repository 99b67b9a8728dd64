/* attributes: what user attributes of trials and studies mean to us: tables from key to setter.
 * Keys we do not know are passed over. All text is sanitised on the way in. */
#include "study/internal.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void put_text(char *out, size_t size, const struct cJSON *item)
{
    if (cJSON_IsString(item))
        text_sanitize(out, size, item->valuestring);
}

char *fold_item_text(const struct cJSON *item)
{
    struct text out = {0};
    struct json_writer w;
    json_begin(&w, &out);
    json_put_item(&w, NULL, item);
    if (out.failed)
        text_free(&out);
    return out.data;
}

static bool whole_number(const struct cJSON *item, double low, double high, int64_t *out)
{
    double value;
    if (!json_number(item, &value) || !(value >= low && value <= high) || value != floor(value))
        return false;
    *out = (int64_t)value;
    return true;
}

/* ---- of a trial -------------------------------------------------------------------------- */

struct text_row {
    const char *key;
    size_t offset, size;
};
#define TEXT_ROW(key, type, member)                                                                \
    {                                                                                              \
        key, offsetof(struct type, member), sizeof((struct type *)0)->member                       \
    }
static const struct text_row trial_texts[] = {
    TEXT_ROW("who", trial, who),         TEXT_ROW("state", trial, situation),
    TEXT_ROW("action", trial, action),   TEXT_ROW("reason", trial, reason),
    TEXT_ROW("run:error", trial, error),
};

static void set_reward(struct fold *fold, struct trial *t, const struct cJSON *item)
{
    (void)fold;
    json_number(item, &t->reward);
}

static void set_parameters(struct fold *fold, struct trial *t, const struct cJSON *item)
{
    (void)fold;
    whole_number(item, 0, 9e15, &t->n_parameters);
}

static void set_epochs(struct fold *fold, struct trial *t, const struct cJSON *item)
{
    int64_t value;
    (void)fold;
    if (whole_number(item, 0, 1e9, &value))
        t->target_epochs = (int)value;
}

/* Text, because 64 bits do not survive a reader that keeps numbers as doubles. */
static void set_seed(struct fold *fold, struct trial *t, const struct cJSON *item)
{
    int64_t value;
    (void)fold;
    if (cJSON_IsString(item) && item->valuestring[0] >= '0' && item->valuestring[0] <= '9')
        t->rng_seed = strtoull(item->valuestring, NULL, 10);
    else if (whole_number(item, 0, 9e15, &value))
        t->rng_seed = (uint64_t)value;
}

/* Inherited epochs have the parent's metrics, which intermediate_values cannot carry. */
static void inherit_metrics(const struct trial *parent, struct trial *t)
{
    for (size_t i = 0, k = 0; i < t->n_epochs; i++) {
        while (k < parent->n_epochs && parent->curve[k].step < t->curve[i].step)
            k++;
        if (k < parent->n_epochs && parent->curve[k].step == t->curve[i].step)
            memcpy(t->curve[i].metric, parent->curve[k].metric, sizeof t->curve[i].metric);
    }
}

static void set_continues(struct fold *fold, struct trial *t, const struct cJSON *item)
{
    int64_t number;
    if (!whole_number(item, 0, (double)t->number - 1, &number) || t->continues >= 0)
        return; /* a continuation stands behind its parent; so chains end */
    struct trial *parent = &fold->study.trials[number];
    t->continues = number;
    parent->continued_by = t->number;
    t->n_inherited =
        (int)t->n_epochs - (t->n_recorded < (int)t->n_epochs ? t->n_recorded : (int)t->n_epochs);
    inherit_metrics(parent, t);
    if (t->n_epochs > 0)
        curve_note_best(&fold->study, t, NULL, false);
}

static const struct {
    const char *key;
    void (*set)(struct fold *fold, struct trial *t, const struct cJSON *item);
} trial_setters[] = {
    {"reward", set_reward}, {"run:parameters", set_parameters}, {"run:epochs", set_epochs},
    {"run:seed", set_seed}, {"continues", set_continues},
};

/* curve:NAME = [[step, value], ...]: fills in what op 7 records did not carry. */
static void set_curve(const struct study *study, struct trial *t, const char *name,
                      const struct cJSON *list)
{
    int m = 0;
    const struct cJSON *pair;
    while (m < METRIC_N && strcmp(study_metric_name((enum study_metric)m), name) != 0)
        m++;
    if (m == METRIC_N)
        return;
    size_t at = 0;
    cJSON_ArrayForEach(pair, list)
    {
        int64_t step;
        double value;
        const struct cJSON *second = cJSON_IsArray(pair) && pair->child ? pair->child->next : NULL;
        if (!second || !whole_number(pair->child, 0, 1e9, &step) || !json_number(second, &value))
            continue;
        if (at < t->n_epochs && t->curve[at].step > step)
            at = 0;
        while (at < t->n_epochs && t->curve[at].step < step)
            at++;
        if (at < t->n_epochs && t->curve[at].step == step && isnan(t->curve[at].metric[m]))
            t->curve[at].metric[m] = value;
    }
    if (m == METRIC_VAL_LOSS && t->state == TRIAL_RUNNING)
        curve_note_best(study, t, NULL, false);
}

void attribute_of_trial(struct fold *fold, struct trial *t, const struct cJSON *item)
{
    for (size_t i = 0; i < sizeof trial_texts / sizeof *trial_texts; i++)
        if (strcmp(trial_texts[i].key, item->string) == 0)
            put_text((char *)t + trial_texts[i].offset, trial_texts[i].size, item);
    for (size_t i = 0; i < sizeof trial_setters / sizeof *trial_setters; i++)
        if (strcmp(trial_setters[i].key, item->string) == 0)
            trial_setters[i].set(fold, t, item);
    if (strncmp(item->string, "curve:", 6) == 0)
        set_curve(&fold->study, t, item->string + 6, item);
}
