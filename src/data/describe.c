/* What was understood of a set, for people: lines of at most 80 columns of the terminal, whatever
 * the names in the file are. */
#include "internal.h"

#include <math.h>
#include <string.h>

enum { WIDTH = 80, LABEL_WIDTH = 14, CLASSES_SHOWN = 50, COLUMNS_SHOWN = 40, LEVELS_WIDTH = 34 };

/* Columns of the terminal; East Asian letters and pictures take two. */
static int width_of(uint32_t code)
{
    return (code >= 0x1100 && code <= 0x115F) || (code >= 0x2E80 && code <= 0xA4CF) ||
                   (code >= 0xAC00 && code <= 0xD7A3) || (code >= 0xF900 && code <= 0xFAFF) ||
                   (code >= 0xFE30 && code <= 0xFE6F) || (code >= 0xFF00 && code <= 0xFF60) ||
                   code >= 0x1F300
               ? 2
               : 1;
}

static int text_width(const char *s)
{
    int width = 0, n;
    for (uint32_t code; (n = text_utf8_next(s, &code)) > 0; s += n)
        width += width_of(code);
    return width;
}

/* s in exactly `width` columns: filled with blanks, or cut with an ellipsis. */
static void put_cell(struct text *out, const char *s, int width)
{
    int used = 0, n;
    bool cut = text_width(s) > width;
    for (uint32_t code; (n = text_utf8_next(s, &code)) > 0; s += n) {
        if (used + width_of(code) > width - cut)
            break;
        text_append_n(out, s, (size_t)n);
        used += width_of(code);
    }
    if (cut) {
        text_append(out, "…");
        used++;
    }
    text_appendf(out, "%*s", width - used, "");
}

static void put_label(struct text *out, const char *label)
{
    text_append(out, "  ");
    put_cell(out, label, LABEL_WIDTH);
}

static void end_line(struct text *out)
{
    while (out->length > 0 && out->data[out->length - 1] == ' ')
        out->data[--out->length] = 0;
    text_append_char(out, '\n');
}

/* "12,000 rows", "1 row" */
static const char *counted(char out[static 64], int64_t n, const char *thing)
{
    char digits[32];
    return text_format(out, 64, "%s %s%s", text_count(digits, sizeof digits, n), thing,
                       n == 1 ? "" : "s");
}

/* The end of a path says more than its beginning. */
static void put_path(struct text *out, const char *path, int width)
{
    char safe[sizeof((struct data_set *)0)->path];
    const char *s = text_sanitize(safe, sizeof safe, path);
    uint32_t code;
    if (text_width(s) > width) {
        text_append(out, "…");
        while (text_width(s) > width - 1)
            s += text_utf8_next(s, &code);
    }
    text_append(out, s);
}

static void put_heading(const struct data_set *set, struct text *out)
{
    const char *kind = set->source == DATA_IMAGES ? ": an image set\n" : ": a table\n";
    int width = text_width(set->name), most = WIDTH + 1 - (int)strlen(kind);
    put_cell(out, set->name, width < most ? width : most);
    text_append(out, kind);
    put_label(out, "read from");
    put_path(out, set->path, WIDTH - LABEL_WIDTH - 2);
    end_line(out);
}

/* What stands behind an item of a variant. */
static const char *change_of(const char *item, enum data_task task)
{
    static const struct {
        const char *key, *classes, *quantity;
    } changes[] = {
        {"classes=", "their rows only", ""},
        {"rows=", "of the training and validation rows", "of the training and validation rows"},
        {"imbalance=", "from 1 to this share of each class stays", ""},
        {"features=", "of the feature columns", "of the feature columns"},
        {"noise=", "of the labels are wrong", "deviations of noise in the labels"},
        {"seed=", "what was drawn by", "what was drawn by"},
    };
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++)
        if (strncmp(item, changes[i].key, strlen(changes[i].key)) == 0)
            return task == DATA_REGRESSION ? changes[i].quantity : changes[i].classes;
    return "";
}

/* The canonical text, an item a line. */
static void put_variant(const struct data_set *set, struct text *out)
{
    enum { ITEM_WIDTH = 20 };
    char text[DATA_VARIANT_MAX], *rest = text, *item;
    if (!set->variant[0])
        return;
    put_label(out, "variant of");
    put_cell(out, set->family, WIDTH - LABEL_WIDTH - 2);
    end_line(out);
    text_copy(text, sizeof text, set->variant);
    while ((item = strsep(&rest, ","))) {
        put_label(out, "");
        put_cell(out, item, text_width(item) < ITEM_WIDTH ? text_width(item) : ITEM_WIDTH);
        text_appendf(out, ": %s\n", change_of(item, set->task));
    }
    put_label(out, "");
    text_append(out, "rows keep their parts; the test part is not thinned, nor wrong\n");
}

static void put_features(const struct data_set *set, struct text *out)
{
    char columns[64], numbers[64], inputs[64], cells[64];
    int numeric = 0, constant = 0;
    put_label(out, "features");
    if (set->source == DATA_IMAGES) {
        text_appendf(out, "%d x %d pixels: %s\n", (int)set->image_rows, (int)set->image_columns,
                     counted(inputs, set->n_inputs, "input"));
        return;
    }
    for (int c = 0; c < set->n_columns; c++) {
        numeric += set->columns[c].kind == COLUMN_NUMERIC;
        constant += set->columns[c].constant;
    }
    text_appendf(out, "%s: %s numeric, %d categorical; %s\n",
                 counted(columns, set->n_columns, "column"),
                 text_count(numbers, sizeof numbers, numeric), set->n_columns - numeric,
                 counted(inputs, set->n_inputs, "input"));
    if (constant > 0) {
        put_label(out, "");
        text_appendf(out, "%s constant in the training rows\n",
                     counted(columns, constant, "column"));
    }
    put_label(out, "missing");
    text_appendf(out, "%s\n", counted(cells, set->n_missing_cells, "field"));
}

static void put_rows(const struct data_set *set, struct text *out)
{
    char rows[64], dropped[64], part[DATA_N_PARTS][32];
    put_label(out, "rows");
    text_append(out, counted(rows, set->n_rows, "row"));
    if (set->n_dropped_rows > 0)
        text_appendf(out, " (%s of %d rare classes dropped)",
                     counted(dropped, set->n_dropped_rows, "row"), set->n_dropped_classes);
    end_line(out);
    for (int p = 0; p < DATA_N_PARTS; p++)
        text_count(part[p], sizeof part[p], set->part[p].n_rows);
    put_label(out, "split");
    text_appendf(out, "%s training, %s validation, %s test\n", part[DATA_TRAIN],
                 part[DATA_VALIDATION], part[DATA_TEST]);
    put_label(out, "");
    text_appendf(out, "%s; split seed %llu\n",
                 set->source == DATA_IMAGES     ? "80/20 of the train files, t10k is the test part"
                 : set->task == DATA_REGRESSION ? "60/20/20, stratified by tenths of the label"
                                                : "60/20/20, stratified by class",
                 (unsigned long long)set->split_seed);
    put_label(out, "duplicates");
    text_appendf(out, "%s of validation and test also in training, exactly\n",
                 counted(rows, set->n_duplicates, "row"));
}

static void put_majority(const struct data_set *set, struct text *out)
{
    put_label(out, "majority");
    text_appendf(out, "%.1f %% of the training rows are of one class;\n", 100 * set->majority_rate);
    put_label(out, "");
    text_appendf(out, "always answering it has a validation error of %.4f\n", set->majority_error);
}

/* 1 - squared error / variance of the validation rows' labels: 0 or a little less. Rounded, so that
 * no "-0.0000" is shown; NaN if those labels don't differ. */
static double mean_answer_r2(const struct data_set *set)
{
    const struct data_part *p = &set->part[DATA_VALIDATION];
    double mean = 0, squares = 0;
    for (int32_t i = 0; i < p->n_rows; i++)
        mean += (double)p->target[i] / p->n_rows;
    for (int32_t i = 0; i < p->n_rows; i++)
        squares += (p->target[i] - mean) * (p->target[i] - mean);
    return squares > 0 ? round(1e4 * (1 - set->majority_error * p->n_rows / squares)) / 1e4 + 0.0
                       : (double)NAN;
}

static void put_quantity(const struct data_set *set, struct text *out)
{
    char low[32], high[32], mean[32], scale[32], r2[32], error[32];
    put_label(out, "range");
    text_appendf(out, "%s to %s\n", text_double(low, sizeof low, set->target_low, false),
                 text_double(high, sizeof high, set->target_high, false));
    put_label(out, "");
    text_appendf(out, "mean %s, deviation %s in the training rows\n",
                 text_human(mean, sizeof mean, set->target_mean, 4),
                 text_human(scale, sizeof scale, set->target_scale, 4));
    put_label(out, "majority");
    text_appendf(out, "always answering the mean: R2 %s on the validation rows,\n",
                 text_double(r2, sizeof r2, mean_answer_r2(set), true));
    put_label(out, "");
    text_appendf(out, "root mean squared error %s\n",
                 text_human(error, sizeof error, sqrt(set->majority_error) * set->target_scale, 4));
}

static void put_task(const struct data_set *set, struct text *out)
{
    put_label(out, "label");
    put_cell(out, set->target_name, 40);
    end_line(out);
    put_label(out, "task");
    if (set->task == DATA_REGRESSION) {
        text_appendf(out, "regression: %s\n", set->task_reason);
        put_quantity(set, out);
        return;
    }
    text_appendf(out, "classification into %d classes: %s\n", (int)set->n_classes,
                 set->task_reason);
    put_majority(set, out);
}

static void put_classes(const struct data_set *set, struct text *out)
{
    char rows[32];
    int shown = set->n_classes <= CLASSES_SHOWN ? set->n_classes : CLASSES_SHOWN - 1;
    text_append(out, "\n  class                                          rows    share\n");
    for (int c = 0; c < shown; c++) {
        text_append(out, "  ");
        put_cell(out, set->class_names[c], 38);
        text_appendf(out, " %12s  %5.1f %%\n", text_count(rows, sizeof rows, set->class_rows[c]),
                     100 * (double)set->class_rows[c] / (double)set->n_rows);
    }
    if (shown < set->n_classes)
        text_appendf(out, "  ... and %d more classes\n", (int)set->n_classes - shown);
}

/* Numeric: the fitted figures; categorical: the first levels. */
static void put_content(const struct data_column *c, struct text *out)
{
    char mean[32], scale[32];
    if (c->kind == COLUMN_NUMERIC) {
        if (c->constant)
            text_appendf(out, "constant %s", text_human(mean, sizeof mean, c->mean, 4));
        else
            text_appendf(out, "mean %s, deviation %s", text_human(mean, sizeof mean, c->mean, 4),
                         text_human(scale, sizeof scale, c->scale, 4));
        return;
    }
    struct text levels = {0};
    text_appendf(&levels, "%d level%s:", c->n_levels, c->n_levels == 1 ? "" : "s");
    for (int i = 0; i < c->n_levels && levels.length < 4 * LEVELS_WIDTH; i++)
        text_appendf(&levels, "%s %s", i > 0 ? "," : "", c->levels[i]);
    put_cell(out, text_get(&levels), LEVELS_WIDTH);
    out->failed = out->failed || levels.failed;
    text_free(&levels);
}

static void put_columns(const struct data_set *set, struct text *out)
{
    char missing[32];
    int shown = set->n_columns <= COLUMNS_SHOWN ? set->n_columns : COLUMNS_SHOWN - 1;
    if (set->source == DATA_IMAGES)
        return;
    text_append(out, "\n  column               kind          missing  in the training rows\n");
    for (int i = 0; i < shown; i++) {
        const struct data_column *c = &set->columns[i];
        text_append(out, "  ");
        put_cell(out, c->name, 20);
        text_appendf(out, " %-11s %9s  ", c->kind == COLUMN_NUMERIC ? "numeric" : "categorical",
                     text_count(missing, sizeof missing, c->n_missing));
        put_content(c, out);
        end_line(out);
    }
    if (shown < set->n_columns)
        text_appendf(out, "  ... and %d more columns\n", set->n_columns - shown);
}

void data_describe(const struct data_set *set, struct text *out)
{
    char memory[32];
    put_heading(set, out);
    put_variant(set, out);
    put_rows(set, out);
    put_features(set, out);
    put_task(set, out);
    put_label(out, "memory");
    text_appendf(out, "%s\n", text_bytes(memory, sizeof memory, (double)set->memory_bytes));
    put_label(out, "fingerprint");
    text_appendf(out, "%s\n", set->fingerprint);
    if (set->task == DATA_CLASSIFICATION)
        put_classes(set, out);
    put_columns(set, out);
}
