/* view_meta: what the meta screen shows of the knowledge in use: which known tasks count, and what
 * came of the portfolio's entries. Pure copies; the knowledge itself does not change. */
#ifndef TILLER_TUI_VIEW_META_H
#define TILLER_TUI_VIEW_META_H

#include "tiller/search.h"

enum { META_NEAREST = OUTLOOK_NEAREST };

struct view_entry {
    int run;         /* of the shared configurations */
    double expected; /* how far it came on the tasks that count, 1: the best known, 0: a middling
                        configuration, may be below; NaN unknown */
    int64_t trial;   /* that has its configuration; -1 not tried */
    int turn;        /* among those not tried, from 1; 0 unknown */
};

struct view_meta {
    int n_nearest, nearest[META_NEAREST]; /* tasks of the knowledge, falling weight */
    double weight[META_NEAREST];
    bool by_results; /* the weights know this study's results; else by looks alone */
    enum trust trust;
    int n_entries;
    struct view_entry entry[PORTFOLIO_MAX]; /* tried first, then as they will be tried */
};

/* Fills *out from the guidance, the outlook (may be unknown) and the study's trials. Costs little
 * more than a pass over the first trials, among which entries are looked for. */
bool view_meta_make(const struct guidance *g, const struct search_outlook *outlook,
                    const struct study *study, struct view_meta *out);

#endif
