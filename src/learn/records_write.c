/* records_write: the packed form of recordings; include/tiller/learn.h says what stands in it. */
#include "internal.h"

#include <math.h>
#include <string.h>

static void put_head(const struct learn_records *r, struct text *out)
{
    struct json_writer w;
    json_begin(&w, out);
    json_open(&w, NULL, '{');
    json_put_string(&w, "format", RECORDS_FORMAT);
    json_put_int(&w, "version", RECORDS_VERSION);
    json_put_bool(&w, "pool", r->pool);
    json_open(&w, "curves", '[');
    for (int c = 0; c < RECORDED_CURVES; c++)
        json_put_string(&w, NULL, recorded_curve_name((enum recorded_curve)c));
    json_close(&w, ']');
    json_put_int(&w, "tasks", (int64_t)r->n_tasks);
    json_close(&w, '}');
    text_append_char(out, '\n');
}

static void put_numbers(struct json_writer *w, const char *name, const double *value, int n)
{
    json_open(w, name, '[');
    for (int i = 0; i < n; i++)
        json_put_number(w, NULL, value[i]);
    json_close(w, ']');
}

static void put_features(struct json_writer *w, const struct task_features *f)
{
    json_open(w, "features", '{');
    put_numbers(w, "value", f->value, FEATURE_N);
    put_numbers(w, "sketch", f->sketch, SKETCH_N);
    json_put_int(w, "rows", f->rows_used);
    json_put_number(w, "cost", f->cost_epochs);
    json_close(w, '}');
}

static void put_task(const struct recorded_task *task, struct text *out)
{
    struct json_writer w;
    struct text plan = {0}, space = {0};
    plan_write(&task->plan, &plan);
    space_put_json(&task->space, &space);
    json_begin(&w, out);
    json_open(&w, NULL, '{');
    json_put_string(&w, "task", task->name);
    json_put_string(&w, "family", task->family);
    json_put_string(&w, "variant", task->variant);
    json_put_string(&w, "fingerprint", task->fingerprint);
    json_put_int(&w, "split_seed", (int64_t)task->facts.split_seed);
    json_put_int(&w, "rows", task->facts.n_rows);
    json_put_int(&w, "inputs", task->facts.n_inputs);
    json_put_int(&w, "classes", task->facts.n_classes);
    json_put_number(&w, "majority_error", task->facts.majority_error);
    json_put_string(&w, "objective", task->objective);
    json_put_int(&w, "epochs", task->full_epochs);
    json_put_raw(&w, "plan", text_get(&plan));
    json_put_raw(&w, "space", text_get(&space));
    if (task->has_features)
        put_features(&w, &task->features);
    json_put_int(&w, "trainings", (int64_t)task->n_trainings);
    json_close(&w, '}');
    text_append_char(out, '\n');
    out->failed |= plan.failed || space.failed;
    text_free(&plan);
    text_free(&space);
}

static void put_values(struct json_writer *w, const struct space *space,
                       const struct configuration *c)
{
    json_open(w, "x", '[');
    for (int i = 0; i < space->n; i++)
        if (c->set >> i & 1)
            json_put_number(w, NULL, c->value[i]);
        else
            json_put_null(w, NULL);
    json_close(w, ']');
}

static void put_curves(struct json_writer *w, const struct recorded_training *t)
{
    char digits[32];
    json_open(w, "curves", '[');
    for (int c = 0; c < RECORDED_CURVES; c++) {
        json_open(w, NULL, '[');
        for (int i = 0; i < t->n_epochs; i++)
            if (isfinite(t->curve[c][i]))
                json_put_raw(w, NULL,
                             text_format(digits, sizeof digits, "%.4g", (double)t->curve[c][i]));
            else
                json_put_null(w, NULL);
        json_close(w, ']');
    }
    json_close(w, ']');
}

static void put_training(const struct space *space, const struct recorded_training *t,
                         struct text *out)
{
    struct json_writer w;
    json_begin(&w, out);
    json_open(&w, NULL, '{');
    put_values(&w, space, &t->config);
    json_put_string(&w, "who", t->who);
    if (t->point >= 0)
        json_put_int(&w, "point", t->point);
    if (t->repeats >= 0)
        json_put_int(&w, "repeats", t->repeats);
    json_put_int(&w, "seed", (int64_t)t->rng_seed);
    json_put_int(&w, "parameters", t->n_parameters);
    json_put_number(&w, "seconds", t->seconds);
    if (t->failed)
        json_put_bool(&w, "failed", true);
    put_curves(&w, t);
    json_close(&w, '}');
    text_append_char(out, '\n');
}

enum err learn_records_write(const struct learn_records *r, const char *path, struct err_info *info)
{
    struct text out = {0};
    put_head(r, &out);
    for (size_t i = 0; i < r->n_tasks; i++) {
        const struct recorded_task *task = &r->task[i];
        put_task(task, &out);
        for (size_t k = 0; k < task->n_trainings; k++)
            put_training(&task->space, &task->training[k], &out);
    }
    enum err err = out.failed ? err_set_memory(info, path)
                              : file_write_gzip(path, text_get(&out), out.length, info);
    text_free(&out);
    return err;
}
