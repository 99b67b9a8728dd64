/* actions_list: moving about in lists and plots; finding, sorting, marking trials. */
#include "tui/actions.h"

#include <limits.h>

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

bool do_down(struct app *app, const char *args)
{
    return move_by(app, take_count(app, args), 0);
}

bool do_up(struct app *app, const char *args)
{
    return move_by(app, -take_count(app, args), 0);
}

bool do_left(struct app *app, const char *args)
{
    return move_by(app, 0, -take_count(app, args));
}

bool do_right(struct app *app, const char *args)
{
    return move_by(app, 0, take_count(app, args));
}

bool do_top(struct app *app, const char *args)
{
    (void)args;
    return move_by(app, LONG_MIN, 0);
}

/* With a count: to that row, as in vi. */
bool do_bottom(struct app *app, const char *args)
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

bool do_half_down(struct app *app, const char *args)
{
    (void)args;
    return do_page(app, 1);
}

bool do_half_up(struct app *app, const char *args)
{
    (void)args;
    return do_page(app, -1);
}

bool do_page_down(struct app *app, const char *args)
{
    (void)args;
    return do_page(app, 2);
}

bool do_page_up(struct app *app, const char *args)
{
    (void)args;
    return do_page(app, -2);
}

/* ---- finding, sorting, marking ----------------------------------------------------------- */

static char *filter_of(struct app *app)
{
    return app->screen == SCREEN_HELP  ? app->help_filter
           : app->screen == SCREEN_LOG ? app->log_filter
                                       : app->list.filter;
}

bool do_filter(struct app *app, const char *args)
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

bool do_next(struct app *app, const char *args)
{
    (void)args;
    return find_step(app, 1);
}

bool do_previous(struct app *app, const char *args)
{
    (void)args;
    return find_step(app, -1);
}

bool do_sort(struct app *app, const char *args)
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

void complete_column(const struct app *app, const char *word, struct completion *out)
{
    for (int i = 0; i < list_n_columns(&app->view); i++)
        completion_offer(out, word, list_column_name(&app->view, i));
}

bool do_columns(struct app *app, const char *args)
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

bool do_sort_left(struct app *app, const char *args)
{
    (void)args;
    return sort_step(app, -1);
}

bool do_sort_right(struct app *app, const char *args)
{
    (void)args;
    return sort_step(app, 1);
}

bool do_reverse(struct app *app, const char *args)
{
    (void)args;
    app->list.descending = !app->list.descending;
    app->list.stale = true;
    return true;
}

bool do_mark(struct app *app, const char *args)
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

bool do_range(struct app *app, const char *args)
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

bool do_mark_all(struct app *app, const char *args)
{
    (void)args;
    bool all = app->list.n_marked < app->list.n;
    list_unmark_all(&app->list);
    for (size_t i = 0; all && i < app->list.n; i++)
        list_mark(&app->list, &app->view, app->list.order[i], true);
    return true;
}

const char *why_no_rows(const struct app *app)
{
    return app->list.n == 0 ? "no trial is listed" : NULL;
}
