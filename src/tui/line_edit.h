/* line_edit: editing one line of text: prompts (`:` `/`) and form fields. UTF-8 safe; control
 * characters never get in. Knows history and completion; draws itself. */
#ifndef TILLER_TUI_LINE_EDIT_H
#define TILLER_TUI_LINE_EDIT_H

#include "tui/frame.h"
#include "tui/term.h"

#define LINE_EDIT_SIZE 512

/* History: oldest first, no repeats in a row; at most HISTORY_MAX lines. Zero-initialise. */
#define HISTORY_MAX 500
struct history {
    char *line[HISTORY_MAX];
    size_t n;
};
void history_add(struct history *h, const char *line); /* empty lines are not kept */
void history_free(struct history *h);
/* One line each. A missing file is an empty history. */
enum err history_load(struct history *h, const char *path, struct err_info *info);
enum err history_save(const struct history *h, const char *path, struct err_info *info);

/* Completion: fill in whole-word candidates for the word that ends at the cursor. */
#define COMPLETION_MAX 128
struct completion {
    size_t word_start; /* byte where the word to replace begins */
    char item[COMPLETION_MAX][96];
    size_t n;
};
void completion_add(struct completion *c, const char *item);
/* Adds item if it begins with the word (case-sensitive). */
void completion_offer(struct completion *c, const char *word, const char *item);
typedef void (*line_complete)(void *context, const char *text, size_t cursor,
                              struct completion *out);

struct line_edit {
    char text[LINE_EDIT_SIZE]; /* UTF-8, terminated */
    size_t length, cursor;     /* bytes; cursor on a character boundary */
    bool selected; /* the first typed character replaces everything (prefilled fields) */
    const struct history *history; /* lent; NULL none */
    size_t history_at;             /* history->n: the draft */
    char draft[LINE_EDIT_SIZE];
    line_complete complete; /* NULL: Tab is not used */
    void *context;
    struct completion found; /* candidates while Tab cycles; n 0: none */
    size_t found_at;         /* shown candidate, 1..n; 0: common prefix only */
};
enum line_edit_result {
    LINE_EDIT_UNUSED,  /* not a key of ours: the caller may use it */
    LINE_EDIT_MOVED,   /* used; text as before */
    LINE_EDIT_CHANGED, /* text changed */
    LINE_EDIT_DONE,    /* Enter */
    LINE_EDIT_CANCEL   /* Esc, or Backspace in an empty line */
};

/* Starts with text (cut to fit; control characters filtered), cursor at its end. */
void line_edit_start(struct line_edit *e, const char *text, const struct history *history,
                     line_complete complete, void *context);
void line_edit_set(struct line_edit *e, const char *text);
/* Keys: characters, Left Right Home End Backspace Delete, Ctrl-a e b f k u w d, Up Down (history),
 * Tab S-Tab (completion), Enter, Esc. */
enum line_edit_result line_edit_key(struct line_edit *e, const struct term_event *event);
/* Draws prompt and text in one row, scrolled so that the cursor is seen, and sets the frame's
 * cursor. */
void line_edit_draw(const struct line_edit *e, struct frame *f, int row, int col, int cols,
                    const char *prompt);
/* The candidates in one row, the chosen one reversed; nothing if there are none. */
void line_edit_draw_candidates(const struct line_edit *e, struct frame *f, int row, int col,
                               int cols);

#endif
