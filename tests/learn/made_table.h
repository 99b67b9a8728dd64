/* Small tables of curves for the tests of this room, written as files and loaded again. */
#ifndef TESTS_LEARN_MADE_TABLE_H
#define TESTS_LEARN_MADE_TABLE_H

#include "../support/spawn.h"
#include "tiller/bench.h"

/* Writes FOLDER/NAME-configs.csv and FOLDER/NAME-curves.csv and loads them. */
static inline enum err made_table(const char *folder, const char *configs, const char *curves,
                                  struct curve_table **out, struct err_info *info)
{
    char path[256], prefix[128];
    text_format(prefix, sizeof prefix, "%s/made", folder);
    text_format(path, sizeof path, "%s-configs.csv", prefix);
    enum err err = file_write_atomic(path, configs, strlen(configs), info);
    text_format(path, sizeof path, "%s-curves.csv", prefix);
    if (err == ERR_OK)
        err = file_write_atomic(path, curves, strlen(curves), info);
    return err == ERR_OK ? curve_table_load(prefix, CURVE_UNIT_GUESS, out, info) : err;
}

#endif
