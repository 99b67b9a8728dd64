/* See pty.h. libvterm 0.1 tells everything about a cell but `dim`, which stays false. */
#include "pty.h"

#include "spawn.h"
#include "tiller/base.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <vterm.h>

enum { MAX_ENV = 64, RAW_MAX = 4 << 20, STEP_MS = 20 };

struct pty {
    pid_t pid;
    int fd;     /* the program's terminal, our end */
    int status; /* -1: still running */
    int rows, cols;
    VTerm *vt;
    VTermScreen *screen;
    bool closed, cursor_visible, alternate, mouse;
    char home[64];
    struct text raw, row, whole;
    uint64_t bytes;
    char *env[MAX_ENV + 1];
    size_t n_env;
};

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* ---- the environment --------------------------------------------------------------------- */

/* Sets NAME=value or, without '=', takes NAME out. */
static void set_env(struct pty *p, const char *setting)
{
    size_t n = strcspn(setting, "=");
    for (size_t i = 0; i < p->n_env; i++)
        if (strncmp(p->env[i], setting, n) == 0 && p->env[i][n] == '=') {
            free(p->env[i]);
            p->env[i--] = p->env[--p->n_env];
        }
    if (setting[n] == '=' && p->n_env < MAX_ENV)
        p->env[p->n_env++] = strdup(setting);
    p->env[p->n_env] = NULL;
}

static void set_pair(struct pty *p, const char *name, const char *value)
{
    char setting[4096];
    snprintf(setting, sizeof setting, "%s=%s", name, value);
    set_env(p, setting);
}

static void set_folder(struct pty *p, const char *name, const char *below)
{
    char folder[256];
    snprintf(folder, sizeof folder, "%s%s", p->home, below);
    file_make_folder(folder, NULL);
    set_pair(p, name, folder);
}

static void fixed_env(struct pty *p)
{
    static const char *const kept[] = {"PATH",         "ASAN_OPTIONS", "UBSAN_OPTIONS",
                                       "TSAN_OPTIONS", "LSAN_OPTIONS", "LD_LIBRARY_PATH"};
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        if (getenv(kept[i]))
            set_pair(p, kept[i], getenv(kept[i]));
    if (!spawn_make_folder(p->home))
        p->home[0] = 0;
    set_folder(p, "HOME", "");
    set_folder(p, "XDG_CONFIG_HOME", "/config");
    set_folder(p, "XDG_STATE_HOME", "/state");
    set_folder(p, "XDG_DATA_HOME", "/data");
    set_folder(p, "XDG_CACHE_HOME", "/cache");
    set_env(p, "LANG=C.UTF-8");
    set_env(p, "TZ=UTC");
    set_env(p, "TERM=xterm-256color");
}

/* ---- the screen -------------------------------------------------------------------------- */

static int on_property(VTermProp property, VTermValue *value, void *user)
{
    struct pty *p = user;
    if (property == VTERM_PROP_CURSORVISIBLE)
        p->cursor_visible = value->boolean;
    else if (property == VTERM_PROP_ALTSCREEN)
        p->alternate = value->boolean;
    else if (property == VTERM_PROP_MOUSE)
        p->mouse = value->number != VTERM_PROP_MOUSE_NONE;
    return 1;
}

/* Answers of the terminal go back to the program. */
static void on_answer(const char *bytes, size_t n, void *user)
{
    struct pty *p = user;
    ssize_t done = write(p->fd, bytes, n);
    (void)done;
}

static bool open_screen(struct pty *p, int rows, int cols)
{
    static const VTermScreenCallbacks callbacks = {.settermprop = on_property};
    p->rows = rows;
    p->cols = cols;
    p->cursor_visible = true;
    p->vt = vterm_new(rows, cols);
    if (!p->vt)
        return false;
    vterm_set_utf8(p->vt, 1);
    vterm_output_set_callback(p->vt, on_answer, p);
    p->screen = vterm_obtain_screen(p->vt);
    vterm_screen_set_callbacks(p->screen, &callbacks, p);
    vterm_screen_enable_altscreen(p->screen, 1);
    vterm_screen_reset(p->screen, 1);
    return true;
}

/* ---- the program ------------------------------------------------------------------------- */

static struct pty *spawn(struct pty *p, const char *const argv[], int rows, int cols)
{
    struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols};
    p->fd = -1;
    p->status = -1;
    if (!open_screen(p, rows, cols)) {
        pty_close(p);
        return NULL;
    }
    p->pid = forkpty(&p->fd, NULL, NULL, &size);
    if (p->pid == 0) {
        for (int fd = 3; fd < 256; fd++)
            close(fd);
        execvpe(argv[0], (char *const *)(uintptr_t)argv, p->env);
        fprintf(stderr, "cannot start %s: %s\n", argv[0], strerror(errno));
        _exit(127);
    }
    if (p->pid < 0) {
        pty_close(p);
        return NULL;
    }
    fcntl(p->fd, F_SETFL, fcntl(p->fd, F_GETFL) | O_NONBLOCK);
    fcntl(p->fd, F_SETFD, FD_CLOEXEC);
    return p;
}

struct pty *pty_spawn_with(const char *const argv[], const char *const set[], int rows, int cols)
{
    struct pty *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    fixed_env(p);
    for (size_t i = 0; set && set[i]; i++)
        set_env(p, set[i]);
    return spawn(p, argv, rows, cols);
}

struct pty *pty_spawn(const char *const argv[], const char *const env[], int rows, int cols)
{
    if (!env)
        return pty_spawn_with(argv, NULL, rows, cols);
    struct pty *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    for (size_t i = 0; env[i]; i++)
        set_env(p, env[i]);
    return spawn(p, argv, rows, cols);
}

/* Reaps if it has ended. */
static void reap(struct pty *p, int options)
{
    int status;
    if (p->pid > 0 && p->status < 0 && waitpid(p->pid, &status, options) == p->pid)
        p->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void pty_close(struct pty *p)
{
    if (!p)
        return;
    reap(p, WNOHANG);
    if (p->pid > 0 && p->status < 0) {
        kill(p->pid, SIGKILL);
        kill(p->pid, SIGCONT);
        reap(p, 0);
    }
    if (p->fd >= 0)
        close(p->fd);
    if (p->vt)
        vterm_free(p->vt);
    if (p->home[0])
        spawn_remove_folder(p->home);
    for (size_t i = 0; i < p->n_env; i++)
        free(p->env[i]);
    text_free(&p->raw);
    text_free(&p->row);
    text_free(&p->whole);
    free(p);
}

pid_t pty_pid(const struct pty *p)
{
    return p->pid;
}

const char *pty_home(const struct pty *p)
{
    return p->home;
}

bool pty_send(struct pty *p, const char *bytes)
{
    size_t n = strlen(bytes);
    double end = now_s() + 10;
    while (n > 0 && now_s() < end) {
        ssize_t done = write(p->fd, bytes, n);
        if (done > 0) {
            bytes += done;
            n -= (size_t)done;
        } else if (errno != EAGAIN && errno != EINTR)
            return false;
        else
            pty_pump(p, STEP_MS / 1e3); /* it may wait for us to read */
    }
    return n == 0;
}

void pty_resize(struct pty *p, int rows, int cols)
{
    struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols};
    p->rows = rows;
    p->cols = cols;
    vterm_set_size(p->vt, rows, cols);
    ioctl(p->fd, TIOCSWINSZ, &size);
}

void pty_signal(struct pty *p, int signal)
{
    if (p->status < 0)
        kill(p->pid, signal);
}

/* ---- waiting ----------------------------------------------------------------------------- */

long pty_pump(struct pty *p, double timeout_s)
{
    char buffer[16384];
    struct pollfd fd = {p->fd, POLLIN, 0};
    if (p->closed)
        return -1;
    if (poll(&fd, 1, (int)(timeout_s * 1000)) <= 0)
        return 0;
    ssize_t n = read(p->fd, buffer, sizeof buffer);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (n <= 0) {
        p->closed = true;
        return -1;
    }
    vterm_input_write(p->vt, buffer, (size_t)n);
    p->bytes += (uint64_t)n;
    if (p->raw.length + (size_t)n <= RAW_MAX)
        text_append_n(&p->raw, buffer, (size_t)n);
    return n;
}

bool pty_wait_until(struct pty *p, bool (*condition)(struct pty *p, void *context), void *context,
                    double deadline_s)
{
    double end = now_s() + deadline_s;
    for (;;) {
        if (condition(p, context))
            return true;
        double left = end - now_s();
        if (left <= 0)
            break;
        long n = pty_pump(p, left < STEP_MS / 1e3 ? left : STEP_MS / 1e3);
        reap(p, WNOHANG);
        if (n < 0) {
            if (condition(p, context))
                return true;
            if (p->status >= 0)
                break; /* nothing can change any more */
            poll(NULL, 0, 1);
        }
    }
    pty_print(p, "the condition did not come");
    return false;
}

static bool has_text(struct pty *p, void *context)
{
    return strstr(pty_screen(p), context) != NULL;
}

static bool lacks_text(struct pty *p, void *context)
{
    return strstr(pty_screen(p), context) == NULL;
}

bool pty_wait_text(struct pty *p, const char *text, double deadline_s)
{
    bool came = pty_wait_until(p, has_text, (void *)(uintptr_t)text, deadline_s);
    if (!came)
        fprintf(stderr, "waited for \"%s\"\n", text);
    return came;
}

bool pty_wait_gone(struct pty *p, const char *text, double deadline_s)
{
    bool went = pty_wait_until(p, lacks_text, (void *)(uintptr_t)text, deadline_s);
    if (!went)
        fprintf(stderr, "waited for \"%s\" to go\n", text);
    return went;
}

struct quiet {
    uint64_t bytes;
    double since, wanted_s;
};

static bool is_quiet(struct pty *p, void *context)
{
    struct quiet *q = context;
    if (p->bytes != q->bytes) {
        q->bytes = p->bytes;
        q->since = now_s();
    }
    return p->closed || now_s() - q->since >= q->wanted_s;
}

bool pty_wait_quiet(struct pty *p, double quiet_s, double deadline_s)
{
    struct quiet q = {p->bytes, now_s(), quiet_s};
    return pty_wait_until(p, is_quiet, &q, deadline_s);
}

static bool has_exited(struct pty *p, void *context)
{
    (void)context;
    reap(p, WNOHANG);
    return p->status >= 0;
}

bool pty_wait_exit(struct pty *p, int *status, double deadline_s)
{
    if (!pty_wait_until(p, has_exited, NULL, deadline_s))
        return false;
    while (pty_pump(p, 0) > 0) /* what it wrote last */
        continue;
    if (status)
        *status = p->status;
    return true;
}

/* ---- looking ----------------------------------------------------------------------------- */

/* The character of a cell; 0: second half of a wide one; ' ' if blank. */
static uint32_t code_at(const struct pty *p, int row, int col)
{
    VTermScreenCell cell;
    if (!vterm_screen_get_cell(p->screen, (VTermPos){row, col}, &cell))
        return ' ';
    if (cell.chars[0] == (uint32_t)-1)
        return 0;
    return cell.chars[0] ? cell.chars[0] : ' ';
}

static void append_row(const struct pty *p, int row, struct text *out)
{
    char utf8[5];
    size_t end = out->length;
    for (int col = 0; col < p->cols; col++) {
        uint32_t code = code_at(p, row, col);
        if (code == 0)
            continue;
        text_append_n(out, utf8, (size_t)text_utf8_put(code, utf8));
        if (code != ' ')
            end = out->length;
    }
    if (out->data) {
        out->length = end;
        out->data[end] = 0;
    }
}

const char *pty_row(struct pty *p, int row)
{
    text_clear(&p->row);
    if (row >= 0 && row < p->rows)
        append_row(p, row, &p->row);
    return text_get(&p->row);
}

const char *pty_screen(struct pty *p)
{
    text_clear(&p->whole);
    for (int row = 0; row < p->rows; row++) {
        append_row(p, row, &p->whole);
        text_append_char(&p->whole, '\n');
    }
    return text_get(&p->whole);
}

bool pty_find(struct pty *p, const char *text, int *row, int *col)
{
    for (int r = 0; r < p->rows; r++) {
        const char *line = pty_row(p, r), *found = strstr(line, text);
        char utf8[5];
        if (!found)
            continue;
        size_t left = (size_t)(found - line);
        int c = 0;
        while (left > 0 || code_at(p, r, c) == 0) {
            uint32_t code = code_at(p, r, c++);
            if (code)
                left -= (size_t)text_utf8_put(code, utf8);
        }
        if (row)
            *row = r;
        if (col)
            *col = c;
        return true;
    }
    return false;
}

static int colour_of(const VTermColor *c, bool is_default)
{
    if (is_default)
        return -1;
    if (VTERM_COLOR_IS_INDEXED(c))
        return c->indexed.idx;
    return 0x1000000 | c->rgb.red << 16 | c->rgb.green << 8 | c->rgb.blue;
}

struct pty_cell pty_cell_at(struct pty *p, int row, int col)
{
    VTermScreenCell cell;
    if (!vterm_screen_get_cell(p->screen, (VTermPos){row, col}, &cell))
        return (struct pty_cell){.fg = -1, .bg = -1};
    return (struct pty_cell){.code = cell.chars[0] == (uint32_t)-1 ? 0 : cell.chars[0],
                             .bold = cell.attrs.bold,
                             .reverse = cell.attrs.reverse,
                             .underline = cell.attrs.underline != 0,
                             .fg = colour_of(&cell.fg, VTERM_COLOR_IS_DEFAULT_FG(&cell.fg)),
                             .bg = colour_of(&cell.bg, VTERM_COLOR_IS_DEFAULT_BG(&cell.bg))};
}

bool pty_cursor_visible(const struct pty *p)
{
    return p->cursor_visible;
}

bool pty_alternate_screen(const struct pty *p)
{
    return p->alternate;
}

bool pty_mouse_on(const struct pty *p)
{
    return p->mouse;
}

bool pty_echo_on(const struct pty *p)
{
    struct termios modes;
    return tcgetattr(p->fd, &modes) == 0 && (modes.c_lflag & ECHO) && (modes.c_lflag & ICANON);
}

uint64_t pty_bytes(const struct pty *p)
{
    return p->bytes;
}

const char *pty_raw(const struct pty *p, size_t *n)
{
    *n = p->raw.length;
    return text_get(&p->raw);
}

void pty_print(struct pty *p, const char *why)
{
    fprintf(stderr, "%s; the screen (%dx%d, %s):\n%s", why, p->rows, p->cols,
            p->status < 0 ? "running" : "ended", pty_screen(p));
}
