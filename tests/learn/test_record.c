/* If this fails, recordings are not made of the same configurations everywhere, are lost or changed
 * by being left, or pools could be taken for knowledge. */
#include "recordings.h"

#include "../engine/fake.h"

enum { SHARED = 6, OWN = 4, REPEATS = 10, ALL = SHARED + OWN + REPEATS };

/* ---- what is recorded -------------------------------------------------------------------- */

static bool same_values(const struct space *a, const struct configuration *x, const struct space *b,
                        const struct configuration *y)
{
    for (int i = 0; i < a->n; i++) {
        int k = space_find(b, a->h[i].name);
        if (!a->h[i].held && (k < 0 || x->value[i] != y->value[k]))
            return false;
    }
    return true;
}

static void every_task_has_the_same_shared_configurations(void **state)
{
    (void)state;
    struct desk desk;
    desk_make(&desk);
    desk.r.n_workers = 2;
    assert_true(desk_record(&desk));
    struct study *vowel = desk_read(&desk, "vowel.study.jsonl");
    struct study *ionosphere = desk_read(&desk, "ionosphere.study.jsonl");
    struct space images;
    space_of_task(SPACE_IMAGES, &images);
    for (int i = 0; i < SHARED; i++) {
        struct configuration point;
        const struct trial *t = &vowel->trials[i], *u = &ionosphere->trials[i];
        assert_true(space_same(&vowel->space, &t->config, &u->config));
        assert_int_equal(t->rng_seed, u->rng_seed);
        learn_plan_point(&desk.r.plan, &images, i, &point);
        assert_true(same_values(&vowel->space, &t->config, &images, &point));
        for (int k = 0; k < i; k++)
            assert_false(space_same(&vowel->space, &t->config, &vowel->trials[k].config));
    }
    assert_int_not_equal(strcmp(vowel->fingerprint, ionosphere->fingerprint), 0);
    study_free(vowel);
    study_free(ionosphere);
    desk_remove(&desk);
}

static void assert_repeat(const struct study *study, const struct trial *t, bool seen[ALL])
{
    long long of = -1;
    assert_int_equal(sscanf(t->action, "trial %lld", &of), 1);
    assert_true(of >= 0 && of < SHARED + OWN && !seen[of]);
    seen[of] = true;
    assert_true(space_same(&study->space, &t->config, &study->trials[of].config));
    assert_int_not_equal(t->rng_seed, study->trials[of].rng_seed);
}

/* 6 shared, 4 of the agent's, all of them again (fewer than 8 drawn and 8 others there are). */
static void a_recording_is_what_its_plan_says(void **state)
{
    (void)state;
    struct desk desk;
    bool seen[ALL] = {false};
    desk_make(&desk);
    assert_int_equal(learn_plan_trainings(&desk.r.plan), ALL);
    assert_true(desk_record(&desk));
    struct study *study = desk_read(&desk, "vowel.study.jsonl");
    assert_int_equal(study->n_trials, ALL);
    assert_int_equal(study->tests_read, 0);
    for (int i = 0; i < ALL; i++) {
        const struct trial *t = &study->trials[i];
        assert_string_equal(t->who, i < SHARED ? "design" : i < SHARED + OWN ? "agent" : "repeat");
        assert_true(t->reason[0] != 0);
        assert_int_equal(t->state, TRIAL_COMPLETE);
        assert_int_equal(t->n_epochs, RECORDING_EPOCHS);
        const struct epoch_result *last = &t->curve[RECORDING_EPOCHS - 1];
        assert_true(last->metric[METRIC_GRADIENT_NORM] > 0);
        assert_true(last->metric[METRIC_WEIGHT_NORM] > 0);
        if (i >= SHARED + OWN)
            assert_repeat(study, t, seen);
    }
    assert_int_equal(study->n_updates, OWN);
    study_free(study);
    desk_remove(&desk);
}

/* 12 shared and 6 own: 8 drawn ones again, then the 8 best of the 10 others, best first. */
static void the_best_of_those_not_drawn_are_repeated(void **state)
{
    (void)state;
    enum { N = 18, DRAWN = 8, BEST = 8 };
    struct desk desk;
    desk_make(&desk);
    desk.r.tasks.n = 1;
    desk.r.n_workers = 2;
    desk.r.plan.n_shared = 12;
    desk.r.plan.n_own = 6;
    assert_int_equal(learn_plan_trainings(&desk.r.plan), N + DRAWN + BEST);
    assert_true(desk_record(&desk));
    struct study *study = desk_read(&desk, "vowel.study.jsonl");
    bool repeated[N] = {false};
    const struct trial *before = NULL;
    for (int i = 0; i < DRAWN + BEST; i++) {
        int of = -1;
        assert_int_equal(sscanf(study->trials[N + i].action, "trial %d", &of), 1);
        assert_true(of >= 0 && of < (i < DRAWN ? 12 : N) && !repeated[of]);
        repeated[of] = true;
        const struct trial *t = &study->trials[of];
        if (i > DRAWN)
            assert_true(study_better(study, before, t));
        before = t;
    }
    for (int i = 0; i < N; i++)
        assert_true(repeated[i] || study_better(study, before, &study->trials[i]));
    study_free(study);
    desk_remove(&desk);
}

/* ---- left and gone on with ----------------------------------------------------------------- */

static void left_many_times_it_ends_as_if_never_left(void **state)
{
    (void)state;
    struct desk whole, torn;
    int times = 0;
    desk_make(&whole);
    desk_make(&torn);
    assert_true(desk_record(&whole));
    do {
        torn.calls = 0;
        torn.leave_after = times + 1;
    } while (!desk_record(&torn) && ++times < 1000);
    assert_true(times >= 3);
    static const char *const file[] = {"vowel.study.jsonl", "ionosphere.study.jsonl"};
    for (int i = 0; i < 2; i++) {
        struct study *a = desk_read(&whole, file[i]), *b = desk_read(&torn, file[i]);
        assert_same_studies(a, b);
        assert_int_equal(a->epochs_spent, b->epochs_spent); /* nothing was trained twice */
        study_free(a);
        study_free(b);
    }
    desk_remove(&whole);
    desk_remove(&torn);
}

static void what_is_recorded_is_passed_over(void **state)
{
    (void)state;
    struct desk desk;
    char path[128], *before, *after;
    size_t n, m;
    struct err_info info = {0};
    desk_make(&desk);
    assert_true(desk_record(&desk));
    assert_true(file_join(path, sizeof path, desk.folder, "vowel.study.jsonl"));
    assert_int_equal(file_read(path, 1 << 24, &before, &n, &info), ERR_OK);
    text_clear(&desk.said);
    assert_true(desk_record(&desk));
    assert_int_equal(file_read(path, 1 << 24, &after, &m, &info), ERR_OK);
    assert_int_equal(n, m);
    assert_memory_equal(before, after, n);
    assert_non_null(strstr(text_get(&desk.said), "vowel (1 of 2): recorded already, 20 trainings"));
    mem_free(before);
    mem_free(after);
    desk_remove(&desk);
}

static void assert_refused(struct desk *desk, enum err expected, const char *words)
{
    struct err_info info = {0};
    bool finished = true;
    assert_int_equal(learn_record(&desk->r, &finished, &info), expected);
    assert_false(finished);
    if (!strstr(info.detail, words))
        fail_msg("'%s' is not in '%s'", words, info.detail);
}

static void what_does_not_fit_is_refused_before_anything_is_trained(void **state)
{
    (void)state;
    struct desk desk;
    desk_make(&desk);
    desk.r.tasks.n = 1;
    assert_true(desk_record(&desk));
    desk.r.plan.n_own++;
    assert_refused(&desk, ERR_USAGE, "6 shared and 4 own");
    desk.r.plan.n_own--;
    desk.r.full_epochs++;
    assert_refused(&desk, ERR_USAGE, "3 epochs a training");
    desk.r.full_epochs = 0; /* not said */
    assert_true(desk_record(&desk));
    desk.r.tasks.n = 2;
    desk.task[1] = "vowel"; /* the same by another name */
    assert_refused(&desk, ERR_USAGE, "the same log");
    desk.task[1] = "nothing-there";
    assert_refused(&desk, ERR_INPUT, "no such file");
    char path[128];
    assert_true(file_join(path, sizeof path, desk.folder, "ionosphere.study.jsonl"));
    struct bed bed; /* a search's log where a recording's would be */
    bed_make(&bed);
    bed.options.study_path = path;
    bed.options.budget_trials = 1;
    atomic_store(&bed.fake.allowed, 100);
    struct engine *e = bed_start(&bed);
    assert_true(engine_wait(e, 60));
    bed_stop(e);
    desk.task[1] = "ionosphere";
    assert_refused(&desk, ERR_INPUT, "not of a recording");
    bed_remove(&bed);
    desk_remove(&desk);
}

/* ---- pools --------------------------------------------------------------------------------- */

static void a_pool_says_so_and_shares_no_point_with_the_design(void **state)
{
    (void)state;
    struct desk desk;
    struct learn_plan plan;
    desk_make(&desk);
    desk.r.tasks.n = 1;
    desk.r.plan = learn_plan_default(true, 5);
    assert_int_equal(desk.r.plan.n_shared, 500);
    desk.r.plan.n_shared = 4;
    assert_true(desk_record(&desk));
    struct study *study = desk_read(&desk, "vowel.pool.jsonl");
    assert_true(learn_plan_of(study, &plan));
    assert_true(plan.pool);
    assert_int_equal(study->n_trials, 4);
    for (int i = 0; i < 4; i++)
        assert_string_equal(study->trials[i].who, "pool");
    static struct configuration design[64];
    struct learn_plan shared = learn_plan_default(false, 0);
    for (int i = 0; i < 64; i++)
        learn_plan_point(&shared, &study->space, i, &design[i]);
    for (uint64_t seed = 0; seed < 3; seed++)
        for (int i = 0; i < 500; i++) {
            struct configuration c;
            plan = learn_plan_default(true, seed);
            learn_plan_point(&plan, &study->space, i, &c);
            for (int k = 0; k < 64; k++)
                assert_false(space_same(&study->space, &c, &design[k]));
        }
    study_free(study);
    desk_remove(&desk);
}

/* ---- what it would take ------------------------------------------------------------------ */

static void an_estimate_counts_rows_epochs_and_trainings(void **state)
{
    (void)state;
    struct desk desk;
    struct learn_estimate e[2];
    struct err_info info = {0};
    desk_make(&desk);
    assert_int_equal(learn_estimate(&desk.r, e, &info), ERR_OK);
    double once = e[0].core_seconds;
    assert_string_equal(e[0].name, "vowel");
    assert_int_equal(e[0].n_rows, 594);
    assert_int_equal(e[0].n_trainings, ALL);
    assert_int_equal(e[0].full_epochs, RECORDING_EPOCHS);
    assert_int_equal(e[1].n_classes, 2);
    desk.r.full_epochs = 300;
    assert_int_equal(learn_estimate(&desk.r, e, &info), ERR_OK);
    assert_true(e[0].core_seconds > 10 * once && e[0].core_seconds < 1000 * once);
    desk_remove(&desk);
}

int main(void)
{
    net_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_task_has_the_same_shared_configurations),
        cmocka_unit_test(a_recording_is_what_its_plan_says),
        cmocka_unit_test(the_best_of_those_not_drawn_are_repeated),
        cmocka_unit_test(left_many_times_it_ends_as_if_never_left),
        cmocka_unit_test(what_is_recorded_is_passed_over),
        cmocka_unit_test(what_does_not_fit_is_refused_before_anything_is_trained),
        cmocka_unit_test(a_pool_says_so_and_shares_no_point_with_the_design),
        cmocka_unit_test(an_estimate_counts_rows_epochs_and_trainings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
