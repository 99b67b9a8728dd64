/* table_csv: the two-file form of curve tables (bench.h, curve_table_load). */
#include "cells.h"
#include "guess.h"
#include "numbers.h"
#include "table.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CONFIGS_MAX = 1000000, TASKS_MAX = 10000 };
#define NUMBERS_MAX ((size_t)1 << 27) /* curve values in all: 1 GiB */

/* A configuration's id and where it stands, sorted by id for look-up. */
struct place {
    char id[32];
    int index;
};

struct reading {
    struct curve_table *table;
    struct place *places; /* [n] */
    int n;
    size_t capacity;
    double *value; /* [n x space.n], row-major: as in the file, then internal */
    size_t value_capacity;
    bool complement[SPACE_MAX];
    int n_epochs;
    int id_column, task_column, family_column, cost_column, first_epoch; /* of the curves */
    bool has_untrained; /* the column before first_epoch is epoch 0 */
    bool *seen;         /* [n_tasks x n] */
    double *untrained;  /* [n_tasks x n], NaN where unknown */
    double *task_untrained;
    struct err_info *info;
};

/* ---- configurations ---------------------------------------------------------------------- */

static int by_id(const void *a, const void *b)
{
    return strcmp(((const struct place *)a)->id, ((const struct place *)b)->id);
}

static int find_config(const struct reading *r, const char *id)
{
    struct place key = {.index = -1};
    if (!r->places || !text_copy(key.id, sizeof key.id, id))
        return -1;
    const struct place *found = bsearch(&key, r->places, (size_t)r->n, sizeof key, by_id);
    return found ? found->index : -1;
}

/* The columns but config_id are hyperparameters; the first row tells numbers from words. */
static enum err read_names(struct reading *r, const struct cells *c)
{
    struct space *space = &r->table->pools->space;
    r->id_column = cells_find(c, "config_id");
    if (r->id_column < 0)
        return cells_refuse(c, -1, r->info, "name the configurations in a column config_id",
                            "there is no column config_id");
    if (c->n_columns - 1 < 1 || c->n_columns - 1 > SPACE_MAX)
        return cells_refuse(c, -1, r->info, "one column per hyperparameter, beside config_id",
                            "there are %d hyperparameters; 1 to %d are possible", c->n_columns - 1,
                            SPACE_MAX);
    for (int i = 0; i < c->n_columns; i++) {
        if (i == r->id_column)
            continue;
        if (strlen(c->header[i]) > SPACE_NAME_MAX - 4)
            return cells_refuse(c, i, r->info, "shorten it", "the name is too long");
        struct hyperparameter *h = &space->h[space->n++];
        memset(h, 0, sizeof *h);
        text_sanitize(h->name, sizeof h->name, c->header[i]);
        h->active_if = -1;
    }
    return ERR_OK;
}

/* The choice's index; a new one is added. -1: there is no room. */
static int choice_index(struct hyperparameter *h, const char *word)
{
    char text[sizeof h->choice[0].text];
    text_sanitize(text, sizeof text, word);
    for (int k = 0; k < h->n_choices; k++)
        if (strcmp(h->choice[k].text, text) == 0)
            return k;
    if (h->n_choices == SPACE_CHOICES_MAX || strpbrk(text, "\\\""))
        return -1;
    struct hyper_choice *choice = &h->choice[h->n_choices];
    text_copy(choice->text, sizeof choice->text, text);
    text_format(choice->json, sizeof choice->json, "\"%s\"", text);
    return h->n_choices++;
}

static enum err read_value(struct reading *r, const struct cells *c, int column,
                           struct hyperparameter *h, double *out)
{
    double number;
    if (r->n == 0 && !text_parse_double(c->field[column], &number))
        h->kind = HYPER_CATEGORICAL;
    if (h->kind != HYPER_CATEGORICAL)
        return cells_number(c, column, false, out, r->info);
    int k = c->field[column][0] ? choice_index(h, c->field[column]) : -1;
    if (k < 0)
        return cells_refuse(c, column, r->info, "numbers in every row, or a few different words",
                            "'%s' can't be a choice, or there are more than %d", c->field[column],
                            SPACE_CHOICES_MAX);
    *out = k;
    return ERR_OK;
}

static enum err read_config(struct reading *r, const struct cells *c)
{
    struct space *space = &r->table->pools->space;
    size_t d = (size_t)space->n, n = (size_t)r->n;
    if (n == CONFIGS_MAX)
        return cells_refuse(c, -1, r->info, "use fewer", "more than %d configurations",
                            CONFIGS_MAX);
    if (!mem_grow((void **)&r->places, &r->capacity, n, sizeof *r->places) ||
        !mem_grow((void **)&r->value, &r->value_capacity, n, d * sizeof *r->value))
        return err_set_memory(r->info, c->path);
    struct place *p = &r->places[n];
    if (!c->field[r->id_column][0] || !text_copy(p->id, sizeof p->id, c->field[r->id_column]))
        return cells_refuse(c, r->id_column, r->info, "at most 31 bytes",
                            "the id is empty or too long");
    p->index = r->n;
    enum err err = ERR_OK;
    for (int i = 0, k = 0; i < c->n_columns && err == ERR_OK; i++) {
        if (i == r->id_column)
            continue;
        err = read_value(r, c, i, &space->h[k], &r->value[n * d + (size_t)k]);
        k++;
    }
    r->n += err == ERR_OK;
    return err;
}

static enum err guess_column(struct reading *r, int k)
{
    struct space *space = &r->table->pools->space;
    struct hyperparameter *h = &space->h[k];
    size_t d = (size_t)space->n, n = (size_t)r->n;
    char name[SPACE_NAME_MAX];
    if (h->kind == HYPER_CATEGORICAL) {
        h->role = ROLE_NONE;
        return ERR_OK;
    }
    double *column = mem_alloc(n, sizeof *column);
    if (!column)
        return err_set_memory(r->info, r->table->name);
    for (size_t i = 0; i < n; i++)
        column[i] = r->value[i * d + (size_t)k];
    text_copy(name, sizeof name, h->name);
    enum err err = guess_hyperparameter(name, column, n, h, &r->complement[k], r->info);
    for (size_t i = 0; i < n && err == ERR_OK; i++)
        r->value[i * d + (size_t)k] = column[i];
    mem_free(column);
    for (int i = 0; i < k; i++)
        if (h->role != ROLE_NONE && space->h[i].role == h->role)
            h->role = ROLE_NONE; /* the first of two keeps it */
    return err;
}

/* In the middle of each axis: where a search without knowledge may begin. */
static void set_fallbacks(struct space *space)
{
    struct configuration middle;
    double unit[SPACE_MAX];
    for (int k = 0; k < space->n; k++) {
        space->h[k].fallback = space->h[k].kind == HYPER_CATEGORICAL ? 0 : space->h[k].low;
        unit[k] = 0.5;
    }
    space_decode(space, unit, &middle);
    for (int k = 0; k < space->n; k++)
        if (space->h[k].kind != HYPER_CATEGORICAL)
            space->h[k].fallback = middle.value[k];
}

static enum err make_pool(struct reading *r)
{
    struct curve_table *table = r->table;
    size_t d = (size_t)table->pools->space.n, n = (size_t)r->n;
    struct curve_pool *pool = table->pools;
    pool->n = r->n;
    pool->config = mem_zero_alloc(n, sizeof *pool->config);
    pool->unit = mem_alloc(n, d * sizeof *pool->unit);
    if (!pool->config || !pool->unit)
        return err_set_memory(r->info, table->name);
    for (size_t i = 0; i < n; i++) {
        memcpy(pool->config[i].value, &r->value[i * d], d * sizeof(double));
        space_tidy(&table->pools->space, &pool->config[i]);
        space_encode(&table->pools->space, &pool->config[i], &pool->unit[i * d]);
    }
    return ERR_OK;
}

static enum err sort_ids(struct reading *r, const struct cells *c)
{
    if (r->n < 2 || !r->places)
        return err_set(r->info, ERR_INPUT, c->path, "give it two at least",
                       "there are %d configurations", r->n);
    qsort(r->places, (size_t)r->n, sizeof *r->places, by_id);
    for (int i = 1; i < r->n; i++)
        if (strcmp(r->places[i].id, r->places[i - 1].id) == 0)
            return err_set(r->info, ERR_INPUT, c->path, "name each configuration once",
                           "config_id %s stands there twice", r->places[i].id);
    return ERR_OK;
}

static enum err read_configs(struct reading *r, const char *path)
{
    struct cells c;
    bool more = true;
    enum err err = cells_open(&c, path, r->info);
    if (err != ERR_OK)
        return err;
    err = read_names(r, &c);
    while (err == ERR_OK && (err = cells_next(&c, &more, r->info)) == ERR_OK && more)
        err = read_config(r, &c);
    if (err == ERR_OK)
        err = sort_ids(r, &c);
    cells_close(&c);
    for (int k = 0; k < r->table->pools->space.n && err == ERR_OK; k++)
        err = guess_column(r, k);
    if (err != ERR_OK)
        return err;
    set_fallbacks(&r->table->pools->space);
    return make_pool(r);
}

/* ---- curves ------------------------------------------------------------------------------ */

/* The number behind a column's word, "e12" gives 12; -1: none. */
static int64_t number_of(const char *name)
{
    size_t letters = 0;
    int64_t number;
    while (isalpha((unsigned char)name[letters]) || name[letters] == '_')
        letters++;
    if (letters == 0 || !isdigit((unsigned char)name[letters]))
        return -1;
    return text_parse_int(name + letters, &number) && number < CELLS_COLUMNS_MAX ? number : -1;
}

/* The epochs are the last columns: one word, numbers that rise by one, from 0 or 1. */
static enum err find_epochs(struct reading *r, const struct cells *c)
{
    int last = c->n_columns - 1, first = last;
    size_t word = strcspn(c->header[last], "0123456789");
    int64_t number = number_of(c->header[last]);
    while (first > 0 && number > 0 && number_of(c->header[first - 1]) == number - 1 &&
           strncmp(c->header[first - 1], c->header[last], word) == 0) {
        first--;
        number--;
    }
    r->has_untrained = number == 0;
    r->first_epoch = first + (r->has_untrained ? 1 : 0);
    r->n_epochs = c->n_columns - r->first_epoch;
    if (number < 0 || number > 1 || r->n_epochs < 2)
        return cells_refuse(c, last, r->info, "let the row end with e1,e2,e3 ...",
                            "the last columns are not the epochs from 0 or 1 on");
    return ERR_OK;
}

static enum err find_columns(struct reading *r, const struct cells *c)
{
    enum err err = find_epochs(r, c);
    if (err != ERR_OK)
        return err;
    r->id_column = cells_find(c, "config_id");
    r->family_column = cells_find(c, "family");
    r->task_column = cells_find(c, "task");
    if (r->task_column < 0)
        r->task_column = cells_find(c, "task_id");
    if (r->task_column < 0 || r->id_column < 0)
        return cells_refuse(c, -1, r->info, "begin with task,config_id", "there is no column %s",
                            r->id_column < 0 ? "config_id" : "task");
    r->cost_column = -1;
    for (int i = r->first_epoch - 1; i >= 0; i--)
        if (strncmp(c->header[i], "time", 4) == 0)
            r->cost_column = i;
    return ERR_OK;
}

static bool grow_marks(struct reading *r)
{
    size_t n = (size_t)r->n, tasks = (size_t)r->table->n_tasks;
    bool *seen = mem_resize(r->seen, tasks, n);
    if (!seen)
        return false;
    r->seen = seen;
    memset(&seen[(tasks - 1) * n], 0, n);
    double *untrained = mem_resize(r->untrained, tasks, n * sizeof *untrained);
    if (!untrained)
        return false;
    r->untrained = untrained;
    for (size_t i = 0; i < n; i++)
        untrained[(tasks - 1) * n + i] = (double)NAN;
    return true;
}

static enum err new_task(struct reading *r, const struct cells *c, int *out)
{
    struct curve_table *table = r->table;
    const char *family = r->family_column >= 0 ? c->field[r->family_column] : NULL;
    size_t numbers = ((size_t)table->n_tasks + 1) * (size_t)r->n;
    *out = table->n_tasks;
    if (table->n_tasks == TASKS_MAX || numbers > NUMBERS_MAX / (size_t)r->n_epochs)
        return cells_refuse(c, r->task_column, r->info, "split the table",
                            "too many tasks for one table");
    if (!c->field[r->task_column][0] || (family && !family[0]))
        return cells_refuse(c, r->task_column, r->info, "name it", "an empty task or family");
    struct curve_task *t =
        table_add_task(table, c->field[r->task_column], family, table->pools, r->n_epochs);
    if (!t || !grow_marks(r))
        return err_set_memory(r->info, c->path);
    if (r->cost_column >= 0 && !(t->cost = mem_zero_alloc((size_t)r->n, sizeof *t->cost)))
        return err_set_memory(r->info, c->path);
    return ERR_OK;
}

/* The task of this row, mostly that of the row before; a new one is added. */
static enum err row_task(struct reading *r, const struct cells *c, int *out)
{
    char name[CURVE_NAME_MAX];
    text_sanitize(name, sizeof name, c->field[r->task_column]);
    for (int i = r->table->n_tasks - 1; i >= 0; i--)
        if (strcmp(r->table->tasks[i].name, name) == 0) {
            *out = i;
            return ERR_OK;
        }
    return new_task(r, c, out);
}

static enum err row_config(struct reading *r, const struct cells *c, int task, int *out)
{
    *out = find_config(r, c->field[r->id_column]);
    if (*out < 0)
        return cells_refuse(c, r->id_column, r->info, "add it to the configurations",
                            "no configuration has the id '%s'", c->field[r->id_column]);
    bool *seen = &r->seen[(size_t)task * (size_t)r->n + (size_t)*out];
    if (*seen)
        return cells_refuse(c, r->id_column, r->info, "keep one of them",
                            "a second curve of config_id %s on this task", c->field[r->id_column]);
    *seen = true;
    return ERR_OK;
}

static enum err read_cost(struct reading *r, const struct cells *c, double *out)
{
    enum err err = cells_number(c, r->cost_column, false, out, r->info);
    if (err == ERR_OK && !(*out > 0))
        err = cells_refuse(c, r->cost_column, r->info, "give it a positive time",
                           "a training can't take no time");
    return err;
}

static enum err read_curve(struct reading *r, const struct cells *c)
{
    int task = 0, config = 0;
    enum err err = row_task(r, c, &task);
    if (err == ERR_OK)
        err = row_config(r, c, task, &config);
    if (err != ERR_OK)
        return err;
    struct curve_task *t = &r->table->tasks[task];
    size_t n_epochs = (size_t)r->n_epochs;
    double *curve = &t->error[(size_t)config * n_epochs];
    double *before = &r->untrained[(size_t)task * (size_t)r->n + (size_t)config];
    if (t->cost)
        err = read_cost(r, c, &t->cost[config]);
    if (err == ERR_OK && r->has_untrained)
        err = cells_number(c, r->first_epoch - 1, true, before, r->info);
    for (size_t e = 0; e < n_epochs && err == ERR_OK; e++)
        err = cells_number(c, r->first_epoch + (int)e, true, &curve[e], r->info);
    return err;
}

static enum err check_complete(const struct reading *r, const struct cells *c)
{
    for (int k = 0; k < r->table->n_tasks; k++)
        for (int i = 0; i < r->n; i++)
            if (!r->seen[(size_t)k * (size_t)r->n + (size_t)r->places[i].index])
                return err_set(r->info, ERR_INPUT, c->path,
                               "give every task a curve of every configuration",
                               "task %s has no curve of config_id %s", r->table->tasks[k].name,
                               r->places[i].id);
    return ERR_OK;
}

/* Median of what the untrained networks had, NaN if unknown. */
static enum err sum_up_untrained(struct reading *r)
{
    size_t n = (size_t)r->n, tasks = (size_t)r->table->n_tasks;
    r->task_untrained = mem_alloc(tasks, sizeof *r->task_untrained);
    if (!r->task_untrained)
        return err_set_memory(r->info, r->table->name);
    for (size_t k = 0; k < tasks; k++)
        r->task_untrained[k] = numbers_median(&r->untrained[k * n], n);
    return ERR_OK;
}

static enum err read_curves(struct reading *r, const char *path)
{
    struct cells c;
    bool more = true;
    enum err err = cells_open(&c, path, r->info);
    if (err != ERR_OK)
        return err;
    err = find_columns(r, &c);
    while (err == ERR_OK && (err = cells_next(&c, &more, r->info)) == ERR_OK && more)
        err = read_curve(r, &c);
    if (err == ERR_OK)
        err = check_complete(r, &c);
    cells_close(&c);
    return err == ERR_OK ? sum_up_untrained(r) : err;
}

/* ---- both -------------------------------------------------------------------------------- */

static const char *const endings[] = {"-configs.csv", "-curves.csv", "-configs.csv.gz",
                                      "-curves.csv.gz"};

/* What was typed may be one of the two files itself. */
static void strip_ending(char *prefix)
{
    size_t length = strlen(prefix);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        size_t n = strlen(endings[i]);
        if (length > n && strcmp(prefix + length - n, endings[i]) == 0) {
            prefix[length - n] = 0;
            return;
        }
    }
}

/* The plain file's name, or the packed one's if only that exists. */
static void file_of(const char *prefix, int which, char *out, size_t out_size)
{
    text_format(out, out_size, "%s%s", prefix, endings[which + 2]);
    if (!file_exists(out))
        text_format(out, out_size, "%s%s", prefix, endings[which]);
}

static enum err begin(struct reading *r)
{
    r->table->pools = mem_zero_alloc(1, sizeof *r->table->pools);
    if (!r->table->pools)
        return err_set_memory(r->info, r->table->name);
    r->table->n_pools = 1;
    return ERR_OK;
}

enum err curve_table_load(const char *typed, enum curve_unit unit, struct curve_table **out,
                          struct err_info *info)
{
    char prefix[480], path[512];
    struct reading r = {.info = info};
    *out = NULL;
    if (!text_copy(prefix, sizeof prefix, typed))
        return err_set(info, ERR_INPUT, "TABLE", "use a shorter path", "the path is too long");
    strip_ending(prefix);
    r.table = mem_zero_alloc(1, sizeof *r.table);
    if (!r.table)
        return err_set_memory(info, prefix);
    r.table->unit = unit;
    r.table->guessed = true;
    text_sanitize(r.table->name, sizeof r.table->name, file_base_name(prefix));
    file_of(prefix, 0, path, sizeof path);
    enum err err = begin(&r);
    if (err == ERR_OK)
        err = read_configs(&r, path);
    file_of(prefix, 1, path, sizeof path);
    if (err == ERR_OK)
        err = read_curves(&r, path);
    if (err == ERR_OK)
        err = table_finish(r.table, r.task_untrained, info);
    mem_free(r.places);
    mem_free(r.value);
    mem_free(r.seen);
    mem_free(r.untrained);
    mem_free(r.task_untrained);
    if (err != ERR_OK)
        curve_table_free(r.table);
    else
        *out = r.table;
    return err;
}
