/* If this fails, what `tiller bench` reports about searches is not what section 12 of the search
 * design asks for. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "made_table.h"

static void near(double value, double expected, double tolerance)
{
    if (!(fabs(value - expected) <= tolerance))
        fail_msg("%.9g, not %.9g", value, expected);
}

/* Tasks with best 0, median 1 and untrained 2; task1 and task2 are one family. R = 10 epochs. */
static struct curve_table *flat_table(void)
{
    struct text curves = {0};
    struct curve_table *table;
    struct err_info info = {0};
    text_append(&curves, "task,config_id,family");
    for (int e = 0; e <= 10; e++)
        text_appendf(&curves, ",e%d", e);
    for (int t = 0; t < 3; t++)
        for (int i = 0; i < 3; i++) {
            text_appendf(&curves, "\ntask%d,%d,%s,2", t, i, t ? "twins" : "single");
            for (int e = 1; e <= 10; e++)
                text_appendf(&curves, ",%d", i);
        }
    enum err err = made_table("config_id,x\n0,1\n1,2\n2,3\n", text_get(&curves), &table, &info);
    if (err != ERR_OK)
        fail_msg("%s: %s", info.where, info.detail);
    assert_true(table->tasks[0].best == 0 && table->tasks[0].median == 1 &&
                table->tasks[0].majority == 2);
    text_free(&curves);
    return table;
}

/* ---- a comparison ------------------------------------------------------------------------- */

/* Searches on that table, and what is made of them. */
struct comparison {
    struct curve_table *table;
    struct bench_result *result;
    struct bench_statistics *statistics; /* of judge; NULL before */
};

static const struct bench_statistics *judge(struct comparison *c)
{
    struct err_info info = {0};
    bench_statistics_free(c->statistics);
    assert_int_equal(bench_statistics_new(c->result, BENCH_EPOCHS, &c->statistics, &info), ERR_OK);
    return c->statistics;
}

static void comparison_free(struct comparison *c)
{
    bench_statistics_free(c->statistics);
    bench_result_free(c->result);
    curve_table_free(c->table);
}

/* A result with no runs of its own and those of a file. */
static enum err add_runs(const struct curve_table *table, int n_seeds, const char *rows,
                         struct bench_result **out, struct err_info *info)
{
    char path[128];
    struct bench_options options = {.table = table, .n_seeds = n_seeds, .budget = 30};
    text_format(path, sizeof path, "%s/runs.csv", folder);
    assert_int_equal(file_write_atomic(path, rows, strlen(rows), info), ERR_OK);
    assert_int_equal(bench_run_all(&options, out, info), ERR_OK);
    return bench_add_runs(*out, path, info);
}

static void put_run(struct text *out, const char *method, int task, int seed, int epoch,
                    double error)
{
    if (epoch < 300)
        text_appendf(out, "%s,task%d,%d,%d,%g\n", method, task, seed, epoch, error);
    text_appendf(out, "%s,task%d,%d,300,nan\n", method, task, seed);
}

/* ---- by hand ----------------------------------------------------------------------------- */

/* Three seeds. `slow` has error .5 from epoch 40, 60, 80 (task 0), 20 20 20 (1), 80 80 80 (2);
 * `fast` from 10 20 never, 20 20 20, 20 20 20. */
static struct comparison slow_and_fast(void)
{
    static const int slow[3][3] = {{40, 60, 80}, {20, 20, 20}, {80, 80, 80}};
    static const int fast[3][3] = {{10, 20, 999}, {20, 20, 20}, {20, 20, 20}};
    struct text rows = {0};
    struct comparison c = {.table = flat_table()};
    struct err_info info = {0};
    text_append(&rows, "# a comment\nmethod,task,seed,epoch,error\n");
    for (int t = 0; t < 3; t++)
        for (int s = 0; s < 3; s++) {
            put_run(&rows, "slow", t, s, slow[t][s], 0.5);
            put_run(&rows, "fast", t, s, fast[t][s], 0.5);
        }
    if (add_runs(c.table, 3, text_get(&rows), &c.result, &info) != ERR_OK)
        fail_msg("%s: %s", info.where, info.detail);
    text_free(&rows);
    assert_int_equal(c.result->n_methods, 2);
    assert_string_equal(c.result->method[0], "slow");
    return c;
}

static void figures_by_hand(void **state)
{
    (void)state;
    struct comparison c = slow_and_fast();
    const struct bench_statistics *s = judge(&c);
    assert_int_equal(s->n_budgets, BENCH_BUDGETS);
    /* At 5 full trainings, 50 epochs, slow has .5 with one seed of three on task 0, on task 1 with
     * all, on task 2 with none; untrained counts 2. Families weigh a half each. */
    double task0 = (0.5 + 2 + 2) / 3, task1 = 0.5, task2 = 2;
    near(s->mean[4].value, task0 / 2 + (task1 + task2) / 4, 1e-12);
    assert_true(s->mean[4].low < s->mean[4].value && s->mean[4].value < s->mean[4].high);
    near(s->task_mean[0 * BENCH_BUDGETS + 4], task0, 1e-12);
    near(s->mean[BENCH_BUDGETS + 4].value, 1.0 / 2 + 0.25, 1e-12); /* fast: (.5 + .5 + 2) / 3 */
    /* Ranks by family: on both fast is better at 5. At .5 (5 epochs) nobody has anything. */
    near(s->rank[0 * BENCH_BUDGETS + 4], 2, 0);
    near(s->rank[0 * BENCH_BUDGETS + 0], 1.5, 0);
    assert_int_equal(s->n_whole, 30);
    for (int m = 0; m < 2; m++)
        for (int b = 1; b < BENCH_BUDGETS; b++) /* worked out apart */
            near(s->whole_rank[m * BENCH_WHOLE + (int)bench_budgets[b] - 1],
                 s->rank[m * BENCH_BUDGETS + b], 1e-12);
    struct text beside = {0};
    bench_report_pair(s, 1, 0, &beside);
    assert_non_null(strstr(text_get(&beside), "fast (A) against slow (B)"));
    assert_non_null(strstr(text_get(&beside), "          5   0.750    1.38    -0.625 ["));
    text_free(&beside);
    /* fast against slow's result at 10 (100 epochs): the target is .5 everywhere. Half of the
     * seeds of slow have it at 60, 20, 80, of fast at 20, 20, 20: factors 3, 1, 4. */
    const struct bench_pair *fast = &s->pair[2], *slow = &s->pair[1];
    near(fast->speedup[0].value, exp(log(3) / 2 + log(1) / 4 + log(4) / 4), 1e-9);
    near(slow->speedup[0].value, 1 / fast->speedup[0].value, 1e-9);
    near(fast->reached[0], 2 / 3.0 / 2 + 0.5, 1e-12);
    near(slow->reached[0], 1, 1e-12);
    near(s->pair[0].speedup[1].value, 1, 1e-12); /* against itself */
    assert_true(fast->speedup[0].low <= fast->speedup[0].value &&
                fast->speedup[0].high >= fast->speedup[0].value);
    near(fast->difference[4].value, 0.75 - s->mean[4].value, 1e-12);
    assert_int_equal(fast->won[4], 2);
    assert_int_equal(slow->won[4], 0);
    near(fast->p[4], 0.5, 1e-12); /* two families, both won */
    near(fast->p_holm[4], 0.5, 1e-12);
    comparison_free(&c);
}

/* Who reaches nothing is charged 2 B; a target that an untrained network meets is met at once. */
static void targets_out_of_reach(void **state)
{
    (void)state;
    struct comparison c = {.table = flat_table()};
    struct text rows = {0};
    struct err_info info = {0};
    text_append(&rows, "method,task,seed,epoch,error\n");
    for (int t = 0; t < 3; t++) {
        put_run(&rows, "good", t, 0, 30, 0.1);
        put_run(&rows, "bad", t, 0, 60, 0.2);
        put_run(&rows, "useless", t, 0, 999, 0);
    }
    assert_int_equal(add_runs(c.table, 1, text_get(&rows), &c.result, &info), ERR_OK);
    const struct bench_statistics *s = judge(&c);
    near(s->pair[1 * 3 + 0].speedup[0].value, 30 / 600.0, 1e-9); /* bad, to good's .1 */
    near(s->pair[1 * 3 + 0].reached[0], 0, 0);
    near(s->pair[0 * 3 + 1].speedup[0].value, 2, 1e-9);
    near(s->pair[0 * 3 + 2].speedup[0].value, 1, 1e-9); /* to useless's: both at once */
    near(s->pair[2 * 3 + 2].reached[1], 1, 1e-12);
    comparison_free(&c);
    text_free(&rows);
}

/* ---- against plain loops ----------------------------------------------------------------- */

/* Many random runs: means, factors and differences by the most direct reading. */
static void figures_by_plain_loops(void **state)
{
    (void)state;
    enum { SEEDS = 6, METHODS = 4 };
    struct comparison c = {.table = flat_table()};
    struct text rows = {0};
    struct err_info info = {0};
    struct rng rng;
    double error[METHODS][3][SEEDS][301];
    const double weight[3] = {0.5, 0.25, 0.25};
    rng_seed(&rng, 8, 0);
    text_append(&rows, "method,task,seed,epoch,error\n");
    for (int i = 0; i < METHODS * 3 * SEEDS; i++) {
        int m = i / 3 / SEEDS, t = i / SEEDS % 3, k = i % SEEDS;
        double best = 2;
        for (int e = 1; e <= 300; e++) {
            if (rng_uniform(&rng) < 0.05) {
                best = fmin(best, 1.5 * rng_uniform(&rng) + 0.2 * m);
                text_appendf(&rows, "m%d,task%d,%d,%d,%.17g\n", m, t, k, e, best);
            }
            error[m][t][k][e] = best;
        }
        text_appendf(&rows, "m%d,task%d,%d,300,nan\n", m, t, k);
    }
    assert_int_equal(add_runs(c.table, SEEDS, text_get(&rows), &c.result, &info), ERR_OK);
    const struct bench_statistics *s = judge(&c);
    for (int m = 0; m < METHODS; m++)
        for (int b = 0; b < BENCH_BUDGETS; b++) {
            double sum = 0;
            for (int t = 0; t < 3; t++)
                for (int k = 0; k < SEEDS; k++)
                    sum += weight[t] / SEEDS * error[m][t][k][(int)(bench_budgets[b] * 10)];
            near(s->mean[m * BENCH_BUDGETS + b].value, sum, 1e-9);
        }
    for (int p = 0; p < METHODS; p++)
        for (int m = 0; m < METHODS; m++)
            for (int g = 0; g < BENCH_TARGETS; g++) {
                double sum = 0;
                for (int t = 0; t < 3; t++) {
                    double at[SEEDS], target = 9, time[2] = {600, 600};
                    for (int k = 0; k < SEEDS; k++) /* lower median: the least with 3 at most it */
                        at[k] = error[p][t][k][(int)(bench_targets[g] * 10)];
                    for (int k = 0; k < SEEDS; k++) {
                        int below = 0;
                        for (int j = 0; j < SEEDS; j++)
                            below += at[j] <= at[k];
                        if (below >= SEEDS / 2)
                            target = fmin(target, at[k]);
                    }
                    for (int who = 0; who < 2; who++)
                        for (int e = 300; e >= 1; e--) {
                            int hit = 0;
                            for (int k = 0; k < SEEDS; k++)
                                hit += error[who ? m : p][t][k][e] <= target;
                            if (hit >= SEEDS / 2)
                                time[who] = e;
                        }
                    assert_true(time[0] <= bench_targets[g] * 10);
                    sum += weight[t] * log(time[0] / time[1]);
                }
                near(s->pair[m * METHODS + p].speedup[g].value, exp(sum), 1e-6);
            }
    comparison_free(&c);
    text_free(&rows);
}

/* The curves for plots are the same means. */
static void curves_agree_with_the_table(void **state)
{
    (void)state;
    struct comparison c = slow_and_fast();
    struct bench_interval out[2 * BENCH_BUDGETS];
    struct err_info info = {0};
    const struct bench_statistics *s = judge(&c);
    assert_int_equal(
        bench_regret_curves(c.result, BENCH_EPOCHS, bench_budgets, BENCH_BUDGETS, out, &info),
        ERR_OK);
    for (int i = 0; i < 2 * BENCH_BUDGETS; i++)
        assert_memory_equal(&out[i], &s->mean[i], sizeof out[i]);
    assert_int_equal(bench_regret_curves(c.result, BENCH_COST, bench_budgets, 1, out, &info),
                     ERR_RANGE); /* no costs there */
    comparison_free(&c);
}

/* ---- runs as files ----------------------------------------------------------------------- */

static void runs_are_read_as_they_were_written(void **state)
{
    (void)state;
    struct curve_table *table = flat_table();
    struct bench_method method;
    struct bench_result *result, *again;
    struct err_info info = {0};
    struct text rows = {0};
    assert_int_equal(bench_method_find("random", &method, &info), ERR_OK);
    struct bench_options options = {
        .table = table, .method = &method, .n_methods = 1, .n_seeds = 2, .budget = 1.5};
    assert_int_equal(bench_run_all(&options, &result, &info), ERR_OK);
    bench_put_runs(result, &rows);
    options.n_methods = 0;
    assert_int_equal(bench_run_all(&options, &again, &info), ERR_OK);
    char path[128];
    text_format(path, sizeof path, "%s/again.csv", folder);
    assert_int_equal(file_write_atomic(path, rows.data, rows.length, &info), ERR_OK);
    assert_int_equal(bench_add_runs(again, path, &info), ERR_OK);
    assert_int_equal(again->n_methods, 1);
    for (int t = 0; t < 3; t++)
        for (int k = 0; k < 2; k++) {
            const struct bench_run *a = bench_run_of(result, 0, t, k);
            const struct bench_run *b = bench_run_of(again, 0, t, k);
            assert_int_equal(a->n_steps, b->n_steps);
            assert_int_equal(a->n_epochs, b->n_epochs);
            assert_true(a->cost == b->cost);
            for (int i = 0; i < a->n_steps; i++)
                assert_memory_equal(&a->step[i].cost, &b->step[i].cost, 2 * sizeof(double));
        }
    assert_int_equal(bench_add_runs(again, path, &info), ERR_INPUT); /* random is there already */
    assert_non_null(strstr(info.detail, "there already"));
    bench_result_free(result);
    bench_result_free(again);
    curve_table_free(table);
    text_free(&rows);
}

static void broken_runs_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *rows, *where, *detail;
    } rows[] = {
        {"", ":1", "empty"},
        {"method,task,seed,epoch\n", ":1", "no column error"},
        {"method,task,seed,epoch,error\n", "runs.csv", "no search"},
        {"method,task,seed,epoch,error\nx,task0,0,1\n", ":2", "has 4 fields"},
        {"method,task,seed,epoch,error\nx,task0,-1,1,1\n", ":2:3", "'-1' is not one"},
        {"method,task,seed,epoch,error\nx,task0,0,1.5,1\n", ":2:4", "'1.5' is not one"},
        {"method,task,seed,epoch,error\nx,task0,0,9,1\nx,task0,0,8,1\n", ":3:4", "after 9"},
        {"method,task,seed,epoch,error\nx,task0,0,9,low\n", ":2:5", "'low' is not a number"},
        {"method,task,seed,epoch,error\n,task0,0,9,1\n", ":2:1", "already"},
        {"method,task,seed,epoch,error\nx,task0,0,300,1\n", "runs.csv", "no search of task task1"},
        {"method,task,seed,epoch,error\nx,task0,0,99,1\n", "runs.csv", "with seed 0, or less"},
    };
    struct curve_table *table = flat_table();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct bench_result *result;
        struct err_info info = {0};
        enum err err = add_runs(table, 1, rows[i].rows, &result, &info);
        if (err != ERR_INPUT || !strstr(info.where, rows[i].where) ||
            !strstr(info.detail, rows[i].detail))
            fail_msg("row %zu: %d, %s: %s", i, (int)err, info.where, info.detail);
        bench_result_free(result);
    }
    curve_table_free(table);
}

/* ---- reports ----------------------------------------------------------------------------- */

static char *read_report(const char *name)
{
    char path[128], *bytes;
    size_t n;
    struct err_info info = {0};
    text_format(path, sizeof path, "%s/report/%s", folder, name);
    if (file_read(path, 1 << 24, &bytes, &n, &info) != ERR_OK)
        fail_msg("%s: %s", info.where, info.detail);
    return bytes;
}

static int count(const char *text, const char *what)
{
    int n = 0;
    for (const char *at = text; (at = strstr(at, what)) != NULL; at += strlen(what))
        n++;
    return n;
}

/* Two methods, one with a name that XML would stumble over. */
static void reports_hold_the_figures(void **state)
{
    (void)state;
    struct comparison c = slow_and_fast();
    struct err_info info = {0};
    struct text out = {0};
    struct cJSON *doc;
    char path[128];
    text_copy(c.result->method[1], sizeof c.result->method[1], "fast<&>");
    const struct bench_statistics *s = judge(&c);
    bench_report(s, 1, &out);
    assert_non_null(strstr(text_get(&out), "made: 3 tasks in 2 families, 3 seeds, 30 full"));
    assert_non_null(strstr(text_get(&out), "fast<&> against each"));
    assert_null(strstr(text_get(&out), " \n"));
    text_clear(&out);
    bench_report_json(s, &out);
    assert_int_equal(json_parse(text_get(&out), out.length, "report", &doc, &info), ERR_OK);
    double p = 0;
    assert_true(json_get_number(doc, "critical_difference", &p) && p == s->critical_difference);
    json_free(doc);
    text_format(path, sizeof path, "%s/report", folder);
    if (bench_report_files(s, 1, path, &info) != ERR_OK)
        fail_msg("%s: %s", info.where, info.detail);
    char *csv = read_report("regret.csv"), *svg = read_report("regret.svg");
    assert_int_equal(count(csv, "\n"), 1 + 2 * BENCH_BUDGETS);
    assert_int_equal(count(svg, "<polyline"), 2);
    assert_int_equal(count(svg, "<polygon"), 2);
    assert_int_equal(count(svg, "fast&lt;&amp;&gt;"), 1);
    assert_null(strstr(svg, "nan"));
    mem_free(csv);
    mem_free(svg);
    svg = read_report("ranks.svg");
    assert_int_equal(count(svg, "<polyline"), 2);
    mem_free(svg);
    svg = read_report("speedup.svg");
    assert_int_equal(count(svg, "<circle"), 2); /* one peer at 10 and at 30 */
    mem_free(svg);
    csv = read_report("difference.csv");
    assert_int_equal(count(csv, "\n"), 1 + 2 * BENCH_BUDGETS);
    mem_free(csv);
    comparison_free(&c);
    text_free(&out);
}

/* A row for every half training; the mean of three seeds, untrained 2 until .5 is reached. */
static void races_are_written(void **state)
{
    (void)state;
    struct comparison c = slow_and_fast();
    struct err_info info = {0};
    char path[128];
    const struct bench_statistics *s = judge(&c);
    text_format(path, sizeof path, "%s/report", folder);
    if (bench_report_files(s, -1, path, &info) != ERR_OK)
        fail_msg("%s: %s", info.where, info.detail);
    char *csv = read_report("race.csv"), *svg = read_report("race.svg");
    assert_int_equal(strncmp(csv, "method,task,trainings,regret\n", 29), 0);
    assert_int_equal(count(csv, "\n"), 1 + 2 * 3 * 60);
    assert_int_equal(count(csv, "slow,task1,1.5,2\nslow,task1,2.0,0.5\n"), 1);
    assert_int_equal(count(csv, "slow,task0,4.0,1.5\n"), 1);
    assert_int_equal(count(csv, "fast,task0,30.0,1\n"), 1);
    assert_int_equal(count(svg, "<polyline"), 2);
    assert_int_equal(count(svg, "<polygon"), 0); /* no bands */
    assert_non_null(strstr(svg, ">slow<"));
    assert_null(strstr(svg, "nan"));
    mem_free(csv);
    mem_free(svg);
    comparison_free(&c);
}

static char *text_report(struct comparison *c, struct text *out)
{
    text_clear(out);
    bench_report(judge(c), -1, out);
    return out->data;
}

/* At 5 full trainings slow has (1.5 + (.5 + 2) / 2) / 2 = 1.375, fast (1 + .5) / 2 = .75. */
static void gaps_to_held_in_families_are_told(void **state)
{
    (void)state;
    static const struct {
        const char *slow, *fast, *said; /* NULL: nothing is */
    } rows[] = {{"a", "b", NULL},
                {"a@own", "b", NULL},
                {"a", "a@own", "gap of a at 5 full trainings: regret +0.625 ["},
                {"a@own", "a", "gap of a at 5 full trainings: regret -0.625 ["}};
    struct comparison c = slow_and_fast();
    struct text out = {0};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        text_copy(c.result->method[0], sizeof c.result->method[0], rows[i].slow);
        text_copy(c.result->method[1], sizeof c.result->method[1], rows[i].fast);
        const char *text = text_report(&c, &out);
        assert_int_equal(count(text, "meta-overfitting gap"), rows[i].said != NULL);
        if (rows[i].said && !strstr(text, rows[i].said))
            fail_msg("no '%s' in %s", rows[i].said, text);
        assert_int_equal(count(text, "TOO MUCH"), i == 2);
    }
    text_free(&out);
    comparison_free(&c);
}

static void predictions_are_reported_where_there_are_any(void **state)
{
    (void)state;
    struct comparison c = slow_and_fast();
    struct err_info info = {0};
    struct text out = {0};
    char path[128];
    assert_null(strstr(text_report(&c, &out), "came true"));
    c.result->rung[1] = (struct predictor_reliability){.n = 7,
                                                       .count = {3, 0, 0, 0, 0, 4},
                                                       .said = {0.01, 0, 0, 0, 0, 0.75},
                                                       .came = {0.125, 0, 0, 0, 0, 0.5},
                                                       .brier = 0.0625};
    assert_non_null(strstr(text_report(&c, &out), "  0.010 0.125      -"));
    const struct bench_statistics *s = judge(&c);
    text_clear(&out);
    bench_report_json(s, &out);
    assert_non_null(strstr(text_get(&out), "\"predictions\""));
    text_format(path, sizeof path, "%s/report", folder);
    assert_int_equal(bench_report_files(s, -1, path, &info), ERR_OK);
    char *csv = read_report("calibration.csv");
    assert_int_equal(count(csv, "\n"), 1 + PREDICTOR_BINS);
    assert_int_equal(count(csv, "\n2,10,0.5,1,4,0.75,0.5,0.0625,"), 1);
    mem_free(csv);
    text_free(&out);
    comparison_free(&c);
}

static void memory_may_run_out(void **state)
{
    (void)state;
    struct comparison c = slow_and_fast();
    struct err_info info = {0};
    enum err err = ERR_MEMORY;
    int after = 0;
    for (; err != ERR_OK && after < 200; after++) {
        struct bench_statistics *s;
        mem_fail_after(after);
        err = bench_statistics_new(c.result, BENCH_EPOCHS, &s, &info);
        mem_fail_after(-1);
        assert_true(err == ERR_OK || (err == ERR_MEMORY && !s));
        bench_statistics_free(s);
        if (after > 30) /* the rank tests come once per budget; one of each kind is enough */
            after += 6;
    }
    assert_true(after > 10);
    comparison_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(figures_by_hand),
        cmocka_unit_test(targets_out_of_reach),
        cmocka_unit_test(figures_by_plain_loops),
        cmocka_unit_test(curves_agree_with_the_table),
        cmocka_unit_test(runs_are_read_as_they_were_written),
        cmocka_unit_test(broken_runs_are_refused),
        cmocka_unit_test(reports_hold_the_figures),
        cmocka_unit_test(races_are_written),
        cmocka_unit_test(gaps_to_held_in_families_are_told),
        cmocka_unit_test(predictions_are_reported_where_there_are_any),
        cmocka_unit_test(memory_may_run_out),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
