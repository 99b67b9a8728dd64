/* cli: the sub-commands, one file each, and the option table they share.
 *
 * A command reads its options by a table, does its work through the rooms below, prints results on
 * stdout and everything else on stderr, and returns the exit status: 0 done, 1 could not finish,
 * 2 bad input (one clear line on stderr), 130 interrupted without loss. */
#ifndef TILLER_CLI_H
#define TILLER_CLI_H

#include "tiller/base.h"
#include "tiller/data.h"
#include "tiller/engine.h"
#include "tiller/net.h"
#include "tiller/space.h"

#include <signal.h>

enum { EXIT_DONE = 0, EXIT_UNFINISHED = 1, EXIT_BAD_INPUT = 2, EXIT_INTERRUPTED = 130 };

enum option_kind {
    OPTION_FLAG,   /* bool */
    OPTION_TEXT,   /* const char * */
    OPTION_INT,    /* int64_t */
    OPTION_NUMBER, /* double */
    OPTION_LIST    /* struct option_list: may be given several times, commas split */
};
struct option_list {
    const char *item[64];
    size_t n;
};
struct cli_option {
    const char *name; /* "--rng-seed" */
    enum option_kind kind;
    void *target;
    double low, high;     /* int, number: allowed range */
    const char *argument; /* "N"; NULL for flags */
    const char *about;    /* one line for --help */
};
/* cli_parse: fills targets; what is no option goes to positional (at most max). "--name=value" and
 * "--name value" both work; "--" ends options; --help prints usage and options and returns
 * ERR_INTERRUPTED (the caller exits with 0). Unknown options suggest the nearest. */
enum err cli_parse(const struct cli_option *options, size_t n_options, const char *usage, int argc,
                   char **argv, const char **positional, size_t max, size_t *n_positional,
                   struct err_info *info);
/* cli_fail: prints "tiller: WHERE: DETAIL; HINT" and returns the exit status for the code. */
int cli_fail(const struct err_info *info);

/* The options by which every command reads a data set (--target, --task, --categorical,
 * --missing, --drop-rare, --split-seed): CLI_DATA_OPTIONS goes into a command's table. */
struct cli_data_options {
    const char *target, *task;
    const char *variant; /* of a study; what stands behind the TASK is above it; NULL: none */
    struct option_list categorical, missing;
    bool drop_rare;
    int64_t split_seed;
};
/* clang-format off */
#define CLI_DATA_OPTIONS(d)                                                                        \
    {"--target", OPTION_TEXT, &(d).target, 0, 0, "COLUMN", "label column (default: the last)"},    \
    {"--task", OPTION_TEXT, &(d).task, 0, 0, "WHAT", "classification or regression"},              \
    {"--categorical", OPTION_LIST, &(d).categorical, 0, 0, "COLUMN", "read as categorical"},       \
    {"--missing", OPTION_LIST, &(d).missing, 0, 0, "WORDS", "words that mean missing"},            \
    {"--drop-rare", OPTION_FLAG, &(d).drop_rare, 0, 0, NULL,                                       \
     "drop classes with fewer than 5 rows"},                                                       \
    {"--split-seed", OPTION_INT, &(d).split_seed, 0, 9007199254740992.0, "N",                      \
     "which split of the rows (default 0)"}
/* clang-format on */
/* How the data was read, as an object for a log's settings. */
void cli_put_data_options(const struct cli_data_options *d, const struct data_set *set,
                          struct text *out);
/* Finds and opens what was typed; prints nothing. Owner: caller, data_free. */
enum err cli_open_data(const char *typed, const struct cli_data_options *d, struct data_set **out,
                       struct err_info *info);

/* The built-in space without what this task can't use. from: a weights file to start from, whose
 * form is held; NULL: none. Errors: as net_source_open. Owner of *source (NULL: none): caller,
 * net_source_free. */
enum err cli_open_space(const struct data_set *set, const char *from, struct space *out,
                        struct net_source **source, struct err_info *info);
/* The data of a study as it was read for it; says on stderr which it is. Whoever uses it compares
 * fingerprints. path: the log's, for messages. Owner: caller, data_free. */
struct study;
enum err cli_open_study_data(const struct study *study, const char *path, struct data_set **out,
                             struct err_info *info);

/* ERR_USAGE for a NAME=VALUE whose name was said before. */
enum err cli_said_twice(const char *pair, struct err_info *info);
/* A hyperparameter as a member, as Optuna writes it; the "params" object of a JSON summary: those
 * that are set. */
void cli_put_value(struct json_writer *w, const struct space *space, const struct configuration *c,
                   int i);
void cli_put_params(struct json_writer *w, const struct space *space,
                    const struct configuration *c);

/* The metrics that exist (not NaN), as members: prefix and name. */
void cli_put_metrics(struct json_writer *w, const struct net_metrics *m, const char *prefix);

/* What --screen (NULL: 80x24) and --color (NULL: auto) say. ERR_USAGE. */
struct tui_options;
enum err cli_screen_words(const char *size, const char *colour, struct tui_options *out,
                          struct err_info *info);
/* Is there a terminal to draw on? */
bool cli_has_terminal(void);

/* Where a network comes from that is saved for taking home. */
struct cli_weights {
    const struct data_set *set;
    const char *study;                    /* name; NULL: of no study */
    int64_t trial;                        /* number; -1: none */
    int epoch;                            /* whose weights they are */
    uint64_t rng_seed;                    /* of the training */
    bool refit;                           /* trained on validation rows too */
    const struct net_metrics *validation; /* at that epoch; NULL: not judged */
};
/* net_save_weights (the weights that net_evaluate would judge) with the encoder and the origin as
 * metadata. Errors: as net_save_weights. */
enum err cli_save_weights(const struct training *t, const struct cli_weights *from,
                          const char *path, struct err_info *info);

/* The number of the SIGINT, SIGTERM or SIGHUP that came; 0 none. The first is noted, a second one
 * ends the process. */
extern volatile sig_atomic_t cli_signal;
void cli_watch_signals(void);

int command_describe(int argc, char **argv);
int command_train(int argc, char **argv);
int command_run(int argc, char **argv);
int command_resume(int argc, char **argv);
int command_export(int argc, char **argv);
int command_predict(int argc, char **argv);
int command_bench(int argc, char **argv);
int command_race(int argc, char **argv);
int command_learn(int argc, char **argv);
int command_start(int argc, char **argv); /* tiller alone: the start screen */

#endif
