/* If this fails, a resumed training is another one than the interrupted, or a damaged file is
 * believed. */
#include "kinds.h"
#include "net/tensors.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
/* cmocka needs them above it */
#include <cmocka.h>

static char folder[] = "/tmp/tiller-checkpoint-XXXXXX";
static char file[64], broken[64];

static struct training *make(const struct net_config *config, const struct toy *toy)
{
    struct training *t;
    assert_int_equal(net_new(config, &toy->rows, &t, NULL), ERR_OK);
    return t;
}

static void slice(struct training *t, int batches)
{
    bool done;
    assert_int_equal(net_train_slice(t, batches, &done), ERR_OK);
}

static struct training *saved_and_loaded(struct training *t, const struct toy *toy)
{
    struct err_info info;
    if (net_save(t, file, NULL, &info) != ERR_OK)
        fail_msg("%s: %s", info.where, info.detail);
    net_free(t);
    if (net_load(file, &toy->rows, &t, NULL, &info) != ERR_OK)
        fail_msg("%s: %s", info.where, info.detail);
    return t;
}

static void assert_same(const struct training *a, const struct training *b)
{
    size_t bytes = a->n_block * sizeof(float);
    assert_memory_equal(a->params, b->params, bytes);
    for (int i = 0; i < a->n_moments; i++)
        assert_memory_equal(a->moment[i], b->moment[i], a->n_learned * sizeof(float));
    assert_memory_equal(a->best, b->best, bytes);
    assert_memory_equal(a->order, b->order, (size_t)a->rows.n_rows * sizeof *a->order);
    assert_true(a->config.learning_rate == b->config.learning_rate);
    assert_true(a->config.rng_seed == b->config.rng_seed);
    assert_true(a->config.cycle_rate_scale == b->config.cycle_rate_scale);
    assert_int_equal(a->config.cycle_first_epoch, b->config.cycle_first_epoch);
    assert_int_equal(a->config.schedule_epochs, b->config.schedule_epochs);
    assert_int_equal(a->epoch, b->epoch);
    assert_int_equal(a->batch, b->batch);
    assert_int_equal(a->best_epoch, b->best_epoch);
    assert_memory_equal(&a->loss_sum, &b->loss_sum, sizeof a->loss_sum);
    assert_memory_equal(&a->train_loss, &b->train_loss, sizeof a->train_loss);
}

/* What a run does around a training: keep the best after epochs 2 and 4, a new cycle after 5. */
static void after_batch(struct training *t)
{
    if (t->batch == 0 && (t->epoch == 2 || t->epoch == 4))
        net_keep_best(t, t->epoch);
    if (t->batch == 0 && t->epoch == 5)
        net_begin_cycle(t, 2, 0.3);
}

/* Every kind of training, stored and taken up again at random batches (about every fourth), against
 * the one that was never interrupted. */
static void interrupted_or_not_the_bits_are_the_same(void **state)
{
    (void)state;
    struct toy toy = toy_moons(93, 1);
    struct rng rng;
    rng_seed(&rng, 1, 1);
    for (unsigned k = 0; k < 32; k++) {
        struct net_config c = toy_config();
        c.optimizer = k & 1 ? NET_ADAM : NET_SGD;
        c.activation = k & 2 ? NET_TANH : NET_RELU;
        c.schedule = k & 4 ? NET_COSINE : NET_CONSTANT;
        c.dropout = k & 8 ? 0.25 : 0;
        c.num_layers = k & 16 ? 3 : 1;
        c.weight_decay = k & 1 ? 1e-3 : 0;
        c.schedule_epochs = 5;
        c.learning_rate = 0.0123456789;
        c.rng_seed = UINT64_MAX - k;
        struct training *whole = make(&c, &toy), *broken_up = make(&c, &toy);
        for (int i = 0; i < 7 * 12; i++) {
            slice(whole, 1);
            after_batch(whole);
            slice(broken_up, 1);
            after_batch(broken_up);
            if (rng_below(&rng, 4) == 0)
                broken_up = saved_and_loaded(broken_up, &toy);
        }
        assert_int_equal(whole->epoch, 7);
        assert_same(whole, broken_up);
        net_free(whole);
        net_free(broken_up);
    }
    toy_free(&toy);
}

/* Every kind of network, stored and taken up again in the middle of epochs before and after layers
 * thaw; every second one has carried layers. */
static void every_kind_goes_on_with_the_same_bits(void **state)
{
    (void)state;
    for (int k = 0; k < N_KINDS; k++) {
        struct toy toy = toy_of(&kinds[k], 30, 1);
        struct net_config c = trained(k);
        c.from_weights = k % 2;
        c.carried_rate = 0.3;
        struct training *whole = make(&c, &toy), *broken_up = make(&c, &toy);
        whole->layer[1].carried = broken_up->layer[1].carried = k % 2;
        for (int i = 0; i < 12; i++) {
            slice(whole, 1);
            slice(broken_up, 1);
            if (i == 5) {
                net_keep_best(whole, 1);
                net_keep_best(broken_up, 1);
            }
            if (i % 4 == 2)
                broken_up = saved_and_loaded(broken_up, &toy);
        }
        assert_same(whole, broken_up);
        for (int l = 0; l < whole->n_layers; l++)
            assert_int_equal(whole->layer[l].carried, broken_up->layer[l].carried);
        if (whole->class_weight)
            assert_memory_equal(whole->class_weight, broken_up->class_weight, 3 * sizeof(float));
        net_free(whole);
        net_free(broken_up);
        toy_free(&toy);
    }
}

static void the_caller_s_words_come_back(void **state)
{
    (void)state;
    struct toy toy = toy_moons(30, 1);
    struct net_config c = toy_config();
    struct training *t = make(&c, &toy), *loaded;
    char *words = NULL;
    const char *given = "{\"trial\": 7, \"name\": \"caf\xc3\xa9 \\\"quoted\\\"\"}";
    assert_int_equal(net_save(t, file, given, NULL), ERR_OK);
    assert_int_equal(net_load(file, &toy.rows, &loaded, &words, NULL), ERR_OK);
    assert_string_equal(words, given);
    mem_free(words);
    net_free(loaded);
    assert_int_equal(net_save(t, file, NULL, NULL), ERR_OK);
    assert_int_equal(net_load(file, &toy.rows, &loaded, &words, NULL), ERR_OK);
    assert_null(words);
    net_free(loaded);
    net_free(t);
    toy_free(&toy);
}

static void other_rows_are_refused(void **state)
{
    (void)state;
    struct toy toy = toy_moons(30, 1), longer = toy_moons(31, 1), wider = toy_noise(30, 3, 2, 1);
    struct net_config c = toy_config();
    struct training *t = make(&c, &toy), *loaded;
    struct err_info info;
    assert_int_equal(net_save(t, file, NULL, NULL), ERR_OK);
    assert_int_equal(net_load(file, &longer.rows, &loaded, NULL, &info), ERR_INPUT);
    assert_string_equal(info.where, file);
    assert_non_null(strstr(info.detail, "31"));
    assert_int_equal(net_load(file, &wider.rows, &loaded, NULL, NULL), ERR_INPUT);
    assert_null(loaded);
    assert_int_equal(net_load("/nowhere/at/all", &toy.rows, &loaded, NULL, NULL), ERR_IO);
    net_free(t);
    toy_free(&toy);
    toy_free(&longer);
    toy_free(&wider);
}

/* ---- damaged files ----------------------------------------------------------------------- */

static void write_bytes(const char *path, const char *bytes, size_t n)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static void assert_refused(const struct toy *toy, const char *bytes, size_t n, size_t at)
{
    struct training *t;
    struct err_info info = {0};
    write_bytes(broken, bytes, n);
    enum err e = net_load(broken, &toy->rows, &t, NULL, &info);
    if (e != ERR_INPUT)
        fail_msg("byte %zu: %d instead of %d: %s", at, e, ERR_INPUT, info.detail);
    assert_null(t);
    assert_true(info.detail[0]);
}

static size_t read_bytes(char **bytes)
{
    FILE *f = fopen(file, "rb");
    assert_non_null(f);
    *bytes = mem_alloc(100000, 1);
    size_t n = fread(*bytes, 1, 100000, f);
    fclose(f);
    assert_in_range(n, 1000, 99999);
    return n;
}

static struct training *small_checkpoint(struct toy *toy)
{
    *toy = toy_moons(20, 1);
    struct net_config c = toy_config();
    c.units = 3;
    struct training *t = make(&c, toy);
    slice(t, 2);
    net_keep_best(t, 0);
    assert_int_equal(net_save(t, file, "{\"a\": 1}", NULL), ERR_OK);
    return t;
}

static void a_file_cut_anywhere_is_refused(void **state)
{
    (void)state;
    struct toy toy;
    struct training *t = small_checkpoint(&toy);
    char *bytes;
    size_t n = read_bytes(&bytes);
    for (size_t length = 0; length < n; length++)
        assert_refused(&toy, bytes, length, length);
    bytes[n] = 0;
    assert_refused(&toy, bytes, n + 1, n); /* nor one byte more */
    mem_free(bytes);
    net_free(t);
    toy_free(&toy);
}

static void a_flipped_bit_anywhere_is_noticed(void **state)
{
    (void)state;
    struct toy toy;
    struct training *t = small_checkpoint(&toy);
    char *bytes;
    size_t n = read_bytes(&bytes);
    for (size_t at = 0; at < n; at++) {
        char kept = bytes[at];
        bytes[at] = (char)(kept ^ (1 << at % 8));
        assert_refused(&toy, bytes, n, at);
        bytes[at] = kept;
    }
    mem_free(bytes);
    net_free(t);
    toy_free(&toy);
}

/* Headers that would make a careless reader allocate or read out of bounds. */
static void evil_headers_are_refused(void **state)
{
    (void)state;
    static const char *const headers[] = {
        "",
        "[]",
        "{",
        "null",
        "{}",
        "{\"__metadata__\":3}",
        "{\"parameters\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]}}",
        "{\"parameters\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[-16,0]}}",
        "{\"parameters\":{\"dtype\":\"F32\",\"shape\":[-4],\"data_offsets\":[0,8]}}",
        "{\"parameters\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904],\"data_offsets\":[0,8]}"
        "}",
        "{\"parameters\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,"
        "8]}}",
        "{\"parameters\":{\"dtype\":\"F32\",\"shape\":[1e300],\"data_offsets\":[0,8]}}",
        "{\"parameters\":{\"dtype\":\"F32\",\"shape\":[NaN],\"data_offsets\":[0,8]}}",
        "{\"parameters\":{\"dtype\":\"X\",\"shape\":[2],\"data_offsets\":[0,8]}}",
        "{\"parameters\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0]}}",
        "{\"parameters\":{\"dtype\":\"F32\",\"shape\":2,\"data_offsets\":[0,8]}}",
        "{\"parameters\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}",
        "{\"parameters\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}",
        "{\"__metadata__\":{\"format\":\"tiller training 1\",\"training\":\"{}\"},"
        "\"parameters\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}",
        "{\"__metadata__\":{\"format\":\"tiller training 1\",\"training\":\"[[[\"},"
        "\"parameters\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}",
    };
    struct toy toy = toy_moons(20, 1);
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        char bytes[512] = {0};
        size_t length = strlen(headers[i]);
        bytes[0] = (char)length;
        bytes[1] = (char)(length >> 8);
        memcpy(bytes + 8, headers[i], length);
        assert_refused(&toy, bytes, 8 + length + 8, i);
    }
    char huge[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
    assert_refused(&toy, huge, 16, 0);
    toy_free(&toy);
}

static void any_allocation_may_fail(void **state)
{
    (void)state;
    struct toy toy;
    struct training *t = small_checkpoint(&toy), *loaded = NULL;
    enum err e = ERR_MEMORY;
    int failures;
    for (failures = 0; e != ERR_OK; failures++) {
        char *words = NULL;
        mem_fail_after(failures);
        e = net_load(file, &toy.rows, &loaded, &words, NULL);
        mem_fail_after(-1);
        assert_true(e == ERR_OK || e == ERR_MEMORY);
        assert_true((e == ERR_OK) == (loaded != NULL));
        mem_free(words);
    }
    assert_true(failures > 4);
    net_free(loaded);
    for (failures = 0, e = ERR_MEMORY; e != ERR_OK; failures++) {
        mem_fail_after(failures);
        e = net_save(t, broken, NULL, NULL);
        mem_fail_after(-1);
        assert_true(e == ERR_OK || e == ERR_MEMORY);
    }
    net_free(t);
    toy_free(&toy);
}

/* ---- weights to take home ---------------------------------------------------------------- */

static void weights_have_names_and_shapes(void **state)
{
    (void)state;
    struct toy toy = toy_noise(20, 5, 3, 1);
    struct net_config c = toy_config();
    c.num_layers = 2;
    struct training *t = make(&c, &toy);
    slice(t, 3);
    struct tensor_file *f;
    size_t n;
    assert_int_equal(net_save_weights(t, file, "{}", NULL), ERR_OK);
    assert_int_equal(tensors_open(file, &f, NULL), ERR_OK);
    assert_string_equal(tensors_text(f, "tiller"), "{}");
    const size_t sizes[3][2] = {{9, 5}, {9, 9}, {3, 9}};
    for (int l = 0; l < 3; l++) {
        char name[32];
        float w[81], b[9];
        size_t out = sizes[l][0], in = sizes[l][1];
        const struct net_layer *layer = &t->layer[l];
        text_format(name, sizeof name, "layer.%d.weight", l);
        assert_true(tensors_find(f, name, &n));
        assert_int_equal(n, out * in);
        assert_int_equal(tensors_read(f, name, w, n, NULL), ERR_OK);
        text_format(name, sizeof name, "layer.%d.bias", l);
        assert_int_equal(tensors_read(f, name, b, out, NULL), ERR_OK);
        for (size_t o = 0; o < out; o++) {
            assert_true(b[o] == t->params[layer->bias + o]);
            for (size_t i = 0; i < in; i++)
                assert_true(
                    w[o * in + i] ==
                    t->params[layer->weight + (layer->by_input ? i * out + o : o * in + i)]);
        }
    }
    assert_false(tensors_find(f, "layer.3.weight", &n));
    tensors_close(f);
    struct training *loaded;
    assert_int_equal(net_load(file, &toy.rows, &loaded, NULL, NULL), ERR_INPUT);
    net_free(t);
    toy_free(&toy);
}

static int set_up(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return 1;
    text_format(file, sizeof file, "%s/a", folder);
    text_format(broken, sizeof broken, "%s/b", folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(file);
    unlink(broken);
    return rmdir(folder);
}

int main(void)
{
    net_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(interrupted_or_not_the_bits_are_the_same),
        cmocka_unit_test(every_kind_goes_on_with_the_same_bits),
        cmocka_unit_test(the_caller_s_words_come_back),
        cmocka_unit_test(other_rows_are_refused),
        cmocka_unit_test(a_file_cut_anywhere_is_refused),
        cmocka_unit_test(a_flipped_bit_anywhere_is_noticed),
        cmocka_unit_test(evil_headers_are_refused),
        cmocka_unit_test(any_allocation_may_fail),
        cmocka_unit_test(weights_have_names_and_shapes),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
