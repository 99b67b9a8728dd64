/* chosen: the one reading of the test part, for the network that the study has chosen.
 *
 * The best epoch's weights lie beside the log; if they are gone they are trained again from the
 * trial's line, bit for bit, and the epochs are charged (decisions 4 and 7). */
#include "internal.h"

#include <math.h>

struct chosen {
    int64_t number;
    struct trial_start start;
    int best_epoch;
};

static bool find_chosen(struct engine *e, struct chosen *out)
{
    engine_fold_enter(e);
    const struct trial *t = meta_incumbent(study_log_study(e->log), (double)INFINITY);
    if (t)
        *out = (struct chosen){.number = t->number,
                               .best_epoch = t->best_epoch,
                               .start = {.config = t->config,
                                         .rng_seed = t->rng_seed,
                                         .target_epochs = t->target_epochs,
                                         .continues = t->continues}};
    engine_fold_leave(e);
    return t != NULL;
}

static void charge(struct engine *e, int64_t number, int epochs)
{
    char fields[48], say[96];
    text_format(fields, sizeof fields, "\"epochs\": %d", epochs);
    text_format(say, sizeof say, "trained again for its weights: %d epochs", epochs);
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

static void log_test(struct engine *e, const struct chosen *c, const struct net_metrics *m,
                     int64_t n_rows)
{
    struct text fields = {0};
    struct json_writer w;
    char say[160], error[32], loss[32];
    json_begin(&w, &fields);
    json_put_number(&w, "accuracy", m->accuracy);
    json_put_number(&w, "loss", m->loss);
    json_put_number(&w, "precision", m->precision);
    json_put_number(&w, "recall", m->recall);
    json_put_number(&w, "f1", m->f1);
    json_put_int(&w, "rows", n_rows);
    text_format(say, sizeof say, "test part read for #%lld: accuracy %s, loss %s",
                (long long)c->number, text_human(error, sizeof error, m->accuracy, 4),
                text_human(loss, sizeof loss, m->loss, 4));
    if (!fields.failed)
        study_log_event(e->log, "tiller", "test", c->number, say, text_get(&fields));
    engine_note_add(e, "%s", say);
    text_free(&fields);
}

void chosen_test(struct engine *e)
{
    struct chosen c;
    struct net_metrics m;
    struct err_info info = {0};
    void *run = NULL;
    int64_t n_rows = 0;
    char text[800];
    if (!find_chosen(e, &c))
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
