/* search_space: what a run searches: the task's hyperparameters; with --from in the form of the
 * weights; narrowed by --space FILE; then those of --search freed and those of NAME=VALUE held.
 *
 * A word that could have no effect is an error: people would take the search for another one. */
#include "session.h"

#include <string.h>

/* As the samplers go: the choices that i may have. */
static uint32_t possible_choices(const struct hyperparameter *h)
{
    return h->held ? UINT32_C(1) << (int)h->fallback
                   : (UINT32_C(1) << space_sampled_choices(h)) - 1;
}

/* i, or what it depends on, whose own condition can never hold; -1: i may have a part. */
static int find_blocked(const struct space *space, int i)
{
    for (int p; (p = space->h[i].active_if) >= 0; i = p)
        if (!(possible_choices(&space->h[p]) & space->h[i].active_choices))
            return i;
    return -1;
}

static enum err check_effect(const struct space *space, int i, struct err_info *info)
{
    int blocked = find_blocked(space, i), choice = 0;
    if (blocked < 0)
        return ERR_OK;
    const struct hyperparameter *needs = &space->h[space->h[blocked].active_if];
    while (!(space->h[blocked].active_choices >> choice & 1))
        choice++;
    char hint[128];
    text_format(hint, sizeof hint, "say %s=%s or --search %s as well", needs->name,
                needs->choice[choice].text, needs->name);
    return err_set(info, ERR_USAGE, space->h[i].name, hint, "has no part while %s is never %s",
                   needs->name, needs->choice[choice].text);
}

/* ---- --search ---------------------------------------------------------------------------- */

static enum err release(struct space *space, const struct option_list *names, uint32_t *named,
                        struct err_info *info)
{
    for (size_t n = 0; n < names->n; n++) {
        int i = space_find(space, names->item[n]);
        if (strcmp(names->item[n], "all") == 0) {
            for (int k = 0; k < space->n; k++)
                space_release(space, k);
            continue;
        }
        if (i < 0)
            return space_refuse_name(space, names->item[n], info);
        space_release(space, i);
        *named |= UINT32_C(1) << i;
    }
    return ERR_OK;
}

/* ---- NAME=VALUE -------------------------------------------------------------------------- */

static enum err hold(struct space *space, const char *const *pairs, size_t n, uint32_t *named,
                     struct err_info *info)
{
    uint32_t searched = *named;
    for (size_t k = 0; k < n; k++) {
        struct configuration checked = {.set = 0};
        int i;
        enum err err = space_set_pair(space, &checked, pairs[k], &i, info);
        if (err == ERR_OK && searched >> i & 1)
            err = err_set(info, ERR_USAGE, pairs[k], "leave one of them out",
                          "can't be held while --search frees it");
        else if (err == ERR_OK && *named >> i & 1)
            err = cli_said_twice(pairs[k], info);
        if (err == ERR_OK)
            err = space_hold(space, i, strchr(pairs[k], '=') + 1, info);
        if (err != ERR_OK)
            return err;
        *named |= UINT32_C(1) << i;
    }
    return ERR_OK;
}

/* ---- all of it --------------------------------------------------------------------------- */

static enum err narrow(const struct session_options *o, const struct space *possible,
                       struct space *out, uint32_t *named, struct err_info *info)
{
    *out = *possible;
    *named = 0;
    enum err err = o->space_path ? space_load(o->space_path, possible, out, info) : ERR_OK;
    if (err == ERR_OK)
        err = release(out, &o->search, named, info);
    return err == ERR_OK ? hold(out, o->held, o->n_held, named, info) : err;
}

enum err search_words(const struct session_options *o, struct err_info *info)
{
    struct space possible, narrowed;
    uint32_t named;
    space_of_task(SPACE_IMAGES | SPACE_CLASSES | (o->from ? SPACE_WEIGHTS : 0), &possible);
    return narrow(o, &possible, &narrowed, &named, info);
}

enum err search_space(const struct session_options *o, const struct data_set *set,
                      struct space *out, struct err_info *info)
{
    struct space possible;
    struct net_source *source = NULL;
    uint32_t named = 0;
    enum err err = cli_open_space(set, o->from, &possible, &source, info);
    net_source_free(source);
    if (err == ERR_OK)
        err = narrow(o, &possible, out, &named, info);
    for (int i = 0; err == ERR_OK && i < out->n; i++)
        if (named >> i & 1)
            err = check_effect(out, i, info);
    return err;
}
