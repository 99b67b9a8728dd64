/* Q-table: situations that occurred or are known, by visits, against the agent's moves. A cell is
 * the value that the agent reckons with (backed off where it is rare), its colour the advantage
 * over what the hand rule would do there. Below, in words: where the search is and what comes next,
 * the cell under the cursor, and the last update with all its numbers. */
#include "tui/app.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FEW_VISITS = 20 };

struct q_map {
    const struct app *app;
    int row[META_STATES]; /* situations, most visited first */
    size_t n;
    double visits[META_STATES]; /* of each situation */
    int best[META_STATES];      /* best visited move of each situation; -1 none */
    int hand[META_STATES];      /* what the hand rule usually does there */
    double most;                /* largest advantage, either way */
};

/* ---- what the table says ------------------------------------------------------------------- */

bool qtable_is_known(const struct qtable *q, int s, int a)
{
    struct situation any = situation_from_index(s);
    for (int d = 0; d < DIAGNOSIS_N; d++) {
        any.diagnosis = (enum diagnosis)d;
        if (q->visits[situation_index(any)][a] > 0)
            return true;
    }
    return false;
}

/* What it usually says in such a situation, turns and stopped runs aside; now: what it does say. */
static enum move usual_hand(const struct view *v, int s)
{
    static const int begun[META_PHASES] = {1, 5, 13, 33}, since[META_STAGNATIONS] = {0, 1, 4};
    const struct search_outlook *now = &v->status.outlook;
    struct situation of = situation_from_index(s);
    struct standing standing = {.knows = v->guidance != NULL,
                                .trust = of.trust,
                                .begun = begun[of.phase],
                                .finished = begun[of.phase],
                                .since_gain = since[of.stagnation]};
    char why[160];
    if (now->known && now->state == s)
        return now->hand;
    for (int m = 0; m < MOVE_N; m++)
        standing.possible[m] = v->guidance || m <= MOVE_RANDOM;
    return hand_rule(&standing, why, sizeof why);
}

static double advantage(const struct view *v, const struct q_map *m, int s, int a)
{
    if (!qtable_is_known(&v->q, s, a) || !qtable_is_known(&v->q, s, m->hand[s]))
        return NAN;
    return qtable_value(&v->q, s, a, NULL) - qtable_value(&v->q, s, m->hand[s], NULL);
}

static int best_visited(const struct qtable *q, int s)
{
    int best = -1;
    for (int a = 0; a < MOVE_N; a++)
        if (q->visits[s][a] > 0 &&
            (best < 0 || qtable_value(q, s, a, NULL) > qtable_value(q, s, best, NULL)))
            best = a;
    return best;
}

static int compare_rows(const void *pa, const void *pb, void *context)
{
    const struct q_map *m = context;
    int a = *(const int *)pa, b = *(const int *)pb;
    return m->visits[a] != m->visits[b] ? m->visits[a] < m->visits[b] ? 1 : -1 : a - b;
}

static void collect(const struct app *app, struct q_map *m)
{
    const struct view *v = &app->view;
    *m = (struct q_map){.app = app};
    for (int s = 0; s < META_STATES; s++) {
        m->best[s] = best_visited(&v->q, s);
        for (int a = 0; a < MOVE_N; a++)
            m->visits[s] += v->q.visits[s][a];
        if (m->best[s] < 0 && s != v->status.situation)
            continue;
        m->row[m->n++] = s;
        m->hand[s] = (int)usual_hand(v, s);
        for (int a = 0; a < MOVE_N; a++)
            if (v->q.visits[s][a] > 0 && fabs(advantage(v, m, s, a)) > m->most)
                m->most = fabs(advantage(v, m, s, a));
    }
    m->most = fmax(m->most, 0.01);
    qsort_r(m->row, m->n, sizeof m->row[0], compare_rows, m);
}

bool qtable_at_cursor(const struct app *app, int *situation, int *move)
{
    struct q_map *m = mem_alloc(1, sizeof *m);
    if (!m)
        return false;
    collect(app, m);
    bool any = app->q_row < m->n && app->q_col < MOVE_N;
    if (any) {
        *situation = m->row[app->q_row];
        *move = (int)app->q_col;
    }
    mem_free(m);
    return any;
}

int qtable_next_move(const struct app *app)
{
    const struct view *v = &app->view;
    return v->overrides.next >= 0    ? v->overrides.next
           : v->status.outlook.known ? (int)v->status.outlook.takes
                                     : -1;
}

/* ---- the map ----------------------------------------------------------------------------- */

/* Without word from the agent: the move that was chosen last. */
static bool is_next(const struct view *v, const struct app *app, int s, int a)
{
    if (v->status.finished)
        return false;
    if (qtable_next_move(app) >= 0)
        return s == v->status.situation && a == qtable_next_move(app);
    return v->has_move && situation_find(v->move.situation) == s && move_find(v->move.action) == a;
}

static void map_cell(void *context, size_t row, size_t col, struct heat_cell *out)
{
    const struct q_map *m = context;
    const struct view *v = &m->app->view;
    int s = m->row[row], a = (int)col;
    out->next = is_next(v, m->app, s, a);
    out->pinned = v->overrides.pinned[s][a];
    if (!qtable_is_known(&v->q, s, a))
        return;
    double more = advantage(v, m, s, a);
    out->value = qtable_value(&v->q, s, a, NULL);
    out->shade = isnan(more) ? 0 : more;
    out->trend = a == m->hand[s] || isnan(more) ? 0 : more > 0.005 ? 1 : more < -0.005 ? -1 : 0;
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
    *count = lround(m->visits[m->row[row]]);
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
        [MOVE_SURROGATE] = {"surro", "gate"},
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
                     .shade_low = -m->most,
                     .shade_high = m->most,
                     .legend = r.cols < 60 ? "▇ ░ to rule"
                               : r.cols < 92
                                   ? "▇ above ░ below hand rule [ ] best = pin · few"
                                   : "than the hand rule: ▇ more ░ less  [ ] best  = pinned  · few",
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

/* "more reg. +0.63 ± 0.05" */
static void put_value(const struct qtable *q, int s, int a, struct text *out)
{
    char value[32], error[32];
    double variance = 0, q_backed = qtable_value(q, s, a, &variance);
    text_appendf(out, "%s %s", move_name((enum move)a), signed_text(q_backed, value, sizeof value));
    if (q->visits[s][a] > 1)
        text_appendf(out, " ± %s", text_human(error, sizeof error, sqrt(variance), 2));
}

static void cell_words(const struct app *app, const struct q_map *m, struct text *out)
{
    const struct view *v = &app->view;
    char place[128], own[32], value[32];
    int s = m->row[app->q_row], a = (int)app->q_col;
    double visits = v->q.visits[s][a], more = advantage(v, m, s, a);
    situation_text(s, place, sizeof place);
    text_appendf(out, "%s → %s: ", place, move_about((enum move)a));
    if (!qtable_is_known(&v->q, s, a)) {
        text_append(out, "never tried");
    } else {
        put_value(&v->q, s, a, out);
        text_appendf(out, " after %.0f visit%s (its own mean %s)", visits, visits == 1 ? "" : "s",
                     visits > 0 ? signed_text(v->q.q[s][a], own, sizeof own) : "–");
        if (!isnan(more) && a != m->hand[s])
            text_appendf(out, ", %s against the hand rule's %s",
                         signed_text(more, value, sizeof value), move_name((enum move)m->hand[s]));
    }
    if (v->overrides.pinned[s][a])
        text_append(out, "; pinned by you: learning leaves it alone");
}

/* "10–29 runs, ...: more reg. +0.63 ± 0.05, surrogate +0.58; hand rule local" */
static void now_words(const struct app *app, const struct q_map *m, struct text *out)
{
    const struct view *v = &app->view;
    char place[128];
    int s = v->status.situation, first = -1, second = -1;
    if (s < 0)
        return;
    for (int a = 0; a < MOVE_N; a++) {
        if (!qtable_is_known(&v->q, s, a))
            continue;
        double value = qtable_value(&v->q, s, a, NULL);
        if (first < 0 || value > qtable_value(&v->q, s, first, NULL)) {
            second = first;
            first = a;
        } else if (second < 0 || value > qtable_value(&v->q, s, second, NULL))
            second = a;
    }
    text_appendf(out, "%s: ", situation_text(s, place, sizeof place));
    if (first < 0)
        text_append(out, "nothing learnt here yet");
    else
        put_value(&v->q, s, first, out);
    if (second >= 0) {
        text_append(out, ", ");
        put_value(&v->q, s, second, out);
    }
    text_appendf(out, "; hand rule %s", move_name((enum move)m->hand[s]));
}

static bool pruner_tells(const char *name)
{
    const struct pruner_ops *ops = pruner_find(name);
    return ops && ops->chance;
}

static void next_words(const struct app *app, struct text *out)
{
    const struct view *v = &app->view;
    const struct search_outlook *o = &v->status.outlook;
    if (v->status.finished) {
        text_append(out, "nothing: the search has ended; :budget +N goes on");
        return;
    }
    if (v->overrides.next >= 0)
        text_appendf(out, "you asked for: %s", move_about((enum move)v->overrides.next));
    else if (o->known && o->takes == o->hand)
        text_append(out, o->why);
    else if (o->known)
        text_appendf(out, "%s: it did better here than the hand rule's %s", move_about(o->takes),
                     move_name(o->hand));
    if (v->status.banned[0])
        text_appendf(out, "; banned by you: %s", v->status.banned);
    for (int i = 0; i < o->n_nearest && i < 3 && v->guidance; i++)
        text_appendf(out, "%s%s %.0f %%", i ? ", " : "; resembles ",
                     v->guidance->knowledge->task[o->nearest[i]].name, 100 * o->weight[i]);
}

/* "#17 after epoch 8: better than the best in the end with probability 0.310, stopped below 0.120"
 */
static void chance_words(int64_t trial, const struct search_chance *c, struct text *out)
{
    text_appendf(out, "%s#%lld ", out->length > 0 ? "; " : "", (long long)trial);
    if (c->epoch == 0) {
        text_append(out, "can't be judged yet");
        return;
    }
    text_appendf(out, "after epoch %d: better than the best in the end with probability %.3f",
                 c->epoch, c->win);
    if (isnan(c->asked))
        text_append(out, ", never stopped: it's by hand");
    else if (c->win >= c->asked)
        text_appendf(out, ", stopped below %.3f", c->asked);
    else
        text_appendf(out, ", below the %.3f asked for; it goes on%s", c->asked,
                     c->leads     ? ", being among the best third there"
                     : c->audited ? " to test such figures"
                                  : "");
}

/* Of each running trial, what decides whether it is stopped. */
static void running_words(const struct app *app, struct text *out)
{
    const struct engine_status *s = &app->view.status;
    if (app->view.n_running == 0 || s->finished || !s->pruner[0])
        return;
    if (strcmp(s->pruner, "none") == 0)
        text_append(out, "nothing is stopped early (pruner none)");
    else if (!s->tells_chance)
        text_appendf(out, "no probability is told: the pruner %s %s", s->pruner,
                     pruner_tells(s->pruner) ? "knows no other task's curves"
                                             : "compares runs with each other");
    for (int i = 0; i < s->n_judged; i++)
        chance_words(s->judged[i].trial, &s->judged[i].chance, out);
}

static void update_words(struct app *app, struct rect *r)
{
    const struct view *v = &app->view;
    char text[400], by[64] = "by you";
    if (v->n_updates == 0)
        return;
    if (v->last_update.visits <= 0)
        text_format(by, sizeof by, "by trial #%lld", (long long)v->last_update.trial);
    draw_labelled(&app->frame, r, 13, "last update", PAINT_DIM, by);
    draw_labelled(&app->frame, r, 13, "", PAINT_ACCENT,
                  qtable_spell(&v->last_update, text, sizeof text));
    if (v->last_update.visits <= 0)
        draw_labelled(&app->frame, r, 13, "", PAINT_DIM,
                      "old + alpha [reward + gamma * best next - old] = new");
}

static void draw_words(struct app *app, struct rect r, const struct q_map *m)
{
    struct text now = {0}, running = {0}, here = {0}, next = {0};
    draw_rule(&app->frame, r, "in words", "");
    struct rect inner = {r.row + 1, r.col + 1, r.rows - 1, r.cols - 2};
    if (m->n > 0) {
        now_words(app, m, &now);
        running_words(app, &running);
        cell_words(app, m, &here);
        next_words(app, &next);
    }
    draw_labelled(&app->frame, &inner, 13, app->view.status.finished ? "at the end" : "now",
                  PAINT_TEXT, text_get(&now));
    draw_labelled(&app->frame, &inner, 13, "running", PAINT_TEXT, text_get(&running));
    draw_labelled(&app->frame, &inner, 13, "next", PAINT_ACCENT, text_get(&next));
    draw_labelled(&app->frame, &inner, 13, "here", PAINT_TEXT, text_get(&here));
    update_words(app, &inner);
    text_free(&now);
    text_free(&running);
    text_free(&here);
    text_free(&next);
}

/* ---- the screen -------------------------------------------------------------------------- */

static void draw_table(struct app *app, struct rect r, struct q_map *m)
{
    struct rect map = r, words = r;
    char right[128];
    words.rows = app->widen     ? 0
                 : r.rows >= 24 ? 13
                 : r.rows >= 20 ? 11
                 : r.rows >= 16 ? 8
                 : r.rows >= 10 ? 4
                                : 0;
    map.rows = r.rows - words.rows;
    words.row = r.row + map.rows;
    text_format(right, sizeof right, "%s%zu update%s",
                app->view.overrides.frozen ? "learning frozen by you   " : "", app->view.n_updates,
                app->view.n_updates == 1 ? "" : "s");
    draw_rule(&app->frame, map,
              map.cols >= 100 ? "Q-table: situations by visits, against moves" : "Q-table", right);
    map = (struct rect){map.row + 1, map.col + 1, map.rows - 1, map.cols - 2};
    if (m->n == 0)
        draw_wrapped(&app->frame, map, PAINT_DIM, 0,
                     "Nothing learnt yet: the agent learns when a trial that it chose has ended. "
                     "A sampler without an agent leaves this table empty.");
    else
        draw_map(app, map, m);
    if (words.rows > 0)
        draw_words(app, words, m);
}

void qtable_draw(struct app *app)
{
    struct layout_prefs prefs = {0};
    struct q_map *m = mem_alloc(1, sizeof *m);
    app->layout = layout_screen(app->frame.rows, app->frame.cols, &prefs);
    draw_header(app);
    if (m && app->layout.pane[PANE_MAIN].rows >= 2) {
        collect(app, m);
        draw_table(app, app->layout.pane[PANE_MAIN], m);
    }
    draw_key_line(app); /* last: a long message lies over the rest */
    mem_free(m);
}

void qtable_move(struct app *app, long rows, long cols)
{
    struct q_map *m = mem_alloc(1, sizeof *m);
    if (!m)
        return;
    collect(app, m);
    struct heat h = {
        .n_rows = m->n, .n_cols = MOVE_N, .cursor_row = app->q_row, .cursor_col = app->q_col};
    heat_move(&h, rows, cols);
    app->q_row = h.cursor_row;
    app->q_col = h.cursor_col;
    mem_free(m);
}
