/* bench: samplers and pruners compared on recorded learning curves. Trains nothing. */
#include "tiller/bench.h"
#include "bench_methods.h"
#include "cli.h"
#include "tiller/learn.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define USAGE                                                                                      \
    "usage: tiller bench TABLE [options]\n"                                                        \
    "       tiller bench FOLDER|POOLS.gz|LOG ... [options]\n\n"                                    \
    "Compares samplers and pruners on recorded learning curves: TABLE-configs.csv and\n"           \
    "TABLE-curves.csv, or what 'tiller learn' recorded, each task with a pool of its own. Every\n" \
    "method searches on every task with every seed; regret, ranks, epochs to the others' "         \
    "results\n"                                                                                    \
    "and differences come with 95 % intervals."

enum { PATHS_MAX = 64 };
struct bench_words {
    const char *path[PATHS_MAX];
    size_t n_paths;
    const char *unit, *axis, *of, *out, *knowledge, *peers, *nearest;
    struct option_list tasks, methods, with, pair;
    int64_t seeds, workers, known;
    double budget;
    bool describe, curves, json, permute;
};

/* ---- what was asked for ------------------------------------------------------------------ */

/* Index of a word among n names; -1 if word is NULL. */
static enum err choose(const char *option, const char *word, const char *const *names, int n,
                       const char *hint, int *out, struct err_info *info)
{
    *out = -1;
    for (int i = 0; word && i < n; i++)
        if (strcmp(word, names[i]) == 0)
            *out = i;
    if (word && *out < 0)
        return err_set(info, ERR_USAGE, option, hint, "'%s' is not possible", word);
    return ERR_OK;
}

/* What `learn --table` makes knowledge of. */
static enum err drop_known(struct curve_table *table, struct curve_pool *pool, int n,
                           struct err_info *info)
{
    int *point = mem_alloc((size_t)n, sizeof *point);
    bool *drop = mem_zero_alloc((size_t)pool->n, sizeof *drop);
    enum err err = ERR_OK;
    if (!point || !drop) {
        err = err_set_memory(info, table->name);
    } else {
        n = curve_table_known(pool->n, n, point);
        for (int i = 0; i < n; i++)
            drop[point[i]] = true;
        err = curve_table_drop(table, pool, drop, info);
    }
    mem_free(point);
    mem_free(drop);
    return err;
}

static bool knows(const struct bench_words *w)
{
    return w->knowledge && strcmp(w->knowledge, "no") != 0;
}

/* Looking at data that are gone is no error: the task is searched without. */
static void say(void *arg, const char *line)
{
    (void)arg;
    fprintf(stderr, "%s\n", line);
}

static enum err open_again(void *arg, const struct study *study, const char *path,
                           struct data_set **set, struct err_info *info)
{
    (void)arg;
    return cli_open_study_data(study, path, set, info);
}

/* What is nearest to a proposal. */
static enum err measure(struct curve_table *table, const char *nearest, struct err_info *info)
{
    static const char *const names[] = {"scales", "unit"};
    int how;
    enum err err = choose("--nearest", nearest, names, 2, "choose scales or unit", &how, info);
    return err == ERR_OK && how != 1 ? curve_table_measure(table, info) : err;
}

static enum err open_table(const struct bench_words *w, struct curve_table **out,
                           struct err_info *info)
{
    static const char *const names[] = {"percent", "error", "loss"};
    static const enum curve_unit units[] = {CURVE_PERCENT, CURVE_ERROR, CURVE_LOSS};
    const struct learn_looking looking = {.open = open_again, .say = say};
    int unit;
    *out = NULL;
    enum err err =
        choose("--unit", w->unit, names, 3, "choose percent, error or loss", &unit, info);
    if (err == ERR_OK)
        err = curve_table_open(w->path, w->n_paths, unit < 0 ? CURVE_UNIT_GUESS : units[unit],
                               knows(w) ? &looking : NULL, out, info);
    if (err == ERR_OK)
        err = measure(*out, w->nearest, info);
    if (err == ERR_OK && w->tasks.n > 0)
        err = curve_table_keep(*out, w->tasks.item, w->tasks.n, info);
    for (int i = 0; err == ERR_OK && w->known > 0 && i < (*out)->n_pools; i++)
        err = drop_known(*out, &(*out)->pools[i], (int)w->known, info);
    return err;
}

/* Knowledge, and what each task may use of it; what it was made of leaves the pools. */
static enum err open_knowledge(const struct bench_words *w, struct curve_table *table,
                               struct knowledge **knowledge, struct bench_guides **guides,
                               struct err_info *info)
{
    int n = 0;
    enum err err = knowledge_open(w->knowledge, knowledge, info);
    if (err == ERR_OK)
        err = bench_drop_known(table, *knowledge, &n, info);
    if (err == ERR_OK && n > 0)
        fprintf(stderr, "%d configurations that are known leave the pools\n", n);
    if (err == ERR_OK)
        err = bench_guides_new(*knowledge, table, w->permute, guides, info);
    return err;
}

/* ---- progress ---------------------------------------------------------------------------- */

struct line {
    bool terminal;
    int shown; /* tenths that were said */
};

static bool show_progress(void *arg, const struct learn_progress *p)
{
    struct line *line = arg;
    char left[48];
    text_duration(left, sizeof left, isnan(p->left) ? 0 : p->left);
    int tenth = p->all > 0 ? 10 * p->done / p->all : 10;
    if (line->terminal)
        fprintf(stderr, "\r%d of %d searches, %s left   %s", p->done, p->all, left,
                p->done == p->all ? "\n" : "");
    else if (tenth > line->shown)
        fprintf(stderr, "%d of %d searches, %s left\n", p->done, p->all, left);
    line->shown = tenth;
    return cli_signal == 0;
}

/* ---- doing it ---------------------------------------------------------------------------- */

static enum err print(const struct text *out, struct err_info *info)
{
    if (out->failed)
        return err_set_memory(info, "bench");
    if (fputs(text_get(out), stdout) == EOF || fflush(stdout) != 0)
        return err_set_errno(info, ERR_IO, "stdout", NULL, "writing failed");
    return ERR_OK;
}

static enum err describe(const struct curve_table *table, const struct bench_guides *guides,
                         const struct bench_words *w, struct err_info *info)
{
    struct text out = {0};
    enum err err = ERR_OK;
    if (w->json)
        err = curve_table_put_json(table, (int)w->seeds, w->curves, guides, &out, info);
    else
        curve_table_describe(table, &out);
    if (w->json)
        text_append_char(&out, '\n');
    if (err == ERR_OK)
        err = print(&out, info);
    text_free(&out);
    return err;
}

/* What the report is asked for. */
struct bench_asked {
    int axis, of, pair[2]; /* -1: not said */
};

static enum err read_asked(const struct bench_words *w, const char *const *names, int n,
                           struct bench_asked *out, struct err_info *info)
{
    static const char *const axes[] = {"epochs", "cost"};
    *out = (struct bench_asked){.pair = {-1, -1}};
    enum err err = choose("--axis", w->axis, axes, 2, "choose epochs or cost", &out->axis, info);
    if (err == ERR_OK)
        err = choose("--of", w->of, names, n, "name one of the methods", &out->of, info);
    if (err == ERR_OK && w->pair.n != 0 && w->pair.n != 2)
        err =
            err_set(info, ERR_USAGE, "--pair", "name two methods: A,B", "%zu are named", w->pair.n);
    for (size_t i = 0; i < w->pair.n && err == ERR_OK; i++)
        err = choose("--pair", w->pair.item[i], names, n, "name two of the methods", &out->pair[i],
                     info);
    return err;
}

/* All searches, ours and those of --with. */
static enum err run(const struct bench_options *options, const struct bench_words *w,
                    struct bench_result **out, struct err_info *info)
{
    enum err err = bench_run_all(options, out, info);
    for (size_t i = 0; i < w->with.n && err == ERR_OK; i++)
        err = bench_add_runs(*out, w->with.item[i], info);
    return err;
}

static enum err check_folder(const char *folder, struct err_info *info)
{
    char path[PATH_MAX];
    enum err err = file_make_folder(folder, info);
    if (err != ERR_OK)
        return err;
    return file_join(path, sizeof path, folder, "regret.csv")
               ? file_check_place(path, info)
               : err_set(info, ERR_USAGE, "--out", "use a shorter path", "is too long");
}

/* A search that is brought along may not have the name of one that is to run. */
static enum err check_names(const char *const *names, int n, struct err_info *info)
{
    for (int i = 0; i < n; i++)
        for (int k = 0; k < i; k++)
            if (strcmp(names[i], names[k]) == 0)
                return err_set(info, ERR_INPUT, "--with", "give it a name of its own",
                               "the method '%s' is there already", names[i]);
    return ERR_OK;
}

/* Everything but our own searches, so that what is wrong is said before hours of them. */
static enum err rehearse(const struct bench_options *options, const struct bench_words *w,
                         struct bench_asked *asked, struct err_info *info)
{
    const char *names[2 * BENCH_METHODS_MAX];
    struct bench_options others = *options;
    struct bench_result *result = NULL;
    int n = 0;
    others.n_methods = 0;
    others.guides = NULL;
    others.progress = NULL;
    for (int i = 0; i < options->n_methods; i++)
        names[n++] = options->method[i].name;
    enum err err = run(&others, w, &result, info);
    for (int i = 0; err == ERR_OK && i < result->n_methods && n < 2 * BENCH_METHODS_MAX; i++)
        names[n++] = result->method[i];
    if (err == ERR_OK && n == 0)
        err = err_set(info, ERR_USAGE, "--methods", "name one, or bring some by --with",
                      "there is no method to compare");
    if (err == ERR_OK)
        err = check_names(names, n, info);
    if (err == ERR_OK)
        err = read_asked(w, names, n, asked, info);
    if (err == ERR_OK && w->out)
        err = check_folder(w->out, info);
    bench_result_free(result);
    return err;
}

static enum err report(const struct bench_result *result, const struct bench_words *w,
                       const struct bench_asked *asked, struct err_info *info)
{
    struct bench_statistics *s = NULL;
    struct text out = {0};
    enum err err =
        bench_statistics_new(result, asked->axis == 1 ? BENCH_COST : BENCH_EPOCHS, &s, info);
    if (err == ERR_OK && w->out)
        err = bench_report_files(s, asked->of, w->out, info);
    if (err == ERR_OK) {
        if (w->json)
            bench_report_json(s, &out);
        else
            bench_report(s, asked->of, &out);
        if (!w->json && asked->pair[0] >= 0)
            bench_report_pair(s, asked->pair[0], asked->pair[1], &out);
        err = print(&out, info);
    }
    text_free(&out);
    bench_statistics_free(s);
    return err;
}

static enum err compare(const struct curve_table *table, const struct bench_guides *guides,
                        const struct bench_words *w, struct err_info *info)
{
    struct bench_method method[BENCH_METHODS_MAX];
    struct line line = {.terminal = isatty(STDERR_FILENO)};
    struct bench_result *result = NULL;
    struct bench_asked asked;
    struct bench_options options = {.table = table,
                                    .method = method,
                                    .n_seeds = (int)w->seeds,
                                    .budget = w->budget,
                                    .guides = guides,
                                    .n_workers = (int)w->workers,
                                    .progress = show_progress,
                                    .arg = &line};
    enum err err =
        bench_choose_methods(&w->methods, w->peers, knows(w), method, &options.n_methods, info);
    if (err == ERR_OK)
        err = rehearse(&options, w, &asked, info);
    cli_watch_signals();
    if (err == ERR_OK)
        err = run(&options, w, &result, info);
    if (err == ERR_OK)
        err = report(result, w, &asked, info);
    bench_result_free(result);
    return err;
}

static enum err bench(const struct bench_words *w, struct err_info *info)
{
    struct curve_table *table = NULL;
    struct knowledge *knowledge = NULL;
    struct bench_guides *guides = NULL;
    enum err err = open_table(w, &table, info);
    if (err == ERR_OK && knows(w))
        err = open_knowledge(w, table, &knowledge, &guides, info);
    if (err == ERR_OK)
        err = w->describe ? describe(table, guides, w, info) : compare(table, guides, w, info);
    bench_guides_free(guides);
    knowledge_free(knowledge);
    curve_table_free(table);
    return err;
}

int command_bench(int argc, char **argv)
{
    struct bench_words w = {.seeds = 10, .budget = 30};
    const struct cli_option table[] = {
        {"--methods", OPTION_LIST, &w.methods, 0, 0, "NAMES", "SAMPLER or SAMPLER+PRUNER, ..."},
        {"--peers", OPTION_TEXT, &w.peers, 0, 0, "FILE.json",
         "methods, as tests/bench/peers.json has"},
        {"--with", OPTION_LIST, &w.with, 0, 0, "FILE.csv", "searches that ran elsewhere"},
        {"--seeds", OPTION_INT, &w.seeds, 1, 1000, "N", "searches per task and method (10)"},
        {"--budget", OPTION_NUMBER, &w.budget, 0.5, 1000, "N", "in full trainings (30)"},
        {"--knowledge", OPTION_TEXT, &w.knowledge, 0, 0, "FILE", "what guided methods know, or no"},
        {"--permute", OPTION_FLAG, &w.permute, 0, 0, NULL,
         "shuffle it: what does wrong knowledge cost?"},
        {"--tasks", OPTION_LIST, &w.tasks, 0, 0, "NAMES", "these tasks only"},
        {"--of", OPTION_TEXT, &w.of, 0, 0, "METHOD", "the one compared in detail (the best)"},
        {"--pair", OPTION_LIST, &w.pair, 0, 0, "A,B", "two methods beside each other"},
        {"--axis", OPTION_TEXT, &w.axis, 0, 0, "WHAT", "charge epochs (default) or cost"},
        {"--known", OPTION_INT, &w.known, 1, 100000, "N",
         "take out the N that 'learn --table' uses"},
        {"--unit", OPTION_TEXT, &w.unit, 0, 0, "WHAT", "percent, error or loss (default: told)"},
        {"--nearest", OPTION_TEXT, &w.nearest, 0, 0, "HOW",
         "to a proposal: by scales of the results (default), or plain by unit axes"},
        {"--out", OPTION_TEXT, &w.out, 0, 0, "FOLDER", "write CSV tables and SVG plots there"},
        {"--workers", OPTION_INT, &w.workers, 1, 256, "N", "threads (default: one per core)"},
        {"--describe", OPTION_FLAG, &w.describe, 0, 0, NULL, "say what the table is, and end"},
        {"--curves", OPTION_FLAG, &w.curves, 0, 0, NULL, "with --describe --json: all curves"},
        {"--json", OPTION_FLAG, &w.json, 0, 0, NULL, "one JSON object on standard output"},
    };
    struct err_info info = {0};
    enum err err = cli_parse(table, sizeof table / sizeof *table, USAGE, argc, argv, w.path,
                             PATHS_MAX, &w.n_paths, &info);
    if (err == ERR_INTERRUPTED)
        return EXIT_DONE;
    if (err == ERR_OK && w.n_paths == 0)
        err =
            err_set(&info, ERR_USAGE, "bench", "see 'tiller bench --help'", "the TABLE is missing");
    if (err == ERR_OK && w.permute && !knows(&w))
        err = err_set(&info, ERR_USAGE, "--permute", "name it by --knowledge",
                      "there is no knowledge to shuffle");
    if (err == ERR_OK)
        err = bench(&w, &info);
    return err == ERR_OK ? EXIT_DONE : cli_fail(&info);
}
