/* Log: what happened, newest last. It follows the newest line until a person goes up; then it stays
 * with the lines that are read. */
#include "tui/app.h"

#include <math.h>
#include <string.h>

static bool line_fits(const struct view_line *l, const char *words)
{
    char word[64], number[32];
    text_format(number, sizeof number, "#%lld", (long long)l->trial);
    while (next_word(&words, word, sizeof word)) {
        bool same = word[0] == '#' && strcmp(word, number) == 0;
        if (!same && !strcasestr(l->who, word) && !strcasestr(l->what, word) &&
            !strcasestr(l->say, word))
            return false;
    }
    return true;
}

const struct view_line *log_line(const struct app *app, size_t up)
{
    for (size_t i = app->view.n_lines; i-- > 0;) {
        const struct view_line *l = view_line(&app->view, i);
        if (line_fits(l, app->log_filter) && up-- == 0)
            return l;
    }
    return NULL;
}

static size_t count_fitting(const struct app *app, size_t newest)
{
    size_t n = 0, from = app->view.n_lines > newest ? app->view.n_lines - newest : 0;
    for (size_t i = from; i < app->view.n_lines; i++)
        n += line_fits(view_line(&app->view, i), app->log_filter);
    return n;
}

/* New lines push those that are read up by as many as fit. */
static void stay(struct app *app)
{
    int64_t fresh = app->view.n_lines_ever - app->log_seen;
    if (app->log_up > 0 && fresh > 0)
        app->log_up += count_fitting(app, (size_t)fresh);
    app->log_seen = app->view.n_lines_ever;
}

static enum paint what_paint(const struct view_line *l)
{
    static const struct {
        const char *what;
        enum paint paint;
    } paints[] = {{"done", PAINT_GOOD},   {"failed", PAINT_BAD}, {"pruned", PAINT_WARN},
                  {"test", PAINT_ACCENT}, {"learnt", PAINT_DIM}, {"error", PAINT_BAD}};
    for (size_t i = 0; i < sizeof paints / sizeof *paints; i++)
        if (strcmp(paints[i].what, l->what) == 0)
            return paints[i].paint;
    return PAINT_TEXT;
}

/* "14:03:27", or nothing where the time is unknown. */
static void time_words(double time_s, char out[static 16])
{
    char iso[40];
    out[0] = 0;
    if (time_s > 0) {
        clock_iso(iso, time_s, false);
        text_format(out, 16, "%.8s", iso + 11);
    }
}

static void draw_line(struct app *app, struct rect r, const struct view_line *l, bool here)
{
    struct frame *f = &app->frame;
    char time[16], trial[24] = "";
    int attr = here ? ATTR_REVERSE : 0, col = r.col, end = r.col + r.cols;
    bool narrow = r.cols < 60;
    time_words(l->time_s, time);
    if (l->trial >= 0)
        text_format(trial, sizeof trial, "#%lld", (long long)l->trial);
    const struct {
        const char *text;
        int cols;
        enum paint paint;
        bool shown;
    } cells[] = {{time, 8, PAINT_DIM, !narrow},
                 {trial, 5, l->trial >= 0 ? series_paint(l->trial) : PAINT_DIM, true},
                 {l->what, 8, what_paint(l), true},
                 {l->who, 9, strcmp(l->who, "you") == 0 ? PAINT_ACCENT : PAINT_DIM, !narrow},
                 {l->say, 1000, PAINT_TEXT, true}};
    if (here)
        frame_fill(f, r, PAINT_SELECTED, ATTR_REVERSE, ' ');
    for (size_t i = 0; i < sizeof cells / sizeof *cells && col < end; i++) {
        if (!cells[i].shown)
            continue;
        int room = cells[i].cols < end - col ? cells[i].cols : end - col;
        frame_put(f, r.row, col, room, here ? PAINT_SELECTED : cells[i].paint, attr, cells[i].text);
        col += cells[i].cols + 1;
    }
}

/* The newest line at the bottom; the line with the cursor is never outside. */
static void draw_lines(struct app *app, struct rect r, size_t n)
{
    size_t rows = (size_t)r.rows, cursor = n - 1 - app->log_up;
    size_t last_top = n > rows ? n - rows : 0;
    size_t top = cursor < last_top ? cursor : last_top, at = n;
    for (size_t i = app->view.n_lines; i-- > 0 && at > top;) {
        const struct view_line *l = view_line(&app->view, i);
        if (!line_fits(l, app->log_filter))
            continue;
        at--;
        if (at < top + rows)
            draw_line(app, (struct rect){r.row + (int)(at - top), r.col, 1, r.cols}, l,
                      at == cursor);
    }
}

/* The line with the cursor in full, where there is room; the list above has the rest. */
static struct rect draw_whole_line(struct app *app, struct rect r)
{
    enum { WHOLE_ROWS = 3 };
    const struct view_line *l = log_line(app, app->log_up);
    if (!l || r.rows < 12)
        return r;
    r.rows -= WHOLE_ROWS;
    struct rect below = {r.row + r.rows, 0, 1, app->frame.cols};
    draw_rule(&app->frame, below, "this line", "");
    below = (struct rect){r.row + r.rows + 1, r.col, WHOLE_ROWS - 1, r.cols};
    draw_wrapped(&app->frame, below, PAINT_TEXT, 0, l->say[0] ? l->say : "–");
    return r;
}

void log_draw(struct app *app)
{
    struct layout_prefs prefs = {0};
    char words[200], count[32];
    app->layout = layout_screen(app->frame.rows, app->frame.cols, &prefs);
    struct rect r = app->layout.pane[PANE_MAIN];
    draw_header(app);
    if (r.rows > 0) {
        stay(app);
        size_t n = count_fitting(app, VIEW_LINES);
        if (app->log_up >= n)
            app->log_up = n > 0 ? n - 1 : 0;
        text_format(words, sizeof words, "%s line%s%s%s%s",
                    text_count(count, sizeof count, (int64_t)n), n == 1 ? "" : "s",
                    app->log_filter[0] ? " fit '" : "", app->log_filter,
                    app->log_filter[0] ? "'" : "");
        draw_rule(&app->frame, r, "log", words);
        struct rect inner = {r.row + 1, r.col + 1, r.rows - 1, r.cols - 2};
        if (n > 0)
            draw_lines(app, draw_whole_line(app, inner), n);
        else
            draw_wrapped(&app->frame, inner, PAINT_DIM, 0,
                         app->log_filter[0] ? "no line fits; Esc clears the filter"
                                            : "nothing has happened yet");
    }
    draw_key_line(app);
}

void log_move(struct app *app, long rows, long cols)
{
    (void)cols;
    size_t n = count_fitting(app, VIEW_LINES), up = app->log_up;
    size_t last = n > 0 ? n - 1 : 0;
    size_t steps = rows < 0 ? (size_t) - (rows + 1) + 1 : (size_t)rows;
    if (rows < 0)
        up = steps > last - (up < last ? up : last) ? last : up + steps;
    else
        up = steps > up ? 0 : up - steps;
    app->log_up = up;
    app->log_seen = app->view.n_lines_ever;
}
