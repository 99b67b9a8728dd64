/* knowledge_report: what was measured while knowledge was made, for people and as JSON. All of it
 * is about families that had no part in what is judged. */
#include "knowledge.h"
#include "numbers.h"
#include "rungs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- the portfolio --------------------------------------------------------------------------- */

/* Mean over families of an entry's own cost. */
static double own_cost(const struct material *m, int entry)
{
    double sum = 0, *weight = mem_alloc((size_t)m->tasks.n, sizeof *weight);
    if (!weight)
        return (double)NAN;
    known_weights(&m->tasks, NULL, weight);
    for (int t = 0; t < m->tasks.n; t++)
        sum += weight[t] * m->cost[t * m->tasks.n_shared + entry];
    mem_free(weight);
    return sum;
}

static void put_entry_values(const struct material *m, int entry, struct text *out)
{
    const struct space *space = &m->k->space;
    struct configuration c;
    char value[64];
    space_decode(space, m->known[0].unit + (size_t)entry * (size_t)space->n, &c);
    for (int i = 0; i < space->n; i++)
        if (c.set >> i & 1)
            text_appendf(out, " %s=%s", space->h[i].name,
                         space_value_text(space, &c, i, false, value, sizeof value));
}

static void put_portfolio(const struct material *m, struct text *out)
{
    const struct portfolio *p = &m->k->advice[0].ranker.portfolio;
    text_append(out, "portfolio: regret in time that is left once it is tried, and its own "
                     "(means over families)\n");
    for (int k = 0; k < p->n; k++) {
        text_appendf(out, "  %2d  %.3f  %.3f ", k + 1, p->cost[k], own_cost(m, p->entry[k]));
        put_entry_values(m, p->entry[k], out);
        text_append_char(out, '\n');
    }
}

/* ---- rankings -------------------------------------------------------------------------------- */

static void put_rankings(const struct learnt *l, const struct knowledge *k, struct text *out)
{
    int used[RANKING_N] = {0};
    learn_put_rankings(&l->ranking, out);
    if (l->has_features_alone)
        text_appendf(out, "  the meta-model by the 12 features alone: %.3f, %.3f\n",
                     l->features_alone.first, l->features_alone.three);
    for (int i = 1; i < k->n_advice; i++)
        used[k->advice[i].ranker.used]++;
    text_append(out, "  chosen for the advice without a family, by the others:");
    for (int by = 0; by < RANKING_N; by++)
        if (used[by] > 0)
            text_appendf(out, " %s %d", ranking_name((enum ranking)by), used[by]);
    text_append_char(out, '\n');
}

static void put_pairs(const struct reliability *r, struct text *out)
{
    text_appendf(out,
                 "which of two configurations is better, by likeness: Brier score %.4f, always "
                 "1/2 %.4f\n  said   ",
                 r->brier, r->brier_even);
    for (int b = 0; b < RELIABILITY_BINS; b++)
        text_appendf(out, "  %5.3f", r->said[b]);
    text_append(out, "\n  came   ");
    for (int b = 0; b < RELIABILITY_BINS; b++)
        text_appendf(out, "  %5.3f", r->came[b]);
    text_append_char(out, '\n');
}

/* ---- stopping -------------------------------------------------------------------------------- */

/* The length of most tasks' trainings, for people. */
static int usual_epochs(const struct material *m)
{
    int most = 0;
    for (int t = 0; t < m->tasks.n; t++)
        most = m->known[t].n_epochs > most ? m->known[t].n_epochs : most;
    return most;
}

static void put_lengths(const struct knowledge *k, struct text *out)
{
    text_append(out, "length scales of the results (short: it matters):");
    for (int d = 0; d < k->n_dims; d++)
        text_appendf(out, " %s %.2f", k->space.h[d].name, k->advice[0].kernel.length[d]);
    text_append_char(out, '\n');
}

void learnt_put_text(const struct learnt *l, const struct material *m, struct text *out)
{
    const struct knowledge *k = m->k;
    text_appendf(out,
                 "%d tasks of %d families, %d of them with the same %d configurations of %d "
                 "hyperparameters\n",
                 k->n_tasks, k->n_families, m->tasks.n, k->n_shared, k->n_dims);
    put_portfolio(m, out);
    if (k->n_advice > 1)
        put_rankings(l, k, out);
    put_pairs(&l->pairs, out);
    if (l->has_rungs)
        rungs_put_text(l->rung, usual_epochs(m), out);
    put_lengths(k, out);
    moves_put_text(&l->moves, k, out);
}

/* ---- as JSON ----------------------------------------------------------------------------------
 */

static void json_portfolio(struct json_writer *w, const struct material *m)
{
    const struct portfolio *p = &m->k->advice[0].ranker.portfolio;
    json_open(w, "portfolio", '[');
    for (int k = 0; k < p->n; k++) {
        struct text values = {0};
        put_entry_values(m, p->entry[k], &values);
        json_open(w, NULL, '{');
        json_put_int(w, "point", p->entry[k]);
        numbers_put(w, "cost", p->cost[k]);
        numbers_put(w, "own", own_cost(m, p->entry[k]));
        json_put_string(w, "values", values.length > 0 ? values.data + 1 : "");
        json_close(w, '}');
        w->out->failed |= values.failed;
        text_free(&values);
    }
    json_close(w, ']');
}

static void json_picks(struct json_writer *w, const char *name, struct ranking_picks picks,
                       const struct ranking_picks *error)
{
    json_open(w, name, '{');
    numbers_put(w, "first", picks.first);
    numbers_put(w, "three", picks.three);
    if (error) {
        numbers_put(w, "first_error", error->first);
        numbers_put(w, "three_error", error->three);
    }
    json_close(w, '}');
}

static void json_rankings(struct json_writer *w, const struct learnt *l, const struct knowledge *k)
{
    const struct ranking_report *r = &l->ranking;
    json_open(w, "rankings", '{');
    json_put_int(w, "families", r->n_families);
    json_put_int(w, "tasks", r->n_tasks);
    for (int by = 0; by < RANKING_N; by++)
        json_picks(w, ranking_name((enum ranking)by), r->by[by], &r->error[by]);
    if (l->has_features_alone)
        json_picks(w, "model, features alone", l->features_alone, NULL);
    numbers_put(w, "all", r->all);
    json_put_string(w, "used", ranking_name(r->best));
    json_open(w, "used_without", '{');
    for (int i = 1; i < k->n_advice; i++)
        json_put_string(w, k->family[i - 1], ranking_name(k->advice[i].ranker.used));
    json_close(w, '}');
    json_close(w, '}');
}

static void json_pairs(struct json_writer *w, const struct reliability *r)
{
    json_open(w, "pairs", '{');
    numbers_put_list(w, "weight", r->pairs, RELIABILITY_BINS);
    numbers_put_list(w, "said", r->said, RELIABILITY_BINS);
    numbers_put_list(w, "came", r->came, RELIABILITY_BINS);
    numbers_put(w, "brier", r->brier);
    numbers_put(w, "brier_even", r->brier_even);
    json_close(w, '}');
}

void learnt_put_json(const struct learnt *l, const struct material *m, struct text *out)
{
    struct json_writer w;
    json_begin(&w, out);
    json_open(&w, NULL, '{');
    json_portfolio(&w, m);
    if (m->k->n_advice > 1)
        json_rankings(&w, l, m->k);
    json_pairs(&w, &l->pairs);
    rungs_put_json(&w, "rungs", l->has_rungs ? l->rung : NULL);
    moves_put_json(&w, &l->moves, m->k);
    json_close(&w, '}');
}
