/* term: where frames go and keys come from. Two kinds behind one face: a real terminal (curses;
 * term_curses.c and no other file knows it) and a script (term_script.c: no terminal at all; keys
 * from a file, frames are saved on request). One thread uses a term; at most one terminal is open.
 */
#ifndef TILLER_TUI_TERM_H
#define TILLER_TUI_TERM_H

#include "tiller/base.h"
#include "tui/frame.h"
#include "tui/theme.h"

/* ---- keys -------------------------------------------------------------------------------- */

/* A key is its Unicode character (space included; Ctrl-A .. Ctrl-Z are 1..26 except the ones that
 * have a name of their own) or one of these. Alt is not used by the program: Alt-x arrives as Esc,
 * x. */
enum term_key {
    TERM_KEY_FIRST = 0x110000,
    TERM_KEY_ENTER = TERM_KEY_FIRST, /* also Ctrl-M, Ctrl-J */
    TERM_KEY_ESCAPE,
    TERM_KEY_TAB, /* also Ctrl-I */
    TERM_KEY_BACKTAB,
    TERM_KEY_BACKSPACE, /* also Ctrl-H, DEL */
    TERM_KEY_UP,
    TERM_KEY_DOWN,
    TERM_KEY_LEFT,
    TERM_KEY_RIGHT,
    TERM_KEY_HOME,
    TERM_KEY_END,
    TERM_KEY_PAGE_UP,
    TERM_KEY_PAGE_DOWN,
    TERM_KEY_INSERT,
    TERM_KEY_DELETE,
    TERM_KEY_F1, /* F2 .. F12 follow */
    TERM_KEY_F12 = TERM_KEY_F1 + 11,
    TERM_KEY_LAST
};
#define TERM_CTRL(letter) ((uint32_t)(letter)&31U) /* TERM_CTRL('d') */

/* The name of a key as help, :bind and scripts write it: "j", "<Enter>", "<C-d>", "<F8>",
 * "<Space>",
 * "<lt>" for '<'. Returns out. */
const char *term_key_name(uint32_t key, char *out, size_t out_size);
/* Reads one key in that form at s (names without regard to case; also <CR> <Esc> <BS> <PgUp> ...).
 * Returns the bytes used, 0 if s is empty or names no key. */
size_t term_key_parse(const char *s, uint32_t *key);

/* ---- events ------------------------------------------------------------------------------ */

enum term_event_kind {
    TERM_EVENT_NONE,   /* timeout, or interrupted by a signal: look at your flags */
    TERM_EVENT_WAKE,   /* wake_fd is readable (the caller drains it) */
    TERM_EVENT_KEY,    /* key, pasted */
    TERM_EVENT_MOUSE,  /* button, row, col */
    TERM_EVENT_RESIZE, /* ask term_size; also after coming back from Ctrl-Z: draw everything */
    TERM_EVENT_END     /* script finished or failed, or the terminal is gone: leave */
};
enum term_button { TERM_CLICK, TERM_WHEEL_UP, TERM_WHEEL_DOWN };
struct term_event {
    enum term_event_kind kind;
    uint32_t key;
    bool pasted; /* came in a bracketed paste: text for prompts, never a command. Control characters
                    arrive as blanks, so Enter is never pasted. */
    enum term_button button;
    int row, col; /* mouse position, from 0 */
};

/* ---- the terminal ------------------------------------------------------------------------ */

struct term;

/* term_open: the real terminal on stdin and stdout. It is restored by term_close, and on
 * SIGSEGV, SIGABRT and other fatal signals; also on SIGINT, SIGTERM, SIGHUP where the caller has
 * not installed handlers of its own. Ctrl-Z and coming back are handled inside term_next.
 *
 *   colour  wish; AUTO: NO_COLOR, TERM and terminfo decide
 *
 * Errors: ERR_STATE if stdin or stdout is no terminal or TERM is unknown.
 * Owner: caller, term_close. */
enum err term_open(enum tui_colour colour, struct term **out, struct err_info *info);

/* term_open_script: no terminal; events come from the lines of a file:
 *
 *   # comment                  blank lines are skipped
 *   :wait idle                 until the caller says idle (struct term_wait)
 *   :wait text WORDS           until the last shown frame contains WORDS
 *   :wait gone WORDS           until it does not
 *   :save-screen FILE [attrs]  the last shown frame, with roles if `attrs` (frame_dump)
 *   :resize ROWSxCOLS          as if the window had changed
 *   :paste TEXT                arrives as a bracketed paste
 *   type TEXT                  every character of TEXT as a key, blanks too
 *   :NAME ...                  any other command: typed as ':', the text, <Enter>
 *   anything else              keys, blanks between them or not: `j j <Enter> 5k` (term_key_parse;
 *                              a blank as a key is <Space>)
 *
 * A line is taken only after the frame for the last key was shown (or term_next was called again
 * without drawing). A wait of more than 60 s (wall time) ends the script with an error; so does a
 * line that cannot be read. The end of the file is TERM_EVENT_END.
 *
 *   rows, cols  screen size; 0: 24 x 80 */
enum err term_open_script(const char *path, int rows, int cols, struct term **out,
                          struct err_info *info);
/* The same from memory; where names it in messages. */
enum err term_open_script_text(const char *script, const char *where, int rows, int cols,
                               struct term **out, struct err_info *info);
/* Restores the terminal. NULL is allowed. */
void term_close(struct term *t);

void term_size(const struct term *t, int *rows, int *cols);
enum tui_colour term_tier(const struct term *t);
/* Glyph tier that suits: `wish` "braille" "blocks" "ascii", or NULL: by locale codeset and TERM. */
enum glyphs term_glyphs(const struct term *t, const char *wish);
/* Colours from now on; the whole screen is drawn again by the next term_show. Copies the theme. */
void term_set_theme(struct term *t, const struct theme *theme);
void term_set_mouse(struct term *t, bool on);
/* The next term_show clears and paints everything (Ctrl-l). */
void term_repaint(struct term *t);
/* term_show: makes the terminal look like the frame: only changed cells are sent, in one write.
 * Returns false if the terminal still has unsent bytes of an earlier frame (slow link): nothing was
 * sent, show a newer frame later. */
bool term_show(struct term *t, const struct frame *frame);

struct term_wait {
    int wake_fd;    /* -1: none */
    int timeout_ms; /* -1: for ever, 0: only look */
    bool idle; /* caller: nothing to draw, nothing queued, no work pending (scripts wait for it) */
};
/* term_next: the next event; keys first. Returns its kind. */
enum term_event_kind term_next(struct term *t, const struct term_wait *wait,
                               struct term_event *out);
/* Why a script ended: ERR_OK or what went wrong ("FILE:LINE: ..."). Always ERR_OK for a terminal.
 */
enum err term_script_result(const struct term *t, struct err_info *info);

/* Bytes sent to the terminal since term_open (script: 0). */
uint64_t term_bytes(const struct term *t);
/* Puts text on the user's clipboard by OSC 52 (at most 64 kB of it); false if cut or impossible. */
bool term_copy(struct term *t, const char *text);

#endif
