/* describe: what was understood of a data set, on stdout. Trains nothing. */
#include "cli.h"

#include <stdio.h>

#define USAGE                                                                                      \
    "usage: tiller describe TASK [options]\n\n"                                                    \
    "Says what was understood of TASK (a folder with IDX files, a CSV table, or the name of a\n"   \
    "shipped set): rows, columns by kind, missing fields, classes with their shares, split "       \
    "sizes,\n"                                                                                     \
    "duplicates, memory."

static enum err describe(const char *task, const struct cli_data_options *options,
                         struct err_info *info)
{
    struct data_set *set;
    struct text out = {0};
    enum err e = cli_open_data(task, options, &set, info);
    if (e != ERR_OK)
        return e;
    data_describe(set, &out);
    if (out.failed)
        e = err_set_memory(info, task);
    else if (fputs(text_get(&out), stdout) == EOF || fflush(stdout) != 0)
        e = err_set_errno(info, ERR_IO, "stdout", NULL, "writing failed");
    text_free(&out);
    data_free(set);
    return e;
}

int command_describe(int argc, char **argv)
{
    struct cli_data_options options = {0};
    const struct cli_option table[] = {CLI_DATA_OPTIONS(options)};
    struct err_info info = {0};
    const char *task = NULL;
    size_t n = 0;
    enum err e =
        cli_parse(table, sizeof table / sizeof *table, USAGE, argc, argv, &task, 1, &n, &info);
    if (e == ERR_INTERRUPTED)
        return EXIT_DONE;
    if (e == ERR_OK && n == 0)
        e = err_set(&info, ERR_USAGE, "describe", "try 'tiller describe data/mnist'",
                    "the TASK is missing");
    if (e == ERR_OK)
        e = describe(task, &options, &info);
    return e == ERR_OK ? EXIT_DONE : cli_fail(&info);
}
