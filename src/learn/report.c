/* report: a comparison as text tables. */
#include "report.h"

#include <math.h>
#include <string.h>

enum { NAME_WIDTH = 26, COLUMN = 10 };

/* Three decimals below 1, fewer above: 0.402, 1.17, 12.3. */
static const char *short_number(char *out, size_t out_size, double x)
{
    int digits = fabs(x) < 9.995 ? fabs(x) < 0.9995 ? 3 : 2 : 1;
    return isnan(x) ? text_format(out, out_size, "-")
                    : text_format(out, out_size, "%.*f", digits, x);
}

const char *report_number(char *out, size_t out_size, double x)
{
    return short_number(out, out_size, x);
}

const char *report_chance(char *out, size_t out_size, double p)
{
    return p < 0.001 ? text_format(out, out_size, "<.001") : text_format(out, out_size, "%.3f", p);
}

const char *report_range(char *out, size_t out_size, const struct bench_interval *i)
{
    char low[32], high[32];
    const char *a = short_number(low, sizeof low, i->low);
    const char *b = short_number(high, sizeof high, i->high);
    return text_format(out, out_size, "%s-%s", strncmp(a, "0.", 2) == 0 ? a + 1 : a,
                       strncmp(b, "0.", 2) == 0 ? b + 1 : b);
}

int report_best_method(const struct bench_statistics *s)
{
    int best = 0, last = s->n_budgets - 1;
    for (int m = 1; m < s->result->n_methods && last >= 0; m++)
        if (s->mean[m * BENCH_BUDGETS + last].value < s->mean[best * BENCH_BUDGETS + last].value)
            best = m;
    return best;
}

/* The line's end, without the spaces that fill its last column. */
static void end_line(struct text *out)
{
    while (out->length > 0 && out->data[out->length - 1] == ' ')
        out->data[--out->length] = 0;
    text_append_char(out, '\n');
}

/* ---- tables over budgets ----------------------------------------------------------------- */

static void head(const struct bench_statistics *s, const char *what, struct text *out)
{
    char number[32];
    text_appendf(out, "%-*s", NAME_WIDTH, what);
    for (int b = 0; b < s->n_budgets; b++)
        text_appendf(
            out, "%*s", COLUMN,
            text_human(number, sizeof number, bench_budgets[b], bench_budgets[b] < 10 ? 1 : 2));
    end_line(out);
}

static void regrets(const struct bench_statistics *s, struct text *out)
{
    char cell[64];
    text_append(out, "\nnormalised regret, with 95 % intervals (0: best of the pool, 1: what the "
                     "median configuration ends with)\n");
    head(s, "full trainings", out);
    for (int m = 0; m < s->result->n_methods; m++) {
        text_appendf(out, "%-*.*s", NAME_WIDTH, NAME_WIDTH - 1, s->result->method[m]);
        for (int b = 0; b < s->n_budgets; b++)
            text_appendf(out, "%*s", COLUMN,
                         short_number(cell, sizeof cell, s->mean[m * BENCH_BUDGETS + b].value));
        text_appendf(out, "\n%-*s", NAME_WIDTH, "");
        for (int b = 0; b < s->n_budgets; b++)
            text_appendf(out, "%*s", COLUMN,
                         report_range(cell, sizeof cell, &s->mean[m * BENCH_BUDGETS + b]));
        end_line(out);
    }
}

static void ranks(const struct bench_statistics *s, struct text *out)
{
    char cell[32];
    int families = s->result->table->n_families;
    text_appendf(out,
                 "\nmean rank over %d famil%s, 1 is best; means nearer than %.2f are not told "
                 "apart at 5 %% (Nemenyi)\n",
                 families, families == 1 ? "y" : "ies", s->critical_difference);
    head(s, "full trainings", out);
    for (int m = 0; m < s->result->n_methods; m++) {
        text_appendf(out, "%-*.*s", NAME_WIDTH, NAME_WIDTH - 1, s->result->method[m]);
        for (int b = 0; b < s->n_budgets; b++)
            text_appendf(out, "%*.2f", COLUMN, s->rank[m * BENCH_BUDGETS + b]);
        end_line(out);
    }
    text_appendf(out, "%-*s", NAME_WIDTH, "p if all were equal");
    for (int b = 0; b < s->n_budgets; b++)
        text_appendf(out, "%*s", COLUMN, report_chance(cell, sizeof cell, s->friedman_p[b]));
    text_append(out, "  (Friedman)\n");
}

/* ---- pairs ------------------------------------------------------------------------------- */

static void speedups(const struct bench_statistics *s, int target, struct text *out)
{
    char cell[32];
    int n = s->result->n_methods;
    text_appendf(out,
                 "\nhow many times fewer %s the row needs for what the column has at %.0f full "
                 "trainings\n%-*s",
                 s->axis == BENCH_COST ? "cost units" : "epochs", bench_targets[target],
                 NAME_WIDTH + 4, "");
    for (int p = 0; p < n; p++)
        text_appendf(out, "   [%2d]", p + 1);
    end_line(out);
    for (int m = 0; m < n; m++) {
        text_appendf(out, "%2d %-*.*s", m + 1, NAME_WIDTH, NAME_WIDTH, s->result->method[m]);
        for (int p = 0; p < n; p++)
            text_appendf(
                out, "%7s",
                p == m ? "."
                       : short_number(cell, sizeof cell, s->pair[m * n + p].speedup[target].value));
        end_line(out);
    }
}

static void one_speedup(const struct bench_pair *p, int target, struct text *out)
{
    char factor[32], range[64], cell[128];
    text_format(cell, sizeof cell, "%sx [%s] %3.0f %%",
                short_number(factor, sizeof factor, p->speedup[target].value),
                report_range(range, sizeof range, &p->speedup[target]), 100 * p->reached[target]);
    text_appendf(out, "  %-26s", cell);
}

static void one_difference(const struct bench_statistics *s, const struct bench_pair *p, int b,
                           struct text *out)
{
    char chance[32], cell[128];
    int tasks = s->result->table->n_tasks;
    text_format(cell, sizeof cell, "%+.3f [%+.3f,%+.3f] %d/%d %s", p->difference[b].value,
                p->difference[b].low, p->difference[b].high, p->won[b], tasks,
                report_chance(chance, sizeof chance, p->p_holm[b]));
    text_appendf(out, "  %-38s", cell);
}

/* The budgets of the detailed differences: 5, 10 and 30. */
static bool is_headline(int b)
{
    return bench_budgets[b] == 5 || bench_budgets[b] == 10 || bench_budgets[b] == 30;
}

static void detail(const struct bench_statistics *s, int of, struct text *out)
{
    int n = s->result->n_methods;
    text_appendf(out,
                 "\n%s against each: times fewer epochs to its result, 95 %% interval, share "
                 "of searches that get there\n%-*s",
                 s->result->method[of], NAME_WIDTH, "");
    for (int g = 0; g < s->n_targets; g++)
        text_appendf(out, "  at %-23.0f", bench_targets[g]);
    end_line(out);
    for (int p = 0; p < n; p++) {
        if (p == of)
            continue;
        text_appendf(out, "%-*.*s", NAME_WIDTH, NAME_WIDTH - 1, s->result->method[p]);
        for (int g = 0; g < s->n_targets; g++)
            one_speedup(&s->pair[of * n + p], g, out);
        end_line(out);
    }
    text_appendf(out,
                 "\n%s against each: difference of regrets, 95 %% interval, tasks won, p "
                 "(Wilcoxon, Holm)\n%-*s",
                 s->result->method[of], NAME_WIDTH, "");
    for (int b = 0; b < s->n_budgets; b++)
        if (is_headline(b))
            text_appendf(out, "  at %-35.0f", bench_budgets[b]);
    end_line(out);
    for (int p = 0; p < n; p++) {
        if (p == of)
            continue;
        text_appendf(out, "%-*.*s", NAME_WIDTH, NAME_WIDTH - 1, s->result->method[p]);
        for (int b = 0; b < s->n_budgets; b++)
            if (is_headline(b))
                one_difference(s, &s->pair[of * n + p], b, out);
        end_line(out);
    }
}

void bench_report(const struct bench_statistics *s, int of, struct text *out)
{
    const struct bench_result *r = s->result;
    char decisions[32], rate[32], epochs[64];
    text_appendf(out, "%s: %d tasks in %d families, %d seeds, %.3g full trainings of %s epochs%s\n",
                 r->table->name, r->table->n_tasks, r->table->n_families, r->n_seeds, r->budget,
                 curve_table_epochs(r->table, epochs, sizeof epochs),
                 s->axis == BENCH_COST ? ", charged by cost" : "");
    if (r->table->n_unfinished > 0)
        text_appendf(out, "%d unfinished tasks left out\n", r->table->n_unfinished);
    if (r->seconds > 0)
        text_appendf(out, "%s decisions replayed, %s a second and core\n",
                     text_count(decisions, sizeof decisions, r->n_decisions),
                     text_count(rate, sizeof rate, (int64_t)((double)r->n_decisions / r->seconds)));
    regrets(s, out);
    report_times(r, out);
    report_predictions(r, out);
    if (r->n_methods < 2)
        return;
    ranks(s, out);
    report_first(s, out);
    report_gaps(s, out);
    for (int g = 0; g < s->n_targets; g++)
        speedups(s, g, out);
    detail(s, of < 0 ? report_best_method(s) : of, out);
}
