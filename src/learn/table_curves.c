/* table_curves: the curves of a curve table's two files: every task with every configuration, once.
 */
#include "numbers.h"
#include "table_csv.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

enum { TASKS_MAX = 10000 };
#define NUMBERS_MAX ((size_t)1 << 27) /* curve values in all: 1 GiB */

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
static enum err find_epochs(struct table_reading *r, const struct cells *c)
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

static enum err find_columns(struct table_reading *r, const struct cells *c)
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

static bool grow_marks(struct table_reading *r)
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

static enum err new_task(struct table_reading *r, const struct cells *c, int *out)
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
static enum err row_task(struct table_reading *r, const struct cells *c, int *out)
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

static enum err row_config(struct table_reading *r, const struct cells *c, int task, int *out)
{
    *out = table_find_config(r, c->field[r->id_column]);
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

static enum err read_cost(struct table_reading *r, const struct cells *c, double *out)
{
    enum err err = cells_number(c, r->cost_column, false, out, r->info);
    if (err == ERR_OK && !(*out > 0))
        err = cells_refuse(c, r->cost_column, r->info, "give it a positive time",
                           "a training can't take no time");
    return err;
}

static enum err read_curve(struct table_reading *r, const struct cells *c)
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

static enum err check_complete(const struct table_reading *r, const struct cells *c)
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
static enum err sum_up_untrained(struct table_reading *r)
{
    size_t n = (size_t)r->n, tasks = (size_t)r->table->n_tasks;
    r->task_untrained = mem_alloc(tasks, sizeof *r->task_untrained);
    if (!r->task_untrained)
        return err_set_memory(r->info, r->table->name);
    for (size_t k = 0; k < tasks; k++)
        r->task_untrained[k] = numbers_median(&r->untrained[k * n], n);
    return ERR_OK;
}

enum err table_read_curves(struct table_reading *r, const char *path)
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
