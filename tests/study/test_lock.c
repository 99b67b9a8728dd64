/* If this fails, a dead process blocks a study, or a live one is overrun; or what was said to be
 * saved is not. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "study/lock.h"
#include "toy_study.h"

/* ---- fsync, watched ---------------------------------------------------------------------- */

/* This program's own fsync stands before the C library's: it notes how long the file was. */
static _Atomic long synced_bytes;
static char watched[128];

int fsync(int fd)
{
    struct stat a, b;
    bool ours = watched[0] && fstat(fd, &a) == 0 && stat(watched, &b) == 0 && a.st_ino == b.st_ino;
    int status = (int)syscall(SYS_fsync, fd);
    if (ours && status == 0)
        atomic_store(&synced_bytes, (long)a.st_size);
    return status;
}

/* What study_log_durable said is saved stands in the bytes before the last fsync. */
static void test_durable_means_fsynced(void **state)
{
    (void)state;
    struct toy toy, rest;
    size_t n;
    uint64_t seen = 0;
    toy_begin(&toy);
    memcpy(watched, toy.path, sizeof watched);
    toy_open(&toy);
    int a = toy_trial(&toy);
    uint64_t first = study_log_sequence(toy.log);
    for (int step = 1; step <= 60; step++) {
        toy_epoch(&toy, a, step, 1.0 / step);
        if (step % 20 == 0)
            toy_flush(&toy);
        uint64_t durable = study_log_durable(toy.log);
        size_t synced = (size_t)atomic_load(&synced_bytes);
        assert_true(durable >= seen);
        seen = durable;
        char *bytes = toy_bytes(toy.path, &n);
        assert_true(synced <= n);
        toy_begin(&rest);
        toy_write(rest.path, bytes, synced, "wb"); /* the power went: the rest is gone */
        struct study *s = toy_read(rest.path);
        size_t epochs = s->n_trials ? s->trials[0].n_epochs : 0;
        assert_true(durable < first || epochs >= durable - first);
        study_free(s);
        mem_free(bytes);
        toy_end(&rest);
    }
    toy_close(&toy);
    watched[0] = 0;
    toy_end(&toy);
}

/* ---- locks ------------------------------------------------------------------------------- */

static void lock_of(struct toy *toy, const struct owner *owner, struct lock *lock)
{
    assert_int_equal(lock_init(lock, toy->path, owner, &toy->info), ERR_OK);
}

static void test_one_at_a_time(void **state)
{
    (void)state;
    struct toy toy;
    struct lock a, b;
    char target[64] = "";
    toy_begin(&toy);
    toy_write(toy.path, "", 0, "wb");
    lock_of(&toy, NULL, &a);
    lock_of(&toy, NULL, &b);
    assert_int_equal(lock_take(&a, 0, &toy.info), ERR_OK);
    assert_true(readlink(a.file, target, sizeof target - 1) > 0);
    assert_string_equal(target, "toy.study.jsonl"); /* so that it resolves, for Optuna's sake */
    assert_int_equal(lock_take(&b, 0.01, &toy.info), ERR_BUSY);
    assert_false(lock_is_ours(&b));
    assert_true(lock_is_ours(&a));
    lock_release(&a);
    assert_int_equal(lock_take(&b, 0, &toy.info), ERR_OK);
    lock_release(&b);
    struct stat status;
    assert_int_not_equal(lstat(b.file, &status), 0);
    toy_end(&toy);
}

/* Nothing moves for stale_after_s: the lock is broken. A lock of Optuna's other kind, a file. */
static void test_lock_that_stands_still(void **state)
{
    (void)state;
    struct toy toy;
    struct lock a, b;
    toy_begin(&toy);
    toy_write(toy.path, "", 0, "wb");
    lock_of(&toy, NULL, &a);
    lock_of(&toy, NULL, &b);
    assert_int_equal(lock_take(&a, 0, &toy.info), ERR_OK);
    b.stale_after_s = 0.02;
    assert_int_equal(lock_take(&b, 5, &toy.info), ERR_OK);
    assert_true(b.broke_stale);
    assert_false(lock_is_ours(&a));
    lock_release(&a); /* not ours any more: stays */
    assert_true(lock_is_ours(&b));
    lock_release(&b);
    toy_write(a.file, "", 0, "wb");
    assert_int_equal(lock_take(&a, 0.05, &toy.info), ERR_BUSY);
    assert_int_equal(lock_take(&b, 5, &toy.info), ERR_OK);
    lock_release(&b);
    toy_end(&toy);
}

static void make_folder(struct toy *toy, char out[128])
{
    file_join(out, 128, toy->folder, "toy.study.d");
    assert_int_equal(file_make_folder(out, &toy->info), ERR_OK);
}

/* A child takes study and lock, says so, and is killed. */
static void kill_a_holder(struct toy *toy, const char *folder)
{
    char byte = 0;
    int pipes[2], status;
    struct owner owner;
    struct lock lock;
    assert_int_equal(pipe(pipes), 0);
    pid_t pid = fork();
    if (pid == 0) {
        bool ok = owner_take(&owner, folder, toy->path, OWNER_RUNS, NULL) == ERR_OK &&
                  lock_init(&lock, toy->path, &owner, NULL) == ERR_OK &&
                  lock_take(&lock, 1, NULL) == ERR_OK;
        (void)!write(pipes[1], ok ? "y" : "n", 1);
        for (;;)
            pause();
    }
    assert_int_equal(read(pipes[0], &byte, 1), 1);
    assert_int_equal(byte, 'y');
    struct study_settings settings = toy_settings();
    assert_int_equal(study_log_open(toy->path, &settings, NULL, &toy->log, &toy->info), ERR_BUSY);
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    close(pipes[0]);
    close(pipes[1]);
}

/* The next one goes on at once: its patience is far below the 30 s rule. */
static void test_killed_while_it_held_the_lock(void **state)
{
    (void)state;
    struct toy toy;
    char folder[128];
    struct owner owner;
    struct lock lock;
    toy_begin(&toy);
    toy_write(toy.path, "", 0, "wb");
    make_folder(&toy, folder);
    kill_a_holder(&toy, folder);
    assert_int_equal(owner_take(&owner, folder, toy.path, OWNER_VISITS, &toy.info), ERR_OK);
    lock_of(&toy, &owner, &lock);
    assert_int_equal(lock_take(&lock, 0, &toy.info), ERR_OK);
    assert_true(lock.broke_stale);
    lock_release(&lock);
    owner_release(&owner);
    kill_a_holder(&toy, folder);
    toy_open(&toy);
    int a = toy_trial(&toy);
    toy_epoch(&toy, a, 1, 0.5);
    assert_file_agrees(&toy);
    const struct study *s = study_log_study(toy.log); /* and the log says so */
    assert_int_equal(s->n_events, 1);
    assert_string_equal(s->events[0].what, "lock");
    toy_close(&toy);
    toy_end(&toy);
}

/* A live owner's lock is respected, also by one that is asked to look for dead ones. */
static void test_live_lock_is_respected(void **state)
{
    (void)state;
    struct toy toy;
    char folder[128];
    struct owner a, b;
    struct lock la, lb;
    toy_begin(&toy);
    toy_write(toy.path, "", 0, "wb");
    make_folder(&toy, folder);
    assert_int_equal(owner_take(&a, folder, toy.path, OWNER_RUNS, &toy.info), ERR_OK);
    assert_int_equal(owner_take(&b, folder, toy.path, OWNER_RUNS, &toy.info), ERR_BUSY);
    assert_int_equal(owner_take(&b, folder, toy.path, OWNER_VISITS, &toy.info), ERR_OK);
    lock_of(&toy, &a, &la);
    lock_of(&toy, &b, &lb);
    assert_int_equal(lock_take(&la, 0, &toy.info), ERR_OK);
    assert_int_equal(lock_take(&lb, 0.05, &toy.info), ERR_BUSY);
    lock_release(&la);
    assert_int_equal(lock_take(&lb, 0, &toy.info), ERR_OK);
    lock_release(&lb);
    owner_release(&a);
    owner_release(&b);
    assert_int_equal(owner_take(&a, folder, toy.path, OWNER_RUNS, &toy.info), ERR_OK);
    owner_release(&a);
    toy_end(&toy);
}

/* ---- many writers ------------------------------------------------------------------------ */

enum { WRITERS = 3, SEEDS = 8 };

static void *seed_many(void *arg)
{
    const char *path = arg;
    struct trial_start start = toy_start();
    intptr_t bad = 0;
    for (int i = 0; i < SEEDS; i++)
        bad += study_seed_file(path, space_builtin(), &start.config, NULL) != ERR_OK;
    return (void *)bad;
}

struct screen {
    pthread_mutex_t mutex;
    int changes, inside;
};
static void enter(void *arg)
{
    struct screen *s = arg;
    pthread_mutex_lock(&s->mutex);
    s->inside++;
}
static void leave(void *arg)
{
    struct screen *s = arg;
    s->inside--;
    pthread_mutex_unlock(&s->mutex);
}
static void changed(void *arg)
{
    struct screen *s = arg;
    pthread_mutex_lock(&s->mutex);
    assert_int_equal(s->inside, 0);
    s->changes++;
    pthread_mutex_unlock(&s->mutex);
}

/* Others seed while we append, and a reader looks under the guard: nothing is lost or seen half. */
static void test_many_writers(void **state)
{
    (void)state;
    struct toy toy;
    pthread_t thread[WRITERS];
    struct screen screen = {.mutex = PTHREAD_MUTEX_INITIALIZER};
    struct study_guard guard = {enter, leave, changed, &screen};
    struct study_settings settings = toy_settings();
    enum { TRIALS = 40 };
    int handle[TRIALS];
    toy_begin(&toy);
    assert_int_equal(study_log_open(toy.path, &settings, &guard, &toy.log, &toy.info), ERR_OK);
    for (int i = 0; i < WRITERS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, seed_many, toy.path), 0);
    for (int i = 0; i < TRIALS; i++) {
        handle[i] = toy_trial(&toy);
        toy_epoch(&toy, handle[i], 1, 0.001 * (i + 1));
        if (i % 8 == 0)
            toy_flush(&toy);
        enter(&screen);
        const struct trial *t = study_log_trial(toy.log, handle[i]);
        assert_true(t->n_epochs == 1 && t->value == 0.001 * (i + 1));
        leave(&screen);
    }
    for (int i = 0; i < WRITERS; i++) {
        void *bad;
        pthread_join(thread[i], &bad);
        assert_null(bad);
    }
    assert_int_equal(study_log_follow(toy.log), ERR_OK);
    assert_file_agrees(&toy);
    const struct study *s = study_log_study(toy.log);
    assert_int_equal(s->n_trials, TRIALS + WRITERS * SEEDS);
    assert_int_equal(s->n_state[TRIAL_WAITING], WRITERS * SEEDS);
    for (int i = 0; i < TRIALS; i++)
        assert_true(study_log_trial(toy.log, handle[i])->value == 0.001 * (i + 1));
    assert_true(screen.changes > 0);
    toy_close(&toy);
    toy_end(&toy);
}

/* ---- memory ------------------------------------------------------------------------------ */

/* Whatever allocation fails: an error is returned, file and fold agree, and it goes on. */
static void test_out_of_memory(void **state)
{
    (void)state;
    int since_failure = 0;
    for (long after = 0; since_failure < 3; after += 1 + after / 12) {
        struct toy toy;
        struct study_settings settings = toy_settings();
        int handle = -1;
        struct trial_start start = toy_start();
        struct epoch_result e = {.step = 1, .value = 0.5};
        toy_begin(&toy);
        mem_fail_after(after);
        enum err err = study_log_open(toy.path, &settings, NULL, &toy.log, &toy.info);
        bool failed = err != ERR_OK;
        if (failed) {
            mem_fail_after(-1);
            toy_open(&toy);
        }
        failed |= study_log_create(toy.log, &start, &handle) != ERR_OK;
        if (handle >= 0) {
            failed |= study_log_report(toy.log, handle, &e) != ERR_OK;
            failed |= study_log_event(toy.log, "you", "x", 0, "y", "\"z\": 1") != ERR_OK;
            failed |= study_log_finish(toy.log, handle, TRIAL_COMPLETE, NULL) != ERR_OK;
        }
        mem_fail_after(-1);
        (void)study_log_flush(toy.log, NULL);
        assert_file_agrees(&toy);
        assert_int_equal(study_log_study(toy.log)->n_refused, 0);
        toy_close(&toy);
        toy_end(&toy);
        since_failure = failed ? 0 : since_failure + 1;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_durable_means_fsynced),
        cmocka_unit_test(test_one_at_a_time),
        cmocka_unit_test(test_lock_that_stands_still),
        cmocka_unit_test(test_killed_while_it_held_the_lock),
        cmocka_unit_test(test_live_lock_is_respected),
        cmocka_unit_test(test_many_writers),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
