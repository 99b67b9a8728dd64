/* If this fails, what a user takes home is not the network that the study found, or the PyTorch
 * script does not rebuild it. Runs the real program; python3-torch where it is installed. */
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "../support/programs.h"
#include "saved_network.h"

static char folder[64];

static const char *in_folder(const char *name)
{
    static char path[8][160];
    static int next;
    char *out = path[next++ % 8];
    assert_true(file_join(out, 160, folder, name));
    return out;
}

static int run(struct spawned *s, const char *const *words)
{
    const char *argv[16] = {spawn_tiller()};
    for (int i = 0; words[i]; i++)
        argv[i + 1] = words[i];
    return spawn_run(s, argv, NULL, 120);
}
#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void run_well(const char *const *words)
{
    struct spawned s;
    if (run(&s, words) != 0)
        fail_msg("%s: %s", words[0], text_get(&s.err));
    spawn_free(&s);
}

static char *read_bytes(const char *path, size_t *n)
{
    char *bytes;
    struct err_info info = {0};
    if (file_read(path, 1 << 28, &bytes, n, &info) != ERR_OK)
        fail_msg("%s: %s", path, info.detail);
    return bytes;
}

static struct cJSON *read_json(const char *path)
{
    struct cJSON *doc = NULL;
    struct err_info info = {0};
    size_t n;
    char *bytes = read_bytes(path, &n);
    if (json_parse(bytes, n, path, &doc, &info) != ERR_OK)
        fail_msg("%s", info.detail);
    mem_free(bytes);
    return doc;
}

/* ---- a study ----------------------------------------------------------------------------- */

static struct study *study; /* of the finished search below, read from its log */

static int set_up(void **state)
{
    (void)state;
    static const char small[] = "{\"units\": {\"low\": 8, \"high\": 24}}"; /* for the sanitizers */
    net_init();
    if (!spawn_make_folder(folder))
        return -1;
    assert_int_equal(file_write_atomic(in_folder("space.json"), small, sizeof small - 1, NULL),
                     ERR_OK);
    run_well(WORDS("run", "data/vowel", "--plain", "--json", "--study",
                   in_folder("vowel.study.jsonl"), "--epochs-per-trial", "12", "--trials", "4",
                   "--workers", "1", "--space", in_folder("space.json")));
    return study_read(in_folder("vowel.study.jsonl"), NULL, &study, NULL) == ERR_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    study_free(study);
    spawn_remove_folder(folder);
    return 0;
}

/* The weights give the value that the log has. */
static void assert_weights_of(const char *weights, const struct trial *trial)
{
    struct data_set *set = saved_open_set("data/vowel.csv");
    struct training *t = saved_restore(weights);
    struct net_rows rows = net_rows_of(set, DATA_VALIDATION);
    struct net_metrics m;
    assert_int_equal(net_evaluate(t, &rows, &m, NULL, NULL), ERR_OK);
    assert_true(1 - m.accuracy == trial->value);
    assert_true(fabs(m.loss - trial->best_loss) < 1e-6);
    net_free(t);
    data_free(set);
}

static void the_folder_says_what_the_log_says(void **state)
{
    (void)state;
    const struct trial *best = study_best(study);
    run_well(WORDS("export", in_folder("vowel.study.jsonl")));
    struct cJSON *doc = read_json(in_folder("vowel-best/config.json"));
    assert_string_equal(json_get_string(doc, "study"), "vowel.study.jsonl");
    assert_true(said_number(doc, "trial") == (double)best->number);
    assert_true(said_number(doc, "value") == best->value);
    assert_true(said_number(doc, "epoch") == best->best_epoch);
    assert_true(said_number(doc, "epochs_per_trial") == 12);
    const struct cJSON *values = json_get(doc, "hyperparameters"), *data = json_get(doc, "data");
    assert_true(said_number(values, "units") ==
                best->config.value[space_find(&study->space, "units")]);
    assert_non_null(json_get_string(values, "optimizer"));
    assert_string_equal(json_get_string(values, "normalization"),
                        "none"); /* held: not in the log */
    assert_int_equal(cJSON_GetArraySize(json_get(doc, "layers")),
                     said_number(values, "num_layers") + 1);
    const struct cJSON *metrics = json_get(doc, "metrics");
    assert_true(said_number(json_get(metrics, "validation"), "val_loss") == best->best_loss);
    assert_true(said_number(json_get(metrics, "test"), "accuracy") > 0.1);
    assert_string_equal(json_get_string(data, "fingerprint"), study->fingerprint);
    assert_string_equal(json_get_string(data, "name"), "vowel");
    assert_int_equal(cJSON_GetArraySize(json_get(data, "classes")), 11);
    json_free(doc);
    assert_weights_of(in_folder("vowel-best/weights.safetensors"), best);
}

/* A trial whose weights were not kept: trained again, with the value of the log, and charged. */
static void other_trials_are_trained_again(void **state)
{
    (void)state;
    struct spawned s;
    struct study *after;
    const struct trial *other = study_trial(study, study_best(study)->number == 0 ? 1 : 0);
    char n[8], name[64];
    text_format(n, sizeof n, "%d", (int)other->number);
    text_format(name, sizeof name, "vowel-trial-%s/weights.safetensors", n);
    assert_int_equal(run(&s, WORDS("export", in_folder("vowel.study.jsonl"), "--trial", n)), 0);
    assert_non_null(strstr(text_get(&s.err), "trained again"));
    assert_null(strstr(text_get(&s.err), "where the log has"));
    assert_weights_of(in_folder(name), other);
    assert_int_equal(study_read(in_folder("vowel.study.jsonl"), NULL, &after, NULL), ERR_OK);
    assert_int_equal(after->epochs_charged, study->epochs_charged + other->best_epoch);
    study_free(after);
    spawn_free(&s);
}

/* Kept or trained again: the same bytes. */
static void trained_again_it_has_the_same_bits(void **state)
{
    (void)state;
    char name[64], kept[160];
    size_t n_kept, n_again;
    text_format(name, sizeof name, "vowel.study.d/trial-%d.safetensors",
                (int)study_best(study)->number);
    run_well(WORDS("export", in_folder("vowel.study.jsonl"), "--out", in_folder("kept")));
    text_copy(kept, sizeof kept, in_folder("away"));
    assert_int_equal(rename(in_folder(name), kept), 0);
    run_well(WORDS("export", in_folder("vowel.study.jsonl"), "--out", in_folder("again")));
    assert_int_equal(rename(kept, in_folder(name)), 0);
    char *a = read_bytes(in_folder("kept/weights.safetensors"), &n_kept);
    char *b = read_bytes(in_folder("again/weights.safetensors"), &n_again);
    assert_int_equal(n_kept, n_again);
    assert_memory_equal(a, b, n_kept);
    mem_free(a);
    mem_free(b);
}

static void wait_ended(struct engine *e, int64_t number)
{
    for (bool ended = false; !ended;) {
        struct pollfd wake = {.fd = engine_wake_fd(e), .events = POLLIN};
        assert_true(poll(&wake, 1, 60000) > 0);
        engine_drain(e);
        const struct trial *t = study_trial(engine_begin_read(e), number);
        ended = t && t->state == TRIAL_COMPLETE;
        engine_end_read(e);
    }
}

/* One trial of 8 epochs, continued by 4 and by another 4: three cycles of its schedule. */
static void make_chain(const char *path, const struct data_set *set)
{
    static const char cosine[] =
        "{\"units\": 16, \"num_layers\": 1, \"schedule\": {\"choices\": [\"cosine\"]}}";
    struct engine_options options = {.set = set,
                                     .study_path = path,
                                     .n_workers = 1,
                                     .budget_trials = 1,
                                     .full_epochs = 8,
                                     .data_json = "{}"};
    struct engine *e = NULL;
    struct err_info info = {0};
    assert_int_equal(file_write_atomic(in_folder("cosine.json"), cosine, sizeof cosine - 1, NULL),
                     ERR_OK);
    if (space_load(in_folder("cosine.json"), space_builtin(), &options.space, &info) != ERR_OK ||
        engine_start(&options, &e, &info) != ERR_OK)
        fail_msg("%s", info.detail);
    wait_ended(e, 0);
    for (int64_t i = 0; i < 2; i++) {
        struct request extend = {.kind = REQUEST_EXTEND, .trial = i, .amount = 4};
        if (engine_request(e, &extend, &info) != ERR_OK)
            fail_msg("%s", info.detail);
        wait_ended(e, i + 1);
    }
    assert_int_equal(engine_stop(e, &info), ERR_OK);
}

static void a_continued_trial_has_its_cycles_again(void **state)
{
    (void)state;
    struct spawned s;
    struct study *chain;
    struct data_set *set = saved_open_set("data/vowel.csv");
    make_chain(in_folder("chain.study.jsonl"), set);
    data_free(set);
    assert_int_equal(study_read(in_folder("chain.study.jsonl"), NULL, &chain, NULL), ERR_OK);
    const struct trial *last = study_best(chain);
    assert_true(last->number == 2 && last->best_epoch > 12);
    assert_int_equal(unlink(in_folder("chain.study.d/trial-2.safetensors")), 0);
    assert_int_equal(run(&s, WORDS("export", in_folder("chain.study.jsonl"))), 0);
    assert_non_null(strstr(text_get(&s.err), "trained again"));
    assert_null(strstr(text_get(&s.err), "where the log has"));
    assert_weights_of(in_folder("chain-best/weights.safetensors"), last);
    study_free(chain);
    spawn_free(&s);
}

/* What a refit is said to be: the trial's configuration and seed, for as many epochs, on the rows
 * of both parts. */
static struct training *trained_on_all(const struct trial *trial, const struct data_set *set,
                                       struct net_rows *rows)
{
    struct training *t;
    bool done;
    struct net_config c = net_config_from(&study->space, &trial->config, 12, trial->rng_seed);
    assert_int_equal(net_rows_join(set, rows, NULL), ERR_OK);
    assert_int_equal(net_new(&c, rows, &t, NULL), ERR_OK);
    while (net_epochs_done(t) < trial->best_epoch)
        assert_int_equal(net_train_slice(t, 7, &done), ERR_OK);
    return t;
}

static void a_refit_has_learnt_from_both_parts(void **state)
{
    (void)state;
    struct study *after;
    struct net_rows rows;
    struct net_metrics ours, theirs;
    const struct trial *best = study_best(study);
    run_well(
        WORDS("export", in_folder("vowel.study.jsonl"), "--refit", "--out", in_folder("refit")));
    struct cJSON *doc = read_json(in_folder("refit/config.json"));
    assert_true(said_number(json_get(doc, "refit"), "rows") == 792);
    assert_true(said_number(json_get(doc, "refit"), "epochs") == best->best_epoch);
    assert_non_null(json_get_string(json_get(doc, "metrics"), "of"));
    json_free(doc);
    struct data_set *set = saved_open_set("data/vowel.csv");
    struct net_rows test = net_rows_of(set, DATA_TEST);
    struct training *a = trained_on_all(best, set, &rows);
    struct training *b = saved_restore(in_folder("refit/weights.safetensors"));
    assert_int_equal(rows.n_rows, 792);
    assert_int_equal(net_evaluate(a, &test, &ours, NULL, NULL), ERR_OK);
    assert_int_equal(net_evaluate(b, &test, &theirs, NULL, NULL), ERR_OK);
    assert_true(ours.loss == theirs.loss);
    net_free(a);
    net_free(b);
    net_rows_release(&rows);
    data_free(set);
    assert_int_equal(study_read(in_folder("vowel.study.jsonl"), NULL, &after, NULL), ERR_OK);
    assert_true(after->epochs_charged >= study->epochs_charged + best->best_epoch);
    study_free(after);
}

static void nothing_is_written_over(void **state)
{
    (void)state;
    struct spawned s;
    static const char mine[] = "mine";
    struct stat status;
    assert_int_equal(file_make_folder(in_folder("taken"), NULL), ERR_OK);
    assert_int_equal(file_write_atomic(in_folder("taken/model.py"), mine, 4, NULL), ERR_OK);
    const char *const *words =
        WORDS("export", in_folder("vowel.study.jsonl"), "--out", in_folder("taken"), "--force");
    assert_int_equal(run(&s, WORDS(words[0], words[1], words[2], words[3])), 2);
    assert_non_null(strstr(text_get(&s.err), "taken/model.py: is there already"));
    assert_false(file_exists(in_folder("taken/config.json")));
    assert_int_equal(stat(in_folder("taken/model.py"), &status), 0);
    assert_int_equal(status.st_size, 4);
    spawn_free(&s);
    run_well(words);
    assert_int_equal(stat(in_folder("taken/model.py"), &status), 0);
    assert_true(status.st_size > 1000);
}

static void what_can_not_be_is_said_in_one_line(void **state)
{
    (void)state;
    static const struct {
        const char *file, *words[3], *says[3];
    } rows[] = {
        {"none.jsonl", {NULL}, {"none.jsonl"}},
        {"note.jsonl", {NULL}, {"note.jsonl", "1"}},
        {"note.safetensors", {NULL}, {"note.safetensors"}},
        {"vowel.study.jsonl", {"--trial", "99"}, {"--trial", "99", "3"}},
        {"vowel.study.jsonl", {"--trial", "1", "--best"}, {"--trial", "--best"}},
        {"vowel.study.jsonl", {"--bset"}, {"--bset", "--best"}},
        {"vowel-best/weights.safetensors", {"--trial", "1"}, {"trials"}},
        {"vowel-best/weights.safetensors", {"--refit"}, {"trials"}},
        {"changed.study.jsonl", {NULL}, {"changed.study.jsonl", "changed since"}},
        {"foreign.study.jsonl", {NULL}, {"foreign.study.jsonl", "another program"}},
        {"vowel.study.jsonl", {"--out", "/dev/null/x"}, {"/dev/null"}},
    };
    size_t n;
    char *log = read_bytes(in_folder("vowel.study.jsonl"), &n);
    char *print = strstr(log, study->fingerprint), *settings = strstr(log, "full_epochs");
    assert_true(print && settings);
    print[0] = print[0] == '0' ? '1' : '0';
    assert_int_equal(file_write_atomic(in_folder("changed.study.jsonl"), log, n, NULL), ERR_OK);
    settings[0] = 'F';
    assert_int_equal(file_write_atomic(in_folder("foreign.study.jsonl"), log, n, NULL), ERR_OK);
    mem_free(log);
    assert_int_equal(file_write_atomic(in_folder("note.jsonl"), "dear diary\n", 11, NULL), ERR_OK);
    assert_int_equal(file_write_atomic(in_folder("note.safetensors"), "dear", 4, NULL), ERR_OK);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct spawned s;
        const char *const *w = rows[i].words;
        bool has_out = w[0] && strcmp(w[0], "--out") == 0;
        int status =
            run(&s, WORDS("export", in_folder(rows[i].file), has_out ? w[0] : "--out",
                          has_out ? w[1] : in_folder("never"), has_out ? NULL : w[0], w[1], w[2]));
        const char *line = text_get(&s.err), *end;
        if (strncmp(line, "data: ", 6) == 0)
            line += strcspn(line, "\n") + 1;
        end = line + strcspn(line, "\n");
        if (status != 2 || strncmp(line, "tiller: ", 8) != 0 || !*end || end[1])
            fail_msg("row %zu: status %d: %s", i, status, text_get(&s.err));
        for (int k = 0; k < 3 && rows[i].says[k]; k++)
            if (!strstr(line, rows[i].says[k]))
                fail_msg("'%s' is not in: %s", rows[i].says[k], line);
        assert_int_equal(s.out.length, 0);
        assert_false(file_exists(in_folder("never")));
        spawn_free(&s);
    }
}

/* ---- interrupted ------------------------------------------------------------------------- */

/* A study whose only trial was best in its millionth epoch: training it again takes long. */
static void make_long_study(const char *path, const struct data_set *set)
{
    struct study_settings create = {
        .name = "long",
        .metric = "val_error",
        .direction = 1,
        .space = space_builtin(),
        .searcher_json =
            "{\"sampler\": \"agent\", \"pruner\": \"median\", \"full_epochs\": 1000000}",
        .task_path = set->path,
        .data_name = set->name,
        .fingerprint = set->fingerprint};
    struct trial_start start = {.rng_seed = 1, .target_epochs = 1000000, .continues = -1};
    struct epoch_result last = {.step = 1000000, .value = 0.5};
    struct study_log *log;
    struct err_info info = {0};
    int handle;
    space_default(space_builtin(), &start.config);
    if (study_log_open(path, &create, NULL, &log, &info) != ERR_OK)
        fail_msg("%s", info.detail);
    assert_int_equal(study_log_create(log, &start, &handle), ERR_OK);
    assert_int_equal(study_log_report(log, handle, &last), ERR_OK);
    assert_int_equal(study_log_finish(log, handle, TRIAL_COMPLETE, NULL), ERR_OK);
    assert_int_equal(study_log_close(log, &info), ERR_OK);
}

/* What is there stays, also where it was to be written over. */
static void a_signal_leaves_without_writing(void **state)
{
    (void)state;
    struct data_set *set = saved_open_set("data/vowel.csv");
    make_long_study(in_folder("long.study.jsonl"), set);
    data_free(set);
    for (int refit = 0; refit < 2; refit++) {
        const char *argv[] = {
            spawn_tiller(), "export", in_folder("long.study.jsonl"), refit ? "--refit" : "--best",
            "--force",      NULL};
        struct spawned s;
        assert_true(spawn_start(&s, argv, NULL));
        assert_true(spawn_wait_text(&s, "epoch 1/1000000  train loss", false, 60));
        kill(s.pid, SIGINT);
        assert_int_equal(spawn_finish(&s, 60), 130);
        assert_non_null(strstr(text_get(&s.err), "interrupted"));
        assert_false(file_exists(in_folder("long-best/weights.safetensors")));
        assert_false(file_exists(in_folder("long-best/config.json")));
        spawn_free(&s);
        assert_int_equal(file_make_folder(in_folder("long-best"), NULL), ERR_OK);
        assert_int_equal(file_write_atomic(in_folder("long-best/model.py"), "mine", 4, NULL),
                         ERR_OK);
    }
    size_t n;
    char *kept = read_bytes(in_folder("long-best/model.py"), &n);
    assert_string_equal(kept, "mine");
    mem_free(kept);
}

/* ---- model.py ---------------------------------------------------------------------------- */

/* 9 x 7 pixels: the first pooling leaves a row and a column out, the third has nothing to pool. */
enum { IMAGE_ROWS = 9, IMAGE_COLUMNS = 7, N_PIXELS = IMAGE_ROWS * IMAGE_COLUMNS };

static void put_u32(struct text *out, uint32_t value)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        text_append_char(out, (char)(value >> shift & 255));
}

/* Noise, brighter on the side that the class says. */
static void write_part(const char *name, uint32_t n)
{
    struct text images = {0}, labels = {0};
    struct rng rng;
    char file[64];
    rng_seed(&rng, n, 0);
    for (uint32_t i = 0; i < 3; i++)
        put_u32(&images, i == 0 ? 2051 : i == 1 ? n : IMAGE_ROWS);
    put_u32(&images, IMAGE_COLUMNS);
    put_u32(&labels, 2049);
    put_u32(&labels, n);
    for (uint32_t i = 0; i < n; i++) {
        text_append_char(&labels, (char)(i % 3));
        for (uint32_t k = 0; k < N_PIXELS; k++)
            text_append_char(&images, (char)(rng_below(&rng, 128) + (k % 3 == i % 3 ? 100 : 0)));
    }
    text_format(file, sizeof file, "pictures/%s-images-idx3-ubyte", name);
    assert_int_equal(file_write_atomic(in_folder(file), images.data, images.length, NULL), ERR_OK);
    text_format(file, sizeof file, "pictures/%s-labels-idx1-ubyte", name);
    assert_int_equal(file_write_atomic(in_folder(file), labels.data, labels.length, NULL), ERR_OK);
    text_free(&images);
    text_free(&labels);
}

static void write_prices(void)
{
    struct text t = {0};
    text_append(&t, "metres,rooms,price\n");
    for (int i = 0; i < 300; i++)
        text_appendf(&t, "%d,%d,%d.5\n", i, i % 7, 100000 + 3000 * i + 500 * (i % 7));
    assert_int_equal(file_write_atomic(in_folder("prices.csv"), t.data, t.length, NULL), ERR_OK);
    text_free(&t);
}

enum { VOWEL, PICTURES, PRICES, N_SETS };
static const struct network {
    const char *name;
    int set;
    struct net_config c; /* zeros: as the reference network */
} networks[] = {
    {"perceptron", VOWEL, {0}},
    {"tanh", VOWEL, {.num_layers = 2, .activation = NET_TANH}},
    {"leaky_relu", VOWEL, {.num_layers = 2, .activation = NET_LEAKY_RELU}},
    {"sigmoid", VOWEL, {.num_layers = 2, .activation = NET_SIGMOID}},
    {"gelu", VOWEL, {.num_layers = 2, .activation = NET_GELU}},
    {"silu", VOWEL, {.num_layers = 4, .activation = NET_SILU}},
    {"batch", VOWEL, {.num_layers = 2, .normalization = NET_NORM_BATCH}},
    {"layer", VOWEL, {.num_layers = 2, .normalization = NET_NORM_LAYER}},
    {"residual", VOWEL, {.num_layers = 3, .residual = true}},
    {"residual-layer",
     VOWEL,
     {.num_layers = 3, .residual = true, .normalization = NET_NORM_LAYER, .activation = NET_GELU}},
    {"conv-max", PICTURES, {.kind = NET_CONV, .conv_layers = 3}},
    {"conv-average", PICTURES, {.kind = NET_CONV, .conv_layers = 2, .pooling = NET_POOL_AVERAGE}},
    {"conv-5", PICTURES, {.kind = NET_CONV, .conv_layers = 1, .kernel_size = 5}},
    {"conv-max-batch",
     PICTURES,
     {.kind = NET_CONV, .conv_layers = 2, .normalization = NET_NORM_BATCH}},
    {"conv-average-layer",
     PICTURES,
     {.kind = NET_CONV,
      .conv_layers = 3,
      .pooling = NET_POOL_AVERAGE,
      .normalization = NET_NORM_LAYER,
      .activation = NET_TANH}},
    {"conv-max-layer-residual",
     PICTURES,
     {.kind = NET_CONV,
      .conv_layers = 1,
      .num_layers = 3,
      .normalization = NET_NORM_LAYER,
      .residual = true,
      .activation = NET_SILU}},
    {"regression", PRICES, {0}},
    {"regression-batch", PRICES, {.num_layers = 2, .normalization = NET_NORM_BATCH}},
};
enum { N_NETWORKS = sizeof networks / sizeof *networks };

static struct net_config config_of(const struct network *n)
{
    struct net_config c = net_config_reference();
    c.units = 12;
    c.filters = 3;
    c.learning_rate = 0.01;
    c.num_layers = n->c.num_layers > 0 ? n->c.num_layers : 1;
    c.kernel_size = n->c.kernel_size > 0 ? n->c.kernel_size : 3;
    c.conv_layers = n->c.conv_layers;
    c.kind = n->c.kind;
    c.activation = n->c.activation;
    c.normalization = n->c.normalization;
    c.pooling = n->c.pooling;
    c.residual = n->c.residual;
    return c;
}

/* Exports a network trained for a few epochs, and puts the test part's inputs beside it. */
static void export_network(const char *name, const struct net_config *c, const struct data_set *set)
{
    char file[128], inputs[128];
    const struct data_part *part = &set->part[DATA_TEST];
    text_format(file, sizeof file, "%s.safetensors", name);
    text_format(inputs, sizeof inputs, "%s/inputs.f32", name);
    saved_network(set, c, 4, in_folder(file));
    run_well(WORDS("export", in_folder(file), "--out", in_folder(name)));
    size_t n = (size_t)part->n_rows * (size_t)set->n_inputs * sizeof(float);
    assert_int_equal(file_write_atomic(in_folder(inputs), part->x, n, NULL), ERR_OK);
}

static void run_models(char (*folders)[160], int n)
{
    const char *argv[N_NETWORKS + 4] = {programs_python, "tests/cli/torch_models.py"};
    struct spawned s;
    for (int i = 0; i < n; i++)
        argv[i + 2] = folders[i];
    if (spawn_run(&s, argv, NULL, 300) != 0)
        fail_msg("%s", text_get(&s.err));
    spawn_free(&s);
}

/* The largest difference to our own predictions; regression: in standard units. */
static double difference(const char *name, const struct data_set *set)
{
    char file[128];
    size_t n;
    const struct data_part *part = &set->part[DATA_TEST];
    bool numbers = set->task == DATA_REGRESSION;
    size_t n_outputs = (size_t)part->n_rows * (numbers ? 1 : (size_t)set->n_classes);
    float *ours = mem_alloc(n_outputs, sizeof *ours);
    double largest = 0;
    text_format(file, sizeof file, "%s/weights.safetensors", name);
    struct training *t = saved_restore(in_folder(file));
    assert_int_equal(net_predict(t, part->x, part->n_rows, ours), ERR_OK);
    text_format(file, sizeof file, "%s/outputs.f32", name);
    char *bytes = read_bytes(in_folder(file), &n);
    assert_int_equal(n, n_outputs * sizeof *ours);
    for (size_t i = 0; i < n_outputs; i++) {
        float theirs;
        memcpy(&theirs, bytes + i * sizeof theirs, sizeof theirs);
        double value =
            numbers ? ((double)theirs - set->target_mean) / set->target_scale : (double)theirs;
        largest = fmax(largest, fabs(value - (double)ours[i]));
    }
    mem_free(bytes);
    mem_free(ours);
    net_free(t);
    return largest;
}

static void pytorch_predicts_the_same(void **state)
{
    (void)state;
    static char folders[N_NETWORKS][160];
    struct data_set *sets[N_SETS];
    if (!have_python("torch"))
        return;
    assert_int_equal(file_make_folder(in_folder("pictures"), NULL), ERR_OK);
    write_part("train", 240);
    write_part("t10k", 90);
    write_prices();
    sets[VOWEL] = saved_open_set("data/vowel.csv");
    sets[PICTURES] = saved_open_set(in_folder("pictures"));
    sets[PRICES] = saved_open_set(in_folder("prices.csv"));
    for (size_t i = 0; i < N_NETWORKS; i++) {
        struct net_config c = config_of(&networks[i]);
        export_network(networks[i].name, &c, sets[networks[i].set]);
        text_copy(folders[i], sizeof folders[i], in_folder(networks[i].name));
    }
    run_models(folders, N_NETWORKS);
    for (size_t i = 0; i < N_NETWORKS; i++) {
        double d = difference(networks[i].name, sets[networks[i].set]);
        if (!(d < 1e-4))
            fail_msg("%s: differs by %g", networks[i].name, d);
    }
    for (int i = 0; i < N_SETS; i++)
        data_free(sets[i]);
}

/* Names that would end a string, a line or the script if they stood there as they are. */
static void names_from_the_data_stay_texts(void **state)
{
    (void)state;
    static const char *const classes[] = {"\"\"\"\"\"\"); import os; os.abort(); \"\"\"",
                                          "back\\slash\\", "M\xc3\xbcller \xf0\x9f\x8c\xb1", "'''"};
    char folders[1][160], file[64];
    struct text t = {0};
    if (!have_python("torch"))
        return;
    text_append(&t, "a,b,class\n");
    for (int i = 0; i < 200; i++) {
        text_appendf(&t, "%d,%d.5,\"", i % 7, i % 13);
        for (const char *c = classes[i % 4]; *c; c++)
            text_appendf(&t, *c == '"' ? "\"%c" : "%c", *c);
        text_append(&t, "\"\n");
    }
    text_format(file, sizeof file, "odd\"\"\"\\n%s.csv", "\xf0\x9f\x8c\xb1");
    assert_int_equal(file_write_atomic(in_folder(file), t.data, t.length, NULL), ERR_OK);
    text_free(&t);
    struct data_set *set = saved_open_set(in_folder(file));
    struct net_config c = config_of(&networks[0]);
    export_network("odd", &c, set);
    text_copy(folders[0], sizeof folders[0], in_folder("odd"));
    run_models(folders, 1);
    assert_true(difference("odd", set) < 1e-4);
    struct cJSON *said = read_json(in_folder("odd/classes.json"));
    assert_int_equal(cJSON_GetArraySize(said), set->n_classes);
    for (int i = 0; i < set->n_classes; i++)
        assert_string_equal(cJSON_GetArrayItem(said, i)->valuestring, set->class_names[i]);
    json_free(said);
    data_free(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_folder_says_what_the_log_says),
        cmocka_unit_test(other_trials_are_trained_again),
        cmocka_unit_test(trained_again_it_has_the_same_bits),
        cmocka_unit_test(a_continued_trial_has_its_cycles_again),
        cmocka_unit_test(a_refit_has_learnt_from_both_parts),
        cmocka_unit_test(nothing_is_written_over),
        cmocka_unit_test(what_can_not_be_is_said_in_one_line),
        cmocka_unit_test(a_signal_leaves_without_writing),
        cmocka_unit_test(pytorch_predicts_the_same),
        cmocka_unit_test(names_from_the_data_stay_texts),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
