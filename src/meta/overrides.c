/* overrides: what a person has said about the Q-table, read from the study's events. */
#include "tiller/meta.h"

#include <string.h>

void qtable_overrides_init(struct qtable_overrides *o)
{
    memset(o, 0, sizeof *o);
    o->next = -1;
}

static void pin(struct qtable_overrides *o, const struct cJSON *value)
{
    const char *situation = json_get_string(value, "situation");
    const char *action = json_get_string(value, "action");
    bool on = true;
    int s = situation ? situation_find(situation) : -1, a = action ? move_find(action) : -1;
    json_get_bool(value, "on", &on);
    if (s >= 0 && a >= 0)
        o->pinned[s][a] = on;
}

static void freeze(struct qtable_overrides *o, const struct cJSON *value)
{
    o->frozen = true;
    json_get_bool(value, "on", &o->frozen);
}

static void ask_next(struct qtable_overrides *o, const struct cJSON *value)
{
    const char *action = json_get_string(value, "action");
    int64_t from;
    o->next = action ? move_find(action) : -1;
    o->next_from = json_get_int(value, "from", &from) && from > 0 ? from : 0;
}

static const struct {
    const char *what;
    void (*fold)(struct qtable_overrides *o, const struct cJSON *value);
} words[] = {{"q_pin", pin}, {"q_freeze", freeze}, {"next_action", ask_next}};

static void fold_event(struct qtable_overrides *o, const struct study_event *e)
{
    struct cJSON *value = NULL;
    if (!e->json || strcmp(e->who, "you") != 0)
        return;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i].what, e->what) == 0 &&
            json_parse(e->json, strlen(e->json), "event", &value, NULL) == ERR_OK)
            words[i].fold(o, value);
    json_free(value);
}

/* Has the wish been granted, or a trial begun instead? Seeds and continuations by hand are none. */
static bool has_proposed_since(const struct study *study, int64_t from)
{
    for (size_t i = (size_t)from; i < study->n_trials; i++)
        if (study->trials[i].who[0] && strcmp(study->trials[i].who, "you") != 0 &&
            study->trials[i].state != TRIAL_WAITING)
            return true;
    return false;
}

void qtable_overrides(struct qtable_overrides *o, const struct study *study)
{
    if (study->n_events < o->folded) /* another study */
        qtable_overrides_init(o);
    for (; o->folded < study->n_events; o->folded++)
        fold_event(o, &study->events[o->folded]);
    if (o->next >= 0 && has_proposed_since(study, o->next_from))
        o->next = -1;
}
