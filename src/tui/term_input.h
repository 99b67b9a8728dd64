/* term_input: bytes from a terminal to events. Pure: it reads nothing and knows no clock; who feeds
 * it says when an unfinished sequence has waited long enough to be what it looks like (a lone Esc).
 * Knows UTF-8, the sequences of xterm and its kin, linux and rxvt, what terminfo adds, bracketed
 * paste, SGR and X10 mouse reports; unknown sequences are swallowed whole. */
#ifndef TILLER_TUI_TERM_INPUT_H
#define TILLER_TUI_TERM_INPUT_H

#include "tui/term.h"

enum { INPUT_SIZE = 4096, INPUT_LEARNT = 40, INPUT_SEQUENCE = 16 };

struct term_input {
    unsigned char bytes[INPUT_SIZE];
    size_t n;
    bool utf8;     /* the locale's codeset; else bytes over 127 are dropped */
    bool in_paste; /* between ESC [ 200 ~ and ESC [ 201 ~ */
    bool after_cr; /* pasted CR LF is one blank */
    struct {
        char sequence[INPUT_SEQUENCE];
        uint32_t key;
    } learnt[INPUT_LEARNT];
    size_t n_learnt;
};
enum input_result {
    INPUT_EVENT, /* out is filled */
    INPUT_EMPTY, /* nothing more */
    INPUT_MORE   /* a sequence is not finished: wait a little, then ask with late = true */
};

/* A sequence of terminfo's for a key (kcuu1 ...); too long ones and plain characters are ignored.
 */
void term_input_learn(struct term_input *in, const char *sequence, uint32_t key);
size_t term_input_room(const struct term_input *in);
/* At most term_input_room bytes. */
void term_input_feed(struct term_input *in, const void *bytes, size_t n);
enum input_result term_input_next(struct term_input *in, bool late, struct term_event *out);

#endif
