/* Trials: every column, and beside the table all that is known of the selected trial. On small
 * screens w changes between table and detail. */
#include "tui/app.h"

#include <math.h>
#include <string.h>

enum { LABEL_COLUMNS = 16 };

struct detail {
    struct frame *f;
    struct rect r;
};

static void line(struct detail *d, const char *label, enum paint paint, const char *text)
{
    draw_labelled(&d->f[0], &d->r, LABEL_COLUMNS, label, paint, text);
}

static void number_line(struct detail *d, const char *label, double value)
{
    char text[48];
    if (!isnan(value))
        line(d, label, PAINT_TEXT, text_human(text, sizeof text, value, 4));
}

/* ---- what happened ----------------------------------------------------------------------- */

static void result_lines(struct detail *d, const struct app *app, const struct view_row *r)
{
    char text[160], value[32], count[32];
    const struct view_curve *c = view_curve_of(&app->view, r->number);
    if (r->target > 0)
        text_format(text, sizeof text, "%s, %d of %s", state_text(r), (int)r->epochs,
                    text_counted(count, sizeof count, r->target, "epoch"));
    else
        text_format(text, sizeof text, "%s, %s", state_text(r),
                    text_counted(count, sizeof count, r->epochs, "epoch"));
    line(d, "state", state_paint(r), text);
    if (!isnan(r->value)) {
        text_format(text, sizeof text, "%s at epoch %d%s",
                    text_human(value, sizeof value, r->value, 4), (int)r->best_epoch,
                    r->number == app->view.best ? ", the best so far ★" : "");
        line(d, app->view.metric, PAINT_TEXT, text);
    }
    if (!c || r->best_epoch < 1 || (size_t)r->best_epoch > c->n)
        return;
    const struct epoch_result *e = &c->epochs[r->best_epoch - 1];
    for (int m = 0; m < METRIC_SECONDS; m++)
        number_line(d, study_metric_name((enum study_metric)m), e->metric[m]);
}

static void why_lines(struct detail *d, const struct trial *t)
{
    line(d, "why", PAINT_TEXT, t->reason);
}

static void origin_lines(struct detail *d, const struct trial *t, bool with_why)
{
    char text[400];
    int move = move_find(t->action);
    text_format(text, sizeof text, "%s%s%s", t->who, t->situation[0] ? ", in " : "", t->situation);
    line(d, "by", strcmp(t->who, "you") == 0 ? PAINT_ACCENT : PAINT_TEXT, text);
    if (t->action[0]) {
        text_format(text, sizeof text, "%s%s%s", t->action, move < 0 ? "" : ": ",
                    move < 0 ? "" : move_about((enum move)move));
        line(d, "move", PAINT_TEXT, text);
    }
    if (with_why)
        why_lines(d, t);
    if (!isnan(t->reward))
        line(d, "reward", PAINT_TEXT, signed_text(t->reward, text, sizeof text));
    text[0] = 0;
    if (t->continues >= 0)
        text_format(text, sizeof text, "#%lld", (long long)t->continues);
    line(d, "continues", PAINT_TEXT, text);
    text[0] = 0;
    if (t->continued_by >= 0)
        text_format(text, sizeof text, "#%lld", (long long)t->continued_by);
    line(d, "continued by", PAINT_TEXT, text);
    line(d, "error", PAINT_BAD, t->error);
}

static void cost_lines(struct detail *d, const struct trial *t)
{
    char text[64], iso[40];
    if (t->n_parameters >= 0)
        line(d, "weights", PAINT_TEXT, text_count(text, sizeof text, t->n_parameters));
    if (t->seconds > 0)
        line(d, "training", PAINT_TEXT, text_duration(text, sizeof text, t->seconds));
    if (t->start_s > 0) {
        clock_iso(iso, t->start_s, false);
        iso[19] = 0; /* whole seconds */
        iso[10] = ' ';
        line(d, "started", PAINT_DIM, iso);
    }
    text_format(text, sizeof text, "%llu", (unsigned long long)t->rng_seed);
    line(d, "rng_seed", PAINT_DIM, t->rng_seed ? text : "");
}

/* What is searched, or what is held and somebody has set. */
static void config_lines(struct detail *d, const struct app *app, int64_t number, bool held)
{
    const struct space *space = &app->view.space;
    char text[96];
    for (int i = 0; i < space->n; i++) {
        view_value_text(&app->view, number, i, true, text, sizeof text);
        if (space->h[i].held == held && (text[0] || !held))
            line(d, space->h[i].name, text[0] ? PAINT_TEXT : PAINT_DIM, text[0] ? text : "–");
    }
}

static void blank(struct detail *d)
{
    d->r.row++;
    d->r.rows--;
}

static void draw_detail(struct app *app, struct rect r)
{
    const struct view_row *row = view_row(&app->view, app->list.selected);
    char title[64] = "detail";
    if (row)
        text_format(title, sizeof title, "%c #%lld", trial_letter(row->number),
                    (long long)row->number);
    draw_rule(&app->frame, r, title, "");
    struct detail d = {&app->frame, {r.row + 1, r.col + 1, r.rows - 1, r.cols - 2}};
    if (!row) {
        draw_wrapped(&app->frame, d.r, PAINT_DIM, 0, "no trial is selected");
        return;
    }
    bool known = app->view.has_detail && app->view.detail.number == row->number;
    bool side = r.rows < 24 && r.cols >= 76; /* below the table: two columns of lines */
    if (side && known)                       /* the sentence that says most has the whole width */
        why_lines(&d, &app->view.detail);
    struct detail right = d;
    if (side) {
        d.r.cols = r.cols / 2 - 2;
        right.r.col = r.col + r.cols / 2;
        right.r.cols = r.cols / 2 - 1;
    }
    result_lines(&d, app, row);
    if (known)
        origin_lines(&d, &app->view.detail, !side);
    if (!side) {
        blank(&d);
        right = d;
    }
    config_lines(&right, app, row->number, false);
    config_lines(side ? &d : &right, app, row->number, true);
    if (known) {
        blank(&right);
        cost_lines(&right, &app->view.detail);
    }
}

/* ---- the screen -------------------------------------------------------------------------- */

void trials_draw(struct app *app)
{
    enum layout_size size = layout_size(app->frame.rows, app->frame.cols);
    bool room = size == LAYOUT_WIDE || size == LAYOUT_STACKED;
    struct layout_prefs prefs = {.detail = room != app->widen};
    app->layout = layout_screen(app->frame.rows, app->frame.cols, &prefs);
    draw_header(app);
    draw_trials(app, app->layout.pane[PANE_MAIN], true);
    if (layout_shown(&app->layout, PANE_DETAIL))
        draw_detail(app, app->layout.pane[PANE_DETAIL]);
    draw_divider(app);
    draw_key_line(app);
}

/* Sideways: columns, as many as can be skipped and still leave one. */
void trials_move(struct app *app, long rows, long cols)
{
    if (rows != 0) {
        list_move(&app->list, &app->view, rows);
        app->chosen = true;
    }
    int last = -3;
    for (int i = 0; i < list_n_columns(&app->view); i++)
        last += list_column_shows(&app->view, i);
    long skip = app->table_skip + (cols > 100 ? 100 : cols < -100 ? -100 : cols);
    app->table_skip = skip < 0 ? 0 : skip > last ? last : (int)skip;
}

void trials_want(const struct app *app, struct view_want *want)
{
    want->detail = app->list.selected;
    want->n_running = 6;
}
