/* actions: what the rows of the table in actions.c run, say why not, and complete; by topic. What
 * steers the search is steer.c's (app.h).
 *
 * do_X(app, args): args are the words behind the command; NULL: by a key. Returns false after a
 * complaint. complete_X offers what may stand where `word` stands. */
#ifndef TILLER_TUI_ACTIONS_H
#define TILLER_TUI_ACTIONS_H

#include "tui/app.h"

/* ---- moving, finding, sorting, marking (actions_list.c) ----------------------------------- */

bool do_down(struct app *app, const char *args);
bool do_up(struct app *app, const char *args);
bool do_left(struct app *app, const char *args);
bool do_right(struct app *app, const char *args);
bool do_top(struct app *app, const char *args);
bool do_bottom(struct app *app, const char *args);
bool do_half_down(struct app *app, const char *args);
bool do_half_up(struct app *app, const char *args);
bool do_page_down(struct app *app, const char *args);
bool do_page_up(struct app *app, const char *args);
bool do_filter(struct app *app, const char *args);
bool do_next(struct app *app, const char *args);
bool do_previous(struct app *app, const char *args);
bool do_sort(struct app *app, const char *args);
void complete_column(const struct app *app, const char *word, struct completion *out);
bool do_columns(struct app *app, const char *args);
bool do_sort_left(struct app *app, const char *args);
bool do_sort_right(struct app *app, const char *args);
bool do_reverse(struct app *app, const char *args);
bool do_mark(struct app *app, const char *args);
bool do_range(struct app *app, const char *args);
bool do_mark_all(struct app *app, const char *args);
const char *why_no_rows(const struct app *app);

/* ---- screens, panes, curves (actions_screens.c) ------------------------------------------- */

bool do_overview(struct app *app, const char *args);
bool do_trials(struct app *app, const char *args);
bool do_curves(struct app *app, const char *args);
bool do_qtable(struct app *app, const char *args);
bool do_log(struct app *app, const char *args);
bool do_meta(struct app *app, const char *args);
bool do_race(struct app *app, const char *args);
bool do_help(struct app *app, const char *args);
bool do_screen(struct app *app, const char *args);
void complete_screen(const struct app *app, const char *word, struct completion *out);
bool do_next_pane(struct app *app, const char *args);
bool do_previous_pane(struct app *app, const char *args);
bool do_widen(struct app *app, const char *args);
bool do_layout(struct app *app, const char *args);
bool do_open(struct app *app, const char *args);
bool do_back(struct app *app, const char *args);
bool do_log_axis(struct app *app, const char *args);
bool do_zoom_in(struct app *app, const char *args);
bool do_zoom_out(struct app *app, const char *args);
bool do_fit(struct app *app, const char *args);
bool do_x_axis(struct app *app, const char *args);
bool do_smooth(struct app *app, const char *args);
bool do_readout(struct app *app, const char *args);

/* ---- looks and :set (actions_set.c) -------------------------------------------------------- */

bool do_mouse(struct app *app, const char *args);
bool do_glyphs(struct app *app, const char *args);
void complete_glyphs(const struct app *app, const char *word, struct completion *out);
bool do_theme(struct app *app, const char *args);
void complete_theme(const struct app *app, const char *word, struct completion *out);
bool do_set(struct app *app, const char *args);
void complete_set(const struct app *app, const char *word, struct completion *out);

#endif
