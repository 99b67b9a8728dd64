/* If this fails, advice is learnt from what it must not see, or what is told of its worth is not
 * so. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

#include "learn/internal.h"
#include "tiller/bench.h"
#include "tiller/learn.h"
#include "tiller/net.h"

/* ---- made recordings ----------------------------------------------------------------------- */

/* Two tasks a family; a configuration is good where its rate and width suit the task, and a task's
 * features tell what suits it. Some diverge. */
enum {
    FAMILIES = 5,
    TASKS = 2 * FAMILIES,
    SHARED = 20,
    OWN = 4,
    EPOCHS = 26,
    ALL = SHARED + OWN + 2
};

static void make_curves(struct recorded_training *t, const struct space *space, double best,
                        struct rng *rng)
{
    double unit[SPACE_MAX];
    assert_true(records_make_curves(t, EPOCHS));
    space_encode(space, &t->config, unit);
    double away = fabs(unit[space_find(space, "learning_rate")] - best) +
                  0.5 * fabs(unit[space_find(space, "units")] - best);
    int last = rng_below(rng, 12) == 0 ? 5 : EPOCHS;
    for (int e = 0; e < EPOCHS; e++) {
        double left = exp(-0.2 * (e + 1)), noise = 1 + 0.03 * rng_normal(rng);
        double error = (0.05 + 0.4 * away + (0.5 - 0.4 * away) * left) * noise;
        t->curve[RECORDED_VALUE][e] = e < last ? (float)error : NAN;
        t->curve[RECORDED_TRAIN_LOSS][e] = e < last ? (float)left : NAN;
        t->curve[RECORDED_VAL_LOSS][e] = e < last ? (float)(left + away) : NAN;
    }
    t->failed = last < EPOCHS;
}

static void make_trainings(struct recorded_task *task, double best, struct rng *rng)
{
    for (int i = 0; i < ALL; i++) {
        struct recorded_training *t = records_add_training(task);
        assert_non_null(t);
        t->repeats = i >= SHARED + OWN ? i - SHARED - OWN : -1;
        t->point = i < SHARED ? i : -1;
        text_copy(t->who, sizeof t->who,
                  i < SHARED         ? "design"
                  : i < SHARED + OWN ? "agent"
                                     : "repeat");
        if (t->repeats >= 0)
            t->config = task->training[t->repeats].config;
        else if (i < SHARED)
            learn_plan_point(&task->plan, &task->space, i, &t->config);
        else
            space_sample(&task->space, rng, &t->config);
        make_curves(t, &task->space, best, rng);
    }
}

static void make_task(struct learn_records *r, int i, struct rng *rng)
{
    struct recorded_task *task = records_add_task(r);
    assert_non_null(task);
    double best = 0.2 + 0.15 * (i % FAMILIES) + 0.02 * rng_uniform(rng);
    text_format(task->name, sizeof task->name, "task%d", i);
    text_format(task->family, sizeof task->family, "family%d", i % FAMILIES);
    text_format(task->fingerprint, sizeof task->fingerprint, "fp%d", i);
    text_copy(task->objective, sizeof task->objective, "val_error");
    task->facts =
        (struct engine_task){.n_rows = 500, .n_inputs = 10, .n_classes = 3, .majority_error = 0.6};
    task->plan = learn_plan_default(false, 0);
    task->plan.n_shared = SHARED;
    task->full_epochs = EPOCHS;
    space_of_task(i % 3 ? SPACE_CLASSES : 0, &task->space); /* they differ in what they hold */
    task->has_features = true;
    for (int j = 0; j < FEATURE_N; j++)
        task->features.value[j] = j == 0 ? best : rng_normal(rng);
    for (int j = 0; j < SKETCH_N; j++)
        task->features.sketch[j] = j < 5 ? best : rng_normal(rng);
    make_trainings(task, best, rng);
}

static struct learn_records *made(void)
{
    struct learn_records *r = mem_zero_alloc(1, sizeof *r);
    struct rng rng;
    assert_non_null(r);
    rng_seed(&rng, 5, 5);
    for (int i = 0; i < TASKS; i++)
        make_task(r, i, &rng);
    return r;
}

/* ---- learning from them --------------------------------------------------------------------- */

static struct text report; /* of the last learning */

static int64_t steps; /* of replay; 0: no moves */

static struct knowledge *learn_from(const struct learn_sources *from, int n_workers)
{
    struct learn_options options = {.n_workers = n_workers, .seed = 1, .steps = steps};
    struct knowledge *k;
    struct err_info info = {0};
    text_clear(&report);
    if (learn_knowledge(from, &options, &k, &report, &info) != ERR_OK)
        fail_msg("%s: %s", info.where, info.detail);
    return k;
}

static struct knowledge *learn_records(const struct learn_records *r)
{
    struct learn_sources from = {.records = r, .origin = "made"};
    return learn_from(&from, 2);
}

static struct text written(const struct knowledge *k)
{
    struct text out = {0};
    assert_int_equal(knowledge_write(k, &out), ERR_OK);
    return out;
}

static struct knowledge *common; /* learnt from made() */

static int learn_common(void **state)
{
    (void)state;
    net_init();
    struct learn_records *r = made();
    common = learn_records(r);
    learn_records_free(r);
    return 0;
}

static int free_common(void **state)
{
    (void)state;
    knowledge_free(common);
    text_free(&report);
    return 0;
}

static void everything_recorded_is_known(void **state)
{
    (void)state;
    assert_int_equal(common->n_tasks, TASKS);
    assert_int_equal(common->n_families, FAMILIES);
    assert_int_equal(common->n_shared, SHARED);
    assert_int_equal(common->n_advice, 1 + FAMILIES);
    assert_int_equal(space_find(&common->space, "label_smoothing"), -1); /* held everywhere */
    for (int i = 0; i < TASKS; i++) {
        const struct knowledge_task *t = &common->task[i];
        assert_true(t->is_shared && t->has_looks && !t->by_user);
        assert_int_equal(t->n_runs, SHARED + OWN);
        assert_true(t->noise > 0.001 && t->noise < 1);
        assert_memory_equal(t->unit, common->task[0].unit,
                            (size_t)(SHARED * common->n_dims) * sizeof *t->unit);
        for (int c = 0; c < t->n_runs; c++)
            assert_true(t->log_error[c] > -4 && t->log_error[c] <= log(0.8));
    }
    struct text first = written(common), second;
    struct knowledge *again;
    assert_int_equal(knowledge_read(text_get(&first), first.length, "k", &again, NULL), ERR_OK);
    second = written(again);
    assert_string_equal(text_get(&first), text_get(&second));
    text_free(&first);
    text_free(&second);
    knowledge_free(again);
}

static void no_entry_gains_more_than_the_one_before_it(void **state)
{
    (void)state;
    for (int i = 0; i < common->n_advice; i++) {
        const struct portfolio *p = &common->advice[i].ranker.portfolio;
        double left = REGRET_MAX, gain = REGRET_MAX;
        assert_int_equal(p->n, PORTFOLIO_MAX);
        for (int k = 0; k < p->n; k++) {
            assert_true(left - p->cost[k] >= 0 && left - p->cost[k] <= gain + 1e-12);
            gain = left - p->cost[k];
            left = p->cost[k];
        }
    }
}

/* ---- what is measured ------------------------------------------------------------------------ */

/* Known tasks from the recordings by plain loops: what learning must have worked on. */
struct plain {
    struct known_task task[TASKS];
    double error[TASKS][(SHARED + OWN) * EPOCHS], train[TASKS][(SHARED + OWN) * EPOCHS],
        val[TASKS][(SHARED + OWN) * EPOCHS];
    struct known_tasks known;
};

static void make_plain(const struct learn_records *r, struct plain *p)
{
    for (int t = 0; t < TASKS; t++) {
        for (int i = 0; i < (SHARED + OWN) * EPOCHS; i++) {
            const struct recorded_training *run = &r->task[t].training[i / EPOCHS];
            p->error[t][i] = (double)run->curve[RECORDED_VALUE][i % EPOCHS];
            p->train[t][i] = (double)run->curve[RECORDED_TRAIN_LOSS][i % EPOCHS];
            p->val[t][i] = (double)run->curve[RECORDED_VAL_LOSS][i % EPOCHS];
        }
        p->task[t] = (struct known_task){.family = t % FAMILIES,
                                         .n_runs = SHARED + OWN,
                                         .n_epochs = EPOCHS,
                                         .error = p->error[t],
                                         .train_loss = p->train[t],
                                         .val_loss = p->val[t],
                                         .majority_error = 0.6};
    }
    p->known = (struct known_tasks){
        .n = TASKS, .n_families = FAMILIES, .n_shared = SHARED, .task = p->task};
}

static void assert_number(const struct cJSON *object, const char *name, double value)
{
    double told;
    assert_true(json_get_number(object, name, &told));
    assert_true(fabs(told - value) <= 1e-3 * fabs(value) + 1e-9);
}

static void assert_numbers(const struct cJSON *object, const char *name, const double *value)
{
    const struct cJSON *item = json_get(object, name)->child;
    double told;
    for (int b = 0; b < PREDICTOR_BINS; b++, item = item->next) {
        assert_true(item && json_number(item, &told));
        assert_true(fabs(told - value[b]) <= 1e-3 * fabs(value[b]) + 1e-9);
    }
}

static void the_table_of_probabilities_follows_from_the_records(void **state)
{
    (void)state;
    static struct plain p;
    struct predictor_reliability out[PREDICTOR_RUNGS];
    struct learn_records *r = made();
    struct cJSON *doc;
    make_plain(r, &p);
    assert_int_equal(predictor_check(&p.known, NULL, 1, out), ERR_OK);
    assert_int_equal(
        json_parse(common->report_json, strlen(common->report_json), "report", &doc, NULL), ERR_OK);
    const struct cJSON *rung = json_get(doc, "rungs")->child;
    for (int i = 0; i < PREDICTOR_RUNGS; i++, rung = rung->next) {
        assert_true(rung && (i == 0 || out[i].n > 100)); /* rungs 0 and 1 are one here */
        assert_number(rung, "pairs", out[i].n);
        assert_number(rung, "brier", out[i].brier);
        assert_number(rung, "raw_brier", out[i].raw_brier);
        assert_number(rung, "base_brier", out[i].base_brier);
        assert_number(rung, "stopped", out[i].stopped);
        assert_number(rung, "winners_lost", out[i].winners_lost);
        assert_numbers(rung, "said", out[i].said);
        assert_numbers(rung, "came", out[i].came);
    }
    assert_null(rung);
    json_free(doc);
    learn_records_free(r);
}

static void families_left_out_gain_by_telling_features(void **state)
{
    (void)state;
    struct cJSON *doc;
    double even, used = 9;
    assert_int_equal(
        json_parse(common->report_json, strlen(common->report_json), "report", &doc, NULL), ERR_OK);
    const struct cJSON *rankings = json_get(doc, "rankings");
    assert_true(json_get_number(json_get(rankings, "even"), "first", &even));
    assert_true(
        json_get_number(json_get(rankings, json_get_string(rankings, "used")), "first", &used));
    assert_true(used <= even + 0.2);
    assert_non_null(json_get(rankings, "model, features alone"));
    assert_number(rankings, "families", FAMILIES);
    json_free(doc);
}

/* ---- what must not be seen ------------------------------------------------------------------- */

/* The line of the file that holds the advice without a family. Owner: caller. */
static char *advice_line(const struct knowledge *k, int left_out)
{
    char start[32];
    struct text all = written(k);
    text_format(start, sizeof start, "{\"left_out\": %d,", left_out);
    const char *at = strstr(text_get(&all), start);
    assert_non_null(at);
    char *line = mem_dup_text_n(at, strcspn(at, "\n"));
    text_free(&all);
    assert_non_null(line);
    return line;
}

static void poison(struct recorded_task *task)
{
    for (size_t i = 0; i < task->n_trainings; i++)
        for (int e = 0; e < EPOCHS * RECORDED_CURVES; e++)
            task->training[i].curve[0][e] =
                (float)(0.9 - 0.03 * (double)((i * 7 + (size_t)e) % 20));
    for (int j = 0; j < FEATURE_N; j++)
        task->features.value[j] = 1e6 * (j + 1);
    for (int j = 0; j < SKETCH_N; j++)
        task->features.sketch[j] = -1e6;
    task->facts.majority_error = 0.99;
}

static void a_family_has_no_part_in_the_advice_without_it(void **state)
{
    (void)state;
    enum { POISONED = 2 };
    struct learn_records *r = made();
    for (int i = 0; i < TASKS; i++)
        if (i % FAMILIES == POISONED)
            poison(&r->task[i]);
    struct knowledge *other = learn_records(r);
    for (int f = -1; f < FAMILIES; f++) {
        char *before = advice_line(common, f), *after = advice_line(other, f);
        if (f == POISONED)
            assert_string_equal(before, after);
        else
            assert_string_not_equal(before, after); /* the poison works */
        mem_free(before);
        mem_free(after);
    }
    knowledge_free(other);
    learn_records_free(r);
}

/* ---- moves ----------------------------------------------------------------------------------- */

static double all_visits(const struct qtable *q)
{
    double sum = 0;
    for (int s = 0; s < META_STATES; s++)
        for (int a = 0; a < MOVE_N; a++)
            sum += q->visits[s][a];
    return sum;
}

static void assert_moves_reported(const struct knowledge *k)
{
    struct cJSON *doc;
    assert_non_null(strstr(text_get(&report), "visits are to states whose best move"));
    assert_int_equal(json_parse(k->report_json, strlen(k->report_json), "report", &doc, NULL),
                     ERR_OK);
    const struct cJSON *moves = json_get(doc, "moves");
    assert_number(moves, "families", FAMILIES);
    assert_number(moves, "judges", FAMILIES);
    for (int f = 0; f < FAMILIES; f++) {
        const struct cJSON *one = json_get(json_get(moves, "without"), k->family[f]);
        double error;
        assert_true(json_get_number(json_get(one, "pilot_on_it"), "error", &error));
        assert_true(json_get_number(json_get(one, "table"), "mean", &error));
    }
    json_free(doc);
}

/* Tables of all advices are made, the same ones by however many threads; the family that is left
 * out has no part in them, nor in whether they pay. */
static void a_family_has_no_part_in_moves_without_it(void **state)
{
    (void)state;
    enum { POISONED = 2 };
    struct learn_records *r = made();
    struct learn_sources from = {.records = r, .origin = "made"};
    steps = 6000;
    struct knowledge *k = learn_from(&from, 2), *again = learn_from(&from, 1);
    assert_moves_reported(again);
    struct text first = written(k), second = written(again);
    assert_string_equal(text_get(&first), text_get(&second));
    for (int i = 0; i < TASKS; i++)
        if (i % FAMILIES == POISONED)
            poison(&r->task[i]);
    struct knowledge *other = learn_from(&from, 2);
    steps = 0;
    for (int f = -1; f < FAMILIES; f++) {
        const struct advice *a = knowledge_advice(k, f), *b = knowledge_advice(other, f);
        bool same = memcmp(&a->q, &b->q, sizeof a->q) == 0 &&
                    memcmp(&a->pilot, &b->pilot, sizeof a->pilot) == 0;
        assert_true(all_visits(&a->q) > 100);
        assert_int_equal(same, f == POISONED); /* the poison works */
    }
    char *before = advice_line(k, POISONED), *after = advice_line(other, POISONED);
    assert_string_equal(before, after);
    mem_free(before);
    mem_free(after);
    text_free(&first);
    text_free(&second);
    knowledge_free(k);
    knowledge_free(again);
    knowledge_free(other);
    learn_records_free(r);
}

static void pools_are_refused(void **state)
{
    (void)state;
    struct learn_records pool = {.pool = true};
    struct learn_sources from = {.records = &pool, .origin = "pool.gz"};
    struct learn_options options = {.n_workers = 1};
    struct knowledge *k;
    struct err_info info = {0};
    struct text said = {0};
    assert_int_equal(learn_knowledge(&from, &options, &k, &said, &info), ERR_INPUT);
    assert_null(k);
    struct learn_records *r = made();
    r->pool = true;
    from.records = r;
    assert_int_equal(learn_knowledge(&from, &options, &k, &said, &info), ERR_INPUT);
    assert_non_null(strstr(info.detail, "no knowledge may be made of them"));
    learn_records_free(r);
}

/* ---- threads, leaving ------------------------------------------------------------------------ */

static void threads_change_nothing(void **state)
{
    (void)state;
    struct learn_records *r = made();
    struct learn_sources from = {.records = r, .origin = "made"};
    struct knowledge *k = learn_from(&from, 1);
    struct text a = written(common), b = written(k);
    assert_string_equal(text_get(&a), text_get(&b));
    text_free(&a);
    text_free(&b);
    knowledge_free(k);
    learn_records_free(r);
}

static bool leave_at_once(void *arg, const struct learn_progress *p)
{
    int *calls = arg;
    assert_true(p->done <= p->all && p->all == 1 + 1 + FAMILIES + 6 * FAMILIES);
    ++*calls;
    return false;
}

static void it_can_be_left(void **state)
{
    (void)state;
    int calls = 0;
    struct learn_records *r = made();
    struct learn_sources from = {.records = r, .origin = "made"};
    struct learn_options options = {.n_workers = 1, .progress = leave_at_once, .arg = &calls};
    struct knowledge *k;
    struct err_info info = {0};
    struct text said = {0};
    enum err err = learn_knowledge(&from, &options, &k, &said, &info);
    assert_true(err == ERR_INTERRUPTED || (err == ERR_OK && calls == 1)); /* a fast machine */
    assert_true((err == ERR_OK) == (k != NULL));
    knowledge_free(k);
    text_free(&said);
    learn_records_free(r);
}

/* ---- what counts only in part ---------------------------------------------------------------- */

static char heard[900];

static void hear(void *arg, const char *line)
{
    (void)arg;
    text_copy(heard, sizeof heard, line);
}

static void an_unfinished_task_is_no_shared_one(void **state)
{
    (void)state;
    struct learn_records *r = made();
    struct learn_sources from = {.records = r, .origin = "made"};
    struct learn_options options = {.n_workers = 2, .say = hear};
    struct knowledge *k;
    struct text said = {0};
    r->task[3].training[7].point = -1; /* as if point 7 were still to come */
    assert_int_equal(learn_knowledge(&from, &options, &k, &said, NULL), ERR_OK);
    assert_non_null(strstr(heard, "task3: not all shared configurations"));
    assert_false(k->task[3].is_shared);
    assert_int_equal(k->task[3].n_runs, SHARED + OWN);
    assert_true(k->task[4].is_shared);
    text_free(&said);
    knowledge_free(k);
    learn_records_free(r);
}

static void tasks_without_looks_are_ranked_without(void **state)
{
    (void)state;
    struct learn_records *r = made();
    r->task[0].has_features = false;
    struct knowledge *k = learn_records(r);
    assert_int_equal(k->advice[0].ranker.similarity.n_features, 0);
    assert_false(k->task[0].has_looks);
    assert_true(k->task[1].has_looks);
    assert_null(strstr(text_get(&report), "features alone"));
    knowledge_free(k);
    learn_records_free(r);
}

/* Past searches come along, and never say what is advised. */
static void a_past_search_is_the_users_own_task(void **state)
{
    (void)state;
    struct learn_records *r = made();
    struct trial trial[3];
    static struct study mine = {.family = "mine", .direction = 1, .n_trials = 3};
    struct study *study = &mine;
    study->trials = trial;
    space_of_task(SPACE_CLASSES, &study->space);
    for (int i = 0; i < 3; i++) {
        trial[i] = (struct trial){.number = i,
                                  .state = i < 2 ? TRIAL_COMPLETE : TRIAL_PRUNED,
                                  .value = 0.1 * (i + 1),
                                  .continues = -1,
                                  .continued_by = -1};
        space_default(&study->space, &trial[i].config);
    }
    struct learn_past past = {study, "folder/mine.jsonl"};
    struct learn_sources from = {.records = r, .origin = "made", .past = &past, .n_past = 1};
    struct knowledge *k = learn_from(&from, 2);
    const struct knowledge_task *t = &k->task[TASKS];
    assert_int_equal(k->n_tasks, TASKS + 1);
    assert_true(t->by_user && !t->is_shared);
    assert_int_equal(t->n_runs, 2);
    assert_string_equal(t->origin, "mine.jsonl");
    assert_true(fabs(t->log_error[1] - log(0.202)) < 1e-12);
    assert_int_equal(k->n_advice, 2 + FAMILIES);
    for (int f = -1; f < FAMILIES; f++) {
        char *with = advice_line(k, f), *without = advice_line(common, f);
        assert_string_equal(with, without);
        mem_free(with);
        mem_free(without);
    }
    struct text all = written(k);
    struct knowledge *again;
    assert_int_equal(knowledge_read(text_get(&all), all.length, "k", &again, NULL), ERR_OK);
    knowledge_free(again);
    text_free(&all);
    knowledge_free(k);

    study->trials[0].value = -3;
    struct err_info info = {0};
    struct text said = {0};
    struct learn_options options = {.n_workers = 1};
    assert_int_equal(learn_knowledge(&from, &options, &k, &said, &info), ERR_INPUT);
    assert_non_null(strstr(info.detail, "below 0"));
    learn_records_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_recorded_is_known),
        cmocka_unit_test(no_entry_gains_more_than_the_one_before_it),
        cmocka_unit_test(the_table_of_probabilities_follows_from_the_records),
        cmocka_unit_test(families_left_out_gain_by_telling_features),
        cmocka_unit_test(a_family_has_no_part_in_the_advice_without_it),
        cmocka_unit_test(a_family_has_no_part_in_moves_without_it),
        cmocka_unit_test(pools_are_refused),
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(it_can_be_left),
        cmocka_unit_test(an_unfinished_task_is_no_shared_one),
        cmocka_unit_test(tasks_without_looks_are_ranked_without),
        cmocka_unit_test(a_past_search_is_the_users_own_task),
    };
    return cmocka_run_group_tests_name("knowledge", tests, learn_common, free_common);
}
