/* The terminal: names of keys, bytes to events, scripts; and the real one, in this very program run
 * again as a child at a pseudo-terminal (--child NAME). */
#include "widgets.h"

#include "../support/pty.h"
#include "../support/spawn.h"
#include "tui/term.h"
#include "tui/term_input.h"

#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- names of keys ------------------------------------------------------------------------------
 */

static void test_key_names_there_and_back(void **state)
{
    char name[16];
    uint32_t key;
    (void)state;
    for (uint32_t k = 1; k < TERM_KEY_LAST; k = k == 0x3000 ? TERM_KEY_FIRST : k + 1) {
        bool control = k < ' ' && k != '\t' && k != '\r' && k != '\n' && k != '\b' && k <= 26;
        if ((k < ' ' && !control) || (k >= 0x7F && k < 0xA0))
            continue;
        term_key_name(k, name, sizeof name);
        assert_int_equal(term_key_parse(name, &key), strlen(name));
        assert_int_equal(key, k);
    }
}

static void test_key_names_read(void **state)
{
    static const struct {
        const char *s;
        size_t used;
        uint32_t key;
    } cases[] = {
        {"j", 1, 'j'},
        {"jk", 1, 'j'},
        {"\xc3\xa9x", 2, 0xE9},
        {"<Enter>", 7, TERM_KEY_ENTER},
        {"<cr>", 4, TERM_KEY_ENTER},
        {"<C-M>", 5, TERM_KEY_ENTER},
        {"<C-i>", 5, TERM_KEY_TAB},
        {"<C-h>", 5, TERM_KEY_BACKSPACE},
        {"<C-d>x", 5, 4},
        {"<F12>", 5, TERM_KEY_F12},
        {"<f8>", 4, TERM_KEY_F1 + 7},
        {"<Space>", 7, ' '},
        {"<lt>", 4, '<'},
        {"<PGDN>", 6, TERM_KEY_PAGE_DOWN},
        {"<S-Tab>", 7, TERM_KEY_BACKTAB},
        {"", 0, 0},
        {"<", 0, 0},
        {"<Nonsense>", 0, 0},
        {"<F13>", 0, 0},
        {"<F0>", 0, 0},
        {"<F01>", 0, 0},
        {"<F1x>", 0, 0},
        {"<>", 0, 0},
        {"\xff", 0, 0},
        {"\t", 0, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint32_t key = 0;
        assert_int_equal(term_key_parse(cases[i].s, &key), cases[i].used);
        if (cases[i].used)
            assert_int_equal(key, cases[i].key);
    }
}

/* ---- bytes to events ----------------------------------------------------------------------------
 */

/* Events as text: "j <Up> *x" (* pasted), "[click 5,10]"; "..." for an unfinished sequence. */
static void write_events(struct term_input *in, bool late, char *out, size_t size)
{
    struct term_event e;
    enum input_result result;
    char name[16];
    out[0] = 0;
    while ((result = term_input_next(in, late, &e)) == INPUT_EVENT) {
        size_t n = strlen(out);
        if (e.kind == TERM_EVENT_MOUSE)
            snprintf(out + n, size - n, "[%d %d,%d] ", (int)e.button, e.row, e.col);
        else
            snprintf(out + n, size - n, "%s%s ", e.pasted ? "*" : "",
                     term_key_name(e.key, name, sizeof name));
    }
    if (result == INPUT_MORE)
        snprintf(out + strlen(out), size - strlen(out), "...");
    size_t n = strlen(out);
    if (n && out[n - 1] == ' ')
        out[n - 1] = 0;
}

static const struct {
    const char *bytes, *events;
} decoded[] = {
    {"jk", "j k"},
    {"\xc3\xa9\xe6\xbc\xa2", "\xc3\xa9 \xe6\xbc\xa2"},
    {"\r\n\t\x7f\b\x04", "<Enter> <Enter> <Tab> <BS> <BS> <C-d>"},
    {"\033[A\033[B\033OC\033OD", "<Up> <Down> <Right> <Left>"},
    {"\033[H\033[F\033[1~\033[4~\033[7~\033[8~", "<Home> <End> <Home> <End> <Home> <End>"},
    {"\033[5~\033[6~\033[2~\033[3~\033[Z", "<PgUp> <PgDn> <Ins> <Del> <S-Tab>"},
    {"\033OP\033[11~\033[[A\033[24~\033[[E", "<F1> <F1> <F1> <F12> <F5>"},
    {"\033[1;5A\033[3;2~", "<Up> <Del>"},  /* Ctrl, Shift: the plain key */
    {"\033Op\033Oy\033OM", "0 9 <Enter>"}, /* the number pad */
    {"\033x", "<Esc> x"},                  /* Alt is Esc, then the key */
    {"\033\033[A", "<Esc> <Up>"},
    {"\033[<0;11;6M", "[0 5,10]"},
    {"\033[<0;11;6m\033[<35;1;1M", ""}, /* releases and moves are nothing */
    {"\033[<64;1;1M\033[<65;2;3M", "[1 0,0] [2 2,1]"},
    {"\033[M !\"", "[0 1,0]"}, /* as X10 says it */
    {"\033[<0;0;0M", ""},
    {"\033[I\033[Oj", "j"},                     /* focus reports */
    {"\033]11;rgb:0000/0000/0000\033\\j", "j"}, /* answers nobody asked for */
    {"\033]0;t\007\033P1$r0m\033\\\033[?2026;2$yk", "k"},
    {"\033[999zq", "q"}, /* unknown: swallowed whole */
    {"\033[200~a\r\nq\033[A\001\033[201~b", "*a *<Space> *q *<Space> *[ *A *<Space> b"},
    {"\xff\xfe\x80j\xc3(", "j ("}, /* not UTF-8 */
    {"\xc2\x85j", "j"},            /* a C1 control in disguise */
    {"\000", ""},
};

static void test_input_whole_and_byte_by_byte(void **state)
{
    char got[512];
    (void)state;
    for (size_t i = 0; i < sizeof decoded / sizeof *decoded; i++) {
        struct term_input in = {.utf8 = true};
        term_input_feed(&in, decoded[i].bytes, strlen(decoded[i].bytes));
        write_events(&in, false, got, sizeof got);
        assert_string_equal(got, decoded[i].events);
        struct text all = {0};
        in = (struct term_input){.utf8 = true};
        for (const char *p = decoded[i].bytes; *p; p++) {
            term_input_feed(&in, p, 1);
            write_events(&in, false, got, sizeof got);
            char *more = strstr(got, "...");
            if (more)
                *more = 0;
            text_append(&all, got);
            if (got[0] && all.data[all.length - 1] != ' ')
                text_append_char(&all, ' ');
        }
        if (all.length)
            all.data[all.length - 1] = 0;
        assert_string_equal(text_get(&all), decoded[i].events);
        text_free(&all);
    }
}

static void test_input_waits_then_decides(void **state)
{
    static const struct {
        const char *bytes, *later;
    } cases[] = {{"\033", "<Esc>"},
                 {"\033[", "<Esc> ["},
                 {"\033O", "<Esc> O"},
                 {"\033[12", "<Esc> [ 1 2"},
                 {"\033]x", "<Esc> ] x"},
                 {"\xe6\xbc", ""},
                 {"\033[M !", "<Esc> [ M <Space> !"}};
    char got[256];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct term_input in = {.utf8 = true};
        term_input_feed(&in, cases[i].bytes, strlen(cases[i].bytes));
        write_events(&in, false, got, sizeof got);
        assert_string_equal(got, "...");
        write_events(&in, true, got, sizeof got);
        assert_string_equal(got, cases[i].later);
    }
}

static void test_input_learns_from_terminfo(void **state)
{
    struct term_input in = {0};
    char got[64];
    (void)state;
    term_input_learn(&in, "\033[a", TERM_KEY_UP);
    term_input_learn(&in, "\033[ab", TERM_KEY_DOWN);
    term_input_learn(&in, "x", TERM_KEY_LEFT); /* no sequence: ignored */
    term_input_learn(&in, NULL, TERM_KEY_LEFT);
    term_input_feed(&in, "x\033[a", 4);
    write_events(&in, false, got, sizeof got);
    assert_string_equal(got, "x <Up>");
    term_input_feed(&in, "\xc3\xa9z", 3); /* not a UTF-8 locale: bytes over 127 are dropped */
    write_events(&in, false, got, sizeof got);
    assert_string_equal(got, "z");
}

/* Whatever comes, it ends, and nothing but keys, mouse and clean pasted characters comes out. */
static void test_input_survives_anything(void **state)
{
    static const char alphabet[] = "\033\033[[<;0123456789~MmOAZ]P\\\007\xc3\xa9\xff q\r";
    struct rng rng;
    (void)state;
    rng_seed(&rng, 7, 1);
    for (int round = 0; round < 3000; round++) {
        struct term_input in = {.utf8 = round % 2};
        struct term_event e;
        enum input_result result;
        size_t n = (size_t)rng_below(&rng, 60);
        for (size_t i = 0; i < n; i++)
            term_input_feed(&in, &alphabet[rng_below(&rng, sizeof alphabet - 1)], 1);
        for (size_t events = 0; (result = term_input_next(&in, true, &e)) == INPUT_EVENT;
             events++) {
            assert_true(events < 200);
            if (e.kind == TERM_EVENT_KEY)
                assert_true(e.key < TERM_KEY_LAST && e.key != 0 && (!e.pasted || e.key >= ' '));
            else
                assert_true(e.kind == TERM_EVENT_MOUSE && e.row >= 0 && e.col >= 0);
        }
        assert_int_equal(result, INPUT_EMPTY);
        assert_int_equal(in.n, 0);
    }
    struct term_input full = {.utf8 = true}; /* an answer that never ends cannot lock the keys */
    struct term_event e;
    term_input_feed(&full, "\033]", 2);
    while (term_input_room(&full))
        term_input_feed(&full, "aaaaaaaa", 8);
    assert_int_equal(term_input_next(&full, false, &e), INPUT_EVENT);
}

/* ---- scripts ------------------------------------------------------------------------------------
 */

/* Runs a script to its end: keys are collected; after each event the frame shows them. `idle` is
 * said from the second look on. Returns why it ended. */
static enum err play(const char *script, char *keys, size_t size, struct err_info *info)
{
    struct term *t;
    struct frame f = {0};
    struct term_event e;
    char name[16];
    int looks = 0;
    assert_int_equal(term_open_script_text(script, "test.script", 4, 40, &t, info), ERR_OK);
    keys[0] = 0;
    for (;;) {
        int rows, cols;
        term_size(t, &rows, &cols);
        assert_true(frame_resize(&f, rows, cols));
        frame_putf(&f, 0, 0, cols, PAINT_GOOD, ATTR_BOLD, "keys %s", keys);
        assert_true(term_show(t, &f));
        struct term_wait wait = {.wake_fd = -1, .timeout_ms = 0, .idle = looks >= 2};
        enum term_event_kind kind = term_next(t, &wait, &e);
        size_t n = strlen(keys);
        looks = kind == TERM_EVENT_NONE ? looks + 1 : 0;
        assert_true(looks < 1000);
        if (kind == TERM_EVENT_END)
            break;
        if (kind == TERM_EVENT_KEY)
            snprintf(keys + n, size - n, "%s%s ", e.pasted ? "*" : "",
                     term_key_name(e.key, name, sizeof name));
        else if (kind == TERM_EVENT_RESIZE)
            snprintf(keys + n, size - n, "[resize] ");
    }
    assert_int_equal(term_next(t, &(struct term_wait){.wake_fd = -1}, &e), TERM_EVENT_END);
    enum err result = term_script_result(t, info);
    term_close(t);
    frame_free(&f);
    return result;
}

static void test_script_lines(void **state)
{
    static const struct {
        const char *script, *keys;
    } cases[] = {
        {"", ""},
        {"# nothing\n\n   \n", ""},
        {"j j <Enter> 5k\n", "j j <Enter> 5 k "},
        {"  jj\r\n", "j j "},
        {"type a b\n", "a <Space> b "},
        {":theme light\n", ": t h e m e <Space> l i g h t <Enter> "},
        {":waiting\n", ": w a i t i n g <Enter> "},
        {":paste a\tb\n", "*a *<Space> *b "},
        {"a\n:wait idle\nb", "a b "},
        {"a\n:wait text keys a\nb\n:wait gone nothing\nc\n", "a b c "},
        {":resize 10x20\nx\n", "[resize] x "},
        {"<C-d><lt><Space>\n", "<C-d> <lt> <Space> "},
    };
    char keys[512];
    struct err_info info;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(play(cases[i].script, keys, sizeof keys, &info), ERR_OK);
        assert_string_equal(keys, cases[i].keys);
    }
}

static void test_script_errors_name_the_line(void **state)
{
    static const struct {
        const char *script, *where, *detail;
        enum err code;
    } cases[] = {
        {"j\n\n<Nonsense> k\n", "test.script:3", "begins with no key", ERR_INPUT},
        {":wait\n", "test.script:1", "what to wait for", ERR_INPUT},
        {":wait text\n", "test.script:1", "what to wait for", ERR_INPUT},
        {"#\n:resize 0x5\n", "test.script:2", "what size", ERR_INPUT},
        {":resize 99999x5\n", "test.script:1", "what size", ERR_INPUT},
        {":resize 5\n", "test.script:1", "what size", ERR_INPUT},
        {":save-screen\n", "test.script:1", "where to save", ERR_INPUT},
        {":save-screen a b\n", "test.script:1", "where to save", ERR_INPUT},
        {":save-screen /no/such/folder/x\n", "/no/such/folder", "", ERR_IO},
    };
    char keys[512];
    struct err_info info;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(play(cases[i].script, keys, sizeof keys, &info), cases[i].code);
        assert_non_null(strstr(info.where, cases[i].where));
        assert_non_null(strstr(info.detail, cases[i].detail));
    }
}

static void test_script_too_many_keys_in_a_line(void **state)
{
    struct text script = {0};
    char keys[64];
    struct err_info info;
    (void)state;
    for (int i = 0; i < 4200; i++)
        text_append_char(&script, 'j');
    assert_int_equal(play(text_get(&script), keys, sizeof keys, &info), ERR_INPUT);
    assert_non_null(strstr(info.detail, "4096"));
    for (int i = 0; i < 5000; i++)
        text_append_char(&script, 'j');
    assert_int_equal(play(text_get(&script), keys, sizeof keys, &info), ERR_INPUT);
    assert_non_null(strstr(info.detail, "8191"));
    text_free(&script);
}

/* A wait that nothing can end is an error at once, not after a minute. */
static void test_script_hopeless_wait(void **state)
{
    struct term *t;
    struct term_event e;
    struct err_info info;
    (void)state;
    assert_int_equal(term_open_script_text(":wait text moon\n", "s", 0, 0, &t, &info), ERR_OK);
    int rows, cols;
    term_size(t, &rows, &cols);
    assert_int_equal(rows, 24);
    assert_int_equal(cols, 80);
    struct term_wait wait = {.wake_fd = -1, .timeout_ms = -1, .idle = true};
    assert_int_equal(term_next(t, &wait, &e), TERM_EVENT_END);
    assert_int_equal(term_script_result(t, &info), ERR_STATE);
    assert_non_null(strstr(info.detail, "moon"));
    assert_int_equal(term_bytes(t), 0);
    assert_false(term_copy(t, "x"));
    assert_int_equal(term_glyphs(t, "braille"), GLYPHS_BRAILLE);
    assert_int_equal(term_glyphs(t, "ascii"), GLYPHS_ASCII);
    term_close(t);
    term_close(NULL);
}

static void test_script_wakes(void **state)
{
    struct term *t;
    struct term_event e;
    struct err_info info;
    char byte;
    int ends[2];
    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(term_open_script_text("j\n:wait idle\nk\n", "s", 0, 0, &t, &info), ERR_OK);
    struct term_wait wait = {.wake_fd = ends[0], .timeout_ms = 0, .idle = false};
    assert_int_equal(write(ends[1], "!", 1), 1);
    assert_int_equal(term_next(t, &wait, &e), TERM_EVENT_WAKE);
    assert_int_equal(read(ends[0], &byte, 1), 1);
    assert_int_equal(term_next(t, &wait, &e), TERM_EVENT_KEY);
    assert_int_equal(term_next(t, &wait, &e), TERM_EVENT_NONE); /* not idle */
    assert_int_equal(write(ends[1], "!", 1), 1);
    wait.timeout_ms = -1;
    assert_int_equal(term_next(t, &wait, &e), TERM_EVENT_WAKE);
    assert_int_equal(read(ends[0], &byte, 1), 1);
    wait.idle = true;
    assert_int_equal(term_next(t, &wait, &e), TERM_EVENT_KEY);
    assert_int_equal(e.key, 'k');
    assert_int_equal(term_next(t, &wait, &e), TERM_EVENT_END);
    assert_int_equal(term_script_result(t, &info), ERR_OK);
    term_close(t);
    close(ends[0]);
    close(ends[1]);
}

static void test_script_saves_screens(void **state)
{
    char folder[64], path[128], script[512], keys[64], *got;
    struct err_info info;
    size_t n;
    (void)state;
    assert_non_null(spawn_make_folder(folder));
    snprintf(path, sizeof path, "%s/a.screen", folder);
    snprintf(script, sizeof script, "j\n:save-screen %s\n", path);
    assert_int_equal(play(script, keys, sizeof keys, &info), ERR_OK);
    assert_int_equal(file_read(path, 4096, &got, &n, &info), ERR_OK);
    assert_string_equal(got, "keys j\n\n\n\n");
    mem_free(got);
    snprintf(script, sizeof script, "j\n:save-screen %s attrs\n", path);
    assert_int_equal(play(script, keys, sizeof keys, &info), ERR_OK);
    assert_int_equal(file_read(path, 4096, &got, &n, &info), ERR_OK);
    assert_string_equal(got, "keys j\n\n\n\nroles: row:column+cells role attributes\n"
                             "0:0+7 good bold\n");
    mem_free(got);
    snprintf(path, sizeof path, "%s/a.script", folder); /* the file form */
    assert_int_equal(file_write_atomic(path, "x", 1, &info), ERR_OK);
    struct term *t;
    struct term_event e;
    assert_int_equal(term_open_script(path, 5, 10, &t, &info), ERR_OK);
    assert_int_equal(term_next(t, &(struct term_wait){.wake_fd = -1}, &e), TERM_EVENT_KEY);
    assert_int_equal(e.key, 'x');
    term_close(t);
    assert_int_equal(file_write_atomic(path, "x\0y", 3, &info), ERR_OK);
    assert_int_equal(term_open_script(path, 5, 10, &t, &info), ERR_INPUT);
    assert_int_equal(term_open_script("/no/such/script", 5, 10, &t, &info), ERR_IO);
    assert_null(t);
    spawn_remove_folder(folder);
}

static void test_script_without_memory(void **state)
{
    struct term *t = NULL;
    struct err_info info;
    (void)state;
    for (long k = 0; !t; k++) {
        assert_true(k < 20);
        mem_fail_after(k);
        enum err e = term_open_script_text("j", "s", 0, 0, &t, &info);
        mem_fail_after(-1);
        assert_int_equal(e, t ? ERR_OK : ERR_MEMORY);
    }
    term_close(t);
}
