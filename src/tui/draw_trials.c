/* The trial table, the same on overview and trials screen. Column i of the table is column i of the
 * trial list, so that sorting and clicking need no second numbering; which ones show is a matter of
 * priority and room. */
#include "tui/app.h"

#include <math.h>
#include <string.h>

enum paint state_paint(const struct view_row *r)
{
    static const enum paint paints[] = {[TRIAL_RUNNING] = PAINT_GOOD,
                                        [TRIAL_COMPLETE] = PAINT_TEXT,
                                        [TRIAL_PRUNED] = PAINT_DIM,
                                        [TRIAL_FAIL] = PAINT_BAD,
                                        [TRIAL_WAITING] = PAINT_ACCENT};
    return r->paused && r->state == TRIAL_RUNNING ? PAINT_WARN : paints[r->state];
}

const char *state_text(const struct view_row *r)
{
    if (r->state == TRIAL_FAIL)
        return "! failed";
    return r->paused && r->state == TRIAL_RUNNING ? "paused"
                                                  : trial_state_name((enum trial_state)r->state);
}

/* ---- columns ----------------------------------------------------------------------------- */

/* How the fixed columns look; priority in the overview and on the trials screen, 0: never dropped,
 * -1: not there. The highest goes first. */
static const struct {
    int width, overview, full;
    enum table_align align;
    int decimals;
} looks[COLUMN_FIXED_N] = {
    [COLUMN_ID] = {3, 0, 0, TABLE_RIGHT, 0},
    [COLUMN_STATE] = {8, 1, 1, TABLE_LEFT, 0},
    [COLUMN_EPOCH] = {7, 1, 1, TABLE_RIGHT, 0},
    [COLUMN_VALUE] = {9, 0, 0, TABLE_DECIMAL, 5},
    [COLUMN_TREND] = {8, 5, 4, TABLE_LEFT, 0},
    [COLUMN_BY] = {9, 2, 2, TABLE_LEFT, 0},
    [COLUMN_BEST_EPOCH] = {10, -1, 8, TABLE_RIGHT, 0},
    [COLUMN_LOSS] = {9, -1, 7, TABLE_DECIMAL, 5},
    [COLUMN_MOVE] = {10, -1, 7, TABLE_LEFT, 0},
    [COLUMN_REWARD] = {8, -1, 8, TABLE_RIGHT, 0},
    [COLUMN_WEIGHTS] = {9, -1, 9, TABLE_RIGHT, 0},
    [COLUMN_SECONDS] = {9, -1, 9, TABLE_RIGHT, 0},
};

enum { TITLE_SIZE = 24, LIST_COLUMNS = COLUMN_FIXED_N + SPACE_MAX };

struct trial_table {
    struct app *app;
    struct table_column column[LIST_COLUMNS];
    char title[LIST_COLUMNS][TITLE_SIZE];
    double spark[VIEW_TREND];
};

/* "num_layers" and "batch_size" read as layers and batch. */
static void short_title(const char *name, char *out, size_t out_size)
{
    text_copy(out, out_size, strncmp(name, "num_", 4) == 0 ? name + 4 : name);
    size_t n = strlen(out);
    if (n > 5 && strcmp(out + n - 5, "_size") == 0)
        out[n - 5] = 0;
}

static int hyper_priority(const struct hyperparameter *h)
{
    switch (h->role) {
    case ROLE_LEARNING_RATE:
        return 3;
    case ROLE_UNITS:
    case ROLE_LAYERS:
    case ROLE_BATCH:
        return 4;
    default:
        return 6;
    }
}

static void hyper_column(const struct hyperparameter *h, const char *title, struct table_column *c)
{
    int width = text_columns(title) + 1, least = h->kind == HYPER_FLOAT ? 8 : 3;
    for (int i = 0; i < h->n_choices; i++)
        if (text_columns(h->choice[i].text) > least && least < 10)
            least = text_columns(h->choice[i].text);
    if (h->kind == HYPER_INT && h->high >= 1000)
        least = 4;
    *c = (struct table_column){.title = title,
                               .width = width - 1 > least ? width - 1 : least,
                               .priority = hyper_priority(h),
                               .align = h->kind == HYPER_CATEGORICAL ? TABLE_LEFT : TABLE_RIGHT};
    if (h->kind == HYPER_FLOAT) {
        c->align = TABLE_DECIMAL;
        c->decimals = h->log ? 6 : 3;
    }
}

static int digits_of(size_t n)
{
    int digits = 1;
    for (; n >= 10; n /= 10)
        digits++;
    return digits;
}

static void make_columns(struct trial_table *t, bool full)
{
    const struct view *v = &t->app->view;
    for (int i = 0; i < list_n_columns(v); i++) {
        const char *name = list_column_name(v, i);
        if (i >= COLUMN_FIXED_N) {
            short_title(name, t->title[i], sizeof t->title[i]);
            hyper_column(&v->space.h[i - COLUMN_FIXED_N], t->title[i], &t->column[i]);
            continue;
        }
        text_copy(t->title[i], sizeof t->title[i], name);
        int priority = full ? looks[i].full : looks[i].overview;
        int needs = i == COLUMN_VALUE ? text_columns(name) + 1 /* the sort sign */
                    : i == COLUMN_ID  ? digits_of(v->n_rows)
                                      : 0;
        t->column[i] = (struct table_column){
            .title = t->title[i],
            .width = needs > looks[i].width && needs < 16 ? needs : looks[i].width,
            .priority = priority < 0 ? 0 : priority,
            .align = looks[i].align,
            .decimals = looks[i].decimals,
            .hidden = priority < 0};
    }
}

/* ---- cells ------------------------------------------------------------------------------- */

static void fill_number(struct table_cell *out, double value)
{
    if (!isnan(value))
        text_human(out->text, sizeof out->text, value, 3);
}

static void fill_trend(struct trial_table *t, const struct view_row *r, struct table_cell *out)
{
    for (int i = 0; i < r->n_trend; i++)
        t->spark[i] = (double)r->trend[i];
    out->spark = t->spark;
    out->n_spark = r->n_trend;
    out->paint = series_paint(r->number);
}

static void fill_epochs(const struct view_row *r, struct table_cell *out)
{
    if (r->state == TRIAL_WAITING)
        return;
    if (r->target > 0)
        text_format(out->text, sizeof out->text, "%d/%d", (int)r->epochs, (int)r->target);
    else
        text_format(out->text, sizeof out->text, "%d", (int)r->epochs);
}

static void fill_fixed(struct trial_table *t, const struct view_row *r, int column,
                       struct table_cell *out)
{
    switch ((enum list_column)column) {
    case COLUMN_ID:
        text_format(out->text, sizeof out->text, "%lld", (long long)r->number);
        out->paint = series_paint(r->number);
        break;
    case COLUMN_STATE:
        text_copy(out->text, sizeof out->text, state_text(r));
        out->paint = state_paint(r);
        break;
    case COLUMN_EPOCH:
        fill_epochs(r, out);
        break;
    case COLUMN_VALUE:
        fill_number(out, r->value);
        break;
    case COLUMN_TREND:
        fill_trend(t, r, out);
        break;
    case COLUMN_BY:
        text_copy(out->text, sizeof out->text, r->who);
        out->paint = strcmp(r->who, "you") == 0 ? PAINT_ACCENT : PAINT_TEXT;
        break;
    case COLUMN_BEST_EPOCH:
        if (r->best_epoch > 0)
            text_format(out->text, sizeof out->text, "%d", (int)r->best_epoch);
        break;
    case COLUMN_LOSS:
        fill_number(out, r->best_loss);
        break;
    case COLUMN_MOVE:
        text_copy(out->text, sizeof out->text, r->action);
        break;
    case COLUMN_REWARD:
        if (!isnan(r->reward))
            signed_text(r->reward, out->text, sizeof out->text);
        break;
    case COLUMN_WEIGHTS:
        if (r->n_parameters >= 0)
            text_count(out->text, sizeof out->text, r->n_parameters);
        break;
    case COLUMN_SECONDS:
        if (r->seconds > 0)
            text_human(out->text, sizeof out->text, r->seconds, 3);
        break;
    case COLUMN_FIXED_N:
        break;
    }
}

static void fill(void *context, size_t row, int column, struct table_cell *out)
{
    struct trial_table *t = context;
    const struct view_row *r = view_row(&t->app->view, t->app->list.order[row]);
    if (!r)
        return;
    if (column < COLUMN_FIXED_N)
        fill_fixed(t, r, column, out);
    else
        view_value_text(&t->app->view, r->number, column - COLUMN_FIXED_N, false, out->text,
                        sizeof out->text);
    if (r->state == TRIAL_PRUNED && out->paint == PAINT_TEXT)
        out->paint = PAINT_DIM;
}

static void describe(void *context, size_t row, struct table_row *out)
{
    struct trial_table *t = context;
    int64_t number = t->app->list.order[row];
    out->marked = list_is_marked(&t->app->list, number);
    if (number != t->app->view.best)
        return;
    out->sign = 0x2605;
    out->paint = PAINT_ACCENT;
    out->attr = ATTR_BOLD;
}

/* ---- the table --------------------------------------------------------------------------- */

static void rule_words(const struct app *app, char *out, size_t out_size)
{
    const struct trial_list *l = &app->list;
    char count[32], marked[48] = "";
    if (l->n_marked > 0)
        text_format(marked, sizeof marked, "%zu marked, ", l->n_marked);
    text_format(
        out, out_size, "%s%s%s%s%s, by %s", marked, text_count(count, sizeof count, (int64_t)l->n),
        l->filter[0] ? " fit '" : "", l->filter, l->filter[0] ? "'" : "",
        l->sort_column == COLUMN_VALUE ? "value" : list_column_name(&app->view, l->sort_column));
}

static const char *why_empty(const struct app *app)
{
    if (app->list.filter[0])
        return "no trial fits; Esc clears the filter";
    return app->source->request ? "no trial yet: the first one starts in a moment"
                                : "this study has no trials";
}

/* Number and value stay: without them a row says nothing. */
static void take_columns_out(struct trial_table *t)
{
    for (int i = 0; i < list_n_columns(&t->app->view); i++)
        if ((t->app->column_off[i] && i != COLUMN_ID && i != COLUMN_VALUE) ||
            !list_column_shows(&t->app->view, i))
            t->column[i].hidden = true;
}

static void make_table(struct trial_table *t, bool full, struct table *out)
{
    struct app *app = t->app;
    bool focus = app->screen != SCREEN_OVERVIEW || app->focus == PANE_TRIALS;
    make_columns(t, full);
    take_columns_out(t);
    *out = (struct table){.columns = t->column,
                          .n_columns = list_n_columns(&app->view),
                          .n_rows = app->list.n,
                          .context = t,
                          .fill = fill,
                          .describe = describe,
                          .sort_column = app->list.sort_column,
                          .sort_descending = app->list.descending,
                          .cursor = list_cursor(&app->list),
                          .show_cursor = focus,
                          .top = app->list.top,
                          .skip = full ? app->table_skip : 0,
                          .empty = why_empty(app)};
}

/* Rule, titles, rows. On a very small screen the rule is left out. */
static struct rect table_rect(struct rect r)
{
    if (r.rows >= 4) {
        r.row++;
        r.rows--;
    }
    return r;
}

void draw_trials(struct app *app, struct rect r, bool full)
{
    struct trial_table t = {.app = app};
    struct table table;
    char words[256];
    if (r.rows <= 0 || r.cols <= 0)
        return;
    rule_words(app, words, sizeof words);
    if (r.rows >= 4)
        draw_rule(&app->frame, (struct rect){r.row, r.col, 1, r.cols}, "trials", words);
    make_table(&t, full, &table);
    table_draw(&app->frame, table_rect(r), &table);
    app->list.top = table.top;
}

bool trials_click(struct app *app, struct rect r, bool full, int row, int col)
{
    struct trial_table t = {.app = app};
    struct table table;
    struct rect inner = table_rect(r);
    if (row < r.row || row >= r.row + r.rows || col < r.col || col >= r.col + r.cols)
        return false;
    make_table(&t, full, &table);
    long at = table_row_at(&table, inner, row);
    int column = table_column_at(&table, inner, col);
    if (at >= 0 && (size_t)at < app->list.n) {
        list_select(&app->list, app->list.order[at]);
        app->chosen = true;
    } else if (row == inner.row && column >= 0 && column != COLUMN_TREND)
        list_sort_by(&app->list, column);
    return true;
}
