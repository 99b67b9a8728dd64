/* If this fails, a search starts from other weights than it says, from weights that have seen the
 * rows it judges by, or not at all from those that fit. */
#include "fake.h"
#include "net/internal.h"

#include <unistd.h>

static char folder[64];

static const char *path_of(const char *name, char out[static 128])
{
    assert_true(file_join(out, 128, folder, name));
    return out;
}

/* A table of 200 rows: inputs, a label that depends on the first two. */
struct table {
    const char *name; /* .csv, perhaps with a variant behind ':' */
    int n_inputs, n_classes;
    const char *classes[3]; /* NULL: numbers */
    uint64_t split_seed;
};
static const struct table moons = {"moons", 3, 2, {"no", "yes"}, 0};

static struct data_set *open_table(const struct table *table)
{
    struct text text = {0};
    struct rng rng;
    char name[48], path[128];
    rng_seed(&rng, 7, 7);
    for (int k = 0; k < table->n_inputs; k++)
        text_appendf(&text, "x%d,", k);
    text_append(&text, "label\n");
    for (int i = 0; i < 200; i++) {
        double x[8];
        for (int k = 0; k < table->n_inputs; k++)
            text_appendf(&text, "%.4f,", x[k] = rng_normal(&rng));
        double label = x[0] + 0.5 * x[1];
        int class = label < -0.3 ? 0 : label < 0.4 || table->n_classes < 3 ? 1 : 2;
        if (table->classes[0])
            text_appendf(&text, "%s\n", table->classes[class]);
        else
            text_appendf(&text, "%.4f\n", label);
    }
    struct err_info info = {0};
    struct data_set *set = NULL;
    const char *colon = strchr(table->name, ':');
    path_of(text_format(name, sizeof name, "%.*s.csv", (int)strcspn(table->name, ":"), table->name),
            path);
    assert_int_equal(file_write_atomic(path, text_get(&text), text.length, &info), ERR_OK);
    text_free(&text);
    struct data_options options = {.split_seed = table->split_seed,
                                   .variant = colon ? colon + 1 : NULL};
    if (data_open(path, &options, &set, &info) != ERR_OK)
        fail_msg("%s", info.detail);
    return set;
}

static const char *const form[][2] = {
    {"num_layers", "2"}, {"units", "12"}, {"normalization", "batch"}, {"activation", "tanh"}};

static struct net_config form_config(int n_hold)
{
    struct space space;
    struct configuration c;
    struct err_info info = {0};
    space_of_task(0, &space);
    for (int i = 0; i < n_hold; i++)
        assert_int_equal(space_hold(&space, space_find(&space, form[i][0]), form[i][1], &info),
                         ERR_OK);
    space_default(&space, &c);
    return net_config_from(&space, &c, 3, 9);
}

static char *metadata_of(const struct data_set *set, bool refit)
{
    struct text out = {0}, encoder = {0};
    struct json_writer w;
    data_put_encoder(set, &encoder);
    json_begin(&w, &out);
    json_open(&w, NULL, '{');
    json_put_raw(&w, "encoder", text_get(&encoder));
    json_put_string(&w, "study", "moons\033");
    json_put_int(&w, "trial", 12);
    json_put_int(&w, "epoch", 3);
    json_put_bool(&w, "refit", refit);
    json_close(&w, '}');
    text_free(&encoder);
    assert_false(out.failed);
    return out.data;
}

/* Ten epochs on the table; the first n_hold properties of the form, the others the reference's.
 */
static const char *save_weights(const struct table *table, int n_hold, const char *metadata,
                                bool refit, char path[static 128])
{
    struct err_info info = {0};
    struct training *t;
    struct data_set *set = open_table(table);
    struct net_rows rows = net_rows_of(set, DATA_TRAIN);
    struct net_config config = form_config(n_hold);
    config.learning_rate = 0.01;
    char *said = metadata ? NULL : metadata_of(set, refit);
    assert_int_equal(net_new(&config, &rows, &t, &info), ERR_OK);
    for (bool done = false; net_epochs_done(t) < 10;)
        assert_int_equal(net_train_slice(t, 1000, &done), ERR_OK);
    assert_int_equal(
        net_save_weights(t, path_of("from.safetensors", path), metadata ? metadata : said, &info),
        ERR_OK);
    net_free(t);
    mem_free(said);
    data_free(set);
    return path;
}

/* ---- what fits --------------------------------------------------------------------------- */

static void layers_are_carried_where_they_fit(void **state)
{
    (void)state;
    static const struct {
        struct table to;
        int carried;      /* of 3 */
        const char *says; /* in the line for people */
    } rows[] = {
        {{"moons", 3, 2, {"no", "yes"}, 0}, 3, "3 of 3 layers fit"},
        {{"moons:rows=0.5", 3, 2, {"no", "yes"}, 0}, 3, "3 of 3 layers fit"},
        {{"moons:features=0.6", 3, 2, {"no", "yes"}, 0}, 2, "2 of 3 layers fit"},
        {{"suns", 3, 2, {"no", "yes"}, 5}, 3, "3 of 3 layers fit"},
        {{"suns", 3, 2, {"nein", "ja"}, 0}, 2, "2 of 3 layers fit"},
        {{"suns", 3, 3, {"no", "yes", "both"}, 0}, 2, "2 of 3 layers fit"},
        {{"suns", 3, 0, {NULL}, 0}, 2, "2 of 3 layers fit"},
        {{"suns", 5, 2, {"no", "yes"}, 0}, 2, "2 of 3 layers fit"},
        {{"suns", 5, 3, {"no", "yes", "both"}, 0}, 1, "1 of 3 layers fit"},
    };
    char path[128], line[200];
    save_weights(&moons, 4, NULL, false, path);
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        struct data_set *set = open_table(&rows[r].to);
        struct net_source *source;
        struct err_info info = {0};
        if (net_source_open(path, set, &source, &info) != ERR_OK)
            fail_msg("row %zu: %s", r, info.detail);
        net_source_text(source, line, sizeof line);
        assert_non_null(strstr(line, "moons, trial #12 of study moons?, epoch 3: 3-12-12-2, "));
        assert_non_null(strstr(line, rows[r].says));
        assert_null(strstr(line, "other rows"));
        struct net_config config = form_config(4);
        struct net_rows train = net_rows_of(set, DATA_TRAIN);
        struct training *t;
        assert_int_equal(net_new(&config, &train, &t, &info), ERR_OK);
        assert_int_equal(net_source_carry(source, t), rows[r].carried);
        net_free(t);
        net_source_free(source);
        data_free(set);
    }
}

static void the_form_is_held_so_that_layers_fit(void **state)
{
    (void)state;
    char path[128];
    struct err_info info = {0};
    struct net_source *source;
    struct space space;
    struct rng rng;
    save_weights(&moons, 4, NULL, false, path);
    struct data_set *set = open_table(&moons);
    assert_int_equal(net_source_open(path, set, &source, &info), ERR_OK);
    space_of_task(SPACE_CLASSES | SPACE_WEIGHTS, &space);
    assert_int_equal(net_source_hold(source, &space, &info), ERR_OK);
    rng_seed(&rng, 1, 2);
    for (int i = 0; i < 50; i++) {
        struct configuration c;
        space_sample(&space, &rng, &c);
        struct net_config n = net_config_from(&space, &c, 3, 0);
        assert_int_equal(n.num_layers, 2);
        assert_int_equal(n.units, 12);
        assert_int_equal(n.normalization, NET_NORM_BATCH);
        assert_int_equal(n.activation, NET_TANH);
    }
    net_source_free(source);
    data_free(set);
}

static const struct net_layer *layer_of(const struct training *t, int l)
{
    return &t->layer[l];
}

/* A frozen layer has the file's weights to the bit after training; one that had to be made anew
 * always learns. */
static void carried_layers_can_be_frozen(void **state)
{
    (void)state;
    static const struct table same = {"suns", 3, 2, {"no", "yes"}, 0},
                              wider = {"suns", 5, 2, {"no", "yes"}, 0};
    const struct table *const to[] = {&same, &wider};
    char path[128];
    save_weights(&moons, 4, NULL, false, path);
    for (int r = 0; r < 2; r++) {
        struct data_set *set = open_table(to[r]);
        struct net_source *source;
        struct err_info info = {0};
        assert_int_equal(net_source_open(path, set, &source, &info), ERR_OK);
        struct net_config config = form_config(4);
        config.from_weights = true;
        config.freeze = 2;
        struct net_rows train = net_rows_of(set, DATA_TRAIN);
        struct training *t, *untouched;
        assert_int_equal(net_new(&config, &train, &t, &info), ERR_OK);
        assert_int_equal(net_new(&config, &train, &untouched, &info), ERR_OK);
        net_source_carry(source, t);
        net_source_carry(source, untouched);
        for (bool done = false; !done;)
            assert_int_equal(net_train_slice(t, 100, &done), ERR_OK);
        for (int l = 0; l < 3; l++) {
            const struct net_layer *layer = layer_of(t, l);
            bool same_weights = memcmp(t->params + layer->weight, untouched->params + layer->weight,
                                       layer->n_weights * sizeof *t->params) == 0;
            assert_int_equal(same_weights, r == 0 && l < 2);
        }
        net_free(t);
        net_free(untouched);
        net_source_free(source);
        data_free(set);
    }
}

/* ---- what is refused --------------------------------------------------------------------- */

static void weights_that_have_seen_the_judge_are_refused(void **state)
{
    (void)state;
    static const struct {
        struct table to;
        int n_hold;
        const char *metadata; /* NULL: whole */
        bool refit;
        const char *says;
    } rows[] = {
        {{"moons", 3, 2, {"no", "yes"}, 4}, 4, NULL, false, "under another split"},
        {{"moons", 3, 2, {"no", "yes"}, 0}, 4, NULL, true, "--refit"},
        {{"moons:rows=0.5", 3, 2, {"no", "yes"}, 4}, 4, NULL, false, "under another split"},
        {{"moons:features=0.6", 3, 2, {"no", "yes"}, 4}, 4, NULL, false, "under another split"},
        {{"moons:noise=0.1", 3, 2, {"no", "yes"}, 0}, 4, NULL, true, "rows of moons as well"},
        {{"moons", 3, 2, {"no", "yes"}, 0}, 4, "{}", false, "what task"},
        {{"moons", 3, 2, {"no", "yes"}, 0}, 4, "{\"encoder\": {}}", false, "encoder"},
        {{"suns", 5, 3, {"no", "yes", "both"}, 0}, 0, NULL, false, "none of its layers"},
    };
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        char path[128];
        struct err_info info = {0};
        struct net_source *source;
        save_weights(&moons, rows[r].n_hold, rows[r].metadata, rows[r].refit, path);
        struct data_set *set = open_table(&rows[r].to);
        assert_int_equal(net_source_open(path, set, &source, &info), ERR_INPUT);
        assert_null(source);
        assert_string_equal(info.where, path);
        if (!strstr(info.detail, rows[r].says))
            fail_msg("row %zu: %s", r, info.detail);
        data_free(set);
    }
}

/* ---- a search from weights --------------------------------------------------------------- */

static void prepare(struct bed *bed, const struct data_set *set, const char *from)
{
    struct engine_options *o = &bed->options;
    struct err_info info = {0};
    struct net_source *source;
    o->set = set;
    o->runner_ops = NULL;
    o->sampler = "agent";
    o->pruner = "median";
    o->budget_epochs = 60;
    o->full_epochs = 8;
    o->from = from;
    assert_int_equal(net_source_open(from, set, &source, &info), ERR_OK);
    space_of_task(SPACE_CLASSES | SPACE_WEIGHTS, &o->space);
    assert_int_equal(net_source_hold(source, &o->space, &info), ERR_OK);
    space_release(&o->space, space_find(&o->space, "thaw_epoch"));
    net_source_free(source);
}

static void left_and_resumed_it_has_the_same_bits(void **state)
{
    (void)state;
    struct bed whole, pieces;
    char path[128];
    save_weights(&moons, 4, NULL, false, path);
    struct data_set *set = open_table(&moons);
    bed_make(&whole);
    bed_make(&pieces);
    prepare(&whole, set, path);
    prepare(&pieces, set, path);
    run_whole_and_in_pieces(&whole, &pieces);
    struct study *study = bed_read(&whole);
    int init = space_find(&study->space, "init"), from_weights = 0;
    for (size_t i = 0; i < study->n_trials; i++)
        from_weights += study->trials[i].config.value[init] == 0;
    assert_true(from_weights > 0);
    study_free(study);
    bed_remove(&whole);
    bed_remove(&pieces);
    data_free(set);
}

/* The first epoch from weights trained on the same task is better than from none. */
static void trials_start_where_the_weights_left_off(void **state)
{
    (void)state;
    char path[128];
    struct err_info info = {0};
    struct net_source *source;
    struct net_runner *runner;
    struct space space;
    double loss[2];
    save_weights(&moons, 4, NULL, false, path);
    struct data_set *set = open_table(&moons);
    assert_int_equal(net_source_open(path, set, &source, &info), ERR_OK);
    assert_int_equal(net_runner_new(set, &runner, &info), ERR_OK);
    net_runner_set(runner, 0, source);
    space_of_task(SPACE_CLASSES | SPACE_WEIGHTS, &space);
    assert_int_equal(net_source_hold(source, &space, &info), ERR_OK);
    for (int random = 0; random < 2; random++) {
        struct trial_start start = {.rng_seed = 3, .target_epochs = 2, .continues = -1};
        struct runner_position at;
        struct runner_step step = {0};
        void *run;
        space_default(&space, &start.config);
        assert_int_equal(space_set_pair(&space, &start.config,
                                        random ? "init=random" : "init=weights", NULL, &info),
                         ERR_OK);
        space_tidy(&space, &start.config);
        assert_int_equal(net_runner_ops.start(runner, &space, &start, 2, NULL, &run, &at, &info),
                         ERR_OK);
        while (!step.epoch_done)
            assert_int_equal(net_runner_ops.step(run, &step, &info), ERR_OK);
        loss[random] = step.result.metric[METRIC_TRAIN_LOSS];
        net_runner_ops.stop(run);
    }
    assert_true(loss[0] < 0.8 * loss[1]);
    net_runner_free(runner);
    net_source_free(source);
    data_free(set);
}

static void a_study_keeps_to_its_weights(void **state)
{
    (void)state;
    struct bed bed;
    char path[128], other[128];
    struct err_info info = {0};
    struct engine *e;
    save_weights(&moons, 4, NULL, false, path);
    struct data_set *set = open_table(&moons);
    bed_make(&bed);
    prepare(&bed, set, path);
    bed.options.budget_epochs = 8;
    e = bed_start(&bed);
    assert_true(engine_wait(e, PATIENCE));
    bed_stop(e);
    struct study *study = bed_read(&bed);
    struct engine_settings settings;
    assert_true(engine_read_settings(study, &settings));
    assert_string_equal(settings.from, path);
    assert_int_equal(strlen(settings.from_hash), 16);
    study_free(study);
    bed.options.from = path_of("another.safetensors", other);
    assert_int_equal(engine_start(&bed.options, &e, &info), ERR_USAGE);
    assert_string_equal(info.where, "--from");
    bed.options.from = NULL; /* as resume does */
    bed.options.budget_epochs = 12;
    bed_stop(bed_start(&bed));
    save_weights(&moons, 3, NULL, false, path);
    assert_int_equal(engine_start(&bed.options, &e, &info), ERR_INPUT);
    assert_string_equal(info.where, path);
    assert_non_null(strstr(info.detail, "changed"));
    unlink(path);
    assert_int_equal(engine_start(&bed.options, &e, &info), ERR_INPUT);
    assert_non_null(strstr(info.detail, "gone"));
    bed_remove(&bed);
    data_free(set);
}

static int set_up(void **state)
{
    (void)state;
    net_init();
    return spawn_make_folder(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    spawn_remove_folder(folder);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layers_are_carried_where_they_fit),
        cmocka_unit_test(the_form_is_held_so_that_layers_fit),
        cmocka_unit_test(carried_layers_can_be_frozen),
        cmocka_unit_test(weights_that_have_seen_the_judge_are_refused),
        cmocka_unit_test(left_and_resumed_it_has_the_same_bits),
        cmocka_unit_test(trials_start_where_the_weights_left_off),
        cmocka_unit_test(a_study_keeps_to_its_weights),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
