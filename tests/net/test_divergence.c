/* If this fails, a broken training goes on as if nothing were: NaN and infinity must be noticed in
 * the batch in which they arise, whatever the network is made of, and net_divergence must say where
 * that was. */
#include "kinds.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
/* cmocka needs them above it */
#include <cmocka.h>

static struct training *make(const struct net_config *c, const struct toy *toy)
{
    struct training *t;
    struct err_info info;
    if (net_new(c, &toy->rows, &t, &info) != ERR_OK)
        fail_msg("%s: %s", info.where, info.detail);
    return t;
}

static bool all_finite(const float *a, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(a[i]))
            return false;
    return true;
}

/* Stopped in that batch (both counted from 1), says so, and stays stopped. */
static void assert_stopped(struct training *t, const char *name, int epoch, int batch)
{
    char said[160], tail[64];
    bool done = true;
    text_format(tail, sizeof tail, " became infinite or not a number in batch %d of epoch %d",
                batch, epoch);
    net_divergence(t, said, sizeof said);
    if (!strstr(said, tail) || (strncmp(said, "the loss ", 9) != 0 && strncmp(said, "a ", 2) != 0))
        fail_msg("%s: '%s', not '...%s'", name, said, tail);
    assert_int_equal(net_train_slice(t, 100, &done), ERR_RANGE);
    assert_false(done);
    assert_int_equal(net_epochs_done(t), epoch - 1);
    assert_int_equal(net_batches_done(t), batch - 1);
}

static void run_until(struct training *t, int epoch, int batch)
{
    bool done;
    while (net_epochs_done(t) < epoch - 1 || net_batches_done(t) < batch - 1)
        assert_int_equal(net_train_slice(t, 1, &done), ERR_OK);
}

/* ---- a weight ---------------------------------------------------------------------------- */

static void a_broken_weight_is_seen_in_the_next_batch(void **state)
{
    (void)state;
    static const float broken[] = {NAN, INFINITY, -INFINITY};
    for (int k = 0; k < N_KINDS; k++) {
        struct toy toy = toy_of(&kinds[k], 30, 1);
        struct net_config c = trained(k);
        struct training *first = make(&c, &toy);
        for (int l = 0; l < first->n_layers; l++)
            for (int which = 0; which < 9; which++) {
                /* Nothing breaks where units of a frozen layer are silent for good. */
                if (l < c.freeze && !isnan(broken[which % 3]))
                    continue;
                struct training *t = make(&c, &toy);
                const struct net_layer *layer = &t->layer[l];
                size_t at[] = {layer->weight, layer->bias,
                               layer->norm == NET_NORM_NONE ? layer->bias : layer->gain};
                bool done;
                run_until(t, 2, 3);
                t->params[at[which / 3]] = broken[which % 3];
                assert_int_equal(net_train_slice(t, 5, &done), ERR_RANGE);
                assert_stopped(t, kinds[k].name, 2, 3);
                net_free(t);
            }
        net_free(first);
        toy_free(&toy);
    }
}

/* ---- an input ---------------------------------------------------------------------------- */

/* The batch in which a row is trained on in the epoch at hand, from 1. */
static int batch_of(const struct training *t, int32_t row)
{
    for (int32_t i = 0; i < t->rows.n_rows; i++)
        if (t->order[i] == row)
            return i / t->batch_size + 1;
    return 0;
}

/* An infinite input turns into weights that are not finite even where an activation has an upper
 * end; a frozen layer of that kind may hide it for good. */
static void a_broken_input_is_seen_in_its_batch(void **state)
{
    (void)state;
    static const float broken[] = {NAN, INFINITY, -INFINITY};
    for (int k = 0; k < N_KINDS; k++)
        for (int which = 0; which < 3; which++) {
            struct toy toy = toy_of(&kinds[k], 30, 1);
            struct net_config c = trained(k);
            if (c.freeze > 0 && which > 0) {
                toy_free(&toy);
                continue;
            }
            c.shift = 0; /* it would move the input out of the image */
            struct training *t = make(&c, &toy);
            bool done;
            run_until(t, 2, 1);
            int batch = batch_of(t, 17);
            for (int i = 0; i < toy.rows.n_inputs; i++)
                toy.x[17 * toy.rows.n_inputs + i] = broken[which];
            assert_int_equal(net_train_slice(t, 100, &done), ERR_RANGE);
            assert_stopped(t, kinds[k].name, 2, batch);
            net_free(t);
            toy_free(&toy);
        }
}

/* ---- a rate ------------------------------------------------------------------------------ */

/* As long as a slice returns ERR_OK everything is finite; then something is not, and only since
 * this batch. */
static void a_huge_rate_is_seen_when_it_breaks_something(void **state)
{
    (void)state;
    int broke = 0;
    for (int k = 0; k < N_KINDS; k++) {
        struct toy toy = toy_of(&kinds[k], 30, 1);
        struct net_config c = trained(k);
        c.optimizer = NET_SGD;
        c.schedule = NET_CONSTANT;
        c.learning_rate = 1e6;
        c.weight_decay = 1;
        c.momentum = c.warmup_epochs = c.gradient_clip = 0;
        struct training *t = make(&c, &toy);
        bool done;
        enum err e = ERR_OK;
        int batches = 0;
        for (; batches < 200 && e == ERR_OK; batches++) {
            e = net_train_slice(t, 1, &done);
            bool sound = all_finite(t->params, t->n_block) && isfinite(t->loss_sum);
            if (sound != (e == ERR_OK) && t->diverged != DIVERGED_LOSS)
                fail_msg("%s: batch %d: %d, but %s", kinds[k].name, batches, e,
                         sound ? "all is finite" : "not all is finite");
        }
        int n = (batches - 1) % t->batches_per_epoch < 3 ? 8 : 6;
        if (t->diverged == DIVERGED_LOSS) {
            double loss = training_gradient(t, t->x, t->y, t->target, n);
            assert_true(!isfinite(loss));
        }
        if (e == ERR_RANGE)
            assert_stopped(t, kinds[k].name, (batches - 1) / t->batches_per_epoch + 1,
                           (batches - 1) % t->batches_per_epoch + 1);
        broke += e == ERR_RANGE;
        net_free(t);
        toy_free(&toy);
    }
    assert_int_equal(broke, N_KINDS);
}

/* Nor does a checkpoint make it sound, or forget what broke. */
static void it_stays_broken_in_a_checkpoint(void **state)
{
    (void)state;
    struct toy toy = toy_of(&kinds[0], 30, 1);
    struct net_config c = trained(0);
    char path[] = "/tmp/tiller-divergence-XXXXXX", said[160], again[160];
    int fd = mkstemp(path);
    assert_true(fd >= 0 && close(fd) == 0);
    for (int what = DIVERGED_LOSS; what <= DIVERGED_FIGURE; what++) {
        struct training *t = make(&c, &toy), *loaded;
        bool done;
        run_until(t, 1, 3);
        t->diverged = (enum divergence)what;
        assert_int_equal(net_save(t, path, NULL, NULL), ERR_OK);
        assert_int_equal(net_load(path, &toy.rows, &loaded, NULL, NULL), ERR_OK);
        assert_string_equal(net_divergence(loaded, said, sizeof said),
                            net_divergence(t, again, sizeof again));
        assert_int_equal(net_train_slice(loaded, 1, &done), ERR_RANGE);
        net_free(t);
        net_free(loaded);
    }
    unlink(path);
    toy_free(&toy);
}

int main(void)
{
    net_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_broken_weight_is_seen_in_the_next_batch),
        cmocka_unit_test(a_broken_input_is_seen_in_its_batch),
        cmocka_unit_test(a_huge_rate_is_seen_when_it_breaks_something),
        cmocka_unit_test(it_stays_broken_in_a_checkpoint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
