/* run: a new search on a data set, or, with --study FILE on an existing file, going on with it. */
#include "knowledge.h"
#include "session.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define USAGE                                                                                      \
    "usage: tiller run TASK [NAME=VALUE ...] [options]\n\n"                                        \
    "Searches for a good network on TASK (a folder with IDX files, a CSV table, or the name of "   \
    "a\n"                                                                                          \
    "shipped set). Opens the screen when there is a terminal. The study log goes to\n"             \
    "NAME.study.jsonl in the current folder (NAME-2 ... if that exists); with --study FILE on "    \
    "an\n"                                                                                         \
    "existing file the search goes on where it stopped. NAME=VALUE holds a hyperparameter, "       \
    "--search\n"                                                                                   \
    "frees one that is held; 'tiller train --help' lists them."

enum {
    DEFAULT_TRAININGS = 40, /* budget when nothing is said, in full trainings */
    MAX_WORDS = 1 + 2 * SPACE_MAX
};

/* NAME.study.jsonl, or the first of NAME-2, NAME-3 ... that is free. A variant's ':' and ',' would
 * be in the way of shells and other systems. */
static void default_study(const char *task, char *out, size_t out_size)
{
    char name[DATA_TASK_NAME_MAX];
    text_copy(name, sizeof name, task);
    for (char *c = name; (c = strpbrk(c, ":,"));)
        *c = '-';
    text_format(out, out_size, "%s.study.jsonl", name);
    for (int i = 2; file_exists(out) && i < 100000; i++)
        text_format(out, out_size, "%s-%d.study.jsonl", name, i);
}

static void put_list(struct json_writer *w, const char *name, const struct option_list *list)
{
    if (list->n == 0)
        return;
    json_open(w, name, '[');
    for (size_t i = 0; i < list->n; i++)
        json_put_string(w, NULL, list->item[i]);
    json_close(w, ']');
}

void cli_put_data_options(const struct cli_data_options *d, const struct data_set *set,
                          struct text *out)
{
    struct json_writer w;
    json_begin(&w, out);
    json_open(&w, NULL, '{');
    if (d->target)
        json_put_string(&w, "target", d->target);
    if (d->task)
        json_put_string(&w, "task", d->task);
    if (set->variant[0])
        json_put_string(&w, "variant", set->variant);
    put_list(&w, "categorical", &d->categorical);
    put_list(&w, "missing", &d->missing);
    json_put_bool(&w, "drop_rare", d->drop_rare);
    json_put_int(&w, "split_seed", d->split_seed);
    json_close(&w, '}');
}

static enum err fixed_clock(const char *text, struct err_info *info)
{
    double seconds;
    if (!text)
        return ERR_OK;
    if (!text_parse_double(text, &seconds) || seconds < 0)
        return err_set(info, ERR_USAGE, "--clock", "give seconds since 1970", "'%s'", text);
    clock_fix(seconds);
    return ERR_OK;
}

static enum err prepare(const struct session_options *o, const char *task, struct data_set **set,
                        struct engine_options *engine, struct err_info *info)
{
    enum err err = session_budget(o->epochs, engine, info);
    if (err == ERR_OK)
        err = fixed_clock(o->clock, info);
    if (err == ERR_OK)
        err = search_words(o, info);
    if (err == ERR_OK)
        err = cli_open_data(task, &o->data, set, info);
    if (err == ERR_OK)
        err = search_space(o, *set, &engine->space, info);
    return err;
}

/* A study that exists keeps the knowledge that it began with. */
static enum err open_knowledge(const struct session_options *o, const char *path,
                               const struct data_set *set, struct cli_knowledge *out,
                               struct err_info *info)
{
    struct study *study = NULL;
    struct engine_settings settings;
    if (!file_exists(path))
        return cli_knowledge_open(o->knowledge, o->include_own, set, out, info);
    if (o->knowledge || o->include_own)
        return err_set(info, ERR_USAGE, o->knowledge ? "--knowledge" : "--include-own",
                       "leave it out, or choose another --study FILE",
                       "this study keeps the knowledge it began with");
    enum err err = study_read(path, NULL, &study, info);
    if (err == ERR_OK && engine_read_settings(study, &settings))
        cli_knowledge_reopen(&settings, set, out);
    study_free(study);
    return err;
}

static int search(const struct session_options *o, const char *task)
{
    struct err_info info = {0};
    struct data_set *set = NULL;
    char path[512];
    struct text data = {0};
    struct cli_knowledge knowledge = {0};
    struct engine_options engine = {
        .sampler = o->sampler,
        .pruner = o->pruner,
        .objective = o->objective,
        .from = o->from,
        .space_said = o->space_path || o->search.n > 0 || o->n_held > 0,
        .n_workers = (int)o->workers,
        .budget_trials = o->trials,
        .budget_seconds = o->seconds,
        .confirm = (int)o->confirm,
        .full_epochs = (int)o->epochs_per_trial,
        .rng_seed = (uint64_t)o->rng_seed,
        .no_test = o->no_test,
        .start_paused = o->paused,
    };
    enum err err = prepare(o, task, &set, &engine, &info);
    if (err != ERR_OK) {
        data_free(set);
        return cli_fail(&info);
    }
    if (o->study)
        text_copy(path, sizeof path, o->study);
    else
        default_study(set->name, path, sizeof path);
    engine.study_path = path;
    err = open_knowledge(o, path, set, &knowledge, &info);
    if (err != ERR_OK) {
        data_free(set);
        return cli_fail(&info);
    }
    cli_knowledge_lend(&knowledge, &engine);
    bool none = !o->epochs && o->trials == 0 && !(o->seconds > 0);
    if (none && !file_exists(path))
        engine.budget_epochs =
            DEFAULT_TRAININGS * (engine.full_epochs > 0
                                     ? engine.full_epochs
                                     : search_default_full_epochs(set->part[DATA_TRAIN].n_rows));
    cli_put_data_options(&o->data, set, &data);
    engine.data_json = text_get(&data);
    int status = session_run(o, set, &engine);
    text_free(&data);
    cli_knowledge_free(&knowledge);
    data_free(set);
    return status;
}

/* Behind the options of --help. */
static void print_methods(void)
{
    printf("\nSamplers:\n");
    for (size_t i = 0; i < sampler_count(); i++)
        printf("  %-10s %s\n", sampler_at(i)->name, sampler_at(i)->about);
    printf("\nPruners:\n");
    for (size_t i = 0; i < pruner_count(); i++)
        printf("  %-10s %s\n", pruner_at(i)->name, pruner_at(i)->about);
}

int command_run(int argc, char **argv)
{
    struct session_options o = {0};
    const struct cli_option table[] = {
        {"--study", OPTION_TEXT, &o.study, 0, 0, "FILE", "the study log (NAME.study.jsonl)"},
        SESSION_OPTIONS(o),
        {"--epochs-per-trial", OPTION_INT, &o.epochs_per_trial, 1, 100000, "R",
         "full length of a trial and of its schedule"},
        {"--sampler", OPTION_TEXT, &o.sampler, 0, 0, "NAME",
         "who proposes: agent (default), or one of those below"},
        {"--pruner", OPTION_TEXT, &o.pruner, 0, 0, "NAME",
         "who stops early: learned (default; without knowledge median), or one below"},
        {"--objective", OPTION_TEXT, &o.objective, 0, 0, "NAME",
         "val_error (default), val_loss ...; val_f1 ...: minimises 1 - it"},
        {"--rng-seed", OPTION_INT, &o.rng_seed, 0, 9007199254740992.0, "N",
         "drives initialisation, batches and search (0)"},
        {"--space", OPTION_TEXT, &o.space_path, 0, 0, "FILE",
         "JSON that narrows, frees or fixes hyperparameters"},
        {"--search", OPTION_LIST, &o.search, 0, 0, "NAMES",
         "search held hyperparameters too: names with commas, or all"},
        {"--knowledge", OPTION_TEXT, &o.knowledge, 0, 0, "FILE|no",
         "what is known already (the shipped file and your own studies)"},
        {"--include-own", OPTION_FLAG, &o.include_own, 0, 0, NULL,
         "use what is known of the task's own family, too"},
        {"--from", OPTION_TEXT, &o.from, 0, 0, "WEIGHTS",
         "trials may start from this weights file, in its form"},
        CLI_DATA_OPTIONS(o.data),
    };
    struct err_info info = {0};
    const char *words[MAX_WORDS] = {NULL};
    size_t n = 0;
    enum err err = cli_parse(table, sizeof table / sizeof *table, USAGE, argc, argv, words,
                             MAX_WORDS, &n, &info);
    if (err == ERR_INTERRUPTED) {
        print_methods();
        return EXIT_DONE;
    }
    if (err == ERR_OK && n == 0)
        err =
            err_set(&info, ERR_USAGE, "run", "try 'tiller run data/mnist'", "the TASK is missing");
    o.held = words + 1;
    o.n_held = n > 0 ? n - 1 : 0;
    return err == ERR_OK ? search(&o, words[0]) : cli_fail(&info);
}
