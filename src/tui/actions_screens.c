/* actions_screens: which screen and which pane is seen, and how its curves are looked at. */
#include "tui/actions.h"

/* ---- screens and panes ------------------------------------------------------------------- */

static bool show_by_key(struct app *app, enum screen_id id)
{
    if (!screen_exists(app, (int)id))
        return app_complain(app, "there is no study here: only the race, and ? help");
    app_show(app, id);
    return true;
}

bool do_overview(struct app *app, const char *args)
{
    (void)args;
    return show_by_key(app, SCREEN_OVERVIEW);
}

bool do_trials(struct app *app, const char *args)
{
    (void)args;
    return show_by_key(app, SCREEN_TRIALS);
}

bool do_curves(struct app *app, const char *args)
{
    (void)args;
    return show_by_key(app, SCREEN_CURVES);
}

bool do_qtable(struct app *app, const char *args)
{
    (void)args;
    return show_by_key(app, SCREEN_QTABLE);
}

bool do_log(struct app *app, const char *args)
{
    (void)args;
    return show_by_key(app, SCREEN_LOG);
}

bool do_meta(struct app *app, const char *args)
{
    (void)args;
    return show_by_key(app, SCREEN_META);
}

bool do_race(struct app *app, const char *args)
{
    return args && args[0] ? race_open_typed(app, args) : show_by_key(app, SCREEN_RACE);
}

bool do_help(struct app *app, const char *args)
{
    (void)args;
    return show_by_key(app, app->screen == SCREEN_HELP ? app->screen_before : SCREEN_HELP);
}

bool do_screen(struct app *app, const char *args)
{
    char word[32] = "";
    if (args)
        next_word(&args, word, sizeof word);
    int id = screen_find(word);
    if (id < 0)
        return app_complain(app, "screens: overview trials curves qtable log meta race help");
    return show_by_key(app, (enum screen_id)id);
}

void complete_screen(const struct app *app, const char *word, struct completion *out)
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

bool do_next_pane(struct app *app, const char *args)
{
    (void)args;
    return do_pane(app, 1);
}

bool do_previous_pane(struct app *app, const char *args)
{
    (void)args;
    return do_pane(app, -1);
}

bool do_widen(struct app *app, const char *args)
{
    (void)args;
    app->widen = !app->widen;
    return true;
}

bool do_layout(struct app *app, const char *args)
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
bool do_open(struct app *app, const char *args)
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
bool do_back(struct app *app, const char *args)
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

/* ---- looking at curves ------------------------------------------------------------------- */

bool do_log_axis(struct app *app, const char *args)
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

bool do_zoom_in(struct app *app, const char *args)
{
    (void)args;
    return zoom_by(app, 2);
}

bool do_zoom_out(struct app *app, const char *args)
{
    (void)args;
    return zoom_by(app, 0.5);
}

bool do_fit(struct app *app, const char *args)
{
    (void)args;
    app->curves.window = (struct plot_window)PLOT_WINDOW_AUTO;
    return true;
}

bool do_x_axis(struct app *app, const char *args)
{
    (void)args;
    app->curves.by_time = !app->curves.by_time;
    app_say(app, PAINT_DIM, app->curves.by_time ? "x axis: seconds of training" : "x axis: epochs");
    return do_fit(app, NULL);
}

bool do_smooth(struct app *app, const char *args)
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

bool do_readout(struct app *app, const char *args)
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
