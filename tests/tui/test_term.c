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

/* ---- names of keys ----------------------------------------------------------------------- */

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

/* ---- bytes to events --------------------------------------------------------------------- */

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

/* ---- scripts ----------------------------------------------------------------------------- */

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

/* ---- the real terminal: the child -------------------------------------------------------- */

static volatile sig_atomic_t child_signal;

static void on_child_signal(int number)
{
    child_signal = number;
}

static bool child_open(struct term **t)
{
    struct err_info info;
    char line[900];
    enum tui_colour wish = getenv("WISH") ? (enum tui_colour)atoi(getenv("WISH")) : TUI_COLOUR_AUTO;
    if (term_open(wish, t, &info) == ERR_OK)
        return true;
    printf("refused: %s\n", err_format(&info, line, sizeof line));
    return false;
}

static void child_draw(struct term *t, struct frame *f, const char *last, int events)
{
    int rows, cols;
    term_size(t, &rows, &cols);
    frame_resize(f, rows, cols);
    frame_putf(f, 0, 0, cols, PAINT_TEXT, 0, "size %dx%d tier %d glyphs %d", rows, cols,
               (int)term_tier(t), (int)term_glyphs(t, NULL));
    frame_putf(f, 1, 0, cols, PAINT_GOOD, ATTR_BOLD, "event %d %s.", events, last);
    frame_put(f, 2, 0, cols, PAINT_HEAT12, 0, "heat");
    frame_put(f, 3, 0, cols, PAINT_SELECTED, ATTR_REVERSE, "chosen");
    frame_put(f, 4, 0, cols, PAINT_TEXT, ATTR_UNDERLINE, "\xe6\xbc\xa2\xe5\xad\x97 wide");
    frame_put_code(f, rows - 1, cols - 1, PAINT_BAD, 0, '#');
    if (strcmp(last, "i") == 0) {
        f->cursor_row = 1;
        f->cursor_col = 3;
    }
}

/* What keys do to the child; false: leave. The fault is one for the handler, not for a sanitizer.
 */
__attribute__((no_sanitize("undefined"))) static bool child_obey(struct term *t, uint32_t key)
{
    switch (key) {
    case 'q':
        return false;
    case 'a':
        abort();
    case 's':
        raise(SIGSEGV);
        return true;
    case 'f': {
        volatile int *nowhere = NULL;
        *nowhere = 1;
        return true;
    }
    case 'x':
        exit(3); /* without term_close */
    case 'm':
        term_set_mouse(t, true);
        return true;
    case 'M':
        term_set_mouse(t, false);
        return true;
    case 'l':
        term_repaint(t);
        return true;
    case 'y':
        term_copy(t, "h\xc3\xa9");
        return true;
    default:
        return true;
    }
}

static void describe_event(const struct term *t, const struct term_event *e, char *out, size_t size)
{
    char name[16];
    if (e->kind == TERM_EVENT_KEY && e->key == 'b')
        snprintf(out, size, "bytes %llu", (unsigned long long)term_bytes(t));
    else if (e->kind == TERM_EVENT_KEY)
        snprintf(out, size, "%s%s", e->pasted ? "pasted " : "",
                 term_key_name(e->key, name, sizeof name));
    else if (e->kind == TERM_EVENT_MOUSE)
        snprintf(out, size, "mouse %d at %d,%d", (int)e->button, e->row, e->col);
    else if (e->kind == TERM_EVENT_RESIZE)
        snprintf(out, size, "resize");
    else
        snprintf(out, size, "signal %d", (int)child_signal);
}

/* Shows what comes until `q`. */
static int child_echo(void)
{
    struct term *t;
    struct frame f = {0};
    struct term_event e;
    char last[64] = "start";
    if (getenv("CATCH")) { /* once, as the program does it */
        struct sigaction action = {.sa_handler = on_child_signal, .sa_flags = (int)SA_RESETHAND};
        sigemptyset(&action.sa_mask);
        sigaction(SIGTERM, &action, NULL);
    }
    if (!child_open(&t))
        return 7;
    glyphs_set(term_glyphs(t, NULL));
    for (int events = 0;; events++) {
        child_draw(t, &f, last, events);
        while (!term_show(t, &f))
            term_next(t, &(struct term_wait){-1, 1000, false}, &e);
        enum term_event_kind kind = term_next(t, &(struct term_wait){-1, -1, false}, &e);
        describe_event(t, &e, last, sizeof last);
        if (kind == TERM_EVENT_END)
            break;
        if (kind == TERM_EVENT_NONE && child_signal && strcmp(getenv("CATCH"), "stay") != 0)
            break;
        if (kind == TERM_EVENT_KEY && !e.pasted && !child_obey(t, e.key))
            break;
    }
    term_close(t);
    frame_free(&f);
    printf("bye %d\n", (int)child_signal);
    return 0;
}

/* Draws far more than the terminal takes, while nobody reads; never blocks. Then says how many
 * frames were not taken. */
static int child_flood(void)
{
    struct term *t;
    struct frame f = {0};
    struct term_event e;
    int refused = 0;
    if (!child_open(&t))
        return 7;
    for (int i = 0; i < 400; i++) {
        int rows, cols;
        term_size(t, &rows, &cols);
        frame_resize(&f, rows, cols);
        for (int row = 0; row < rows; row++)
            for (int col = 0; col < cols; col++)
                frame_put_code(&f, row, col, (enum paint)((row + col + i) % PAINT_N), 0,
                               (uint32_t)('!' + (row * 7 + col * 3 + i) % 90));
        refused += !term_show(t, &f);
        term_next(t, &(struct term_wait){-1, 0, false}, &e);
    }
    fclose(fopen(getenv("DONE"), "w"));
    frame_clear(&f);
    frame_putf(&f, 0, 0, f.cols, PAINT_TEXT, 0, "refused %d.", refused);
    while (!term_show(t, &f))
        term_next(t, &(struct term_wait){-1, -1, false}, &e);
    while (term_next(t, &(struct term_wait){-1, -1, false}, &e) != TERM_EVENT_KEY)
        continue;
    term_close(t);
    frame_free(&f);
    return 0;
}

/* Opening with memory that runs out after k allocations, until it works; then once more. */
static int child_memory(void)
{
    struct term *t;
    struct frame f = {0};
    struct err_info info;
    int failed = 0;
    frame_resize(&f, 5, 20);
    for (long k = 0; k < 12; k++) {
        mem_fail_after(k);
        enum err e = term_open(TUI_COLOUR_AUTO, &t, &info);
        mem_fail_after(-1);
        if (e != (t ? ERR_OK : ERR_MEMORY))
            return 1;
        failed += !t;
        term_close(t);
    }
    if (term_open(TUI_COLOUR_AUTO, &t, &info) != ERR_OK)
        return 3;
    for (long n = 0; n < 8; n++) { /* frames that meet an empty memory are drawn later */
        frame_putf(&f, 0, 0, 20, PAINT_GOOD, 0, "frame %ld", n);
        term_repaint(t);
        mem_fail_after(n);
        term_show(t, &f);
        mem_fail_after(-1);
    }
    term_show(t, &f);
    term_close(t);
    if (term_open(TUI_COLOUR_NONE, &t, &info) != ERR_OK)
        return 2;
    struct term *second = NULL;
    bool refused = term_open(TUI_COLOUR_NONE, &second, &info) == ERR_STATE && !second;
    term_show(t, &f);
    term_close(t);
    frame_free(&f);
    printf("memory %s\n", refused && failed > 1 ? "fine" : "wrong");
    return 0;
}

static int child(const char *name)
{
    setlocale(LC_CTYPE, "");
    if (strcmp(name, "flood") == 0)
        return child_flood();
    return strcmp(name, "memory") == 0 ? child_memory() : child_echo();
}

/* ---- the real terminal: from outside ----------------------------------------------------- */

static char self[4096];

static struct pty *run_child(const char *name, const char *const set[])
{
    const char *argv[] = {self, "--child", name, NULL};
    struct pty *p = pty_spawn_with(argv, set, 24, 80);
    assert_non_null(p);
    return p;
}

static void assert_terminal_restored(const struct pty *p)
{
    assert_false(pty_alternate_screen(p));
    assert_false(pty_mouse_on(p));
    assert_true(pty_cursor_visible(p));
    assert_true(pty_echo_on(p));
}

static void leave(struct pty *p)
{
    int status;
    assert_true(pty_send(p, "q"));
    assert_true(pty_wait_exit(p, &status, 10));
    assert_int_equal(status, 0);
    assert_terminal_restored(p);
    pty_close(p);
}

static void test_real_keys_and_colours(void **state)
{
    static const struct {
        const char *bytes, *event;
    } keys[] = {{"j", "1 j."},
                {"\033[A", "2 <Up>."},
                {"\033", "3 <Esc>."},
                {"\033OP", "4 <F1>."},
                {"\xc3\xa9", "5 \xc3\xa9."},
                {"\r", "6 <Enter>."},
                {"\023", "7 <C-s>."}, /* no flow control in the way */
                {"\033[15~", "8 <F5>."},
                {"i", "9 i."}};
    struct pty *p = run_child("echo", NULL);
    (void)state;
    assert_true(pty_wait_text(p, "event 0 start.", 10));
    assert_true(pty_alternate_screen(p));
    assert_false(pty_mouse_on(p));
    assert_false(pty_cursor_visible(p));
    assert_false(pty_echo_on(p));
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        assert_true(pty_send(p, keys[i].bytes));
        assert_true(pty_wait_text(p, keys[i].event, 10));
    }
    assert_true(pty_wait_quiet(p, 0.05, 10));
    assert_true(pty_cursor_visible(p));
    assert_non_null(strstr(pty_row(p, 0), "size 24x80 tier 3 glyphs 0"));
    assert_string_equal(pty_row(p, 4), "\xe6\xbc\xa2\xe5\xad\x97 wide");
    struct pty_cell c = pty_cell_at(p, 1, 0);
    assert_true(c.fg == 36 && c.bg == -1 && c.bold && !c.reverse);
    c = pty_cell_at(p, 2, 0);
    assert_true(c.fg == 16 && c.bg == 113);
    c = pty_cell_at(p, 3, 0);
    assert_true(c.reverse && c.fg == -1 && c.bg == -1);
    assert_true(pty_cell_at(p, 4, 0).underline);
    c = pty_cell_at(p, 23, 79); /* the last cell of the screen, without scrolling it */
    assert_true(c.code == '#' && c.fg == 166);
    leave(p);
}

static void test_real_paste_is_no_command(void **state)
{
    struct pty *p = run_child("echo", NULL);
    (void)state;
    assert_true(pty_wait_text(p, "event 0 start.", 10));
    assert_true(pty_send(p, "\033[200~q\rx\033[201~"));
    assert_true(pty_wait_text(p, "event 3 pasted x.", 10));
    leave(p);
}

static void test_real_mouse_and_clipboard(void **state)
{
    struct pty *p = run_child("echo", NULL);
    size_t n;
    (void)state;
    assert_true(pty_wait_text(p, "event 0 start.", 10));
    assert_true(pty_send(p, "m"));
    assert_true(pty_wait_text(p, "1 m.", 10));
    assert_true(pty_mouse_on(p));
    assert_true(pty_send(p, "\033[<0;11;6M"));
    assert_true(pty_wait_text(p, "mouse 0 at 5,10.", 10));
    assert_true(pty_send(p, "\033[<65;1;2M"));
    assert_true(pty_wait_text(p, "mouse 2 at 1,0.", 10));
    assert_true(pty_send(p, "M"));
    assert_true(pty_wait_text(p, " M.", 10));
    assert_false(pty_mouse_on(p));
    assert_true(pty_send(p, "y"));
    assert_true(pty_wait_text(p, " y.", 10));
    assert_non_null(strstr(pty_raw(p, &n), "\033]52;c;aMOp\a"));
    leave(p);
}

/* The shell's LINES and COLUMNS do not freeze the size. */
static void test_real_resizing(void **state)
{
    static const char *const set[] = {"LINES=10", "COLUMNS=20", NULL};
    struct pty *p = run_child("echo", set);
    (void)state;
    assert_true(pty_wait_text(p, "size 24x80", 10));
    for (int i = 1; i < 30; i++)
        pty_resize(p, 10 + i, 60 + i); /* a storm: the last one counts */
    pty_resize(p, 30, 100);
    assert_true(pty_wait_text(p, "size 30x100", 10));
    assert_true(pty_wait_quiet(p, 0.05, 10));
    assert_int_equal(pty_cell_at(p, 29, 99).code, '#');
    pty_resize(p, 5, 30);
    assert_true(pty_wait_text(p, "size 5x30", 10));
    pty_resize(p, 1, 1);
    assert_true(pty_wait_quiet(p, 0.05, 10));
    pty_resize(p, 24, 80);
    assert_true(pty_wait_text(p, "size 24x80", 10));
    assert_true(pty_wait_quiet(p, 0.05, 10));
    assert_int_equal(pty_cell_at(p, 23, 79).code, '#');
    leave(p);
}

static unsigned long long bytes_shown(struct pty *p, const char *event)
{
    char wanted[32];
    unsigned long long bytes = 0;
    snprintf(wanted, sizeof wanted, "event %s bytes ", event);
    assert_true(pty_send(p, "b"));
    assert_true(pty_wait_text(p, wanted, 10));
    assert_true(pty_wait_quiet(p, 0.05, 10));
    assert_int_equal(sscanf(strstr(pty_row(p, 1), "bytes"), "bytes %llu", &bytes), 1);
    return bytes;
}

static void test_real_few_bytes_all_counted(void **state)
{
    struct pty *p = run_child("echo", NULL);
    (void)state;
    assert_true(pty_wait_text(p, "event 0 start.", 10));
    assert_true(pty_wait_quiet(p, 0.05, 10));
    uint64_t seen = pty_bytes(p);
    assert_true(seen < 700); /* the way in and a nearly empty screen */
    assert_int_equal(bytes_shown(p, "1"), seen);
    seen = pty_bytes(p);
    assert_true(pty_send(p, "j"));
    assert_true(pty_wait_text(p, "event 2 j.", 10));
    assert_true(pty_wait_quiet(p, 0.05, 10));
    assert_true(pty_bytes(p) - seen < 80); /* one line changed */
    seen = pty_bytes(p);
    assert_int_equal(bytes_shown(p, "3"), seen);
    seen = pty_bytes(p);
    assert_true(pty_send(p, "l")); /* everything again */
    assert_true(pty_wait_text(p, "event 4 l.", 10));
    assert_true(pty_wait_quiet(p, 0.05, 10));
    assert_true(pty_bytes(p) - seen > 100);
    leave(p);
}

/* Nobody reads: frames are dropped, not queued, and nothing blocks. */
static void test_real_slow_terminal(void **state)
{
    char folder[64], done[96], set_done[128];
    struct stat what;
    int refused = 0, waited = 0;
    (void)state;
    assert_non_null(spawn_make_folder(folder));
    snprintf(done, sizeof done, "%s/done", folder);
    snprintf(set_done, sizeof set_done, "DONE=%s", done);
    struct pty *p = run_child("flood", (const char *const[]){set_done, NULL});
    while (stat(done, &what) != 0 && waited++ < 3000)
        poll(NULL, 0, 10);
    assert_true(waited < 3000);
    assert_true(pty_wait_text(p, "refused ", 10));
    assert_int_equal(sscanf(pty_row(p, 0), "refused %d", &refused), 1);
    assert_true(refused > 300);
    leave(p);
    spawn_remove_folder(folder);
}

static void test_real_ways_out(void **state)
{
    static const struct {
        const char *key;
        int signal, status;
    } ways[] = {{"x", 0, 3},
                {"a", 0, 128 + SIGABRT},
                {"s", 0, 128 + SIGSEGV},
                {"f", 0, 128 + SIGSEGV},
                {NULL, SIGTERM, 128 + SIGTERM},
                {NULL, SIGHUP, 128 + SIGHUP},
                {NULL, SIGQUIT, 128 + SIGQUIT},
                {"\003", 0, 128 + SIGINT}};
    (void)state;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        int status;
        struct pty *p = run_child("echo", NULL);
        assert_true(pty_wait_text(p, "event 0 start.", 10));
        assert_true(pty_send(p, "m"));
        assert_true(pty_wait_text(p, "1 m.", 10));
        if (ways[i].key)
            assert_true(pty_send(p, ways[i].key));
        else
            pty_signal(p, ways[i].signal);
        assert_true(pty_wait_exit(p, &status, 20));
        bool sanitized = getenv("ASAN_OPTIONS") || status == 1 || status == 66;
        if (!sanitized) /* sanitizers end a fault with a status of their own */
            assert_int_equal(status, ways[i].status);
        assert_terminal_restored(p);
        pty_close(p);
    }
}

/* A handler of the caller's is left alone, and term_next comes back to let it be seen. */
static void test_real_signal_of_the_caller(void **state)
{
    int status;
    struct pty *p = run_child("echo", (const char *const[]){"CATCH=1", NULL});
    (void)state;
    assert_true(pty_wait_text(p, "event 0 start.", 10));
    pty_signal(p, SIGTERM);
    assert_true(pty_wait_exit(p, &status, 10));
    assert_int_equal(status, 0);
    assert_true(pty_wait_text(p, "bye 15", 1));
    assert_terminal_restored(p);
    pty_close(p);
}

/* The second one is not handled any more: it ends the program, with the terminal in order. */
static void test_real_signal_twice(void **state)
{
    int status;
    struct pty *p = run_child("echo", (const char *const[]){"CATCH=stay", NULL});
    (void)state;
    assert_true(pty_wait_text(p, "event 0 start.", 10));
    pty_signal(p, SIGTERM);
    assert_true(pty_wait_text(p, "event 1 signal 15.", 10));
    pty_signal(p, SIGTERM);
    assert_true(pty_wait_exit(p, &status, 10));
    assert_int_equal(status, 128 + SIGTERM);
    assert_terminal_restored(p);
    pty_close(p);
}

static bool is_restored(struct pty *p, void *context)
{
    (void)context;
    return pty_echo_on(p) && !pty_alternate_screen(p);
}

/* Ctrl-Z under a shell with job control, and back. */
static void test_real_stop_and_back(void **state)
{
    char line[4300];
    int status;
    snprintf(line, sizeof line,
             "set -m; '%s' --child echo; echo at the shell; read word; fg >/dev/null; echo over",
             self);
    struct pty *p = pty_spawn((const char *const[]){"/bin/sh", "-c", line, NULL}, NULL, 24, 80);
    (void)state;
    assert_non_null(p);
    assert_true(pty_wait_text(p, "event 0 start.", 10));
    assert_true(pty_send(p, "\032"));
    assert_true(pty_wait_text(p, "at the shell", 10));
    assert_true(pty_wait_until(p, is_restored, NULL, 10));
    assert_terminal_restored(p);
    assert_true(pty_send(p, "go\n"));
    assert_true(pty_wait_text(p, "event 1 resize.", 10));
    assert_true(pty_alternate_screen(p));
    assert_false(pty_echo_on(p));
    assert_true(pty_send(p, "j"));
    assert_true(pty_wait_text(p, "event 2 j.", 10));
    assert_true(pty_send(p, "q"));
    assert_true(pty_wait_exit(p, &status, 10));
    assert_terminal_restored(p);
    pty_close(p);
}

/* SGR numbers 30 to 49 in the bytes: a colour was set (or reset). */
static bool has_colour_escape(struct pty *p)
{
    size_t n;
    const char *raw = pty_raw(p, &n);
    for (size_t i = 0; i + 2 < n; i++) {
        if (raw[i] != '\033' || raw[i + 1] != '[')
            continue;
        size_t k = i + 2, number = 0;
        bool colour = false;
        for (; k < n && strchr("0123456789;", raw[k]); k++) {
            number = raw[k] == ';' ? 0 : number * 10 + (size_t)(raw[k] - '0');
            colour = colour || (number >= 30 && number < 50) || (number >= 90 && number < 108);
        }
        if (k < n && raw[k] == 'm' && colour)
            return true;
    }
    return false;
}

static void test_real_environments(void **state)
{
    static const struct {
        const char *set[4];
        const char *first_row;
        bool colour;
    } cases[] = {
        {{NULL}, "tier 3 glyphs 0", true},
        {{"NO_COLOR=1"}, "tier 1 glyphs 0", false},
        {{"NO_COLOR="}, "tier 3 glyphs 0", true},
        {{"NO_COLOR=1", "WISH=2"}, "tier 2 glyphs 0", true}, /* the wish is stronger */
        {{"WISH=1"}, "tier 1 glyphs 0", false},
        {{"TERM=xterm"}, "tier 2 glyphs 0", true},
        {{"TERM=linux"}, "tier 2 glyphs 2", true},
        {{"TERM=vt100"}, "tier 1 glyphs 2", false},
        {{"LANG=C", "LC_ALL=C"}, "tier 3 glyphs 2", true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int status;
        struct pty *p = run_child("echo", cases[i].set);
        assert_true(pty_wait_text(p, cases[i].first_row, 10));
        assert_true(pty_wait_text(p, "event 0 start.", 10));
        assert_true(pty_wait_quiet(p, 0.05, 10));
        assert_true(pty_cell_at(p, 3, 0).reverse); /* the selection is seen without colours too */
        assert_int_equal(has_colour_escape(p), cases[i].colour);
        assert_true(pty_send(p, "q"));
        assert_true(pty_wait_exit(p, &status, 10));
        assert_int_equal(status, 0);
        assert_terminal_restored(p);
        pty_close(p);
    }
}

static void test_real_refusals(void **state)
{
    int status;
    /* what newterm leaves behind on failure is curses' own */
    struct pty *p = run_child(
        "echo", (const char *const[]){"TERM=nonesuch", "ASAN_OPTIONS=detect_leaks=0", NULL});
    (void)state;
    assert_true(pty_wait_exit(p, &status, 10));
    assert_int_equal(status, 7);
    assert_true(pty_wait_text(p, "refused: terminal: terminal type 'nonesuch' is unknown", 1));
    assert_terminal_restored(p);
    pty_close(p);
    p = run_child("echo", (const char *const[]){"TERM=dumb", NULL});
    assert_true(pty_wait_exit(p, &status, 10));
    assert_true(pty_wait_text(p, "cannot place the cursor", 1));
    assert_false(has_colour_escape(p));
    assert_true(pty_echo_on(p));
    pty_close(p);
    p = run_child("echo", (const char *const[]){"TERM", NULL});
    assert_true(pty_wait_exit(p, &status, 10));
    assert_true(pty_wait_text(p, "TERM is not set", 1));
    pty_close(p);
    struct spawned s; /* pipes instead of a terminal */
    assert_int_equal(spawn_run(&s, (const char *const[]){self, "--child", "echo", NULL}, NULL, 10),
                     7);
    assert_non_null(strstr(text_get(&s.out), "no terminal"));
    spawn_free(&s);
}

static void test_real_without_memory(void **state)
{
    int status;
    struct pty *p = run_child("memory", NULL);
    (void)state;
    assert_true(pty_wait_exit(p, &status, 20));
    assert_int_equal(status, 0);
    assert_true(pty_wait_text(p, "memory fine", 1));
    assert_terminal_restored(p);
    pty_close(p);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_key_names_there_and_back),
        cmocka_unit_test(test_key_names_read),
        cmocka_unit_test(test_input_whole_and_byte_by_byte),
        cmocka_unit_test(test_input_waits_then_decides),
        cmocka_unit_test(test_input_learns_from_terminfo),
        cmocka_unit_test(test_input_survives_anything),
        cmocka_unit_test(test_script_lines),
        cmocka_unit_test(test_script_errors_name_the_line),
        cmocka_unit_test(test_script_too_many_keys_in_a_line),
        cmocka_unit_test(test_script_hopeless_wait),
        cmocka_unit_test(test_script_wakes),
        cmocka_unit_test(test_script_saves_screens),
        cmocka_unit_test(test_script_without_memory),
        cmocka_unit_test(test_real_keys_and_colours),
        cmocka_unit_test(test_real_paste_is_no_command),
        cmocka_unit_test(test_real_mouse_and_clipboard),
        cmocka_unit_test(test_real_resizing),
        cmocka_unit_test(test_real_few_bytes_all_counted),
        cmocka_unit_test(test_real_slow_terminal),
        cmocka_unit_test(test_real_ways_out),
        cmocka_unit_test(test_real_signal_of_the_caller),
        cmocka_unit_test(test_real_signal_twice),
        cmocka_unit_test(test_real_stop_and_back),
        cmocka_unit_test(test_real_environments),
        cmocka_unit_test(test_real_refusals),
        cmocka_unit_test(test_real_without_memory),
    };
    if (argc == 3 && strcmp(argv[1], "--child") == 0)
        return child(argv[2]);
    if (readlink("/proc/self/exe", self, sizeof self - 1) <= 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
