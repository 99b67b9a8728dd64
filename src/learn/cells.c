/* cells: reading plain CSV tables of names and numbers.
 *
 * The file is read whole and cut in place. Every row has as many fields as the header; a quote, a
 * NUL byte or a ragged row is an error with its line, so that nothing is read askew. */
#include "cells.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define FILE_MAX ((size_t)1 << 30)

enum err cells_refuse(const struct cells *c, int column, struct err_info *info, const char *hint,
                      const char *fmt, ...)
{
    char where[256], what[256];
    size_t n = strlen(c->path), keep = 180; /* the line number has to fit behind the path */
    const char *path = n > keep ? c->path + n - keep : c->path;
    va_list args;
    va_start(args, fmt);
    vsnprintf(what, sizeof what, fmt, args); /* NOLINT(clang-analyzer-valist*) */
    va_end(args);
    if (column >= 0)
        text_format(where, sizeof where, "%s:%lld:%d", path, (long long)c->line, column + 1);
    else
        text_format(where, sizeof where, "%s:%lld", path, (long long)c->line);
    return err_set(info, ERR_INPUT, where, hint, "%s", what);
}

static bool is_end(char byte)
{
    return byte == '\n' || byte == '\r' || byte == 0;
}

/* Empty lines and comments. */
static void skip_idle_lines(struct cells *c)
{
    while (*c->at) {
        if (*c->at == '#')
            c->at += strcspn(c->at, "\r\n");
        if (!is_end(*c->at) || *c->at == 0)
            return;
        c->line += *c->at == '\n' || c->at[1] != '\n';
        c->at++;
    }
}

/* Cuts the line at `at` into its fields; at most max of them. Returns how many there are. */
static int cut_line(struct cells *c, char **field, int max)
{
    int n = 0;
    bool more = true;
    while (more) {
        size_t length = strcspn(c->at, ",\r\n");
        if (n < max)
            field[n] = c->at;
        n++;
        c->at += length;
        char delimiter = *c->at;
        more = delimiter == ',';
        if (delimiter) {
            *c->at++ = 0;
            c->at += delimiter == '\r' && *c->at == '\n';
        }
    }
    return n;
}

/* Spaces around a field are not part of it. */
static void trim(char **field)
{
    char *s = *field + strspn(*field, " \t"), *end = s + strlen(s);
    while (end > s && (end[-1] == ' ' || end[-1] == '\t'))
        *--end = 0;
    *field = s;
}

enum err cells_next(struct cells *c, bool *more, struct err_info *info)
{
    c->line++;
    skip_idle_lines(c);
    *more = *c->at != 0;
    if (!*more)
        return ERR_OK;
    size_t length = strcspn(c->at, "\r\n");
    if (memchr(c->at, '"', length))
        return cells_refuse(c, -1, info, "write names without commas and quotes",
                            "quoted fields are not part of this form");
    int n = cut_line(c, c->field, c->n_columns);
    if (n != c->n_columns)
        return cells_refuse(c, -1, info, "give every row the header's fields",
                            "the row has %d field%s but the header has %d", n, n == 1 ? "" : "s",
                            c->n_columns);
    for (int i = 0; i < n; i++)
        trim(&c->field[i]);
    return ERR_OK;
}

static int count_columns(const char *line)
{
    int n = 1;
    for (; !is_end(*line); line++)
        n += *line == ',' && n <= CELLS_COLUMNS_MAX;
    return n;
}

static enum err check_names(const struct cells *c, struct err_info *info)
{
    for (int i = 0; i < c->n_columns; i++) {
        if (!c->header[i][0])
            return cells_refuse(c, i, info, "name every column", "a column without a name");
        if (cells_find(c, c->header[i]) != i)
            return cells_refuse(c, i, info, "name each column once",
                                "the column's name stands here twice");
    }
    return ERR_OK;
}

static enum err read_header(struct cells *c, struct err_info *info)
{
    bool more = false;
    c->line = 1;
    skip_idle_lines(c);
    c->n_columns = count_columns(c->at);
    if (c->n_columns > CELLS_COLUMNS_MAX)
        return cells_refuse(c, -1, info, "is this a table with one row per line?",
                            "there are more than %d columns", CELLS_COLUMNS_MAX);
    c->field = mem_zero_alloc((size_t)c->n_columns, sizeof *c->field);
    c->header = mem_zero_alloc((size_t)c->n_columns, sizeof *c->header);
    if (!c->field || !c->header)
        return err_set_memory(info, c->path);
    c->line--;
    enum err err = cells_next(c, &more, info);
    if (err == ERR_OK && !more)
        return cells_refuse(c, -1, info, "begin with a line of column names", "the file is empty");
    if (err != ERR_OK)
        return err;
    memcpy(c->header, c->field, (size_t)c->n_columns * sizeof *c->header);
    return check_names(c, info);
}

enum err cells_open(struct cells *c, const char *path, struct err_info *info)
{
    size_t size;
    memset(c, 0, sizeof *c);
    text_copy(c->path, sizeof c->path, path);
    enum err err = file_read(path, FILE_MAX, &c->buffer, &size, info);
    if (err != ERR_OK)
        return err;
    c->at = c->buffer;
    if (strncmp(c->at, "\xef\xbb\xbf", 3) == 0)
        c->at += 3;
    if (strlen(c->buffer) != size)
        err =
            err_set(info, ERR_INPUT, c->path, "is this a text file?", "there is a NUL byte in it");
    else
        err = read_header(c, info);
    if (err != ERR_OK)
        cells_close(c);
    return err;
}

void cells_close(struct cells *c)
{
    mem_free(c->buffer);
    mem_free(c->header);
    mem_free(c->field);
    memset(c, 0, sizeof *c);
}

int cells_find(const struct cells *c, const char *name)
{
    for (int i = 0; i < c->n_columns; i++)
        if (strcmp(c->header[i], name) == 0)
            return i;
    return -1;
}

enum err cells_number(const struct cells *c, int column, bool may_be_nan, double *out,
                      struct err_info *info)
{
    static const char *const words[] = {"nan", "inf", "-inf", "+inf", "infinity", "-nan"};
    const char *field = c->field[column];
    if (text_parse_double(field, out))
        return ERR_OK;
    for (size_t i = 0; i < sizeof words / sizeof *words && may_be_nan; i++)
        if (strcasecmp(field, words[i]) == 0) {
            *out = (double)NAN;
            return ERR_OK;
        }
    return cells_refuse(c, column, info, may_be_nan ? "write a number, or nan" : "write a number",
                        "'%s' is not a number", field);
}
