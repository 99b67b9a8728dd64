/* source: a weights file that trials start from: checked against the data once, then only read.
 *
 * Layers are matched by their place and shape (net_carry); what stands in the file's metadata says
 * which task it was trained on, so that weights which have seen rows of this task's validation or
 * test part are refused (decisions 6), and the output layer is only carried where its outputs mean
 * the same. */
#include "internal.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <string.h>

#define HASHED_BYTES_MAX ((size_t)1 << 31)

struct net_source {
    struct net_weights *weights;
    char path[512];
    char task[DATA_TASK_NAME_MAX], study[96];
    int64_t trial; /* -1 none */
    int epoch;
    bool same_outputs; /* the same classes, or the same quantity */
    bool other_rows;   /* of a task of this name, but not these rows */
    int n_fit, n_layers;
};

/* ---- what the file says ------------------------------------------------------------------ */

static enum err not_ours(const char *path, struct err_info *info)
{
    return err_set(info, ERR_INPUT, path, "give a file of 'tiller export' or 'tiller train --save'",
                   "does not say what task its weights were trained on");
}

static void read_origin(struct net_source *s, const struct cJSON *metadata)
{
    int64_t n;
    const char *study = json_get_string(metadata, "study");
    text_sanitize(s->study, sizeof s->study, study ? study : "");
    s->trial = json_get_int(metadata, "trial", &n) && n >= 0 ? n : -1;
    s->epoch = json_get_int(metadata, "epoch", &n) && n > 0 && n < 1 << 30 ? (int)n : 0;
}

static bool have_same_outputs(const struct data_encoder_facts *f, const struct data_set *set)
{
    if (f->task != set->task || f->n_classes != set->n_classes)
        return false;
    if (set->task == DATA_REGRESSION)
        return strcmp(f->target_name, set->target_name) == 0;
    for (int32_t c = 0; c < set->n_classes; c++)
        if (strcmp(f->class_names[c], set->class_names[c]) != 0)
            return false;
    return true;
}

/* The same rows split otherwise have another fingerprint, but name, inputs and outputs stay; a
 * variant has other ones, but its rows are its family's and in the same parts. */
static enum err check_rows_seen(struct net_source *s, const struct data_encoder_facts *f,
                                const struct data_set *set, bool refit, struct err_info *info)
{
    bool same_name = strcmp(f->task_name, set->name) == 0;
    bool same_rows = same_name ? f->n_inputs == set->n_inputs && s->same_outputs
                               : strcmp(f->family, set->family) == 0;
    if (same_rows && f->split_seed != set->split_seed) {
        char hint[96];
        text_format(hint, sizeof hint, "give --split-seed %llu, or other weights",
                    (unsigned long long)f->split_seed);
        return err_set(info, ERR_INPUT, s->path, hint,
                       "was trained on %s under another split: it has seen rows that are judged by",
                       f->task_name);
    }
    if (same_rows && refit)
        return err_set(info, ERR_INPUT, s->path, "give weights of before the refit",
                       "was trained on the validation rows of %s as well (--refit)", f->task_name);
    s->other_rows = same_name && same_rows && strcmp(f->fingerprint, set->fingerprint) != 0;
    return ERR_OK;
}

static enum err check_against_data(struct net_source *s, const struct data_set *set,
                                   struct err_info *info)
{
    const char *json = net_weights_metadata(s->weights);
    struct cJSON *metadata = NULL;
    struct data_encoder *encoder = NULL;
    struct data_encoder_facts facts;
    bool refit = false;
    if (!json)
        return not_ours(s->path, info);
    enum err err = json_parse(json, strlen(json), s->path, &metadata, info);
    const struct cJSON *kept = json_get(metadata, "encoder");
    if (err == ERR_OK)
        err = kept ? data_encoder_read(kept, s->path, &encoder, info) : not_ours(s->path, info);
    if (err == ERR_OK) {
        data_encoder_facts(encoder, &facts);
        read_origin(s, metadata);
        text_sanitize(s->task, sizeof s->task, facts.task_name);
        json_get_bool(metadata, "refit", &refit);
        s->same_outputs = have_same_outputs(&facts, set);
        err = check_rows_seen(s, &facts, set, refit, info);
    }
    data_encoder_free(encoder);
    json_free(metadata);
    return err;
}

/* ---- what fits --------------------------------------------------------------------------- */

/* Tried on a network of the file's own form for these data. */
static enum err count_fitting(struct net_source *s, const struct data_set *set,
                              struct err_info *info)
{
    struct net_rows rows = net_rows_of(set, DATA_TRAIN);
    struct net_config config = *net_weights_config(s->weights);
    struct training *t = NULL;
    config.class_weights = false; /* what only classes or images have is not wanted here */
    config.label_smoothing = 0;
    config.shift = 0;
    enum err err = net_new(&config, &rows, &t, info);
    if (err == ERR_MEMORY)
        return err;
    if (err == ERR_OK) { /* else a network of that form is not possible here: convolutions */
        s->n_layers = net_count_layers(t);
        s->n_fit = net_source_carry(s, t);
        net_free(t);
    }
    if (s->n_fit > 0)
        return ERR_OK;
    char shape[96];
    return err_set(info, ERR_INPUT, s->path, "start without --from, or from other weights",
                   "none of its layers (%s) fits %s",
                   net_shape_text(net_weights_config(s->weights), net_weights_shape(s->weights),
                                  shape, sizeof shape),
                   set->name);
}

enum err net_source_open(const char *path, const struct data_set *set, struct net_source **out,
                         struct err_info *info)
{
    *out = NULL;
    struct net_source *s = mem_zero_alloc(1, sizeof *s);
    if (!s)
        return err_set_memory(info, path);
    text_copy(s->path, sizeof s->path, path);
    enum err err = net_weights_open(path, &s->weights, info);
    if (err == ERR_OK)
        err = check_against_data(s, set, info);
    if (err == ERR_OK)
        err = count_fitting(s, set, info);
    if (err != ERR_OK) {
        net_source_free(s);
        return err;
    }
    *out = s;
    return ERR_OK;
}

void net_source_free(struct net_source *s)
{
    if (!s)
        return;
    net_weights_free(s->weights);
    mem_free(s);
}

int net_source_carry(const struct net_source *s, struct training *t)
{
    return net_carry(t, s->weights, s->same_outputs);
}

const char *net_source_text(const struct net_source *s, char *out, size_t out_size)
{
    struct text text = {0};
    char shape[96];
    text_append(&text, s->task);
    if (s->trial >= 0)
        text_appendf(&text, ", trial #%lld of study %s", (long long)s->trial, s->study);
    if (s->epoch > 0)
        text_appendf(&text, ", epoch %d", s->epoch);
    text_appendf(&text, ": %s, %d of %d layers fit",
                 net_shape_text(net_weights_config(s->weights), net_weights_shape(s->weights),
                                shape, sizeof shape),
                 s->n_fit, s->n_layers);
    if (s->other_rows)
        text_append(&text, "; trained on other rows of that name, perhaps on some judged by now");
    text_copy(out, out_size, text_get(&text));
    text_free(&text);
    return out;
}

/* ---- the form of the network ------------------------------------------------------------- */

static const char *whole(char out[static 16], int n)
{
    return text_format(out, 16, "%d", n);
}

enum err net_source_hold(const struct net_source *s, struct space *space, struct err_info *info)
{
    const struct net_config *c = net_weights_config(s->weights);
    bool conv = c->kind == NET_CONV;
    char layers[16], units[16], conv_layers[16], filters[16], kernel[16];
    const struct {
        const char *name, *value; /* NULL: has no part in this form */
    } form[] = {
        {"network", net_kind_name(c->kind)},
        {"num_layers", whole(layers, c->num_layers)},
        {"units", whole(units, c->units)},
        {"activation", net_activation_name(c->activation)},
        {"normalization", net_normalization_name(c->normalization)},
        {"residual", c->residual ? "yes" : "no"},
        {"conv_layers", conv ? whole(conv_layers, c->conv_layers) : NULL},
        {"filters", conv ? whole(filters, c->filters) : NULL},
        {"kernel_size", conv ? whole(kernel, c->kernel_size) : NULL},
        {"pooling", conv ? net_pooling_name(c->pooling) : NULL},
    };
    for (size_t i = 0; i < sizeof form / sizeof *form; i++) {
        int h = space_find(space, form[i].name);
        enum err err = h >= 0 && form[i].value ? space_hold(space, h, form[i].value, info) : ERR_OK;
        if (err != ERR_OK)
            return err;
    }
    return ERR_OK;
}

/* ---- the file of a study ----------------------------------------------------------------- */

enum err source_hash(const char *path, char *out, size_t out_size, struct err_info *info)
{
    char *bytes;
    size_t n;
    enum err err = file_read(path, HASHED_BYTES_MAX, &bytes, &n, info);
    if (err != ERR_OK)
        return err;
    text_format(out, out_size, "%016llx", (unsigned long long)hash_bytes(HASH_START, bytes, n));
    mem_free(bytes);
    return ERR_OK;
}

enum err net_source_reopen(const struct engine_settings *settings, const struct data_set *set,
                           struct net_source **out, struct err_info *info)
{
    static const char hint[] = "restore it: trials of this study start from its weights";
    char hash[sizeof settings->from_hash];
    *out = NULL;
    if (!settings->from[0])
        return ERR_OK;
    if (!file_exists(settings->from))
        return err_set(info, ERR_INPUT, settings->from,
                       settings->from[0] == '/'
                           ? hint
                           : "restore it, or go on in the folder where the study began",
                       "is gone: trials of this study start from its weights");
    enum err err = source_hash(settings->from, hash, sizeof hash, info);
    if (err != ERR_OK)
        return err;
    if (strcmp(hash, settings->from_hash) != 0)
        return err_set(info, ERR_INPUT, settings->from, hint, "has changed since the study began");
    return net_source_open(settings->from, set, out, info);
}
