/* bench_moves: how fast tables of moves are learnt, and what they are worth on families left out.
 *
 * Usage: bench_moves FOLDER [STEPS [LEFT-OUT POOLS]]: a folder of recordings; steps a family; a
 * family that is left out, and a folder of pools: what the tables bring on that family's. */
#include "../../src/learn/rollouts.h"
#include "tiller/net.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static bool tell(void *arg, int done, int all)
{
    fprintf(stderr, "\r%s %d of %d", (const char *)arg, done, all);
    return true;
}

/* ---- on pools ------------------------------------------------------------------------------ */

enum { SEEDS = 20, BUDGETS = 3 };
static const int budgets[BUDGETS] = {5, 10, 30};

static void judge_on(const struct world *w, const char *name, const struct world_policy *policy)
{
    struct episode *e;
    printf("  %-20s %-20s", w->name, name);
    if (episode_new(w, &e) != ERR_OK)
        exit(1);
    for (int b = 0; b < BUDGETS; b++) {
        double regret = 0, saved = 0;
        for (uint64_t seed = 0; seed < SEEDS; seed++) {
            episode_begin(e, w, budgets[b] * w->n_epochs, 99, seed);
            episode_finish(e, policy);
            regret += episode_regret(e) / SEEDS;
            saved += e->saved / SEEDS;
        }
        printf("  %2d: regret %.3f saved %.3f", budgets[b], regret, saved);
    }
    printf("\n");
    episode_free(e);
}

static enum err judge_on_pools(const struct learn_records *records, const char *folder,
                               const char *left_out, const struct qtable *table,
                               const struct pilot *pilot, struct err_info *info)
{
    const struct {
        const char *name;
        struct world_policy policy;
    } ways[] = {{"hand rule, bounds", {0}},
                {"Q-table", {.table = table}},
                {"pilot's table", {.pilot = pilot}},
                {"both", {.table = table, .pilot = pilot}},
                {"operator at random", {.random_moves = true}},
                {"no stopping", {.no_stop = true}}};
    struct learn_records *pools = NULL;
    struct known_set *known = NULL, *set = NULL;
    struct world_models *models = NULL;
    enum err err = learn_records_folder(folder, true, &pools, info);
    if (err == ERR_OK)
        err = known_set_new(records, NULL, left_out, &known, info);
    if (err == ERR_OK)
        err = known_set_new(pools, known, NULL, &set, info);
    if (err == ERR_OK)
        err = world_models_new(known, NULL, 1, &models);
    for (int t = 0; err == ERR_OK && t < set->known.n; t++) {
        struct world *w;
        if (strcmp(set->family[set->task[t].family], left_out) != 0)
            continue;
        err = world_new(set, t, known, models, NULL, 0, 1, &w);
        for (size_t k = 0; err == ERR_OK && k < sizeof ways / sizeof *ways; k++)
            judge_on(w, ways[k].name, &ways[k].policy);
        if (err == ERR_OK)
            world_free(w);
    }
    world_models_free(models);
    known_set_free(set);
    known_set_free(known);
    learn_records_free(pools);
    return err;
}

int main(int argc, char **argv)
{
    static struct qtable table;
    static struct pilot pilot;
    struct err_info info;
    struct learn_records *records;
    struct learn_moves_report report;
    struct text out = {0};
    char word[] = "families", line[900];
    struct learn_moves_options options = {.rng_seed = 1, .progress = tell, .arg = word};
    net_init();
    if (argc < 2) {
        printf("bench_moves: no folder of recordings given; nothing to do\n");
        return 0;
    }
    options.steps_per_family = argc > 2 ? atol(argv[2]) : 0;
    options.left_out = argc > 3 ? argv[3] : NULL;
    enum err err = learn_records_folder(argv[1], false, &records, &info);
    clock_t start = clock();
    if (err == ERR_OK)
        err = learn_moves(records, &options, &table, &pilot, &report, &info);
    if (err != ERR_OK) {
        fprintf(stderr, "%s\n", err_format(&info, line, sizeof line));
        return 1;
    }
    double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    learn_put_moves(&report, &out);
    printf("\n%s%.0f s of one core, judging and twins included: %.0f steps a minute\n",
           text_get(&out), seconds, (double)report.steps / seconds * 60);
    text_free(&out);
    if (argc > 4)
        err = judge_on_pools(records, argv[4], options.left_out, &table, &pilot, &info);
    learn_records_free(records);
    return err == ERR_OK ? 0 : 1;
}
