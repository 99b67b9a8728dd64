/* qtable: returns of moves in situations, learnt step by step (Q-learning, Watkins & Dayan 1992).
 *
 * The table is never stored: qtable_fold rebuilds it from the study's q_update events, bit for bit,
 * because both ways end in the same function (take_in). */
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

void qtable_fold(struct qtable *t, const struct study *study)
{
    qtable_init(t, 0);
    qtable_fold_from(t, study, 0);
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
