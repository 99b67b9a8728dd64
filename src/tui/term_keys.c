/* Names of keys, both ways, from one table. The first name of a key is the one that is written. */
#include "tui/term.h"

#include <string.h>
#include <strings.h>

static const struct {
    const char *name;
    uint32_t key;
} names[] = {
    {"Enter", TERM_KEY_ENTER},
    {"CR", TERM_KEY_ENTER},
    {"Return", TERM_KEY_ENTER},
    {"Esc", TERM_KEY_ESCAPE},
    {"Escape", TERM_KEY_ESCAPE},
    {"Tab", TERM_KEY_TAB},
    {"S-Tab", TERM_KEY_BACKTAB},
    {"BackTab", TERM_KEY_BACKTAB},
    {"BS", TERM_KEY_BACKSPACE},
    {"Backspace", TERM_KEY_BACKSPACE},
    {"Up", TERM_KEY_UP},
    {"Down", TERM_KEY_DOWN},
    {"Left", TERM_KEY_LEFT},
    {"Right", TERM_KEY_RIGHT},
    {"Home", TERM_KEY_HOME},
    {"End", TERM_KEY_END},
    {"PgUp", TERM_KEY_PAGE_UP},
    {"PageUp", TERM_KEY_PAGE_UP},
    {"PgDn", TERM_KEY_PAGE_DOWN},
    {"PageDown", TERM_KEY_PAGE_DOWN},
    {"Ins", TERM_KEY_INSERT},
    {"Insert", TERM_KEY_INSERT},
    {"Del", TERM_KEY_DELETE},
    {"Delete", TERM_KEY_DELETE},
    {"Space", ' '},
    {"lt", '<'},
    {"gt", '>'},
};
enum { N_NAMES = sizeof names / sizeof *names };

const char *term_key_name(uint32_t key, char *out, size_t out_size)
{
    char utf8[5];
    if (key >= TERM_KEY_F1 && key <= TERM_KEY_F12)
        return text_format(out, out_size, "<F%u>", key - TERM_KEY_F1 + 1);
    for (size_t i = 0; i < N_NAMES; i++)
        if (names[i].key == key && key != '>')
            return text_format(out, out_size, "<%s>", names[i].name);
    if (key >= 1 && key <= 26)
        return text_format(out, out_size, "<C-%c>", (char)('a' + key - 1));
    if (key < ' ' || key == 0x7F || key >= TERM_KEY_FIRST)
        return text_format(out, out_size, "<?>");
    text_utf8_put(key, utf8);
    return text_format(out, out_size, "%s", utf8);
}

/* A control character as a key: some have a name of their own. */
static uint32_t control_key(uint32_t code)
{
    switch (code) {
    case '\t':
        return TERM_KEY_TAB;
    case '\r':
    case '\n':
        return TERM_KEY_ENTER;
    case '\b':
        return TERM_KEY_BACKSPACE;
    default:
        return code;
    }
}

/* The inside of <...>, n bytes. */
static bool named_key(const char *s, size_t n, uint32_t *key)
{
    for (size_t i = 0; i < N_NAMES; i++)
        if (strlen(names[i].name) == n && strncasecmp(s, names[i].name, n) == 0) {
            *key = names[i].key;
            return true;
        }
    if (n == 3 && (s[0] | 32) == 'c' && s[1] == '-' && (s[2] | 32) >= 'a' && (s[2] | 32) <= 'z') {
        *key = control_key(TERM_CTRL(s[2]));
        return true;
    }
    if ((n == 2 || n == 3) && (s[0] | 32) == 'f') {
        int number = 0;
        for (size_t i = 1; i < n; i++) {
            if (s[i] < '0' || s[i] > '9')
                return false;
            number = number * 10 + (s[i] - '0');
        }
        *key = TERM_KEY_F1 + (uint32_t)number - 1;
        return number >= 1 && number <= 12 && s[1] != '0';
    }
    return false;
}

size_t term_key_parse(const char *s, uint32_t *key)
{
    uint32_t code;
    int n = text_utf8_next(s, &code);
    if (n <= 0 || code == 0xFFFD || code < ' ' || code == 0x7F)
        return 0;
    if (code != '<') {
        *key = code;
        return (size_t)n;
    }
    const char *end = strchr(s, '>');
    if (!end || !named_key(s + 1, (size_t)(end - s) - 1, key))
        return 0;
    return (size_t)(end - s) + 1;
}
