/* Text: growable strings, bounded copies, UTF-8, and what makes foreign text safe to show. */
#include "tiller/base.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- growable strings -------------------------------------------------------------------- */

/* Room for n more bytes and the terminator. */
static bool reserve(struct text *t, size_t n)
{
    if (t->failed || n > SIZE_MAX / 4 || t->length > SIZE_MAX / 4) {
        t->failed = true;
        return false;
    }
    size_t needed = t->length + n + 1;
    if (needed <= t->capacity)
        return true;
    size_t wanted = t->capacity ? t->capacity * 2 : 64;
    if (wanted < needed)
        wanted = needed;
    char *grown = mem_resize(t->data, wanted, 1);
    if (!grown) {
        t->failed = true;
        return false;
    }
    t->data = grown;
    t->capacity = wanted;
    return true;
}

void text_append_n(struct text *t, const char *s, size_t n)
{
    if (!reserve(t, n))
        return;
    memcpy(t->data + t->length, s, n);
    t->length += n;
    t->data[t->length] = 0;
}

void text_append(struct text *t, const char *s)
{
    text_append_n(t, s, strlen(s));
}

void text_append_char(struct text *t, char c)
{
    text_append_n(t, &c, 1);
}

void text_appendf(struct text *t, const char *fmt, ...)
{
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    if (n < 0)
        t->failed = true;
    else if (reserve(t, (size_t)n)) {
        vsnprintf(t->data + t->length, (size_t)n + 1, fmt, again);
        t->length += (size_t)n;
    }
    va_end(again);
}

const char *text_get(const struct text *t)
{
    return t->data ? t->data : "";
}

void text_clear(struct text *t)
{
    t->length = 0;
    t->failed = false;
    if (t->data)
        t->data[0] = 0;
}

void text_free(struct text *t)
{
    mem_free(t->data);
    *t = (struct text){0};
}

/* ---- bounded copies ---------------------------------------------------------------------- */

/* Length of the longest prefix of at most n bytes that does not end inside a character. */
static size_t whole_characters(const char *s, size_t n)
{
    while (n > 0 && ((unsigned char)s[n] & 0xC0) == 0x80)
        n--;
    return n;
}

bool text_copy(char *out, size_t out_size, const char *s)
{
    size_t n = strlen(s), kept = n;
    if (out_size == 0)
        return false;
    if (n >= out_size)
        kept = whole_characters(s, out_size - 1);
    memmove(out, s, kept);
    out[kept] = 0;
    return kept == n;
}

const char *text_format(char *out, size_t out_size, const char *fmt, ...)
{
    if (out_size == 0)
        return out;
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(out, out_size, fmt, args);
    va_end(args);
    if (n < 0)
        out[0] = 0;
    else if ((size_t)n >= out_size) {
        /* Cut: drop the half of a character that may stand at the end. */
        size_t end = out_size - 1, start = end;
        while (start > 0 && ((unsigned char)out[start - 1] & 0xC0) == 0x80)
            start--;
        if (start > 0 && (unsigned char)out[start - 1] >= 0xC0) {
            uint32_t code;
            if ((size_t)text_utf8_next(out + start - 1, &code) != end - (start - 1))
                out[start - 1] = 0;
        }
    }
    return out;
}

/* ---- UTF-8 ------------------------------------------------------------------------------- */

int text_utf8_next(const char *s, uint32_t *code)
{
    const unsigned char *p = (const unsigned char *)s;
    static const uint32_t lowest[5] = {0, 0, 0x80, 0x800, 0x10000};
    if (p[0] == 0) {
        *code = 0;
        return 0;
    }
    int n = p[0] < 0x80             ? 1
            : (p[0] & 0xE0) == 0xC0 ? 2
            : (p[0] & 0xF0) == 0xE0 ? 3
            : (p[0] & 0xF8) == 0xF0 ? 4
                                    : 0;
    *code = n == 1 ? p[0] : n > 0 ? p[0] & (0xFFu >> (n + 1)) : 0xFFFD;
    for (int i = 1; i < n; i++) {
        if ((p[i] & 0xC0) != 0x80) {
            *code = 0xFFFD;
            return 1;
        }
        *code = *code << 6 | (p[i] & 0x3Fu);
    }
    bool surrogate = *code >= 0xD800 && *code <= 0xDFFF;
    if (n == 0 || *code < lowest[n] || *code > 0x10FFFF || surrogate) {
        *code = 0xFFFD;
        return 1;
    }
    return n;
}

int text_utf8_put(uint32_t code, char out[static 5])
{
    static const unsigned char lead[5] = {0, 0, 0xC0, 0xE0, 0xF0};
    if (code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
        code = 0xFFFD;
    int n = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (int i = n - 1; i > 0; i--, code >>= 6)
        out[i] = (char)(0x80 | (code & 0x3F));
    out[0] = (char)(n == 1 ? code : lead[n] | code);
    out[n] = 0;
    return n;
}

/* Control characters (C0, DEL, C1), line and paragraph separators, bidi overrides, odd spaces. */
static bool is_unsafe(uint32_t code)
{
    return code < 0x20 || (code >= 0x7F && code < 0xA0) || code == 0xFFFD ||
           (code >= 0x200B && code <= 0x200F) || (code >= 0x2028 && code <= 0x202E) ||
           (code >= 0x2066 && code <= 0x2069) || code == 0xFEFF || code == 0xAD;
}

const char *text_sanitize(char *out, size_t out_size, const char *s)
{
    size_t used = 0;
    uint32_t code;
    int n;
    if (out_size == 0)
        return out;
    while ((n = text_utf8_next(s, &code)) > 0) {
        bool bad = is_unsafe(code);
        size_t length = bad ? 1 : (size_t)n;
        if (used + length >= out_size)
            break;
        if (bad)
            out[used] = '?';
        else
            memmove(out + used, s, length);
        used += length;
        s += n;
    }
    out[used] = 0;
    return out;
}

/* ---- nearest words ----------------------------------------------------------------------- */

enum { WORD_MAX = 63 };

static int min3(int a, int b, int c)
{
    int least = a < b ? a : b;
    return least < c ? least : c;
}

/* Damerau-Levenshtein with adjacent swaps (optimal string alignment), three rows. */
int text_distance(const char *a, const char *b)
{
    int rows[3][WORD_MAX + 1];
    int n = (int)strnlen(a, WORD_MAX), m = (int)strnlen(b, WORD_MAX);
    for (int j = 0; j <= m; j++)
        rows[0][j] = j;
    for (int i = 1; i <= n; i++) {
        int *row = rows[i % 3];
        const int *above = rows[(i + 2) % 3], *above2 = rows[(i + 1) % 3];
        int ca = tolower((unsigned char)a[i - 1]);
        row[0] = i;
        for (int j = 1; j <= m; j++) {
            int cb = tolower((unsigned char)b[j - 1]);
            row[j] = min3(above[j] + 1, row[j - 1] + 1, above[j - 1] + (ca != cb));
            bool swapped = i > 1 && j > 1 && ca == tolower((unsigned char)b[j - 2]) &&
                           cb == tolower((unsigned char)a[i - 2]);
            if (swapped && above2[j - 2] + 1 < row[j])
                row[j] = above2[j - 2] + 1;
        }
    }
    return rows[n % 3][m];
}

const char *text_nearest(const char *word, const char *const *names, size_t n)
{
    const char *best = NULL;
    int best_distance = 0;
    size_t length = strlen(word);
    int limit = length / 3 > 2 ? (int)(length / 3) : 2;
    for (size_t i = 0; i < n; i++) {
        int distance = text_distance(word, names[i]);
        /* A word that begins a name is near however long the name is: "learn" -> learning_rate. */
        if (length >= 2 && strncasecmp(word, names[i], length) == 0)
            distance = 1;
        if (distance <= limit && (!best || distance < best_distance)) {
            best = names[i];
            best_distance = distance;
        }
    }
    return best;
}
