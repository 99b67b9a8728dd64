/* Forms: fields checked while typed, keys, what is drawn. */
#include "widgets.h"

#include "tui/form.h"

static const char *const optimizers[] = {"sgd", "adam", "adamw"};
static int checks;

/* learning_rate must be a number up to 1; momentum means nothing but under sgd. */
static void check(void *context, struct form *form)
{
    double rate;
    checks++;
    assert_ptr_equal(context, &checks);
    struct form_field *field = &form->field[1];
    field->error[0] = 0;
    if (!text_parse_double(form_value(form, 1), &rate) || rate <= 0 || rate > 1)
        text_copy(field->error, sizeof field->error, "0.0001 to 1");
    int momentum = form_find(form, "momentum");
    form->field[momentum].inactive = strcmp(form_value(form, 2), "sgd") != 0;
    text_copy(form->note, sizeof form->note, form_ok(form) ? "not tried yet" : "");
}

static void open_form(struct form *form)
{
    assert_true(form_open(form, "seed a trial", check, &checks));
    assert_int_equal(form_add_text(form, FORM_TEXT, "name", "x", NULL), 0);
    assert_int_equal(form_add_text(form, FORM_NUMBER, "learning_rate", "0.01", "0.0001 to 1, log"),
                     1);
    assert_int_equal(form_add_choice(form, "optimizer", optimizers, 3, "adam", "how"), 2);
    assert_int_equal(form_add_text(form, FORM_NUMBER, "momentum", "0.9", "0 to 0.99"), 3);
    checks = 0;
    form_begin(form);
    assert_int_equal(checks, 1);
}

static enum form_result keys(struct form *form, const char *s)
{
    enum form_result result = FORM_UNUSED;
    struct term_event event = {.kind = TERM_EVENT_KEY};
    for (size_t n; (n = term_key_parse(s, &event.key)) > 0; s += n)
        result = form_key(form, &event);
    assert_int_equal(*s, 0);
    return result;
}

static void test_keys(void **state)
{
    static const struct {
        const char *keys;
        enum form_result result;
        int field;         /* current one afterwards */
        const char *value; /* of that field */
    } cases[] = {
        {"y", FORM_CHANGED, 0, "y"}, /* replaces what was prefilled */
        {"<End>y", FORM_CHANGED, 0, "xy"},
        {"<Tab>", FORM_GOING, 1, "0.01"},
        {"<Down><Down>", FORM_GOING, 2, "adam"},
        {"<Tab><Tab><Tab>", FORM_GOING, 0, "x"}, /* momentum is skipped under adam */
        {"<S-Tab>", FORM_GOING, 2, "adam"},
        {"<C-n><C-p>", FORM_GOING, 0, "x"},
        {"<Up><Right>", FORM_CHANGED, 2, "adamw"},
        {"<Up><Space><Space>", FORM_CHANGED, 2, "sgd"},
        {"<Up><Left>", FORM_CHANGED, 2, "sgd"},
        {"<Up>s", FORM_CHANGED, 2, "sgd"}, /* a letter jumps */
        {"<Up>a", FORM_CHANGED, 2, "adamw"},
        {"<Up>A", FORM_CHANGED, 2, "adamw"},
        {"<Up>z", FORM_GOING, 2, "adam"},
        {"<Up>s<Tab>", FORM_GOING, 3, "0.9"}, /* now it has an effect */
        {"<Tab>1e-3", FORM_CHANGED, 1, "1e-3"},
        {"<Tab>q", FORM_GOING, 1, "0.01"}, /* no letter becomes a command */
        {"<Tab>?", FORM_GOING, 1, "0.01"},
        {"<Tab><BS><BS><BS>", FORM_GOING, 1, ""},     /* nor does an empty field leave */
        {"<Tab>7<Enter>", FORM_GOING, 1, "7"},        /* out of range */
        {"<Tab>7<S-Tab><Enter>", FORM_GOING, 1, "7"}, /* to the error */
        {"<Enter>", FORM_DONE, 0, "x"},
        {"<Esc>", FORM_CANCEL, 0, "x"},
        {"<F1>", FORM_UNUSED, 0, "x"},
        {"<Up><F1>", FORM_UNUSED, 2, "adam"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct form form;
        open_form(&form);
        assert_int_equal(keys(&form, cases[i].keys), cases[i].result);
        assert_int_equal(form.current, cases[i].field);
        assert_string_equal(form_value(&form, form.current), cases[i].value);
        form_close(&form);
    }
}

static void test_checked_after_each_change_only(void **state)
{
    struct form form;
    (void)state;
    open_form(&form);
    keys(&form, "<Tab>");
    assert_int_equal(checks, 1);
    keys(&form, "9");
    assert_int_equal(checks, 2);
    assert_false(form_ok(&form));
    assert_string_equal(form.field[1].error, "0.0001 to 1");
    keys(&form, "<BS>0.5");
    assert_true(form_ok(&form));
    form.field[3].inactive = true; /* errors without effect are none */
    text_copy(form.field[3].error, sizeof form.field[3].error, "wrong");
    assert_true(form_ok(&form));
    struct term_event paste = {.kind = TERM_EVENT_KEY, .key = '7', .pasted = true};
    assert_int_equal(form_key(&form, &paste), FORM_CHANGED);
    assert_string_equal(form_value(&form, 1), "0.57");
    keys(&form, "<Tab>");
    paste.key = ' ';
    assert_int_equal(form_key(&form, &paste), FORM_GOING); /* a choice cannot be pasted */
    assert_string_equal(form_value(&form, 2), "adam");
    assert_int_equal(form_key(&form, &(struct term_event){.kind = TERM_EVENT_MOUSE}), FORM_UNUSED);
    form_close(&form);
}

static void test_making(void **state)
{
    struct form form;
    (void)state;
    assert_true(form_open(&form, "t", NULL, NULL));
    form_begin(&form); /* no fields, no check */
    assert_int_equal(keys(&form, "<Esc>"), FORM_CANCEL);
    assert_int_equal(form_add_choice(&form, "none", NULL, 0, NULL, NULL), 0);
    assert_int_equal(form_add_choice(&form, "other", optimizers, 3, "unknown", NULL), 1);
    assert_string_equal(form_value(&form, 0), "");
    assert_string_equal(form_value(&form, 1), "sgd");
    assert_string_equal(form_value(&form, -1), "");
    assert_string_equal(form_value(&form, 99), "");
    assert_int_equal(form_find(&form, "other"), 1);
    assert_int_equal(form_find(&form, "Other"), -1);
    for (int i = 2; i < FORM_MAX_FIELDS; i++)
        assert_int_equal(form_add_text(&form, FORM_TEXT, "f", "", ""), i);
    assert_int_equal(form_add_text(&form, FORM_TEXT, "f", "", ""), -1);
    form_begin(&form);
    assert_int_equal(keys(&form, "<Right>"), FORM_UNUSED); /* nothing to choose */
    assert_int_equal(keys(&form, "x"), FORM_GOING);
    for (int i = 0; i < FORM_MAX_FIELDS; i++)
        form.field[i].inactive = true;
    assert_int_equal(keys(&form, "<Tab>"), FORM_GOING);
    form_close(&form);
    mem_fail_after(0);
    assert_false(form_open(&form, "t", NULL, NULL));
    mem_fail_after(-1);
    assert_int_equal(form_add_text(&form, FORM_TEXT, "f", "", ""), -1);
    form_close(&form);
}

static void test_drawing(void **state)
{
    struct frame f = {0};
    struct form form;
    (void)state;
    glyphs_set(GLYPHS_BRAILLE);
    assert_true(frame_resize(&f, 9, 40));
    open_form(&form);
    assert_int_equal(form_rows(&form), 7);
    keys(&form, "<Tab>5");
    form_draw(&form, &f, (struct rect){1, 2, 7, 36});
    assert_grid(&f, "\n"
                    "  \xe2\x94\x80\xe2\x94\x80 seed a trial "
                    "\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80"
                    "\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80"
                    "\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80"
                    "\xe2\x94\x80\xe2\x94\x80\n"
                    "    name           x\n"
                    "  ! learning_rate  5\n"
                    "    optimizer        adam\n"
                    "    momentum       0.9\n"
                    "  0.0001 to 1, log\n"
                    "  ! 0.0001 to 1\n");
    assert_true(f.cursor_row == 3 && f.cursor_col == 20);
    assert_int_equal(cell_at(&f, 3, 2).paint, PAINT_BAD);
    assert_int_equal(cell_at(&f, 5, 4).paint, PAINT_DIM); /* momentum has no effect */
    keys(&form, "<BS>0.5<Tab>");
    frame_clear(&f);
    form_draw(&form, &f, (struct rect){1, 2, 7, 36});
    assert_true(frame_has(&f, "  > optimizer      \xe2\x80\xb9 adam \xe2\x80\xba"));
    assert_true(frame_has(&f, "  not tried yet"));
    assert_int_equal(cell_at(&f, 3, 19).attr, ATTR_BOLD); /* differs from what was prefilled */
    assert_int_equal(cell_at(&f, 2, 19).attr, 0);
    assert_int_equal(f.cursor_row, -1);
    form_close(&form);
    frame_free(&f);
}

/* More fields than rows: the rule says how many are out of sight; the heading is no field. */
static void test_scrolling(void **state)
{
    struct frame f = {0};
    struct form form;
    char label[16];
    (void)state;
    assert_true(frame_resize(&f, 10, 40));
    assert_true(form_open(&form, "seed a trial, beginning with the best", NULL, NULL));
    for (int i = 0; i < 12; i++) {
        if (i == 4)
            assert_int_equal(form_add_heading(&form, "held"), 4);
        form_add_text(&form, FORM_TEXT, text_format(label, sizeof label, "f%d", i), "", "help");
    }
    form_begin(&form);
    struct rect r = {1, 0, 9, 40}; /* 6 of 13 rows of fields */
    form_draw(&form, &f, r);
    assert_true(frame_has(&f, "seed a trial, begin") && frame_has(&f, " 7 below \xe2\x96\xbc"));
    assert_true(frame_has(&f, "\xe2\x94\x80\xe2\x94\x80 held \xe2\x94\x80"));
    keys(&form, "<Up>"); /* around the end */
    assert_int_equal(form.current, 12);
    frame_clear(&f);
    form_draw(&form, &f, r);
    assert_true(frame_has(&f, "\xe2\x96\xb2 6 above") && frame_has(&f, "f11"));
    assert_false(frame_has(&f, "below"));
    static const struct {
        const char *key;
        int current;
    } pages[] = {{"<PgUp>", 7}, {"<PgUp>", 2}, {"<PgUp>", 0}, {"<PgUp>", 0},
                 {"<PgDn>", 5}, {"<Up>", 3},   {"<PgDn>", 8}, {"<PgDn>", 12}};
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
        keys(&form, pages[i].key);
        form_draw(&form, &f, r);
        if (form.current != pages[i].current)
            fail_msg("%zu: %d", i, form.current);
    }
    keys(&form, "<PgUp><Up>"); /* to f5, a row above what is seen */
    frame_clear(&f);
    form_draw(&form, &f, r);
    assert_true(frame_has(&f, "\xe2\x96\xb2 5 above  1 below \xe2\x96\xbc"));
    form_close(&form);
    frame_free(&f);
}

/* Every size: the current field is seen (if there is a row at all), nothing outside. */
static void test_drawing_in_every_size(void **state)
{
    struct frame f = {0};
    (void)state;
    assert_true(frame_resize(&f, 12, 50));
    for (int rows = 0; rows <= 10; rows++)
        for (int cols = 0; cols <= 48; cols++)
            for (int field = 0; field < 3; field++) {
                struct form form;
                open_form(&form);
                for (int i = 0; i < field; i++)
                    keys(&form, "<Tab>");
                frame_fill(&f, frame_rect(&f), PAINT_TEXT, 0, '~');
                frame_fill(&f, (struct rect){1, 1, rows, cols}, PAINT_TEXT, 0, ' ');
                form_draw(&form, &f, (struct rect){1, 1, rows, cols});
                assert_frame_sound(&f);
                for (int r = 0; r < f.rows; r++)
                    for (int c = 0; c < f.cols; c++)
                        if (r < 1 || c < 1 || r > rows || c > cols)
                            assert_int_equal(cell_at(&f, r, c).code, '~');
                if (rows >= 1 && cols >= 40)
                    assert_true(frame_has(&f, form.field[field].label));
                form_close(&form);
            }
    frame_free(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys),      cmocka_unit_test(test_checked_after_each_change_only),
        cmocka_unit_test(test_making),    cmocka_unit_test(test_drawing),
        cmocka_unit_test(test_scrolling), cmocka_unit_test(test_drawing_in_every_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
