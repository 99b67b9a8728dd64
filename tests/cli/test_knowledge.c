/* If this fails, a search uses knowledge that it must not, does without it silently, or leaves
 * something in a person's own knowledge that nobody can take out. Runs the real program. */
#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../support/spawn.h"
#include "tiller/knowledge.h"
#include "tiller/own.h"

enum { SHARED = 6, FAMILIES = 3 };
static const char *const families[FAMILIES] = {"vowel", "near", "far"};

/* ---- a small knowledge file --------------------------------------------------------------- */

static void make_task(struct knowledge *k, int i)
{
    struct knowledge_task *t = &k->task[i];
    size_t dims = (size_t)k->n_dims;
    text_copy(t->name, sizeof t->name, families[i]);
    text_copy(k->family[i], sizeof k->family[i], families[i]);
    *t = (struct knowledge_task){.family = i,
                                 .majority_error = 0.9,
                                 .n_rows = 500,
                                 .full_epochs = 50,
                                 .is_shared = true,
                                 .has_looks = true,
                                 .n_runs = SHARED};
    text_copy(t->name, sizeof t->name, families[i]);
    t->unit = mem_zero_alloc(SHARED, dims * sizeof *t->unit);
    t->log_error = mem_zero_alloc(SHARED, sizeof *t->log_error);
    for (int c = 0; c < SHARED; c++) {
        struct configuration config;
        sobol_configuration(&k->space, (uint32_t)c, 5, &config);
        space_encode(&k->space, &config, t->unit + (size_t)c * dims);
        t->log_error[c] = -1 - 0.1 * ((c + i) % SHARED);
    }
    t->feature[FEATURE_LN_ROWS] = i == 2 ? 12 : 6;
}

static void make_advice(struct knowledge *k, int left_out, struct advice *a)
{
    a->left_out = left_out;
    a->ranker.portfolio.n = 3;
    for (int i = 0; i < 3; i++) {
        a->ranker.portfolio.entry[i] = i;
        a->ranker.portfolio.cost[i] = 1;
    }
    struct similarity *s = &a->ranker.similarity;
    s->n_features = FEATURE_N;
    s->emphasis[FEATURE_LN_ROWS] = s->evidence = s->spread = 1;
    a->ranker.ridge.n_features = FEATURE_N;
    for (int j = 0; j < FEATURE_N; j++)
        a->ranker.ridge.deviation[j] = 1;
    a->ranker.used = RANKING_SIMILARITY;
    gp_axes(&k->space, &a->kernel);
    a->kernel.variance = 1;
    a->kernel.noise = 0.05;
}

static void write_knowledge(const char *path, const char *made)
{
    struct knowledge *k = mem_zero_alloc(1, sizeof *k);
    struct text out = {0};
    struct err_info info = {0};
    text_copy(k->made, sizeof k->made, made);
    space_of_task(SPACE_CLASSES, &k->space);
    k->n_dims = k->space.n;
    k->n_shared = SHARED;
    k->n_families = k->n_tasks = FAMILIES;
    k->n_advice = 1 + FAMILIES;
    k->family = mem_zero_alloc(FAMILIES, sizeof *k->family);
    k->task = mem_zero_alloc(FAMILIES, sizeof *k->task);
    k->advice = mem_zero_alloc(1 + FAMILIES, sizeof *k->advice);
    for (int i = 0; i < FAMILIES; i++)
        make_task(k, i);
    for (int i = 0; i <= FAMILIES; i++)
        make_advice(k, i - 1, &k->advice[i]);
    assert_int_equal(knowledge_write(k, &out), ERR_OK);
    assert_int_equal(file_write_atomic(path, text_get(&out), out.length, &info), ERR_OK);
    text_free(&out);
    knowledge_free(k);
}

/* ---- a folder for one test ------------------------------------------------------------------ */

struct place {
    char folder[64], knowledge[128], own[128], study[128], data[512];
};

static void place_make(struct place *p)
{
    assert_non_null(spawn_make_folder(p->folder));
    assert_true(file_join(p->knowledge, sizeof p->knowledge, p->folder, "k.json"));
    assert_true(file_join(p->own, sizeof p->own, p->folder, "tiller/knowledge.json"));
    assert_true(file_join(p->study, sizeof p->study, p->folder, "vowel.study.jsonl"));
    assert_non_null(realpath("data/vowel.csv", p->data));
    assert_int_equal(setenv("XDG_DATA_HOME", p->folder, 1), 0);
    write_knowledge(p->knowledge, "for a test");
}

static void place_remove(struct place *p)
{
    spawn_remove_folder(p->folder);
}

/* Runs on the study; a, b: options with values, NULL none. Returns what was said; owner:
 * caller. */
static char *run(struct place *p, const char *epochs, const char *a, const char *value,
                 const char *b, int status)
{
    const char *argv[16] = {spawn_tiller(), "run",  p->data,     "--plain", "--workers", "1",
                            "--epochs",     epochs, "--no-test", "--study", p->study};
    int n = 11;
    const char *const more[] = {a, value, b};
    for (int i = 0; i < 3; i++)
        if (more[i])
            argv[n++] = more[i];
    struct spawned s;
    int got = spawn_run(&s, argv, p->folder, 120);
    if (got != status)
        fail_msg("%d: %s", got, text_get(&s.err));
    text_append(&s.err, text_get(&s.out)); /* and the summary */
    char *said = mem_dup_text(text_get(&s.err));
    spawn_free(&s);
    return said;
}

static void assert_says(char *said, const char *text, bool does)
{
    if ((strstr(said, text) != NULL) != does)
        fail_msg("'%s' is %sin: %s", text, does ? "not " : "", said);
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void its_own_family_is_left_out_unless_wanted(void **state)
{
    (void)state;
    static const struct {
        const char *option, *says, *says_not;
    } rows[] = {
        {NULL, "the family vowel left out; resembles near 85 %, far 15 %", "included"},
        {"--include-own", "its own family included", "left out"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct place p;
        place_make(&p);
        char *said = run(&p, "60", "--knowledge", p.knowledge, rows[i].option, 0);
        assert_says(said, rows[i].says, true);
        assert_says(said, rows[i].says_not, false);
        assert_says(said, "looking at the data is charged: 1 epoch", true);
        assert_says(said, "1 of the epochs was charged besides trainings", true);
        assert_says(said, "portfolio entries tried: ", true);
        mem_free(said);
        place_remove(&p);
    }
}

static void being_without_is_said(void **state)
{
    (void)state;
    struct place p;
    place_make(&p);
    setenv("TILLER_DATA_DIR", p.folder, 1);
    char *said = run(&p, "50", NULL, NULL, NULL, 0);
    unsetenv("TILLER_DATA_DIR");
    assert_says(said, "no knowledge is used: there is no ", true);
    assert_says(said, "is charged", false);
    mem_free(said);
    place_remove(&p);
    place_make(&p);
    said = run(&p, "50", "--knowledge", "no", NULL, 0);
    assert_says(said, "knowledge", false);
    mem_free(said);
    place_remove(&p);
}

static void what_own_studies_taught_may_be_broken(void **state)
{
    (void)state;
    struct place p;
    struct spawned s;
    struct err_info info = {0};
    char folder[128], data[128];
    place_make(&p);
    assert_true(file_join(folder, sizeof folder, p.folder, "tiller"));
    assert_true(file_join(data, sizeof data, p.folder, "knowledge"));
    assert_int_equal(file_make_folder(folder, &info), ERR_OK);
    assert_int_equal(file_make_folder(data, &info), ERR_OK);
    assert_int_equal(file_write_atomic(p.own, "{\"format\":", 10, &info), ERR_OK);
    assert_true(file_join(data, sizeof data, p.folder, "knowledge/knowledge.json"));
    write_knowledge(data, "for a test");
    setenv("TILLER_DATA_DIR", p.folder, 1);
    char *said = run(&p, "20", NULL, NULL, NULL, 0);
    unsetenv("TILLER_DATA_DIR");
    assert_says(said, "the family vowel left out", true);
    assert_says(said, "your own studies are not used: 'tiller learn --list' says why", true);
    mem_free(said);
    const char *argv[] = {spawn_tiller(), "learn", "--list", NULL};
    assert_int_equal(spawn_run(&s, argv, p.folder, 60), 2);
    assert_says(s.err.data, "not JSON", true);
    assert_says(s.err.data, "move it away", true);
    spawn_free(&s);
    place_remove(&p);
}

static void a_study_keeps_the_knowledge_it_began_with(void **state)
{
    (void)state;
    struct place p;
    place_make(&p);
    mem_free(run(&p, "60", "--knowledge", p.knowledge, NULL, 0));
    char *said = run(&p, "+10", NULL, NULL, NULL, 0);
    assert_says(said, "the family vowel left out", true);
    assert_says(said, "changed", false);
    assert_says(said, "is charged", false); /* once is enough */
    mem_free(said);
    said = run(&p, "+10", "--knowledge", "no", NULL, 2);
    assert_says(said, "keeps the knowledge it began with", true);
    mem_free(said);
    write_knowledge(p.knowledge, "for the same test, later");
    said = run(&p, "+10", NULL, NULL, NULL, 0);
    assert_says(said, "the knowledge has changed since the study began", true);
    mem_free(said);
    remove(p.knowledge);
    said = run(&p, "+10", NULL, NULL, NULL, 0);
    assert_says(said, "goes on without the knowledge it began with", true);
    mem_free(said);
    place_remove(&p);
}

/* The study may be resumed from another folder. */
static void a_study_keeps_the_whole_path(void **state)
{
    (void)state;
    struct place p;
    char *log, whole[PATH_MAX];
    size_t n;
    struct err_info info = {0};
    place_make(&p);
    mem_free(run(&p, "20", "--knowledge", "k.json", NULL, 0));
    assert_non_null(realpath(p.knowledge, whole));
    assert_int_equal(file_read(p.study, 1 << 22, &log, &n, &info), ERR_OK);
    assert_says(log, whole, true);
    mem_free(log);
    place_remove(&p);
}

static void a_named_file_must_be_one(void **state)
{
    (void)state;
    struct place p;
    struct err_info info = {0};
    place_make(&p);
    char *said = run(&p, "50", "--knowledge", "nowhere.json", NULL, 2);
    assert_says(said, "nowhere.json", true);
    mem_free(said);
    assert_int_equal(file_write_atomic(p.knowledge, "{}", 2, &info), ERR_OK);
    mem_free(run(&p, "50", "--knowledge", p.knowledge, NULL, 2));
    assert_false(file_exists(p.study));
    place_remove(&p);
}

/* Samplers that are replayed know what a search on the same task would. */
static void a_race_knows_what_a_run_would(void **state)
{
    (void)state;
    static const char curves[] = "task,config_id,e1,e2\nvowel,a,0.9,0.8\nvowel,b,0.8,0.6\n"
                                 "vowel,c,0.7,0.3\nvowel,d,0.9,0.5\n";
    static const char configs[] =
        "config_id,learning_rate,units\na,0.0001,8\nb,0.001,64\nc,0.01,256\nd,0.1,512\n";
    static const struct {
        const char *knowledge, *option, *says, *says_not; /* knowledge: "k" the place's file */
        int status;
    } rows[] = {
        {"k", NULL, "knowledge of 2 tasks, the family vowel left out", "included", 0},
        {"k", "--include-own", "knowledge of 3 tasks, its own family included", "left out", 0},
        {"no", NULL, "random", "knowledge", 0},
        {"no", "--include-own", "nothing to include", "random", 2},
        {"nowhere.json", NULL, "nowhere.json", "random", 2},
        {NULL, NULL, "no knowledge is used: there is no ", "left out", 0},
    };
    struct place p;
    struct err_info info = {0};
    char path[128];
    place_make(&p);
    assert_true(file_join(path, sizeof path, p.folder, "t-curves.csv"));
    assert_int_equal(file_write_atomic(path, curves, sizeof curves - 1, &info), ERR_OK);
    assert_true(file_join(path, sizeof path, p.folder, "t-configs.csv"));
    assert_int_equal(file_write_atomic(path, configs, sizeof configs - 1, &info), ERR_OK);
    setenv("TILLER_DATA_DIR", p.folder, 1);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *argv[16] = {spawn_tiller(), "race", "t",         "--plain",
                                "--seeds",      "1",    "--methods", "agent,random"};
        int n = 8;
        if (rows[i].knowledge) {
            argv[n++] = "--knowledge";
            argv[n++] = strcmp(rows[i].knowledge, "k") == 0 ? p.knowledge : rows[i].knowledge;
        }
        argv[n] = rows[i].option;
        struct spawned s;
        assert_int_equal(spawn_run(&s, argv, p.folder, 60), rows[i].status);
        text_append(&s.err, text_get(&s.out));
        char *said = mem_dup_text(text_get(&s.err));
        assert_says(said, rows[i].says, true);
        assert_says(said, rows[i].says_not, false);
        mem_free(said);
        spawn_free(&s);
    }
    unsetenv("TILLER_DATA_DIR");
    place_remove(&p);
}

/* ---- own studies ------------------------------------------------------------------------------
 */

static char *own_bytes(const struct place *p)
{
    char *bytes = NULL;
    size_t n;
    struct err_info info = {0};
    if (file_exists(p->own))
        assert_int_equal(file_read(p->own, 1 << 24, &bytes, &n, &info), ERR_OK);
    return bytes;
}

static char *learn(const char *const *words, int status)
{
    const char *argv[8] = {spawn_tiller(), "learn"};
    for (int i = 0; words[i]; i++)
        argv[2 + i] = words[i];
    struct spawned s;
    assert_int_equal(spawn_run(&s, argv, NULL, 60), status);
    char *said = mem_dup_text(text_get(status ? &s.err : &s.out));
    spawn_free(&s);
    return said;
}

static void a_finished_study_is_folded_listed_and_forgotten(void **state)
{
    (void)state;
    struct place p;
    place_make(&p);
    mem_free(run(&p, "160", "--knowledge", "no", NULL, 0));
    assert_null(own_bytes(&p)); /* without a screen nothing is kept unasked */
    char *said = run(&p, "+60", "--learn", "auto", NULL, 0);
    assert_says(said, "folded into your own knowledge: ", true);
    mem_free(said);
    char *first = own_bytes(&p);
    assert_non_null(first);
    mem_free(run(&p, "+10", "--learn", "auto", NULL, 0)); /* renewed, not a second one */
    char *second = own_bytes(&p);
    assert_string_not_equal(first, second);
    mem_free(run(&p, "+0", "--learn", "auto", NULL, 2));
    said = learn((const char *[]){"--list", NULL}, 0);
    assert_says(said, "vowel.study.jsonl", true);
    assert_says(said, ": 1 study\n", true);
    mem_free(said);
    said = learn((const char *[]){"--forget", "vowel.study.jsonl", NULL}, 0);
    assert_says(said, "forgot vowel", true);
    mem_free(said);
    mem_free(learn((const char *[]){"--forget", "vowel.study.jsonl", NULL}, 2));
    said = learn((const char *[]){"--list", p.own, NULL}, 0);
    assert_says(said, ": 0 studies\n", true);
    mem_free(said);
    struct study *study = NULL;
    struct err_info info = {0};
    assert_int_equal(study_read(p.study, NULL, &study, &info), ERR_OK);
    int learnt = 0;
    for (size_t i = 0; i < study->n_events; i++)
        learnt += strcmp(study->events[i].what, "learnt") == 0;
    assert_int_equal(learnt, 2);
    /* Folded again it has the bytes that it had. */
    char say[200];
    const struct own_study *s = NULL;
    struct own_knowledge *was = NULL;
    assert_int_equal(own_read(second, strlen(second), "own", &was, &info), ERR_OK);
    s = &was->study[0];
    struct task_features looks = {0};
    assert_true(s->facts.has_looks);
    memcpy(looks.value, s->facts.feature, sizeof looks.value);
    memcpy(looks.sketch, s->facts.sketch, sizeof looks.sketch);
    assert_int_equal(own_fold_file(p.own, p.study, &looks, NULL, say, sizeof say, &info), ERR_OK);
    own_free(was);
    char *again = own_bytes(&p);
    assert_string_equal(again, second);
    mem_free(first);
    mem_free(second);
    mem_free(again);
    study_free(study);
    place_remove(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_own_family_is_left_out_unless_wanted),
        cmocka_unit_test(being_without_is_said),
        cmocka_unit_test(what_own_studies_taught_may_be_broken),
        cmocka_unit_test(a_study_keeps_the_knowledge_it_began_with),
        cmocka_unit_test(a_study_keeps_the_whole_path),
        cmocka_unit_test(a_named_file_must_be_one),
        cmocka_unit_test(a_race_knows_what_a_run_would),
        cmocka_unit_test(a_finished_study_is_folded_listed_and_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
