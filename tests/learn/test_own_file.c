/* If this fails, two programs that take in what their studies taught lose one of both, or one that
 * was told to give up writes all the same. */
#include "../engine/fake.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tiller/own.h"

struct place {
    struct bed bed; /* with an ended study */
    char own[160], lock[180];
};

static void place_make(struct place *p)
{
    bed_make(&p->bed);
    atomic_store(&p->bed.fake.allowed, 1000000);
    p->bed.options.budget_epochs = 16;
    p->bed.options.no_test = true;
    struct engine *e = bed_start(&p->bed);
    assert_true(engine_wait(e, 60));
    bed_stop(e);
    assert_true(file_join(p->own, sizeof p->own, p->bed.folder, "below/knowledge.json"));
    text_format(p->lock, sizeof p->lock, "%s.lock", p->own);
}

static enum err fold(struct place *p, bool cancelled, struct err_info *info)
{
    char say[200];
    atomic_bool cancel;
    atomic_init(&cancel, cancelled);
    return own_fold_file(p->own, p->bed.study, NULL, &cancel, say, sizeof say, info);
}

static size_t count_studies(const struct place *p)
{
    struct own_knowledge *own = NULL;
    struct err_info info = {0};
    assert_int_equal(own_open(p->own, &own, &info), ERR_OK);
    size_t n = own->n;
    own_free(own);
    return n;
}

/* A process of its own that holds the lock until the pipe's end, *hold, is closed. */
static pid_t lock_elsewhere(const char *path, int *hold)
{
    int ready[2], until[2];
    char byte = 0;
    assert_int_equal(pipe(ready), 0);
    assert_int_equal(pipe(until), 0);
    pid_t child = fork();
    if (child == 0) {
        struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
        int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        bool locked = fd >= 0 && fcntl(fd, F_OFD_SETLK, &whole) == 0;
        close(until[1]);
        _exit(locked && write(ready[1], "", 1) == 1 && read(until[0], &byte, 1) == 0 ? 0 : 1);
    }
    assert_true(child > 0);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    close(ready[1]);
    close(until[0]);
    *hold = until[1];
    return child;
}

static void another_program_is_waited_for(void **state)
{
    (void)state;
    struct place p;
    struct err_info info = {0};
    char say[200];
    int hold, status;
    place_make(&p);
    assert_int_equal(fold(&p, false, &info), ERR_OK);
    pid_t child = lock_elsewhere(p.lock, &hold);
    double began = clock_now_s();
    assert_int_equal(own_forget_file(p.own, "moons.study.jsonl", say, sizeof say, &info), ERR_BUSY);
    assert_true(clock_now_s() - began > 1);
    assert_int_equal(count_studies(&p), 1);
    began = clock_now_s();
    assert_int_equal(fold(&p, true, &info), ERR_INTERRUPTED);
    assert_true(clock_now_s() - began < 1); /* it does not wait when it is to give up */
    close(hold);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(own_forget_file(p.own, "moons.study.jsonl", say, sizeof say, &info), ERR_OK);
    assert_int_equal(count_studies(&p), 0);
    bed_remove(&p.bed);
}

static void cancelled_it_changes_nothing(void **state)
{
    (void)state;
    struct place p;
    struct err_info info = {0};
    place_make(&p);
    assert_int_equal(fold(&p, true, &info), ERR_INTERRUPTED);
    assert_false(file_exists(p.own));
    assert_int_equal(fold(&p, false, &info), ERR_OK);
    assert_int_equal(count_studies(&p), 1);
    bed_remove(&p.bed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_program_is_waited_for),
        cmocka_unit_test(cancelled_it_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
