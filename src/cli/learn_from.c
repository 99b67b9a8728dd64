/* learn_from: reads what is named, has it learnt from, writes the knowledge and reads it back. */
#include "learn_from.h"
#include "knowledge.h"
#include "tiller/bench.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { TABLE_CONFIGS = 200 };

void learn_say(void *arg, const char *line)
{
    char clean[512];
    (void)arg;
    fprintf(stderr, "%s\n", text_sanitize(clean, sizeof clean, line));
}

/* ---- what is named ------------------------------------------------------------------------- */

/* All that was read. Zeroed at first; release frees it. */
struct gathered {
    struct learn_records *records;
    struct curve_table *table;
    struct learn_past *past; /* [n_past]; the studies are its own */
    size_t n_past, capacity;
    const char *origin;
};

static void release(struct gathered *g)
{
    learn_records_free(g->records);
    curve_table_free(g->table);
    for (size_t i = 0; i < g->n_past; i++)
        study_free((struct study *)g->past[i].study);
    mem_free(g->past);
}

static enum err open_again(void *arg, const struct study *study, const char *path,
                           struct data_set **set, struct err_info *info)
{
    (void)arg;
    return cli_open_study_data(study, path, set, info);
}

enum err learn_open_folder(const char *folder, bool pool, struct learn_records **out,
                           struct err_info *info)
{
    struct learn_looking looking = {.folder = folder, .open = open_again, .say = learn_say};
    enum err err = learn_records_folder(folder, pool, out, info);
    return err == ERR_OK ? learn_records_look(*out, &looking, info) : err;
}

/* Takes them over, or frees them. */
static enum err add_records(struct gathered *g, struct learn_records *more, const char *path,
                            struct err_info *info)
{
    if (!g->records) {
        g->records = more;
        g->origin = path;
        return ERR_OK;
    }
    enum err err = learn_records_join(g->records, more, path, info);
    learn_records_free(more);
    return err;
}

/* A single log of a recording; pools are refused. */
static enum err add_recording(struct gathered *g, const struct study *study, const char *path,
                              struct err_info *info)
{
    struct learn_records *more = mem_zero_alloc(1, sizeof *more);
    if (!more)
        return err_set_memory(info, path);
    enum err err = learn_records_add(more, study, path, info);
    if (err == ERR_OK)
        return add_records(g, more, path, info);
    learn_records_free(more);
    return err;
}

static enum err add_study(struct gathered *g, const char *path, struct err_info *info)
{
    struct learn_plan plan;
    struct study *study;
    for (size_t i = 0; i < g->n_past; i++)
        if (file_is_same(path, g->past[i].path))
            return err_set(info, ERR_USAGE, path, "leave one of them out", "is named twice");
    enum err err = study_read(path, NULL, &study, info);
    if (err != ERR_OK)
        return err;
    if (learn_plan_of(study, &plan)) {
        err = add_recording(g, study, path, info);
        study_free(study);
        return err;
    }
    if (!mem_grow((void **)&g->past, &g->capacity, g->n_past, sizeof *g->past)) {
        study_free(study);
        return err_set_memory(info, path);
    }
    g->past[g->n_past++] = (struct learn_past){study, path};
    return ERR_OK;
}

static bool is_packed(const char *path)
{
    size_t n = strlen(path);
    return n > 3 && strcmp(path + n - 3, ".gz") == 0;
}

static enum err gather(struct gathered *g, const char *path, struct err_info *info)
{
    struct learn_records *more = NULL;
    enum err err;
    if (file_is_folder(path))
        err = learn_open_folder(path, false, &more, info);
    else if (is_packed(path))
        err = learn_records_open(path, false, &more, info);
    else
        return add_study(g, path, info);
    if (err == ERR_OK)
        return add_records(g, more, path, info);
    learn_records_free(more);
    return err;
}

static enum err gather_all(const struct learn_from_words *w, struct gathered *g,
                           struct err_info *info)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < w->n && err == ERR_OK; i++)
        err = gather(g, w->source[i], info);
    if (err != ERR_OK || !w->table)
        return err;
    if (g->records)
        return err_set(info, ERR_USAGE, "--table", "learn from them apart",
                       "recordings and a table have nothing in common");
    g->origin = w->table;
    return curve_table_load(w->table, CURVE_UNIT_GUESS, &g->table, info);
}

/* ---- where it goes --------------------------------------------------------------------------- */

static bool is_log(const char *path)
{
    static const char end[] = ".jsonl";
    size_t n = strlen(path);
    return n >= sizeof end - 1 && strcmp(path + n - (sizeof end - 1), end) == 0;
}

static bool is_of_table(const char *out, const char *table)
{
    static const char *const files[] = {"%s-configs.csv", "%s-curves.csv"};
    char path[PATH_MAX];
    for (size_t i = 0; table && i < 2; i++)
        if (file_is_same(out, text_format(path, sizeof path, files[i], table)))
            return true;
    return false;
}

enum err learn_check_out(const char *out, const char *const *source, size_t n, const char *table,
                         struct err_info *info)
{
    char own[640];
    const char *is = NULL;
    for (size_t i = 0; i < n; i++)
        if (file_is_same(out, source[i]))
            is = "is what is learnt from";
    if (is_of_table(out, table))
        is = "is what is learnt from";
    else if (file_exists(out) && is_log(out))
        is = "is a study log";
    else if (cli_own_path(own, sizeof own) && file_is_same(out, own))
        is = "is what your own studies have taught";
    return is ? err_set(info, ERR_USAGE, "-o", "name another file", "%s %s", out, is)
              : file_check_place(out, info);
}

/* ---- learning ------------------------------------------------------------------------------- */

struct line {
    bool terminal;
    int shown; /* tenths that were said */
};

static bool show_progress(void *arg, const struct learn_progress *p)
{
    struct line *line = arg;
    char left[48];
    int tenth = p->all > 0 ? 10 * p->done / p->all : 10;
    text_duration(left, sizeof left, isnan(p->left) ? 0 : p->left);
    if (line->terminal)
        fprintf(stderr, "\rlearning: step %d of %d, %s left   %s", p->done, p->all, left,
                p->done == p->all ? "\n" : "");
    else if (tenth > line->shown)
        fprintf(stderr, "learning: step %d of %d, %s left\n", p->done, p->all, left);
    line->shown = tenth;
    return cli_signal == 0;
}

/* As anybody will read it: so a file that can't be read is never left as if it could. */
static enum err read_back(const char *path, struct err_info *info)
{
    struct knowledge *k;
    double began = clock_now_s();
    enum err err = knowledge_open(path, &k, info);
    if (err == ERR_OK)
        fprintf(stderr, "%s: %s; opens in %.0f ms\n", path, k->made, 1e3 * (clock_now_s() - began));
    knowledge_free(k);
    return err;
}

static enum err write_out(const struct knowledge *k, const char *path, struct err_info *info)
{
    struct text bytes = {0};
    enum err err = knowledge_write(k, &bytes);
    err = err == ERR_OK ? file_write_atomic(path, text_get(&bytes), bytes.length, info)
                        : err_set(info, err, path, NULL, "%s", err_sentence(err));
    text_free(&bytes);
    return err == ERR_OK ? read_back(path, info) : err;
}

static enum err learn(const struct learn_from_words *w, const struct gathered *g,
                      struct err_info *info)
{
    struct line line = {.terminal = isatty(STDERR_FILENO)};
    struct learn_sources from = {.records = g->records,
                                 .table = g->table,
                                 .n_configs = w->configs < 0 ? TABLE_CONFIGS : (int)w->configs,
                                 .past = g->past,
                                 .n_past = g->n_past,
                                 .origin = g->origin};
    struct learn_options options = {.n_workers = (int)w->workers,
                                    .seed = (uint64_t)w->rng_seed,
                                    .steps = w->steps,
                                    .progress = show_progress,
                                    .say = learn_say,
                                    .arg = &line};
    struct knowledge *k;
    struct text report = {0};
    cli_watch_signals();
    enum err err = learn_knowledge(&from, &options, &k, &report, info);
    if (err == ERR_OK)
        err = write_out(k, w->out, info);
    if (err == ERR_OK)
        fputs(text_get(&report), stdout);
    knowledge_free(k);
    text_free(&report);
    return err;
}

int learn_from(const struct learn_from_words *w)
{
    struct gathered g = {0};
    struct err_info info = {0};
    enum err err = learn_check_out(w->out, w->source, w->n, w->table, &info);
    if (err == ERR_OK)
        err = gather_all(w, &g, &info);
    if (err == ERR_OK)
        err = learn(w, &g, &info);
    release(&g);
    if (err == ERR_INTERRUPTED) {
        fputs("\nleft; nothing was written\n", stderr);
        return EXIT_INTERRUPTED;
    }
    return err == ERR_OK ? EXIT_DONE : cli_fail(&info);
}
