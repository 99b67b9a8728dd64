/* See trial_network.h. Trained again from its line a trial has the bits of the first time, on the
 * same kind of processor; whether the value came out the same is said. */
#include "trial_network.h"

#include <stdio.h>
#include <string.h>

enum { SLICE_BATCHES = 16 };

/* ---- choosing ---------------------------------------------------------------------------- */

static enum err find_trial(struct trial_network *t, int64_t number, struct err_info *info)
{
    const struct study *s = t->study;
    char hint[64];
    t->trial = number < 0 ? engine_chosen(s) : study_trial(s, number);
    if (!t->trial && number >= 0 && s->n_trials > 0)
        return err_set(
            info, ERR_USAGE, "--trial",
            text_format(hint, sizeof hint, "give a number from 0 to %zu", s->n_trials - 1),
            "there is no trial %lld", (long long)number);
    if (!t->trial)
        return err_set(info, ERR_STATE, t->path, "'tiller resume' goes on with it",
                       "has no trial with a value yet");
    for (size_t i = 0; i < t->trial->n_epochs; i++)
        if (t->trial->curve[i].step == t->trial->best_epoch)
            t->best = &t->trial->curve[i];
    if (!t->best || t->best->step < 1)
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
    struct trial_start start;
    struct runner_position at;
    study_start_again(t->study, t->trial, &start);
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
    text_double(then, sizeof then, t->best->value, false);
    if (strcmp(now, then) != 0)
        fprintf(stderr,
                "%s is %s now, where the log has %s: another version of tiller or kind of "
                "processor, or the trial was steered\n",
                t->study->metric, now, then);
    return net_runner_ops.keep_best(t->run);
}

/* What the trial started from, if it did not start from random weights. */
static enum err open_source(struct trial_network *t, struct err_info *info)
{
    struct net_config config = net_config_from(&t->study->space, &t->trial->config,
                                               t->settings.full_epochs, t->trial->rng_seed);
    return config.from_weights ? net_source_reopen(&t->settings, t->set, &t->source, info) : ERR_OK;
}

static enum err train_again(struct trial_network *t, int objective, struct err_info *info)
{
    enum err err = open_source(t, info);
    if (err != ERR_OK)
        return err;
    fprintf(stderr,
            "the weights of trial %lld do not lie beside the log: they are trained again, %d "
            "epochs\n",
            (long long)t->trial->number, t->trial->best_epoch);
    net_runner_set(t->runner, objective, t->source);
    err = start_run(t, NULL, info);
    return err == ERR_OK ? train_epochs(t, info) : err;
}

static enum err have_weights(struct trial_network *t, struct err_info *info)
{
    int objective = 0;
    enum err err = objective_find(t->settings.objective, t->set, &objective, info);
    if (err == ERR_OK)
        err = net_runner_new(t->set, &t->runner, info);
    if (err == ERR_OK)
        err = take_kept(t, info);
    if (err == ERR_OK && !t->run)
        err = train_again(t, objective, info);
    if (err != ERR_OK)
        return err;
    t->training = net_run_training(t->run);
    net_use_best(t->training);
    return ERR_OK;
}

/* ---- all rows ---------------------------------------------------------------------------- */

static enum err refit_epochs(struct trial_network *t, struct err_info *info)
{
    int wanted = t->trial->best_epoch, cycle_end = t->settings.full_epochs;
    struct trial_link behind[TRIAL_LINKS_MAX];
    size_t n_behind = study_chain(t->study, t->trial->continues, behind);
    struct progress p = {.n_epochs = wanted, .began = clock_now_s()};
    while (net_epochs_done(t->refit) < wanted) {
        bool done = false;
        if (cli_signal)
            return interrupted(t, info);
        enum err err = net_train_slice(t->refit, SLICE_BATCHES, &done);
        char why[160];
        if (err != ERR_OK)
            return err_set(info, err, t->path, "leave --refit out", "diverged on all rows: %s",
                           net_divergence(t->refit, why, sizeof why));
        if (!done)
            continue;
        say_epoch(&p, net_epochs_done(t->refit), net_train_loss(t->refit));
        cycle_end =
            net_begin_due_cycle(t->refit, cycle_end, behind, n_behind, t->trial->target_epochs);
    }
    t->epochs_trained = wanted;
    return ERR_OK;
}

static enum err train_on_all(struct trial_network *t, struct err_info *info)
{
    struct net_config config = net_config_from(&t->study->space, &t->trial->config,
                                               t->settings.full_epochs, t->trial->rng_seed);
    char n[32];
    enum err err = open_source(t, info);
    if (err == ERR_OK)
        err = net_rows_join(t->set, &t->all_rows, info);
    if (err == ERR_OK)
        err = net_new(&config, &t->all_rows, &t->refit, info);
    if (err != ERR_OK)
        return err;
    if (t->source)
        net_source_carry(t->source, t->refit);
    fprintf(stderr,
            "trial %lld trained on training and validation rows together: %s rows, %d epochs\n",
            (long long)t->trial->number, text_count(n, sizeof n, t->all_rows.n_rows),
            t->trial->best_epoch);
    t->training = t->refit;
    return refit_epochs(t, info);
}

/* Epochs trained outside a search are charged too (decisions 14); a study that somebody else runs,
 * or that may not be written, is left as it is. */
static void charge(const struct trial_network *t)
{
    char say[96], fields[48], why[800];
    struct study_log *log = NULL;
    struct err_info info = {0};
    text_format(say, sizeof say, "trained again for export%s: %d epochs",
                t->refit ? ", on all rows" : "", t->epochs_trained);
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
    enum err err = open_data(t, info);
    if (err == ERR_OK)
        err = refit ? train_on_all(t, info) : have_weights(t, info);
    if (err == ERR_OK && t->epochs_trained > 0)
        charge(t);
    return err;
}

void trial_network_free(struct trial_network *t)
{
    if (t->run)
        net_runner_ops.stop(t->run);
    net_free(t->refit);
    net_rows_release(&t->all_rows);
    net_source_free(t->source);
    net_runner_free(t->runner);
    data_free(t->set);
    study_free(t->study);
    *t = (struct trial_network){0};
}
