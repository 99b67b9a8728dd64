/* Files for the tests of data: a fresh folder, tables and IDX files made on the spot. */
#ifndef TILLER_TESTS_DATA_FILES_H
#define TILLER_TESTS_DATA_FILES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <zlib.h>

#include "../support/spawn.h"
#include "tiller/data.h"

/* The folder of the running test program; made by the group's set-up. */
static char files_folder[64];

static inline int files_setup(void **state)
{
    (void)state;
    return spawn_make_folder(files_folder) ? 0 : -1;
}
static inline int files_teardown(void **state)
{
    (void)state;
    spawn_remove_folder(files_folder);
    return 0;
}

/* Path of a file in the folder; one of four buffers in turn. */
static inline const char *files_path(const char *name)
{
    static char paths[4][256];
    static unsigned next;
    char *path = paths[next++ % 4];
    assert_true(file_join(path, sizeof paths[0], files_folder, name));
    return path;
}

static inline const char *files_write(const char *name, const void *bytes, size_t n)
{
    const char *path = files_path(name);
    struct err_info info = {0};
    assert_int_equal(file_write_atomic(path, bytes, n, &info), ERR_OK);
    return path;
}

static inline const char *files_write_text(const char *name, const char *text)
{
    return files_write(name, text, strlen(text));
}

static inline const char *files_write_gz(const char *name, const void *bytes, size_t n)
{
    const char *path = files_path(name);
    gzFile file = gzopen(path, "wb9");
    assert_non_null(file);
    assert_int_equal(gzwrite(file, bytes, (unsigned)n), (int)n);
    assert_int_equal(gzclose(file), Z_OK);
    return path;
}

/* Opens and expects success; the message of a failure is printed. */
static inline struct data_set *files_open(const char *path, const struct data_options *options)
{
    struct data_set *set;
    struct err_info info = {0};
    char line[1024];
    if (data_open(path, options, &set, &info) != ERR_OK)
        fail_msg("%s", err_format(&info, line, sizeof line));
    return set;
}

/* Opens and expects this code, and `message` inside the line that a person would see. */
static inline void files_refuse(const char *path, const struct data_options *options, enum err code,
                                const char *message)
{
    struct data_set *set = (struct data_set *)(uintptr_t)1;
    struct err_info info = {0};
    char line[1024];
    enum err e = data_open(path, options, &set, &info);
    err_format(&info, line, sizeof line);
    if (e == ERR_OK) {
        data_free(set);
        fail_msg("opened, but should have said '%s'", message);
    }
    if (!strstr(line, message))
        fail_msg("said '%s'\ninstead of '%s'", line, message);
    assert_int_equal(e, code);
    assert_int_equal(info.code, code);
    assert_null(set);
}

#endif
