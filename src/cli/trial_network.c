/* See trial_network.h. Trained again from its line a trial has the bits of the first time, on the
 * same kind of processor; whether the value came out the same is said. */
#include "trial_network.h"

#include <stdio.h>
#include <string.h>

/* ---- choosing ---------------------------------------------------------------------------- */

static enum err find_trial(struct trial_network *t, int64_t number, struct err_info *info)
{
    const struct study *s = t->study;
    char hint[64];
    t->trial = number < 0 ? study_best(s) : study_trial(s, number);
    if (!t->trial && number >= 0 && s->n_trials > 0)
        return err_set(
            info, ERR_USAGE, "--trial",
            text_format(hint, sizeof hint, "give a number from 0 to %zu", s->n_trials - 1),
            "there is no trial %lld", (long long)number);
    if (!t->trial)
        return err_set(info, ERR_STATE, t->path, "'tiller resume' goes on with it",
                       "has no trial with a value yet");
    if (t->trial->best_epoch < 1)
        return err_set(info, ERR_STATE, t->path, "choose another --trial, or --best",
                       "trial %lld (%s) has no epoch with a value", (long long)t->trial->number,
                       trial_state_name(t->trial->state));
    return ERR_OK;
}

enum err trial_network_choose(const char *path, int64_t number, struct trial_network *out,
                              struct err_info *info)
{
    *out = (struct trial_network){.path = path};
    enum err err = study_read(path, NULL, &out->study, info);
    if (err != ERR_OK)
        return err;
    if (!engine_read_settings(out->study, &out->settings) || !out->study->space_declared)
        return err_set(info, ERR_INPUT, path, "give a study that 'tiller run' began",
                       "is a study of another program");
    return find_trial(out, number, info);
}

static enum err open_data(struct trial_network *t, struct err_info *info)
{
    enum err err = cli_open_study_data(t->study, t->path, &t->set, info);
    if (err != ERR_OK)
        return err;
    if (strcmp(t->study->fingerprint, t->set->fingerprint) != 0)
        return err_set(info, ERR_INPUT, t->path, "restore the data",
                       "%s is not the data of this study: it has changed since", t->set->path);
    return ERR_OK;
}

/* ---- progress ---------------------------------------------------------------------------- */

struct progress {
    int n_epochs;
    double began, said;
};

/* At most twice a second, and the last one. */
static void say_epoch(struct progress *p, int epoch, double train_loss)
{
    double now = clock_now_s();
    char left[32];
    if (epoch < p->n_epochs && now - p->said < 0.5)
        return;
    p->said = now;
    fprintf(
        stderr, "epoch %d/%d  train loss %.4f  %s left\n", epoch, p->n_epochs, train_loss,
        text_duration(left, sizeof left, (now - p->began) / epoch * (double)(p->n_epochs - epoch)));
}

static enum err interrupted(const struct trial_network *t, struct err_info *info)
{
    return err_set(info, ERR_INTERRUPTED, t->path, NULL, "interrupted; nothing was written");
}

/* ---- the best epoch's weights ------------------------------------------------------------ */

static enum err start_run(struct trial_network *t, const char *checkpoint, struct err_info *info)
{
    const struct trial_start start = {.config = t->trial->config,
                                      .rng_seed = t->trial->rng_seed,
                                      .target_epochs = t->trial->target_epochs,
                                      .continues = t->trial->continues};
    struct runner_position at;
    return net_runner_ops.start(t->runner, &t->study->space, &start, t->settings.full_epochs,
                                checkpoint, &t->run, &at, info);
}

/* Leaves run NULL if they are not there, or are those of another epoch. */
static enum err take_kept(struct trial_network *t, struct err_info *info)
{
    char folder[512], name[48], path[640];
    text_format(name, sizeof name, "trial-%lld.safetensors", (long long)t->trial->number);
    if (!study_folder(t->path, folder, sizeof folder) ||
        !file_join(path, sizeof path, folder, name) || !file_exists(path))
        return ERR_OK;
    enum err err = start_run(t, path, info);
    if (err == ERR_OK && net_best_epoch(net_run_training(t->run)) == t->trial->best_epoch)
        return ERR_OK;
    if (err == ERR_OK)
        net_runner_ops.stop(t->run);
    t->run = NULL;
    return err == ERR_MEMORY ? err : ERR_OK; /* unreadable: trained again */
}

static enum err train_epochs(struct trial_network *t, struct err_info *info)
{
    struct progress p = {.n_epochs = t->trial->best_epoch, .began = clock_now_s()};
    struct runner_step step = {0};
    while (!step.epoch_done || step.result.step < t->trial->best_epoch) {
        if (cli_signal)
            return interrupted(t, info);
        enum err err = net_runner_ops.step(t->run, &step, info);
        if (err != ERR_OK)
            return err;
        if (step.epoch_done)
            say_epoch(&p, step.result.step, step.result.metric[METRIC_TRAIN_LOSS]);
    }
    t->epochs_trained = step.result.step;
    char now[32], then[32];
    text_double(now, sizeof now, step.result.value, false);
    text_double(then, sizeof then, t->trial->value, false);
    if (strcmp(now, then) != 0)
        fprintf(stderr,
                "%s is %s now, where the log has %s: another kind of processor, or the trial "
                "was continued\n",
                t->study->metric, now, then);
    return net_runner_ops.keep_best(t->run);
}

static enum err train_again(struct trial_network *t, struct err_info *info)
{
    fprintf(stderr,
            "the weights of trial %lld do not lie beside the log: they are trained again, %d "
            "epochs\n",
            (long long)t->trial->number, t->trial->best_epoch);
    enum err err = start_run(t, NULL, info);
    return err == ERR_OK ? train_epochs(t, info) : err;
}

static enum err have_weights(struct trial_network *t, struct err_info *info)
{
    enum err err = net_runner_new(t->set, &t->runner, info);
    if (err == ERR_OK)
        err = take_kept(t, info);
    if (err == ERR_OK && !t->run)
        err = train_again(t, info);
    if (err != ERR_OK)
        return err;
    t->training = net_run_training(t->run);
    net_use_best(t->training);
    return ERR_OK;
}

/* Epochs trained outside a search are charged too (decisions 14); a study that somebody else runs,
 * or that may not be written, is left as it is. */
static void charge(const struct trial_network *t)
{
    char say[96], fields[48], why[800];
    struct study_log *log = NULL;
    struct err_info info = {0};
    text_format(say, sizeof say, "trained again for export: %d epochs", t->epochs_trained);
    text_format(fields, sizeof fields, "\"epochs\": %d", t->epochs_trained);
    enum err err = study_log_open(t->path, NULL, NULL, &log, &info);
    if (err == ERR_OK) {
        err = study_log_event(log, "tiller", "charge", t->trial->number, say, fields);
        if (err != ERR_OK)
            err_set(&info, err, t->path, NULL, "%s", err_sentence(err));
        if (study_log_close(log, err == ERR_OK ? &info : NULL) == ERR_OK && err == ERR_OK)
            return;
    }
    fprintf(stderr, "the epochs are not charged to the study: %s\n",
            err_format(&info, why, sizeof why));
}

enum err trial_network_open(struct trial_network *t, bool refit, struct err_info *info)
{
    (void)refit;
    enum err err = open_data(t, info);
    if (err == ERR_OK)
        err = have_weights(t, info);
    if (err == ERR_OK && t->epochs_trained > 0)
        charge(t);
    return err;
}

void trial_network_free(struct trial_network *t)
{
    if (t->run)
        net_runner_ops.stop(t->run);
    net_free(t->refit);
    net_runner_free(t->runner);
    data_free(t->set);
    study_free(t->study);
    *t = (struct trial_network){0};
}
