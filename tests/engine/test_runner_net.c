/* If this fails, a network's trial does not go on from a checkpoint, or beyond its full length, as
 * the uninterrupted one would have. */
#include "fake.h"

enum { FULL = 3 };

struct trace {
    struct epoch_result epoch[32];
    int n;
};

static struct trial_start start_of(const char *const *pairs, size_t n, int target)
{
    struct trial_start start = {.rng_seed = 11, .target_epochs = target, .continues = -1};
    struct err_info info = {0};
    space_default(space_builtin(), &start.config);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(space_set_pair(space_builtin(), &start.config, pairs[i], NULL, &info),
                         ERR_OK);
    return start;
}

static void *open_run(struct net_runner *runner, const struct trial_start *start,
                      const char *checkpoint, int *epochs_done)
{
    void *run = NULL;
    struct err_info info = {0};
    struct runner_position at;
    if (net_runner_ops.start(runner, space_builtin(), start, FULL, checkpoint, &run, &at, &info) !=
        ERR_OK)
        fail_msg("%s", info.detail);
    *epochs_done = at.epochs_done;
    return run;
}

static void step_to(void *run, int epoch, struct trace *out)
{
    struct err_info info = {0};
    while (out->n == 0 || out->epoch[out->n - 1].step < epoch) {
        struct runner_step step;
        assert_int_equal(net_runner_ops.step(run, &step, &info), ERR_OK);
        if (step.epoch_done)
            out->epoch[out->n++] = step.result;
    }
}

static const char *const recipes[][4] = {
    {"schedule=cosine", "dropout=0.3", "units=16", "batch_size=8"},
    {"optimizer=sgd", "momentum=0.8", "schedule=cosine", "units=9"},
    {"activation=tanh", "num_layers=3", "weight_decay=0.001", "units=8"},
};

static void a_checkpoint_at_any_slice_keeps_the_bits(void **state)
{
    (void)state;
    struct net_runner *runner;
    struct err_info info = {0};
    char folder[64], path[128];
    net_init();
    assert_non_null(spawn_make_folder(folder));
    file_join(path, sizeof path, folder, "trial.safetensors");
    assert_int_equal(net_runner_new(fake_set(), &runner, &info), ERR_OK);
    for (size_t r = 0; r < sizeof recipes / sizeof *recipes; r++) {
        struct trial_start start = start_of(recipes[r], 4, 6); /* 3 + a cycle of 3 */
        struct trace whole = {0};
        int at;
        void *run = open_run(runner, &start, NULL, &at);
        step_to(run, 6, &whole);
        net_runner_ops.stop(run);
        for (int slices = 0; slices < 5; slices++) {
            struct trace pieces = {0};
            run = open_run(runner, &start, NULL, &at);
            for (int i = 0; i < slices; i++) {
                struct runner_step step;
                assert_int_equal(net_runner_ops.step(run, &step, &info), ERR_OK);
                if (step.epoch_done)
                    pieces.epoch[pieces.n++] = step.result;
            }
            assert_int_equal(net_runner_ops.checkpoint(run, path, &info), ERR_OK);
            net_runner_ops.stop(run);
            run = open_run(runner, &start, path, &at);
            assert_int_equal(at, pieces.n);
            step_to(run, 6, &pieces);
            net_runner_ops.stop(run);
            for (int i = 0; i < 6; i++) {
                assert_true(pieces.epoch[i].value == whole.epoch[i].value);
                assert_true(pieces.epoch[i].metric[METRIC_VAL_LOSS] ==
                            whole.epoch[i].metric[METRIC_VAL_LOSS]);
            }
        }
    }
    net_runner_free(runner);
    spawn_remove_folder(folder);
}

/* Extended from its weights, or trained again from epoch 1 with the longer target: the same. */
static void a_continuation_has_the_bits_of_training_again(void **state)
{
    (void)state;
    struct net_runner *runner;
    struct err_info info = {0};
    char folder[64], path[128];
    int at;
    assert_non_null(spawn_make_folder(folder));
    file_join(path, sizeof path, folder, "parent.safetensors");
    assert_int_equal(net_runner_new(fake_set(), &runner, &info), ERR_OK);
    for (size_t r = 0; r < sizeof recipes / sizeof *recipes; r++) {
        struct trial_start parent = start_of(recipes[r], 4, FULL), longer = parent;
        struct trace first = {0}, again = {0};
        void *run = open_run(runner, &parent, NULL, &at);
        step_to(run, FULL, &first);
        assert_int_equal(net_runner_ops.checkpoint(run, path, &info), ERR_OK);
        net_runner_ops.stop(run);
        longer.target_epochs = 8;
        longer.continues = 0;
        run = open_run(runner, &longer, path, &at);
        assert_int_equal(at, FULL);
        step_to(run, 8, &first);
        net_runner_ops.stop(run);
        run = open_run(runner, &longer, NULL, &at);
        assert_int_equal(at, 0);
        step_to(run, 8, &again);
        net_runner_ops.stop(run);
        for (int i = 0; i < 8; i++)
            assert_true(first.epoch[i].metric[METRIC_VAL_LOSS] ==
                        again.epoch[i].metric[METRIC_VAL_LOSS]);
    }
    net_runner_free(runner);
    spawn_remove_folder(folder);
}

static void a_huge_rate_diverges_with_a_hint(void **state)
{
    (void)state;
    static const char *const pairs[] = {"optimizer=sgd", "learning_rate=0.1"};
    struct net_runner *runner;
    struct err_info info = {0};
    struct data_set big = *fake_set();
    static float x[120 * 2] __attribute__((aligned(64)));
    for (int i = 0; i < 240; i++)
        x[i] = 1e18F * fake_set()->part[DATA_TRAIN].x[i];
    big.part[DATA_TRAIN].x = x;
    assert_int_equal(net_runner_new(&big, &runner, &info), ERR_OK);
    struct trial_start start = start_of(pairs, 2, 50);
    int at;
    void *run = open_run(runner, &start, NULL, &at);
    enum err err = ERR_OK;
    for (int i = 0; i < 100000 && err == ERR_OK; i++) {
        struct runner_step step;
        err = net_runner_ops.step(run, &step, &info);
    }
    assert_int_equal(err, ERR_RANGE);
    assert_non_null(strstr(info.detail, "diverged: the loss became infinite or not a number in "));
    assert_non_null(strstr(info.detail, " of epoch 1"));
    assert_non_null(strstr(info.hint, "learning rate"));
    net_runner_ops.stop(run);
    net_runner_free(runner);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_checkpoint_at_any_slice_keeps_the_bits),
        cmocka_unit_test(a_continuation_has_the_bits_of_training_again),
        cmocka_unit_test(a_huge_rate_diverges_with_a_hint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
