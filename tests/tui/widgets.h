/* widgets: what the tests of the lower half of the screen share: cmocka, frames, grids of text. */
#ifndef TILLER_TESTS_WIDGETS_H
#define TILLER_TESTS_WIDGETS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tui/frame.h"

/* The frame's grid must be this text (lines ended by '\n', trailing blanks cut; empty lines at the
 * end may be left out). Prints both if not. */
static inline void assert_grid(const struct frame *f, const char *expected)
{
    struct text got = {0};
    frame_dump(f, false, &got);
    while (got.length > 1 && strcmp(got.data + got.length - 2, "\n\n") == 0)
        got.data[--got.length] = 0;
    if (strcmp(text_get(&got), expected) != 0)
        fprintf(stderr, "expected:\n%sgot:\n%s", expected, text_get(&got));
    assert_string_equal(text_get(&got), expected);
    text_free(&got);
}

/* Does a line of the frame contain this text? */
static inline bool frame_has(const struct frame *f, const char *words)
{
    struct text got = {0};
    frame_dump(f, false, &got);
    bool has = strstr(text_get(&got), words) != NULL;
    text_free(&got);
    return has;
}

static inline struct cell cell_at(const struct frame *f, int row, int col)
{
    assert_true(row >= 0 && row < f->rows && col >= 0 && col < f->cols);
    return f->cells[(size_t)row * (size_t)f->cols + (size_t)col];
}

/* What always holds for a frame: printable characters, halves of wide ones behind them. */
static inline void assert_frame_sound(const struct frame *f)
{
    for (int row = 0; row < f->rows; row++)
        for (int col = 0; col < f->cols; col++) {
            struct cell c = cell_at(f, row, col);
            if (c.code == 0)
                assert_true(col > 0 && cell_at(f, row, col - 1).code >= 0x1100);
            else
                assert_true(c.code >= ' ' && c.code != 0x7F && (c.code < 0x80 || c.code >= 0xA0));
            assert_true(c.paint < PAINT_N && c.attr < 16);
        }
}

#endif
