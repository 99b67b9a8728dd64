/* The real terminal. Curses does what it is best at, turning a screen into the fewest bytes for any
 * TERM; it writes into a file in memory, so that the bytes of a frame can be counted, sent in one
 * piece and kept back while the terminal is slow. Modes, signals and input are our own (term_tty,
 * term_input), because curses would block on them.
 *
 * What always holds: `shown` is the frame that curses has been given last; between two term_show
 * the bytes handed to the terminal are whole frames. */
#define NCURSES_WIDECHAR 1
#include "tui/term_impl.h"
#include "tui/term_input.h"
#include "tui/term_tty.h"
#include "tui/theme_colour.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <math.h>
#include <ncurses.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <unistd.h>
#include <wchar.h>

enum { ESCAPE_MS = 25, PASTE_QUIET_S = 1, SEQUENCE = 256 };

struct curses {
    struct term term;
    SCREEN *screen;
    FILE *out, *in; /* the file in memory; nothing */
    int out_fd;
    char *bytes; /* of one frame; [capacity] */
    size_t capacity;
    struct frame shown;
    bool all;     /* shown is not what the terminal shows: everything again */
    bool refused; /* a frame was not taken: say so when there is room again */
    bool gone;    /* the terminal hung up */
    bool woken;   /* a signal of the caller's came: back to it */
    bool utf8, rgb_only;
    bool can_mouse, can_paste, can_copy, mouse;
    bool cursor_on;
    char show_cursor[SEQUENCE], hide_cursor[SEQUENCE];
    attr_t attr[PAINT_N];
    bool pair[PAINT_N];
    struct term_input input;
    double more_since, read_at; /* an unfinished sequence waits since then, -1 none; last input */
    double escape_s;
};

/* ---- terminfo ---------------------------------------------------------------------------- */

/* A string of terminfo's; NULL if the terminal has none. */
static const char *capability(const char *name)
{
    const char *s = tigetstr(name);
    return s && (intptr_t)s != -1 && *s ? s : NULL;
}

/* Appends a string of terminfo's without its padding marks, $<5>. */
static void append_capability(char out[static SEQUENCE], const char *name)
{
    const char *s = capability(name);
    size_t n = strlen(out);
    for (; s && *s && n + 1 < SEQUENCE; s++) {
        const char *end = s[0] == '$' && s[1] == '<' ? strchr(s, '>') : NULL;
        if (end)
            s = end;
        else
            out[n++] = *s;
    }
    out[n] = 0;
}

static void append(char out[static SEQUENCE], const char *s)
{
    size_t n = strlen(out);
    text_copy(out + n, SEQUENCE - n, s);
}

/* Terminals that print what they do not know. */
static bool is_plain(const char *name)
{
    static const char *const plain[] = {"dumb", "linux", "vt", "ansi", "cons", "sun", "wy"};
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        if (strncmp(name, plain[i], strlen(plain[i])) == 0)
            return true;
    return false;
}

static void learn_keys(struct term_input *in)
{
    static const struct {
        const char *name;
        uint32_t key;
    } keys[] = {
        {"kcuu1", TERM_KEY_UP},      {"kcud1", TERM_KEY_DOWN},    {"kcub1", TERM_KEY_LEFT},
        {"kcuf1", TERM_KEY_RIGHT},   {"khome", TERM_KEY_HOME},    {"kend", TERM_KEY_END},
        {"kpp", TERM_KEY_PAGE_UP},   {"knp", TERM_KEY_PAGE_DOWN}, {"kich1", TERM_KEY_INSERT},
        {"kdch1", TERM_KEY_DELETE},  {"kcbt", TERM_KEY_BACKTAB},  {"kent", TERM_KEY_ENTER},
        {"kbs", TERM_KEY_BACKSPACE}, {"kf1", TERM_KEY_F1}};
    char name[8];
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        term_input_learn(in, capability(keys[i].name), keys[i].key);
    for (unsigned f = 2; f <= 12; f++)
        term_input_learn(in, capability(text_format(name, sizeof name, "kf%u", f)),
                         TERM_KEY_F1 + f - 1);
}

/* What goes to the terminal on the way in and on the way out. */
static void enter(struct curses *c)
{
    char in[SEQUENCE] = "", out[SEQUENCE] = "";
    append_capability(in, "smcup");
    append_capability(in, "smkx");
    append(in, c->can_paste ? "\033[?2004h" : "");
    append(in, c->mouse ? "\033[?1000h\033[?1006h" : "");
    append_capability(in, c->cursor_on ? "cnorm" : "civis");
    append(out, c->can_mouse ? "\033[?1006l\033[?1000l" : "");
    append(out, c->can_paste ? "\033[?2004l" : "");
    append_capability(out, "rmkx");
    append_capability(out, "sgr0");
    if (c->term.tier != TUI_COLOUR_NONE)
        append_capability(out, "op");
    append_capability(out, "rmcup");
    append_capability(out, "cnorm"); /* behind rmcup, which may bring back the cursor's state */
    append(out, capability("rmcup") ? "" : "\r\n");
    tty_enter(in, out);
    c->all = true;
    clearok(curscr, TRUE);
}

/* ---- colours ----------------------------------------------------------------------------- */

static int curses_colour(const struct curses *c, int32_t colour, attr_t *attr)
{
    if (colour == THEME_DEFAULT)
        return -1;
    if (c->rgb_only && colour >= 8) {
        int rgb = colour & THEME_RGB ? colour & 0xffffff : theme_palette_rgb(colour);
        return rgb < 8 ? 8 : rgb; /* 0..7 are names there as well */
    }
    if (c->term.tier != TUI_COLOUR_16)
        return colour & 0xffffff;
    if (colour < 8 || COLORS >= 16)
        return colour & 15;
    if (attr)
        *attr |= A_BOLD; /* eight colours: bright is bold */
    return colour & 7;
}

static attr_t curses_attr(unsigned attr)
{
    return (attr & ATTR_BOLD ? A_BOLD : A_NORMAL) | (attr & ATTR_REVERSE ? A_REVERSE : A_NORMAL) |
           (attr & ATTR_UNDERLINE ? A_UNDERLINE : A_NORMAL) | (attr & ATTR_DIM ? A_DIM : A_NORMAL);
}

static void curses_set_theme(struct term *t, const struct theme *theme)
{
    struct curses *c = (struct curses *)t;
    for (int p = 0; p < PAINT_N; p++) {
        struct theme_style s = theme->style[t->tier][p];
        c->attr[p] = curses_attr(s.attr);
        c->pair[p] = t->tier != TUI_COLOUR_NONE && (s.fg != THEME_DEFAULT || s.bg != THEME_DEFAULT);
        if (c->pair[p])
            init_extended_pair(p + 1, curses_colour(c, s.fg, &c->attr[p]),
                               curses_colour(c, s.bg, NULL));
    }
    c->all = true;
}

/* ---- frames ------------------------------------------------------------------------------ */

/* The character as this terminal can show it in `width` cells; '?' for what curses would place
 * otherwise than the frame. */
static uint32_t shape(const struct curses *c, uint32_t code, int width)
{
    if (code < 0x20 || code == 0x7F)
        return ' ';
    if (code < 0x7F)
        return code;
    return c->utf8 && wcwidth((wchar_t)code) == width ? code : '?';
}

static void put_cell(const struct curses *c, int row, int col, const struct cell *cell, int width)
{
    uint32_t code = shape(c, cell->code, width);
    unsigned paint = cell->paint < PAINT_N ? cell->paint : PAINT_TEXT;
    attr_t attr = c->attr[paint] | curses_attr(cell->attr);
    wchar_t text[2] = {(wchar_t)code, 0};
    cchar_t out;
    int pair = c->pair[paint] ? (int)paint + 1 : 0;
    setcchar(&out, text, attr, 0, &pair);
    mvadd_wch(row, col, &out); /* ERR in the last cell only says that the cursor cannot go on */
    if (width == 2 && code < 0x80)
        mvadd_wch(row, col + 1, &out);
}

static void put_row(const struct curses *c, const struct frame *f, int row)
{
    const struct cell *cells = f->cells + (size_t)row * (size_t)f->cols;
    for (int col = 0, width; col < f->cols && col < c->term.cols; col += width) {
        struct cell cell = cells[col];
        width = col + 1 < f->cols && cells[col + 1].code == 0 && cell.code ? 2 : 1;
        if (width == 2 && col + 1 >= c->term.cols) {
            cell.code = ' ';
            width = 1;
        }
        put_cell(c, row, col, &cell, width);
    }
}

/* What changed since the last frame, into curses' own screen. */
static void put_frame(struct curses *c, const struct frame *f)
{
    size_t row_bytes = (size_t)f->cols * sizeof *f->cells;
    if (f->rows != c->shown.rows || f->cols != c->shown.cols) {
        frame_resize(&c->shown, f->rows, f->cols);
        c->all = true;
    }
    bool kept = c->shown.rows == f->rows; /* false: no memory for it, so all is put each time */
    bool all = c->all || !kept;
    if (all)
        werase(stdscr);
    for (int row = 0; row < f->rows && row < c->term.rows; row++) {
        size_t first = (size_t)row * (size_t)f->cols;
        if (!all && memcmp(f->cells + first, c->shown.cells + first, row_bytes) == 0)
            continue;
        put_row(c, f, row);
        if (kept)
            memcpy(c->shown.cells + first, f->cells + first, row_bytes);
    }
    c->all = false;
}

/* Curses' bytes since the last call, into c->bytes. */
static size_t take_bytes(struct curses *c)
{
    off_t size = lseek(c->out_fd, 0, SEEK_CUR);
    size_t n = size > 0 ? (size_t)size : 0;
    if (n > c->capacity) {
        char *grown = mem_resize(c->bytes, n * 2, 1);
        if (grown) {
            c->bytes = grown;
            c->capacity = n * 2;
        }
    }
    bool fine = n <= c->capacity && pread(c->out_fd, c->bytes, n, 0) == (ssize_t)n;
    lseek(c->out_fd, 0, SEEK_SET);
    if (ftruncate(c->out_fd, 0) != 0)
        fine = false;
    if (!fine) { /* lost: the next frame draws everything */
        c->all = true;
        clearok(curscr, TRUE);
        return 0;
    }
    return n;
}

static bool curses_show(struct term *t, const struct frame *frame)
{
    struct curses *c = (struct curses *)t;
    c->refused = !tty_flush();
    if (c->refused)
        return false;
    put_frame(c, frame);
    bool cursor = frame->cursor_row >= 0 && frame->cursor_row < t->rows && frame->cursor_col >= 0 &&
                  frame->cursor_col < t->cols;
    leaveok(stdscr, !cursor);
    if (cursor)
        move(frame->cursor_row, frame->cursor_col);
    wnoutrefresh(stdscr);
    doupdate();
    size_t n = take_bytes(c);
    if (cursor != c->cursor_on && tty_send(cursor ? c->show_cursor : c->hide_cursor,
                                           strlen(cursor ? c->show_cursor : c->hide_cursor)))
        c->cursor_on = cursor;
    if (n > 0 && !tty_send(c->bytes, n)) {
        c->all = true;
        clearok(curscr, TRUE);
    }
    t->bytes = tty_bytes();
    return true;
}

static void curses_repaint(struct term *t)
{
    struct curses *c = (struct curses *)t;
    c->all = true;
    clearok(curscr, TRUE);
}

static void curses_set_mouse(struct term *t, bool on)
{
    struct curses *c = (struct curses *)t;
    if (!c->can_mouse || on == c->mouse)
        return;
    const char *s = on ? "\033[?1000h\033[?1006h" : "\033[?1006l\033[?1000l";
    if (tty_send(s, strlen(s)))
        c->mouse = on;
}

/* ---- the clipboard ----------------------------------------------------------------------- */

enum { COPY_MAX = 64 * 1024 };

static void append_base64(struct text *out, const unsigned char *s, size_t n)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < n; i += 3) {
        size_t left = n - i;
        unsigned v = (unsigned)s[i] << 16 | (left > 1 ? (unsigned)s[i + 1] << 8 : 0) |
                     (left > 2 ? (unsigned)s[i + 2] : 0);
        char four[4] = {digits[v >> 18], digits[v >> 12 & 63], left > 1 ? digits[v >> 6 & 63] : '=',
                        left > 2 ? digits[v & 63] : '='};
        text_append_n(out, four, sizeof four);
    }
}

static bool curses_copy(struct term *t, const char *text)
{
    const struct curses *c = (const struct curses *)t;
    struct text out = {0};
    size_t n = strlen(text), taken = n < COPY_MAX ? n : COPY_MAX;
    while (taken < n && taken > 0 && ((unsigned char)text[taken] & 0xC0) == 0x80)
        taken--; /* never half a character */
    if (!c->can_copy)
        return false;
    text_append(&out, "\033]52;c;");
    append_base64(&out, (const unsigned char *)text, taken);
    text_append(&out, "\a");
    bool sent = !out.failed && tty_send(text_get(&out), out.length);
    text_free(&out);
    t->bytes = tty_bytes();
    return sent && taken == n;
}

/* ---- events ------------------------------------------------------------------------------ */

static void take_size(struct curses *c)
{
    tty_size(&c->term.rows, &c->term.cols);
    resize_term(c->term.rows, c->term.cols);
    c->all = true;
    clearok(curscr, TRUE); /* terminals move or cut text when their size changes */
}

/* What signals asked for. True: everything is to be drawn again. */
static bool obey_signals(struct curses *c)
{
    int came = tty_signals();
    c->woken = c->woken || came & TTY_CALLER;
    if (came & TTY_STOP)
        tty_stop();
    else if (came & TTY_CONTINUED)
        tty_leave(); /* after SIGSTOP: a shell may have changed the modes behind our back */
    if (came & (TTY_STOP | TTY_CONTINUED)) {
        enter(c);
        take_size(c);
        return true;
    }
    if (came & TTY_RESIZED)
        take_size(c);
    return came & TTY_RESIZED;
}

/* Reads what is there; false if the terminal is gone. */
static bool read_input(struct curses *c)
{
    unsigned char buffer[1024];
    size_t room = term_input_room(&c->input);
    ssize_t n = read(tty_in_fd(), buffer, room < sizeof buffer ? room : sizeof buffer);
    if (n < 0)
        return errno == EINTR || errno == EAGAIN;
    if (n == 0)
        return false;
    double now = term_seconds();
    if (c->input.in_paste && now - c->read_at > PASTE_QUIET_S)
        c->input.in_paste = false; /* its end was lost: keys must become keys again */
    c->read_at = now;
    c->more_since = -1;
    term_input_feed(&c->input, buffer, (size_t)n);
    return true;
}

static int shorter(int timeout_ms, double seconds)
{
    int ms = seconds > 0 ? (int)ceil(seconds * 1000) : 0;
    return timeout_ms < 0 || ms < timeout_ms ? ms : timeout_ms;
}

enum { POLL_IN, POLL_SIGNAL, POLL_WAKE, POLL_OUT, POLL_N };

/* Something happened to the descriptors: what does it mean? NONE: look again. */
static enum term_event_kind look(struct curses *c, const struct pollfd *fds)
{
    if (fds[POLL_IN].revents && !read_input(c)) {
        c->gone = true;
        return TERM_EVENT_END;
    }
    if (fds[POLL_OUT].fd >= 0 && fds[POLL_OUT].revents)
        tty_flush();
    if (!fds[POLL_IN].revents && !fds[POLL_SIGNAL].revents && fds[POLL_WAKE].revents)
        return TERM_EVENT_WAKE;
    return TERM_EVENT_NONE;
}

static enum term_event_kind curses_next(struct term *t, const struct term_wait *wait,
                                        struct term_event *out)
{
    struct curses *c = (struct curses *)t;
    double end = term_seconds() + wait->timeout_ms / 1e3;
    for (bool looked = false;;) {
        if (c->gone)
            return TERM_EVENT_END;
        if (obey_signals(c))
            return TERM_EVENT_RESIZE;
        if (c->woken) {
            c->woken = false;
            return TERM_EVENT_NONE;
        }
        double now = term_seconds();
        bool late = c->more_since >= 0 && now - c->more_since >= c->escape_s;
        enum input_result got = term_input_next(&c->input, late, out);
        if (got != INPUT_MORE)
            c->more_since = -1;
        else if (c->more_since < 0)
            c->more_since = now;
        if (got == INPUT_EVENT)
            return out->kind;
        if (looked && wait->timeout_ms >= 0 && now >= end)
            return TERM_EVENT_NONE;
        bool unsent = !tty_flush();
        if (c->refused && !unsent) {
            c->refused = false;
            return TERM_EVENT_NONE; /* room for a newer frame */
        }
        int timeout = wait->timeout_ms < 0 ? -1 : shorter(-1, end - now);
        if (got == INPUT_MORE)
            timeout = shorter(timeout, c->more_since + c->escape_s - now);
        struct pollfd fds[POLL_N] = {{tty_in_fd(), POLLIN, 0},
                                     {tty_signal_fd(), POLLIN, 0},
                                     {wait->wake_fd, POLLIN, 0},
                                     {unsent ? tty_out_fd() : -1, POLLOUT, 0}};
        int n = poll(fds, POLL_N, timeout);
        looked = true;
        if (n < 0) { /* a signal: one of ours, or one that the caller should look for */
            bool draw = obey_signals(c);
            c->woken = false;
            return draw ? TERM_EVENT_RESIZE : TERM_EVENT_NONE;
        }
        enum term_event_kind kind = n > 0 ? look(c, fds) : TERM_EVENT_NONE;
        if (kind != TERM_EVENT_NONE)
            return kind;
    }
}

static enum err curses_result(const struct term *t, struct err_info *info)
{
    (void)t;
    (void)info;
    return ERR_OK;
}

/* ---- opening and closing ----------------------------------------------------------------- */

static void curses_close(struct term *t)
{
    struct curses *c = (struct curses *)t;
    tty_close();
    if (c->screen) {
        endwin(); /* writes into the file in memory only */
        delscreen(c->screen);
    }
    if (c->out)
        fclose(c->out);
    if (c->in)
        fclose(c->in);
    frame_free(&c->shown);
    mem_free(c->bytes);
    mem_free(c);
}

static const struct term_kind curses_kind = {curses_close,     curses_show,      curses_next,
                                             curses_set_theme, curses_set_mouse, curses_repaint,
                                             curses_copy,      curses_result};

/* The file in memory and curses on it. */
static enum err open_screen(struct curses *c, const char *name, struct err_info *info)
{
    c->out_fd = memfd_create("tiller-screen", MFD_CLOEXEC);
    c->out = c->out_fd >= 0 ? fdopen(c->out_fd, "w+") : NULL;
    if (!c->out && c->out_fd >= 0)
        close(c->out_fd);
    c->in = fopen("/dev/null", "re");
    if (!c->out || !c->in)
        return err_set_errno(info, ERR_IO, "terminal", NULL, "no file in memory");
    unsetenv("LINES"); /* a shell that exports them would freeze the size */
    unsetenv("COLUMNS");
    c->screen = newterm(name, c->out, c->in);
    if (!c->screen)
        return err_set(info, ERR_STATE, "terminal",
                       "set TERM to one of those in /usr/share/terminfo",
                       "terminal type '%s' is unknown", name);
    set_term(c->screen);
    if (!capability("cup"))
        return err_set(info, ERR_STATE, "terminal", "--plain works everywhere",
                       "terminal type '%s' cannot place the cursor", name);
    return ERR_OK;
}

static void set_up_colours(struct curses *c, enum tui_colour wish, const char *name)
{
    const char *rgb_text = capability("RGB");
    bool rgb = tigetflag("RGB") > 0 || tigetnum("RGB") > 0 || rgb_text;
    c->term.tier = theme_tier(wish, getenv("NO_COLOR"), name, tigetnum("colors"), rgb);
    c->rgb_only = rgb;
    if (c->term.tier == TUI_COLOUR_NONE)
        return;
    if (start_color() == ERR || use_default_colors() == ERR)
        c->term.tier = TUI_COLOUR_NONE;
}

static void set_up(struct curses *c, enum tui_colour wish, const char *name)
{
    const char *delay = getenv("ESCDELAY");
    int64_t ms;
    bool plain = is_plain(name);
    c->escape_s = delay && text_parse_int(delay, &ms) && ms >= 0 && ms <= 5000 ? (double)ms / 1e3
                                                                               : ESCAPE_MS / 1e3;
    c->utf8 = strcasecmp(nl_langinfo(CODESET), "UTF-8") == 0;
    c->input.utf8 = c->utf8;
    c->term.glyphs = c->utf8 && !plain ? GLYPHS_BRAILLE : GLYPHS_ASCII;
    c->can_mouse = capability("kmous") != NULL;
    c->can_paste = c->can_copy = !plain;
    set_up_colours(c, wish, name);
    append_capability(c->show_cursor, "cnorm");
    append_capability(c->hide_cursor, "civis");
    learn_keys(&c->input);
    typeahead(-1);
    nonl();
    scrollok(stdscr, FALSE);
    take_size(c);
    doupdate(); /* what curses would send on the way in is ours to send: dropped */
    take_bytes(c);
}

enum err term_open(enum tui_colour colour, struct term **out, struct err_info *info)
{
    const char *name = getenv("TERM");
    struct theme theme;
    *out = NULL;
    if (!name || !*name)
        return err_set(info, ERR_STATE, "terminal", "set TERM, or use --plain", "TERM is not set");
    enum err e = tty_open(info);
    if (e)
        return e;
    struct curses *c = mem_zero_alloc(1, sizeof *c);
    if (!c) {
        tty_close();
        return err_set_memory(info, "terminal");
    }
    c->term.kind = &curses_kind;
    c->more_since = -1;
    e = open_screen(c, name, info);
    if (e) {
        curses_close(&c->term);
        return e;
    }
    set_up(c, colour, name);
    theme_builtin(&theme);
    curses_set_theme(&c->term, &theme);
    enter(c);
    *out = &c->term;
    return ERR_OK;
}
