/* describe: what was understood of a data set, on stdout. Trains nothing. */
#include "cli.h"
#include "tiller/meta.h"

#include <stdio.h>

#define USAGE                                                                                      \
    "usage: tiller describe TASK [options]\n\n"                                                    \
    "Says what was understood of TASK (a folder with IDX files, a CSV table, or the name of a\n"   \
    "shipped set): rows, columns by kind, missing fields, classes with their shares, split "       \
    "sizes,\n"                                                                                     \
    "duplicates, memory. --features: what it looks like to the search instead. TASK:rows=0.25 "    \
    "and\n"                                                                                        \
    "the like make another task of the same rows: see tiller(1), VARIANTS OF A TASK."

static enum err put_features(const struct data_set *set, struct text *out, struct err_info *info)
{
    struct task_features f;
    char value[32];
    enum err e = meta_features(set, &f, info);
    if (e != ERR_OK)
        return e;
    text_appendf(out, "%s: what it looks like, from %d training rows\n", set->name, f.rows_used);
    for (int i = 0; i < FEATURE_N; i++)
        text_appendf(out, "  %-14s %9s  %s\n", feature_name(i),
                     text_human(value, sizeof value, f.value[i], 4), feature_about(i));
    text_appendf(out, "  %-14s %9s  epochs of the reference network, charged to a search\n", "cost",
                 text_human(value, sizeof value, f.cost_epochs, 3));
    return ERR_OK;
}

static enum err describe(const char *task, const struct cli_data_options *options, bool features,
                         struct err_info *info)
{
    struct data_set *set;
    struct text out = {0};
    enum err e = cli_open_data(task, options, &set, info);
    if (e != ERR_OK)
        return e;
    if (features)
        e = put_features(set, &out, info);
    else
        data_describe(set, &out);
    if (e == ERR_OK && out.failed)
        e = err_set_memory(info, task);
    if (e == ERR_OK && (fputs(text_get(&out), stdout) == EOF || fflush(stdout) != 0))
        e = err_set_errno(info, ERR_IO, "stdout", NULL, "writing failed");
    text_free(&out);
    data_free(set);
    return e;
}

int command_describe(int argc, char **argv)
{
    struct cli_data_options options = {0};
    bool features = false;
    const struct cli_option table[] = {{"--features", OPTION_FLAG, &features, 0, 0, NULL,
                                        "the meta-features of the training rows"},
                                       CLI_DATA_OPTIONS(options)};
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
        e = describe(task, &options, features, &info);
    return e == ERR_OK ? EXIT_DONE : cli_fail(&info);
}
