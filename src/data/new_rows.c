/* New rows for a network that has been trained: encoded as its training rows were.
 *
 * A table's columns are found by their names, so their order and further columns don't matter. What
 * the training rows never had is counted, for the answer to such a row is a guess. */
#include "encoder.h"

#include <math.h>
#include <string.h>

struct new_table {
    const struct data_encoder *e;
    struct csv csv;
    struct csv_names names;
    int32_t *place; /* [n_columns] where each column stands in the file */
    bool strict;
    struct data_new_rows *out;
    struct err_info *info;
};

static enum err allocate_rows(const struct data_encoder *e, int64_t n_rows, const char *path,
                              struct data_new_rows *out, struct err_info *info)
{
    if (n_rows > CELLS_MAX / e->n_inputs)
        return err_set(info, ERR_INPUT, path, "use fewer rows at a time",
                       "%lld rows of %d inputs are too many", (long long)n_rows, (int)e->n_inputs);
    out->x = mem_aligned_alloc((size_t)n_rows * (size_t)e->n_inputs, sizeof *out->x);
    if (!out->x)
        return err_set_memory(info, path);
    out->n_rows = n_rows;
    return ERR_OK;
}

/* ---- a table's columns ------------------------------------------------------------------- */

static enum err refuse_columns(const struct new_table *t, const char *name, int n_absent)
{
    char where[256], hint[160], more[48] = "";
    if (n_absent > 1)
        text_format(more, sizeof more, " (nor %d other%s)", n_absent - 1, n_absent == 2 ? "" : "s");
    return err_set(t->info, ERR_INPUT, csv_where(where, t->csv.path, t->csv.line[0], 0),
                   csv_suggest_column(&t->names, name, hint, sizeof hint),
                   "the table has no column '%.64s', which the network needs%s", name, more);
}

static enum err find_columns(struct new_table *t)
{
    const struct encoding *code = &t->e->encoding;
    const char *absent = NULL;
    int n_absent = 0;
    t->place = mem_alloc((size_t)code->n_columns, sizeof *t->place);
    if (!t->place)
        return err_set_memory(t->info, t->csv.path);
    for (int32_t c = 0; c < code->n_columns; c++) {
        t->place[c] = csv_find_column(&t->names, code->column[c].name);
        if (t->place[c] < 0 && n_absent++ == 0)
            absent = code->column[c].name;
    }
    return absent ? refuse_columns(t, absent, n_absent) : csv_check_rows(&t->csv, t->info);
}

/* ---- a table's fields -------------------------------------------------------------------- */

static const char *where_is(const struct new_table *t, int64_t row, int32_t column,
                            char out[static 256])
{
    return csv_where(out, t->csv.path, t->csv.line[row + 1], t->place[column] + 1);
}

static enum err encode_number(struct new_table *t, int64_t row, int32_t column, const char *cell,
                              float *x)
{
    const struct column_code *c = &t->e->encoding.column[column];
    double value = NAN;
    char where[256];
    if (!encoding_is_missing(&t->e->encoding, cell) && !text_parse_double(cell, &value))
        return err_set(t->info, ERR_INPUT, where_is(t, row, column, where),
                       "correct it, or leave the field empty if it is missing",
                       "'%.64s' in the numeric column '%.64s' is not a decimal number", cell,
                       c->name);
    if (fabs(value) > NUMBER_MAX)
        return err_set(t->info, ERR_INPUT, where_is(t, row, column, where), "leave the field empty",
                       "the number is too large (beyond 1e100)");
    column_put_number(c, value, x);
    return ERR_OK;
}

/* "'mauve'", or that there is nothing. */
static const char *field_text(const struct new_table *t, const char *cell, char out[static 80])
{
    char safe[72];
    if (encoding_is_missing(&t->e->encoding, cell))
        return text_format(out, 80, "a missing field");
    return text_format(out, 80, "'%s'", text_sanitize(safe, sizeof safe, cell));
}

static enum err refuse_unknown(const struct new_table *t, int64_t row, int32_t column,
                               const char *cell)
{
    const struct column_code *c = &t->e->encoding.column[column];
    char where[256], field[80], hint[160] = "";
    size_t n = (size_t)c->n_levels;
    const char *near = n > 0 ? text_nearest(cell, (const char *const *)c->level, n) : NULL;
    if (near)
        text_format(hint, sizeof hint, "did you mean '%.64s'?", near);
    else if (n > 0)
        text_format(hint, sizeof hint, "there were '%.40s' to '%.40s', %d in all", c->level[0],
                    c->level[n - 1], (int)(c->n_levels + c->n_rare));
    return err_set(t->info, ERR_INPUT, where_is(t, row, column, where), hint,
                   "%s in the column '%.64s' is unknown: no training row had it",
                   field_text(t, cell, field), c->name);
}

static void note_unknown(struct new_table *t, int64_t row, int32_t column, const char *cell)
{
    char name[72], field[80];
    if (t->out->n_unknown++ > 0)
        return;
    text_format(t->out->first_unknown, sizeof t->out->first_unknown, "line %lld, %s: %s",
                (long long)t->csv.line[row + 1],
                text_sanitize(name, sizeof name, t->e->encoding.column[column].name),
                field_text(t, cell, field));
}

static enum err encode_row(struct new_table *t, int64_t row, float *x)
{
    const struct encoding *code = &t->e->encoding;
    enum err e = ERR_OK;
    for (int32_t c = 0; e == ERR_OK && c < code->n_columns; c++) {
        const char *cell = csv_cell(&t->csv, row, t->place[c]);
        bool known = true;
        if (code->column[c].kind == COLUMN_NUMERIC)
            e = encode_number(t, row, c, cell, x);
        else
            column_put_level(&code->column[c], column_level(code, &code->column[c], cell, &known),
                             x);
        if (!known && t->strict)
            e = refuse_unknown(t, row, c, cell);
        else if (!known)
            note_unknown(t, row, c, cell);
    }
    return e;
}

/* ---- a table's labels, if it has them ---------------------------------------------------- */

static int32_t find_class(const struct data_encoder *e, const char *cell)
{
    char name[CLASS_NAME_MAX];
    text_sanitize(name, sizeof name, cell); /* as the names of classes were */
    for (int32_t c = 0; c < e->n_classes; c++)
        if (strcmp(e->class_names[c], name) == 0)
            return c;
    return -1;
}

static float find_target(const struct data_encoder *e, const char *cell)
{
    double value;
    if (encoding_is_missing(&e->encoding, cell) || !text_parse_double(cell, &value) ||
        fabs(value) > NUMBER_MAX)
        return NAN;
    return (float)standardise(value, e->target_mean, e->target_scale);
}

static int32_t find_label(const struct new_table *t)
{
    char name[DATA_NAME_MAX];
    for (int32_t c = 0; c < t->names.n; c++)
        if (strcmp(text_sanitize(name, sizeof name, t->names.name[c]), t->e->target_name) == 0)
            return c;
    return -1;
}

static enum err read_classes(struct new_table *t, int32_t column)
{
    int32_t *y = mem_alloc((size_t)t->out->n_rows, sizeof *y);
    for (int64_t row = 0; y && row < t->out->n_rows; row++)
        y[row] = find_class(t->e, csv_cell(&t->csv, row, column));
    t->out->y = y;
    return y ? ERR_OK : err_set_memory(t->info, t->csv.path);
}

static enum err read_targets(struct new_table *t, int32_t column)
{
    float *target = mem_alloc((size_t)t->out->n_rows, sizeof *target);
    for (int64_t row = 0; target && row < t->out->n_rows; row++)
        target[row] = find_target(t->e, csv_cell(&t->csv, row, column));
    t->out->target = target;
    return target ? ERR_OK : err_set_memory(t->info, t->csv.path);
}

static enum err read_labels(struct new_table *t)
{
    int32_t column = find_label(t);
    if (column < 0)
        return ERR_OK;
    return t->e->task == DATA_REGRESSION ? read_targets(t, column) : read_classes(t, column);
}

static enum err encode_table(struct new_table *t, const char *path)
{
    enum err e = csv_read(path, &t->csv, t->info);
    if (e == ERR_OK)
        e = csv_name_columns(&t->csv, &t->names, t->info);
    if (e == ERR_OK)
        e = find_columns(t);
    if (e == ERR_INPUT && t->csv.n_columns > 0)
        csv_check_header(&t->csv, t->info); /* a missing header is the better message */
    if (e == ERR_OK)
        e = allocate_rows(t->e, t->csv.n_rows, path, t->out, t->info);
    for (int64_t row = 0; e == ERR_OK && row < t->csv.n_rows; row++)
        e = encode_row(t, row, t->out->x + row * t->e->n_inputs);
    if (e == ERR_OK)
        e = read_labels(t);
    mem_free(t->place);
    csv_names_free(&t->names);
    csv_free(&t->csv);
    return e;
}

/* ---- images ------------------------------------------------------------------------------ */

static enum err encode_images(const struct data_encoder *e, const char *path,
                              struct data_new_rows *out, struct err_info *info)
{
    struct idx_images images;
    enum err err = idx_read_images(path, &images, info);
    if (err != ERR_OK)
        return err;
    if (images.rows != e->image_rows || images.columns != e->image_columns)
        err = err_set(info, ERR_INPUT, path, "bring the images to that size",
                      "its images have %d x %d pixels, but the network's have %d x %d",
                      (int)images.rows, (int)images.columns, (int)e->image_rows,
                      (int)e->image_columns);
    if (err == ERR_OK)
        err = allocate_rows(e, images.n, path, out, info);
    for (int64_t i = 0; err == ERR_OK && i < images.n * e->n_inputs; i++)
        out->x[i] = idx_input(images.pixels[i]);
    idx_free_images(&images);
    return err;
}

enum err data_encode_file(const struct data_encoder *e, const char *path, bool strict,
                          struct data_new_rows *out, struct err_info *info)
{
    *out = (struct data_new_rows){0};
    if (file_is_folder(path))
        return err_set(info, ERR_INPUT, path,
                       e->source == DATA_IMAGES
                           ? "name a file of images in it, such as t10k-images-idx3-ubyte.gz"
                           : "name a CSV table",
                       "is a folder");
    struct new_table table = {.e = e, .strict = strict, .out = out, .info = info};
    enum err err =
        e->source == DATA_IMAGES ? encode_images(e, path, out, info) : encode_table(&table, path);
    if (err != ERR_OK)
        data_new_rows_free(out);
    return err;
}

void data_new_rows_free(struct data_new_rows *rows)
{
    mem_free(rows->x);
    mem_free(rows->y);
    mem_free(rows->target);
    *rows = (struct data_new_rows){0};
}
