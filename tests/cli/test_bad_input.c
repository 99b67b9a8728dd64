/* If this fails, bad input is taken, or refused without saying where, what and what to do; or a
 * refused command has harmed what was there. One row per kind; every row runs the real program. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <zlib.h>

#include "../support/spawn.h"

static char folder[64];

static const char *in_folder(const char *name, char *out, size_t size)
{
    assert_true(file_join(out, size, folder, name));
    return out;
}

static void write_file(const char *name, const void *bytes, size_t n)
{
    char path[128];
    struct err_info info = {0};
    if (file_write_atomic(in_folder(name, path, sizeof path), bytes, n, &info) != ERR_OK)
        fail_msg("%s", info.detail);
}

static void write_text(const char *name, const char *text)
{
    write_file(name, text, strlen(text));
}

/* A good table of n rows with one cell replaced. */
static void write_table(const char *name, int n, int bad_row, const char *bad_cell)
{
    struct text t = {0};
    text_append(&t, "a,b,class\n");
    for (int i = 0; i < n; i++)
        if (i == bad_row)
            text_appendf(&t, "%s,%d.5,%s\n", bad_cell, i % 13, i % 2 ? "yes" : "no");
        else
            text_appendf(&t, "%d,%d.5,%s\n", i % 7, i % 13, i % 2 ? "yes" : "no");
    write_text(name, text_get(&t));
    text_free(&t);
}

static void put_u32(unsigned char *out, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        out[i] = (unsigned char)(value >> (24 - 8 * i));
}

static void write_images(const char *name, uint32_t magic, uint32_t said, uint32_t held)
{
    static unsigned char bytes[16 + 40 * 4];
    put_u32(bytes, magic);
    put_u32(bytes + 4, said);
    put_u32(bytes + 8, 2);
    put_u32(bytes + 12, 2);
    for (uint32_t i = 0; i < held * 4; i++)
        bytes[16 + i] = (unsigned char)(i * 37);
    write_file(name, bytes, 16 + held * 4);
}

static void write_labels(const char *name, uint32_t n)
{
    static unsigned char bytes[8 + 40];
    put_u32(bytes, 2049);
    put_u32(bytes + 4, n);
    for (uint32_t i = 0; i < n; i++)
        bytes[8 + i] = (unsigned char)(i % 2);
    write_file(name, bytes, 8 + n);
}

static void write_image_set(const char *set, uint32_t magic, uint32_t said, uint32_t held)
{
    char path[128], name[128];
    assert_int_equal(mkdir(in_folder(set, path, sizeof path), 0777), 0);
    write_images(text_format(name, sizeof name, "%s/train-images-idx3-ubyte", set), magic, said,
                 held);
    write_labels(text_format(name, sizeof name, "%s/train-labels-idx1-ubyte", set), 40);
    write_images(text_format(name, sizeof name, "%s/t10k-images-idx3-ubyte", set), 2051, 20, 20);
    write_labels(text_format(name, sizeof name, "%s/t10k-labels-idx1-ubyte", set), 20);
}

static void write_truncated_gzip(void)
{
    static char content[20000];
    char path[128];
    for (size_t i = 0; i < sizeof content; i++)
        content[i] = (char)('0' + (i * i / 7) % 10);
    memcpy(content, "a,b,class\n", 10);
    gzFile gz = gzopen(in_folder("cut.csv.gz", path, sizeof path), "wb");
    assert_non_null(gz);
    assert_int_equal(gzwrite(gz, content, sizeof content), sizeof content);
    assert_int_equal(gzclose(gz), Z_OK);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(truncate(path, st.st_size / 2), 0);
}

static int write_weights(const char *name, const char *option)
{
    char path[128];
    const char *argv[] = {spawn_tiller(), "train", "data/vowel", "units=16",
                          "--epochs",     "1",     "--save",     in_folder(name, path, sizeof path),
                          option,         NULL};
    struct spawned s;
    int status = spawn_run(&s, argv, NULL, 60);
    spawn_free(&s);
    return status;
}

static int set_up(void **state)
{
    (void)state;
    char path[128];
    if (!spawn_make_folder(folder))
        return -1;
    write_text("empty.csv", "");
    write_text("ragged.csv", "a,b,class\n1,2,yes\n3,4,no\n5,no\n");
    write_text("headless.csv", "1.5,2.5,3.5\n1,2,3\n3,4,5\n5,6,7\n");
    write_text("one.csv", "a,class\n1,yes\n2,yes\n3,yes\n4,yes\n5,yes\n6,yes\n");
    write_text("quote.csv", "a,class\n1,yes\n\"2,no\n");
    write_text("twice.csv", "a,a,class\n1,2,yes\n3,4,no\n");
    write_table("late.csv", 6000, 5200, "abc");
    write_table("nan.csv", 100, 50, "NaN");
    write_table("good.csv", 200, -1, "");
    write_truncated_gzip();
    write_image_set("magic", 1234, 40, 40);
    write_image_set("count", 2051, 40, 30);
    write_image_set("huge", 2051, 0xfffffff0U, 40);
    write_text("note.jsonl", "dear diary\nnothing happened\n");
    write_text("wide.json", "{\"dropout\": {\"low\": 0, \"high\": 2}}");
    write_text("odd.json", "{\"droput\": 0.5}");
    if (write_weights("vowel.safetensors", NULL) != 0 ||
        write_weights("refit.safetensors", "--refit") != 0)
        return -1;
    return mkdir(in_folder("locked", path, sizeof path), 0555);
}

static int tear_down(void **state)
{
    (void)state;
    char path[128];
    chmod(in_folder("locked", path, sizeof path), 0777);
    spawn_remove_folder(folder);
    return 0;
}

static const struct row {
    const char *kind;
    const char *args[6]; /* a word with '@' in front is a file of the folder */
    const char *says[4]; /* all of these stand in the line */
} rows[] = {
    {"empty file", {"describe", "@empty.csv"}, {"empty.csv", "empty"}},
    {"ragged row", {"describe", "@ragged.csv"}, {"ragged.csv:4", "2", "3"}},
    {"no header", {"describe", "@headless.csv"}, {"headless.csv:1", "header"}},
    {"one class", {"describe", "@one.csv"}, {"one.csv", "class"}},
    {"open quote", {"describe", "@quote.csv"}, {"quote.csv:3", "quote"}},
    {"column twice", {"describe", "@twice.csv"}, {"twice.csv", "'a'"}},
    {"late text", {"train", "@late.csv"}, {"late.csv:5202", "abc", "--categorical"}},
    {"NaN", {"run", "@nan.csv", "--plain"}, {"nan.csv:52", "NaN", "--missing"}},
    {"truncated gzip", {"run", "@cut.csv.gz", "--plain"}, {"cut.csv.gz"}},
    {"wrong magic", {"describe", "@magic"}, {"magic/train-images", "0x000004d2"}},
    {"wrong count", {"describe", "@count"}, {"count/train-images", "40"}},
    {"huge count", {"describe", "@huge"}, {"huge/train-images"}},
    {"no such set", {"run", "mnits", "--plain"}, {"mnits", "mnist"}},
    {"no such file", {"describe", "@none.csv"}, {"none.csv"}},
    {"unknown hyperparameter",
     {"train", "@good.csv", "learning_rat=0.1"},
     {"learning_rat", "did you mean learning_rate?"}},
    {"value out of range", {"train", "@good.csv", "dropout=1.5"}, {"dropout", "0.7"}},
    {"value of another kind", {"train", "@good.csv", "units=many"}, {"units", "many"}},
    {"unknown choice", {"train", "@good.csv", "optimizer=adm"}, {"optimizer", "adam"}},
    {"weights under another name",
     {"train", "@good.csv", "--save", "weights.csv"},
     {"--save", "weights.csv", ".safetensors"}},
    {"weights to nowhere",
     {"train", "@good.csv", "--save", "@none/w.safetensors"},
     {"w.safetensors", "written"}},
    {"unknown option", {"run", "@good.csv", "--epoch", "5"}, {"--epoch", "did you mean --epochs?"}},
    {"odd budget", {"run", "@good.csv", "--epochs", "ten", "--plain"}, {"--epochs", "ten"}},
    {"unknown sampler",
     {"run", "@good.csv", "--sampler", "agnt", "--plain"},
     {"--sampler", "agnt", "agent"}},
    {"held value out of range", {"run", "@good.csv", "units=4", "--plain"}, {"units", "'4'"}},
    {"held name unknown",
     {"run", "@good.csv", "unit=64", "--plain"},
     {"unit", "did you mean units?"}},
    {"held and searched",
     {"run", "@good.csv", "--search", "residual", "residual=yes", "--plain"},
     {"residual=yes", "--search"}},
    {"searched name unknown",
     {"run", "@good.csv", "--search", "residul,units", "--plain"},
     {"residul", "did you mean residual?"}},
    {"searched name of another task",
     {"run", "@good.csv", "--search", "filters", "--plain"},
     {"filters", "is for images only"}},
    {"held without a part",
     {"run", "@good.csv", "optimizer=adam", "momentum=0.5", "--plain"},
     {"momentum", "optimizer", "optimizer=sgd"}},
    {"held name of a search from weights",
     {"run", "@good.csv", "freeze=1", "--plain"},
     {"freeze", "--from WEIGHTS"}},
    {"held twice", {"run", "@good.csv", "units=64", "units=32", "--plain"}, {"units=32", "twice"}},
    {"said twice", {"train", "@good.csv", "units=64", "units=64"}, {"units=64", "twice"}},
    /* Words are read before the data. */
    {"held name unknown", {"run", "@none.csv", "unit=64", "--plain"}, {"did you mean units?"}},
    {"searched name unknown",
     {"run", "@none.csv", "--search", "residul", "--plain"},
     {"did you mean residual?"}},
    {"space of another name",
     {"run", "@none.csv", "--space", "@odd.json", "--plain"},
     {"odd.json", "droput"}},
    {"weights that are none",
     {"run", "@good.csv", "--from", "@note.jsonl", "--plain"},
     {"note.jsonl", "weights"}},
    {"weights that are not there",
     {"run", "@good.csv", "--from", "@none.safetensors", "--plain"},
     {"none.safetensors"}},
    {"weights that do not fit",
     {"train", "@good.csv", "--from", "@vowel.safetensors"},
     {"vowel.safetensors", "9-16-11", "fits"}},
    {"weights of another split",
     {"run", "data/vowel", "--split-seed=3", "--from", "@vowel.safetensors", "--plain"},
     {"vowel.safetensors", "split", "--split-seed 0"}},
    {"weights of a refit",
     {"run", "data/vowel", "--from", "@refit.safetensors", "--plain"},
     {"refit.safetensors", "--refit"}},
    {"unknown objective",
     {"run", "@good.csv", "--objective", "val_f2", "--plain"},
     {"--objective", "val_f2", "val_f1, val_auc"}},
    {"objective of another task",
     {"run", "@good.csv", "--objective", "val_mae", "--plain"},
     {"--objective", "val_mae", "this task", "val_error"}},
    {"objective of another task",
     {"run", "@good.csv", "--target=a", "--task=regression", "--objective=val_auc", "--plain"},
     {"--objective", "val_auc", "this task", "val_r2"}},
    {"unknown target", {"describe", "@good.csv", "--target", "clas"}, {"clas", "class"}},
    {"unknown task", {"describe", "@good.csv", "--task", "regresion"}, {"--task", "regression"}},
    {"regression of words",
     {"describe", "@good.csv", "--task", "regression"},
     {"good.csv:2", "--task classification"}},
    {"space too wide",
     {"run", "@good.csv", "--space", "@wide.json", "--plain"},
     {"wide.json", "dropout"}},
    {"space of another name",
     {"run", "@good.csv", "--space", "@odd.json", "--plain"},
     {"odd.json", "droput", "dropout"}},
    {"log that is not a log",
     {"run", "@good.csv", "--study", "@note.jsonl", "--plain"},
     {"note.jsonl", "1"}},
    {"resume of no log", {"resume", "@note.jsonl", "--plain"}, {"note.jsonl", "1"}},
    {"resume of nothing", {"resume", "@none.jsonl", "--plain"}, {"none.jsonl"}},
    {"unknown command", {"trian"}, {"trian", "did you mean 'tiller train'?"}},
};

static int run_row(const struct row *row, struct spawned *s)
{
    const char *argv[8] = {spawn_tiller()};
    char paths[6][128];
    for (int i = 0; i < 6 && row->args[i]; i++)
        argv[i + 1] = row->args[i][0] == '@'
                          ? in_folder(row->args[i] + 1, paths[i], sizeof paths[i])
                          : row->args[i];
    return spawn_run(s, argv, NULL, 120);
}

static void every_kind_is_one_clear_line(void **state)
{
    (void)state;
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        struct spawned s;
        int status = run_row(&rows[r], &s);
        const char *line = text_get(&s.err), *end = strchr(line, '\n');
        if (status != 2)
            fail_msg("%s: status %d: %s%s", rows[r].kind, status, line, text_get(&s.out));
        if (strncmp(line, "tiller: ", 8) != 0 || !end || end[1] != 0)
            fail_msg("%s: not one line: %s", rows[r].kind, line);
        for (int i = 0; i < 4 && rows[r].says[i]; i++)
            if (!strstr(line, rows[r].says[i]))
                fail_msg("%s: '%s' is not in: %s", rows[r].kind, rows[r].says[i], line);
        assert_int_equal(s.out.length, 0);
        spawn_free(&s);
    }
}

static void what_is_no_log_stays_as_it_was(void **state)
{
    (void)state;
    char path[128], *content;
    size_t n;
    struct err_info info = {0};
    struct spawned s;
    assert_int_equal(run_row(&rows[sizeof rows / sizeof *rows - 4], &s), 2);
    spawn_free(&s);
    assert_int_equal(
        file_read(in_folder("note.jsonl", path, sizeof path), 1 << 20, &content, &n, &info),
        ERR_OK);
    assert_string_equal(content, "dear diary\nnothing happened\n");
    mem_free(content);
}

static void a_folder_that_cannot_be_written(void **state)
{
    (void)state;
    if (geteuid() == 0) {
        /* root may write anywhere: a path below a file is as impossible for root */
        static const struct row row = {
            "unwritable folder",
            {"run", "@good.csv", "--plain", "--study", "@note.jsonl/x.study.jsonl"},
            {"x.study.jsonl"}};
        struct spawned s;
        assert_int_equal(run_row(&row, &s), 2);
        assert_non_null(strstr(text_get(&s.err), "x.study.jsonl"));
        spawn_free(&s);
        return;
    }
    static const struct row row = {
        "unwritable folder",
        {"run", "@good.csv", "--plain", "--study", "@locked/x.study.jsonl"},
        {"x.study.jsonl"}};
    struct spawned s;
    assert_int_equal(run_row(&row, &s), 2);
    assert_non_null(strstr(text_get(&s.err), "locked"));
    spawn_free(&s);
}

static void a_missing_word_makes_the_table_good(void **state)
{
    (void)state;
    static const struct row row = {"--missing", {"describe", "@nan.csv", "--missing", "NaN"}, {0}};
    struct spawned s;
    assert_int_equal(run_row(&row, &s), 0);
    assert_non_null(strstr(text_get(&s.out), "missing"));
    spawn_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_is_one_clear_line),
        cmocka_unit_test(what_is_no_log_stays_as_it_was),
        cmocka_unit_test(a_folder_that_cannot_be_written),
        cmocka_unit_test(a_missing_word_makes_the_table_good),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
