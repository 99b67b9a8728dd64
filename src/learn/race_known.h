/* race_known: what guided methods of a race know of its task. */
#ifndef TILLER_LEARN_RACE_KNOWN_H
#define TILLER_LEARN_RACE_KNOWN_H

#include "tiller/race.h"

/* A copy of what was asked for, and what came of it. */
struct race_guides {
    char file[512], own[512]; /* "" none */
    bool said, include_own;
    struct knowledge *knowledge; /* NULL: nothing is known */
    struct bench_guides *guides;
};
/* Copies what was asked for. ERR_RANGE: a path is too long. */
enum err race_known_take(const struct race_known *known, struct race_guides *out,
                         struct err_info *info);
/* Does a method look at knowledge at all? */
bool race_known_matters(const struct bench_method *method);
/* Reads it for the only task of the table, takes out of the pool what it was made of, and says in
 * *note what is known, or why nothing is. Errors: of a file that was named; ERR_MEMORY. */
enum err race_known_open(struct race_guides *g, struct curve_table *table, char *note,
                         size_t note_size, struct err_info *info);
void race_known_free(struct race_guides *g);
/* NULL: nothing. */
const struct guidance *race_known_guidance(const struct race_guides *g,
                                           const struct bench_method *method);

#endif
