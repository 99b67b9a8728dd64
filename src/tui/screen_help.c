/* Help: the keys that work, straight from the table of actions, so that it can't be wrong. What
 * can't be done now is dim and says why. Two columns where there is room; / narrows it. */
#include "tui/app.h"

#include <limits.h>
#include <string.h>

enum { HELP_LINES = 256, KEYS_COLUMNS = 14, TWO_COLUMNS = 110 };

struct help_line {
    char keys[48];
    char text[160];
    enum paint paint;
    bool title;
};
struct help {
    struct help_line line[HELP_LINES];
    size_t n;
    int text_columns; /* what does not fit goes on below */
};

static const char *const group_names[GROUP_N] = {
    [GROUP_SCREENS] = "screens", [GROUP_MOVE] = "moving", [GROUP_FIND] = "finding and marking",
    [GROUP_STEER] = "steering",  [GROUP_PLOT] = "curves", [GROUP_RACE] = "race",
    [GROUP_TABLE] = "learning",  [GROUP_OTHER] = "and",
};

/* What is not a key: signs, and how counts and commands work. */
static const struct {
    const char *keys, *text;
} signs[] = {{"★ bold", "the best so far"},
             {"a #17", "a trial's letter and colour, the same for life"},
             {"–", "no value"},
             {"you", "done by a person"},
             {"+", "a marked row"},
             {"6 9", "begin a count: 6j; :17 goes to trial 17"}};

static bool words_fit(const char *words, const struct help_line *l)
{
    char word[64];
    while (next_word(&words, word, sizeof word))
        if (!strcasestr(l->keys, word) && !strcasestr(l->text, word))
            return false;
    return true;
}

/* Bytes of the text that stand in one row, broken at a blank where possible. */
static size_t row_bytes(const char *text, int columns)
{
    size_t n = strlen(text), end = n;
    char row[sizeof((struct help_line *)0)->text];
    while (end > 0) {
        text_copy(row, sizeof row, text);
        row[end] = 0;
        if (text_columns(row) <= columns)
            return end;
        while (end > 1 && row[end - 1] != ' ')
            end--;
        end--;
    }
    return n;
}

static bool add_line(const struct app *app, struct help *h, const struct help_line *l)
{
    const char *text = l->text;
    if (!l->title && !words_fit(app->help_filter, l))
        return false;
    for (bool first = true; *text && h->n < HELP_LINES; first = false) {
        struct help_line *row = &h->line[h->n++];
        size_t n = row_bytes(text, h->text_columns);
        *row = *l;
        if (!first)
            row->keys[0] = 0;
        text_format(row->text, sizeof row->text, "%.*s", (int)n, text);
        text += n;
        while (*text == ' ')
            text++;
    }
    return true;
}

static void describe_action(const struct app *app, const struct action *a, struct help_line *l)
{
    const char *why = a->why_not ? a->why_not(app) : NULL;
    char keys[48];
    *l = (struct help_line){.paint = why ? PAINT_DIM : PAINT_TEXT};
    action_keys(a, keys, sizeof keys);
    if (keys[0])
        text_copy(l->keys, sizeof l->keys, keys);
    else
        text_format(l->keys, sizeof l->keys, ":%s", a->word);
    if (why)
        text_format(l->text, sizeof l->text, "%s (now: %s)", a->help, why);
    else if (keys[0] && a->args && a->group == GROUP_STEER)
        text_format(l->text, sizeof l->text, "%s; :%s %s", a->help, a->word, a->args);
    else
        text_format(l->text, sizeof l->text, "%s%s%s", a->help, a->args && !keys[0] ? ": " : "",
                    a->args && !keys[0] ? a->args : "");
}

/* Without a study most screens have nothing to show. */
static bool is_absent(const struct app *app, const struct action *a)
{
    int screen = screen_find(a->word);
    return (screen >= 0 && !screen_exists(app, screen)) ||
           (a->group == GROUP_STEER && app->options.only_race);
}

/* Keys are those of the screen that help was asked on. */
static void add_group(const struct app *app, struct help *h, enum action_group group)
{
    struct help_line l = {.title = true};
    size_t before = h->n;
    unsigned here = 1u << app->screen_before;
    bool any = false;
    text_copy(l.text, sizeof l.text, group_names[group]);
    add_line(app, h, &l);
    for (size_t i = 0; i < n_actions; i++) {
        if (actions[i].group != group || is_absent(app, &actions[i]) ||
            (actions[i].keys[0] && !(actions[i].screens & here)))
            continue;
        describe_action(app, &actions[i], &l);
        any = add_line(app, h, &l) || any;
    }
    if (!any)
        h->n = before;
}

static void add_signs(const struct app *app, struct help *h)
{
    struct help_line l = {.title = true, .text = "signs"};
    size_t before = h->n;
    bool any = false;
    add_line(app, h, &l);
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        l = (struct help_line){.paint = PAINT_TEXT};
        text_copy(l.keys, sizeof l.keys, signs[i].keys);
        text_copy(l.text, sizeof l.text, signs[i].text);
        any = add_line(app, h, &l) || any;
    }
    if (!any)
        h->n = before;
}

static void collect(const struct app *app, struct help *h)
{
    static const enum action_group order[] = {GROUP_STEER, GROUP_SCREENS, GROUP_FIND, GROUP_TABLE,
                                              GROUP_PLOT,  GROUP_RACE,    GROUP_MOVE, GROUP_OTHER};
    h->n = 0;
    for (size_t i = 0; i < sizeof order / sizeof *order; i++)
        add_group(app, h, order[i]);
    add_signs(app, h);
}

static void draw_help_line(struct app *app, int row, int col, int cols, const struct help_line *l)
{
    struct frame *f = &app->frame;
    if (l->title) {
        frame_put(f, row, col, cols, PAINT_TITLE, ATTR_BOLD, l->text);
        return;
    }
    frame_put(f, row, col, KEYS_COLUMNS - 1, l->paint == PAINT_DIM ? PAINT_DIM : PAINT_KEY, 0,
              l->keys);
    frame_put(f, row, col + KEYS_COLUMNS, cols - KEYS_COLUMNS, l->paint, 0, l->text);
}

static int n_columns(struct rect r)
{
    return r.cols >= TWO_COLUMNS - 2 ? 2 : 1;
}

static void draw_page(struct app *app, struct rect r, const struct help *h)
{
    int columns = n_columns(r), width = r.cols / columns;
    size_t room = (size_t)r.rows * (size_t)columns;
    size_t last = h->n > room ? h->n - room : 0;
    if (app->help_top > last)
        app->help_top = last;
    for (size_t i = 0; i < room && app->help_top + i < h->n; i++)
        draw_help_line(app, r.row + (int)i % r.rows, r.col + (int)i / r.rows * width, width - 1,
                       &h->line[app->help_top + i]);
}

void help_draw(struct app *app)
{
    struct layout_prefs prefs = {0};
    char title[96], words[200];
    app->layout = layout_screen(app->frame.rows, app->frame.cols, &prefs);
    struct rect r = app->layout.pane[PANE_MAIN];
    struct help *h = mem_alloc(1, sizeof *h);
    draw_header(app);
    if (h && r.rows > 1) {
        struct rect inner = {r.row + 1, r.col + 1, r.rows - 1, r.cols - 2};
        h->text_columns = inner.cols / n_columns(inner) - KEYS_COLUMNS - 1;
        collect(app, h);
        text_format(title, sizeof title, "help: %s screen", screens[app->screen_before].title);
        text_format(words, sizeof words, "%s%s", app->help_filter[0] ? "only: " : "/ narrows it",
                    app->help_filter);
        draw_rule(&app->frame, r, title, words);
        draw_page(app, inner, h);
        if (h->n == 0)
            draw_wrapped(&app->frame, inner, PAINT_DIM, 0, "nothing fits; Esc clears the filter");
    }
    draw_key_line(app); /* last: a long message lies over the rest */
    mem_free(h);
}

void help_move(struct app *app, long rows, long cols)
{
    (void)cols;
    if (rows == LONG_MAX)
        app->help_top = HELP_LINES; /* drawing keeps it in bounds */
    else if (rows < 0 && (rows == LONG_MIN || (size_t)-rows > app->help_top))
        app->help_top = 0;
    else
        app->help_top = (size_t)((long)app->help_top + rows);
}
