/* The one table of keys and commands. A row is an action: where its keys work, what it is called on
 * the command line, what help says, when it can't be done and why, and how dangerous it is. Keys
 * follow one plan on all screens: a letter never means something more dangerous elsewhere. */
#include "tui/app.h"
#include "tui/shell_command.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- moving ------------------------------------------------------------------------------ */

static long take_count(struct app *app, const char *args)
{
    int64_t n;
    char word[32];
    if (args && next_word(&args, word, sizeof word) && text_parse_int(word, &n) && n > 0 &&
        n < 1000000)
        return (long)n;
    return app->count > 0 ? app->count : 1;
}

static bool move_by(struct app *app, long rows, long cols)
{
    screens[app->screen].move(app, rows, cols);
    return true;
}

static bool do_down(struct app *app, const char *args)
{
    return move_by(app, take_count(app, args), 0);
}

static bool do_up(struct app *app, const char *args)
{
    return move_by(app, -take_count(app, args), 0);
}

static bool do_left(struct app *app, const char *args)
{
    return move_by(app, 0, -take_count(app, args));
}

static bool do_right(struct app *app, const char *args)
{
    return move_by(app, 0, take_count(app, args));
}

static bool do_top(struct app *app, const char *args)
{
    (void)args;
    return move_by(app, LONG_MIN, 0);
}

/* With a count: to that row, as in vi. */
static bool do_bottom(struct app *app, const char *args)
{
    if (!args && app->count > 0) {
        move_by(app, LONG_MIN, 0);
        return app->count == 1 || move_by(app, app->count - 1, 0);
    }
    return move_by(app, LONG_MAX, 0);
}

static bool do_page(struct app *app, long pages_x2)
{
    long rows = page_rows(app) * pages_x2 / 2;
    if (rows == 0)
        rows = pages_x2 > 0 ? 1 : -1;
    return move_by(app, rows * (app->count > 0 ? app->count : 1), 0);
}

static bool do_half_down(struct app *app, const char *args)
{
    (void)args;
    return do_page(app, 1);
}

static bool do_half_up(struct app *app, const char *args)
{
    (void)args;
    return do_page(app, -1);
}

static bool do_page_down(struct app *app, const char *args)
{
    (void)args;
    return do_page(app, 2);
}

static bool do_page_up(struct app *app, const char *args)
{
    (void)args;
    return do_page(app, -2);
}

/* ---- screens and panes ------------------------------------------------------------------- */

static bool show_by_key(struct app *app, enum screen_id id)
{
    if (!screen_exists(app, (int)id))
        return app_complain(app, "there is no study here: only the race, and ? help");
    app_show(app, id);
    return true;
}

static bool do_overview(struct app *app, const char *args)
{
    (void)args;
    return show_by_key(app, SCREEN_OVERVIEW);
}

static bool do_trials(struct app *app, const char *args)
{
    (void)args;
    return show_by_key(app, SCREEN_TRIALS);
}

static bool do_curves(struct app *app, const char *args)
{
    (void)args;
    return show_by_key(app, SCREEN_CURVES);
}

static bool do_qtable(struct app *app, const char *args)
{
    (void)args;
    return show_by_key(app, SCREEN_QTABLE);
}

static bool do_log(struct app *app, const char *args)
{
    (void)args;
    return show_by_key(app, SCREEN_LOG);
}

static bool do_meta(struct app *app, const char *args)
{
    (void)args;
    return show_by_key(app, SCREEN_META);
}

static bool do_race(struct app *app, const char *args)
{
    return args && args[0] ? race_open_typed(app, args) : show_by_key(app, SCREEN_RACE);
}

static bool do_help(struct app *app, const char *args)
{
    (void)args;
    return show_by_key(app, app->screen == SCREEN_HELP ? app->screen_before : SCREEN_HELP);
}

static bool do_screen(struct app *app, const char *args)
{
    char word[32] = "";
    if (args)
        next_word(&args, word, sizeof word);
    int id = screen_find(word);
    if (id < 0)
        return app_complain(app, "screens: overview trials curves qtable log meta race help");
    return show_by_key(app, (enum screen_id)id);
}

static void complete_screen(const struct app *app, const char *word, struct completion *out)
{
    for (int i = 0; i < SCREEN_N; i++)
        if (screen_exists(app, i))
            completion_offer(out, word, screens[i].name);
}

static bool do_pane(struct app *app, int direction)
{
    if (app->screen == SCREEN_OVERVIEW)
        overview_next_pane(app, direction);
    else if (app->screen == SCREEN_CURVES)
        app->curves.losses_in_front = !app->curves.losses_in_front;
    return true;
}

static bool do_next_pane(struct app *app, const char *args)
{
    (void)args;
    return do_pane(app, 1);
}

static bool do_previous_pane(struct app *app, const char *args)
{
    (void)args;
    return do_pane(app, -1);
}

static bool do_widen(struct app *app, const char *args)
{
    (void)args;
    app->widen = !app->widen;
    return true;
}

static bool do_layout(struct app *app, const char *args)
{
    char word[16] = "";
    int64_t n;
    if (args)
        next_word(&args, word, sizeof word);
    if (!text_parse_int(word, &n) || n < 0 || n >= LAYOUT_PRESETS)
        return app_complain(app, "layouts: 0 default, 1 large plot, 2 large table, 3 no agent");
    app->preset = (int)n;
    return true;
}

/* Enter: from a row to its curve and line, from a cell of the log to its trial. */
static bool do_open(struct app *app, const char *args)
{
    (void)args;
    if (app->screen == SCREEN_LOG) {
        const struct view_line *line = log_line(app, app->log_up);
        if (!line || !view_row(&app->view, line->trial))
            return app_complain(app, "this line speaks of no trial");
        list_select(&app->list, line->trial);
        app->chosen = true;
    }
    if (app->screen == SCREEN_TRIALS)
        return show_by_key(app, SCREEN_CURVES);
    return show_by_key(app, SCREEN_TRIALS);
}

/* Esc and q: one step out: filter, marks, wide pane, then the overview. */
static bool do_back(struct app *app, const char *args)
{
    (void)args;
    if (app->screen == SCREEN_HELP && app->help_filter[0])
        app->help_filter[0] = 0;
    else if (app->screen == SCREEN_LOG && app->log_filter[0])
        app->log_filter[0] = 0;
    else if (app->screen == SCREEN_HELP)
        app_show(app, app->screen_before);
    else if (app->list.anchor >= 0)
        app->list.anchor = -1;
    else if (app->list.n_marked > 0)
        list_unmark_all(&app->list);
    else if (app->list.filter[0] &&
             (app->screen == SCREEN_OVERVIEW || app->screen == SCREEN_TRIALS))
        list_set_filter(&app->list, "");
    else if (app->widen)
        app->widen = false;
    else if (app->options.only_race)
        app_say(app, PAINT_DIM, "this is the race; Q leaves tiller");
    else if (app->screen != SCREEN_OVERVIEW)
        app_show(app, SCREEN_OVERVIEW);
    else
        app_say(app, PAINT_DIM, "this is the overview; Q leaves tiller");
    return true;
}

/* ---- finding, sorting, marking ----------------------------------------------------------- */

static char *filter_of(struct app *app)
{
    return app->screen == SCREEN_HELP  ? app->help_filter
           : app->screen == SCREEN_LOG ? app->log_filter
                                       : app->list.filter;
}

static bool do_filter(struct app *app, const char *args)
{
    if (!args) {
        text_copy(app->filter_before, sizeof app->filter_before, filter_of(app));
        prompt_open(app, MODE_FILTER, filter_of(app));
        return true;
    }
    text_copy(filter_of(app), sizeof app->log_filter, args);
    app->list.stale = true;
    return true;
}

static bool find_step(struct app *app, int direction)
{
    const char *words = app->list.filter[0] ? app->list.filter : app->filter_before;
    app->chosen = true;
    if (app->screen == SCREEN_LOG || app->screen == SCREEN_HELP)
        return move_by(app, direction, 0);
    if (!words[0])
        return app_complain(app, "nothing to look for yet: / asks for words");
    for (long k = app->count > 0 ? app->count : 1; k > 0; k--)
        if (!list_find(&app->list, &app->view, words, direction))
            return app_complain(app, "no trial fits '%s'", words);
    return true;
}

static bool do_next(struct app *app, const char *args)
{
    (void)args;
    return find_step(app, 1);
}

static bool do_previous(struct app *app, const char *args)
{
    (void)args;
    return find_step(app, -1);
}

static bool do_sort(struct app *app, const char *args)
{
    char word[SPACE_NAME_MAX];
    if (!args || !next_word(&args, word, sizeof word))
        return open_sort_menu(app, args);
    int column = list_column_find(&app->view, word);
    if (column < 0) {
        const char *names[COLUMN_FIXED_N + SPACE_MAX];
        for (int i = 0; i < list_n_columns(&app->view); i++)
            names[i] = list_column_name(&app->view, i);
        const char *near = text_nearest(word, names, (size_t)list_n_columns(&app->view));
        return near ? app_complain(app, "no column '%s'; did you mean %s?", word, near)
                    : app_complain(app, "no column '%s'; o lists them", word);
    }
    list_sort_by(&app->list, column);
    return true;
}

static void complete_column(const struct app *app, const char *word, struct completion *out)
{
    for (int i = 0; i < list_n_columns(&app->view); i++)
        completion_offer(out, word, list_column_name(&app->view, i));
}

static bool do_columns(struct app *app, const char *args)
{
    char word[SPACE_NAME_MAX];
    if (!args || !next_word(&args, word, sizeof word))
        return open_columns_menu(app, args);
    int column = list_column_find(&app->view, word);
    if (column < 0 || column == COLUMN_ID || column == COLUMN_VALUE)
        return app_complain(app, column < 0 ? "no column '%s'; C lists them" : "%s always stays",
                            word);
    app->column_off[column] = !app->column_off[column];
    return true;
}

static bool sort_step(struct app *app, int step)
{
    int n = list_n_columns(&app->view), column = app->list.sort_column;
    do
        column = (column + step + n) % n;
    while (column == COLUMN_TREND || !list_column_shows(&app->view, column));
    app->list.sort_column = column;
    app->list.descending = false;
    app->list.stale = true;
    app_say(app, PAINT_DIM, "by %s", list_column_name(&app->view, column));
    return true;
}

static bool do_sort_left(struct app *app, const char *args)
{
    (void)args;
    return sort_step(app, -1);
}

static bool do_sort_right(struct app *app, const char *args)
{
    (void)args;
    return sort_step(app, 1);
}

static bool do_reverse(struct app *app, const char *args)
{
    (void)args;
    app->list.descending = !app->list.descending;
    app->list.stale = true;
    return true;
}

static bool do_mark(struct app *app, const char *args)
{
    int64_t number = app->list.selected;
    char word[32];
    if (args && next_word(&args, word, sizeof word) && !parse_trial(app, word, &number))
        return false;
    list_mark(&app->list, &app->view, number, !list_is_marked(&app->list, number));
    if (!args)
        move_by(app, 1, 0);
    return true;
}

static bool do_range(struct app *app, const char *args)
{
    (void)args;
    bool begins = app->list.anchor < 0;
    app->list.anchor = begins ? app->list.selected : -1;
    if (begins) {
        list_mark(&app->list, &app->view, app->list.selected, true);
        app_say(app, PAINT_DIM, "moving marks from here; v ends it");
    }
    return true;
}

static bool do_mark_all(struct app *app, const char *args)
{
    (void)args;
    bool all = app->list.n_marked < app->list.n;
    list_unmark_all(&app->list);
    for (size_t i = 0; all && i < app->list.n; i++)
        list_mark(&app->list, &app->view, app->list.order[i], true);
    return true;
}

static const char *why_no_rows(const struct app *app)
{
    return app->list.n == 0 ? "no trial is listed" : NULL;
}

/* ---- looking at curves ------------------------------------------------------------------- */

static bool do_log_axis(struct app *app, const char *args)
{
    (void)args;
    app->curves.log_y = !app->curves.log_y;
    app_say(app, PAINT_DIM, app->curves.log_y ? "logarithmic axis" : "linear axis");
    return true;
}

static bool zoom_by(struct app *app, double factor)
{
    struct app_curves *c = &app->curves;
    if (c->seen.area.cols == 0)
        return app_complain(app, "there is no curve to zoom");
    double width = c->seen.window.x_max - c->seen.window.x_min, place = 0.5;
    if (c->readout && width > 0)
        place = (c->cursor_x - c->seen.window.x_min) / width;
    c->window = plot_zoom(c->seen.window, factor, place < 0 ? 0 : place > 1 ? 1 : place);
    return true;
}

static bool do_zoom_in(struct app *app, const char *args)
{
    (void)args;
    return zoom_by(app, 2);
}

static bool do_zoom_out(struct app *app, const char *args)
{
    (void)args;
    return zoom_by(app, 0.5);
}

static bool do_fit(struct app *app, const char *args)
{
    (void)args;
    app->curves.window = (struct plot_window)PLOT_WINDOW_AUTO;
    return true;
}

static bool do_x_axis(struct app *app, const char *args)
{
    (void)args;
    app->curves.by_time = !app->curves.by_time;
    app_say(app, PAINT_DIM, app->curves.by_time ? "x axis: seconds of training" : "x axis: epochs");
    return do_fit(app, NULL);
}

static bool do_smooth(struct app *app, const char *args)
{
    (void)args;
    struct app_curves *c = &app->curves;
    c->smoothing = c->smoothing < 0.5 ? 0.6 : c->smoothing < 0.8 ? 0.9 : 0;
    if (c->smoothing > 0)
        app_say(app, PAINT_DIM, "smoothed with weight %.1f; the raw values are dim behind",
                c->smoothing);
    else
        app_say(app, PAINT_DIM, "raw values");
    return true;
}

static bool do_readout(struct app *app, const char *args)
{
    (void)args;
    struct app_curves *c = &app->curves;
    c->readout = !c->readout;
    if (c->readout &&
        !(c->cursor_x >= c->seen.window.x_min && c->cursor_x <= c->seen.window.x_max)) {
        const struct view_curve *curve = view_curve_of(&app->view, app->list.selected);
        c->cursor_x = curve && curve->n > 0 && !c->by_time ? curve->epochs[curve->n - 1].step
                                                           : c->seen.window.x_max;
    }
    if (c->readout && app->screen == SCREEN_OVERVIEW)
        app->focus = PANE_PLOT;
    app_say(app, PAINT_DIM, c->readout ? "read-out: h l move it" : "read-out off");
    return true;
}

/* ---- the rest ---------------------------------------------------------------------------- */

static bool do_freeze(struct app *app, const char *args)
{
    (void)args;
    app->frozen = !app->frozen;
    app_say(app, PAINT_DIM,
            app->frozen ? "the picture stands still; training goes on" : "the picture moves again");
    return true;
}

static const char *why_no_copy(const struct app *app)
{
    return view_row(&app->view, app->list.selected) ? NULL : "no trial is selected";
}

/* The selected trial as a command for the shell: on the clipboard and on the status line. */
static bool do_copy(struct app *app, const char *args)
{
    (void)args;
    struct text t = {0};
    char safe[2048];
    const struct study *study = app->source->begin_read(app->source->context);
    const struct trial *trial = study_trial(study, app->list.selected);
    if (trial)
        shell_command_put(study, trial, &t);
    app->source->end_read(app->source->context);
    text_sanitize(safe, sizeof safe, text_get(&t));
    bool copied = !t.failed && app->osc52 && term_copy(app->term, safe);
    app_say(app, PAINT_TEXT, "%s%s", copied ? "copied: " : "", safe);
    text_free(&t);
    return true;
}

static bool do_command(struct app *app, const char *args)
{
    (void)args;
    prompt_open(app, MODE_COMMAND, "");
    return true;
}

static bool do_repaint(struct app *app, const char *args)
{
    (void)args;
    term_repaint(app->term);
    return true;
}

static bool do_mouse(struct app *app, const char *args)
{
    (void)args;
    app->mouse = !app->mouse;
    term_set_mouse(app->term, app->mouse);
    app_say(app, PAINT_DIM,
            app->mouse ? "mouse: click and wheel; hold Shift to select text"
                       : "mouse off: the terminal selects text again");
    return true;
}

static const char *const glyph_names[GLYPHS_N] = {"braille", "blocks", "ascii"};

static bool do_glyphs(struct app *app, const char *args)
{
    char word[16];
    int wanted = (int)(glyphs_get() + 1) % GLYPHS_N;
    if (args && next_word(&args, word, sizeof word)) {
        wanted = 0;
        while (wanted < GLYPHS_N && strcmp(glyph_names[wanted], word) != 0)
            wanted++;
        if (wanted == GLYPHS_N)
            return app_complain(app, "glyphs: braille, blocks or ascii");
    }
    glyphs_set((enum glyphs)wanted);
    term_repaint(app->term);
    app_say(app, PAINT_DIM, "glyphs: %s  ⣿ ▚ █ #", glyph_names[wanted]);
    return true;
}

static void complete_glyphs(const struct app *app, const char *word, struct completion *out)
{
    (void)app;
    for (int i = 0; i < GLYPHS_N; i++)
        completion_offer(out, word, glyph_names[i]);
}

static bool do_theme(struct app *app, const char *args)
{
    char word[512] = "";
    if (args)
        next_word(&args, word, sizeof word);
    if (!word[0])
        return app_complain(app, "theme is %s; :theme NAME changes it", app->theme.name);
    return app_set_theme(app, word);
}

static void complete_theme(const struct app *app, const char *word, struct completion *out)
{
    (void)app;
    struct theme_names *names = mem_alloc(1, sizeof *names);
    if (!names)
        return;
    theme_list(names);
    for (size_t i = 0; i < names->n; i++)
        completion_offer(out, word, names->name[i]);
    mem_free(names);
}

static bool do_save_screen(struct app *app, const char *args)
{
    char path[512] = "", word[16] = "";
    if (args && next_word(&args, path, sizeof path))
        next_word(&args, word, sizeof word);
    if (!path[0])
        return app_complain(app, ":save-screen FILE [attrs]");
    app->mode = MODE_KEYS;
    app_draw(app);
    struct text t = {0};
    struct err_info info = {0};
    frame_dump(&app->frame, strcmp(word, "attrs") == 0, &t);
    enum err err = t.failed ? err_set_memory(&info, path)
                            : file_write_atomic(path, t.data ? t.data : "", t.length, &info);
    text_free(&t);
    if (err != ERR_OK)
        return app_complain(app, "%s: %s", info.where, info.detail);
    app_say(app, PAINT_GOOD, "the screen is saved in %s", path);
    return true;
}

/* ---- :set -------------------------------------------------------------------------------- */

static bool set_switch(struct app *app, const char *value, bool *target)
{
    bool on = strcmp(value, "on") == 0 || strcmp(value, "yes") == 0;
    if (!on && strcmp(value, "off") != 0 && strcmp(value, "no") != 0)
        return app_complain(app, "on or off");
    *target = on;
    return true;
}

static bool set_log(struct app *app, const char *value)
{
    return set_switch(app, value, &app->curves.log_y);
}

static bool set_train(struct app *app, const char *value)
{
    bool on = !app->curves.hide_train;
    bool ok = set_switch(app, value, &on);
    app->curves.hide_train = !on;
    return ok;
}

static bool set_osc52(struct app *app, const char *value)
{
    return set_switch(app, value, &app->osc52);
}

static bool set_smoothing(struct app *app, const char *value)
{
    double weight;
    if (!text_parse_double(value, &weight) || weight < 0 || weight > 0.99)
        return app_complain(app, "smoothing: a weight from 0 (none) to 0.99");
    app->curves.smoothing = weight;
    return true;
}

static const struct {
    const char *name;
    enum tui_colour tier;
} colour_names[] = {{"auto", TUI_COLOUR_AUTO},
                    {"none", TUI_COLOUR_NONE},
                    {"16", TUI_COLOUR_16},
                    {"256", TUI_COLOUR_256},
                    {"direct", TUI_COLOUR_DIRECT}};
enum { N_COLOUR_NAMES = sizeof colour_names / sizeof *colour_names };

static bool set_colour(struct app *app, const char *value)
{
    for (size_t i = 0; i < N_COLOUR_NAMES; i++)
        if (strcmp(colour_names[i].name, value) == 0) {
            if (colour_names[i].tier > term_tier(app->term))
                return app_complain(app, "this terminal has fewer colours");
            app->wished_colour = colour_names[i].tier;
            app_apply_theme(app);
            return true;
        }
    return app_complain(app, "color: auto, none, 16, 256 or direct");
}

static void complete_colour(const struct app *app, const char *word, struct completion *out)
{
    (void)app;
    for (size_t i = 0; i < N_COLOUR_NAMES; i++)
        completion_offer(out, word, colour_names[i].name);
}

static void complete_switch(const struct app *app, const char *word, struct completion *out)
{
    (void)app;
    completion_offer(out, word, "on");
    completion_offer(out, word, "off");
}

static bool set_learn(struct app *app, const char *value)
{
    static const char *const about[] = {
        [LEARN_OFF] = "nothing will be learnt from this study",
        [LEARN_ASK] = "when it has ended you are asked whether it may teach later searches",
        [LEARN_AUTO] = "when it has ended later searches learn from this study"};
    enum learn_mode mode;
    struct err_info info = {0};
    struct request request = {.kind = REQUEST_LEARN_MODE, .trial = -1};
    if (!learn_mode_find(value, &mode))
        return app_complain(app, "learn: auto, ask or off");
    request.amount = mode;
    if (!app->source->request)
        return app_complain(app, "there is nothing to ask here");
    if (app->source->request(app->source->context, &request, &info) != ERR_OK)
        return app_complain(app, "%s", info.detail);
    app_say(app, PAINT_DIM, "%s", about[mode]);
    return true;
}

static void complete_learn(const struct app *app, const char *word, struct completion *out)
{
    (void)app;
    for (int m = LEARN_OFF; m <= LEARN_AUTO; m++)
        completion_offer(out, word, learn_mode_name((enum learn_mode)m));
}

static const struct setting {
    const char *name;
    bool (*set)(struct app *app, const char *value);
    void (*complete)(const struct app *app, const char *word, struct completion *out);
} settings[] = {
    {"color", set_colour, complete_colour},
    {"glyphs", do_glyphs, complete_glyphs},
    {"layout", do_layout, NULL},
    {"learn", set_learn, complete_learn},
    {"log", set_log, complete_switch},
    {"osc52", set_osc52, complete_switch},
    {"smoothing", set_smoothing, NULL},
    {"sort", do_sort, complete_column},
    {"theme", do_theme, complete_theme},
    {"train", set_train, complete_switch},
};
enum { N_SETTINGS = sizeof settings / sizeof *settings };

static bool do_set(struct app *app, const char *args)
{
    char name[32] = "", value[512] = "";
    if (args && next_word(&args, name, sizeof name))
        next_word(&args, value, sizeof value);
    const char *names[N_SETTINGS];
    for (size_t i = 0; i < N_SETTINGS; i++) {
        names[i] = settings[i].name;
        if (strcmp(names[i], name) == 0)
            return value[0] ? settings[i].set(app, value)
                            : app_complain(app, ":set %s VALUE", name);
    }
    const char *near = text_nearest(name, names, N_SETTINGS);
    if (near)
        return app_complain(app, "no setting '%s'; did you mean %s?", name, near);
    return app_complain(app,
                        "settings: color glyphs layout learn log osc52 smoothing sort theme train");
}

/* The name of a setting, or (words behind it are completed by it) its value. */
static void complete_set(const struct app *app, const char *word, struct completion *out)
{
    const char *line = app->edit.text;
    for (size_t i = 0; i < N_SETTINGS; i++) {
        char prefix[48];
        text_format(prefix, sizeof prefix, "set %s ", settings[i].name);
        if (strncmp(line, prefix, strlen(prefix)) == 0) {
            if (settings[i].complete)
                settings[i].complete(app, word, out);
            return;
        }
    }
    for (size_t i = 0; i < N_SETTINGS; i++)
        completion_offer(out, word, settings[i].name);
}

static void complete_trial(const struct app *app, const char *word, struct completion *out)
{
    for (size_t k = 0; k < app->view.n_open; k++) {
        char text[32];
        text_format(text, sizeof text, "%zu", app->view.open[k]);
        completion_offer(out, word, text);
    }
}

static void complete_hyper(const struct app *app, const char *word, struct completion *out)
{
    const struct space *space = &app->view.space;
    for (int i = 0; i < space->n; i++) {
        char text[96];
        const struct hyperparameter *h = &space->h[i];
        text_format(text, sizeof text, "%s=", h->name);
        if (strncmp(word, text, strlen(text)) != 0)
            completion_offer(out, word, text);
        else
            for (int k = 0; k < h->n_choices; k++) {
                text_format(text, sizeof text, "%s=%s", h->name, h->choice[k].text);
                completion_offer(out, word, text);
            }
    }
}

static const char *pause_label(const struct app *app)
{
    return app->view.status.paused ? "resume" : "pause";
}

/* ---- the table --------------------------------------------------------------------------- */

#define CTRL(c) TERM_CTRL(c)
const struct action actions[] = {
    /* word, args, keys, screens, group, danger, label, help, why_not, run, complete */
    {"overview",
     NULL,
     {'1'},
     ON_ALL,
     GROUP_SCREENS,
     0,
     NULL,
     "curves, trials and the agent at a glance",
     NULL,
     do_overview,
     NULL},
    {"trials",
     NULL,
     {'2'},
     ON_ALL,
     GROUP_SCREENS,
     0,
     NULL,
     "all columns of all trials, and one trial in detail",
     NULL,
     do_trials,
     NULL},
    {"curves",
     NULL,
     {'3'},
     ON_ALL,
     GROUP_SCREENS,
     0,
     NULL,
     "marked trials large: validation and training",
     NULL,
     do_curves,
     NULL},
    {"qtable",
     NULL,
     {'4'},
     ON_ALL,
     GROUP_SCREENS,
     0,
     NULL,
     "what the agent has learnt: situations and moves",
     NULL,
     do_qtable,
     NULL},
    {"log",
     NULL,
     {'5'},
     ON_ALL,
     GROUP_SCREENS,
     0,
     NULL,
     "what happened: trials, updates, and what you did",
     NULL,
     do_log,
     NULL},
    {"meta",
     NULL,
     {'7'},
     ON_ALL,
     GROUP_SCREENS,
     0,
     NULL,
     "what is known from other tasks, and what is made of it",
     NULL,
     do_meta,
     NULL},
    {"race",
     "[FILE ...]",
     {'8'},
     ON_ALL,
     GROUP_SCREENS,
     0,
     NULL,
     "searches side by side; with a table or study logs: against those",
     NULL,
     do_race,
     NULL},
    {"screen",
     "NAME",
     {0},
     0,
     GROUP_SCREENS,
     0,
     NULL,
     "show a screen by name",
     NULL,
     do_screen,
     complete_screen},
    {"next-pane",
     NULL,
     {TERM_KEY_TAB},
     ON_PLOTS,
     GROUP_SCREENS,
     0,
     NULL,
     "next pane",
     NULL,
     do_next_pane,
     NULL},
    {"previous-pane",
     NULL,
     {TERM_KEY_BACKTAB},
     ON_PLOTS,
     GROUP_SCREENS,
     0,
     NULL,
     "previous pane",
     NULL,
     do_previous_pane,
     NULL},
    {"widen",
     NULL,
     {'w'},
     ON_STUDY,
     GROUP_SCREENS,
     0,
     NULL,
     "give the pane the whole screen, and back",
     NULL,
     do_widen,
     NULL},
    {"layout",
     "N",
     {0},
     0,
     GROUP_SCREENS,
     0,
     NULL,
     "0 default, 1 large plot, 2 large table, 3 no agent",
     NULL,
     do_layout,
     NULL},

    {"down",
     "[N]",
     {'j', TERM_KEY_DOWN},
     ON_ALL,
     GROUP_MOVE,
     0,
     NULL,
     "down (a count before it repeats)",
     NULL,
     do_down,
     NULL},
    {"up", "[N]", {'k', TERM_KEY_UP}, ON_ALL, GROUP_MOVE, 0, NULL, "up", NULL, do_up, NULL},
    {"left",
     "[N]",
     {'h', TERM_KEY_LEFT},
     ON_STUDY,
     GROUP_MOVE,
     0,
     NULL,
     "left; in curves: read-out or window",
     NULL,
     do_left,
     NULL},
    {"right",
     "[N]",
     {'l', TERM_KEY_RIGHT},
     ON_STUDY,
     GROUP_MOVE,
     0,
     NULL,
     "right; in curves: read-out or window",
     NULL,
     do_right,
     NULL},
    {"top",
     NULL,
     {'g', TERM_KEY_HOME},
     ON_ALL,
     GROUP_MOVE,
     0,
     NULL,
     "first row",
     NULL,
     do_top,
     NULL},
    {"bottom",
     NULL,
     {'G', TERM_KEY_END},
     ON_ALL,
     GROUP_MOVE,
     0,
     NULL,
     "last row (with a count: that row)",
     NULL,
     do_bottom,
     NULL},
    {"half-down",
     NULL,
     {CTRL('d')},
     ON_ALL,
     GROUP_MOVE,
     0,
     NULL,
     "half a page down",
     NULL,
     do_half_down,
     NULL},
    {"half-up",
     NULL,
     {CTRL('u')},
     ON_ALL,
     GROUP_MOVE,
     0,
     NULL,
     "half a page up",
     NULL,
     do_half_up,
     NULL},
    {"page-down",
     NULL,
     {TERM_KEY_PAGE_DOWN},
     ON_ALL,
     GROUP_MOVE,
     0,
     NULL,
     "a page down",
     NULL,
     do_page_down,
     NULL},
    {"page-up",
     NULL,
     {TERM_KEY_PAGE_UP},
     ON_ALL,
     GROUP_MOVE,
     0,
     NULL,
     "a page up",
     NULL,
     do_page_up,
     NULL},
    {"open",
     NULL,
     {TERM_KEY_ENTER},
     ON_TABLES | ON_LOG,
     GROUP_MOVE,
     0,
     "detail",
     "open: the row's trial, the trial's curves",
     why_no_rows,
     do_open,
     NULL},
    {"back",
     NULL,
     {TERM_KEY_ESCAPE, 'q'},
     ON_ALL,
     GROUP_MOVE,
     0,
     NULL,
     "back: filter, marks, pane, then the overview",
     NULL,
     do_back,
     NULL},

    {"pause",
     "[N]",
     {'p'},
     ON_ALL,
     GROUP_STEER,
     DANGER_REVERSIBLE,
     "pause",
     "pause or resume all; with marked rows: those trials",
     why_no_pause,
     steer_pause,
     complete_trial},
    {"resume",
     "[N]",
     {0},
     0,
     GROUP_STEER,
     DANGER_REVERSIBLE,
     NULL,
     "let all, or one paused trial, go on",
     why_no_steering,
     steer_resume,
     complete_trial},
    {"prune",
     "N",
     {'x'},
     ON_ALL,
     GROUP_STEER,
     DANGER_LOSES_WORK,
     "prune",
     "stop the selected or marked trials (asks, says what is lost)",
     why_no_prune,
     steer_prune,
     complete_trial},
    {"finish",
     "N",
     {'F'},
     ON_ALL,
     GROUP_STEER,
     DANGER_REVERSIBLE,
     NULL,
     "end the trial now and keep its value",
     why_no_finish,
     steer_finish,
     complete_trial},
    {"seed",
     "name=value ...",
     {'a'},
     ON_ALL,
     GROUP_STEER,
     DANGER_REVERSIBLE,
     "seed",
     "put a configuration of your own in the queue",
     why_no_steering,
     steer_seed,
     complete_hyper},
    {"extend",
     "N EPOCHS",
     {'e'},
     ON_ALL,
     GROUP_STEER,
     DANGER_REVERSIBLE,
     "extend",
     "train the trial for more epochs",
     why_no_extend,
     steer_extend,
     complete_trial},
    {"clone",
     NULL,
     {'c'},
     ON_ALL,
     GROUP_STEER,
     DANGER_REVERSIBLE,
     NULL,
     "seed a copy of the selected trial, edited first",
     why_no_clone,
     steer_clone,
     NULL},
    {"again",
     NULL,
     {'r'},
     ON_ALL,
     GROUP_STEER,
     DANGER_REVERSIBLE,
     NULL,
     "the same configuration with another rng_seed",
     why_no_clone,
     steer_again,
     NULL},
    {"withdraw",
     "N",
     {0},
     0,
     GROUP_STEER,
     DANGER_REVERSIBLE,
     NULL,
     "take a waiting seed out of the queue",
     why_no_steering,
     steer_withdraw,
     complete_trial},
    {"budget",
     "N|+N",
     {0},
     0,
     GROUP_STEER,
     DANGER_REVERSIBLE,
     NULL,
     "whole budget in epochs, or that many more",
     why_no_steering,
     steer_budget,
     NULL},
    {"workers",
     "N",
     {0},
     0,
     GROUP_STEER,
     DANGER_REVERSIBLE,
     NULL,
     "how many worker threads train",
     why_no_steering,
     steer_workers,
     NULL},
    {"ban",
     "[NAME LOW HIGH|CHOICE|off]",
     {'R'},
     ON_STUDY,
     GROUP_STEER,
     DANGER_REVERSIBLE,
     NULL,
     "keep proposals out of a range or choice; off: no more; alone: say",
     why_no_steering,
     steer_ban,
     complete_ban},
    {"stop",
     NULL,
     {0},
     0,
     GROUP_STEER,
     DANGER_LOSES_WORK,
     NULL,
     "end the study now: trials keep their values, the test is read",
     why_no_steering,
     steer_stop,
     NULL},

    {"filter",
     "WORDS",
     {'/'},
     ON_TABLES | ON_LOG | ON_HELP,
     GROUP_FIND,
     0,
     "filter",
     "show what fits: done, you, #17, adam, units=256, epoch>10",
     NULL,
     do_filter,
     NULL},
    {"next",
     NULL,
     {'n'},
     ON_TABLES | ON_LOG,
     GROUP_FIND,
     0,
     NULL,
     "next that fits",
     NULL,
     do_next,
     NULL},
    {"previous",
     NULL,
     {'N'},
     ON_TABLES | ON_LOG,
     GROUP_FIND,
     0,
     NULL,
     "previous that fits",
     NULL,
     do_previous,
     NULL},
    {"sort",
     "COLUMN",
     {'o'},
     ON_TABLES,
     GROUP_FIND,
     0,
     "sort",
     "sort by a column; again: the other way",
     NULL,
     do_sort,
     complete_column},
    {"sort-left",
     NULL,
     {'<'},
     ON_TABLES,
     GROUP_FIND,
     0,
     NULL,
     "sort by the column to the left",
     NULL,
     do_sort_left,
     NULL},
    {"sort-right",
     NULL,
     {'>'},
     ON_TABLES,
     GROUP_FIND,
     0,
     NULL,
     "sort by the column to the right",
     NULL,
     do_sort_right,
     NULL},
    {"reverse",
     NULL,
     {'O'},
     ON_TABLES,
     GROUP_FIND,
     0,
     NULL,
     "reverse the order",
     NULL,
     do_reverse,
     NULL},
    {"columns",
     "[NAME]",
     {'C'},
     ON_TABLES,
     GROUP_FIND,
     0,
     NULL,
     "take columns out of the table, or in",
     NULL,
     do_columns,
     complete_column},
    {"mark",
     "[N]",
     {' '},
     ON_TABLES,
     GROUP_FIND,
     0,
     NULL,
     "mark the row, for acting on several",
     why_no_rows,
     do_mark,
     complete_trial},
    {"range",
     NULL,
     {'v'},
     ON_TABLES,
     GROUP_FIND,
     0,
     NULL,
     "mark a range",
     why_no_rows,
     do_range,
     NULL},
    {"mark-all",
     NULL,
     {'A'},
     ON_TABLES,
     GROUP_FIND,
     0,
     NULL,
     "mark all listed trials, or none",
     why_no_rows,
     do_mark_all,
     NULL},

    {"log-axis",
     NULL,
     {'L'},
     ON_PLOTS,
     GROUP_PLOT,
     0,
     "log axis",
     "logarithmic axis, and back",
     NULL,
     do_log_axis,
     NULL},
    {"zoom-in", NULL, {'+'}, ON_PLOTS, GROUP_PLOT, 0, "zoom", "zoom in", NULL, do_zoom_in, NULL},
    {"zoom-out", NULL, {'-'}, ON_PLOTS, GROUP_PLOT, 0, NULL, "zoom out", NULL, do_zoom_out, NULL},
    {"fit", NULL, {'0'}, ON_PLOTS, GROUP_PLOT, 0, NULL, "see everything again", NULL, do_fit, NULL},
    {"x-axis",
     NULL,
     {'X'},
     ON_PLOTS,
     GROUP_PLOT,
     0,
     NULL,
     "epochs or seconds below the curves",
     NULL,
     do_x_axis,
     NULL},
    {"smooth",
     NULL,
     {'S'},
     ON_PLOTS,
     GROUP_PLOT,
     0,
     NULL,
     "smoothing: none, 0.6, 0.9",
     NULL,
     do_smooth,
     NULL},
    {"readout",
     NULL,
     {'i'},
     ON_PLOTS,
     GROUP_PLOT,
     0,
     "read-out",
     "exact values under a cursor that h l move",
     NULL,
     do_readout,
     NULL},

    {"learn",
     "[yes|no]",
     {TERM_KEY_ENTER},
     ON_META,
     GROUP_TABLE,
     DANGER_REVERSIBLE,
     "take in",
     "take the ended study into your own knowledge, or call that off",
     why_no_learning,
     meta_learn,
     NULL},
    {"next-move",
     "[MOVE|accept|auto]",
     {TERM_KEY_ENTER},
     ON_QTABLE,
     GROUP_TABLE,
     DANGER_REVERSIBLE,
     "next move",
     "accept the agent's next move, or choose another",
     why_no_table,
     qtable_next,
     complete_move},
    {"q-pin",
     NULL,
     {'='},
     ON_QTABLE,
     GROUP_TABLE,
     DANGER_REVERSIBLE,
     "pin",
     "pin the cell: learning leaves its value alone; again: unpin",
     why_no_table,
     qtable_pin,
     NULL},
    {"q-edit",
     "VALUE",
     {'E'},
     ON_QTABLE,
     GROUP_TABLE,
     DANGER_REVERSIBLE,
     "edit",
     "give the cell a value of your own, as after 20 visits",
     why_no_table,
     qtable_edit,
     NULL},
    {"q-freeze",
     "[on|off]",
     {'L'},
     ON_QTABLE,
     GROUP_TABLE,
     DANGER_REVERSIBLE,
     "freeze learning",
     "freeze learning, and let it go on",
     why_no_table,
     qtable_freeze,
     NULL},

    {"play",
     NULL,
     {' '},
     ON_RACE,
     GROUP_RACE,
     0,
     "run, stand",
     "let the race run, or stand",
     why_no_race,
     race_play,
     NULL},
    {"faster",
     NULL,
     {'+'},
     ON_RACE,
     GROUP_RACE,
     0,
     "faster",
     "twice as fast",
     NULL,
     race_faster,
     NULL},
    {"slower",
     NULL,
     {'-'},
     ON_RACE,
     GROUP_RACE,
     0,
     "slower",
     "half as fast",
     NULL,
     race_slower,
     NULL},
    {"race-start",
     NULL,
     {'<'},
     ON_RACE,
     GROUP_RACE,
     0,
     "start",
     "to the start of the race",
     why_no_race,
     race_to_start,
     NULL},
    {"race-end",
     NULL,
     {'>'},
     ON_RACE,
     GROUP_RACE,
     0,
     "end",
     "to the end; beside a study: to where it is",
     why_no_race,
     race_to_end,
     NULL},
    {"race-at",
     "EPOCHS",
     {0},
     0,
     GROUP_RACE,
     0,
     NULL,
     "show the race as it was after so many epochs",
     why_no_race,
     race_go_to,
     NULL},
    {"against",
     NULL,
     {TERM_KEY_ENTER},
     ON_RACE,
     GROUP_RACE,
     0,
     "compare",
     "compare all with the selected lane",
     why_no_race,
     race_against,
     NULL},
    {"race-axis",
     NULL,
     {'L'},
     ON_RACE,
     GROUP_RACE,
     0,
     NULL,
     "logarithmic axis of the race, and back",
     NULL,
     race_axis,
     NULL},

    {"freeze",
     NULL,
     {'z'},
     ON_ALL,
     GROUP_OTHER,
     0,
     NULL,
     "hold the picture; training goes on",
     NULL,
     do_freeze,
     NULL},
    {"copy",
     NULL,
     {'y'},
     ON_ALL,
     GROUP_OTHER,
     0,
     NULL,
     "copy the selected trial as a shell command",
     why_no_copy,
     do_copy,
     NULL},
    {"command",
     NULL,
     {':'},
     ON_ALL,
     GROUP_OTHER,
     0,
     NULL,
     "type a command; Tab completes",
     NULL,
     do_command,
     NULL},
    {"actions",
     NULL,
     {CTRL('p')},
     ON_ALL,
     GROUP_OTHER,
     0,
     NULL,
     "look through all actions",
     NULL,
     open_all_actions,
     NULL},
    {"help",
     NULL,
     {'?', TERM_KEY_F1},
     ON_ALL,
     GROUP_OTHER,
     0,
     "help",
     "the keys that work now",
     NULL,
     do_help,
     NULL},
    {"repaint",
     NULL,
     {CTRL('l')},
     ON_ALL,
     GROUP_OTHER,
     0,
     NULL,
     "paint the screen anew",
     NULL,
     do_repaint,
     NULL},
    {"glyphs",
     "[NAME]",
     {TERM_KEY_F1 + 8},
     ON_ALL,
     GROUP_OTHER,
     0,
     NULL,
     "dots, blocks or plain ASCII",
     NULL,
     do_glyphs,
     complete_glyphs},
    {"mouse",
     NULL,
     {TERM_KEY_F1 + 7},
     ON_ALL,
     GROUP_OTHER,
     0,
     NULL,
     "mouse on and off (off: the terminal selects text)",
     NULL,
     do_mouse,
     NULL},
    {"theme",
     "NAME",
     {0},
     0,
     GROUP_OTHER,
     0,
     NULL,
     "colours by a theme's name",
     NULL,
     do_theme,
     complete_theme},
    {"set",
     "NAME VALUE",
     {0},
     0,
     GROUP_OTHER,
     0,
     NULL,
     "color glyphs layout learn log osc52 smoothing sort theme train",
     NULL,
     do_set,
     complete_set},
    {"save-screen",
     "FILE [attrs]",
     {0},
     0,
     GROUP_OTHER,
     0,
     NULL,
     "write the screen to a file",
     NULL,
     do_save_screen,
     NULL},
    {"quit",
     NULL,
     {'Q'},
     ON_ALL,
     GROUP_OTHER,
     DANGER_REVERSIBLE,
     NULL,
     "leave (asks if work runs; all is kept)",
     NULL,
     steer_quit,
     NULL},
};
const size_t n_actions = sizeof actions / sizeof *actions;

const struct action *action_of_key(const struct app *app, uint32_t key)
{
    for (size_t i = 0; i < n_actions; i++)
        for (int k = 0; k < 3 && actions[i].keys[k]; k++)
            if (actions[i].keys[k] == key && (actions[i].screens & (1u << app->screen)))
                return &actions[i];
    return NULL;
}

const struct action *action_find(const char *word)
{
    for (size_t i = 0; i < n_actions; i++)
        if (strcmp(actions[i].word, word) == 0)
            return &actions[i];
    return NULL;
}

const char *action_label(const struct app *app, const struct action *a)
{
    return a->run == steer_pause ? pause_label(app) : a->label;
}

const char *action_keys(const struct action *a, char *out, size_t out_size)
{
    out[0] = 0;
    size_t used = 0;
    for (int k = 0; k < 3 && a->keys[k]; k++) {
        char name[24];
        term_key_name(a->keys[k], name, sizeof name);
        size_t n = strlen(name);
        if (strcmp(name, "<lt>") == 0)
            text_copy(name, sizeof name, "<");
        else if (n > 2 && name[0] == '<') { /* <Enter> reads better as Enter */
            memmove(name, name + 1, n - 2);
            name[n - 2] = 0;
        }
        int wrote = snprintf(out + used, out_size - used, "%s%s", used ? " " : "", name);
        if (wrote < 0 || (size_t)wrote >= out_size - used)
            break;
        used += (size_t)wrote;
    }
    return out;
}

bool action_run(struct app *app, const struct action *a, const char *args)
{
    const char *why = a->why_not ? a->why_not(app) : NULL;
    if (why && !(args && args[0])) /* a named trial is judged by itself */
        return app_complain(app, "%s", why);
    return a->run(app, args);
}
