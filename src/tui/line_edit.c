/* One line of text under the keys. What always holds: text is valid UTF-8 without control
 * characters, terminated, and cursor stands between two characters of it. */
#include "tui/line_edit.h"

#include <string.h>

/* ---- characters -------------------------------------------------------------------------- */

/* May it stand in the line? Control characters, bidi marks and what is no character may not. */
static bool is_fine(uint32_t code)
{
    return code >= ' ' && !(code >= 0x7F && code < 0xA0) && code != 0xFFFD && code < 0x110000 &&
           !(code >= 0x200B && code <= 0x200F) && !(code >= 0x2028 && code <= 0x202E) &&
           !(code >= 0x2060 && code <= 0x206F) && !(code >= 0xD800 && code < 0xE000);
}

static size_t before(const struct line_edit *e, size_t at)
{
    while (at > 0 && ((unsigned char)e->text[--at] & 0xC0) == 0x80)
        continue;
    return at;
}

static size_t behind(const struct line_edit *e, size_t at)
{
    if (at < e->length)
        at++;
    while (at < e->length && ((unsigned char)e->text[at] & 0xC0) == 0x80)
        at++;
    return at;
}

/* Start of the word that ends before the cursor, with the blanks behind it. */
static size_t word_before(const struct line_edit *e)
{
    size_t at = e->cursor;
    while (at > 0 && e->text[at - 1] == ' ')
        at--;
    while (at > 0 && e->text[at - 1] != ' ')
        at--;
    return at;
}

static bool erase(struct line_edit *e, size_t from, size_t to)
{
    if (from >= to)
        return false;
    memmove(e->text + from, e->text + to, e->length - to + 1);
    e->length -= to - from;
    e->cursor = from;
    return true;
}

static bool insert(struct line_edit *e, const char *s, size_t n)
{
    if (e->length + n >= sizeof e->text)
        return false;
    memmove(e->text + e->cursor + n, e->text + e->cursor, e->length - e->cursor + 1);
    memcpy(e->text + e->cursor, s, n);
    e->length += n;
    e->cursor += n;
    return true;
}

void line_edit_set(struct line_edit *e, const char *text)
{
    uint32_t code;
    char utf8[5];
    e->length = e->cursor = 0;
    e->text[0] = 0;
    e->selected = false;
    for (int n; (n = text_utf8_next(text, &code)) > 0; text += n)
        if (is_fine(code) && !insert(e, utf8, (size_t)text_utf8_put(code, utf8)))
            break;
}

void line_edit_start(struct line_edit *e, const char *text, const struct history *history,
                     line_complete complete, void *context)
{
    line_edit_set(e, text);
    e->history = history;
    e->history_at = history ? history->n : 0;
    e->draft[0] = 0;
    e->complete = complete;
    e->context = context;
    e->found.n = e->found_at = 0;
}

/* ---- completion -------------------------------------------------------------------------- */

void completion_add(struct completion *c, const char *item)
{
    if (c->n == COMPLETION_MAX)
        return;
    for (size_t i = 0; i < c->n; i++)
        if (strcmp(c->item[i], item) == 0)
            return;
    if (text_copy(c->item[c->n], sizeof c->item[c->n], item))
        c->n++; /* one that is cut would not be what was offered */
}

void completion_offer(struct completion *c, const char *word, const char *item)
{
    if (strncmp(word, item, strlen(word)) == 0)
        completion_add(c, item);
}

/* Bytes that all candidates begin with, whole characters only. */
static size_t common_prefix(const struct completion *c)
{
    const char *first = c->item[0];
    size_t n = strlen(first);
    for (size_t i = 1; i < c->n; i++)
        for (size_t k = 0; k < n; k++)
            if (c->item[i][k] != first[k])
                n = k;
    while (n > 0 && ((unsigned char)first[n] & 0xC0) == 0x80)
        n--;
    return n;
}

/* Puts n bytes of s in place of the word at the cursor. */
static bool replace_word(struct line_edit *e, const char *s, size_t n)
{
    size_t from = e->found.word_start;
    if (e->length - (e->cursor - from) + n >= sizeof e->text)
        return false;
    erase(e, from, e->cursor);
    return insert(e, s, n);
}

/* First Tab: what all candidates share; then one after the other. */
static bool complete(struct line_edit *e, bool forward)
{
    struct completion *c = &e->found;
    if (c->n == 0) {
        *c = (struct completion){.word_start = e->cursor};
        e->complete(e->context, e->text, e->cursor, c);
        if (c->word_start > e->cursor)
            c->word_start = e->cursor;
        e->found_at = 0;
        if (c->n == 0)
            return false;
        size_t common = common_prefix(c), typed = e->cursor - c->word_start;
        if (c->n > 1 && common > typed)
            return replace_word(e, c->item[0], common);
    }
    e->found_at = forward ? e->found_at % c->n + 1 : (e->found_at > 1 ? e->found_at - 1 : c->n);
    const char *item = c->item[e->found_at - 1];
    bool changed = replace_word(e, item, strlen(item));
    if (c->n == 1)
        c->n = e->found_at = 0; /* done: the next Tab looks for what may follow */
    return changed;
}

/* ---- keys -------------------------------------------------------------------------------- */

static bool recall(struct line_edit *e, bool older)
{
    const struct history *h = e->history;
    size_t at = e->history_at;
    if (!h || (older ? at == 0 : at >= h->n))
        return false;
    if (at >= h->n)
        text_copy(e->draft, sizeof e->draft, e->text);
    e->history_at = older ? (at < h->n ? at : h->n) - 1 : at + 1;
    line_edit_set(e, e->history_at < h->n ? h->line[e->history_at] : e->draft);
    return true;
}

static enum line_edit_result move_to(struct line_edit *e, size_t at)
{
    e->cursor = at;
    return LINE_EDIT_MOVED;
}

static enum line_edit_result changed(bool did)
{
    return did ? LINE_EDIT_CHANGED : LINE_EDIT_MOVED;
}

static enum line_edit_result backspace(struct line_edit *e)
{
    if (e->length == 0)
        return LINE_EDIT_CANCEL;
    if (e->selected)
        return changed(erase(e, 0, e->length));
    return changed(erase(e, before(e, e->cursor), e->cursor));
}

static enum line_edit_result type(struct line_edit *e, uint32_t code)
{
    char utf8[5];
    if (!is_fine(code))
        return LINE_EDIT_UNUSED;
    if (e->selected)
        line_edit_set(e, "");
    return changed(insert(e, utf8, (size_t)text_utf8_put(code, utf8)));
}

static enum line_edit_result edit_key(struct line_edit *e, uint32_t key)
{
    size_t at = e->cursor;
    switch (key) {
    case TERM_KEY_LEFT:
    case TERM_CTRL('b'):
        return move_to(e, before(e, at));
    case TERM_KEY_RIGHT:
    case TERM_CTRL('f'):
        return move_to(e, behind(e, at));
    case TERM_KEY_HOME:
    case TERM_CTRL('a'):
        return move_to(e, 0);
    case TERM_KEY_END:
    case TERM_CTRL('e'):
        return move_to(e, e->length);
    case TERM_KEY_BACKSPACE:
        return backspace(e);
    case TERM_KEY_DELETE:
    case TERM_CTRL('d'):
        return changed(erase(e, at, behind(e, at)));
    case TERM_CTRL('k'):
        return changed(erase(e, at, e->length));
    case TERM_CTRL('u'):
        return changed(erase(e, 0, at));
    case TERM_CTRL('w'):
        return changed(erase(e, word_before(e), at));
    case TERM_KEY_ENTER:
        return LINE_EDIT_DONE;
    case TERM_KEY_ESCAPE:
        return LINE_EDIT_CANCEL;
    default:
        return type(e, key);
    }
}

enum line_edit_result line_edit_key(struct line_edit *e, const struct term_event *event)
{
    if (event->kind != TERM_EVENT_KEY)
        return LINE_EDIT_UNUSED;
    uint32_t key = event->key;
    if (event->pasted) {
        e->found.n = e->found_at = 0;
        return key < ' ' ? LINE_EDIT_MOVED : type(e, key);
    }
    if ((key == TERM_KEY_UP || key == TERM_KEY_DOWN) && e->history) {
        e->found.n = e->found_at = 0;
        return changed(recall(e, key == TERM_KEY_UP));
    }
    if ((key == TERM_KEY_TAB || key == TERM_KEY_BACKTAB) && e->complete) {
        e->selected = false;
        return changed(complete(e, key == TERM_KEY_TAB));
    }
    enum line_edit_result result = edit_key(e, key);
    if (result != LINE_EDIT_UNUSED) {
        e->found.n = e->found_at = 0;
        e->selected = false;
    }
    return result;
}

/* ---- drawing ----------------------------------------------------------------------------- */

/* Columns of the first n bytes of s. */
static int columns_of(const char *s, size_t n)
{
    char copy[LINE_EDIT_SIZE];
    memcpy(copy, s, n);
    copy[n] = 0;
    return text_columns(copy);
}

void line_edit_draw(const struct line_edit *e, struct frame *f, int row, int col, int cols,
                    const char *prompt)
{
    int used = frame_put(f, row, col, cols, PAINT_ACCENT, ATTR_BOLD, prompt);
    int room = cols - used, left = col + used;
    size_t first = 0;
    if (room <= 0)
        return;
    while (first < e->cursor && columns_of(e->text + first, e->cursor - first) > room - 1)
        first = behind(e, first);
    bool all = e->selected && e->length > 0;
    frame_put(f, row, left, room, all ? PAINT_SELECTED : PAINT_TEXT, all ? ATTR_REVERSE : 0,
              e->text + first);
    if (first > 0 && room > 2)
        frame_put_code(f, row, left, PAINT_DIM, 0, 0x2026);
    f->cursor_row = row;
    f->cursor_col = left + columns_of(e->text + first, e->cursor - first);
}

void line_edit_draw_candidates(const struct line_edit *e, struct frame *f, int row, int col,
                               int cols)
{
    const struct completion *c = &e->found;
    size_t chosen = e->found_at, first = 0;
    if (c->n == 0)
        return;
    /* Begin so late that the chosen one is seen. */
    for (int width = 0; chosen > 0 && first + 1 < chosen; first++) {
        width = 0;
        for (size_t i = first; i < chosen; i++)
            width += text_columns(c->item[i]) + 2;
        if (width <= cols)
            break;
    }
    frame_fill(f, (struct rect){row, col, 1, cols}, PAINT_DIM, 0, ' ');
    int at = 0;
    for (size_t i = first; i < c->n && at < cols; i++) {
        bool here = i + 1 == chosen;
        at += frame_put(f, row, col + at, cols - at, here ? PAINT_SELECTED : PAINT_DIM,
                        here ? ATTR_REVERSE : 0, c->item[i]);
        at += 2;
    }
}
