/* JSON behind a wrapper (decisions 5). cJSON builds the tree; a scan of our own before it makes the
 * dialect strict where it is lenient, and readable where it is not:
 *
 *   - numbers, strings and literals must be as RFC 8259 says; \u0000 and raw control characters are
 *     refused; depth is at most 64; nothing may follow the value;
 *   - the tokens NaN, Infinity, -Infinity become a 0 for cJSON, and the k-th number of the text is
 *     the k-th number of the tree in document order, so they are put back afterwards;
 *   - duplicate keys are refused after parsing.
 *
 * What always holds: a tree that json_parse gave has only finite numbers or those three. */
#include "tiller/base.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 64 };

struct special {
    size_t ordinal; /* k-th number of the text */
    double value;
};
struct scan {
    char *text; /* a copy; special tokens are blanked in it */
    size_t n, at;
    int depth;
    size_t n_numbers;
    struct special *specials;
    size_t n_specials, capacity;
    const char *problem;
    bool out_of_memory;
};

/* ---- the scan ---------------------------------------------------------------------------- */

static bool fail(struct scan *s, const char *problem)
{
    s->problem = problem;
    return false;
}

static bool is_digit(const struct scan *s, size_t i)
{
    return i < s->n && s->text[i] >= '0' && s->text[i] <= '9';
}

/* The first bad byte of a string literal is where s->at stays. */
static bool scan_string(struct scan *s)
{
    for (s->at++; s->at < s->n; s->at++) {
        unsigned char c = (unsigned char)s->text[s->at];
        if (c == '"') {
            s->at++;
            return true;
        }
        if (c < 0x20)
            return fail(s, "a control character stands raw in a string");
        if (c != '\\')
            continue;
        if (s->n - s->at >= 6 && memcmp(s->text + s->at, "\\u0000", 6) == 0)
            return fail(s, "\\u0000 is not allowed");
        s->at++;
    }
    return fail(s, "a string does not end");
}

static bool scan_special(struct scan *s, size_t length, double value)
{
    if (!mem_grow((void **)&s->specials, &s->capacity, s->n_specials, sizeof *s->specials)) {
        s->out_of_memory = true;
        return fail(s, "out of memory");
    }
    s->specials[s->n_specials++] = (struct special){s->n_numbers++, value};
    memset(s->text + s->at, ' ', length);
    s->text[s->at] = '0';
    s->at += length;
    return true;
}

static bool scan_number(struct scan *s)
{
    size_t i = s->at;
    if (s->text[i] == '-')
        i++;
    if (!is_digit(s, i))
        return fail(s, "this is not a value");
    if (s->text[i] == '0' && is_digit(s, i + 1))
        return fail(s, "a number starts with 0");
    while (is_digit(s, i))
        i++;
    if (i < s->n && s->text[i] == '.') {
        if (!is_digit(s, ++i))
            return fail(s, "digits are missing behind the point");
        while (is_digit(s, i))
            i++;
    }
    if (i < s->n && (s->text[i] == 'e' || s->text[i] == 'E')) {
        i++;
        if (i < s->n && (s->text[i] == '+' || s->text[i] == '-'))
            i++;
        if (!is_digit(s, i))
            return fail(s, "digits are missing in the exponent");
        while (is_digit(s, i))
            i++;
    }
    s->n_numbers++;
    s->at = i;
    return true;
}

static bool scan_word(struct scan *s)
{
    static const struct {
        const char *word;
        bool number;
        double value;
    } words[] = {
        {"true", false, 0},
        {"false", false, 0},
        {"null", false, 0},
        {"NaN", true, (double)NAN},
        {"Infinity", true, (double)INFINITY},
        {"-Infinity", true, -(double)INFINITY},
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        size_t length = strlen(words[i].word);
        if (s->n - s->at < length || memcmp(s->text + s->at, words[i].word, length) != 0)
            continue;
        if (words[i].number)
            return scan_special(s, length, words[i].value);
        s->at += length;
        return true;
    }
    return scan_number(s);
}

/* Checks tokens and depth; the order of tokens is cJSON's business. */
static bool scan_all(struct scan *s)
{
    while (s->at < s->n) {
        char c = s->text[s->at];
        if (strchr(" \t\r\n,:", c) && c) {
            s->at++;
        } else if (c == '{' || c == '[') {
            if (++s->depth > DEPTH_MAX)
                return fail(s, "nested deeper than 64");
            s->at++;
        } else if (c == '}' || c == ']') {
            s->depth--;
            s->at++;
        } else if (!(c == '"' ? scan_string(s) : scan_word(s))) {
            return false;
        }
    }
    return true;
}

/* ---- after cJSON ------------------------------------------------------------------------- */

static void put_specials_back(struct cJSON *item, const struct scan *s, size_t *number,
                              size_t *next)
{
    for (; item; item = item->next) {
        if (cJSON_IsNumber(item)) {
            if (*next < s->n_specials && s->specials[*next].ordinal == *number)
                item->valuedouble = s->specials[(*next)++].value;
            (*number)++;
        }
        if (item->child)
            put_specials_back(item->child, s, number, next);
    }
}

static int compare_keys(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* 1: a key twice in one object (named in *key); 0: none; -1: out of memory. */
static int find_duplicate(const struct cJSON *item, const char **key)
{
    const struct cJSON *member;
    size_t n = 0;
    cJSON_ArrayForEach(member, item)
    {
        int found = member->child ? find_duplicate(member, key) : 0;
        if (found != 0)
            return found;
        n++;
    }
    if (!cJSON_IsObject(item) || n < 2)
        return 0;
    const char **keys = mem_alloc(n, sizeof *keys);
    if (!keys)
        return -1;
    size_t i = 0;
    int result = 0;
    cJSON_ArrayForEach(member, item) keys[i++] = member->string;
    qsort(keys, n, sizeof *keys, compare_keys);
    for (i = 1; i < n && result == 0; i++) {
        if (strcmp(keys[i - 1], keys[i]) == 0) {
            *key = keys[i];
            result = 1;
        }
    }
    mem_free(keys);
    return result;
}

/* ---- parsing ----------------------------------------------------------------------------- */

static enum err parse_error(const char *text, size_t at, const char *where, const char *what,
                            struct err_info *info)
{
    size_t line = 1, column = 1;
    for (size_t i = 0; i < at; i++) {
        column = text[i] == '\n' ? 1 : column + 1;
        line += text[i] == '\n';
    }
    char place[256];
    text_format(place, sizeof place, "%s:%zu:%zu", where, line, column);
    return err_set(info, ERR_INPUT, place, NULL, "not JSON: %s", what);
}

static enum err build_tree(struct scan *s, const char *text, const char *where, struct cJSON **out,
                           struct err_info *info)
{
    const char *end = s->text, *key = "";
    struct cJSON *doc = cJSON_ParseWithLengthOpts(s->text, s->n + 1, &end, false);
    size_t at = (size_t)(end - s->text);
    while (doc && at < s->n && strchr(" \t\r\n", s->text[at]))
        at++;
    if (!doc || at != s->n) {
        const char *what = doc ? "something follows the value" : "a value or bracket is missing";
        cJSON_Delete(doc);
        return parse_error(text, at < s->n ? at : s->n, where, what, info);
    }
    size_t number = 0, next = 0;
    put_specials_back(doc, s, &number, &next);
    int duplicate = find_duplicate(doc, &key);
    if (duplicate != 0) {
        enum err err = duplicate < 0 ? err_set_memory(info, where)
                                     : err_set(info, ERR_INPUT, where, "keep one of them",
                                               "not JSON: the key '%s' stands twice", key);
        cJSON_Delete(doc);
        return err;
    }
    *out = doc;
    return ERR_OK;
}

enum err json_parse(const char *text, size_t n, const char *where, struct cJSON **out,
                    struct err_info *info)
{
    *out = NULL;
    struct scan s = {.text = mem_dup_text_n(text, n), .n = n};
    if (!s.text)
        return err_set_memory(info, where);
    enum err err;
    if (scan_all(&s))
        err = build_tree(&s, text, where, out, info);
    else if (s.out_of_memory)
        err = err_set_memory(info, where);
    else
        err = parse_error(text, s.at < n ? s.at : n, where, s.problem, info); /* "\" at the end */
    mem_free(s.specials);
    mem_free(s.text);
    return err;
}

void json_free(struct cJSON *doc)
{
    cJSON_Delete(doc);
}

/* ---- looking up -------------------------------------------------------------------------- */

const struct cJSON *json_get(const struct cJSON *object, const char *name)
{
    return object ? cJSON_GetObjectItemCaseSensitive(object, name) : NULL;
}

bool json_number(const struct cJSON *item, double *out)
{
    static const struct {
        const char *word;
        double value;
    } words[] = {
        {"NaN", (double)NAN}, {"Infinity", (double)INFINITY}, {"-Infinity", -(double)INFINITY}};
    if (cJSON_IsNumber(item)) {
        *out = item->valuedouble;
        return true;
    }
    for (size_t i = 0; cJSON_IsString(item) && i < 3; i++) {
        if (strcmp(item->valuestring, words[i].word) == 0) {
            *out = words[i].value;
            return true;
        }
    }
    return false;
}

bool json_get_number(const struct cJSON *object, const char *name, double *out)
{
    return json_number(json_get(object, name), out);
}

bool json_get_int(const struct cJSON *object, const char *name, int64_t *out)
{
    double value;
    if (!json_get_number(object, name, &value) || !(fabs(value) < 9e18) || value != floor(value))
        return false;
    *out = (int64_t)value;
    return true;
}

bool json_get_bool(const struct cJSON *object, const char *name, bool *out)
{
    const struct cJSON *item = json_get(object, name);
    if (!cJSON_IsBool(item))
        return false;
    *out = cJSON_IsTrue(item);
    return true;
}

const char *json_get_string(const struct cJSON *object, const char *name)
{
    const struct cJSON *item = json_get(object, name);
    return cJSON_IsString(item) ? item->valuestring : NULL;
}

/* ---- writing ----------------------------------------------------------------------------- */

static void put_quoted(struct text *out, const char *s)
{
    uint32_t code;
    int n;
    text_append_char(out, '"');
    for (; (n = text_utf8_next(s, &code)) > 0; s += n) {
        if (code == '"' || code == '\\')
            text_appendf(out, "\\%c", (char)code);
        else if (code == '\n')
            text_append(out, "\\n");
        else if (code >= 0x20 && code < 0x7F)
            text_append_char(out, (char)code);
        else if (code < 0x10000)
            text_appendf(out, "\\u%04x", code);
        else
            text_appendf(out, "\\u%04x\\u%04x", 0xD800 + ((code - 0x10000) >> 10),
                         0xDC00 + ((code - 0x10000) & 0x3FF));
    }
    text_append_char(out, '"');
}

void json_begin(struct json_writer *w, struct text *out)
{
    memset(w, 0, sizeof *w);
    w->out = out;
}

/* The comma before, and the name of, the next member. */
static void begin_member(struct json_writer *w, const char *name)
{
    if (w->need_comma[w->depth])
        text_append(w->out, ", ");
    w->need_comma[w->depth] = true;
    if (name) {
        put_quoted(w->out, name);
        text_append(w->out, ": ");
    }
}

void json_open(struct json_writer *w, const char *name, char bracket)
{
    begin_member(w, name);
    text_append_char(w->out, bracket);
    if (w->depth + 1 < (int)(sizeof w->need_comma / sizeof *w->need_comma))
        w->depth++;
    else
        w->out->failed = true;
    w->need_comma[w->depth] = false;
}

void json_close(struct json_writer *w, char bracket)
{
    text_append_char(w->out, bracket);
    if (w->depth > 0)
        w->depth--;
}

void json_put_string(struct json_writer *w, const char *name, const char *value)
{
    begin_member(w, name);
    put_quoted(w->out, value);
}

void json_put_number(struct json_writer *w, const char *name, double value)
{
    char number[32];
    begin_member(w, name);
    text_append(w->out, text_double(number, sizeof number, value, false));
}

void json_put_int(struct json_writer *w, const char *name, int64_t value)
{
    begin_member(w, name);
    text_appendf(w->out, "%lld", (long long)value);
}

void json_put_bool(struct json_writer *w, const char *name, bool value)
{
    begin_member(w, name);
    text_append(w->out, value ? "true" : "false");
}

void json_put_null(struct json_writer *w, const char *name)
{
    begin_member(w, name);
    text_append(w->out, "null");
}

void json_put_raw(struct json_writer *w, const char *name, const char *json)
{
    begin_member(w, name);
    text_append(w->out, json);
}

void json_put_item(struct json_writer *w, const char *name, const struct cJSON *item)
{
    const struct cJSON *member;
    if (cJSON_IsObject(item) || cJSON_IsArray(item)) {
        bool object = cJSON_IsObject(item);
        json_open(w, name, object ? '{' : '[');
        cJSON_ArrayForEach(member, item) json_put_item(w, object ? member->string : NULL, member);
        json_close(w, object ? '}' : ']');
    } else if (cJSON_IsString(item)) {
        json_put_string(w, name, item->valuestring);
    } else if (cJSON_IsNumber(item)) {
        json_put_number(w, name, item->valuedouble);
    } else if (cJSON_IsBool(item)) {
        json_put_bool(w, name, cJSON_IsTrue(item));
    } else {
        json_put_null(w, name);
    }
}
