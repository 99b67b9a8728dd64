/* If this fails, an ended study teaches although nobody wanted it, twice, or not at all; or taking
 * it in holds up requests, or can't be called off. */
#include "fake.h"

/* A fold that takes as long as a test wants, or until it is cancelled. */
struct slow_fold {
    atomic_bool may_end;
    atomic_int begun, cancelled;
};

static enum err slow_fold(void *arg, const char *study_path, const struct task_features *features,
                          const atomic_bool *cancel, char *say, size_t say_size,
                          struct err_info *info)
{
    struct slow_fold *f = arg;
    struct study *study = NULL;
    bool on_disk = study_read(study_path, NULL, &study, NULL) == ERR_OK && study->n_trials > 0;
    study_free(study);
    atomic_fetch_add(&f->begun, 1);
    while (!atomic_load(&f->may_end) && !atomic_load(cancel))
        sched_yield();
    if (!atomic_load(&f->may_end)) {
        atomic_fetch_add(&f->cancelled, 1);
        return err_set(info, ERR_INTERRUPTED, "fold", NULL, "cancelled");
    }
    text_format(say, say_size, "taken in%s%s", on_disk ? "" : ", but the log was not there",
                features ? "" : ", but nobody has looked");
    return ERR_OK;
}

static struct engine *start(struct bed *bed, struct slow_fold *f, enum learn_mode mode)
{
    bed_make(bed);
    atomic_init(&f->may_end, false);
    atomic_init(&f->begun, 0);
    atomic_init(&f->cancelled, 0);
    atomic_store(&bed->fake.allowed, 1000000);
    bed->options.budget_epochs = 8;
    bed->options.no_test = true;
    bed->options.learn = mode;
    bed->options.learner = (struct engine_learner){.fold = slow_fold, .arg = f};
    struct engine *e = bed_start(bed);
    assert_true(engine_wait(e, PATIENCE));
    return e;
}

static struct engine_status wait_stage(struct engine *e, enum learn_stage stage)
{
    struct engine_status status;
    time_t deadline = patience_now() + PATIENCE;
    for (engine_status(e, &status); status.learn_stage != stage; engine_status(e, &status)) {
        if (patience_now() > deadline)
            fail_msg("stage %d instead of %d", (int)status.learn_stage, (int)stage);
        sched_yield();
    }
    return status;
}

static int count(const struct study *study, const char *what)
{
    int n = 0;
    for (size_t i = 0; i < study->n_events; i++)
        n += strcmp(study->events[i].what, what) == 0;
    return n;
}

/* Stops the engine; how often the log says that the study was taken in, and that it was not. */
static void end(struct bed *bed, struct engine *e, int learnt, int not_learnt)
{
    bed_stop(e);
    struct study *study = bed_read(bed);
    assert_int_equal(count(study, "learnt"), learnt);
    assert_int_equal(count(study, "not learnt"), not_learnt);
    study_free(study);
    bed_remove(bed);
}

static void unasked_it_is_taken_in_once(void **state)
{
    (void)state;
    struct bed bed;
    struct slow_fold f;
    struct engine *e = start(&bed, &f, LEARN_AUTO);
    atomic_store(&f.may_end, true);
    assert_string_equal(wait_stage(e, LEARN_DONE).learnt, "taken in");
    assert_int_equal(ask(e, REQUEST_LEARN_MODE, -1, LEARN_AUTO), ERR_OK);
    end(&bed, e, 1, 0);
    assert_int_equal(atomic_load(&f.begun), 1);
}

static void off_or_unanswered_it_is_not(void **state)
{
    (void)state;
    static const struct {
        enum learn_mode mode;
        enum learn_stage stage;
    } rows[] = {{LEARN_OFF, LEARN_NOTHING}, {LEARN_ASK, LEARN_ASKS}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct bed bed;
        struct slow_fold f;
        struct engine *e = start(&bed, &f, rows[i].mode);
        wait_stage(e, rows[i].stage);
        end(&bed, e, 0, 0);
        assert_int_equal(atomic_load(&f.begun), 0);
    }
}

static void a_person_answers(void **state)
{
    (void)state;
    static const struct {
        enum request_kind kind;
        int64_t amount;
        int learnt;
    } rows[] = {{REQUEST_LEARN, 1, 1},
                {REQUEST_LEARN, 0, 0},
                {REQUEST_LEARN_MODE, LEARN_AUTO, 1},
                {REQUEST_LEARN_MODE, LEARN_OFF, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct bed bed;
        struct slow_fold f;
        struct engine *e = start(&bed, &f, LEARN_ASK);
        atomic_store(&f.may_end, true);
        wait_stage(e, LEARN_ASKS);
        assert_int_equal(ask(e, rows[i].kind, -1, rows[i].amount), ERR_OK);
        wait_stage(e, LEARN_DONE);
        end(&bed, e, rows[i].learnt, 0);
        assert_int_equal(atomic_load(&f.begun), rows[i].learnt);
    }
}

static bool has_more_trials(const struct study *study, int64_t n)
{
    return (int64_t)study->n_trials > n;
}

/* While it is taken in, more budget is given, and trained: nothing waits for the fold. */
static void nothing_waits_for_it_and_it_can_be_called_off(void **state)
{
    (void)state;
    struct bed bed;
    struct slow_fold f;
    struct request more = {.kind = REQUEST_BUDGET, .trial = -1, .amount = 8, .add = true};
    struct err_info info = {0};
    struct engine *e = start(&bed, &f, LEARN_AUTO);
    wait_stage(e, LEARN_FOLDING);
    assert_int_equal(engine_request(e, &more, &info), ERR_OK);
    wait_until(e, has_more_trials, 3); /* 4 epochs each */
    assert_int_equal(wait_stage(e, LEARN_FOLDING).learn_stage, LEARN_FOLDING);
    assert_int_equal(ask(e, REQUEST_LEARN, -1, 0), ERR_OK);
    while (atomic_load(&f.cancelled) == 0)
        sched_yield();
    atomic_store(&f.may_end, true); /* the longer study is taken in when it has ended */
    wait_stage(e, LEARN_DONE);
    end(&bed, e, 1, 1);
}

/* Leaving lets a fold that has begun come to its end; that of a study which goes on is called off.
 */
static void leaving_does_not_break_it_off(void **state)
{
    (void)state;
    struct bed bed;
    struct slow_fold f;
    struct engine *e = start(&bed, &f, LEARN_AUTO);
    wait_stage(e, LEARN_FOLDING);
    assert_int_equal(ask(e, REQUEST_QUIT, -1, 0), ERR_OK);
    atomic_store(&f.may_end, true);
    end(&bed, e, 1, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unasked_it_is_taken_in_once),
        cmocka_unit_test(off_or_unanswered_it_is_not),
        cmocka_unit_test(a_person_answers),
        cmocka_unit_test(nothing_waits_for_it_and_it_can_be_called_off),
        cmocka_unit_test(leaving_does_not_break_it_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
