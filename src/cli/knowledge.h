/* knowledge: which knowledge a search gets: what ships with the program or is named, and what this
 * user's own studies have taught, without the task's own family. */
#ifndef TILLER_CLI_KNOWLEDGE_H
#define TILLER_CLI_KNOWLEDGE_H

#include "cli.h"
#include "tiller/knowledge.h"
#include "tiller/race.h"

struct cli_knowledge {
    struct knowledge *knowledge; /* NULL: none */
    struct guidance guidance;
    struct engine_knowledge from;
    char note[300]; /* for the log: from where, or why there is none */
};
/* cli_knowledge_open: what --knowledge says: NULL: what ships and the user's own; "no"; or a file
 * alone. A default that is missing or can't be read is a note, a named file an error. Owner:
 * caller, cli_knowledge_free. */
enum err cli_knowledge_open(const char *said, bool include_own, const struct data_set *set,
                            struct cli_knowledge *out, struct err_info *info);
/* The same for a study that goes on: what it began with; the note says if that has changed. */
void cli_knowledge_reopen(const struct engine_settings *settings, const struct data_set *set,
                          struct cli_knowledge *out);
void cli_knowledge_free(struct cli_knowledge *k);
/* For races, the same by path: file and own are filled and lent to *out, which says nothing where
 * --knowledge says no. */
enum err cli_race_known(const char *said, bool include_own, char file[static 512],
                        char own[static 640], struct race_known *out, struct err_info *info);
/* Puts it into the options of an engine; lent. */
void cli_knowledge_lend(const struct cli_knowledge *k, struct engine_options *engine);

/* The shipped file, found as data sets are: below ./data, then where sets are installed. */
const char *cli_knowledge_path(char *out, size_t out_size);
/* $XDG_DATA_HOME/tiller/knowledge.json, else below ~/.local/share. false: there is no home. */
bool cli_own_path(char *out, size_t out_size);

#endif
