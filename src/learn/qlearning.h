/* qlearning: values of moves by Q-learning over replayed searches (Watkins & Dayan 1992; search
 * design, 8), family by family. Private to learn. */
#ifndef TILLER_LEARN_QLEARNING_H
#define TILLER_LEARN_QLEARNING_H

#include "rollouts.h"

/* Q(s,a) += alpha [r + max_a' Q(s',a') - Q(s,a)] over the moves a' that are possible in s'; s2 may
 * be QTABLE_TERMINAL. alpha is qtable_update's, gamma is 1: searches end with their budget. */
void qlearning_step(struct qtable *q, int s, int a, double reward, int s2,
                    const bool possible[static MOVE_N]);
/* qlearning_of_family: one table by searches in the family's worlds in turn, which explore with a
 * share falling from .5 to .15 (70 % of it any possible move, 30 % the hand rule's). It begins with
 * what the hand rule brings on average in each phase. options: budget, steps, rng_seed, stream.
 * *steps: done. Errors: ERR_MEMORY. */
enum err qlearning_of_family(const struct replay_fold *fold, int family,
                             const struct rollout_options *options, struct qtable *q,
                             int64_t *steps);
/* The table as evidence that rollouts_tables takes: advantages over the mean of the moves that are
 * always possible, within as far apart as its TD errors say. */
void qlearning_evidence(const struct qtable *q, struct evidence_of_family *out);
/* Where paired rollouts do not show that a move is better than another, the values must not say so:
 * its variance is made so large that qtable_prefers can't take it in place of that one. */
void qlearning_restrain(struct qtable *values, const struct qtable *shown);

#endif
