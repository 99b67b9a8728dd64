/* material: see material.h. What every source needs, and what is worked out when all are in.
 *
 * What always holds: all numbers of a task follow from that task alone, so that a family that is
 * left out later on has no part in anything here but the space, which it can only widen. */
#include "material.h"
#include "tiller/bench.h"

#include <math.h>
#include <string.h>

void material_free(struct material *m)
{
    if (!m)
        return;
    for (int i = 0; i < m->tasks.n; i++)
        mem_free(m->curves[i].error);
    knowledge_free(m->k);
    mem_free(m->known);
    mem_free(m->curves);
    mem_free(m->place);
    mem_free(m->family);
    mem_free(m->z);
    mem_free(m->spread);
    mem_free(m->cost);
    mem_free(m->regret);
    mem_free(m->early);
    mem_free(m->feature);
    mem_free(m->sketch);
    mem_free(m);
}

/* ---- the space ---------------------------------------------------------------------------- */

static void join_choices(struct hyperparameter *all, const struct hyperparameter *more)
{
    for (int c = 0; c < more->n_choices; c++) {
        int k = 0;
        while (k < all->n_choices && strcmp(all->choice[k].json, more->choice[c].json) != 0)
            k++;
        if (k == all->n_choices && k < SPACE_CHOICES_MAX)
            all->choice[all->n_choices++] = more->choice[c];
    }
    if (space_sampled_choices(more) > space_sampled_choices(all))
        all->n_sampled = more->n_sampled;
}

static void join(struct hyperparameter *all, const struct hyperparameter *more)
{
    if (all->kind == HYPER_CATEGORICAL && more->kind == HYPER_CATEGORICAL) {
        join_choices(all, more);
    } else if (all->kind != HYPER_CATEGORICAL && more->kind != HYPER_CATEGORICAL) {
        all->low = fmin(all->low, more->low);
        all->high = fmax(all->high, more->high);
    }
}

/* What switches it on, among those that are there by now. */
static void adopt_condition(struct space *all, int i, const struct space *more, int j)
{
    const struct hyperparameter *from = &more->h[j];
    int on = from->active_if >= 0 ? space_find(all, more->h[from->active_if].name) : -1;
    all->h[i].active_if = on;
    if (on >= 0)
        all->h[i].active_choices =
            space_same_choices(&more->h[from->active_if], from->active_choices, &all->h[on]);
}

void material_join_space(struct space *all, const struct space *more)
{
    int before = all->n;
    for (int j = 0; j < more->n; j++) {
        int i = space_find(all, more->h[j].name);
        if (more->h[j].held)
            continue;
        if (i >= 0)
            join(&all->h[i], &more->h[j]);
        else if (all->n < SPACE_MAX)
            all->h[all->n++] = more->h[j];
    }
    for (int i = before; i < all->n; i++)
        adopt_condition(all, i, more, space_find(more, all->h[i].name));
}

void material_put_place(const struct material_view *view, const struct configuration *c,
                        double *unit)
{
    const struct space *space = &view->k->space;
    knowledge_place(view->k, &view->map, view->space, c, unit);
    for (int d = 0; d < space->n; d++) {
        int n = space->h[d].n_choices;
        if (space->h[d].kind == HYPER_CATEGORICAL)
            unit[d] = n > 1 ? unit[d] / (n - 1) : 0;
        unit[d] = fmin(fmax(unit[d], 0), 1);
    }
}

/* ---- tasks -------------------------------------------------------------------------------- */

static int find_family(struct knowledge *k, const char *name)
{
    char clean[sizeof *k->family];
    text_sanitize(clean, sizeof clean, name);
    int family = knowledge_family(k, clean, NULL);
    if (family < 0)
        memcpy(k->family[family = k->n_families++], clean, sizeof clean);
    return family;
}

struct knowledge_task *material_add_task(struct material *m, const char *family)
{
    struct knowledge *k = m->k;
    size_t n = (size_t)k->n_tasks + 1;
    struct knowledge_task *task = mem_resize(k->task, n, sizeof *task);
    if (task)
        k->task = task;
    char(*names)[sizeof *k->family] = mem_resize(k->family, n, sizeof *names);
    if (names)
        k->family = names;
    if (!task || !names)
        return NULL;
    struct knowledge_task *t = &k->task[k->n_tasks++];
    memset(t, 0, sizeof *t);
    t->family = find_family(k, family);
    return t;
}

static bool make_room(struct material *m)
{
    size_t n = (size_t)m->tasks.n + 1;
    struct known_task *known = mem_resize(m->known, n, sizeof *known);
    if (known)
        m->known = known;
    struct material_curves *curves = mem_resize(m->curves, n, sizeof *curves);
    if (curves)
        m->curves = curves;
    int *place = mem_resize(m->place, n, sizeof *place);
    if (place)
        m->place = place;
    return known && curves && place;
}

static bool make_curves(struct material *m, const struct knowledge_task *t, bool losses)
{
    size_t n = (size_t)t->n_runs * (size_t)t->full_epochs;
    double *block = make_room(m) ? mem_alloc(n, 3 * sizeof *block) : NULL;
    if (!block)
        return false;
    m->place[m->tasks.n] = m->k->n_tasks - 1;
    m->curves[m->tasks.n] = (struct material_curves){block, block + n, block + 2 * n};
    m->known[m->tasks.n++] = (struct known_task){.family = t->family,
                                                 .n_runs = t->n_runs,
                                                 .n_epochs = t->full_epochs,
                                                 .unit = t->unit,
                                                 .error = block,
                                                 .train_loss = losses ? block + n : NULL,
                                                 .val_loss = losses ? block + 2 * n : NULL,
                                                 .majority_error = t->majority_error};
    return true;
}

bool material_make_runs(struct material *m, struct knowledge_task *t, int n_runs, bool shared,
                        bool losses)
{
    t->unit = mem_zero_alloc((size_t)n_runs, (size_t)m->k->n_dims * sizeof *t->unit);
    t->log_error = mem_zero_alloc((size_t)n_runs, sizeof *t->log_error);
    t->is_shared = shared;
    if (!t->unit || !t->log_error)
        return false;
    t->n_runs = n_runs;
    return !shared || make_curves(m, t, losses);
}

/* ---- when all are in ----------------------------------------------------------------------- */

static bool all_have_looks(const struct material *m)
{
    for (int i = 0; i < m->tasks.n; i++)
        if (!m->k->task[m->place[i]].has_looks)
            return false;
    return true;
}

static void gather_looks(struct material *m)
{
    size_t shared = (size_t)m->tasks.n_shared;
    for (int i = 0; i < m->tasks.n; i++) {
        const struct knowledge_task *t = &m->k->task[m->place[i]];
        const struct known_task *known = &m->known[i];
        m->family[i] = t->family;
        memcpy(m->feature + (size_t)i * FEATURE_N, t->feature, sizeof t->feature);
        memcpy(m->sketch + (size_t)i * SKETCH_N, t->sketch, sizeof t->sketch);
        for (size_t c = 0; c < shared; c++)
            early_errors(known->error + c * (size_t)known->n_epochs, known->n_epochs,
                         known->majority_error, m->early + ((size_t)i * shared + c) * EARLY_N);
    }
}

static bool make_arrays(struct material *m)
{
    size_t n = (size_t)m->tasks.n, shared = (size_t)m->tasks.n_shared;
    m->family = mem_alloc(n, sizeof *m->family);
    m->spread = mem_alloc(n, sizeof *m->spread);
    m->z = mem_alloc(n, shared * sizeof *m->z);
    m->cost = mem_alloc(n, shared * sizeof *m->cost);
    m->regret = mem_alloc(n, shared * sizeof *m->regret);
    m->early = mem_alloc(n, shared * EARLY_N * sizeof *m->early);
    m->feature = mem_alloc(n, FEATURE_N * sizeof *m->feature);
    m->sketch = mem_alloc(n, SKETCH_N * sizeof *m->sketch);
    return m->family && m->spread && m->z && m->cost && m->regret && m->early && m->feature &&
           m->sketch;
}

static enum err work_out(struct material *m)
{
    m->tasks.task = m->known;
    m->tasks.n_families = m->k->n_families;
    m->tasks.n_dims = m->k->n_dims;
    m->tasks.n_shared = m->k->n_shared;
    if (!make_arrays(m) || known_scores(&m->tasks, NULL, m->z, m->spread) != ERR_OK ||
        known_regret(&m->tasks, true, m->cost) != ERR_OK ||
        known_regret(&m->tasks, false, m->regret) != ERR_OK)
        return ERR_MEMORY;
    bool looks = m->tasks.n > 0 && all_have_looks(m);
    for (int i = 0; i < m->tasks.n; i++)
        m->known[i].name = m->k->task[m->place[i]].name;
    gather_looks(m);
    m->ranks = (struct known_ranks){.n = m->tasks.n,
                                    .n_families = m->tasks.n_families,
                                    .n_features = looks ? FEATURE_N : 0,
                                    .n_configs = m->tasks.n_shared,
                                    .family = m->family,
                                    .feature = m->feature,
                                    .z = m->z};
    m->looks = (struct learn_looks){.ranks = &m->ranks,
                                    .n_sketch = looks ? SKETCH_N : 0,
                                    .sketch = m->sketch,
                                    .early = m->early,
                                    .cost = m->cost,
                                    .regret = m->regret};
    return ERR_OK;
}

/* ---- all sources --------------------------------------------------------------------------- */

/* Of what the recordings searched; only without any, of what the studies did. */
static void choose_space(const struct learn_sources *from, struct knowledge *k)
{
    for (size_t i = 0; from->records && i < from->records->n_tasks; i++)
        material_join_space(&k->space, &from->records->task[i].space);
    for (int i = 0; from->table && i < from->table->n_pools; i++)
        material_join_space(&k->space, &from->table->pools[i].space);
    bool none = k->space.n == 0;
    for (size_t i = 0; i < from->n_past && none; i++)
        material_join_space(&k->space, &from->past[i].study->space);
    k->n_dims = k->space.n;
}

static enum err add_all(struct material *m, const struct learn_sources *from,
                        void (*say)(void *arg, const char *line), void *arg, struct err_info *info)
{
    enum err err = ERR_OK;
    if (from->records)
        err = material_add_records(m, from->records, from->origin, say, arg, info);
    if (err == ERR_OK && from->table)
        err = material_add_table(m, from->table, from->n_configs, info);
    for (size_t i = 0; i < from->n_past && err == ERR_OK; i++)
        err = material_add_study(m, from->past[i].study, from->past[i].path, info);
    if (err != ERR_OK)
        return err;
    if (m->k->n_tasks == 0)
        return err_set(info, ERR_INPUT, "learn", "name a folder of recordings",
                       "there is nothing to learn from");
    return work_out(m) == ERR_OK ? ERR_OK : err_set_memory(info, "learn");
}

enum err material_new(const struct learn_sources *from, void (*say)(void *arg, const char *line),
                      void *arg, struct material **out, struct err_info *info)
{
    struct material *m = mem_zero_alloc(1, sizeof *m);
    *out = NULL;
    if (!m || !(m->k = mem_zero_alloc(1, sizeof *m->k))) {
        material_free(m);
        return err_set_memory(info, "learn");
    }
    choose_space(from, m->k);
    enum err err = m->k->n_dims > 0
                       ? add_all(m, from, say, arg, info)
                       : err_set(info, ERR_INPUT, "learn", "name a folder of recordings",
                                 "nothing was searched in what was named");
    if (err == ERR_OK)
        *out = m;
    else
        material_free(m);
    return err;
}
