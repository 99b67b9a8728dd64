/* term_impl: what the two kinds of terminal share behind term.h. Only term*.c include it. */
#ifndef TILLER_TUI_TERM_IMPL_H
#define TILLER_TUI_TERM_IMPL_H

#include "tui/term.h"

struct term_kind {
    void (*close)(struct term *t);
    bool (*show)(struct term *t, const struct frame *frame);
    enum term_event_kind (*next)(struct term *t, const struct term_wait *wait,
                                 struct term_event *out);
    void (*set_theme)(struct term *t, const struct theme *theme);
    void (*set_mouse)(struct term *t, bool on);
    void (*repaint)(struct term *t);
    bool (*copy)(struct term *t, const char *text);
    enum err (*result)(const struct term *t, struct err_info *info);
};
/* The first member of both kinds. */
struct term {
    const struct term_kind *kind;
    int rows, cols;
    enum tui_colour tier;
    enum glyphs glyphs; /* what suits without a wish */
    bool any_glyphs;    /* a wish is always granted: nothing is really shown */
    uint64_t bytes;
};

/* Monotonic seconds that go on also while tests have fixed the program's clock. */
double term_seconds(void);
/* What a character of a paste becomes: control characters are blanks. */
uint32_t term_paste_code(uint32_t code);

#endif
