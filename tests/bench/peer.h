/* peer: another trainer as a child process that answers one line of JSON to each line of JSON.
 *
 * Its first line says who it is, {"version": "PyTorch 1.13.1"}, or why it can't be,
 * {"missing": "..."}. A request names a file of rows, a network and a time,
 *   {"rows": "/tmp/...", "n_rows": 6400, "n_inputs": 784, "n_classes": 10, "image_side": 0,
 *    "conv_layers": 0, "filters": 0, "kernel_size": 0, "num_layers": 1, "units": 128, "batch": 32,
 *    "dropout": 0.2, "optimizer": "adam", "learning_rate": 0.001, "momentum": 0.9, "seconds": 0.2}
 * (the file: x as float32, row-major, then y as int32), and the answer is {"rate": 35000.1}, the
 * samples per second of processor time over whole epochs, for at least so long, at least one; what
 * happens once for a network (start, reading, making, warming up) is not timed. {"unable": "..."}:
 * no such network. */
#ifndef TILLER_BENCH_PEER_H
#define TILLER_BENCH_PEER_H

#include "networks.h"

#include <sys/types.h>

struct peer {
    const char *name;
    char version[128];
    char missing[256]; /* why it can't take part; "": it does */
    pid_t pid;
    int to, from; /* its stdin, its stdout */
    char line[1024];
    size_t n_line;
};

/* argv[0] is the path; no shell. A peer that can't be started is missing, no error. */
void peer_start(struct peer *p, const char *name, const char *const *argv);
/* Samples per second; 0: it can't do this network. A peer that dies or is silent for too long is
 * missing from then on. */
double peer_rate(struct peer *p, const struct network *n, enum net_optimizer optimizer,
                 const char *rows_path, double seconds);
void peer_stop(struct peer *p);

#endif
