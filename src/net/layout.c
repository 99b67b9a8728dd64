/* layout: from a configuration to layers, and from layers to offsets and memory.
 *
 * What always holds: a layer's inputs are the results of the one below in the order in which they
 * lie in memory, so a dense layer behind a convolution reads its maps as one long row. */
#include "internal.h"

#include <string.h>

enum { JUDGED_FLOATS = 1 << 21 }; /* of one layer's results, about, while judging */

static size_t padded(size_t n)
{
    return (n + KERNEL_LANES - 1) / KERNEL_LANES * KERNEL_LANES;
}

/* ---- layers ------------------------------------------------------------------------------ */

static void shape_conv(struct net_layer *layer, const struct net_config *c, int i, int rows,
                       int columns, int n_in)
{
    int n_out = c->filters << i;
    *layer = (struct net_layer){
        .conv = true,
        .by_input = true,
        .norm = c->normalization,
        .map = {rows, columns, n_in, n_out, c->kernel_size},
        .n_in = n_in,
        .n_out = n_out,
        .n_sums = rows * columns * n_out,
        .pooled = rows >= 2 && columns >= 2,
        .n_weights = (size_t)c->kernel_size * (size_t)c->kernel_size * (size_t)n_in * (size_t)n_out,
    };
    layer->rows = layer->pooled ? rows / 2 : rows;
    layer->columns = layer->pooled ? columns / 2 : columns;
    layer->n_results = layer->rows * layer->columns * n_out;
}

static void shape_dense(struct net_layer *layer, int n_in, int n_out)
{
    *layer = (struct net_layer){
        .n_in = n_in,
        .n_out = n_out,
        .n_sums = n_out,
        .n_results = n_out,
        .rows = 1,
        .columns = 1,
        .n_weights = (size_t)n_in * (size_t)n_out,
    };
}

static void shape_layers(struct training *t, const struct net_config *c,
                         const struct net_rows *rows)
{
    int n_conv = c->kind == NET_CONV ? c->conv_layers : 0, width = rows->n_inputs, l = 0;
    int map_rows = rows->image_rows, map_columns = rows->image_columns, channels = 1;
    for (; l < n_conv; l++) {
        shape_conv(&t->layer[l], c, l, map_rows, map_columns, channels);
        map_rows = t->layer[l].rows;
        map_columns = t->layer[l].columns;
        channels = t->layer[l].n_out;
        width = t->layer[l].n_results;
    }
    for (int i = 0; i < c->num_layers; i++, l++) {
        shape_dense(&t->layer[l], width, c->units);
        t->layer[l].norm = c->normalization;
        t->layer[l].residual = c->residual && i > 0;
        width = c->units;
    }
    t->n_outputs = rows->n_classes > 0 ? rows->n_classes : 1;
    shape_dense(&t->layer[l], width, t->n_outputs);
    t->layer[l].last = true;
    t->layer[0].by_input = true;
    t->n_layers = l + 1;
}

static size_t place(size_t *at, size_t n)
{
    size_t here = *at;
    *at += padded(n);
    return here;
}

static void place_parameters(struct training *t)
{
    size_t at = 0;
    for (int l = 0; l < t->n_layers; l++)
        t->layer[l].weight = place(&at, t->layer[l].n_weights);
    t->n_weights = at;
    for (int l = 0; l < t->n_layers; l++) {
        t->layer[l].bias = place(&at, (size_t)t->layer[l].n_out);
        if (t->layer[l].norm != NET_NORM_NONE)
            t->layer[l].gain = place(&at, (size_t)t->layer[l].n_out);
    }
    t->n_learned = at;
    for (int l = 0; l < t->n_layers; l++)
        if (t->layer[l].norm == NET_NORM_BATCH) {
            t->layer[l].mean = place(&at, (size_t)t->layer[l].n_out);
            t->layer[l].variance = place(&at, (size_t)t->layer[l].n_out);
        }
    t->n_block = at;
}

static int moments_of(enum net_optimizer optimizer)
{
    return optimizer == NET_ADAM || optimizer == NET_ADAMW ? 2 : 1;
}

void training_shape(struct training *t, const struct net_config *config,
                    const struct net_rows *rows)
{
    t->config = *config;
    t->rows = *rows;
    t->batch_size = config->batch_size < rows->n_rows ? config->batch_size : rows->n_rows;
    t->batches_per_epoch = (rows->n_rows - 1) / t->batch_size + 1;
    t->n_moments = moments_of(config->optimizer);
    shape_layers(t, config, rows);
    place_parameters(t);
    int widest = 1;
    for (int l = 0; l < t->n_layers; l++)
        widest = t->layer[l].n_sums > widest ? t->layer[l].n_sums : widest;
    t->judge_rows = JUDGED_FLOATS / widest;
    t->judge_rows = t->judge_rows > NET_JUDGE_ROWS ? NET_JUDGE_ROWS : t->judge_rows;
    t->judge_rows = t->judge_rows < 1 ? 1 : t->judge_rows;
}

/* ---- memory ------------------------------------------------------------------------------ */

/* Hands out pieces of an arena; without one it only counts. */
struct arena {
    float *base;
    size_t used;
};

static float *take(struct arena *a, size_t rows, int n)
{
    float *piece = a->base ? a->base + a->used : NULL;
    a->used += padded(rows * (size_t)n);
    return piece;
}

static void lay_out_layer(struct arena *a, struct net_layer *layer, size_t batch, size_t most)
{
    if (layer->norm != NET_NORM_NONE) {
        bool by_batch = layer->norm == NET_NORM_BATCH;
        layer->normed = take(a, most, layer->n_sums);
        layer->inverse =
            by_batch ? take(a, 1, layer->n_out) : take(a, most, layer->n_sums / layer->n_out);
        layer->batch_mean = by_batch ? take(a, 1, layer->n_out) : NULL;
        layer->batch_variance = by_batch ? take(a, 1, layer->n_out) : NULL;
    }
    if (layer->pooled)
        layer->sums = take(a, most, layer->n_sums);
    layer->out = take(a, most, layer->n_results);
    if (!layer->last)
        layer->slope = take(a, batch, layer->n_results);
}

static size_t lay_out_choices(struct training *t, uint8_t *base)
{
    size_t used = 0;
    for (int l = 0; l < t->n_layers; l++) {
        struct net_layer *layer = &t->layer[l];
        if (!layer->pooled || t->config.pooling != NET_POOL_MAX)
            continue;
        layer->which = base ? base + used : NULL;
        used += (size_t)t->batch_size * (size_t)layer->n_results;
    }
    return used;
}

/* Gradients at outputs: one buffer, and a second one where an output is also added further up. */
static void lay_out_deltas(struct arena *a, struct training *t)
{
    int widest = 1;
    for (int l = 0; l < t->n_layers - 1; l++)
        widest = t->layer[l].n_results > widest ? t->layer[l].n_results : widest;
    t->delta[0] = t->delta[1] = take(a, (size_t)t->batch_size, widest);
    if (t->config.residual)
        t->delta[1] = take(a, (size_t)t->batch_size, widest);
}

static size_t conv_floats(const struct training *t, size_t most)
{
    size_t floats = 0;
    for (int l = 0; l < t->n_layers; l++) {
        const struct net_layer *layer = &t->layer[l];
        size_t n = layer->conv ? conv_scratch(&layer->map, (int)most) : 0;
        floats = n > floats ? n : floats;
    }
    return floats;
}

size_t training_lay_out(struct training *t, float *base, uint8_t *choices, size_t *n_choices)
{
    struct arena a = {.base = base};
    size_t batch = (size_t)t->batch_size, judged = (size_t)t->judge_rows;
    size_t most = batch > judged ? batch : judged;
    t->params = take(&a, t->n_block, 1);
    t->best = take(&a, t->n_block, 1);
    t->gradient = take(&a, t->n_learned, 1);
    for (int i = 0; i < t->n_moments; i++)
        t->moment[i] = take(&a, t->n_learned, 1);
    t->x = take(&a, batch, t->rows.n_inputs);
    if (t->rows.n_classes == 0)
        t->target = take(&a, batch, 1);
    else if (t->config.class_weights)
        t->class_weight = take(&a, 1, t->rows.n_classes);
    lay_out_deltas(&a, t);
    t->scratch = take(&a, conv_floats(t, most), 1);
    for (int l = 0; l < t->n_layers; l++)
        lay_out_layer(&a, &t->layer[l], batch, most);
    *n_choices = lay_out_choices(t, choices);
    return a.used;
}

/* ---- what it comes to -------------------------------------------------------------------- */

size_t net_count_parameters(const struct net_config *config, const struct net_rows *shape)
{
    struct training t = {0};
    size_t total = 0;
    training_shape(&t, config, shape);
    for (int l = 0; l < t.n_layers; l++) {
        size_t per_unit = t.layer[l].norm == NET_NORM_NONE ? 1 : 2;
        total += t.layer[l].n_weights + per_unit * (size_t)t.layer[l].n_out;
    }
    return total;
}

size_t net_memory_bytes(const struct net_config *config, const struct net_rows *shape)
{
    struct training t = {0};
    size_t n_choices;
    training_shape(&t, config, shape);
    size_t floats = training_lay_out(&t, NULL, NULL, &n_choices);
    return sizeof t + floats * sizeof(float) + n_choices +
           ((size_t)t.batch_size + (size_t)shape->n_rows) * sizeof(int32_t) +
           3 * (size_t)shape->n_classes * sizeof(int64_t);
}

const char *net_shape_text(const struct net_config *config, const struct net_rows *shape, char *out,
                           size_t out_size)
{
    struct training t = {0};
    struct text line = {0};
    training_shape(&t, config, shape);
    if (t.layer[0].conv)
        text_appendf(&line, "%dx%d", shape->image_rows, shape->image_columns);
    else
        text_appendf(&line, "%d", shape->n_inputs);
    for (int l = 0; l < t.n_layers; l++)
        text_appendf(&line, "-%d%s", t.layer[l].n_out, t.layer[l].conv ? "c" : "");
    text_copy(out, out_size, text_get(&line));
    text_free(&line);
    return out;
}

bool net_layer_form(const struct net_config *config, const struct net_rows *shape, int l,
                    struct net_layer_form *out)
{
    struct training t = {0};
    training_shape(&t, config, shape);
    if (l < 0 || l >= t.n_layers)
        return false;
    const struct net_layer *layer = &t.layer[l];
    *out = (struct net_layer_form){.conv = layer->conv,
                                   .pooled = layer->pooled,
                                   .residual = layer->residual,
                                   .last = layer->last,
                                   .normalization = layer->norm,
                                   .n_in = layer->n_in,
                                   .n_out = layer->n_out,
                                   .kernel_size = layer->map.size,
                                   .rows = layer->rows,
                                   .columns = layer->columns};
    return true;
}

int net_count_layers(const struct training *t)
{
    return t->n_layers;
}
