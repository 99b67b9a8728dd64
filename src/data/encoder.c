/* The encoder as JSON, and back.
 *
 * Texts of the table are kept byte for byte, for fields are compared so: a byte that is no UTF-8
 * stands as "\xE9" in the JSON's text, and a backslash as two. Numbers are the shortest ones that
 * read back to the same bits.
 *
 * Reading trusts nothing: what always holds afterwards is that lists are sorted, columns fill
 * 0..n_inputs-1 without gaps, all figures are finite and all scales above 0. */
#include "encoder.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FORMAT = 1, FINGERPRINT_DIGITS = 32 };

/* ---- writing ----------------------------------------------------------------------------- */

static void put_raw_text(struct json_writer *w, const char *name, const char *s)
{
    struct text safe = {0};
    uint32_t code;
    for (int n; (n = text_utf8_next(s, &code)) > 0; s += n)
        if (n == 1 && code == 0xFFFD)
            text_appendf(&safe, "\\x%02X", (unsigned)(unsigned char)*s);
        else if (code == '\\')
            text_append(&safe, "\\\\");
        else
            text_append_n(&safe, s, (size_t)n);
    json_put_string(w, name, text_get(&safe));
    w->out->failed = w->out->failed || safe.failed;
    text_free(&safe);
}

static void put_raw_texts(struct json_writer *w, const char *name, char *const *texts, int64_t n)
{
    if (n == 0)
        return;
    json_open(w, name, '[');
    for (int64_t i = 0; i < n; i++)
        put_raw_text(w, NULL, texts[i]);
    json_close(w, ']');
}

static void put_column(struct json_writer *w, const struct column_code *c)
{
    json_open(w, NULL, '{');
    put_raw_text(w, "name", c->name);
    if (c->kind == COLUMN_NUMERIC) {
        json_put_string(w, "kind", "numeric");
        json_put_number(w, "median", c->median);
        json_put_number(w, "mean", c->mean);
        json_put_number(w, "scale", c->scale);
        json_put_bool(w, "constant", c->constant);
    } else {
        json_put_string(w, "kind", "categorical");
        put_raw_texts(w, "levels", c->level, c->n_levels);
        put_raw_texts(w, "rare", c->rare, c->n_rare);
        json_put_bool(w, "missing", c->missing >= 0);
    }
    json_close(w, '}');
}

static void put_label(struct json_writer *w, const struct data_set *set)
{
    json_put_string(w, "target", set->target_name);
    if (set->task == DATA_REGRESSION) {
        json_put_number(w, "target_mean", set->target_mean);
        json_put_number(w, "target_scale", set->target_scale);
        return;
    }
    json_open(w, "classes", '[');
    for (int32_t c = 0; c < set->n_classes; c++)
        json_put_string(w, NULL, set->class_names[c]);
    json_close(w, ']');
}

static void put_features(struct json_writer *w, const struct data_set *set)
{
    const struct encoding *e = set_encoding(set);
    if (set->source == DATA_IMAGES) {
        json_put_int(w, "image_rows", set->image_rows);
        json_put_int(w, "image_columns", set->image_columns);
        return;
    }
    put_raw_texts(w, "missing", e->missing, (int64_t)e->n_missing);
    json_open(w, "columns", '[');
    for (int32_t c = 0; c < e->n_columns; c++)
        put_column(w, &e->column[c]);
    json_close(w, ']');
}

void data_put_encoder(const struct data_set *set, struct text *out)
{
    struct json_writer w;
    char seed[32];
    text_format(seed, sizeof seed, "%llu", (unsigned long long)set->split_seed);
    json_begin(&w, out);
    json_open(&w, NULL, '{');
    json_put_int(&w, "format", FORMAT);
    json_put_string(&w, "name", set->name);
    json_put_string(&w, "family", set->family);
    json_put_string(&w, "fingerprint", set->fingerprint);
    json_put_string(&w, "split_seed", seed); /* all 64 bits, which a JSON number would not keep */
    json_put_string(&w, "source", set->source == DATA_IMAGES ? "images" : "table");
    json_put_string(&w, "task", set->task == DATA_REGRESSION ? "regression" : "classification");
    json_put_int(&w, "n_inputs", set->n_inputs);
    put_label(&w, set);
    put_features(&w, set);
    json_close(&w, '}');
}

/* ---- reading ----------------------------------------------------------------------------- */

/* What is being read: an object, and what to call it in messages. */
struct reader {
    struct data_encoder *e;
    const char *where;
    struct err_info *info;
    char within[32]; /* "column 12: " */
};

TILLER_PRINTF(2, 3) static enum err refuse(const struct reader *r, const char *fmt, ...);

static enum err refuse(const struct reader *r, const char *fmt, ...)
{
    char what[160];
    va_list args;
    va_start(args, fmt);
    vsnprintf(what, sizeof what, fmt, args); /* NOLINT(clang-analyzer-valist*) */
    va_end(args);
    return err_set(r->info, ERR_INPUT, r->where, "fetch or write the weights again",
                   "the encoder kept with the weights is damaged: %s%s", r->within, what);
}

static enum err get_whole(const struct reader *r, const struct cJSON *o, const char *name,
                          int64_t low, int64_t high, int32_t *out)
{
    int64_t value;
    if (!json_get_int(o, name, &value) || value < low || value > high)
        return refuse(r, "'%s' is no whole number from %lld to %lld", name, (long long)low,
                      (long long)high);
    *out = (int32_t)value;
    return ERR_OK;
}

/* A finite number; a scale must also be above 0. */
static enum err get_figure(const struct reader *r, const struct cJSON *o, const char *name,
                           bool is_scale, double *out)
{
    double low = is_scale ? 0 : -NUMBER_MAX;
    if (!json_get_number(o, name, out) || !(fabs(*out) <= NUMBER_MAX) ||
        (is_scale && !(*out > low)))
        return refuse(r, "'%s' is no %s", name, is_scale ? "number above 0" : "number");
    return ERR_OK;
}

/* One of two words. */
static enum err get_word(const struct reader *r, const struct cJSON *o, const char *name,
                         const char *const words[2], int *out)
{
    const char *word = json_get_string(o, name);
    for (*out = 0; word && *out < 2; ++*out)
        if (strcmp(word, words[*out]) == 0)
            return ERR_OK;
    return refuse(r, "'%s' is neither %s nor %s", name, words[0], words[1]);
}

static enum err get_name(const struct reader *r, const struct cJSON *o, const char *name, char *out,
                         size_t out_size)
{
    const char *s = json_get_string(o, name);
    if (!s)
        return refuse(r, "'%s' is no text", name);
    text_sanitize(out, out_size, s);
    return ERR_OK;
}

static int digit_value(char c)
{
    const char *digits = "0123456789ABCDEF", *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* The bytes that put_raw_text wrote, in place; false if it can't have written this. */
static bool unescape(char *s)
{
    char *put = s;
    for (; *s; s++) {
        if (*s != '\\') {
            *put++ = *s;
        } else if (s[1] == '\\') {
            *put++ = *s++;
        } else {
            int high = s[1] == 'x' ? digit_value(s[2]) : -1,
                low = high < 0 ? -1 : digit_value(s[3]);
            if (low < 0 || high < 8) /* only bytes from 0x80 on are written so */
                return false;
            *put++ = (char)(high * 16 + low);
            s += 3;
        }
    }
    *put = 0;
    return true;
}

static enum err get_raw_text(const struct reader *r, const struct cJSON *item, char **out)
{
    if (!cJSON_IsString(item))
        return refuse(r, "a name or category is no text");
    *out = mem_dup_text(item->valuestring);
    if (!*out)
        return err_set_memory(r->info, r->where);
    return unescape(*out) ? ERR_OK : refuse(r, "a backslash begins no known sign");
}

/* An array of at most max texts; absent is empty. sorted: in strict order. */
static enum err get_raw_texts(const struct reader *r, const struct cJSON *o, const char *name,
                              int64_t max, bool sorted, char ***out, int32_t *n)
{
    const struct cJSON *array = json_get(o, name), *item;
    int64_t size = array ? cJSON_GetArraySize(array) : 0;
    if (array && !cJSON_IsArray(array))
        return refuse(r, "'%s' is no list", name);
    if (size > max)
        return refuse(r, "'%s' has %lld items", name, (long long)size);
    *out = mem_zero_alloc((size_t)size, sizeof **out);
    if (!*out)
        return err_set_memory(r->info, r->where);
    cJSON_ArrayForEach(item, array)
    {
        int32_t i = (*n)++;
        enum err e = get_raw_text(r, item, &(*out)[i]);
        if (e != ERR_OK)
            return e;
        if (sorted && i > 0 && strcmp((*out)[i - 1], (*out)[i]) >= 0)
            return refuse(r, "'%s' is not in order", name);
    }
    return ERR_OK;
}

/* ---- columns ----------------------------------------------------------------------------- */

static enum err get_numeric(const struct reader *r, const struct cJSON *o, struct column_code *c)
{
    enum err e = get_figure(r, o, "median", false, &c->median);
    if (e == ERR_OK)
        e = get_figure(r, o, "mean", false, &c->mean);
    if (e == ERR_OK)
        e = get_figure(r, o, "scale", true, &c->scale);
    if (e == ERR_OK && !json_get_bool(o, "constant", &c->constant))
        e = refuse(r, "'constant' is neither true nor false");
    return e;
}

static enum err get_categorical(const struct reader *r, const struct cJSON *o,
                                struct column_code *c, bool *missing)
{
    enum err e = get_raw_texts(r, o, "levels", DATA_LEVELS_MAX, true, &c->level, &c->n_levels);
    if (e == ERR_OK)
        e = get_raw_texts(r, o, "rare", INT32_MAX, true, &c->rare, &c->n_rare);
    if (e == ERR_OK && !json_get_bool(o, "missing", missing))
        e = refuse(r, "'missing' is neither true nor false");
    return e;
}

static enum err get_column(const struct reader *r, const struct cJSON *o, struct column_code *c,
                           int64_t *n_inputs)
{
    static const char *const kinds[2] = {
        [COLUMN_NUMERIC] = "numeric", [COLUMN_CATEGORICAL] = "categorical"};
    int kind = 0;
    bool missing = false;
    enum err e = get_raw_text(r, json_get(o, "name"), &c->name);
    if (e == ERR_OK)
        e = get_word(r, o, "kind", kinds, &kind);
    c->kind = (enum column_kind)kind;
    if (e == ERR_OK)
        e = kind == COLUMN_NUMERIC ? get_numeric(r, o, c) : get_categorical(r, o, c, &missing);
    if (e == ERR_OK)
        *n_inputs = column_place(c, missing, *n_inputs);
    return e;
}

static enum err get_columns(struct reader *r, const struct cJSON *doc)
{
    struct encoding *code = &r->e->encoding;
    const struct cJSON *array = json_get(doc, "columns"), *item;
    int64_t n = cJSON_IsArray(array) ? cJSON_GetArraySize(array) : 0, n_inputs = 0;
    int32_t n_words = 0;
    if (n < 1 || n > COLUMNS_MAX)
        return refuse(r, "'columns' is no list of 1 to %d columns", (int)COLUMNS_MAX);
    code->column = mem_zero_alloc((size_t)n, sizeof *code->column);
    if (!code->column)
        return err_set_memory(r->info, r->where);
    enum err e = get_raw_texts(r, doc, "missing", INT32_MAX, false, &code->missing, &n_words);
    code->n_missing = (size_t)n_words;
    cJSON_ArrayForEach(item, array)
    {
        if (e != ERR_OK)
            return e;
        int32_t c = code->n_columns++;
        text_format(r->within, sizeof r->within, "column %d: ", (int)c + 1);
        e = get_column(r, item, &code->column[c], &n_inputs);
    }
    r->within[0] = 0;
    if (e == ERR_OK && n_inputs != r->e->n_inputs)
        e = refuse(r, "its columns have %lld inputs instead of %d", (long long)n_inputs,
                   (int)r->e->n_inputs);
    return e;
}

/* ---- the whole --------------------------------------------------------------------------- */

static enum err get_classes(const struct reader *r, const struct cJSON *doc)
{
    struct data_encoder *e = r->e;
    const struct cJSON *array = json_get(doc, "classes"), *item;
    int n = cJSON_IsArray(array) ? cJSON_GetArraySize(array) : 0;
    char name[CLASS_NAME_MAX];
    if (n < 2 || n > CLASSES_MAX)
        return refuse(r, "'classes' is no list of 2 to %d names", (int)CLASSES_MAX);
    e->class_names = mem_zero_alloc((size_t)n, sizeof *e->class_names);
    if (!e->class_names)
        return err_set_memory(r->info, r->where);
    cJSON_ArrayForEach(item, array)
    {
        if (!cJSON_IsString(item))
            return refuse(r, "a class's name is no text");
        char *copy = mem_dup_text(text_sanitize(name, sizeof name, item->valuestring));
        if (!copy)
            return err_set_memory(r->info, r->where);
        e->class_names[e->n_classes++] = copy;
    }
    return ERR_OK;
}

static enum err get_label(const struct reader *r, const struct cJSON *doc)
{
    enum err e = get_name(r, doc, "target", r->e->target_name, sizeof r->e->target_name);
    if (e != ERR_OK)
        return e;
    if (r->e->task == DATA_CLASSIFICATION)
        return get_classes(r, doc);
    e = get_figure(r, doc, "target_mean", false, &r->e->target_mean);
    return e == ERR_OK ? get_figure(r, doc, "target_scale", true, &r->e->target_scale) : e;
}

static enum err get_image(const struct reader *r, const struct cJSON *doc)
{
    struct data_encoder *e = r->e;
    enum err err = get_whole(r, doc, "image_rows", 1, IMAGE_SIDE_MAX, &e->image_rows);
    if (err == ERR_OK)
        err = get_whole(r, doc, "image_columns", 1, IMAGE_SIDE_MAX, &e->image_columns);
    if (err == ERR_OK && e->image_rows * e->image_columns != e->n_inputs)
        err = refuse(r, "%d x %d pixels are not %d inputs", (int)e->image_rows,
                     (int)e->image_columns, (int)e->n_inputs);
    return err;
}

/* Name, fingerprint and split seed of the task. */
static enum err get_origin(const struct reader *r, const struct cJSON *doc)
{
    struct data_encoder *e = r->e;
    const char *print = json_get_string(doc, "fingerprint");
    const char *seed = json_get_string(doc, "split_seed");
    size_t digits = seed ? strspn(seed, "0123456789") : 0;
    if (!print || strlen(print) != FINGERPRINT_DIGITS ||
        strspn(print, "0123456789abcdef") != FINGERPRINT_DIGITS)
        return refuse(r, "'fingerprint' is not 32 hexadecimal digits");
    if (digits == 0 || digits > 20 || seed[digits])
        return refuse(r, "'split_seed' is no text of digits");
    text_copy(e->fingerprint, sizeof e->fingerprint, print);
    e->split_seed = strtoull(seed, NULL, 10);
    enum err err = get_name(r, doc, "name", e->task_name, sizeof e->task_name);
    if (err == ERR_OK) /* files of before there were variants have none */
        err = get_name(r, doc, json_get(doc, "family") ? "family" : "name", e->family,
                       sizeof e->family);
    return err;
}

static enum err get_all(struct reader *r, const struct cJSON *doc)
{
    static const char *const sources[2] = {[DATA_TABLE] = "table", [DATA_IMAGES] = "images"};
    static const char *const tasks[2] = {
        [DATA_CLASSIFICATION] = "classification", [DATA_REGRESSION] = "regression"};
    struct data_encoder *e = r->e;
    int64_t format = 0;
    int source = 0, task = 0;
    if (!json_get_int(doc, "format", &format) || format != FORMAT)
        return err_set(r->info, ERR_INPUT, r->where, "use the version of tiller that wrote it",
                       "the encoder kept with the weights is of another format than %d",
                       (int)FORMAT);
    enum err err = get_origin(r, doc);
    if (err == ERR_OK)
        err = get_word(r, doc, "source", sources, &source);
    if (err == ERR_OK)
        err = get_word(r, doc, "task", tasks, &task);
    if (err == ERR_OK)
        err = get_whole(r, doc, "n_inputs", 1, INT32_MAX, &e->n_inputs);
    e->source = (enum data_source)source;
    e->task = (enum data_task)task;
    if (err == ERR_OK)
        err = get_label(r, doc);
    if (err != ERR_OK)
        return err;
    return e->source == DATA_IMAGES ? get_image(r, doc) : get_columns(r, doc);
}

enum err data_encoder_read(const struct cJSON *object, const char *where, struct data_encoder **out,
                           struct err_info *info)
{
    *out = NULL;
    struct reader r = {.e = mem_zero_alloc(1, sizeof *r.e), .where = where, .info = info};
    enum err err = r.e ? get_all(&r, object) : err_set_memory(info, where);
    if (err == ERR_OK)
        *out = r.e;
    else
        data_encoder_free(r.e);
    return err;
}

void data_encoder_free(struct data_encoder *e)
{
    if (!e)
        return;
    encoding_free(&e->encoding);
    texts_free(e->class_names, e->n_classes);
    mem_free(e);
}

void data_encoder_facts(const struct data_encoder *e, struct data_encoder_facts *out)
{
    *out = (struct data_encoder_facts){.source = e->source,
                                       .task = e->task,
                                       .n_inputs = e->n_inputs,
                                       .n_classes = e->n_classes,
                                       .class_names = (const char *const *)e->class_names,
                                       .task_name = e->task_name,
                                       .family = e->family,
                                       .target_name = e->target_name,
                                       .fingerprint = e->fingerprint,
                                       .target_mean = e->target_mean,
                                       .target_scale = e->target_scale,
                                       .split_seed = e->split_seed};
}
