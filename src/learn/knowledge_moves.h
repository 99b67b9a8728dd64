/* The step of learning that makes tables of moves for one advice. Private to learn. */
#ifndef TILLER_LEARN_KNOWLEDGE_MOVES_H
#define TILLER_LEARN_KNOWLEDGE_MOVES_H

#include "material.h"

#include <stdatomic.h>

/* What came of it; arrays by advice. */
struct learnt_moves {
    int n;                             /* advices; 0: no moves were learnt */
    struct learn_moves_report *report; /* [n]; n_families 0: too few of them */
    struct learn_moves_judged *judged; /* [n] on the family left out; n_worlds 0: none */
};

struct moves_lesson {
    const struct learn_records *records;
    const struct learn_options *options;
    const struct knowledge *k;
    struct learnt_moves *learnt;
    atomic_bool *leave;
    atomic_int *done; /* parts, moves_parts of them each */
};

int moves_parts(const struct knowledge *k);
/* Tables of the advice without `family` (-1: of all), judged on it. ERR_INTERRUPTED when *leave. */
enum err moves_learn(const struct moves_lesson *l, int family, struct advice *advice,
                     struct err_info *info);
bool moves_make_room(struct learnt_moves *m, int n);
void moves_free_room(struct learnt_moves *m);

void moves_put_text(const struct learnt_moves *m, const struct knowledge *k, struct text *out);
void moves_put_json(struct json_writer *w, const struct learnt_moves *m, const struct knowledge *k);

#endif
