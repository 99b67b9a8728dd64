/* spawn: run a program with pipes on stdout and stderr, for end-to-end tests without a terminal. No
 * shell; nothing sleeps: reading waits with poll and a deadline. */
#ifndef TILLER_TESTS_SPAWN_H
#define TILLER_TESTS_SPAWN_H

#include "tiller/base.h"

#include <sys/types.h>

struct spawned {
    pid_t pid;
    int out_fd, err_fd; /* -1 once closed */
    struct text out, err;
    int status; /* exit status; 128 + signal; -1 while running */
};

/* The program under test: $TILLER, else build/tiller. */
const char *spawn_tiller(void);
/* argv[0] is the path; folder: working directory, NULL: this one. Returns false if it can't start.
 */
bool spawn_start(struct spawned *s, const char *const *argv, const char *folder);
/* Reads until `text` stands in stderr (or stdout if out), the program ends, or the deadline. */
bool spawn_wait_text(struct spawned *s, const char *text, bool out, double deadline_s);
/* One poll: reads what is there, at most wait_ms. Returns false once both pipes are closed. */
bool spawn_read(struct spawned *s, int wait_ms);
/* Reads to the end and reaps. Returns the status, or -1 after the deadline (the child is killed).
 */
int spawn_finish(struct spawned *s, double deadline_s);
/* Start and finish in one. */
int spawn_run(struct spawned *s, const char *const *argv, const char *folder, double deadline_s);
void spawn_free(struct spawned *s);

/* A fresh folder below /tmp; removed with all it holds by spawn_remove_folder. */
const char *spawn_make_folder(char out[static 64]);
void spawn_remove_folder(const char *folder);

#endif
