/* trial_network: the network of a study's trial: its best epoch's weights as they lie beside the
 * log, trained again from the trial's line, or trained on training and validation rows together. */
#ifndef TILLER_CLI_TRIAL_NETWORK_H
#define TILLER_CLI_TRIAL_NETWORK_H

#include "cli.h"
#include "tiller/engine.h"

struct trial_network {
    const char *path;    /* of the log */
    struct study *study; /* as read */
    const struct trial *trial;
    const struct epoch_result *best; /* its best epoch */
    struct engine_settings settings;
    struct data_set *set;
    struct training *training; /* judges by the trial's weights; lent by what follows */
    struct net_source *source; /* the weights that the study's trials started from; NULL: none */
    struct net_runner *runner;
    void *run;              /* kept, or trained again */
    struct training *refit; /* NULL: not trained on all rows */
    struct net_rows all_rows;
    int epochs_trained; /* just now, to have the weights: the study is charged for them */
};

/* trial_network_choose: reads the log and finds the trial (number -1: the best). Errors: ERR_INPUT
 * (no study of ours, no such file), ERR_USAGE (no such trial), ERR_STATE (it has no epoch with a
 * value). Owner: caller, trial_network_free (also after an error). */
enum err trial_network_choose(const char *path, int64_t number, struct trial_network *out,
                              struct err_info *info);
/* trial_network_open: opens the data and has the weights, with progress on stderr where they are
 * trained. Errors: ERR_INPUT (the data changed), ERR_RANGE (diverged), ERR_INTERRUPTED by a
 * signal. */
enum err trial_network_open(struct trial_network *t, bool refit, struct err_info *info);
void trial_network_free(struct trial_network *t);

#endif
