/* pty: end-to-end tests at a real (pseudo-)terminal: a program under forkpty, its bytes fed to
 * libvterm. Nothing sleeps: every wait polls the terminal and ends by a condition or a deadline. A
 * failed wait prints the screen. */
#ifndef TILLER_TESTS_PTY_H
#define TILLER_TESTS_PTY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct pty; /* one program in one terminal */

struct pty_cell {
    uint32_t code; /* 0 or ' ': blank */
    bool bold, reverse, underline, dim;
    int fg, bg; /* palette index; -1 default; 0x1000000 | rgb */
};

/* pty_spawn: starts argv[0] (with PATH look-up) in a terminal of rows x cols. The environment is
 * exactly env ("NAME=value", NULL-terminated); env NULL: a fixed one: PATH, HOME and XDG_* in a
 * fresh temporary folder (removed by pty_close), LANG=C.UTF-8, TZ=UTC, TERM=xterm-256color, plus
 * the sanitizer options of the caller. NULL on failure. */
struct pty *pty_spawn(const char *const argv[], const char *const env[], int rows, int cols);
/* As pty_spawn with the fixed environment and then `set` ("NAME=value" to set, "NAME" to unset). */
struct pty *pty_spawn_with(const char *const argv[], const char *const set[], int rows, int cols);
/* Kills the program if it still runs, frees everything. NULL is allowed. */
void pty_close(struct pty *p);
pid_t pty_pid(const struct pty *p);
const char *pty_home(const struct pty *p); /* the temporary folder; "" if env was given */

/* Writes keys as bytes: plain text, "\r" for Enter, "\033" for Esc, "\033[A" for Up. */
bool pty_send(struct pty *p, const char *bytes);
void pty_resize(struct pty *p, int rows, int cols);
void pty_signal(struct pty *p, int signal);

/* Waits; all return true if the condition came before deadline_s (and print the screen if not). */
bool pty_wait_text(struct pty *p, const char *text, double deadline_s);
bool pty_wait_gone(struct pty *p, const char *text, double deadline_s);
bool pty_wait_until(struct pty *p, bool (*condition)(struct pty *p, void *context), void *context,
                    double deadline_s);
/* No byte came for quiet_s. */
bool pty_wait_quiet(struct pty *p, double quiet_s, double deadline_s);
/* The program ended; *status: exit status, or 128 + signal. */
bool pty_wait_exit(struct pty *p, int *status, double deadline_s);
/* Reads what is there within timeout_s; returns the bytes read, -1 when the terminal is closed. */
long pty_pump(struct pty *p, double timeout_s);

/* The screen now (call a wait or pty_pump first). row text is UTF-8, trailing blanks cut, lent
 * until the next call. */
const char *pty_row(struct pty *p, int row);
/* All rows with '\n'; lent until the next call. */
const char *pty_screen(struct pty *p);
bool pty_find(struct pty *p, const char *text, int *row, int *col);
struct pty_cell pty_cell_at(struct pty *p, int row, int col);
bool pty_cursor_visible(const struct pty *p);
bool pty_alternate_screen(const struct pty *p);
bool pty_mouse_on(const struct pty *p);
/* Local echo and line mode of the terminal, as a shell would find it. */
bool pty_echo_on(const struct pty *p);
/* All bytes received so far; the bytes themselves (for "no colour escape"), kept up to 4 MiB. */
uint64_t pty_bytes(const struct pty *p);
const char *pty_raw(const struct pty *p, size_t *n);
/* The screen on stderr, for failures. */
void pty_print(struct pty *p, const char *why);

#endif
