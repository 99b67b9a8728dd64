/* weights: the network alone in a file, under PyTorch's names of shapes, for taking home,
 * predicting and starting from.
 *
 * In memory a weights file is the layers' shapes and one block of parameters, laid out as a
 * training's, so that carrying a layer over is a copy. */
#include "internal.h"
#include "tensors.h"

#include <cjson/cJSON.h>
#include <limits.h>
#include <math.h>
#include <string.h>

#define FORMAT "tiller weights 1"
enum { PARTS = 5, MOST_TENSORS = PARTS * NET_MAX_LAYERS, NAME_SIZE = 40 };

struct net_weights {
    struct training shape; /* layers and offsets; no memory */
    float *block;
    char *metadata;
};

/* ---- a layer's arrays -------------------------------------------------------------------- */

struct part {
    const char *name;
    bool (*has)(const struct net_layer *layer);
    size_t offset; /* of the member of struct net_layer that says where it lies */
};

static bool every(const struct net_layer *layer)
{
    (void)layer;
    return true;
}

static bool normalized(const struct net_layer *layer)
{
    return layer->norm != NET_NORM_NONE;
}

static bool by_batch(const struct net_layer *layer)
{
    return layer->norm == NET_NORM_BATCH;
}

/* The weights first; all others have n_out numbers. */
static const struct part parts[PARTS] = {
    {"weight", every, offsetof(struct net_layer, weight)},
    {"bias", every, offsetof(struct net_layer, bias)},
    {"gain", normalized, offsetof(struct net_layer, gain)},
    {"mean", by_batch, offsetof(struct net_layer, mean)},
    {"variance", by_batch, offsetof(struct net_layer, variance)},
};

static size_t place_of(const struct net_layer *layer, int part)
{
    return *(const size_t *)(const void *)((const char *)layer + parts[part].offset);
}

static size_t size_of(const struct net_layer *layer, int part)
{
    return part == 0 ? layer->n_weights : (size_t)layer->n_out;
}

static const char *name_of(char *out, int l, int part)
{
    return text_format(out, NAME_SIZE, "layer.%d.%s", l, parts[part].name);
}

/* Where the weight from input i to output o lies; i counts as PyTorch does: a convolution's
 * channel, row, column. */
static size_t weight_at(const struct net_layer *layer, size_t o, size_t i)
{
    size_t in = layer->n_weights / (size_t)layer->n_out;
    if (layer->conv) {
        size_t window = (size_t)layer->map.size * (size_t)layer->map.size;
        i = i % window * (size_t)layer->n_in + i / window;
    }
    return layer->by_input ? i * (size_t)layer->n_out + o : o * in + i;
}

/* A layer's weights from our order to PyTorch's or back. */
static void turn(const struct net_layer *layer, const float *from, float *to, bool to_torch)
{
    size_t out = (size_t)layer->n_out, in = layer->n_weights / out;
    for (size_t o = 0; o < out; o++)
        for (size_t i = 0; i < in; i++)
            if (to_torch)
                to[o * in + i] = from[weight_at(layer, o, i)];
            else
                to[weight_at(layer, o, i)] = from[o * in + i];
}

/* ---- saving ------------------------------------------------------------------------------ */

static void put_network(struct text *out, const struct training *t)
{
    struct json_writer w;
    json_begin(&w, out);
    json_open(&w, NULL, '{');
    net_config_put(&w, &t->config);
    json_put_int(&w, "n_inputs", t->rows.n_inputs);
    json_put_int(&w, "n_classes", t->rows.n_classes);
    json_put_int(&w, "image_rows", t->rows.image_rows);
    json_put_int(&w, "image_columns", t->rows.image_columns);
    json_put_number(&w, "target_scale", t->rows.target_scale);
    json_close(&w, '}');
}

static struct tensor tensor_of(const struct net_layer *layer, int part, const char *name,
                               const float *data)
{
    size_t out = (size_t)layer->n_out, in = (size_t)layer->n_in, size = (size_t)layer->map.size;
    if (part > 0)
        return (struct tensor){name, 1, {out}, data};
    if (layer->conv)
        return (struct tensor){name, 4, {out, in, size, size}, data};
    return (struct tensor){name, 2, {out, in}, data};
}

/* Fills tensors and the turned weights they point to. */
static size_t list_tensors(const struct training *t, float *turned, char (*names)[NAME_SIZE],
                           struct tensor *tensors)
{
    size_t n = 0;
    for (int l = 0; l < t->n_layers; l++) {
        const struct net_layer *layer = &t->layer[l];
        float *weights = turned + layer->weight;
        turn(layer, t->judged + layer->weight, weights, true);
        for (int p = 0; p < PARTS; p++)
            if (parts[p].has(layer)) {
                const float *data = p == 0 ? weights : t->judged + place_of(layer, p);
                tensors[n] = tensor_of(layer, p, name_of(names[n], l, p), data);
                n++;
            }
    }
    return n;
}

enum err net_save_weights(const struct training *t, const char *path, const char *metadata_json,
                          struct err_info *info)
{
    struct tensor tensors[MOST_TENSORS];
    char names[MOST_TENSORS][NAME_SIZE];
    struct text network = {0};
    float *turned = mem_alloc(t->n_weights, sizeof *turned);
    enum err e = ERR_OK;
    put_network(&network, t);
    if (!turned || network.failed) {
        e = err_set_memory(info, path);
    } else {
        size_t n = list_tensors(t, turned, names, tensors);
        const struct tensor_text texts[] = {
            {"format", FORMAT}, {"network", text_get(&network)}, {"tiller", metadata_json}};
        e = tensors_write(path, texts, 3, tensors, n, info);
    }
    text_free(&network);
    mem_free(turned);
    return e;
}

bool net_layer_weights(const struct training *t, int l, float *weight, float *bias)
{
    if (l < 0 || l >= t->n_layers)
        return false;
    const struct net_layer *layer = &t->layer[l];
    turn(layer, t->judged + layer->weight, weight, true);
    memcpy(bias, t->judged + layer->bias, (size_t)layer->n_out * sizeof *bias);
    return true;
}

/* ---- reading ----------------------------------------------------------------------------- */

static enum err refuse(const char *path, struct err_info *info, const char *what)
{
    return err_set(info, ERR_INPUT, path,
                   "give a weights file that tiller wrote (export, or train --save)", "%s", what);
}

static bool get_size(const cJSON *o, const char *name, int low, int32_t *out)
{
    int64_t value;
    if (!json_get_int(o, name, &value) || value < low || value > 1 << 24)
        return false;
    *out = (int32_t)value;
    return true;
}

static enum err read_network(const char *text, const char *path, struct training *shape,
                             struct err_info *info)
{
    cJSON *o = NULL;
    struct net_config config;
    struct net_rows rows = {.n_rows = 1};
    enum err e = json_parse(text, strlen(text), path, &o, info);
    if (e != ERR_OK)
        return e;
    bool good = net_config_get(o, &config) && get_size(o, "n_inputs", 1, &rows.n_inputs) &&
                get_size(o, "n_classes", 0, &rows.n_classes) && rows.n_classes != 1 &&
                get_size(o, "image_rows", 0, &rows.image_rows) &&
                get_size(o, "image_columns", 0, &rows.image_columns) &&
                json_get_number(o, "target_scale", &rows.target_scale) &&
                isfinite(rows.target_scale) && rows.target_scale >= 0;
    json_free(o);
    if (!good || net_config_check(&config, &rows, NULL) != ERR_OK)
        return refuse(path, info, "its description of the network is damaged");
    config.batch_size = 1;
    training_shape(shape, &config, &rows);
    return ERR_OK;
}

/* All arrays must be there before the memory for them is asked for. */
static bool has_arrays(const struct tensor_file *file, const struct training *shape)
{
    char name[NAME_SIZE];
    size_t n;
    for (int l = 0; l < shape->n_layers; l++)
        for (int p = 0; p < PARTS; p++) {
            const struct net_layer *layer = &shape->layer[l];
            if (parts[p].has(layer) &&
                !(tensors_find(file, name_of(name, l, p), &n) && n == size_of(layer, p)))
                return false;
        }
    return true;
}

static enum err read_layer(struct tensor_file *file, struct net_weights *w, int l, float *scratch,
                           struct err_info *info)
{
    char name[NAME_SIZE];
    const struct net_layer *layer = &w->shape.layer[l];
    enum err e = tensors_read(file, name_of(name, l, 0), scratch, layer->n_weights, info);
    if (e == ERR_OK)
        turn(layer, scratch, w->block + layer->weight, false);
    for (int p = 1; p < PARTS && e == ERR_OK; p++)
        if (parts[p].has(layer))
            e = tensors_read(file, name_of(name, l, p), w->block + place_of(layer, p),
                             size_of(layer, p), info);
    return e;
}

/* As every training leaves them: it ends as diverged before. */
static bool sound(const struct net_weights *w)
{
    for (size_t i = 0; i < w->shape.n_block; i++)
        if (!isfinite(w->block[i]))
            return false;
    for (int l = 0; l < w->shape.n_layers; l++) {
        const struct net_layer *layer = &w->shape.layer[l];
        for (size_t i = 0; by_batch(layer) && i < (size_t)layer->n_out; i++)
            if (w->block[layer->variance + i] < 0)
                return false;
    }
    return true;
}

static enum err read_block(struct tensor_file *file, struct net_weights *w, const char *path,
                           struct err_info *info)
{
    if (!has_arrays(file, &w->shape))
        return refuse(path, info, "its arrays do not fit its description of the network");
    size_t n = w->shape.n_block;
    float *scratch = mem_alloc(w->shape.n_weights, sizeof *scratch);
    w->block = mem_aligned_alloc(n, sizeof *w->block);
    if (!scratch || !w->block) {
        mem_free(scratch);
        return err_set_memory(info, path);
    }
    enum err e = ERR_OK;
    memset(w->block, 0, n * sizeof *w->block);
    for (int l = 0; l < w->shape.n_layers && e == ERR_OK; l++)
        e = read_layer(file, w, l, scratch, info);
    mem_free(scratch);
    if (e == ERR_OK && !sound(w))
        e = refuse(path, info, "weights that are not finite, or a negative variance");
    return e;
}

static enum err read_file(struct tensor_file *file, const char *path, struct net_weights *w,
                          struct err_info *info)
{
    const char *format = tensors_text(file, "format"), *network = tensors_text(file, "network");
    const char *metadata = tensors_text(file, "tiller");
    if (!format || strcmp(format, FORMAT) != 0 || !network || !tensors_text(file, TENSORS_CHECKSUM))
        return refuse(path, info, "not a file of weights");
    enum err e = read_network(network, path, &w->shape, info);
    if (e == ERR_OK)
        e = read_block(file, w, path, info);
    if (e == ERR_OK && metadata && !(w->metadata = mem_dup_text(metadata)))
        e = err_set_memory(info, path);
    return e;
}

enum err net_weights_open(const char *path, struct net_weights **out, struct err_info *info)
{
    struct tensor_file *file;
    *out = NULL;
    enum err e = tensors_open(path, &file, info);
    if (e != ERR_OK)
        return e;
    struct net_weights *w = mem_zero_alloc(1, sizeof *w);
    e = w ? read_file(file, path, w, info) : err_set_memory(info, path);
    tensors_close(file);
    if (e != ERR_OK) {
        net_weights_free(w);
        return e;
    }
    *out = w;
    return ERR_OK;
}

void net_weights_free(struct net_weights *w)
{
    if (!w)
        return;
    mem_free(w->block);
    mem_free(w->metadata);
    mem_free(w);
}

const char *net_weights_metadata(const struct net_weights *w)
{
    return w->metadata;
}

const struct net_config *net_weights_config(const struct net_weights *w)
{
    return &w->shape.config;
}

const struct net_rows *net_weights_shape(const struct net_weights *w)
{
    return &w->shape.rows;
}

/* ---- starting from them ------------------------------------------------------------------ */

static bool same_shape(const struct net_layer *a, const struct net_layer *b)
{
    return a->conv == b->conv && a->last == b->last && a->norm == b->norm && a->n_in == b->n_in &&
           a->n_out == b->n_out && a->n_weights == b->n_weights && a->by_input == b->by_input;
}

/* Layers that nobody has trained must learn, and so must those above them. */
static void freeze_carried_only(struct training *t)
{
    int below = 0;
    while (below < t->n_layers && t->layer[below].carried)
        below++;
    if (t->config.freeze > below)
        t->config.freeze = below;
}

int net_carry(struct training *t, const struct net_weights *w, bool with_output)
{
    int carried = 0;
    for (int l = 0; l < t->n_layers && l < w->shape.n_layers; l++) {
        struct net_layer *layer = &t->layer[l];
        const struct net_layer *from = &w->shape.layer[l];
        if (!same_shape(layer, from) || (layer->last && !with_output))
            continue;
        for (int p = 0; p < PARTS; p++)
            if (parts[p].has(layer))
                memcpy(t->params + place_of(layer, p), w->block + place_of(from, p),
                       size_of(layer, p) * sizeof *t->params);
        layer->carried = true;
        carried++;
    }
    freeze_carried_only(t);
    return carried;
}

enum err net_restore(const struct net_weights *w, struct training **out, struct err_info *info)
{
    /* A training needs a row with a label of its task; it is never trained on. */
    static const int32_t label = 0;
    static const float number = 0;
    struct net_rows rows = w->shape.rows;
    rows.y = rows.n_classes > 0 ? &label : NULL;
    rows.target = rows.n_classes > 0 ? NULL : &number;
    enum err e = training_allocate(&w->shape.config, &rows, out, info);
    if (e == ERR_OK) {
        struct training *t = *out;
        memcpy(t->params, w->block, t->n_block * sizeof *t->params);
        t->order[0] = 0;
    }
    return e;
}
