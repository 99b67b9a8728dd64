/* Header, tab line and key line: the same on every screen. Numbers are rounded and there is no
 * running clock, so that a line changes only when something happened. */
#include "tui/app.h"

#include <math.h>
#include <string.h>

/* ---- what the pieces say ----------------------------------------------------------------- */

static void state_piece(const struct app *app, struct piece *p, bool words)
{
    const struct engine_status *s = &app->view.status;
    struct {
        bool is;
        enum paint paint;
        const char *sign, *word;
    } states[] = {
        {!app->source->request, PAINT_DIM, "■", "closed"},
        {s->finished, PAINT_ACCENT, "■", "finished"},
        {s->stopping, PAINT_WARN, "■", "ending"},
        {s->paused, PAINT_WARN, "‖", "paused"},
        {true, PAINT_GOOD, "▶", "running"},
    };
    size_t i = 0;
    while (!states[i].is)
        i++;
    p->paint = states[i].paint;
    if (words)
        text_format(p->text, sizeof p->text, "%s %s", states[i].sign, states[i].word);
    else if (s->n_workers > 0)
        text_format(p->text, sizeof p->text, "%s %d/%d", states[i].sign, s->n_busy, s->n_workers);
    else
        text_copy(p->text, sizeof p->text, states[i].sign);
}

static void spent_text(const struct app *app, bool words, char *out, size_t out_size)
{
    const struct engine_status *s = &app->view.status;
    char done[32], all[32];
    if (s->budget_trials > 0) {
        text_format(out, out_size, "%s/%s%s", text_count(done, sizeof done, s->trials_done),
                    text_count(all, sizeof all, s->budget_trials), words ? " trials" : " tr");
        return;
    }
    text_count(done, sizeof done, app->view.epochs_spent - s->epochs_beside);
    if (s->budget_epochs > 0)
        text_format(out, out_size, "%s/%s%s", done, text_count(all, sizeof all, s->budget_epochs),
                    words ? " epochs" : " ep");
    else
        text_format(out, out_size, "%s%s", done, words ? " epochs" : " ep");
}

static void best_text(const struct app *app, bool words, char *out, size_t out_size)
{
    const struct view_row *r = view_row(&app->view, app->view.best);
    char value[32];
    if (!r || isnan(r->value))
        text_copy(out, out_size, words ? "no result yet" : "");
    else
        text_format(out, out_size, "best %s #%lld%s%s",
                    text_human(value, sizeof value, r->value, 3), (long long)r->number,
                    words ? " by " : "", words ? r->who : "");
}

static void rate_text(const struct app *app, bool words, char *out, size_t out_size)
{
    double rate = app->view.status.epochs_per_second;
    char number[32];
    bool slow = rate < 0.5;
    out[0] = 0;
    if (!(rate > 0) || app->view.status.finished)
        return;
    text_human(number, sizeof number, slow ? 1 / rate : rate, 2);
    text_format(out, out_size, "%s %s", number,
                slow    ? words ? "s an epoch" : "s/ep"
                : words ? "epochs/s"
                        : "ep/s");
}

/* Coarse where it is long: a digit that flickers is bytes. */
static void left_text(const struct app *app, char *out, size_t out_size)
{
    double s = app->view.status.seconds_left;
    char time[32];
    out[0] = 0;
    if (!(s > 0) || app->view.status.finished || app->view.status.paused)
        return;
    s = s < 60 ? ceil(s) : s < 600 ? ceil(s / 10) * 10 : ceil(s / 60) * 60;
    text_format(out, out_size, "%s left", text_duration(time, sizeof time, s));
}

static void test_text(const struct app *app, char *out, size_t out_size)
{
    char value[32];
    out[0] = 0;
    if (!isnan(app->view.test_accuracy))
        text_format(out, out_size, "test accuracy %s",
                    text_human(value, sizeof value, app->view.test_accuracy, 3));
}

/* What differs from the usual: held picture, steering off, something that workers wait for. */
static void notice_piece(const struct app *app, struct piece *p)
{
    p->paint = PAINT_WARN;
    if (app->view.status.notice[0])
        text_format(p->text, sizeof p->text, "! %s", app->view.status.notice);
    else if (app->frozen)
        text_copy(p->text, sizeof p->text, "picture held: z");
    else if (app->options.read_only)
        text_copy(p->text, sizeof p->text, "read-only");
}

static const char *task_name(const struct app *app)
{
    return app->options.task_name    ? app->options.task_name
           : app->view.study_name[0] ? app->view.study_name
                                     : "tiller";
}

/* ---- header ------------------------------------------------------------------------------ */

static void draw_wide_header(struct app *app, struct rect r)
{
    const struct tui_options *o = &app->options;
    const struct engine_status *s = &app->view.status;
    char count[32];
    struct piece p[] = {{.text = "tiller", .paint = PAINT_ACCENT, .attr = ATTR_BOLD, .rank = 4},
                        {.paint = PAINT_TITLE, .attr = ATTR_BOLD},
                        {.paint = PAINT_DIM, .rank = 6},
                        {.paint = PAINT_DIM, .rank = 7},
                        {.rank = 1, .right = true},
                        {.rank = 1, .right = true},
                        {.paint = PAINT_DIM, .rank = 5, .right = true},
                        {.rank = 2, .right = true}};
    text_copy(p[1].text, sizeof p[1].text, task_name(app));
    if (o->n_inputs > 0)
        text_format(p[2].text, sizeof p[2].text, "%d → %d", (int)o->n_inputs,
                    o->n_classes > 0 ? (int)o->n_classes : 1);
    if (o->n_rows > 0)
        text_format(p[3].text, sizeof p[3].text, "%s rows",
                    text_count(count, sizeof count, o->n_rows));
    notice_piece(app, &p[4]);
    state_piece(app, &p[5], true);
    if (s->n_workers > 0)
        text_format(p[6].text, sizeof p[6].text, "%d of %s", s->n_busy,
                    text_counted(count, sizeof count, s->n_workers, "worker"));
    spent_text(app, true, p[7].text, sizeof p[7].text);
    draw_pieces(&app->frame, r, p, sizeof p / sizeof *p);
}

/* Screens as digits only, the one that is shown in brackets: "1[2]3 4 5". */
static void digits_text(const struct app *app, char *out, size_t out_size)
{
    struct text t = {0};
    for (int i = 0; i < SCREEN_N; i++) {
        bool here = (int)app->screen == i;
        if (!screens[i].digit || !screen_exists(app, i))
            continue;
        if (t.length > 0 && !here && t.data[t.length - 1] != ']')
            text_append_char(&t, ' ');
        text_appendf(&t, here ? "[%c]" : "%c", screens[i].digit);
    }
    text_copy(out, out_size, text_get(&t));
    text_free(&t);
}

static void draw_short_header(struct app *app, struct rect r, bool with_tabs)
{
    struct piece p[] = {{.paint = PAINT_TITLE, .attr = ATTR_BOLD, .rank = 4},
                        {.rank = 0},
                        {.rank = 2},
                        {.rank = 1, .attr = ATTR_BOLD},
                        {.rank = 7},
                        {.rank = 6},
                        {.rank = 5},
                        {.rank = 3},
                        {.paint = PAINT_DIM, .rank = 6, .right = true}};
    text_copy(p[0].text, sizeof p[0].text, task_name(app));
    state_piece(app, &p[1], false);
    spent_text(app, false, p[2].text, sizeof p[2].text);
    best_text(app, false, p[3].text, sizeof p[3].text);
    rate_text(app, false, p[4].text, sizeof p[4].text);
    left_text(app, p[5].text, sizeof p[5].text);
    test_text(app, p[6].text, sizeof p[6].text);
    notice_piece(app, &p[7]);
    if (with_tabs)
        digits_text(app, p[8].text, sizeof p[8].text);
    draw_pieces(&app->frame, r, p, sizeof p / sizeof *p);
}

static int draw_screen_names(struct app *app, struct rect r, bool names)
{
    int col = r.col;
    for (int i = 0; i < SCREEN_N; i++) {
        bool here = (int)app->screen == i;
        char digit[2] = {screens[i].digit, 0};
        if (!screens[i].digit && !here)
            continue;
        if (digit[0])
            col += frame_put(&app->frame, r.row, col, 1, here ? PAINT_ACCENT : PAINT_KEY,
                             here ? ATTR_BOLD | ATTR_UNDERLINE : 0, digit) +
                   names;
        if (names || (here && !digit[0]))
            col += frame_put(&app->frame, r.row, col, 12, here ? PAINT_ACCENT : PAINT_DIM,
                             here ? ATTR_BOLD | ATTR_UNDERLINE : 0, screens[i].title);
        col += names ? 2 : 1;
    }
    return col;
}

/* One pane at a time: the others are named, the one that is shown is underlined. */
static void draw_pane_names(struct app *app, struct rect r, int col)
{
    static const struct {
        enum layout_pane pane;
        const char *name;
    } panes[] = {
        {PANE_PLOT, "curves"}, {PANE_TRIALS, "trials"}, {PANE_AGENT, "agent"}, {PANE_NEXT, "next"}};
    col += 1 + frame_put(&app->frame, r.row, col + 1, 4, PAINT_KEY, 0, "Tab") + 1;
    for (size_t i = 0; i < sizeof panes / sizeof *panes; i++) {
        bool here = layout_shown(&app->layout, panes[i].pane);
        col += 1 + frame_put(&app->frame, r.row, col, r.col + r.cols - col,
                             here ? PAINT_ACCENT : PAINT_DIM, here ? ATTR_BOLD | ATTR_UNDERLINE : 0,
                             panes[i].name);
    }
}

static void draw_tabs(struct app *app, struct rect r)
{
    bool wide = app->layout.size == LAYOUT_WIDE;
    int col = draw_screen_names(app, r, wide);
    if (!wide) {
        if (app->screen == SCREEN_OVERVIEW)
            draw_pane_names(app, r, col);
        return;
    }
    struct piece p[] = {{.rank = 0, .attr = ATTR_BOLD, .right = true},
                        {.rank = 3, .paint = PAINT_ACCENT, .right = true},
                        {.rank = 2, .paint = PAINT_DIM, .right = true},
                        {.rank = 1, .right = true}};
    best_text(app, true, p[0].text, sizeof p[0].text);
    test_text(app, p[1].text, sizeof p[1].text);
    rate_text(app, true, p[2].text, sizeof p[2].text);
    left_text(app, p[3].text, sizeof p[3].text);
    draw_pieces(&app->frame, (struct rect){r.row, col, 1, r.col + r.cols - col}, p,
                sizeof p / sizeof *p);
}

static struct rect inset(struct rect r)
{
    if (r.cols > 20) {
        r.col++;
        r.cols -= 2;
    }
    return r;
}

void draw_header(struct app *app)
{
    const struct layout *l = &app->layout;
    struct rect header = inset(l->pane[PANE_HEADER]), tabs = inset(l->pane[PANE_TABS]);
    if (app->options.only_race) {
        race_draw_header(app);
        if (l->size == LAYOUT_WIDE)
            draw_screen_names(app, tabs, true);
        return;
    }
    if (l->size == LAYOUT_WIDE)
        draw_wide_header(app, header);
    else
        draw_short_header(app, header, l->size == LAYOUT_STACKED);
    if (layout_shown(l, PANE_TABS))
        draw_tabs(app, tabs);
}

/* ---- keys -------------------------------------------------------------------------------- */

enum { KEY_ITEMS = 24 };
struct key_item {
    char key[24];
    const char *label;
    int rank; /* the highest goes first where there is no room */
    bool off;
};

/* The order in the line is that of screens.md, whatever the order of the table is. */
static const struct {
    const char *word;
    int rank;
} key_order[] = {{"learn", 5},    {"next-move", 1}, {"q-pin", 2},      {"q-edit", 2},
                 {"q-freeze", 4}, {"play", 1},      {"race-start", 5}, {"race-end", 4},
                 {"faster", 2},   {"slower", 6},    {"against", 3},    {"pause", 1},
                 {"prune", 2},    {"seed", 3},      {"extend", 6},     {"filter", 4},
                 {"sort", 8},     {"open", 7},      {"log-axis", 5},   {"zoom-in", 9},
                 {"readout", 8},  {"help", 0}};

static size_t collect_keys(const struct app *app, struct key_item *items)
{
    bool plot =
        app->screen == SCREEN_CURVES || (app->screen == SCREEN_OVERVIEW && app->focus == PANE_PLOT);
    size_t n = 0;
    for (size_t i = 0; i < sizeof key_order / sizeof *key_order && n < KEY_ITEMS; i++) {
        const struct action *a = action_find(key_order[i].word);
        if (!a || !action_label(app, a) || !(a->screens & (1u << app->screen)))
            continue;
        if (a->group == GROUP_STEER &&
            (app->screen == SCREEN_RACE || app->screen == SCREEN_QTABLE || app->options.only_race))
            continue;
        if ((a->group == GROUP_PLOT) != plot && (a->group == GROUP_PLOT || a->group == GROUP_FIND))
            continue;
        struct key_item *item = &items[n++];
        *item = (struct key_item){.label = action_label(app, a), .rank = key_order[i].rank};
        action_keys(a, item->key, sizeof item->key);
        item->key[strcspn(item->key, " ")] = 0; /* the first of its keys */
        item->off = a->why_not && a->why_not(app);
    }
    return n;
}

static int keys_columns(const struct key_item *items, size_t n, int gap)
{
    int total = 0;
    for (size_t i = 0; i < n; i++)
        total += text_columns(items[i].key) + 1 + text_columns(items[i].label) + gap;
    return total;
}

static size_t drop_key(struct key_item *items, size_t n)
{
    size_t at = 0;
    for (size_t i = 0; i < n; i++)
        if (items[i].rank >= items[at].rank)
            at = i;
    memmove(&items[at], &items[at + 1], (n - at - 1) * sizeof *items);
    return n - 1;
}

static void draw_keys(struct app *app, struct rect r)
{
    struct key_item items[KEY_ITEMS];
    struct frame *f = &app->frame;
    size_t n = collect_keys(app, items);
    int gap = 3, room = r.cols - 9;
    if (keys_columns(items, n, gap) > room)
        gap = 2;
    while (n > 0 && keys_columns(items, n, gap) > room)
        n = drop_key(items, n);
    int col = r.col;
    for (size_t i = 0; i < n; i++) {
        col += frame_put(f, r.row, col, 24, items[i].off ? PAINT_DIM : PAINT_KEY, 0, items[i].key);
        col += 1 + frame_put(f, r.row, col + 1, 24, items[i].off ? PAINT_DIM : PAINT_TEXT, 0,
                             items[i].label);
        col += gap;
    }
    if (app->count > 0)
        frame_putf(f, r.row, r.col + r.cols - 9, 9, PAINT_ACCENT, 0, "%ld", app->count);
    else if (room > 0) {
        frame_put(f, r.row, r.col + r.cols - 9, 1, PAINT_KEY, 0, ":");
        frame_put(f, r.row, r.col + r.cols - 7, 7, PAINT_TEXT, 0, "command");
    }
}

/* A message takes the line, and rows above it where it is long: a command is to be read whole. */
static void draw_message(struct app *app, struct rect r)
{
    enum { MOST_ROWS = 12 };
    struct frame *f = &app->frame;
    char text[sizeof app->message + 4];
    bool bad = app->message_paint == PAINT_BAD;
    text_format(text, sizeof text, "%s%s", bad ? "! " : "", app->message);
    int rows = wrapped_rows(text, r.cols, MOST_ROWS);
    if (rows > f->rows)
        rows = f->rows;
    struct rect over = {r.row - rows + 1, 0, rows, f->cols};
    frame_fill(f, over, PAINT_TEXT, 0, ' ');
    over = (struct rect){over.row, r.col, rows, r.cols};
    draw_wrapped(f, over, app->message_paint, bad ? ATTR_BOLD : 0, text);
}

void draw_key_line(struct app *app)
{
    struct rect r = inset(app->layout.pane[PANE_KEYS]);
    if (app->message[0])
        draw_message(app,
                     r.rows > 0 ? r : (struct rect){app->frame.rows - 1, 0, 1, app->frame.cols});
    else if (r.rows > 0)
        draw_keys(app, r);
}
