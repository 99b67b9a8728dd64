/* If this fails, a bad table is read as if it were good, or refused without saying where and why.
 */
#include "files.h"

enum { GOOD_ROWS = 6000 };

/* Good rows "number,word,class" with one line in place of data row `row` (from 1). */
static const char *table_with(const char *name, int row, const char *line)
{
    struct text csv = {0};
    text_append(&csv, "size,word,class\n");
    for (int i = 1; i <= GOOD_ROWS; i++)
        if (i == row)
            text_appendf(&csv, "%s\n", line);
        else
            text_appendf(&csv, "%d,w%d,%s\n", i, i % 3, i % 2 ? "yes" : "no");
    const char *path = files_write_text(name, text_get(&csv));
    text_free(&csv);
    return path;
}

/* One bad line far down: its place and the remedy stand in the message. */
static void test_bad_lines(void **state)
{
    (void)state;
    static const struct {
        const char *line, *place, *message;
    } cases[] = {
        {"12 cm,w1,yes", "bad.csv:5002:1: ", "'12 cm' in the numeric column 'size'"},
        {"12 cm,w1,yes", "bad.csv:5002:1: ", "--categorical size"},
        {"NaN,w1,yes", "bad.csv:5002:1: ", "--missing 'NaN'"},
        {"nan,w1,yes", "bad.csv:5002:1: ", "is not a decimal number"},
        {"inf,w1,yes", "bad.csv:5002:1: ", "is not a decimal number"},
        {"-Infinity,w1,yes", "bad.csv:5002:1: ", "is not a decimal number"},
        {"0x1F,w1,yes", "bad.csv:5002:1: ", "is not a decimal number"},
        {"1 000,w1,yes", "bad.csv:5002:1: ", "is not a decimal number"},
        {"?,w1,yes", "bad.csv:5002:1: ", "--missing '?'"},
        {"1e200,w1,yes", "bad.csv:5002:1: ", "too large"},
        {"1,w1", "bad.csv:5002:2: ", "the row has 2 fields but the header has 3"},
        {"1,w1,yes,more", "bad.csv:5002:4: ", "the row has 4 fields but the header has 3"},
        {"1,w1,", "bad.csv:5002:3: ", "the label is missing"},
        {"1,w1,  ", "bad.csv:5002:3: ", "the label is missing"},
        {"1,\"w1,yes", "bad.csv:5002:2: ", "never closed"},
        {"1,w1,maybe", "bad.csv: ", "class 'maybe' has only 1 row"},
        {"1,w1,maybe", "bad.csv: ", "--drop-rare"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *path = table_with("bad.csv", 5001, cases[i].line);
        files_refuse(path, NULL, ERR_INPUT, cases[i].place);
        files_refuse(path, NULL, ERR_INPUT, cases[i].message);
    }
}

/* What a bad line is refused for can be allowed. */
static void test_the_remedies_work(void **state)
{
    (void)state;
    const char *const size[] = {"size"}, *const words[] = {"NaN"};
    struct data_options as_text = {.categorical = size, .n_categorical = 1};
    struct data_options as_missing = {.missing = words, .n_missing = 1};
    struct data_options dropped = {.drop_rare = true};
    struct data_set *set = files_open(table_with("t.csv", 5001, "12 cm,w1,yes"), &as_text);
    assert_int_equal(set->columns[0].kind, COLUMN_CATEGORICAL);
    data_free(set);
    set = files_open(table_with("t.csv", 5001, "NaN,w1,yes"), &as_missing);
    assert_int_equal(set->columns[0].n_missing, 1);
    data_free(set);
    set = files_open(table_with("t.csv", 5001, "1,w1,maybe"), &dropped);
    assert_int_equal(set->n_dropped_rows, 1);
    data_free(set);
}

/* `row` 30 times (its %d is the row's number) below the header. */
static const char *table_of(const char *name, const char *header, const char *left,
                            const char *const *label, int n_labels)
{
    struct text csv = {0};
    text_appendf(&csv, "%s\n", header);
    for (int i = 0; i < 30; i++)
        text_appendf(&csv, "%d%s,%s\n", i, left, label[i % n_labels]);
    const char *path = files_write_text(name, text_get(&csv));
    text_free(&csv);
    return path;
}

static void test_bad_tables(void **state)
{
    (void)state;
    static const char *const two[] = {"a", "b"}, *const one[] = {"a"};
    files_refuse(files_path("none.csv"), NULL, ERR_IO, "there is no such file");
    files_refuse(files_write_text("empty.csv", ""), NULL, ERR_INPUT, "the file is empty");
    files_refuse(files_write_text("h.csv", "x,class\n"), NULL, ERR_INPUT, "no rows");
    files_refuse(files_write("utf16.csv", "x\0,\0y\0\n\0", 8), NULL, ERR_INPUT, "no text file");
    files_refuse(table_of("t.csv", "5.1,setosa", "", two, 2), NULL, ERR_INPUT,
                 "t.csv:1:1: the header line is missing");
    files_refuse(table_of("t.csv", "x,x", "", two, 2), NULL, ERR_INPUT,
                 "t.csv:1:2: two columns are named 'x'");
    files_refuse(files_write_text("semi.csv", "x;class\n1;a\n"), NULL, ERR_INPUT,
                 "one column only");
    files_refuse(table_of("t.csv", "x,class", "", one, 1), NULL, ERR_INPUT,
                 "all rows are of one class, 'a'");
    struct data_options dropping = {.drop_rare = true};
    files_refuse(files_write_text("few.csv", "x,class\n1,a\n2,b\n"), &dropping, ERR_INPUT,
                 "no class with at least 5 rows");
}

static void test_unknown_columns(void **state)
{
    (void)state;
    static const char *const two[] = {"a", "b"};
    const char *const clour[] = {"clour"}, *const label[] = {"class"};
    struct data_options target = {.target = "clas"};
    struct data_options unknown = {.categorical = clour, .n_categorical = 1};
    struct data_options labelled = {.categorical = label, .n_categorical = 1};
    const char *path = table_of("t.csv", "x,colour,class", ",red", two, 2);
    files_refuse(path, &target, ERR_USAGE, "did you mean 'class'?");
    files_refuse(path, &unknown, ERR_USAGE, "did you mean 'colour'?");
    files_refuse(path, &labelled, ERR_USAGE, "'class' is the label column");
}

/* Columns counted by numbers are a header too (a common export); unnamed columns get a name. */
static void test_odd_headers_pass(void **state)
{
    (void)state;
    static const char *const two[] = {"a", "b"};
    data_free(files_open(table_of("t.csv", "0,1", "", two, 2), NULL));
    data_free(files_open(table_of("t.csv", "1,2", "", two, 2), NULL));
    struct data_set *set = files_open(table_of("t.csv", ",class", "", two, 2), NULL);
    assert_string_equal(set->columns[0].name, "column 1");
    data_free(set);
}

/* Escape sequences in names and fields never reach a message, nor the description. */
static void test_nothing_raw_reaches_the_terminal(void **state)
{
    (void)state;
    static const char *const evil[] = {"\033]0;owned\007a", "b\xC2\x9B"
                                                            "2J"};
    struct text out = {0};
    struct data_set *set = files_open(table_of("t.csv", "x\033[2J,class", "", evil, 2), NULL);
    data_describe(set, &out);
    for (size_t i = 0; i < out.length; i++)
        assert_true(out.data[i] == '\n' || (unsigned char)out.data[i] >= 0x20);
    assert_null(strstr(text_get(&out), "\xC2\x9B"));
    data_free(set);
    text_free(&out);
    struct err_info info = {0};
    const char *path = table_with("t.csv", 40, "\033[2J,w1,yes");
    assert_int_equal(data_open(path, NULL, &set, &info), ERR_INPUT);
    assert_null(strchr(info.detail, '\033'));
    assert_null(strchr(info.hint, '\033'));
}

/* Every allocation of opening a table fails once: an error, no leak, and at last the set. */
static void test_the_nth_allocation_fails(void **state)
{
    (void)state;
    struct text csv = {0};
    text_append(&csv, "x,colour,class\n");
    for (int i = 0; i < 60; i++)
        text_appendf(&csv, "%d,%s,%s\n", i, i % 3 ? "red" : "", i % 2 ? "a" : "b");
    const char *path = files_write_text("memory.csv", text_get(&csv));
    text_free(&csv);
    enum err e = ERR_MEMORY;
    long n = 0;
    for (; n < 1000 && e == ERR_MEMORY; n++) {
        struct data_set *set;
        struct err_info info = {0};
        mem_fail_after(n);
        e = data_open(path, NULL, &set, &info);
        mem_fail_after(-1);
        assert_int_equal(e, info.code);
        data_free(set);
    }
    assert_int_equal(e, ERR_OK);
    assert_true(n > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad_lines),
        cmocka_unit_test(test_the_remedies_work),
        cmocka_unit_test(test_bad_tables),
        cmocka_unit_test(test_unknown_columns),
        cmocka_unit_test(test_odd_headers_pass),
        cmocka_unit_test(test_nothing_raw_reaches_the_terminal),
        cmocka_unit_test(test_the_nth_allocation_fails),
    };
    return cmocka_run_group_tests(tests, files_setup, files_teardown);
}
