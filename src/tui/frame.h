/* frame: a grid of cells that screens draw into. No curses here: a frame can be compared, saved and
 * tested; term.c puts it on a terminal. A cell has one character, one theme *role* (not a colour)
 * and attributes. Drawing outside the frame or rectangle is clipped, never an error. */
#ifndef TILLER_TUI_FRAME_H
#define TILLER_TUI_FRAME_H

#include "tiller/base.h"

/* clang-format off */
#define PAINT_LIST(X) \
    X(TEXT, "text") X(DIM, "dim") X(ACCENT, "accent") X(GOOD, "good") X(WARN, "warn") \
    X(BAD, "bad") X(TITLE, "title") X(RULE, "rule") X(SELECTED, "selected") X(KEY, "key") \
    X(SERIES1, "series1") X(SERIES2, "series2") X(SERIES3, "series3") X(SERIES4, "series4") \
    X(SERIES5, "series5") X(SERIES6, "series6") X(SERIES7, "series7") X(SERIES8, "series8") \
    X(HEAT0, "heat0") X(HEAT1, "heat1") X(HEAT2, "heat2") X(HEAT3, "heat3") X(HEAT4, "heat4") \
    X(HEAT5, "heat5") X(HEAT6, "heat6") X(HEAT7, "heat7") X(HEAT8, "heat8") X(HEAT9, "heat9") \
    X(HEAT10, "heat10") X(HEAT11, "heat11") X(HEAT12, "heat12") X(HEAT13, "heat13") \
    X(HEAT14, "heat14") X(HEAT15, "heat15")
/* clang-format on */

enum paint {
#define X(name, text) PAINT_##name,
    PAINT_LIST(X)
#undef X
        PAINT_N
};
const char *paint_name(enum paint p);
int paint_find(const char *name); /* -1 unknown */

enum { ATTR_BOLD = 1, ATTR_REVERSE = 2, ATTR_UNDERLINE = 4, ATTR_DIM = 8 };

struct cell {
    uint32_t code; /* Unicode; 0: second half of a wide character; blank is ' ' */
    uint8_t paint, attr;
};
struct rect {
    int row, col, rows, cols;
};
struct frame {
    int rows, cols;
    struct cell *cells;         /* [rows x cols] row-major */
    int cursor_row, cursor_col; /* -1: hidden */
};

/* frame_resize keeps nothing; returns false when out of memory (frame then 0 x 0). */
bool frame_resize(struct frame *f, int rows, int cols);
void frame_free(struct frame *f);
void frame_clear(struct frame *f);
struct rect frame_rect(const struct frame *f);
/* Text is UTF-8, sanitised on the way; wide characters take two cells; cut at max_cols with '…' (or
 * '~' in ASCII) if it does not fit. Returns the columns used. */
int frame_put(struct frame *f, int row, int col, int max_cols, enum paint paint, int attr,
              const char *utf8);
int frame_putf(struct frame *f, int row, int col, int max_cols, enum paint paint, int attr,
               const char *fmt, ...) TILLER_PRINTF(7, 8);
int frame_put_right(struct frame *f, int row, int right_col, int max_cols, enum paint paint,
                    int attr, const char *utf8); /* ends before right_col */
void frame_put_code(struct frame *f, int row, int col, enum paint paint, int attr, uint32_t code);
void frame_fill(struct frame *f, struct rect r, enum paint paint, int attr, uint32_t code);
/* Rule with a title in it: "── title ─────". */
void frame_rule(struct frame *f, int row, int col, int cols, const char *title);
/* The grid as text lines (trailing blanks cut); with roles: behind it a run-length map of role
 * names and attributes, so that goldens do not depend on the theme. */
void frame_dump(const struct frame *f, bool with_roles, struct text *out);

/* Glyph tier: what the terminal can show; set once at start and by F9. Frames are drawn for it. */
enum glyphs { GLYPHS_BRAILLE, GLYPHS_BLOCKS, GLYPHS_ASCII, GLYPHS_N };
void glyphs_set(enum glyphs g);
enum glyphs glyphs_get(void);
int text_columns(const char *utf8); /* display width */

#endif
