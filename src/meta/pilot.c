/* pilot: what a table says of a run at a rung. Rungs, chances and budgets that were rarely met lean
 * on those alike under other budgets. Source: search design, 8. */
#include "tiller/knowledge.h"

#include <math.h>

double pilot_value(const struct pilot *p, int state, enum pilot_action a, double *variance)
{
    const double parent_weight = 20; /* visits that it counts as */
    double sum = 0, visits = 0, own = p->visits[state][a];
    int first = state / PILOT_BUDGETS * PILOT_BUDGETS;
    for (int s = first; s < first + PILOT_BUDGETS; s++) {
        sum += p->visits[s][a] * p->q[s][a];
        visits += p->visits[s][a];
    }
    if (variance)
        *variance = p->td_square[state][a] / fmax(own, 1);
    double parent = visits > 0 ? sum / visits : 0;
    return (own * p->q[state][a] + parent_weight * parent) / (own + parent_weight);
}

enum pilot_action pilot_prefers(const struct pilot *p, int state, enum pilot_action fixed)
{
    double fixed_variance, variance, best_gain = 0;
    double fixed_value = pilot_value(p, state, fixed, &fixed_variance);
    enum pilot_action best = fixed;
    for (int a = 0; a < PILOT_ACTIONS && p->visits[state][fixed] >= QTABLE_NEEDED; a++) {
        double gain = pilot_value(p, state, (enum pilot_action)a, &variance) - fixed_value;
        if (p->visits[state][a] >= QTABLE_NEEDED && gain > best_gain &&
            gain > sqrt(variance + fixed_variance)) {
            best_gain = gain;
            best = (enum pilot_action)a;
        }
    }
    return best;
}
