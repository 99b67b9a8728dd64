/* What the files of the bench share of guides.c beside its face (bench.h). */
#ifndef TILLER_LEARN_GUIDES_H
#define TILLER_LEARN_GUIDES_H

#include "tiller/bench.h"

/* The member "portfolio" of a task: the entries, by name; nothing if g is NULL. */
void guides_put_portfolio(const struct bench_guides *g, int task, struct json_writer *w);

#endif
