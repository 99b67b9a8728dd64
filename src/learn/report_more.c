/* report_more: what a comparison says beside its tables: who is first at every budget, how long
 * proposals take, whether knowledge of the own family flatters, and two methods side by side. */
#include "report.h"
#include "rungs.h"
#include "whole_ranks.h"

#include <math.h>
#include <string.h>

enum { NAME_WIDTH = 26 };

/* "1-12 15", of the budgets at which it is first. */
static void put_spans(const struct bench_statistics *s, int method, struct text *out)
{
    for (int b = 0; b < s->n_whole; b++) {
        int from = b;
        while (b < s->n_whole && whole_ranks_first(s, method, b))
            b++;
        if (b > from + 1)
            text_appendf(out, " %d-%d", from + 1, b);
        else if (b > from)
            text_appendf(out, " %d", b);
    }
}

void report_first(const struct bench_statistics *s, struct text *out)
{
    text_appendf(out, "\nfirst in mean rank (ties count) after how many of 1..%d full trainings\n",
                 s->n_whole);
    for (int m = 0; m < s->result->n_methods; m++) {
        int n = 0;
        for (int b = 0; b < s->n_whole; b++)
            n += whole_ranks_first(s, m, b);
        if (n == 0)
            continue;
        text_appendf(out, "%-*.*s %3d:", NAME_WIDTH, NAME_WIDTH - 1, s->result->method[m], n);
        put_spans(s, m, out);
        text_append_char(out, '\n');
    }
}

double report_proposal_ms(const struct bench_result *r, int method, double *slowest)
{
    double sum = 0;
    int64_t n = 0;
    *slowest = 0;
    for (int t = 0; t < r->table->n_tasks; t++)
        for (int s = 0; s < r->n_seeds; s++) {
            const struct bench_run *run = bench_run_of(r, method, t, s);
            sum += run->proposing;
            n += run->n_proposals;
            *slowest = fmax(*slowest, 1e3 * run->slowest);
        }
    return n > 0 ? 1e3 * sum / (double)n : (double)NAN;
}

void report_times(const struct bench_result *r, struct text *out)
{
    char mean[32], most[32];
    text_append(out, "\nmilliseconds of a core for a proposal: mean, slowest\n");
    for (int m = 0; m < r->n_methods; m++) {
        double slowest, ms = report_proposal_ms(r, m, &slowest);
        if (!isnan(ms))
            text_appendf(out, "%-*.*s %8s %8s\n", NAME_WIDTH, NAME_WIDTH - 1, r->method[m],
                         report_number(mean, sizeof mean, ms),
                         report_number(most, sizeof most, slowest));
    }
}

/* ---- does its own family flatter a method? ----------------------------------------------- */

int report_held_in(const struct bench_result *r, int method)
{
    char name[BENCH_NAME_MAX + 8];
    text_format(name, sizeof name, "%s@own", r->method[method]);
    for (int m = 0; m < r->n_methods; m++)
        if (strcmp(r->method[m], name) == 0)
            return m;
    return -1;
}

void report_gaps(const struct bench_statistics *s, struct text *out)
{
    const double flag = 0.05;
    int n = s->result->n_methods, at = 0;
    while (at < s->n_budgets && bench_budgets[at] != 5)
        at++;
    for (int m = 0; m < n && at < s->n_budgets; m++) {
        int own = report_held_in(s->result, m);
        if (own < 0)
            continue;
        const struct bench_interval *d = &s->pair[m * n + own].difference[at];
        text_appendf(out,
                     "\nmeta-overfitting gap of %s at 5 full trainings: regret %+.3f "
                     "[%+.3f,%+.3f] more without the own family%s\n",
                     s->result->method[m], d->value, d->low, d->high,
                     d->value > flag ? ": TOO MUCH (over .05)" : "");
    }
}

/* ---- do predictions come true? ----------------------------------------------------------- */

bool report_has_predictions(const struct bench_result *r)
{
    for (int i = 0; i < PREDICTOR_RUNGS; i++)
        if (r->rung[i].n > 0)
            return true;
    return false;
}

int report_full_epochs(const struct bench_result *r)
{
    int most = 0;
    for (int t = 0; t < r->table->n_tasks; t++)
        most = r->table->tasks[t].n_epochs > most ? r->table->tasks[t].n_epochs : most;
    return most;
}

void report_predictions(const struct bench_result *r, struct text *out)
{
    if (!report_has_predictions(r))
        return;
    text_append(out, "\npredictions of learning curves by the advice without each task's family; "
                     "base: always saying the share of winners\n");
    rungs_put_text(r->rung, report_full_epochs(r), out);
}

/* ---- two methods ------------------------------------------------------------------------- */

/* Share of the searches in which the first has less regret; equal ones count half. */
static double share_won(const struct bench_statistics *s, int a, int b, double trainings)
{
    const struct bench_result *r = s->result;
    double won = 0;
    for (int t = 0; t < r->table->n_tasks; t++)
        for (int k = 0; k < r->n_seeds; k++) {
            double x = bench_regret(r, a, t, k, s->axis, trainings);
            double y = bench_regret(r, b, t, k, s->axis, trainings);
            won += x < y ? 1 : x > y ? 0 : 0.5;
        }
    return won / r->table->n_tasks / r->n_seeds;
}

void bench_report_pair(const struct bench_statistics *s, int a, int b, struct text *out)
{
    char x[32], y[32], p[32];
    int n = s->result->n_methods;
    const struct bench_pair *pair = &s->pair[a * n + b];
    text_appendf(out,
                 "\n%s (A) against %s (B), paired over tasks and seeds: regrets, difference with "
                 "95 %% interval,\nsearches won (equal ones half), tasks won, p (Wilcoxon)\n",
                 s->result->method[a], s->result->method[b]);
    text_append(out, "  trainings       A       B       A-B [interval]           searches  tasks"
                     "      p\n");
    for (int k = 0; k < s->n_budgets; k++)
        text_appendf(out, "  %9.3g %7s %7s    %+.3f [%+.3f,%+.3f] %11.0f %% %4d/%d  %s\n",
                     bench_budgets[k],
                     report_number(x, sizeof x, s->mean[a * BENCH_BUDGETS + k].value),
                     report_number(y, sizeof y, s->mean[b * BENCH_BUDGETS + k].value),
                     pair->difference[k].value, pair->difference[k].low, pair->difference[k].high,
                     100 * share_won(s, a, b, bench_budgets[k]), pair->won[k],
                     s->result->table->n_tasks, report_chance(p, sizeof p, pair->p[k]));
    for (int g = 0; g < s->n_targets; g++) {
        char range[64];
        text_appendf(out, "  to B's result at %.0f: %sx fewer epochs [%s]\n", bench_targets[g],
                     report_number(x, sizeof x, pair->speedup[g].value),
                     report_range(range, sizeof range, &pair->speedup[g]));
    }
}
