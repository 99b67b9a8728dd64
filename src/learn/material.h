/* material: everything that was recorded, brought into one space and one form, as learning wants
 * it. Private to learn. */
#ifndef TILLER_LEARN_MATERIAL_H
#define TILLER_LEARN_MATERIAL_H

#include "tiller/learn.h"

struct material_curves {
    double *error; /* [n_runs x full_epochs]; owns the block that the others lie in */
    double *train_loss, *val_loss;
};

struct material {
    struct knowledge *k; /* space, families and tasks; no advice yet. Owner: whoever takes it */
    struct known_tasks tasks;       /* those with shared runs */
    struct known_task *known;       /* [tasks.n] */
    struct material_curves *curves; /* [tasks.n] theirs, to be filled */
    int *place;                     /* [tasks.n] which one of k's each is */
    int *family;                    /* [tasks.n] */
    double *z, *spread;             /* known_scores */
    double *cost, *regret;          /* known_regret in time, and at the end */
    double *early, *feature, *sketch;
    struct known_ranks ranks;
    struct learn_looks looks;
};

/* ERR_INPUT, ERR_RANGE: nothing to learn from. say: a line for whatever counts only in part. */
enum err material_new(const struct learn_sources *from, void (*say)(void *arg, const char *line),
                      void *arg, struct material **out, struct err_info *info);
void material_free(struct material *m); /* its knowledge, too, if it is still there */

/* ---- for its sources (material_records.c, material_others.c) */

/* One more task of k, zeroed, with a family of that name (new if need be); NULL: out of memory. */
struct knowledge_task *material_add_task(struct material *m, const char *family);
/* Its runs, to be filled; shared: it is a known task, too, with curves (losses: of all kinds), the
 * last ones of m. false: out of memory. */
bool material_make_runs(struct material *m, struct knowledge_task *t, int n_runs, bool shared,
                        bool losses);
/* Run i's place, from a configuration of the source's space. */
struct material_view {
    const struct knowledge *k;
    const struct space *space;
    struct knowledge_map map;
};
void material_put_place(const struct material_view *view, const struct configuration *c,
                        double *unit);
/* Adds what a source's space lets samplers draw. */
void material_join_space(struct space *all, const struct space *more);

enum err material_add_records(struct material *m, const struct learn_records *r, const char *origin,
                              void (*say)(void *arg, const char *line), void *arg,
                              struct err_info *info);
enum err material_add_table(struct material *m, const struct curve_table *table, int n_configs,
                            struct err_info *info);
enum err material_add_study(struct material *m, const struct study *study, const char *path,
                            struct err_info *info);

#endif
