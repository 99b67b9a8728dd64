/* If this fails, a command does not know a variant of a task, or a study of one goes on with other
 * rows. Runs the real program. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../support/spawn.h"
#include "tiller/data.h"
#include "tiller/study.h"

#define VARIANT "rows=0.5,features=0.4"
#define STUDY "vowel-rows=0.5-features=0.4.study.jsonl"

static char folder[64];

static const char *in_folder(const char *name)
{
    static char path[4][160];
    static int next;
    char *out = path[next++ % 4];
    assert_true(file_join(out, sizeof path[0], folder, name));
    return out;
}

/* In the folder, which has vowel.csv. */
static int run(struct spawned *s, const char *const *words)
{
    const char *argv[16] = {spawn_tiller()};
    for (int i = 0; words[i]; i++)
        argv[i + 1] = words[i];
    return spawn_run(s, argv, folder, 120);
}
#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void expect(int status, const char *text, const char *const *words)
{
    struct spawned s;
    int seen = run(&s, words);
    if (seen != status || (!strstr(text_get(&s.out), text) && !strstr(text_get(&s.err), text)))
        fail_msg("status %d, not %d with '%s':\n%s\n%s", seen, status, text, text_get(&s.out),
                 text_get(&s.err));
    spawn_free(&s);
}

/* The study that the other tests go on with. */
static int set_up(void **state)
{
    (void)state;
    char *table;
    size_t n;
    struct err_info info = {0};
    if (!spawn_make_folder(folder) ||
        file_read("data/vowel.csv", 1 << 24, &table, &n, &info) != ERR_OK)
        return -1;
    enum err err = file_write_atomic(in_folder("vowel.csv"), table, n, &info);
    mem_free(table);
    expect(0, STUDY,
           WORDS("run", "vowel:features=.4,rows=0.50", "units=16", "--plain", "--workers", "1",
                 "--trials", "2", "--epochs-per-trial", "3"));
    return err == ERR_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    spawn_remove_folder(folder);
    return 0;
}

static struct study *read_study(void)
{
    struct study *study;
    struct err_info info = {0};
    if (study_read(in_folder(STUDY), NULL, &study, &info) != ERR_OK)
        fail_msg("%s", info.detail);
    return study;
}

static struct data_set *open_variant(void)
{
    const struct data_options options = {.variant = VARIANT};
    struct data_set *set;
    struct err_info info = {0};
    if (data_open(in_folder("vowel.csv"), &options, &set, &info) != ERR_OK)
        fail_msg("%s", info.detail);
    return set;
}

static void described_and_trained(void **state)
{
    (void)state;
    expect(0, "vowel:rows=0.5: a table\n", WORDS("describe", "vowel.csv:rows=0.5"));
    expect(0, "variant of    vowel\n", WORDS("describe", "vowel:rows=0.5,noise=0.2"));
    expect(0, "\"task\": \"vowel:classes=0-4\"",
           WORDS("train", "vowel:classes=0-4", "--epochs", "1", "--json"));
    expect(0, "vowel:rows=0.2: 1 epochs", WORDS("train", "vowel.csv:rows=.2", "--epochs", "1"));
}

static void what_can_not_be_is_said_in_one_line(void **state)
{
    (void)state;
    static const char *const commands[] = {"describe", "train", "run"};
    static const struct {
        const char *task, *message;
    } cases[] = {
        {"vowel:rwos=0.5", "tiller: vowel:rwos=0.5: there are no variants by 'rwos'; did you mean "
                           "rows?\n"},
        {"vowel:rows=1.5", "'1.5' is not possible; give a number above 0 and below 1"},
        {"vowel:classes=0-11", "there are no classes '0-11'"},
        {"wovel:rows=0.5", "tiller: wovel: there is no such file"},
    };
    for (size_t c = 0; c < sizeof commands / sizeof *commands; c++)
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            struct spawned s;
            assert_int_equal(run(&s, WORDS(commands[c], cases[i].task)), 2);
            if (!strstr(text_get(&s.err), cases[i].message))
                fail_msg("'%s' instead of '%s'", text_get(&s.err), cases[i].message);
            assert_int_equal(strcspn(text_get(&s.err), "\n"), s.err.length - 1);
            assert_int_equal(s.out.length, 0);
            spawn_free(&s);
        }
}

static void the_log_says_what_was_searched(void **state)
{
    (void)state;
    struct study *study = read_study();
    struct data_set *set = open_variant();
    assert_string_equal(study->data_name, "vowel:" VARIANT);
    assert_string_equal(study->family, "vowel");
    assert_string_equal(study->variant, VARIANT);
    assert_string_equal(study->task_path, "vowel.csv");
    assert_string_equal(study->fingerprint, set->fingerprint);
    data_free(set);
    study_free(study);
}

static void a_study_goes_on_with_its_own_rows_only(void **state)
{
    (void)state;
    expect(0, "data: vowel.csv:" VARIANT, WORDS("resume", STUDY, "--plain", "--trials", "3"));
    expect(0, "vowel:" VARIANT,
           WORDS("run", "vowel:" VARIANT ",seed=0", "--study", STUDY, "--plain", "--trials", "4"));
    struct study *study = read_study();
    assert_int_equal(study->n_trials, 4);
    study_free(study);
    expect(2, "is not the data of this study",
           WORDS("run", "vowel", "--study", STUDY, "--plain", "--trials", "5"));
    expect(2, "is not the data of this study",
           WORDS("run", "vowel:" VARIANT ",seed=1", "--study", STUDY, "--plain", "--trials", "5"));
}

/* Of the columns those that the variant has. */
static void write_needed(const char *name, const struct data_set *set)
{
    char *table, *rest, *line;
    size_t n, wanted[64], n_wanted = 0;
    struct text out = {0};
    assert_int_equal(file_read(in_folder("vowel.csv"), 1 << 24, &table, &n, NULL), ERR_OK);
    rest = table;
    for (bool header = true; (line = strsep(&rest, "\n")) && line[0]; header = false) {
        char *field;
        for (size_t i = 0, k = 0; (field = strsep(&line, ",")); i++) {
            for (int c = 0; header && c < set->n_columns; c++)
                if (strcmp(set->columns[c].name, field) == 0)
                    wanted[n_wanted++] = i;
            if (k < n_wanted && wanted[k] == i)
                text_appendf(&out, "%s%s", k++ > 0 ? "," : "", field);
        }
        text_append_char(&out, '\n');
    }
    assert_int_equal(n_wanted, set->n_columns);
    assert_int_equal(file_write_atomic(in_folder(name), text_get(&out), out.length, NULL), ERR_OK);
    text_free(&out);
    mem_free(table);
}

/* Without the columns that the network never had; with them it answers the same. */
static void taken_home_it_asks_for_its_columns_only(void **state)
{
    (void)state;
    static const char weights[] = "taken/weights.safetensors";
    struct data_set *set = open_variant();
    struct spawned whole, needed;
    expect(0, "", WORDS("export", STUDY, "--out", "taken"));
    write_needed("needed.csv", set);
    assert_int_equal(run(&whole, WORDS("predict", weights, "vowel.csv")), 0);
    assert_int_equal(run(&needed, WORDS("predict", weights, "needed.csv")), 0);
    assert_true(whole.out.length > 990 * 20);
    assert_string_equal(text_get(&whole.out), text_get(&needed.out));
    spawn_free(&whole);
    spawn_free(&needed);
    data_free(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(described_and_trained),
        cmocka_unit_test(what_can_not_be_is_said_in_one_line),
        cmocka_unit_test(the_log_says_what_was_searched),
        cmocka_unit_test(a_study_goes_on_with_its_own_rows_only),
        cmocka_unit_test(taken_home_it_asks_for_its_columns_only),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
