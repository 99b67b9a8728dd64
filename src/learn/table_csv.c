/* table_csv: a curve table from its two files, and which files those are. */
#include "table_csv.h"

#include <string.h>

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

static enum err begin(struct table_reading *r)
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
    struct table_reading r = {.info = info};
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
        err = table_read_configs(&r, path);
    file_of(prefix, 1, path, sizeof path);
    if (err == ERR_OK)
        err = table_read_curves(&r, path);
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
