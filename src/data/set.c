/* Building a set: its parts, class names, duplicates and fingerprint; opening and freeing it.
 *
 * What always holds after data_open: every row of every part was filled; labels lie in
 * 0..n_classes-1 and each class has a row in each part of a table, or all targets are finite and
 * target_scale is above 0; and nothing changes any more. */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

struct storage {
    float *x[DATA_N_PARTS];
    int32_t *y[DATA_N_PARTS];    /* classification */
    float *target[DATA_N_PARTS]; /* regression */
    int32_t filled[DATA_N_PARTS];
    struct encoding encoding;
    struct variant variant;
};

struct encoding *set_encoding(const struct data_set *set)
{
    return &((struct storage *)set->storage)->encoding;
}

const struct variant *set_variant(const struct data_set *set)
{
    return &((struct storage *)set->storage)->variant;
}

enum err set_allocate_parts(struct data_set *set, const uint8_t *part, int64_t n_rows,
                            struct err_info *info)
{
    struct storage *s = set->storage;
    for (int64_t i = 0; i < n_rows; i++)
        if (part[i] != PART_NONE) {
            set->part[part[i]].n_rows++;
            set->n_rows++;
        }
    if (set->n_rows * set->n_inputs > CELLS_MAX)
        return err_set(info, ERR_INPUT, set->path, "use fewer rows, or drop columns",
                       "%lld rows of %d inputs are too many", (long long)set->n_rows,
                       (int)set->n_inputs);
    for (int p = 0; p < DATA_N_PARTS; p++) {
        size_t rows = (size_t)set->part[p].n_rows;
        s->x[p] = mem_aligned_alloc(rows * (size_t)set->n_inputs, sizeof **s->x);
        if (set->task == DATA_REGRESSION)
            s->target[p] = mem_alloc(rows, sizeof **s->target);
        else
            s->y[p] = mem_alloc(rows, sizeof **s->y);
        if (!s->x[p] || (!s->y[p] && !s->target[p]))
            return err_set_memory(info, set->path);
        set->part[p].x = s->x[p];
        set->part[p].y = s->y[p];
        set->part[p].target = s->target[p];
        set->memory_bytes += rows * ((size_t)set->n_inputs * sizeof **s->x + sizeof **s->y);
    }
    return ERR_OK;
}

float *set_next_row(struct data_set *set, enum data_part_id part, double label)
{
    struct storage *s = set->storage;
    int32_t row = s->filled[part]++;
    if (s->target[part])
        s->target[part][row] = (float)label;
    else
        s->y[part][row] = (int32_t)label;
    return s->x[part] + (size_t)row * (size_t)set->n_inputs;
}

enum err set_name_classes(struct data_set *set, const struct classes *classes, const int32_t *label,
                          int64_t n_rows, struct err_info *info)
{
    size_t n = (size_t)classes->n;
    char name[CLASS_NAME_MAX];
    set->n_classes = classes->n;
    set->class_rows = mem_zero_alloc(n, sizeof *set->class_rows);
    set->class_names = mem_zero_alloc(n, sizeof *set->class_names);
    if (!set->class_rows || !set->class_names)
        return err_set_memory(info, set->path);
    for (size_t c = 0; c < n; c++) {
        set->class_names[c] = mem_dup_text(text_sanitize(name, sizeof name, classes->name[c]));
        if (!set->class_names[c])
            return err_set_memory(info, set->path);
    }
    for (int64_t i = 0; i < n_rows; i++)
        if (label[i] >= 0)
            set->class_rows[label[i]]++;
    return ERR_OK;
}

enum err set_count_duplicates(struct data_set *set, const struct digest *key, const uint8_t *part,
                              int64_t n_rows, struct err_info *info)
{
    size_t n = 0;
    struct digest *training = mem_alloc((size_t)set->part[DATA_TRAIN].n_rows, sizeof *training);
    if (!training)
        return err_set_memory(info, set->path);
    for (int64_t i = 0; i < n_rows; i++)
        if (part[i] == DATA_TRAIN)
            training[n++] = key[i];
    qsort(training, n, sizeof *training, digest_compare);
    for (int64_t i = 0; i < n_rows; i++)
        if (part[i] == DATA_VALIDATION || part[i] == DATA_TEST)
            set->n_duplicates +=
                bsearch(&key[i], training, n, sizeof *training, digest_compare) != NULL;
    mem_free(training);
    return ERR_OK;
}

/* Rows of one class in a part. */
static int64_t count_class(const struct data_part *part, int32_t class)
{
    int64_t n = 0;
    for (int32_t i = 0; i < part->n_rows; i++)
        n += part->y[i] == class;
    return n;
}

static void find_majority(struct data_set *set)
{
    const struct data_part *training = &set->part[DATA_TRAIN];
    const struct data_part *validation = &set->part[DATA_VALIDATION];
    int64_t most = -1;
    int32_t majority = 0;
    for (int32_t c = 0; c < set->n_classes; c++) {
        int64_t n = count_class(training, c);
        if (n > most) {
            most = n;
            majority = c;
        }
    }
    set->majority_rate = (double)most / training->n_rows;
    set->majority_error =
        1 - (double)count_class(validation, majority) / (double)validation->n_rows;
}

/* Of always answering the training mean, which is 0 when standardised. */
static void find_mean_error(struct data_set *set)
{
    const struct data_part *validation = &set->part[DATA_VALIDATION];
    double squares = 0;
    for (int32_t i = 0; i < validation->n_rows; i++)
        squares += (double)validation->target[i] * validation->target[i];
    set->majority_error = squares / validation->n_rows;
}

static void take_fingerprint(struct data_set *set)
{
    struct digest d = digest_start();
    int64_t shape[] = {set->n_inputs, set->n_classes, set->image_rows, set->image_columns};
    digest_add(&d, shape, sizeof shape);
    digest_add(&d, &set->split_seed, sizeof set->split_seed);
    for (int32_t c = 0; c < set->n_classes; c++)
        digest_add(&d, set->class_names[c], strlen(set->class_names[c]));
    for (int p = 0; p < DATA_N_PARTS; p++) {
        const struct data_part *part = &set->part[p];
        size_t rows = (size_t)part->n_rows;
        digest_add(&d, part->x, rows * (size_t)set->n_inputs * sizeof *part->x);
        if (part->target)
            digest_add(&d, part->target, rows * sizeof *part->target);
        else
            digest_add(&d, part->y, rows * sizeof *part->y);
    }
    if (set->task == DATA_REGRESSION) { /* what the targets are standardised by */
        digest_add(&d, &set->target_mean, sizeof set->target_mean);
        digest_add(&d, &set->target_scale, sizeof set->target_scale);
    }
    if (set->variant[0])
        digest_add(&d, set->variant, strlen(set->variant));
    text_format(set->fingerprint, sizeof set->fingerprint, "%016llx%016llx",
                (unsigned long long)d.a, (unsigned long long)d.b);
}

void set_finish(struct data_set *set)
{
    if (set->task == DATA_REGRESSION)
        find_mean_error(set);
    else
        find_majority(set);
    take_fingerprint(set);
}

void data_free(struct data_set *set)
{
    if (!set)
        return;
    struct storage *s = set->storage;
    for (int p = 0; s && p < DATA_N_PARTS; p++) {
        mem_free(s->x[p]);
        mem_free(s->y[p]);
        mem_free(s->target[p]);
    }
    for (int c = 0; set->columns && c < set->n_columns; c++)
        texts_free(set->columns[c].levels, set->columns[c].n_levels);
    texts_free(set->class_names, set->n_classes);
    mem_free(set->class_rows);
    mem_free(set->columns);
    if (s)
        encoding_free(&s->encoding);
    mem_free(s);
    mem_free(set);
}

/* "mnist" for a folder mnist/, "letter" for letter.csv and letter.csv.gz. */
static void take_name(struct data_set *set, const char *path)
{
    char copy[sizeof set->path];
    static const char *const endings[] = {".gz", ".csv"};
    text_copy(copy, sizeof copy, path);
    size_t n = strlen(copy);
    while (n > 1 && copy[n - 1] == '/')
        copy[--n] = 0;
    char *base = copy + (file_base_name(copy) - copy);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        size_t length = strlen(base), ending = strlen(endings[i]);
        if (length > ending && strcmp(base + length - ending, endings[i]) == 0)
            base[length - ending] = 0;
    }
    text_sanitize(set->family, sizeof set->family, base);
    text_copy(set->name, sizeof set->name, set->family);
}

static enum err check_task(const char *task, struct err_info *info)
{
    if (!task || strcmp(task, "classification") == 0 || strcmp(task, "regression") == 0)
        return ERR_OK;
    return err_set(info, ERR_USAGE, "--task", "choose classification or regression",
                   "'%s' is no task", task);
}

enum err data_open(const char *path, const struct data_options *options, struct data_set **out,
                   struct err_info *info)
{
    static const struct data_options defaults = {0};
    *out = NULL;
    struct data_set *set = mem_zero_alloc(1, sizeof *set);
    if (!set)
        return err_set_memory(info, path);
    if (!options)
        options = &defaults;
    enum err e = ERR_OK;
    set->storage = mem_zero_alloc(1, sizeof(struct storage));
    set->split_seed = options->split_seed;
    if (!set->storage)
        e = err_set_memory(info, path);
    else if (!text_copy(set->path, sizeof set->path, path))
        e = err_set(info, ERR_INPUT, path, "use a shorter path", "the path is too long");
    else if (!file_exists(path))
        e = err_set(info, ERR_IO, path, "check the name", "there is no such file or folder");
    else
        take_name(set, path);
    if (e == ERR_OK)
        e = check_task(options->task, info);
    if (e == ERR_OK && options->variant)
        e = variant_read(options->variant, set->family, &((struct storage *)set->storage)->variant,
                         info);
    if (e == ERR_OK)
        e = file_is_folder(path) ? images_open(set, options, info) : table_open(set, options, info);
    if (e != ERR_OK) {
        data_free(set);
        return e;
    }
    *out = set;
    return ERR_OK;
}
