/* form: labelled fields under each other, each checked while typed. */
#ifndef TILLER_TUI_FORM_H
#define TILLER_TUI_FORM_H

#include "tui/frame.h"
#include "tui/line_edit.h"

enum form_kind {
    FORM_TEXT,
    FORM_NUMBER, /* takes digits . - + e only */
    FORM_CHOICE,
    FORM_HEADING /* a line between fields; skipped */
};

#define FORM_MAX_FIELDS 40
struct form_field {
    char label[48];
    enum form_kind kind;
    struct line_edit edit;      /* TEXT, NUMBER */
    const char *const *choices; /* CHOICE; lent, [n_choices] */
    int n_choices, choice;
    char start[LINE_EDIT_SIZE]; /* value at the beginning; what differs is bold */
    char help[160];             /* shown below the fields while here: range, meaning */
    char error[200];            /* empty: fine */
    bool inactive;              /* has no effect now (momentum under Adam): dim, skipped */
};
struct form;
/* Checks the whole form: sets field[i].error and inactive. Called at the start and after each
 * change. */
typedef void (*form_check)(void *context, struct form *form);
struct form {
    char title[96];
    struct form_field *field; /* [n] owned */
    int n, current;
    int top, rows; /* first visible field, and how many are: of the last drawing */
    form_check check;
    void *context;
    char note[200]; /* a line of the caller's below the fields (preview of the effect) */
};
enum form_result {
    FORM_UNUSED,  /* the caller may use the key */
    FORM_GOING,   /* used */
    FORM_CHANGED, /* a value changed */
    FORM_DONE,    /* Enter on a form without errors */
    FORM_CANCEL   /* Esc */
};

/* form_open: empty form; add fields, then form_begin. false when out of memory. */
bool form_open(struct form *form, const char *title, form_check check, void *context);
void form_close(struct form *form);
/* Return the field's index, -1 when full. For choices, value is one of them (else the first). */
int form_add_text(struct form *form, enum form_kind kind, const char *label, const char *value,
                  const char *help);
int form_add_choice(struct form *form, const char *label, const char *const *choices, int n_choices,
                    const char *value, const char *help);
int form_add_heading(struct form *form, const char *label);
void form_begin(struct form *form); /* runs the check, goes to the first active field */
/* Keys: Tab S-Tab Up Down Ctrl-n Ctrl-p between fields, Page Up and Down over as many as are seen,
 * Left Right Space through choices (letters jump), editing keys in text; Enter ends if all is well,
 * else goes to the first error; Esc cancels. */
enum form_result form_key(struct form *form, const struct term_event *event);
bool form_ok(const struct form *form);                      /* no active field has an error */
const char *form_value(const struct form *form, int field); /* lent */
int form_find(const struct form *form, const char *label);  /* -1 */
/* Draws title rule, fields, help and error; keeps the current field visible, and the rule tells how
 * many fields are above and below where not all have room. Rows wanted: form_rows. */
void form_draw(struct form *form, struct frame *f, struct rect r);
int form_rows(const struct form *form);

#endif
