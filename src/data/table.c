/* Tables: what the columns are. What the label says stands in label.c.
 *
 * A column is numeric if at least 95 % of its non-empty fields are decimal numbers; then any other
 * field is an error that names its place, for a typing error in row 5,000 must not turn a
 * measurement into 4,000 categories. What is fitted to values stands in encode.c. */
#include "table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum err table_refuse_cell(const struct table *t, enum err code, int64_t row, int32_t csv_column,
                           const char *hint, const char *detail)
{
    char where[256];
    return err_set(t->info, code,
                   csv_where(where, t->csv.path, t->csv.line[row + 1], csv_column + 1), hint, "%s",
                   detail);
}

/* ---- columns by name --------------------------------------------------------------------- */

static bool is_index(const char *name, int32_t column)
{
    char zero[16], one[16];
    text_format(zero, sizeof zero, "%d", (int)column);
    text_format(one, sizeof one, "%d", (int)column + 1);
    return strcmp(name, zero) == 0 || strcmp(name, one) == 0;
}

/* A number as a column's name means that the header is missing, unless it counts the columns. */
static enum err check_header(const struct table *t)
{
    double number;
    char detail[256];
    for (int32_t c = 0; c < t->csv.n_columns; c++) {
        const char *name = csv_header(&t->csv, c);
        if (!text_parse_double(name, &number) || is_index(name, c))
            continue;
        text_format(detail, sizeof detail, "the header line is missing: '%.64s' is no column name",
                    name);
        return table_refuse_cell(t, ERR_INPUT, -1, c, "begin the file with a line of column names",
                                 detail);
    }
    if (t->csv.n_columns < 2)
        return table_refuse_cell(t, ERR_INPUT, -1, 0,
                                 "separate fields by commas; the last column is the label",
                                 "the table has one column only");
    if (t->csv.n_rows == 0)
        return err_set(t->info, ERR_INPUT, t->csv.path, "add rows below the header",
                       "the table has a header but no rows");
    return ERR_OK;
}

static int compare_names(const void *a, const void *b)
{
    const char *const *x = a, *const *y = b;
    int order = strcmp(*x, *y);
    return order != 0 ? order : *x < *y ? -1 : *x > *y; /* equal ones by their place */
}

static enum err check_names_differ(const struct table *t)
{
    size_t n = (size_t)t->csv.n_columns, twice = n;
    char detail[256];
    const char **names = mem_alloc(n, sizeof *names);
    if (!names)
        return err_set_memory(t->info, t->csv.path);
    for (size_t c = 0; c < n; c++)
        names[c] = csv_header(&t->csv, (int32_t)c);
    qsort(names, n, sizeof *names, compare_names);
    for (size_t i = 1; i < n && twice == n; i++)
        if (names[i][0] && strcmp(names[i - 1], names[i]) == 0)
            twice = i;
    enum err e = ERR_OK;
    if (twice < n) {
        int32_t column = 0;
        while (csv_header(&t->csv, column) != names[twice])
            column++;
        text_format(detail, sizeof detail, "two columns are named '%.64s'", names[twice]);
        e = table_refuse_cell(t, ERR_INPUT, -1, column,
                              "name every column differently in the header line", detail);
    }
    mem_free(names);
    return e;
}

/* The column of that name; option names what asked for it. */
static enum err find_column(const struct table *t, const char *name, const char *option,
                            int32_t *out)
{
    int32_t n = t->csv.n_columns;
    for (*out = 0; *out < n; ++*out)
        if (strcmp(csv_header(&t->csv, *out), name) == 0)
            return ERR_OK;
    const char **names = mem_alloc((size_t)n, sizeof *names);
    char hint[160];
    if (!names)
        return err_set_memory(t->info, t->csv.path);
    for (int32_t c = 0; c < n; c++)
        names[c] = csv_header(&t->csv, c);
    const char *near = text_nearest(name, names, (size_t)n);
    if (near)
        text_format(hint, sizeof hint, "did you mean '%.64s'?", near);
    else
        text_format(hint, sizeof hint, "the columns are '%.40s' to '%.40s'", names[0],
                    names[n - 1]);
    mem_free(names);
    return err_set(t->info, ERR_USAGE, option, hint, "%.150s has no column '%.64s'", t->csv.path,
                   name);
}

static enum err find_target(struct table *t)
{
    t->target = t->csv.n_columns - 1;
    enum err e = check_header(t);
    if (e == ERR_OK)
        e = check_names_differ(t);
    if (e == ERR_OK && t->options->target)
        e = find_column(t, t->options->target, "--target", &t->target);
    if (e == ERR_OK)
        text_sanitize(t->set->target_name, sizeof t->set->target_name,
                      csv_header(&t->csv, t->target));
    return e;
}

bool table_is_missing(const struct table *t, const char *cell)
{
    size_t n;
    cell += strspn(cell, " \t");
    for (n = strlen(cell); n > 0 && (cell[n - 1] == ' ' || cell[n - 1] == '\t'); n--)
        continue;
    if (n == 0)
        return true;
    for (size_t i = 0; i < t->options->n_missing; i++)
        if (strlen(t->options->missing[i]) == n && memcmp(t->options->missing[i], cell, n) == 0)
            return true;
    return false;
}

/* ---- kinds of columns
 * -----------------------------------------------------------------------------
 */

bool table_looks_missing(const char *cell)
{
    static const char *const words[] = {"NA", "N/A",  "NaN",  "nan",  "?",      "-",
                                        ".",  "NULL", "null", "None", "missing"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(cell, words[i]) == 0)
            return true;
    return false;
}

static enum err refuse_text(const struct table *t, int32_t column, int64_t row)
{
    char detail[256], hint[256];
    const char *cell = table_cell(t, row, column), *name = t->set->columns[column].name;
    text_format(detail, sizeof detail, "'%.64s' in the numeric column '%s' is not a decimal number",
                cell, name);
    if (table_looks_missing(cell))
        text_format(hint, sizeof hint,
                    "read it as missing by --missing '%s', or the column as text by --categorical "
                    "%s",
                    cell, name);
    else
        text_format(hint, sizeof hint, "correct it, or read the column as text by --categorical %s",
                    name);
    return table_refuse_cell(t, ERR_INPUT, row, table_csv_column(t, column), hint, detail);
}

/* Numeric or not, by all rows; a numeric column's first bad field is the error. */
static enum err find_kind(struct table *t, int32_t column)
{
    struct data_column *c = &t->set->columns[column];
    int64_t n = 0, n_numbers = 0, first_text = -1, too_large = -1;
    double number;
    for (int64_t i = 0; i < t->csv.n_rows; i++) {
        const char *cell = table_cell(t, i, column);
        if (table_is_missing(t, cell)) {
            c->n_missing++;
            continue;
        }
        n++;
        if (!text_parse_double(cell, &number))
            first_text = first_text < 0 ? i : first_text;
        else if (n_numbers++, fabs(number) > TABLE_NUMBER_MAX && too_large < 0)
            too_large = i;
    }
    t->set->n_missing_cells += c->n_missing;
    if (c->kind == COLUMN_CATEGORICAL || (double)n_numbers < TABLE_NUMERIC_SHARE * (double)n) {
        c->kind = COLUMN_CATEGORICAL;
        return ERR_OK;
    }
    if (first_text >= 0)
        return refuse_text(t, column, first_text);
    if (too_large >= 0)
        return table_refuse_cell(t, ERR_INPUT, too_large, table_csv_column(t, column),
                                 "leave the field empty, or scale the column",
                                 "the number is too large (beyond 1e100)");
    return ERR_OK;
}

static enum err mark_categorical(struct table *t)
{
    for (size_t i = 0; i < t->options->n_categorical; i++) {
        int32_t column;
        const char *name = t->options->categorical[i];
        enum err e = find_column(t, name, "--categorical", &column);
        if (e != ERR_OK)
            return e;
        if (column == t->target)
            return err_set(t->info, ERR_USAGE, "--categorical",
                           "name columns of features only, or another label by --target",
                           "'%.64s' is the label column", name);
        t->set->columns[column - (column > t->target)].kind = COLUMN_CATEGORICAL;
    }
    return ERR_OK;
}

static enum err read_columns(struct table *t)
{
    struct data_set *set = t->set;
    int32_t n = t->csv.n_columns - 1;
    set->columns = mem_zero_alloc((size_t)n, sizeof *set->columns);
    t->one_hot = mem_zero_alloc((size_t)n, sizeof *t->one_hot);
    if (!set->columns || !t->one_hot)
        return err_set_memory(t->info, set->path);
    set->n_columns = n;
    enum err e = mark_categorical(t);
    for (int32_t c = 0; e == ERR_OK && c < n; c++) {
        struct data_column *column = &set->columns[c];
        const char *name = csv_header(&t->csv, table_csv_column(t, c));
        if (name[0])
            text_sanitize(column->name, sizeof column->name, name);
        else
            text_format(column->name, sizeof column->name, "column %d",
                        (int)table_csv_column(t, c) + 1);
        e = find_kind(t, c);
    }
    return e;
}

/* ---- from file to set
 * ----------------------------------------------------------------------------- */

static enum err allocate(struct table *t)
{
    size_t n = (size_t)t->csv.n_rows;
    t->text = mem_alloc(n, sizeof *t->text);
    t->label = mem_alloc(n, sizeof *t->label);
    t->part = mem_alloc(n, sizeof *t->part);
    t->x = mem_zero_alloc(n, sizeof *t->x);
    t->value = mem_alloc(n, 2 * sizeof *t->value);
    t->quantity = mem_alloc(n, sizeof *t->quantity);
    if (!t->text || !t->label || !t->part || !t->x || !t->value || !t->quantity)
        return err_set_memory(t->info, t->csv.path);
    return ERR_OK;
}

static void assign_rows(struct table *t)
{
    for (int64_t i = 0; i < t->csv.n_rows; i++)
        if (t->part[i] != PART_NONE)
            t->x[i] = set_next_row(t->set, (enum data_part_id)t->part[i], label_of(t, i));
}

/* Duplicates are found among the raw fields: rounding and folding must not make any. */
static enum err count_duplicates(struct table *t)
{
    struct digest *key = mem_alloc((size_t)t->csv.n_rows, sizeof *key);
    if (!key)
        return err_set_memory(t->info, t->csv.path);
    for (int64_t i = 0; i < t->csv.n_rows; i++) {
        key[i] = digest_start();
        for (int32_t c = 0; c < t->csv.n_columns; c++) {
            const char *cell = csv_cell(&t->csv, i, c);
            digest_add(&key[i], cell, strlen(cell));
        }
    }
    enum err e = set_count_duplicates(t->set, key, t->part, t->csv.n_rows, t->info);
    mem_free(key);
    return e;
}

static enum err build(struct table *t)
{
    enum err e = find_target(t);
    if (e == ERR_OK)
        e = allocate(t);
    if (e == ERR_OK)
        e = label_read(t);
    if (e == ERR_OK)
        e = read_columns(t);
    if (e == ERR_OK)
        e = encode_fit(t);
    if (e == ERR_OK)
        e = set_allocate_parts(t->set, t->part, t->csv.n_rows, t->info);
    if (e == ERR_OK) {
        assign_rows(t);
        encode_rows(t);
    }
    if (e == ERR_OK)
        e = count_duplicates(t);
    if (e == ERR_OK)
        set_finish(t->set);
    return e;
}

static void release(struct table *t)
{
    for (int32_t c = 0; t->one_hot && c < t->csv.n_columns - 1; c++)
        mem_free(t->one_hot[c].level);
    mem_free(t->one_hot);
    mem_free(t->text);
    mem_free(t->label);
    mem_free(t->part);
    mem_free(t->x);
    mem_free(t->value);
    mem_free(t->quantity);
    classes_free(&t->classes);
    csv_free(&t->csv);
}

enum err table_open(struct data_set *set, const struct data_options *options, struct err_info *info)
{
    struct table t = {.options = options, .set = set, .info = info};
    set->source = DATA_TABLE;
    enum err e = csv_read(set->path, &t.csv, info);
    if (e == ERR_OK)
        e = build(&t);
    release(&t);
    return e;
}
