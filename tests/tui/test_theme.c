/* Themes: styles, tiers, files, and the shipped ones. */
#include "widgets.h"

#include "../support/spawn.h"
#include "tui/theme.h"
#include "tui/theme_colour.h"

static enum err parse(const char *json, struct theme *out, struct text *warnings,
                      struct err_info *info)
{
    return theme_parse(json, strlen(json), "t.json", out, warnings, info);
}

/* The style that a role gets in a tier from this JSON value. */
static struct theme_style style_of(const char *value, enum tui_colour tier)
{
    struct theme t;
    struct err_info info;
    char json[512];
    snprintf(json, sizeof json, "{\"roles\": {\"accent\": %s}}", value);
    assert_int_equal(parse(json, &t, NULL, &info), ERR_OK);
    return t.style[tier][PAINT_ACCENT];
}

static void test_styles_in_all_tiers(void **state)
{
    static const struct {
        const char *value;
        enum tui_colour tier;
        int fg, bg, attr;
    } cases[] = {
        {"\"#56b4e9\"", TUI_COLOUR_DIRECT, THEME_RGB | 0x56b4e9, -1, 0},
        {"\"#56b4e9\"", TUI_COLOUR_256, 74, -1, 0},
        {"\"#ff0000\"", TUI_COLOUR_16, 9, -1, 0},
        {"\"#ff0000 bold\"", TUI_COLOUR_NONE, -1, -1, ATTR_BOLD},
        {"\"214 on 17 underline\"", TUI_COLOUR_DIRECT, 214, 17, ATTR_UNDERLINE},
        {"\"214 on 17\"", TUI_COLOUR_256, 214, 17, 0},
        {"\"bold red on default\"", TUI_COLOUR_256, 1, -1, ATTR_BOLD},
        {"\"bright-blue\"", TUI_COLOUR_16, 12, -1, 0},
        {"\"grey\"", TUI_COLOUR_16, 8, -1, 0},
        {"\"default\"", TUI_COLOUR_DIRECT, -1, -1, 0},
        {"\"\"", TUI_COLOUR_DIRECT, -1, -1, 0},
        {"[\"#ff0000\", \"196\", \"red\", \"bold dim\"]", TUI_COLOUR_256, 196, -1, 0},
        {"[\"#ff0000\", \"196\", \"red\", \"bold dim\"]", TUI_COLOUR_16, 1, -1, 0},
        {"[\"#ff0000\", \"196\", \"red\", \"bold dim\"]", TUI_COLOUR_NONE, -1, -1,
         ATTR_BOLD | ATTR_DIM},
        {"[\"#00ff00\", \"46\"]", TUI_COLOUR_16, 10, -1, 0}, /* the rest from the first */
        {"[\"red reverse\"]", TUI_COLOUR_NONE, -1, -1, ATTR_REVERSE},
        /* two dark blues that fall together stay readable */
        {"\"#000018 on #000010\"", TUI_COLOUR_16, 15, 0, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct theme_style s = style_of(cases[i].value, cases[i].tier);
        if (s.fg != cases[i].fg || s.bg != cases[i].bg || s.attr != cases[i].attr)
            fprintf(stderr, "%s: %x on %x, %d\n", cases[i].value, (unsigned)s.fg, (unsigned)s.bg,
                    s.attr);
        assert_int_equal(s.fg, cases[i].fg);
        assert_int_equal(s.bg, cases[i].bg);
        assert_int_equal(s.attr, cases[i].attr);
    }
}

static void test_wrong_files(void **state)
{
    static const struct {
        const char *json, *where, *detail;
    } cases[] = {
        {"{\"roles\": {\n\"bad\": \"purplish\"}}", "t.json:2", "'purplish' is no style"},
        {"{\"roles\": {\"bad\": \"red green\"}}", "t.json:1", "'green'"},
        {"{\"roles\": {\"bad\": \"red on\"}}", "t.json:1", "'on'"},
        {"{\"roles\": {\"bad\": \"on on red\"}}", "t.json:1", "'on'"},
        {"{\"roles\": {\"bad\": \"256\"}}", "t.json:1", "'256'"},
        {"{\"roles\": {\"bad\": \"-1\"}}", "t.json:1", "'-1'"},
        {"{\"roles\": {\"bad\": \"#12345\"}}", "t.json:1", "'#12345'"},
        {"{\"roles\": {\"bad\": \"#12345g\"}}", "t.json:1", "'#12345g'"},
        {"{\"roles\": {\"bad\": \"abcdefghijklmnopqrstuvwxyzabcdefghijkl\"}}", "t.json:1", "abc"},
        {"{\"roles\": {\"bad\": 7}}", "t.json:1", "no text"},
        {"{\"roles\": {\"bad\": []}}", "t.json:1", "empty list"},
        {"{\"roles\": {\"bad\": [1]}}", "t.json:1", "no text"},
        {"{\"roles\": {\"bad\": [\"1\",\"1\",\"1\",\"bold\",\"1\"]}}", "t.json:1", "fifth"},
        {"{\"roles\": {\"bad\": [\"1\",\"1\",\"1\",\"red\"]}}", "t.json:1", "without colours"},
        {"{\"roles\": []}", "t.json", "roles"},
        {"{}", "t.json", "roles"},
        {"[]", "t.json", "roles"},
        {"{\"roles\": {", "t.json:1", ""},
        {"", "t.json", ""},
    };
    struct theme t, before;
    struct err_info info;
    (void)state;
    theme_builtin(&t);
    before = t;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(parse(cases[i].json, &t, NULL, &info), ERR_INPUT);
        assert_non_null(strstr(info.where, cases[i].where));
        assert_non_null(strstr(info.detail, cases[i].detail));
        assert_memory_equal(&t, &before, sizeof t);
    }
}

static void test_unknown_roles_warn_missing_ones_are_built_in(void **state)
{
    struct theme t, standard;
    struct err_info info;
    struct text warnings = {0};
    (void)state;
    theme_builtin(&standard);
    assert_int_equal(parse("{\"name\": \"n\\u001b[31m\", \"roles\": {\n\"good\": \"1\",\n"
                           "\"sparkle\": \"2\"}}",
                           &t, &warnings, &info),
                     ERR_OK);
    assert_string_equal(text_get(&warnings), "t.json:3: unknown role 'sparkle'\n");
    assert_null(strchr(t.name, '\033')); /* goes to a terminal */
    assert_int_equal(t.style[TUI_COLOUR_256][PAINT_GOOD].fg, 1);
    assert_memory_equal(&t.style[TUI_COLOUR_256][PAINT_BAD],
                        &standard.style[TUI_COLOUR_256][PAINT_BAD], sizeof(struct theme_style));
    text_free(&warnings);
}

/* Every role is named in the file. */
static void assert_all_roles_named(const char *path)
{
    struct err_info info;
    char *json, quoted[40];
    size_t n;
    assert_int_equal(file_read(path, 1 << 20, &json, &n, &info), ERR_OK);
    for (int p = 0; p < PAINT_N; p++) {
        snprintf(quoted, sizeof quoted, "\"%s\":", paint_name((enum paint)p));
        assert_non_null(strstr(json, quoted));
    }
    mem_free(json);
}

/* Never a colour on itself, none in mono, and 0..15 belong to the user. */
static void assert_readable(const struct theme *t)
{
    for (int p = 0; p < PAINT_N; p++) {
        for (int tier = TUI_COLOUR_16; tier <= TUI_COLOUR_DIRECT; tier++)
            assert_true(t->style[tier][p].fg != t->style[tier][p].bg ||
                        t->style[tier][p].fg == THEME_DEFAULT);
        assert_int_equal(t->style[TUI_COLOUR_NONE][p].fg, THEME_DEFAULT);
        assert_int_equal(t->style[TUI_COLOUR_NONE][p].bg, THEME_DEFAULT);
        int fg = t->style[TUI_COLOUR_256][p].fg;
        assert_true(fg == THEME_DEFAULT || fg >= 16);
    }
}

/* The built-in theme is themes/default.json; all shipped ones are whole and without warnings. */
static void test_shipped_themes(void **state)
{
    static const char *const shipped[] = {"default",       "deutan-protan", "gruvbox",
                                          "high-contrast", "light",         "mono",
                                          "nord",          "solarized",     "tritan"};
    struct theme_names names;
    struct theme t, standard;
    struct err_info info;
    struct text warnings = {0};
    char folder[4096] = "themes", path[4300];
    (void)state;
    setenv("XDG_CONFIG_HOME", "/no/such/folder", 1);
    bool found = theme_folder(folder, sizeof folder); /* not if built outside the checkout */
    theme_list(&names);
    for (size_t i = 0; i < sizeof shipped / sizeof *shipped; i++) {
        if (found)
            assert_string_equal(names.name[i], shipped[i]);
        snprintf(path, sizeof path, "%s/%s.json", folder, shipped[i]);
        assert_int_equal(theme_load(path, &t, &warnings, &info), ERR_OK);
        assert_string_equal(text_get(&warnings), "");
        assert_string_equal(t.name, shipped[i]);
        assert_true(t.about[0]);
        assert_all_roles_named(path);
        assert_readable(&t);
    }
    theme_builtin(&standard);
    snprintf(path, sizeof path, "%s/default.json", folder);
    assert_int_equal(theme_load(path, &t, &warnings, &info), ERR_OK);
    assert_string_equal(t.name, standard.name);
    assert_string_equal(t.about, standard.about);
    assert_memory_equal(t.style, standard.style, sizeof t.style);
    assert_int_equal(theme_load(NULL, &t, &warnings, &info), ERR_OK);
    assert_memory_equal(t.style, standard.style, sizeof t.style);
    text_free(&warnings);
}

static void write_theme(const char *folder, const char *name, const char *json)
{
    char path[512];
    struct err_info info;
    assert_true(file_join(path, sizeof path, folder, name));
    assert_int_equal(file_write_atomic(path, json, strlen(json), &info), ERR_OK);
}

static void test_own_themes_come_first(void **state)
{
    char home[64], folder[256], path[512];
    struct theme_names names;
    struct theme t, before;
    struct err_info info;
    struct text warnings = {0};
    (void)state;
    assert_non_null(spawn_make_folder(home));
    snprintf(folder, sizeof folder, "%s/tiller/themes", home);
    assert_int_equal(file_make_folder(folder, &info), ERR_OK);
    setenv("XDG_CONFIG_HOME", home, 1);
    write_theme(folder, "mine.json", "{\"about\": \"a\", \"roles\": {\"good\": \"99\"}}");
    write_theme(folder, "light.json", "{\"name\": \"mine too\", \"roles\": {}}");
    write_theme(folder, "broken.json", "{");
    write_theme(folder, "notes.txt", "no theme");
    assert_int_equal(theme_load("mine", &t, NULL, &info), ERR_OK);
    assert_int_equal(t.style[TUI_COLOUR_256][PAINT_GOOD].fg, 99);
    assert_int_equal(theme_load("light", &t, NULL, &info), ERR_OK);
    assert_string_equal(t.name, "mine too"); /* before the shipped one */
    snprintf(path, sizeof path, "%s/mine.json", folder);
    assert_int_equal(theme_load(path, &t, NULL, &info), ERR_OK);
    theme_list(&names);
    size_t mine = 0, light = 0;
    for (size_t i = 0; i < names.n; i++) {
        mine += strcmp(names.name[i], "mine") == 0;
        light += strcmp(names.name[i], "light") == 0;
        assert_int_not_equal(strcmp(names.name[i], "notes"), 0);
    }
    assert_true(mine == 1 && light == 1);
    before = t;
    assert_int_equal(theme_load("broken", &t, NULL, &info), ERR_INPUT);
    assert_int_equal(theme_load("lihgt", &t, NULL, &info), ERR_USAGE);
    assert_non_null(strstr(info.hint, "light"));
    assert_int_equal(theme_load("", &t, NULL, &info), ERR_USAGE);
    assert_int_equal(theme_load("./no.json", &t, NULL, &info), ERR_IO);
    assert_memory_equal(&t, &before, sizeof t);
    write_theme(folder, "default.json", "{\"roles\": {\"good\": \"nonsense\"}}");
    assert_int_equal(theme_load("default", &t, &warnings, &info), ERR_OK); /* never fails */
    assert_string_equal(t.name, "default");
    assert_non_null(strstr(text_get(&warnings), "default.json:1: role 'good'"));
    text_free(&warnings);
    spawn_remove_folder(home);
}

static void test_tiers(void **state)
{
    static const struct {
        enum tui_colour asked;
        const char *no_color, *term;
        int n_colours;
        bool rgb;
        enum tui_colour tier;
    } cases[] = {
        {TUI_COLOUR_AUTO, NULL, "xterm", 8, false, TUI_COLOUR_16},
        {TUI_COLOUR_AUTO, NULL, "xterm", 16, false, TUI_COLOUR_16},
        {TUI_COLOUR_AUTO, NULL, "xterm-256color", 256, false, TUI_COLOUR_256},
        {TUI_COLOUR_AUTO, NULL, "xterm-direct", 1 << 24, true, TUI_COLOUR_256},
        {TUI_COLOUR_AUTO, NULL, "vt100", -1, false, TUI_COLOUR_NONE},
        {TUI_COLOUR_AUTO, NULL, "dumb", 256, false, TUI_COLOUR_NONE},
        {TUI_COLOUR_AUTO, NULL, NULL, 256, false, TUI_COLOUR_256},
        {TUI_COLOUR_AUTO, "1", "xterm-256color", 256, false, TUI_COLOUR_NONE},
        {TUI_COLOUR_AUTO, "", "xterm-256color", 256, false, TUI_COLOUR_256},
        {TUI_COLOUR_256, "1", "xterm-256color", 256, false, TUI_COLOUR_256},
        {TUI_COLOUR_DIRECT, NULL, "xterm-direct", 1 << 24, true, TUI_COLOUR_DIRECT},
        {TUI_COLOUR_DIRECT, NULL, "xterm-256color", 256, false, TUI_COLOUR_256},
        {TUI_COLOUR_256, NULL, "xterm", 8, false, TUI_COLOUR_16},
        {TUI_COLOUR_16, NULL, "vt100", -1, false, TUI_COLOUR_NONE},
        {TUI_COLOUR_NONE, NULL, "xterm-256color", 256, false, TUI_COLOUR_NONE},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(theme_tier(cases[i].asked, cases[i].no_color, cases[i].term,
                                    cases[i].n_colours, cases[i].rgb),
                         cases[i].tier);
}

/* The numbers of interface-anchors (Okabe-Ito by Lab distance), and: a palette colour is its own
 * nearest. */
static void test_nearest_colours(void **state)
{
    static const int okabe_ito[][2] = {{0xe69f00, 214}, {0x56b4e9, 74},  {0x009e73, 36},
                                       {0x0072b2, 25},  {0xd55e00, 166}, {0xcc79a7, 175},
                                       {0xf0e442, 227}};
    (void)state;
    for (size_t i = 0; i < sizeof okabe_ito / sizeof *okabe_ito; i++) {
        int got = theme_nearest_256(okabe_ito[i][0]);
        if (i != 3) /* blue: two entries are as near; the theme file picks the brighter */
            assert_int_equal(got, okabe_ito[i][1]);
        else
            assert_true(got == 25 || got == 31 || got == 32);
    }
    for (int i = 16; i < 256; i++)
        assert_int_equal(theme_palette_rgb(theme_nearest_256(theme_palette_rgb(i))),
                         theme_palette_rgb(i));
    for (int i = 0; i < 16; i++)
        assert_int_equal(theme_nearest_16(theme_palette_rgb(i)), i);
    assert_int_equal(theme_palette_rgb(-5), 0);
    assert_int_equal(theme_palette_rgb(999), 0xeeeeee);
}

static void test_without_memory(void **state)
{
    static const char json[] = "{\"roles\": {\"good\": \"1\", \"what\": \"2\"}}";
    struct theme t;
    struct err_info info;
    enum err e = ERR_MEMORY;
    (void)state;
    for (long k = 0; e; k++) {
        struct text warnings = {0};
        assert_true(k < 100);
        mem_fail_after(k);
        e = parse(json, &t, &warnings, &info);
        mem_fail_after(-1);
        assert_true(e == ERR_OK || e == ERR_MEMORY);
        text_free(&warnings);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_styles_in_all_tiers),
        cmocka_unit_test(test_wrong_files),
        cmocka_unit_test(test_unknown_roles_warn_missing_ones_are_built_in),
        cmocka_unit_test(test_shipped_themes),
        cmocka_unit_test(test_own_themes_come_first),
        cmocka_unit_test(test_tiers),
        cmocka_unit_test(test_nearest_colours),
        cmocka_unit_test(test_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
