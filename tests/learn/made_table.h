/* Small tables of curves for the tests of this room, written as files and loaded again. */
#ifndef TESTS_LEARN_MADE_TABLE_H
#define TESTS_LEARN_MADE_TABLE_H

#include "../support/spawn.h"
#include "tiller/bench.h"
#include "tiller/net.h"

/* A folder for each program of tests: cmocka_run_group_tests(tests, set_up, tear_down). */
static char folder[64];

static inline int set_up(void **state)
{
    (void)state;
    net_init(); /* as the program: the products of one thread are its own */
    return spawn_make_folder(folder) ? 0 : -1;
}

static inline int tear_down(void **state)
{
    (void)state;
    spawn_remove_folder(folder);
    return 0;
}

/* Writes made-configs.csv and made-curves.csv into it and loads them. */
static inline enum err made_table(const char *configs, const char *curves, struct curve_table **out,
                                  struct err_info *info)
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
