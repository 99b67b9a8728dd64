/* If this fails, tables are not read as RFC 4180 says, or an error does not name its place. */
#include "files.h"

#include "data/internal.h"

static enum err parse(const char *text, size_t n, struct csv *csv, struct err_info *info)
{
    char *buffer = mem_dup_text_n(text, n);
    assert_non_null(buffer);
    return csv_parse(buffer, n, "t.csv", csv, info);
}

/* All fields, '|' between them and '/' between rows, the header included. */
static const char *joined(const struct csv *csv, char *out, size_t out_size)
{
    size_t used = 0;
    for (int64_t row = -1; row < csv->n_rows; row++)
        for (int32_t c = 0; c < csv->n_columns; c++)
            used += (size_t)snprintf(out + used, out_size - used, "%s%s", csv_cell(csv, row, c),
                                     c + 1 < csv->n_columns ? "|" : "/");
    return out;
}

static void test_fields(void **state)
{
    (void)state;
    static const struct {
        const char *text, *fields;
    } cases[] = {
        {"a,b\n1,2\n", "a|b/1|2/"},
        {"a,b\n1,2", "a|b/1|2/"},
        {"a,b\r\n1,2\r\n", "a|b/1|2/"},
        {"a,b\r1,2\r", "a|b/1|2/"},
        {"\xEF\xBB\xBF"
         "a,b\n1,2\n",
         "a|b/1|2/"},
        {"a,b\n,\n", "a|b/|/"},
        {"a,b\n\n1,2\n\n\n", "a|b/1|2/"},
        {"a,b\n\"1,5\",2\n", "a|b/1,5|2/"},
        {"a,b\n\"say \"\"hi\"\"\",2\n", "a|b/say \"hi\"|2/"},
        {"a,b\n\"two\nlines\",2\n", "a|b/two\nlines|2/"},
        {"a,b\n\"\",\"\"\n", "a|b/|/"},
        {"a,b\n1,\"2\"", "a|b/1|2/"},
        {"a,b\n5\" pipe,2\n", "a|b/5\" pipe|2/"},
        {"\"a\",\"b\"\n 1 ,2\n", "a|b/ 1 |2/"},
        {"a\n1\n2\n", "a/1/2/"},
        {"a,b\n", "a|b/"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct csv csv;
        struct err_info info = {0};
        char out[256] = "";
        assert_int_equal(parse(cases[i].text, strlen(cases[i].text), &csv, &info), ERR_OK);
        assert_string_equal(joined(&csv, out, sizeof out), cases[i].fields);
        csv_free(&csv);
    }
}

static void test_errors_name_the_place(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t n; /* 0: strlen */
        const char *where, *detail;
    } cases[] = {
        {"", 0, "t.csv", "the file is empty"},
        {"\n\n\n", 0, "t.csv", "the file is empty"},
        {"\xEF\xBB\xBF", 0, "t.csv", "the file is empty"},
        {"a,b\n1,2\n3\n", 0, "t.csv:3:1", "the row has 1 field but the header has 2"},
        {"a,b\n1,2,3\n", 0, "t.csv:2:3", "the row has 3 fields but the header has 2"},
        {"a,b\n\n1,2\n1,2,3,4\n", 0, "t.csv:4:3", "the row has 4 fields but the header has 2"},
        {"a,b\n\"x\ny\",2\n3\n", 0, "t.csv:4:1", "the row has 1 field"},
        {"a,b\n1,2\n1,\"2\n3,4\n5,6\n", 0, "t.csv:3:2", "never closed"},
        {"a,b\n1,\"", 0, "t.csv:2:2", "never closed"},
        {"a,b\n\"1\"x,2\n", 0, "t.csv:2:1", "follows the field's closing quote"},
        {"a,b\n1,\0\n", 8, "t.csv:2", "NUL byte"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct csv csv;
        struct err_info info = {0};
        size_t n = cases[i].n ? cases[i].n : strlen(cases[i].text);
        assert_int_equal(parse(cases[i].text, n, &csv, &info), ERR_INPUT);
        assert_string_equal(info.where, cases[i].where);
        if (!strstr(info.detail, cases[i].detail))
            fail_msg("'%s' lacks '%s'", info.detail, cases[i].detail);
        assert_null(csv.buffer);
    }
}

static void test_a_long_path_keeps_its_numbers(void **state)
{
    (void)state;
    char path[600], where[256];
    memset(path, 'd', sizeof path - 1);
    path[sizeof path - 1] = 0;
    strcpy(path + sizeof path - 8, "end.csv");
    csv_where(where, path, 1234567, 89);
    assert_non_null(strstr(where, "end.csv:1234567:89"));
}

/* Whatever the bytes are: an error or a table, never a read outside (the sanitizers watch). */
static void test_random_bytes(void **state)
{
    (void)state;
    static const char alphabet[] = "a1\",\n\r \xC3\xA9-.";
    struct rng r;
    rng_seed(&r, 1, 0);
    int tables = 0;
    for (int round = 0; round < 20000; round++) {
        char text[40];
        size_t n = (size_t)rng_below(&r, sizeof text);
        for (size_t i = 0; i < n; i++)
            text[i] = alphabet[rng_below(&r, sizeof alphabet - 1)];
        struct csv csv;
        struct err_info info = {0};
        if (parse(text, n, &csv, &info) != ERR_OK) {
            assert_true(info.detail[0] != 0);
            continue;
        }
        tables++;
        for (int64_t row = -1; row < csv.n_rows; row++)
            for (int32_t c = 0; c < csv.n_columns; c++)
                assert_true(strlen(csv_cell(&csv, row, c)) <= n);
        csv_free(&csv);
    }
    assert_true(tables > 1000);
}

static void test_the_nth_allocation_fails(void **state)
{
    (void)state;
    const char *path = files_write_text("memory.csv", "a,b\n1,2\n3,4\n5,6\n7,8\n9,10\n11,12\n");
    enum err e = ERR_MEMORY;
    long n = 0;
    for (; n < 100 && e == ERR_MEMORY; n++) {
        struct csv csv;
        struct err_info info = {0};
        mem_fail_after(n);
        e = csv_read(path, &csv, &info);
        mem_fail_after(-1);
        csv_free(&csv);
    }
    assert_int_equal(e, ERR_OK);
    assert_true(n > 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_errors_name_the_place),
        cmocka_unit_test(test_a_long_path_keeps_its_numbers),
        cmocka_unit_test(test_random_bytes),
        cmocka_unit_test(test_the_nth_allocation_fails),
    };
    return cmocka_run_group_tests(tests, files_setup, files_teardown);
}
