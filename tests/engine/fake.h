/* fake: a runner without a network, whose epochs a test lets pass one by one, and a made data set;
 * and the few words in which the engine's tests ask for things. */
#ifndef TILLER_TESTS_ENGINE_FAKE_H
#define TILLER_TESTS_ENGINE_FAKE_H

#include <math.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "../support/spawn.h"
#include "tiller/engine.h"

struct fake {
    atomic_long allowed;  /* epochs that may still pass; all runs share them */
    double diverge_above; /* learning rates above diverge in their second epoch */
    bool cannot_start;
    double luck; /* what the seed adds to values is below this */
};
struct fake_run {
    struct fake *fake;
    double rate, luck;
    int epoch, target;
};

static inline void fake_facts(void *runner, const struct space *space,
                              const struct configuration *c, struct runner_facts *out)
{
    (void)runner;
    (void)space;
    (void)c;
    *out = (struct runner_facts){.n_parameters = 10, .memory_bytes = 100};
}

/* A checkpoint is its epoch, in a text file. */
static inline enum err fake_start(void *runner, const struct space *space,
                                  const struct trial_start *start, int full_epochs,
                                  const char *checkpoint, void **out,
                                  struct runner_position *position, struct err_info *info)
{
    (void)full_epochs;
    struct fake *fake = runner;
    if (fake->cannot_start)
        return err_set(info, ERR_MEMORY, "fake", NULL, "can't start");
    struct fake_run *run = mem_zero_alloc(1, sizeof *run);
    run->fake = fake;
    run->rate = start->config.value[space_find(space, "learning_rate")];
    run->target = start->target_epochs;
    run->luck = fake->luck * (double)(start->rng_seed % 1000) / 1000;
    *position = (struct runner_position){0, (double)NAN, (double)NAN};
    if (checkpoint) {
        FILE *file = fopen(checkpoint, "r");
        assert_non_null(file);
        assert_int_equal(fscanf(file, "%d", &run->epoch), 1);
        fclose(file);
        position->epochs_done = run->epoch;
    }
    *out = run;
    return ERR_OK;
}

/* The error falls towards the distance of the rate from 0.01, in decades. */
static inline enum err fake_step(void *self, struct runner_step *out, struct err_info *info)
{
    struct fake_run *run = self;
    out->epoch_done = false;
    if (atomic_fetch_sub(&run->fake->allowed, 1) <= 0) {
        atomic_fetch_add(&run->fake->allowed, 1);
        sched_yield();
        return ERR_OK;
    }
    run->epoch++;
    if (run->rate > run->fake->diverge_above && run->epoch == 2)
        return err_set(info, ERR_RANGE, "training", NULL, "diverged in epoch 2");
    out->epoch_done = true;
    out->result = (struct epoch_result){.step = run->epoch};
    out->result.value = 0.1 * fabs(log10(run->rate / 0.01)) + 0.5 / run->epoch + run->luck;
    for (int m = 0; m < METRIC_N; m++)
        out->result.metric[m] = out->result.value;
    return ERR_OK;
}

static inline enum err fake_checkpoint(void *self, const char *path, struct err_info *info)
{
    char text[16];
    const struct fake_run *run = self;
    text_format(text, sizeof text, "%d", run->epoch);
    return file_write_atomic(path, text, strlen(text), info);
}

static inline enum err fake_keep_best(void *self)
{
    (void)self;
    return ERR_OK;
}

static inline void fake_extend(void *self, int target_epochs)
{
    ((struct fake_run *)self)->target = target_epochs;
}

static inline enum err fake_test(void *self, struct net_metrics *out, int64_t *n_rows,
                                 struct err_info *info)
{
    (void)info;
    const struct fake_run *run = self;
    *out = (struct net_metrics){.accuracy = 1 - run->rate, .loss = run->rate};
    *n_rows = 20;
    return ERR_OK;
}

static inline size_t fake_memory_bytes(void *self)
{
    (void)self;
    return 100;
}

static inline void fake_stop(void *self)
{
    mem_free(self);
}

static const struct runner_ops fake_ops = {
    .name = "fake",
    .facts = fake_facts,
    .start = fake_start,
    .step = fake_step,
    .checkpoint = fake_checkpoint,
    .keep_best = fake_keep_best,
    .extend = fake_extend,
    .test = fake_test,
    .memory_bytes = fake_memory_bytes,
    .stop = fake_stop,
};

/* Two interleaved half circles, 60 + 40 + 20 rows; freed by nobody: static. */
static inline const struct data_set *fake_set(void)
{
    static struct data_set set;
    static float x[120 * 2] __attribute__((aligned(64)));
    static int32_t y[120];
    if (set.n_rows > 0)
        return &set;
    struct rng rng;
    rng_seed(&rng, 1, 1);
    for (int i = 0; i < 120; i++) {
        double angle = 3.141592653589793 * rng_uniform(&rng);
        y[i] = i % 2;
        x[2 * i] = (float)((y[i] ? 1 - cos(angle) : cos(angle)) + 0.2 * rng_normal(&rng));
        x[2 * i + 1] = (float)((y[i] ? 0.5 - sin(angle) : sin(angle)) + 0.2 * rng_normal(&rng));
    }
    set = (struct data_set){.source = DATA_TABLE,
                            .task = DATA_CLASSIFICATION,
                            .n_inputs = 2,
                            .n_classes = 2,
                            .n_rows = 120,
                            .majority_rate = 0.5,
                            .majority_error = 0.5};
    set.part[DATA_TRAIN] = (struct data_part){.n_rows = 60, .x = x, .y = y};
    set.part[DATA_VALIDATION] = (struct data_part){.n_rows = 40, .x = x + 120, .y = y + 60};
    set.part[DATA_TEST] = (struct data_part){.n_rows = 20, .x = x + 200, .y = y + 100};
    text_copy(set.name, sizeof set.name, "moons");
    text_copy(set.family, sizeof set.family, "moons");
    text_copy(set.path, sizeof set.path, "moons.csv");
    text_copy(set.fingerprint, sizeof set.fingerprint, "0123456789abcdef");
    return &set;
}

/* The same rows with a number for a label: the first coordinate squared less the second. */
static inline const struct data_set *fake_numbers(void)
{
    static struct data_set set;
    static float target[120];
    if (set.n_rows > 0)
        return &set;
    set = *fake_set();
    set.task = DATA_REGRESSION;
    set.n_classes = 0;
    set.target_scale = 3;
    set.majority_error = 1;
    const float *x = set.part[DATA_TRAIN].x;
    for (int i = 0; i < 120; i++)
        target[i] = x[2 * i] * x[2 * i] - x[2 * i + 1];
    for (int p = 0, first = 0; p < DATA_N_PARTS; first += set.part[p].n_rows, p++) {
        set.part[p].y = NULL;
        set.part[p].target = target + first;
    }
    text_copy(set.fingerprint, sizeof set.fingerprint, "fedcba9876543210");
    return &set;
}

/* 6x6 images of a lying or a standing bar. */
static inline const struct data_set *fake_images(void)
{
    enum { SIDE = 6, PIXELS = SIDE * SIDE };
    static struct data_set set;
    static float x[120 * PIXELS] __attribute__((aligned(64)));
    if (set.n_rows > 0)
        return &set;
    struct rng rng;
    rng_seed(&rng, 2, 1);
    set = *fake_set();
    set.source = DATA_IMAGES;
    set.n_inputs = PIXELS;
    set.image_rows = set.image_columns = SIDE;
    const int32_t *y = set.part[DATA_TRAIN].y;
    for (int i = 0; i < 120; i++) {
        int at = (int)rng_below(&rng, SIDE);
        for (int k = 0; k < PIXELS; k++) {
            bool on = (y[i] ? k % SIDE : k / SIDE) == at;
            x[i * PIXELS + k] = (float)(on + 0.3 * rng_normal(&rng));
        }
    }
    for (int p = 0, first = 0; p < DATA_N_PARTS; first += set.part[p].n_rows, p++)
        set.part[p].x = x + (size_t)first * PIXELS;
    text_copy(set.fingerprint, sizeof set.fingerprint, "0011223344556677");
    return &set;
}

/* ---- asking ------------------------------------------------------------------------------ */

struct bed { /* a folder, a fake, options */
    char folder[64], study[128];
    struct fake fake;
    struct engine_options options;
};

/* What the search of such a set has. */
static inline struct space fake_space(void)
{
    struct space space;
    space_of_task(SPACE_CLASSES, &space);
    return space;
}

static inline void bed_make(struct bed *bed)
{
    memset(bed, 0, sizeof *bed);
    assert_non_null(spawn_make_folder(bed->folder));
    assert_true(file_join(bed->study, sizeof bed->study, bed->folder, "moons.study.jsonl"));
    bed->fake.diverge_above = INFINITY;
    bed->options = (struct engine_options){.set = fake_set(),
                                           .space = fake_space(),
                                           .study_path = bed->study,
                                           .sampler = "random",
                                           .pruner = "none",
                                           .n_workers = 1,
                                           .full_epochs = 4,
                                           .runner_ops = &fake_ops,
                                           .runner = &bed->fake};
}

static inline void bed_remove(struct bed *bed)
{
    spawn_remove_folder(bed->folder);
}

static inline struct engine *bed_start(struct bed *bed)
{
    struct engine *e = NULL;
    struct err_info info = {0};
    char line[900];
    if (engine_start(&bed->options, &e, &info) != ERR_OK)
        fail_msg("%s", err_format(&info, line, sizeof line));
    return e;
}

static inline void bed_stop(struct engine *e)
{
    struct err_info info = {0};
    char line[900];
    if (engine_stop(e, &info) != ERR_OK)
        fail_msg("%s", err_format(&info, line, sizeof line));
}

static inline struct study *bed_read(const struct bed *bed)
{
    struct study *study = NULL;
    struct err_info info = {0};
    char line[900];
    if (study_read(bed->study, NULL, &study, &info) != ERR_OK)
        fail_msg("%s", err_format(&info, line, sizeof line));
    assert_true(study->n_bad == 0);
    return study;
}

/* Seconds after which a test gives up. Nothing takes so long, on a machine that has much else to
 * do either: what is waited for is always a condition. */
enum { PATIENCE = 240 };

/* Seconds on a clock that clock_fix does not hold. */
static inline time_t patience_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

/* Waits until a condition on the fold holds; out of patience it fails. */
static inline void wait_until(struct engine *e, bool (*holds)(const struct study *, int64_t),
                              int64_t argument)
{
    time_t deadline = patience_now() + PATIENCE;
    for (bool is = false; !is;) {
        const struct study *study = engine_begin_read(e);
        is = holds(study, argument);
        engine_end_read(e);
        if (!is && patience_now() > deadline)
            fail_msg("the study did not get there");
        sched_yield();
    }
}

static inline bool has_epochs(const struct study *study, int64_t n)
{
    return study->epochs_spent >= n;
}

static inline bool has_ended(const struct study *study, int64_t number)
{
    const struct trial *t = study_trial(study, number);
    return t && t->state != TRIAL_RUNNING && t->state != TRIAL_WAITING;
}

static inline enum err ask(struct engine *e, enum request_kind kind, int64_t trial, int64_t amount)
{
    struct request request = {.kind = kind, .trial = trial, .amount = amount};
    struct err_info info = {0};
    return engine_request(e, &request, &info);
}

/* ---- left and resumed ---------------------------------------------------------------------- */

static inline void assert_same_studies(const struct study *a, const struct study *b)
{
    assert_int_equal(a->n_trials, b->n_trials);
    assert_int_equal(a->n_updates, b->n_updates);
    for (size_t i = 0; i < a->n_trials; i++) {
        const struct trial *t = &a->trials[i], *u = &b->trials[i];
        assert_int_equal(t->state, u->state);
        assert_true(space_same(&a->space, &t->config, &u->config));
        assert_string_equal(t->action, u->action);
        assert_string_equal(t->situation, u->situation);
        assert_int_equal(t->n_epochs, u->n_epochs);
        for (size_t k = 0; k < t->n_epochs; k++) {
            assert_true(t->curve[k].value == u->curve[k].value);
            for (int m = 0; m < METRIC_N; m++) {
                double x = t->curve[k].metric[m], y = u->curve[k].metric[m];
                assert_true(x == y || (isnan(x) && isnan(y)) || m == METRIC_SECONDS);
            }
        }
    }
    for (size_t i = 0; i < a->n_updates; i++) {
        assert_true(a->updates[i].new_q == b->updates[i].new_q);
        assert_string_equal(a->updates[i].action, b->updates[i].action);
    }
}

/* Two beds of the same options, one left and resumed after every few epochs: the same study. */
static inline void run_whole_and_in_pieces(struct bed *whole, struct bed *pieces)
{
    int64_t budget = whole->options.budget_epochs;
    struct engine *e = bed_start(whole);
    assert_true(engine_wait(e, PATIENCE));
    bed_stop(e);
    int sittings = 0;
    for (bool over = false; !over; sittings++) {
        int64_t until = 7 * (sittings + 1) < budget ? 7 * (sittings + 1) : budget;
        pieces->options.budget_epochs = sittings ? 0 : budget;
        e = bed_start(pieces);
        wait_until(e, has_epochs, until);
        over = until == budget && engine_wait(e, PATIENCE);
        bed_stop(e);
    }
    assert_true(sittings > 2);
    struct study *a = bed_read(whole), *b = bed_read(pieces);
    assert_same_studies(a, b);
    assert_int_equal(b->epochs_spent, budget); /* nothing was trained twice */
    study_free(a);
    study_free(b);
}

#endif
