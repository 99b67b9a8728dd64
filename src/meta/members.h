/* members: what the objects of a knowledge file hold, by name, checked as it is taken.
 *
 * The first thing that is wrong is kept with its place; from then on everything is zeros or empty,
 * so that whoever reads needs no checks of their own but for loops and memory. Private to meta. */
#ifndef TILLER_META_MEMBERS_H
#define TILLER_META_MEMBERS_H

#include "tiller/base.h"

struct cJSON;

struct reader {
    const char *path;
    char place[160]; /* "task 3" ...; "" the file as a whole */
    struct err_info *info;
    enum err err; /* the first one */
};

/* Keeps an error, unless there is one already: ERR_INPUT with the member's name; ERR_MEMORY. */
void reader_refuse(struct reader *r, const char *name, const char *what);
void reader_no_memory(struct reader *r);
void *reader_make(struct reader *r, size_t n, size_t size); /* zeroed; NULL after an error */

const struct cJSON *member_list(struct reader *r, const struct cJSON *doc, const char *name);
int member_length(struct reader *r, const struct cJSON *doc, const char *name, int most);
/* Exactly n numbers of a list, each within [low, high]; name: for the error. */
void reader_numbers(struct reader *r, const struct cJSON *list, const char *name, int n, double low,
                    double high, double *out);
/* Exactly n numbers, each within [low, high]; n rows of so many; one. */
void member_numbers(struct reader *r, const struct cJSON *doc, const char *name, int n, double low,
                    double high, double *out);
void member_rows(struct reader *r, const struct cJSON *doc, const char *name, int n, int width,
                 double low, double high, double *out);
double member_number(struct reader *r, const struct cJSON *doc, const char *name, double low,
                     double high);
int64_t member_int(struct reader *r, const struct cJSON *doc, const char *name, int64_t low,
                   int64_t high);
bool member_bool(struct reader *r, const struct cJSON *doc, const char *name);
/* Sanitised; refused if it does not fit. */
void member_text(struct reader *r, const struct cJSON *doc, const char *name, char *out,
                 size_t out_size);
void member_packed(struct reader *r, const struct cJSON *doc, const char *name, float *out,
                   size_t n);
/* n whole numbers below `end` of a list whose length is known. */
void member_indices(struct reader *r, const struct cJSON *doc, const char *name, int n, int end,
                    bool rising, int *out);

#endif
