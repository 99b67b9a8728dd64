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

/* One for every schedule that has cycles, and for all that draws random numbers or keeps figures
 * between batches. */
static const struct recipe {
    const struct data_set *(*set)(void);
    const char *pairs[8];
} recipes[] = {
    {fake_set, {"schedule=cosine", "dropout=0.3", "units=16", "batch_size=8"}},
    {fake_set, {"optimizer=sgd", "momentum=0.8", "schedule=cosine", "units=9"}},
    {fake_set, {"activation=tanh", "num_layers=3", "weight_decay=0.001", "units=8"}},
    {fake_set,
     {"schedule=step", "optimizer=rmsprop", "normalization=batch", "units=8", "input_noise=0.2"}},
    {fake_set,
     {"schedule=one_cycle", "optimizer=adamw", "warmup_epochs=1", "label_smoothing=0.1",
      "units=8"}},
    {fake_numbers,
     {"schedule=one_cycle", "optimizer=nesterov", "learning_rate=0.01", "gradient_clip=1",
      "normalization=layer", "units=8"}},
    {fake_images,
     {"schedule=step", "network=conv", "conv_layers=2", "filters=4", "normalization=batch",
      "shift=1", "units=8", "class_weights=balanced"}},
    {fake_images,
     {"schedule=cosine", "network=conv", "conv_layers=1", "filters=4", "pooling=average",
      "num_layers=2", "residual=yes", "units=8"}},
};
enum { N_RECIPES = sizeof recipes / sizeof *recipes };

static struct trial_start start_of_recipe(const struct recipe *r, int target)
{
    size_t n = 0;
    while (n < 8 && r->pairs[n])
        n++;
    return start_of(r->pairs, n, target);
}

static void a_checkpoint_at_any_slice_keeps_the_bits(void **state)
{
    (void)state;
    struct net_runner *runner;
    struct err_info info = {0};
    char folder[64], path[128];
    net_init();
    assert_non_null(spawn_make_folder(folder));
    file_join(path, sizeof path, folder, "trial.safetensors");
    for (size_t r = 0; r < N_RECIPES; r++) {
        struct trial_start start = start_of_recipe(&recipes[r], 6); /* 3 + a cycle of 3 */
        assert_int_equal(net_runner_new(recipes[r].set(), &runner, &info), ERR_OK);
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
        net_runner_free(runner);
    }
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
    for (size_t r = 0; r < N_RECIPES; r++) {
        struct trial_start parent = start_of_recipe(&recipes[r], FULL), longer = parent;
        assert_int_equal(net_runner_new(recipes[r].set(), &runner, &info), ERR_OK);
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
        net_runner_free(runner);
    }
    spawn_remove_folder(folder);
}

/* Beyond the full length a schedule starts anew at 0.3 of the rate; a constant one goes on. */
static void a_continuation_begins_a_cycle_of_its_own(void **state)
{
    (void)state;
    static const struct {
        const char *schedule;
        double first, behind; /* rates of the first batch of all and of the one behind FULL */
    } rows[] = {
        {"schedule=constant", 0.01, 0.01},
        {"schedule=cosine", 0.01, 0.003},
        {"schedule=step", 0.01, 0.003},
        {"schedule=one_cycle", 0.01 / 25, 0.003 / 25},
    };
    struct net_runner *runner;
    struct err_info info = {0};
    assert_int_equal(net_runner_new(fake_set(), &runner, &info), ERR_OK);
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        const char *pairs[] = {"learning_rate=0.01", "units=8", rows[r].schedule};
        struct trial_start start = start_of(pairs, 3, 2 * FULL);
        struct trace trace = {0};
        int at;
        void *run = open_run(runner, &start, NULL, &at);
        const struct training *t = net_run_training(run);
        assert_true(fabs(net_current_rate(t) - rows[r].first) < 1e-9);
        step_to(run, FULL, &trace);
        assert_true(fabs(net_current_rate(t) - rows[r].behind) < 1e-9);
        net_runner_ops.stop(run);
    }
    net_runner_free(runner);
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
        cmocka_unit_test(a_continuation_begins_a_cycle_of_its_own),
        cmocka_unit_test(a_huge_rate_diverges_with_a_hint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
