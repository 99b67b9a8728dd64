/* qtable: returns of moves in situations, learnt step by step (Q-learning, Watkins & Dayan 1992).
 *
 * A study's table is never stored: qtable_fold rebuilds it from the known table it began with and
 * the study's q_update events, bit for bit, because both ways end in the same function (take_in).
 */
#include "tiller/meta.h"

#include <math.h>
#include <string.h>

void qtable_init(struct qtable *t, double q0)
{
    memset(t, 0, sizeof *t);
    for (int s = 0; s < META_STATES; s++)
        for (int a = 0; a < MOVE_N; a++)
            t->q[s][a] = q0;
}

void qtable_begin(struct qtable *t, const struct qtable *known)
{
    qtable_init(t, 0);
    if (!known)
        return;
    *t = *known;
    for (int s = 0; s < META_STATES; s++)
        for (int a = 0; a < MOVE_N; a++)
            t->visits[s][a] = fmin(t->visits[s][a], QTABLE_CARRIED);
}

int qtable_best(const struct qtable *t, int s)
{
    int best = 0;
    for (int a = 1; a < MOVE_N; a++)
        if (t->q[s][a] > t->q[s][best])
            best = a;
    return best;
}

/* One step, done: the only place that changes a cell. Returns its TD error. */
static double take_in(struct qtable *t, int s, int a, const struct q_update *u)
{
    if (u->visits > 0) { /* a person's word: what was learnt before does not count any more */
        t->q[s][a] = u->new_q;
        t->visits[s][a] = u->visits;
        t->td_square[s][a] = 0;
        return 0;
    }
    double error = u->reward + u->gamma * u->next_best - u->old_q;
    double visits = ++t->visits[s][a];
    t->td_square[s][a] += (error * error - t->td_square[s][a]) / visits;
    t->q[s][a] = u->new_q;
    return error;
}

double qtable_update(struct qtable *t, int s, int a, double reward, int s2, double gamma,
                     double alpha, struct q_update *out)
{
    struct q_update u = {.trial = -1, .old_q = t->q[s][a], .reward = reward, .gamma = gamma};
    text_copy(u.situation, sizeof u.situation, situation_name(s));
    text_copy(u.action, sizeof u.action, move_name((enum move)a));
    if (s2 != QTABLE_TERMINAL) {
        text_copy(u.next_situation, sizeof u.next_situation, situation_name(s2));
        u.next_best = t->q[s2][qtable_best(t, s2)];
    }
    u.alpha = alpha > 0 ? alpha : fmax(0.01, pow(t->visits[s][a] + 1, -0.8));
    u.new_q = u.old_q + u.alpha * (u.reward + u.gamma * u.next_best - u.old_q);
    if (out)
        *out = u;
    return take_in(t, s, a, &u);
}

size_t qtable_fold_from(struct qtable *t, const struct study *study, size_t folded)
{
    for (size_t i = folded; i < study->n_updates; i++) {
        const struct q_update *u = &study->updates[i];
        int s = situation_find(u->situation), a = move_find(u->action);
        if (s >= 0 && a >= 0)
            take_in(t, s, a, u);
    }
    return study->n_updates;
}

void qtable_fold(struct qtable *t, const struct qtable *known, const struct study *study)
{
    qtable_begin(t, known);
    qtable_fold_from(t, study, 0);
}

double qtable_value(const struct qtable *t, int s, int a, double *variance)
{
    const double parent_weight = 20; /* visits that it counts as */
    struct situation any = situation_from_index(s);
    double sum = 0, visits = 0, own = t->visits[s][a];
    for (int d = 0; d < DIAGNOSIS_N; d++) {
        any.diagnosis = (enum diagnosis)d;
        int i = situation_index(any);
        sum += t->visits[i][a] * t->q[i][a];
        visits += t->visits[i][a];
    }
    if (variance)
        *variance = t->td_square[s][a] / fmax(own, 1);
    double parent = visits > 0 ? sum / visits : 0;
    return (own * t->q[s][a] + parent_weight * parent) / (own + parent_weight);
}

enum move qtable_prefers(const struct qtable *t, int s, enum move hand,
                         const bool possible[static MOVE_N], int needed)
{
    double hand_variance, variance, best_gain = 0;
    double hand_value = qtable_value(t, s, (int)hand, &hand_variance);
    enum move best = hand;
    for (int a = 0; a < MOVE_N && t->visits[s][hand] >= needed; a++) {
        double gain = qtable_value(t, s, a, &variance) - hand_value;
        if (a != (int)hand && possible[a] && t->visits[s][a] >= needed && gain > best_gain &&
            gain > sqrt(variance + hand_variance)) {
            best_gain = gain;
            best = (enum move)a;
        }
    }
    return best;
}

const char *qtable_spell(const struct q_update *u, char *out, size_t out_size)
{
    if (u->visits > 0)
        return text_format(out, out_size, "Q(%s, %s) <- %.3f by you, counts as %.0f visits",
                           u->situation, u->action, u->new_q, u->visits);
    return text_format(out, out_size,
                       "Q(%s, %s) %.3f <- %.3f + %.2f [%.3f + %.2f*%.3f - %.3f] = %.3f",
                       u->situation, u->action, u->old_q, u->old_q, u->alpha, u->reward, u->gamma,
                       u->next_best, u->old_q, u->new_q);
}

double meta_reward(double before, double after, double share_left)
{
    const double floor = 0.002; /* keeps the logarithm calm near an error of 0 */
    double r = log((before + floor) / (after + floor)) * share_left;
    return isfinite(r) ? r : 0;
}
