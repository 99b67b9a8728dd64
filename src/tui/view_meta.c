/* Works out what the meta screen shows. Of the family that is left out no number is read. */
#include "tui/view_meta.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TRIALS_LOOKED_AT = 1024 };

/* ---- tasks that count -------------------------------------------------------------------- */

static void insert(struct view_meta *m, int task, double weight)
{
    int at = m->n_nearest < META_NEAREST ? m->n_nearest++ : META_NEAREST - 1;
    if (m->n_nearest == META_NEAREST && at == META_NEAREST - 1 && m->weight[at] >= weight)
        return;
    for (; at > 0 && m->weight[at - 1] < weight; at--) {
        m->nearest[at] = m->nearest[at - 1];
        m->weight[at] = m->weight[at - 1];
    }
    m->nearest[at] = task;
    m->weight[at] = weight;
}

/* Weights of the tasks whose looks are known, before any result. */
static bool by_looks(const struct guidance *g, struct view_meta *m)
{
    const struct knowledge *k = g->knowledge;
    const struct similarity *s = &g->advice->ranker.similarity;
    size_t n_tasks = (size_t)k->n_tasks, width = SIMILARITY_FEATURES_MAX;
    int n = 0, *task = mem_alloc(2 * n_tasks, sizeof *task);
    double *feature = mem_zero_alloc(n_tasks * width, sizeof *feature);
    double *weight = mem_alloc(n_tasks, sizeof *weight);
    bool *left_out = mem_zero_alloc((size_t)k->n_families, sizeof *left_out);
    bool ok = task && feature && weight && left_out;
    int *family = ok ? task + n_tasks : NULL;
    for (int i = 0; ok && i < k->n_tasks; i++) {
        if (!k->task[i].has_looks || k->task[i].family == g->left_out)
            continue;
        for (int j = 0; j < s->n_features && j < FEATURE_N; j++)
            feature[n * s->n_features + j] = k->task[i].feature[j];
        task[n] = i;
        family[n++] = k->task[i].family;
    }
    if (ok && n > 0) {
        struct known_ranks looks = {.n = n,
                                    .n_families = k->n_families,
                                    .n_features = s->n_features,
                                    .family = family,
                                    .feature = feature};
        similarity_prior(s, &looks, left_out, g->features ? g->features->value : NULL, weight);
        for (int i = 0; i < n; i++)
            insert(m, task[i], weight[i]);
    }
    mem_free(task);
    mem_free(feature);
    mem_free(weight);
    mem_free(left_out);
    return ok;
}

/* ---- the portfolio ----------------------------------------------------------------------- */

static int compare_numbers(const void *pa, const void *pb)
{
    const double *a = pa, *b = pb;
    return *a < *b ? -1 : *a > *b;
}

/* 1: what the best known configuration reached on the task; 0: the middling one; NaN unknown. */
static double share_reached(const struct knowledge *k, const struct knowledge_task *t, int run)
{
    double sorted[GP_ROWS_MAX];
    int n = k->n_shared < GP_ROWS_MAX ? k->n_shared : GP_ROWS_MAX;
    if (!t->is_shared || run >= n || t->n_runs < n)
        return NAN;
    memcpy(sorted, t->log_error, (size_t)n * sizeof *sorted);
    qsort(sorted, (size_t)n, sizeof *sorted, compare_numbers);
    double middle = sorted[n / 2], best = sorted[0];
    return middle > best ? (middle - t->log_error[run]) / (middle - best) : NAN;
}

/* Mean over the tasks that count. */
static double expected_of(const struct knowledge *k, const struct view_meta *m, int run)
{
    double sum = 0, weights = 0;
    for (int i = 0; i < m->n_nearest; i++) {
        double share = share_reached(k, &k->task[m->nearest[i]], run);
        if (isnan(share))
            continue;
        sum += m->weight[i] * fmax(share, -0.5);
        weights += m->weight[i];
    }
    return weights > 0 ? sum / weights : NAN;
}

static int64_t find_trial(const struct study *study, const struct configuration *c)
{
    for (size_t i = 0; i < study->n_trials && i < TRIALS_LOOKED_AT; i++)
        if (study->trials[i].state != TRIAL_WAITING &&
            space_same(&study->space, &study->trials[i].config, c))
            return (int64_t)i;
    return -1;
}

static int turn_of(const struct search_outlook *o, int run, const struct portfolio *p)
{
    for (int i = 0; i < o->n_left && o->known; i++)
        if (o->left[i] >= 0 && o->left[i] < p->n && p->entry[o->left[i]] == run)
            return i + 1;
    return 0;
}

/* Tried ones in the order of their trials; then by turn, then by what is expected. */
static bool comes_before(const struct view_entry *a, const struct view_entry *b)
{
    if ((a->trial >= 0) != (b->trial >= 0))
        return a->trial >= 0;
    if (a->trial != b->trial)
        return a->trial < b->trial;
    if (a->turn != b->turn && a->turn > 0)
        return b->turn == 0 || a->turn < b->turn;
    return b->turn == 0 && a->expected > b->expected;
}

static void add_entry(struct view_meta *m, const struct view_entry *e)
{
    int at = m->n_entries++;
    for (; at > 0 && comes_before(e, &m->entry[at - 1]); at--)
        m->entry[at] = m->entry[at - 1];
    m->entry[at] = *e;
}

static void read_portfolio(const struct guidance *g, const struct search_outlook *o,
                           const struct study *study, struct view_meta *m)
{
    const struct knowledge *k = g->knowledge;
    const struct portfolio *p = &g->advice->ranker.portfolio;
    const struct knowledge_task *shared = NULL;
    struct knowledge_map map;
    for (int i = 0; i < k->n_tasks && !shared; i++)
        if (k->task[i].is_shared && k->task[i].family != g->left_out)
            shared = &k->task[i];
    knowledge_map(k, &study->space, &map);
    for (int i = 0; i < p->n && shared; i++) {
        struct configuration c;
        struct view_entry e = {.run = p->entry[i], .turn = turn_of(o, p->entry[i], p)};
        knowledge_configuration(k, &map, &study->space,
                                shared->unit + (size_t)e.run * (size_t)k->n_dims, &c);
        e.trial = find_trial(study, &c);
        e.expected = expected_of(k, m, e.run);
        add_entry(m, &e);
    }
}

bool view_meta_make(const struct guidance *g, const struct search_outlook *outlook,
                    const struct study *study, struct view_meta *out)
{
    bool ok = true;
    *out = (struct view_meta){.trust = outlook->known ? outlook->trust : TRUST_LOW,
                              .by_results = outlook->known && outlook->n_nearest > 0};
    if (!g)
        return true;
    for (int i = 0; i < outlook->n_nearest && out->by_results; i++)
        insert(out, outlook->nearest[i], outlook->weight[i]);
    if (!out->by_results)
        ok = by_looks(g, out);
    read_portfolio(g, outlook, study, out);
    return ok;
}
