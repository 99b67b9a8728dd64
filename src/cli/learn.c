/* learn: making knowledge: recording trainings on many tasks, for learning from them (--record) or
 * for judging by them (--pool), packing what was recorded (--pack), and learning from it. */
#include "tiller/learn.h"
#include "learn_from.h"
#include "own.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define USAGE                                                                                      \
    "usage: tiller learn --record TASK ... [options]\n"                                            \
    "       tiller learn --pool TASK ... [options]\n"                                              \
    "       tiller learn --pack FOLDER -o FILE.gz [--pool]\n"                                      \
    "       tiller learn FOLDER | FILE.gz | STUDY.jsonl ... -o KNOWLEDGE.json\n"                   \
    "       tiller learn --table PREFIX -o KNOWLEDGE.json\n"                                       \
    "       tiller learn --list [FILE] | --forget STUDY [FILE]\n\n"                                \
    "Trains many networks in full on each TASK and keeps every epoch in study logs, one a task:\n" \
    "with --record NAME.study.jsonl, to learn from (the same configurations on every task, then\n" \
    "some of the agent's own, then some of both again with other seeds); with --pool\n"            \
    "NAME.pool.jsonl, other configurations, to judge searches by. Said again it goes on where "    \
    "it\n"                                                                                         \
    "was left. The test parts are not read. --pack makes one small file of a folder's logs.\n"     \
    "Without one of these words it learns from recordings, packed or not, and from past\n"         \
    "studies (ours or Optuna's journals), or from a table of curves: which configurations to\n"    \
    "try first, which tasks resemble each other, when to stop; of all tasks, and of all but\n"     \
    "each family. What came of it on the families left out is printed."

enum { TASKS_MAX = 1024, TASKS_BYTES_MAX = 1 << 20, STEPS = 30000 };

struct learn_words {
    bool record, pool, estimate, list;
    const char *tasks_path, *out, *pack, *file, *table, *forget;
    int64_t configs, own, repeats, epochs, workers, steps,
        rng_seed; /* -1, epochs and workers 0: not said */
    struct cli_data_options data;
    const char *typed[TASKS_MAX];
    size_t n_typed;
    char *tasks_text; /* owns what --tasks named */
};

/* ---- which tasks ------------------------------------------------------------------------- */

static enum err add_task(struct learn_words *w, const char *task, struct err_info *info)
{
    if (w->n_typed == TASKS_MAX)
        return err_set(info, ERR_USAGE, "TASK", "record them in several folders",
                       "more than %d tasks", TASKS_MAX);
    w->typed[w->n_typed++] = task;
    return ERR_OK;
}

/* One task a line; '#' begins a comment. */
static enum err read_tasks(struct learn_words *w, struct err_info *info)
{
    size_t n;
    char *rest = NULL;
    enum err err = file_read(w->tasks_path, TASKS_BYTES_MAX, &w->tasks_text, &n, info);
    if (err != ERR_OK)
        return err;
    for (char *line = strtok_r(w->tasks_text, "\r\n", &rest); line && err == ERR_OK;
         line = strtok_r(NULL, "\r\n", &rest)) {
        line[strcspn(line, "#")] = 0;
        line += strspn(line, " \t");
        size_t length = strlen(line);
        while (length > 0 && isspace((unsigned char)line[length - 1]))
            line[--length] = 0;
        if (length > 0)
            err = add_task(w, line, info);
    }
    return err;
}

static enum err open_task(void *arg, const char *typed, struct data_set **set,
                          struct text *data_json, struct err_info *info)
{
    const struct learn_words *w = arg;
    enum err err = cli_open_data(typed, &w->data, set, info);
    if (err == ERR_OK)
        cli_put_data_options(&w->data, *set, data_json);
    return err;
}

/* ---- recording --------------------------------------------------------------------------- */

static bool leave(void *arg)
{
    (void)arg;
    return cli_signal != 0;
}

static enum err make_plan(const struct learn_words *w, struct learn_plan *out,
                          struct err_info *info)
{
    *out = learn_plan_default(w->pool, (uint64_t)w->rng_seed);
    if (w->pool && (w->own >= 0 || w->repeats >= 0))
        return err_set(info, ERR_USAGE, w->own >= 0 ? "--own" : "--repeats", "leave it out",
                       "a pool has --configs only");
    if (w->configs >= 0)
        out->n_shared = (int)w->configs + out->n_starting;
    if (w->own >= 0)
        out->n_own = (int)w->own;
    if (w->repeats >= 0)
        out->n_repeats = (int)w->repeats;
    return ERR_OK;
}

static void print_estimates(const struct learn_estimate *e, size_t n)
{
    double sum = 0, most = 0;
    printf("%-34s %6s %6s %7s %9s %6s %10s %7s\n", "task", "rows", "inputs", "classes", "trainings",
           "epochs", "core hours", "at most");
    for (size_t i = 0; i < n; i++) {
        printf("%-34s %6lld %6d %7d %9d %6d %10.3f %7.3f\n", e[i].name, (long long)e[i].n_rows,
               e[i].n_inputs, e[i].n_classes, e[i].n_trainings, e[i].full_epochs,
               e[i].core_seconds / 3600, e[i].at_most / 3600);
        sum += e[i].core_seconds;
        most += e[i].at_most;
    }
    printf("%zu tasks: %.2f core hours, or up to %.2f if the best networks are large\n", n,
           sum / 3600, most / 3600);
}

static int estimate(const struct learn_recording *r)
{
    struct err_info info = {0};
    struct learn_estimate *e = mem_alloc(r->tasks.n, sizeof *e);
    if (!e)
        return err_set_memory(&info, "learn"), cli_fail(&info);
    enum err err = learn_estimate(r, e, &info);
    if (err == ERR_OK)
        print_estimates(e, r->tasks.n);
    mem_free(e);
    return err == ERR_OK ? EXIT_DONE : cli_fail(&info);
}

static int record(const struct learn_recording *r)
{
    struct err_info info = {0};
    bool finished;
    cli_watch_signals();
    if (learn_record(r, &finished, &info) != ERR_OK)
        return cli_fail(&info);
    if (finished)
        return EXIT_DONE;
    fputs("left, nothing is lost; the same command goes on\n", stderr);
    return EXIT_INTERRUPTED;
}

static int learn(struct learn_words *w)
{
    struct err_info info = {0};
    struct learn_recording r = {
        .tasks = {.typed = w->typed, .n = w->n_typed, .open = open_task, .arg = w},
        .folder = w->out    ? w->out
                  : w->pool ? "pools"
                            : "recordings",
        .n_workers = (int)w->workers,
        .full_epochs = (int)w->epochs,
        .rng_seed = (uint64_t)w->rng_seed,
        .say = learn_say,
        .leave = leave,
    };
    if (make_plan(w, &r.plan, &info) != ERR_OK)
        return cli_fail(&info);
    return w->estimate ? estimate(&r) : record(&r);
}

/* ---- packing ----------------------------------------------------------------------------- */

static int count_families(const struct learn_records *r)
{
    int n = 0;
    for (size_t i = 0; i < r->n_tasks; i++) {
        size_t k = 0;
        while (strcmp(r->task[k].family, r->task[i].family) != 0)
            k++;
        n += k == i;
    }
    return n;
}

/* What the file holds; on stderr what is not recorded to its end. */
static void say_records(const struct learn_records *r, const char *path)
{
    int64_t trainings = 0, epochs = 0;
    double seconds = 0;
    char counts[2][32];
    for (size_t i = 0; i < r->n_tasks; i++) {
        const struct recorded_task *task = &r->task[i];
        int wanted = learn_plan_trainings(&task->plan);
        if (task->n_trainings < (size_t)wanted)
            fprintf(stderr, "%s: only %zu of %d trainings\n", task->name, task->n_trainings,
                    wanted);
        trainings += (int64_t)task->n_trainings;
        for (size_t k = 0; k < task->n_trainings; k++) {
            epochs += task->training[k].n_epochs;
            seconds += task->training[k].seconds;
        }
    }
    printf("%s: %zu tasks of %d families, %s trainings, %s epochs, %.2f core hours\n", path,
           r->n_tasks, count_families(r), text_count(counts[0], sizeof counts[0], trainings),
           text_count(counts[1], sizeof counts[1], epochs), seconds / 3600);
}

static int pack(const struct learn_words *w)
{
    struct err_info info = {0};
    struct learn_records *records = NULL;
    enum err err = learn_check_out(w->file, NULL, 0, NULL, &info);
    if (err == ERR_OK)
        err = learn_open_folder(w->pack, w->pool, &records, &info);
    if (err == ERR_OK)
        err = learn_records_write(records, w->file, &info);
    if (err == ERR_OK)
        say_records(records, w->file);
    learn_records_free(records);
    return err == ERR_OK ? EXIT_DONE : cli_fail(&info);
}

/* ---- the command ------------------------------------------------------------------------- */

/* Learning from what there is. */
static enum err check_sources(const struct learn_words *w, struct err_info *info)
{
    if (w->estimate)
        return err_set(info, ERR_USAGE, "--estimate", "say one of them",
                       "goes with --record or --pool");
    if (w->n_typed == 0 && !w->table)
        return err_set(info, ERR_USAGE, "learn", "see 'tiller learn --help'",
                       "say --record, --pool or --pack, or what to learn from");
    return w->file ? ERR_OK
                   : err_set(info, ERR_USAGE, "-o", "try '-o knowledge.json'",
                             "the FILE for the knowledge is missing");
}

static int make_knowledge(const struct learn_words *w)
{
    struct learn_from_words words = {.source = w->typed,
                                     .n = w->n_typed,
                                     .table = w->table,
                                     .out = w->file,
                                     .configs = w->configs,
                                     .workers = w->workers,
                                     .steps = w->steps,
                                     .rng_seed = w->rng_seed};
    return learn_from(&words);
}

static enum err check_words(struct learn_words *w, struct err_info *info)
{
    enum err err = w->tasks_path ? read_tasks(w, info) : ERR_OK;
    if (err != ERR_OK)
        return err;
    if (w->pack && (w->record || w->n_typed > 0))
        return err_set(info, ERR_USAGE, "--pack", "record first, then pack",
                       "goes with -o and --pool only");
    if (w->pack)
        return w->file ? ERR_OK
                       : err_set(info, ERR_USAGE, "-o", "try '-o recordings.gz'",
                                 "the FILE to pack into is missing");
    if (!w->record && !w->pool)
        return check_sources(w, info);
    if (w->record == w->pool)
        return err_set(info, ERR_USAGE, "learn", "see 'tiller learn --help'",
                       "say --record or --pool, not both");
    if (w->file)
        return err_set(info, ERR_USAGE, "-o",
                       "name their folder by --out, and pack them afterwards",
                       "recordings are logs, one a task");
    if (w->n_typed == 0)
        return err_set(info, ERR_USAGE, "learn", "try 'tiller learn --record letter vowel'",
                       "no TASK is named");
    return ERR_OK;
}

int command_learn(int argc, char **argv)
{
    struct learn_words w = {.configs = -1, .own = -1, .repeats = -1, .steps = STEPS};
    const struct cli_option table[] = {
        {"--record", OPTION_FLAG, &w.record, 0, 0, NULL, "record trainings to learn from"},
        {"--pool", OPTION_FLAG, &w.pool, 0, 0, NULL, "record trainings to judge searches by"},
        {"--estimate", OPTION_FLAG, &w.estimate, 0, 0, NULL,
         "only measure an epoch of a few and say what it would take"},
        {"--pack", OPTION_TEXT, &w.pack, 0, 0, "FOLDER", "pack its recordings (pools) into a file"},
        {"-o", OPTION_TEXT, &w.file, 0, 0, "FILE", "the file to pack into, or for the knowledge"},
        {"--table", OPTION_TEXT, &w.table, 0, 0, "PREFIX",
         "learn from PREFIX-configs.csv and PREFIX-curves.csv"},
        {"--tasks", OPTION_TEXT, &w.tasks_path, 0, 0, "FILE", "more tasks: one a line, # comments"},
        {"--configs", OPTION_INT, &w.configs, 1, 100000, "N",
         "points shared by all tasks (64; pool: 500; table: 200)"},
        {"--own", OPTION_INT, &w.own, 0, 100000, "M", "more from a search on each task (32)"},
        {"--repeats", OPTION_INT, &w.repeats, 0, 100, "K",
         "further seeds for 16 of them: 8 drawn, 8 best (2)"},
        {"--epochs", OPTION_INT, &w.epochs, 2, 100000, "R",
         "of each training (by the task's rows: 30 to 50)"},
        {"--workers", OPTION_INT, &w.workers, 1, 64, "N", "worker threads (one per core)"},
        {"--steps", OPTION_INT, &w.steps, 0, 1000000000, "N",
         "of replay for each family, to learn moves by; 0: none (30000)"},
        {"--rng-seed", OPTION_INT, &w.rng_seed, 0, 9007199254740000.0, "N",
         "drives initialisation and batches; pool: its configurations too (0)"},
        {"--list", OPTION_FLAG, &w.list, 0, 0, NULL,
         "the studies of your own that were folded in; [FILE]"},
        {"--forget", OPTION_TEXT, &w.forget, 0, 0, "STUDY",
         "take one out again: id or log; [FILE]"},
        {"--out", OPTION_TEXT, &w.out, 0, 0, "FOLDER", "where the logs go (recordings; pools)"},
        CLI_DATA_OPTIONS(w.data),
    };
    struct err_info info = {0};
    enum err err = cli_parse(table, sizeof table / sizeof *table, USAGE, argc, argv, w.typed,
                             TASKS_MAX, &w.n_typed, &info);
    if (err == ERR_INTERRUPTED)
        return EXIT_DONE;
    if (err == ERR_OK && w.list && w.forget)
        err = err_set(&info, ERR_USAGE, "--list", "say one of them", "goes without --forget");
    if (err == ERR_OK && (w.list || w.forget))
        return w.list ? cli_list_own(w.typed[0]) : cli_forget_own(w.typed[0], w.forget);
    if (err == ERR_OK)
        err = check_words(&w, &info);
    int status = err != ERR_OK        ? cli_fail(&info)
                 : w.pack             ? pack(&w)
                 : w.record || w.pool ? learn(&w)
                                      : make_knowledge(&w);
    mem_free(w.tasks_text);
    return status;
}
