/* If this fails, the program compares other methods than it is told to, or peers that run elsewhere
 * search on other pools, or begin with other portfolios, than ours. */
#include <string.h>

#include "../support/programs.h"
#include "tiller/knowledge.h"

enum { CONFIGS = 60, KNOWN = 20, EPOCHS = 12, TASKS = 4 };

static char folder[64], table[96], known[96];

static const char *in_folder(const char *file, char out[static 128])
{
    assert_true(file_join(out, 128, folder, file));
    return out;
}

static void write_file(const char *file, const struct text *content)
{
    char path[128];
    struct err_info info = {0};
    assert_false(content->failed);
    if (file_write_atomic(in_folder(file, path), text_get(content), content->length, &info) !=
        ERR_OK)
        fail_msg("%s", info.detail);
}

/* The program with these words behind its name; what it said is in *s. */
static int tiller(struct spawned *s, const char *const *words)
{
    const char *argv[24] = {spawn_tiller()};
    for (int i = 0; words[i]; i++)
        argv[i + 1] = words[i];
    return spawn_run(s, argv, NULL, 120);
}

/* Errors fall towards a valley that lies elsewhere on each task. */
static double error_at(int task, double x, double y, int epoch)
{
    double ends = 0.1 + 0.5 * (x - 0.2 * task) * (x - 0.2 * task) + 0.3 * (y - 0.5) * (y - 0.5);
    return ends + (0.9 - ends) / (1 + epoch);
}

/* A table, and knowledge of KNOWN of its configurations. */
static int set_up(void **state)
{
    (void)state;
    struct text configs = {0}, curves = {0};
    struct rng rng;
    struct spawned s;
    rng_seed(&rng, 1, 1);
    assert_non_null(spawn_make_folder(folder));
    assert_true(file_join(table, sizeof table, folder, "made"));
    assert_true(file_join(known, sizeof known, folder, "known.json"));
    text_append(&configs, "config_id,learning_rate,dropout\n");
    text_append(&curves, "task,config_id,e1,e2,e3,e4,e5,e6,e7,e8,e9,e10,e11,e12\n");
    for (int i = 0; i < CONFIGS; i++) {
        double x = rng_uniform(&rng), y = rng_uniform(&rng);
        text_appendf(&configs, "%d,%.6g,%.6g\n", i, x, y);
        for (int t = 0; t < TASKS; t++) {
            text_appendf(&curves, "task%d,%d", t, i);
            for (int e = 1; e <= EPOCHS; e++)
                text_appendf(&curves, ",%.6g", error_at(t, x, y, e));
            text_append_char(&curves, '\n');
        }
    }
    write_file("made-configs.csv", &configs);
    write_file("made-curves.csv", &curves);
    text_free(&configs);
    text_free(&curves);
    const char *const learn[] = {"learn", "--table", table, "--configs", "20", "-o", known, NULL};
    if (tiller(&s, learn) != 0)
        fail_msg("%s", text_get(&s.err));
    spawn_free(&s);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    spawn_remove_folder(folder);
    return 0;
}

static struct cJSON *json_of(const char *const *words)
{
    struct spawned s;
    if (tiller(&s, words) != 0)
        fail_msg("%s", text_get(&s.err));
    struct cJSON *doc = said_json(&s);
    spawn_free(&s);
    return doc;
}

/* ---- what is known leaves the pools -------------------------------------------------------- */

/* By its number, by what the knowledge says, and by both it is the same that leaves. */
static void what_was_learnt_from_is_in_no_pool(void **state)
{
    (void)state;
    const char *const all[] = {"bench", table, "--describe", "--json", "--curves", NULL};
    const char *const by_number[] = {"bench",    table,     "--describe", "--json",
                                     "--curves", "--known", "20",         NULL};
    const char *const by_both[] = {"bench",   table, "--describe",  "--json", "--curves",
                                   "--known", "20",  "--knowledge", known,    NULL};
    const char *const by_knowledge[] = {"bench",    table,         "--describe", "--json",
                                        "--curves", "--knowledge", known,        NULL};
    const char *const *const ways[] = {by_number, by_both, by_knowledge};
    struct cJSON *whole = json_of(all);
    const struct cJSON *value = json_get(cJSON_GetArrayItem(json_get(whole, "pools"), 0), "values");
    struct knowledge *k;
    assert_int_equal(knowledge_open(known, &k, NULL), ERR_OK);
    assert_int_equal(k->n_used, KNOWN);
    for (size_t w = 0; w < sizeof ways / sizeof *ways; w++) {
        struct cJSON *doc = json_of(ways[w]);
        const struct cJSON *left =
            json_get(cJSON_GetArrayItem(json_get(doc, "pools"), 0), "values");
        int at = 0;
        assert_int_equal(cJSON_GetArraySize(left), CONFIGS - KNOWN);
        for (int i = 0, next = 0; i < CONFIGS; i++) {
            if (next < KNOWN && k->used[next] == i)
                next++;
            else
                assert_true(cJSON_Compare(cJSON_GetArrayItem(value, i),
                                          cJSON_GetArrayItem(left, at++), true));
        }
        json_free(doc);
    }
    knowledge_free(k);
    json_free(whole);
}

/* ---- methods from a file ------------------------------------------------------------------- */

/* The names of the methods that were compared, with commas. */
static void names_of(const struct cJSON *doc, struct text *out)
{
    const struct cJSON *m;
    text_clear(out);
    cJSON_ArrayForEach(m, json_get(doc, "methods"))
        text_appendf(out, "%s%s", out->length > 0 ? "," : "", json_get_string(m, "name"));
}

static void methods_come_from_a_file(void **state)
{
    (void)state;
    char path[128];
    struct text file = {0}, names = {0};
    text_append(&file, "{\"methods\": [\"random\", \"tpe+halving\"], \"other\": 1, "
                       "\"with_knowledge\": [\"agent+halving\", \"random\"]}");
    write_file("peers.json", &file);
    in_folder("peers.json", path);
    const char *const plain[] = {"bench", table,      "--peers", path,     "--seeds",
                                 "1",     "--budget", "2",       "--json", NULL};
    const char *const more[] = {"bench",  table,         "--peers", path,       "--methods",
                                "sobol",  "--seeds",     "1",       "--budget", "2",
                                "--json", "--knowledge", known,     NULL};
    struct cJSON *doc = json_of(plain);
    names_of(doc, &names);
    assert_string_equal(text_get(&names), "random,tpe+halving");
    assert_null(json_get(doc, "predictions"));
    json_free(doc);
    doc = json_of(more);
    names_of(doc, &names);
    assert_string_equal(text_get(&names), "random,tpe+halving,agent+halving,sobol");
    assert_int_equal(cJSON_GetArraySize(json_get(doc, "predictions")), PREDICTOR_RUNGS);
    json_free(doc);
    text_free(&file);
    text_free(&names);
}

static void broken_files_of_methods_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *content, *said;
    } rows[] = {{"{\"methods\": [\"random\", 7]}", "methods holds something else"},
                {"{\"methods\": [\"guessing\"]}", "there is no method 'guessing'"},
                {"{\"methods\": [\"random\"", "peers.json"},
                {"{}", "there is no method to compare"}};
    char path[128];
    const char *const words[] = {"bench", table, "--peers", in_folder("peers.json", path), NULL};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct text file = {0};
        struct spawned s;
        text_append(&file, rows[i].content);
        write_file("peers.json", &file);
        text_free(&file);
        assert_int_not_equal(tiller(&s, words), 0);
        if (!strstr(text_get(&s.err), rows[i].said))
            fail_msg("no '%s' in: %s", rows[i].said, text_get(&s.err));
        spawn_free(&s);
    }
}

/* Before the first search: hours may stand between. */
static void wrong_words_are_said_before_the_searches(void **state)
{
    (void)state;
    static const struct {
        const char *word, *value, *said;
    } rows[] = {{"--pair", "random,guessing", "'guessing' is not possible"},
                {"--pair", "random", "1 are named"},
                {"--of", "guessing", "'guessing' is not possible"},
                {"--axis", "miles", "'miles' is not possible"},
                {"--with", "data/no-such.csv", "data/no-such.csv"},
                {"--out", "data/vowel.csv/report", "data/vowel.csv"},
                {"--permute", NULL, "there is no knowledge to shuffle"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct spawned s;
        const char *const words[] = {"bench",      table,         "--methods", "random",
                                     rows[i].word, rows[i].value, NULL};
        assert_int_equal(tiller(&s, words), 2);
        if (!strstr(text_get(&s.err), rows[i].said))
            fail_msg("no '%s' in: %s", rows[i].said, text_get(&s.err));
        assert_null(strstr(text_get(&s.err), "searches, "));
        spawn_free(&s);
    }
}

/* ---- peers that run elsewhere -------------------------------------------------------------- */

static int optuna_replay(struct spawned *s, const char *const *more)
{
    const char *argv[24] = {programs_python, "tests/bench/optuna_replay.py",
                            table,           "--any-version",
                            "--out",         more[0],
                            "--tiller",      spawn_tiller(),
                            "--seeds",       "2",
                            "--budget",      "3",
                            "--workers",     "1",
                            "--methods",     "optuna-tpe+hyperband+portfolio"};
    for (int i = 1, n = 16; more[i]; i++)
        argv[n++] = more[i];
    return spawn_run(s, argv, NULL, 120);
}

/* Its first training is the first entry of the portfolio, so its first error is what the pool's
 * nearest configuration has, as for our own sampler `portfolio`. */
static void optuna_searches_with_our_portfolio(void **state)
{
    (void)state;
    char runs[128];
    struct spawned s;
    if (!have_python("optuna, scipy"))
        return;
    const char *const unknown[] = {in_folder("runs.csv", runs), NULL};
    assert_int_not_equal(optuna_replay(&s, unknown), 0);
    assert_non_null(strstr(text_get(&s.err), "needs --knowledge"));
    spawn_free(&s);
    const char *const knowing[] = {runs, "--knowledge", known, NULL};
    if (optuna_replay(&s, knowing) != 0)
        fail_msg("%s", text_get(&s.err));
    spawn_free(&s);
    const char *const compare[] = {"bench",     table,       "--knowledge", known,      "--with",
                                   runs,        "--seeds",   "2",           "--budget", "3",
                                   "--methods", "portfolio", "--json",      NULL};
    struct cJSON *doc = json_of(compare);
    double regret[2];
    const struct cJSON *methods = json_get(doc, "methods");
    assert_int_equal(cJSON_GetArraySize(methods), 2);
    for (int m = 0; m < 2; m++) { /* after one full training */
        const struct cJSON *at = json_get(cJSON_GetArrayItem(methods, m), "at");
        assert_true(json_get_number(cJSON_GetArrayItem(at, 1), "regret", &regret[m]));
    }
    assert_true(regret[0] == regret[1]);
    json_free(doc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_learnt_from_is_in_no_pool),
        cmocka_unit_test(methods_come_from_a_file),
        cmocka_unit_test(broken_files_of_methods_are_refused),
        cmocka_unit_test(wrong_words_are_said_before_the_searches),
        cmocka_unit_test(optuna_searches_with_our_portfolio),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
