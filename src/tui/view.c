/* Copies what the screens show out of the fold. Rows of ended trials are read once: a row is read
 * again while its trial is open, while it is among the newest few (a record of ours may still move
 * behind somebody else's), and when something later speaks of it (a continuation, an update). */
#include "tui/view.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NEWEST_REREAD = 64 };

void view_init(struct view *v)
{
    *v = (struct view){.best = -1, .test_accuracy = NAN, .lane_best = INFINITY};
    for (int i = 0; i < VIEW_CURVES; i++)
        v->curves[i].number = -1;
    qtable_init(&v->q, 0);
    qtable_overrides_init(&v->overrides);
}

void view_free(struct view *v)
{
    mem_free(v->rows);
    mem_free(v->values);
    mem_free(v->open);
    mem_free(v->lines);
    race_lane_free(&v->lane);
    for (int i = 0; i < VIEW_CURVES; i++)
        mem_free(v->curves[i].epochs);
    view_init(v);
}

bool row_has_ended(const struct view_row *r)
{
    return r->state != TRIAL_RUNNING && r->state != TRIAL_WAITING;
}

const struct view_row *view_row(const struct view *v, int64_t number)
{
    if (number < 0 || (uint64_t)number >= v->n_rows)
        return NULL;
    return &v->rows[number];
}

const struct view_curve *view_curve_of(const struct view *v, int64_t number)
{
    for (int i = 0; i < VIEW_CURVES; i++)
        if (number >= 0 && v->curves[i].number == number)
            return &v->curves[i];
    return NULL;
}

struct configuration view_config(const struct view *v, int64_t number)
{
    struct configuration c;
    space_default(&v->space, &c);
    if (!view_row(v, number) || v->space.n == 0)
        return c;
    const double *value = &v->values[(size_t)number * (size_t)v->space.n];
    c.set = 0;
    for (int i = 0; i < v->space.n; i++)
        if (!isnan(value[i])) {
            c.value[i] = value[i];
            c.set |= 1u << i;
        }
    return c;
}

const char *view_value_text(const struct view *v, int64_t number, int i, bool exact, char *out,
                            size_t out_size)
{
    out[0] = 0;
    if (!view_row(v, number) || i < 0 || i >= v->space.n)
        return out;
    struct configuration c = view_config(v, number);
    if (c.set & (1u << i))
        space_value_text(&v->space, &c, i, exact, out, out_size);
    return out;
}

double view_best_value(const struct view *v)
{
    const struct view_row *r = view_row(v, v->best);
    return r ? r->value : NAN;
}

/* ---- lines of the log screen ------------------------------------------------------------- */

const struct view_line *view_line(const struct view *v, size_t i)
{
    return &v->lines[(v->first_line + i) % VIEW_LINES];
}

static struct view_line *add_line(struct view *v, double time_s, const char *who, const char *what,
                                  int64_t trial)
{
    size_t at = (v->first_line + v->n_lines) % VIEW_LINES;
    if (v->n_lines == VIEW_LINES)
        v->first_line = (v->first_line + 1) % VIEW_LINES;
    else
        v->n_lines++;
    v->n_lines_ever++;
    struct view_line *line = &v->lines[at];
    *line = (struct view_line){.time_s = time_s, .trial = trial};
    text_copy(line->who, sizeof line->who, who);
    text_copy(line->what, sizeof line->what, what);
    return line;
}

/* "random: only 3 of 5 ..." says its action itself. */
static bool names_action(const struct trial *t)
{
    size_t n = strlen(t->action);
    return strncmp(t->reason, t->action, n) == 0 && t->reason[n] == ':';
}

static void add_start_line(struct view *v, const struct trial *t)
{
    bool waits = t->state == TRIAL_WAITING;
    struct view_line *line = add_line(v, t->start_s, t->who, waits ? "waits" : "start", t->number);
    if (waits)
        text_copy(line->say, sizeof line->say, "in the queue");
    else if (t->continues >= 0)
        text_format(line->say, sizeof line->say, "continues #%lld", (long long)t->continues);
    else if (t->action[0] && !names_action(t))
        text_format(line->say, sizeof line->say, "%s%s%s", t->action, t->reason[0] ? ": " : "",
                    t->reason);
    else
        text_copy(line->say, sizeof line->say, t->reason);
}

static void add_end_line(struct view *v, const struct trial *t)
{
    char value[32], epochs[32];
    text_counted(epochs, sizeof epochs, (int64_t)t->n_epochs, "epoch");
    struct view_line *line = add_line(v, t->end_s, t->who, trial_state_name(t->state), t->number);
    if (t->error[0])
        text_copy(line->say, sizeof line->say, t->error);
    else if (isnan(t->value))
        text_format(line->say, sizeof line->say, "after %s, no value", epochs);
    else
        text_format(line->say, sizeof line->say, "%s %s at epoch %d, after %s", v->metric,
                    text_human(value, sizeof value, t->value, 3), t->best_epoch, epochs);
}

/* Is it the update that comes next in the fold? Edits that the fold refused are none. */
static bool is_update(const struct view *v, const struct study *study, const struct study_event *e)
{
    if (v->q_events_seen >= study->n_updates)
        return false;
    return strcmp(e->what, "q_update") == 0 ||
           (strcmp(e->what, "q_edit") == 0 && study->updates[v->q_events_seen].visits > 0);
}

static void note_event(struct view *v, const struct study *study, const struct study_event *e)
{
    v->q_events_seen += is_update(v, study, e);
    v->steered = v->steered || study_event_steers(e);
}

static void add_event_line(struct view *v, const struct study *study, const struct study_event *e)
{
    struct view_line *line = add_line(v, e->time_s, e->who, e->what, e->trial);
    bool learnt = strcmp(e->what, "q_update") == 0;
    if (learnt)
        text_copy(line->what, sizeof line->what, "learnt");
    if (learnt && is_update(v, study, e))
        qtable_spell(&study->updates[v->q_events_seen], line->say, sizeof line->say);
    else
        text_copy(line->say, sizeof line->say, e->say);
    note_event(v, study, e);
}

/* The first time: events and trials' starts and ends in the order of their times. */
struct moment {
    double time_s;
    enum { MOMENT_START, MOMENT_EVENT, MOMENT_END } kind;
    size_t index;
};

static int compare_moments(const void *pa, const void *pb)
{
    const struct moment *a = pa, *b = pb;
    if (a->time_s != b->time_s)
        return a->time_s < b->time_s ? -1 : 1;
    if (a->kind != b->kind)
        return (int)a->kind - (int)b->kind;
    return a->index < b->index ? -1 : a->index > b->index;
}

static bool trial_has_ended(const struct trial *t)
{
    return t->state != TRIAL_RUNNING && t->state != TRIAL_WAITING;
}

static bool read_first_lines(struct view *v, const struct study *study)
{
    size_t first_trial = study->n_trials > VIEW_LINES ? study->n_trials - VIEW_LINES : 0;
    size_t first_event = study->n_events > VIEW_LINES ? study->n_events - VIEW_LINES : 0;
    struct moment *m = mem_alloc(3 * VIEW_LINES, sizeof *m);
    if (!m)
        return false;
    size_t n = 0;
    for (size_t i = first_trial; i < study->n_trials; i++) {
        const struct trial *t = &study->trials[i];
        m[n++] = (struct moment){t->start_s, MOMENT_START, i};
        if (trial_has_ended(t))
            m[n++] = (struct moment){t->end_s, MOMENT_END, i};
    }
    for (size_t i = 0; i < first_event; i++)
        note_event(v, study, &study->events[i]);
    for (size_t i = first_event; i < study->n_events; i++)
        m[n++] = (struct moment){study->events[i].time_s, MOMENT_EVENT, i};
    qsort(m, n, sizeof *m, compare_moments);
    for (size_t i = 0; i < n; i++) {
        if (m[i].kind == MOMENT_EVENT)
            add_event_line(v, study, &study->events[m[i].index]);
        else if (m[i].kind == MOMENT_START)
            add_start_line(v, &study->trials[m[i].index]);
        else
            add_end_line(v, &study->trials[m[i].index]);
    }
    v->events_seen = study->n_events;
    mem_free(m);
    return true;
}

static void read_new_events(struct view *v, const struct study *study)
{
    for (; v->events_seen < study->n_events; v->events_seen++)
        add_event_line(v, study, &study->events[v->events_seen]);
}

/* ---- rows -------------------------------------------------------------------------------- */

/* study_better over rows: value, then lower loss, then fewer parameters. */
static bool row_better(const struct view *v, const struct view_row *a, const struct view_row *b)
{
    double sign = v->direction == 2 ? -1 : 1;
    if (isnan(a->value) || isnan(b->value))
        return !isnan(a->value) && isnan(b->value);
    if (a->value != b->value)
        return sign * a->value < sign * b->value;
    if (a->best_loss != b->best_loss && !isnan(a->best_loss) && !isnan(b->best_loss))
        return a->best_loss < b->best_loss;
    if (a->n_parameters != b->n_parameters)
        return a->n_parameters < b->n_parameters;
    return a->number < b->number;
}

/* A parent whose continuation stands for it is not shown beside it. */
static void note_parent(struct view *v, const struct view_row *child)
{
    if (child->continues < 0 || child->continues >= child->number)
        return;
    struct view_row *parent = &v->rows[child->continues];
    parent->continued_by = child->number;
    parent->hidden = child->state == TRIAL_RUNNING || child->state == TRIAL_COMPLETE;
}

static void read_row(struct view *v, const struct study *study, size_t i)
{
    const struct trial *t = &study->trials[i];
    struct view_row *r = &v->rows[i];
    *r = (struct view_row){.number = (int64_t)i,
                           .continues = t->continues,
                           .continued_by = t->continued_by,
                           .n_parameters = t->n_parameters,
                           .value = t->value,
                           .best_loss = t->best_loss,
                           .reward = t->reward,
                           .seconds = t->seconds,
                           .start_s = t->start_s,
                           .end_s = t->end_s,
                           .epochs = (int32_t)t->n_epochs,
                           .target = t->target_epochs,
                           .best_epoch = t->best_epoch,
                           .recorded = t->n_recorded,
                           .state = (uint8_t)t->state,
                           .paused = t->paused};
    text_copy(r->who, sizeof r->who, t->who);
    text_copy(r->action, sizeof r->action, t->action);
    if (t->state == TRIAL_RUNNING) {
        size_t n = t->n_epochs < VIEW_TREND ? t->n_epochs : VIEW_TREND;
        for (size_t k = 0; k < n; k++)
            r->trend[k] = (float)t->curve[t->n_epochs - n + k].value;
        r->n_trend = (uint8_t)n;
    }
    for (int k = 0; k < v->space.n; k++)
        v->values[i * (size_t)v->space.n + (size_t)k] =
            t->config.set & (1u << k) ? t->config.value[k] : NAN;
    v->ever_set |= t->config.set;
    if (t->value < v->lane_best)
        v->lane_best = t->value;
    note_parent(v, r);
}

static void note_finder(struct view *v, const char *who)
{
    size_t i = 0;
    while (i < v->n_finders && strcmp(v->finder[i].who, who) != 0)
        i++;
    if (i == VIEW_FINDERS)
        return;
    if (i == v->n_finders) {
        v->n_finders++;
        v->finder[i] = (struct view_finder){.n = 0};
        text_copy(v->finder[i].who, sizeof v->finder[i].who, who);
    }
    v->finder[i].n++;
}

/* A trial ended: is it among the best, did it become the incumbent? */
static void note_ended(struct view *v, int64_t number)
{
    const struct view_row *r = &v->rows[number];
    if (r->state != TRIAL_COMPLETE || isnan(r->value))
        return;
    size_t at = v->n_top;
    while (at > 0 && row_better(v, r, &v->rows[v->top[at - 1]]))
        at--;
    if (at == VIEW_BEST)
        return;
    if (at == 0)
        note_finder(v, r->who);
    if (v->n_top < VIEW_BEST)
        v->n_top++;
    memmove(&v->top[at + 1], &v->top[at], (v->n_top - 1 - at) * sizeof v->top[0]);
    v->top[at] = number;
}

static int compare_ends(const void *pa, const void *pb)
{
    const struct moment *a = pa, *b = pb;
    if (a->time_s != b->time_s)
        return a->time_s < b->time_s ? -1 : 1;
    return a->index < b->index ? -1 : a->index > b->index;
}

/* The first time, in the order in which the trials ended. */
static bool note_all_ended(struct view *v)
{
    struct moment *m = mem_alloc(v->n_rows, sizeof *m);
    if (!m)
        return false;
    size_t n = 0;
    for (size_t i = 0; i < v->n_rows; i++)
        if (v->rows[i].state == TRIAL_COMPLETE)
            m[n++] = (struct moment){v->rows[i].end_s, MOMENT_END, i};
    qsort(m, n, sizeof *m, compare_ends);
    for (size_t i = 0; i < n; i++)
        note_ended(v, (int64_t)m[i].index);
    mem_free(m);
    return true;
}

static bool reserve_rows(struct view *v, size_t n)
{
    size_t width = v->space.n > 0 ? (size_t)v->space.n : 1;
    if (n <= v->rows_capacity)
        return true;
    size_t wanted = n < 64 ? 64 : n + n / 2;
    struct view_row *rows = mem_resize(v->rows, wanted, sizeof *rows);
    if (!rows)
        return false;
    v->rows = rows;
    if (wanted > SIZE_MAX / width)
        return false;
    double *values = mem_resize(v->values, wanted * width, sizeof *values);
    if (!values)
        return false;
    v->values = values;
    v->rows_capacity = wanted;
    return true;
}

static bool open_trial(struct view *v, size_t i)
{
    if (!mem_grow((void **)&v->open, &v->open_capacity, v->n_open, sizeof *v->open))
        return false;
    v->open[v->n_open++] = i;
    return true;
}

/* Reads an open trial again; tells the log and the score board when it ended. */
static void reread_open(struct view *v, const struct study *study)
{
    size_t kept = 0;
    for (size_t k = 0; k < v->n_open; k++) {
        size_t i = v->open[k];
        bool waited = v->rows[i].state == TRIAL_WAITING;
        read_row(v, study, i);
        if (waited && v->rows[i].state != TRIAL_WAITING)
            add_start_line(v, &study->trials[i]);
        if (row_has_ended(&v->rows[i])) {
            add_end_line(v, &study->trials[i]);
            note_ended(v, (int64_t)i);
        } else
            v->open[kept++] = i;
    }
    v->n_open = kept;
}

static bool read_new_rows(struct view *v, const struct study *study, bool first)
{
    size_t known = v->n_rows;
    if (!reserve_rows(v, study->n_trials))
        return false;
    size_t again = known > NEWEST_REREAD ? known - NEWEST_REREAD : 0;
    for (size_t i = again; i < known; i++)
        read_row(v, study, i);
    for (size_t i = known; i < study->n_trials; i++) {
        bool ended = trial_has_ended(&study->trials[i]);
        if (!ended && !open_trial(v, i))
            return false; /* not counted yet: the next reading tries again */
        read_row(v, study, i);
        v->n_rows = i + 1;
        if (!first)
            add_start_line(v, &study->trials[i]);
        if (ended && !first) {
            add_end_line(v, &study->trials[i]);
            note_ended(v, (int64_t)i);
        }
    }
    return !first || note_all_ended(v);
}

/* ---- curves, the Q-table, the rest ------------------------------------------------------- */

static void list_running(struct view *v)
{
    v->n_running = 0;
    for (size_t k = v->n_open; k-- > 0 && v->n_running < VIEW_CURVES;)
        if (v->rows[v->open[k]].state == TRIAL_RUNNING)
            v->running[v->n_running++] = (int64_t)v->open[k];
}

/* The place of a curve: its own, a free one, or the one that nobody wanted for the longest time. */
static struct view_curve *curve_place(struct view *v, int64_t number)
{
    struct view_curve *oldest = &v->curves[0];
    for (int i = 0; i < VIEW_CURVES; i++) {
        if (v->curves[i].number == number)
            return &v->curves[i];
        if (v->curves[i].used < oldest->used)
            oldest = &v->curves[i];
    }
    oldest->number = -1;
    return oldest;
}

static bool read_curve(struct view *v, const struct study *study, int64_t number)
{
    if (number < 0 || (size_t)number >= study->n_trials)
        return true;
    const struct trial *t = &study->trials[number];
    struct view_curve *c = curve_place(v, number);
    c->used = v->refreshes;
    if (c->number == number && c->n == t->n_epochs && c->recorded == t->n_recorded)
        return true;
    if (t->n_epochs > c->capacity) {
        size_t wanted = t->n_epochs + t->n_epochs / 2;
        struct epoch_result *grown = mem_resize(c->epochs, wanted, sizeof *grown);
        if (!grown)
            return false;
        c->epochs = grown;
        c->capacity = wanted;
    }
    if (t->n_epochs > 0)
        memcpy(c->epochs, t->curve, t->n_epochs * sizeof *c->epochs);
    c->number = number;
    c->n = t->n_epochs;
    c->recorded = t->n_recorded;
    return true;
}

static bool read_curves(struct view *v, const struct study *study, const struct view_want *want)
{
    bool ok = true;
    for (size_t i = 0; i < want->n_curves && i < VIEW_CURVES; i++)
        ok = read_curve(v, study, want->curve[i]) && ok;
    for (size_t i = 0; i < want->n_running && i < v->n_running; i++)
        ok = read_curve(v, study, v->running[i]) && ok;
    for (size_t i = 0; i < want->n_best && i < v->n_top; i++)
        ok = read_curve(v, study, v->top[i]) && ok;
    return read_curve(v, study, want->detail) && ok;
}

/* The updates carry their result, so that the table is the agent's own at every moment. */
static void fold_updates(struct view *v, const struct study *study)
{
    if (v->n_updates == 0)
        qtable_begin(&v->q, v->guidance ? &v->guidance->advice->q : NULL);
    v->n_updates = qtable_fold_from(&v->q, study, v->n_updates);
    qtable_overrides(&v->overrides, study);
    if (v->n_updates > 0)
        v->last_update = study->updates[v->n_updates - 1];
}

static void copy_trial(struct trial *out, const struct trial *t)
{
    *out = *t;
    out->curve = NULL;
    out->curve_capacity = 0;
}

static void read_move(struct view *v, const struct study *study)
{
    v->has_move = false;
    for (size_t i = study->n_trials, looked = 0; i-- > 0 && looked < 256; looked++)
        if (study->trials[i].reason[0] && study->trials[i].state != TRIAL_WAITING) {
            copy_trial(&v->move, &study->trials[i]);
            v->has_move = true;
            return;
        }
}

static void read_test(struct view *v, const struct study *study)
{
    if (v->tests_read == study->tests_read)
        return;
    v->tests_read = study->tests_read;
    v->test_say[0] = 0;
    v->test_accuracy = NAN;
    for (size_t i = study->n_events; i-- > 0 && !v->test_say[0];)
        if (strcmp(study->events[i].what, "test") == 0)
            text_copy(v->test_say, sizeof v->test_say, study->events[i].say);
    struct cJSON *doc = NULL;
    if (study->test_json &&
        json_parse(study->test_json, strlen(study->test_json), "test", &doc, NULL) == ERR_OK) {
        json_get_number(doc, "accuracy", &v->test_accuracy);
        json_free(doc);
    }
}

/* What the study has come to: worked out once, then carried on by what is better than before. */
static bool read_lane(struct view *v, const struct study *study)
{
    if (!v->has_lane) {
        race_lane_free(&v->lane);
        v->has_lane = race_lane_of_study(study, &v->lane) == ERR_OK;
    }
    size_t n = v->lane.n_steps;
    bool gained = n == 0 || v->lane_best < v->lane.step[n - 1].error;
    v->lane.n_epochs = study->epochs_spent;
    v->lane.live = study->n_state[TRIAL_RUNNING] > 0;
    v->lane.steered = v->steered;
    if (!v->has_lane || v->direction == 2 || !isfinite(v->lane_best) || !gained)
        return v->has_lane;
    struct race_step step = {study->epochs_spent, v->lane_best, v->lane_best, v->lane_best};
    return race_lane_add(&v->lane, &step) == ERR_OK;
}

static void read_head(struct view *v, const struct study *study)
{
    text_copy(v->study_name, sizeof v->study_name, study->name);
    text_copy(v->fingerprint, sizeof v->fingerprint, study->fingerprint);
    text_copy(v->metric, sizeof v->metric, study->metric[0] ? study->metric : "value");
    v->direction = study->direction;
    v->best = study->best;
    memcpy(v->n_state, study->n_state, sizeof v->n_state);
    v->epochs_spent = study->epochs_spent;
    v->epochs_charged = study->epochs_charged;
    v->seconds_trained = study->seconds_trained;
}

/* Another study, or the same with another space: everything is read anew. */
static bool must_start_anew(const struct view *v, const struct study *study)
{
    return v->identity != study || study->n_trials < v->n_rows || study->space.n != v->space.n ||
           study->n_events < v->events_seen || study->n_updates < v->n_updates;
}

static bool start_anew(struct view *v, const struct study *study)
{
    struct engine_status status = v->status;
    const struct guidance *guidance = v->guidance;
    uint64_t changed = v->rows_changed;
    unsigned refreshes = v->refreshes;
    view_free(v);
    v->status = status;
    v->guidance = guidance;
    v->rows_changed = changed + 1;
    v->refreshes = refreshes;
    v->space = study->space;
    v->lines = mem_alloc(VIEW_LINES, sizeof *v->lines);
    if (v->lines)
        v->identity = study;
    return v->lines != NULL;
}

bool view_refresh(struct view *v, const struct study *study, const struct view_want *want)
{
    bool anew = must_start_anew(v, study), ok = true;
    if (anew && !start_anew(v, study))
        return false;
    v->refreshes++;
    if (anew || v->version != study->version) {
        v->rows_changed++;
        v->space = study->space;
        read_head(v, study);
        if (!anew) {
            reread_open(v, study);
            read_new_events(v, study);
        }
        ok = read_new_rows(v, study, anew);
        if (anew)
            ok = read_first_lines(v, study) && ok;
        list_running(v);
        fold_updates(v, study);
        read_move(v, study);
        read_test(v, study);
        if (want->lane || v->has_lane)
            ok = read_lane(v, study) && ok;
        if (ok)
            v->version = study->version;
        else if (anew)
            v->identity = NULL; /* half a first reading is none */
    }
    if (want->meta)
        ok = view_meta_make(v->guidance, &v->status.outlook, study, &v->meta) && ok;
    if (want->lane && !v->has_lane)
        ok = read_lane(v, study) && ok;
    ok = read_curves(v, study, want) && ok;
    const struct trial *t = study_trial(study, want->detail);
    v->has_detail = t != NULL;
    if (t)
        copy_trial(&v->detail, t);
    return ok;
}
