/* What a person says about the Q-table: pin, edit, freeze, the next move. All of it goes to the
 * engine as requests; what is shown comes back from the log. */
#include "tui/app.h"

#include <math.h>
#include <string.h>

const char *why_no_table(const struct app *app)
{
    const char *why = why_no_steering(app);
    if (why)
        return why;
    if (app->view.status.sampler[0] && strncmp(app->view.status.sampler, "agent", 5) != 0)
        return "only the sampler agent learns a table";
    return NULL;
}

static const char *why_no_cell(const struct app *app)
{
    int s, a;
    const char *why = why_no_table(app);
    return why ? why : qtable_at_cursor(app, &s, &a) ? NULL : "there is no cell yet";
}

static bool at_cursor(struct app *app, int *s, int *a)
{
    const char *why = why_no_cell(app);
    if (why)
        return app_complain(app, "%s", why);
    return qtable_at_cursor(app, s, a);
}

bool qtable_pin(struct app *app, const char *args)
{
    struct request r = {.kind = REQUEST_Q_PIN, .trial = -1};
    (void)args;
    if (!at_cursor(app, &r.situation, &r.move))
        return false;
    r.amount = !app->view.overrides.pinned[r.situation][r.move];
    if (!steer_ask(app, &r))
        return false;
    app_say(app, PAINT_TEXT, r.amount ? "pinned: learning leaves this value alone" : "unpinned");
    return true;
}

/* The key opens the command line with the value that is there. */
bool qtable_edit(struct app *app, const char *args)
{
    struct request r = {.kind = REQUEST_Q_EDIT, .trial = -1};
    char word[32], typed[64];
    if (!at_cursor(app, &r.situation, &r.move))
        return false;
    if (!args || !next_word(&args, word, sizeof word)) {
        double old = app->view.q.q[r.situation][r.move];
        text_format(typed, sizeof typed, "q-edit %.3f", old);
        prompt_open(app, MODE_COMMAND, typed);
        return true;
    }
    if (!text_parse_double(word, &r.value) || !(fabs(r.value) <= REQUEST_Q_MAX))
        return app_complain(app, "'%s' is no value between -%g and %g", word, REQUEST_Q_MAX,
                            REQUEST_Q_MAX);
    if (!steer_ask(app, &r))
        return false;
    app_say(app, PAINT_TEXT, "%s is %.3f now, as after %d visits", move_name((enum move)r.move),
            r.value, QTABLE_EDIT_VISITS);
    return true;
}

bool qtable_freeze(struct app *app, const char *args)
{
    struct request r = {.kind = REQUEST_Q_FREEZE, .trial = -1};
    char word[16];
    const char *why = why_no_table(app);
    if (why)
        return app_complain(app, "%s", why);
    r.amount = !app->view.overrides.frozen;
    if (args && next_word(&args, word, sizeof word)) {
        if (strcmp(word, "on") != 0 && strcmp(word, "off") != 0)
            return app_complain(app, ":q-freeze on or off");
        r.amount = strcmp(word, "on") == 0;
    }
    if (!steer_ask(app, &r))
        return false;
    app_say(app, PAINT_TEXT,
            r.amount ? "learning stands still; searching goes on" : "the agent learns again");
    return true;
}

/* ---- the next move ----------------------------------------------------------------------- */

static bool ask_next(struct app *app, int move)
{
    struct request r = {.kind = REQUEST_NEXT_ACTION, .trial = -1, .move = move};
    if (!steer_ask(app, &r))
        return false;
    if (move < 0)
        app_say(app, PAINT_TEXT, "the agent chooses the next move itself");
    else
        app_say(app, PAINT_TEXT, "next: %s", move_about((enum move)move));
    return true;
}

static void next_chosen(struct app *app, int move)
{
    ask_next(app, move);
}

static bool is_possible(const struct app *app, int a)
{
    const struct search_outlook *o = &app->view.status.outlook;
    return o->known ? o->possible[a] : app->view.guidance || a <= MOVE_RANDOM;
}

/* Moves that can be made, as the table values them here; the agent's own choice first: Enter
 * accepts it. */
static void open_next_menu(struct app *app)
{
    const struct view *v = &app->view;
    int s = v->status.situation, own = v->status.outlook.known ? (int)v->status.outlook.takes : -1;
    bool done[MOVE_N] = {false};
    char text[112], value[32];
    menu_open(app, "the next move (Enter accepts the agent's)", false, next_chosen);
    menu_add(app, own,
             own >= 0 ? text_format(text, sizeof text, "accept: %s", move_about((enum move)own))
                      : "let the agent choose");
    for (int n = 0; n < MOVE_N; n++) {
        int best = -1;
        for (int a = 0; a < MOVE_N; a++)
            if (!done[a] && is_possible(app, a) &&
                (best < 0 ||
                 (s >= 0 && qtable_value(&v->q, s, a, NULL) > qtable_value(&v->q, s, best, NULL))))
                best = a;
        if (best < 0)
            break;
        done[best] = true;
        double q = s >= 0 && qtable_is_known(&v->q, s, best) ? qtable_value(&v->q, s, best, NULL)
                                                             : (double)NAN;
        text_format(text, sizeof text, "%-10s %7s  %s", move_name((enum move)best),
                    signed_text(q, value, sizeof value), move_about((enum move)best));
        menu_add(app, best, text);
    }
    if (v->overrides.next >= 0)
        menu_add(app, -1, "take the wish back");
}

bool qtable_next(struct app *app, const char *args)
{
    char word[32] = "";
    const char *why = why_no_table(app);
    if (why)
        return app_complain(app, "%s", why);
    if (!args || !next_word(&args, word, sizeof word)) {
        open_next_menu(app);
        return true;
    }
    if (strcmp(word, "auto") == 0)
        return ask_next(app, -1);
    if (strcmp(word, "accept") == 0 && app->view.status.outlook.known)
        return ask_next(app, (int)app->view.status.outlook.takes);
    const char *names[MOVE_N];
    for (int a = 0; a < MOVE_N; a++)
        names[a] = move_name((enum move)a);
    int move = move_find(word);
    const char *near = text_nearest(word, names, MOVE_N);
    if (move < 0)
        return near ? app_complain(app, "no move '%s'; did you mean %s?", word, near)
                    : app_complain(app, "no move '%s'; Tab lists them, auto is the agent's", word);
    return ask_next(app, move);
}

void complete_move(const struct app *app, const char *word, struct completion *out)
{
    (void)app;
    completion_offer(out, word, "auto");
    completion_offer(out, word, "accept");
    for (int a = 0; a < MOVE_N; a++)
        completion_offer(out, word, move_name((enum move)a));
}
