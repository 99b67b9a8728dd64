/* Curves of trials as series of a plot. Smoothing draws the raw values dim behind; a trial keeps
 * letter and colour for life; the arrays live as long as one drawing. */
#include "tui/app.h"

#include <math.h>
#include <string.h>

enum { SERIES_MAX = 4 * VIEW_CURVES };

/* One drawing's series and the numbers behind them. */
struct curve_set {
    const struct app *app;
    struct plot_series series[SERIES_MAX];
    char label[SERIES_MAX][32];
    size_t n;
    double *block; /* [capacity], handed out from the front */
    size_t used, capacity;
    double full_length;
};

static double *take(struct curve_set *set, size_t n)
{
    if (set->capacity - set->used < n)
        return NULL;
    double *p = set->block + set->used;
    set->used += n;
    return p;
}

/* Epochs, or seconds of training that were spent up to each of them. */
static void fill_x(const struct view_curve *c, bool by_time, double *x)
{
    double seconds = 0;
    for (size_t i = 0; i < c->n; i++) {
        double one = c->epochs[i].metric[METRIC_SECONDS];
        seconds += isfinite(one) ? one : 0;
        x[i] = by_time ? seconds : c->epochs[i].step;
    }
}

static void fill_y(const struct view_curve *c, int metric, double *y)
{
    for (size_t i = 0; i < c->n; i++)
        y[i] = metric < 0 ? c->epochs[i].value : c->epochs[i].metric[metric];
}

static bool any_number(const double *y, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isnan(y[i]))
            return true;
    return false;
}

static void name_series(const struct app *app, int64_t number, const char *what, char *out,
                        size_t out_size)
{
    text_format(out, out_size, "%c #%lld%s%s%s", trial_letter(number), (long long)number,
                what[0] ? " " : "", what, number == app->view.best ? " ★" : "");
}

/* metric -1: the objective. */
static void add_series(struct curve_set *set, const struct view_curve *c, const double *x,
                       int metric, const char *what, enum plot_line line)
{
    const struct app *app = set->app;
    double weight = app->curves.smoothing;
    double *y = take(set, c->n), *smooth = weight > 0 ? take(set, c->n) : NULL;
    if (!y || set->n + 2 > SERIES_MAX)
        return;
    fill_y(c, metric, y);
    if (!any_number(y, c->n))
        return;
    struct plot_series s = {.x = x,
                            .y = y,
                            .n = c->n,
                            .paint = series_paint(c->number),
                            .line = line,
                            .letter = trial_letter(c->number),
                            .selected = c->number == app->list.selected};
    if (smooth) {
        plot_smooth(y, c->n, weight, smooth);
        set->series[set->n] = s;
        set->series[set->n].attr = ATTR_DIM;
        set->series[set->n].line = PLOT_DOTTED;
        set->series[set->n++].selected = false;
        s.y = smooth;
    }
    if (c->number == app->view.best)
        s.attr = ATTR_BOLD;
    name_series(app, c->number, what, set->label[set->n], sizeof set->label[0]);
    s.label = set->label[set->n];
    set->series[set->n++] = s;
}

static void add_trial(struct curve_set *set, int64_t number, bool losses)
{
    const struct view_curve *c = view_curve_of(&set->app->view, number);
    const struct view_row *r = view_row(&set->app->view, number);
    if (!c || !r || c->n == 0)
        return;
    double *x = take(set, c->n);
    if (!x)
        return;
    fill_x(c, set->app->curves.by_time, x);
    if (!losses)
        add_series(set, c, x, -1, "", PLOT_SOLID);
    else {
        if (!set->app->curves.hide_train)
            add_series(set, c, x, METRIC_TRAIN_LOSS, "train", PLOT_DOTTED);
        add_series(set, c, x, METRIC_VAL_LOSS, "val", PLOT_SOLID);
    }
    if (r->target > set->full_length)
        set->full_length = r->target;
}

static size_t numbers_needed(const struct view *v, const int64_t *numbers, size_t n)
{
    size_t total = 0;
    for (size_t i = 0; i < n; i++) {
        const struct view_curve *c = view_curve_of(v, numbers[i]);
        total += c ? c->n * 5 : 0; /* x, and two series raw and smoothed */
    }
    return total;
}

/* The curves that are far worse than the rest would press the others flat on a linear axis, so the
 * axis is left to the plot; the best value is marked with a line. */
void draw_curves(struct app *app, struct rect r, const int64_t *numbers, size_t n, bool losses,
                 const char *title)
{
    struct plot_view *seen = losses == (app->screen == SCREEN_CURVES && app->curves.losses_in_front)
                                 ? &app->curves.seen
                                 : NULL;
    size_t needed = numbers_needed(&app->view, numbers, n);
    struct curve_set *set = mem_zero_alloc(1, sizeof *set);
    double *block = mem_alloc(needed, sizeof *block);
    if (set && block) {
        *set = (struct curve_set){.app = app, .block = block, .capacity = needed};
        for (size_t i = 0; i < n && i < VIEW_CURVES; i++)
            add_trial(set, numbers[i], losses);
        struct plot plot = {
            .title = title,
            .x_title = app->curves.by_time ? "seconds" : "epoch",
            .series = set->series,
            .n_series = set->n,
            .window = app->curves.window,
            .x_fixed = app->curves.by_time ? 0 : set->full_length,
            .log_y = app->curves.log_y,
            .best = losses ? NAN : view_best_value(&app->view),
            .cursor = app->curves.readout,
            .cursor_x = app->curves.cursor_x,
            .empty = losses ? "no losses recorded yet" : "no epoch has ended yet",
        };
        plot_draw(&app->frame, r, &plot, seen);
    }
    mem_free(block);
    mem_free(set);
}

/* ---- whose curves ------------------------------------------------------------------------ */

static void add_number(int64_t number, int64_t *out, size_t *n, size_t max)
{
    if (number < 0 || *n >= max)
        return;
    for (size_t i = 0; i < *n; i++)
        if (out[i] == number)
            return;
    out[(*n)++] = number;
}

/* What runs, the best that ended, and the trial a person went to. */
size_t curves_of_overview(const struct app *app, int64_t *out, size_t max)
{
    const struct view *v = &app->view;
    size_t n = 0;
    add_number(v->best, out, &n, max);
    if (app->chosen)
        add_number(app->list.selected, out, &n, max);
    for (size_t i = 0; i < v->n_running && i < 6; i++)
        add_number(v->running[i], out, &n, max);
    for (size_t i = 0; i < v->n_top && i < 3; i++)
        add_number(v->top[i], out, &n, max);
    return n;
}

/* Marked trials; the selected one if none is marked, with the best for comparison. */
size_t curves_chosen(const struct app *app, int64_t *out, size_t max)
{
    size_t n = list_targets(&app->list, &app->view, out, max);
    if (app->list.n_marked == 0)
        add_number(app->view.best, out, &n, max);
    return n;
}

const char *metric_title(const struct view *v)
{
    return strcmp(v->metric, "val_error") == 0 ? "validation error" : v->metric;
}
