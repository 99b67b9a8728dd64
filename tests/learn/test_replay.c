/* If this fails, a replayed search is not what the engine would have done with these curves, is
 * charged wrongly, or depends on the number of threads. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "learn/memory_study.h"
#include "made_table.h"

static struct curve_table *line; /* one axis, points at 0 .1 .2 ... 1, R = 6 */

/* Curve of point i: falls from 1 - i/20 by 0.01 an epoch; point 3 diverges at epoch 3. */
static int line_up(void **state)
{
    struct text configs = {0}, curves = {0};
    struct err_info info = {0};
    assert_int_equal(set_up(state), 0);
    text_append(&configs, "config_id,x\n");
    text_append(&curves, "task,config_id,time,e1,e2,e3,e4,e5,e6\n");
    for (int i = 0; i <= 10; i++) {
        text_appendf(&configs, "%d,%.1f\n", i, i / 10.0);
        text_appendf(&curves, "t,%d,%d", i, i == 10 ? 10 : 5);
        for (int e = 0; e < 6; e++)
            if (i == 3 && e >= 2)
                text_append(&curves, ",nan");
            else
                text_appendf(&curves, ",%.4f", 1 - i / 20.0 - e / 100.0);
        text_append_char(&curves, '\n');
    }
    enum err err = made_table(text_get(&configs), text_get(&curves), &line, &info);
    if (err != ERR_OK)
        fail_msg("%s: %s", info.where, info.detail);
    text_free(&configs);
    text_free(&curves);
    return 0;
}

static int line_down(void **state)
{
    curve_table_free(line);
    return tear_down(state);
}

/* ---- a sampler that does as it is told, and notes what it sees --------------------------- */

static struct {
    const double *x; /* places to propose, in turn; the last again and again */
    int n, next;
    int ended; /* trials seen in observe */
    enum trial_state state[32];
    double at[32], value[32], before[32], share[32], epochs[32];
    int64_t continues[32];
    const int *stop, *parent; /* of each proposal: epochs (0: R), trial to go on with (-1: new) */
} script;

static enum err script_open(const struct search_context *c, void **self, struct err_info *info)
{
    (void)info;
    *self = NULL;
    assert_int_equal(c->study->n_trials, 0);
    assert_true(c->share_left == 1);
    assert_int_equal(c->full_epochs, 6);
    return ERR_OK;
}

static void script_close(void *self)
{
    (void)self;
}

static enum err script_propose(void *self, const struct search_context *c, struct rng *rng,
                               struct proposal *out)
{
    (void)self;
    (void)rng;
    memset(out, 0, sizeof *out);
    int i = script.next < script.n - 1 ? script.next++ : script.next;
    out->config.value[0] = script.x[i];
    out->epochs = script.stop ? script.stop[i] : 0;
    out->goes_on = script.parent && script.parent[i] >= 0;
    out->parent = out->goes_on ? script.parent[i] : 0;
    space_tidy(&c->study->space, &out->config);
    text_copy(out->who, sizeof out->who, "script");
    return ERR_OK;
}

static bool script_observe(void *self, const struct search_context *c, const struct trial *t,
                           double before, struct q_update *update)
{
    (void)self;
    int i = script.ended++;
    script.state[i] = t->state;
    script.at[i] = t->config.value[0];
    script.value[i] = t->value;
    script.before[i] = before;
    script.share[i] = c->share_left;
    script.epochs[i] = (double)t->n_epochs;
    script.continues[i] = t->continues;
    update->trial = t->number;
    return i % 2 == 0;
}

static const struct sampler_ops scripted = {.name = "script",
                                            .open = script_open,
                                            .close = script_close,
                                            .propose = script_propose,
                                            .observe = script_observe,
                                            .n_kept = 2};

static struct bench_run replay_with(const double *x, const int *stop, const int *parent, int n,
                                    const char *pruner, int epochs)
{
    struct bench_run run = {0};
    struct err_info info = {0};
    struct bench_method method = {.sampler = &scripted, .pruner = pruner_find(pruner)};
    memset(&script, 0, sizeof script);
    script.x = x;
    script.stop = stop;
    script.parent = parent;
    script.n = n;
    enum err err = bench_replay(line, 0, &method, NULL, 1, epochs, &run, &info);
    if (err != ERR_OK)
        fail_msg("%s: %s", info.where, info.detail);
    return run;
}

static struct bench_run replay(const double *x, int n, const char *pruner, int epochs)
{
    return replay_with(x, NULL, NULL, n, pruner, epochs);
}

/* ---- tests ------------------------------------------------------------------------------- */

static void proposals_go_to_the_nearest_unused_point(void **state)
{
    (void)state;
    static const double x[] = {0.52, 0.5, 0.5, 0.45, 1.0, 1.0};
    /* 0.5; 0.4 (0.6 is as near, but comes later); 0.6; 0.3 (0.4 0.5 0.6 are used); 1; 0.9 */
    static const double expected[] = {0.5, 0.4, 0.6, 0.3, 1.0, 0.9};
    struct bench_run run = replay(x, 6, "none", 33);
    assert_int_equal(script.ended, 6);
    for (int i = 0; i < 6; i++)
        if (fabs(script.at[i] - expected[i]) > 1e-9)
            fail_msg("trial %d at %g, not %g", i, script.at[i], expected[i]);
    bench_run_free(&run);
}

/* 0.2 in full, 0.3 diverges in its third epoch, 1.0 is cut by the budget of 6 + 3 + 4. */
static void every_epoch_is_charged(void **state)
{
    (void)state;
    static const double x[] = {0.2, 0.3, 1.0};
    struct bench_run run = replay(x, 3, "none", 13);
    assert_int_equal(run.n_epochs, 13);
    assert_int_equal(run.n_trials, 3);
    assert_int_equal(script.ended, 3);
    assert_int_equal(script.state[0], TRIAL_COMPLETE);
    assert_int_equal(script.state[1], TRIAL_FAIL);
    assert_int_equal(script.state[2], TRIAL_COMPLETE);
    assert_true(script.epochs[0] == 6 && script.epochs[1] == 3 && script.epochs[2] == 4);
    assert_true(fabs(script.value[0] - 0.85) < 1e-9 && isnan(script.value[1]));
    assert_true(script.before[0] == line->tasks[0].majority);
    assert_true(fabs(script.before[1] - 0.85) < 1e-9 && fabs(script.before[2] - 0.85) < 1e-9);
    assert_true(fabs(script.share[0] - 7.0 / 13) < 1e-12 && script.share[2] == 0);
    /* Steps: six of the first; 0.85 and 0.84 of the diverging one are 0.85 and better; then four */
    assert_int_equal(run.step[0].epoch, 1);
    assert_true(fabs(run.step[5].error - 0.85) < 1e-9 && run.step[5].epoch == 6);
    assert_int_equal(run.step[6].epoch, 8); /* 0.3's second epoch: 0.84 */
    assert_int_equal(run.step[7].epoch, 10);
    assert_int_equal(run.n_steps, 11);
    assert_true(fabs(run.step[10].error - 0.47) < 1e-9 && run.step[10].epoch == 13);
    /* Point 10 costs twice the median's epoch. */
    assert_true(run.step[5].cost == 6 && run.step[7].cost == 11 && run.step[10].cost == 17);
    assert_true(bench_run_error(&run, BENCH_EPOCHS, 0.5, 2) == 2);
    assert_true(bench_run_error(&run, BENCH_EPOCHS, 1, 2) == 0.9 &&
                bench_run_error(&run, BENCH_EPOCHS, 1, 0.7) == 0.7);
    assert_true(fabs(bench_run_error(&run, BENCH_EPOCHS, 9.5, 2) - 0.84) < 1e-9);
    assert_true(bench_run_reaches(&run, BENCH_EPOCHS, 0.85) == 6);
    assert_true(bench_run_reaches(&run, BENCH_EPOCHS, 0.5) == 10);
    assert_true(bench_run_reaches(&run, BENCH_EPOCHS, 0.1) == 0);
    assert_true(bench_run_reaches(&run, BENCH_COST, 0.5) == 11);
    assert_true(fabs(bench_run_error(&run, BENCH_COST, 16.9, 2) - 0.48) < 1e-9);
    bench_run_free(&run);
}

/* Halving's first rung at R = 6 is epoch 2: from the third trial on, what is not among the best
 * third there stops. */
static void pruned_trials_cost_what_they_ran(void **state)
{
    (void)state;
    static const double x[] = {1.0, 0.9, 0.0, 0.1, 0.8};
    struct bench_run run = replay(x, 5, "halving", 100);
    assert_int_equal(script.state[0], TRIAL_COMPLETE);
    assert_int_equal(script.state[1], TRIAL_COMPLETE);
    assert_int_equal(script.state[2], TRIAL_PRUNED);
    assert_true(script.epochs[2] == 2);
    assert_true(fabs(script.value[2] - 0.99) < 1e-9); /* the last, as in the log */
    assert_int_equal(script.ended, 11);               /* the pool is used up */
    int charged = 0;
    for (int i = 0; i < script.ended; i++)
        charged += (int)script.epochs[i];
    assert_int_equal(run.n_epochs, charged);
    assert_true(run.n_epochs < 100);
    assert_true(run.n_decisions > 11);
    bench_run_free(&run);
}

/* Three short runs of 2 epochs; two keep their weights (and the incumbent, which is one of them).
 * The second goes on: 4 epochs more. Then the first, whose weights went when the third ended: it
 * trains all 6 again. Then the second again, which can't be: a random one in its place. */
static void continuations_cost_what_they_train(void **state)
{
    (void)state;
    static const double x[] = {0.0, 0.9, 0.8, 0, 0, 0, 0.5};
    static const int stop[] = {2, 2, 2, 0, 0, 0, 0}, parent[] = {-1, -1, -1, 1, 0, 1, -1};
    struct bench_run run = replay_with(x, stop, parent, 7, "halving", 6 + 4 + 6 + 6);
    assert_int_equal(run.n_epochs, 22);
    assert_true(script.epochs[0] == 2 && script.epochs[1] == 2 && script.epochs[2] == 2);
    assert_int_equal(script.continues[3], 1);
    assert_true(script.epochs[3] == 6 && fabs(script.at[3] - 0.9) < 1e-9);
    assert_true(fabs(script.value[3] - 0.5) < 1e-9); /* 1 - .45 - .05 */
    assert_true(fabs(script.share[3] - (1 - 10 / 22.0)) < 1e-12);
    assert_int_equal(script.continues[4], 0);
    assert_true(fabs(script.share[4] - (1 - 16 / 22.0)) < 1e-12);
    assert_int_equal(script.continues[5], -1);
    assert_true(run.step[run.n_steps - 1].error <= 0.5);
    bench_run_free(&run);
}

/* A continuation that its budget cuts short; one without weights that could gain nothing. */
static void continuations_end_with_the_budget(void **state)
{
    (void)state;
    static const double x[] = {1.0, 0.9, 0, 0, 0.5};
    static const int stop[] = {4, 2, 0, 0, 0}, parent[] = {-1, -1, 0, 1, -1};
    struct bench_run run = replay_with(x, stop, parent, 5, "none", 7);
    assert_int_equal(run.n_epochs, 7);
    assert_int_equal(script.ended, 3);
    assert_int_equal(script.continues[2], 0);
    assert_true(script.epochs[2] == 5); /* one epoch was left */
    bench_run_free(&run);
}

static void methods_have_names(void **state)
{
    (void)state;
    struct bench_method m;
    struct err_info info = {0};
    assert_int_equal(bench_method_find("random", &m, &info), ERR_OK);
    assert_string_equal(m.pruner->name, "none");
    assert_int_equal(bench_method_find("agent+halving", &m, &info), ERR_OK);
    assert_string_equal(m.sampler->name, "agent");
    assert_string_equal(m.pruner->name, "halving");
    assert_string_equal(m.name, "agent+halving");
    static const char *const wrong[] = {"", "+", "random+", "halving", "random+halvin", "a+b+c"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(bench_method_find(wrong[i], &m, &info), ERR_USAGE);
        assert_non_null(strstr(info.hint, "SAMPLER+PRUNER"));
    }
}

/* ---- many -------------------------------------------------------------------------------- */

/* Two tasks, 80 configurations on two axes, 9 epochs; errors that depend on both. */
static struct curve_table *wide_table(void)
{
    struct text configs = {0}, curves = {0};
    struct curve_table *table;
    struct err_info info = {0};
    struct rng rng;
    rng_seed(&rng, 5, 0);
    text_append(&configs, "config_id,learning_rate,dropout\n");
    text_append(&curves, "task,config_id,e1,e2,e3,e4,e5,e6,e7,e8,e9\n");
    double x[80][2];
    for (int i = 0; i < 80; i++) {
        x[i][0] = rng_uniform(&rng);
        x[i][1] = rng_uniform(&rng);
        text_appendf(&configs, "%d,%.9f,%.9f\n", i, 1e-4 * pow(1000, x[i][0]), x[i][1]);
    }
    for (int t = 0; t < 2; t++)
        for (int i = 0; i < 80; i++) {
            double far = pow(x[i][0] - 0.3 - 0.4 * t, 2) + pow(x[i][1] - 0.6, 2);
            text_appendf(&curves, "task%d,%d", t, i);
            for (int e = 1; e <= 9; e++)
                text_appendf(&curves, ",%.6f", 0.1 + 0.5 * far + 0.3 / e);
            text_append_char(&curves, '\n');
        }
    enum err err = made_table(text_get(&configs), text_get(&curves), &table, &info);
    if (err != ERR_OK)
        fail_msg("%s: %s", info.where, info.detail);
    text_free(&configs);
    text_free(&curves);
    return table;
}

static struct bench_result *run_all(const struct curve_table *table, int n_workers, int n_seeds)
{
    static const char *const names[] = {"random", "agent+median", "random+halving"};
    struct bench_method method[3];
    struct bench_result *result;
    struct err_info info = {0};
    for (int i = 0; i < 3; i++)
        assert_int_equal(bench_method_find(names[i], &method[i], &info), ERR_OK);
    struct bench_options options = {.table = table,
                                    .method = method,
                                    .n_methods = 3,
                                    .n_seeds = n_seeds,
                                    .budget = 6,
                                    .n_workers = n_workers};
    enum err err = bench_run_all(&options, &result, &info);
    if (err != ERR_OK)
        fail_msg("%s: %s", info.where, info.detail);
    return result;
}

static bool same_run(const struct bench_run *a, const struct bench_run *b)
{
    bool same = a->n_steps == b->n_steps && a->n_epochs == b->n_epochs &&
                a->n_trials == b->n_trials && a->n_decisions == b->n_decisions;
    for (int i = 0; same && i < a->n_steps; i++)
        same = a->step[i].epoch == b->step[i].epoch && a->step[i].cost == b->step[i].cost &&
               a->step[i].error == b->step[i].error;
    return same;
}

static void threads_change_nothing(void **state)
{
    (void)state;
    enum { SEEDS = 6 };
    struct curve_table *table = wide_table();
    struct bench_result *one = run_all(table, 1, SEEDS);
    assert_true(one->n_decisions > 3 * 2 * SEEDS);
    for (int workers = 2; workers <= 7; workers += 5) {
        struct bench_result *many = run_all(table, workers, SEEDS);
        for (int m = 0; m < 3; m++)
            for (int t = 0; t < 2; t++)
                for (int s = 0; s < SEEDS; s++)
                    assert_true(same_run(bench_run_of(one, m, t, s), bench_run_of(many, m, t, s)));
        assert_int_equal(one->n_decisions, many->n_decisions);
        bench_result_free(many);
    }
    bench_result_free(one);
    curve_table_free(table);
}

/* Methods that begin at random begin alike; other seeds and tasks begin otherwise. */
static void initial_points_are_common(void **state)
{
    (void)state;
    struct curve_table *table = wide_table();
    struct bench_result *r = run_all(table, 2, 2);
    struct err_info info = {0};
    int point[BENCH_COMMON], other[BENCH_COMMON], n, differ[2] = {0};
    for (int t = 0; t < 2; t++)
        for (int s = 0; s < 2; s++) {
            assert_true(bench_run_of(r, 0, t, s)->step[0].error ==
                        bench_run_of(r, 2, t, s)->step[0].error);
            assert_int_equal(bench_common(table, t, (uint64_t)s, point, &n, &info), ERR_OK);
            assert_int_equal(n, BENCH_COMMON);
            assert_true(table->tasks[t].error[point[0] * 9] ==
                        bench_run_of(r, 0, t, s)->step[0].error);
            for (int i = 0; i < n; i++)
                for (int k = 0; k < i; k++)
                    assert_int_not_equal(point[i], point[k]);
        }
    assert_int_equal(bench_common(table, 0, 0, point, &n, &info), ERR_OK);
    assert_int_equal(bench_common(table, 0, 1, other, &n, &info), ERR_OK);
    for (int i = 0; i < n; i++)
        differ[0] += point[i] != other[i];
    assert_int_equal(bench_common(table, 1, 0, other, &n, &info), ERR_OK);
    for (int i = 0; i < n; i++)
        differ[1] += point[i] != other[i];
    assert_true(differ[0] > 5 && differ[1] > 5);
    bench_result_free(r);
    curve_table_free(table);
}

static bool leave_at_once(void *arg, const struct learn_progress *p)
{
    ++*(int *)arg;
    assert_true(p->done <= p->all && p->all == 3 * 2 * 500);
    return false;
}

static void it_can_be_called_off(void **state)
{
    (void)state;
    struct curve_table *table = wide_table();
    struct bench_method method[3];
    struct bench_result *result;
    struct err_info info = {0};
    int asked = 0;
    for (int i = 0; i < 3; i++)
        assert_int_equal(bench_method_find("random", &method[i], &info), ERR_OK);
    struct bench_options options = {.table = table,
                                    .method = method,
                                    .n_methods = 3,
                                    .n_seeds = 500,
                                    .budget = 13,
                                    .n_workers = 2,
                                    .progress = leave_at_once,
                                    .arg = &asked};
    enum err err = bench_run_all(&options, &result, &info);
    assert_true(asked >= 1);
    assert_true((err == ERR_INTERRUPTED && !result) || err == ERR_OK); /* it may be faster */
    if (err == ERR_OK)
        bench_result_free(result);
    curve_table_free(table);
}

static void memory_may_run_out(void **state)
{
    (void)state;
    struct bench_method method;
    struct err_info info = {0};
    enum err err = ERR_MEMORY;
    int after = 0;
    assert_int_equal(bench_method_find("agent+median", &method, &info), ERR_OK);
    for (; err != ERR_OK && after < 300; after++) {
        struct bench_run run = {0};
        mem_fail_after(after);
        err = bench_replay(line, 0, &method, NULL, 3, 60, &run, &info);
        mem_fail_after(-1);
        assert_true(err == ERR_OK || err == ERR_MEMORY);
        bench_run_free(&run);
    }
    assert_true(after > 5 && after < 300);
}

/* ---- the memory study is the log's fold -------------------------------------------------- */

static void same_trial(const struct trial *a, const struct trial *b)
{
    assert_int_equal(a->number, b->number);
    assert_int_equal(a->state, b->state);
    assert_int_equal(a->n_epochs, b->n_epochs);
    assert_int_equal(a->n_recorded, b->n_recorded);
    assert_int_equal(a->best_epoch, b->best_epoch);
    assert_int_equal(a->target_epochs, b->target_epochs);
    assert_true(a->rng_seed == b->rng_seed);
    assert_true(a->value == b->value || (isnan(a->value) && isnan(b->value)));
    assert_true(a->best_loss == b->best_loss || (isnan(a->best_loss) && isnan(b->best_loss)));
    assert_string_equal(a->who, b->who);
    assert_string_equal(a->action, b->action);
    assert_string_equal(a->situation, b->situation);
    assert_int_equal(a->continues, b->continues);
    assert_int_equal(a->continued_by, b->continued_by);
    assert_int_equal(a->n_inherited, b->n_inherited);
    for (size_t i = 0; i < a->n_epochs; i++) {
        assert_int_equal(a->curve[i].step, b->curve[i].step);
        assert_true(a->curve[i].value == b->curve[i].value ||
                    (isnan(a->curve[i].value) && isnan(b->curve[i].value)));
    }
}

static void same_study(const struct study *a, const struct study *b)
{
    assert_int_equal(a->n_trials, b->n_trials);
    assert_int_equal(a->best, b->best);
    assert_int_equal(a->epochs_spent, b->epochs_spent);
    assert_int_equal(a->n_updates, b->n_updates);
    assert_int_equal(a->direction, b->direction);
    for (int i = 0; i < 5; i++)
        assert_int_equal(a->n_state[i], b->n_state[i]);
    for (size_t i = 0; i < a->n_trials; i++) {
        same_trial(&a->trials[i], &b->trials[i]);
        assert_true(space_same(&a->space, &a->trials[i].config, &b->trials[i].config));
        assert_true(space_same(&b->space, &a->trials[i].config, &b->trials[i].config));
    }
}

/* The same trial in the log and in memory. */
struct both {
    struct study_log *log;
    struct memory_study memory;
    struct rng rng;
    int handle;
};

/* Trial k: a new one, or every fifth a continuation of the last that may be one. Returns the first
 * epoch to train; some continuations train again what they inherit. */
static int begin_both(struct both *b, int k)
{
    struct proposal p = {.who = "agent", .action = "local", .situation = "0-2 moving improves"};
    const struct study *study = &b->memory.study;
    struct trial_start start = {.who = p.who,
                                .situation = p.situation,
                                .action = p.action,
                                .rng_seed = (uint64_t)k,
                                .target_epochs = 12,
                                .n_parameters = -1,
                                .continues = -1};
    space_sample(&study->space, &b->rng, &p.config);
    start.config = p.config;
    for (size_t i = 0; k % 5 == 4 && i < study->n_trials; i++)
        if (search_may_go_on(&study->trials[i], 12))
            start.continues = study->trials[i].number;
    if (start.continues >= 0) {
        const struct trial *parent = &study->trials[start.continues];
        start.config = parent->config;
        start.rng_seed = parent->rng_seed;
        start.n_behind = study_chain(study, start.continues, start.behind);
    }
    assert_int_equal(study_log_create(b->log, &start, &b->handle), ERR_OK);
    if (start.continues < 0) {
        assert_non_null(memory_study_add(&b->memory, &p, (uint64_t)k, 12));
        return 1;
    }
    const struct trial *t = memory_study_go_on(&b->memory, start.continues, &p, 12);
    assert_non_null(t);
    return k % 2 ? 1 : t->n_inherited + 1;
}

static struct epoch_result epoch_of(struct both *b, int k, int epoch)
{
    const struct trial *t = &b->memory.study.trials[k];
    struct epoch_result result = {.step = epoch, .value = 0.5 + rng_uniform(&b->rng) / (epoch + 1)};
    for (int m = 0; m < METRIC_N; m++)
        result.metric[m] = NAN;
    result.metric[METRIC_VAL_LOSS] = rng_uniform(&b->rng);
    if (k % 7 == 0)
        result.value = floor(4 * result.value) / 4;                /* ties */
    return epoch <= t->n_inherited ? t->curve[epoch - 1] : result; /* trained again: the same */
}

/* Sixty trials of every kind, in the log and in memory: the folds agree after each step. */
static void the_fold_is_that_of_a_log(void **state)
{
    (void)state;
    static const enum trial_state ends[] = {TRIAL_COMPLETE, TRIAL_PRUNED, TRIAL_FAIL,
                                            TRIAL_COMPLETE};
    struct space space;
    struct both b = {.log = NULL};
    struct err_info info = {0};
    char path[128];
    int continued = 0;
    space_of_task(SPACE_CLASSES, &space);
    memory_study_begin(&b.memory, &space, 12);
    text_format(path, sizeof path, "%s/oracle.study.jsonl", folder);
    struct study_settings settings = {
        .name = "oracle", .metric = "val_error", .direction = 1, .space = &space};
    assert_int_equal(study_log_open(path, &settings, NULL, &b.log, &info), ERR_OK);
    rng_seed(&b.rng, 11, 0);
    for (int k = 0; k < 60; k++) {
        int first = begin_both(&b, k), inherited = b.memory.study.trials[k].n_inherited;
        int last = inherited + 1 + (int)rng_below(&b.rng, (uint64_t)(12 - inherited));
        continued += inherited > 0;
        same_study(&b.memory.study, study_log_study(b.log));
        for (int e = first; e <= last; e++) {
            struct epoch_result result = epoch_of(&b, k, e);
            if (k % 4 == 2 && e == last)
                result.value = NAN;
            assert_int_equal(study_log_report(b.log, b.handle, &result), ERR_OK);
            memory_study_epoch(&b.memory, e, result.value, result.metric);
            same_study(&b.memory.study, study_log_study(b.log));
        }
        assert_int_equal(study_log_finish(b.log, b.handle, ends[k % 4], NULL), ERR_OK);
        memory_study_end(&b.memory, ends[k % 4], 0);
        same_study(&b.memory.study, study_log_study(b.log));
    }
    assert_true(continued >= 8);
    assert_int_equal(study_log_close(b.log, &info), ERR_OK);
    memory_study_free(&b.memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(proposals_go_to_the_nearest_unused_point),
        cmocka_unit_test(every_epoch_is_charged),
        cmocka_unit_test(pruned_trials_cost_what_they_ran),
        cmocka_unit_test(continuations_cost_what_they_train),
        cmocka_unit_test(continuations_end_with_the_budget),
        cmocka_unit_test(methods_have_names),
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(initial_points_are_common),
        cmocka_unit_test(it_can_be_called_off),
        cmocka_unit_test(memory_may_run_out),
        cmocka_unit_test(the_fold_is_that_of_a_log),
    };
    return cmocka_run_group_tests(tests, line_up, line_down);
}
