/* If this fails, strings or numbers are read or shown wrongly everywhere: files, screens, options.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tiller/base.h"

static void test_growing_text(void **state)
{
    (void)state;
    struct text t = {0};
    assert_string_equal(text_get(&t), "");
    for (int i = 0; i < 1000; i++)
        text_appendf(&t, "%d,", i);
    assert_int_equal(t.length, 10 * 2 + 90 * 3 + 900 * 4);
    assert_memory_equal(t.data + t.length - 4, "999,", 5);
    text_clear(&t);
    mem_fail_after(0);
    char big[5000];
    memset(big, 'x', sizeof big);
    text_append(&t, "kept");
    text_append_n(&t, big, sizeof big);
    mem_fail_after(-1);
    assert_true(t.failed);
    assert_string_equal(text_get(&t), "kept");
    text_append(&t, "not after a failure");
    assert_string_equal(text_get(&t), "kept");
    text_free(&t);
}

static void test_copy_never_cuts_a_character(void **state)
{
    (void)state;
    char out[5];
    assert_true(text_copy(out, sizeof out, "abcd"));
    assert_string_equal(out, "abcd");
    assert_false(text_copy(out, sizeof out, "abcäd"));
    assert_string_equal(out, "abc");
    assert_false(text_copy(out, sizeof out, "ab€"));
    assert_string_equal(out, "ab");
    text_format(out, sizeof out, "%s", "ab€");
    assert_string_equal(out, "ab");
    text_format(out, sizeof out, "%s", "a€x");
    assert_string_equal(out, "a€");
}

static void test_sanitise(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"plain", "plain"},
        {"\033[31mred\007", "?[31mred?"},
        {"a\tb\nc\rd", "a?b?c?d"},
        {"caf\xc3\xa9 \xe2\x86\x92 ok", "caf\xc3\xa9 \xe2\x86\x92 ok"},
        {"bad \xff\xc3 utf8", "bad ?? utf8"},
        {"\xc0\xaf", "??"},      /* overlong slash */
        {"\xed\xa0\x80", "???"}, /* surrogate */
        {"\xe2\x80\xae"
         "gpj.exe",
         "?gpj.exe"}, /* bidi override */
        {"\xc2\x9b"
         "31m",
         "?31m"}, /* C1 CSI */
        {"\x7f", "?"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char out[64];
        assert_string_equal(text_sanitize(out, sizeof out, rows[i][0]), rows[i][1]);
    }
    char tiny[4];
    assert_string_equal(text_sanitize(tiny, sizeof tiny, "ab€"), "ab");
}

static void test_parse_double(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool ok;
        double value;
    } rows[] = {
        {"1", true, 1},       {"-2.5", true, -2.5}, {"+.5", true, .5},     {"1.", true, 1},
        {"1e-3", true, 1e-3}, {"3E+2", true, 300},  {" 7 ", true, 7},      {"", false, 0},
        {".", false, 0},      {"0x10", false, 0},   {"inf", false, 0},     {"nan", false, 0},
        {"1,5", false, 0},    {"1e", false, 0},     {"1e+", false, 0},     {"--1", false, 0},
        {"1 2", false, 0},    {"1e999", false, 0},  {"1e99999", false, 0}, {"12abc", false, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double value = 0;
        bool ok = text_parse_double(rows[i].text, &value);
        if (ok != rows[i].ok)
            fail_msg("'%s' read as %d", rows[i].text, ok);
        if (ok && value != rows[i].value)
            fail_msg("'%s' read as %g", rows[i].text, value);
    }
    int64_t n;
    assert_true(text_parse_int("-42", &n) && n == -42);
    assert_false(text_parse_int("4.0", &n) || text_parse_int("", &n) || text_parse_int("-", &n) ||
                 text_parse_int(" 1", &n) || text_parse_int("99999999999999999999", &n));
}

static void test_double_reads_back(void **state)
{
    (void)state;
    struct rng rng;
    rng_seed(&rng, 1, 2);
    for (int i = 0; i < 20000; i++) {
        uint64_t bits = rng_next(&rng);
        double value, again;
        memcpy(&value, &bits, sizeof value);
        if (!isfinite(value))
            continue;
        char out[32];
        assert_true(text_parse_double(text_double(out, sizeof out, value, false), &again));
        assert_true(again == value);
    }
    char out[32];
    assert_string_equal(text_double(out, sizeof out, 0.1, false), "0.1");
    assert_string_equal(text_double(out, sizeof out, 1e-5, false), "1e-05");
    assert_string_equal(text_double(out, sizeof out, 4, true), "4.0");
    assert_string_equal(text_double(out, sizeof out, 4, false), "4");
    assert_string_equal(text_double(out, sizeof out, 100, false), "100");
    assert_string_equal(text_double(out, sizeof out, -120000, true), "-120000.0");
    assert_string_equal(text_double(out, sizeof out, 1e15, false), "1000000000000000");
    assert_string_equal(text_double(out, sizeof out, 1e16, false), "1e+16");
    assert_string_equal(text_double(out, sizeof out, (double)NAN, true), "NaN");
    assert_string_equal(text_double(out, sizeof out, -(double)INFINITY, true), "-Infinity");
}

static void test_human_numbers(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *text;
    } rows[] = {
        {0.03914, "0.0391"},  {9.996, "10.0"},  {0.9999, "1.00"},
        {123.4, "123"},       {12345, "12345"}, {0, "0"},
        {1.2e-5, "1.20e-05"}, {-0.5, "-0.500"}, {1, "1.00"},
    };
    char out[64];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_string_equal(text_human(out, sizeof out, rows[i].value, 3), rows[i].text);
    assert_string_equal(text_human(out, sizeof out, (double)NAN, 3), "–");
    assert_string_equal(text_count(out, sizeof out, 1234567), "1,234,567");
    assert_string_equal(text_count(out, sizeof out, -999), "-999");
    assert_string_equal(text_counted(out, sizeof out, 1, "epoch"), "1 epoch");
    assert_string_equal(text_counted(out, sizeof out, 0, "epoch"), "0 epochs");
    assert_string_equal(text_counted(out, sizeof out, 8000, "trial"), "8,000 trials");
    assert_string_equal(text_count(out, sizeof out, INT64_MIN), "-9,223,372,036,854,775,808");
    assert_string_equal(text_bytes(out, sizeof out, 999), "999 B");
    assert_string_equal(text_bytes(out, sizeof out, 25088000), "25.1 MB");
    assert_string_equal(text_duration(out, sizeof out, 3.21), "3.2 s");
    assert_string_equal(text_duration(out, sizeof out, 59.6), "1 min 00 s");
    assert_string_equal(text_duration(out, sizeof out, 7500), "2 h 05 min");
}

static void test_nearest(void **state)
{
    (void)state;
    static const char *const names[] = {"learning_rate", "batch_size", "units", "dropout", "adam"};
    assert_string_equal(text_nearest("learnig_rate", names, 5), "learning_rate");
    assert_string_equal(text_nearest("UNIST", names, 5), "units");
    assert_string_equal(text_nearest("drop", names, 5), "dropout");
    assert_null(text_nearest("zzzzzz", names, 5));
    assert_int_equal(text_distance("kitten", "sitting"), 3);
    assert_int_equal(text_distance("ab", "ba"), 1);
    assert_int_equal(text_distance("", "abc"), 3);
}

static void test_utf8_round_trip(void **state)
{
    (void)state;
    for (uint32_t code = 1; code <= 0x10FFFF; code += code < 0x3000 ? 1 : 97) {
        if (code >= 0xD800 && code <= 0xDFFF)
            continue;
        char bytes[5];
        uint32_t again;
        int n = text_utf8_put(code, bytes);
        assert_int_equal(text_utf8_next(bytes, &again), n);
        assert_int_equal(again, code);
    }
}

static void test_error_is_one_safe_line(void **state)
{
    (void)state;
    struct err_info info;
    char line[1024];
    assert_int_equal(
        err_set(&info, ERR_INPUT, "bad\nname.csv:3", "delete it", "field '%s'", "\033x"),
        ERR_INPUT);
    assert_string_equal(err_format(&info, line, sizeof line),
                        "bad?name.csv:3: field '?x'; delete it");
    assert_int_equal(err_set(NULL, ERR_IO, "x", NULL, "y"), ERR_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_growing_text),
        cmocka_unit_test(test_copy_never_cuts_a_character),
        cmocka_unit_test(test_sanitise),
        cmocka_unit_test(test_parse_double),
        cmocka_unit_test(test_double_reads_back),
        cmocka_unit_test(test_human_numbers),
        cmocka_unit_test(test_nearest),
        cmocka_unit_test(test_utf8_round_trip),
        cmocka_unit_test(test_error_is_one_safe_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
