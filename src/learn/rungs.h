/* rungs: how curve predictions came true, rung by rung, in the forms of all reports. Private to
 * learn. */
#ifndef TILLER_LEARN_RUNGS_H
#define TILLER_LEARN_RUNGS_H

#include "tiller/knowledge.h"

/* full: R that epochs are said for. */
void rungs_put_text(const struct predictor_reliability rung[static PREDICTOR_RUNGS], int full,
                    struct text *out);
/* A list; empty if rung is NULL. */
void rungs_put_json(struct json_writer *w, const char *name,
                    const struct predictor_reliability *rung);
/* A row for each rung and bin of stated probabilities. */
void rungs_put_csv(const struct predictor_reliability rung[static PREDICTOR_RUNGS], int full,
                   struct text *out);

#endif
