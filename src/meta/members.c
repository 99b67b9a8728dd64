/* members: of a knowledge file's objects, each checked as it is taken. */
#include "members.h"
#include "packed.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <string.h>

void reader_refuse(struct reader *r, const char *name, const char *what)
{
    if (r->err == ERR_OK)
        r->err = err_set(r->info, ERR_INPUT, r->path, "learn it again by 'tiller learn'",
                         "%s%s'%s' %s", r->place, r->place[0] ? ": " : "", name, what);
}

void reader_no_memory(struct reader *r)
{
    if (r->err == ERR_OK)
        r->err = err_set_memory(r->info, r->path);
}

/* Zeroed; NULL after an error. */
void *reader_make(struct reader *r, size_t n, size_t size)
{
    void *room = r->err == ERR_OK ? mem_zero_alloc(n, size) : NULL;
    if (!room)
        reader_no_memory(r);
    return room;
}

const struct cJSON *member_list(struct reader *r, const struct cJSON *doc, const char *name)
{
    const struct cJSON *list = json_get(doc, name);
    if (!cJSON_IsArray(list))
        reader_refuse(r, name, "is no list");
    return r->err == ERR_OK ? list : NULL;
}

int member_length(struct reader *r, const struct cJSON *doc, const char *name, int most)
{
    const struct cJSON *list = member_list(r, doc, name);
    int n = list ? cJSON_GetArraySize(list) : 0;
    if (n > most)
        reader_refuse(r, name, "is too long");
    return r->err == ERR_OK ? n : 0;
}

static bool number_in(const struct cJSON *item, double low, double high, double *out)
{
    return json_number(item, out) && *out >= low && *out <= high;
}

/* Exactly n numbers of a list. */
void reader_numbers(struct reader *r, const struct cJSON *list, const char *name, int n, double low,
                    double high, double *out)
{
    bool is_list = list && cJSON_IsArray(list);
    const struct cJSON *item = is_list ? list->child : NULL;
    int i = 0;
    for (; item && i < n && number_in(item, low, high, &out[i]); item = item->next)
        i++;
    if (i == n && !item && is_list)
        return;
    char what[120];
    reader_refuse(
        r, name,
        text_format(what, sizeof what, "is no list of %d numbers from %g to %g", n, low, high));
}

void member_numbers(struct reader *r, const struct cJSON *doc, const char *name, int n, double low,
                    double high, double *out)
{
    if (r->err == ERR_OK)
        reader_numbers(r, json_get(doc, name), name, n, low, high, out);
}

void member_rows(struct reader *r, const struct cJSON *doc, const char *name, int n, int width,
                 double low, double high, double *out)
{
    const struct cJSON *list = member_list(r, doc, name);
    const struct cJSON *row = list ? list->child : NULL;
    for (int i = 0; i < n && r->err == ERR_OK; i++, row = row ? row->next : NULL)
        reader_numbers(r, row, name, width, low, high, out + (size_t)i * (size_t)width);
    if (row)
        reader_refuse(r, name, "has too many rows");
}

double member_number(struct reader *r, const struct cJSON *doc, const char *name, double low,
                     double high)
{
    double value = 0;
    if (r->err == ERR_OK && !(json_get_number(doc, name, &value) && value >= low && value <= high))
        reader_refuse(r, name, "is no number, or one out of range");
    return value;
}

int64_t member_int(struct reader *r, const struct cJSON *doc, const char *name, int64_t low,
                   int64_t high)
{
    int64_t value = 0;
    if (r->err == ERR_OK && !(json_get_int(doc, name, &value) && value >= low && value <= high))
        reader_refuse(r, name, "is no whole number, or one out of range");
    return r->err == ERR_OK ? value : 0;
}

bool member_bool(struct reader *r, const struct cJSON *doc, const char *name)
{
    bool value = false;
    if (!json_get_bool(doc, name, &value))
        reader_refuse(r, name, "is neither true nor false");
    return value;
}

void member_text(struct reader *r, const struct cJSON *doc, const char *name, char *out,
                 size_t out_size)
{
    const char *text = json_get_string(doc, name);
    if (!text || strlen(text) >= out_size)
        reader_refuse(r, name, "is no text, or too long");
    else
        text_sanitize(out, out_size, text);
}

void member_packed(struct reader *r, const struct cJSON *doc, const char *name, float *out,
                   size_t n)
{
    const char *text = json_get_string(doc, name);
    if (r->err == ERR_OK && !(text && packed_read(text, out, n)))
        reader_refuse(r, name, "is not as many packed numbers as it should be");
}

/* n whole numbers below `end` of a list whose length is known. */
void member_indices(struct reader *r, const struct cJSON *doc, const char *name, int n, int end,
                    bool rising, int *out)
{
    const struct cJSON *item = r->err == ERR_OK ? json_get(doc, name)->child : NULL;
    for (int i = 0; i < n && item; i++, item = item->next) {
        double value;
        if (!number_in(item, 0, end - 1, &value) || value != floor(value) ||
            (rising && i > 0 && value <= out[i - 1]))
            reader_refuse(r, name, rising ? "is not rising, or out of range" : "is out of range");
        out[i] = r->err == ERR_OK ? (int)value : 0;
    }
}
