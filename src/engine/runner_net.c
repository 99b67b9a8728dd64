/* runner_net: a trial as a network trained in this process on a data set's training rows, judged
 * on its validation rows. A checkpoint is the network's own (net_save), with the end of the current
 * schedule cycle as metadata, so that a resumed or continued run has the bits of the uninterrupted
 * one. */
#include "tiller/engine.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <string.h>

#define SLICE_SECONDS 0.01
/* Rate of a cycle behind the first, as a share of the configuration's (decisions 13). */
#define CONTINUED_RATE 0.3

struct net_runner {
    struct net_rows rows[DATA_N_PARTS];
    int objective;
    const struct net_source *source; /* NULL: trials start from first weights of their own */
};

struct net_run {
    struct net_runner *runner;
    struct training *training;
    int slice; /* batches that took about SLICE_SECONDS */
    int cycle_end, target_epochs;
    struct trial_link behind[TRIAL_LINKS_MAX]; /* of a continuation: where cycles began before */
    size_t n_behind;
    double epoch_seconds;
    size_t memory_bytes;
    struct epoch_result last; /* judged last */
    double best_value, best_loss;
};

enum err net_runner_new(const struct data_set *set, struct net_runner **out, struct err_info *info)
{
    *out = NULL;
    struct net_runner *r = mem_zero_alloc(1, sizeof *r);
    if (!r)
        return err_set_memory(info, set->path);
    for (int p = 0; p < DATA_N_PARTS; p++)
        r->rows[p] = net_rows_of(set, (enum data_part_id)p);
    *out = r;
    return ERR_OK;
}

void net_runner_free(struct net_runner *runner)
{
    mem_free(runner);
}

void net_runner_set(struct net_runner *runner, int objective, const struct net_source *source)
{
    runner->objective = objective;
    runner->source = source;
}

static void facts(void *runner, const struct space *space, const struct configuration *config,
                  struct runner_facts *out)
{
    struct net_runner *r = runner;
    struct net_config c = net_config_from(space, config, 1, 0);
    int32_t n_rows = r->rows[DATA_TRAIN].n_rows;
    out->n_parameters = (int64_t)net_count_parameters(&c, &r->rows[DATA_TRAIN]);
    out->memory_bytes = net_memory_bytes(&c, &r->rows[DATA_TRAIN]);
    out->effective_batch = c.batch_size > n_rows ? n_rows : 0;
}

int net_begin_due_cycle(struct training *t, int cycle_end, const struct trial_link *behind,
                        size_t n_behind, int target_epochs)
{
    int done = net_epochs_done(t), target = target_epochs;
    size_t link = 0;
    while (link < n_behind && behind[link].last <= done)
        link++;
    if (link < n_behind)
        target = behind[link].target;
    if (net_batches_done(t) > 0 || done < cycle_end || done >= target)
        return cycle_end;
    net_begin_cycle(t, target - done, CONTINUED_RATE);
    return target;
}

static void begin_cycle_if_due(struct net_run *run)
{
    run->cycle_end = net_begin_due_cycle(run->training, run->cycle_end, run->behind, run->n_behind,
                                         run->target_epochs);
}

static void read_metadata(struct net_run *run, const char *json)
{
    struct cJSON *doc = NULL;
    int64_t cycle_end = 0;
    if (json_parse(json, strlen(json), "checkpoint", &doc, NULL) != ERR_OK)
        return;
    if (json_get_int(doc, "cycle_end", &cycle_end) && cycle_end > 0 && cycle_end < 1 << 30)
        run->cycle_end = (int)cycle_end;
    json_get_number(doc, "best_value", &run->best_value);
    json_get_number(doc, "best_loss", &run->best_loss);
    json_free(doc);
}

static enum err open_training(struct net_run *run, const struct space *space,
                              const struct trial_start *start, int full_epochs,
                              const char *checkpoint, struct err_info *info)
{
    const struct net_rows *rows = &run->runner->rows[DATA_TRAIN];
    struct net_config config = net_config_from(space, &start->config, full_epochs, start->rng_seed);
    const struct net_source *source = run->runner->source;
    enum err err;
    if (!checkpoint) {
        err = net_new(&config, rows, &run->training, info);
        if (err == ERR_OK && config.from_weights && source)
            net_source_carry(source, run->training);
        return err;
    }
    char *metadata = NULL;
    err = net_load(checkpoint, rows, &run->training, &metadata, info);
    if (err == ERR_OK && metadata)
        read_metadata(run, metadata);
    mem_free(metadata);
    return err;
}

static enum err start_run(void *runner, const struct space *space, const struct trial_start *start,
                          int full_epochs, const char *checkpoint, void **out,
                          struct runner_position *position, struct err_info *info)
{
    *out = NULL;
    struct net_run *run = mem_zero_alloc(1, sizeof *run);
    if (!run)
        return err_set_memory(info, "trial");
    run->runner = runner;
    run->slice = 4;
    run->best_value = run->best_loss = (double)NAN;
    run->cycle_end = full_epochs;
    run->target_epochs = start->target_epochs;
    run->n_behind = start->n_behind;
    memcpy(run->behind, start->behind, sizeof run->behind);
    enum err err = open_training(run, space, start, full_epochs, checkpoint, info);
    if (err != ERR_OK) {
        mem_free(run);
        return err;
    }
    struct runner_facts known;
    facts(runner, space, &start->config, &known);
    run->memory_bytes = known.memory_bytes;
    begin_cycle_if_due(run);
    *position =
        (struct runner_position){net_epochs_done(run->training), run->best_value, run->best_loss};
    *out = run;
    return ERR_OK;
}

/* Every metric that exists for the task under its name behind "val_"; the others stay NaN. */
static void take_metrics(const struct net_metrics *m, struct epoch_result *out)
{
    const char *name;
    for (int k = 0; k < METRIC_N; k++)
        out->metric[k] = (double)NAN;
    for (int i = 0; (name = net_metric_name(i, NULL)) != NULL; i++) {
        char full[48];
        text_format(full, sizeof full, "val_%s", name);
        for (int k = 0; k < METRIC_N; k++)
            if (strcmp(full, study_metric_name((enum study_metric)k)) == 0)
                out->metric[k] = net_metric(m, i);
    }
}

/* The epoch's figures, judged on the validation rows. */
static enum err judge(struct net_run *run, struct epoch_result *out)
{
    struct net_metrics m;
    enum err err = net_evaluate(run->training, &run->runner->rows[DATA_VALIDATION], &m, NULL, NULL);
    if (err != ERR_OK)
        return err;
    take_metrics(&m, out);
    out->step = net_epochs_done(run->training);
    out->value = objective_value(run->runner->objective, &m);
    out->metric[METRIC_TRAIN_LOSS] = net_train_loss(run->training);
    out->metric[METRIC_GRADIENT_NORM] = net_gradient_norm(run->training);
    out->metric[METRIC_WEIGHT_NORM] = net_weight_norm(run->training);
    return ERR_OK;
}

static enum err diverged(const struct net_run *run, struct err_info *info)
{
    char why[160];
    return err_set(info, ERR_RANGE, "training", "a smaller learning rate may help", "diverged: %s",
                   net_divergence(run->training, why, sizeof why));
}

/* The end of an epoch. */
static enum err report(struct net_run *run, struct epoch_result *out, struct err_info *info)
{
    enum err err = judge(run, out);
    if (err == ERR_RANGE)
        return diverged(run, info);
    if (err != ERR_OK)
        return err_set_memory(info, "judging");
    run->last = *out;
    begin_cycle_if_due(run);
    return ERR_OK;
}

static enum err step(void *self, struct runner_step *out, struct err_info *info)
{
    struct net_run *run = self;
    double began = clock_now_s();
    out->epoch_done = false;
    if (net_train_slice(run->training, run->slice, &out->epoch_done) != ERR_OK)
        return diverged(run, info);
    double took = clock_now_s() - began;
    if (took < SLICE_SECONDS / 2 && run->slice < 1 << 20)
        run->slice *= 2;
    else if (took > SLICE_SECONDS * 2 && run->slice > 1)
        run->slice /= 2;
    if (out->epoch_done) {
        out->result = (struct epoch_result){0};
        enum err err = report(run, &out->result, info);
        if (err != ERR_OK)
            return err;
        took = clock_now_s() - began;
        out->result.metric[METRIC_SECONDS] = run->epoch_seconds + took;
        run->epoch_seconds = 0;
    } else {
        run->epoch_seconds += took;
    }
    return ERR_OK;
}

static enum err checkpoint(void *self, const char *path, struct err_info *info)
{
    struct net_run *run = self;
    struct text metadata = {0};
    struct json_writer w;
    json_begin(&w, &metadata);
    json_open(&w, NULL, '{');
    json_put_int(&w, "cycle_end", run->cycle_end);
    json_put_number(&w, "best_value", run->best_value);
    json_put_number(&w, "best_loss", run->best_loss);
    json_close(&w, '}');
    enum err err = metadata.failed ? err_set_memory(info, path)
                                   : net_save(run->training, path, text_get(&metadata), info);
    text_free(&metadata);
    return err;
}

static enum err keep_best(void *self)
{
    struct net_run *run = self;
    run->best_value = run->last.value;
    run->best_loss = run->last.metric[METRIC_VAL_LOSS];
    return net_keep_best(run->training, net_epochs_done(run->training));
}

static void extend(void *self, int target_epochs)
{
    struct net_run *run = self;
    run->target_epochs = target_epochs;
    begin_cycle_if_due(run);
}

static enum err test(void *self, struct net_metrics *out, int64_t *n_rows, struct err_info *info)
{
    struct net_run *run = self;
    const struct net_rows *rows = &run->runner->rows[DATA_TEST];
    if (!net_use_best(run->training))
        return err_set(info, ERR_STATE, "test", NULL, "no epoch's weights were kept");
    enum err err = net_evaluate(run->training, rows, out, NULL, NULL);
    net_use_last(run->training);
    *n_rows = rows->n_rows;
    return err == ERR_OK ? ERR_OK : err_set(info, err, "test", NULL, "could not be judged");
}

struct training *net_run_training(void *run)
{
    return ((struct net_run *)run)->training;
}

static size_t memory_bytes(void *self)
{
    return ((struct net_run *)self)->memory_bytes;
}

static void stop(void *self)
{
    struct net_run *run = self;
    if (run)
        net_free(run->training);
    mem_free(run);
}

const struct runner_ops net_runner_ops = {
    .name = "network",
    .facts = facts,
    .start = start_run,
    .step = step,
    .checkpoint = checkpoint,
    .keep_best = keep_best,
    .extend = extend,
    .test = test,
    .memory_bytes = memory_bytes,
    .stop = stop,
};
