/* The trial list: order, filter language, cursor, marks. */
#include "fixture.h"

#include "tui/trial_list.h"

struct listed {
    struct fixture fx;
    struct view view;
    struct trial_list list;
};

static void open_listed(struct listed *t)
{
    struct view_want want = {.detail = -1};
    *t = (struct listed){.list = {0}};
    fixture_open(&t->fx);
    fixture_fill(&t->fx);
    view_init(&t->view);
    list_init(&t->list);
    assert_true(view_refresh(&t->view, t->fx.study, &want));
    assert_true(list_update(&t->list, &t->view, 0));
}

static void close_listed(struct listed *t)
{
    list_free(&t->list);
    view_free(&t->view);
    fixture_close(&t->fx);
}

static void assert_order(const struct trial_list *l, const int *expected, size_t n)
{
    assert_int_equal(l->n, n);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(l->order[i], expected[i]);
}

static void test_best_first_no_value_last(void **state)
{
    struct listed t;
    (void)state;
    open_listed(&t);
    assert_order(&t.list, (const int[]){1, 4, 5, 0, 2, 6, 3, 7}, 8);
    list_sort_by(&t.list, COLUMN_VALUE); /* again: the other way, no value still last */
    list_update(&t.list, &t.view, 0);
    assert_order(&t.list, (const int[]){6, 2, 0, 5, 4, 1, 3, 7}, 8);
    list_sort_by(&t.list, COLUMN_ID);
    list_update(&t.list, &t.view, 0);
    assert_order(&t.list, (const int[]){0, 1, 2, 3, 4, 5, 6, 7}, 8);
    list_sort_by(&t.list, COLUMN_BY);
    list_update(&t.list, &t.view, 0);
    assert_order(&t.list, (const int[]){1, 5, 0, 2, 3, 6, 4, 7}, 8);
    close_listed(&t);
}

static void test_filter_language(void **state)
{
    static const struct {
        const char *words;
        int n, trial[8]; /* by number */
    } cases[] = {
        {"", 8, {0, 1, 2, 3, 4, 5, 6, 7}},
        {"done", 3, {0, 1, 4}},
        {"you", 2, {4, 7}},
        {"#5", 1, {5}},
        {"5", 1, {5}},
        {"sgd", 1, {3}},
        {"state=done", 3, {0, 1, 4}},
        {"units=256", 3, {1, 4, 5}},
        {"units=256 done", 2, {1, 4}},
        {"epoch>12 running", 1, {5}},
        {"epoch>=12", 5, {0, 1, 2, 4, 5}},
        {"val_error<0.05", 3, {1, 4, 5}},
        {"value<0.05", 3, {1, 4, 5}},
        {"learning_rate>0.01", 2, {0, 2}},
        {"optimizer=adam pruned", 1, {2}},
        {"lr/", 1, {1}},
        {"nothing_like_it=3", 0, {0}},
        {"units=", 8, {0, 1, 2, 3, 4, 5, 6, 7}}, /* while it is typed */
        {"zebra", 0, {0}},
    };
    struct listed t;
    (void)state;
    open_listed(&t);
    list_sort_by(&t.list, COLUMN_ID);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        list_set_filter(&t.list, cases[i].words);
        assert_true(list_update(&t.list, &t.view, 0));
        if ((int)t.list.n != cases[i].n)
            print_error("filter '%s'\n", cases[i].words);
        assert_order(&t.list, cases[i].trial, (size_t)cases[i].n);
    }
    close_listed(&t);
}

static void update_and_settle(struct listed *t, double now_s)
{
    assert_true(list_update(&t->list, &t->view, now_s));
    list_settle(&t->list, &t->view);
}

/* What the keys act on is never a trial that is not listed. */
static void test_cursor_is_on_what_is_listed(void **state)
{
    struct listed t;
    (void)state;
    open_listed(&t);
    list_select(&t.list, 0); /* done */
    list_set_filter(&t.list, "you");
    update_and_settle(&t, 0);
    assert_true(t.list.n > 0);
    assert_int_equal(t.list.selected, t.list.order[0]);
    assert_true(list_has(&t.list, t.list.selected));
    assert_false(list_has(&t.list, 0));
    list_set_filter(&t.list, "zebra");
    update_and_settle(&t, 0);
    assert_int_equal(t.list.n, 0);
    assert_int_equal(t.list.selected, -1);
    list_set_filter(&t.list, "");
    update_and_settle(&t, 0);
    int64_t child = fixture_start(&t.fx, &(struct fixture_trial){.continues = 4});
    list_select(&t.list, 4);
    struct view_want want = {.detail = -1};
    assert_true(view_refresh(&t.view, t.fx.study, &want));
    update_and_settle(&t, 5);
    assert_int_equal(t.list.selected, child); /* its row stands for the chain */
    close_listed(&t);
}

static void test_cursor_stays_with_its_trial(void **state)
{
    struct listed t;
    (void)state;
    open_listed(&t);
    list_select(&t.list, 0);
    assert_int_equal(list_cursor(&t.list), 3);
    list_sort_by(&t.list, COLUMN_ID);
    list_update(&t.list, &t.view, 0);
    assert_int_equal(t.list.selected, 0);
    assert_int_equal(list_cursor(&t.list), 0);
    list_move(&t.list, &t.view, -5); /* clamped */
    assert_int_equal(t.list.selected, 0);
    list_move(&t.list, &t.view, 1000000);
    assert_int_equal(t.list.selected, 7);
    assert_true(list_find(&t.list, &t.view, "done", 1)); /* around the end */
    assert_int_equal(t.list.selected, 0);
    assert_true(list_find(&t.list, &t.view, "done", -1));
    assert_int_equal(t.list.selected, 4);
    assert_false(list_find(&t.list, &t.view, "zebra", 1));
    close_listed(&t);
}

static void test_marks(void **state)
{
    struct listed t;
    int64_t targets[8];
    (void)state;
    open_listed(&t);
    list_select(&t.list, 5);
    assert_int_equal(list_targets(&t.list, &t.view, targets, 8), 1); /* the selected one */
    assert_int_equal(targets[0], 5);
    assert_true(list_mark(&t.list, &t.view, 6, true));
    assert_true(list_mark(&t.list, &t.view, 6, true)); /* twice is once */
    assert_true(list_mark(&t.list, &t.view, 2, true));
    assert_false(list_mark(&t.list, &t.view, 99, true));
    assert_int_equal(t.list.n_marked, 2);
    assert_int_equal(list_targets(&t.list, &t.view, targets, 8), 2);
    assert_int_equal(targets[0], 2);
    assert_int_equal(targets[1], 6);
    assert_int_equal(list_targets(&t.list, &t.view, targets, 1), 1);
    list_unmark_all(&t.list);
    assert_int_equal(t.list.n_marked, 0);
    t.list.anchor = 1; /* a range from the first row to the third */
    list_select(&t.list, 1);
    list_move(&t.list, &t.view, 2);
    assert_int_equal(t.list.n_marked, 3);
    assert_true(list_is_marked(&t.list, 4));
    list_move(&t.list, &t.view, -1); /* going back takes marks off */
    assert_int_equal(t.list.n_marked, 2);
    close_listed(&t);
}

static void test_letters_and_colours_are_for_life(void **state)
{
    (void)state;
    assert_int_equal(trial_letter(0), 'a');
    assert_int_equal(trial_letter(25), 'z');
    assert_int_equal(trial_letter(26), 'a');
    assert_int_equal(trial_letter(-1), 'a');
    for (int64_t i = 0; i < 100; i++)
        assert_in_range(trial_colour(i), 0, 7);
    assert_int_not_equal(trial_colour(3), trial_colour(4));
}

static void test_order_changes_at_most_once_a_second(void **state)
{
    struct listed t;
    struct view_want want = {.detail = -1};
    (void)state;
    open_listed(&t);
    assert_true(list_update(&t.list, &t.view, 10)); /* nothing new */
    fixture_end(&t.fx, 6, TRIAL_COMPLETE);
    int64_t fresh = fixture_start(&t.fx, &(struct fixture_trial){.who = "agent"});
    fixture_epoch(&t.fx, fresh, 1, 0.001);
    assert_true(view_refresh(&t.view, t.fx.study, &want));
    assert_true(list_update(&t.list, &t.view, 0.5)); /* made at 0: too early */
    assert_int_equal(t.list.n, 8);
    assert_true(list_update(&t.list, &t.view, 1.1));
    assert_int_equal(t.list.n, 9);
    assert_int_equal(t.list.order[0], fresh);
    close_listed(&t);
}

static void test_memory_runs_out(void **state)
{
    struct listed t;
    bool done = false;
    (void)state;
    open_listed(&t);
    for (long k = 0; !done; k++) {
        struct trial_list l;
        list_init(&l);
        mem_fail_after(k);
        done = list_update(&l, &t.view, 0) && list_mark(&l, &t.view, 3, true);
        mem_fail_after(-1);
        assert_true(list_update(&l, &t.view, 5));
        assert_int_equal(l.n, 8);
        list_free(&l);
    }
    close_listed(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_best_first_no_value_last),
        cmocka_unit_test(test_filter_language),
        cmocka_unit_test(test_cursor_is_on_what_is_listed),
        cmocka_unit_test(test_cursor_stays_with_its_trial),
        cmocka_unit_test(test_marks),
        cmocka_unit_test(test_letters_and_colours_are_for_life),
        cmocka_unit_test(test_order_changes_at_most_once_a_second),
        cmocka_unit_test(test_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
