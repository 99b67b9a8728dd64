/* If this fails, a training step asks the system for something: no allocation and no system call
 * may happen inside net_train_slice, for any kind of network.
 *
 * System calls: a child trains under seccomp's strict mode, where every call but read, write and
 * exit kills it. Sanitizers make calls of their own: skipped under them. */
#include "allocations.h"
#include "kinds.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
/* cmocka needs them above it */
#include <cmocka.h>

/* All kinds, and widths that libraries treat apart: whole vectors, a rest, less than one. */
static const struct {
    int n_inputs, units, n_classes, batch;
} widths[] = {{57, 100, 2, 32}, {64, 20, 5, 8},   {40, 33, 3, 64}, {200, 128, 10, 32},
              {401, 7, 2, 64},  {16, 64, 26, 32}, {33, 81, 40, 1}};
enum { N_WIDTHS = sizeof widths / sizeof *widths, N_ALL = N_KINDS + N_WIDTHS };

static struct training *make(int k, struct toy *toy)
{
    struct training *t;
    struct err_info info;
    struct net_config c = trained(k % N_KINDS);
    if (k < N_KINDS) {
        *toy = toy_of(&kinds[k], 30, 1);
    } else {
        c = trained(0);
        c.optimizer = NET_ADAM;
        c.num_layers = 3;
        c.units = widths[k - N_KINDS].units;
        c.batch_size = widths[k - N_KINDS].batch;
        *toy = toy_noise(100, widths[k - N_KINDS].n_inputs, widths[k - N_KINDS].n_classes, 1);
    }
    if (net_new(&c, &toy->rows, &t, &info) != ERR_OK)
        fail_msg("%s: %s", info.where, info.detail);
    return t;
}

static const char *name_of(int k)
{
    return k < N_KINDS ? kinds[k].name : "widths";
}

/* A hundred batches in slices of three: many epochs, and layers that thaw. */
static bool train(struct training *t)
{
    bool done;
    for (int batches = 0; batches < 100; batches += 3)
        if (net_train_slice(t, 3, &done) != ERR_OK)
            return false;
    return true;
}

static void training_allocates_nothing(void **state)
{
    (void)state;
    if (!COUNTING) {
        print_message("skipped: malloc belongs to a sanitizer\n");
        skip();
    }
    unsigned long start = allocations;
    mem_free(mem_alloc(1, 1));
    assert_true(allocations > start); /* it does count */
    for (int k = 0; k < N_ALL; k++) {
        struct toy toy;
        struct training *t = make(k, &toy);
        unsigned long before = allocations, ours = mem_alloc_count();
        assert_true(train(t));
        if (allocations != before || mem_alloc_count() != ours)
            fail_msg("%s: %lu allocations", name_of(k), allocations - before);
        net_free(t);
        toy_free(&toy);
    }
}

/* ---- system calls ------------------------------------------------------------------------ */

#if defined(__linux__)
#include <linux/seccomp.h>
#include <sys/prctl.h>

/* 0: trained; 1: diverged; 2: seccomp is not to be had; 128 + signal: a call was made. */
static int train_in_a_cell(struct training *t, bool (*work)(struct training *))
{
    pid_t child = fork();
    if (child == 0) {
        if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != 0)
            _exit(2);
        bool good = work(t);
        syscall(SYS_exit, good ? 0 : 1); /* _exit would be another call */
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static bool ask_for_the_pid(struct training *t)
{
    (void)t;
    return syscall(SYS_getpid) > 0;
}

static void training_makes_no_system_call(void **state)
{
    (void)state;
    int cell = SANITIZED ? 2 : train_in_a_cell(NULL, ask_for_the_pid);
    if (cell == 2) {
        print_message("skipped: %s\n", SANITIZED ? "sanitizers make calls" : "no seccomp here");
        skip();
    }
    assert_int_equal(cell, 128 + SIGKILL); /* the cell does hold */
    for (int k = 0; k < N_ALL; k++) {
        struct toy toy;
        struct training *t = make(k, &toy);
        int status = train_in_a_cell(t, train);
        if (status != 0)
            fail_msg("%s: status %d", name_of(k), status);
        net_free(t);
        toy_free(&toy);
    }
}
#else
static void training_makes_no_system_call(void **state)
{
    (void)state;
    print_message("skipped: no seccomp here\n");
    skip();
}
#endif

int main(void)
{
    net_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(training_makes_no_system_call),
        cmocka_unit_test(training_allocates_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
