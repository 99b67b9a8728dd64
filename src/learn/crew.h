/* crew: independent steps of some work, in threads. Private to learn. */
#ifndef TILLER_LEARN_CREW_H
#define TILLER_LEARN_CREW_H

#include "tiller/learn.h"

struct crew_options {
    int n_workers;             /* threads; 0: one per core */
    const char *where, *steps; /* of messages: "bench", "searches" */
    const char *remedy;        /* after an interruption; NULL: none */
    /* Called about twice a second by the calling thread, and once at the end; false: leave. May be
     * NULL. */
    bool (*progress)(void *arg, const struct learn_progress *p);
    void *arg;
};
/* crew_run: step(arg, i) for i = 0 .. n-1, begun in that order, by as many threads as the options
 * say; each writes to a place of its own, so that nothing depends on how many there are. The
 * calling thread waits and reports progress. The first error ends it: its info is kept.
 * ERR_INTERRUPTED: progress said so, after the steps that had begun. */
enum err crew_run(const struct crew_options *o, int n,
                  enum err (*step)(void *arg, int i, struct err_info *info), void *arg,
                  struct err_info *info);

#endif
