/* The loop: wait for a key or for news, draw at most four frames a second, answer keys at once.
 * The terminal is restored on every way out. */
#include "tui/app.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FOLLOW_MS = 500 };               /* sources without a wake-up are looked at this often */
static const double message_life_s = 6; /* what is no error goes away by itself */

/* ---- drawing in time --------------------------------------------------------------------- */

static bool is_due(const struct app *app, double now)
{
    return app->hurry || now >= app->drawn_s + app->interval_s || now < app->drawn_s;
}

/* The order of the table changes at most once a second, so it may be late. */
static bool list_is_late(const struct app *app)
{
    return app->list.rows_changed != app->view.rows_changed && app->view.identity;
}

static void show_if_due(struct app *app)
{
    double now = clock_now_s();
    if (app->message[0] && !app->message_stays && now > app->message_s + message_life_s) {
        app->message[0] = 0;
        app->dirty = true;
    }
    if (!is_due(app, now))
        return;
    if (app->behind)
        app_refresh(app);
    if (app->screen == SCREEN_RACE && race_tick(app))
        app->dirty = true;
    if (list_is_late(app) && now >= app->list.made_s + 1)
        app->dirty = true;
    if (!app->dirty)
        return;
    app_draw(app);
    app->drawn_s = now;
    app->hurry = false;
    /* A link that still holds the frame before gets fewer of them, never a queue. */
    if (term_show(app->term, &app->frame))
        app->dirty = false;
    else
        app->interval_s = 1;
}

/* ---- waiting ----------------------------------------------------------------------------- */

static int until_ms(double when, double now)
{
    double ms = ceil((when - now) * 1000);
    return ms < 1 ? 1 : ms > 60000 ? 60000 : (int)ms;
}

static int sooner(int a, int b)
{
    return a < 0 ? b : b < 0 ? a : a < b ? a : b;
}

static int timeout_of(const struct app *app)
{
    double now = clock_now_s();
    int ms = -1;
    if (app->dirty || app->behind)
        ms = until_ms(app->drawn_s + app->interval_s, now);
    if (app->message[0] && !app->message_stays)
        ms = sooner(ms, until_ms(app->message_s + message_life_s, now));
    if (list_is_late(app))
        ms = sooner(ms, until_ms(app->list.made_s + 1, now));
    if (race_is_moving(app)) /* its thread has no wake-up, and time passes */
        ms = sooner(ms, until_ms(app->drawn_s + fmax(app->interval_s, 0.05), now));
    if (app->source->wake_fd < 0 && app->source->request)
        ms = sooner(ms, FOLLOW_MS);
    return ms;
}

static bool work_is_pending(const struct app *app)
{
    const struct engine_status *s = &app->view.status;
    return steer_is_running(app) && (!s->paused || s->n_busy > 0);
}

/* While news waits to be read the wake-up is not listened to: a fast search costs no more frames
 * than a slow one. */
static struct term_wait make_wait(const struct app *app)
{
    return (struct term_wait){.wake_fd = app->behind ? -1 : app->source->wake_fd,
                              .timeout_ms = timeout_of(app),
                              .idle = !app->dirty && !app->behind && !list_is_late(app) &&
                                      !work_is_pending(app) && !race_is_working(app)};
}

static void resize(struct app *app)
{
    int rows, cols;
    term_size(app->term, &rows, &cols);
    if (!frame_resize(&app->frame, rows, cols)) {
        app->end = TUI_END_ERROR;
        app->leave = true;
        err_set_memory(&app->error, "screen");
    }
    app->dirty = app->hurry = true;
}

/* The script is over, or the terminal is gone. */
static void end_of_input(struct app *app)
{
    app->leave = true;
    if (term_script_result(app->term, &app->error) != ERR_OK)
        app->end = TUI_END_ERROR;
    else if (!app->options.script)
        app->end = TUI_END_SIGNAL;
    else
        app->end = app->view.status.finished ? TUI_END_STOPPED : TUI_END_QUIT;
}

static void handle(struct app *app, const struct term_event *event)
{
    switch (event->kind) {
    case TERM_EVENT_NONE:
        if (app->source->wake_fd < 0)
            app->behind = true;
        break;
    case TERM_EVENT_WAKE:
        app->source->drain(app->source->context);
        app->behind = true;
        break;
    case TERM_EVENT_KEY:
        app_key(app, event);
        break;
    case TERM_EVENT_MOUSE:
        app_mouse(app, event);
        break;
    case TERM_EVENT_RESIZE:
        resize(app);
        break;
    case TERM_EVENT_END:
        end_of_input(app);
        break;
    }
}

enum tui_end app_run(struct app *app, struct err_info *info)
{
    while (!app->leave) {
        struct term_event event = {.kind = TERM_EVENT_NONE};
        if (app->options.signal && *app->options.signal) {
            app->end = TUI_END_SIGNAL;
            break;
        }
        show_if_due(app);
        struct term_wait wait = make_wait(app);
        term_next(app->term, &wait, &event);
        handle(app, &event);
    }
    if (app->end == TUI_END_ERROR && info)
        *info = app->error;
    return app->end;
}

/* ---- history of commands ----------------------------------------------------------------- */

/* $XDG_STATE_HOME/tiller/history, by default below ~/.local/state. */
static bool history_path(char *out, size_t out_size, bool make)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    char folder[512], base[512];
    if (state && state[0] == '/')
        text_copy(base, sizeof base, state);
    else if (!home || home[0] != '/' || !file_join(base, sizeof base, home, ".local/state"))
        return false;
    if (!file_join(folder, sizeof folder, base, "tiller"))
        return false;
    if (make && file_make_folder(folder, NULL) != ERR_OK)
        return false;
    return file_join(out, out_size, folder, "history");
}

static void load_history(struct app *app)
{
    char path[600];
    if (!app->options.script && history_path(path, sizeof path, false))
        history_load(&app->history, path, NULL); /* without it there is just nothing to recall */
}

static void save_history(const struct app *app)
{
    char path[600];
    if (!app->options.script && app->history.n > 0 && history_path(path, sizeof path, true))
        history_save(&app->history, path, NULL);
}

/* ---- the front door ---------------------------------------------------------------------- */

static enum err open_term(const struct tui_options *o, struct term **out, struct err_info *info)
{
    return o->script ? term_open_script(o->script, o->screen_rows, o->screen_cols, out, info)
                     : term_open(o->colour, out, info);
}

enum tui_end tui_run(const struct tui_source *source, const struct tui_options *options,
                     struct err_info *info)
{
    struct term *term = NULL;
    enum tui_end end = TUI_END_ERROR;
    struct app *app = mem_zero_alloc(1, sizeof *app);
    if (!app) {
        err_set_memory(info, "screen");
        return TUI_END_ERROR;
    }
    if (open_term(options, &term, info) == ERR_OK) {
        if (app_open(app, source, options, term)) {
            if (getenv("SSH_CONNECTION") && !options->script)
                app->interval_s = 1;
            load_history(app);
            end = app_run(app, info);
            save_history(app);
        } else
            err_set_memory(info, "screen");
        term_close(term);
        app_close(app);
    }
    mem_free(app);
    return end;
}
