/* chosen: the one reading of the test part, for the network that the study has chosen.
 *
 * The best epoch's weights lie beside the log; if they are gone they are trained again from the
 * trial's line, bit for bit, and the epochs are charged (decisions 4 and 7). */
#include "internal.h"

#include <math.h>
#include <string.h>

struct chosen {
    int64_t number;
    struct trial_start start;
    int best_epoch;
    bool is_tested; /* and nothing was trained since: an ended study was only opened again */
};

static bool is_tested(const struct study *study, int64_t number)
{
    return study->tests_read > 0 && study->tested == number &&
           study->tested_after == study->epochs_spent;
}

static bool find_chosen(struct engine *e, struct chosen *out)
{
    engine_fold_enter(e);
    const struct trial *t = engine_chosen(study_log_study(e->log));
    if (t && t->state != TRIAL_COMPLETE) /* of a failing engine: what still runs is not chosen */
        t = meta_incumbent(study_log_study(e->log), (double)INFINITY);
    if (t) {
        *out = (struct chosen){.number = t->number, .best_epoch = t->best_epoch};
        study_start_again(study_log_study(e->log), t, &out->start);
        out->is_tested = is_tested(study_log_study(e->log), t->number);
    }
    engine_fold_leave(e);
    return t != NULL;
}

static void charge(struct engine *e, int64_t number, int epochs)
{
    char fields[48], say[96], count[32];
    text_format(fields, sizeof fields, "\"epochs\": %d", epochs);
    text_format(say, sizeof say, "trained again for its weights: %s",
                text_counted(count, sizeof count, epochs, "epoch"));
    study_log_event(e->log, "tiller", "charge", number, say, fields);
}

static bool asked_to_leave(struct engine *e)
{
    pthread_mutex_lock(&e->work);
    bool quit = e->quit;
    pthread_mutex_unlock(&e->work);
    return quit;
}

/* Trains run up to its best epoch and keeps those weights. */
static enum err train_again(struct engine *e, void *run, int best_epoch, struct err_info *info)
{
    struct runner_step step = {0};
    while (!step.epoch_done || step.result.step < best_epoch) {
        if (asked_to_leave(e))
            return err_set(info, ERR_INTERRUPTED, "test", NULL, "interrupted");
        enum err err = e->ops->step(run, &step, info);
        if (err != ERR_OK)
            return err;
    }
    return e->ops->keep_best(run);
}

static enum err open_chosen(struct engine *e, const struct chosen *c, void **run,
                            struct err_info *info)
{
    char path[640];
    struct runner_position at;
    engine_checkpoint_path(e, c->number, path, sizeof path);
    if (file_exists(path) && e->ops->start(e->runner, &e->space, &c->start, e->settings.full_epochs,
                                           path, run, &at, info) == ERR_OK)
        return ERR_OK;
    enum err err = e->ops->start(e->runner, &e->space, &c->start, e->settings.full_epochs, NULL,
                                 run, &at, info);
    if (err != ERR_OK)
        return err;
    err = train_again(e, *run, c->best_epoch, info);
    if (err == ERR_OK)
        err = e->ops->checkpoint(*run, path, info);
    charge(e, c->number, c->best_epoch);
    if (err != ERR_OK)
        e->ops->stop(*run);
    return err;
}

/* "accuracy 0.9141, loss 0.2812": what people look at first, where it exists. */
static void put_headline(struct text *out, const struct net_metrics *m)
{
    static const char *const wanted[] = {"accuracy", "loss", "auc", "r2", "mae"};
    const char *name, *between = "";
    for (size_t k = 0; k < sizeof wanted / sizeof *wanted; k++)
        for (int i = 0; (name = net_metric_name(i, NULL)) != NULL; i++) {
            char value[32];
            if (strcmp(name, wanted[k]) != 0 || isnan(net_metric(m, i)))
                continue;
            text_appendf(out, "%s%s %s", between, name,
                         text_human(value, sizeof value, net_metric(m, i), 4));
            between = ", ";
        }
}

static void log_test(struct engine *e, const struct chosen *c, const struct net_metrics *m,
                     int64_t n_rows)
{
    struct text fields = {0}, say = {0};
    struct json_writer w;
    const char *name;
    json_begin(&w, &fields);
    for (int i = 0; (name = net_metric_name(i, NULL)) != NULL; i++)
        if (!isnan(net_metric(m, i)))
            json_put_number(&w, name, net_metric(m, i));
    json_put_int(&w, "rows", n_rows);
    text_appendf(&say, "test part read for #%lld: ", (long long)c->number);
    put_headline(&say, m);
    if (!fields.failed)
        study_log_event(e->log, "tiller", "test", c->number, text_get(&say), text_get(&fields));
    engine_note_add(e, "%s", text_get(&say));
    text_free(&fields);
    text_free(&say);
}

static bool has_weights(const struct engine *e, int64_t number)
{
    char path[640];
    engine_checkpoint_path(e, number, path, sizeof path);
    return file_exists(path);
}

void chosen_test(struct engine *e)
{
    struct chosen c;
    struct net_metrics m;
    struct err_info info = {0};
    void *run = NULL;
    int64_t n_rows = 0;
    char text[800];
    if (!find_chosen(e, &c) || (c.is_tested && has_weights(e, c.number)))
        return;
    enum err err = open_chosen(e, &c, &run, &info);
    if (err == ERR_OK) {
        err = e->ops->test(run, &m, &n_rows, &info);
        e->ops->stop(run);
    }
    if (err == ERR_OK)
        log_test(e, &c, &m, n_rows);
    else
        engine_set_notice(e, err_format(&info, text, sizeof text));
}
