/* Classes and parts: which labels can be learnt from, and who trains, validates and tests.
 *
 * The split belongs to the data: each class is shuffled by a stream of its own, drawn from the
 * split seed and the class's name. So nothing done to one class (dropping it, adding rows) moves
 * another class's rows, and no option of reading but the split seed has a part in it. */
#include "internal.h"

#include <string.h>

static enum err refuse_rare(const struct classes *classes, int32_t rare, int n_rare,
                            const char *where, struct err_info *info)
{
    char others[48] = "";
    if (n_rare > 1)
        text_format(others, sizeof others, " (and %d more class%s with fewer than %d)", n_rare - 1,
                    n_rare == 2 ? "" : "es", (int)CLASS_ROWS_MIN);
    return err_set(info, ERR_INPUT, where, "leave rare classes out by --drop-rare",
                   "class '%.100s' has only %d row%s, too few to split%s", classes->name[rare],
                   (int)classes->rows[rare], classes->rows[rare] == 1 ? "" : "s", others);
}

static enum err refuse_few(const struct classes *classes, const char *where, struct err_info *info)
{
    if (classes->n == 0)
        return err_set(info, ERR_INPUT, where, "add rows",
                       "there is no class with at least %d rows", (int)CLASS_ROWS_MIN);
    if (classes->n > CLASSES_MAX)
        return err_set(info, ERR_INPUT, where, "choose the label column by --target COLUMN",
                       "there are %d classes, more than %d", (int)classes->n, (int)CLASSES_MAX);
    return err_set(info, ERR_INPUT, where,
                   "choose the label column by --target COLUMN, or add rows of another class",
                   "all rows are of one class, '%.100s': there is nothing to learn",
                   classes->name[0]);
}

/* Keeps the classes that can be used, in order; new_index[old] is -1 for the others. */
static enum err keep_classes(struct classes *classes, int32_t *new_index, bool drop_rare,
                             const char *where, struct data_set *set, struct err_info *info)
{
    int32_t kept = 0, rare = -1;
    int n_rare = 0;
    for (int32_t c = 0; c < classes->n; c++) {
        bool few = classes->rows[c] < CLASS_ROWS_MIN;
        new_index[c] = few ? -1 : kept++;
        if (few && classes->rows[c] > 0 && n_rare++ == 0)
            rare = c;
    }
    if (n_rare > 0 && !drop_rare)
        return refuse_rare(classes, rare, n_rare, where, info);
    for (int32_t c = 0; c < classes->n; c++)
        if (new_index[c] >= 0) {
            classes->name[new_index[c]] = classes->name[c];
            classes->rows[new_index[c]] = classes->rows[c];
        }
    classes->n = kept;
    set->n_dropped_classes = n_rare;
    return ERR_OK;
}

/* A class that stands behind `counted` only (a test file) is as rare as one can be. */
static void count_rows(struct classes *classes, const int32_t *label, int64_t n_rows,
                       int64_t counted)
{
    memset(classes->rows, 0, (size_t)classes->n * sizeof *classes->rows);
    for (int64_t i = 0; i < counted; i++)
        classes->rows[label[i]]++;
    for (int64_t i = counted; i < n_rows; i++)
        if (classes->rows[label[i]] == 0)
            classes->rows[label[i]] = 1;
}

enum err classes_tidy(struct classes *classes, int32_t *label, int64_t n_rows, int64_t counted,
                      bool drop_rare, const char *where, struct data_set *set,
                      struct err_info *info)
{
    int32_t *new_index = mem_alloc((size_t)classes->n, sizeof *new_index);
    if (!new_index)
        return err_set_memory(info, where);
    count_rows(classes, label, n_rows, counted);
    enum err e = ERR_OK;
    /* One class of few rows: that there is one only is the better message. */
    if (classes->n == 1 || classes->n > CLASSES_MAX)
        e = refuse_few(classes, where, info);
    if (e == ERR_OK)
        e = keep_classes(classes, new_index, drop_rare, where, set, info);
    if (e == ERR_OK && classes->n < 2)
        e = refuse_few(classes, where, info);
    for (int64_t i = 0; e == ERR_OK && i < n_rows; i++) {
        label[i] = new_index[label[i]];
        set->n_dropped_rows += label[i] < 0;
    }
    mem_free(new_index);
    return e;
}

void classes_free(struct classes *classes)
{
    mem_free(classes->name);
    mem_free(classes->rows);
    *classes = (struct classes){0};
}

/* How many rows of each class make up a fifth of all: rounded down, and what is then left of a
 * fifth goes, one row each, to the classes that lost most by rounding. At least 1, as none has
 * fewer than CLASS_ROWS_MIN rows. */
static void share_out_fifth(const int64_t *start, int32_t n_classes, int64_t *quota)
{
    int64_t left = (start[n_classes] + 2) / 5;
    for (int32_t c = 0; c < n_classes; c++) {
        quota[c] = (start[c + 1] - start[c]) / 5;
        left -= quota[c];
    }
    for (int remainder = 4; remainder > 0; remainder--)
        for (int32_t c = 0; c < n_classes && left > 0; c++)
            if ((start[c + 1] - start[c]) % 5 == remainder) {
                quota[c]++;
                left--;
            }
}

void group_rows(const int32_t *label, int64_t n_rows, int32_t n_classes, int64_t *start,
                int32_t *order)
{
    memset(start, 0, ((size_t)n_classes + 1) * sizeof *start);
    for (int64_t i = 0; i < n_rows; i++)
        if (label[i] >= 0)
            start[label[i] + 1]++;
    for (int32_t c = 0; c < n_classes; c++)
        start[c + 1] += start[c];
    for (int64_t i = 0; i < n_rows; i++)
        if (label[i] >= 0)
            order[start[label[i]]++] = (int32_t)i;
    for (int32_t c = n_classes; c > 0; c--)
        start[c] = start[c - 1];
    start[0] = 0;
}

static void split_class(const char *name, int32_t *order, int64_t n, int64_t quota,
                        uint64_t split_seed, bool with_test, uint8_t *part)
{
    struct rng r;
    rng_seed(&r, split_seed, hash_bytes(HASH_START, name, strlen(name)));
    rng_shuffle(&r, order, (size_t)n);
    int64_t n_test = with_test ? quota : 0;
    for (int64_t i = 0; i < n; i++) {
        enum data_part_id p = i < n_test           ? DATA_TEST
                              : i < n_test + quota ? DATA_VALIDATION
                                                   : DATA_TRAIN;
        part[order[i]] = (uint8_t)p;
    }
}

enum err split_rows(const int32_t *label, int64_t n_rows, const struct classes *classes,
                    uint64_t split_seed, bool with_test, uint8_t *part, const char *where,
                    struct err_info *info)
{
    int64_t *start = mem_alloc((size_t)classes->n + 1, sizeof *start);
    int64_t *quota = mem_alloc((size_t)classes->n, sizeof *quota);
    int32_t *order = mem_alloc((size_t)n_rows, sizeof *order);
    bool failed = !start || !quota || !order;
    if (!failed) {
        memset(part, PART_NONE, (size_t)n_rows);
        group_rows(label, n_rows, classes->n, start, order);
        share_out_fifth(start, classes->n, quota);
        for (int32_t c = 0; c < classes->n; c++)
            split_class(classes->name[c], order + start[c], start[c + 1] - start[c], quota[c],
                        split_seed, with_test, part);
    }
    mem_free(start);
    mem_free(quota);
    mem_free(order);
    return failed ? err_set_memory(info, where) : ERR_OK;
}
