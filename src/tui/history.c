/* What was typed at prompts, oldest first, and its file: one line each. */
#include "tui/line_edit.h"

#include <string.h>

enum { HISTORY_MAX_BYTES = 1 << 20 };

void history_add(struct history *h, const char *line)
{
    if (line[strspn(line, " ")] == 0 || (h->n > 0 && strcmp(h->line[h->n - 1], line) == 0))
        return;
    char *copy = mem_dup_text(line);
    if (!copy)
        return; /* one line that cannot be recalled */
    if (h->n == HISTORY_MAX) {
        mem_free(h->line[0]);
        memmove(h->line, h->line + 1, (HISTORY_MAX - 1) * sizeof *h->line);
        h->n--;
    }
    h->line[h->n++] = copy;
}

void history_free(struct history *h)
{
    for (size_t i = 0; i < h->n; i++)
        mem_free(h->line[i]);
    h->n = 0;
}

enum err history_load(struct history *h, const char *path, struct err_info *info)
{
    char *bytes, line[LINE_EDIT_SIZE], safe[LINE_EDIT_SIZE];
    size_t n;
    if (!file_exists(path))
        return ERR_OK;
    enum err e = file_read(path, HISTORY_MAX_BYTES, &bytes, &n, info);
    if (e)
        return e;
    for (const char *s = bytes; *s;) {
        size_t length = strcspn(s, "\n");
        if (length < sizeof line) {
            memcpy(line, s, length);
            line[length] = 0;
            history_add(h, text_sanitize(safe, sizeof safe, line));
        }
        s += length + (s[length] == '\n');
    }
    mem_free(bytes);
    return ERR_OK;
}

enum err history_save(const struct history *h, const char *path, struct err_info *info)
{
    struct text all = {0};
    for (size_t i = 0; i < h->n; i++) {
        text_append(&all, h->line[i]);
        text_append_char(&all, '\n');
    }
    enum err e = all.failed ? err_set_memory(info, path)
                            : file_write_atomic(path, text_get(&all), all.length, info);
    text_free(&all);
    return e;
}
