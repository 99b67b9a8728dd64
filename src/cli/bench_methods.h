/* bench_methods: the methods that are compared. */
#ifndef TILLER_CLI_BENCH_METHODS_H
#define TILLER_CLI_BENCH_METHODS_H

#include "cli.h"
#include "tiller/bench.h"

/* Of --methods and the file of --peers (NULL none); without both the usual ones, with knowledge
 * those that need it, too. method has room for BENCH_METHODS_MAX; *n: how many.
 * ERR_USAGE: no such method, or too many; ERR_INPUT: the file is none. */
enum err bench_choose_methods(const struct option_list *typed, const char *peers, bool knowing,
                              struct bench_method *method, int *n, struct err_info *info);

#endif
