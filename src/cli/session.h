/* session: one sitting with a study: run and resume differ only in where data and settings come
 * from. */
#ifndef TILLER_CLI_SESSION_H
#define TILLER_CLI_SESSION_H

#include "cli.h"
#include "tiller/engine.h"
#include "tiller/tui.h"

/* What the command line says; 0 or NULL: not said. */
struct session_options {
    const char *study, *epochs, *sampler, *pruner, *objective, *space_path, *from, *knowledge,
        *learn;
    struct option_list search; /* hyperparameters to free */
    const char *const *held;   /* [n_held] NAME=VALUE */
    size_t n_held;
    int64_t trials, epochs_per_trial, workers, rng_seed, confirm;
    double seconds;
    bool plain, json, no_test, paused, read_only, include_own;
    const char *theme, *glyphs, *colour, *script, *screen, *clock;
    struct cli_data_options data;
};

/* Options of run and resume alike. */
/* clang-format off */
#define SESSION_OPTIONS(o)                                                                         \
    {"--epochs", OPTION_TEXT, &(o).epochs, 0, 0, "N",                                              \
     "budget in epochs over all trials; +N adds on resume"},                                       \
    {"--trials", OPTION_INT, &(o).trials, 1, 1e9, "N", "budget in trials"},                        \
    {"--time", OPTION_NUMBER, &(o).seconds, 0.1, 1e9, "SECONDS", "budget in time"},                \
    {"--confirm", OPTION_INT, &(o).confirm, 1, CONFIRM_MAX, "K",                                   \
     "train the K best again with 3 seeds each, beside the budget"},                               \
    {"--workers", OPTION_INT, &(o).workers, 1, 64, "N", "worker threads (one per core)"},          \
    {"--plain", OPTION_FLAG, &(o).plain, 0, 0, NULL, "no screen: one line per event"},             \
    {"--json", OPTION_FLAG, &(o).json, 0, 0, NULL, "no screen: the summary as one object"},        \
    {"--no-test", OPTION_FLAG, &(o).no_test, 0, 0, NULL, "leave the test part unread"},            \
    {"--learn", OPTION_TEXT, &(o).learn, 0, 0, "WHEN",                                             \
     "let searches to come learn from it: auto, ask, off"},                                        \
    {"--paused", OPTION_FLAG, &(o).paused, 0, 0, NULL, "start paused"},                            \
    {"--theme", OPTION_TEXT, &(o).theme, 0, 0, "NAME", "colours: a theme's name or path"},         \
    {"--glyphs", OPTION_TEXT, &(o).glyphs, 0, 0, "TIER", "braille, blocks or ascii"},              \
    {"--color", OPTION_TEXT, &(o).colour, 0, 0, "WHEN", "auto, none, 16, 256 or direct"},          \
    {"--read-only", OPTION_FLAG, &(o).read_only, 0, 0, NULL, "show, but don't steer"},             \
    {"--script", OPTION_TEXT, &(o).script, 0, 0, "FILE", NULL},                                    \
    {"--screen", OPTION_TEXT, &(o).screen, 0, 0, "COLSxROWS", NULL},                               \
    {"--clock", OPTION_TEXT, &(o).clock, 0, 0, "SECONDS", NULL}
/* clang-format on */

/* session_budget: "300" or "+100" of --epochs. */
enum err session_budget(const char *text, struct engine_options *out, struct err_info *info);
/* search_words: what of --space, --search and NAME=VALUE is wrong for any task, before the data are
 * read. search_space: the space that they make of the task's. Errors: ERR_USAGE, ERR_RANGE,
 * ERR_INPUT naming the word or the file. */
enum err search_words(const struct session_options *o, struct err_info *info);
enum err search_space(const struct session_options *o, const struct data_set *set,
                      struct space *out, struct err_info *info);
/* session_run: starts the engine, shows it, prints the summary. set is lent. Returns the exit
 * status; prints its own errors. */
int session_run(const struct session_options *o, const struct data_set *set,
                struct engine_options *engine);
/* session_summary: what came of it, as JSON or for people. Under the fold's lock. */
void session_summary(const struct study *study, const struct engine_status *status,
                     const struct engine_settings *settings, const struct data_set *set, bool json,
                     struct text *out);
/* Its part on knowledge: the member "knowledge", null without; lines, none without. */
void summary_put_knowledge(struct json_writer *w, const struct study *study);
void summary_say_knowledge(const struct study *study, struct text *out);

#endif
