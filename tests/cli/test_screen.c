/* If this fails, what a person does at the screen does not reach the study, or a study that was
 * left does not go on. The real program in a pseudo-terminal, on real data; the log is read
 * afterwards. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../support/pty.h"
#include "../support/spawn.h"
#include "tiller/study.h"

static const char *const esc = "\033";

struct sitting {
    struct pty *pty;
    char path[128];
};

static struct study *read_study(const char *path)
{
    struct study *study = NULL;
    struct err_info info = {0};
    return study_read(path, NULL, &study, &info) == ERR_OK ? study : NULL;
}

/* Pumps the terminal until the log says so. */
static void wait_log(struct sitting *s, bool (*holds)(const struct study *, int64_t), int64_t trial,
                     const char *what)
{
    double deadline = clock_now_s() + 60;
    for (;;) {
        struct study *study = read_study(s->path);
        bool is = study && holds(study, trial);
        study_free(study);
        if (is)
            return;
        if (clock_now_s() > deadline) {
            pty_print(s->pty, what);
            fail_msg("%s", what);
        }
        pty_pump(s->pty, 0.02);
    }
}

static bool has_trial(const struct study *study, int64_t number)
{
    const struct trial *t = study_trial(study, number);
    return t && t->n_epochs > 0;
}

static bool is_pruned(const struct study *study, int64_t number)
{
    const struct trial *t = study_trial(study, number);
    return t && t->state == TRIAL_PRUNED;
}

static bool is_complete(const struct study *study, int64_t number)
{
    const struct trial *t = study_trial(study, number);
    return t && t->state == TRIAL_COMPLETE;
}

static bool is_paused(const struct study *study, int64_t number)
{
    const struct trial *t = study_trial(study, number);
    return t && t->paused;
}

static bool is_not_paused(const struct study *study, int64_t number)
{
    return !is_paused(study, number);
}

static size_t count_events(const struct study *study, const char *what, const char *who)
{
    size_t n = 0;
    for (size_t i = 0; i < study->n_events; i++)
        n += strcmp(study->events[i].what, what) == 0 && strcmp(study->events[i].who, who) == 0;
    return n;
}

static bool was_paused(const struct study *study, int64_t times)
{
    return count_events(study, "pause", "you") >= (size_t)times;
}

static bool was_resumed(const struct study *study, int64_t times)
{
    return count_events(study, "resume", "you") >= (size_t)times;
}

/* The trial that somebody seeded, once it has begun. */
static const struct trial *seeded(const struct study *study, double rate)
{
    int lr = space_find(&study->space, "learning_rate");
    for (size_t i = 0; i < study->n_trials; i++)
        if (study->trials[i].config.value[lr] == rate && strcmp(study->trials[i].who, "you") == 0)
            return &study->trials[i];
    return NULL;
}

static bool seed_runs(const struct study *study, int64_t millionths)
{
    const struct trial *t = seeded(study, (double)millionths / 1e6);
    return t && t->n_epochs > 0;
}

static bool is_continued(const struct study *study, int64_t number)
{
    const struct trial *t = study_trial(study, number);
    const struct trial *next =
        t && t->continued_by >= 0 ? study_trial(study, t->continued_by) : NULL;
    return next && next->n_epochs > t->n_epochs;
}

/* The newest trial that runs and is not paused. */
static int64_t newest_running(const char *path)
{
    struct study *study = read_study(path);
    int64_t number = -1;
    assert_non_null(study);
    for (size_t i = 0; i < study->n_trials; i++)
        if (study->trials[i].state == TRIAL_RUNNING && !study->trials[i].paused)
            number = (int64_t)i;
    study_free(study);
    return number;
}

static void command(struct sitting *s, const char *fmt, int64_t trial)
{
    char line[128];
    snprintf(line, sizeof line, fmt, (long long)trial);
    pty_send(s->pty, ":");
    pty_send(s->pty, line);
    pty_send(s->pty, "\r");
}

static void open_screen(struct sitting *s, const char *const *argv, int rows, int cols)
{
    s->pty = pty_spawn(argv, NULL, rows, cols);
    assert_non_null(s->pty);
    if (!pty_wait_text(s->pty, "running", 60))
        fail_msg("the screen did not open");
}

static void leave(struct sitting *s)
{
    int status;
    pty_send(s->pty, "Q");
    if (!pty_wait_text(s->pty, "leave tiller?", 20))
        fail_msg("Q did not ask");
    pty_send(s->pty, "y");
    if (!pty_wait_exit(s->pty, &status, 30))
        fail_msg("it did not leave");
    assert_int_equal(status, 0);
    assert_true(pty_cursor_visible(s->pty));
    assert_false(pty_alternate_screen(s->pty));
    assert_true(pty_echo_on(s->pty));
    pty_close(s->pty);
}

static void steer(struct sitting *s)
{
    wait_log(s, has_trial, 0, "no first epoch");
    pty_send(s->pty, "p");
    wait_log(s, was_paused, 1, "p did not pause");
    if (!pty_wait_text(s->pty, "paused", 20))
        fail_msg("the header does not say paused");
    pty_send(s->pty, "p");
    wait_log(s, was_resumed, 1, "p did not resume");
    int64_t trial = newest_running(s->path);
    command(s, "pause %lld", trial);
    wait_log(s, is_paused, trial, ":pause N did not");
    command(s, "resume %lld", trial);
    wait_log(s, is_not_paused, trial, ":resume N did not");
}

static void prune_and_finish(struct sitting *s)
{
    int64_t trial = newest_running(s->path);
    command(s, "prune %lld", trial);
    if (!pty_wait_text(s->pty, "would be lost", 20))
        fail_msg("pruning did not ask");
    pty_send(s->pty, "n");
    if (!pty_wait_text(s->pty, "nothing was done", 20))
        fail_msg("n was not taken as no");
    struct study *study = read_study(s->path);
    assert_false(is_pruned(study, trial));
    study_free(study);
    command(s, "prune %lld", trial);
    assert_true(pty_wait_text(s->pty, "would be lost", 20));
    pty_send(s->pty, "y");
    wait_log(s, is_pruned, trial, "y did not prune");
    do {
        pty_pump(s->pty, 0.02);
        trial = newest_running(s->path);
        study = read_study(s->path);
        bool ready = study && has_trial(study, trial);
        study_free(study);
        if (ready)
            break;
    } while (true);
    command(s, "finish %lld", trial);
    wait_log(s, is_complete, trial, ":finish did not");
}

static void seed_by_form(struct sitting *s)
{
    pty_send(s->pty, "a");
    if (!pty_wait_text(s->pty, "learning_rate", 20) || !pty_wait_text(s->pty, "seed a trial", 20))
        fail_msg("a opened no form");
    pty_send(s->pty, "\x15"
                     "9"); /* Ctrl-u empties the field */
    if (!pty_wait_text(s->pty, "0.1", 20))
        fail_msg("the range is not shown");
    pty_send(s->pty, "\x15"
                     "0.007777\r");
    wait_log(s, seed_runs, 7777, "the seeded trial did not run");
}

static void everything_a_person_does_stands_in_the_log(void **state)
{
    (void)state;
    struct sitting s;
    char folder[64];
    assert_non_null(spawn_make_folder(folder));
    assert_true(file_join(s.path, sizeof s.path, folder, "letter.study.jsonl"));
    const char *run[] = {spawn_tiller(), "run",     "data/letter", "--workers", "2",
                         "--rng-seed",   "1",       "--epochs",    "20000",     "--pruner",
                         "none",         "--study", s.path,        NULL};
    open_screen(&s, run, 36, 120);
    steer(&s);
    prune_and_finish(&s);
    seed_by_form(&s);
    wait_log(&s, is_complete, 0, "the first trial did not end");
    command(&s, "extend %lld 3", 0);
    wait_log(&s, is_continued, 0, ":extend did not");
    leave(&s);

    const char *resume[] = {spawn_tiller(), "resume", s.path, "--workers", "2", NULL};
    struct study *before = read_study(s.path);
    assert_true(before->n_state[TRIAL_RUNNING] > 0); /* left with their checkpoints */
    open_screen(&s, resume, 24, 80);
    wait_log(&s, has_trial, (int64_t)before->n_trials, "it did not go on");
    pty_send(s.pty, esc);
    command(&s, "stop", 0);
    assert_true(pty_wait_text(s.pty, "end the study now?", 20));
    pty_send(s.pty, "y");
    if (!pty_wait_text(s.pty, "finished", 60))
        fail_msg("the study did not end");
    int status;
    pty_send(s.pty, "Q");
    assert_true(pty_wait_text(s.pty, "[y/N]", 20));
    pty_send(s.pty, "\r");
    assert_true(pty_wait_exit(s.pty, &status, 30));
    assert_int_equal(status, 0);
    pty_close(s.pty);

    struct study *after = read_study(s.path);
    assert_int_equal(after->n_bad + after->n_refused, 0);
    assert_int_equal(after->n_state[TRIAL_RUNNING], 0);
    assert_int_equal(after->tests_read, 1);
    assert_true(count_events(after, "seed", "you") == 1);
    assert_true(count_events(after, "extend", "you") == 1);
    assert_true(count_events(after, "stop", "you") == 1);
    for (size_t i = 0; i < before->n_trials; i++) /* nothing of the first sitting is gone */
        for (size_t k = 0; k < before->trials[i].n_epochs; k++)
            assert_true(after->trials[i].curve[k].value == before->trials[i].curve[k].value);
    study_free(before);
    study_free(after);
    spawn_remove_folder(folder);
}

static void a_signal_restores_the_terminal_and_keeps_the_work(void **state)
{
    (void)state;
    static const int signals[] = {15, 1};
    char folder[64];
    struct sitting s;
    assert_non_null(spawn_make_folder(folder));
    assert_true(file_join(s.path, sizeof s.path, folder, "vowel.study.jsonl"));
    const char *run[] = {spawn_tiller(), "run",    "data/vowel", "--workers", "1",
                         "--epochs",     "100000", "--study",    s.path,      NULL};
    for (int i = 0; i < 2; i++) {
        int status;
        open_screen(&s, run, 24, 80);
        wait_log(&s, has_trial, 0, "no epoch");
        pty_signal(s.pty, signals[i]);
        assert_true(pty_wait_exit(s.pty, &status, 30));
        assert_int_equal(status, 130);
        assert_true(pty_cursor_visible(s.pty));
        assert_false(pty_alternate_screen(s.pty));
        pty_close(s.pty);
    }
    struct study *study = read_study(s.path);
    assert_non_null(study);
    assert_int_equal(study->n_bad, 0);
    study_free(study);
    spawn_remove_folder(folder);
}

/* A storm of sizes, down to one cell; then all is there again. */
static void every_size_is_survived(void **state)
{
    (void)state;
    static const int sizes[][2] = {{50, 200}, {1, 1},    {10, 40}, {3, 90},  {24, 20},
                                   {16, 60},  {120, 40}, {2, 2},   {24, 80}, {40, 120}};
    char folder[64];
    struct sitting s;
    assert_non_null(spawn_make_folder(folder));
    assert_true(file_join(s.path, sizeof s.path, folder, "vowel.study.jsonl"));
    const char *run[] = {spawn_tiller(), "run",    "data/vowel", "--workers", "1",
                         "--epochs",     "100000", "--study",    s.path,      NULL};
    open_screen(&s, run, 24, 80);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int screen = 1; screen <= 5; screen++) {
            char key[2] = {(char)('0' + screen), 0};
            pty_resize(s.pty, sizes[i][0], sizes[i][1]);
            pty_send(s.pty, key);
            pty_pump(s.pty, 0.05);
        }
    pty_resize(s.pty, 36, 120);
    pty_send(s.pty, "1");
    if (!pty_wait_text(s.pty, "what the agent thinks", 20))
        fail_msg("the overview is not whole again");
    leave(&s);
    spawn_remove_folder(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_a_person_does_stands_in_the_log),
        cmocka_unit_test(a_signal_restores_the_terminal_and_keeps_the_work),
        cmocka_unit_test(every_size_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
