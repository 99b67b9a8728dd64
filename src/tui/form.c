/* Fields under each other. What always holds: errors and inactivity are those of the check after
 * the last change; the current field is an active one if there is any. */
#include "tui/form.h"

#include <string.h>

enum { MARK = 2, GAP = 2 }; /* the '!' in front; between label and value */

/* ---- making ------------------------------------------------------------------------------ */

bool form_open(struct form *form, const char *title, form_check check, void *context)
{
    *form = (struct form){.check = check, .context = context};
    text_copy(form->title, sizeof form->title, title);
    form->field = mem_zero_alloc(FORM_MAX_FIELDS, sizeof *form->field);
    return form->field != NULL;
}

void form_close(struct form *form)
{
    mem_free(form->field);
    *form = (struct form){0};
}

static struct form_field *add(struct form *form, enum form_kind kind, const char *label,
                              const char *help)
{
    if (!form->field || form->n == FORM_MAX_FIELDS)
        return NULL;
    struct form_field *field = &form->field[form->n++];
    *field = (struct form_field){.kind = kind};
    text_copy(field->label, sizeof field->label, label);
    text_copy(field->help, sizeof field->help, help ? help : "");
    return field;
}

int form_add_text(struct form *form, enum form_kind kind, const char *label, const char *value,
                  const char *help)
{
    struct form_field *field = add(form, kind == FORM_CHOICE ? FORM_TEXT : kind, label, help);
    if (!field)
        return -1;
    line_edit_start(&field->edit, value, NULL, NULL, NULL);
    text_copy(field->start, sizeof field->start, field->edit.text);
    return form->n - 1;
}

int form_add_choice(struct form *form, const char *label, const char *const *choices, int n_choices,
                    const char *value, const char *help)
{
    struct form_field *field = add(form, FORM_CHOICE, label, help);
    if (!field)
        return -1;
    field->choices = choices;
    field->n_choices = n_choices;
    for (int i = 0; i < n_choices; i++)
        if (value && strcmp(choices[i], value) == 0)
            field->choice = i;
    text_copy(field->start, sizeof field->start, n_choices > 0 ? choices[field->choice] : "");
    return form->n - 1;
}

int form_add_heading(struct form *form, const char *label)
{
    struct form_field *field = add(form, FORM_HEADING, label, NULL);
    if (!field)
        return -1;
    field->inactive = true;
    return form->n - 1;
}

const char *form_value(const struct form *form, int i)
{
    if (i < 0 || i >= form->n)
        return "";
    const struct form_field *field = &form->field[i];
    if (field->kind != FORM_CHOICE)
        return field->edit.text;
    return field->n_choices > 0 ? field->choices[field->choice] : "";
}

int form_find(const struct form *form, const char *label)
{
    for (int i = 0; i < form->n; i++)
        if (strcmp(form->field[i].label, label) == 0)
            return i;
    return -1;
}

bool form_ok(const struct form *form)
{
    for (int i = 0; i < form->n; i++)
        if (!form->field[i].inactive && form->field[i].error[0])
            return false;
    return true;
}

/* ---- keys -------------------------------------------------------------------------------- */

static void check(struct form *form)
{
    if (form->check)
        form->check(form->context, form);
}

static void go_to(struct form *form, int i)
{
    if (form->current < form->n)
        form->field[form->current].edit.selected = false;
    form->current = i;
    struct line_edit *edit = &form->field[i].edit;
    edit->cursor = edit->length;
    edit->selected = form->field[i].kind != FORM_CHOICE;
}

/* The next active field, around the end; stays where there is no other. */
static void step(struct form *form, int direction)
{
    for (int k = 1; k <= form->n; k++) {
        int i = ((form->current + direction * k) % form->n + form->n) % form->n;
        if (!form->field[i].inactive) {
            go_to(form, i);
            return;
        }
    }
}

/* As many fields on as are seen, or to the last one there. */
static void page(struct form *form, int direction)
{
    int steps = form->rows > 1 ? form->rows - 1 : 1, i = form->current, found = i;
    for (i += direction; i >= 0 && i < form->n && (steps > 0 || found == form->current);
         i += direction, steps--)
        if (!form->field[i].inactive)
            found = i;
    go_to(form, found);
}

void form_begin(struct form *form)
{
    check(form);
    form->current = form->top = 0;
    if (form->n == 0)
        return;
    go_to(form, 0);
    if (form->field[0].inactive)
        step(form, 1);
}

static enum form_result finish(struct form *form)
{
    check(form);
    if (form_ok(form))
        return FORM_DONE;
    for (int i = 0; i < form->n; i++)
        if (!form->field[i].inactive && form->field[i].error[0]) {
            go_to(form, i);
            break;
        }
    return FORM_GOING;
}

static bool is_character(const struct term_event *event)
{
    return event->pasted || (event->key >= ' ' && event->key < TERM_KEY_FIRST);
}

static enum form_result changed(struct form *form)
{
    check(form);
    return FORM_CHANGED;
}

static uint32_t lower(uint32_t code)
{
    return code >= 'A' && code <= 'Z' ? code | 32 : code;
}

static enum form_result choice_key(struct form *form, const struct term_event *event)
{
    struct form_field *field = &form->field[form->current];
    int n = field->n_choices, before = field->choice;
    uint32_t key = event->key, first;
    if (event->pasted || n == 0)
        return is_character(event) ? FORM_GOING : FORM_UNUSED;
    if (key == TERM_KEY_RIGHT || key == ' ')
        field->choice = (before + 1) % n;
    else if (key == TERM_KEY_LEFT)
        field->choice = (before + n - 1) % n;
    else if (!is_character(event))
        return FORM_UNUSED;
    for (int k = 1; field->choice == before && key != ' ' && k <= n; k++) {
        int i = (before + k) % n;
        if (text_utf8_next(field->choices[i], &first) > 0 && lower(first) == lower(key))
            field->choice = i;
    }
    return field->choice == before ? FORM_GOING : changed(form);
}

/* What a number field takes; the rest is swallowed, so that no letter becomes a command. */
static bool fits(const struct form_field *field, const struct term_event *event)
{
    bool number = event->key < 0x80 && event->key && strchr("0123456789.-+eE", (int)event->key);
    return field->kind != FORM_NUMBER || number;
}

static enum form_result text_key(struct form *form, const struct term_event *event)
{
    struct form_field *field = &form->field[form->current];
    if (is_character(event) && !fits(field, event))
        return FORM_GOING;
    switch (line_edit_key(&field->edit, event)) {
    case LINE_EDIT_CHANGED:
        return changed(form);
    case LINE_EDIT_UNUSED:
        return is_character(event) ? FORM_GOING : FORM_UNUSED;
    default:
        return FORM_GOING; /* Backspace in an empty field does not leave the form */
    }
}

enum form_result form_key(struct form *form, const struct term_event *event)
{
    if (event->kind != TERM_EVENT_KEY || form->n == 0)
        return event->kind == TERM_EVENT_KEY && event->key == TERM_KEY_ESCAPE ? FORM_CANCEL
                                                                              : FORM_UNUSED;
    switch (event->pasted ? ' ' : event->key) {
    case TERM_KEY_ESCAPE:
        return FORM_CANCEL;
    case TERM_KEY_ENTER:
        return finish(form);
    case TERM_KEY_TAB:
    case TERM_KEY_DOWN:
    case TERM_CTRL('n'):
        step(form, 1);
        return FORM_GOING;
    case TERM_KEY_BACKTAB:
    case TERM_KEY_UP:
    case TERM_CTRL('p'):
        step(form, -1);
        return FORM_GOING;
    case TERM_KEY_PAGE_DOWN:
    case TERM_KEY_PAGE_UP:
        page(form, event->key == TERM_KEY_PAGE_DOWN ? 1 : -1);
        return FORM_GOING;
    default:
        return form->field[form->current].kind == FORM_CHOICE ? choice_key(form, event)
                                                              : text_key(form, event);
    }
}

/* ---- drawing ----------------------------------------------------------------------------- */

int form_rows(const struct form *form)
{
    return form->n + 3; /* the rule; help; error or note */
}

static int label_columns(const struct form *form, int cols)
{
    int widest = 0;
    for (int i = 0; i < form->n; i++) {
        bool heading = form->field[i].kind == FORM_HEADING;
        int columns = heading ? 0 : text_columns(form->field[i].label);
        widest = columns > widest ? columns : widest;
    }
    return widest < cols / 2 ? widest : cols / 2;
}

static void draw_value(const struct form *form, int i, struct frame *f, int row, int col, int cols)
{
    const struct form_field *field = &form->field[i];
    const char *value = form_value(form, i);
    bool wrong = field->error[0] && !field->inactive, here = i == form->current;
    int attr = strcmp(value, field->start) != 0 ? ATTR_BOLD : 0;
    enum paint paint = field->inactive ? PAINT_DIM : wrong ? PAINT_BAD : PAINT_TEXT;
    if (here && field->kind == FORM_CHOICE)
        frame_putf(f, row, col, cols, paint, attr, "\u2039 %s \u203a", value);
    else if (here)
        line_edit_draw(&field->edit, f, row, col, cols, "");
    else if (value[0]) {
        int indent = field->kind == FORM_CHOICE ? 2 : 0; /* where it stands between the marks */
        frame_put(f, row, col + indent, cols - indent, paint, attr, value);
    } else
        frame_put(f, row, col, cols, PAINT_DIM, 0, "\u2013");
}

static void draw_field(const struct form *form, int i, struct frame *f, int row, int col, int cols)
{
    const struct form_field *field = &form->field[i];
    bool wrong = field->error[0] && !field->inactive, here = i == form->current;
    int mark = cols > 20 ? MARK : 0, label = label_columns(form, cols);
    if (field->kind == FORM_HEADING) {
        frame_rule(f, row, col, cols, field->label);
        return;
    }
    if (mark && (wrong || here))
        frame_put(f, row, col, 1, wrong ? PAINT_BAD : PAINT_ACCENT, ATTR_BOLD, wrong ? "!" : ">");
    frame_put(f, row, col + mark, label,
              field->inactive ? PAINT_DIM
              : here          ? PAINT_KEY
                              : PAINT_TEXT,
              here ? ATTR_BOLD : 0, field->label);
    int at = mark + label + GAP;
    draw_value(form, i, f, row, col + at, cols - at);
}

/* Help and error of the current field, or the note: one line each where there is room. */
static void draw_below(const struct form *form, struct frame *f, struct rect r)
{
    const struct form_field *field = form->n ? &form->field[form->current] : NULL;
    const char *error = field && !field->inactive ? field->error : "";
    int last = r.row + r.rows - 1;
    if (r.rows == 0)
        return;
    if (field && (r.rows > 1 || (!error[0] && !form->note[0])))
        frame_put(f, r.row, r.col, r.cols, PAINT_DIM, 0, field->help);
    if (error[0])
        frame_putf(f, last, r.col, r.cols, PAINT_BAD, 0, "! %s", error);
    else if (form->note[0])
        frame_put(f, last, r.col, r.cols, PAINT_ACCENT, 0, form->note);
}

static int count_fields(const struct form *form, int from, int to)
{
    int n = 0;
    for (int i = from; i < to; i++)
        n += form->field[i].kind != FORM_HEADING;
    return n;
}

/* The title, and at its right how many fields are out of sight: the title is cut for it, else
 * nobody would look for what is below. */
static void draw_title(const struct form *form, struct frame *f, int row, int col, int cols)
{
    char above[32] = "", below[32] = "", words[72];
    int n_above = count_fields(form, 0, form->top);
    int n_below = count_fields(form, form->top + form->rows, form->n);
    if (n_above > 0)
        text_format(above, sizeof above, "\u25b2 %d above", n_above);
    if (n_below > 0)
        text_format(below, sizeof below, "%d below \u25bc", n_below);
    text_format(words, sizeof words, "%s%s%s", above, n_above > 0 && n_below > 0 ? "  " : "",
                below);
    int columns = text_columns(words), at = cols - columns - 2;
    bool fits = columns > 0 && at > 1;
    frame_rule(f, row, col, cols, fits ? NULL : form->title);
    if (!fits)
        return;
    frame_rule(f, row, col, at - 1, form->title);
    frame_put_code(f, row, col + at - 1, PAINT_TEXT, 0, ' ');
    frame_put(f, row, col + at, columns, PAINT_ACCENT, 0, words);
    frame_put_code(f, row, col + at + columns, PAINT_TEXT, 0, ' ');
}

void form_draw(struct form *form, struct frame *f, struct rect r)
{
    if (r.rows <= 0 || r.cols <= 0)
        return;
    int rule = r.rows >= 4, below = r.rows >= 5 ? 2 : r.rows >= 2 ? 1 : 0;
    int rows = r.rows - rule - below;
    rows = rows < form->n ? rows : form->n;
    form->rows = rows;
    if (form->current < form->top)
        form->top = form->current;
    if (form->current >= form->top + rows)
        form->top = form->current - rows + 1;
    if (form->top > form->n - rows)
        form->top = form->n - rows;
    if (rule)
        draw_title(form, f, r.row, r.col, r.cols);
    for (int i = 0; i < rows; i++)
        draw_field(form, form->top + i, f, r.row + rule + i, r.col, r.cols);
    draw_below(form, f, (struct rect){r.row + rule + rows, r.col, below, r.cols});
}
