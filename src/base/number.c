/* Numbers as text: strict parsing in the C locale, exact forms for files, short forms for people.
 *
 * strtod and printf follow LC_NUMERIC. The program never sets it (main.c), but a library might: so
 * a decimal comma is undone on writing, and reading goes through the locale's own point. */
#include "tiller/base.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_MAX = 64 };

/* Digits with at most one point, then an optional exponent: what counts as a decimal number. */
static bool is_decimal(const char *s, size_t n)
{
    size_t i = 0, digits = 0;
    if (i < n && (s[i] == '+' || s[i] == '-'))
        i++;
    for (; i < n && s[i] >= '0' && s[i] <= '9'; i++)
        digits++;
    if (i < n && s[i] == '.')
        for (i++; i < n && s[i] >= '0' && s[i] <= '9'; i++)
            digits++;
    if (digits == 0)
        return false;
    if (i == n)
        return true;
    if (s[i] != 'e' && s[i] != 'E')
        return false;
    i++;
    if (i < n && (s[i] == '+' || s[i] == '-'))
        i++;
    size_t first = i;
    while (i < n && s[i] >= '0' && s[i] <= '9')
        i++;
    return i == n && i > first && i - first <= 4;
}

static char decimal_point(void)
{
    return localeconv()->decimal_point[0];
}

bool text_parse_double_n(const char *s, size_t n, double *out)
{
    char copy[NUMBER_MAX];
    while (n > 0 && (*s == ' ' || *s == '\t')) {
        s++;
        n--;
    }
    while (n > 0 && (s[n - 1] == ' ' || s[n - 1] == '\t'))
        n--;
    if (n >= sizeof copy || !is_decimal(s, n))
        return false;
    memcpy(copy, s, n);
    copy[n] = 0;
    char *point = strchr(copy, '.');
    if (point)
        *point = decimal_point();
    double value = strtod(copy, NULL);
    if (!isfinite(value))
        return false;
    *out = value;
    return true;
}

bool text_parse_double(const char *s, double *out)
{
    return text_parse_double_n(s, strlen(s), out);
}

bool text_parse_int(const char *s, int64_t *out)
{
    char *end;
    if (!(*s == '-' || *s == '+' || (*s >= '0' && *s <= '9')))
        return false;
    errno = 0;
    long long value = strtoll(s, &end, 10);
    if (errno != 0 || *end != 0 || end == s || (end == s + 1 && (*s == '-' || *s == '+')))
        return false;
    *out = value;
    return true;
}

/* printf of one double with a '.' whatever the locale says. */
static void print_double(char *out, size_t out_size, int precision, char kind, double value)
{
    char fmt[16];
    snprintf(fmt, sizeof fmt, "%%.%d%c", precision, kind);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(out, out_size, fmt, value);
#pragma GCC diagnostic pop
    char point = decimal_point();
    if (point != '.') {
        char *p = strchr(out, point);
        if (p)
            *p = '.';
    }
}

static bool reads_back(const char *s, double value)
{
    double again;
    return text_parse_double(s, &again) && again == value;
}

const char *text_double(char *out, size_t out_size, double value, bool with_point)
{
    if (isnan(value))
        return text_format(out, out_size, "NaN");
    if (isinf(value))
        return text_format(out, out_size, value > 0 ? "Infinity" : "-Infinity");
    for (int digits = 1; digits <= 17; digits++) {
        print_double(out, out_size, digits, 'g', value);
        if (reads_back(out, value))
            break;
    }
    /* %g writes 100 as 1e+02; JSON readers take that for a float, and people stumble. */
    if (fabs(value) >= 1 && fabs(value) < 1e16 && strchr(out, 'e'))
        print_double(out, out_size, 0, 'f', value);
    size_t n = strlen(out);
    if (with_point && !strpbrk(out, ".e") && n + 3 <= out_size)
        memcpy(out + n, ".0", 3);
    return out;
}

const char *text_human(char *out, size_t out_size, double value, int digits)
{
    if (isnan(value))
        return text_format(out, out_size, "–");
    if (isinf(value))
        return text_format(out, out_size, value > 0 ? "inf" : "-inf");
    double size = fabs(value);
    if (size == 0)
        return text_format(out, out_size, "0");
    if (size < 1e-4 || size >= 1e7) {
        print_double(out, out_size, digits - 1, 'e', value);
        return out;
    }
    /* The rounding may carry into one more digit before the point: 9.996 with 3 digits is 10.0. */
    int magnitude = (int)floor(log10(size));
    int decimals = digits - 1 - magnitude;
    double unit = pow(10, decimals);
    if (decimals > 0 && round(size * unit) >= pow(10, digits))
        decimals--;
    print_double(out, out_size, decimals < 0 ? 0 : decimals, 'f', value);
    return out;
}

const char *text_duration(char *out, size_t out_size, double seconds)
{
    if (isnan(seconds) || seconds < 0)
        return text_format(out, out_size, "–");
    if (seconds < 10)
        return text_format(out, out_size, "%.1f s", seconds);
    long long s = (long long)(seconds + 0.5);
    if (s < 60)
        return text_format(out, out_size, "%lld s", s);
    if (s < 3600)
        return text_format(out, out_size, "%lld min %02lld s", s / 60, s % 60);
    return text_format(out, out_size, "%lld h %02lld min", s / 3600, s / 60 % 60);
}

const char *text_bytes(char *out, size_t out_size, double bytes)
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
    size_t i = 0;
    while (bytes >= 999.5 && i + 1 < sizeof units / sizeof *units) {
        bytes /= 1000;
        i++;
    }
    char number[32];
    text_human(number, sizeof number, bytes, 3);
    if (i == 0)
        text_format(number, sizeof number, "%.0f", bytes);
    return text_format(out, out_size, "%s %s", number, units[i]);
}

const char *text_count(char *out, size_t out_size, int64_t n)
{
    char digits[32], grouped[48];
    uint64_t magnitude = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
    snprintf(digits, sizeof digits, "%llu", (unsigned long long)magnitude);
    size_t length = strlen(digits), used = 0;
    if (n < 0)
        grouped[used++] = '-';
    for (size_t i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            grouped[used++] = ',';
        grouped[used++] = digits[i];
    }
    grouped[used] = 0;
    return text_format(out, out_size, "%s", grouped);
}

const char *text_counted(char *out, size_t out_size, int64_t n, const char *noun)
{
    char count[48];
    return text_format(out, out_size, "%s %s%s", text_count(count, sizeof count, n), noun,
                       n == 1 ? "" : "s");
}
