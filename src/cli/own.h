/* own: what this user's own studies have taught, as a person meets it: when a study ends, and by
 * `tiller learn --list` and `--forget`. */
#ifndef TILLER_CLI_OWN_H
#define TILLER_CLI_OWN_H

#include "cli.h"

/* Takes an ended study into the user's file; arg: its path, lent. */
extern const struct engine_learner cli_learner;
/* --learn: NULL: to be asked on a screen, off without one. Errors: ERR_USAGE. */
enum err cli_learn_mode(const char *said, bool plain, enum learn_mode *out, struct err_info *info);
/* After the screen: may the study be taken in? Asks on the terminal, once; without one: no. */
bool cli_ask_learn(void);

/* The commands; path NULL: the user's own file. They print their errors; the exit status. */
int cli_list_own(const char *path);
int cli_forget_own(const char *path, const char *study);

#endif
