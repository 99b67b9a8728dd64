/* What learning measures, for the report. Private to learn. */
#ifndef TILLER_LEARN_KNOWLEDGE_H
#define TILLER_LEARN_KNOWLEDGE_H

#include "knowledge_moves.h"

struct learnt {
    struct ranking_report ranking;       /* every family left out in its turn */
    struct ranking_picks features_alone; /* the meta-model by the 12 features, on those families */
    bool has_features_alone;
    struct reliability pairs;
    struct predictor_reliability rung[PREDICTOR_RUNGS];
    bool has_rungs;
    struct learnt_moves moves;
    double seconds; /* of learning */
};

void learnt_put_text(const struct learnt *l, const struct material *m, struct text *out);
void learnt_put_json(const struct learnt *l, const struct material *m, struct text *out);

#endif
