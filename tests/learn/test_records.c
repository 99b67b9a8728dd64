/* If this fails, packed recordings are not what was recorded, or a packed file can make the program
 * read what is not there. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "recordings.h"

#include "learn/internal.h"

enum { ALL = 20 };

static struct learn_records *open_records(const char *path, bool pool)
{
    struct learn_records *r = NULL;
    struct err_info info = {0};
    char line[900];
    if (learn_records_open(path, pool, &r, &info) != ERR_OK)
        fail_msg("%s", err_format(&info, line, sizeof line));
    return r;
}

static enum err open_typed(const char *typed, const char *variant, struct data_set **set,
                           struct err_info *info)
{
    char path[512];
    struct data_options options = {0};
    enum err err = data_find(typed, path, sizeof path, &options.variant, info);
    options.variant = variant[0] ? variant : NULL;
    return err == ERR_OK ? data_open(path, &options, set, info) : err;
}

static enum err open_data(void *arg, const struct study *study, const char *path,
                          struct data_set **set, struct err_info *info)
{
    (void)arg;
    (void)path;
    return open_typed(study->task_path, study->variant, set, info);
}

static void look_at(struct learn_records *r, const struct desk *desk)
{
    struct learn_looking looking = {.folder = desk->folder, .open = open_data};
    assert_int_equal(learn_records_look(r, &looking, NULL), ERR_OK);
}

static struct learn_records *pack_folder(const struct desk *desk, bool pool, const char *path)
{
    struct learn_records *r = NULL;
    struct err_info info = {0};
    char line[900];
    if (learn_records_folder(desk->folder, pool, &r, &info) != ERR_OK)
        fail_msg("%s", err_format(&info, line, sizeof line));
    look_at(r, desk);
    if (learn_records_write(r, path, &info) != ERR_OK)
        fail_msg("%s", err_format(&info, line, sizeof line));
    return r;
}

static const char *in_folder(const struct desk *desk, const char *file, char out[static 128])
{
    assert_true(file_join(out, 128, desk->folder, file));
    return out;
}

/* ---- what is kept ------------------------------------------------------------------------ */

static float four_digits(double x)
{
    char digits[32];
    return isfinite(x) ? strtof(text_format(digits, sizeof digits, "%.4g", x), NULL) : NAN;
}

static void assert_same_number(float a, float b)
{
    assert_true(a == b || (isnan(a) && isnan(b)));
}

static void assert_trial_is_kept(const struct trial *t, const struct space *space,
                                 const struct recorded_training *kept, int number)
{
    int of;
    assert_int_equal(kept->config.set, t->config.set);
    for (int i = 0; i < space->n; i++)
        assert_true(kept->config.value[i] == t->config.value[i]);
    assert_string_equal(kept->who, t->who);
    assert_int_equal(kept->rng_seed, t->rng_seed);
    assert_int_equal(kept->n_parameters, t->n_parameters);
    assert_true(kept->seconds == t->seconds && kept->seconds > 0);
    assert_int_equal(kept->failed, t->state == TRIAL_FAIL);
    assert_int_equal(kept->point, strcmp(t->who, "design") == 0 ? number : -1);
    assert_int_equal(kept->repeats, sscanf(t->action, "trial %d", &of) == 1 ? of : -1);
    assert_int_equal(kept->n_epochs, t->n_epochs);
    for (size_t e = 0; e < t->n_epochs; e++) {
        const struct epoch_result *epoch = &t->curve[e];
        assert_same_number(kept->curve[RECORDED_VALUE][e], four_digits(epoch->value));
        assert_same_number(kept->curve[RECORDED_VAL_LOSS][e],
                           four_digits(epoch->metric[METRIC_VAL_LOSS]));
        assert_same_number(kept->curve[RECORDED_TRAIN_LOSS][e],
                           four_digits(epoch->metric[METRIC_TRAIN_LOSS]));
        assert_same_number(kept->curve[RECORDED_GRADIENT_NORM][e],
                           four_digits(epoch->metric[METRIC_GRADIENT_NORM]));
        assert_same_number(kept->curve[RECORDED_WEIGHT_NORM][e],
                           four_digits(epoch->metric[METRIC_WEIGHT_NORM]));
    }
}

static void assert_equal_files(const char *a, const char *b)
{
    char *x, *y;
    size_t n, m;
    struct err_info info;
    assert_int_equal(file_read(a, 1 << 28, &x, &n, &info), ERR_OK);
    assert_int_equal(file_read(b, 1 << 28, &y, &m, &info), ERR_OK);
    assert_int_equal(n, m);
    assert_memory_equal(x, y, n);
    mem_free(x);
    mem_free(y);
}

static void assert_looks_like_its_data(const struct recorded_task *task, const struct study *study)
{
    struct data_set *set;
    struct task_features f;
    assert_int_equal(open_data(NULL, study, NULL, &set, NULL), ERR_OK);
    assert_int_equal(meta_features(set, &f, NULL), ERR_OK);
    assert_true(task->has_features);
    assert_memory_equal(task->features.value, f.value, sizeof f.value);
    assert_memory_equal(task->features.sketch, f.sketch, sizeof f.sketch);
    assert_int_equal(task->features.rows_used, f.rows_used);
    assert_true(task->features.cost_epochs == f.cost_epochs);
    data_free(set);
}

/* One of the tasks is a variant, and one training diverges. */
static void what_is_packed_is_what_was_recorded(void **state)
{
    (void)state;
    struct desk desk;
    char packed[128], again[128];
    struct err_info info;
    desk_make(&desk);
    desk.task[1] = "ionosphere:rows=0.5,noise=0.1";
    assert_true(desk_record(&desk));
    struct learn_records *r = pack_folder(&desk, false, in_folder(&desk, "a.gz", packed));
    learn_records_free(r);
    r = open_records(packed, false);
    static const char *const file[] = {"ionosphere-rows=0.5-noise=0.1.study.jsonl",
                                       "vowel.study.jsonl"};
    static const char *const name[] = {"ionosphere:rows=0.5,noise=0.1", "vowel"};
    static const char *const family[] = {"ionosphere", "vowel"};
    static const char *const variant[] = {"rows=0.5,noise=0.1", ""};
    assert_int_equal(r->n_tasks, 2);
    for (int i = 0; i < 2; i++) {
        struct study *study = desk_read(&desk, file[i]);
        const struct recorded_task *task = &r->task[i];
        assert_string_equal(task->name, name[i]);
        assert_string_equal(task->family, family[i]);
        assert_string_equal(task->variant, variant[i]);
        assert_string_equal(task->fingerprint, study->fingerprint);
        assert_string_equal(task->objective, "val_error");
        assert_int_equal(task->full_epochs, RECORDING_EPOCHS);
        assert_int_equal(task->plan.n_shared, desk.r.plan.n_shared);
        assert_int_equal(task->facts.n_inputs, i ? 9 : 34);
        assert_true(task->facts.majority_error > 0 && task->facts.majority_error < 1);
        assert_int_equal(task->n_trainings, ALL);
        assert_looks_like_its_data(task, study);
        for (int k = 0; k < ALL; k++)
            assert_trial_is_kept(&study->trials[k], &study->space, &task->training[k], k);
        study_free(study);
    }
    assert_int_equal(learn_records_write(r, in_folder(&desk, "b.gz", again), &info), ERR_OK);
    assert_equal_files(packed, again);
    learn_records_free(r);
    desk_remove(&desk);
}

static enum err open_other(void *arg, const struct study *study, const char *path,
                           struct data_set **set, struct err_info *info)
{
    (void)study;
    (void)path;
    return open_typed(arg ? "data/ionosphere" : "no such data", "", set, info);
}

static char looking_said[900];

static void hear(void *arg, const char *line)
{
    (void)arg;
    text_copy(looking_said, sizeof looking_said, line);
}

static void other_data_is_no_look_at_the_task(void **state)
{
    (void)state;
    struct desk desk;
    struct learn_records *r;
    int other = 1;
    desk_make(&desk);
    desk.r.tasks.n = 1;
    assert_true(desk_record(&desk));
    assert_int_equal(learn_records_folder(desk.folder, false, &r, NULL), ERR_OK);
    struct learn_looking looking = {.folder = desk.folder, .open = open_other, .say = hear};
    assert_int_equal(learn_records_look(r, &looking, NULL), ERR_OK);
    assert_false(r->task[0].has_features);
    assert_non_null(strstr(looking_said, "vowel: its features are not known"));
    looking.arg = &other;
    assert_int_equal(learn_records_look(r, &looking, NULL), ERR_OK);
    assert_false(r->task[0].has_features);
    assert_non_null(strstr(looking_said, "the data has changed"));
    learn_records_free(r);
    desk_remove(&desk);
}

/* The log without the line by which trial 3 ended: it is not in the pack, those behind it move up,
 * and repeats still point at their own. */
static void what_has_not_ended_is_left_out(void **state)
{
    (void)state;
    struct desk desk;
    char path[128], packed[128], *bytes, *rest = NULL;
    size_t n;
    int dropped = 0, orphans = 0;
    struct text kept = {0};
    struct err_info info;
    desk_make(&desk);
    desk.r.tasks.n = 1;
    assert_true(desk_record(&desk));
    in_folder(&desk, "vowel.study.jsonl", path);
    assert_int_equal(file_read(path, 1 << 24, &bytes, &n, &info), ERR_OK);
    for (char *line = strtok_r(bytes, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
        if (strstr(line, "\"op_code\": 6,") && strstr(line, "\"trial_id\": 3,"))
            dropped++;
        else
            text_appendf(&kept, "%s\n", line);
    assert_int_equal(dropped, 1);
    assert_int_equal(file_write_atomic(path, kept.data, kept.length, &info), ERR_OK);
    mem_free(bytes);
    text_free(&kept);
    struct learn_records *r = pack_folder(&desk, false, in_folder(&desk, "a.gz", packed));
    const struct recorded_task *task = &r->task[0];
    assert_int_equal(task->n_trainings, ALL - 1);
    assert_int_equal(task->training[3].point, 4);
    for (int k = 9; k < ALL - 1; k++) {
        const struct recorded_training *t = &task->training[k];
        assert_string_equal(t->who, "repeat");
        orphans += t->repeats < 0;
        assert_true(t->repeats < 9);
        if (t->repeats >= 0)
            assert_true(space_same(&task->space, &t->config, &task->training[t->repeats].config));
    }
    assert_int_equal(orphans, 1);
    learn_records_free(r);
    desk_remove(&desk);
}

static void a_pool_is_no_knowledge(void **state)
{
    (void)state;
    struct desk desk;
    char packed[128];
    struct err_info info = {0};
    struct learn_records *r;
    desk_make(&desk);
    desk.r.tasks.n = 1;
    desk.r.plan = learn_plan_default(true, 1);
    desk.r.plan.n_shared = 3;
    assert_true(desk_record(&desk));
    assert_int_equal(learn_records_folder(desk.folder, false, &r, &info), ERR_INPUT);
    r = pack_folder(&desk, true, in_folder(&desk, "pool.gz", packed));
    learn_records_free(r);
    r = open_records(packed, true);
    assert_true(r->pool);
    assert_int_equal(r->task[0].n_trainings, 3);
    assert_int_equal(r->task[0].training[2].point, 2);
    learn_records_free(r);
    assert_int_equal(learn_records_open(packed, false, &r, &info), ERR_INPUT);
    assert_non_null(strstr(info.detail, "no knowledge may be made of them"));
    assert_null(r);
    struct study *study = desk_read(&desk, "vowel.pool.jsonl"); /* renamed, it is still a pool */
    struct learn_records knowledge = {0};
    assert_int_equal(learn_records_add(&knowledge, study, "x.study.jsonl", &info), ERR_INPUT);
    assert_non_null(strstr(info.detail, "is a pool"));
    assert_int_equal(knowledge.n_tasks, 0);
    study_free(study);
    desk_remove(&desk);
}

/* ---- size -------------------------------------------------------------------------------- */

/* The numbers of the aim, and curves of digits that can't be guessed. */
static void a_whole_knowledge_base_is_small(void **state)
{
    (void)state;
    enum { TASKS = 24, TRAININGS = 128, EPOCHS = 50 };
    struct desk desk;
    struct rng rng;
    struct err_info info;
    struct learn_records r = {0};
    char path[128];
    rng_seed(&rng, 3, 1);
    desk_make(&desk);
    for (int i = 0; i < TASKS; i++) {
        struct recorded_task *task = records_add_task(&r);
        assert_non_null(task);
        text_format(task->name, sizeof task->name, "task %d", i);
        text_format(task->fingerprint, sizeof task->fingerprint, "%032d", i);
        text_copy(task->family, sizeof task->family, "family");
        task->facts.n_rows = task->facts.n_inputs = 1;
        task->plan = learn_plan_default(false, 0);
        task->full_epochs = EPOCHS;
        space_of_task(SPACE_CLASSES, &task->space);
        for (int k = 0; k < TRAININGS; k++) {
            struct recorded_training *t = records_add_training(task);
            assert_non_null(t);
            assert_true(records_make_curves(t, EPOCHS));
            space_sample(&task->space, &rng, &t->config);
            t->n_parameters = (int64_t)rng_below(&rng, 1000000);
            t->seconds = rng_uniform(&rng);
            t->rng_seed = rng_next(&rng) >> 11;
            for (int e = 0; e < EPOCHS * RECORDED_CURVES; e++)
                t->curve[0][e] = (float)rng_uniform(&rng);
        }
    }
    assert_int_equal(learn_records_write(&r, in_folder(&desk, "a.gz", path), &info), ERR_OK);
    for (int i = 0; i < TASKS; i++) {
        for (int k = 0; k < TRAININGS; k++)
            mem_free(r.task[i].training[k].curve[0]);
        mem_free(r.task[i].training);
    }
    mem_free(r.task);
    struct stat packed;
    assert_int_equal(stat(path, &packed), 0);
    double began = clock_now_s();
    struct learn_records *back = open_records(path, false);
    print_message("%d tasks x %d trainings: %.2f MB packed, opened in %.2f s\n", TASKS, TRAININGS,
                  (double)packed.st_size / 1e6, clock_now_s() - began);
    assert_true(packed.st_size < 5000000);
    assert_int_equal(back->n_tasks, TASKS);
    assert_int_equal(back->task[TASKS - 1].n_trainings, TRAININGS);
    learn_records_free(back);
    desk_remove(&desk);
}

/* ---- hostile files ----------------------------------------------------------------------- */

static struct text small; /* a good file, unpacked */
static char small_path[128];
static struct desk small_desk;

static int make_small(void **state)
{
    (void)state;
    char packed[128], *bytes;
    size_t n;
    struct err_info info;
    desk_make(&small_desk);
    small_desk.r.tasks.n = 1;
    small_desk.r.plan.n_shared = 2;
    small_desk.r.plan.n_own = 1;
    small_desk.r.plan.n_repeats = 1;
    small_desk.r.full_epochs = 2;
    assert_true(desk_record(&small_desk));
    learn_records_free(pack_folder(&small_desk, false, in_folder(&small_desk, "a.gz", packed)));
    assert_int_equal(file_read(packed, 1 << 24, &bytes, &n, &info), ERR_OK);
    text_append_n(&small, bytes, n);
    mem_free(bytes);
    in_folder(&small_desk, "hostile.gz", small_path);
    return small.failed ? -1 : 0;
}

static int remove_small(void **state)
{
    (void)state;
    text_free(&small);
    desk_remove(&small_desk);
    return 0;
}

static enum err open_bytes(const char *bytes, size_t n, struct err_info *info)
{
    struct learn_records *r;
    assert_int_equal(file_write_atomic(small_path, bytes, n, info), ERR_OK);
    enum err err = learn_records_open(small_path, false, &r, info);
    assert_true((err == ERR_OK) == (r != NULL));
    learn_records_free(r);
    return err;
}

/* The file with the first `from` behind `behind` replaced. */
static void with(const char *behind, const char *from, const char *to, struct text *out)
{
    const char *start = strstr(text_get(&small), behind);
    const char *at = start ? strstr(start, from) : NULL;
    if (!at)
        fail_msg("no '%s' behind '%s'", from, behind);
    text_append_n(out, small.data, (size_t)(at - small.data));
    text_append(out, to);
    text_append(out, at + strlen(from));
}

static void what_is_not_possible_is_refused_with_its_line(void **state)
{
    (void)state;
    static const struct {
        const char *behind, *from, *to, *where, *says;
    } rows[] = {
        {"", "tiller records", "other records", ":1", "no file of packed recordings"},
        {"", "\"version\": 1", "\"version\": 2", ":1", "another version"},
        {"", "\"pool\": false", "\"pool\": 0", ":1", "lacks pool"},
        {"", "\"pool\": false", "\"pool\": true", "hostile.gz", "holds pools"},
        {"", "\"tasks\": 1", "\"tasks\": -1", ":1", "lacks pool, tasks"},
        {"", "\"tasks\": 1", "\"tasks\": 1e300", ":1", "lacks pool, tasks"},
        {"", "\"tasks\": 1", "\"tasks\": 2", "", "ends too early"},
        {"", "\"tasks\": 1", "\"tasks\": 0", ":2", "more than the first line says"},
        {"", "\"value\"", "\"worth\"", ":1", "lacks pool, tasks or curves"},
        {"", "\"val_loss\"", "\"value\"", ":1", "lacks pool, tasks or curves"},
        {"", ", \"weight_norm\"", "", ":3", "curves of different lengths"},
        {"", "\"weight_norm\"", "\"weight_norm\", \"more\"", ":3", "fewer curves"},
        {"\"task\":", "\"task\": \"vowel\"", "\"task\": \"\"", ":2", "task, family"},
        {"\"task\":", "\"family\": \"vowel\"", "\"family\": 7", ":2", "task, family"},
        {"\"task\":", "\"inputs\": 9", "\"inputs\": 0", ":2", "a number of the task"},
        {"\"task\":", "\"rows\": 594", "\"rows\": 1e12", ":2", "a number of the task"},
        {"\"task\":", "\"epochs\": 2", "\"epochs\": 1", ":3", "longer than a full training"},
        {"\"task\":", "\"majority_error\": ", "\"majority_error\": NaN, \"m\": ", ":2", "a number"},
        {"\"task\":", "\"pool\": false", "\"pool\": true", ":2", "plan"},
        {"\"task\":", "\"scramble\": 1", "\"scramble\": 0", ":2", "plan"},
        {"\"task\":", "\"sketch\": [", "\"sketch\": [1, ", ":2", "features"},
        {"\"task\":", "\"value\": [", "\"value\": [NaN, ", ":2", "features"},
        {"\"space\":", "\"low\": 0.0001", "\"low\": 1", ":2", ""},
        {"\"space\":", "FloatDistribution", "FlatDistribution", ":2", "space"},
        {"\"space\":", "\"trainings\": 6", "\"trainings\": 7", ":9", "ends too early"},
        {"\"space\":", "\"trainings\": 6", "\"trainings\": 5", ":8", "more than"},
        {"\"x\":", "\"x\": [", "\"x\": [0.5, ", ":3", "x is no configuration"},
        {"\"x\":", "\"x\": [", "\"x\": [9, \"", ":3", ""},
        {"\"x\":", "\"x\": [0.0", "\"x\": [9.0", ":3", "x is no configuration"},
        {"\"x\":", "\"x\": [0.0", "\"x\": [NaN, 0.0", ":3", "x is no configuration"},
        {"\"x\":", "null, ", "", ":3", "x is no configuration"},
        {"\"x\":", "\"x\": [", "\"y\": [", ":3", "x is no configuration"},
        {"\"who\":", "\"who\": \"design\"", "\"who\": \"somebody with a name\"", ":3", "who"},
        {"\"who\":", "\"point\": 0", "\"point\": 2", ":3", "point"},
        {"\"who\": \"repeat\"", "\"repeats\": ", "\"repeats\": 1", ":6", "repeats"},
        {"\"who\":", "\"seconds\": ", "\"seconds\": -", ":3", "seconds"},
        {"\"who\":", "\"parameters\": ", "\"parameters\": -", ":3", "parameters"},
        {"\"curves\": [[", "[[", "[[\"0.5\", ", ":3", "longer than a full training"},
        {"\"curves\": [[0", "[[0", "[[Infinity, 0", ":3", "longer than a full training"},
        {"\"curves\": [[0", "]", ", 1e39]", ":3", "longer than a full training"},
        {"\"curves\": [[0", "], [", "], [1e39, ", ":3", "curves of different lengths"},
        {"\"curves\": [[0", "]]", "], []]", ":3", "curves of different lengths"},
        {"\"curves\": [[0", "]]}", "]]}}", ":3", ""},
        {"\"who\":", "\"who\"", "\"who\": \"a\", \"who\"", ":3", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct err_info info = {0};
        struct text bytes = {0};
        with(rows[i].behind, rows[i].from, rows[i].to, &bytes);
        enum err err = open_bytes(text_get(&bytes), bytes.length, &info);
        if (err != ERR_INPUT)
            fail_msg("row %zu: '%s' for '%s' gives %d", i, rows[i].to, rows[i].from, (int)err);
        if (!strstr(info.where, rows[i].where) || !strstr(info.detail, rows[i].says))
            fail_msg("row %zu: %s: %s", i, info.where, info.detail);
        text_free(&bytes);
    }
}

static void cut_anywhere_it_is_refused(void **state)
{
    (void)state;
    struct err_info info;
    assert_int_equal(open_bytes(small.data, small.length, &info), ERR_OK);
    for (size_t n = 0; n < small.length; n += n < 40 || n + 40 > small.length ? 1 : 61)
        assert_int_equal(open_bytes(small.data, n, &info), ERR_INPUT);
    assert_int_equal(open_bytes("\0\n", 2, &info), ERR_INPUT);
    struct text twice = {0}; /* the task once more: its fingerprint is known */
    with("", "\"tasks\": 1", "\"tasks\": 2", &twice);
    text_append(&twice, strchr(small.data, '\n') + 1);
    assert_int_equal(open_bytes(twice.data, twice.length, &info), ERR_INPUT);
    assert_non_null(strstr(info.detail, "there already"));
    text_free(&twice);
}

/* Anything may be refused, nothing may crash; what is taken can be written again. */
static void bytes_changed_at_random_do_no_harm(void **state)
{
    (void)state;
    struct rng rng;
    struct err_info info;
    int taken = 0;
    rng_seed(&rng, 11, 1);
    char *bytes = mem_alloc(small.length, 1);
    assert_non_null(bytes);
    for (int i = 0; i < 1500; i++) {
        memcpy(bytes, small.data, small.length);
        for (uint64_t k = 1 + rng_below(&rng, 3); k > 0; k--)
            bytes[rng_below(&rng, small.length)] =
                "0123456789.-eE,:[]{}\"null \n\t\x80\xff"[rng_below(&rng, 30)];
        struct learn_records *r;
        assert_int_equal(file_write_atomic(small_path, bytes, small.length, &info), ERR_OK);
        if (learn_records_open(small_path, false, &r, &info) != ERR_OK)
            continue;
        taken++;
        assert_int_equal(learn_records_write(r, small_path, &info), ERR_OK);
        learn_records_free(r);
        learn_records_free(open_records(small_path, false));
    }
    assert_true(taken > 0);
    mem_free(bytes);
}

/* Nothing half read comes out, nothing is lost (under the address sanitizer). */
static void any_allocation_may_fail(void **state)
{
    (void)state;
    struct err_info info;
    struct learn_records *r = NULL;
    enum err err = ERR_MEMORY;
    assert_int_equal(file_write_gzip(small_path, small.data, small.length, &info), ERR_OK);
    for (long after = 0; after < 5000 && err != ERR_OK; after++) {
        mem_fail_after(after);
        err = learn_records_open(small_path, false, &r, &info);
        mem_fail_after(-1);
        assert_true((err == ERR_OK) == (r != NULL));
    }
    assert_int_equal(err, ERR_OK);
    learn_records_free(r);
    err = ERR_MEMORY;
    for (long after = 0; after < 5000 && err != ERR_OK; after++) {
        mem_fail_after(after);
        err = learn_records_folder(small_desk.folder, false, &r, &info);
        if (err == ERR_OK)
            err = learn_records_write(r, small_path, &info);
        mem_fail_after(-1);
        learn_records_free(r);
    }
    assert_int_equal(err, ERR_OK);
}

int main(void)
{
    net_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_packed_is_what_was_recorded),
        cmocka_unit_test(other_data_is_no_look_at_the_task),
        cmocka_unit_test(what_has_not_ended_is_left_out),
        cmocka_unit_test(a_pool_is_no_knowledge),
        cmocka_unit_test(a_whole_knowledge_base_is_small),
        cmocka_unit_test(what_is_not_possible_is_refused_with_its_line),
        cmocka_unit_test(cut_anywhere_it_is_refused),
        cmocka_unit_test(bytes_changed_at_random_do_no_harm),
        cmocka_unit_test(any_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, make_small, remove_small);
}
