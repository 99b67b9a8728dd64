/* The device. Output goes through a file description of our own that does not block (the shell
 * shares stdout's, so that one stays as it is). Handlers only set flags and write to a pipe; those
 * of fatal signals restore the terminal with write and tcsetattr, which may be called there, and
 * then let the signal do what it did before. Handlers that the caller has for SIGINT and its like
 * are called by ours, which then wakes the waiting thread: whichever thread the signal hit, and
 * however late, it is not slept through. */
#include "tui/term_tty.h"

#include "tui/term_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

enum { KIND_FLAG, KIND_FATAL, KIND_CALLERS /* fatal where the caller has no handler */ };
static const struct {
    int number, kind;
} caught[] = {
    {SIGWINCH, KIND_FLAG},   {SIGTSTP, KIND_FLAG},    {SIGCONT, KIND_FLAG},
    {SIGSEGV, KIND_FATAL},   {SIGBUS, KIND_FATAL},    {SIGABRT, KIND_FATAL},
    {SIGFPE, KIND_FATAL},    {SIGILL, KIND_FATAL},    {SIGTRAP, KIND_FATAL},
    {SIGSYS, KIND_FATAL},    {SIGINT, KIND_CALLERS},  {SIGTERM, KIND_CALLERS},
    {SIGHUP, KIND_CALLERS},  {SIGQUIT, KIND_CALLERS}, {SIGALRM, KIND_CALLERS},
    {SIGXCPU, KIND_CALLERS},
};
enum {
    N_CAUGHT = sizeof caught / sizeof *caught,
    STRING = 256,
    ALT_STACK = 64 * 1024,
    FIRST_BYTES = 4096
};

static struct {
    bool open;
    bool blocking; /* out_fd is stdout itself */
    int out_fd, pipe[2];
    struct termios before;
    char enter[STRING], leave[STRING];
    size_t n_enter, n_leave;
    unsigned char *waiting;
    size_t n_waiting, n_sent, capacity;
    uint64_t bytes;
    struct sigaction old[N_CAUGHT];
    bool installed[N_CAUGHT];
    void *alt_stack;
    stack_t old_stack;
} tty = {.out_fd = -1, .pipe = {-1, -1}};

/* What handlers look at. */
static volatile sig_atomic_t inside;     /* entered: there is something to restore */
static volatile sig_atomic_t mid_output; /* a sequence may be cut off */
static volatile sig_atomic_t flags_resized, flags_stop, flags_continued, flags_caller;

/* ---- output ------------------------------------------------------------------------------ */

/* Without blocking: bytes written, 0 if none can be now, -1 if the terminal is gone. */
static ssize_t write_some(const unsigned char *bytes, size_t n)
{
    struct pollfd fd = {tty.out_fd, POLLOUT, 0};
    if (tty.blocking) {
        if (poll(&fd, 1, 0) <= 0)
            return 0;
        n = n < 512 ? n : 512;
    }
    ssize_t done = write(tty.out_fd, bytes, n);
    if (done < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    return done;
}

bool tty_flush(void)
{
    while (tty.n_sent < tty.n_waiting) {
        ssize_t done = write_some(tty.waiting + tty.n_sent, tty.n_waiting - tty.n_sent);
        if (done == 0)
            return false;
        if (done < 0) { /* gone: reading will say so too */
            tty.n_sent = tty.n_waiting;
            break;
        }
        tty.n_sent += (size_t)done;
        tty.bytes += (uint64_t)done;
    }
    tty.n_sent = tty.n_waiting = 0;
    mid_output = 0;
    return true;
}

bool tty_send(const void *bytes, size_t n)
{
    if (tty.n_waiting + n > tty.capacity) {
        size_t wanted = (tty.n_waiting + n) * 2;
        unsigned char *grown = mem_resize(tty.waiting, wanted, 1);
        if (!grown)
            return false;
        tty.waiting = grown;
        tty.capacity = wanted;
    }
    memcpy(tty.waiting + tty.n_waiting, bytes, n);
    tty.n_waiting += n;
    mid_output = 1;
    tty_flush();
    return true;
}

uint64_t tty_bytes(void)
{
    return tty.bytes;
}

/* All of it, for at most a second: the way out may not hang on a dead link. May be called in a
 * signal handler. */
static void write_patiently(const char *bytes, size_t n)
{
    for (int tries = 0; n > 0 && tries < 20;) {
        ssize_t done = write(tty.out_fd, bytes, n);
        if (done > 0) {
            bytes += done;
            n -= (size_t)done;
            continue;
        }
        struct pollfd fd = {tty.out_fd, POLLOUT, 0};
        if (done < 0 && errno != EAGAIN && errno != EINTR)
            return;
        poll(&fd, 1, 50);
        tries++;
    }
}

/* ---- modes ------------------------------------------------------------------------------- */

/* Keys come one by one and unchanged, output goes out unchanged; Ctrl-C and Ctrl-Z stay signals. */
static void set_raw(void)
{
    struct termios raw = tty.before;
    raw.c_iflag &= ~(tcflag_t)(BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON | IXOFF);
    raw.c_oflag &= ~(tcflag_t)OPOST;
    raw.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | IEXTEN);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    while (tcsetattr(STDIN_FILENO, TCSANOW, &raw) != 0 && errno == EINTR)
        continue;
}

/* Used by handlers too. CAN cuts off a sequence that was only half sent. */
static void restore(void)
{
    if (!inside)
        return;
    inside = 0;
    if (mid_output)
        write_patiently("\030", 1);
    write_patiently(tty.leave, tty.n_leave);
    tcsetattr(STDIN_FILENO, TCSANOW, &tty.before);
}

static void keep(char *out, size_t *n, const char *s)
{
    text_copy(out, STRING, s);
    *n = strlen(out);
}

void tty_enter(const char *enter, const char *leave)
{
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &old);
    keep(tty.enter, &tty.n_enter, enter);
    keep(tty.leave, &tty.n_leave, leave);
    set_raw();
    inside = 1;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    tty_send(tty.enter, tty.n_enter);
}

void tty_leave(void)
{
    for (int tries = 0; !tty_flush() && tries < 20; tries++)
        poll(&(struct pollfd){tty.out_fd, POLLOUT, 0}, 1, 50);
    restore();
    tty.n_sent = tty.n_waiting = 0;
    mid_output = 0;
}

void tty_size(int *rows, int *cols)
{
    struct winsize size = {0};
    if (ioctl(tty.out_fd, TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0) {
        *rows = 24;
        *cols = 80;
        return;
    }
    *rows = size.ws_row < 2000 ? size.ws_row : 2000;
    *cols = size.ws_col < 2000 ? size.ws_col : 2000;
}

/* ---- signals ----------------------------------------------------------------------------- */

static void wake_up(void)
{
    ssize_t ignored = write(tty.pipe[1], "!", 1); /* full: it is readable anyway */
    (void)ignored;
}

static void on_flag(int number)
{
    int saved = errno;
    if (number == SIGWINCH)
        flags_resized = 1;
    else if (number == SIGTSTP)
        flags_stop = 1;
    else
        flags_continued = 1;
    wake_up();
    errno = saved;
}

static size_t place_of(int number)
{
    size_t i = 0;
    while (i + 1 < N_CAUGHT && caught[i].number != number)
        i++;
    return i;
}

static void on_fatal(int number, siginfo_t *what, void *context)
{
    (void)context;
    restore();
    sigaction(number, &tty.old[place_of(number)], NULL);
    /* A fault happens again by itself when the handler returns; what was sent is sent again. */
    bool fault = number == SIGSEGV || number == SIGBUS || number == SIGFPE || number == SIGILL;
    if (!fault || what->si_code <= 0)
        raise(number);
}

static struct sigaction fatal_action(void)
{
    struct sigaction action = {.sa_flags = SA_SIGINFO | SA_ONSTACK};
    action.sa_sigaction = on_fatal;
    sigemptyset(&action.sa_mask);
    return action;
}

/* Around a handler of the caller's. */
static void on_caller(int number, siginfo_t *what, void *context)
{
    int saved = errno;
    struct sigaction *old = &tty.old[place_of(number)];
    bool once = old->sa_flags & (int)SA_RESETHAND;
    if (old->sa_flags & SA_SIGINFO)
        old->sa_sigaction(number, what, context);
    else
        old->sa_handler(number);
    if (once) { /* the next one is not handled: it ends the program */
        struct sigaction action = fatal_action();
        *old = (struct sigaction){.sa_handler = SIG_DFL};
        sigaction(number, &action, NULL);
    }
    flags_caller = 1;
    wake_up();
    errno = saved;
}

static bool has_handler(const struct sigaction *a, void (*which)(int))
{
    return !(a->sa_flags & SA_SIGINFO) && a->sa_handler == which;
}

/* Our handler for the i-th signal, given what there is; false: it stays. */
static bool choose_action(size_t i, struct sigaction *action)
{
    const struct sigaction *old = &tty.old[i];
    bool ignored = has_handler(old, SIG_IGN);
    if (caught[i].kind == KIND_FLAG) {
        *action = (struct sigaction){.sa_handler = on_flag, .sa_flags = SA_RESTART};
        sigemptyset(&action->sa_mask);
        return caught[i].number == SIGWINCH || !ignored;
    }
    *action = fatal_action();
    if (caught[i].kind == KIND_FATAL || has_handler(old, SIG_DFL))
        return true;
    action->sa_sigaction = on_caller;
    action->sa_mask = old->sa_mask;
    action->sa_flags |= old->sa_flags & SA_RESTART;
    return !ignored;
}

static void install_handlers(void)
{
    tty.alt_stack = mem_alloc(ALT_STACK, 1);
    stack_t stack = {.ss_sp = tty.alt_stack, .ss_size = ALT_STACK};
    tty.old_stack = (stack_t){.ss_flags = SS_DISABLE};
    if (tty.alt_stack && sigaltstack(&stack, &tty.old_stack) != 0) {
        mem_free(tty.alt_stack);
        tty.alt_stack = NULL;
    }
    for (size_t i = 0; i < N_CAUGHT; i++) {
        struct sigaction action;
        tty.installed[i] = sigaction(caught[i].number, NULL, &tty.old[i]) == 0 &&
                           choose_action(i, &action) &&
                           sigaction(caught[i].number, &action, NULL) == 0;
    }
}

/* Is it still one of ours? The caller may have installed another one since. */
static bool is_ours(const struct sigaction *a)
{
    return has_handler(a, on_flag) || (a->sa_flags & SA_SIGINFO && (a->sa_sigaction == on_fatal ||
                                                                    a->sa_sigaction == on_caller));
}

static void remove_handlers(void)
{
    struct sigaction now;
    for (size_t i = 0; i < N_CAUGHT; i++)
        if (tty.installed[i] && sigaction(caught[i].number, NULL, &now) == 0 && is_ours(&now))
            sigaction(caught[i].number, &tty.old[i], NULL);
    if (tty.alt_stack)
        sigaltstack(&tty.old_stack, NULL);
    mem_free(tty.alt_stack);
    tty.alt_stack = NULL;
}

int tty_signals(void)
{
    char buffer[64];
    int came = 0;
    while (read(tty.pipe[0], buffer, sizeof buffer) > 0)
        continue;
    if (flags_resized)
        came |= TTY_RESIZED;
    flags_resized = 0;
    if (flags_stop)
        came |= TTY_STOP;
    flags_stop = 0;
    if (flags_continued)
        came |= TTY_CONTINUED;
    flags_continued = 0;
    if (flags_caller)
        came |= TTY_CALLER;
    flags_caller = 0;
    return came;
}

void tty_stop(void)
{
    struct sigaction standard = {.sa_handler = SIG_DFL}, ours;
    sigset_t stop, old;
    sigemptyset(&standard.sa_mask);
    sigemptyset(&stop);
    sigaddset(&stop, SIGTSTP);
    tty_leave();
    sigaction(SIGTSTP, &standard, &ours);
    pthread_sigmask(SIG_UNBLOCK, &stop, &old);
    raise(SIGTSTP); /* here the process stands still */
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    sigaction(SIGTSTP, &ours, NULL);
    flags_continued = flags_stop = 0;
}

/* ---- opening ----------------------------------------------------------------------------- */

/* A description of our own for the terminal at stdout; -1 if it cannot be had. */
static int reopen(void)
{
    char name[256];
    struct stat here, there;
    if (ttyname_r(STDOUT_FILENO, name, sizeof name) != 0)
        return -1;
    int fd = open(name, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd >= 0 && (fstat(fd, &there) != 0 || fstat(STDOUT_FILENO, &here) != 0 ||
                    here.st_rdev != there.st_rdev)) {
        close(fd);
        return -1;
    }
    return fd;
}

static void close_device(void)
{
    if (!tty.blocking && tty.out_fd >= 0)
        close(tty.out_fd);
    for (int i = 0; i < 2; i++) {
        if (tty.pipe[i] >= 0)
            close(tty.pipe[i]);
        tty.pipe[i] = -1;
    }
    tty.out_fd = -1;
    mem_free(tty.waiting);
    tty.waiting = NULL;
    tty.capacity = tty.n_waiting = tty.n_sent = 0;
    tty.open = false;
}

enum err tty_open(struct err_info *info)
{
    static bool at_exit;
    if (tty.open)
        return err_set(info, ERR_STATE, "terminal", NULL, "is open already");
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) ||
        tcgetattr(STDIN_FILENO, &tty.before) != 0)
        return err_set(info, ERR_STATE, "terminal", "--plain works without one",
                       "stdin or stdout is no terminal");
    if (pipe2(tty.pipe, O_NONBLOCK | O_CLOEXEC) != 0)
        return err_set_errno(info, ERR_IO, "terminal", NULL, "no pipe for signals");
    tty.out_fd = reopen();
    tty.blocking = tty.out_fd < 0;
    if (tty.blocking)
        tty.out_fd = STDOUT_FILENO;
    tty.bytes = 0;
    tty.open = true;
    tty.waiting = mem_alloc(FIRST_BYTES, 1); /* so much can always be sent */
    tty.capacity = FIRST_BYTES;
    if (!tty.waiting) {
        close_device();
        return err_set_memory(info, "terminal");
    }
    flags_resized = flags_stop = flags_continued = flags_caller = 0;
    install_handlers();
    if (!at_exit)
        at_exit = atexit(restore) == 0;
    return ERR_OK;
}

void tty_close(void)
{
    if (!tty.open)
        return;
    tty_leave();
    remove_handlers();
    close_device();
}

int tty_in_fd(void)
{
    return STDIN_FILENO;
}

int tty_out_fd(void)
{
    return tty.out_fd;
}

int tty_signal_fd(void)
{
    return tty.pipe[0];
}
