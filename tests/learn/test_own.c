/* If this fails, a study that was taken out of a person's own knowledge leaves something behind,
 * one that is taken in twice counts twice, or a family that is left out is learnt from all the
 * same. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../support/made_study.h"
#include "../support/spawn.h"
#include "tiller/own.h"

static char settings[] =
    "{\"sampler\": \"agent\", \"pruner\": \"median\", \"full_epochs\": 20, \"rng_seed\": 0, "
    "\"task\": {\"split_seed\": 0, \"rows\": 100, \"inputs\": 4, \"classes\": 3, "
    "\"majority_error\": 0.6}}";

/* Four trainings, the third of the first's configuration, the last one diverged; one stopped; and
 * two Q-updates. began tells studies apart. */
static struct made_study *make_study(const char *family, double began)
{
    struct made_study *m = made_new(made_space());
    struct configuration c;
    struct rng rng;
    static const double diverged[] = {0.5, NAN};
    text_copy(m->study.family, sizeof m->study.family, family);
    text_copy(m->study.data_name, sizeof m->study.data_name, family);
    text_format(m->study.fingerprint, sizeof m->study.fingerprint, "f-%s", family);
    m->study.searcher_json = settings;
    rng_seed(&rng, 1, 1);
    space_default(made_space(), &c);
    made_point(m, TRIAL_COMPLETE, 0.3, &c);
    made_point(m, TRIAL_COMPLETE, 0.1, &c); /* another seed */
    space_sample(made_space(), &rng, &c);
    made_point(m, TRIAL_COMPLETE, 0.2, &c);
    space_sample(made_space(), &rng, &c);
    made_point(m, TRIAL_PRUNED, 0.4, &c);
    space_sample(made_space(), &rng, &c);
    made_trial(m, TRIAL_FAIL, diverged, 2)->config = c;
    for (size_t i = 0; i < m->study.n_trials; i++)
        m->trials[i].start_s += began;
    struct q_update u = {.reward = 0.5, .gamma = 1};
    text_copy(u.situation, sizeof u.situation, situation_name(0));
    text_copy(u.action, sizeof u.action, move_name(MOVE_LOCAL));
    text_copy(u.next_situation, sizeof u.next_situation, situation_name(1));
    made_update(m, &u);
    text_copy(u.situation, sizeof u.situation, situation_name(1));
    u.next_situation[0] = 0;
    u.reward = 0.25;
    made_update(m, &u);
    return m;
}

static void fold(struct own_knowledge *own, const char *family, double began, const char *path)
{
    struct made_study *m = make_study(family, began);
    struct err_info info = {0};
    struct task_features looks = {.value = {1, 2, 3}};
    if (learn_fold_study(own, &m->study, path, &looks, &info) != ERR_OK)
        fail_msg("%s", info.detail);
    m->study.searcher_json = NULL;
    made_free(m);
}

static char *bytes_of(const struct own_knowledge *own)
{
    struct text out = {0};
    assert_int_equal(own_write(own, &out), ERR_OK);
    return out.data;
}

static struct own_knowledge *nothing(void)
{
    struct own_knowledge *own;
    struct err_info info = {0};
    assert_int_equal(own_open("/nonexistent/knowledge.json", &own, &info), ERR_OK);
    assert_int_equal(own->n, 0);
    return own;
}

static void folded_twice_it_counts_once(void **state)
{
    (void)state;
    struct own_knowledge *own = nothing();
    fold(own, "moons", 100, "/a/moons.study.jsonl");
    fold(own, "stars", 50, "/a/stars.study.jsonl");
    char *once = bytes_of(own);
    fold(own, "moons", 100, "/a/moons.study.jsonl");
    fold(own, "stars", 50, "/a/stars.study.jsonl");
    char *twice = bytes_of(own);
    assert_string_equal(once, twice);
    assert_int_equal(own->n, 2);
    mem_free(once);
    mem_free(twice);
    own_free(own);
}

static void forgotten_it_leaves_nothing(void **state)
{
    (void)state;
    struct own_knowledge *own = nothing();
    int n;
    fold(own, "moons", 100, "/a/moons.study.jsonl");
    char *before = bytes_of(own);
    fold(own, "stars", 50, "/a/stars.study.jsonl");
    char *both = bytes_of(own);
    assert_int_equal(own_find(own, "tars.study.jsonl", &n), -1);
    int at = own_find(own, "stars.study.jsonl", &n);
    assert_int_equal(at, 0); /* it began first */
    own_forget(own, at);
    char *after = bytes_of(own);
    assert_string_equal(before, after);
    fold(own, "stars", 50, "/a/stars.study.jsonl");
    char *again = bytes_of(own);
    assert_string_equal(both, again);
    char *const all[] = {before, both, after, again};
    for (int i = 0; i < 4; i++)
        mem_free(all[i]);
    own_free(own);
}

static void two_of_one_name_are_told_apart_by_id(void **state)
{
    (void)state;
    struct own_knowledge *own = nothing();
    int n;
    fold(own, "moons", 100, "/a/moons.study.jsonl");
    fold(own, "moons", 200, "/b/moons.study.jsonl");
    assert_int_equal(own_find(own, "moons.study.jsonl", &n), -1);
    assert_int_equal(n, 2);
    assert_int_equal(own_find(own, "/b/moons.study.jsonl", &n), 1);
    assert_int_equal(own_find(own, own->study[0].id, &n), 0);
    own_free(own);
}

static void what_a_study_says_is_kept(void **state)
{
    (void)state;
    struct own_knowledge *own = nothing();
    fold(own, "moons", 100, "/a/moons.study.jsonl");
    const struct own_study *s = &own->study[0];
    assert_int_equal(s->n_runs, 3); /* two seeds are one; what was stopped says no end */
    double first = (log(0.302) + log(0.102)) / 2;
    assert_true(fabs(s->run[0].log_error - first) < 1e-12);
    assert_true(fabs(s->run[1].log_error - log(0.202)) < 1e-12);
    assert_true(fabs(s->run[2].log_error - log(0.602)) < 1e-12); /* nothing learnt */
    assert_true(fabs(s->facts.noise - (log(0.302) - log(0.102)) / sqrt(2)) < 1e-12);
    assert_int_equal(s->n_steps, 2);
    assert_string_equal(s->step[1].next, "");
    own_free(own);
}

static void it_is_read_as_it_was_written(void **state)
{
    (void)state;
    struct own_knowledge *own = nothing(), *read, *read_wrong;
    struct err_info info = {0};
    fold(own, "moons", 100.125, "/a/moons.study.jsonl");
    fold(own, "stars", 50, "/a/stars.study.jsonl");
    char *bytes = bytes_of(own);
    assert_int_equal(own_read(bytes, strlen(bytes), "own.json", &read, &info), ERR_OK);
    char *again = bytes_of(read);
    assert_string_equal(bytes, again);
    /* Any byte may be wrong: an error or another reading, never more than that. */
    for (size_t i = 0, n = strlen(again); i < n; i += 3) {
        struct own_knowledge *other;
        char was = bytes[i];
        bytes[i] = was == '1' ? ']' : '1';
        if (own_read(bytes, strlen(again), "own.json", &other, &info) == ERR_OK)
            own_free(other);
        bytes[i] = was;
    }
    /* Nor may a number be one whose square is infinite. */
    struct text great = {0};
    const char *value = strstr(bytes, "\"log_error\": ");
    assert_non_null(value);
    value += strlen("\"log_error\": ");
    text_appendf(&great, "%.*s1e300%s", (int)(value - bytes), bytes, value + strcspn(value, ",}"));
    assert_int_equal(own_read(great.data, great.length, "own.json", &read_wrong, &info), ERR_INPUT);
    text_free(&great);
    mem_free(bytes);
    mem_free(again);
    own_free(own);
    own_free(read);
}

static void too_little_and_recordings_are_refused(void **state)
{
    (void)state;
    static char recording[] =
        "{\"sampler\": \"pool\", \"pruner\": \"none\", \"full_epochs\": 20, "
        "\"sampler_settings\": {\"pool\": true, \"shared\": 5, \"own\": 0, \"repeats\": 0, "
        "\"scramble\": 7}, \"task\": {\"split_seed\": 0, \"rows\": 100, \"inputs\": 4, "
        "\"classes\": 3, \"majority_error\": 0.6}}";
    struct own_knowledge *own = nothing();
    struct err_info info = {0};
    struct made_study *m = make_study("moons", 1);
    m->study.n_trials = 2;
    assert_int_equal(learn_fold_study(own, &m->study, "x", NULL, &info), ERR_STATE);
    m->study.n_trials = 5;
    m->study.searcher_json = recording;
    assert_int_equal(learn_fold_study(own, &m->study, "x", NULL, &info), ERR_INPUT);
    assert_int_equal(own->n, 0);
    m->study.searcher_json = NULL;
    made_free(m);
    own_free(own);
}

/* ---- joined to knowledge ------------------------------------------------------------------ */

static struct knowledge *make_knowledge(void)
{
    struct knowledge *k = mem_zero_alloc(1, sizeof *k);
    k->space = *made_space();
    k->n_dims = k->space.n;
    k->n_families = 1;
    k->family = mem_zero_alloc(1, sizeof *k->family);
    text_copy(k->family[0], sizeof k->family[0], "moons");
    k->n_advice = 2;
    k->advice = mem_zero_alloc(2, sizeof *k->advice);
    k->advice[0].left_out = -1;
    return k;
}

static void a_family_that_is_left_out_has_no_part(void **state)
{
    (void)state;
    struct own_knowledge *own = nothing();
    struct knowledge *k = make_knowledge();
    int joined, skipped;
    fold(own, "moons", 100, "/a/moons.study.jsonl");
    fold(own, "stars", 50, "/a/stars.study.jsonl");
    assert_int_equal(own_join(own, "stars", "f-other", k, &joined, &skipped), ERR_OK);
    assert_int_equal(joined, 1);
    assert_int_equal(skipped, 1);
    assert_int_equal(k->n_tasks, 1);
    assert_int_equal(k->n_families, 1);
    const struct knowledge_task *t = &k->task[0];
    assert_true(t->by_user && !t->is_shared && t->has_looks && t->n_runs == 3 && t->family == 0);
    struct configuration c;
    space_default(made_space(), &c);
    double unit[SPACE_MAX];
    space_encode(made_space(), &c, unit);
    for (int d = 0; d < k->n_dims; d++)
        assert_true(fabs(t->unit[d] - unit[d]) < 1e-12);
    /* Of the two steps the later came back first: 0.5 + 0, then 0.25. */
    assert_true(k->advice[0].q.q[0][MOVE_LOCAL] == 0.5 && k->advice[0].q.q[1][MOVE_LOCAL] == 0.25);
    assert_true(k->advice[0].q.visits[1][MOVE_LOCAL] == 1);
    assert_true(k->advice[1].q.visits[1][MOVE_LOCAL] == 0); /* advice without the moons */
    assert_int_equal(own_join(own, NULL, "f-moons", k, &joined, &skipped), ERR_OK);
    assert_true(joined == 1 && skipped == 1);
    assert_string_equal(k->family[1], "stars");
    assert_true(k->advice[1].q.visits[1][MOVE_LOCAL] == 1);
    knowledge_free(k);
    own_free(own);
}

static void without_memory_nothing_is_half_done(void **state)
{
    (void)state;
    struct own_knowledge *own = nothing();
    fold(own, "moons", 100, "/a/moons.study.jsonl");
    char *before = bytes_of(own);
    struct made_study *m = make_study("stars", 50);
    enum err err = ERR_MEMORY;
    for (long after = 0; err != ERR_OK; after++) {
        struct err_info info = {0};
        mem_fail_after(after);
        err = learn_fold_study(own, &m->study, "x", NULL, &info);
        mem_fail_after(-1);
        char *now = bytes_of(own);
        if (err != ERR_OK)
            assert_string_equal(before, now);
        mem_free(now);
    }
    assert_int_equal(own->n, 2);
    m->study.searcher_json = NULL;
    made_free(m);
    mem_free(before);
    own_free(own);
}

/* ---- the file ------------------------------------------------------------------------------ */

static void the_file_loses_what_is_forgotten_and_nothing_else(void **state)
{
    (void)state;
    char folder[64], path[128], say[200];
    struct err_info info = {0};
    assert_non_null(spawn_make_folder(folder));
    assert_true(file_join(path, sizeof path, folder, "knowledge.json"));
    struct own_knowledge *own = nothing();
    fold(own, "moons", 100, "/a/moons.study.jsonl");
    char *bytes = bytes_of(own);
    assert_int_equal(file_write_atomic(path, bytes, strlen(bytes), &info), ERR_OK);
    assert_int_equal(own_forget_file(path, "stars.study.jsonl", say, sizeof say, &info), ERR_USAGE);
    char *now;
    size_t n;
    assert_int_equal(file_read(path, 1 << 20, &now, &n, &info), ERR_OK);
    assert_string_equal(now, bytes);
    mem_free(now);
    assert_int_equal(own_forget_file(path, "moons.study.jsonl", say, sizeof say, &info), ERR_OK);
    assert_non_null(strstr(say, "3 configurations, 2 steps"));
    struct own_knowledge *left;
    assert_int_equal(own_open(path, &left, &info), ERR_OK);
    assert_int_equal(left->n, 0);
    own_free(left);
    mem_free(bytes);
    own_free(own);
    spawn_remove_folder(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folded_twice_it_counts_once),
        cmocka_unit_test(forgotten_it_leaves_nothing),
        cmocka_unit_test(two_of_one_name_are_told_apart_by_id),
        cmocka_unit_test(what_a_study_says_is_kept),
        cmocka_unit_test(it_is_read_as_it_was_written),
        cmocka_unit_test(too_little_and_recordings_are_refused),
        cmocka_unit_test(a_family_that_is_left_out_has_no_part),
        cmocka_unit_test(without_memory_nothing_is_half_done),
        cmocka_unit_test(the_file_loses_what_is_forgotten_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
