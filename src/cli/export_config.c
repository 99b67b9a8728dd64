/* export_config: config.json, for people and programs: what the network is and where it comes from.
 * A figure that does not exist (NaN) is left out, so that any JSON reader takes the file. */
#include "export.h"
#include "trial_network.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <string.h>

/* ---- pieces ------------------------------------------------------------------------------ */

static void put_figure(struct json_writer *w, const char *name, double value)
{
    if (isfinite(value))
        json_put_number(w, name, value);
}

/* All that have a part in it, also the held ones, which the log leaves out. */
static void put_hyperparameters(struct json_writer *w, const struct trial_network *t)
{
    const struct space *space = &t->study->space;
    json_open(w, "hyperparameters", '{');
    for (int i = 0; i < space->n; i++)
        if (space_is_active(space, &t->trial->config, i))
            cli_put_value(w, space, &t->trial->config, i);
    json_close(w, '}');
}

static void put_trial(struct json_writer *w, const struct trial_network *t)
{
    json_put_string(w, "study", file_base_name(t->path));
    json_put_int(w, "trial", t->trial->number);
    json_put_string(w, "objective", t->study->metric);
    put_figure(w, "value", t->best->value);
    json_put_int(w, "epoch", t->trial->best_epoch);
    json_put_int(w, "epochs_per_trial", t->settings.full_epochs);
    json_put_int(w, "rng_seed", (int64_t)t->trial->rng_seed);
    put_hyperparameters(w, t);
    if (t->settings.from[0])
        json_put_string(w, "from", t->settings.from);
    if (t->refit) {
        json_open(w, "refit", '{');
        json_put_int(w, "rows", t->all_rows.n_rows);
        json_put_int(w, "epochs", t->trial->best_epoch);
        json_close(w, '}');
    }
}

/* What train --save knows of a network. */
static void put_origin(struct json_writer *w, const struct cJSON *origin)
{
    int64_t n;
    if (json_get_int(origin, "epoch", &n))
        json_put_int(w, "epoch", n);
    if (json_get_int(origin, "rng_seed", &n))
        json_put_int(w, "rng_seed", n);
}

static void put_network(struct json_writer *w, const struct cli_network *n)
{
    char shape[128];
    json_open(w, "network", '{');
    json_put_string(w, "kind", net_kind_name(n->config->kind));
    json_put_string(w, "shape", net_shape_text(n->config, n->shape, shape, sizeof shape));
    json_put_int(w, "parameters", (int64_t)net_count_parameters(n->config, n->shape));
    json_close(w, '}');
}

static void put_layer(struct json_writer *w, const struct net_config *c,
                      const struct net_layer_form *f)
{
    json_open(w, NULL, '{');
    json_put_string(w, "kind", f->conv ? "conv" : "dense");
    json_put_int(w, "inputs", f->n_in);
    json_put_int(w, "outputs", f->n_out);
    if (f->conv)
        json_put_int(w, "kernel_size", f->kernel_size);
    if (f->normalization != NET_NORM_NONE)
        json_put_string(w, "normalization", net_normalization_name(f->normalization));
    if (f->pooled)
        json_put_string(w, "pooling", net_pooling_name(c->pooling));
    if (!f->last)
        json_put_string(w, "activation", net_activation_name(c->activation));
    if (f->residual)
        json_put_bool(w, "residual", true);
    json_close(w, '}');
}

static void put_layers(struct json_writer *w, const struct cli_network *n)
{
    struct net_layer_form f;
    json_open(w, "layers", '[');
    for (int l = 0; net_layer_form(n->config, n->shape, l, &f); l++)
        put_layer(w, n->config, &f);
    json_close(w, ']');
}

/* ---- how good it is ---------------------------------------------------------------------- */

static void put_validation(struct json_writer *w, const struct epoch_result *best)
{
    json_open(w, "validation", '{');
    for (int m = 0; m < METRIC_SECONDS; m++)
        put_figure(w, study_metric_name((enum study_metric)m), best->metric[m]);
    json_close(w, '}');
}

/* Only if the study has read the test part for this very trial: export does not read it. */
static void put_test(struct json_writer *w, const struct trial_network *t)
{
    const char *json = t->study->test_json, *name;
    struct cJSON *doc = NULL;
    int64_t number;
    double value;
    if (json && json_parse(json, strlen(json), "test", &doc, NULL) == ERR_OK &&
        json_get_int(doc, "trial", &number) && number == t->trial->number) {
        json_open(w, "test", '{');
        for (int i = 0; (name = net_metric_name(i, NULL)) != NULL; i++)
            if (json_get_number(doc, name, &value))
                put_figure(w, name, value);
        json_close(w, '}');
    }
    json_free(doc);
}

static void put_metrics(struct json_writer *w, const struct trial_network *t,
                        const struct cJSON *origin)
{
    const struct cJSON *known = json_get(origin, "metrics");
    json_open(w, "metrics", '{');
    if (t && t->refit) /* no rows are left to judge it by but the test part's */
        json_put_string(w, "of", "the network before the refit");
    if (t) {
        put_validation(w, t->best);
        put_test(w, t);
    } else if (known) {
        json_put_item(w, "validation", known);
    }
    json_close(w, '}');
}

/* ---- data -------------------------------------------------------------------------------- */

static void put_label(struct json_writer *w, const struct data_encoder_facts *f)
{
    json_put_string(w, "target", f->target_name);
    if (f->task == DATA_REGRESSION) {
        json_put_number(w, "target_mean", f->target_mean);
        json_put_number(w, "target_scale", f->target_scale);
        return;
    }
    json_open(w, "classes", '[');
    for (int32_t c = 0; c < f->n_classes; c++)
        json_put_string(w, NULL, f->class_names[c]);
    json_close(w, ']');
}

static void put_rows(struct json_writer *w, const struct trial_network *t)
{
    static const char *const names[] = {"training_rows", "validation_rows", "test_rows"};
    for (int p = 0; p < DATA_N_PARTS; p++)
        json_put_int(w, names[p], t->set->part[p].n_rows);
}

static void put_data(struct json_writer *w, const struct trial_network *t,
                     const struct data_encoder_facts *f)
{
    char seed[32];
    json_open(w, "data", '{');
    json_put_string(w, "name", f->task_name);
    if (t)
        json_put_string(w, "path", t->set->path);
    json_put_string(w, "source", f->source == DATA_IMAGES ? "images" : "table");
    json_put_string(w, "task", f->task == DATA_REGRESSION ? "regression" : "classification");
    json_put_int(w, "inputs", f->n_inputs);
    put_label(w, f);
    if (t)
        put_rows(w, t);
    json_put_string(w, "split_seed", /* all 64 bits, which a JSON number would not keep */
                    text_format(seed, sizeof seed, "%llu", (unsigned long long)f->split_seed));
    json_put_string(w, "fingerprint", f->fingerprint);
    json_close(w, '}');
}

/* ---- all of it --------------------------------------------------------------------------- */

static void break_line(struct text *out, int depth)
{
    text_appendf(out, "\n%*s", 2 * depth, "");
}

/* Objects and arrays of the first two levels get a line for each member. */
static void indent(const char *json, struct text *out)
{
    int depth = 0;
    bool within = false;
    for (const char *c = json; *c; c++) {
        bool closes = !within && (*c == '}' || *c == ']'),
             opens = !within && (*c == '{' || *c == '[');
        if (closes && --depth < 2 && c[-1] != '{' && c[-1] != '[')
            break_line(out, depth);
        text_append_char(out, *c);
        if (within && *c == '\\')
            text_append_char(out, *++c);
        else if (*c == '"')
            within = !within;
        if (opens && depth++ < 2 && c[1] != '}' && c[1] != ']')
            break_line(out, depth);
        if (!within && *c == ',' && depth <= 2) {
            break_line(out, depth);
            c += c[1] == ' ';
        }
    }
    text_append_char(out, '\n');
}

void export_put_config(const struct trial_network *t, const struct cli_network *n, struct text *out)
{
    struct text compact = {0};
    struct json_writer w;
    json_begin(&w, &compact);
    json_open(&w, NULL, '{');
    json_put_string(&w, "program", "tiller " TILLER_VERSION);
    if (t)
        put_trial(&w, t);
    else
        put_origin(&w, n->origin);
    put_network(&w, n);
    put_layers(&w, n);
    put_metrics(&w, t, n->origin);
    put_data(&w, t, &n->facts);
    json_close(&w, '}');
    indent(text_get(&compact), out);
    out->failed |= compact.failed;
    text_free(&compact);
}
