/* term_tty: the device below the real terminal: raw mode, bytes that may wait, signals, and the way
 * back. No curses here. At most one is open, because signal handlers must find it.
 *
 * What always holds while it is open: whatever ends the process (return, exit, a fatal signal) puts
 * the terminal's modes back and sends the leave string; nothing ever blocks on a slow terminal. */
#ifndef TILLER_TUI_TERM_TTY_H
#define TILLER_TUI_TERM_TTY_H

#include "tiller/base.h"

enum tty_signal {
    TTY_RESIZED = 1,
    TTY_STOP = 2,
    TTY_CONTINUED = 4,
    TTY_CALLER = 8 /* one that the caller handles; its handler has run */
};

/* tty_open: stdin and stdout must be one terminal; changes nothing yet. */
enum err tty_open(struct err_info *info);
/* tty_enter: raw mode, then `enter`; from now on `leave` is sent on the way out. Both at most 255
 * bytes. */
void tty_enter(const char *enter, const char *leave);
void tty_leave(void); /* and back; may be entered again */
void tty_close(void); /* leaves, gives signal handlers back */
void tty_size(int *rows, int *cols);
/* Ctrl-Z: leaves, stops the process and returns when it was continued: enter again then. */
void tty_stop(void);

/* Bytes for the terminal; sent as far as it takes them now. False when out of memory: some are
 * lost. */
bool tty_send(const void *bytes, size_t n);
/* Sends what waits, without blocking. True if nothing waits any more. */
bool tty_flush(void);
uint64_t tty_bytes(void); /* written so far */

int tty_in_fd(void);
int tty_out_fd(void);    /* becomes writable when waiting bytes can go */
int tty_signal_fd(void); /* readable: ask tty_signals */
/* Which of enum tty_signal came since the last call. */
int tty_signals(void);

#endif
