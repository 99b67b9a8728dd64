/* If this fails, budgets are not kept, what a person asks does not happen, or a search that was
 * left does not go on as it would have. A fake runner lets epochs pass one by one, so nothing
 * depends on time. */
#include "fake.h"

#include <unistd.h>

static void let_pass(struct bed *bed, long epochs)
{
    atomic_store(&bed->fake.allowed, epochs);
}

/* ---- budgets ----------------------------------------------------------------------------- */

static void spends_exactly_the_budget(void **state)
{
    (void)state;
    static const struct {
        int workers;
        int64_t epochs, trials, spent, n_trials;
    } rows[] = {
        {1, 10, 0, 10, 3}, {2, 30, 0, 30, 8}, {4, 7, 0, 7, 2}, {1, 0, 3, 12, 3}, {2, 0, 5, 20, 5}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct bed bed;
        bed_make(&bed);
        let_pass(&bed, 1000000);
        bed.options.n_workers = rows[i].workers;
        bed.options.budget_epochs = rows[i].epochs;
        bed.options.budget_trials = rows[i].trials;
        struct engine *e = bed_start(&bed);
        assert_true(engine_wait(e, PATIENCE));
        bed_stop(e);
        struct study *study = bed_read(&bed);
        assert_int_equal(study->epochs_spent, rows[i].spent);
        assert_int_equal(study->n_trials, rows[i].n_trials);
        assert_int_equal(study->n_state[TRIAL_COMPLETE], rows[i].n_trials);
        assert_int_equal(study->tests_read, 1);
        study_free(study);
        bed_remove(&bed);
    }
}

/* By a clock that stands still until the second trial hangs in its third epoch. */
static void time_ends_a_search(void **state)
{
    (void)state;
    struct bed bed;
    bed_make(&bed);
    let_pass(&bed, 6);
    bed.options.budget_seconds = 0.3;
    clock_fix(1000);
    struct engine *e = bed_start(&bed);
    wait_until(e, has_epochs, 6);
    clock_fix(1000.2);
    assert_false(engine_wait(e, 0));
    clock_fix(1000.4);
    assert_true(engine_wait(e, PATIENCE));
    clock_fix(-1);
    bed_stop(e);
    struct study *study = bed_read(&bed);
    assert_int_equal(study->n_trials, 2);
    assert_int_equal(study->trials[1].state, TRIAL_COMPLETE);
    assert_int_equal(study->trials[1].n_epochs, 2);
    study_free(study);
    bed_remove(&bed);
}

/* ---- steering ---------------------------------------------------------------------------- */

static void prune_and_finish_end_a_trial(void **state)
{
    (void)state;
    struct bed bed;
    bed_make(&bed);
    bed.options.budget_epochs = 100;
    let_pass(&bed, 0);
    struct engine *e = bed_start(&bed);
    assert_int_equal(ask(e, REQUEST_FINISH, 0, 0), ERR_STATE); /* no such trial, or no epoch yet */
    let_pass(&bed, 2);
    wait_until(e, has_epochs, 2);
    assert_int_equal(ask(e, REQUEST_FINISH, 0, 0), ERR_OK);
    wait_until(e, has_ended, 0);
    let_pass(&bed, 1);
    wait_until(e, has_epochs, 3);
    assert_int_equal(ask(e, REQUEST_PRUNE, 1, 0), ERR_OK);
    wait_until(e, has_ended, 1);
    assert_int_equal(ask(e, REQUEST_PRUNE, 1, 0), ERR_STATE);
    assert_int_equal(ask(e, REQUEST_PRUNE, 99, 0), ERR_STATE);
    bed_stop(e);
    struct study *study = bed_read(&bed);
    assert_int_equal(study->trials[0].state, TRIAL_COMPLETE);
    assert_int_equal(study->trials[0].n_epochs, 2);
    assert_true(study->trials[0].value == study->trials[0].curve[1].value);
    assert_int_equal(study->trials[1].state, TRIAL_PRUNED);
    assert_int_equal(study->best, 0);
    study_free(study);
    bed_remove(&bed);
}

static bool is_paused(const struct study *study, int64_t number)
{
    const struct trial *t = study_trial(study, number);
    return t && t->paused;
}

static bool has_trial(const struct study *study, int64_t number)
{
    return study_trial(study, number) != NULL;
}

static void a_paused_trial_gives_its_worker_back(void **state)
{
    (void)state;
    struct bed bed;
    bed_make(&bed);
    bed.options.budget_epochs = 8;
    let_pass(&bed, 1);
    struct engine *e = bed_start(&bed);
    wait_until(e, has_epochs, 1);
    assert_int_equal(ask(e, REQUEST_PAUSE, 0, 0), ERR_OK);
    wait_until(e, has_trial, 1); /* the worker went on with another */
    wait_until(e, is_paused, 0);
    assert_int_equal(ask(e, REQUEST_PAUSE, 0, 0), ERR_STATE);
    let_pass(&bed, 4);
    wait_until(e, has_ended, 1);
    assert_false(engine_wait(e, 0)); /* three epochs belong to the paused one */
    assert_int_equal(ask(e, REQUEST_RESUME, 0, 0), ERR_OK);
    let_pass(&bed, 100);
    assert_true(engine_wait(e, PATIENCE));
    bed_stop(e);
    struct study *study = bed_read(&bed);
    assert_int_equal(study->epochs_spent, 8);
    assert_int_equal(study->trials[0].n_epochs, 4);
    assert_false(study->trials[0].paused);
    study_free(study);
    bed_remove(&bed);
}

static void pause_all_stands_still(void **state)
{
    (void)state;
    struct bed bed;
    bed_make(&bed);
    bed.options.budget_epochs = 20;
    bed.options.start_paused = true;
    let_pass(&bed, 1000000);
    struct engine *e = bed_start(&bed);
    struct engine_status status;
    engine_status(e, &status);
    assert_true(status.paused);
    assert_int_equal(status.epochs_spent, 0);
    assert_int_equal(ask(e, REQUEST_RESUME_ALL, -1, 0), ERR_OK);
    assert_true(engine_wait(e, PATIENCE));
    engine_status(e, &status);
    assert_false(status.paused);
    assert_int_equal(status.epochs_spent, 20);
    assert_true(status.share_left == 0);
    bed_stop(e);
    bed_remove(&bed);
}

static void a_seed_runs_next_with_its_values(void **state)
{
    (void)state;
    struct bed bed;
    bed_make(&bed);
    bed.options.budget_epochs = 16;
    let_pass(&bed, 0);
    struct engine *e = bed_start(&bed);
    wait_until(e, has_trial, 0);
    struct request seed = {.kind = REQUEST_SEED, .trial = -1};
    struct err_info info = {0};
    space_default(space_builtin(), &seed.config);
    assert_int_equal(
        space_set_pair(space_builtin(), &seed.config, "learning_rate=0.0123", NULL, &info), ERR_OK);
    assert_int_equal(engine_request(e, &seed, &info), ERR_OK);
    seed.config.value[0] = 77; /* far out of range */
    assert_int_equal(engine_request(e, &seed, &info), ERR_RANGE);
    assert_non_null(strstr(info.where, "learning_rate"));
    wait_until(e, has_trial, 1);
    let_pass(&bed, 1000000);
    assert_true(engine_wait(e, PATIENCE));
    bed_stop(e);
    struct study *study = bed_read(&bed);
    assert_true(study->trials[1].config.value[0] == 0.0123);
    assert_string_equal(study->trials[1].who, "you");
    assert_int_equal(study->trials[1].state, TRIAL_COMPLETE);
    assert_int_equal(study->best, 1); /* nearest to 0.01 */
    study_free(study);
    bed_remove(&bed);
}

static bool has_events(const struct study *study, int64_t n)
{
    return (int64_t)study->n_events >= n;
}

/* Noted as events by "you", from which the agent reads what it shall hold to. */
static void words_about_the_table_are_logged(void **state)
{
    (void)state;
    struct bed bed;
    bed_make(&bed);
    bed.options.budget_epochs = 40;
    bed.options.sampler = "agent";
    let_pass(&bed, 0);
    struct engine *e = bed_start(&bed);
    struct err_info info = {0};
    struct request r = {.kind = REQUEST_Q_PIN, .situation = 3, .move = MOVE_LR_UP, .amount = 1};
    assert_int_equal(engine_request(e, &r, &info), ERR_OK);
    r = (struct request){.kind = REQUEST_Q_EDIT, .situation = 3, .move = MOVE_LR_UP, .value = 0.75};
    assert_int_equal(engine_request(e, &r, &info), ERR_OK);
    r.value = (double)NAN;
    assert_int_equal(engine_request(e, &r, &info), ERR_RANGE);
    r.value = 0, r.situation = META_STATES;
    assert_int_equal(engine_request(e, &r, &info), ERR_RANGE);
    r = (struct request){.kind = REQUEST_Q_FREEZE, .amount = 1};
    assert_int_equal(engine_request(e, &r, &info), ERR_OK);
    r = (struct request){.kind = REQUEST_NEXT_ACTION, .move = MOVE_N};
    assert_int_equal(engine_request(e, &r, &info), ERR_RANGE);
    r.move = MOVE_RANDOM;
    assert_int_equal(engine_request(e, &r, &info), ERR_OK);
    wait_until(e, has_events, 4);
    let_pass(&bed, 1000000);
    assert_true(engine_wait(e, PATIENCE));
    bed_stop(e);
    struct study *study = bed_read(&bed);
    struct qtable_overrides overrides;
    qtable_overrides_init(&overrides);
    qtable_overrides(&overrides, study);
    assert_true(overrides.pinned[3][MOVE_LR_UP] && overrides.frozen);
    assert_int_equal(overrides.next, -1); /* a later trial has been proposed */
    struct qtable table;
    qtable_init(&table, 0);
    qtable_fold_from(&table, study, 0);
    assert_true(table.q[3][MOVE_LR_UP] == 0.75);
    assert_true(table.visits[3][MOVE_LR_UP] >= QTABLE_EDIT_VISITS);
    assert_true(study_is_steered(study));
    study_free(study);
    bed_remove(&bed);
}

/* From the numbers in the file alone: each update is what the rule makes of the table so far, and
 * folding them gives that table, to the last bit. */
static void folding_the_log_rebuilds_the_table(void **state)
{
    (void)state;
    static struct qtable lived, folded;
    struct bed bed;
    int gains = 0;
    bed_make(&bed);
    bed.options.budget_epochs = 160;
    bed.options.sampler = "agent";
    let_pass(&bed, 1000000);
    struct engine *e = bed_start(&bed);
    assert_true(engine_wait(e, PATIENCE));
    bed_stop(e);
    struct study *study = bed_read(&bed);
    assert_in_range(study->n_updates, 30, 40);
    qtable_begin(&lived, NULL);
    for (size_t i = 0; i < study->n_updates; i++) {
        const struct q_update *u = &study->updates[i];
        struct q_update again;
        int next = u->next_situation[0] ? situation_find(u->next_situation) : QTABLE_TERMINAL;
        qtable_update(&lived, situation_find(u->situation), (int)move_find(u->action), u->reward,
                      next, u->gamma, 0, &again);
        assert_true(again.old_q == u->old_q && again.next_best == u->next_best);
        assert_true(again.alpha == u->alpha && again.new_q == u->new_q);
        gains += u->reward > 0;
    }
    assert_true(gains > 1);
    qtable_fold(&folded, NULL, study);
    assert_memory_equal(&folded, &lived, sizeof lived);
    study_free(study);
    bed_remove(&bed);
}

static void a_sampler_without_a_table_says_so(void **state)
{
    (void)state;
    struct bed bed;
    bed_make(&bed);
    bed.options.budget_epochs = 4;
    let_pass(&bed, 1000000);
    struct engine *e = bed_start(&bed);
    struct err_info info = {0};
    struct request r = {.kind = REQUEST_Q_FREEZE, .amount = 1};
    assert_int_equal(engine_request(e, &r, &info), ERR_STATE);
    assert_non_null(strstr(info.detail, "random"));
    bed_stop(e);
    bed_remove(&bed);
}

static void an_ended_trial_is_extended_by_a_continuation(void **state)
{
    (void)state;
    struct bed bed;
    bed_make(&bed);
    bed.options.budget_epochs = 4;
    let_pass(&bed, 1000000);
    struct engine *e = bed_start(&bed);
    assert_true(engine_wait(e, PATIENCE));
    assert_int_equal(ask(e, REQUEST_EXTEND, 0, 3), ERR_OK);
    wait_until(e, has_ended, 1);
    assert_int_equal(ask(e, REQUEST_EXTEND, 0, 3), ERR_STATE); /* the chain's end is #1 now */
    assert_true(engine_wait(e, PATIENCE));
    bed_stop(e);
    struct study *study = bed_read(&bed);
    assert_int_equal(study->n_trials, 2);
    assert_int_equal(study->trials[1].continues, 0);
    assert_int_equal(study->trials[1].n_epochs, 7);
    assert_int_equal(study->trials[1].n_inherited, 4);
    assert_int_equal(study->epochs_spent, 7); /* from its weights: only the new ones */
    assert_true(study->trials[1].value < study->trials[0].value);
    assert_int_equal(study->best, 1);
    study_free(study);
    bed_remove(&bed);
}

static void more_budget_goes_on_after_the_end(void **state)
{
    (void)state;
    struct bed bed;
    bed_make(&bed);
    bed.options.budget_epochs = 8;
    let_pass(&bed, 1000000);
    struct engine *e = bed_start(&bed);
    assert_true(engine_wait(e, PATIENCE));
    assert_int_equal(ask(e, REQUEST_BUDGET, -1, 4), ERR_RANGE); /* below what is spent */
    assert_int_equal(ask(e, REQUEST_BUDGET, -1, 12), ERR_OK);
    wait_until(e, has_epochs, 12);
    bed_stop(e);
    struct study *study = bed_read(&bed);
    struct engine_settings settings;
    assert_true(engine_read_settings(study, &settings));
    assert_int_equal(settings.budget_epochs, 12);
    struct engine_task task;
    assert_true(engine_read_task(study, &task));
    assert_int_equal(task.n_rows, 60);
    assert_int_equal(task.n_inputs, 2);
    assert_true(task.n_classes == 2 && task.majority_error == 0.5);
    assert_int_equal(study->epochs_spent, 12);
    study_free(study);
    bed_remove(&bed);
}

/* A pruned trial's weights are not kept: its epochs are repeated, and the budget grows by them too.
 */
static void repeated_epochs_are_made_room_for(void **state)
{
    (void)state;
    struct bed bed;
    struct engine_status status;
    bed_make(&bed);
    bed.options.budget_epochs = 6;
    let_pass(&bed, 2);
    struct engine *e = bed_start(&bed);
    wait_until(e, has_epochs, 2);
    assert_int_equal(ask(e, REQUEST_PRUNE, 0, 0), ERR_OK);
    wait_until(e, has_ended, 0);
    let_pass(&bed, 1000000);
    assert_true(engine_wait(e, PATIENCE));
    assert_int_equal(ask(e, REQUEST_EXTEND, 0, 3), ERR_OK);
    wait_until(e, has_epochs, 6 + 2 + 3);
    assert_true(engine_wait(e, PATIENCE));
    engine_status(e, &status);
    assert_int_equal(status.epochs_spent, 11);
    assert_int_equal(status.budget_epochs, 11);
    bed_stop(e);
    bed_remove(&bed);
}

static void resumed_without_test_it_is_left_unread(void **state)
{
    (void)state;
    struct bed bed;
    bed_make(&bed);
    bed.options.budget_epochs = 8;
    let_pass(&bed, 4);
    struct engine *e = bed_start(&bed);
    wait_until(e, has_epochs, 4);
    bed_stop(e);
    let_pass(&bed, 1000000);
    bed.options.resume = true;
    bed.options.no_test = true;
    e = bed_start(&bed);
    assert_true(engine_wait(e, PATIENCE));
    bed_stop(e);
    struct study *study = bed_read(&bed);
    assert_int_equal(study->epochs_spent, 8);
    assert_int_equal(study->tests_read, 0);
    study_free(study);
    bed_remove(&bed);
}

/* Epochs that were charged beside the search do not eat up those that are added now. */
static void added_epochs_are_epochs_of_the_search(void **state)
{
    (void)state;
    struct bed bed;
    struct study_log *log;
    bed_make(&bed);
    bed.options.budget_epochs = 4;
    let_pass(&bed, 1000000);
    struct engine *e = bed_start(&bed);
    assert_true(engine_wait(e, PATIENCE));
    bed_stop(e);
    assert_int_equal(study_log_open(bed.study, NULL, NULL, &log, NULL), ERR_OK);
    study_log_event(log, "tiller", "charge", 0, "exported", "\"epochs\": 50");
    assert_int_equal(study_log_close(log, NULL), ERR_OK);
    bed.options.resume = true;
    bed.options.budget_adds = true;
    for (int sitting = 1; sitting <= 2; sitting++) {
        e = bed_start(&bed);
        assert_true(engine_wait(e, PATIENCE));
        bed_stop(e);
        struct study *study = bed_read(&bed);
        assert_int_equal(study->epochs_spent, 54 + 4 * sitting);
        study_free(study);
    }
    bed_remove(&bed);
}

static void stop_ends_what_runs_and_reads_the_test(void **state)
{
    (void)state;
    struct bed bed;
    bed_make(&bed);
    bed.options.budget_epochs = 1000;
    bed.options.n_workers = 2;
    let_pass(&bed, 9);
    struct engine *e = bed_start(&bed);
    wait_until(e, has_epochs, 9);
    assert_int_equal(ask(e, REQUEST_STOP, -1, 0), ERR_OK);
    assert_true(engine_wait(e, PATIENCE));
    bed_stop(e);
    struct study *study = bed_read(&bed);
    assert_int_equal(study->n_state[TRIAL_RUNNING], 0);
    assert_int_equal(study->epochs_spent, 9);
    assert_int_equal(study->tests_read, 1);
    study_free(study);
    bed_remove(&bed);
}

/* ---- failing ----------------------------------------------------------------------------- */

static void a_diverged_trial_fails_with_a_reason(void **state)
{
    (void)state;
    struct bed bed;
    bed_make(&bed);
    bed.options.budget_trials = 4;
    bed.fake.diverge_above = 0;
    let_pass(&bed, 1000000);
    struct engine *e = bed_start(&bed);
    assert_true(engine_wait(e, PATIENCE));
    bed_stop(e);
    struct study *study = bed_read(&bed);
    assert_int_equal(study->n_state[TRIAL_FAIL], 4);
    assert_non_null(strstr(study->trials[0].error, "diverged"));
    assert_true(isnan(study->trials[0].curve[study->trials[0].n_epochs - 1].value));
    assert_int_equal(study->best, -1);
    assert_int_equal(study->tests_read, 0);
    study_free(study);
    bed_remove(&bed);
}

static void a_runner_that_never_starts_ends_the_search(void **state)
{
    (void)state;
    struct bed bed;
    bed_make(&bed);
    bed.options.budget_trials = 1000;
    bed.fake.cannot_start = true;
    struct engine *e = bed_start(&bed);
    assert_true(engine_wait(e, PATIENCE));
    struct err_info info = {0};
    assert_int_equal(engine_stop(e, &info), ERR_STATE);
    struct study *study = bed_read(&bed);
    assert_true(study->n_trials < 30);
    study_free(study);
    bed_remove(&bed);
}

/* ---- trials that a sampler goes on with -------------------------------------------------- */

static int count_weights(const struct bed *bed)
{
    char name[64], folder[160], path[256];
    int n = 0;
    assert_true(study_folder(bed->study, folder, sizeof folder));
    for (int k = 0; k < 200; k++) {
        text_format(name, sizeof name, "trial-%d.safetensors", k);
        assert_true(file_join(path, sizeof path, folder, name));
        n += file_exists(path);
    }
    return n;
}

/* The filter: 26 trials of 2 epochs, then the best one's other 8; from its weights, so that only
 * new epochs are charged. Weights of 8 are kept, and the incumbent's. */
static void a_sampler_goes_on_with_the_best_short_trial(void **state)
{
    (void)state;
    enum { ROUND = 26, FULL = 10 };
    struct bed bed;
    bed_make(&bed);
    bed.options.sampler = "filter";
    bed.options.full_epochs = FULL;
    bed.options.budget_epochs = 2 * (ROUND * 2 + FULL - 2);
    let_pass(&bed, 1000000);
    struct engine *e = bed_start(&bed);
    assert_true(engine_wait(e, PATIENCE));
    assert_in_range(count_weights(&bed), 8, 9);
    bed_stop(e);
    struct study *study = bed_read(&bed);
    assert_int_equal(study->n_trials, 2 * (ROUND + 1));
    assert_int_equal(study->epochs_spent, bed.options.budget_epochs);
    for (int round = 0; round < 2; round++) {
        const struct trial *last = &study->trials[round * (ROUND + 1) + ROUND];
        const struct trial *parent = study_trial(study, last->continues);
        assert_non_null(parent);
        assert_int_equal(last->n_inherited, 2);
        assert_int_equal(last->n_epochs, FULL);
        assert_string_equal(last->who, "filter");
        assert_non_null(strstr(last->reason, "the best of 26 short runs"));
        for (int64_t k = 0; k < last->number; k++) {
            const struct trial *t = &study->trials[k];
            if (t->continues >= 0)
                continue;
            assert_int_equal(t->n_epochs, 2);
            if (t->continued_by < 0 || t->continued_by >= last->number)
                assert_true(t->value >= parent->value);
        }
    }
    study_free(study);
    bed_remove(&bed);
}

/* Too little is left to go on from weights or without: the rest goes to a new trial, and the search
 * ends. */
static void going_on_needs_epochs(void **state)
{
    (void)state;
    enum { SHORT = 26 * 2 };
    static const struct {
        int64_t left;
        int inherited; /* of the last trial; 0: a new one */
        bool weights;
    } rows[] = {{1, 2, true}, {3, 2, true}, {2, 0, false}, {3, 2, false}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct bed bed;
        char folder[160];
        bed_make(&bed);
        bed.options.sampler = "filter";
        bed.options.full_epochs = 10;
        bed.options.budget_epochs = SHORT;
        bed.options.no_test = true; /* it may need the weights that are taken away here */
        let_pass(&bed, 1000000);
        struct engine *e = bed_start(&bed);
        assert_true(engine_wait(e, PATIENCE));
        bed_stop(e);
        assert_true(study_folder(bed.study, folder, sizeof folder));
        if (!rows[i].weights)
            spawn_remove_folder(folder);
        bed.options.resume = true;
        bed.options.budget_epochs = SHORT + rows[i].left;
        e = bed_start(&bed);
        assert_true(engine_wait(e, PATIENCE));
        bed_stop(e);
        struct study *study = bed_read(&bed);
        const struct trial *last = &study->trials[26];
        assert_int_equal(study->n_trials, 27);
        assert_int_equal(study->epochs_spent, SHORT + rows[i].left);
        assert_int_equal(last->continues >= 0, rows[i].inherited > 0);
        assert_int_equal(last->n_inherited, rows[i].inherited);
        assert_int_equal(last->n_recorded, rows[i].left);
        study_free(study);
        bed_remove(&bed);
    }
}

/* ---- leaving and going on ---------------------------------------------------------------- */

/* What is searched: a set, an objective, what is held or searched besides. */
struct search {
    const struct data_set *(*set)(void);
    unsigned traits;
    const char *objective, *sampler; /* NULL: val_error, agent */
    const char *hold[6][2];
    const char *release[3];
};
static const struct search searches[] = {
    {.set = fake_set, .traits = SPACE_CLASSES},
    {.set = fake_set, .traits = SPACE_CLASSES, .sampler = "filter"},
    {.set = fake_set,
     .traits = SPACE_CLASSES,
     .objective = "val_f1",
     .hold = {{"normalization", "batch"}, {"input_noise", "0.1"}, {"class_weights", "balanced"}},
     .release = {"optimizer", "schedule", "gradient_clip"}},
    {.set = fake_numbers,
     .objective = "val_mae",
     .hold = {{"normalization", "layer"}},
     .release = {"activation", "warmup_epochs"}},
    {.set = fake_images,
     .traits = SPACE_CLASSES | SPACE_IMAGES,
     .objective = "val_auc",
     .hold = {{"network", "conv"},
              {"conv_layers", "1"},
              {"filters", "4"},
              {"normalization", "batch"},
              {"shift", "1"},
              {"input_noise", "0.2"}},
     .release = {"label_smoothing", "residual"}},
};

static void prepare_search(struct bed *bed, const struct search *s)
{
    struct engine_options *o = &bed->options;
    struct err_info info = {0};
    o->runner_ops = NULL;
    o->set = s->set();
    o->objective = s->objective;
    o->sampler = s->sampler ? s->sampler : "agent";
    o->pruner = "median";
    o->budget_epochs = 60;
    o->full_epochs = 8;
    o->rng_seed = 5;
    space_of_task(s->traits, &o->space);
    space_hold(&o->space, space_find(&o->space, "units"), "16", &info); /* for the sanitizers */
    for (int i = 0; i < 6 && s->hold[i][0]; i++)
        assert_int_equal(
            space_hold(&o->space, space_find(&o->space, s->hold[i][0]), s->hold[i][1], &info),
            ERR_OK);
    for (int i = 0; i < 3 && s->release[i]; i++)
        space_release(&o->space, space_find(&o->space, s->release[i]));
}

/* A real network by the agent; left after every few epochs, resumed each time. */
static void left_and_resumed_it_has_the_same_bits(void **state)
{
    (void)state;
    net_init();
    for (size_t i = 0; i < sizeof searches / sizeof *searches; i++) {
        struct bed whole, pieces;
        bed_make(&whole);
        bed_make(&pieces);
        prepare_search(&whole, &searches[i]);
        prepare_search(&pieces, &searches[i]);
        run_whole_and_in_pieces(&whole, &pieces);
        bed_remove(&whole);
        bed_remove(&pieces);
    }
}

static void assert_same_figure(const char *json_a, const char *json_b, const char *name)
{
    struct cJSON *a = NULL, *b = NULL;
    double x, y;
    assert_int_equal(json_parse(json_a, strlen(json_a), "a", &a, NULL), ERR_OK);
    assert_int_equal(json_parse(json_b, strlen(json_b), "b", &b, NULL), ERR_OK);
    assert_true(json_get_number(a, name, &x) && json_get_number(b, name, &y) && x == y);
    json_free(a);
    json_free(b);
}

static void extend_and_wait(struct engine *e, int64_t number)
{
    assert_int_equal(ask(e, REQUEST_EXTEND, number, 4), ERR_OK);
    wait_until(e, has_ended, number + 1);
    assert_true(engine_wait(e, PATIENCE));
}

static void forget_weights(const struct bed *bed, int64_t number)
{
    char path[160];
    text_format(path, sizeof path, "%s/moons.study.d/trial-%lld.safetensors", bed->folder,
                (long long)number);
    assert_int_equal(unlink(path), 0);
}

/* One trial of 8 epochs, continued by 4 and, from epoch 1, by another 4, then trained again for its
 * weights: each time three cycles of the schedule. */
static void a_chain_trained_again_has_its_bits(void **state)
{
    (void)state;
    struct bed bed;
    bed_make(&bed);
    prepare_search(&bed, &searches[0]);
    struct space *space = &bed.options.space;
    space_hold(space, space_find(space, "schedule"), "cosine", NULL);
    bed.options.objective = "val_loss"; /* falls to the end */
    bed.options.budget_epochs = 0;
    bed.options.budget_trials = 1;
    struct engine *e = bed_start(&bed);
    assert_true(engine_wait(e, PATIENCE));
    extend_and_wait(e, 0);
    forget_weights(&bed, 1);
    extend_and_wait(e, 1);
    bed_stop(e);
    struct study *study = bed_read(&bed);
    const struct trial *parent = &study->trials[1], *last = &study->trials[2];
    assert_int_equal(last->n_epochs, 16);
    assert_int_equal(last->n_recorded, 16); /* from epoch 1 */
    for (int i = 0; i < 12; i++)
        assert_true(last->curve[i].value == parent->curve[i].value);
    assert_int_equal(study->best, 2);
    assert_true(last->best_epoch > 12);
    char *first = mem_dup_text(study->test_json);
    study_free(study);

    forget_weights(&bed, 2);
    bed.options.resume = true;
    e = bed_start(&bed);
    assert_true(engine_wait(e, PATIENCE));
    bed_stop(e);
    study = bed_read(&bed);
    assert_int_equal(study->epochs_charged, study->trials[2].best_epoch);
    assert_same_figure(first, study->test_json, "loss");
    assert_same_figure(first, study->test_json, "auc");
    mem_free(first);
    study_free(study);
    bed_remove(&bed);
}

/* The value is the figure that was asked for, and goes by its name. */
static void the_objective_is_what_is_logged(void **state)
{
    (void)state;
    static const struct {
        const char *objective, *name;
        enum study_metric metric;
        bool larger_is_better, numbers;
    } rows[] = {
        {NULL, "val_error", METRIC_VAL_ACCURACY, true, false},
        {"val_loss", "val_loss", METRIC_VAL_LOSS, false, false},
        {"val_f1", "1-val_f1", METRIC_VAL_F1, true, false},
        {"val_auc", "1-val_auc", METRIC_VAL_AUC, true, false},
        {NULL, "val_error", METRIC_VAL_LOSS, false, true},
        {"val_mse", "val_mse", METRIC_VAL_MSE, false, true},
        {"val_r2", "1-val_r2", METRIC_VAL_R2, true, true},
    };
    net_init();
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        struct bed bed;
        bed_make(&bed);
        prepare_search(&bed, &searches[0]);
        bed.options.set = rows[r].numbers ? fake_numbers() : fake_set();
        bed.options.objective = rows[r].objective;
        bed.options.budget_epochs = 20;
        struct engine *e = bed_start(&bed);
        assert_true(engine_wait(e, PATIENCE));
        bed_stop(e);
        struct study *study = bed_read(&bed);
        assert_string_equal(study->metric, rows[r].name);
        for (size_t i = 0; i < study->n_trials; i++)
            for (size_t k = 0; k < study->trials[i].n_epochs; k++) {
                const struct epoch_result *epoch = &study->trials[i].curve[k];
                double m = epoch->metric[rows[r].metric];
                assert_true(epoch->value == (rows[r].larger_is_better ? 1 - m : m));
                assert_int_equal(isnan(epoch->metric[METRIC_VAL_ACCURACY]), rows[r].numbers);
                assert_int_equal(isnan(epoch->metric[METRIC_VAL_MAE]), !rows[r].numbers);
            }
        struct err_info info = {0};
        bed.options.objective = rows[r].numbers ? "val_mae" : "val_recall";
        assert_int_equal(engine_start(&bed.options, &e, &info), ERR_USAGE);
        assert_string_equal(info.where, "--objective");
        study_free(study);
        bed_remove(&bed);
    }
}

static void changed_data_are_refused(void **state)
{
    (void)state;
    struct bed bed;
    bed_make(&bed);
    bed.options.budget_epochs = 4;
    let_pass(&bed, 1000000);
    struct engine *e = bed_start(&bed);
    assert_true(engine_wait(e, PATIENCE));
    bed_stop(e);
    struct data_set other = *fake_set();
    text_copy(other.fingerprint, sizeof other.fingerprint, "another");
    bed.options.set = &other;
    struct err_info info = {0};
    assert_int_equal(engine_start(&bed.options, &e, &info), ERR_INPUT);
    assert_null(e);
    assert_non_null(strstr(info.detail, "changed"));
    bed.options.set = fake_set();
    bed.options.sampler = "agent";
    assert_int_equal(engine_start(&bed.options, &e, &info), ERR_USAGE);
    bed_remove(&bed);
}

static void notes_are_shown_when_they_are_safe(void **state)
{
    (void)state;
    struct bed bed;
    struct engine_note notes[64];
    bed_make(&bed);
    bed.options.budget_epochs = 8;
    bed.options.notes = true;
    let_pass(&bed, 1000000);
    struct engine *e = bed_start(&bed);
    assert_true(engine_wait(e, PATIENCE));
    size_t n = engine_take_notes(e, notes, 64);
    int epochs = 0;
    for (size_t i = 0; i < n; i++)
        epochs += strstr(notes[i].text, " epoch ") != NULL;
    assert_int_equal(epochs, 8); /* finished: everything was flushed */
    assert_int_equal(engine_take_notes(e, notes, 64), 0);
    bed_stop(e);
    bed_remove(&bed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spends_exactly_the_budget),
        cmocka_unit_test(time_ends_a_search),
        cmocka_unit_test(prune_and_finish_end_a_trial),
        cmocka_unit_test(a_paused_trial_gives_its_worker_back),
        cmocka_unit_test(pause_all_stands_still),
        cmocka_unit_test(a_seed_runs_next_with_its_values),
        cmocka_unit_test(words_about_the_table_are_logged),
        cmocka_unit_test(folding_the_log_rebuilds_the_table),
        cmocka_unit_test(a_sampler_without_a_table_says_so),
        cmocka_unit_test(an_ended_trial_is_extended_by_a_continuation),
        cmocka_unit_test(more_budget_goes_on_after_the_end),
        cmocka_unit_test(repeated_epochs_are_made_room_for),
        cmocka_unit_test(resumed_without_test_it_is_left_unread),
        cmocka_unit_test(added_epochs_are_epochs_of_the_search),
        cmocka_unit_test(stop_ends_what_runs_and_reads_the_test),
        cmocka_unit_test(a_diverged_trial_fails_with_a_reason),
        cmocka_unit_test(a_runner_that_never_starts_ends_the_search),
        cmocka_unit_test(a_sampler_goes_on_with_the_best_short_trial),
        cmocka_unit_test(going_on_needs_epochs),
        cmocka_unit_test(left_and_resumed_it_has_the_same_bits),
        cmocka_unit_test(a_chain_trained_again_has_its_bits),
        cmocka_unit_test(the_objective_is_what_is_logged),
        cmocka_unit_test(changed_data_are_refused),
        cmocka_unit_test(notes_are_shown_when_they_are_safe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
