/* bans: ranges of hyperparameters that a person has taken out of the search, read from the study's
 * events, so that they hold when it is resumed, too.
 *
 * No sampler knows of them: what it proposes is moved out here, hyperparameter by hyperparameter.
 * People may still seed what they like. One ban for each hyperparameter; a later one takes its
 * place. */
#include "internal.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <string.h>

enum { DRAWS = 32 }; /* for a configuration that is neither banned nor tried */

/* ---- what is allowed ------------------------------------------------------------------------ */

/* Whole numbers: both ends are banned. Others: an end inside of the range is the nearest that is
 * allowed. */
static bool is_banned(const struct hyperparameter *h, const struct ban *b, double x)
{
    if (h->kind == HYPER_CATEGORICAL)
        return x >= 0 && x < h->n_choices && (b->choices >> (int)x & 1);
    if (h->kind == HYPER_INT)
        return b->on && x >= b->low && x <= b->high;
    return b->on && (x > b->low || b->low <= h->low) && (x < b->high || b->high >= h->high);
}

/* The nearest allowed value below (-1) or above (1) the ban; false: the range has none. */
static bool edge(const struct hyperparameter *h, const struct ban *b, int side, double *out)
{
    double step = h->step > 0 ? h->step : h->kind == HYPER_INT ? 1 : 0;
    double x = side < 0 ? b->low : b->high;
    if (step > 0) {
        double steps = (x - h->low) / step;
        x = h->low + step * (side < 0 ? ceil(steps) : floor(steps));
        if (is_banned(h, b, x))
            x += side * step;
    }
    *out = x;
    return x >= h->low && x <= h->high && !is_banned(h, b, x);
}

static int first_allowed_choice(const struct hyperparameter *h, const struct ban *b)
{
    for (int k = 0; k < space_sampled_choices(h); k++)
        if (!(b->choices >> k & 1))
            return k;
    return -1;
}

static bool leaves_something(const struct hyperparameter *h, const struct ban *b)
{
    double x;
    return h->kind == HYPER_CATEGORICAL ? first_allowed_choice(h, b) >= 0
                                        : edge(h, b, -1, &x) || edge(h, b, 1, &x);
}

enum err bans_check(const struct space *space, const struct ban_request *r, struct err_info *info)
{
    if (r->hyper < 0 || r->hyper >= space->n)
        return err_set(info, ERR_RANGE, "ban", NULL, "there is no such hyperparameter");
    const struct hyperparameter *h = &space->h[r->hyper];
    struct ban b = {.on = !r->lift, .low = r->low, .high = r->high, .choices = r->choices};
    if (r->lift)
        return ERR_OK;
    if (h->held)
        return err_set(info, ERR_STATE, h->name, NULL, "%s is held: no sampler changes it",
                       h->name);
    if (h->kind == HYPER_CATEGORICAL ? r->choices == 0 : !(r->low <= r->high))
        return err_set(info, ERR_RANGE, h->name, NULL, "nothing of %s is named", h->name);
    if (!leaves_something(h, &b))
        return err_set(info, ERR_RANGE, h->name, "ban less of it",
                       "nothing of %s would be left to try", h->name);
    return ERR_OK;
}

/* ---- reading the log ------------------------------------------------------------------------ */

static uint32_t read_choices(const struct hyperparameter *h, const struct cJSON *names)
{
    uint32_t choices = 0;
    const struct cJSON *item;
    cJSON_ArrayForEach(item, names)
    {
        for (int k = 0; cJSON_IsString(item) && k < h->n_choices; k++)
            if (strcmp(h->choice[k].text, item->valuestring) == 0)
                choices |= UINT32_C(1) << k;
    }
    return choices;
}

/* What makes no sense is not obeyed. */
static void fold_ban(struct bans *b, const struct space *space, const struct cJSON *value)
{
    const char *name = json_get_string(value, "name");
    struct ban_request r = {.hyper = name ? space_find(space, name) : -1};
    if (r.hyper < 0)
        return;
    const struct hyperparameter *h = &space->h[r.hyper];
    r.choices = read_choices(h, json_get(value, "choices"));
    bool range = json_get_number(value, "low", &r.low) && json_get_number(value, "high", &r.high);
    r.lift = h->kind == HYPER_CATEGORICAL ? r.choices == 0 : !range;
    if (bans_check(space, &r, NULL) == ERR_OK)
        b->ban[r.hyper] = (struct ban){
            .on = !r.lift, .low = r.low, .high = r.high, .choices = r.lift ? 0 : r.choices};
}

void bans_fold(struct bans *b, const struct space *space, const struct study *study)
{
    for (; b->folded < study->n_events; b->folded++) {
        const struct study_event *e = &study->events[b->folded];
        struct cJSON *value = NULL;
        if (strcmp(e->what, "ban") != 0 || strcmp(e->who, "you") != 0 || !e->json ||
            json_parse(e->json, strlen(e->json), "event", &value, NULL) != ERR_OK)
            continue;
        fold_ban(b, space, value);
        json_free(value);
    }
}

/* ---- obeying -------------------------------------------------------------------------------- */

bool bans_hit(const struct bans *b, const struct space *space, const struct configuration *c)
{
    for (int i = 0; i < space->n; i++)
        if (b->ban[i].on && !space->h[i].held && space_is_active(space, c, i) &&
            is_banned(&space->h[i], &b->ban[i], c->value[i]))
            return true;
    return false;
}

/* To the nearer end, on the natural axis. */
static void move_out(const struct hyperparameter *h, const struct ban *b, double *x)
{
    double low = *x, high = *x;
    if (h->kind == HYPER_CATEGORICAL) {
        *x = first_allowed_choice(h, b);
        return;
    }
    bool below = edge(h, b, -1, &low), above = edge(h, b, 1, &high);
    double down = h->log ? log(*x / low) : *x - low, up = h->log ? log(high / *x) : high - *x;
    *x = below && (!above || down <= up) ? low : high;
}

/* What a choice switches on may be banned as well, so that one pass may not be enough. */
static void move_all_out(const struct bans *b, const struct space *space, uint32_t said,
                         struct configuration *c)
{
    for (int pass = 0; pass < space->n && bans_hit(b, space, c); pass++) {
        for (int i = 0; i < space->n; i++)
            if (b->ban[i].on && !space->h[i].held && !(said >> i & 1) &&
                space_is_active(space, c, i) && is_banned(&space->h[i], &b->ban[i], c->value[i]))
                move_out(&space->h[i], &b->ban[i], &c->value[i]);
        space_tidy(space, c);
    }
}

static bool was_tried(const struct study *study, const struct space *space,
                      const struct configuration *c)
{
    for (size_t i = 0; i < study->n_trials; i++)
        if (study->trials[i].state != TRIAL_WAITING &&
            space_same(space, &study->trials[i].config, c))
            return true;
    return false;
}

bool bans_obey(const struct bans *b, const struct space *space, const struct study *study,
               struct rng *rng, struct configuration *c)
{
    if (!bans_hit(b, space, c))
        return false;
    move_all_out(b, space, 0, c);
    for (int draw = 0; draw < DRAWS && was_tried(study, space, c); draw++) {
        space_sample(space, rng, c);
        move_all_out(b, space, 0, c);
    }
    return true;
}

void bans_obey_but(const struct bans *b, const struct space *space, uint32_t said,
                   struct configuration *c)
{
    move_all_out(b, space, said, c);
}

/* ---- in words ------------------------------------------------------------------------------- */

static void put_ban(const struct hyperparameter *h, const struct ban *b, struct text *out)
{
    char low[32], high[32];
    bool first = true;
    text_appendf(out, "%s ", h->name);
    if (h->kind != HYPER_CATEGORICAL)
        text_appendf(out, "%s to %s", text_double(low, sizeof low, b->low, false),
                     text_double(high, sizeof high, b->high, false));
    for (int k = 0; h->kind == HYPER_CATEGORICAL && k < h->n_choices; k++)
        if (b->choices >> k & 1) {
            text_appendf(out, "%s%s", first ? "" : " ", h->choice[k].text);
            first = false;
        }
}

void bans_say(const struct bans *b, const struct space *space, struct text *out)
{
    for (int i = 0; i < space->n; i++)
        if (b->ban[i].on) {
            text_append(out, out->length > 0 ? ", " : "");
            put_ban(&space->h[i], &b->ban[i], out);
        }
}

void bans_say_request(const struct space *space, const struct ban_request *r, struct text *say,
                      struct text *fields)
{
    const struct hyperparameter *h = &space->h[r->hyper];
    struct ban b = {.low = r->low, .high = r->high, .choices = r->choices};
    struct json_writer w;
    json_begin(&w, fields);
    json_put_string(&w, "name", h->name);
    if (r->lift) {
        text_appendf(say, "allowed all of %s again", h->name);
        return;
    }
    text_append(say, "banned ");
    put_ban(h, &b, say);
    if (h->kind != HYPER_CATEGORICAL) {
        json_put_number(&w, "low", r->low);
        json_put_number(&w, "high", r->high);
        return;
    }
    json_open(&w, "choices", '[');
    for (int k = 0; k < h->n_choices; k++)
        if (r->choices >> k & 1)
            json_put_string(&w, NULL, h->choice[k].text);
    json_close(&w, ']');
}
