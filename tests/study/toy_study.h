/* A small study on disk for the tests of this room: a folder of its own, settings, trials. */
#ifndef TILLER_TESTS_TOY_STUDY_H
#define TILLER_TESTS_TOY_STUDY_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../support/spawn.h"
#include "tiller/study.h"

struct toy {
    char folder[64], path[128];
    struct study_log *log;
    struct err_info info;
};

static inline void toy_begin(struct toy *toy)
{
    memset(toy, 0, sizeof *toy);
    assert_non_null(spawn_make_folder(toy->folder));
    file_join(toy->path, sizeof toy->path, toy->folder, "toy.study.jsonl");
}

static inline void toy_end(struct toy *toy)
{
    spawn_remove_folder(toy->folder);
}

static inline struct study_settings toy_settings(void)
{
    return (struct study_settings){.name = "toy",
                                   .metric = "val_error",
                                   .direction = 1,
                                   .space = space_builtin(),
                                   .searcher_json = "{\"sampler\": \"agent\", \"R\": 9}",
                                   .task_path = "data/caf\u00e9.csv",
                                   .data_name = "toy:rows=0.5",
                                   .family = "toy",
                                   .variant = "rows=0.5",
                                   .fingerprint = "0123456789abcdef"};
}

static inline void toy_open(struct toy *toy)
{
    struct study_settings settings = toy_settings();
    char message[1024];
    if (study_log_open(toy->path, &settings, NULL, &toy->log, &toy->info) != ERR_OK)
        fail_msg("%s", err_format(&toy->info, message, sizeof message));
}

static inline void toy_close(struct toy *toy)
{
    char message[1024];
    if (study_log_close(toy->log, &toy->info) != ERR_OK)
        fail_msg("%s", err_format(&toy->info, message, sizeof message));
    toy->log = NULL;
}

static inline void toy_flush(struct toy *toy)
{
    assert_int_equal(study_log_flush(toy->log, &toy->info), ERR_OK);
    assert_int_equal(study_log_durable(toy->log), study_log_sequence(toy->log));
}

static inline struct trial_start toy_start(void)
{
    struct trial_start start = {.who = "agent",
                                .situation = "early/fresh/ok",
                                .action = "lr/",
                                .reason = "the curve is flat",
                                .rng_seed = UINT64_C(18446744073709551557),
                                .target_epochs = 9,
                                .n_parameters = 1234,
                                .continues = -1};
    space_default(space_builtin(), &start.config);
    return start;
}

static inline int toy_trial(struct toy *toy)
{
    int handle;
    struct trial_start start = toy_start();
    assert_int_equal(study_log_create(toy->log, &start, &handle), ERR_OK);
    return handle;
}

static inline void toy_epoch(struct toy *toy, int handle, int step, double value)
{
    struct epoch_result e = {.step = step, .value = value};
    for (int m = 0; m < METRIC_N; m++)
        e.metric[m] = value * (m + 2);
    e.metric[METRIC_VAL_F1] = (double)NAN;
    assert_int_equal(study_log_report(toy->log, handle, &e), ERR_OK);
}

/* The whole file, terminated; owner: caller. */
static inline char *toy_bytes(const char *path, size_t *n)
{
    char *bytes;
    assert_int_equal(file_read(path, SIZE_MAX / 4, &bytes, n, NULL), ERR_OK);
    return bytes;
}

static inline void toy_write(const char *path, const char *bytes, size_t n, const char *mode)
{
    FILE *f = fopen(path, mode);
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static inline struct study *toy_read(const char *path)
{
    struct err_info info = {0};
    struct study *s;
    if (study_read(path, NULL, &s, &info) != ERR_OK)
        fail_msg("%s: %s", info.where, info.detail);
    return s;
}

static inline bool same_number(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

static inline void assert_same_trial(const struct trial *a, const struct trial *b)
{
    assert_int_equal(a->id, b->id);
    assert_int_equal(a->number, b->number);
    assert_int_equal(a->state, b->state);
    assert_int_equal(a->config.set, b->config.set);
    for (int i = 0; i < SPACE_MAX; i++)
        assert_true(a->config.value[i] == b->config.value[i]);
    assert_int_equal(a->n_epochs, b->n_epochs);
    for (size_t i = 0; i < a->n_epochs; i++) {
        assert_int_equal(a->curve[i].step, b->curve[i].step);
        assert_true(same_number(a->curve[i].value, b->curve[i].value));
        for (int m = 0; m < METRIC_N; m++)
            assert_true(same_number(a->curve[i].metric[m], b->curve[i].metric[m]));
    }
    assert_int_equal(a->n_inherited, b->n_inherited);
    assert_int_equal(a->n_recorded, b->n_recorded);
    assert_true(same_number(a->value, b->value) && same_number(a->best_loss, b->best_loss));
    assert_true(same_number(a->reward, b->reward) && a->start_s == b->start_s);
    assert_int_equal(a->best_epoch, b->best_epoch);
    assert_int_equal(a->n_parameters, b->n_parameters);
    assert_true(a->rng_seed == b->rng_seed && a->end_s == b->end_s);
    assert_int_equal(a->target_epochs, b->target_epochs);
    assert_string_equal(a->who, b->who);
    assert_string_equal(a->situation, b->situation);
    assert_string_equal(a->action, b->action);
    assert_string_equal(a->reason, b->reason);
    assert_string_equal(a->error, b->error);
    assert_int_equal(a->continues, b->continues);
    assert_int_equal(a->continued_by, b->continued_by);
    assert_int_equal(a->paused, b->paused);
}

/* The fold in memory, and the one that a reader gets from the file. */
static inline void assert_same_study(const struct study *a, const struct study *b)
{
    assert_string_equal(a->name, b->name);
    assert_string_equal(a->metric, b->metric);
    assert_string_equal(a->task_path, b->task_path);
    assert_string_equal(a->fingerprint, b->fingerprint);
    assert_int_equal(a->study_id, b->study_id);
    assert_int_equal(a->n_trials, b->n_trials);
    for (size_t i = 0; i < a->n_trials; i++)
        assert_same_trial(&a->trials[i], &b->trials[i]);
    assert_memory_equal(a->n_state, b->n_state, sizeof a->n_state);
    assert_int_equal(a->next_trial_id, b->next_trial_id);
    assert_int_equal(a->best, b->best);
    assert_int_equal(a->epochs_spent, b->epochs_spent);
    assert_int_equal(a->n_events, b->n_events);
    for (size_t i = 0; i < a->n_events; i++)
        assert_string_equal(a->events[i].json, b->events[i].json);
    assert_int_equal(a->n_updates, b->n_updates);
    assert_int_equal(a->n_lines, b->n_lines);
    assert_int_equal(a->n_refused, b->n_refused);
    assert_int_equal(b->n_bad, 0);
}

/* The log's fold equals that of its file. Everything has to be durable. */
static inline void assert_file_agrees(struct toy *toy)
{
    toy_flush(toy);
    struct study *s = toy_read(toy->path);
    assert_same_study(study_log_study(toy->log), s);
    study_free(s);
}

#endif
