/* If this fails, networks taken home answer otherwise than they did, a weights file that somebody
 * made by hand is believed, or a network that starts from another one's weights starts wrongly. */
#include "allocations.h"
#include "kinds.h"
#include "net/tensors.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
/* cmocka needs them above it */
#include <cmocka.h>

static char folder[] = "/tmp/tiller-weights-XXXXXX";
static char file[64], again[64];

static struct training *make(const struct net_config *c, const struct net_rows *rows)
{
    struct training *t;
    struct err_info info;
    if (net_new(c, rows, &t, &info) != ERR_OK)
        fail_msg("%s: %s", info.where, info.detail);
    return t;
}

static void train(struct training *t, int batches)
{
    bool done;
    for (int i = 0; i < batches; i++)
        assert_int_equal(net_train_slice(t, 1, &done), ERR_OK);
}

static struct net_weights *saved_and_opened(const struct training *t)
{
    struct net_weights *w = NULL;
    struct err_info info;
    if (net_save_weights(t, file, "{\"a\": 1}", &info) != ERR_OK ||
        net_weights_open(file, &w, &info) != ERR_OK)
        fail_msg("%s: %s", info.where, info.detail);
    return w;
}

static struct net_weights *weights_of(const struct net_config *c, const struct net_rows *rows)
{
    struct training *t = make(c, rows);
    train(t, 9);
    struct net_weights *w = saved_and_opened(t);
    net_free(t);
    return w;
}

static size_t read_bytes(const char *path, char *out, size_t size)
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    size_t n = fread(out, 1, size, f);
    fclose(f);
    assert_in_range(n, 100, size - 1);
    return n;
}

/* ---- taking home ------------------------------------------------------------------------- */

/* Bit for bit: predictions, metrics, and the file that the restored network would write. */
static void restored_networks_answer_alike(void **state)
{
    (void)state;
    static float before[40 * 3], after[40 * 3];
    static char one[1 << 20], other[1 << 20];
    for (int k = 0; k < N_KINDS; k++) {
        struct toy toy = toy_of(&kinds[k], 40, 1);
        struct net_config c = trained(k);
        struct training *t = make(&c, &toy.rows), *restored;
        struct net_metrics m, m_restored;
        size_t bytes = 40 * (size_t)t->n_outputs * sizeof(float);
        train(t, 9);
        struct net_weights *w = saved_and_opened(t);
        assert_string_equal(net_weights_metadata(w), "{\"a\": 1}");
        assert_int_equal(net_restore(w, &restored, NULL), ERR_OK);
        assert_int_equal(net_predict(t, toy.x, 40, before), ERR_OK);
        assert_int_equal(net_predict(restored, toy.x, 40, after), ERR_OK);
        assert_memory_equal(before, after, bytes);
        assert_int_equal(net_evaluate(t, &toy.rows, &m, NULL, NULL), ERR_OK);
        assert_int_equal(net_evaluate(restored, &toy.rows, &m_restored, NULL, NULL), ERR_OK);
        assert_memory_equal(&m, &m_restored, sizeof m);
        assert_int_equal(net_save_weights(restored, again, "{\"a\": 1}", NULL), ERR_OK);
        size_t n = read_bytes(file, one, sizeof one);
        assert_int_equal(read_bytes(again, other, sizeof other), n);
        net_weights_free(w);
        net_free(restored);
        net_free(t);
        toy_free(&toy);
    }
}

/* PyTorch's place in a weight tensor is [output][input], a convolution's input channel, row,
 * column; ours is conv.h's, or by input in the first layer. */
static size_t our_place(const struct net_layer *l, size_t at)
{
    size_t fan_in = l->n_weights / (size_t)l->n_out, o = at / fan_in, i = at % fan_in;
    size_t area = (size_t)l->map.size * (size_t)l->map.size;
    if (l->conv)
        return (i % area * (size_t)l->n_in + i / area) * (size_t)l->n_out + o;
    return l->by_input ? i * (size_t)l->n_out + o : at;
}

/* The array "layer.L.NAME" holds the n numbers at `from`, weights in PyTorch's order; NULL: there
 * is no such array. */
static void check_array(struct tensor_file *f, const struct net_layer *layer, int l,
                        const char *name, const float *from)
{
    static float data[1 << 12];
    char full[40];
    size_t n, expected = strcmp(name, "weight") == 0 ? layer->n_weights : (size_t)layer->n_out;
    text_format(full, sizeof full, "layer.%d.%s", l, name);
    assert_int_equal(tensors_find(f, full, &n), from != NULL);
    if (!from)
        return;
    assert_int_equal(n, expected);
    assert_int_equal(tensors_read(f, full, data, n, NULL), ERR_OK);
    for (size_t i = 0; i < n; i++)
        assert_true(data[i] == from[expected == layer->n_weights ? our_place(layer, i) : i]);
}

/* net_layer_weights gives what the file would hold. */
static void check_copy(const struct training *t, int l)
{
    static float weight[1 << 12], bias[1 << 8];
    const struct net_layer *layer = &t->layer[l];
    assert_true(net_layer_weights(t, l, weight, bias));
    for (size_t i = 0; i < layer->n_weights; i++)
        assert_true(weight[i] == t->judged[layer->weight + our_place(layer, i)]);
    for (int o = 0; o < layer->n_out; o++)
        assert_true(bias[o] == t->judged[layer->bias + (size_t)o]);
    assert_false(net_layer_weights(t, t->n_layers, weight, bias));
    assert_false(net_layer_weights(t, -1, weight, bias));
}

static void files_are_in_pytorch_s_order(void **state)
{
    (void)state;
    for (int k = 0; k < N_KINDS; k++) {
        struct toy toy = toy_of(&kinds[k], 40, 1);
        struct net_config c = trained(k);
        struct training *t = make(&c, &toy.rows);
        struct tensor_file *f;
        train(t, 3);
        assert_int_equal(net_save_weights(t, file, NULL, NULL), ERR_OK);
        assert_int_equal(tensors_open(file, &f, NULL), ERR_OK);
        for (int l = 0; l < t->n_layers; l++) {
            const struct net_layer *layer = &t->layer[l];
            check_copy(t, l);
            const float *p = t->params;
            bool batch = layer->norm == NET_NORM_BATCH, none = layer->norm == NET_NORM_NONE;
            check_array(f, layer, l, "weight", p + layer->weight);
            check_array(f, layer, l, "bias", p + layer->bias);
            check_array(f, layer, l, "gain", none ? NULL : p + layer->gain);
            check_array(f, layer, l, "mean", batch ? p + layer->mean : NULL);
            check_array(f, layer, l, "variance", batch ? p + layer->variance : NULL);
        }
        tensors_close(f);
        net_free(t);
        toy_free(&toy);
    }
}

/* What is judged is what is saved. */
static void the_best_weights_can_be_taken_home(void **state)
{
    (void)state;
    struct toy toy = toy_of(&kinds[0], 40, 1);
    struct net_config c = trained(0);
    struct training *t = make(&c, &toy.rows), *restored;
    float best[40 * 3], last[40 * 3], answer[40 * 3];
    train(t, 5);
    net_keep_best(t, 1);
    net_predict(t, toy.x, 40, best);
    train(t, 5);
    net_predict(t, toy.x, 40, last);
    assert_memory_not_equal(best, last, sizeof best);
    for (int use_best = 0; use_best < 2; use_best++) {
        if (use_best)
            assert_true(net_use_best(t));
        struct net_weights *w = saved_and_opened(t);
        assert_int_equal(net_restore(w, &restored, NULL), ERR_OK);
        net_predict(restored, toy.x, 40, answer);
        assert_memory_equal(answer, use_best ? best : last, sizeof answer);
        net_free(restored);
        net_weights_free(w);
    }
    net_free(t);
    toy_free(&toy);
}

/* ---- files made by hand ------------------------------------------------------------------ */

/* Not believed, no memory asked for beyond what the file itself takes. */
static void assert_refused(const char *path, const char *what)
{
    struct net_weights *w;
    struct err_info info = {.detail = ""};
    largest_allocation = 0;
    enum err e = net_weights_open(path, &w, &info);
    if (e != ERR_INPUT || w || !info.detail[0])
        fail_msg("%s: %d, not %d: %s", what, e, ERR_INPUT, info.detail);
    if (largest_allocation > 1 << 20)
        fail_msg("%s: %zu bytes asked for", what, largest_allocation);
}

static void small_file(void)
{
    struct toy toy = toy_noise(20, 3, 2, 1);
    struct net_config c = toy_config();
    c.units = 2;
    c.normalization = NET_NORM_BATCH;
    struct net_weights *w = weights_of(&c, &toy.rows);
    net_weights_free(w);
    toy_free(&toy);
}

static void a_file_cut_or_changed_anywhere_is_refused(void **state)
{
    (void)state;
    static char bytes[1 << 14];
    char what[40];
    small_file();
    size_t n = read_bytes(file, bytes, sizeof bytes);
    int fd = open(file, O_RDWR);
    assert_true(fd >= 0);
    for (size_t at = 0; at < n; at++) {
        char flipped = (char)(bytes[at] ^ 1 << at % 8);
        assert_int_equal(pwrite(fd, &flipped, 1, (off_t)at), 1);
        assert_refused(file, text_format(what, sizeof what, "byte %zu changed", at));
        assert_int_equal(pwrite(fd, &bytes[at], 1, (off_t)at), 1);
    }
    for (size_t length = n; length-- > 0;) {
        assert_int_equal(ftruncate(fd, (off_t)length), 0);
        assert_refused(file, text_format(what, sizeof what, "cut to %zu", length));
    }
    close(fd);
}

/* The file's arrays with room to tamper. */
enum { MOST = 16, NUMBERS = 64 };
static struct {
    char names[MOST][40];
    float data[MOST][NUMBERS];
    struct tensor tensors[MOST];
    size_t n;
    char network[2048];
} copy;

static void copy_small_file(void)
{
    static const char *const parts[] = {"weight", "bias", "gain", "mean", "variance"};
    struct tensor_file *f;
    small_file();
    assert_int_equal(tensors_open(file, &f, NULL), ERR_OK);
    assert_true(text_copy(copy.network, sizeof copy.network, tensors_text(f, "network")));
    copy.n = 0;
    for (int i = 0; i < 10; i++) {
        size_t n, k = copy.n;
        text_format(copy.names[k], sizeof copy.names[k], "layer.%d.%s", i / 5, parts[i % 5]);
        if (!tensors_find(f, copy.names[k], &n))
            continue;
        assert_in_range(n, 1, NUMBERS);
        assert_int_equal(tensors_read(f, copy.names[k], copy.data[k], n, NULL), ERR_OK);
        copy.tensors[copy.n++] = (struct tensor){copy.names[k], 1, {n}, copy.data[k]};
    }
    assert_int_equal(copy.n, 7);
    tensors_close(f);
}

static void write_copy(const char *format, const char *network)
{
    const struct tensor_text texts[] = {{"format", format}, {"network", network}};
    assert_int_equal(tensors_write(file, texts, 2, copy.tensors, copy.n, NULL), ERR_OK);
}

/* The network's text with another value for a member. */
static const char *changed(const char *member, const char *value)
{
    static char out[4096];
    char key[64];
    text_format(key, sizeof key, "\"%s\":", member);
    const char *at = strstr(copy.network, key);
    if (!at)
        fail_msg("no member '%s' in %s", member, copy.network);
    size_t head = (size_t)(at - copy.network) + strlen(key);
    const char *rest = copy.network + head + strcspn(copy.network + head, ",}");
    return text_format(out, sizeof out, "%.*s%s%s", (int)head, copy.network, value, rest);
}

static void impossible_descriptions_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *member, *value;
    } bad[] = {
        {"n_inputs", "0"},
        {"n_inputs", "-3"},
        {"n_inputs", "4"},
        {"n_inputs", "16777216"},
        {"n_inputs", "16777217"},
        {"n_inputs", "2147483648"},
        {"n_inputs", "1e300"},
        {"n_inputs", "NaN"},
        {"n_inputs", "\"3\""},
        {"n_inputs", "null"},
        {"n_inputs", "2.5"},
        {"n_classes", "1"},
        {"n_classes", "-1"},
        {"n_classes", "0"},
        {"n_classes", "3"},
        {"n_classes", "16777216"},
        {"n_classes", "99999999999"},
        {"units", "0"},
        {"units", "3"},
        {"units", "4096"},
        {"units", "5000"},
        {"units", "-2"},
        {"num_layers", "0"},
        {"num_layers", "2"},
        {"num_layers", "4"},
        {"num_layers", "5"},
        {"num_layers", "1e9"},
        {"activation", "\"bogus\""},
        {"activation", "0"},
        {"kind", "\"conv\""},
        {"kind", "7"},
        {"normalization", "\"\""},
        {"dropout", "-1"},
        {"dropout", "1"},
        {"dropout", "NaN"},
        {"batch_size", "0"},
        {"freeze", "99"},
        {"thaw_epoch", "-1"},
        {"carried_rate", "2"},
        {"conv_layers", "4"},
        {"filters", "257"},
        {"kernel_size", "7"},
        {"image_rows", "-1"},
        {"image_rows", "16777217"},
        {"image_columns", "NaN"},
        {"target_scale", "Infinity"},
        {"target_scale", "-1"},
        {"target_scale", "\"1\""},
        {"rng_seed", "1"},
        {"rng_seed", "\"-1\""},
        {"schedule", "\"\""},
        {"learning_rate", "Infinity"},
    };
    copy_small_file();
    write_copy("tiller weights 1", copy.network);
    struct net_weights *w;
    assert_int_equal(net_weights_open(file, &w, NULL), ERR_OK); /* as it is, it is believed */
    net_weights_free(w);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char what[80];
        write_copy("tiller weights 1", changed(bad[i].member, bad[i].value));
        assert_refused(file, text_format(what, sizeof what, "%s=%s", bad[i].member, bad[i].value));
    }
}

/* Images whose maps would need more than there is. */
static void impossible_images_are_refused(void **state)
{
    (void)state;
    static const char *const sizes[][3] = {{"3", "1", "3"},
                                           {"16777216", "4096", "4096"},
                                           {"16777216", "16777216", "1"},
                                           {"65536", "65536", "65536"},
                                           {"9", "3", "3"}};
    copy_small_file();
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char kept[sizeof copy.network];
        text_copy(kept, sizeof kept, copy.network);
        static const char *const members[] = {"n_inputs", "image_rows", "image_columns"};
        for (int m = 0; m < 3; m++)
            text_copy(copy.network, sizeof copy.network, changed(members[m], sizes[i][m]));
        text_copy(copy.network, sizeof copy.network, changed("filters", "256"));
        text_copy(copy.network, sizeof copy.network, changed("conv_layers", "3"));
        write_copy("tiller weights 1", changed("kind", "\"conv\""));
        assert_refused(file, sizes[i][0]);
        text_copy(copy.network, sizeof copy.network, kept);
    }
}

static void wrong_arrays_are_refused(void **state)
{
    (void)state;
    copy_small_file();
    for (size_t k = 0; k < copy.n; k++) {
        struct tensor kept = copy.tensors[k];
        copy.tensors[k].name = "layer.7.weight";
        write_copy("tiller weights 1", copy.network);
        assert_refused(file, "an array is missing");
        copy.tensors[k] = kept;
        copy.tensors[k].shape[0]++;
        write_copy("tiller weights 1", copy.network);
        assert_refused(file, "an array is too long");
        copy.tensors[k].shape[0] = kept.shape[0] - 1;
        write_copy("tiller weights 1", copy.network);
        assert_refused(file, "an array is too short");
        copy.tensors[k] = kept;
    }
    write_copy("tiller weights 2", copy.network);
    assert_refused(file, "another format");
    write_copy("tiller training 1", copy.network);
    assert_refused(file, "a checkpoint");
    write_copy(NULL, copy.network);
    assert_refused(file, "no format");
    write_copy("tiller weights 1", NULL);
    assert_refused(file, "no description");
    write_copy("tiller weights 1", "[[[");
    assert_refused(file, "a broken description");
    write_copy("tiller weights 1", "3");
    assert_refused(file, "a description that is a number");
}

/* Numbers that no training leaves behind: it ends as diverged before. */
static void broken_weights_are_refused(void **state)
{
    (void)state;
    static const float broken[] = {NAN, INFINITY, -INFINITY};
    copy_small_file();
    for (size_t k = 0; k < copy.n; k++)
        for (int b = 0; b < 3; b++) {
            float kept = copy.data[k][0];
            copy.data[k][0] = broken[b];
            write_copy("tiller weights 1", copy.network);
            assert_refused(file, copy.names[k]);
            copy.data[k][0] = kept;
        }
    for (size_t k = 0; k < copy.n; k++)
        if (strstr(copy.names[k], "variance")) {
            copy.data[k][0] = -1e-3f;
            write_copy("tiller weights 1", copy.network);
            assert_refused(file, "a negative variance");
        }
}

/* ---- starting from them ------------------------------------------------------------------ */

/* Layer l in block a and layer m in block b. */
static bool same_bits(const struct net_layer *l, const float *a, const struct net_layer *m,
                      const float *b)
{
    size_t n = (size_t)l->n_out * sizeof *a;
    bool same = memcmp(a + l->weight, b + m->weight, l->n_weights * sizeof *a) == 0 &&
                memcmp(a + l->bias, b + m->bias, n) == 0;
    if (l->norm != NET_NORM_NONE)
        same = same && memcmp(a + l->gain, b + m->gain, n) == 0;
    if (l->norm == NET_NORM_BATCH)
        same = same && memcmp(a + l->mean, b + m->mean, n) == 0 &&
               memcmp(a + l->variance, b + m->variance, n) == 0;
    return same;
}

/* The network that starts from the weights of number `origin` of this list, and which of its layers
 * fit (bit l: layer l). */
static const struct {
    const char *name;
    bool conv, with_output;
    int n_inputs, n_classes, units, num_layers, conv_layers, kernel_size, filters;
    enum net_normalization norm;
    unsigned origin, fit;
} changes[] = {
    {"the same", false, true, 7, 3, 5, 3, 0, 0, 0, NET_NORM_BATCH, 0, 0xf},
    {"other classes, as many", false, false, 7, 3, 5, 3, 0, 0, 0, NET_NORM_BATCH, 0, 0x7},
    {"more classes", false, true, 7, 4, 5, 3, 0, 0, 0, NET_NORM_BATCH, 0, 0x7},
    {"other inputs", false, true, 8, 3, 5, 3, 0, 0, 0, NET_NORM_BATCH, 0, 0xe},
    {"other inputs and classes", false, true, 8, 2, 5, 3, 0, 0, 0, NET_NORM_BATCH, 0, 0x6},
    {"wider", false, true, 7, 3, 6, 3, 0, 0, 0, NET_NORM_BATCH, 0, 0},
    {"a layer fewer", false, true, 7, 3, 5, 2, 0, 0, 0, NET_NORM_BATCH, 0, 0x3},
    {"a layer more", false, true, 7, 3, 5, 4, 0, 0, 0, NET_NORM_BATCH, 0, 0x7},
    {"no normalization", false, true, 7, 3, 5, 3, 0, 0, 0, NET_NORM_NONE, 0, 0x8},
    {"by layer", false, true, 7, 3, 5, 3, 0, 0, 0, NET_NORM_LAYER, 0, 0x8},
    {"the same", true, true, 36, 3, 5, 1, 2, 3, 3, NET_NORM_BATCH, 10, 0xf},
    {"larger images", true, true, 64, 3, 5, 1, 2, 3, 3, NET_NORM_BATCH, 10, 0xb},
    {"more filters", true, true, 36, 3, 5, 1, 2, 3, 4, NET_NORM_BATCH, 10, 0x8},
    {"larger kernels", true, true, 36, 3, 5, 1, 2, 5, 3, NET_NORM_BATCH, 10, 0xc},
    {"one convolution", true, true, 36, 3, 5, 1, 1, 3, 3, NET_NORM_BATCH, 10, 0x1},
    {"regression", true, true, 36, 0, 5, 1, 2, 3, 3, NET_NORM_BATCH, 10, 0x7},
    {"narrow", false, true, 7, 3, 3, 2, 0, 0, 0, NET_NORM_NONE, 16, 0x7},
    {"a layer where the output was", false, true, 7, 3, 3, 3, 0, 0, 0, NET_NORM_NONE, 16, 0x3},
};

static struct net_config config_of(size_t i, struct toy *toy)
{
    struct net_config c = toy_config();
    c.kind = changes[i].conv ? NET_CONV : NET_PERCEPTRON;
    c.units = changes[i].units;
    c.num_layers = changes[i].num_layers;
    c.conv_layers = changes[i].conv_layers;
    c.kernel_size = changes[i].kernel_size;
    c.filters = changes[i].filters;
    c.normalization = changes[i].norm;
    *toy = changes[i].n_classes > 0 ? toy_noise(40, changes[i].n_inputs, changes[i].n_classes, 1)
                                    : toy_numbers(40, changes[i].n_inputs, 1);
    toy->rows.image_rows = toy->rows.image_columns =
        changes[i].conv ? (int)sqrt(changes[i].n_inputs) : 0;
    return c;
}

static void layers_that_fit_are_carried(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        struct toy toy, origin_toy;
        struct net_config origin = config_of(changes[i].origin, &origin_toy);
        struct net_config c = config_of(i, &toy);
        c.from_weights = true;
        c.rng_seed++;
        struct training *giver = make(&origin, &origin_toy.rows), *fresh = make(&c, &toy.rows);
        train(giver, 9);
        struct net_weights *w = saved_and_opened(giver);
        struct training *t = make(&c, &toy.rows);
        int expected = 0, carried = net_carry(t, w, changes[i].with_output);
        for (int l = 0; l < t->n_layers; l++) {
            bool fits = changes[i].fit >> l & 1;
            expected += fits;
            const struct net_layer *layer = &t->layer[l], *from = &giver->layer[l];
            if (layer->carried != fits)
                fail_msg("%s: layer %d: carried %d", changes[i].name, l, layer->carried);
            if (fits)
                assert_true(same_bits(layer, t->params, from, giver->params));
            else
                assert_true(same_bits(layer, t->params, layer, fresh->params));
        }
        assert_int_equal(carried, expected);
        train(t, 3);
        net_weights_free(w);
        net_free(giver);
        net_free(fresh);
        net_free(t);
        toy_free(&toy);
        toy_free(&origin_toy);
    }
}

/* Frozen layers keep every bit until the epoch in which they thaw, running figures too; all others
 * move from the first batch on. */
static void frozen_layers_keep_their_bits(void **state)
{
    (void)state;
    for (int k = 0; k < N_KINDS; k++)
        for (int frozen = 0; frozen < 3; frozen++) {
            struct toy toy = toy_of(&kinds[k], 30, 1);
            struct net_config c = trained(k);
            struct net_weights *w = weights_of(&c, &toy.rows);
            c.from_weights = true;
            c.freeze = frozen;
            c.thaw_epoch = 2;
            c.carried_rate = 0.5;
            c.schedule = NET_CONSTANT;
            c.warmup_epochs = 0;
            struct training *t = make(&c, &toy.rows);
            int layers = net_count_layers(t), kept = frozen < layers ? frozen : layers - 1;
            assert_int_equal(net_carry(t, w, true), layers);
            float *start = mem_alloc(t->n_block, sizeof *start);
            memcpy(start, t->params, t->n_block * sizeof *start);
            for (int batch = 1; batch <= 9; batch++) {
                train(t, 1);
                for (int l = 0; l < layers; l++)
                    if (same_bits(&t->layer[l], t->params, &t->layer[l], start) !=
                        (l < kept && batch <= 8))
                        fail_msg("%s, %d frozen: layer %d after batch %d", kinds[k].name, kept, l,
                                 batch);
            }
            mem_free(start);
            net_weights_free(w);
            net_free(t);
            toy_free(&toy);
        }
}

/* Where a layer had to be made anew, nothing is frozen from there on. */
static void only_carried_layers_are_frozen(void **state)
{
    (void)state;
    struct toy toy = toy_noise(40, 7, 3, 1), wider = toy_noise(40, 8, 3, 1);
    struct net_config c = toy_config();
    c.num_layers = 3;
    struct net_weights *w = weights_of(&c, &toy.rows);
    c.from_weights = true;
    c.freeze = 2;
    struct training *t = make(&c, &toy.rows), *other = make(&c, &wider.rows);
    net_carry(t, w, false);
    net_carry(other, w, false);
    assert_int_equal(training_first_learning(t), 2);
    assert_int_equal(training_first_learning(other), 0);
    net_free(t);
    net_free(other);
    net_weights_free(w);
    toy_free(&toy);
    toy_free(&wider);
}

/* How far plain SGD moves the first weight of each layer in one batch. */
static void first_moves(const struct net_config *c, const struct net_rows *rows,
                        const struct net_weights *w, bool with_output, double out[4])
{
    struct training *t = make(c, rows);
    net_carry(t, w, with_output);
    for (int l = 0; l < 4; l++)
        out[l] = (double)t->params[t->layer[l].weight];
    train(t, 1);
    for (int l = 0; l < 4; l++)
        out[l] -= (double)t->params[t->layer[l].weight];
    net_free(t);
}

static void carried_layers_learn_at_their_own_rate(void **state)
{
    (void)state;
    struct toy toy = toy_noise(40, 7, 3, 1);
    struct net_config c = toy_config();
    c.num_layers = 3;
    c.activation = NET_TANH;
    struct net_weights *w = weights_of(&c, &toy.rows);
    c.optimizer = NET_SGD;
    c.momentum = c.dropout = 0;
    c.learning_rate = 0.5;
    c.from_weights = true;
    double usual[4], slow[4];
    static const double rates[] = {0, 1, 0.5, 0.1};
    for (int i = 0; i < 8; i++) {
        double rate = rates[i / 2];
        bool with_output = i % 2;
        c.carried_rate = 1;
        first_moves(&c, &toy.rows, w, with_output, usual);
        c.carried_rate = rate;
        first_moves(&c, &toy.rows, w, with_output, slow);
        for (int l = 0; l < 4; l++) {
            double share = rate > 0 && (l < 3 || with_output) ? rate : 1;
            assert_true(fabs(usual[l]) > 1e-5);
            assert_true(fabs(slow[l] - share * usual[l]) < 1e-6);
        }
    }
    net_weights_free(w);
    toy_free(&toy);
}

/* ---- memory ------------------------------------------------------------------------------ */

static void any_allocation_may_fail(void **state)
{
    (void)state;
    struct net_weights *w = NULL;
    struct training *t = NULL;
    enum err e = ERR_MEMORY;
    small_file();
    for (int failures = 0; e != ERR_OK; failures++) {
        mem_fail_after(failures);
        e = net_weights_open(file, &w, NULL);
        mem_fail_after(-1);
        assert_true(e == ERR_OK || (e == ERR_MEMORY && !w));
    }
    e = ERR_MEMORY;
    for (int failures = 0; e != ERR_OK; failures++) {
        mem_fail_after(failures);
        e = net_restore(w, &t, NULL);
        mem_fail_after(-1);
        assert_true(e == ERR_OK || (e == ERR_MEMORY && !t));
    }
    e = ERR_MEMORY;
    for (int failures = 0; e != ERR_OK; failures++) {
        mem_fail_after(failures);
        e = net_save_weights(t, again, NULL, NULL);
        mem_fail_after(-1);
        assert_true(e == ERR_OK || e == ERR_MEMORY);
    }
    net_free(t);
    net_weights_free(w);
}

static int set_up(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return 1;
    text_format(file, sizeof file, "%s/a", folder);
    text_format(again, sizeof again, "%s/b", folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(file);
    unlink(again);
    return rmdir(folder);
}

int main(void)
{
    net_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(restored_networks_answer_alike),
        cmocka_unit_test(files_are_in_pytorch_s_order),
        cmocka_unit_test(the_best_weights_can_be_taken_home),
        cmocka_unit_test(a_file_cut_or_changed_anywhere_is_refused),
        cmocka_unit_test(impossible_descriptions_are_refused),
        cmocka_unit_test(impossible_images_are_refused),
        cmocka_unit_test(wrong_arrays_are_refused),
        cmocka_unit_test(broken_weights_are_refused),
        cmocka_unit_test(layers_that_fit_are_carried),
        cmocka_unit_test(frozen_layers_keep_their_bits),
        cmocka_unit_test(only_carried_layers_are_frozen),
        cmocka_unit_test(carried_layers_learn_at_their_own_rate),
        cmocka_unit_test(any_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
