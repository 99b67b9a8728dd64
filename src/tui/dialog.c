/* What opens over a screen: prompts, questions, menus and the form. All of it sits at the lower
 * edge, under a rule, so that the curves stay in sight; the screen's last row tells the keys. */
#include "tui/app.h"

#include <string.h>

/* ---- prompts ----------------------------------------------------------------------------- */

void prompt_open(struct app *app, enum app_mode mode, const char *text)
{
    bool command = mode == MODE_COMMAND;
    line_edit_start(&app->edit, text, command ? &app->history : NULL,
                    command ? command_line_complete : NULL, app);
    app->mode = mode;
    app->dirty = true;
}

static void command_key(struct app *app, const struct term_event *event)
{
    char line[LINE_EDIT_SIZE];
    enum line_edit_result result = line_edit_key(&app->edit, event);
    if (result == LINE_EDIT_CANCEL)
        app->mode = MODE_KEYS;
    if (result != LINE_EDIT_DONE)
        return;
    text_copy(line, sizeof line, app->edit.text);
    app->mode = MODE_KEYS; /* the command may open something itself */
    history_add(&app->history, line);
    command_line_run(app, line);
}

/* The list follows while typing; Esc brings the old words back. */
static void filter_key(struct app *app, const struct term_event *event)
{
    const struct action *filter = action_find("filter");
    enum line_edit_result result = line_edit_key(&app->edit, event);
    if (result == LINE_EDIT_CHANGED)
        filter->run(app, app->edit.text);
    if (result == LINE_EDIT_CANCEL)
        filter->run(app, app->filter_before);
    if (result == LINE_EDIT_DONE)
        text_copy(app->filter_before, sizeof app->filter_before, app->edit.text);
    if (result == LINE_EDIT_CANCEL || result == LINE_EDIT_DONE)
        app->mode = MODE_KEYS;
}

void prompt_key(struct app *app, const struct term_event *event)
{
    if (app->mode == MODE_COMMAND)
        command_key(app, event);
    else
        filter_key(app, event);
}

/* ---- menus ------------------------------------------------------------------------------- */

void menu_open(struct app *app, const char *title, bool typed,
               void (*chosen)(struct app *app, int id))
{
    app->menu = (struct app_menu){.typed = typed, .chosen = chosen};
    text_copy(app->menu.title, sizeof app->menu.title, title);
    line_edit_start(&app->edit, "", NULL, NULL, NULL);
    app->mode = MODE_MENU;
}

void menu_add(struct app *app, int id, const char *text)
{
    struct app_menu *m = &app->menu;
    if (m->n == MENU_ITEMS)
        return;
    m->item[m->n].id = id;
    text_copy(m->item[m->n].text, sizeof m->item[m->n].text, text);
    m->n++;
}

/* Every typed word stands somewhere in the item. */
static bool item_fits(const struct app *app, size_t i)
{
    char word[64];
    const char *rest = app->menu.typed ? app->edit.text : "";
    while (next_word(&rest, word, sizeof word))
        if (!strcasestr(app->menu.item[i].text, word))
            return false;
    return true;
}

/* Indices of the items that fit; the cursor is kept among them. */
static size_t fitting(struct app *app, size_t *out)
{
    size_t n = 0;
    for (size_t i = 0; i < app->menu.n; i++)
        if (item_fits(app, i))
            out[n++] = i;
    if (app->menu.cursor >= n)
        app->menu.cursor = n ? n - 1 : 0;
    return n;
}

static int menu_step(const struct app_menu *m, uint32_t key)
{
    if (key == TERM_KEY_UP || key == TERM_CTRL('p') || (!m->typed && key == 'k'))
        return -1;
    if (key == TERM_KEY_DOWN || key == TERM_CTRL('n') || (!m->typed && key == 'j'))
        return 1;
    return 0;
}

void menu_key(struct app *app, const struct term_event *event)
{
    struct app_menu *m = &app->menu;
    size_t fit[MENU_ITEMS], n = fitting(app, fit);
    int step = event->pasted ? 0 : menu_step(m, event->key);
    if (step < 0 && m->cursor > 0)
        m->cursor--;
    if (step > 0 && m->cursor + 1 < n)
        m->cursor++;
    if (step)
        return;
    if (event->key == TERM_KEY_ENTER && !event->pasted) {
        app->mode = MODE_KEYS;
        if (n > 0)
            m->chosen(app, m->item[fit[m->cursor]].id);
    } else if (event->key == TERM_KEY_ESCAPE || (!m->typed && event->key == 'q'))
        app->mode = MODE_KEYS;
    else if (m->typed && line_edit_key(&app->edit, event) == LINE_EDIT_CHANGED)
        m->cursor = 0;
}

static void sort_chosen(struct app *app, int column)
{
    list_sort_by(&app->list, column);
}

bool open_sort_menu(struct app *app, const char *args)
{
    (void)args;
    menu_open(app, "sort by (again: the other way)", false, sort_chosen);
    for (int i = 0; i < list_n_columns(&app->view); i++) {
        if (i == COLUMN_TREND || !list_column_shows(&app->view, i))
            continue;
        if (i == app->list.sort_column)
            app->menu.cursor = app->menu.n;
        menu_add(app, i, list_column_name(&app->view, i));
    }
    return true;
}

static void column_chosen(struct app *app, int column)
{
    size_t cursor = app->menu.cursor, top = app->menu.top;
    app->column_off[column] = !app->column_off[column];
    open_columns_menu(app, NULL); /* for the next one */
    app->menu.cursor = cursor;
    app->menu.top = top;
}

bool open_columns_menu(struct app *app, const char *args)
{
    (void)args;
    menu_open(app, "columns: Enter takes one out or in, Esc ends", false, column_chosen);
    for (int i = 0; i < list_n_columns(&app->view); i++) {
        char text[96];
        if (i == COLUMN_ID || i == COLUMN_VALUE || !list_column_shows(&app->view, i))
            continue;
        text_format(text, sizeof text, "[%c] %s", app->column_off[i] ? ' ' : 'x',
                    list_column_name(&app->view, i));
        menu_add(app, i, text);
    }
    return true;
}

/* What needs words is put on the command line, the rest is done. */
static void action_chosen(struct app *app, int id)
{
    const struct action *a = &actions[id];
    char start[64];
    if (a->keys[0] && !(a->screens & (1u << app->screen)))
        app_complain(app, "not on this screen: %s", a->help);
    else if (!a->keys[0] && a->args) {
        text_format(start, sizeof start, "%s ", a->word);
        prompt_open(app, MODE_COMMAND, start);
    } else
        action_run(app, a, NULL);
}

bool open_all_actions(struct app *app, const char *args)
{
    (void)args;
    menu_open(app, "all actions: type to narrow", true, action_chosen);
    for (size_t i = 0; i < n_actions; i++) {
        char text[160], keys[48];
        text_format(text, sizeof text, "%-13s %-9s %s", actions[i].word,
                    action_keys(&actions[i], keys, sizeof keys), actions[i].help);
        menu_add(app, (int)i, text);
    }
    return true;
}

/* ---- drawing ----------------------------------------------------------------------------- */

/* The lower `rows` rows above the key line, emptied, under a rule; the rest of it comes back. */
static struct rect open_panel(struct app *app, int rows, const char *title)
{
    struct frame *f = &app->frame;
    int most = f->rows - 1;
    rows = rows > most ? most : rows;
    struct rect r = {f->rows - 1 - rows, 0, rows, f->cols};
    frame_fill(f, (struct rect){r.row, 0, rows + 1, f->cols}, PAINT_TEXT, 0, ' ');
    if (title && rows > 1) {
        draw_rule(f, r, title, "");
        r.row++;
        r.rows--;
    }
    if (r.cols > 20) {
        r.col++;
        r.cols -= 2;
    }
    return r;
}

static struct rect last_row(const struct app *app)
{
    int margin = app->frame.cols > 20;
    return (struct rect){app->frame.rows - 1, margin, 1, app->frame.cols - 2 * margin};
}

static void draw_hints(struct app *app, struct piece *pieces, size_t n)
{
    draw_pieces(&app->frame, last_row(app), pieces, n);
}

static void draw_command(struct app *app)
{
    struct rect r = last_row(app);
    bool choices = app->edit.found.n > 0 && r.row > 0;
    frame_fill(&app->frame, (struct rect){r.row - choices, 0, 1 + choices, app->frame.cols},
               PAINT_TEXT, 0, ' ');
    if (choices)
        line_edit_draw_candidates(&app->edit, &app->frame, r.row - 1, r.col, r.cols);
    line_edit_draw(&app->edit, &app->frame, r.row, r.col, r.cols,
                   app->mode == MODE_FILTER ? "/" : ":");
}

static void draw_question(struct app *app)
{
    int cols = app->frame.cols > 20 ? app->frame.cols - 2 : app->frame.cols;
    struct rect r = open_panel(app, 1 + wrapped_rows(app->plan.question, cols, 6), "sure?");
    if (r.rows <= 0) /* one line is all there is */
        r = last_row(app);
    else {
        struct piece p[] = {{.text = "y yes", .paint = PAINT_KEY},
                            {.text = "N no", .paint = PAINT_TEXT},
                            {.text = "F finish, keep its value", .rank = 1}};
        draw_hints(app, p, app->plan.may_keep ? 3 : 2);
    }
    draw_wrapped(&app->frame, r, PAINT_WARN, ATTR_BOLD, app->plan.question);
}

static void draw_extend(struct app *app)
{
    struct rect r =
        open_panel(app, 1 + wrapped_rows(app->plan.question, app->frame.cols - 2, 4), "extend");
    struct rect last = last_row(app);
    char prompt[64];
    if (r.rows > 0)
        draw_wrapped(&app->frame, r, PAINT_TEXT, 0, app->plan.question);
    if (app->plan.n == 1)
        text_format(prompt, sizeof prompt, "#%lld: more epochs? ", (long long)app->plan.trial[0]);
    else
        text_format(prompt, sizeof prompt, "%zu trials: more epochs? ", app->plan.n);
    line_edit_draw(&app->edit, &app->frame, last.row, last.col, last.cols, prompt);
}

static void draw_form(struct app *app)
{
    int rows = form_rows(&app->form), all = app->frame.rows;
    int most = all < 20 ? all : all * 3 / 4; /* what is behind it stays in sight; it scrolls */
    struct rect r = open_panel(app, rows > most ? most : rows, NULL);
    struct piece p[] = {{.text = "Tab next field", .paint = PAINT_DIM, .rank = 2},
                        {.text = "Enter seeds it", .paint = PAINT_KEY},
                        {.text = "Esc leaves", .paint = PAINT_DIM, .rank = 1}};
    draw_hints(app, p, 3);
    form_draw(&app->form, &app->frame, r.rows > 0 ? r : last_row(app));
}

static void draw_menu(struct app *app)
{
    struct app_menu *m = &app->menu;
    size_t fit[MENU_ITEMS], n = fitting(app, fit);
    int most = app->frame.rows * 2 / 3, wanted = (int)m->n + 1;
    struct rect r = open_panel(app, wanted > most ? most : wanted, m->title);
    size_t rows = r.rows > 0 ? (size_t)r.rows : 1;
    if (r.rows <= 0)
        r = last_row(app);
    if (m->cursor < m->top)
        m->top = m->cursor;
    if (m->cursor >= m->top + rows)
        m->top = m->cursor - rows + 1;
    for (size_t i = 0; i < rows && m->top + i < n; i++) {
        bool here = m->top + i == m->cursor;
        int row = r.row + (int)i;
        if (here)
            frame_fill(&app->frame, (struct rect){row, r.col, 1, r.cols}, PAINT_SELECTED,
                       ATTR_REVERSE, ' ');
        frame_put(&app->frame, row, r.col, r.cols, here ? PAINT_SELECTED : PAINT_TEXT,
                  here ? ATTR_REVERSE : 0, m->item[fit[m->top + i]].text);
    }
    if (n == 0)
        frame_put(&app->frame, r.row, r.col, r.cols, PAINT_DIM, 0, "nothing fits");
    struct piece p[] = {{.text = "Enter does it", .paint = PAINT_KEY},
                        {.text = "Esc leaves", .paint = PAINT_DIM, .rank = 1}};
    struct rect last = last_row(app);
    if (r.row == last.row)
        return;
    if (m->typed)
        line_edit_draw(&app->edit, &app->frame, last.row, last.col, last.cols, "> ");
    else
        draw_hints(app, p, 2);
}

void dialog_draw(struct app *app)
{
    static void (*const draws[])(struct app *) = {
        [MODE_KEYS] = NULL,          [MODE_COMMAND] = draw_command,  [MODE_FILTER] = draw_command,
        [MODE_EXTEND] = draw_extend, [MODE_CONFIRM] = draw_question, [MODE_FORM] = draw_form,
        [MODE_MENU] = draw_menu};
    if (draws[app->mode])
        draws[app->mode](app);
}
