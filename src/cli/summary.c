/* summary: what came of a search: one JSON object, or a few lines for people. */
#include "session.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <string.h>

/* What both forms say. */
struct figures {
    const struct study *study;
    const struct engine_status *status;
    const struct engine_settings *settings;
    const struct data_set *set;
    const struct trial *best;
    struct engine_confirmed confirmed[CONFIRM_MAX];
    int n_confirmed;       /* 0: none is wanted or there yet */
    double parameter_rows; /* cost: parameters x training rows, over all epochs */
};

/* Parameters x rows over all epochs run: what the epochs really cost (decisions 14). */
static double parameter_rows(const struct study *study, int64_t n_rows)
{
    double sum = 0;
    for (size_t i = 0; i < study->n_trials; i++)
        if (study->trials[i].n_parameters > 0)
            sum += (double)study->trials[i].n_recorded * (double)study->trials[i].n_parameters;
    return sum * (double)n_rows;
}

/* Who found how many of the incumbents, in the order of the trials' ends. */
struct finder {
    const char *who;
    int n;
};

static size_t count_trials_by(const struct study *study, struct finder *out, size_t max)
{
    size_t n = 0;
    for (size_t i = 0; i < study->n_trials; i++) {
        const char *who = study->trials[i].who[0] ? study->trials[i].who : "?";
        size_t k = 0;
        while (k < n && strcmp(out[k].who, who) != 0)
            k++;
        if (k == n && n == max)
            continue;
        if (k == n)
            out[n++] = (struct finder){who, 0};
        out[k].n++;
    }
    return n;
}

/* ---- JSON -------------------------------------------------------------------------------- */

static void put_best(struct json_writer *w, const struct figures *f)
{
    const struct trial *t = f->best;
    if (!t) {
        json_put_null(w, "best");
        return;
    }
    json_open(w, "best", '{');
    json_put_int(w, "trial", t->number);
    json_put_string(w, "by", t->who);
    json_put_int(w, "epoch", t->best_epoch);
    json_put_string(w, "objective", f->study->metric);
    json_put_number(w, "value", t->value);
    json_put_int(w, "parameters", t->n_parameters);
    cli_put_params(w, &f->study->space, &t->config);
    json_open(w, "metrics", '{');
    for (size_t i = 0; i < t->n_epochs; i++)
        if (t->curve[i].step == t->best_epoch)
            for (int m = 0; m < METRIC_SECONDS; m++)
                if (!isnan(t->curve[i].metric[m]))
                    json_put_number(w, study_metric_name((enum study_metric)m),
                                    t->curve[i].metric[m]);
    json_close(w, '}');
    json_close(w, '}');
}

static void put_numbers(struct json_writer *w, const char *name, const double *x, int n)
{
    json_open(w, name, '[');
    for (int i = 0; i < n; i++)
        json_put_number(w, NULL, x[i]);
    json_close(w, ']');
}

/* What a further seed has cost stands beside the budget. */
static void put_confirmed(struct json_writer *w, const struct figures *f)
{
    int best = engine_confirmed_best(f->confirmed, f->n_confirmed);
    if (best < 0)
        return;
    json_open(w, "confirmed", '{');
    json_put_int(w, "chosen", f->confirmed[best].trial);
    json_put_int(w, "network", engine_chosen(f->study)->number);
    json_put_int(w, "epochs", engine_beside(f->study).epochs);
    json_open(w, "configurations", '[');
    for (int j = 0; j < f->n_confirmed; j++) {
        const struct engine_confirmed *c = &f->confirmed[j];
        json_open(w, NULL, '{');
        json_put_int(w, "trial", c->trial);
        json_put_number(w, "found", c->value);
        put_numbers(w, "values", c->result, c->n);
        json_put_number(w, "mean", c->mean);
        json_put_number(w, "sd", c->sd);
        cli_put_params(w, &f->study->space, &study_trial(f->study, c->trial)->config);
        json_close(w, '}');
    }
    json_close(w, ']');
    json_close(w, '}');
}

/* The test event's figures, those first that people look at. */
static const char *const test_names[] = {
    "accuracy", "loss", "precision", "recall", "f1", "auc", "average_precision", "mse", "mae", "r2",
};
enum { N_TEST_NAMES = sizeof test_names / sizeof *test_names };

static void put_test(struct json_writer *w, const struct study *study)
{
    struct cJSON *doc = NULL;
    double x;
    int64_t n;
    if (!study->test_json ||
        json_parse(study->test_json, strlen(study->test_json), "test", &doc, NULL) != ERR_OK) {
        json_put_null(w, "test");
        return;
    }
    json_open(w, "test", '{');
    if (json_get_int(doc, "trial", &n))
        json_put_int(w, "trial", n);
    for (size_t i = 0; i < N_TEST_NAMES; i++)
        if (json_get_number(doc, test_names[i], &x))
            json_put_number(w, test_names[i], x);
    if (json_get_int(doc, "rows", &n))
        json_put_int(w, "rows", n);
    json_put_int(w, "times_read", study->tests_read);
    json_close(w, '}');
    json_free(doc);
}

static void put_json(const struct figures *f, struct text *out)
{
    struct json_writer w;
    struct finder by[16];
    const struct study *s = f->study;
    json_begin(&w, out);
    json_open(&w, NULL, '{');
    json_put_string(&w, "study", s->name);
    json_put_string(&w, "task", f->set->name);
    json_put_string(&w, "sampler", f->settings->sampler);
    json_put_string(&w, "pruner", f->settings->pruner);
    json_put_int(&w, "rng_seed", (int64_t)f->settings->rng_seed);
    json_put_int(&w, "epochs_per_trial", f->settings->full_epochs);
    json_put_bool(&w, "finished", f->status->finished);
    json_put_bool(&w, "steered", study_is_steered(s));
    json_put_int(&w, "trials", (int64_t)s->n_trials);
    json_open(&w, "states", '{');
    for (int i = 0; i < 5; i++)
        json_put_int(&w, trial_state_name((enum trial_state)i), s->n_state[i]);
    json_close(&w, '}');
    json_open(&w, "by", '{');
    size_t n = count_trials_by(s, by, 16);
    for (size_t i = 0; i < n; i++)
        json_put_int(&w, by[i].who, by[i].n);
    json_close(&w, '}');
    json_put_int(&w, "epochs", s->epochs_spent - engine_beside(s).epochs);
    json_put_int(&w, "epochs_charged", s->epochs_charged);
    json_put_number(&w, "parameter_rows", f->parameter_rows);
    summary_put_knowledge(&w, s);
    put_best(&w, f);
    put_confirmed(&w, f);
    put_test(&w, s);
    json_put_int(&w, "workers", f->status->n_workers);
    json_put_number(&w, "idle_share", f->status->idle_share);
    json_put_number(&w, "seconds", f->status->seconds);
    json_put_number(&w, "samples_per_second",
                    f->status->seconds > 0
                        ? (double)s->epochs_spent * (double)f->set->part[DATA_TRAIN].n_rows /
                              f->status->seconds
                        : 0);
    json_close(&w, '}');
    text_append_char(out, '\n');
}

/* ---- for people -------------------------------------------------------------------------- */

static void say_best(const struct figures *f, struct text *out)
{
    const struct trial *t = f->best;
    char value[32], loss[32];
    if (!t) {
        text_append(out, f->study->n_state[TRIAL_FAIL] > 0
                             ? "no trial has a value: all that ended failed; the log says why\n"
                             : "no trial has a value yet\n");
        return;
    }
    text_appendf(out, "best: #%lld by %s, epoch %d: %s %s", (long long)t->number, t->who,
                 t->best_epoch, f->study->metric, text_human(value, sizeof value, t->value, 4));
    if (t->best_loss != t->value)
        text_appendf(out, ", val_loss %s", text_human(loss, sizeof loss, t->best_loss, 4));
    text_append(out, "\n  ");
    space_format(&f->study->space, &t->config, out);
    text_append_char(out, '\n');
}

/* Mean and spread of the further seeds; the choice is by the mean. */
static void say_confirmed(const struct figures *f, struct text *out)
{
    int best = engine_confirmed_best(f->confirmed, f->n_confirmed);
    char found[32], mean[32], sd[32], epochs[32];
    if (best < 0)
        return;
    text_appendf(out, "confirmed with %d further seeds each, %s epochs beside the budget:\n",
                 CONFIRM_SEEDS, text_count(epochs, sizeof epochs, engine_beside(f->study).epochs));
    for (int j = 0; j < f->n_confirmed; j++) {
        const struct engine_confirmed *c = &f->confirmed[j];
        text_appendf(out, "  #%lld found %s, mean %s, spread %s%s\n", (long long)c->trial,
                     text_human(found, sizeof found, c->value, 4),
                     text_human(mean, sizeof mean, c->mean, 4), text_human(sd, sizeof sd, c->sd, 2),
                     j == best ? "  chosen" : "");
    }
}

static void say_test(const struct figures *f, struct text *out)
{
    struct cJSON *doc = NULL;
    double x;
    const char *json = f->study->test_json, *between = "test: ";
    char value[32], rows[32];
    if (!json || json_parse(json, strlen(json), "test", &doc, NULL) != ERR_OK)
        return;
    for (size_t i = 0; i < N_TEST_NAMES; i++)
        if (json_get_number(doc, test_names[i], &x)) {
            text_appendf(out, "%s%s %s", between, test_names[i],
                         text_human(value, sizeof value, x, 4));
            between = ", ";
        }
    text_appendf(out, " (%s rows)\n",
                 text_count(rows, sizeof rows, f->set->part[DATA_TEST].n_rows));
    json_free(doc);
    if (f->study->tests_read > 1)
        text_appendf(out, "test read %lld times: its figure is no longer untouched\n",
                     (long long)f->study->tests_read);
}

static void say(const struct figures *f, struct text *out)
{
    char epochs[32], time[32], cost[32];
    struct finder by[16];
    const struct study *s = f->study;
    text_appendf(out,
                 "%s: %zu trials (%lld done, %lld pruned, %lld failed), %s epochs in %s, "
                 "%s parameters x rows\n",
                 f->set->name, s->n_trials, (long long)s->n_state[TRIAL_COMPLETE],
                 (long long)s->n_state[TRIAL_PRUNED], (long long)s->n_state[TRIAL_FAIL],
                 text_count(epochs, sizeof epochs, s->epochs_spent - engine_beside(s).epochs),
                 text_duration(time, sizeof time, f->status->seconds),
                 text_human(cost, sizeof cost, f->parameter_rows, 3));
    text_append(out, "by:");
    size_t n = count_trials_by(s, by, 16);
    for (size_t i = 0; i < n; i++)
        text_appendf(out, " %s %d", by[i].who, by[i].n);
    text_append_char(out, '\n');
    summary_say_knowledge(s, out);
    say_best(f, out);
    say_confirmed(f, out);
    say_test(f, out);
}

void session_summary(const struct study *study, const struct engine_status *status,
                     const struct engine_settings *settings, const struct data_set *set, bool json,
                     struct text *out)
{
    struct figures f = {
        .study = study,
        .status = status,
        .settings = settings,
        .set = set,
        .best = study_best(study),
        .parameter_rows = parameter_rows(study, set->part[DATA_TRAIN].n_rows),
    };
    f.n_confirmed =
        engine_confirmations(study, settings->confirm, status->majority_error, f.confirmed);
    if (json)
        put_json(&f, out);
    else
        say(&f, out);
}
