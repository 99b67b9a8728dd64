/* report_files: a comparison as CSV tables and SVG plots in a folder. */
#include "report.h"
#include "rungs.h"
#include "svg.h"

#include <math.h>
#include <string.h>

/* ---- tables ------------------------------------------------------------------------------ */

static void put_cells(struct text *out, const double *value, int n)
{
    char number[32];
    for (int i = 0; i < n; i++)
        text_appendf(out, ",%s", text_double(number, sizeof number, value[i], false));
    text_append_char(out, '\n');
}

static void put_regret(const struct bench_statistics *s, struct text *out)
{
    text_append(out, "method,trainings,regret,low,high,rank\n");
    for (int m = 0; m < s->result->n_methods; m++)
        for (int b = 0; b < s->n_budgets; b++) {
            const struct bench_interval *i = &s->mean[m * BENCH_BUDGETS + b];
            const double row[] = {bench_budgets[b], i->value, i->low, i->high,
                                  s->rank[m * BENCH_BUDGETS + b]};
            text_append(out, s->result->method[m]);
            put_cells(out, row, 5);
        }
}

static void put_tasks(const struct bench_statistics *s, struct text *out)
{
    const struct bench_result *r = s->result;
    text_append(out, "method,task,family,trainings,regret\n");
    for (int m = 0; m < r->n_methods; m++)
        for (int t = 0; t < r->table->n_tasks; t++)
            for (int b = 0; b < s->n_budgets; b++) {
                size_t at = ((size_t)m * (size_t)r->table->n_tasks + (size_t)t) * BENCH_BUDGETS;
                const double row[] = {bench_budgets[b], s->task_mean[at + (size_t)b]};
                text_appendf(out, "%s,%s,%s", r->method[m], r->table->tasks[t].name,
                             r->table->tasks[t].family);
                put_cells(out, row, 2);
            }
}

static void put_speedups(const struct bench_statistics *s, struct text *out)
{
    int n = s->result->n_methods;
    text_append(out, "method,peer,trainings,factor,low,high,reached\n");
    for (int i = 0; i < n * n; i++)
        for (int g = 0; g < s->n_targets; g++) {
            const struct bench_interval *f = &s->pair[i].speedup[g];
            const double row[] = {bench_targets[g], f->value, f->low, f->high,
                                  s->pair[i].reached[g]};
            text_appendf(out, "%s,%s", s->result->method[i / n], s->result->method[i % n]);
            put_cells(out, row, 5);
        }
}

static void put_differences(const struct bench_statistics *s, struct text *out)
{
    int n = s->result->n_methods;
    text_append(out, "method,peer,trainings,difference,low,high,tasks_won,p,p_holm\n");
    for (int i = 0; i < n * n; i++)
        for (int b = 0; b < s->n_budgets && i / n != i % n; b++) {
            const struct bench_pair *p = &s->pair[i];
            const double row[] = {bench_budgets[b],     p->difference[b].value,
                                  p->difference[b].low, p->difference[b].high,
                                  (double)p->won[b],    p->p[b],
                                  p->p_holm[b]};
            text_appendf(out, "%s,%s", s->result->method[i / n], s->result->method[i % n]);
            put_cells(out, row, 7);
        }
}

/* Every method's mean regret after every half training: what a race looks like. */
static void put_race(const struct bench_statistics *s, struct text *out)
{
    const struct bench_result *r = s->result;
    char number[32];
    text_append(out, "method,task,trainings,regret\n");
    for (int m = 0; m < r->n_methods; m++)
        for (int t = 0; t < r->table->n_tasks; t++)
            for (int half = 1; half <= 2 * r->budget; half++) {
                double sum = 0, at = 0.5 * half;
                for (int k = 0; k < r->n_seeds; k++)
                    sum += bench_regret(r, m, t, k, s->axis, at);
                text_appendf(out, "%s,%s,%.1f,%s\n", r->method[m], r->table->tasks[t].name, at,
                             text_double(number, sizeof number, sum / r->n_seeds, false));
            }
}

static void put_runs(const struct bench_statistics *s, struct text *out)
{
    bench_put_runs(s->result, out);
}

/* Nothing without guides. */
static void put_calibration(const struct bench_statistics *s, struct text *out)
{
    if (report_has_predictions(s->result))
        rungs_put_csv(s->result->rung, report_full_epochs(s->result), out);
}

/* ---- plots ------------------------------------------------------------------------------- */

enum { CURVE_POINTS = 80, TICKS_MAX = 32 };

/* Methods by their last figure, the worst first, as the lines end. */
static void order_methods(const struct bench_statistics *s, int *order)
{
    int last = s->n_budgets - 1;
    for (int m = 0; m < s->result->n_methods; m++) {
        double mine = s->mean[m * BENCH_BUDGETS + last].value;
        int at = m;
        for (; at > 0 && s->mean[order[at - 1] * BENCH_BUDGETS + last].value < mine; at--)
            order[at] = order[at - 1];
        order[at] = m;
    }
}

static struct svg_axis budget_axis(const struct bench_statistics *s)
{
    return (struct svg_axis){.label = s->axis == BENCH_COST
                                          ? "cost, in full trainings of the median configuration"
                                          : "epochs, in full trainings",
                             .from = bench_budgets[0],
                             .to = bench_budgets[s->n_budgets - 1],
                             .log = true,
                             .tick = bench_budgets,
                             .n_ticks = s->n_budgets};
}

/* Rounded outwards to 1, 2 or 5 times a power of ten. */
static void fit_log_axis(struct svg_axis *a, const struct bench_interval *y, int n, double *tick)
{
    double low = (double)INFINITY, high = 0;
    double all[TICKS_MAX];
    int n_all = svg_log_ticks(1e-3, 1e3, all, TICKS_MAX);
    for (int i = 0; i < n; i++) {
        low = fmin(low, fmax(y[i].low, 1e-3));
        high = fmax(high, y[i].high);
    }
    a->from = 1e-3;
    a->to = 1e3;
    for (int i = 0; i < n_all; i++) {
        if (all[i] <= low)
            a->from = all[i];
        if (all[n_all - 1 - i] >= high)
            a->to = all[n_all - 1 - i];
    }
    if (!(a->to > a->from))
        a->to = a->from * 10;
    a->log = true;
    a->tick = tick;
    a->n_ticks = svg_log_ticks(a->from, a->to, tick, TICKS_MAX);
}

static enum err plot_curves(const struct bench_statistics *s, bool race, struct text *out,
                            struct err_info *info)
{
    const struct bench_result *r = s->result;
    double at[CURVE_POINTS], tick[TICKS_MAX];
    int order[BENCH_METHODS_MAX], n = r->n_methods;
    struct svg_line line[BENCH_METHODS_MAX];
    struct bench_interval *y = mem_alloc((size_t)n, CURVE_POINTS * sizeof *y);
    if (!y)
        return err_set_memory(info, "plot");
    struct svg_lines plot = {.title = race ? "Race: mean normalised regret by epochs"
                                           : "Mean normalised regret, 95 % bootstrap bands",
                             .x = budget_axis(s),
                             .y = {.label = "regret (0: best of the pool)"},
                             .at = at,
                             .n = CURVE_POINTS,
                             .line = line,
                             .n_lines = n,
                             .bands = !race};
    plot.x.log = !race;
    for (int i = 0; i < CURVE_POINTS; i++) {
        double share = i / (CURVE_POINTS - 1.0);
        at[i] = race ? plot.x.from + (plot.x.to - plot.x.from) * share
                     : plot.x.from * pow(plot.x.to / plot.x.from, share);
    }
    enum err err = bench_regret_curves(r, s->axis, at, CURVE_POINTS, y, info);
    order_methods(s, order);
    for (int k = 0; k < n; k++)
        line[k] = (struct svg_line){r->method[order[k]], &y[order[k] * CURVE_POINTS]};
    if (err == ERR_OK) {
        fit_log_axis(&plot.y, y, n * CURVE_POINTS, tick);
        svg_put_lines(&plot, out);
    }
    mem_free(y);
    return err;
}

static enum err plot_regret(const struct bench_statistics *s, int of, struct text *out,
                            struct err_info *info)
{
    (void)of;
    return plot_curves(s, false, out, info);
}

static enum err plot_race(const struct bench_statistics *s, int of, struct text *out,
                          struct err_info *info)
{
    (void)of;
    return plot_curves(s, true, out, info);
}

static enum err plot_ranks(const struct bench_statistics *s, int of, struct text *out,
                           struct err_info *info)
{
    const struct bench_result *r = s->result;
    double tick[BENCH_METHODS_MAX];
    int order[BENCH_METHODS_MAX], n = r->n_methods;
    struct svg_line line[BENCH_METHODS_MAX];
    struct bench_interval *y = mem_zero_alloc((size_t)n, BENCH_BUDGETS * sizeof *y);
    (void)of;
    if (!y)
        return err_set_memory(info, "plot");
    order_methods(s, order);
    for (int k = 0; k < n; k++) { /* the best stand at the top */
        int method = order[n - 1 - k];
        line[k] = (struct svg_line){r->method[method], &y[k * BENCH_BUDGETS]};
        tick[k] = k + 1;
        for (int b = 0; b < s->n_budgets; b++)
            y[k * BENCH_BUDGETS + b].value = s->rank[method * BENCH_BUDGETS + b];
    }
    struct svg_lines plot = {
        .title = "Mean rank over families",
        .x = budget_axis(s),
        .y = {.label = "mean rank (1: best)", .from = n, .to = 1, .tick = tick, .n_ticks = n},
        .at = bench_budgets,
        .n = s->n_budgets,
        .line = line,
        .n_lines = n,
        .bar = isnan(s->critical_difference) ? 0 : fmin(s->critical_difference, n - 1),
        .bar_label = "critical difference, 5 %"};
    svg_put_lines(&plot, out);
    mem_free(y);
    return ERR_OK;
}

static enum err plot_speedup(const struct bench_statistics *s, int of, struct text *out,
                             struct err_info *info)
{
    static const char *const figures[] = {"at 10", "at 30"};
    char title[160];
    const struct bench_result *r = s->result;
    double tick[TICKS_MAX];
    int order[BENCH_METHODS_MAX], n_rows = 0;
    struct svg_line row[BENCH_METHODS_MAX];
    (void)info;
    order_methods(s, order);
    text_format(title, sizeof title,
                "%s: times fewer epochs to each peer's result, 95 %% intervals", r->method[of]);
    struct svg_rows plot = {.title = title,
                            .x = {.label = "factor (right of 1: fewer than the peer itself)"},
                            .mark = 1,
                            .row = row,
                            .n = s->n_targets,
                            .figure = figures};
    struct bench_interval all[BENCH_METHODS_MAX * BENCH_TARGETS + 1] = {{1, 0.5, 2}};
    int n_all = 1;
    for (int k = 0; k < r->n_methods; k++) {
        const struct bench_pair *p = &s->pair[of * r->n_methods + order[k]];
        if (order[k] == of)
            continue;
        row[n_rows++] = (struct svg_line){r->method[order[k]], p->speedup};
        for (int g = 0; g < s->n_targets; g++)
            all[n_all++] = p->speedup[g];
    }
    plot.n_rows = n_rows;
    fit_log_axis(&plot.x, all, n_all, tick);
    svg_put_rows(&plot, out);
    return ERR_OK;
}

/* ---- files ------------------------------------------------------------------------------- */

static enum err write_file(const char *folder, const char *name, struct text *content,
                           struct err_info *info)
{
    char path[512];
    enum err err = ERR_OK;
    if (content->failed)
        err = err_set_memory(info, name);
    else if (!file_join(path, sizeof path, folder, name))
        err = err_set(info, ERR_IO, folder, "use a shorter path", "the path is too long");
    else
        err = file_write_atomic(path, text_get(content), content->length, info);
    text_free(content);
    return err;
}

static enum err write_plots(const struct bench_statistics *s, int of, const char *folder,
                            struct err_info *info)
{
    static const struct {
        const char *name;
        enum err (*plot)(const struct bench_statistics *s, int of, struct text *out,
                         struct err_info *info);
        int methods, targets; /* that it needs */
    } plots[] = {{"regret.svg", plot_regret, 1, 0},
                 {"race.svg", plot_race, 1, 0},
                 {"ranks.svg", plot_ranks, 2, 0},
                 {"speedup.svg", plot_speedup, 2, 1}};
    enum err err = ERR_OK;
    for (size_t i = 0; i < sizeof plots / sizeof *plots && err == ERR_OK; i++) {
        struct text out = {0};
        if (s->n_budgets < 2 || s->result->n_methods < plots[i].methods ||
            s->n_targets < plots[i].targets)
            continue;
        err = plots[i].plot(s, of, &out, info);
        if (err == ERR_OK)
            err = write_file(folder, plots[i].name, &out, info);
    }
    return err;
}

enum err bench_report_files(const struct bench_statistics *s, int of, const char *folder,
                            struct err_info *info)
{
    static const struct {
        const char *name;
        void (*put)(const struct bench_statistics *s, struct text *out);
    } tables[] = {{"regret.csv", put_regret},
                  {"tasks.csv", put_tasks},
                  {"speedup.csv", put_speedups},
                  {"difference.csv", put_differences},
                  {"race.csv", put_race},
                  {"runs.csv", put_runs},
                  {"calibration.csv", put_calibration}};
    struct text out = {0};
    enum err err = file_make_folder(folder, info);
    for (size_t i = 0; i < sizeof tables / sizeof *tables && err == ERR_OK; i++) {
        tables[i].put(s, &out);
        if (out.length > 0 || out.failed)
            err = write_file(folder, tables[i].name, &out, info);
    }
    if (err == ERR_OK)
        err = write_plots(s, of < 0 ? report_best_method(s) : of, folder, info);
    return err;
}
