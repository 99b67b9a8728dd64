/* shell_command: a trial as the command that trains it again, for the clipboard. */
#ifndef TILLER_TUI_SHELL_COMMAND_H
#define TILLER_TUI_SHELL_COMMAND_H

#include "tiller/study.h"

/* "tiller train PATH NAME=VALUE ... --epochs N": the data as they were read, the weights to start
 * from, the configuration and the seed. Every word is quoted for the shell where it needs that:
 * names and paths come from files. */
void shell_command_put(const struct study *study, const struct trial *t, struct text *out);

#endif
