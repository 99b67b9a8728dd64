/* What a terminal sends, taken apart. Bytes are used from the front of the buffer; a decision is
 * made as soon as the bytes allow only one. */
#include "tui/term_input.h"

#include "tui/term_impl.h"

#include <string.h>

#define ESC 0x1B

void term_input_learn(struct term_input *in, const char *sequence, uint32_t key)
{
    size_t n = sequence ? strlen(sequence) : 0;
    if (n < 2 || n >= INPUT_SEQUENCE || sequence[0] != ESC || in->n_learnt == INPUT_LEARNT)
        return;
    memcpy(in->learnt[in->n_learnt].sequence, sequence, n + 1);
    in->learnt[in->n_learnt++].key = key;
}

size_t term_input_room(const struct term_input *in)
{
    return INPUT_SIZE - in->n;
}

void term_input_feed(struct term_input *in, const void *bytes, size_t n)
{
    if (n > term_input_room(in))
        n = term_input_room(in);
    memcpy(in->bytes + in->n, bytes, n);
    in->n += n;
}

static void use(struct term_input *in, size_t n)
{
    in->n -= n;
    memmove(in->bytes, in->bytes + n, in->n);
}

static enum input_result key_event(struct term_input *in, size_t n, uint32_t key,
                                   struct term_event *out)
{
    use(in, n);
    *out = (struct term_event){.kind = TERM_EVENT_KEY, .key = key};
    return INPUT_EVENT;
}

/* ---- tables ------------------------------------------------------------------------------ */

/* ESC [ ... LETTER and ESC O LETTER */
static const struct {
    char final;
    uint32_t key;
} letters[] = {{'A', TERM_KEY_UP},      {'B', TERM_KEY_DOWN},   {'C', TERM_KEY_RIGHT},
               {'D', TERM_KEY_LEFT},    {'H', TERM_KEY_HOME},   {'F', TERM_KEY_END},
               {'Z', TERM_KEY_BACKTAB}, {'P', TERM_KEY_F1},     {'Q', TERM_KEY_F1 + 1},
               {'R', TERM_KEY_F1 + 2},  {'S', TERM_KEY_F1 + 3}, {'M', TERM_KEY_ENTER}};

/* ESC [ NUMBER ~ */
static const struct {
    int number;
    uint32_t key;
} tildes[] = {
    {1, TERM_KEY_HOME},    {2, TERM_KEY_INSERT},    {3, TERM_KEY_DELETE},   {4, TERM_KEY_END},
    {5, TERM_KEY_PAGE_UP}, {6, TERM_KEY_PAGE_DOWN}, {7, TERM_KEY_HOME},     {8, TERM_KEY_END},
    {11, TERM_KEY_F1},     {12, TERM_KEY_F1 + 1},   {13, TERM_KEY_F1 + 2},  {14, TERM_KEY_F1 + 3},
    {15, TERM_KEY_F1 + 4}, {17, TERM_KEY_F1 + 5},   {18, TERM_KEY_F1 + 6},  {19, TERM_KEY_F1 + 7},
    {20, TERM_KEY_F1 + 8}, {21, TERM_KEY_F1 + 9},   {23, TERM_KEY_F1 + 10}, {24, TERM_KEY_F1 + 11}};

static uint32_t letter_key(int final)
{
    for (size_t i = 0; i < sizeof letters / sizeof *letters; i++)
        if (letters[i].final == final)
            return letters[i].key;
    return 0;
}

static uint32_t tilde_key(int number)
{
    for (size_t i = 0; i < sizeof tildes / sizeof *tildes; i++)
        if (tildes[i].number == number)
            return tildes[i].key;
    return 0;
}

/* Digits of the number pad while it is in application mode: ESC O p is 0. */
static uint32_t keypad_key(int final)
{
    static const char pad[] = "*+,-./0123456789"; /* j .. y */
    return final >= 'j' && final <= 'y' ? (unsigned char)pad[final - 'j'] : letter_key(final);
}

/* ---- sequences --------------------------------------------------------------------------- */

/* A mouse report: b as in X10 without the 32. False: nothing we asked for. */
static bool mouse(int b, int col, int row, bool press, struct term_event *out)
{
    int button = b & ~(4 | 8 | 16); /* without Shift, Alt, Ctrl */
    *out = (struct term_event){.kind = TERM_EVENT_MOUSE, .row = row - 1, .col = col - 1};
    if (!press || row < 1 || col < 1 || (button != 0 && button != 64 && button != 65))
        return false;
    out->button = button == 0 ? TERM_CLICK : button == 64 ? TERM_WHEEL_UP : TERM_WHEEL_DOWN;
    return true;
}

struct csi {
    unsigned char prefix; /* '<', '?' ...; 0 none */
    int number[4];
    int n_numbers;
    unsigned char final;
    size_t length; /* of the whole sequence; 0: not finished */
};

/* ESC [ prefix numbers intermediates final. A byte that has no business there ends it: that byte is
 * not part of it. */
static struct csi read_csi(const unsigned char *s, size_t n)
{
    struct csi c = {.n_numbers = 1};
    size_t i = 2;
    if (i < n && s[i] >= '<' && s[i] <= '?')
        c.prefix = s[i++];
    for (; i < n && s[i] >= 0x20 && s[i] < 0x40; i++) {
        if (s[i] >= '0' && s[i] <= '9') {
            int *number = &c.number[c.n_numbers - 1];
            *number = *number < 100000 ? *number * 10 + (s[i] - '0') : *number;
        } else if (s[i] == ';' && c.n_numbers < 4)
            c.n_numbers++;
    }
    if (i == n)
        return c;
    bool proper = s[i] >= 0x40 && s[i] < 0x7F;
    c.final = proper ? s[i] : 0;
    c.length = i + proper;
    return c;
}

/* INPUT_EMPTY: the sequence was swallowed, look further. */
static enum input_result take_csi(struct term_input *in, struct term_event *out)
{
    struct csi c = read_csi(in->bytes, in->n);
    if (c.length == 0)
        return INPUT_MORE;
    if (c.final == '[' && c.length == 3) { /* linux: ESC [ [ A is F1 */
        if (in->n < 4)
            return INPUT_MORE;
        int f = in->bytes[3] - 'A';
        if (f >= 0 && f < 5)
            return key_event(in, 4, TERM_KEY_F1 + (uint32_t)f, out);
        use(in, 4);
        return INPUT_EMPTY;
    }
    if (c.final == 'M' && c.length == 3) { /* X10 mouse: three bytes follow */
        const unsigned char *b = in->bytes + 3;
        if (in->n < 6)
            return INPUT_MORE;
        bool fine = mouse(b[0] - 32, b[1] - 32, b[2] - 32, (b[0] & 3) != 3, out);
        use(in, 6);
        return fine ? INPUT_EVENT : INPUT_EMPTY;
    }
    use(in, c.length);
    if (c.prefix == '<' && (c.final == 'M' || c.final == 'm'))
        return mouse(c.number[0], c.number[1], c.number[2], c.final == 'M', out) ? INPUT_EVENT
                                                                                 : INPUT_EMPTY;
    if (c.prefix || c.final == 'M')
        return INPUT_EMPTY;
    if (c.final == '~' && (c.number[0] == 200 || c.number[0] == 201)) {
        in->in_paste = c.number[0] == 200;
        in->after_cr = false;
        return INPUT_EMPTY;
    }
    uint32_t key = c.final == '~' ? tilde_key(c.number[0]) : letter_key(c.final);
    return key ? key_event(in, 0, key, out) : INPUT_EMPTY;
}

/* ESC ] ... BEL or ESC \ : an answer to a question we did not ask. */
static enum input_result take_string(struct term_input *in)
{
    for (size_t i = 2; i < in->n; i++) {
        bool string_end = in->bytes[i] == ESC && i + 1 < in->n && in->bytes[i + 1] == '\\';
        if (in->bytes[i] == 7 || string_end) {
            use(in, i + (string_end ? 2 : 1));
            return INPUT_EMPTY;
        }
    }
    return INPUT_MORE;
}

/* Terminfo's sequences: 1 found, 0 none begins so, -1 one may still come. */
static int take_learnt(struct term_input *in, struct term_event *out)
{
    bool may_come = false;
    for (size_t i = 0; i < in->n_learnt; i++) {
        size_t n = strlen(in->learnt[i].sequence);
        if (memcmp(in->bytes, in->learnt[i].sequence, n < in->n ? n : in->n) != 0)
            continue;
        if (n <= in->n) {
            key_event(in, n, in->learnt[i].key, out);
            return 1;
        }
        may_come = true;
    }
    return may_come ? -1 : 0;
}

static enum input_result take_escape(struct term_input *in, bool late, struct term_event *out)
{
    enum input_result result;
    int learnt = take_learnt(in, out);
    if (learnt > 0)
        return INPUT_EVENT;
    if (in->n == 1 || (learnt < 0 && !late))
        result = INPUT_MORE;
    else if (in->bytes[1] == '[')
        result = take_csi(in, out);
    else if (in->bytes[1] == ']' || in->bytes[1] == 'P' || in->bytes[1] == '_')
        result = take_string(in);
    else if (in->bytes[1] == 'O' && in->n == 2)
        result = INPUT_MORE;
    else if (in->bytes[1] == 'O') {
        uint32_t key = keypad_key(in->bytes[2]);
        if (key)
            return key_event(in, 3, key, out);
        result = key_event(in, 1, TERM_KEY_ESCAPE, out); /* Esc and then a capital O */
    } else
        result = key_event(in, 1, TERM_KEY_ESCAPE, out);
    if (result == INPUT_MORE && (late || in->n == INPUT_SIZE))
        return key_event(in, 1, TERM_KEY_ESCAPE, out);
    return result;
}

/* ---- characters -------------------------------------------------------------------------- */

static uint32_t character_key(uint32_t code)
{
    switch (code) {
    case '\r':
    case '\n':
        return TERM_KEY_ENTER;
    case '\t':
        return TERM_KEY_TAB;
    case '\b':
    case 0x7F:
        return TERM_KEY_BACKSPACE;
    default:
        return code < ' ' && (code == 0 || code > 26) ? 0 : code;
    }
}

/* One character at the front: its bytes, 0 if some are missing. Invalid bytes: 1 and U+FFFD. */
static size_t decode(const struct term_input *in, uint32_t *code)
{
    char s[5] = {0};
    unsigned char b = in->bytes[0];
    size_t length = b < 0xC2 ? 1 : b < 0xE0 ? 2 : b < 0xF0 ? 3 : b < 0xF5 ? 4 : 1;
    size_t n = in->n < length ? in->n : length;
    if (b < 0x80) {
        *code = b;
        return 1;
    }
    for (size_t i = 1; i < n; i++)
        if ((in->bytes[i] & 0xC0) != 0x80)
            length = 1; /* the next character came too early */
    *code = 0xFFFD;
    if (!in->utf8 || length == 1)
        return 1;
    if (n < length)
        return 0;
    memcpy(s, in->bytes, length);
    int used = text_utf8_next(s, code);
    return used > 0 ? (size_t)used : 1;
}

/* INPUT_EMPTY: swallowed. */
static enum input_result take_character(struct term_input *in, bool late, struct term_event *out)
{
    uint32_t code;
    size_t n = decode(in, &code);
    if (n == 0 && !late)
        return INPUT_MORE;
    n = n ? n : 1;
    uint32_t key = code == 0xFFFD ? 0 : character_key(code);
    if (code >= 0x80 && code < 0xA0)
        key = 0;
    if (key)
        return key_event(in, n, key, out);
    use(in, n);
    return INPUT_EMPTY;
}

static enum input_result take_pasted(struct term_input *in, bool late, struct term_event *out)
{
    static const char end[] = "\033[201~";
    uint32_t code;
    size_t n = in->n < 6 ? in->n : 6;
    if (memcmp(in->bytes, end, n) == 0) {
        if (n < 6 && !late)
            return INPUT_MORE;
        in->in_paste = false; /* late: its end was lost */
        use(in, n);
        return INPUT_EMPTY;
    }
    n = decode(in, &code);
    if (n == 0 && !late)
        return INPUT_MORE;
    n = n ? n : 1;
    bool second = code == '\n' && in->after_cr;
    in->after_cr = code == '\r';
    if (second || code == 0xFFFD) {
        use(in, n);
        return INPUT_EMPTY;
    }
    key_event(in, n, term_paste_code(code), out);
    out->pasted = true;
    return INPUT_EVENT;
}

enum input_result term_input_next(struct term_input *in, bool late, struct term_event *out)
{
    while (in->n > 0) {
        enum input_result result = in->in_paste          ? take_pasted(in, late, out)
                                   : in->bytes[0] == ESC ? take_escape(in, late, out)
                                                         : take_character(in, late, out);
        if (result != INPUT_EMPTY)
            return result;
    }
    return INPUT_EMPTY;
}
