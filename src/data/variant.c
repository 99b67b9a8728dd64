/* Variants: other tasks made of a set's own rows: fewer of them, wrong labels, fewer classes,
 * fewer feature columns, uneven classes.
 *
 * What always holds: a row of a variant stands in the same part as in its parent; the test part
 * loses rows of dropped classes only, and its labels stay as they are. Every draw is a function of
 * the variant's seed, what it is for, the class's name and the part, so that nothing done to one
 * class moves another's rows; of a smaller share the rows are among those of a greater one. What is
 * fitted to values later (medians, scales, levels) is fitted to the variant's training rows. */
#include "internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LEFT_MIN = 2 }; /* rows of a class and part that stay, if there were as many */
#define NOISE_MAX 10.0 /* standard deviations */
#define SEED_MAX 9007199254740992.0

#define BELOW_ONE "give a number above 0 and below 1, such as "

/* In the order in which they are applied and written. */
static const struct key {
    const char *name, *hint;
    double most; /* the greatest value; 1 stands for "below 1" */
} keys[VARIANT_N_KEYS] = {
    [VARIANT_CLASSES] = {"classes", "count classes from 0 or name them, such as classes=0-2+5", 0},
    [VARIANT_ROWS] = {"rows", BELOW_ONE "rows=0.25", 1},
    [VARIANT_IMBALANCE] = {"imbalance", BELOW_ONE "imbalance=0.1", 1},
    [VARIANT_FEATURES] = {"features", BELOW_ONE "features=0.5", 1},
    [VARIANT_NOISE] = {"noise", BELOW_ONE "noise=0.1 (regression: deviations, up to 10)",
                       NOISE_MAX},
    [VARIANT_SEED] = {"seed", "give a whole number from 0 on, such as seed=3", SEED_MAX},
};

/* ---- reading ----------------------------------------------------------------------------- */

static int find_key(const char *text, size_t n)
{
    for (int k = 0; k < VARIANT_N_KEYS; k++)
        if (strlen(keys[k].name) == n && strncmp(keys[k].name, text, n) == 0)
            return k;
    return -1;
}

static enum err unknown_key(const struct variant *v, const char *item, size_t n,
                            struct err_info *info)
{
    const char *names[VARIANT_N_KEYS];
    char word[64], hint[128] = "choose classes, rows, imbalance, features, noise or seed";
    for (int k = 0; k < VARIANT_N_KEYS; k++)
        names[k] = keys[k].name;
    text_format(word, sizeof word, "%.*s", (int)(n < sizeof word ? n : sizeof word - 1), item);
    const char *near = text_nearest(word, names, VARIANT_N_KEYS);
    if (near)
        text_format(hint, sizeof hint, "did you mean %s?", near);
    return err_set(info, ERR_USAGE, v->where, hint, "there are no variants by '%s'", word);
}

static bool read_number(int key, const char *value, size_t n, double *out)
{
    double most = keys[key].most;
    if (!text_parse_double_n(value, n, out) || !(*out >= 0) || *out > most)
        return false;
    return key == VARIANT_SEED ? !(floor(*out) < *out) : *out > 0 && (most > 1 || *out < 1);
}

/* One KEY=VALUE of n bytes. */
static enum err read_item(struct variant *v, const char *item, size_t n, struct err_info *info)
{
    const char *equals = memchr(item, '=', n);
    size_t name = equals ? (size_t)(equals - item) : n;
    int key = find_key(item, name);
    if (key < 0)
        return unknown_key(v, item, name, info);
    if (v->asked & 1U << key)
        return err_set(info, ERR_USAGE, v->where, "leave one out", "%s stands there twice",
                       keys[key].name);
    v->asked |= 1U << key;
    if (!equals || n - name < 2)
        return err_set(info, ERR_USAGE, v->where, keys[key].hint, "%s has no value",
                       keys[key].name);
    if (key == VARIANT_CLASSES) {
        text_format(v->classes, sizeof v->classes, "%.*s", (int)(n - name - 1), equals + 1);
        return ERR_OK;
    }
    if (!read_number(key, equals + 1, n - name - 1, &v->value[key]))
        return err_set(info, ERR_USAGE, v->where, keys[key].hint, "'%.*s' is not possible",
                       (int)(n - name - 1), equals + 1);
    return ERR_OK;
}

enum err variant_read(const char *text, const char *family, struct variant *out,
                      struct err_info *info)
{
    enum err e = ERR_OK;
    bool more = true;
    *out = (struct variant){0};
    text_format(out->where, sizeof out->where, "%s:%s", family, text);
    if (strlen(text) >= sizeof out->classes)
        return err_set(info, ERR_USAGE, out->where, "give classes by ranges of numbers",
                       "the variant is too long");
    for (const char *item = text; e == ERR_OK && more;) {
        size_t n = strcspn(item, ",");
        e = read_item(out, item, n, info);
        more = item[n] == ',';
        item += n + 1;
    }
    unsigned drawn = out->asked & ~(1U << VARIANT_SEED | 1U << VARIANT_CLASSES);
    if (e == ERR_OK && drawn == 0 && out->asked & 1U << VARIANT_SEED)
        e = err_set(info, ERR_USAGE, out->where, "leave seed out, or add such as rows=0.5",
                    "nothing is drawn here that a seed could change");
    return e;
}

static uint64_t seed_of(const struct variant *v)
{
    return (uint64_t)v->value[VARIANT_SEED];
}

/* ---- classes ----------------------------------------------------------------------------- */

/* The class of n bytes: its number from 0, or its name; -1: none. */
static int32_t class_of(const struct classes *classes, const char *text, size_t n)
{
    if (n > 0 && n < 10 && strspn(text, "0123456789") >= n) {
        long number = strtol(text, NULL, 10);
        return number < classes->n ? (int32_t)number : -1;
    }
    for (int32_t c = 0; c < classes->n; c++)
        if (strlen(classes->name[c]) == n && strncmp(classes->name[c], text, n) == 0)
            return c;
    return -1;
}

/* A class, or two with '-' between them. */
static bool class_range(const struct classes *classes, const char *text, size_t n, int32_t *first,
                        int32_t *last)
{
    *first = *last = class_of(classes, text, n);
    for (size_t i = 1; *first < 0 && i + 1 < n; i++)
        if (text[i] == '-') {
            *last = class_of(classes, text + i + 1, n - i - 1);
            *first = *last < 0 ? -1 : class_of(classes, text, i);
        }
    return *first >= 0 && *first <= *last;
}

static enum err no_such_class(const struct variant *v, const struct classes *classes,
                              const char *text, size_t n, struct err_info *info)
{
    char word[64], hint[256];
    text_format(word, sizeof word, "%.*s", (int)(n < sizeof word ? n : sizeof word - 1), text);
    const char *near = text_nearest(word, classes->name, (size_t)classes->n);
    if (near && n > 2) /* any two signs are near any other two */
        text_format(hint, sizeof hint, "did you mean %.100s?", near);
    else
        text_format(hint, sizeof hint, "they count from 0 (%.60s) to %d (%.60s)", classes->name[0],
                    (int)classes->n - 1, classes->name[classes->n - 1]);
    return err_set(info, ERR_USAGE, v->where, hint, "there are no classes '%s'", word);
}

/* number[c]: 0 where the class stays, -1 where it goes. */
static enum err choose_classes(const struct variant *v, const struct classes *classes,
                               int32_t *number, struct err_info *info)
{
    int32_t n_kept = 0, first, last;
    for (int32_t c = 0; c < classes->n; c++)
        number[c] = -1;
    for (const char *item = v->classes, *end; item; item = *end ? end + 1 : NULL) {
        end = item + strcspn(item, "+");
        size_t n = (size_t)(end - item);
        if (!class_range(classes, item, n, &first, &last))
            return no_such_class(v, classes, item, n, info);
        for (int32_t c = first; c <= last; c++)
            number[c] = 0;
    }
    for (int32_t c = 0; c < classes->n; c++)
        n_kept += number[c] == 0;
    if (n_kept < 2)
        return err_set(info, ERR_USAGE, v->where, "name two classes or more",
                       "one class alone is nothing to learn");
    if (n_kept == classes->n)
        return err_set(info, ERR_USAGE, v->where, "leave classes out",
                       "these are all classes of the set");
    return ERR_OK;
}

/* "0-4+7" */
static void put_classes(const int32_t *number, int32_t n, struct text *out)
{
    const char *plus = "";
    for (int32_t c = 0, first; c < n; c++) {
        if (number[c] < 0)
            continue;
        for (first = c; c + 1 < n && number[c + 1] >= 0;)
            c++;
        text_appendf(out, first < c ? "%s%d-%d" : "%s%d", plus, (int)first, (int)c);
        plus = "+";
    }
}

static void drop_row(const struct labelled *rows, int64_t i)
{
    rows->label[i] = -1;
    rows->part[i] = PART_NONE;
}

/* Numbers the classes that stay, and drops the rows of the others. */
static void renumber_classes(const struct labelled *rows, int32_t *number)
{
    struct classes *classes = rows->classes;
    int32_t n = classes->n;
    classes->n = 0;
    for (int32_t c = 0; c < n; c++)
        if (number[c] >= 0) {
            number[c] = classes->n;
            classes->name[classes->n++] = classes->name[c];
        }
    for (int64_t i = 0; i < rows->n_rows; i++)
        if (rows->label[i] >= 0) {
            rows->label[i] = number[rows->label[i]];
            if (rows->label[i] < 0)
                drop_row(rows, i);
        }
}

/* The one way to write them goes to `list`. */
static enum err keep_classes(const struct variant *v, const struct labelled *rows,
                             struct text *list, struct err_info *info)
{
    int32_t n = rows->classes->n, *number = mem_alloc((size_t)n, sizeof *number);
    if (!number)
        return err_set_memory(info, v->where);
    enum err e = choose_classes(v, rows->classes, number, info);
    if (e == ERR_OK) {
        put_classes(number, n, list);
        renumber_classes(rows, number);
    }
    mem_free(number);
    return e;
}

/* ---- rows by class and part -------------------------------------------------------------- */

/* Rows of class c in training are group 2 c, in validation 2 c + 1: order[start[g]] up to
 * order[start[g + 1]], in the file's order. */
struct groups {
    int32_t n;
    int64_t *start;
    int32_t *order;
};

static void groups_free(struct groups *g)
{
    mem_free(g->start);
    mem_free(g->order);
}

static enum err group(const struct labelled *rows, struct groups *out, struct err_info *info)
{
    size_t n = (size_t)rows->n_rows;
    int32_t *key = mem_alloc(n, sizeof *key);
    out->n = 2 * rows->classes->n;
    out->start = mem_alloc((size_t)out->n + 1, sizeof *out->start);
    out->order = mem_alloc(n, sizeof *out->order);
    bool failed = !key || !out->start || !out->order;
    if (failed) {
        groups_free(out);
    } else {
        for (size_t i = 0; i < n; i++) {
            bool validates = rows->part[i] == DATA_VALIDATION;
            key[i] = validates || rows->part[i] == DATA_TRAIN ? 2 * rows->label[i] + validates : -1;
        }
        group_rows(key, rows->n_rows, out->n, out->start, out->order);
    }
    mem_free(key);
    return failed ? err_set_memory(info, "variant") : ERR_OK;
}

static int64_t group_size(const struct groups *g, int32_t i)
{
    return g->start[i + 1] - g->start[i];
}

/* A stream of its own for what is done to one class in one part. */
static void seed_group(const struct variant *v, int key, const struct classes *classes,
                       int32_t index, struct rng *r)
{
    const char *name = classes->name[index / 2];
    uint64_t stream = hash_bytes(HASH_START, keys[key].name, strlen(keys[key].name));
    stream = hash_bytes(stream, index % 2 ? "v" : "t", 1);
    rng_seed(r, seed_of(v), hash_bytes(stream, name, strlen(name)));
}

static void shuffle_group(const struct variant *v, int key, const struct classes *classes,
                          const struct groups *g, int32_t index, struct rng *r)
{
    seed_group(v, key, classes, index, r);
    rng_shuffle(r, g->order + g->start[index], (size_t)group_size(g, index));
}

/* ---- fewer rows -------------------------------------------------------------------------- */

static enum err check_left(const struct variant *v, int key, const struct groups *g,
                           const double *share, struct err_info *info)
{
    double n = 0;
    int32_t n_classes = g->n / 2;
    for (int32_t c = 0; c < n_classes; c++)
        n += share[c] * (double)group_size(g, 2 * c);
    if (n >= (double)LEFT_MIN * n_classes)
        return ERR_OK;
    char hint[96];
    text_format(hint, sizeof hint, "ask for a greater %s", keys[key].name);
    return err_set(info, ERR_USAGE, v->where, hint,
                   "%.0f training rows would be left for %d classes, fewer than %d each", n,
                   (int)n_classes, (int)LEFT_MIN);
}

/* Keeps share[c] of the rows of class c in training and in validation, at least LEFT_MIN. */
static enum err thin(const struct variant *v, int key, const struct labelled *rows,
                     const double *share, struct err_info *info)
{
    struct groups g;
    struct rng r;
    enum err e = group(rows, &g, info);
    if (e != ERR_OK)
        return e;
    e = check_left(v, key, &g, share, info);
    for (int32_t i = 0; e == ERR_OK && i < g.n; i++) {
        int64_t left = llround(share[i / 2] * (double)group_size(&g, i));
        shuffle_group(v, key, rows->classes, &g, i, &r);
        for (int64_t k = g.start[i] + (left > LEFT_MIN ? left : LEFT_MIN); k < g.start[i + 1]; k++)
            drop_row(rows, g.order[k]);
    }
    groups_free(&g);
    return e;
}

static enum err keep_rows(const struct variant *v, const struct labelled *rows,
                          struct err_info *info)
{
    double *share = mem_alloc((size_t)rows->classes->n, sizeof *share);
    if (!share)
        return err_set_memory(info, v->where);
    for (int32_t c = 0; c < rows->classes->n; c++)
        share[c] = v->value[VARIANT_ROWS];
    enum err e = thin(v, VARIANT_ROWS, rows, share, info);
    mem_free(share);
    return e;
}

/* ---- uneven classes ---------------------------------------------------------------------- */

struct ranked {
    int64_t rows;
    int32_t class;
};

static int compare_ranked(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    if (x->rows != y->rows)
        return x->rows > y->rows ? -1 : 1;
    return x->class - y->class;
}

/* share[c]: the biggest class in training keeps all, the smallest the share asked for, those
 * between them geometrically less from one to the next. */
static void uneven_shares(double smallest, const struct labelled *rows, struct ranked *rank,
                          double *share)
{
    int32_t n = rows->classes->n;
    for (int32_t c = 0; c < n; c++)
        rank[c] = (struct ranked){.rows = 0, .class = c};
    for (int64_t i = 0; i < rows->n_rows; i++)
        if (rows->part[i] == DATA_TRAIN)
            rank[rows->label[i]].rows++;
    qsort(rank, (size_t)n, sizeof *rank, compare_ranked);
    for (int32_t k = 0; k < n; k++)
        share[rank[k].class] = pow(smallest, (double)k / (n - 1));
}

static enum err make_uneven(const struct variant *v, const struct labelled *rows,
                            struct err_info *info)
{
    enum err e = ERR_MEMORY;
    size_t n = (size_t)rows->classes->n;
    struct ranked *rank = mem_alloc(n, sizeof *rank);
    double *share = mem_alloc(n, sizeof *share);
    if (rank && share) {
        uneven_shares(v->value[VARIANT_IMBALANCE], rows, rank, share);
        e = thin(v, VARIANT_IMBALANCE, rows, share, info);
    } else {
        err_set_memory(info, v->where);
    }
    mem_free(rank);
    mem_free(share);
    return e;
}

/* ---- wrong labels ------------------------------------------------------------------------ */

/* Each class gives its share, so that all of a part are the share asked for to a row; but one row
 * of each stays right. */
static enum err confuse_classes(const struct variant *v, const struct labelled *rows,
                                struct err_info *info)
{
    struct groups g;
    struct rng r;
    int64_t seen[2] = {0}, wrong[2] = {0};
    uint64_t others = (uint64_t)rows->classes->n - 1;
    if (!(v->value[VARIANT_NOISE] < 1))
        return err_set(info, ERR_USAGE, v->where, keys[VARIANT_NOISE].hint,
                       "all labels would be wrong");
    enum err e = group(rows, &g, info);
    if (e != ERR_OK)
        return e;
    for (int32_t i = 0; i < g.n; i++) {
        int64_t size = group_size(&g, i), n;
        seen[i % 2] += size;
        n = llround(v->value[VARIANT_NOISE] * (double)seen[i % 2]) - wrong[i % 2];
        n = n < size ? n : size - (size > 0);
        wrong[i % 2] += n;
        shuffle_group(v, VARIANT_NOISE, rows->classes, &g, i, &r);
        for (int64_t k = g.start[i]; k < g.start[i] + n; k++) {
            int32_t other = (int32_t)rng_below(&r, others);
            rows->label[g.order[k]] = other + (other >= i / 2);
        }
    }
    groups_free(&g);
    return ERR_OK;
}

static void blur_quantity(const struct variant *v, const struct labelled *rows)
{
    const char *name = keys[VARIANT_NOISE].name;
    struct rng r;
    for (int64_t i = 0; i < rows->n_rows; i++) {
        if (rows->part[i] != DATA_TRAIN && rows->part[i] != DATA_VALIDATION)
            continue;
        uint64_t stream = hash_bytes(HASH_START, name, strlen(name));
        rng_seed(&r, seed_of(v), hash_bytes(stream, &i, sizeof i));
        rows->quantity[i] += v->value[VARIANT_NOISE] * rows->deviation * rng_normal(&r);
    }
}

/* ---- fewer feature columns --------------------------------------------------------------- */

static int compare_columns(const void *a, const void *b)
{
    return *(const int32_t *)a - *(const int32_t *)b;
}

void variant_choose_features(const struct variant *v, int32_t *column, int32_t *n)
{
    const char *name = keys[VARIANT_FEATURES].name;
    struct rng r;
    if (!(v->asked & 1U << VARIANT_FEATURES))
        return;
    int32_t kept = (int32_t)lround(v->value[VARIANT_FEATURES] * *n);
    rng_seed(&r, seed_of(v), hash_bytes(HASH_START, name, strlen(name)));
    rng_shuffle(&r, column, (size_t)*n);
    *n = kept > 1 ? kept : 1;
    qsort(column, (size_t)*n, sizeof *column, compare_columns);
}

/* ---- all of it --------------------------------------------------------------------------- */

/* What images or a quantity can't have. */
static enum err check_kind(const struct variant *v, const struct data_set *set,
                           struct err_info *info)
{
    bool images = set->source == DATA_IMAGES, quantity = set->task == DATA_REGRESSION;
    if (images && v->asked & 1U << VARIANT_FEATURES)
        return err_set(info, ERR_USAGE, v->where, "leave features out for image sets",
                       "features are columns of tables");
    for (int k = 0; quantity && k < VARIANT_N_KEYS; k++)
        if (v->asked & 1U << k && (k == VARIANT_CLASSES || k == VARIANT_IMBALANCE))
            return err_set(info, ERR_USAGE, v->where,
                           "leave it out, or read the label as classes by --task classification",
                           "%s needs classes, but the label is a number", keys[k].name);
    return ERR_OK;
}

static enum err change_rows(const struct variant *v, const struct labelled *rows,
                            struct text *classes, struct err_info *info)
{
    enum err e = ERR_OK;
    if (v->asked & 1U << VARIANT_CLASSES)
        e = keep_classes(v, rows, classes, info);
    if (e == ERR_OK && v->asked & 1U << VARIANT_ROWS)
        e = keep_rows(v, rows, info);
    if (e == ERR_OK && v->asked & 1U << VARIANT_IMBALANCE)
        e = make_uneven(v, rows, info);
    if (e == ERR_OK && v->asked & 1U << VARIANT_NOISE) {
        if (rows->quantity)
            blur_quantity(v, rows);
        else
            e = confuse_classes(v, rows, info);
    }
    return e;
}

/* The one way to write this variant, and the name that it gives the set. */
static enum err name_set(const struct variant *v, const char *classes, struct data_set *set,
                         struct err_info *info)
{
    struct text name = {0};
    char number[32];
    const char *comma = "";
    for (int k = 0; k < VARIANT_N_KEYS; k++) {
        bool is_default = k == VARIANT_SEED && seed_of(v) == 0;
        if (!(v->asked & 1U << k) || is_default)
            continue;
        text_appendf(&name, "%s%s=%s", comma, keys[k].name,
                     k == VARIANT_CLASSES ? classes
                                          : text_double(number, sizeof number, v->value[k], false));
        comma = ",";
    }
    bool failed = name.failed, fits = text_copy(set->variant, sizeof set->variant, text_get(&name));
    text_format(set->name, sizeof set->name, "%s:%s", set->family, set->variant);
    text_free(&name);
    if (failed)
        return err_set_memory(info, v->where);
    return fits ? ERR_OK
                : err_set(info, ERR_USAGE, v->where, "choose classes that follow one another",
                          "the variant's name would be longer than %d bytes",
                          (int)sizeof set->variant - 1);
}

enum err variant_apply(const struct variant *v, const struct labelled *rows, struct data_set *set,
                       struct err_info *info)
{
    struct text classes = {0};
    if (v->asked == 0)
        return ERR_OK;
    enum err e = check_kind(v, set, info);
    if (e == ERR_OK)
        e = change_rows(v, rows, &classes, info);
    if (e == ERR_OK)
        e = classes.failed ? err_set_memory(info, v->where)
                           : name_set(v, text_get(&classes), set, info);
    text_free(&classes);
    return e;
}
