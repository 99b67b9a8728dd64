/* learn_from: knowledge from recordings, tables and past searches. */
#ifndef TILLER_CLI_LEARN_FROM_H
#define TILLER_CLI_LEARN_FROM_H

#include "cli.h"
#include "tiller/learn.h"

struct learn_from_words {
    const char *const *source; /* [n] folders, packed files, studies */
    size_t n;
    const char *table, *out;
    int64_t configs, workers, steps, rng_seed; /* configs -1: not said */
};
int learn_from(const struct learn_from_words *w); /* the exit status */

/* Before long work: a file can be written there, and it would not take the place of what is learnt
 * from (sources, table; NULL none), of a study log, or of what own studies have taught. */
enum err learn_check_out(const char *out, const char *const *source, size_t n, const char *table,
                         struct err_info *info);

/* A folder's recordings or pools, with what their tasks look like. */
enum err learn_open_folder(const char *folder, bool pool, struct learn_records **out,
                           struct err_info *info);
void learn_say(void *arg, const char *line); /* on stderr, sanitised */

#endif
