/* Tables: what the columns are. What the label says stands in label.c.
 *
 * A column is numeric if at least 95 % of its non-empty fields are decimal numbers; then any other
 * field is an error that names its place, for a typing error in row 5,000 must not turn a
 * measurement into 4,000 categories. What is fitted to values stands in encode.c. */
#include "table.h"

#include <math.h>
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

/* The column of that name; option names what asked for it. */
static enum err find_column(const struct table *t, const char *name, const char *option,
                            int32_t *out)
{
    char hint[160];
    *out = csv_find_column(&t->names, name);
    if (*out >= 0)
        return ERR_OK;
    return err_set(t->info, ERR_USAGE, option,
                   csv_suggest_column(&t->names, name, hint, sizeof hint),
                   "%.150s has no column '%.64s'", t->csv.path, name);
}

static enum err find_target(struct table *t)
{
    enum err e = csv_check_header(&t->csv, t->info);
    t->target = t->csv.n_columns - 1;
    if (e == ERR_OK && t->target == 0)
        e = table_refuse_cell(t, ERR_INPUT, -1, 0,
                              "separate fields by commas; the last column is the label",
                              "the table has one column only");
    if (e == ERR_OK)
        e = csv_check_rows(&t->csv, t->info);
    if (e == ERR_OK)
        e = csv_name_columns(&t->csv, &t->names, t->info);
    if (e == ERR_OK && t->options->target)
        e = find_column(t, t->options->target, "--target", &t->target);
    if (e == ERR_OK)
        text_sanitize(t->set->target_name, sizeof t->set->target_name, t->names.name[t->target]);
    return e;
}

/* ---- kinds of columns
 * -----------------------------------------------------------------------------
 */

static bool looks_missing(const char *cell)
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
    if (looks_missing(cell))
        text_format(hint, sizeof hint,
                    "read it as missing by --missing '%s', or the column as text by --categorical "
                    "%s",
                    cell, name);
    else
        text_format(hint, sizeof hint, "correct it, or read the column as text by --categorical %s",
                    name);
    return table_refuse_cell(t, ERR_INPUT, row, t->feature[column], hint, detail);
}

/* Numeric or not, by all rows; a numeric column's first bad field is the error. */
static enum err find_kind(struct table *t, int32_t column)
{
    struct data_column *c = &t->set->columns[column];
    int64_t n = 0, n_numbers = 0, first_text = -1, too_large = -1;
    double number;
    for (int64_t i = 0; i < t->csv.n_rows; i++) {
        const char *cell = table_cell(t, i, column);
        if (encoding_is_missing(t->encoding, cell)) {
            c->n_missing += t->part[i] != PART_NONE;
            continue;
        }
        n++;
        if (!text_parse_double(cell, &number))
            first_text = first_text < 0 ? i : first_text;
        else if (n_numbers++, fabs(number) > NUMBER_MAX && too_large < 0)
            too_large = i;
    }
    t->set->n_missing_cells += c->n_missing;
    if (c->kind == COLUMN_CATEGORICAL || (double)n_numbers < NUMERIC_SHARE * (double)n) {
        c->kind = COLUMN_CATEGORICAL;
        return ERR_OK;
    }
    if (first_text >= 0)
        return refuse_text(t, column, first_text);
    if (too_large >= 0)
        return table_refuse_cell(t, ERR_INPUT, too_large, t->feature[column],
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
        for (int32_t c = 0; c < t->set->n_columns; c++)
            if (t->feature[c] == column)
                t->set->columns[c].kind = COLUMN_CATEGORICAL;
    }
    return ERR_OK;
}

/* The feature columns: all but the label, or those that the variant has. */
static enum err find_features(struct table *t, int32_t *n)
{
    *n = t->csv.n_columns - 1;
    t->feature = mem_alloc((size_t)*n, sizeof *t->feature);
    if (!t->feature)
        return err_set_memory(t->info, t->csv.path);
    for (int32_t c = 0; c < *n; c++)
        t->feature[c] = c + (c >= t->target);
    variant_choose_features(set_variant(t->set), t->feature, n);
    return ERR_OK;
}

static enum err allocate_columns(struct table *t)
{
    struct data_set *set = t->set;
    int32_t n;
    if (find_features(t, &n) != ERR_OK)
        return ERR_MEMORY;
    set->columns = mem_zero_alloc((size_t)n, sizeof *set->columns);
    t->encoding->column = mem_zero_alloc((size_t)n, sizeof *t->encoding->column);
    if (!set->columns || !t->encoding->column)
        return err_set_memory(t->info, set->path);
    set->n_columns = t->encoding->n_columns = n;
    return ERR_OK;
}

static enum err read_columns(struct table *t)
{
    enum err e = allocate_columns(t);
    if (e == ERR_OK)
        e = mark_categorical(t);
    for (int32_t c = 0; e == ERR_OK && c < t->set->n_columns; c++) {
        struct column_code *code = &t->encoding->column[c];
        const char *name = t->names.name[t->feature[c]];
        text_sanitize(t->set->columns[c].name, sizeof t->set->columns[c].name, name);
        code->name = mem_dup_text(name);
        e = code->name ? find_kind(t, c) : err_set_memory(t->info, t->set->path);
        code->kind = t->set->columns[c].kind;
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

static void digest_cell(struct digest *d, const char *cell)
{
    digest_add(d, cell, strlen(cell));
}

/* Duplicates are found among the raw fields: rounding and folding must not make any. */
static enum err count_duplicates(struct table *t)
{
    struct digest *key = mem_alloc((size_t)t->csv.n_rows, sizeof *key);
    if (!key)
        return err_set_memory(t->info, t->csv.path);
    for (int64_t i = 0; i < t->csv.n_rows; i++) {
        key[i] = digest_start();
        for (int32_t c = 0; c < t->set->n_columns; c++)
            digest_cell(&key[i], table_cell(t, i, c));
        digest_cell(&key[i], csv_cell(&t->csv, i, t->target));
    }
    enum err e = set_count_duplicates(t->set, key, t->part, t->csv.n_rows, t->info);
    mem_free(key);
    return e;
}

static enum err keep_missing_words(struct table *t)
{
    struct encoding *e = t->encoding;
    e->missing = mem_zero_alloc(t->options->n_missing, sizeof *e->missing);
    for (size_t i = 0; e->missing && i < t->options->n_missing; i++) {
        e->n_missing++;
        e->missing[i] = mem_dup_text(t->options->missing[i]);
        if (!e->missing[i])
            return err_set_memory(t->info, t->csv.path);
    }
    return e->missing ? ERR_OK : err_set_memory(t->info, t->csv.path);
}

static enum err build(struct table *t)
{
    enum err e = find_target(t);
    if (e == ERR_OK)
        e = keep_missing_words(t);
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
    mem_free(t->text);
    mem_free(t->label);
    mem_free(t->part);
    mem_free(t->x);
    mem_free(t->value);
    mem_free(t->quantity);
    mem_free(t->feature);
    classes_free(&t->classes);
    csv_names_free(&t->names);
    csv_free(&t->csv);
}

enum err table_open(struct data_set *set, const struct data_options *options, struct err_info *info)
{
    struct table t = {.options = options, .set = set, .encoding = set_encoding(set), .info = info};
    set->source = DATA_TABLE;
    enum err e = csv_read(set->path, &t.csv, info);
    if (e == ERR_OK)
        e = build(&t);
    release(&t);
    return e;
}
