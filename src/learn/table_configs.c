/* table_configs: the configurations of a curve table's two files; what their columns are is guessed
 * from names and values. */
#include "guess.h"
#include "table_csv.h"

#include <stdlib.h>
#include <string.h>

enum { CONFIGS_MAX = 1000000 };

static int by_id(const void *a, const void *b)
{
    return strcmp(((const struct table_place *)a)->id, ((const struct table_place *)b)->id);
}

int table_find_config(const struct table_reading *r, const char *id)
{
    struct table_place key = {.index = -1};
    if (!r->places || !text_copy(key.id, sizeof key.id, id))
        return -1;
    const struct table_place *found = bsearch(&key, r->places, (size_t)r->n, sizeof key, by_id);
    return found ? found->index : -1;
}

/* The columns but config_id are hyperparameters; the first row tells numbers from words. */
static enum err read_names(struct table_reading *r, const struct cells *c)
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

static enum err read_value(struct table_reading *r, const struct cells *c, int column,
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

static enum err read_config(struct table_reading *r, const struct cells *c)
{
    struct space *space = &r->table->pools->space;
    size_t d = (size_t)space->n, n = (size_t)r->n;
    if (n == CONFIGS_MAX)
        return cells_refuse(c, -1, r->info, "use fewer", "more than %d configurations",
                            CONFIGS_MAX);
    if (!mem_grow((void **)&r->places, &r->capacity, n, sizeof *r->places) ||
        !mem_grow((void **)&r->value, &r->value_capacity, n, d * sizeof *r->value))
        return err_set_memory(r->info, c->path);
    struct table_place *p = &r->places[n];
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

static enum err guess_column(struct table_reading *r, int k)
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

static enum err make_pool(struct table_reading *r)
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

static enum err sort_ids(struct table_reading *r, const struct cells *c)
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

enum err table_read_configs(struct table_reading *r, const char *path)
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
