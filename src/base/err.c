/* Errors are values: a code and three sentences, filled where the failure happens. */
#include "tiller/base.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const sentences[] = {
#define X(name, sentence) [name] = (sentence),
    ERR_LIST(X)
#undef X
};

const char *err_sentence(enum err code)
{
    return (size_t)code < sizeof sentences / sizeof *sentences ? sentences[code] : "unknown error";
}

static void fill(struct err_info *info, enum err code, const char *where, const char *hint,
                 const char *detail)
{
    info->code = code;
    text_sanitize(info->where, sizeof info->where, where ? where : "");
    text_sanitize(info->detail, sizeof info->detail, detail);
    text_sanitize(info->hint, sizeof info->hint, hint ? hint : "");
}

enum err err_set(struct err_info *info, enum err code, const char *where, const char *hint,
                 const char *fmt, ...)
{
    if (!info)
        return code;
    char detail[sizeof info->detail];
    va_list args;
    va_start(args, fmt);
    vsnprintf(detail, sizeof detail, fmt, args);
    va_end(args);
    fill(info, code, where, hint, detail);
    return code;
}

void err_hint(struct err_info *info, const char *hint)
{
    if (info && info->code == ERR_INPUT && !info->hint[0])
        text_sanitize(info->hint, sizeof info->hint, hint);
}

enum err err_set_errno(struct err_info *info, enum err code, const char *where, const char *hint,
                       const char *fmt, ...)
{
    int number = errno;
    if (!info)
        return code;
    char detail[sizeof info->detail], reason[128];
    va_list args;
    va_start(args, fmt);
    int length = vsnprintf(detail, sizeof detail, fmt, args);
    va_end(args);
    /* The GNU strerror_r: thread-safe, may return a string of its own. */
    const char *message = strerror_r(number, reason, sizeof reason);
    if (length >= 0 && (size_t)length < sizeof detail)
        snprintf(detail + length, sizeof detail - (size_t)length, ": %s", message);
    fill(info, code, where, hint, detail);
    return code;
}

enum err err_set_memory(struct err_info *info, const char *where)
{
    return err_set(info, ERR_MEMORY, where, "close other programs or use a smaller data set",
                   "out of memory");
}

const char *err_format(const struct err_info *info, char *out, size_t out_size)
{
    bool has_where = info->where[0] != 0, has_hint = info->hint[0] != 0;
    const char *detail = info->detail[0] ? info->detail : err_sentence(info->code);
    return text_format(out, out_size, "%s%s%s%s%s", info->where, has_where ? ": " : "", detail,
                       has_hint ? "; " : "", info->hint);
}
