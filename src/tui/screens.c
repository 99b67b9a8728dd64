/* The table of screens. A screen that is not built is absent, and its digit stays free. */
#include "tui/app.h"

#include <string.h>

const struct screen screens[SCREEN_N] = {
    [SCREEN_OVERVIEW] = {"overview", "overview", '1', overview_draw, curves_move, overview_want,
                         page_rows},
    [SCREEN_TRIALS] = {"trials", "trials", '2', trials_draw, trials_move, trials_want, page_rows},
    [SCREEN_CURVES] = {"curves", "curves", '3', curves_draw, curves_move, curves_want, page_rows},
    [SCREEN_QTABLE] = {"qtable", "Q-table", '4', qtable_draw, qtable_move, NULL, page_rows},
    [SCREEN_LOG] = {"log", "log", '5', log_draw, log_move, NULL, page_rows},
    [SCREEN_META] = {"meta", "meta", '7', meta_draw, meta_move, meta_want, page_rows},
    [SCREEN_RACE] = {"race", "race", '8', race_draw, race_move, race_want, page_rows},
    [SCREEN_HELP] = {"help", "help", 0, help_draw, help_move, NULL, page_rows},
};

int screen_find(const char *name)
{
    for (int i = 0; i < SCREEN_N; i++)
        if (strcmp(screens[i].name, name) == 0)
            return i;
    return -1;
}

bool screen_exists(const struct app *app, int id)
{
    return !app->options.only_race || id == SCREEN_RACE || id == SCREEN_HELP;
}

/* Rows of the pane that j and k move in. */
long page_rows(const struct app *app)
{
    const struct layout *l = &app->layout;
    enum layout_pane pane = layout_shown(l, PANE_MAIN)     ? PANE_MAIN
                            : layout_shown(l, PANE_DETAIL) ? PANE_DETAIL
                                                           : PANE_TRIALS;
    long rows = l->pane[pane].rows - 2; /* rule and titles */
    return rows > 1 ? rows : 1;
}
