/* fixture: a made study, folded from the same lines as a real file, and a source over it that
 * remembers what was asked. Clock and time zone stand still. */
#ifndef TILLER_TESTS_TUI_FIXTURE_H
#define TILLER_TESTS_TUI_FIXTURE_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "tiller/tui.h"

enum { FIXTURE_ASKED = 32 };
struct fixture {
    struct study *study;
    struct space space;
    struct engine_status status;
    double now_s;
    int64_t n_trials, n_events;
    struct request asked[FIXTURE_ASKED];
    size_t n_asked;
    bool refuse; /* the next requests are refused with a sentence */
    int reading; /* begin without end */
};

static inline void fixture_fold(struct fixture *fx, struct text *line)
{
    assert_false(line->failed);
    assert_int_equal(study_fold(fx->study, text_get(line), line->length), ERR_OK);
    assert_int_equal(fx->study->n_bad, 0);
    assert_int_equal(fx->study->n_refused, 0);
    text_free(line);
}

static inline void fixture_foldf(struct fixture *fx, const char *format, ...) TILLER_PRINTF(2, 3);
static inline void fixture_foldf(struct fixture *fx, const char *format, ...)
{
    char buffer[4096];
    struct text line = {0};
    va_list args;
    va_start(args, format);
    int n = vsnprintf(buffer, sizeof buffer, format, args);
    va_end(args);
    assert_true(n > 0 && (size_t)n < sizeof buffer);
    text_append(&line, buffer);
    fixture_fold(fx, &line);
}

static inline void fixture_open(struct fixture *fx)
{
    struct text line = {0};
    setenv("TZ", "UTC", 1);
    tzset();
    *fx = (struct fixture){.now_s = 1790000000};
    space_of_task(SPACE_IMAGES | SPACE_CLASSES, &fx->space);
    clock_fix(fx->now_s);
    fx->status = (struct engine_status){.n_workers = 2,
                                        .n_busy = 2,
                                        .budget_epochs = 2000,
                                        .epochs_per_second = 31.4,
                                        .seconds_left = 51,
                                        .share_left = 0.9,
                                        .situation = -1,
                                        .full_epochs = 50,
                                        .majority_error = 0.9};
    text_copy(fx->status.sampler, sizeof fx->status.sampler, "agent");
    text_copy(fx->status.pruner, sizeof fx->status.pruner, "median");
    fx->study = study_new(NULL);
    assert_non_null(fx->study);
    fixture_foldf(
        fx, "{\"op_code\":0,\"worker_id\":\"w\",\"study_name\":\"mnist\",\"directions\":[1]}");
    fixture_foldf(fx, "{\"op_code\":3,\"worker_id\":\"w\",\"study_id\":0,\"system_attr\":"
                      "{\"study:metric_names\":[\"val_error\"]}}");
    fixture_foldf(fx, "{\"op_code\":2,\"worker_id\":\"w\",\"study_id\":0,\"user_attr\":{\"task\":"
                      "{\"path\":\"data/mnist\",\"name\":\"mnist\",\"fingerprint\":\"00\"}}}");
    text_append(&line,
                "{\"op_code\":2,\"worker_id\":\"w\",\"study_id\":0,\"user_attr\":{\"space\":");
    space_put_json(&fx->space, &line);
    text_append(&line, "}}");
    fixture_fold(fx, &line);
}

static inline void fixture_close(struct fixture *fx)
{
    study_free(fx->study);
    clock_fix(-1);
}

/* A started (or waiting) trial; values as typed, blanks between: "units=256 dropout=0.35". */
struct fixture_trial {
    const char *who, *situation, *action, *reason, *values;
    int target;
    bool waiting;
    int64_t continues; /* 0: none (#0 has no continuation in tests) */
};

static inline void fixture_values(struct fixture *fx, const char *values, struct text *line)
{
    struct configuration c;
    char copy[256], *rest = NULL;
    space_default(&fx->space, &c);
    text_copy(copy, sizeof copy, values ? values : "");
    for (char *w = strtok_r(copy, " ", &rest); w; w = strtok_r(NULL, " ", &rest))
        assert_int_equal(space_set_pair(&fx->space, &c, w, NULL, NULL), ERR_OK);
    space_tidy(&fx->space, &c);
    struct json_writer w;
    json_begin(&w, line);
    json_open(&w, NULL, '{');
    for (int i = 0; i < fx->space.n; i++)
        if (c.set >> i & 1)
            json_put_number(&w, fx->space.h[i].name, c.value[i]);
    json_close(&w, '}');
    text_append(line, ",\"distributions\":");
    json_begin(&w, line);
    json_open(&w, NULL, '{');
    for (int i = 0; i < fx->space.n; i++)
        if (c.set >> i & 1) {
            struct text d = {0};
            space_put_distribution(&fx->space, i, &d);
            json_put_string(&w, fx->space.h[i].name, text_get(&d));
            text_free(&d);
        }
    json_close(&w, '}');
}

static inline int64_t fixture_start(struct fixture *fx, const struct fixture_trial *t)
{
    struct text line = {0};
    struct json_writer w;
    char iso[40];
    text_appendf(&line,
                 "{\"op_code\":4,\"worker_id\":\"w\",\"study_id\":0,\"datetime_start\":\"%s\","
                 "\"state\":%d,\"value\":null,\"values\":null,\"params\":",
                 clock_iso(iso, fx->now_s += 3, false), t->waiting ? TRIAL_WAITING : TRIAL_RUNNING);
    fixture_values(fx, t->values, &line);
    text_append(&line, ",\"user_attrs\":");
    json_begin(&w, &line);
    json_open(&w, NULL, '{');
    json_put_string(&w, "who", t->who ? t->who : "random");
    json_put_string(&w, "state", t->situation ? t->situation : "");
    json_put_string(&w, "action", t->action ? t->action : "");
    json_put_string(&w, "reason", t->reason ? t->reason : "");
    json_put_int(&w, "run:epochs", t->target > 0 ? t->target : 50);
    json_put_int(&w, "run:parameters", 101770);
    if (t->continues > 0)
        json_put_int(&w, "continues", t->continues);
    json_close(&w, '}');
    text_append(&line, ",\"system_attrs\":{},\"intermediate_values\":{}}");
    fixture_fold(fx, &line);
    return fx->n_trials++;
}

static inline void fixture_epoch(struct fixture *fx, int64_t trial, int step, double value)
{
    fx->now_s += 0.4;
    fixture_foldf(fx,
                  "{\"op_code\":7,\"worker_id\":\"w\",\"trial_id\":%lld,\"step\":%d,"
                  "\"intermediate_value\":%.6g,\"metrics\":{\"train_loss\":%.6g,\"val_loss\":%.6g,"
                  "\"val_accuracy\":%.6g,\"val_f1\":%.6g,\"seconds\":0.4}}",
                  (long long)trial, step, value, 2 * value, 3 * value, 1 - value, 0.99 - value);
}

/* Epochs from..to on a smooth way from 0.4 down to `last` at epoch 50. */
static inline void fixture_epochs(struct fixture *fx, int64_t trial, int from, int to, double last)
{
    for (int e = from; e <= to; e++)
        fixture_epoch(fx, trial, e, last + (0.4 - last) * exp(-e / 6.0));
}

static inline void fixture_end(struct fixture *fx, int64_t trial, enum trial_state state)
{
    char iso[40];
    const struct trial *t = study_trial(fx->study, trial);
    char value[48] = "null";
    if (!isnan(t->value))
        text_format(value, sizeof value, "[%.17g]", t->value);
    fixture_foldf(fx,
                  "{\"op_code\":6,\"worker_id\":\"w\",\"trial_id\":%lld,\"state\":%d,\"values\":%s,"
                  "\"datetime_complete\":\"%s\"}",
                  (long long)trial, state, value, clock_iso(iso, fx->now_s += 1, false));
}

static inline void fixture_event(struct fixture *fx, const char *who, const char *what,
                                 int64_t trial, const char *say, const char *fields)
{
    fixture_foldf(fx,
                  "{\"op_code\":2,\"worker_id\":\"w\",\"study_id\":0,\"user_attr\":{\"event\":"
                  "{\"seq\":%lld,\"time\":%.3f,\"who\":\"%s\",\"what\":\"%s\",\"trial\":%lld,"
                  "\"say\":\"%s\"%s%s}}}",
                  (long long)++fx->n_events, fx->now_s += 0.5, who, what, (long long)trial, say,
                  fields ? "," : "", fields ? fields : "");
}

static inline void fixture_update(struct fixture *fx, const struct q_update *u)
{
    char fields[400];
    text_format(fields, sizeof fields,
                "\"situation\":\"%s\",\"action\":\"%s\",\"next_situation\":\"%s\",\"old_q\":%.6g,"
                "\"alpha\":%.6g,\"reward\":%.6g,\"gamma\":%.6g,\"next_best\":%.6g,\"new_q\":%.6g",
                u->situation, u->action, u->next_situation, u->old_q, u->alpha, u->reward, u->gamma,
                u->next_best, u->new_q);
    fixture_event(fx, "agent", "q_update", u->trial, "", fields);
}

/* ---- the source -------------------------------------------------------------------------- */

static inline const struct study *fixture_begin(void *context)
{
    struct fixture *fx = context;
    fx->reading++;
    return fx->study;
}

static inline void fixture_end_read(void *context)
{
    struct fixture *fx = context;
    fx->reading--;
}

static inline void fixture_status(void *context, struct engine_status *out)
{
    struct fixture *fx = context;
    *out = fx->status;
}

static inline enum err fixture_request(void *context, const struct request *r,
                                       struct err_info *info)
{
    struct fixture *fx = context;
    if (fx->refuse)
        return err_set(info, ERR_STATE, "request", "wait a little", "the engine is not ready");
    assert_true(fx->n_asked < FIXTURE_ASKED);
    fx->asked[fx->n_asked++] = *r;
    if (r->kind == REQUEST_PAUSE_ALL || r->kind == REQUEST_RESUME_ALL)
        fx->status.paused = r->kind == REQUEST_PAUSE_ALL;
    return ERR_OK;
}

static inline void fixture_preview(void *context, const struct request *r, char *out,
                                   size_t out_size)
{
    struct fixture *fx = context;
    const struct trial *t = study_trial(fx->study, r->trial);
    if (r->kind == REQUEST_PRUNE && t)
        text_format(out, out_size, "%zu of %d epochs, 12 s of training, would be lost", t->n_epochs,
                    t->target_epochs);
    else if (r->kind == REQUEST_QUIT)
        text_copy(out, out_size,
                  "Nothing is lost: 2 running trials kept as checkpoints, and 'tiller resume "
                  "mnist.study.jsonl' goes on");
    else
        text_format(out, out_size, "%lld epochs more", (long long)r->amount);
}

static inline void fixture_drain(void *context)
{
    (void)context;
}

static inline struct tui_source fixture_source(struct fixture *fx)
{
    return (struct tui_source){.context = fx,
                               .begin_read = fixture_begin,
                               .end_read = fixture_end_read,
                               .status = fixture_status,
                               .request = fixture_request,
                               .preview = fixture_preview,
                               .wake_fd = -1,
                               .drain = fixture_drain};
}

/* ---- a study to look at ------------------------------------------------------------------ */

/* 12 trials: 0 done random, 1 done agent (best), 2 pruned, 3 failed, 4 done you, 5 and 6 running, 7
 * waiting (you); then updates of the Q-table, a test and what a person did. */
static inline void fixture_fill(struct fixture *fx)
{
    static const char situation[] = "0-2 gaining improves", later[] = "3-9 moving overfits";
    int64_t t;
    t = fixture_start(
        fx, &(struct fixture_trial){.who = "random",
                                    .reason = "random: drawn from the whole space",
                                    .values = "learning_rate=0.0103 units=64 batch_size=128"});
    fixture_epochs(fx, t, 1, 50, 0.061);
    fixture_end(fx, t, TRIAL_COMPLETE);
    t = fixture_start(fx,
                      &(struct fixture_trial){
                          .who = "agent",
                          .situation = situation,
                          .action = "lr/",
                          .reason = "best return here: a smaller learning rate",
                          .values = "learning_rate=0.0021 units=256 num_layers=2 batch_size=64"});
    fixture_epochs(fx, t, 1, 50, 0.0391);
    fixture_end(fx, t, TRIAL_COMPLETE);
    fixture_update(fx, &(struct q_update){.trial = t,
                                          .situation = "0-2 gaining improves",
                                          .action = "lr/",
                                          .next_situation = "3-9 moving overfits",
                                          .old_q = 0,
                                          .alpha = 1,
                                          .reward = 0.412,
                                          .gamma = 1,
                                          .next_best = 0,
                                          .new_q = 0.412});
    t = fixture_start(fx, &(struct fixture_trial){.who = "random", .values = "learning_rate=0.05"});
    fixture_epochs(fx, t, 1, 12, 0.2);
    fixture_end(fx, t, TRIAL_PRUNED);
    t = fixture_start(fx, &(struct fixture_trial){.who = "random", .values = "optimizer=sgd"});
    fixture_end(fx, t, TRIAL_FAIL);
    t = fixture_start(
        fx, &(struct fixture_trial){.who = "you",
                                    .values = "learning_rate=0.003 units=256 num_layers=2"});
    fixture_epochs(fx, t, 1, 50, 0.0433);
    fixture_end(fx, t, TRIAL_COMPLETE);
    fixture_update(fx, &(struct q_update){.trial = t,
                                          .situation = "3-9 moving overfits",
                                          .action = "reg+",
                                          .next_situation = "3-9 moving overfits",
                                          .old_q = 0.12,
                                          .alpha = 0.2,
                                          .reward = 0.05,
                                          .gamma = 1,
                                          .next_best = 0.31,
                                          .new_q = 0.168});
    t = fixture_start(fx,
                      &(struct fixture_trial){
                          .who = "agent",
                          .situation = later,
                          .action = "reg+",
                          .reason = "best return here: +0.63 after 34 visits; next +0.58",
                          .values = "learning_rate=0.0021 units=256 num_layers=2 dropout=0.35"});
    fixture_epochs(fx, t, 1, 31, 0.0478);
    t = fixture_start(fx, &(struct fixture_trial){.who = "random",
                                                  .values = "learning_rate=0.0007 num_layers=3"});
    fixture_epochs(fx, t, 1, 4, 0.16);
    fixture_start(fx, &(struct fixture_trial){.who = "you", .waiting = true});
    fixture_event(fx, "you", "pause", 6, "paused #6", NULL);
    fixture_event(fx, "you", "resume", 6, "going on with #6", NULL);
    fx->status.situation = situation_find(later);
    fx->status.trials_done = 5;
    fx->status.next[0].valid = fx->status.next[1].valid = true;
    text_copy(fx->status.next[0].text, sizeof fx->status.next[0].text, "#7 waits: seeded by you");
    text_copy(fx->status.next[1].text, sizeof fx->status.next[1].text, "agent: lr / 2.5");
}

#endif
