/* checkpoint: a training in a file and back, bit for bit.
 *
 * A checkpoint is a safetensors file: arrays "parameters", "moment.0", "moment.1" and "best", each
 * a block or its learned part as internal.h lays it out; texts "format", "training" (a JSON object:
 * the config and the position) and "tiller" (the caller's). Random numbers need no state: see
 * internal.h. */
#include "internal.h"
#include "tensors.h"

#include <cjson/cJSON.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FORMAT "tiller training 1"
enum { MOST_MOMENTS = 2 };
static const char *const moment_name[MOST_MOMENTS] = {"moment.0", "moment.1"};

/* ---- the "training" text ----------------------------------------------------------------- */

static void put_training(struct text *out, const struct training *t)
{
    struct json_writer w;
    uint32_t carried = 0;
    for (int l = 0; l < t->n_layers; l++)
        carried |= (uint32_t)t->layer[l].carried << l;
    json_begin(&w, out);
    json_open(&w, NULL, '{');
    net_config_put(&w, &t->config);
    json_put_int(&w, "carried", carried);
    json_put_int(&w, "n_rows", t->rows.n_rows);
    json_put_int(&w, "n_inputs", t->rows.n_inputs);
    json_put_int(&w, "n_classes", t->rows.n_classes);
    json_put_int(&w, "epoch", t->epoch);
    json_put_int(&w, "batch", t->batch);
    json_put_int(&w, "best_epoch", t->best_epoch);
    json_put_number(&w, "loss_sum", t->loss_sum);
    json_put_number(&w, "train_loss", t->train_loss);
    json_put_bool(&w, "diverged", t->diverged != DIVERGED_NOT);
    json_put_int(&w, "divergence", t->diverged);
    json_close(&w, '}');
}

/* What stood in the text; every get_ notes a missing or impossible member in *good. */
struct stored {
    struct net_config config;
    struct net_rows rows;
    int epoch, batch, best_epoch;
    int64_t carried, divergence; /* bit l: layer l; what broke. Absent in the first files: 0 */
    double loss_sum, train_loss;
    bool diverged;
};

static int get_int(const cJSON *o, const char *name, bool *good)
{
    int64_t value = 0;
    if (!json_get_int(o, name, &value) || value < -1 || value > INT_MAX)
        *good = false;
    return *good ? (int)value : 0;
}

static double get_number(const cJSON *o, const char *name, bool *good)
{
    double value = 0;
    if (!json_get_number(o, name, &value))
        *good = false;
    return value;
}

static bool get_training(const cJSON *o, struct stored *s)
{
    bool good = true;
    *s = (struct stored){
        .rows = {.n_rows = get_int(o, "n_rows", &good),
                 .n_inputs = get_int(o, "n_inputs", &good),
                 .n_classes = get_int(o, "n_classes", &good)},
        .epoch = get_int(o, "epoch", &good),
        .batch = get_int(o, "batch", &good),
        .best_epoch = get_int(o, "best_epoch", &good),
        .loss_sum = get_number(o, "loss_sum", &good),
        .train_loss = get_number(o, "train_loss", &good),
    };
    json_get_int(o, "carried", &s->carried);
    json_get_int(o, "divergence", &s->divergence);
    return net_config_get(o, &s->config) && json_get_bool(o, "diverged", &s->diverged) && good &&
           s->epoch >= 0 && s->batch >= 0 && s->divergence >= DIVERGED_NOT &&
           s->divergence <= DIVERGED_FIGURE;
}

/* ---- saving ------------------------------------------------------------------------------ */

enum err net_save(const struct training *t, const char *path, const char *metadata_json,
                  struct err_info *info)
{
    struct text state = {0};
    put_training(&state, t);
    const struct tensor_text texts[] = {
        {"format", FORMAT}, {"training", text_get(&state)}, {"tiller", metadata_json}};
    struct tensor tensors[4];
    size_t n = 0;
    tensors[n++] = (struct tensor){"parameters", 1, {t->n_block}, t->params};
    for (int i = 0; i < t->n_moments; i++)
        tensors[n++] = (struct tensor){moment_name[i], 1, {t->n_learned}, t->moment[i]};
    if (t->best_epoch >= 0)
        tensors[n++] = (struct tensor){"best", 1, {t->n_block}, t->best};
    enum err e =
        state.failed ? err_set_memory(info, path) : tensors_write(path, texts, 3, tensors, n, info);
    text_free(&state);
    return e;
}

/* ---- loading ----------------------------------------------------------------------------- */

static enum err read_state(const struct tensor_file *file, const char *path, struct stored *out,
                           struct err_info *info)
{
    const char *format = tensors_text(file, "format"), *text = tensors_text(file, "training");
    if (!format || strcmp(format, FORMAT) != 0 || !text || !tensors_text(file, TENSORS_CHECKSUM))
        return err_set(info, ERR_INPUT, path, "give a checkpoint that tiller wrote",
                       "not a checkpoint of a training");
    cJSON *object;
    enum err e = json_parse(text, strlen(text), path, &object, info);
    if (e != ERR_OK)
        return e;
    if (!get_training(object, out))
        e = err_set(info, ERR_INPUT, path, "it is damaged or of another version",
                    "its training state is not complete");
    json_free(object);
    return e;
}

static enum err check_state(const struct stored *s, const struct net_rows *train, const char *path,
                            struct err_info *info)
{
    struct err_info why;
    if (s->rows.n_rows != train->n_rows || s->rows.n_inputs != train->n_inputs ||
        s->rows.n_classes != train->n_classes)
        return err_set(info, ERR_INPUT, path, "was the data set changed?",
                       "trained on %d rows, %d inputs, %d classes; the data have %d, %d, %d",
                       s->rows.n_rows, s->rows.n_inputs, s->rows.n_classes, train->n_rows,
                       train->n_inputs, train->n_classes);
    if (net_config_check(&s->config, train, &why) != ERR_OK)
        return err_set(info, ERR_INPUT, path, NULL, "%s: %s", why.where, why.detail);
    return ERR_OK;
}

/* All arrays must be there before the memory for them is asked for. */
static enum err check_arrays(const struct tensor_file *file, const struct stored *s,
                             const struct net_rows *train, const char *path, struct err_info *info)
{
    struct training shape = {0};
    training_shape(&shape, &s->config, train);
    bool good = s->batch < shape.batches_per_epoch && s->best_epoch <= s->epoch;
    size_t n;
    good = good && tensors_find(file, "parameters", &n) && n == shape.n_block;
    for (int i = 0; i < shape.n_moments && i < MOST_MOMENTS; i++)
        good = good && tensors_find(file, moment_name[i], &n) && n == shape.n_learned;
    if (s->best_epoch >= 0)
        good = good && tensors_find(file, "best", &n) && n == shape.n_block;
    return good ? ERR_OK
                : err_set(info, ERR_INPUT, path, "it is damaged or of another version",
                          "its arrays do not fit its training state");
}

static enum err fill(struct training *t, struct tensor_file *file, const struct stored *s,
                     struct err_info *info)
{
    t->epoch = s->epoch;
    t->batch = s->batch;
    t->best_epoch = s->best_epoch;
    t->loss_sum = s->loss_sum;
    t->train_loss = s->train_loss;
    t->diverged = s->diverged && !s->divergence ? DIVERGED_LOSS : (enum divergence)s->divergence;
    for (int l = 0; l < t->n_layers; l++)
        t->layer[l].carried = s->carried >> l & 1;
    training_shuffle(t);
    enum err e = tensors_read(file, "parameters", t->params, t->n_block, info);
    for (int i = 0; i < t->n_moments && i < MOST_MOMENTS && e == ERR_OK; i++)
        e = tensors_read(file, moment_name[i], t->moment[i], t->n_learned, info);
    if (t->best_epoch >= 0 && e == ERR_OK)
        e = tensors_read(file, "best", t->best, t->n_block, info);
    return e;
}

static enum err copy_metadata(const struct tensor_file *file, const char *path, char **out,
                              struct err_info *info)
{
    const char *text = tensors_text(file, "tiller");
    if (!out || !text)
        return ERR_OK;
    *out = mem_dup_text(text);
    return *out ? ERR_OK : err_set_memory(info, path);
}

enum err net_load(const char *path, const struct net_rows *train, struct training **out,
                  char **metadata_json, struct err_info *info)
{
    struct tensor_file *file = NULL;
    struct training *t = NULL;
    struct stored stored = {0};
    *out = NULL;
    if (metadata_json)
        *metadata_json = NULL;
    enum err e = tensors_open(path, &file, info);
    if (e != ERR_OK)
        return e;
    e = read_state(file, path, &stored, info);
    if (e == ERR_OK)
        e = check_state(&stored, train, path, info);
    if (e == ERR_OK)
        e = check_arrays(file, &stored, train, path, info);
    if (e == ERR_OK)
        e = training_allocate(&stored.config, train, &t, info);
    if (e == ERR_OK)
        e = fill(t, file, &stored, info);
    if (e == ERR_OK)
        e = copy_metadata(file, path, metadata_json, info);
    tensors_close(file);
    if (e != ERR_OK) {
        net_free(t);
        return e;
    }
    *out = t;
    return ERR_OK;
}
