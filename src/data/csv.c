/* CSV as in RFC 4180, tokenised in place: every field becomes a terminated text inside the file's
 * own buffer, so that a table costs its size plus one offset per field.
 *
 * Beyond the RFC: a byte order mark is skipped, line ends may be LF, CR LF or CR, empty lines are
 * passed over, and a quote inside an unquoted field stands for itself. */
#include "internal.h"

#include <string.h>

struct reader {
    struct csv *csv;
    char *at, *end; /* what is still to read */
    char *put;      /* where the next byte of the current field goes; never behind `at` */
    int64_t line;
    int32_t field; /* of the current row, from 0 */
    size_t n_cells, cell_capacity, line_capacity;
    struct err_info *info;
};

const char *csv_where(char out[static 256], const char *path, int64_t line, int64_t field)
{
    size_t length = strlen(path), keep = 200;
    const char *dots = "";
    if (length > keep) {
        path += length - keep;
        dots = "...";
    }
    if (field > 0)
        return text_format(out, 256, "%s%s:%lld:%lld", dots, path, (long long)line,
                           (long long)field);
    return text_format(out, 256, "%s%s:%lld", dots, path, (long long)line);
}

void csv_free(struct csv *csv)
{
    mem_free(csv->buffer);
    mem_free(csv->cell);
    mem_free(csv->line);
    *csv = (struct csv){0};
}

static enum err refuse(const struct reader *r, int64_t line, const char *hint, const char *what)
{
    char where[256];
    return err_set(r->info, ERR_INPUT, csv_where(where, r->csv->path, line, r->field + 1), hint,
                   "%s", what);
}

static bool at_line_end(const struct reader *r)
{
    return r->at == r->end || *r->at == '\n' || *r->at == '\r';
}

static void skip_line_end(struct reader *r)
{
    if (r->at == r->end)
        return;
    if (*r->at == '\r' && r->at + 1 < r->end && r->at[1] == '\n')
        r->at++;
    r->at++;
    r->line++;
}

/* The text between quotes; `at` stands behind the opening quote. */
static enum err read_quoted(struct reader *r)
{
    int64_t began = r->line;
    for (;; r->at++) {
        if (r->at == r->end)
            return refuse(r, began, "close it, or double the quote if it belongs to the text",
                          "the field's opening quote is never closed");
        if (*r->at == '"') {
            r->at++;
            if (r->at == r->end || *r->at != '"')
                break;
        }
        r->line += *r->at == '\n';
        *r->put++ = *r->at;
    }
    if (!at_line_end(r) && *r->at != ',')
        return refuse(r, r->line, "double the quotes inside a quoted field",
                      "text follows the field's closing quote");
    return ERR_OK;
}

static enum err read_field(struct reader *r)
{
    struct csv *csv = r->csv;
    if (!mem_grow((void **)&csv->cell, &r->cell_capacity, r->n_cells, sizeof *csv->cell))
        return err_set_memory(r->info, csv->path);
    csv->cell[r->n_cells++] = (size_t)(r->put - csv->buffer);
    if (r->at < r->end && *r->at == '"') {
        r->at++;
        enum err e = read_quoted(r);
        if (e != ERR_OK)
            return e;
    } else {
        while (!at_line_end(r) && *r->at != ',')
            *r->put++ = *r->at++;
    }
    return ERR_OK;
}

/* The field's terminator goes where its delimiter stood or before, so only after that was read. */
static enum err read_row(struct reader *r)
{
    bool more = true;
    for (r->field = 0; more; r->field++) {
        if (r->field == COLUMNS_MAX)
            return refuse(r, r->line, "is this a table with one row per line?",
                          "there are more than 100,000 fields in one row");
        enum err e = read_field(r);
        if (e != ERR_OK)
            return e;
        more = r->at < r->end && *r->at == ',';
        if (more)
            r->at++;
        else
            skip_line_end(r);
        *r->put++ = 0;
    }
    return ERR_OK;
}

static enum err check_width(const struct reader *r, int64_t line)
{
    struct csv *csv = r->csv;
    char where[256];
    if (csv->n_columns == 0) {
        csv->n_columns = r->field;
        return ERR_OK;
    }
    if (r->field == csv->n_columns)
        return ERR_OK;
    int32_t first = r->field < csv->n_columns ? r->field : csv->n_columns + 1;
    return err_set(r->info, ERR_INPUT, csv_where(where, csv->path, line, first),
                   "give every row the same number of fields; quote fields that hold a comma",
                   "the row has %d field%s but the header has %d", (int)r->field,
                   r->field == 1 ? "" : "s", (int)csv->n_columns);
}

static enum err read_rows(struct reader *r)
{
    struct csv *csv = r->csv;
    int64_t n = 0;
    while (r->at < r->end) {
        if (at_line_end(r)) {
            skip_line_end(r);
            continue;
        }
        if (n > INT32_MAX)
            return err_set(r->info, ERR_INPUT, csv->path, "use fewer rows", "too many rows");
        int64_t line = r->line;
        if (!mem_grow((void **)&csv->line, &r->line_capacity, (size_t)n, sizeof *csv->line))
            return err_set_memory(r->info, csv->path);
        csv->line[n++] = line;
        enum err e = read_row(r);
        if (e == ERR_OK)
            e = check_width(r, line);
        if (e != ERR_OK)
            return e;
    }
    csv->n_rows = n - 1;
    return ERR_OK;
}

/* Text has no NUL bytes; UTF-16 and binary files have them at once. */
static enum err check_text(const char *buffer, size_t size, const char *path, struct err_info *info)
{
    char where[256];
    int64_t line = 1;
    const char *nul = memchr(buffer, 0, size);
    if (!nul)
        return ERR_OK;
    for (const char *p = buffer; p < nul; p++)
        line += *p == '\n';
    return err_set(info, ERR_INPUT, csv_where(where, path, line, 0),
                   "save the table as UTF-8 text, comma separated",
                   "this is no text file: it holds a NUL byte");
}

enum err csv_parse(char *buffer, size_t size, const char *path, struct csv *out,
                   struct err_info *info)
{
    *out = (struct csv){.buffer = buffer, .path = path};
    struct reader r = {
        .csv = out, .at = buffer, .end = buffer + size, .put = buffer, .line = 1, .info = info};
    enum err e = check_text(buffer, size, path, info);
    if (e == ERR_OK && size >= 3 && memcmp(buffer, "\xEF\xBB\xBF", 3) == 0)
        r.at += 3;
    if (e == ERR_OK)
        e = read_rows(&r);
    if (e == ERR_OK && out->n_rows < 0)
        e = err_set(info, ERR_INPUT, path, "a table begins with a line of column names",
                    "the file is empty");
    if (e != ERR_OK)
        csv_free(out);
    return e;
}

enum err csv_read(const char *path, struct csv *out, struct err_info *info)
{
    char *buffer;
    size_t size;
    *out = (struct csv){0};
    enum err e = file_read(path, FILE_BYTES_MAX, &buffer, &size, info);
    return e == ERR_OK ? csv_parse(buffer, size, path, out, info) : e;
}
