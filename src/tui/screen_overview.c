/* Overview: curves of what runs and of the best, the trial table, and beside them what the agent
 * thinks: where the search stands, what it tried last and why, what it learnt. */
#include "tui/app.h"

#include <limits.h>
#include <math.h>
#include <string.h>

/* ---- the agent --------------------------------------------------------------------------- */

enum { LABEL_COLUMNS = 6 };

/* A move in two or three words; what it does exactly stands in the trial's detail. */
static const char *move_words(const char *action)
{
    static const char *const words[MOVE_N] = {
        [MOVE_LOCAL] = "small change",
        [MOVE_LR_DOWN] = "smaller learning rate",
        [MOVE_LR_UP] = "larger learning rate",
        [MOVE_SMALLER] = "smaller network",
        [MOVE_LARGER] = "larger network",
        [MOVE_LESS_REGULARISATION] = "less regularisation",
        [MOVE_MORE_REGULARISATION] = "more regularisation",
        [MOVE_BATCH_DOWN] = "smaller batch",
        [MOVE_BATCH_UP] = "larger batch",
        [MOVE_RANDOM] = "random",
        [MOVE_PORTFOLIO] = "next portfolio entry",
        [MOVE_SURROGATE] = "most promising",
        [MOVE_THAW] = "go on with a stopped run",
    };
    int move = move_find(action);
    return move < 0 ? action : words[move];
}

/* The best other move of a row, -1 if none was ever tried. */
static int next_best(const struct qtable *q, int s, int but)
{
    int best = -1;
    for (int a = 0; a < MOVE_N; a++)
        if (a != but && q->visits[s][a] > 0 && (best < 0 || q->q[s][a] > q->q[s][best]))
            best = a;
    return best;
}

/* "+0.63 after 34 visits; next best lr/ +0.58" */
static void value_words(const struct view *v, char *out, size_t out_size)
{
    char q[32], other[32];
    int s = situation_find(v->move.situation), a = move_find(v->move.action);
    out[0] = 0;
    if (s < 0 || a < 0)
        return;
    double visits = v->q.visits[s][a];
    if (visits < 1) {
        text_copy(out, out_size, "not tried here before");
        return;
    }
    int next = next_best(&v->q, s, a);
    text_format(out, out_size, "%s after %.0f visit%s", signed_text(v->q.q[s][a], q, sizeof q),
                visits, visits > 1 ? "s" : "");
    size_t n = strlen(out);
    if (next >= 0)
        text_format(out + n, out_size - n, "; next best %s %s", move_name((enum move)next),
                    signed_text(v->q.q[s][next], other, sizeof other));
}

static void seen_words(const struct view *v, char *out, size_t out_size)
{
    const struct q_update *u = &v->last_update;
    char reward[32], before[32], after[32];
    out[0] = 0;
    if (v->n_updates > 0)
        text_format(out, out_size, "reward %s for #%lld: Q(%s) %s → %s",
                    signed_text(u->reward, reward, sizeof reward), (long long)u->trial, u->action,
                    text_human(before, sizeof before, u->old_q, 3),
                    text_human(after, sizeof after, u->new_q, 3));
}

static bool has_agent(const struct app *app)
{
    const char *sampler = app->view.status.sampler;
    return sampler[0] ? strncmp(sampler, "agent", 5) == 0
                      : app->view.has_move || app->view.n_updates > 0;
}

static void did_words(const struct view *v, char *out, size_t out_size)
{
    const struct trial *t = &v->move;
    out[0] = 0;
    if (v->has_move)
        text_format(out, out_size, "#%lld %s", (long long)t->number,
                    t->action[0] ? move_words(t->action) : t->who);
}

static void draw_agent_lines(struct app *app, struct rect *r)
{
    const struct view *v = &app->view;
    struct frame *f = &app->frame;
    char text[400];
    if (!has_agent(app)) {
        const struct sampler_ops *ops = sampler_find(v->status.sampler);
        text_format(text, sizeof text, "No agent here. %s%s%s.",
                    ops ? ops->name : "Another program", ops ? ": " : " proposes",
                    ops ? ops->about : "");
        r->row += draw_wrapped(f, *r, PAINT_DIM, 0, text);
        return;
    }
    draw_labelled(f, r, LABEL_COLUMNS, v->status.finished ? "end" : "now", PAINT_TEXT,
                  situation_text(v->status.situation, text, sizeof text));
    did_words(v, text, sizeof text);
    draw_labelled(f, r, LABEL_COLUMNS, "did", PAINT_ACCENT, text);
    draw_labelled(f, r, LABEL_COLUMNS, "why", PAINT_TEXT, v->has_move ? v->move.reason : "");
    value_words(v, text, sizeof text);
    draw_labelled(f, r, LABEL_COLUMNS, "Q", PAINT_TEXT, text);
    seen_words(v, text, sizeof text);
    draw_labelled(f, r, LABEL_COLUMNS, "seen", PAINT_TEXT, text);
    if (!v->has_move && v->n_updates == 0)
        r->row += draw_wrapped(f, *r, PAINT_DIM, 0, "It has not chosen anything yet.");
}

static void draw_finders(struct app *app, struct rect r)
{
    const struct view *v = &app->view;
    struct text t = {0};
    if (r.rows < 2 || v->n_finders == 0)
        return;
    for (size_t i = 0; i < v->n_finders; i++)
        text_appendf(&t, "%s%s %d", i ? "   " : "", v->finder[i].who, v->finder[i].n);
    frame_put(&app->frame, r.row, r.col, r.cols, PAINT_DIM, 0, "who found the best so far");
    r.row++;
    r.rows--;
    draw_wrapped(&app->frame, r, PAINT_TEXT, 0, text_get(&t));
    text_free(&t);
}

static struct rect under_rule(struct app *app, struct rect r, const char *title)
{
    draw_rule(&app->frame, r, title, "");
    return (struct rect){r.row + 1, r.col + 1, r.rows - 1, r.cols - 2};
}

static void draw_agent(struct app *app, struct rect r)
{
    struct rect inner = under_rule(app, r, "what the agent thinks");
    draw_agent_lines(app, &inner);
    inner.row++;
    inner.rows = r.row + r.rows - inner.row;
    draw_finders(app, inner);
}

static const char *short_signed(double value, char *out, size_t out_size)
{
    return text_format(out, out_size, "%+.2f", value);
}

/* STACKED: one line, the most telling pieces first. */
static void draw_agent_line(struct app *app, struct rect r)
{
    const struct view *v = &app->view;
    struct piece p[] = {{.text = "agent", .paint = PAINT_DIM},
                        {.rank = 0},
                        {.paint = PAINT_DIM, .rank = 1},
                        {.paint = PAINT_DIM, .rank = 2, .right = true}};
    char q[32];
    struct rect inner = {r.row, r.col + 1, 1, r.cols - 2};
    int from = v->has_move ? situation_find(v->move.situation) : -1, a = move_find(v->move.action);
    if (!has_agent(app))
        text_format(p[1].text, sizeof p[1].text, "none; %s proposes",
                    v->status.sampler[0] ? v->status.sampler : "another program");
    else if (!v->has_move)
        text_copy(p[1].text, sizeof p[1].text, "nothing chosen yet");
    else
        text_format(p[1].text, sizeof p[1].text, "%s%s%s",
                    from >= 0 ? diagnosis_name(situation_from_index(from).diagnosis) : "",
                    from >= 0 ? " → " : "",
                    move_words(v->move.action[0] ? v->move.action : v->move.who));
    if (from >= 0 && a >= 0 && v->q.visits[from][a] > 0)
        text_format(p[2].text, sizeof p[2].text, "(Q %s, %.0f visit%s)",
                    short_signed(v->q.q[from][a], q, sizeof q), v->q.visits[from][a],
                    v->q.visits[from][a] > 1 ? "s" : "");
    if (v->n_updates > 0)
        text_format(p[3].text, sizeof p[3].text, "last reward %s",
                    short_signed(v->last_update.reward, q, sizeof q));
    draw_pieces(&app->frame, inner, p, sizeof p / sizeof *p);
}

/* ---- what comes -------------------------------------------------------------------------- */

static void draw_budget(struct app *app, struct rect r)
{
    double left = app->view.status.share_left;
    int cells = r.cols - 14;
    const struct engine_status *s = &app->view.status;
    if (r.rows <= 0 || cells < 4 || !(left >= 0 && left <= 1) ||
        (s->budget_epochs <= 0 && s->budget_trials <= 0 && !(s->budget_seconds > 0)))
        return;
    int full = (int)lround((1 - left) * cells);
    frame_put(&app->frame, r.row, r.col, 6, PAINT_DIM, 0, "budget");
    frame_fill(&app->frame, (struct rect){r.row, r.col + 7, 1, full}, PAINT_ACCENT, 0, 0x2588);
    frame_fill(&app->frame, (struct rect){r.row, r.col + 7 + full, 1, cells - full}, PAINT_DIM, 0,
               0x2591);
    frame_putf(&app->frame, r.row, r.col + 8 + cells, 6, PAINT_TEXT, 0, "%3.0f %%",
               100 * (1 - left));
}

static void draw_next(struct app *app, struct rect r)
{
    const struct engine_status *s = &app->view.status;
    struct rect inner = under_rule(app, r, "next");
    struct rect list = {inner.row, inner.col, inner.rows - 1, inner.cols};
    bool any = false;
    for (size_t i = 0; i < sizeof s->next / sizeof *s->next && list.rows > 0; i++)
        if (s->next[i].valid) {
            int rows = draw_wrapped(&app->frame, (struct rect){list.row, list.col, 1, list.cols},
                                    PAINT_TEXT, 0, s->next[i].text);
            list.row += rows;
            list.rows -= rows;
            any = true;
        }
    if (!any && list.rows > 0)
        draw_wrapped(&app->frame, list, PAINT_DIM, 0,
                     app->view.test_say[0] ? app->view.test_say : "nothing waits; a seeds a trial");
    draw_budget(app, (struct rect){inner.row + inner.rows - 1, inner.col, 1, inner.cols});
}

/* ---- small screens ----------------------------------------------------------------------- */

/* One line per running trial; the table below has the rest. */
static struct rect draw_running_lines(struct app *app, struct rect r)
{
    const struct view *v = &app->view;
    int most = r.rows / 2;
    for (size_t i = 0; i < v->n_running && (int)i < most; i++) {
        const struct view_row *row = view_row(v, v->running[i]);
        char value[32], target[16] = "";
        if (row->target > 0)
            text_format(target, sizeof target, "/%d", (int)row->target);
        struct piece p[] = {{.paint = series_paint(row->number), .attr = ATTR_BOLD},
                            {.paint = state_paint(row), .rank = 2},
                            {.rank = 1},
                            {.rank = 0, .attr = ATTR_BOLD},
                            {.paint = PAINT_DIM, .rank = 3}};
        text_format(p[0].text, sizeof p[0].text, "%c #%lld", trial_letter(row->number),
                    (long long)row->number);
        text_copy(p[1].text, sizeof p[1].text, state_text(row));
        text_format(p[2].text, sizeof p[2].text, "%d%s", (int)row->epochs, target);
        text_copy(p[3].text, sizeof p[3].text, text_human(value, sizeof value, row->value, 3));
        text_copy(p[4].text, sizeof p[4].text, row->who);
        draw_pieces(&app->frame, (struct rect){r.row, r.col, 1, r.cols}, p, sizeof p / sizeof *p);
        r.row++;
        r.rows--;
    }
    return r;
}

/* ---- the screen -------------------------------------------------------------------------- */

void overview_draw(struct app *app)
{
    struct layout_prefs prefs = {.preset = app->preset, .focus = app->focus, .widen = app->widen};
    int64_t numbers[VIEW_CURVES];
    app->layout = layout_overview(app->frame.rows, app->frame.cols, &prefs);
    const struct layout *l = &app->layout;
    size_t n = curves_of_overview(app, numbers, VIEW_CURVES);
    draw_header(app);
    if (layout_shown(l, PANE_PLOT))
        draw_curves(app, l->pane[PANE_PLOT], numbers, n, false, metric_title(&app->view));
    struct rect trials = l->pane[PANE_TRIALS];
    if (l->size == LAYOUT_SMALL)
        trials = draw_running_lines(app, trials);
    draw_trials(app, trials, false);
    if (l->pane[PANE_AGENT].rows == 1)
        draw_agent_line(app, l->pane[PANE_AGENT]);
    else if (layout_shown(l, PANE_AGENT))
        draw_agent(app, l->pane[PANE_AGENT]);
    if (layout_shown(l, PANE_NEXT))
        draw_next(app, l->pane[PANE_NEXT]);
    draw_divider(app);
    draw_key_line(app);
}

void overview_want(const struct app *app, struct view_want *want)
{
    want->n_curves = curves_of_overview(app, want->curve, VIEW_CURVES);
    want->n_running = 6;
    want->n_best = 3;
}

/* Where all panes are seen, only those are visited in which keys do something. */
void overview_next_pane(struct app *app, int direction)
{
    static const enum layout_pane order[] = {PANE_TRIALS, PANE_PLOT, PANE_AGENT, PANE_NEXT};
    bool one = app->widen || app->layout.size == LAYOUT_SINGLE || app->layout.size == LAYOUT_SMALL;
    int n = one ? 4 : 2, at = 0;
    while (at < 3 && order[at] != app->focus)
        at++;
    at = at < n ? (at + direction + n) % n : 0;
    app->focus = order[at];
}
