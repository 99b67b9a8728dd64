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
