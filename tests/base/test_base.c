/* If this fails, memory, random numbers, times or file writing can't be relied on. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "tiller/base.h"

static void test_sizes_never_overflow(void **state)
{
    (void)state;
    /* Read at run time: a constant product would be refused by the compiler. */
    volatile size_t huge = SIZE_MAX / 2;
    assert_null(mem_alloc(huge, 3));
    assert_null(mem_zero_alloc(huge, huge));
    assert_null(mem_aligned_alloc(huge, 4));
    void *p = mem_alloc(0, 10);
    assert_non_null(p);
    mem_free(p);
    float *aligned = mem_aligned_alloc(3, sizeof *aligned);
    assert_int_equal((uintptr_t)aligned % 64, 0);
    mem_free(aligned);
}

static void test_fail_the_nth(void **state)
{
    (void)state;
    mem_fail_after(2);
    void *a = mem_alloc(1, 1), *b = mem_alloc(1, 1), *c = mem_alloc(1, 1), *d = mem_alloc(1, 1);
    mem_fail_after(-1);
    assert_non_null(a);
    assert_non_null(b);
    assert_null(c);
    assert_non_null(d);
    mem_free(a);
    mem_free(b);
    mem_free(d);
}

static void test_grow_keeps_content(void **state)
{
    (void)state;
    int *a = NULL;
    size_t capacity = 0;
    for (size_t n = 0; n < 1000; n++) {
        assert_true(mem_grow((void **)&a, &capacity, n, sizeof *a));
        a[n] = (int)n;
    }
    mem_fail_after(0);
    assert_false(mem_grow((void **)&a, &capacity, capacity, sizeof *a));
    mem_fail_after(-1);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(a[i], i);
    mem_free(a);
}

static void test_random_numbers(void **state)
{
    (void)state;
    struct rng a, b, c;
    rng_seed(&a, 1, 7);
    rng_seed(&b, 1, 7);
    rng_seed(&c, 7, 1);
    assert_true(rng_next(&a) == rng_next(&b));
    assert_true(rng_next(&a) != rng_next(&c));
    double sum = 0, square = 0, uniform = 0;
    enum { N = 100000 };
    for (int i = 0; i < N; i++) {
        double x = rng_normal(&a), u = rng_uniform(&a);
        assert_true(u >= 0 && u < 1);
        sum += x;
        square += x * x;
        uniform += u;
    }
    assert_true(fabs(sum / N) < 0.015); /* 4.7 standard errors */
    assert_true(fabs(square / N - 1) < 0.02);
    assert_true(fabs(uniform / N - 0.5) < 0.005);
    int counts[6] = {0};
    for (int i = 0; i < 60000; i++)
        counts[rng_below(&a, 6)]++;
    for (int i = 0; i < 6; i++)
        assert_in_range(counts[i], 9500, 10500);
    int32_t order[100];
    bool seen[100] = {false};
    for (int i = 0; i < 100; i++)
        order[i] = i;
    rng_shuffle(&a, order, 100);
    int moved = 0;
    for (int i = 0; i < 100; i++) {
        assert_false(seen[order[i]]);
        seen[order[i]] = true;
        moved += order[i] != i;
    }
    assert_true(moved > 80);
}

static void test_clock_forms(void **state)
{
    (void)state;
    char out[40];
    assert_string_equal(clock_iso(out, 0.25, true), "1970-01-01T00:00:00.250000+00:00");
    setenv("TZ", "XYZ-2", 1);
    tzset();
    assert_string_equal(clock_iso(out, 1.0, false), "1970-01-01T02:00:01.000000");
    clock_fix(12.5);
    assert_true(clock_now_s() == 12.5 && clock_wall_s() == 12.5);
    clock_fix(-1);
    assert_true(clock_wall_s() > 1e9);
}

static char folder[64];

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/tiller-base-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static void assert_file_is(const char *path, const char *content)
{
    char *bytes;
    size_t n;
    struct err_info info;
    assert_int_equal(file_read(path, 1000, &bytes, &n, &info), ERR_OK);
    assert_string_equal(bytes, content);
    assert_int_equal(n, strlen(content));
    mem_free(bytes);
}

static void test_atomic_write_keeps_the_old_file(void **state)
{
    (void)state;
    char path[128], deep[160];
    struct err_info info;
    file_join(deep, sizeof deep, folder, "a/b/c");
    assert_int_equal(file_make_folder(deep, &info), ERR_OK);
    assert_int_equal(file_make_folder(deep, &info), ERR_OK);
    assert_true(file_join(path, sizeof path, deep, "file"));
    assert_int_equal(file_write_atomic(path, "first", 5, &info), ERR_OK);
    for (long after = 0; after < 6; after++) {
        file_fail_write_after(after);
        assert_int_equal(file_write_atomic(path, "second", 6, &info), ERR_IO);
        file_fail_write_after(-1);
        assert_file_is(path, "first");
    }
    assert_int_equal(file_write_atomic(path, "second", 6, &info), ERR_OK);
    assert_file_is(path, "second");
    assert_int_equal(file_make_folder(path, &info), ERR_IO);
    file_join(path, sizeof path, folder, "missing/file");
    assert_int_equal(file_write_atomic(path, "x", 1, &info), ERR_IO);
    assert_non_null(strstr(info.where, "missing/file"));
}

static void test_gzip_gives_back_what_it_got(void **state)
{
    (void)state;
    enum { N = 300000 };
    char path[128], *bytes = mem_alloc(N, 1), *back;
    struct err_info info;
    struct rng rng;
    size_t n;
    rng_seed(&rng, 1, 2);
    assert_non_null(bytes);
    assert_true(file_join(path, sizeof path, folder, "packed.gz"));
    for (int kind = 0; kind < 2; kind++) { /* runs, then noise that can't be packed */
        for (size_t i = 0; i < N; i++)
            bytes[i] = kind ? (char)rng_next(&rng) : (char)(i / 1000);
        assert_int_equal(file_write_gzip(path, bytes, N, &info), ERR_OK);
        assert_int_equal(file_read(path, N, &back, &n, &info), ERR_OK);
        assert_int_equal(n, N);
        assert_memory_equal(back, bytes, N);
        mem_free(back);
        assert_int_equal(file_read(path, N - 1, &back, &n, &info), ERR_INPUT);
    }
    assert_int_equal(file_write_gzip(path, bytes, 0, &info), ERR_OK);
    assert_file_is(path, "");
    mem_free(bytes);
}

static void test_paths(void **state)
{
    (void)state;
    char out[16];
    assert_true(file_join(out, sizeof out, "a//", "/b"));
    assert_string_equal(out, "a/b");
    assert_true(file_join(out, sizeof out, "/", "b"));
    assert_string_equal(out, "/b");
    assert_false(file_join(out, sizeof out, "aaaaaaaaaa", "bbbbbbbbbb"));
    assert_string_equal(file_base_name("a/b.csv"), "b.csv");
    assert_string_equal(file_base_name("b.csv"), "b.csv");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes_never_overflow),
        cmocka_unit_test(test_fail_the_nth),
        cmocka_unit_test(test_grow_keeps_content),
        cmocka_unit_test(test_random_numbers),
        cmocka_unit_test(test_clock_forms),
        cmocka_unit_test_setup(test_atomic_write_keeps_the_old_file, make_folder),
        cmocka_unit_test_setup(test_gzip_gives_back_what_it_got, make_folder),
        cmocka_unit_test(test_paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
