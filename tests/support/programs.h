/* programs: what programs say as JSON, and Python's modules beside ours; for tests that run them.
 * A test fails here with what the program wrote on stderr. */
#ifndef TESTS_PROGRAMS_H
#define TESTS_PROGRAMS_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

#include "spawn.h"

static const char programs_python[] = "/usr/bin/python3";

/* All of its stdout; json_free. */
static inline struct cJSON *said_json(const struct spawned *s)
{
    struct err_info info = {0};
    struct cJSON *doc = NULL;
    if (json_parse(text_get(&s->out), s->out.length, "output", &doc, &info) != ERR_OK)
        fail_msg("%s in: %s\n%s", info.detail, text_get(&s->out), text_get(&s->err));
    return doc;
}

static inline double said_number(const struct cJSON *object, const char *name)
{
    double value = (double)NAN;
    if (!json_get_number(object, name, &value))
        fail_msg("no number '%s'", name);
    return value;
}

/* Can Python import it? Says that the test is skipped if not. modules: "optuna, scipy". */
static inline bool have_python(const char *modules)
{
    char line[96];
    text_format(line, sizeof line, "import %s", modules);
    const char *argv[] = {programs_python, "-c", line, NULL};
    struct spawned s;
    bool have = spawn_run(&s, argv, NULL, 60) == 0;
    spawn_free(&s);
    if (!have)
        print_message("skipped: Python has no %s\n", modules);
    return have;
}

/* optuna_study.py VERB FILE [ARGUMENT]. Without an argument, what it prints: json_free. */
static inline struct cJSON *optuna_study(const char *verb, const char *path, const char *argument)
{
    const char *argv[] = {
        programs_python, "tests/support/optuna_study.py", verb, path, argument, NULL};
    struct spawned s;
    if (spawn_run(&s, argv, NULL, 120) != 0)
        fail_msg("%s: %s", verb, text_get(&s.err));
    struct cJSON *doc = argument ? NULL : said_json(&s);
    spawn_free(&s);
    return doc;
}

#endif
