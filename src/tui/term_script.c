/* The terminal that is a file: keys come from its lines, frames are only remembered. Nothing here
 * sleeps by the clock: a wait polls the caller's wake_fd, and ends with an error after 60 s of wall
 * time, or at once when nothing can change any more. */
#include "tui/term_impl.h"

#include <errno.h>
#include <langinfo.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { WAIT_LIMIT_S = 60, QUEUE = 4096, MAX_SCRIPT_BYTES = 16 << 20, MAX_SIDE = 1000 };

struct script {
    struct term term;
    char *text;     /* owned */
    char *where;    /* owned; for messages */
    const char *at; /* first byte of the next line */
    int line;       /* its number, from 1 */
    struct term_event queue[QUEUE];
    size_t n_queue, next_queue;
    double waiting_since; /* negative: the present line does not wait */
    struct text shown;    /* grid of the last frame, for `wait text` */
    struct text shown_roles;
    bool ended;
    enum err result;
    struct err_info info;
};

/* ---- lines ------------------------------------------------------------------------------- */

static const char *place(const struct script *s, char out[static 256])
{
    return text_format(out, 256, "%s:%d", s->where, s->line);
}

/* Ends the script with what info says. */
static enum term_event_kind fail(struct script *s, enum err code)
{
    s->result = code;
    s->ended = true;
    return TERM_EVENT_END;
}

static enum term_event_kind wrong_line(struct script *s, const char *what, const char *hint)
{
    char where[256];
    return fail(s, err_set(&s->info, ERR_INPUT, place(s, where), hint, "%s", what));
}

static bool push(struct script *s, struct term_event event)
{
    if (s->n_queue == QUEUE)
        return false;
    s->queue[s->n_queue++] = event;
    return true;
}

static bool push_key(struct script *s, uint32_t key)
{
    return push(s, (struct term_event){.kind = TERM_EVENT_KEY, .key = key});
}

/* Every character of the text as a key. */
static bool push_text(struct script *s, const char *text, bool pasted)
{
    uint32_t code;
    for (int n; (n = text_utf8_next(text, &code)) > 0; text += n) {
        struct term_event e = {.kind = TERM_EVENT_KEY, .key = code, .pasted = pasted};
        if (pasted)
            e.key = term_paste_code(code);
        if (!push(s, e))
            return false;
    }
    return true;
}

static enum term_event_kind too_long(struct script *s)
{
    return wrong_line(s, "more than 4096 keys in one line", "break it into several lines");
}

/* "PREFIX rest" or "PREFIX" alone: the rest, without blanks in front; NULL if it is another line.
 */
static const char *behind(const char *line, const char *prefix)
{
    size_t n = strlen(prefix);
    if (strncmp(line, prefix, n) != 0 || (line[n] != 0 && line[n] != ' '))
        return NULL;
    return line + n + (line[n] == ' ');
}

typedef enum term_event_kind (*line_run)(struct script *s, const char *rest,
                                         const struct term_wait *wait);

/* A wait that is not over yet: looks at wake_fd for as long as the caller would wait. */
static enum term_event_kind keep_waiting(struct script *s, const struct term_wait *wait,
                                         const char *what)
{
    double now = term_seconds();
    char where[256];
    if (s->waiting_since < 0)
        s->waiting_since = now;
    double left = s->waiting_since + WAIT_LIMIT_S - now;
    bool nothing_comes = wait->idle && wait->wake_fd < 0 && wait->timeout_ms < 0;
    if (left <= 0 || nothing_comes)
        return fail(s, err_set(&s->info, ERR_STATE, place(s, where),
                               "the screen at the end is what :save-screen writes", "%s: %s", what,
                               nothing_comes ? "nothing goes on that could change it"
                                             : "waited 60 s in vain"));
    struct pollfd fd = {wait->wake_fd, POLLIN, 0};
    int timeout = (int)(left * 1000) + 1;
    if (wait->timeout_ms >= 0 && wait->timeout_ms < timeout)
        timeout = wait->timeout_ms;
    return poll(&fd, 1, timeout) > 0 ? TERM_EVENT_WAKE : TERM_EVENT_NONE;
}

static enum term_event_kind run_wait(struct script *s, const char *rest,
                                     const struct term_wait *wait)
{
    char what[300];
    const char *words;
    bool over;
    if (strcmp(rest, "idle") == 0)
        over = wait->idle;
    else if ((words = behind(rest, "text")) && *words)
        over = strstr(text_get(&s->shown), words) != NULL;
    else if ((words = behind(rest, "gone")) && *words)
        over = strstr(text_get(&s->shown), words) == NULL;
    else
        return wrong_line(s, "what to wait for?", ":wait idle, :wait text WORDS, :wait gone WORDS");
    if (over) {
        s->waiting_since = -1;
        return TERM_EVENT_NONE;
    }
    text_format(what, sizeof what, ":wait %s", rest);
    return keep_waiting(s, wait, what);
}

static enum term_event_kind run_save(struct script *s, const char *rest,
                                     const struct term_wait *wait)
{
    char path[4096];
    (void)wait;
    size_t n = strcspn(rest, " ");
    const char *option = rest + n + strspn(rest + n, " ");
    if (n == 0 || n >= sizeof path || (*option && strcmp(option, "attrs") != 0))
        return wrong_line(s, "where to save the screen?", ":save-screen FILE [attrs]");
    memcpy(path, rest, n);
    path[n] = 0;
    const struct text *shown = *option ? &s->shown_roles : &s->shown;
    if (shown->failed)
        return fail(s, err_set_memory(&s->info, path));
    enum err e = file_write_atomic(path, text_get(shown), shown->length, &s->info);
    return e ? fail(s, e) : TERM_EVENT_NONE;
}

/* "24x80"; false if it is not two numbers from 1 to 1000. */
static bool read_size(const char *text, int *rows, int *cols)
{
    char *end;
    long r = strtol(text, &end, 10);
    if (end == text || (*end != 'x' && *end != 'X') || r < 1 || r > MAX_SIDE)
        return false;
    const char *second = end + 1;
    long c = strtol(second, &end, 10);
    if (end == second || *end || c < 1 || c > MAX_SIDE)
        return false;
    *rows = (int)r;
    *cols = (int)c;
    return true;
}

static enum term_event_kind run_resize(struct script *s, const char *rest,
                                       const struct term_wait *wait)
{
    (void)wait;
    if (!read_size(rest, &s->term.rows, &s->term.cols))
        return wrong_line(s, "what size?", ":resize ROWSxCOLS, from 1x1 to 1000x1000");
    return TERM_EVENT_RESIZE;
}

static enum term_event_kind run_paste(struct script *s, const char *rest,
                                      const struct term_wait *wait)
{
    (void)wait;
    return push_text(s, rest, true) ? TERM_EVENT_NONE : too_long(s);
}

static enum term_event_kind run_type(struct script *s, const char *rest,
                                     const struct term_wait *wait)
{
    (void)wait;
    return push_text(s, rest, false) ? TERM_EVENT_NONE : too_long(s);
}

static enum term_event_kind run_keys(struct script *s, const char *line)
{
    char what[160];
    while (*(line += strspn(line, " \t"))) {
        uint32_t key;
        size_t n = term_key_parse(line, &key);
        if (n == 0) {
            text_format(what, sizeof what, "'%.40s' begins with no key", line);
            return wrong_line(s, what, "keys are written as in j <Enter> <C-d> <lt> <Space>");
        }
        if (!push_key(s, key))
            return too_long(s);
        line += n;
    }
    return TERM_EVENT_NONE;
}

static enum term_event_kind run_line(struct script *s, const char *line,
                                     const struct term_wait *wait)
{
    static const struct {
        const char *word;
        line_run run;
    } words[] = {{":wait", run_wait},
                 {":save-screen", run_save},
                 {":resize", run_resize},
                 {":paste", run_paste},
                 {"type", run_type}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        const char *rest = behind(line, words[i].word);
        if (rest)
            return words[i].run(s, rest, wait);
    }
    if (line[0] == ':')
        return push_text(s, line, false) && push_key(s, TERM_KEY_ENTER) ? TERM_EVENT_NONE
                                                                        : too_long(s);
    return run_keys(s, line);
}

/* Reads the line at s->at without blanks around it; its length with the end in *whole. */
static bool read_line(struct script *s, char *line, size_t size, size_t *whole)
{
    size_t n = strcspn(s->at, "\n"), first = 0;
    *whole = n + (s->at[n] == '\n');
    while (first < n && strchr(" \t", s->at[first]))
        first++;
    /* blanks at the end belong to what is typed or pasted, a CR never does */
    if (n > first && s->at[n - 1] == '\r')
        n--;
    if (n - first >= size)
        return false;
    memcpy(line, s->at + first, n - first);
    line[n - first] = 0;
    return true;
}

/* ---- the kind ---------------------------------------------------------------------------- */

static enum term_event_kind take_lines(struct script *s, const struct term_wait *wait)
{
    char line[8192];
    size_t whole;
    while (*s->at) {
        if (!read_line(s, line, sizeof line, &whole))
            return wrong_line(s, "a line of more than 8191 bytes", NULL);
        enum term_event_kind kind = TERM_EVENT_NONE;
        if (line[0] && line[0] != '#')
            kind = run_line(s, line, wait);
        if (s->ended || s->waiting_since >= 0)
            return kind;
        s->at += whole;
        s->line++;
        if (kind != TERM_EVENT_NONE || s->n_queue)
            return kind;
    }
    s->ended = true;
    return TERM_EVENT_END;
}

static enum term_event_kind script_next(struct term *t, const struct term_wait *wait,
                                        struct term_event *out)
{
    struct script *s = (struct script *)t;
    if (s->ended)
        return TERM_EVENT_END;
    if (s->next_queue == s->n_queue) {
        struct pollfd fd = {wait->wake_fd, POLLIN, 0};
        s->next_queue = s->n_queue = 0;
        if (wait->wake_fd >= 0 && poll(&fd, 1, 0) > 0)
            return TERM_EVENT_WAKE;
        enum term_event_kind kind = take_lines(s, wait);
        if (kind != TERM_EVENT_NONE || s->n_queue == 0)
            return kind;
    }
    *out = s->queue[s->next_queue++];
    return out->kind;
}

static bool script_show(struct term *t, const struct frame *frame)
{
    struct script *s = (struct script *)t;
    text_clear(&s->shown);
    text_clear(&s->shown_roles);
    frame_dump(frame, false, &s->shown);
    frame_dump(frame, true, &s->shown_roles);
    return true;
}

static void script_close(struct term *t)
{
    struct script *s = (struct script *)t;
    text_free(&s->shown);
    text_free(&s->shown_roles);
    mem_free(s->text);
    mem_free(s->where);
    mem_free(s);
}

static enum err script_result(const struct term *t, struct err_info *info)
{
    const struct script *s = (const struct script *)t;
    if (s->result && info)
        *info = s->info;
    return s->result;
}

static void ignore_theme(struct term *t, const struct theme *theme)
{
    (void)t;
    (void)theme;
}

static void ignore_mouse(struct term *t, bool on)
{
    (void)t;
    (void)on;
}

static void ignore_repaint(struct term *t)
{
    (void)t;
}

static bool no_copy(struct term *t, const char *text)
{
    (void)t;
    (void)text;
    return false;
}

static const struct term_kind script_kind = {script_close, script_show,  script_next,
                                             ignore_theme, ignore_mouse, ignore_repaint,
                                             no_copy,      script_result};

/* Takes the text over, also on failure. */
static enum err open_owned(char *text, const char *where, int rows, int cols, struct term **out,
                           struct err_info *info)
{
    struct script *s = text ? mem_zero_alloc(1, sizeof *s) : NULL;
    char *name = s ? mem_dup_text(where) : NULL;
    *out = NULL;
    if (!name) {
        mem_free(s);
        mem_free(text);
        return err_set_memory(info, where);
    }
    bool utf8 = strcasecmp(nl_langinfo(CODESET), "UTF-8") == 0;
    s->term = (struct term){.kind = &script_kind,
                            .rows = rows > 0 && rows <= MAX_SIDE ? rows : 24,
                            .cols = cols > 0 && cols <= MAX_SIDE ? cols : 80,
                            .tier = TUI_COLOUR_256,
                            .glyphs = utf8 ? GLYPHS_BRAILLE : GLYPHS_ASCII,
                            .any_glyphs = true};
    s->text = text;
    s->where = name;
    s->at = text;
    s->line = 1;
    s->waiting_since = -1;
    *out = &s->term;
    return ERR_OK;
}

enum err term_open_script_text(const char *script, const char *where, int rows, int cols,
                               struct term **out, struct err_info *info)
{
    return open_owned(mem_dup_text(script), where, rows, cols, out, info);
}

enum err term_open_script(const char *path, int rows, int cols, struct term **out,
                          struct err_info *info)
{
    char *text;
    size_t n;
    *out = NULL;
    enum err e = file_read(path, MAX_SCRIPT_BYTES, &text, &n, info);
    if (e)
        return e;
    if (strlen(text) != n) {
        mem_free(text);
        return err_set(info, ERR_INPUT, path, "a script is lines of keys and commands",
                       "holds a NUL byte");
    }
    return open_owned(text, path, rows, cols, out, info);
}
