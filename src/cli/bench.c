/* bench: samplers and pruners compared on recorded learning curves. Trains nothing. */
#include "tiller/bench.h"
#include "cli.h"

#include <stdio.h>
#include <string.h>

#define USAGE                                                                                      \
    "usage: tiller bench TABLE [options]\n\n"                                                      \
    "Compares samplers and pruners on a table of recorded learning curves: PREFIX-configs.csv\n"   \
    "and PREFIX-curves.csv, TABLE being the PREFIX."

struct bench_words {
    const char *unit;
    struct option_list tasks;
    bool describe, json;
};

static enum err read_unit(const char *word, enum curve_unit *out, struct err_info *info)
{
    static const char *const names[] = {"percent", "error", "loss"};
    static const enum curve_unit units[] = {CURVE_PERCENT, CURVE_ERROR, CURVE_LOSS};
    *out = CURVE_UNIT_GUESS;
    for (size_t i = 0; word && i < sizeof names / sizeof *names; i++)
        if (strcmp(word, names[i]) == 0)
            *out = units[i];
    if (word && *out == CURVE_UNIT_GUESS)
        return err_set(info, ERR_USAGE, "--unit", "choose percent, error or loss",
                       "there is no unit '%s'", word);
    return ERR_OK;
}

static enum err print(const struct text *out, struct err_info *info)
{
    if (out->failed)
        return err_set_memory(info, "bench");
    if (fputs(text_get(out), stdout) == EOF || fflush(stdout) != 0)
        return err_set_errno(info, ERR_IO, "stdout", NULL, "writing failed");
    return ERR_OK;
}

static enum err bench(const char *prefix, const struct bench_words *w, struct err_info *info)
{
    struct curve_table *table = NULL;
    struct text out = {0};
    enum curve_unit unit;
    enum err err = read_unit(w->unit, &unit, info);
    if (err == ERR_OK)
        err = curve_table_load(prefix, unit, &table, info);
    if (err == ERR_OK && w->tasks.n > 0)
        err = curve_table_keep(table, w->tasks.item, w->tasks.n, info);
    if (err == ERR_OK) {
        if (w->json)
            curve_table_put_json(table, &out);
        else
            curve_table_describe(table, &out);
        if (w->json)
            text_append_char(&out, '\n');
        err = print(&out, info);
    }
    text_free(&out);
    curve_table_free(table);
    return err;
}

int command_bench(int argc, char **argv)
{
    struct bench_words w = {0};
    const struct cli_option table[] = {
        {"--tasks", OPTION_LIST, &w.tasks, 0, 0, "NAMES", "these tasks only"},
        {"--unit", OPTION_TEXT, &w.unit, 0, 0, "WHAT", "percent, error or loss (default: told)"},
        {"--describe", OPTION_FLAG, &w.describe, 0, 0, NULL, "say what the table is"},
        {"--json", OPTION_FLAG, &w.json, 0, 0, NULL, "one JSON object on standard output"},
    };
    struct err_info info = {0};
    const char *prefix = NULL;
    size_t n = 0;
    enum err err =
        cli_parse(table, sizeof table / sizeof *table, USAGE, argc, argv, &prefix, 1, &n, &info);
    if (err == ERR_INTERRUPTED)
        return EXIT_DONE;
    if (err == ERR_OK && n == 0)
        err =
            err_set(&info, ERR_USAGE, "bench", "see 'tiller bench --help'", "the TABLE is missing");
    if (err == ERR_OK)
        err = bench(prefix, &w, &info);
    return err == ERR_OK ? EXIT_DONE : cli_fail(&info);
}
