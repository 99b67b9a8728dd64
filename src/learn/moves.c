/* moves: tables of moves and of words at rungs, learnt by replay, and what they are worth on
 * families that had no part in them.
 *
 * What always holds: of the left-out family nothing is even read (known_set_new); the tables that
 * are judged on a family were made from the evidence of the others; nothing that is reported comes
 * from a twin. */
#include "qlearning.h"

#include <math.h>
#include <string.h>

enum { JUDGED_SEEDS = 8, BUDGET = 15, STEPS = 150000, FAMILIES_NEEDED = 4 };

struct lesson {
    const struct learn_moves_options *options;
    struct known_set *set;
    struct replay_fold *made, *recorded; /* to learn from, to judge by */
    struct evidence_of_family *shown;    /* [n families] by paired rollouts */
    struct evidence_of_family *values;   /* [n families] by Q-learning */
    struct qtable *by_rollouts, *by_values;
    struct pilot *no_pilot;
    bool *use;                   /* [n families] */
    int8_t (*best)[META_STATES]; /* [n families] best moves without it; -1: not known */
    struct learn_moves_report *report;
};

static enum err prepare(struct lesson *l, const struct learn_records *records,
                        struct err_info *info)
{
    enum err err = known_set_new(records, NULL, l->options->left_out, &l->set, info);
    if (err != ERR_OK)
        return err;
    size_t n = (size_t)l->set->known.n_families;
    if (n < FAMILIES_NEEDED)
        return err_set(info, ERR_RANGE, "recordings", "record more tasks",
                       "moves are learnt from at least %d families", FAMILIES_NEEDED);
    l->shown = mem_zero_alloc(n, sizeof *l->shown);
    l->values = mem_zero_alloc(n, sizeof *l->values);
    l->by_rollouts = mem_alloc(1, sizeof *l->by_rollouts);
    l->by_values = mem_alloc(1, sizeof *l->by_values);
    l->no_pilot = mem_alloc(1, sizeof *l->no_pilot);
    l->use = mem_zero_alloc(n, sizeof *l->use);
    l->best = mem_alloc(n, sizeof *l->best);
    err =
        l->shown && l->values && l->by_rollouts && l->by_values && l->no_pilot && l->use && l->best
            ? ERR_OK
            : ERR_MEMORY;
    if (err == ERR_OK)
        err = fold_new(l->set, NULL, true, l->options->rng_seed, &l->made);
    if (err == ERR_OK)
        err = fold_new(l->set, NULL, false, l->options->rng_seed, &l->recorded);
    return err == ERR_OK ? err : err_set(info, err, "moves", NULL, "%s", err_sentence(err));
}

/* The family's searches: a quarter of the steps learn values, the others compare. */
static enum err gather_family(struct lesson *l, int f)
{
    const struct learn_moves_options *o = l->options;
    const struct world_policy by_hand = {0};
    int64_t steps = o->steps_per_family > 0 ? o->steps_per_family : STEPS;
    struct rollout_options r = {.budget = o->budget > 0 ? o->budget : BUDGET,
                                .steps = steps - steps / 4,
                                .explore = 0.15,
                                .moves = true,
                                .rungs = true,
                                .rng_seed = o->rng_seed,
                                .stream = (uint64_t)f << 32};
    enum err err = rollouts_of_family(l->made, f, &by_hand, &r, &l->shown[f], &l->report->steps);
    r.steps = steps / 4;
    r.stream |= UINT64_C(1) << 31;
    if (err == ERR_OK)
        err = qlearning_of_family(l->made, f, &r, l->by_values, &l->report->steps);
    if (err == ERR_OK)
        qlearning_evidence(l->by_values, &l->values[f]);
    return err;
}

static enum err gather(struct lesson *l, struct err_info *info)
{
    const struct learn_moves_options *o = l->options;
    for (int f = 0; f < l->made->n_families; f++) {
        if (gather_family(l, f) != ERR_OK)
            return err_set_memory(info, "moves");
        if (o->progress && !o->progress(o->arg, f + 1, l->made->n_families))
            return ERR_INTERRUPTED;
    }
    return ERR_OK;
}

/* From the families in use. */
static void make_tables(struct lesson *l, struct qtable *table, struct pilot *pilot)
{
    int n = l->report->n_families;
    rollouts_tables(l->shown, l->use, n, l->by_rollouts, pilot);
    rollouts_tables(l->values, l->use, n, l->by_values, l->no_pilot);
    *table = *l->by_values;
    qlearning_restrain(table, l->by_rollouts);
}

/* ---- what they are worth --------------------------------------------------------------------- */

enum { TABLE, PILOT, BOTH, VALUES, ROLLOUTS, RANDOM, UNSTOPPED, JUDGED };

static void add_gain(struct learn_gain *g, double gain, int n)
{
    g->mean += gain / n;
    g->error += gain * gain / n; /* mean square until the end */
}

/* By backed-off values, among moves tried often enough. */
static int best_move(const struct qtable *table, int state)
{
    int best = -1;
    for (int a = 0; a < MOVE_N; a++)
        if (table->visits[state][a] >= QTABLE_NEEDED &&
            (best < 0 ||
             qtable_value(table, state, a, NULL) > qtable_value(table, state, best, NULL)))
            best = a;
    return best;
}

/* All ways on one family, against the hand rule with fixed bounds. */
static enum err judge_on(struct lesson *l, int family, const struct world_policy *policy,
                         struct learn_gain *const *gain)
{
    const struct world_policy by_hand = {0};
    uint64_t seed = l->options->rng_seed + 1;
    double hand, area;
    enum err err = rollouts_area(l->recorded, family, LEARN_JUDGED_BUDGET, &by_hand, JUDGED_SEEDS,
                                 seed, &hand);
    for (int k = 0; k < JUDGED && err == ERR_OK; k++) {
        err = rollouts_area(l->recorded, family, LEARN_JUDGED_BUDGET, &policy[k], JUDGED_SEEDS,
                            seed, &area);
        add_gain(gain[k], area - hand, l->report->n_families);
    }
    return err;
}

static enum err judge(struct lesson *l, struct qtable *table, struct pilot *pilot)
{
    struct learn_moves_report *r = l->report;
    struct learn_gain *gain[JUDGED] = {&r->table,    &r->pilot,        &r->both,     &r->values,
                                       &r->rollouts, &r->random_moves, &r->unstopped};
    const struct world_policy policy[JUDGED] = {
        {.table = table},        {.pilot = pilot},          {.table = table, .pilot = pilot},
        {.table = l->by_values}, {.table = l->by_rollouts}, {.random_moves = true},
        {.no_stop = true},
    };
    int n = r->n_families;
    for (int f = 0; f < n; f++) {
        l->use[f] = false;
        make_tables(l, table, pilot);
        l->use[f] = true;
        for (int s = 0; s < META_STATES; s++)
            l->best[f][s] = (int8_t)best_move(table, s);
        enum err err = judge_on(l, f, policy, gain);
        if (err != ERR_OK)
            return err;
    }
    for (int k = 0; k < JUDGED; k++)
        gain[k]->error = sqrt(fmax(gain[k]->error - gain[k]->mean * gain[k]->mean, 0) / (n - 1));
    r->q_pays = r->table.mean > 2 * r->table.error;
    r->pilot_pays = r->pilot.mean > 2 * r->pilot.error;
    return ERR_OK;
}

/* ---- how steady they are --------------------------------------------------------------------- */

/* Share of the folds that have the most common best move. */
static double agreement(const struct lesson *l, int state)
{
    int count[MOVE_N] = {0}, most = 0, n = l->report->n_families;
    for (int f = 0; f < n; f++)
        if (l->best[f][state] >= 0)
            count[l->best[f][state]]++;
    for (int a = 0; a < MOVE_N; a++)
        most = count[a] > most ? count[a] : most;
    return (double)most / n;
}

static void show(struct learn_moves_report *r, struct learn_shown_state s)
{
    int at = r->n_shown < LEARN_SHOWN_STATES ? r->n_shown++ : LEARN_SHOWN_STATES;
    for (; at > 0 && s.share > r->shown[at - 1].share; at--)
        if (at < LEARN_SHOWN_STATES)
            r->shown[at] = r->shown[at - 1];
    if (at < LEARN_SHOWN_STATES)
        r->shown[at] = s;
}

static void look_at_states(const struct lesson *l, const struct qtable *table)
{
    const double most = 0.8; /* of the folds */
    struct learn_moves_report *r = l->report;
    double visits[META_STATES] = {0}, all = 0;
    for (int s = 0; s < META_STATES; s++) {
        for (int a = 0; a < MOVE_N; a++)
            visits[s] += table->visits[s][a];
        all += visits[s];
    }
    for (int s = 0; s < META_STATES; s++) {
        int best = best_move(table, s);
        if (best < 0)
            continue;
        double agree = agreement(l, s);
        r->agreed += agree >= most ? visits[s] / all : 0;
        show(r, (struct learn_shown_state){s, visits[s] / all, (enum move)best, agree});
    }
}

enum err learn_moves(const struct learn_records *records, const struct learn_moves_options *options,
                     struct qtable *table, struct pilot *pilot, struct learn_moves_report *report,
                     struct err_info *info)
{
    struct lesson l = {.options = options, .report = report};
    *report = (struct learn_moves_report){0};
    enum err err = prepare(&l, records, info);
    if (err == ERR_OK) {
        report->n_families = l.set->known.n_families;
        report->n_worlds = l.made->n_worlds;
        report->n_twins = l.made->n_made;
        for (int f = 0; f < report->n_families; f++)
            l.use[f] = true;
        err = gather(&l, info);
    }
    if (err == ERR_OK && judge(&l, table, pilot) != ERR_OK)
        err = err_set_memory(info, "moves");
    if (err == ERR_OK) {
        make_tables(&l, table, pilot);
        look_at_states(&l, table);
    }
    fold_free(l.made);
    fold_free(l.recorded);
    known_set_free(l.set);
    mem_free(l.shown);
    mem_free(l.values);
    mem_free(l.by_rollouts);
    mem_free(l.by_values);
    mem_free(l.no_pilot);
    mem_free(l.use);
    mem_free(l.best);
    return err;
}

void learn_put_moves(const struct learn_moves_report *r, struct text *out)
{
    const struct {
        const char *what;
        struct learn_gain gain;
    } row[] = {{"Q-table", r->table},
               {"pilot's table", r->pilot},
               {"both tables", r->both},
               {"Q-learning's word alone", r->values},
               {"rollouts' word alone", r->rollouts},
               {"operator at random", r->random_moves},
               {"no stopping", r->unstopped}};
    text_appendf(out, "%d families, %d worlds (%d with twins), %lld steps of replay\n",
                 r->n_families, r->n_worlds, r->n_twins, (long long)r->steps);
    text_append(out, "against the hand rule with fixed bounds, area saved under log regret in 10 "
                     "trainings, families left out:\n");
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        text_appendf(out, "  %-24s %+.3f +- %.3f\n", row[i].what, row[i].gain.mean,
                     row[i].gain.error);
}
