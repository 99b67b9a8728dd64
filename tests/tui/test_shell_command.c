/* If this fails, the command that the screen copies trains something else than the trial, or does
 * harm in a shell: names and paths come from files. */
#include "fixture.h"

#include "tui/shell_command.h"

/* One trial in the fold; the study's settings and path as in the row. */
struct row {
    const char *settings, *path, *variant, *values, *command;
};
static const struct row rows[] = {
    {"{}", "data/mnist", "", "units=64 schedule=cosine",
     "tiller train data/mnist learning_rate=0.001 batch_size=32 optimizer=adam weight_decay=1e-07 "
     "num_layers=1 units=64 dropout=0.2 activation=relu schedule=cosine --epochs 30 --rng-seed 77"},
    {"{\"sampler\": \"agent\", \"from\": \"my weights.safetensors\", \"data\": {\"target\": "
     "\"house price\", \"task\": \"regression\", \"missing\": [\"NA\", \"?\"], \"categorical\": "
     "[\"zip\"], \"drop_rare\": true, \"split_seed\": 3, \"variant\": \"rows=0.5\"}}",
     "mine.csv", "rows=0.5", "network=conv",
     "tiller train mine.csv:rows=0.5 learning_rate=0.001 batch_size=32 optimizer=adam "
     "weight_decay=1e-07 "
     "num_layers=1 units=128 dropout=0.2 activation=relu schedule=constant network=conv --epochs "
     "30 --rng-seed 77 --from 'my weights.safetensors' --target 'house price' --task regression "
     "--categorical zip --missing 'NA,?' --drop-rare --split-seed 3"},
    {"{\"data\": {\"drop_rare\": false, \"split_seed\": 0}}", "it's; $(rm -rf x) `y`\\n.csv", "",
     "",
     "tiller train 'it'\\''s; $(rm -rf x) `y`\\n.csv' learning_rate=0.001 batch_size=32 "
     "optimizer=adam weight_decay=1e-07 num_layers=1 units=128 dropout=0.2 activation=relu "
     "schedule=constant --epochs 30 --rng-seed 77"},
    {NULL, "", "", "",
     "tiller train mnist learning_rate=0.001 batch_size=32 optimizer=adam weight_decay=1e-07 "
     "num_layers=1 units=128 dropout=0.2 activation=relu schedule=constant --epochs 30 --rng-seed "
     "77"},
};

static void a_trial_is_a_command(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct fixture fx;
        struct text command = {0};
        fixture_open(&fx);
        fixture_start(&fx, &(struct fixture_trial){.values = rows[i].values, .target = 30});
        text_copy(fx.study->task_path, sizeof fx.study->task_path, rows[i].path);
        text_copy(fx.study->variant, sizeof fx.study->variant, rows[i].variant);
        mem_free(fx.study->searcher_json);
        fx.study->searcher_json = rows[i].settings ? mem_dup_text(rows[i].settings) : NULL;
        fx.study->trials[0].rng_seed = 77;
        shell_command_put(fx.study, study_trial(fx.study, 0), &command);
        assert_string_equal(text_get(&command), rows[i].command);
        text_free(&command);
        fixture_close(&fx);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_trial_is_a_command),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
