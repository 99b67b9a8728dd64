/* moves: tables of moves and of words at rungs, learnt by replay, and what they are worth on
 * families that had no part in them.
 *
 * What always holds: of the left-out family nothing is even read (known_set_new); the tables that
 * are judged on a family were made from the evidence of the others; nothing that is reported comes
 * from a twin. */
#include "rollouts.h"

#include <math.h>
#include <string.h>

static const double judged_budget = 10; /* a larger one would use up the recorded configurations */
enum { JUDGED_SEEDS = 8, BUDGET = 15, STEPS = 150000, FAMILIES_NEEDED = 4 };

struct lesson {
    const struct learn_moves_options *options;
    struct known_set *set;
    struct replay_fold *made, *recorded; /* to learn from, to judge by */
    struct evidence_of_family *evidence; /* [n families] */
    bool *use;                           /* [n families] */
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
    l->evidence = mem_zero_alloc(n, sizeof *l->evidence);
    l->use = mem_zero_alloc(n, sizeof *l->use);
    err = l->evidence && l->use ? ERR_OK : ERR_MEMORY;
    if (err == ERR_OK)
        err = fold_new(l->set, NULL, true, l->options->rng_seed, &l->made);
    if (err == ERR_OK)
        err = fold_new(l->set, NULL, false, l->options->rng_seed, &l->recorded);
    return err == ERR_OK ? err : err_set(info, err, "moves", NULL, "%s", err_sentence(err));
}

static enum err gather(struct lesson *l, struct err_info *info)
{
    const struct learn_moves_options *o = l->options;
    const struct world_policy by_hand = {0};
    int n = l->made->n_families;
    for (int f = 0; f < n; f++) {
        struct rollout_options r = {.budget = o->budget > 0 ? o->budget : BUDGET,
                                    .steps = o->steps_per_family > 0 ? o->steps_per_family : STEPS,
                                    .explore = 0.15,
                                    .moves = true,
                                    .rungs = true,
                                    .rng_seed = o->rng_seed,
                                    .stream = (uint64_t)f << 32};
        if (rollouts_of_family(l->made, f, &by_hand, &r, &l->evidence[f], &l->report->steps))
            return err_set_memory(info, "moves");
        if (o->progress && !o->progress(o->arg, f + 1, n))
            return ERR_INTERRUPTED;
    }
    return ERR_OK;
}

/* ---- what they are worth --------------------------------------------------------------------- */

enum { TABLE, PILOT, BOTH, RANDOM, UNSTOPPED, JUDGED };

static void add_gain(struct learn_gain *g, double gain, int n)
{
    g->mean += gain / n;
    g->error += gain * gain / n; /* mean square until the end */
}

static enum err judge(struct lesson *l, struct qtable *table, struct pilot *pilot)
{
    struct learn_moves_report *r = l->report;
    struct learn_gain *gain[JUDGED] = {&r->table, &r->pilot, &r->both, &r->random_moves,
                                       &r->unstopped};
    const struct world_policy by_hand = {0}, policy[JUDGED] = {
                                                 {.table = table},
                                                 {.pilot = pilot},
                                                 {.table = table, .pilot = pilot},
                                                 {.random_moves = true},
                                                 {.no_stop = true},
                                             };
    int n = l->made->n_families;
    for (int f = 0; f < n; f++) {
        l->use[f] = false;
        rollouts_tables(l->evidence, l->use, n, table, pilot);
        l->use[f] = true;
        for (int k = 0; k < JUDGED; k++) {
            double one;
            enum err err = rollouts_compare(l->recorded, f, judged_budget, &policy[k], &by_hand,
                                            JUDGED_SEEDS, l->options->rng_seed + 1, &one);
            if (err != ERR_OK)
                return err;
            add_gain(gain[k], one, n);
        }
    }
    for (int k = 0; k < JUDGED; k++)
        gain[k]->error = sqrt(fmax(gain[k]->error - gain[k]->mean * gain[k]->mean, 0) / (n - 1));
    r->q_pays = r->table.mean > 2 * r->table.error;
    r->pilot_pays = r->pilot.mean > 2 * r->pilot.error;
    return ERR_OK;
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
    if (err == ERR_OK)
        rollouts_tables(l.evidence, l.use, report->n_families, table, pilot);
    fold_free(l.made);
    fold_free(l.recorded);
    known_set_free(l.set);
    mem_free(l.evidence);
    mem_free(l.use);
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
               {"operator at random", r->random_moves},
               {"no stopping", r->unstopped}};
    text_appendf(out, "%d families, %d worlds (%d with twins), %lld steps of replay\n",
                 r->n_families, r->n_worlds, r->n_twins, (long long)r->steps);
    text_append(out, "against the hand rule with fixed bounds, area saved under log regret in 10 "
                     "trainings, families left out:\n");
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        text_appendf(out, "  %-20s %+.3f +- %.3f\n", row[i].what, row[i].gain.mean,
                     row[i].gain.error);
}
