/* Curves: marked trials large, the objective above, training and validation loss below. Both share
 * the x window and the read-out; Tab changes which one zooming looks at where only one has room. */
#include "tui/app.h"

#include <math.h>

enum { BOTH_ROWS = 16 };

void curves_draw(struct app *app)
{
    struct layout_prefs prefs = {0};
    int64_t numbers[VIEW_CURVES];
    app->layout = layout_screen(app->frame.rows, app->frame.cols, &prefs);
    struct rect r = app->layout.pane[PANE_MAIN], upper = r, lower = r;
    size_t n = curves_chosen(app, numbers, VIEW_CURVES);
    bool losses = app->curves.losses_in_front, both = r.rows >= BOTH_ROWS && !app->widen;
    const char *loss_title =
        app->curves.hide_train ? "validation loss" : "loss: validation solid, training dotted";
    if (both) {
        upper.rows = losses ? r.rows * 2 / 5 : r.rows * 3 / 5;
        lower.row += upper.rows;
        lower.rows -= upper.rows;
    }
    draw_header(app);
    if (r.rows > 0 && (both || !losses))
        draw_curves(app, upper, numbers, n, false, metric_title(&app->view));
    if (r.rows > 0 && (both || losses))
        draw_curves(app, lower, numbers, n, true, loss_title);
    draw_key_line(app);
}

/* With the read-out: to the next stored value of the selected curve, else pan. */
void curves_step(struct app *app, long steps)
{
    struct app_curves *c = &app->curves;
    double low = c->seen.window.x_min, high = c->seen.window.x_max;
    if (c->seen.area.cols == 0)
        return;
    if (!c->readout) {
        c->window = plot_pan(c->seen.window, 0.1 * (double)steps);
        return;
    }
    double step = c->by_time ? (high - low) / c->seen.area.cols : 1;
    c->cursor_x += step * (double)steps;
    c->cursor_x = fmin(fmax(c->by_time ? c->cursor_x : round(c->cursor_x), low), high);
}

void curves_move(struct app *app, long rows, long cols)
{
    if (rows != 0) {
        list_move(&app->list, &app->view, rows);
        app->chosen = true;
    }
    if (cols != 0)
        curves_step(app, cols);
}

void curves_want(const struct app *app, struct view_want *want)
{
    want->n_curves = curves_chosen(app, want->curve, VIEW_CURVES);
}
