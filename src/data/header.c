/* A table's header: columns by name. A column without a name is called by its place, "column 3". */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

enum { MADE_NAME_BYTES = 24 };

static bool is_index(const char *name, int32_t column)
{
    char zero[16], one[16];
    text_format(zero, sizeof zero, "%d", (int)column);
    text_format(one, sizeof one, "%d", (int)column + 1);
    return strcmp(name, zero) == 0 || strcmp(name, one) == 0;
}

enum err csv_check_header(const struct csv *csv, struct err_info *info)
{
    double number;
    char where[256];
    for (int32_t c = 0; c < csv->n_columns; c++) {
        const char *name = csv_header(csv, c);
        if (text_parse_double(name, &number) && !is_index(name, c))
            return err_set(info, ERR_INPUT, csv_where(where, csv->path, csv->line[0], c + 1),
                           "begin the file with a line of column names",
                           "the header line is missing: '%.64s' is no column name", name);
    }
    return ERR_OK;
}

enum err csv_check_rows(const struct csv *csv, struct err_info *info)
{
    return csv->n_rows > 0 ? ERR_OK
                           : err_set(info, ERR_INPUT, csv->path, "add rows below the header",
                                     "the table has a header but no rows");
}

/* Equal names by their place, so that the second one is what an error points at. */
static int compare_names(const void *a, const void *b)
{
    const struct csv_name *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order != 0 ? order : x->column < y->column ? -1 : x->column > y->column;
}

static enum err allocate(const struct csv *csv, struct csv_names *out, struct err_info *info)
{
    size_t n = (size_t)csv->n_columns, unnamed = 0;
    for (int32_t c = 0; c < csv->n_columns; c++)
        unnamed += csv_header(csv, c)[0] == 0;
    *out = (struct csv_names){.n = csv->n_columns,
                              .name = mem_alloc(n, sizeof *out->name),
                              .sorted = mem_alloc(n, sizeof *out->sorted),
                              .made = mem_alloc(unnamed, MADE_NAME_BYTES)};
    return out->name && out->sorted && out->made ? ERR_OK : err_set_memory(info, csv->path);
}

static enum err check_names_differ(const struct csv *csv, const struct csv_names *names,
                                   struct err_info *info)
{
    const struct csv_name *s = names->sorted;
    char where[256];
    for (int32_t i = 1; i < names->n; i++)
        if (strcmp(s[i - 1].name, s[i].name) == 0)
            return err_set(info, ERR_INPUT,
                           csv_where(where, csv->path, csv->line[0], s[i].column + 1),
                           "name every column differently in the header line",
                           "two columns are named '%.64s'", s[i].name);
    return ERR_OK;
}

enum err csv_name_columns(const struct csv *csv, struct csv_names *out, struct err_info *info)
{
    enum err e = allocate(csv, out, info);
    char *made = out->made;
    for (int32_t c = 0; e == ERR_OK && c < out->n; c++) {
        out->name[c] = csv_header(csv, c);
        if (!out->name[c][0]) {
            out->name[c] = text_format(made, MADE_NAME_BYTES, "column %d", (int)c + 1);
            made += MADE_NAME_BYTES;
        }
        out->sorted[c] = (struct csv_name){out->name[c], c};
    }
    if (e == ERR_OK) {
        qsort(out->sorted, (size_t)out->n, sizeof *out->sorted, compare_names);
        e = check_names_differ(csv, out, info);
    }
    if (e != ERR_OK)
        csv_names_free(out);
    return e;
}

void csv_names_free(struct csv_names *names)
{
    mem_free(names->name);
    mem_free(names->sorted);
    mem_free(names->made);
    *names = (struct csv_names){0};
}

static int compare_to_name(const void *key, const void *element)
{
    return strcmp(key, ((const struct csv_name *)element)->name);
}

int32_t csv_find_column(const struct csv_names *names, const char *name)
{
    const struct csv_name *found =
        bsearch(name, names->sorted, (size_t)names->n, sizeof *names->sorted, compare_to_name);
    return found ? found->column : -1;
}

const char *csv_suggest_column(const struct csv_names *names, const char *name, char *out,
                               size_t out_size)
{
    const char *near = text_nearest(name, names->name, (size_t)names->n);
    if (near)
        return text_format(out, out_size, "did you mean '%.64s'?", near);
    return text_format(out, out_size, "the columns are '%.40s' to '%.40s'", names->name[0],
                       names->name[names->n - 1]);
}
