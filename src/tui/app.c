/* The app: its state, from opening to closing, and where keys go. Nothing here waits. */
#include "tui/app.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- what is said ------------------------------------------------------------------------ */

static void say(struct app *app, enum paint paint, bool stays, const char *fmt, va_list args)
{
    char raw[sizeof app->message];
    if (vsnprintf(raw, sizeof raw, fmt, args) < 0)
        raw[0] = 0;
    text_sanitize(app->message, sizeof app->message, raw);
    app->message_paint = paint;
    app->message_stays = stays;
    app->message_s = clock_now_s();
    app->dirty = true;
}

void app_say(struct app *app, enum paint paint, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    say(app, paint, paint == PAINT_BAD, fmt, args);
    va_end(args);
}

bool app_complain(struct app *app, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    say(app, PAINT_BAD, true, fmt, args);
    va_end(args);
    return false;
}

/* ---- colours ----------------------------------------------------------------------------- */

/* A wished tier below the terminal's own is shown by putting its styles in the own one's place. */
void app_apply_theme(struct app *app)
{
    struct theme *shown = mem_alloc(1, sizeof *shown);
    enum tui_colour tier = term_tier(app->term);
    if (!shown) {
        term_set_theme(app->term, &app->theme);
        return;
    }
    *shown = app->theme;
    if (app->wished_colour != TUI_COLOUR_AUTO)
        memcpy(shown->style[tier], app->theme.style[app->wished_colour], sizeof shown->style[tier]);
    term_set_theme(app->term, shown);
    mem_free(shown);
    app->dirty = true;
}

bool app_set_theme(struct app *app, const char *name)
{
    struct theme *theme = mem_alloc(1, sizeof *theme);
    struct text warnings = {0};
    struct err_info info = {0};
    if (!theme)
        return app_complain(app, "out of memory");
    bool ok = theme_load(name, theme, &warnings, &info) == ERR_OK;
    if (ok) {
        app->theme = *theme;
        app_apply_theme(app);
        if (warnings.length > 0) /* the first of them; the rest is alike */
            app_say(app, PAINT_WARN, "%.*s", (int)strcspn(text_get(&warnings), "\n"),
                    text_get(&warnings));
    } else
        app_complain(app, "%s: %s%s%s", info.where, info.detail, info.hint[0] ? "; " : "",
                     info.hint);
    text_free(&warnings);
    mem_free(theme);
    return ok;
}

/* ---- opening and closing ----------------------------------------------------------------- */

bool app_open(struct app *app, const struct tui_source *source, const struct tui_options *options,
              struct term *term)
{
    int rows, cols;
    *app =
        (struct app){.source = source,
                     .options = *options,
                     .term = term,
                     .focus = PANE_TRIALS,
                     .curves = {.log_y = true, .window = PLOT_WINDOW_AUTO, .cursor_x = (double)NAN},
                     .osc52 = true,
                     .dirty = true,
                     .hurry = true,
                     .behind = true,
                     .interval_s = options->script ? 0 : 0.25};
    app->race = (struct app_race){.race = options->race,
                                  .playing = true,
                                  .follows = !options->only_race,
                                  .reference = -1,
                                  .tick_s = clock_now_s()};
    if (options->only_race)
        app->screen = app->screen_before = SCREEN_RACE;
    view_init(&app->view);
    app->view.guidance = source->guidance;
    list_init(&app->list);
    theme_builtin(&app->theme);
    glyphs_set(term_glyphs(term, options->glyphs));
    term_size(term, &rows, &cols);
    if (!frame_resize(&app->frame, rows, cols))
        return false;
    app_apply_theme(app);
    app_set_theme(app, options->theme);
    return true;
}

void app_close(struct app *app)
{
    if (app->mode == MODE_FORM)
        form_close(&app->form);
    race_close_own(app);
    view_free(&app->view);
    list_free(&app->list);
    history_free(&app->history);
    frame_free(&app->frame);
}

/* ---- reading ----------------------------------------------------------------------------- */

/* Seconds and rates alone are no reason to draw: epochs come soon enough. */
static bool status_differs(const struct engine_status *a, const struct engine_status *b)
{
    bool next = false;
    for (size_t i = 0; i < sizeof a->next / sizeof *a->next; i++)
        next = next || a->next[i].valid != b->next[i].valid ||
               strcmp(a->next[i].text, b->next[i].text) != 0;
    return next || a->paused != b->paused || a->stopping != b->stopping ||
           a->finished != b->finished || a->n_workers != b->n_workers || a->n_busy != b->n_busy ||
           a->budget_epochs != b->budget_epochs || a->trials_done != b->trials_done ||
           a->situation != b->situation || a->learn_stage != b->learn_stage ||
           strcmp(a->notice, b->notice) != 0;
}

static void tell_finish(struct app *app)
{
    char value[32];
    if (!app->view.status.finished || app->finish_told || !app->source->request)
        return;
    app->finish_told = true;
    const struct view_row *best = view_row(&app->view, app->view.best);
    if (best && !app->message_stays)
        app_say(app, PAINT_GOOD, "finished: best %s by #%lld; %s:budget +N goes on, Q leaves",
                text_human(value, sizeof value, best->value, 3), (long long)best->number,
                app->view.status.learn == LEARN_ASK ? ":learn yes keeps what it taught, " : "");
}

/* What the background learner has done. */
static void tell_learning(struct app *app, enum learn_stage before)
{
    const struct engine_status *s = &app->view.status;
    if (s->learn_stage == before || app->message_stays || !s->learnt[0])
        return;
    if (s->learn_stage == LEARN_DONE || s->learn_stage == LEARN_FAILED)
        app_say(app, s->learn_stage == LEARN_DONE ? PAINT_GOOD : PAINT_WARN, "%s", s->learnt);
}

void app_refresh(struct app *app)
{
    struct view_want want = {.detail = -1};
    struct engine_status before = app->view.status;
    uint64_t version = app->view.version;
    app->behind = false;
    if (app->frozen)
        return;
    if (screens[app->screen].want)
        screens[app->screen].want(app, &want);
    const struct study *study = app->source->begin_read(app->source->context);
    bool ok = view_refresh(&app->view, study, &want);
    app->source->end_read(app->source->context);
    app->source->status(app->source->context, &app->view.status);
    if (!ok)
        app_complain(app, "out of memory: what is shown may be older");
    if (version != app->view.version || status_differs(&before, &app->view.status))
        app->dirty = true;
    tell_finish(app);
    tell_learning(app, before.learn_stage);
}

void app_draw(struct app *app)
{
    frame_clear(&app->frame);
    if (app->frame.rows <= 0 || app->frame.cols <= 0)
        return;
    list_update(&app->list, &app->view, clock_now_s());
    if (!app->chosen && list_has(&app->list, app->view.best))
        list_select(&app->list, app->view.best);
    if (app->mode != MODE_FILTER) /* while it is typed, Escape may bring all back */
        list_settle(&app->list, &app->view);
    screens[app->screen].draw(app);
    dialog_draw(app);
}

void app_show(struct app *app, enum screen_id screen)
{
    if (app->screen == screen)
        return;
    app->screen_before = app->screen != SCREEN_HELP ? app->screen
                         : app->options.only_race   ? SCREEN_RACE
                                                    : SCREEN_OVERVIEW;
    app->screen = screen;
    app->race.tick_s = clock_now_s();
    app->help_top = 0;
    app->dirty = true;
}

/* ---- keys -------------------------------------------------------------------------------- */

/* Digits that name a screen always do; a count begins with one of the others (6j) and goes on with
 * any. */
static bool count_key(struct app *app, uint32_t key)
{
    if (key < '0' || key > '9' || (app->count == 0 && action_of_key(app, key)))
        return false;
    if (app->count < 100000)
        app->count = app->count * 10 + (long)(key - '0');
    return true;
}

static void keys_mode(struct app *app, const struct term_event *event)
{
    char name[24];
    if (event->pasted) /* pasted text is never a command */
        return;
    if (count_key(app, event->key))
        return;
    const struct action *a = action_of_key(app, event->key);
    if (a)
        action_run(app, a, NULL);
    else
        app_say(app, PAINT_DIM, "%s does nothing here; ? lists the keys",
                term_key_name(event->key, name, sizeof name));
    app->count = 0;
}

void app_key(struct app *app, const struct term_event *event)
{
    app->message[0] = 0;
    app->message_stays = false;
    app->dirty = app->hurry = app->behind = true;
    switch (app->mode) {
    case MODE_KEYS:
        keys_mode(app, event);
        break;
    case MODE_COMMAND:
    case MODE_FILTER:
        prompt_key(app, event);
        break;
    case MODE_MENU:
        menu_key(app, event);
        break;
    case MODE_EXTEND:
    case MODE_CONFIRM:
    case MODE_FORM:
        steer_key(app, event);
        break;
    }
}

/* ---- mouse ------------------------------------------------------------------------------- */

static bool inside(struct rect r, int row, int col)
{
    return row >= r.row && row < r.row + r.rows && col >= r.col && col < r.col + r.cols;
}

static void click(struct app *app, int row, int col)
{
    const struct layout *l = &app->layout;
    if (app->screen == SCREEN_TRIALS)
        trials_click(app, l->pane[PANE_MAIN], true, row, col);
    else if (app->screen == SCREEN_OVERVIEW) {
        if (inside(l->pane[PANE_PLOT], row, col))
            app->focus = PANE_PLOT;
        else if (trials_click(app, l->pane[PANE_TRIALS], false, row, col))
            app->focus = PANE_TRIALS;
    }
}

void app_mouse(struct app *app, const struct term_event *event)
{
    app->dirty = app->hurry = app->behind = true;
    if (app->mode != MODE_KEYS)
        return;
    if (event->button == TERM_CLICK)
        click(app, event->row, event->col);
    else
        screens[app->screen].move(app, event->button == TERM_WHEEL_UP ? -3 : 3, 0);
}
