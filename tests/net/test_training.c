/* If this fails, trainings are not repeatable, do not learn, do not notice that they broke, or
 * judge wrongly. */
#include "toy.h"

#include <cblas.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
/* cmocka needs them above it */
#include <cmocka.h>

static struct training *make(const struct net_config *config, const struct toy *toy)
{
    struct training *t;
    struct err_info info;
    if (net_new(config, &toy->rows, &t, &info) != ERR_OK)
        fail_msg("%s: %s", info.where, info.detail);
    return t;
}

static void train(struct training *t, int epochs)
{
    bool done;
    for (int i = 0; i < epochs; i++) {
        assert_int_equal(net_train_slice(t, INT_MAX, &done), ERR_OK);
        assert_true(done);
    }
}

static double accuracy(struct training *t, const struct toy *toy)
{
    struct net_metrics m;
    assert_int_equal(net_evaluate(t, &toy->rows, &m, NULL, NULL), ERR_OK);
    return m.accuracy;
}

static void assert_same_weights(const struct training *a, const struct training *b)
{
    assert_memory_equal(a->params, b->params, a->n_block * sizeof(float));
}

/* ---- repeatability ----------------------------------------------------------------------- */

static void same_seed_same_bits_however_sliced(void **state)
{
    (void)state;
    struct toy toy = toy_moons(203, 1);
    struct net_config c = toy_config();
    c.num_layers = 2;
    struct training *whole = make(&c, &toy), *sliced = make(&c, &toy);
    train(whole, 3);
    struct rng rng;
    rng_seed(&rng, 1, 1);
    while (net_epochs_done(sliced) < 3) {
        bool done;
        struct net_metrics m;
        assert_int_equal(net_train_slice(sliced, 1 + (int)rng_below(&rng, 9), &done), ERR_OK);
        assert_int_equal(done, net_batches_done(sliced) == 0);
        net_evaluate(sliced, &toy.rows, &m, NULL, NULL); /* judging changes nothing */
    }
    assert_same_weights(whole, sliced);
    assert_true(net_train_loss(whole) == net_train_loss(sliced));
    net_free(sliced);
    c.rng_seed++;
    sliced = make(&c, &toy);
    train(sliced, 3);
    assert_memory_not_equal(whole->params, sliced->params, whole->n_block * sizeof(float));
    net_free(whole);
    net_free(sliced);
    toy_free(&toy);
}

static void every_epoch_sees_every_row_once_in_a_new_order(void **state)
{
    (void)state;
    struct toy toy = toy_noise(50, 2, 2, 1);
    struct net_config c = toy_config();
    struct training *t = make(&c, &toy);
    int32_t before[50];
    for (int epoch = 0; epoch < 4; epoch++) {
        bool seen[50] = {false};
        for (int i = 0; i < 50; i++) {
            assert_in_range(t->order[i], 0, 49);
            assert_false(seen[t->order[i]]);
            seen[t->order[i]] = true;
        }
        if (epoch > 0)
            assert_memory_not_equal(before, t->order, sizeof before);
        memcpy(before, t->order, sizeof before);
        train(t, 1);
    }
    net_free(t);
    toy_free(&toy);
}

/* 50 rows by 8: six batches and one of two rows; a batch larger than the rows is one batch. */
static void the_last_batch_may_be_smaller(void **state)
{
    (void)state;
    struct toy toy = toy_noise(50, 2, 2, 1);
    struct net_config c = toy_config();
    struct training *t = make(&c, &toy);
    assert_int_equal(net_batches_per_epoch(t), 7);
    assert_int_equal(net_effective_batch(t), 8);
    bool done;
    assert_int_equal(net_train_slice(t, 6, &done), ERR_OK);
    assert_false(done);
    assert_true(isnan(net_train_loss(t)));
    assert_int_equal(net_train_slice(t, 100, &done), ERR_OK);
    assert_true(done);
    assert_int_equal(net_epochs_done(t), 1);
    assert_int_equal(net_batches_done(t), 0);
    assert_true(net_train_loss(t) > 0.4 && net_train_loss(t) < 1.6); /* about ln 2 */
    net_free(t);
    c.batch_size = 64;
    t = make(&c, &toy);
    assert_int_equal(net_batches_per_epoch(t), 1);
    assert_int_equal(net_effective_batch(t), 50);
    net_free(t);
    toy_free(&toy);
}

/* ---- learning ---------------------------------------------------------------------------- */

static void xor_is_learnt(void **state)
{
    (void)state;
    float x[] = {0, 0, 0, 1, 1, 0, 1, 1};
    int32_t y[] = {0, 1, 1, 0};
    struct toy toy = {
        .rows = {.n_rows = 4, .n_inputs = 2, .n_classes = 2, .x = x, .y = y}, .x = x, .y = y};
    struct net_config c = toy_config();
    c.units = 16;
    c.dropout = 0;
    c.learning_rate = 0.05;
    for (int a = NET_RELU; a <= NET_TANH; a++) {
        c.activation = (enum net_activation)a;
        struct training *t = make(&c, &toy);
        train(t, 200);
        assert_true(accuracy(t, &toy) == 1);
        assert_true(net_train_loss(t) < 0.02);
        net_free(t);
    }
}

/* Two moons with noise 0.1 can be told apart almost without error; 0.97 on rows never seen. */
static void moons_are_told_apart(void **state)
{
    (void)state;
    static const struct {
        enum net_optimizer optimizer;
        enum net_activation activation;
        enum net_schedule schedule;
        double rate;
        int num_layers;
    } kinds[] = {{NET_ADAM, NET_RELU, NET_CONSTANT, 0.01, 1},
                 {NET_ADAM, NET_TANH, NET_COSINE, 0.05, 2},
                 {NET_SGD, NET_RELU, NET_COSINE, 0.1, 2},
                 {NET_SGD, NET_TANH, NET_CONSTANT, 0.1, 1},
                 {NET_ADAM, NET_RELU, NET_COSINE, 0.01, 4}};
    struct toy rows = toy_moons(600, 1), fresh = toy_moons(600, 2);
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        struct net_config c = net_config_reference();
        c.units = 32;
        c.optimizer = kinds[k].optimizer;
        c.activation = kinds[k].activation;
        c.schedule = kinds[k].schedule;
        c.schedule_epochs = 30;
        c.learning_rate = kinds[k].rate;
        c.num_layers = kinds[k].num_layers;
        c.dropout = 0.1;
        struct training *t = make(&c, &rows);
        double before = accuracy(t, &fresh);
        train(t, 30);
        assert_true(before < 0.9);
        assert_true(accuracy(t, &fresh) >= 0.97);
        net_free(t);
    }
    toy_free(&rows);
    toy_free(&fresh);
}

static void a_huge_rate_is_seen_to_diverge(void **state)
{
    (void)state;
    struct toy toy = toy_moons(200, 1);
    struct net_config c = toy_config();
    c.optimizer = NET_SGD;
    c.learning_rate = 1e5;
    c.weight_decay = 1; /* each step multiplies the weights by -1e5, dead units or not */
    struct training *t = make(&c, &toy);
    bool done;
    enum err e = ERR_OK;
    for (int i = 0; i < 200 && e == ERR_OK; i++)
        e = net_train_slice(t, 1, &done);
    assert_int_equal(e, ERR_RANGE);
    assert_false(done);
    int epoch = net_epochs_done(t), batch = net_batches_done(t);
    assert_int_equal(net_train_slice(t, 10, &done), ERR_RANGE); /* and stays so */
    assert_int_equal(net_epochs_done(t), epoch);
    assert_int_equal(net_batches_done(t), batch);
    net_free(t);
    toy_free(&toy);
}

/* ---- schedules --------------------------------------------------------------------------- */

static double cosine(double share)
{
    return share < 1 ? 0.5 * (1 + cos(acos(-1.0) * share)) : 0;
}

static void the_rate_follows_its_schedule(void **state)
{
    (void)state;
    struct toy toy = toy_noise(40, 2, 2, 1);
    struct net_config c = toy_config();
    c.learning_rate = 0.02;
    c.schedule_epochs = 4;
    struct training *constant = make(&c, &toy);
    c.schedule = NET_COSINE;
    struct training *t = make(&c, &toy);
    bool done;
    for (int i = 0; i < 25; i++) { /* 5 batches an epoch: one epoch beyond the schedule */
        assert_true(fabs(net_current_rate(t) - 0.02 * cosine(i / 20.0)) < 1e-15);
        assert_true(net_current_rate(constant) == 0.02);
        net_train_slice(t, 1, &done);
        net_train_slice(constant, 1, &done);
    }
    net_begin_cycle(t, 2, 0.3);
    net_begin_cycle(constant, 2, 0.3);
    for (int i = 0; i < 12; i++) {
        assert_true(fabs(net_current_rate(t) - 0.006 * cosine(i / 10.0)) < 1e-15);
        assert_true(net_current_rate(constant) == 0.02);
        net_train_slice(t, 1, &done);
        net_train_slice(constant, 1, &done);
    }
    net_free(t);
    net_free(constant);
    toy_free(&toy);
}

/* ---- judging ----------------------------------------------------------------------------- */

/* A network whose logits are its inputs: relu of the first layer passes them (they are positive).
 */
static void set_identity(struct training *t)
{
    memset(t->params, 0, t->n_block * sizeof(float));
    for (int l = 0; l < 2; l++)
        for (int i = 0; i < 4; i++)
            t->params[t->layer[l].weight + (size_t)(i * 4 + i)] = 1;
}

/* Truths and answers by hand: class 3 is true once and never said, class 2 said once and never
 * true. truth   0 0 0 1 1 3      right 0: 2, 1: 1 answer  0 0 1 1 2 0      precision 2/3, 1/2, 0,
 * 0; recall 2/3, 1/2, 0, 0; f1 2/3, 1/2, 0, 0 */
static void metrics_are_counted_right(void **state)
{
    (void)state;
    static const int32_t truth[6] = {0, 0, 0, 1, 1, 3}, answer[6] = {0, 0, 1, 1, 2, 0};
    static const int64_t expected[16] = {2, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0};
    struct toy toy = toy_alloc(6, 4, 4);
    for (int i = 0; i < 6; i++) {
        toy.y[i] = truth[i];
        for (int c = 0; c < 4; c++)
            toy.x[i * 4 + c] = c == answer[i];
    }
    struct net_config config = toy_config();
    config.units = 4;
    struct training *t = make(&config, &toy);
    set_identity(t);
    struct net_metrics m;
    int64_t confusion[16];
    float logits[24];
    assert_int_equal(net_evaluate(t, &toy.rows, &m, confusion, logits), ERR_OK);
    assert_memory_equal(confusion, expected, sizeof expected);
    assert_memory_equal(logits, toy.x, sizeof logits);
    double e = exp(1), low = log(e + 3);
    assert_true(fabs(m.loss - (low - 3.0 / 6)) < 1e-6);
    assert_true(fabs(m.accuracy - 0.5) < 1e-12);
    assert_true(fabs(m.precision - (2 / 3.0 + 0.5) / 4) < 1e-12);
    assert_true(fabs(m.recall - (2 / 3.0 + 0.5) / 4) < 1e-12);
    assert_true(fabs(m.f1 - (2 / 3.0 + 0.5) / 4) < 1e-12);
    /* A class that is neither true nor said is left out of the averages. */
    struct net_rows first = toy.rows;
    first.n_rows = 2;
    assert_int_equal(net_evaluate(t, &first, &m, confusion, NULL), ERR_OK);
    assert_true(m.accuracy == 1 && m.precision == 1 && m.recall == 1 && m.f1 == 1);
    net_free(t);
    toy_free(&toy);
}

static void the_best_weights_are_kept_and_judged(void **state)
{
    (void)state;
    struct toy toy = toy_moons(300, 1);
    struct net_config c = toy_config();
    struct training *t = make(&c, &toy);
    assert_int_equal(net_best_epoch(t), -1);
    assert_false(net_use_best(t));
    train(t, 1);
    struct net_metrics kept, last, m;
    net_evaluate(t, &toy.rows, &kept, NULL, NULL);
    assert_int_equal(net_keep_best(t, 1), ERR_OK);
    train(t, 5);
    net_evaluate(t, &toy.rows, &last, NULL, NULL);
    assert_true(last.loss < kept.loss);
    assert_int_equal(net_best_epoch(t), 1);
    assert_true(net_use_best(t));
    net_evaluate(t, &toy.rows, &m, NULL, NULL);
    assert_memory_equal(&m, &kept, sizeof m);
    net_use_last(t);
    net_evaluate(t, &toy.rows, &m, NULL, NULL);
    assert_memory_equal(&m, &last, sizeof m);
    net_free(t);
    toy_free(&toy);
}

static void rows_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    struct toy toy = toy_noise(20, 3, 3, 1);
    struct net_config c = toy_config();
    struct training *t = make(&c, &toy);
    struct net_metrics m;
    struct net_rows other = toy.rows;
    other.n_inputs = 2;
    assert_int_equal(net_evaluate(t, &other, &m, NULL, NULL), ERR_RANGE);
    other = toy.rows;
    other.n_classes = 4;
    assert_int_equal(net_evaluate(t, &other, &m, NULL, NULL), ERR_RANGE);
    other = toy.rows;
    other.n_rows = 0;
    assert_int_equal(net_evaluate(t, &other, &m, NULL, NULL), ERR_RANGE);
    toy.y[3] = 3;
    assert_int_equal(net_evaluate(t, &toy.rows, &m, NULL, NULL), ERR_RANGE);
    net_free(t);
    struct err_info info;
    assert_int_equal(net_new(&c, &toy.rows, &t, &info), ERR_RANGE);
    assert_null(t);
    toy_free(&toy);
}

/* ---- cost -------------------------------------------------------------------------------- */

static void a_slice_allocates_nothing(void **state)
{
    (void)state;
    struct toy toy = toy_noise(300, 40, 5, 1);
    struct net_config c = toy_config();
    c.num_layers = 3;
    c.schedule = NET_COSINE;
    struct training *t = make(&c, &toy);
    unsigned long before = mem_alloc_count();
    struct net_metrics m;
    train(t, 3);
    net_evaluate(t, &toy.rows, &m, NULL, NULL);
    net_keep_best(t, 3);
    assert_int_equal(mem_alloc_count(), before);
    /* Nor does it leave the processor treating tiny numbers as 0. */
    volatile float tiny = 1e-40f;
    assert_true(tiny * 0.5f > 0);
    net_free(t);
    toy_free(&toy);
}

static void any_allocation_may_fail(void **state)
{
    (void)state;
    struct toy toy = toy_noise(30, 4, 3, 1);
    struct net_config c = toy_config();
    int failures = 0;
    for (;; failures++) {
        struct training *t = NULL;
        struct err_info info;
        mem_fail_after(failures);
        enum err e = net_new(&c, &toy.rows, &t, &info);
        mem_fail_after(-1);
        net_free(t);
        if (e == ERR_OK)
            break;
        assert_int_equal(e, ERR_MEMORY);
        assert_null(t);
    }
    assert_true(failures >= 3);
    toy_free(&toy);
}

static void impossible_configs_name_their_field(void **state)
{
    (void)state;
    struct toy toy = toy_noise(10, 2, 2, 1);
#define BAD(field, number)                                                                         \
    do {                                                                                           \
        struct net_config c = toy_config();                                                        \
        struct training *t;                                                                        \
        struct err_info info;                                                                      \
        c.field = number;                                                                          \
        assert_int_equal(net_new(&c, &toy.rows, &t, &info), ERR_RANGE);                            \
        assert_string_equal(info.where, #field);                                                   \
    } while (0)
    BAD(num_layers, 0);
    BAD(num_layers, 5);
    BAD(units, 0);
    BAD(units, NET_MAX_UNITS + 1);
    BAD(activation, (enum net_activation)NET_N_ACTIVATIONS);
    BAD(dropout, -0.1);
    BAD(dropout, 0.91);
    BAD(dropout, NAN);
    BAD(optimizer, (enum net_optimizer)NET_N_OPTIMIZERS);
    BAD(learning_rate, -1);
    BAD(learning_rate, INFINITY);
    BAD(momentum, 1);
    BAD(weight_decay, -1e-9);
    BAD(batch_size, 0);
    BAD(schedule, 7);
    BAD(schedule_epochs, 0);
    BAD(normalization, 3);
    BAD(warmup_epochs, -1);
    BAD(gradient_clip, NAN);
    BAD(label_smoothing, 0.95);
    BAD(input_noise, -0.1);
    BAD(shift, -1);
    BAD(freeze, -1);
    BAD(carried_rate, 1.5);
    toy_free(&toy);
}

static void sizes_are_stated_before_a_start(void **state)
{
    (void)state;
    struct net_config c = net_config_reference();
    struct net_rows shape = {.n_rows = 6400, .n_inputs = 784, .n_classes = 10};
    assert_int_equal(net_count_parameters(&c, &shape), 101770);
    c.num_layers = 2;
    c.units = 512;
    assert_int_equal(net_count_parameters(&c, &shape), 669706);
    /* The reference network: 5 blocks, a batch, 256 rows judged at once: between 2 and 3 MB. */
    c = net_config_reference();
    size_t bytes = net_memory_bytes(&c, &shape);
    assert_true(bytes > 5 * 101770 * sizeof(float) && bytes < 3000000);
}

/* ---- OpenBLAS's own threads -------------------------------------------------------------- */

/* The environment is read when the library is loaded, so the question is put to a child. */
static void blas_stays_in_one_thread_whatever_the_environment_says(void **state)
{
    (void)state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        setenv("OPENBLAS_NUM_THREADS", "4", 1);
        setenv("OMP_NUM_THREADS", "4", 1);
        setenv("GOTO_NUM_THREADS", "4", 1);
        execl("/proc/self/exe", "test_training", "--threads", (char *)NULL);
        _exit(127);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 1);
}

/* One plain step of w -= rate * gradient moves the parameters by the rate times the norm. */
static void norms_are_those_of_weights_and_of_the_last_gradient(void **state)
{
    (void)state;
    struct toy toy = toy_moons(203, 1);
    struct net_config c = toy_config();
    c.optimizer = NET_SGD;
    c.momentum = c.weight_decay = 0;
    c.learning_rate = 0.5;
    c.batch_size = 1000;
    struct training *t = make(&c, &toy);
    float *before = mem_alloc(t->n_learned, sizeof *before);
    assert_non_null(before);
    memcpy(before, t->params, t->n_learned * sizeof *before);
    assert_true(net_gradient_norm(t) == 0);
    train(t, 1);
    double moved = 0, weights = 0;
    for (size_t i = 0; i < t->n_learned; i++)
        moved += pow((double)t->params[i] - (double)before[i], 2);
    for (size_t i = 0; i < t->n_weights; i++)
        weights += pow((double)t->params[i], 2);
    assert_true(net_gradient_norm(t) > 0.01);
    assert_true(fabs(sqrt(moved) / 0.5 / net_gradient_norm(t) - 1) < 1e-4);
    assert_true(fabs(sqrt(weights) / net_weight_norm(t) - 1) < 1e-6);
    mem_free(before);
    net_free(t);
    toy_free(&toy);
}

int main(int argc, char **argv)
{
    net_init();
    if (argc > 1 && strcmp(argv[1], "--threads") == 0)
        return openblas_get_num_threads();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_seed_same_bits_however_sliced),
        cmocka_unit_test(every_epoch_sees_every_row_once_in_a_new_order),
        cmocka_unit_test(the_last_batch_may_be_smaller),
        cmocka_unit_test(xor_is_learnt),
        cmocka_unit_test(moons_are_told_apart),
        cmocka_unit_test(a_huge_rate_is_seen_to_diverge),
        cmocka_unit_test(the_rate_follows_its_schedule),
        cmocka_unit_test(metrics_are_counted_right),
        cmocka_unit_test(the_best_weights_are_kept_and_judged),
        cmocka_unit_test(rows_that_do_not_fit_are_refused),
        cmocka_unit_test(norms_are_those_of_weights_and_of_the_last_gradient),
        cmocka_unit_test(a_slice_allocates_nothing),
        cmocka_unit_test(any_allocation_may_fail),
        cmocka_unit_test(impossible_configs_name_their_field),
        cmocka_unit_test(sizes_are_stated_before_a_start),
        cmocka_unit_test(blas_stays_in_one_thread_whatever_the_environment_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
