/* The label: classes or a quantity, and the split that follows from it.
 *
 * Told apart (decisions 8): a label is a quantity if at least 95 % of its fields are numbers and
 * these have more than 20 different values or a fraction; a field that is no number is then an
 * error that names its place. options->task overrules. A quantity's rows are split by tenths of its
 * order, so that each part has the same share of small and large labels. */
#include "table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CLASS_NUMBERS_MAX = 20, TENTHS = 10 };

/* What the label's fields are as numbers. Rows are -1 where there is none such. */
struct numbers {
    int64_t n, n_different;
    int64_t first_text, first_too_large;
    bool fraction;
};

int table_compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int compare_numbers(const void *a, const void *b)
{
    double x = 0, y = 0;
    text_parse_double(*(const char *const *)a, &x);
    text_parse_double(*(const char *const *)b, &y);
    return x < y ? -1 : x > y ? 1 : table_compare_texts(a, b);
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static enum err gather_fields(struct table *t)
{
    for (int64_t i = 0; i < t->csv.n_rows; i++) {
        t->text[i] = csv_cell(&t->csv, i, t->target);
        if (encoding_is_missing(t->encoding, t->text[i]))
            return table_refuse_cell(t, ERR_INPUT, i, t->target,
                                     "fill it in, or leave the row out; choose the label by "
                                     "--target",
                                     "the label is missing");
    }
    return ERR_OK;
}

static struct numbers read_numbers(struct table *t)
{
    struct numbers f = {.first_text = -1, .first_too_large = -1};
    for (int64_t i = 0; i < t->csv.n_rows; i++) {
        double *v = &t->quantity[i];
        if (!text_parse_double(t->text[i], v)) {
            *v = NAN;
            f.first_text = f.first_text < 0 ? i : f.first_text;
            continue;
        }
        t->value[f.n++] = *v;
        f.fraction = f.fraction || floor(*v) < *v;
        if (fabs(*v) > NUMBER_MAX && f.first_too_large < 0)
            f.first_too_large = i;
    }
    qsort(t->value, (size_t)f.n, sizeof *t->value, compare_doubles);
    for (int64_t i = 0; i < f.n; i++)
        f.n_different += i == 0 || t->value[i - 1] < t->value[i];
    return f;
}

/* ---- which task -------------------------------------------------------------------------- */

static void tell_apart(const struct numbers *f, int64_t n_rows, struct data_set *set)
{
    bool numeric = (double)f->n >= NUMERIC_SHARE * (double)n_rows;
    bool many = f->n_different > CLASS_NUMBERS_MAX;
    set->task = numeric && (many || f->fraction) ? DATA_REGRESSION : DATA_CLASSIFICATION;
    set->task_reason = f->n < n_rows && set->task == DATA_CLASSIFICATION ? "the label is text"
                       : f->fraction ? "the label is a number with fractions"
                       : many        ? "the label is a number of more than 20 values"
                                     : "the label is a whole number of at most 20 values";
}

/* The first field that regression can't learn from, if any. */
static enum err check_numbers(const struct table *t, const struct numbers *f)
{
    char detail[256];
    if (f->first_text >= 0) {
        text_format(detail, sizeof detail,
                    "'%.64s' in the label column '%s' is not a decimal number, which regression "
                    "needs",
                    csv_cell(&t->csv, f->first_text, t->target), t->set->target_name);
        return table_refuse_cell(t, ERR_INPUT, f->first_text, t->target,
                                 "correct it, leave the row out, or read the label as classes by "
                                 "--task classification",
                                 detail);
    }
    if (f->first_too_large >= 0)
        return table_refuse_cell(t, ERR_INPUT, f->first_too_large, t->target, "scale the label",
                                 "the number is too large (beyond 1e100)");
    if (t->csv.n_rows < QUANTITY_ROWS_MIN)
        return err_set(t->info, ERR_INPUT, t->csv.path, "add rows",
                       "regression needs at least %d rows, but there are %lld",
                       (int)QUANTITY_ROWS_MIN, (long long)t->csv.n_rows);
    return ERR_OK;
}

static enum err decide_task(struct table *t)
{
    const char *asked = t->options->task;
    struct numbers f = read_numbers(t);
    if (asked) {
        t->set->task = strcmp(asked, "regression") == 0 ? DATA_REGRESSION : DATA_CLASSIFICATION;
        t->set->task_reason = "as asked by --task";
    } else {
        tell_apart(&f, t->csv.n_rows, t->set);
    }
    return t->set->task == DATA_REGRESSION ? check_numbers(t, &f) : ERR_OK;
}

/* ---- classes ----------------------------------------------------------------------------- */

/* The different fields, in the order of numbers if all are numbers, else of texts. */
static enum err find_classes(struct table *t)
{
    size_t rows = (size_t)t->csv.n_rows;
    struct classes *classes = &t->classes;
    int (*compare)(const void *, const void *) = compare_numbers;
    for (size_t i = 0; i < rows; i++)
        if (isnan(t->quantity[i]))
            compare = table_compare_texts;
    qsort(t->text, rows, sizeof *t->text, table_compare_texts);
    for (size_t i = 0; i < rows; i++)
        if (i == 0 || strcmp(t->text[i - 1], t->text[i]) != 0)
            classes->n++;
    classes->name = mem_alloc((size_t)classes->n, sizeof *classes->name);
    classes->rows = mem_zero_alloc((size_t)classes->n, sizeof *classes->rows);
    if (!classes->name || !classes->rows)
        return err_set_memory(t->info, t->csv.path);
    for (size_t i = 0, c = 0; i < rows; i++)
        if (i == 0 || strcmp(t->text[i - 1], t->text[i]) != 0)
            classes->name[c++] = t->text[i];
    qsort(classes->name, (size_t)classes->n, sizeof *classes->name, compare);
    for (int64_t i = 0; i < t->csv.n_rows; i++) {
        const char *cell = csv_cell(&t->csv, i, t->target);
        const char **found =
            bsearch(&cell, classes->name, (size_t)classes->n, sizeof cell, compare);
        t->label[i] = (int32_t)(found - classes->name);
    }
    return ERR_OK;
}

static enum err apply_variant(struct table *t, struct classes *classes)
{
    bool quantity = t->set->task == DATA_REGRESSION;
    struct moments m = quantity ? table_moments(t, t->quantity) : (struct moments){0};
    struct labelled rows = {
        .n_rows = t->csv.n_rows,
        .label = t->label,
        .part = t->part,
        .quantity = quantity ? t->quantity : NULL,
        .deviation = m.constant ? 0 : m.scale,
        .classes = classes,
    };
    return variant_apply(set_variant(t->set), &rows, t->set, t->info);
}

static enum err read_classes(struct table *t)
{
    int64_t n = t->csv.n_rows;
    enum err e = find_classes(t);
    if (e == ERR_OK)
        e = classes_tidy(&t->classes, t->label, n, n, t->options->drop_rare, t->csv.path, t->set,
                         t->info);
    if (e == ERR_OK)
        e = split_rows(t->label, n, &t->classes, t->set->split_seed, true, t->part, t->csv.path,
                       t->info);
    if (e == ERR_OK)
        e = apply_variant(t, &t->classes);
    if (e == ERR_OK)
        e = set_name_classes(t->set, &t->classes, t->label, n, t->info);
    return e;
}

/* ---- a quantity -------------------------------------------------------------------------- */

struct ranked {
    double value;
    int64_t row;
};

static int compare_ranked(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    if (x->value < y->value || x->value > y->value)
        return x->value < y->value ? -1 : 1;
    return x->row < y->row ? -1 : 1; /* equal labels in the file's order */
}

/* label: which tenth of the rows, ordered by the label, a row is in. Few rows make fewer shares, of
 * CLASS_ROWS_MIN rows at least. */
static enum err rank_rows(struct table *t, int32_t n_shares)
{
    int64_t n = t->csv.n_rows;
    struct ranked *rank = mem_alloc((size_t)n, sizeof *rank);
    if (!rank)
        return err_set_memory(t->info, t->csv.path);
    for (int64_t i = 0; i < n; i++)
        rank[i] = (struct ranked){t->quantity[i], i};
    qsort(rank, (size_t)n, sizeof *rank, compare_ranked);
    for (int64_t i = 0; i < n; i++)
        t->label[rank[i].row] = (int32_t)(i * n_shares / n);
    mem_free(rank);
    return ERR_OK;
}

static enum err split_quantity(struct table *t)
{
    static const char *names[TENTHS] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
    int64_t shares = t->csv.n_rows / CLASS_ROWS_MIN;
    struct classes tenths = {.n = shares < TENTHS ? (int32_t)shares : TENTHS, .name = names};
    enum err e = rank_rows(t, tenths.n);
    if (e == ERR_OK)
        e = split_rows(t->label, t->csv.n_rows, &tenths, t->set->split_seed, true, t->part,
                       t->csv.path, t->info);
    if (e == ERR_OK)
        e = apply_variant(t, &tenths);
    return e;
}

static void find_range(struct table *t)
{
    double low = INFINITY, high = -INFINITY;
    for (int64_t i = 0; i < t->csv.n_rows; i++)
        if (t->part[i] != PART_NONE) {
            low = t->quantity[i] < low ? t->quantity[i] : low;
            high = t->quantity[i] > high ? t->quantity[i] : high;
        }
    t->set->target_low = low;
    t->set->target_high = high;
}

static enum err read_quantity(struct table *t)
{
    struct data_set *set = t->set;
    enum err e = split_quantity(t);
    if (e != ERR_OK)
        return e;
    find_range(t);
    struct moments m = table_moments(t, t->quantity);
    bool everywhere = !(set->target_low < set->target_high);
    if (m.constant)
        return err_set(t->info, ERR_INPUT, t->csv.path, "choose another label by --target COLUMN",
                       "the label '%s' is the same number in all %srows: there is nothing to learn",
                       set->target_name, everywhere ? "" : "training ");
    set->target_mean = m.mean;
    set->target_scale = m.scale;
    return ERR_OK;
}

enum err label_read(struct table *t)
{
    enum err e = gather_fields(t);
    if (e == ERR_OK)
        e = decide_task(t);
    if (e != ERR_OK)
        return e;
    return t->set->task == DATA_REGRESSION ? read_quantity(t) : read_classes(t);
}

double label_of(const struct table *t, int64_t row)
{
    const struct data_set *set = t->set;
    if (set->task == DATA_CLASSIFICATION)
        return t->label[row];
    return standardise(t->quantity[row], set->target_mean, set->target_scale);
}
