/* See spawn.h. */
#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

const char *spawn_tiller(void)
{
    const char *path = getenv("TILLER");
    static char absolute[4096];
    if (path)
        return path;
    return realpath("build/tiller", absolute) ? absolute : "build/tiller";
}

static void child(const char *const *argv, const char *folder, const int out[2], const int err[2])
{
    if (folder && chdir(folder) != 0)
        _exit(126);
    int null = open("/dev/null", O_RDONLY);
    dup2(null, 0);
    dup2(out[1], 1);
    dup2(err[1], 2);
    for (int fd = 3; fd < 64; fd++)
        close(fd);
    execv(argv[0], (char *const *)(uintptr_t)argv);
    _exit(127);
}

bool spawn_start(struct spawned *s, const char *const *argv, const char *folder)
{
    int out[2], err[2];
    *s = (struct spawned){.status = -1, .out_fd = -1, .err_fd = -1};
    if (pipe(out) != 0 || pipe(err) != 0)
        return false;
    s->pid = fork();
    if (s->pid == 0)
        child(argv, folder, out, err);
    close(out[1]);
    close(err[1]);
    s->out_fd = out[0];
    s->err_fd = err[0];
    return s->pid > 0;
}

static void drain(int *fd, struct text *into)
{
    char buffer[8192];
    ssize_t n = read(*fd, buffer, sizeof buffer);
    if (n > 0)
        text_append_n(into, buffer, (size_t)n);
    else if (n == 0 || errno != EINTR) {
        close(*fd);
        *fd = -1;
    }
}

bool spawn_read(struct spawned *s, int wait_ms)
{
    struct pollfd fds[2] = {{s->out_fd, POLLIN, 0}, {s->err_fd, POLLIN, 0}};
    if (s->out_fd < 0 && s->err_fd < 0)
        return false;
    if (poll(fds, 2, wait_ms) > 0) {
        if (s->out_fd >= 0 && fds[0].revents)
            drain(&s->out_fd, &s->out);
        if (s->err_fd >= 0 && fds[1].revents)
            drain(&s->err_fd, &s->err);
    }
    return s->out_fd >= 0 || s->err_fd >= 0;
}

bool spawn_wait_text(struct spawned *s, const char *text, bool out, double deadline_s)
{
    double end = now_s() + deadline_s;
    while (!strstr(text_get(out ? &s->out : &s->err), text))
        if (now_s() > end || !spawn_read(s, 100))
            return strstr(text_get(out ? &s->out : &s->err), text) != NULL;
    return true;
}

int spawn_finish(struct spawned *s, double deadline_s)
{
    double end = now_s() + deadline_s;
    bool late = false;
    while (!late && spawn_read(s, 100))
        late = now_s() > end;
    if (late)
        kill(s->pid, SIGKILL);
    int status = 0;
    while (waitpid(s->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    s->status = late ? -1 : WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return s->status;
}

int spawn_run(struct spawned *s, const char *const *argv, const char *folder, double deadline_s)
{
    return spawn_start(s, argv, folder) ? spawn_finish(s, deadline_s) : -1;
}

void spawn_free(struct spawned *s)
{
    if (s->out_fd >= 0)
        close(s->out_fd);
    if (s->err_fd >= 0)
        close(s->err_fd);
    text_free(&s->out);
    text_free(&s->err);
}

const char *spawn_make_folder(char out[static 64])
{
    strcpy(out, "/tmp/tiller-test-XXXXXX");
    return mkdtemp(out);
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *where)
{
    (void)status;
    (void)kind;
    (void)where;
    return remove(path);
}

void spawn_remove_folder(const char *folder)
{
    if (strncmp(folder, "/tmp/tiller-test-", 17) == 0)
        nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
