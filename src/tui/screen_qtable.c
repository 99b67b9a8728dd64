/* Q-table: situations that occurred, by visits, against the agent's moves. The current situation is
 * marked, the move chosen last underlined; below, the last update with all its numbers. */
#include "tui/app.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FEW_VISITS = 20 };

struct q_map {
    const struct app *app;
    int row[META_STATES]; /* situations, most visited first */
    size_t n;
    int best[META_STATES]; /* best visited move of each situation; -1 none */
    double low, high;
};

static double visits_of(const struct qtable *q, int s)
{
    double total = 0;
    for (int a = 0; a < MOVE_N; a++)
        total += q->visits[s][a];
    return total;
}

static int best_visited(const struct qtable *q, int s)
{
    int best = -1;
    for (int a = 0; a < MOVE_N; a++)
        if (q->visits[s][a] > 0 && (best < 0 || q->q[s][a] > q->q[s][best]))
            best = a;
    return best;
}

static int compare_rows(const void *pa, const void *pb, void *context)
{
    const struct qtable *q = context;
    int a = *(const int *)pa, b = *(const int *)pb;
    double va = visits_of(q, a), vb = visits_of(q, b);
    return va != vb ? va < vb ? 1 : -1 : a - b;
}

static void collect(struct app *app, struct q_map *m)
{
    struct qtable *q = &app->view.q;
    *m = (struct q_map){.app = app, .low = INFINITY, .high = -INFINITY};
    for (int s = 0; s < META_STATES; s++) {
        m->best[s] = best_visited(q, s);
        if (m->best[s] < 0 && s != app->view.status.situation)
            continue;
        m->row[m->n++] = s;
        for (int a = 0; a < MOVE_N; a++)
            if (q->visits[s][a] > 0) {
                m->low = fmin(m->low, q->q[s][a]);
                m->high = fmax(m->high, q->q[s][a]);
            }
    }
    qsort_r(m->row, m->n, sizeof m->row[0], compare_rows, q);
    if (m->low > m->high)
        m->low = m->high = 0;
}

/* ---- the map ----------------------------------------------------------------------------- */

static void map_cell(void *context, size_t row, size_t col, struct heat_cell *out)
{
    const struct q_map *m = context;
    const struct view *v = &m->app->view;
    int s = m->row[row], a = (int)col;
    if (v->has_move && situation_find(v->move.situation) == s && move_find(v->move.action) == a)
        out->next = true;
    if (v->q.visits[s][a] <= 0)
        return;
    out->value = out->shade = v->q.q[s][a];
    out->few = v->q.visits[s][a] < FEW_VISITS;
    out->best = m->best[s] == a;
}

/* Short enough for 40 columns: "10–29 moving overfits", with its trust unless that is low. */
static void map_row_head(void *context, size_t row, char *out, size_t out_size, long *count)
{
    const struct q_map *m = context;
    const char *name = situation_name(m->row[row]);
    int n = (int)strlen(name);
    if (situation_from_index(m->row[row]).trust == TRUST_LOW)
        n -= (int)strlen(trust_name(TRUST_LOW)) + 1;
    text_format(out, out_size, "%.*s", n, name);
    *count = lround(visits_of(&m->app->view.q, m->row[row]));
}

static const char *map_col_head(void *context, size_t col, int line)
{
    static const char *const heads[MOVE_N][2] = {
        [MOVE_LOCAL] = {"local", ""},
        [MOVE_LR_DOWN] = {"lr", "÷2.5"},
        [MOVE_LR_UP] = {"lr", "×2.5"},
        [MOVE_SMALLER] = {"smal-", "ler"},
        [MOVE_LARGER] = {"lar-", "ger"},
        [MOVE_LESS_REGULARISATION] = {"less", "regul"},
        [MOVE_MORE_REGULARISATION] = {"more", "regul"},
        [MOVE_BATCH_DOWN] = {"batch", "÷2"},
        [MOVE_BATCH_UP] = {"batch", "×2"},
        [MOVE_RANDOM] = {"ran-", "dom"},
        [MOVE_PORTFOLIO] = {"port-", "folio"},
        [MOVE_SURROGATE] = {"surro-", "gate"},
        [MOVE_THAW] = {"thaw", ""},
    };
    (void)context;
    return heads[col][line];
}

static void draw_map(struct app *app, struct rect r, struct q_map *m)
{
    struct heat h = {.n_rows = m->n,
                     .n_cols = MOVE_N,
                     .context = m,
                     .cell = map_cell,
                     .row_head = map_row_head,
                     .col_head = map_col_head,
                     .head_title = "situation",
                     .count_title = "visits",
                     .shade_low = m->low,
                     .shade_high = m->high,
                     .legend = "return  [ ] best of the row  · under 20 visits",
                     .current_row = -1,
                     .cursor_row = app->q_row,
                     .cursor_col = app->q_col,
                     .show_cursor = true,
                     .top = app->q_top,
                     .left = app->q_left};
    for (size_t i = 0; i < m->n; i++)
        if (m->row[i] == app->view.status.situation)
            h.current_row = (long)i;
    heat_draw(&app->frame, r, &h);
    app->q_row = h.cursor_row;
    app->q_col = h.cursor_col;
    app->q_top = h.top;
    app->q_left = h.left;
}

/* ---- in words ---------------------------------------------------------------------------- */

static void cell_words(const struct app *app, const struct q_map *m, char *out, size_t out_size)
{
    char place[96], q[32];
    int s = m->row[app->q_row];
    enum move a = (enum move)app->q_col;
    double visits = app->view.q.visits[s][a];
    situation_text(s, place, sizeof place);
    if (visits <= 0)
        text_format(out, out_size, "%s → %s: never tried", place, move_about(a));
    else
        text_format(out, out_size, "%s → %s: return %s after %.0f visit%s", place, move_about(a),
                    signed_text(app->view.q.q[s][a], q, sizeof q), visits, visits > 1 ? "s" : "");
}

static void draw_words(struct app *app, struct rect r, const struct q_map *m)
{
    char text[400];
    const struct view *v = &app->view;
    draw_rule(&app->frame, r, "in words", "");
    struct rect inner = {r.row + 1, r.col + 1, r.rows - 1, r.cols - 2};
    if (m->n > 0) {
        cell_words(app, m, text, sizeof text);
        draw_labelled(&app->frame, &inner, 13, "here", PAINT_TEXT, text);
    }
    if (v->n_updates == 0)
        return;
    text_format(text, sizeof text, "by trial #%lld", (long long)v->last_update.trial);
    draw_labelled(&app->frame, &inner, 13, "last update", PAINT_DIM, text);
    draw_labelled(&app->frame, &inner, 13, "", PAINT_ACCENT,
                  qtable_spell(&v->last_update, text, sizeof text));
    draw_labelled(&app->frame, &inner, 13, "", PAINT_DIM,
                  "old + alpha [reward + gamma * best next - old] = new");
}

void qtable_draw(struct app *app)
{
    struct layout_prefs prefs = {0};
    struct q_map m;
    char title[128];
    app->layout = layout_screen(app->frame.rows, app->frame.cols, &prefs);
    struct rect r = app->layout.pane[PANE_MAIN], map = r, words = r;
    collect(app, &m);
    draw_header(app);
    draw_key_line(app);
    if (r.rows < 2)
        return;
    words.rows = app->widen ? 0 : r.rows >= 14 ? 7 : r.rows >= 10 ? 3 : 0;
    map.rows = r.rows - words.rows;
    words.row = r.row + map.rows;
    text_format(title, sizeof title, "%zu update%s", app->view.n_updates,
                app->view.n_updates == 1 ? "" : "s");
    draw_rule(&app->frame, map, "Q-table: situations by visits, against moves", title);
    map = (struct rect){map.row + 1, map.col + 1, map.rows - 1, map.cols - 2};
    if (m.n == 0)
        draw_wrapped(&app->frame, map, PAINT_DIM, 0,
                     "Nothing learnt yet: the agent learns when a trial that it chose has ended. "
                     "A sampler without an agent leaves this table empty.");
    else
        draw_map(app, map, &m);
    if (words.rows > 0)
        draw_words(app, words, &m);
}

void qtable_move(struct app *app, long rows, long cols)
{
    struct q_map m;
    collect(app, &m);
    struct heat h = {
        .n_rows = m.n, .n_cols = MOVE_N, .cursor_row = app->q_row, .cursor_col = app->q_col};
    heat_move(&h, rows, cols);
    app->q_row = h.cursor_row;
    app->q_col = h.cursor_col;
}
