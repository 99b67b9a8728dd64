/* If this fails, a killed search loses an epoch that it had shown, or does not train on at once.
 *
 * The search is killed by SIGKILL at 20 random moments, at least 5 of them while it holds the
 * journal's lock, and resumed each time. "Shown" is what stood on stderr before the kill; stderr
 * only tells what has been fsynced. */
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../support/programs.h"
#include "tiller/study.h"

enum { KILLS = 20, LOCKED_WANTED = 6, TRIES_MAX = 200, SHOWN_MAX = 200000 };

struct shown {
    int64_t trial;
    int epoch;
    char value[32];
};
static struct shown *shown;
static size_t n_shown;

/* "#12 epoch 3/20  val_error 0.04 ..." */
static void remember(const char *line)
{
    long long trial;
    int epoch;
    struct shown s;
    if (sscanf(line, "#%lld epoch %d/%*d val_error %31s", &trial, &epoch, s.value) != 3)
        return;
    s.trial = trial;
    s.epoch = epoch;
    assert_true(n_shown < SHOWN_MAX);
    shown[n_shown++] = s;
}

static void remember_all(const char *err)
{
    for (const char *line = err; line && *line;) {
        const char *end = strchr(line, '\n');
        if (!end)
            return; /* not a whole line: not shown */
        remember(line);
        line = end + 1;
    }
}

static bool is_locked(const char *study)
{
    char lock[160];
    struct stat st;
    text_format(lock, sizeof lock, "%s.lock", study);
    return lstat(lock, &st) == 0;
}

/* Reads on for a while; then, if wanted, until the lock is seen held. true: killed while held. */
static bool kill_at_a_moment(struct spawned *s, const char *study, struct rng *rng, bool locked)
{
    double until = clock_now_s() + 0.4 * rng_uniform(rng);
    while (clock_now_s() < until)
        spawn_read(s, 5);
    until = clock_now_s() + 20;
    while (locked && !is_locked(study) && clock_now_s() < until)
        spawn_read(s, 0);
    assert_int_equal(kill(s->pid, SIGKILL), 0);
    assert_int_equal(spawn_finish(s, 30), 128 + SIGKILL);
    return is_locked(study);
}

static void assert_all_shown_are_kept(const char *path)
{
    struct study *study = NULL;
    struct err_info info = {0};
    if (study_read(path, NULL, &study, &info) != ERR_OK)
        fail_msg("%s", info.detail);
    assert_int_equal(study->n_bad, 0);
    for (size_t i = 0; i < n_shown; i++) {
        const struct trial *t = study_trial(study, shown[i].trial);
        bool found = false;
        assert_non_null(t);
        for (size_t k = 0; k < t->n_epochs && !found; k++) {
            char value[32];
            found =
                t->curve[k].step == shown[i].epoch &&
                strcmp(text_human(value, sizeof value, t->curve[k].value, 4), shown[i].value) == 0;
        }
        if (!found)
            fail_msg("#%lld epoch %d (%s) was shown and is lost", (long long)shown[i].trial,
                     shown[i].epoch, shown[i].value);
    }
    study_free(study);
}

static void optuna_still_reads_it(const char *path)
{
    if (have_python("optuna"))
        json_free(optuna_study("summary", path, NULL));
}

static void killed_at_any_moment_nothing_shown_is_lost(void **state)
{
    (void)state;
    char folder[64], path[128];
    struct rng rng;
    int locked = 0, kills = 0;
    rng_seed(&rng, 20, 6);
    shown = mem_alloc(SHOWN_MAX, sizeof *shown);
    assert_non_null(shown);
    assert_non_null(spawn_make_folder(folder));
    assert_true(file_join(path, sizeof path, folder, "vowel.study.jsonl"));
    const char *first[] = {spawn_tiller(), "run", "data/vowel", "--plain", "--workers", "2",
                           "--study",      path,  "--epochs",   "1000000", NULL};
    const char *again[] = {spawn_tiller(), "resume", path, "--plain", "--workers", "2", NULL};
    for (; (kills < KILLS || locked < LOCKED_WANTED) && kills < TRIES_MAX; kills++) {
        struct spawned s;
        assert_true(spawn_start(&s, kills == 0 ? first : again, NULL));
        /* Trains on at once: nobody waits half a minute for a dead process's lock. */
        if (!spawn_wait_text(&s, " epoch ", false, 20))
            fail_msg("kill %d: did not train on: %s", kills, text_get(&s.err));
        locked += kill_at_a_moment(&s, path, &rng, kills % 2 == 1 || kills >= KILLS);
        remember_all(text_get(&s.err));
        spawn_free(&s);
        if (kills == 0)
            assert_true(n_shown > 0);
    }
    print_message("%d kills, %d while the lock was held, %zu epochs shown\n", kills, locked,
                  n_shown);
    assert_true(locked >= 5);
    const char *last[] = {spawn_tiller(), "resume", path, "--plain", "--workers", "2",
                          "--epochs",     "1",      NULL};
    struct spawned s; /* the new total is spent long since: ends what runs, heals the tail */
    int status = spawn_run(&s, last, NULL, 120);
    if (status != 0)
        fail_msg("status %d: %s", status, text_get(&s.err));
    spawn_free(&s);
    assert_all_shown_are_kept(path);
    optuna_still_reads_it(path);
    mem_free(shown);
    spawn_remove_folder(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed_at_any_moment_nothing_shown_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
