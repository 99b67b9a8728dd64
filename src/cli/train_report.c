/* train_report: what `tiller train` says of a training: a line per epoch on stderr, the result on
 * stdout as text or JSON. A metric that the task does not have is left out everywhere. */
#include "train.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- progress ---------------------------------------------------------------------------- */

static double rate(const struct train_run *r)
{
    return r->train_seconds > 0 ? (double)r->samples / r->train_seconds : 0;
}

static void say_source(const struct train_run *r)
{
    char text[256];
    if (r->source)
        fprintf(stderr, "starts from %s; %d of %d layers carried\n",
                net_source_text(r->source, text, sizeof text), r->n_carried,
                net_count_layers(r->training));
}

void train_say_start(const struct train_run *r)
{
    const struct net_rows *train = &r->rows[DATA_TRAIN];
    struct net_config c = net_config_from(&r->space, &r->config, (int)r->options->epochs, 0);
    char rows[32], shape[128], parameters[32], bytes[32];
    fprintf(stderr, "%s: %s training%s rows, network %s, %s parameters, %s beside the data\n",
            r->set->name, text_count(rows, sizeof rows, train->n_rows),
            r->options->refit ? " and validation" : "",
            net_shape_text(&c, train, shape, sizeof shape),
            text_count(parameters, sizeof parameters, (int64_t)net_count_parameters(&c, train)),
            text_bytes(bytes, sizeof bytes, (double)net_memory_bytes(&c, train)));
    say_source(r);
}

/* "loss 0.2812  accuracy 0.9141 ...": four decimals, but for errors in large or small units. */
static void put_metrics(struct text *out, const struct net_metrics *m)
{
    const char *name, *between = "";
    for (int i = 0; (name = net_metric_name(i, NULL)) != NULL; i++) {
        double value = net_metric(m, i), size = fabs(value);
        if (isnan(value))
            continue;
        bool plain = size == 0 || (size >= 0.01 && size < 100);
        text_appendf(out, plain ? "%s%s %.4f" : "%s%s %.4g", between, name, value);
        between = "  ";
    }
}

void train_say_epoch(const struct train_run *r)
{
    const struct train_epoch *e = &r->epochs[r->n_epochs - 1];
    int64_t total = r->options->epochs;
    char speed[32], left[32];
    struct text metrics = {0};
    if (!r->options->refit) {
        text_append(&metrics, "val ");
        put_metrics(&metrics, &e->validation);
        text_append(&metrics, "  ");
    }
    text_count(speed, sizeof speed, (int64_t)rate(r));
    text_duration(left, sizeof left, r->seconds / r->n_epochs * (double)(total - r->n_epochs));
    fprintf(stderr, "epoch %*d/%lld  train loss %.4f  %s%s samples/s  %s left\n",
            (int)snprintf(NULL, 0, "%lld", (long long)total), r->n_epochs, (long long)total,
            e->train_loss, text_get(&metrics), speed, left);
    text_free(&metrics);
}

/* ---- JSON -------------------------------------------------------------------------------- */

static void put_epoch(struct json_writer *w, const struct train_run *r, int number)
{
    const struct train_epoch *e = &r->epochs[number - 1];
    json_open(w, NULL, '{');
    json_put_int(w, "epoch", number);
    json_put_number(w, "train_loss", e->train_loss);
    if (!r->options->refit)
        cli_put_metrics(w, &e->validation, "val_");
    json_close(w, '}');
}

static void put_test(struct json_writer *w, const struct train_run *r)
{
    size_t n = (size_t)r->set->n_classes;
    if (!r->tested) {
        json_put_null(w, "test");
        return;
    }
    json_open(w, "test", '{');
    cli_put_metrics(w, &r->test, "");
    if (n > 0) {
        json_open(w, "confusion", '[');
        for (size_t truth = 0; truth < n; truth++) {
            json_open(w, NULL, '[');
            for (size_t said = 0; said < n; said++)
                json_put_int(w, NULL, r->confusion[truth * n + said]);
            json_close(w, ']');
        }
        json_close(w, ']');
    }
    json_close(w, '}');
}

static void put_result(struct json_writer *w, const struct train_run *r, bool with_epochs)
{
    json_open(w, NULL, '{');
    json_put_string(w, "task", r->set->name);
    cli_put_params(w, &r->space, &r->config);
    if (with_epochs) {
        json_open(w, "epochs", '[');
        for (int i = 0; i < r->n_epochs; i++)
            put_epoch(w, r, i + 1);
        json_close(w, ']');
    }
    put_test(w, r);
    json_put_number(w, "seconds", r->seconds);
    json_put_number(w, "samples_per_second", rate(r));
    if (r->end == TRAIN_DIVERGED)
        json_put_string(w, "diverged", r->divergence);
    if (r->options->refit)
        json_put_bool(w, "refit", true);
    if (r->source) {
        json_put_string(w, "from", r->options->from);
        json_put_int(w, "carried_layers", r->n_carried);
    }
    json_close(w, '}');
}

/* One line on stdout, flushed; takes and frees the text. */
static enum err print_line(struct text *line, struct err_info *info)
{
    enum err e = ERR_OK;
    if (line->failed)
        e = err_set_memory(info, "output");
    else if (printf("%s\n", text_get(line)) < 0 || fflush(stdout) != 0)
        e = err_set_errno(info, ERR_IO, "stdout", NULL, "writing failed");
    text_free(line);
    return e;
}

enum err train_print_epoch(const struct train_run *r, struct err_info *info)
{
    struct text line = {0};
    struct json_writer w;
    json_begin(&w, &line);
    put_epoch(&w, r, r->n_epochs);
    return print_line(&line, info);
}

static enum err print_json(const struct train_run *r, struct err_info *info)
{
    struct text line = {0};
    struct json_writer w;
    json_begin(&w, &line);
    put_result(&w, r, r->options->json);
    return print_line(&line, info);
}

/* ---- for people -------------------------------------------------------------------------- */

static void put_validation(struct text *out, const struct train_run *r)
{
    if (r->options->refit) {
        text_append(out, "validation: no figures, for its rows were trained on (--refit)\n");
    } else if (r->n_epochs > 0) {
        text_append(out, "validation: ");
        put_metrics(out, &r->epochs[r->n_epochs - 1].validation);
        text_append_char(out, '\n');
    }
}

static void put_summary(struct text *out, const struct train_run *r)
{
    char time[32], speed[32], rows[32];
    text_appendf(out, "%s: %d epochs in %s, %s samples/s in training\n", r->set->name, r->n_epochs,
                 text_duration(time, sizeof time, r->seconds),
                 text_count(speed, sizeof speed, (int64_t)rate(r)));
    text_append(out, "configuration: ");
    space_format(&r->space, &r->config, out);
    text_append_char(out, '\n');
    put_validation(out, r);
    if (!r->tested)
        return;
    text_append(out, "test:       ");
    put_metrics(out, &r->test);
    text_appendf(out, "  (%s rows)\n", text_count(rows, sizeof rows, r->rows[DATA_TEST].n_rows));
    if (r->confusion)
        train_put_confusion(out, r->set, r->confusion);
}

static enum err print_summary(const struct train_run *r, struct err_info *info)
{
    struct text out = {0};
    put_summary(&out, r);
    if (out.length > 0 && out.data[out.length - 1] == '\n')
        out.data[--out.length] = 0;
    return print_line(&out, info);
}

enum err train_print_result(const struct train_run *r, struct err_info *info)
{
    if (r->options->json_lines)
        return r->tested || r->end == TRAIN_DIVERGED ? print_json(r, info) : ERR_OK;
    return r->options->json ? print_json(r, info) : print_summary(r, info);
}
