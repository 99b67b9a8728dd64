/* rankings: which way of ordering a portfolio is best on families that had no part in learning it.
 *
 * What always holds: the portfolio, the similarity, the ridge, the meta-model and its inputs'
 * scales come with a ranker that was learnt without the family that is judged. */
#include "tiller/learn.h"

#include <math.h>
#include <string.h>

struct judge {
    const struct learn_looks *known;
    const struct ranker *ranker;
    const bool *left_out;
    double *weight; /* [n] */
};

static struct task_looks looks_of(const struct judge *j, int task)
{
    const struct known_ranks *ranks = j->known->ranks;
    struct task_looks looks = {.n_sketch = j->known->n_sketch};
    if (ranks->n_features > 0)
        looks.feature = ranks->feature + (size_t)task * (size_t)ranks->n_features;
    if (looks.n_sketch > 0)
        looks.sketch = j->known->sketch + (size_t)task * (size_t)looks.n_sketch;
    if (j->known->early)
        looks.early = j->known->early + ((size_t)task * (size_t)ranks->n_configs +
                                         (size_t)j->ranker->portfolio.entry[0]) *
                                            EARLY_N;
    return looks;
}

static struct ranking_picks judge(const struct judge *j, enum ranking by, int task)
{
    const struct known_ranks *ranks = j->known->ranks;
    const struct portfolio *p = &j->ranker->portfolio;
    const double *regret = j->known->regret + (size_t)task * (size_t)ranks->n_configs;
    struct task_looks looks = looks_of(j, task);
    double score[PORTFOLIO_MAX];
    int order[PORTFOLIO_MAX];
    ranker_scores(j->ranker, by, ranks, j->left_out, &looks, score, j->weight);
    ranker_order(j->ranker, score, order);
    struct ranking_picks picks = {regret[p->entry[order[0]]], (double)INFINITY};
    for (int k = 0; k < 3 && k < p->n; k++)
        picks.three = fmin(picks.three, regret[p->entry[order[k]]]);
    return picks;
}

static double least_of_all(const struct judge *j, int task)
{
    const struct portfolio *p = &j->ranker->portfolio;
    const double *regret = j->known->regret + (size_t)task * (size_t)j->known->ranks->n_configs;
    double least = (double)INFINITY;
    for (int k = 0; k < p->n; k++)
        least = fmin(least, regret[p->entry[k]]);
    return least;
}

static void add_task(const struct judge *j, int task, struct ranking_family *out)
{
    double share = 1.0 / ++out->n_tasks; /* running means */
    out->all += share * (least_of_all(j, task) - out->all);
    for (int by = 0; by < RANKING_N; by++) {
        struct ranking_picks picks = judge(j, (enum ranking)by, task);
        out->by[by].first += share * (picks.first - out->by[by].first);
        out->by[by].three += share * (picks.three - out->by[by].three);
    }
}

enum err learn_judge_rankings(const struct learn_looks *known, const struct ranker *ranker,
                              const bool *left_out, int family, struct ranking_family *out)
{
    struct judge j = {.known = known, .ranker = ranker, .left_out = left_out};
    *out = (struct ranking_family){0};
    j.weight = mem_alloc((size_t)known->ranks->n, sizeof *j.weight);
    if (!j.weight)
        return ERR_MEMORY;
    for (int t = 0; t < known->ranks->n && ranker->portfolio.n > 0; t++)
        if (known->ranks->family[t] == family)
            add_task(&j, t, out);
    mem_free(j.weight);
    return ERR_OK;
}

/* ---- all families ------------------------------------------------------------------------- */

/* Standard error of the mean of n differences. */
static double standard_error(double sum, double squares, int n)
{
    return n > 1 ? sqrt(fmax(0, squares / n - sum / n * (sum / n)) / (n - 1)) : 0;
}

static void sum_up(const struct ranking_family *family, int n_families, int by,
                   struct ranking_report *out)
{
    double d1 = 0, d3 = 0, s1 = 0, s3 = 0;
    int n = out->n_families;
    for (int f = 0; f < n_families; f++) {
        const struct ranking_picks *at = &family[f].by[by], *even = &family[f].by[RANKING_EVEN];
        if (family[f].n_tasks == 0)
            continue;
        out->by[by].first += at->first / n;
        out->by[by].three += at->three / n;
        d1 += at->first - even->first;
        d3 += at->three - even->three;
        s1 += pow(at->first - even->first, 2);
        s3 += pow(at->three - even->three, 2);
    }
    out->error[by].first = standard_error(d1, s1, n);
    out->error[by].three = standard_error(d3, s3, n);
}

void learn_sum_rankings(const struct ranking_family *family, int n_families,
                        struct ranking_report *out)
{
    *out = (struct ranking_report){.best = RANKING_EVEN};
    for (int f = 0; f < n_families; f++) {
        out->n_families += family[f].n_tasks > 0;
        out->n_tasks += family[f].n_tasks;
    }
    for (int f = 0; f < n_families; f++)
        if (family[f].n_tasks > 0)
            out->all += family[f].all / out->n_families;
    for (int by = 0; by < RANKING_N; by++)
        sum_up(family, n_families, by, out);
    for (int by = 0; by < RANKING_N && out->n_families >= 3; by++)
        if (out->by[by].first + out->by[by].three <
            out->by[out->best].first + out->by[out->best].three)
            out->best = (enum ranking)by;
}

void learn_put_rankings(const struct ranking_report *report, struct text *out)
{
    const struct ranking_picks *even = &report->by[RANKING_EVEN];
    text_appendf(out,
                 "regret on families left out (%d families, %d tasks): first pick, best of three\n",
                 report->n_families, report->n_tasks);
    for (int by = 0; by < RANKING_N; by++)
        text_appendf(out, "  %-13s %6.3f %+.3f +- %.3f   %6.3f %+.3f +- %.3f  %s%s\n",
                     ranking_name((enum ranking)by), report->by[by].first,
                     report->by[by].first - even->first, report->error[by].first,
                     report->by[by].three, report->by[by].three - even->three,
                     report->error[by].three, ranking_about((enum ranking)by),
                     report->best == (enum ranking)by ? " <- used" : "");
    text_appendf(out, "  best of the whole portfolio: %.3f\n", report->all);
}
