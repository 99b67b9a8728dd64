/* race_play: how a race is looked at: which lanes there are, up to which epoch they are shown, and
 * how fast that goes on. Drawing changes nothing here but what a cursor must keep in sight. */
#ifndef TILLER_TUI_RACE_PLAY_H
#define TILLER_TUI_RACE_PLAY_H

#include "tiller/race.h"
#include "tui/plot.h"

struct app;
struct view_want;

struct app_race {
    struct race *race; /* NULL: none */
    bool owned;        /* opened here by :race */
    struct race_picture picture;
    double at;               /* epochs charged up to which lanes are shown */
    double speed;            /* epochs a second; 0: not known yet */
    bool playing;            /* at moves by itself ... */
    bool follows;            /* ... or stands where this study is */
    double tick_s;           /* when it moved last */
    int selected, reference; /* lanes; reference -1: "random", or the last */
    bool linear;
};

/* This study first, if it has one, then the picture's; lent. Returns how many. */
enum { RACE_SHOWN_MAX = RACE_LANES_MAX + 1 };
int race_lanes(const struct app *app, struct race_lane out[static RACE_SHOWN_MAX]);
int64_t race_end(const struct app *app); /* where the longest lane ends */
bool race_has_own(const struct app *app);

/* Brings the picture and the time up to now; true: something changed. */
bool race_tick(struct app *app);
bool race_is_moving(const struct app *app); /* by itself: it must be looked at again */
bool race_is_working(const struct app *app);
void race_close_own(struct app *app);

void race_draw(struct app *app);
void race_move(struct app *app, long rows, long cols);
void race_want(const struct app *app, struct view_want *want);
void race_draw_header(struct app *app);

/* Actions. */
const char *why_no_race(const struct app *app);
bool race_play(struct app *app, const char *args);
bool race_faster(struct app *app, const char *args);
bool race_slower(struct app *app, const char *args);
bool race_to_start(struct app *app, const char *args);
bool race_to_end(struct app *app, const char *args);
bool race_go_to(struct app *app, const char *args);
bool race_axis(struct app *app, const char *args);
bool race_against(struct app *app, const char *args);
bool race_open_typed(struct app *app, const char *args);

#endif
