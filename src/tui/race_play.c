/* race_play: time and lanes of the race screen, and its keys.
 *
 * A recorded race is shown up to an epoch that moves on by itself; beside a study that is being
 * searched the others stand where it is, so that all have been charged the same. */
#include "tui/app.h"

#include <math.h>
#include <string.h>

enum { WHOLE_S = 30, STEPS = 50 }; /* a race takes half a minute; a key moves 1/50 of it */

/* ---- lanes ------------------------------------------------------------------------------- */

bool race_has_own(const struct app *app)
{
    return !app->options.only_race && app->view.n_rows > 0;
}

int race_lanes(const struct app *app, struct race_lane out[static RACE_SHOWN_MAX])
{
    int n = 0;
    if (race_has_own(app)) {
        out[n] = app->view.lane;
        out[n].knows = app->view.guidance != NULL;
        text_copy(out[n++].name, sizeof out[0].name, "this study");
    }
    for (int i = 0; i < app->race.picture.n_lanes; i++)
        out[n++] = app->race.picture.lane[i];
    return n;
}

int64_t race_end(const struct app *app)
{
    int64_t own = race_has_own(app) ? app->view.lane.n_epochs : 0;
    return own > app->race.picture.n_epochs ? own : app->race.picture.n_epochs;
}

void race_want(const struct app *app, struct view_want *want)
{
    want->lane = !app->options.only_race;
}

/* ---- time -------------------------------------------------------------------------------- */

bool race_is_working(const struct app *app)
{
    return app->screen == SCREEN_RACE && app->race.race && app->race.picture.working;
}

bool race_is_moving(const struct app *app)
{
    const struct app_race *r = &app->race;
    return app->screen == SCREEN_RACE && !app->frozen &&
           (race_is_working(app) || (r->playing && r->at < (double)race_end(app)));
}

static void start_clock(struct app_race *r, int64_t end)
{
    r->speed = end > 0 ? fmax(1, (double)end / WHOLE_S) : 0;
}

bool race_tick(struct app *app)
{
    struct app_race *r = &app->race;
    double now = clock_now_s(), passed = now - r->tick_s, before = r->at;
    int64_t end = race_end(app);
    r->tick_s = now;
    if (app->frozen)
        return false;
    bool fresh = r->race && race_read(r->race, &r->picture);
    if (r->speed <= 0)
        start_clock(r, end);
    if (r->follows && race_has_own(app))
        r->at = (double)app->view.lane.n_epochs;
    else if (r->playing && passed > 0 && passed < 5)
        r->at = fmin(r->at + r->speed * passed, (double)end);
    return fresh || r->at != before;
}

void race_close_own(struct app *app)
{
    if (app->race.owned)
        race_close(app->race.race);
    race_picture_free(&app->race.picture);
    app->race.race = NULL;
    app->race.owned = false;
}

/* ---- keys -------------------------------------------------------------------------------- */

const char *why_no_race(const struct app *app)
{
    return race_end(app) > 0      ? NULL
           : race_is_working(app) ? "nothing has been replayed yet"
                                  : "there is no race; :race FILE opens a table or a study log";
}

static void go_to(struct app *app, double epoch)
{
    app->race.follows = false;
    app->race.at = fmin(fmax(epoch, 0), (double)race_end(app));
}

void race_move(struct app *app, long rows, long cols)
{
    struct app_race *r = &app->race;
    struct race_lane lanes[RACE_SHOWN_MAX];
    int order[RACE_SHOWN_MAX], n = race_lanes(app, lanes), at = 0;
    race_order(lanes, n, (int64_t)r->at, order);
    while (at + 1 < n && order[at] != r->selected)
        at++;
    long wanted = rows < -n ? 0 : rows > n ? n - 1 : at + rows;
    if (n > 0)
        r->selected = order[wanted < 0 ? 0 : wanted >= n ? n - 1 : wanted];
    if (cols != 0 && race_end(app) > 0) {
        double step = fmax(1, round((double)race_end(app) / STEPS));
        r->playing = false;
        go_to(app, r->at + step * (double)cols);
    }
}

bool race_play(struct app *app, const char *args)
{
    struct app_race *r = &app->race;
    (void)args;
    if (r->follows) {
        app_say(app, PAINT_DIM, "all lanes are shown from the beginning; > is where this study is");
        go_to(app, 0);
        r->playing = true;
        return true;
    }
    r->playing = !r->playing;
    if (r->playing && r->at >= (double)race_end(app))
        go_to(app, 0);
    app_say(app, PAINT_DIM, r->playing ? "it runs" : "it stands");
    return true;
}

static bool change_speed(struct app *app, double factor)
{
    struct app_race *r = &app->race;
    r->speed = fmin(fmax(r->speed * factor, 0.25), 1e6);
    app_say(app, PAINT_DIM, "%.3g epoch%s a second", r->speed, r->speed == 1 ? "" : "s");
    return true;
}

bool race_faster(struct app *app, const char *args)
{
    (void)args;
    return change_speed(app, 2);
}

bool race_slower(struct app *app, const char *args)
{
    (void)args;
    return change_speed(app, 0.5);
}

bool race_to_start(struct app *app, const char *args)
{
    (void)args;
    go_to(app, 0);
    return true;
}

bool race_to_end(struct app *app, const char *args)
{
    (void)args;
    app->race.playing = false;
    go_to(app, (double)race_end(app));
    app->race.follows = race_has_own(app);
    return true;
}

bool race_go_to(struct app *app, const char *args)
{
    char word[32] = "";
    double epoch;
    if (args)
        next_word(&args, word, sizeof word);
    if (!text_parse_double(word, &epoch) || !(epoch >= 0 && epoch < 1e15))
        return app_complain(app, ":race-at EPOCHS, a number from 0 on");
    app->race.playing = false;
    go_to(app, floor(epoch));
    return true;
}

bool race_axis(struct app *app, const char *args)
{
    (void)args;
    app->race.linear = !app->race.linear;
    app_say(app, PAINT_DIM, app->race.linear ? "linear axis" : "logarithmic axis");
    return true;
}

bool race_against(struct app *app, const char *args)
{
    struct race_lane lanes[RACE_SHOWN_MAX];
    (void)args;
    if (app->race.selected >= race_lanes(app, lanes))
        return app_complain(app, "there is no lane");
    app->race.reference = app->race.selected;
    app_say(app, PAINT_DIM, "speed-ups are to what %s has", lanes[app->race.selected].name);
    return true;
}

/* As --knowledge says it. */
static void know_as_typed(const char *said, char *file, size_t file_size, struct race_known *known)
{
    bool none = strcmp(said, "no") == 0;
    text_copy(file, file_size, said);
    known->file = none ? NULL : file;
    known->own = NULL;
    known->said = !none;
}

/* ":race FILE ... [methods=a,b] [task=NAME] [knowledge=FILE|no] [include-own]" */
bool race_open_typed(struct app *app, const char *args)
{
    enum { WORDS = RACE_LANES_MAX };
    char path[WORDS][512], methods[512] = "", task[CURVE_NAME_MAX] = "", word[512], file[512];
    struct race_known known = app->options.race_known;
    const char *paths[WORDS];
    size_t n = 0;
    struct race *race = NULL;
    struct err_info info = {0};
    while (args && next_word(&args, word, sizeof word)) {
        if (strncmp(word, "methods=", 8) == 0)
            text_copy(methods, sizeof methods, word + 8);
        else if (strncmp(word, "task=", 5) == 0)
            text_copy(task, sizeof task, word + 5);
        else if (strncmp(word, "knowledge=", 10) == 0)
            know_as_typed(word + 10, file, sizeof file, &known);
        else if (strcmp(word, "include-own") == 0)
            known.include_own = true;
        else if (n < WORDS) {
            text_copy(path[n], sizeof path[n], word);
            paths[n] = path[n];
            n++;
        }
    }
    if (n == 0) {
        app_show(app, SCREEN_RACE);
        return true;
    }
    struct race_options o = {.path = paths,
                             .n_paths = n,
                             .methods = methods,
                             .task = task[0] ? task : NULL,
                             .known = known};
    if (race_open(&o, &race, &info) != ERR_OK)
        return app_complain(app, "%s: %s%s%s", info.where, info.detail, info.hint[0] ? "; " : "",
                            info.hint);
    race_close_own(app);
    app->race = (struct app_race){.race = race,
                                  .owned = true,
                                  .playing = true,
                                  .follows = race_has_own(app),
                                  .reference = -1,
                                  .linear = app->race.linear,
                                  .tick_s = clock_now_s()};
    app_show(app, SCREEN_RACE);
    return true;
}
