/* What a person asks of the search. Whatever loses work is put as a question that names the object
 * and the cost; what can be undone is done at once. Nothing is decided here: the engine checks each
 * request again, and its word stands. */
#include "tui/app.h"

#include <math.h>
#include <string.h>

/* ---- may it be done? --------------------------------------------------------------------- */

const char *why_no_steering(const struct app *app)
{
    if (app->options.read_only)
        return "read-only: steering is off";
    if (!app->source->request)
        return "nothing trains here; 'tiller resume FILE' goes on with a study";
    if (app->view.status.stopping)
        return "the search is being ended";
    return NULL;
}

const char *why_no_pause(const struct app *app)
{
    const char *why = why_no_steering(app);
    if (!why && app->view.status.finished)
        return "the budget is spent; :budget +N goes on";
    return why;
}

static bool is_state(const struct app *app, int64_t number, enum trial_state state)
{
    const struct view_row *r = view_row(&app->view, number);
    return r && r->state == state;
}

static bool can_end(const struct app *app, int64_t number)
{
    return is_state(app, number, TRIAL_RUNNING);
}

static bool can_prune(const struct app *app, int64_t number)
{
    return can_end(app, number) || is_state(app, number, TRIAL_WAITING);
}

static bool can_extend(const struct app *app, int64_t number)
{
    const struct view_row *r = view_row(&app->view, number);
    return r && r->state != TRIAL_WAITING && r->state != TRIAL_FAIL;
}

/* The marked trials, or the selected one, for which it can be done. */
static size_t able_targets(const struct app *app, int64_t *out,
                           bool (*able)(const struct app *app, int64_t number))
{
    size_t n = list_targets(&app->list, &app->view, out, APP_TARGETS), kept = 0;
    for (size_t i = 0; i < n; i++)
        if (able(app, out[i]))
            out[kept++] = out[i];
    return kept;
}

static const char *why_none_able(const struct app *app, const char *sentence,
                                 bool (*able)(const struct app *app, int64_t number))
{
    int64_t targets[APP_TARGETS];
    const char *why = why_no_steering(app);
    if (why)
        return why;
    if (app->list.n == 0)
        return "no trial is listed";
    return able_targets(app, targets, able) > 0 ? NULL : sentence;
}

const char *why_no_prune(const struct app *app)
{
    return why_none_able(app, "this trial has ended; its result stays in the log", can_prune);
}

const char *why_no_finish(const struct app *app)
{
    return why_none_able(app, "only a running trial can be finished", can_end);
}

const char *why_no_extend(const struct app *app)
{
    return why_none_able(app, "a waiting or failed trial can't be extended", can_extend);
}

const char *why_no_clone(const struct app *app)
{
    const char *why = why_no_steering(app);
    return why ? why : view_row(&app->view, app->list.selected) ? NULL : "no trial is selected";
}

bool steer_is_running(const struct app *app)
{
    const struct engine_status *s = &app->view.status;
    return app->source->request && !s->finished && !s->stopping;
}

/* ---- asking ------------------------------------------------------------------------------ */

bool steer_ask(struct app *app, const struct request *request)
{
    struct err_info info = {0};
    const char *why = why_no_steering(app);
    if (why)
        return app_complain(app, "%s", why);
    if (app->source->request(app->source->context, request, &info) != ERR_OK)
        return app_complain(app, "%s%s%s", info.detail, info.hint[0] ? "; " : "", info.hint);
    app->hurry = true;
    return true;
}

static bool ask_kind(struct app *app, enum request_kind kind, int64_t trial, int64_t amount,
                     bool add)
{
    struct request r = {.kind = kind, .trial = trial, .amount = amount, .add = add};
    return steer_ask(app, &r);
}

static const char *const doing[] = {
    [REQUEST_PAUSE_ALL] = "pausing all", [REQUEST_RESUME_ALL] = "going on",
    [REQUEST_PAUSE] = "pausing",         [REQUEST_RESUME] = "going on with",
    [REQUEST_PRUNE] = "pruning",         [REQUEST_FINISH] = "finishing",
    [REQUEST_SEED] = "seeding",          [REQUEST_WITHDRAW] = "withdrawing",
    [REQUEST_Q_PIN] = "pinning",         [REQUEST_Q_EDIT] = "editing",
    [REQUEST_Q_FREEZE] = "freezing",     [REQUEST_NEXT_ACTION] = "asking for",
    [REQUEST_EXTEND] = "extending",      [REQUEST_BUDGET] = "budget",
    [REQUEST_BAN] = "banning",           [REQUEST_WORKERS] = "workers",
    [REQUEST_STOP] = "ending the study", [REQUEST_QUIT] = "leaving",
};

static void name_trials(const int64_t *trial, size_t n, char *out, size_t out_size)
{
    struct text t = {0};
    for (size_t i = 0; i < n && i < 5; i++)
        text_appendf(&t, "%s#%lld", i ? ", " : "", (long long)trial[i]);
    if (n > 5)
        text_appendf(&t, " and %zu more", n - 5);
    text_copy(out, out_size, text_get(&t));
    text_free(&t);
}

/* Carries out the plan for all its trials. */
static bool carry_out(struct app *app)
{
    struct app_plan *p = &app->plan;
    char names[96];
    size_t done = 0;
    if (p->leave) {
        app->leave = true;
        return ask_kind(app, REQUEST_QUIT, -1, 0, false);
    }
    for (size_t i = 0; i < p->n; i++) {
        enum request_kind kind = p->kind;
        if (kind == REQUEST_PRUNE && is_state(app, p->trial[i], TRIAL_WAITING))
            kind = REQUEST_WITHDRAW;
        if (!ask_kind(app, kind, p->trial[i], p->amount, false))
            return false;
        done++;
    }
    name_trials(p->trial, done, names, sizeof names);
    app_say(app, PAINT_TEXT, "%s %s", doing[p->kind], names);
    list_unmark_all(&app->list);
    return true;
}

static void preview(const struct app *app, const struct request *request, char *out,
                    size_t out_size)
{
    out[0] = 0;
    if (app->source->preview)
        app->source->preview(app->source->context, request, out, out_size);
}

/* What several trials would lose, added up. */
static void sum_losses(const struct app *app, const struct app_plan *p, char *out, size_t out_size)
{
    long epochs = 0;
    double seconds = 0;
    bool best = false;
    char time[32], count[32];
    for (size_t i = 0; i < p->n; i++) {
        const struct view_row *r = view_row(&app->view, p->trial[i]);
        epochs += r->epochs;
        seconds += r->seconds;
        best = best || r->number == app->view.best;
    }
    text_format(out, out_size, "%s, %s of training, would be lost%s",
                text_counted(count, sizeof count, epochs, "epoch"),
                text_duration(time, sizeof time, seconds),
                best ? "; the best so far is among them" : "");
}

static void ask_before_pruning(struct app *app)
{
    struct app_plan *p = &app->plan;
    char names[96], cost[400];
    struct request r = {.kind = REQUEST_PRUNE, .trial = p->trial[0]};
    name_trials(p->trial, p->n, names, sizeof names);
    if (p->n == 1)
        preview(app, &r, cost, sizeof cost);
    else
        sum_losses(app, p, cost, sizeof cost);
    if (!cost[0])
        sum_losses(app, p, cost, sizeof cost);
    text_format(p->question, sizeof p->question, "prune %s?  %s", names, cost);
    p->may_keep = true;
    app->mode = MODE_CONFIRM;
}

/* Fills the plan from ":prune 17" or from marked and selected rows. */
static bool plan_for(struct app *app, enum request_kind kind, const char *args,
                     bool (*able)(const struct app *app, int64_t number), const char *sentence)
{
    char word[32];
    const char *why = why_no_steering(app);
    app->plan = (struct app_plan){.kind = kind};
    if (why)
        return app_complain(app, "%s", why);
    if (args && next_word(&args, word, sizeof word)) {
        if (!parse_trial(app, word, &app->plan.trial[0]))
            return false;
        app->plan.n = 1;
        return able(app, app->plan.trial[0]) || app_complain(app, "%s", sentence);
    }
    app->plan.n = able_targets(app, app->plan.trial, able);
    return app->plan.n > 0 || app_complain(app, "%s", sentence);
}

bool steer_prune(struct app *app, const char *args)
{
    if (!plan_for(app, REQUEST_PRUNE, args, can_prune,
                  "this trial has ended; its result stays in the log"))
        return false;
    for (size_t i = 0; i < app->plan.n; i++)
        if (can_end(app, app->plan.trial[i])) {
            ask_before_pruning(app);
            return true;
        }
    return carry_out(app); /* seeds only: nothing was trained yet */
}

bool steer_finish(struct app *app, const char *args)
{
    return plan_for(app, REQUEST_FINISH, args, can_end, "only a running trial can be finished") &&
           carry_out(app);
}

static bool is_waiting(const struct app *app, int64_t number)
{
    return is_state(app, number, TRIAL_WAITING);
}

bool steer_withdraw(struct app *app, const char *args)
{
    return plan_for(app, REQUEST_WITHDRAW, args, is_waiting,
                    "only a waiting seed can be withdrawn") &&
           carry_out(app);
}

/* ---- pause ------------------------------------------------------------------------------- */

static bool is_paused(const struct app *app, int64_t number)
{
    const struct view_row *r = view_row(&app->view, number);
    return r && r->state == TRIAL_RUNNING && r->paused;
}

static bool is_going(const struct app *app, int64_t number)
{
    return can_end(app, number) && !is_paused(app, number);
}

/* Marked rows: pause those that run; if none does, let them go on. */
static bool pause_marked(struct app *app)
{
    int64_t targets[APP_TARGETS];
    bool going = able_targets(app, targets, is_going) > 0;
    return plan_for(app, going ? REQUEST_PAUSE : REQUEST_RESUME, NULL, going ? is_going : is_paused,
                    "none of the marked trials is running") &&
           carry_out(app);
}

static bool pause_all(struct app *app, bool on)
{
    const char *why = why_no_pause(app);
    if (why)
        return app_complain(app, "%s", why);
    if (!ask_kind(app, on ? REQUEST_PAUSE_ALL : REQUEST_RESUME_ALL, -1, 0, false))
        return false;
    app_say(app, PAINT_TEXT, on ? "pausing all at the next batch" : "going on");
    return true;
}

bool steer_pause(struct app *app, const char *args)
{
    if (args && *args)
        return plan_for(app, REQUEST_PAUSE, args, is_going, "this trial is not running") &&
               carry_out(app);
    if (!args && app->list.n_marked > 0)
        return pause_marked(app);
    return pause_all(app, args != NULL || !app->view.status.paused);
}

bool steer_resume(struct app *app, const char *args)
{
    if (args && *args)
        return plan_for(app, REQUEST_RESUME, args, is_paused, "this trial is not paused") &&
               carry_out(app);
    return pause_all(app, false);
}

/* ---- extend ------------------------------------------------------------------------------ */

static bool parse_epochs(const char *word, int64_t *out)
{
    return text_parse_int(word, out) && *out > 0 && *out <= 1000000;
}

/* While typing, the line above the prompt says what it would do. */
static void preview_extend(struct app *app)
{
    struct app_plan *p = &app->plan;
    struct request r = {.kind = REQUEST_EXTEND, .trial = p->trial[0]};
    p->question[0] = 0;
    if (!parse_epochs(app->edit.text, &r.amount))
        text_copy(p->question, sizeof p->question, "a whole number of epochs, at least 1");
    else
        preview(app, &r, p->question, sizeof p->question);
}

bool steer_extend(struct app *app, const char *args)
{
    char number[32], amount[32];
    const char *rest = args;
    if (!plan_for(app, REQUEST_EXTEND, args, can_extend,
                  "a waiting or failed trial can't be extended"))
        return false;
    if (rest && next_word(&rest, number, sizeof number) && next_word(&rest, amount, sizeof amount))
        return parse_epochs(amount, &app->plan.amount)
                   ? carry_out(app)
                   : app_complain(app, "extend by how many epochs?");
    int full = app->view.status.full_epochs;
    text_format(amount, sizeof amount, "%d", full > 0 ? full : 10);
    prompt_open(app, MODE_EXTEND, amount);
    app->edit.selected = true;
    preview_extend(app);
    return true;
}

static void extend_key(struct app *app, const struct term_event *event)
{
    enum line_edit_result result = line_edit_key(&app->edit, event);
    if (result == LINE_EDIT_CANCEL) {
        app->mode = MODE_KEYS;
        app_say(app, PAINT_DIM, "nothing was extended");
    } else if (result == LINE_EDIT_DONE) {
        app->mode = MODE_KEYS;
        if (!parse_epochs(app->edit.text, &app->plan.amount))
            app_complain(app, "'%s' is no number of epochs", app->edit.text);
        else
            carry_out(app);
    }
}

/* ---- seed -------------------------------------------------------------------------------- */

static bool seed(struct app *app, const struct configuration *config, const char *note)
{
    struct request r = {.kind = REQUEST_SEED, .trial = -1, .config = *config};
    text_copy(r.note, sizeof r.note, note);
    if (!steer_ask(app, &r))
        return false;
    app_say(app, PAINT_TEXT, "seeded; it waits for a worker");
    return true;
}

/* The field of hyperparameter i; NULL: it has none. */
static struct form_field *field_of(const struct app *app, const struct form *form, int i)
{
    return form->field && app->field[i] >= 0 ? &form->field[app->field[i]] : NULL;
}

/* The form's fields as a configuration; errors go to the fields. */
static void read_form(struct app *app, struct form *form, struct configuration *c)
{
    const struct space *space = &app->view.space;
    space_default(space, c);
    for (int i = 0; i < space->n; i++) {
        struct form_field *field = field_of(app, form, i);
        struct err_info info = {0};
        if (!field)
            continue;
        field->error[0] = 0;
        if (space_set_text(space, c, i, form_value(form, app->field[i]), &info) != ERR_OK)
            text_format(field->error, sizeof field->error, "%s%s%s", info.detail,
                        info.hint[0] ? "; " : "", info.hint);
    }
    for (int i = 0; i < space->n; i++) {
        struct form_field *field = field_of(app, form, i);
        if (field)
            field->inactive = !space_is_active(space, c, i);
    }
    space_tidy(space, c);
}

/* Was it tried already? Newest first, so that a number the person still sees is named. */
static int64_t find_same(const struct app *app, const struct configuration *c)
{
    for (size_t i = app->view.n_rows; i-- > 0;) {
        struct configuration other = view_config(&app->view, (int64_t)i);
        if (space_same(&app->view.space, c, &other))
            return (int64_t)i;
    }
    return -1;
}

static void check_form(void *context, struct form *form)
{
    struct app *app = context;
    struct configuration c;
    char value[32];
    read_form(app, form, &c);
    form->note[0] = 0;
    if (!form_ok(form))
        return;
    int64_t same = find_same(app, &c);
    const struct view_row *r = view_row(&app->view, same);
    if (r)
        text_format(form->note, sizeof form->note,
                    "like #%lld (%s %s); it runs again with another rng_seed", (long long)same,
                    app->view.metric, text_human(value, sizeof value, r->value, 3));
    else
        text_copy(form->note, sizeof form->note, "not tried yet");
}

static void describe_range(const struct hyperparameter *h, char *out, size_t out_size)
{
    char low[32], high[32];
    struct text choices = {0};
    for (int k = 0; k < h->n_choices; k++)
        text_appendf(&choices, "%s%s", k ? ", " : "", h->choice[k].text);
    if (h->kind == HYPER_CATEGORICAL)
        text_format(out, out_size, "%s%s%s", text_get(&choices), h->about[0] ? ": " : "", h->about);
    else
        text_format(out, out_size, "%s to %s%s%s%s", text_double(low, sizeof low, h->low, false),
                    text_double(high, sizeof high, h->high, false), h->log ? ", log" : "",
                    h->about[0] ? ": " : "", h->about);
    text_free(&choices);
}

static void add_field(struct app *app, int i, const struct configuration *from)
{
    const struct hyperparameter *h = &app->view.space.h[i];
    char value[64], about[160];
    space_value_text(&app->view.space, from, i, true, value, sizeof value);
    describe_range(h, about, sizeof about);
    for (int k = 0; k < h->n_choices; k++)
        app->choices[i][k] = h->choice[k].text;
    app->field[i] =
        h->kind == HYPER_CATEGORICAL
            ? form_add_choice(&app->form, h->name, app->choices[i], h->n_choices, value, about)
            : form_add_text(&app->form, FORM_NUMBER, h->name, value, about);
}

/* What the search draws comes first; below it what only people set. */
static void add_fields(struct app *app, const struct configuration *from)
{
    const struct space *space = &app->view.space;
    bool heading = false;
    for (int i = 0; i < space->n; i++)
        if (!space->h[i].held)
            add_field(app, i, from);
    for (int i = 0; i < space->n; i++) {
        if (!space->h[i].held)
            continue;
        if (!heading)
            form_add_heading(&app->form, "held: the search leaves these as they are");
        heading = true;
        add_field(app, i, from);
    }
}

static bool open_form(struct app *app, const struct configuration *from, const char *title)
{
    if (app->view.space.n == 0)
        return app_complain(app, "this study has no search space yet");
    if (!form_open(&app->form, title, check_form, app))
        return app_complain(app, "out of memory");
    add_fields(app, from);
    form_begin(&app->form);
    app->mode = MODE_FORM;
    return true;
}

/* May value i still count once the rest is drawn? What it depends on is neither said nor held, or
 * is what switches it on. */
static bool may_count(const struct space *space, const struct configuration *c, int i)
{
    for (const struct hyperparameter *h = &space->h[i]; h->active_if >= 0;
         h = &space->h[h->active_if]) {
        int on = h->active_if;
        bool open = !(c->set >> on & 1) && !space->h[on].held;
        if (!open && !(h->active_choices >> (int)c->value[on] & 1))
            return false;
    }
    return true;
}

static bool seed_typed(struct app *app, const char *args)
{
    const struct space *space = &app->view.space;
    struct configuration c;
    struct err_info info = {0};
    char pair[160];
    space_default(space, &c);
    c.set = 0;
    while (next_word(&args, pair, sizeof pair))
        if (space_set_pair(space, &c, pair, NULL, &info) != ERR_OK)
            return app_complain(app, "%s: %s%s%s", info.where, info.detail,
                                info.hint[0] ? "; " : "", info.hint);
    for (int i = 0; i < space->n; i++)
        if ((c.set >> i & 1) && !may_count(space, &c, i))
            return app_complain(app, "%s has no part in this without another %s", space->h[i].name,
                                space->h[space->h[i].active_if].name);
    return seed(app, &c, "");
}

/* The row a person went to, else the best so far, else the reference network. */
bool steer_seed(struct app *app, const char *args)
{
    char title[96] = "seed a trial";
    const char *why = why_no_steering(app);
    if (why)
        return app_complain(app, "%s", why);
    if (args && *args)
        return seed_typed(app, args);
    int64_t from = app->chosen ? app->list.selected : app->view.best;
    struct configuration c = view_config(&app->view, from);
    if (view_row(&app->view, from)) {
        struct configuration full;
        space_default(&app->view.space, &full);
        for (int i = 0; i < app->view.space.n; i++)
            if (c.set & (1u << i))
                full.value[i] = c.value[i];
        space_tidy(&app->view.space, &full);
        c = full;
        text_format(title, sizeof title, "seed a trial, beginning with %s#%lld",
                    from == app->view.best ? "the best, " : "", (long long)from);
    }
    return open_form(app, &c, title);
}

bool steer_clone(struct app *app, const char *args)
{
    app->chosen = true;
    return steer_seed(app, args && *args ? NULL : args);
}

bool steer_again(struct app *app, const char *args)
{
    (void)args;
    char note[80];
    struct configuration c = view_config(&app->view, app->list.selected);
    text_format(note, sizeof note, "again #%lld", (long long)app->list.selected);
    if (!seed(app, &c, note))
        return false;
    app_say(app, PAINT_TEXT, "#%lld is queued again with another rng_seed",
            (long long)app->list.selected);
    return true;
}

static void form_mode_key(struct app *app, const struct term_event *event)
{
    struct configuration c;
    enum form_result result = form_key(&app->form, event);
    if (result == FORM_DONE) {
        read_form(app, &app->form, &c);
        form_close(&app->form);
        app->mode = MODE_KEYS;
        seed(app, &c, "");
    } else if (result == FORM_CANCEL) {
        form_close(&app->form);
        app->mode = MODE_KEYS;
        app_say(app, PAINT_DIM, "nothing was seeded");
    }
}

/* ---- budget, workers, the end ------------------------------------------------------------ */

bool steer_budget(struct app *app, const char *args)
{
    char word[32] = "";
    int64_t amount;
    if (args)
        next_word(&args, word, sizeof word);
    bool add = word[0] == '+';
    if (!text_parse_int(word + add, &amount) || amount <= 0 || amount > 1000000000)
        return app_complain(app, ":budget N (epochs in all) or :budget +N (that many more)");
    if (!ask_kind(app, REQUEST_BUDGET, -1, amount, add))
        return false;
    char count[32];
    app_say(app, PAINT_TEXT, "budget: %s%s", text_counted(count, sizeof count, amount, "epoch"),
            add ? " more" : " in all");
    app->finish_told = false;
    return true;
}

bool steer_workers(struct app *app, const char *args)
{
    char word[32] = "";
    int64_t n;
    if (args)
        next_word(&args, word, sizeof word);
    if (!text_parse_int(word, &n) || n < 1 || n > 1024)
        return app_complain(app, ":workers N, from 1 to 1024");
    if (!ask_kind(app, REQUEST_WORKERS, -1, n, false))
        return false;
    char count[32];
    app_say(app, PAINT_TEXT, "%s", text_counted(count, sizeof count, n, "worker"));
    return true;
}

bool steer_stop(struct app *app, const char *args)
{
    (void)args;
    char cost[400];
    struct request r = {.kind = REQUEST_STOP, .trial = -1};
    const char *why = why_no_pause(app);
    if (why)
        return app_complain(app, "%s", why);
    preview(app, &r, cost, sizeof cost);
    app->plan = (struct app_plan){.kind = REQUEST_STOP, .n = 1, .trial = {-1}};
    text_format(app->plan.question, sizeof app->plan.question, "end the study now?  %s",
                cost[0] ? cost : "Running trials end with their value; the test part is read.");
    app->mode = MODE_CONFIRM;
    return true;
}

bool steer_quit(struct app *app, const char *args)
{
    (void)args;
    if (!steer_is_running(app)) {
        app->leave = true;
        app->end = app->view.status.finished ? TUI_END_STOPPED : TUI_END_QUIT;
        return true;
    }
    char kept[400];
    struct request r = {.kind = REQUEST_QUIT, .trial = -1};
    app->plan = (struct app_plan){.kind = REQUEST_QUIT, .leave = true};
    preview(app, &r, kept, sizeof kept);
    text_format(app->plan.question, sizeof app->plan.question, "leave tiller?  %s",
                kept[0] ? kept : "Running trials are kept as checkpoints.");
    app->mode = MODE_CONFIRM;
    return true;
}

static void confirm_key(struct app *app, const struct term_event *event)
{
    if (event->pasted)
        return;
    app->mode = MODE_KEYS;
    if (event->key == 'y' || event->key == 'Y') {
        app->end = TUI_END_QUIT;
        carry_out(app);
    } else if (event->key == 'F' && app->plan.may_keep) {
        app->plan.kind = REQUEST_FINISH;
        carry_out(app);
    } else
        app_say(app, PAINT_DIM, "nothing was done");
}

void steer_key(struct app *app, const struct term_event *event)
{
    if (app->mode == MODE_CONFIRM)
        confirm_key(app, event);
    else if (app->mode == MODE_EXTEND)
        extend_key(app, event);
    else if (app->mode == MODE_FORM)
        form_mode_key(app, event);
    if (app->mode == MODE_EXTEND)
        preview_extend(app);
}
