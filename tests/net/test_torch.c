/* If this fails, networks are trained otherwise than PyTorch trains them: from the same weights and
 * batches, each of 50 losses must be PyTorch's within 1e-4, for every optimiser, schedule, kind of
 * layer and loss, frozen, thawed and carried layers.
 *
 * oracle/losses.json holds PyTorch's losses and rates (float64), oracle/make_dumps.py makes it;
 * weights and rows come from one generator that stands there and here. float32 PyTorch is off by
 * 2e-5 at most. Where PyTorch is installed, the file is made again and compared. */
#include "../support/spawn.h"
#include "toy.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka needs them above it */
#include <cmocka.h>

#define COMMITTED "tests/net/oracle/losses.json"
enum { STEPS = 50 };

/* ---- the generator, as in make_dumps.py -------------------------------------------------- */

/* Knuth's 64-bit congruential generator; its upper 24 bits as a number in [-1, 1). */
static double next(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return ((double)(*state >> 40) - 8388608) / 8388608;
}

static void make_rows(uint64_t *g, struct toy *toy)
{
    int n_classes = toy->rows.n_classes, n_inputs = toy->rows.n_inputs;
    static float centers[8][128];
    for (int c = 0; c < (n_classes > 0 ? n_classes : 1); c++)
        for (int j = 0; j < n_inputs; j++)
            centers[c][j] = (float)next(g);
    for (int i = 0; i < toy->rows.n_rows; i++) {
        double share = (next(g) + 1) / 2, line = 0;
        int c = (int)(share * share * n_classes);
        float *x = toy->x + (size_t)i * (size_t)n_inputs;
        for (int j = 0; j < n_inputs; j++) {
            x[j] = (float)(next(g) + (n_classes > 0 ? (double)centers[c][j] : 0));
            line += (double)centers[0][j] * (double)x[j];
        }
        if (n_classes > 0)
            toy->y[i] = c;
        else
            toy->target[i] = (float)(line + 0.3 * next(g));
    }
}

/* Where PyTorch's weight [o][i] lies; a convolution's i is channel, row, column of its kernel. */
static size_t weight_at(const struct net_layer *l, int o, int i)
{
    int area = l->map.size * l->map.size;
    if (l->conv)
        return l->weight + (size_t)((i % area * l->n_in + i / area) * l->n_out + o);
    return l->weight + (size_t)(l->by_input ? i * l->n_out + o : o * l->n_in + i);
}

static void draw(uint64_t *g, float *to, int n, double scale, double middle)
{
    for (int i = 0; i < n; i++)
        to[i] = (float)(middle + scale * next(g));
}

static void draw_weights(uint64_t *g, struct training *t)
{
    for (int l = 0; l < t->n_layers; l++) {
        const struct net_layer *layer = &t->layer[l];
        int fan_in = (int)layer->n_weights / layer->n_out;
        double scale = sqrt(6.0 / fan_in);
        for (int o = 0; o < layer->n_out; o++)
            for (int i = 0; i < fan_in; i++)
                t->params[weight_at(layer, o, i)] = (float)(scale * next(g));
        draw(g, t->params + layer->bias, layer->n_out, 0.1, 0);
        if (layer->norm != NET_NORM_NONE)
            draw(g, t->params + layer->gain, layer->n_out, 0.2, 1);
    }
}

/* ---- a case ------------------------------------------------------------------------------ */

static double number_of(const cJSON *o, const char *name)
{
    double value;
    if (!json_get_number(o, name, &value))
        fail_msg("no number '%s'", name);
    return value;
}

static double number_at(const cJSON *o, const char *list, int i)
{
    double value;
    if (!json_number(cJSON_GetArrayItem(json_get(o, list), i), &value))
        fail_msg("no number %d in '%s'", i, list);
    return value;
}

static struct toy toy_of(const cJSON *one, int32_t n_rows, uint64_t *g)
{
    int32_t n_classes = (int32_t)number_of(one, "n_classes");
    int32_t n_inputs = (int32_t)number_of(one, "n_inputs");
    assert_in_range(n_inputs, 1, 128);
    assert_in_range(n_classes, 0, 8);
    struct toy toy =
        n_classes > 0 ? toy_alloc(n_rows, n_inputs, n_classes) : toy_numbers(n_rows, n_inputs, 1);
    toy.rows.image_rows = (int32_t)number_of(one, "image_rows");
    toy.rows.image_columns = (int32_t)number_of(one, "image_columns");
    make_rows(g, &toy);
    return toy;
}

/* The mean loss of the next batch; rows come in the order in which they stand. */
static double step(struct training *t)
{
    bool done;
    int first = t->batch * t->batch_size, left = t->rows.n_rows - first;
    double before = t->loss_sum;
    for (int32_t i = 0; i < t->rows.n_rows; i++)
        t->order[i] = i;
    assert_int_equal(net_train_slice(t, 1, &done), ERR_OK);
    double after = done ? net_train_loss(t) * t->rows.n_rows : t->loss_sum;
    return (after - before) / (left < t->batch_size ? left : t->batch_size);
}

static void assert_close(double ours, double theirs, double relative, const char *name,
                         const char *what, int k)
{
    if (!(fabs(ours - theirs) <= relative * fabs(theirs)))
        fail_msg("%s: %s of step %d: %.9g, PyTorch has %.9g", name, what, k, ours, theirs);
}

/* The largest relative distance from PyTorch's losses. */
static double follow(const cJSON *one, int32_t n_rows, const struct kernels *table)
{
    struct net_config c;
    struct training *t;
    struct err_info info;
    const char *name = json_get_string(one, "name");
    uint64_t g = (uint64_t)number_of(one, "seed");
    assert_non_null(name);
    assert_true(net_config_get(json_get(one, "config"), &c));
    struct toy toy = toy_of(one, n_rows, &g);
    if (net_new(&c, &toy.rows, &t, &info) != ERR_OK)
        fail_msg("%s: %s: %s", name, info.where, info.detail);
    t->kernels = table;
    draw_weights(&g, t);
    for (int l = 0; l < (int)number_of(one, "carried"); l++)
        t->layer[l].carried = true;
    double worst = 0;
    for (int k = 0; k < STEPS; k++) {
        double theirs = number_at(one, "losses", k), rate = net_current_rate(t), ours = step(t);
        assert_close(rate, number_at(one, "rates", k), 1e-8, name, "the rate", k);
        assert_close(ours, theirs, 1e-4, name, "the loss", k);
        worst = fmax(worst, fabs(ours / theirs - 1));
    }
    struct net_metrics m;
    assert_int_equal(net_evaluate(t, &toy.rows, &m, NULL, NULL), ERR_OK);
    assert_close(m.loss, number_of(one, "judged"), 1e-4, name, "judged, the loss", STEPS);
    net_free(t);
    toy_free(&toy);
    return worst;
}

static cJSON *read_cases(const char *path)
{
    char *bytes;
    size_t n;
    cJSON *out;
    assert_int_equal(file_read(path, 1 << 20, &bytes, &n, NULL), ERR_OK);
    assert_int_equal(json_parse(bytes, n, path, &out, NULL), ERR_OK);
    mem_free(bytes);
    assert_true(cJSON_GetArraySize(json_get(out, "cases")) >= 63);
    return out;
}

/* ---- tests ------------------------------------------------------------------------------- */

static void every_loss_is_pytorch_s(void **state)
{
    (void)state;
    const struct kernels *tables[4];
    size_t n_tables = kernels_list(tables);
    cJSON *cases = read_cases(COMMITTED);
    const cJSON *one;
    for (size_t i = 0; i < n_tables; i++) {
        double worst = 0;
        cJSON_ArrayForEach(one, json_get(cases, "cases")) worst =
            fmax(worst, follow(one, (int32_t)number_of(cases, "n_rows"), tables[i]));
        print_message("%s: off by %.1e at most\n", tables[i]->name, worst);
    }
    json_free(cases);
}

/* What is committed is what the generator makes. */
static void pytorch_still_says_the_same(void **state)
{
    (void)state;
    char folder[64], path[96];
    struct spawned s;
    assert_non_null(spawn_make_folder(folder));
    text_format(path, sizeof path, "%s/losses.json", folder);
    const char *argv[] = {"/usr/bin/python3", "tests/net/oracle/make_dumps.py", path, NULL};
    int status = spawn_run(&s, argv, NULL, 300);
    spawn_free(&s);
    if (status != 0) {
        spawn_remove_folder(folder);
        print_message("skipped: PyTorch is not installed\n");
        skip();
    }
    cJSON *committed = read_cases(COMMITTED), *made = read_cases(path);
    spawn_remove_folder(folder);
    const cJSON *one, *other = json_get(made, "cases")->child;
    cJSON_ArrayForEach(one, json_get(committed, "cases"))
    {
        const char *name = json_get_string(one, "name");
        assert_non_null(other);
        assert_string_equal(name, json_get_string(other, "name"));
        assert_true(cJSON_Compare(json_get(one, "config"), json_get(other, "config"), true));
        for (int k = 0; k < STEPS; k++) {
            assert_close(number_at(other, "losses", k), number_at(one, "losses", k), 1e-6, name,
                         "the loss", k);
            assert_close(number_at(other, "rates", k), number_at(one, "rates", k), 1e-8, name,
                         "the rate", k);
        }
        other = other->next;
    }
    assert_null(other);
    json_free(committed);
    json_free(made);
}

int main(void)
{
    net_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_loss_is_pytorch_s),
        cmocka_unit_test(pytorch_still_says_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
