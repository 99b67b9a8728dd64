/* episode_train: one run of a replayed search, epoch by epoch, judged at rungs as the agent's
 * pruner judges (src/search/learned.c); none of its stops is overruled at random here, so that
 * searches that are compared differ in what is compared alone. */
#include "world.h"

#include <math.h>

static const double regret_floor = 0.02; /* keeps the log of a regret calm near the best */

static struct known_curve curve_of(const struct world *w, int point, int n)
{
    return (struct known_curve){.n = n,
                                .error = w->error + (size_t)point * (size_t)w->n_epochs,
                                .train_loss = w->train_loss[point],
                                .val_loss = w->val_loss[point]};
}

static double log_regret(const struct episode *e)
{
    return log(episode_regret(e) + regret_floor);
}

/* Epochs first..last of a point, charged; gains count from the epoch they come in. */
static double reveal(struct episode *e, int point, int first, int last)
{
    const struct world *w = e->world;
    size_t row = (size_t)point * (size_t)w->n_epochs;
    double saved = 0;
    for (int k = first; k <= last; k++) {
        double y = w->error[row + (size_t)k - 1];
        if (!(y < e->best))
            continue;
        double before = log_regret(e);
        e->best = y;
        saved += (before - log_regret(e)) * (e->budget - e->spent - (k - first + 1)) / e->budget;
    }
    e->spent += last - first + 1;
    return saved;
}

/* Chances of the other runs that came to a rung, against the incumbent of now. */
static void judge_others(struct episode *e, int rung, const struct world_run *but,
                         const struct known_curve *its)
{
    const struct world *w = e->world;
    int epoch = predictor_epoch(rung, w->n_epochs);
    e->usual[rung] = e->n_usual[rung] = 0;
    for (int i = 0; i < e->n_runs; i++) {
        const struct world_run *run = &e->run[i];
        struct known_curve curve = curve_of(w, run->point, epoch);
        struct prediction p;
        if (run == but || i == e->incumbent || run->failed || run->epochs < epoch ||
            !predictor_judge(&w->models->predictor, &curve, its, w->n_epochs, &p))
            continue;
        e->usual[rung] += p.win;
        e->n_usual[rung]++;
    }
}

/* What the pilot is asked, if the run can be judged at all. */
static bool look(struct episode *e, const struct world_run *run, struct episode_rung *rung)
{
    const struct world *w = e->world;
    if (e->incumbent < 0)
        return false;
    const struct world_run *best = &e->run[e->incumbent];
    struct known_curve mine = curve_of(w, run->point, run->epochs);
    struct known_curve its = curve_of(w, best->point, best->epochs);
    if (!predictor_judge(&w->models->predictor, &mine, &its, w->n_epochs, &rung->prediction))
        return false;
    int k = rung->prediction.rung;
    if (e->n_usual[k] < 0)
        judge_others(e, k, run, &its);
    e->usual[k] += rung->prediction.win;
    e->n_usual[k]++;
    rung->stop = rung->prediction.win < predictor_asked(k, w->n_epochs, e->usual[k], e->n_usual[k]);
    rung->state =
        pilot_state(rung->prediction.rung, rung->prediction.win, 1 - (double)e->spent / e->budget);
    return true;
}

static void stop_run(struct world_run *run, const struct prediction *p, bool kept)
{
    run->log_error = p->log_error;
    run->sd = p->sd;
    run->win = p->win;
    run->can_thaw = kept;
}

/* Trains until the end, the budget's, a NaN, or the pilot's word. */
double episode_train(struct episode *e, struct world_run *run, episode_at_rung at_rung, void *arg)
{
    const struct world *w = e->world;
    int full = w->n_epochs, length = w->length[run->point];
    double saved = 0;
    for (int r = 0; r <= PREDICTOR_RUNGS; r++) {
        int until = r < PREDICTOR_RUNGS ? predictor_epoch(r, full) : full;
        if (until <= run->epochs)
            continue;
        int left = e->budget - e->spent,
            last = until < run->epochs + left ? until : run->epochs + left;
        run->failed = last > length;
        if (run->failed)
            last = length + 1 < full ? length + 1 : full;
        saved += reveal(e, run->point, run->epochs + 1, last);
        run->epochs = last;
        run->complete = !run->failed && last == full;
        struct episode_rung rung = {0};
        if (run->failed || run->complete || e->spent >= e->budget)
            break;
        if (predictor_is_lost(w->error + (size_t)run->point * (size_t)full, last, full,
                              w->majority)) {
            run->failed = true;
            break;
        }
        if (!at_rung || !look(e, run, &rung))
            continue;
        enum pilot_action a = at_rung(arg, e, &rung);
        if (a == PILOT_CONTINUE)
            continue;
        stop_run(run, &rung.prediction, a == PILOT_PAUSE);
        break;
    }
    return saved;
}
