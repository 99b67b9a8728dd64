/* The face of term.h: hands every call to its kind. Which glyphs suit is decided here, the same way
 * for all. */
#include "tui/term.h"

#include "tui/term_impl.h"

#include <string.h>
#include <time.h>

double term_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

uint32_t term_paste_code(uint32_t code)
{
    return code < 0x20 || (code >= 0x7F && code < 0xA0) ? ' ' : code;
}

void term_close(struct term *t)
{
    if (t)
        t->kind->close(t);
}

void term_size(const struct term *t, int *rows, int *cols)
{
    *rows = t->rows;
    *cols = t->cols;
}

enum tui_colour term_tier(const struct term *t)
{
    return t->tier;
}

enum glyphs term_glyphs(const struct term *t, const char *wish)
{
    static const char *const names[GLYPHS_N] = {"braille", "blocks", "ascii"};
    for (int g = 0; wish && g < GLYPHS_N; g++)
        if (strcmp(wish, names[g]) == 0 && (t->any_glyphs || t->glyphs != GLYPHS_ASCII))
            return (enum glyphs)g;
    return t->glyphs;
}

void term_set_theme(struct term *t, const struct theme *theme)
{
    t->kind->set_theme(t, theme);
}

void term_set_mouse(struct term *t, bool on)
{
    t->kind->set_mouse(t, on);
}

void term_repaint(struct term *t)
{
    t->kind->repaint(t);
}

bool term_show(struct term *t, const struct frame *frame)
{
    return t->kind->show(t, frame);
}

enum term_event_kind term_next(struct term *t, const struct term_wait *wait, struct term_event *out)
{
    *out = (struct term_event){.kind = TERM_EVENT_NONE};
    out->kind = t->kind->next(t, wait, out);
    return out->kind;
}

enum err term_script_result(const struct term *t, struct err_info *info)
{
    return t->kind->result(t, info);
}

uint64_t term_bytes(const struct term *t)
{
    return t->bytes;
}

bool term_copy(struct term *t, const char *text)
{
    return t->kind->copy(t, text);
}
