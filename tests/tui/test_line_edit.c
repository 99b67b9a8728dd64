/* Editing a line: keys as scripts write them in, text with the cursor as '|' out. */
#include "widgets.h"

#include "../support/spawn.h"
#include "tui/line_edit.h"

#include <unistd.h>

/* Sends keys ("ab<Left><C-w>"); returns the last result. */
static enum line_edit_result keys(struct line_edit *e, const char *s)
{
    enum line_edit_result result = LINE_EDIT_UNUSED;
    struct term_event event = {.kind = TERM_EVENT_KEY};
    for (size_t n; (n = term_key_parse(s, &event.key)) > 0; s += n)
        result = line_edit_key(e, &event);
    assert_int_equal(*s, 0);
    return result;
}

static void paste(struct line_edit *e, const char *s)
{
    struct term_event event = {.kind = TERM_EVENT_KEY, .pasted = true};
    for (int n; (n = text_utf8_next(s, &event.key)) > 0; s += n)
        line_edit_key(e, &event);
}

static void assert_line(const struct line_edit *e, const char *expected)
{
    char got[LINE_EDIT_SIZE + 2];
    assert_int_equal(strlen(e->text), e->length);
    assert_true(e->cursor <= e->length);
    snprintf(got, sizeof got, "%.*s|%s", (int)e->cursor, e->text, e->text + e->cursor);
    assert_string_equal(got, expected);
}

static void test_keys(void **state)
{
    static const struct {
        const char *start, *keys, *line;
        enum line_edit_result result;
    } cases[] = {
        {"", "ab", "ab|", LINE_EDIT_CHANGED},
        {"ab", "<Left>x", "ax|b", LINE_EDIT_CHANGED},
        {"ab", "<Home>x<End>y", "xaby|", LINE_EDIT_CHANGED},
        {"ab", "<C-a><C-f>x<C-e><C-b>y", "axy|b", LINE_EDIT_CHANGED},
        {"ab", "<BS>", "a|", LINE_EDIT_CHANGED},
        {"ab", "<Home><BS>", "|ab", LINE_EDIT_MOVED},
        {"", "<BS>", "|", LINE_EDIT_CANCEL},
        {"ab", "<Home><Del>", "|b", LINE_EDIT_CHANGED},
        {"ab", "<Del>", "ab|", LINE_EDIT_MOVED},
        {"ab", "<Home><C-d><C-d><C-d>", "|", LINE_EDIT_MOVED},
        {"one two  ", "<C-w>", "one |", LINE_EDIT_CHANGED},
        {"one two", "<C-w><C-w><C-w>", "|", LINE_EDIT_MOVED},
        {"one two", "<Left><Left><C-k>", "one t|", LINE_EDIT_CHANGED},
        {"one two", "<Left><Left><C-u>", "|wo", LINE_EDIT_CHANGED},
        {"h\xc3\xa9\xe6\xbc\xa2", "<Left><Left><Del>", "h|\xe6\xbc\xa2", LINE_EDIT_CHANGED},
        {"\xc3\xa9", "<BS>\xc3\xa4", "\xc3\xa4|", LINE_EDIT_CHANGED},
        {"ab", "<Enter>", "ab|", LINE_EDIT_DONE},
        {"ab", "<Esc>", "ab|", LINE_EDIT_CANCEL},
        {"ab", "<Left><Left><Left><Right>", "a|b", LINE_EDIT_MOVED},
        {"ab", "<F1>", "ab|", LINE_EDIT_UNUSED},
        {"ab", "<C-n>", "ab|", LINE_EDIT_UNUSED},
        {"ab", "<Up>", "ab|", LINE_EDIT_UNUSED},           /* no history */
        {"ab", "<Tab>", "ab|", LINE_EDIT_UNUSED},          /* no completion */
        {"a\tb\033[m\x7f", "", "ab[m|", LINE_EDIT_UNUSED}, /* controls never get in */
        {"a\xe2\x80\xae"
         "b\xff",
         "", "ab|", LINE_EDIT_UNUSED},
    };
    struct line_edit e = {0};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        line_edit_start(&e, cases[i].start, NULL, NULL, NULL);
        assert_int_equal(keys(&e, cases[i].keys), cases[i].result);
        assert_line(&e, cases[i].line);
    }
    struct term_event other = {.kind = TERM_EVENT_MOUSE};
    assert_int_equal(line_edit_key(&e, &other), LINE_EDIT_UNUSED);
}

static void test_prefilled_is_replaced(void **state)
{
    static const struct {
        const char *keys, *line;
    } cases[] = {{"7", "7|"}, {"<BS>", "|"}, {"<Left>7", "0.07|1"}, {"<End>7", "0.017|"}};
    struct line_edit e = {0};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        line_edit_start(&e, "0.01", NULL, NULL, NULL);
        e.selected = true;
        keys(&e, cases[i].keys);
        assert_line(&e, cases[i].line);
        assert_false(e.selected);
    }
}

static void test_paste_never_acts(void **state)
{
    struct line_edit e = {0};
    (void)state;
    line_edit_start(&e, "a", NULL, NULL, NULL);
    paste(&e, "b c\xc3\xa9\xe2\x80\xae");
    assert_line(&e, "ab c\xc3\xa9|");
}

static void test_full_line(void **state)
{
    struct line_edit e = {0};
    char longer[LINE_EDIT_SIZE * 2];
    (void)state;
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = 0;
    line_edit_start(&e, longer, NULL, NULL, NULL);
    assert_int_equal(e.length, LINE_EDIT_SIZE - 1);
    assert_int_equal(keys(&e, "y"), LINE_EDIT_MOVED);
    keys(&e, "<BS>");
    assert_int_equal(keys(&e, "\xc3\xa9"), LINE_EDIT_MOVED); /* two bytes do not fit in one */
    assert_int_equal(keys(&e, "y"), LINE_EDIT_CHANGED);
    assert_int_equal(e.length, LINE_EDIT_SIZE - 1);
}

/* Whatever keys come, the line stays what it must be. */
static void test_any_keys(void **state)
{
    static const char *const some[] = {"a",      "\xc3\xa9", "\xe6\xbc\xa2", "<Left>", "<Right>",
                                       "<Home>", "<End>",    "<BS>",         "<Del>",  "<C-w>",
                                       "<C-k>",  "<C-u>",    "<Space>",      "<C-d>",  "<C-b>"};
    struct line_edit e = {0};
    struct rng rng;
    uint32_t code;
    (void)state;
    rng_seed(&rng, 3, 3);
    line_edit_start(&e, "", NULL, NULL, NULL);
    for (int i = 0; i < 20000; i++) {
        keys(&e, some[rng_below(&rng, sizeof some / sizeof *some)]);
        assert_int_equal(strlen(e.text), e.length);
        bool boundary = false;
        for (size_t at = 0; at <= e.length;) {
            boundary = boundary || at == e.cursor;
            int n = text_utf8_next(e.text + at, &code);
            if (n <= 0)
                break;
            assert_int_not_equal(code, 0xFFFD);
            at += (size_t)n;
        }
        assert_true(boundary || e.cursor == e.length);
    }
}

/* ---- history ----------------------------------------------------------------------------- */

static void test_history(void **state)
{
    struct history h = {0};
    struct line_edit e = {0};
    (void)state;
    history_add(&h, "one");
    history_add(&h, "one");
    history_add(&h, "");
    history_add(&h, "   ");
    history_add(&h, "two");
    assert_int_equal(h.n, 2);
    line_edit_start(&e, "dra", &h, NULL, NULL);
    keys(&e, "ft");
    assert_int_equal(keys(&e, "<Down>"), LINE_EDIT_MOVED);
    keys(&e, "<Up>");
    assert_line(&e, "two|");
    keys(&e, "<Up>");
    assert_line(&e, "one|");
    assert_int_equal(keys(&e, "<Up>"), LINE_EDIT_MOVED);
    keys(&e, "<Down><Down>");
    assert_line(&e, "draft|"); /* what was being typed is not lost */
    keys(&e, "<Up>x");
    assert_line(&e, "twox|");
    for (int i = 0; i < HISTORY_MAX + 20; i++) {
        char line[32];
        snprintf(line, sizeof line, "line %d", i);
        history_add(&h, line);
    }
    assert_int_equal(h.n, HISTORY_MAX);
    assert_string_equal(h.line[0], "line 20");
    history_free(&h);
    assert_int_equal(h.n, 0);
}

static void test_history_file(void **state)
{
    char folder[64], path[128];
    struct history h = {0}, again = {0};
    struct err_info info;
    (void)state;
    assert_non_null(spawn_make_folder(folder));
    snprintf(path, sizeof path, "%s/history", folder);
    assert_int_equal(history_load(&h, path, &info), ERR_OK); /* there is none */
    assert_int_equal(h.n, 0);
    history_add(&h, "theme light");
    history_add(&h, "seed units=64");
    assert_int_equal(history_save(&h, path, &info), ERR_OK);
    assert_int_equal(history_load(&again, path, &info), ERR_OK);
    assert_int_equal(again.n, 2);
    assert_string_equal(again.line[1], "seed units=64");
    history_free(&again);
    assert_int_equal(file_write_atomic(path, "a\033[31mb\n\n\nc", 11, &info), ERR_OK);
    assert_int_equal(history_load(&again, path, &info), ERR_OK);
    assert_int_equal(again.n, 2);
    assert_null(strchr(again.line[0], '\033'));
    assert_string_equal(again.line[1], "c");
    assert_int_equal(history_save(&h, "/no/such/folder/history", &info), ERR_IO);
    for (long k = 0; k < 6; k++) { /* without memory lines are lost, never more */
        mem_fail_after(k);
        history_add(&h, k % 2 ? "odd" : "even");
        enum err e = history_save(&h, path, &info);
        mem_fail_after(-1);
        assert_true(e == ERR_OK || e == ERR_MEMORY);
    }
    history_free(&h);
    history_free(&again);
    spawn_remove_folder(folder);
}

/* ---- completion -------------------------------------------------------------------------- */

static void offer(void *context, const char *text, size_t cursor, struct completion *out)
{
    static const char *const words[] = {"theme", "trials", "train_loss", "quit"};
    char word[64];
    (void)context;
    size_t start = cursor;
    while (start > 0 && text[start - 1] != ' ')
        start--;
    snprintf(word, sizeof word, "%.*s", (int)(cursor - start), text + start);
    out->word_start = start;
    for (size_t i = 0; i < 4; i++)
        completion_offer(out, word, words[i]);
}

static void test_completion(void **state)
{
    static const struct {
        const char *keys, *line;
        size_t found;
    } cases[] = {
        {"q<Tab>", "quit|", 0},
        {"z<Tab>", "z|", 0},
        {"tr<Tab>", "trials|", 2}, /* they share no more: the first */
        {"t<Tab>", "theme|", 3},
        {"tra<Tab>", "train_loss|", 0},
        {"t<Tab><Tab>", "trials|", 3},
        {"t<Tab><Tab><Tab><Tab>", "theme|", 3},
        {"t<S-Tab>", "train_loss|", 3},
        {"t<Tab><S-Tab>", "train_loss|", 3},
        {"t<Tab>x", "themex|", 0}, /* typing takes what is shown */
        {"set q<Tab>", "set quit|", 0},
        {"t<Space>rest<Home><Right><Tab>", "theme| rest", 3}, /* in the middle */
        {"<Tab>", "theme|", 4},
    };
    struct line_edit e = {0};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        line_edit_start(&e, "", NULL, offer, NULL);
        keys(&e, cases[i].keys);
        assert_line(&e, cases[i].line);
        assert_int_equal(e.found.n, cases[i].found);
    }
}

static void offer_paths(void *context, const char *text, size_t cursor, struct completion *out)
{
    (void)context;
    (void)text;
    (void)cursor;
    completion_add(out, "data/mnist");
    completion_add(out, "data/mnist"); /* once is enough */
    completion_add(out, "data/magic");
    out->word_start = 0;
}

static void test_completion_common_part_first(void **state)
{
    struct line_edit e = {0};
    struct completion c = {0};
    char item[200];
    (void)state;
    line_edit_start(&e, "d", NULL, offer_paths, NULL);
    keys(&e, "<Tab>");
    assert_line(&e, "data/m|");
    assert_int_equal(e.found.n, 2);
    keys(&e, "<Tab>");
    assert_line(&e, "data/mnist|");
    for (int i = 0; i < COMPLETION_MAX + 10; i++) {
        snprintf(item, sizeof item, "%d", i);
        completion_add(&c, item);
    }
    assert_int_equal(c.n, COMPLETION_MAX);
    c.n = 0;
    memset(item, 'x', sizeof item - 1);
    item[sizeof item - 1] = 0;
    completion_add(&c, item); /* too long to be offered whole */
    assert_int_equal(c.n, 0);
}

/* ---- drawing ----------------------------------------------------------------------------- */

static void test_drawing(void **state)
{
    struct frame f = {0};
    struct line_edit e = {0};
    (void)state;
    glyphs_set(GLYPHS_BRAILLE);
    assert_true(frame_resize(&f, 2, 12));
    line_edit_start(&e, "abc", NULL, NULL, NULL);
    line_edit_draw(&e, &f, 0, 0, 12, ":");
    assert_grid(&f, ":abc\n");
    assert_true(f.cursor_row == 0 && f.cursor_col == 4);
    frame_clear(&f);
    line_edit_start(&e, "abcdefghijklmnop", NULL, NULL, NULL);
    line_edit_draw(&e, &f, 1, 2, 10, ":");
    assert_grid(&f, "\n  :\xe2\x80\xa6jklmnop\n"); /* scrolled: the cursor is seen */
    assert_true(f.cursor_row == 1 && f.cursor_col == 11);
    frame_clear(&f);
    keys(&e, "<Home>");
    line_edit_draw(&e, &f, 1, 2, 10, ":");
    assert_grid(&f, "\n  :abcdefgh\xe2\x80\xa6\n");
    assert_int_equal(f.cursor_col, 3);
    frame_clear(&f);
    line_edit_start(&e, "0.01", NULL, NULL, NULL);
    e.selected = true;
    line_edit_draw(&e, &f, 0, 0, 12, "");
    assert_int_equal(cell_at(&f, 0, 0).attr, ATTR_REVERSE);
    for (int cols = 0; cols < 12; cols++) /* the cursor never leaves its room */
        for (int left = 0; left < 30; left++) {
            char wide[] = "a\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2xyz\xe5\xad\x97\xe5\xad\x97q";
            frame_clear(&f);
            line_edit_start(&e, wide, NULL, NULL, NULL);
            for (int i = 0; i < left; i++)
                keys(&e, "<Left>");
            line_edit_draw(&e, &f, 0, 0, cols, ":");
            assert_frame_sound(&f);
            assert_true(f.cursor_col < (cols > 1 ? cols : 1));
            for (int col = cols; col < 12; col++)
                assert_int_equal(cell_at(&f, 0, col).code, ' ');
        }
    frame_free(&f);
}

static void test_drawing_candidates(void **state)
{
    struct frame f = {0};
    struct line_edit e = {0};
    (void)state;
    assert_true(frame_resize(&f, 1, 20));
    line_edit_start(&e, "", NULL, offer, NULL);
    line_edit_draw_candidates(&e, &f, 0, 0, 20);
    assert_grid(&f, "\n");
    keys(&e, "<Tab>");
    line_edit_draw_candidates(&e, &f, 0, 0, 20);
    assert_grid(&f, "theme  trials  trai\xe2\x80\xa6\n");
    assert_true(cell_at(&f, 0, 0).attr & ATTR_REVERSE);
    keys(&e, "<Tab><Tab><Tab>");
    line_edit_draw_candidates(&e, &f, 0, 0, 20);
    assert_true(frame_has(&f, "quit")); /* the chosen one is always seen */
    frame_free(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_prefilled_is_replaced),
        cmocka_unit_test(test_paste_never_acts),
        cmocka_unit_test(test_full_line),
        cmocka_unit_test(test_any_keys),
        cmocka_unit_test(test_history),
        cmocka_unit_test(test_history_file),
        cmocka_unit_test(test_completion),
        cmocka_unit_test(test_completion_common_part_first),
        cmocka_unit_test(test_drawing),
        cmocka_unit_test(test_drawing_candidates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
