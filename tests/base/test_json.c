/* If this fails, JSON is taken that others refuse, refused that Optuna writes, or written in a way
 * that Optuna can't read. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

#include "tiller/base.h"

static enum err parse(const char *text, struct cJSON **out, struct err_info *info)
{
    return json_parse(text, strlen(text), "file", out, info);
}

static void test_taken_and_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool taken;
    } rows[] = {
        {"{}", true},
        {" [1, -2.5e-3, true, null, \"\\ud83d\\ude00\"] \r\n", true},
        {"NaN", true},
        {"{\"a\": [NaN, Infinity, -Infinity]}", true},
        {"{\"a\": 1, \"A\": 2}", true},
        {"\"\\\\u0000\"", true},
        {"", false},
        {"nan", false},
        {"inf", false},
        {"+1", false},
        {"01", false},
        {"1.", false},
        {".5", false},
        {"1e", false},
        {"0x10", false},
        {"--1", false},
        {"\"\\u0000\"", false},
        {"\"a\nb\"", false},
        {"\"open", false},
        {"{\"a\": 1, \"a\": 2}", false},
        {"{\"b\": {\"a\": 1, \"a\": 2}}", false},
        {"{\"a\": 1}}", false},
        {"{\"a\": 1} x", false},
        {"[1 2]", false},
        {"[1,]", false},
        {"{\"a\" 1}", false},
        {"{a: 1}", false},
        {"[1", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cJSON *doc;
        enum err err = parse(rows[i].text, &doc, NULL);
        if (err != (rows[i].taken ? ERR_OK : ERR_INPUT) || !doc != !rows[i].taken)
            fail_msg("%s: %s", rows[i].text, err_sentence(err));
        json_free(doc);
    }
}

static void test_special_numbers_stand_where_they_stood(void **state)
{
    (void)state;
    struct cJSON *doc;
    double x;
    assert_int_equal(parse("{\"a\": 1, \"b\": [NaN, 2, {\"c\": -Infinity}], \"d\": \"Infinity\", "
                           "\"e\": 3, \"f\": \"NaN, 7\"}",
                           &doc, NULL),
                     ERR_OK);
    const struct cJSON *b = json_get(doc, "b");
    assert_true(json_get_number(doc, "a", &x) && x == 1);
    assert_true(json_number(b->child, &x) && isnan(x));
    assert_true(json_number(b->child->next, &x) && x == 2);
    assert_true(json_get_number(b->child->next->next, "c", &x) && isinf(x) && x < 0);
    assert_true(json_get_number(doc, "d", &x) && isinf(x) && x > 0);
    assert_true(json_get_number(doc, "e", &x) && x == 3);
    assert_false(json_get_number(doc, "f", &x));
    assert_false(json_get_number(doc, "A", &x)); /* case-sensitive */
    json_free(doc);
}

static void test_typed_lookups(void **state)
{
    (void)state;
    struct cJSON *doc;
    int64_t n = 7;
    bool flag = false;
    double x = 7;
    assert_int_equal(parse("{\"i\": 4.0, \"h\": 4.5, \"n\": NaN, \"big\": 1e300, \"t\": true, "
                           "\"s\": \"x\", \"z\": null}",
                           &doc, NULL),
                     ERR_OK);
    assert_true(json_get_int(doc, "i", &n) && n == 4);
    assert_false(json_get_int(doc, "h", &n));
    assert_false(json_get_int(doc, "n", &n));
    assert_false(json_get_int(doc, "big", &n));
    assert_false(json_get_number(doc, "s", &x) || json_get_number(doc, "z", &x));
    assert_false(json_get_number(doc, "t", &x));
    assert_true(n == 4 && x == 7);
    assert_true(json_get_bool(doc, "t", &flag) && flag);
    assert_false(json_get_bool(doc, "i", &flag));
    assert_string_equal(json_get_string(doc, "s"), "x");
    assert_null(json_get_string(doc, "i"));
    assert_null(json_get(NULL, "i"));
    json_free(doc);
}

static void test_depth(void **state)
{
    (void)state;
    for (int depth = 60; depth < 70; depth++) {
        struct text t = {0};
        struct cJSON *doc;
        for (int i = 0; i < depth; i++)
            text_append_char(&t, '[');
        for (int i = 0; i < depth; i++)
            text_append_char(&t, ']');
        assert_int_equal(parse(text_get(&t), &doc, NULL), depth <= 64 ? ERR_OK : ERR_INPUT);
        json_free(doc);
        text_free(&t);
    }
}

static void test_place_of_a_mistake(void **state)
{
    (void)state;
    struct cJSON *doc;
    struct err_info info = {0};
    assert_int_equal(parse("{\n  \"a\": nan\n}", &doc, &info), ERR_INPUT);
    assert_string_equal(info.where, "file:2:8");
    assert_int_equal(parse("{\"a\": 1,\n\"a\": 2}", &doc, &info), ERR_INPUT);
    assert_non_null(strstr(info.detail, "'a'"));
}

static void test_writing(void **state)
{
    (void)state;
    struct text t = {0};
    struct json_writer w;
    json_begin(&w, &t);
    json_open(&w, NULL, '{');
    json_put_string(&w, "caf\u00e9", "\U0001F600 \"\\\n\x01\x7f");
    json_put_number(&w, "x", 1e-05);
    json_put_number(&w, "n", (double)NAN);
    json_put_number(&w, "m", -(double)INFINITY);
    json_put_int(&w, "i", -9223372036854775807);
    json_open(&w, "a", '[');
    json_put_bool(&w, NULL, true);
    json_put_null(&w, NULL);
    json_put_raw(&w, NULL, "{}");
    json_close(&w, ']');
    json_put_string(&w, "bad",
                    "a\xff"
                    "b");
    json_close(&w, '}');
    assert_string_equal(
        text_get(&t),
        "{\"caf\\u00e9\": \"\\ud83d\\ude00 \\\"\\\\\\n\\u0001\\u007f\", \"x\": 1e-05, "
        "\"n\": NaN, \"m\": -Infinity, \"i\": -9223372036854775807, "
        "\"a\": [true, null, {}], \"bad\": \"a\\ufffdb\"}");
    text_free(&t);
}

/* What was written is read back, and written again the same. */
static void test_round_trip(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{\"a\": [1, 2.5, -0.001, 1e+300, 5e-324], \"b\": {\"c\": null, \"d\": [true, false, {}]}}",
        "[NaN, {\"x\": -Infinity, \"y\": 0.1}, \"\\u20ac \\ud83d\\ude00 \\\\ \\\"\"]",
        "[[], [[]], {\"\": \"\"}]",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct cJSON *doc;
        struct text t = {0};
        struct json_writer w;
        assert_int_equal(parse(texts[i], &doc, NULL), ERR_OK);
        json_begin(&w, &t);
        json_put_item(&w, NULL, doc);
        assert_string_equal(text_get(&t), texts[i]);
        json_free(doc);
        text_free(&t);
    }
}

static void test_out_of_memory(void **state)
{
    (void)state;
    for (long after = 0;; after++) {
        struct cJSON *doc = NULL;
        mem_fail_after(after);
        enum err err = parse("{\"a\": NaN, \"b\": {\"c\": 1, \"d\": 2}}", &doc, NULL);
        mem_fail_after(-1);
        if (err == ERR_OK) {
            json_free(doc);
            assert_true(after > 2);
            return;
        }
        assert_int_equal(err, ERR_MEMORY);
        assert_null(doc);
    }
}

/* The bytes behind the text are not the parser's: a copy of exactly n bytes, for the sanitizer. */
static void test_text_ends_where_it_says(void **state)
{
    (void)state;
    static const char *const texts[] = {"\"ab\\", "{\"a\": \"\\", "[1, 2", "\"", "-", "1e", ""};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        size_t n = strlen(texts[i]);
        char *exact = mem_alloc(n, 1);
        struct cJSON *doc = NULL;
        struct err_info info = {0};
        assert_non_null(exact);
        memcpy(exact, texts[i], n);
        assert_int_equal(json_parse(exact, n, "text", &doc, &info), ERR_INPUT);
        assert_null(doc);
        mem_free(exact);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_taken_and_refused),
        cmocka_unit_test(test_special_numbers_stand_where_they_stood),
        cmocka_unit_test(test_typed_lookups),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_place_of_a_mistake),
        cmocka_unit_test(test_writing),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_text_ends_where_it_says),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
