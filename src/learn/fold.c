/* fold: worlds of all families that may be looked at, nested: a world's models know neither the
 * left-out families nor the world's own (search design, 9). */
#include "rollouts.h"

#include <string.h>

/* Would this task's twin do? Judged by one that has not learnt every fifth run. */
static enum err find_accepted(const struct known_set *set, const bool *left_out, uint64_t seed,
                              bool *accepted)
{
    struct twin *judged;
    struct twin_quality quality;
    enum err err = twin_new(set, left_out, TWIN_SKIP, seed, &judged);
    for (int t = 0; t < set->known.n && err == ERR_OK; t++) {
        if (left_out && left_out[set->task[t].family])
            continue;
        err = twin_check(judged, set, t, &quality);
        accepted[t] = quality.accepted;
    }
    twin_free(judged);
    return err;
}

static enum err add_family(struct replay_fold *fold, const struct known_set *set, bool *out,
                           int family, const bool *accepted, uint64_t seed)
{
    enum err err = world_models_new(set, out, seed, &fold->models[family]);
    for (int t = 0; t < set->known.n && err == ERR_OK; t++) {
        if (set->task[t].family != family)
            continue;
        struct twin *twin = accepted[t] ? fold->twin : NULL;
        err = world_new(set, t, set, fold->models[family], twin, FOLD_POINTS, seed,
                        &fold->world[fold->n_worlds]);
        fold->n_worlds += err == ERR_OK;
        fold->n_of_family[family] += err == ERR_OK;
        fold->n_made += err == ERR_OK && twin;
    }
    return err;
}

static enum err fill(struct replay_fold *fold, const struct known_set *set, const bool *left_out,
                     bool with_twins, uint64_t seed)
{
    int n_families = set->known.n_families;
    bool *out = mem_zero_alloc((size_t)n_families, sizeof *out);
    bool *accepted = mem_zero_alloc((size_t)set->known.n, sizeof *accepted);
    enum err err = out && accepted ? ERR_OK : ERR_MEMORY;
    if (err == ERR_OK && left_out)
        memcpy(out, left_out, (size_t)n_families * sizeof *out);
    if (err == ERR_OK && with_twins)
        err = find_accepted(set, left_out, seed, accepted);
    if (err == ERR_OK && with_twins)
        err = twin_new(set, left_out, 0, seed, &fold->twin);
    for (int f = 0; f < n_families && err == ERR_OK; f++) {
        if (out[f])
            continue;
        out[f] = true;
        err = add_family(fold, set, out, f, accepted, seed);
        out[f] = false;
    }
    mem_free(out);
    mem_free(accepted);
    return err;
}

static struct replay_fold *make_room(const struct known_set *set)
{
    struct replay_fold *fold = mem_zero_alloc(1, sizeof *fold);
    size_t n = (size_t)set->known.n_families;
    if (!fold)
        return NULL;
    fold->n_families = set->known.n_families;
    fold->world = mem_zero_alloc((size_t)set->known.n, sizeof(struct world *));
    fold->models = mem_zero_alloc(n, sizeof(struct world_models *));
    fold->n_of_family = mem_zero_alloc(n, sizeof *fold->n_of_family);
    if (fold->world && fold->models && fold->n_of_family)
        return fold;
    fold_free(fold);
    return NULL;
}

enum err fold_new(const struct known_set *set, const bool *left_out, bool with_twins, uint64_t seed,
                  struct replay_fold **out)
{
    struct replay_fold *fold = make_room(set);
    enum err err = fold ? fill(fold, set, left_out, with_twins, seed) : ERR_MEMORY;
    *out = err == ERR_OK ? fold : NULL;
    if (err != ERR_OK)
        fold_free(fold);
    return err;
}

enum err fold_of_family(const struct known_set *set, int family, uint64_t seed,
                        struct replay_fold **out)
{
    struct replay_fold *fold = make_room(set);
    bool *left_out = mem_zero_alloc((size_t)set->known.n_families, sizeof *left_out);
    bool *accepted = mem_zero_alloc((size_t)set->known.n, sizeof *accepted);
    enum err err = fold && left_out && accepted ? ERR_OK : ERR_MEMORY;
    if (err == ERR_OK) {
        left_out[family] = true;
        err = add_family(fold, set, left_out, family, accepted, seed);
    }
    *out = err == ERR_OK ? fold : NULL;
    if (err != ERR_OK)
        fold_free(fold);
    mem_free(left_out);
    mem_free(accepted);
    return err;
}

const struct world *fold_largest(const struct replay_fold *fold)
{
    const struct world *w = fold->world[0];
    for (int i = 1; i < fold->n_worlds; i++)
        if (fold->world[i]->n > w->n)
            w = fold->world[i];
    return w;
}

void fold_free(struct replay_fold *fold)
{
    if (!fold)
        return;
    for (int i = 0; fold->world && i < fold->n_worlds; i++)
        world_free(fold->world[i]);
    for (int f = 0; fold->models && f < fold->n_families; f++)
        world_models_free(fold->models[f]);
    twin_free(fold->twin);
    mem_free(fold->world);
    mem_free(fold->models);
    mem_free(fold->n_of_family);
    mem_free(fold);
}
