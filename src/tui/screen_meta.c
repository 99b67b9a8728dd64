/* Meta: what is known from other tasks and what is made of it: the tasks that this one resembles,
 * the portfolio and what came of it, how the task looks beside its nearest, and the learner in the
 * background. */
#include "tui/app.h"
#include "tui/canvas.h"

#include <limits.h>
#include <math.h>
#include <string.h>

enum { NAME_COLUMNS = 20, BAR_COLUMNS = 12, WORD_COLUMNS = 50 };

static const struct knowledge_task *task_of(const struct app *app, int i)
{
    return &app->view.guidance->knowledge->task[app->view.meta.nearest[i]];
}

/* ---- which tasks count ------------------------------------------------------------------- */

static void draw_nearest(struct app *app, struct rect r)
{
    const struct view_meta *m = &app->view.meta;
    struct frame *f = &app->frame;
    char right[48];
    const char *by = r.cols < 50 ? "" : m->by_results ? "by results   " : "by looks   ";
    text_format(right, sizeof right, "%strust %s", by, trust_name(m->trust));
    draw_rule(f, r, "resembles", right);
    int name = r.cols > NAME_COLUMNS + BAR_COLUMNS + 10 ? r.cols - BAR_COLUMNS - 10 : NAME_COLUMNS;
    for (int i = 0; i < m->n_nearest && i + 1 < r.rows; i++) {
        int row = r.row + 1 + i;
        frame_put(f, row, r.col + 1, name - 1, PAINT_TEXT, i == 0 ? ATTR_BOLD : 0,
                  task_of(app, i)->name);
        canvas_bar(f, row, r.col + 1 + name, BAR_COLUMNS, m->weight[i], PAINT_ACCENT, 0);
        frame_putf(f, row, r.col + 2 + name + BAR_COLUMNS, 6, PAINT_TEXT, 0, "%3.0f %%",
                   100 * m->weight[i]);
    }
    if (m->n_nearest == 0)
        draw_wrapped(f, (struct rect){r.row + 1, r.col + 1, r.rows - 1, r.cols - 2}, PAINT_DIM, 0,
                     "no known task has been looked at");
}

/* ---- the portfolio ----------------------------------------------------------------------- */

static void entry_words(const struct app *app, const struct view_entry *e, char *out, size_t size)
{
    char value[32];
    const struct view_row *row = view_row(&app->view, e->trial);
    if (row)
        text_format(out, size, "#%lld %s %s", (long long)e->trial,
                    isnan(row->value) ? "" : text_human(value, sizeof value, row->value, 3),
                    row->number == app->view.best ? "★" : state_text(row));
    else if (e->turn > 0 && steer_is_running(app))
        text_copy(out, size, e->turn == 1 ? "next of these" : "waits");
    else
        text_copy(out, size, "not tried");
}

/* The bar: how much of the way from a middling configuration to the best known one it went on the
 * tasks above. */
static void draw_portfolio(struct app *app, struct rect r)
{
    const struct view_meta *m = &app->view.meta;
    struct frame *f = &app->frame;
    draw_rule(f, r, "portfolio", r.cols < 50 ? "middling to best" : "bar: middling to best known");
    for (int i = 0; i < m->n_entries && i + 1 < r.rows; i++) {
        const struct view_entry *e = &m->entry[i];
        int row = r.row + 1 + i, col = r.col + 1;
        char words[96];
        frame_putf(f, row, col, 4, PAINT_DIM, 0, "%2d", e->run);
        canvas_bar(f, row, col + 3, BAR_COLUMNS, isnan(e->expected) ? 0 : e->expected,
                   e->trial >= 0 ? PAINT_DIM : PAINT_ACCENT, 0);
        entry_words(app, e, words, sizeof words);
        frame_put(f, row, col + 4 + BAR_COLUMNS, r.cols - 6 - BAR_COLUMNS,
                  e->trial >= 0 ? PAINT_TEXT : PAINT_DIM,
                  e->trial >= 0 && e->trial == app->view.best ? ATTR_BOLD : 0, words);
    }
    if (m->n_entries == 0)
        frame_put(f, r.row + 1, r.col + 1, r.cols - 2, PAINT_DIM, 0, "none");
}

/* ---- how the task looks ------------------------------------------------------------------ */

static void draw_features(struct app *app, struct rect r)
{
    const struct task_features *own = app->view.guidance->features;
    const struct view_meta *m = &app->view.meta;
    struct frame *f = &app->frame;
    char near[40] = "";
    draw_rule(f, r, "how it looks", "");
    if (r.rows < 3 || !own)
        return;
    if (m->n_nearest > 0)
        text_copy(near, sizeof near, task_of(app, 0)->name);
    int wide = r.cols >= 56 ? 24 : 13, second = r.col + r.cols - 1, first = second - wide - 1;
    frame_put_right(f, r.row + 1, first, 9, PAINT_DIM, 0, "this task");
    frame_put_right(f, r.row + 1, second, wide, PAINT_DIM, 0, near);
    for (int j = 0; j < FEATURE_N && j + 2 < r.rows; j++) {
        char value[32];
        int row = r.row + 2 + j;
        frame_put(f, row, r.col + 1, first - r.col - 9, PAINT_TEXT, 0, feature_name(j));
        frame_put_right(f, row, first, 8, PAINT_TEXT, 0,
                        text_format(value, sizeof value, "%.2f", own->value[j]));
        if (m->n_nearest > 0 && task_of(app, 0)->has_looks)
            frame_put_right(f, row, second, 8, PAINT_DIM, 0,
                            text_format(value, sizeof value, "%.2f", task_of(app, 0)->feature[j]));
    }
}

/* ---- the learner ------------------------------------------------------------------------- */

static const char *learner_words(const struct app *app, char *out, size_t out_size)
{
    const struct engine_status *s = &app->view.status;
    const char *will = s->learn == LEARN_AUTO ? "is" : s->learn == LEARN_ASK ? "may be" : "is not";
    if (s->learn_stage == LEARN_ASKS)
        return "it has ended: Enter takes it in";
    if (s->learn_stage == LEARN_FOLDING)
        return "taking it in ...; Enter calls that off";
    if (s->learnt[0])
        return text_format(out, out_size, "%s", s->learnt);
    if (s->finished || !app->source->request)
        return s->finished ? "it has ended and was not taken in (:set learn auto takes it in)"
                           : "nothing is taken in here; 'tiller learn STUDY' does that";
    return text_format(out, out_size, "when it ends it %s taken in (:set learn %s)", will,
                       learn_mode_name(s->learn));
}

/* Why the newest trial of the agent was chosen; where columns are narrow it has the whole width. */
static void draw_last_word(struct app *app, struct rect *r)
{
    if (app->view.has_move)
        draw_labelled(&app->frame, r, 10, "last word", PAINT_TEXT, app->view.move.reason);
}

static void draw_sources(struct app *app, struct rect r)
{
    const struct guidance *g = app->view.guidance;
    struct rect inner = {r.row + 1, r.col + 1, r.rows - 1, r.cols - 2};
    char text[300], count[32];
    draw_rule(&app->frame, r, "knowledge", "");
    text_format(text, sizeof text, "%s of %d famil%s%s",
                text_counted(count, sizeof count, g->knowledge->n_tasks, "task"),
                g->knowledge->n_families, g->knowledge->n_families == 1 ? "y" : "ies",
                g->permuted ? ", results shuffled" : "");
    draw_labelled(&app->frame, &inner, 10, "of", PAINT_TEXT, text);
    draw_labelled(&app->frame, &inner, 10, "left out", PAINT_TEXT,
                  g->left_out >= 0 ? g->knowledge->family[g->left_out] : "nothing");
    draw_labelled(&app->frame, &inner, 10, "charged", PAINT_TEXT,
                  text_counted(count, sizeof count, app->view.epochs_charged, "epoch"));
    draw_labelled(&app->frame, &inner, 10, "learner", PAINT_ACCENT,
                  learner_words(app, text, sizeof text));
    if (r.cols >= WORD_COLUMNS || r.cols == app->layout.pane[PANE_MAIN].cols)
        draw_last_word(app, &inner);
    draw_labelled(&app->frame, &inner, 10, "made", PAINT_DIM, g->knowledge->made);
}

/* ---- the screen -------------------------------------------------------------------------- */

enum { PARTS = 4 };
static void (*const part[PARTS])(struct app *app, struct rect r) = {draw_nearest, draw_portfolio,
                                                                    draw_features, draw_sources};

/* Two columns: tasks and portfolio at the left, looks and sources at the right. */
static void draw_columns(struct app *app, struct rect r)
{
    int left = r.cols / 2, near = app->view.meta.n_nearest > 0 ? app->view.meta.n_nearest + 2 : 3;
    if (r.cols - left < WORD_COLUMNS && r.rows >= 20) {
        struct rect word = {r.row + r.rows - 2, r.col + 1, 2, r.cols - 2};
        draw_last_word(app, &word);
        r.rows -= 2;
    }
    int looks = FEATURE_N + (r.rows < 24 ? 2 : 3);
    if (looks >= r.rows - 4)
        looks = r.rows / 2;
    struct rect rects[PARTS] = {
        {r.row, r.col, near, left - 1},
        {r.row + near, r.col, r.rows - near, left - 1},
        {r.row, r.col + left, looks, r.cols - left},
        {r.row + looks, r.col + left, r.rows - looks, r.cols - left},
    };
    for (int i = 0; i < PARTS; i++)
        part[i](app, rects[i]);
}

/* One after the other, from the part that a person went to. */
static void draw_one_column(struct app *app, struct rect r)
{
    int wanted[PARTS] = {app->view.meta.n_nearest + 1, app->view.meta.n_entries + 1, FEATURE_N + 2,
                         9};
    for (int i = (int)app->meta_part; i < PARTS && r.rows > 1; i++) {
        int rows = wanted[i] < r.rows ? wanted[i] : r.rows;
        part[i](app, (struct rect){r.row, r.col, rows, r.cols});
        r.row += rows;
        r.rows -= rows;
    }
}

static void draw_body(struct app *app, struct rect r)
{
    if (r.rows < 2)
        return;
    if (!app->view.guidance) {
        draw_rule(&app->frame, r, "meta", "");
        draw_wrapped(&app->frame, (struct rect){r.row + 1, r.col + 1, r.rows - 1, r.cols - 2},
                     PAINT_DIM, 0,
                     "This search uses no knowledge of other tasks. 'tiller learn' makes some from "
                     "recordings or past studies, and 'tiller run --knowledge FILE' uses it.");
    } else if (r.cols >= 76 && r.rows >= 14)
        draw_columns(app, r);
    else
        draw_one_column(app, r);
}

void meta_draw(struct app *app)
{
    struct layout_prefs prefs = {0};
    app->layout = layout_screen(app->frame.rows, app->frame.cols, &prefs);
    draw_header(app);
    draw_body(app, app->layout.pane[PANE_MAIN]);
    draw_key_line(app); /* last: a long message lies over the rest */
}

void meta_move(struct app *app, long rows, long cols)
{
    long wanted = rows == LONG_MIN ? 0 : rows == LONG_MAX ? PARTS - 1 : (long)app->meta_part + rows;
    (void)cols;
    app->meta_part = (size_t)(wanted < 0 ? 0 : wanted >= PARTS ? PARTS - 1 : wanted);
}

void meta_want(const struct app *app, struct view_want *want)
{
    (void)app;
    want->meta = true;
}

/* ---- what can be asked of the learner ----------------------------------------------------- */

const char *why_no_learning(const struct app *app)
{
    const char *why = why_no_steering(app);
    enum learn_stage stage = app->view.status.learn_stage;
    if (why)
        return why;
    return stage == LEARN_ASKS || stage == LEARN_FOLDING
               ? NULL
               : "nothing is to be decided: :set learn auto, ask or off";
}

bool meta_learn(struct app *app, const char *args)
{
    struct request r = {
        .kind = REQUEST_LEARN, .trial = -1, .amount = app->view.status.learn_stage == LEARN_ASKS};
    char word[16];
    if (args && next_word(&args, word, sizeof word)) {
        if (strcmp(word, "yes") != 0 && strcmp(word, "no") != 0)
            return app_complain(app, ":learn yes or no");
        r.amount = strcmp(word, "yes") == 0;
    }
    if (!r.amount && why_no_learning(app))
        return app_complain(app, "%s", why_no_learning(app));
    if (!steer_ask(app, &r))
        return false;
    app_say(app, PAINT_TEXT, r.amount ? "this study is being taken in" : "it is not taken in");
    return true;
}
