/* Race: best error so far of several searches, by epochs charged: step curves above, and below them
 * who is ahead, by how much, and how many times fewer epochs that took. */
#include "tui/app.h"

#include <math.h>
#include <string.h>

enum { TABLE_MOST = 15, PLOT_LEAST = 6, SKIPPED_SHARE = 60 };

/* One drawing. */
struct race_look {
    const struct app *app;
    struct race_lane lane[RACE_SHOWN_MAX]; /* lent */
    int n, order[RACE_SHOWN_MAX];
    int reference; /* lane; -1 none */
    int64_t at, end;
    int full; /* epochs of a full training; 0: the axis is in epochs */
    double best, median;
};

/* This study is always shown as far as it is; the others up to the same or a chosen epoch. */
static int64_t lane_at(const struct race_look *l, int i)
{
    int64_t last = l->lane[i].n_epochs;
    return l->at < last || last == 0 ? l->at : last;
}

static int find_reference(const struct race_look *l)
{
    int wished = l->app->race.reference;
    if (l->app->race.picture.differs)
        return -1;
    if (wished >= 0 && wished < l->n)
        return wished;
    for (int i = 0; i < l->n; i++)
        if (strcmp(l->lane[i].name, "random") == 0)
            return i;
    return l->n > 1 ? l->order[l->n - 1] : -1;
}

static struct race_look look(const struct app *app)
{
    const struct race_picture *p = &app->race.picture;
    struct race_look l = {.app = app,
                          .at = (int64_t)app->race.at,
                          .end = race_end(app),
                          .full = p->full_epochs,
                          .best = app->race.race ? p->best : NAN,
                          .median = app->race.race ? p->median : NAN};
    l.n = race_lanes(app, l.lane);
    if (race_has_own(app) && (!app->race.race || l.full != app->view.status.full_epochs))
        l.full = app->race.race ? 0 : app->view.status.full_epochs; /* lengths differ: epochs */
    race_order(l.lane, l.n, l.at, l.order);
    l.reference = find_reference(&l);
    return l;
}

static enum paint lane_paint(int lane)
{
    return (enum paint)(PAINT_SERIES1 + lane % 8);
}

static char lane_letter(int lane)
{
    return (char)('a' + lane);
}

/* ---- curves ------------------------------------------------------------------------------ */

struct stairs {
    double *x, *y, *low, *high;
    size_t n;
};

static double on_axis(const struct race_look *l, int64_t epoch)
{
    return l->full > 0 ? (double)epoch / l->full : (double)epoch;
}

static void add_point(struct stairs *s, double x, const struct race_step *step)
{
    s->x[s->n] = x;
    s->y[s->n] = step->error;
    s->low[s->n] = step->low;
    s->high[s->n++] = step->high;
}

/* Steps up to the epoch that is shown: level until the next gain, then straight down. */
static void climb(const struct race_look *l, int i, struct stairs *s)
{
    const struct race_lane *lane = &l->lane[i];
    int64_t at = lane_at(l, i);
    for (size_t k = 0; k < lane->n_steps && lane->step[k].epoch <= at; k++) {
        if (k > 0)
            add_point(s, on_axis(l, lane->step[k].epoch), &lane->step[k - 1]);
        add_point(s, on_axis(l, lane->step[k].epoch), &lane->step[k]);
    }
    if (s->n > 0 && s->x[s->n - 1] < on_axis(l, at)) {
        struct race_step last = {at, s->y[s->n - 1], s->low[s->n - 1], s->high[s->n - 1]};
        add_point(s, on_axis(l, at), &last);
    }
}

/* The picture stands still while it is drawn on, so the axes are those of the whole race. What the
 * first steps of all lanes come from lies above it: the rest would be pressed flat. */
static struct plot_window whole_window(const struct race_look *l)
{
    struct plot_window w = {.x_min = 0, .x_max = on_axis(l, l->end), .y_min = NAN, .y_max = NAN};
    for (int i = 0; i < l->n; i++) {
        const struct race_lane *lane = &l->lane[i];
        if (lane->n_steps == 0)
            continue;
        double last = lane->step[lane->n_steps - 1].error;
        double first = race_error(lane, l->end / SKIPPED_SHARE);
        w.y_max = fmax(w.y_max, isnan(first) ? lane->step[0].error : first); /* NaN gives way */
        if (last > 0 || l->app->race.linear)
            w.y_min = fmin(w.y_min, last);
    }
    if (!(w.y_max > w.y_min) || !(w.x_max > w.x_min))
        w = (struct plot_window)PLOT_WINDOW_AUTO;
    return w;
}

static void draw_race_curves(struct app *app, const struct race_look *l, struct rect r)
{
    struct plot_series series[RACE_SHOWN_MAX];
    char label[RACE_SHOWN_MAX][80], right[64], end[32], at[32];
    size_t points = 0, used = 0, n = 0;
    for (int i = 0; i < l->n; i++)
        points += 2 * l->lane[i].n_steps + 1;
    double *block = mem_alloc(4 * points, sizeof *block);
    for (int i = 0; block && i < l->n; i++) {
        struct stairs s = {block + used, block + points + used, block + 2 * points + used,
                           block + 3 * points + used, 0};
        bool selected = i == app->race.selected;
        climb(l, i, &s);
        used += s.n;
        text_format(label[i], sizeof label[i], "%c %s", lane_letter(i), l->lane[i].name);
        if (s.n == 0)
            continue;
        series[n] = (struct plot_series){.x = s.x,
                                         .y = s.y,
                                         .n = s.n,
                                         .paint = lane_paint(i),
                                         .line = i < 8 ? PLOT_SOLID : PLOT_DASHED,
                                         .label = label[i],
                                         .letter = lane_letter(i),
                                         .attr = selected ? ATTR_BOLD : 0,
                                         .selected = selected};
        n++;
    }
    struct plot plot = {.x_title = l->full > 0 ? "full trainings" : "epochs charged",
                        .series = series,
                        .n_series = n,
                        .window = whole_window(l),
                        .log_y = !app->race.linear,
                        .best = l->best > 0 ? l->best : NAN,
                        .empty = "nobody has a result yet"};
    text_format(right, sizeof right, "epoch %s of %s", text_count(at, sizeof at, l->at),
                text_count(end, sizeof end, l->end));
    draw_rule(&app->frame, (struct rect){r.row, r.col, 1, r.cols}, "best error so far", right);
    plot_draw(&app->frame, (struct rect){r.row + 1, r.col, r.rows - 1, r.cols}, &plot, NULL);
    mem_free(block);
}

/* ---- the league -------------------------------------------------------------------------- */

enum column {
    RACE_PLACE,
    RACE_LETTER,
    RACE_NAME,
    RACE_BEST,
    RACE_REGRET,
    RACE_REACHED,
    RACE_FACTOR,
    RACE_SEARCHES,
    RACE_COLUMNS
};

/* When the lane had what the reference has now; 0: not yet. */
static int64_t reached(const struct race_look *l, int lane)
{
    double target =
        l->reference < 0 ? NAN : race_error(&l->lane[l->reference], lane_at(l, l->reference));
    int64_t epoch = isnan(target) ? 0 : race_reaches(&l->lane[lane], target);
    return epoch <= lane_at(l, lane) ? epoch : 0;
}

static void factor_text(const struct race_look *l, int lane, char *out, size_t out_size)
{
    int64_t own = reached(l, lane), theirs = l->reference < 0 ? 0 : reached(l, l->reference);
    if (lane == l->reference)
        text_copy(out, out_size, "×1");
    else if (own > 0 && theirs > 0)
        text_format(out, out_size, "×%.1f", (double)theirs / (double)own);
}

static void searches_text(const struct race_lane *lane, char *out, size_t out_size)
{
    if (lane->problem[0])
        text_copy(out, out_size, lane->problem);
    else if (lane->n_wanted > 1)
        text_format(out, out_size, "%d of %d", lane->n_runs, lane->n_wanted);
    else
        text_format(out, out_size, "%s%s%s", lane->live ? "running" : "ended",
                    lane->knows ? ", knowing" : "", lane->steered ? ", steered" : "");
}

static void fill_cell(void *context, size_t row, int column, struct table_cell *out)
{
    const struct race_look *l = context;
    int i = l->order[row];
    const struct race_lane *lane = &l->lane[i];
    double error = race_error(lane, lane_at(l, i)), trained = on_axis(l, reached(l, i));
    switch ((enum column)column) {
    case RACE_PLACE:
        text_format(out->text, sizeof out->text, "%zu", row + 1);
        out->paint = PAINT_DIM;
        break;
    case RACE_LETTER:
        text_format(out->text, sizeof out->text, "%c", lane_letter(i));
        out->paint = lane_paint(i);
        out->attr = ATTR_BOLD;
        break;
    case RACE_NAME:
        text_copy(out->text, sizeof out->text, lane->name);
        break;
    case RACE_BEST:
        if (!isnan(error))
            text_human(out->text, sizeof out->text, error, 3);
        break;
    case RACE_REGRET:
        if (!isnan(error) && l->median > l->best)
            text_format(out->text, sizeof out->text, "%.2f",
                        fmax(0, (error - l->best) / (l->median - l->best)));
        break;
    case RACE_REACHED:
        if (reached(l, i) > 0)
            text_format(out->text, sizeof out->text, l->full > 0 ? "%.1f" : "%.0f", trained);
        break;
    case RACE_FACTOR:
        factor_text(l, i, out->text, sizeof out->text);
        break;
    default:
        searches_text(lane, out->text, sizeof out->text);
        out->paint = lane->problem[0] ? PAINT_BAD : PAINT_DIM;
    }
}

static void describe_row(void *context, size_t row, struct table_row *out)
{
    const struct race_look *l = context;
    if (row == 0 && !isnan(race_error(&l->lane[l->order[0]], l->at)))
        *out = (struct table_row){.sign = 0x2605, .paint = PAINT_ACCENT, .attr = ATTR_BOLD};
}

static void draw_league(struct app *app, struct race_look *l, struct rect r)
{
    char target[48] = "reached", value[32];
    double error =
        l->reference < 0 ? NAN : race_error(&l->lane[l->reference], lane_at(l, l->reference));
    if (!isnan(error))
        text_format(target, sizeof target, "%s at", text_human(value, sizeof value, error, 3));
    const struct table_column columns[RACE_COLUMNS] = {
        [RACE_PLACE] = {"", 2, 0, TABLE_RIGHT, 0, false, false},
        [RACE_LETTER] = {"", 1, 0, TABLE_LEFT, 0, false, false},
        [RACE_NAME] = {"who", 18, 0, TABLE_LEFT, 0, true, false},
        [RACE_BEST] = {"best", 8, 0, TABLE_DECIMAL, 4, false, false},
        [RACE_REGRET] = {"regret", 6, 5, TABLE_RIGHT, 0, false, !(l->median > l->best)},
        [RACE_REACHED] = {target, 10, 3, TABLE_RIGHT, 0, false, l->reference < 0},
        [RACE_FACTOR] = {"speed-up", 8, 2, TABLE_RIGHT, 0, false, l->reference < 0},
        [RACE_SEARCHES] = {"runs", r.cols >= 100 ? 26 : 18, 4, TABLE_LEFT, 0, false, false}};
    size_t cursor = 0;
    while (cursor + 1 < (size_t)l->n && l->order[cursor] != app->race.selected)
        cursor++;
    struct table t = {.columns = columns,
                      .n_columns = RACE_COLUMNS,
                      .n_rows = (size_t)l->n,
                      .context = l,
                      .fill = fill_cell,
                      .describe = describe_row,
                      .sort_column = -1,
                      .cursor = cursor,
                      .show_cursor = true};
    table_draw(&app->frame, r, &t);
}

static void league_title(const struct race_look *l, char *out, size_t out_size)
{
    if (l->reference < 0)
        text_copy(out, out_size, "who is ahead");
    else
        text_format(out, out_size, "who is ahead, and how many times sooner than %s",
                    l->lane[l->reference].name);
}

/* ---- the screen -------------------------------------------------------------------------- */

static const char *state_words(const struct app *app, char *out, size_t out_size)
{
    const struct app_race *r = &app->race;
    if (r->follows && race_has_own(app))
        return text_copy(out, out_size, "all charged as this study is"), out;
    return text_format(out, out_size, "%s%s", race_is_working(app) ? "replaying   " : "",
                       r->at >= (double)race_end(app) ? "at the end"
                       : r->playing                   ? "▶ running"
                                                      : "‖ standing");
}

/* In place of the study's header where there is no study. */
void race_draw_header(struct app *app)
{
    struct rect r = app->layout.pane[PANE_HEADER];
    struct piece p[] = {{.text = "tiller", .paint = PAINT_ACCENT, .attr = ATTR_BOLD, .rank = 3},
                        {.text = "race", .paint = PAINT_TITLE, .attr = ATTR_BOLD},
                        {.rank = 1},
                        {.paint = PAINT_DIM, .rank = 2, .right = true}};
    text_copy(p[2].text, sizeof p[2].text, app->race.picture.title);
    state_words(app, p[3].text, sizeof p[3].text);
    if (r.cols > 20) {
        r.col++;
        r.cols -= 2;
    }
    draw_pieces(&app->frame, r, p, sizeof p / sizeof *p);
}

static void draw_nothing(struct app *app, struct rect r)
{
    const struct race_picture *p = &app->race.picture;
    bool opened = app->race.race != NULL;
    draw_rule(&app->frame, r, "race", "");
    r = (struct rect){r.row + 1, r.col + 1, r.rows - 1, r.cols - 2};
    draw_wrapped(&app->frame, r, opened && p->problem[0] ? PAINT_BAD : PAINT_DIM, 0,
                 opened && p->problem[0] ? p->problem
                 : opened
                     ? "Reading and replaying ..."
                     : "Nothing to race yet. :race FILE brings other searches beside this one: a "
                       "study log, or a table of recorded curves on which samplers are replayed.");
}

/* A line below the league: what is wrong, what the lanes know, or how others come in. */
static const char *note_of(const struct app *app)
{
    const struct race_picture *p = &app->race.picture;
    if (!app->race.race)
        return ":race FILE ... brings others beside it: study logs, or a table of recorded curves "
               "on which samplers are replayed";
    if (p->problem[0])
        return p->problem;
    if (race_has_own(app) && !p->working && strcmp(p->fingerprint, app->view.fingerprint) != 0)
        return p->fingerprint[0] ? "of other data than this study: its errors do not compare"
                                 : "not known to be of this study's data: errors may not compare";
    return p->differs ? "of different data: their errors do not compare" : p->known;
}

static void draw_note(struct app *app, struct rect table, int n_lanes)
{
    bool bad = app->race.race && app->race.picture.problem[0];
    struct rect r = {table.row + n_lanes + 1, table.col, table.rows - n_lanes - 1, table.cols};
    if (r.rows > 0)
        draw_wrapped(&app->frame, r, bad ? PAINT_BAD : PAINT_DIM, 0, note_of(app));
}

static void draw_body(struct app *app, struct rect r)
{
    struct race_look l = look(app);
    struct rect plot = r, table = r;
    char words[64], title[120];
    if (r.rows < 2)
        return;
    if (l.n == 0 || (app->race.race && app->race.picture.problem[0] && l.end == 0)) {
        draw_nothing(app, r);
        return;
    }
    table.rows = l.n + 2 + (note_of(app)[0] ? wrapped_rows(note_of(app), r.cols - 2, 2) : 0);
    table.rows = table.rows < TABLE_MOST ? table.rows : TABLE_MOST;
    if (table.rows > r.rows - PLOT_LEAST)
        table.rows = r.rows / 2 >= PLOT_LEAST ? r.rows / 2 : r.rows;
    plot.rows = app->widen ? r.rows : r.rows - table.rows;
    table.row += plot.rows;
    table.rows = r.rows - plot.rows;
    if (plot.rows >= PLOT_LEAST)
        draw_race_curves(app, &l, plot);
    if (table.rows < 2)
        return;
    league_title(&l, title, sizeof title);
    draw_rule(&app->frame, table, title,
              app->race.race ? state_words(app, words, sizeof words) : "");
    table = (struct rect){table.row + 1, table.col + 1, table.rows - 1, table.cols - 2};
    draw_league(app, &l, table);
    draw_note(app, table, l.n);
}

void race_draw(struct app *app)
{
    struct layout_prefs prefs = {0};
    app->layout = layout_screen(app->frame.rows, app->frame.cols, &prefs);
    draw_header(app);
    draw_body(app, app->layout.pane[PANE_MAIN]);
    draw_key_line(app); /* last: a long message lies over the rest */
}
