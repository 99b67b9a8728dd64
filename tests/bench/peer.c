/* See peer.h. */
#include "peer.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SILENT_MS = 300000 }; /* importing and one epoch of a slow network */

static void child(const char *const *argv, const int to[2], const int from[2])
{
    dup2(to[0], 0);
    dup2(from[1], 1);
    for (int fd = 3; fd < 64; fd++)
        close(fd);
    signal(SIGPIPE, SIG_DFL);
    execv(argv[0], (char *const *)(uintptr_t)argv);
    _exit(127);
}

static bool start(struct peer *p, const char *const *argv)
{
    int to[2], from[2];
    if (access(argv[0], X_OK) != 0 || pipe(to) != 0)
        return false;
    if (pipe(from) != 0) {
        close(to[0]);
        close(to[1]);
        return false;
    }
    p->pid = fork();
    if (p->pid == 0)
        child(argv, to, from);
    close(to[0]);
    close(from[1]);
    p->to = to[1];
    p->from = from[0];
    return p->pid > 0;
}

/* The next line, without its end, in p->line; false at the end, in silence or if it is too long. */
static bool read_line(struct peer *p)
{
    p->n_line = 0;
    for (;;) {
        struct pollfd poll_fd = {.fd = p->from, .events = POLLIN};
        char c;
        if (poll(&poll_fd, 1, SILENT_MS) <= 0 || read(p->from, &c, 1) != 1)
            return false;
        p->line[p->n_line] = '\0';
        if (c == '\n')
            return true;
        if (p->n_line + 1 == sizeof p->line)
            return false;
        p->line[p->n_line++] = c;
    }
}

static void lose(struct peer *p, const char *why)
{
    text_sanitize(p->missing, sizeof p->missing, why);
    peer_stop(p);
}

/* One line as JSON; NULL (and the peer is lost) if there is none. */
static struct cJSON *answer(struct peer *p)
{
    struct cJSON *doc = NULL;
    if (!read_line(p))
        lose(p, "gave no answer");
    else if (json_parse(p->line, p->n_line, p->name, &doc, NULL) != ERR_OK)
        lose(p, "gave an answer that is not JSON");
    return doc;
}

void peer_start(struct peer *p, const char *name, const char *const *argv)
{
    *p = (struct peer){.name = name, .to = -1, .from = -1};
    if (!start(p, argv)) {
        text_format(p->missing, sizeof p->missing, "%s is not there", argv[0]);
        return;
    }
    struct cJSON *doc = answer(p);
    const char *missing = json_get_string(doc, "missing");
    const char *version = json_get_string(doc, "version");
    text_sanitize(p->version, sizeof p->version, version ? version : "");
    if (doc && (missing || !version))
        lose(p, missing ? missing : "does not say its version");
    json_free(doc);
}

static void write_request(struct text *line, const struct network *n, enum net_optimizer optimizer,
                          const char *rows_path, double seconds)
{
    struct net_config c = network_config(n, optimizer);
    struct json_writer w;
    json_begin(&w, line);
    json_open(&w, NULL, '{');
    json_put_string(&w, "rows", rows_path);
    json_put_int(&w, "n_rows", BENCH_ROWS);
    json_put_int(&w, "n_inputs", n->n_inputs);
    json_put_int(&w, "n_classes", n->n_classes);
    json_put_int(&w, "image_side", n->image_side);
    json_put_int(&w, "conv_layers", c.conv_layers);
    json_put_int(&w, "filters", c.filters);
    json_put_int(&w, "kernel_size", c.kernel_size);
    json_put_int(&w, "num_layers", c.num_layers);
    json_put_int(&w, "units", c.units);
    json_put_int(&w, "batch", c.batch_size);
    json_put_number(&w, "dropout", c.dropout);
    json_put_string(&w, "optimizer", net_optimizer_name(optimizer));
    json_put_number(&w, "learning_rate", c.learning_rate);
    json_put_number(&w, "momentum", c.momentum);
    json_put_number(&w, "seconds", seconds);
    json_close(&w, '}');
    text_append_char(line, '\n');
}

double peer_rate(struct peer *p, const struct network *n, enum net_optimizer optimizer,
                 const char *rows_path, double seconds)
{
    struct text line = {0};
    double rate = 0;
    if (p->missing[0])
        return 0;
    write_request(&line, n, optimizer, rows_path, seconds);
    bool sent =
        !line.failed && file_write_all(p->to, line.data, line.length, p->name, NULL) == ERR_OK;
    text_free(&line);
    if (!sent) {
        lose(p, "takes no request");
        return 0;
    }
    struct cJSON *doc = answer(p);
    if (doc && !json_get_number(doc, "rate", &rate) && !json_get(doc, "unable"))
        lose(p, "gives no rate");
    json_free(doc);
    return rate;
}

void peer_stop(struct peer *p)
{
    if (p->pid <= 0)
        return;
    close(p->to); /* the end of its input ends it */
    close(p->from);
    kill(p->pid, SIGTERM);
    while (waitpid(p->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    p->pid = 0;
}
