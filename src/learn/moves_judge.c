/* moves_judge: what tables of moves bring on a family that they were learnt without. */
#include "rollouts.h"

#include <math.h>
#include <string.h>

enum { SEEDS = 8 };

static int find_family(const struct known_set *set, const char *name)
{
    for (int f = 0; f < set->known.n_families; f++)
        if (strcmp(set->family[f], name) == 0)
            return f;
    return -1;
}

/* Seed by seed, so that the error is that between them. */
static enum err compare(const struct replay_fold *fold, int family, struct world_policy policy,
                        uint64_t seed, struct learn_gain *out)
{
    const struct world_policy by_hand = {0};
    double sum = 0, squares = 0;
    for (uint64_t k = 0; k < SEEDS; k++) {
        double area = 0, hand;
        enum err err =
            rollouts_area(fold, family, LEARN_JUDGED_BUDGET, &by_hand, 1, seed + k, &hand);
        if (err == ERR_OK)
            err = rollouts_area(fold, family, LEARN_JUDGED_BUDGET, &policy, 1, seed + k, &area);
        if (err != ERR_OK)
            return err;
        double gain = area - hand;
        sum += gain / SEEDS;
        squares += gain * gain / SEEDS;
    }
    *out = (struct learn_gain){sum, sqrt(fmax(squares - sum * sum, 0) / (SEEDS - 1))};
    return ERR_OK;
}

enum err learn_judge_moves(const struct learn_records *records, const char *name,
                           const struct qtable *table, const struct pilot *pilot, uint64_t seed,
                           struct learn_moves_judged *out, struct err_info *info)
{
    struct known_set *set;
    struct replay_fold *fold = NULL;
    *out = (struct learn_moves_judged){0};
    enum err err = known_set_new(records, NULL, NULL, &set, info);
    if (err != ERR_OK)
        return err;
    int family = find_family(set, name);
    err = family < 0 ? ERR_RANGE : fold_of_family(set, family, seed, &fold);
    if (err == ERR_OK)
        err = compare(fold, family, (struct world_policy){.table = table}, seed, &out->table);
    if (err == ERR_OK)
        err = compare(fold, family, (struct world_policy){.pilot = pilot}, seed, &out->pilot);
    if (err == ERR_OK)
        err = compare(fold, family, (struct world_policy){.table = table, .pilot = pilot}, seed,
                      &out->both);
    if (err == ERR_OK)
        out->n_worlds = fold->n_worlds;
    fold_free(fold);
    known_set_free(set);
    return err == ERR_OK ? ERR_OK : err_set(info, err, name, NULL, "%s", err_sentence(err));
}
