/* The view: what it copies out of a fold, and that reading it step by step gives the same as
 * reading it at once. */
#include "fixture.h"

#include "tui/view.h"

static struct view_want everything(int64_t detail)
{
    return (struct view_want){.detail = detail, .n_running = 6, .n_best = 3};
}

static void test_rows_say_what_the_fold_says(void **state)
{
    struct fixture fx;
    struct view v = {0};
    struct view_want want = everything(1);
    char text[32];
    (void)state;
    fixture_open(&fx);
    fixture_fill(&fx);
    view_init(&v);
    assert_true(view_refresh(&v, fx.study, &want));
    assert_int_equal(v.n_rows, 8);
    assert_int_equal(v.best, 1);
    assert_string_equal(v.metric, "val_error");
    assert_string_equal(v.study_name, "mnist");
    const struct view_row *r = view_row(&v, 1);
    assert_int_equal(r->state, TRIAL_COMPLETE);
    assert_int_equal(r->epochs, 50);
    assert_int_equal(r->best_epoch, 50);
    assert_string_equal(r->who, "agent");
    assert_true(fabs(view_best_value(&v) - study_trial(fx.study, 1)->value) < 1e-12);
    assert_string_equal(view_value_text(&v, 1, space_find(&v.space, "units"), false, text, 32),
                        "256");
    assert_string_equal(view_value_text(&v, 1, space_find(&v.space, "momentum"), false, text, 32),
                        ""); /* not under adam */
    assert_null(view_row(&v, 8));
    assert_null(view_row(&v, -1));
    view_free(&v);
    fixture_close(&fx);
}

static void test_running_best_finders(void **state)
{
    struct fixture fx;
    struct view v = {0};
    struct view_want want = everything(-1);
    (void)state;
    fixture_open(&fx);
    fixture_fill(&fx);
    view_init(&v);
    assert_true(view_refresh(&v, fx.study, &want));
    assert_int_equal(v.n_running, 2);
    assert_int_equal(v.running[0], 6); /* newest first */
    assert_int_equal(v.running[1], 5);
    assert_int_equal(v.n_top, 3);
    assert_int_equal(v.top[0], 1);
    assert_int_equal(v.top[1], 4);
    assert_int_equal(v.n_finders, 2); /* random found #0, the agent #1; #4 was no better */
    assert_string_equal(v.finder[0].who, "random");
    assert_string_equal(v.finder[1].who, "agent");
    assert_int_equal(v.finder[1].n, 1);
    assert_non_null(view_curve_of(&v, 5));
    assert_int_equal(view_curve_of(&v, 5)->n, 31);
    assert_null(view_curve_of(&v, 2)); /* nobody wants it */
    assert_int_equal(v.rows[5].n_trend, VIEW_TREND);
    assert_true(v.has_move);
    assert_int_equal(v.move.number, 5);
    assert_string_equal(v.move.action, "reg+");
    assert_int_equal(v.n_updates, 2);
    assert_true(fabs(v.last_update.new_q - 0.168) < 1e-9);
    view_free(&v);
    fixture_close(&fx);
}

static void assert_same(const struct view *a, const struct view *b)
{
    assert_int_equal(a->n_rows, b->n_rows);
    assert_int_equal(a->best, b->best);
    assert_int_equal(a->n_top, b->n_top);
    for (size_t i = 0; i < a->n_top; i++)
        assert_int_equal(a->top[i], b->top[i]);
    assert_int_equal(a->n_open, b->n_open);
    assert_int_equal(a->n_finders, b->n_finders);
    for (size_t i = 0; i < a->n_rows; i++) {
        const struct view_row *p = &a->rows[i], *q = &b->rows[i];
        assert_int_equal(p->state, q->state);
        assert_int_equal(p->epochs, q->epochs);
        assert_int_equal(p->hidden, q->hidden);
        assert_true(p->value == q->value || (isnan(p->value) && isnan(q->value)));
        assert_string_equal(p->who, q->who);
    }
    assert_memory_equal(a->q.q, b->q.q, sizeof a->q.q);
    assert_memory_equal(a->q.visits, b->q.visits, sizeof a->q.visits);
    assert_int_equal(a->n_lines, b->n_lines);
}

/* A trial lives through all its states while the view looks on. */
static void test_step_by_step_is_at_once(void **state)
{
    struct fixture fx;
    struct view slow = {0}, fast = {0};
    struct view_want want = everything(0);
    (void)state;
    fixture_open(&fx);
    view_init(&slow);
    view_init(&fast);
    assert_true(view_refresh(&slow, fx.study, &want)); /* an empty study */
    assert_int_equal(slow.n_rows, 0);
    int64_t t = fixture_start(&fx, &(struct fixture_trial){.who = "agent", .action = "lr/"});
    assert_true(view_refresh(&slow, fx.study, &want));
    for (int e = 1; e <= 5; e++) {
        fixture_epoch(&fx, t, e, 0.5 / e);
        assert_true(view_refresh(&slow, fx.study, &want));
        assert_int_equal(slow.rows[0].epochs, e);
    }
    fixture_end(&fx, t, TRIAL_COMPLETE);
    assert_true(view_refresh(&slow, fx.study, &want));
    fixture_fill(&fx);
    assert_true(view_refresh(&slow, fx.study, &want));
    fixture_end(&fx, 6, TRIAL_PRUNED);
    assert_true(view_refresh(&slow, fx.study, &want));
    assert_true(view_refresh(&fast, fx.study, &want));
    assert_same(&slow, &fast);
    view_free(&slow);
    view_free(&fast);
    fixture_close(&fx);
}

static void test_version_unchanged_reads_nothing(void **state)
{
    struct fixture fx;
    struct view v = {0};
    struct view_want want = everything(-1);
    (void)state;
    fixture_open(&fx);
    fixture_fill(&fx);
    view_init(&v);
    assert_true(view_refresh(&v, fx.study, &want));
    uint64_t changed = v.rows_changed;
    unsigned long allocations = mem_alloc_count();
    for (int i = 0; i < 10; i++)
        assert_true(view_refresh(&v, fx.study, &want));
    assert_int_equal(v.rows_changed, changed);
    assert_int_equal(mem_alloc_count(), allocations);
    view_free(&v);
    fixture_close(&fx);
}

/* A continuation stands for its parent. */
static void test_chain_is_one_row(void **state)
{
    struct fixture fx;
    struct view v = {0};
    struct view_want want = everything(-1);
    (void)state;
    fixture_open(&fx);
    fixture_fill(&fx);
    int64_t t =
        fixture_start(&fx, &(struct fixture_trial){.who = "you", .continues = 4, .target = 80});
    view_init(&v);
    assert_true(view_refresh(&v, fx.study, &want));
    assert_true(view_row(&v, 4)->hidden);
    assert_int_equal(view_row(&v, 4)->continued_by, t);
    assert_int_equal(view_row(&v, t)->continues, 4);
    fixture_end(&fx, t, TRIAL_FAIL); /* a failed one does not */
    assert_true(view_refresh(&v, fx.study, &want));
    assert_false(view_row(&v, 4)->hidden);
    view_free(&v);
    fixture_close(&fx);
}

static void test_lines_tell_the_story(void **state)
{
    struct fixture fx;
    struct view v = {0};
    struct view_want want = everything(-1);
    bool learnt = false, failed = false;
    (void)state;
    fixture_open(&fx);
    fixture_fill(&fx);
    view_init(&v);
    assert_true(view_refresh(&v, fx.study, &want));
    for (size_t i = 0; i < v.n_lines; i++) {
        const struct view_line *l = view_line(&v, i);
        learnt = learnt || strstr(l->say, "Q(3-9 moving overfits, reg+) 0.120 <- 0.120 + 0.20 "
                                          "[0.050 + 1.00*0.310 - 0.120] = 0.168");
        failed = failed || (strcmp(l->what, "failed") == 0 && l->trial == 3);
    }
    assert_true(learnt);
    assert_true(failed);
    const struct view_line *last = view_line(&v, v.n_lines - 1);
    assert_string_equal(last->what, "resume");
    assert_string_equal(last->who, "you");
    view_free(&v);
    fixture_close(&fx);
}

static void test_memory_runs_out(void **state)
{
    struct fixture fx;
    struct view_want want = everything(1);
    bool done = false;
    (void)state;
    fixture_open(&fx);
    fixture_fill(&fx);
    for (long k = 0; !done && k < 500; k++) {
        struct view v = {0};
        view_init(&v);
        mem_fail_after(k);
        done = view_refresh(&v, fx.study, &want);
        mem_fail_after(-1);
        assert_true(view_refresh(&v, fx.study, &want)); /* the next reading catches up */
        assert_int_equal(v.n_rows, 8);
        assert_int_equal(v.n_open, 3);
        view_free(&v);
    }
    assert_true(done);
    fixture_close(&fx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_say_what_the_fold_says),
        cmocka_unit_test(test_running_best_finders),
        cmocka_unit_test(test_step_by_step_is_at_once),
        cmocka_unit_test(test_version_unchanged_reads_nothing),
        cmocka_unit_test(test_chain_is_one_row),
        cmocka_unit_test(test_lines_tell_the_story),
        cmocka_unit_test(test_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
