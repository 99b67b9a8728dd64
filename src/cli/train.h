/* train: one training from the command line; train.c runs it, train_report.c tells of it. */
#ifndef TILLER_CLI_TRAIN_H
#define TILLER_CLI_TRAIN_H

#include "cli.h"
#include "tiller/engine.h"
#include "tiller/net.h"
#include "tiller/space.h"

struct train_options {
    int64_t epochs, rng_seed;
    bool json, json_lines, no_test, plain;
    bool refit;       /* train on the validation rows too */
    const char *from; /* weights file to start from; NULL: none */
    const char *save; /* weights file to write; NULL: none */
    struct cli_data_options data;
};

struct train_epoch {
    double train_loss;
    struct net_metrics validation; /* not with refit */
};

enum train_end { TRAIN_COMPLETE, TRAIN_DIVERGED, TRAIN_INTERRUPTED };

struct train_run {
    const struct train_options *options;
    struct space space; /* what the task can use */
    struct configuration config;
    struct data_set *set;
    struct net_source *source; /* NULL: from first weights of its own */
    struct net_rows rows[DATA_N_PARTS];
    struct net_rows joined; /* with refit: what rows[DATA_TRAIN] is; owned */
    struct training *training;
    int n_carried;              /* layers that the source's weights are in */
    struct train_epoch *epochs; /* [options->epochs] */
    int n_epochs;               /* completed */
    enum train_end end;
    char divergence[160]; /* where; only if it has diverged */
    bool tested;
    struct net_metrics test;
    int64_t *confusion;            /* [n_classes x n_classes] of the test part; NULL: regression */
    double seconds, train_seconds; /* in all; in training alone */
    int64_t samples;               /* rows trained on */
};

/* Progress on stderr: before the first epoch, and after each. */
void train_say_start(const struct train_run *r);
void train_say_epoch(const struct train_run *r);
/* The newest epoch as one JSON line on stdout, flushed. Errors: ERR_IO, ERR_MEMORY. */
enum err train_print_epoch(const struct train_run *r, struct err_info *info);
/* What came of it on stdout, as the options want it. Errors: ERR_IO, ERR_MEMORY. */
enum err train_print_result(const struct train_run *r, struct err_info *info);

/* confusion.c: the matrix [n_classes x n_classes], row = truth, for people: panels of at most 100
 * columns, with the names of the classes. */
void train_put_confusion(struct text *out, const struct data_set *set, const int64_t *confusion);

#endif
