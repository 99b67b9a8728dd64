/* estimate: what recording would take, from a few epochs of each task, by processor time, so that
 * others on the machine don't count. */
#include "internal.h"

#include <limits.h>
#include <time.h>

enum { POINTS = 32 }; /* the first of the sequence, which fill the space evenly */

static double processor_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* One epoch, judging included; a diverged one has taken what it has taken. */
static enum err train_epoch(const struct net_config *config, const struct data_set *set,
                            double *seconds, struct err_info *info)
{
    struct net_rows train = net_rows_of(set, DATA_TRAIN);
    struct net_rows validation = net_rows_of(set, DATA_VALIDATION);
    struct training *t;
    struct net_metrics m;
    bool done;
    enum err err = net_new(config, &train, &t, info);
    if (err != ERR_OK)
        return err;
    double began = processor_seconds();
    if (net_train_slice(t, INT_MAX, &done) == ERR_OK)
        net_evaluate(t, &validation, &m, NULL, NULL);
    *seconds += processor_seconds() - began;
    net_free(t);
    return ERR_OK;
}

/* Seconds that a unit of cost takes, and the cost of a shared point's epoch. */
static enum err measure(const struct learn_recording *r, const struct data_set *set,
                        int full_epochs, double *unit, double *epoch, struct err_info *info)
{
    struct space space;
    struct net_rows rows = net_rows_of(set, DATA_TRAIN);
    double seconds = 0, cost = 0;
    enum err err = ERR_OK;
    net_space_of(set, false, &space);
    for (int i = 0; i < POINTS && i < r->plan.n_shared && err == ERR_OK; i++) {
        struct configuration c;
        learn_plan_point(&r->plan, &space, i, &c);
        struct net_config config = net_config_from(&space, &c, full_epochs, 0);
        cost += cost_of_epoch(&space, &c, &rows);
        err = train_epoch(&config, set, &seconds, info);
    }
    *unit = cost > 0 ? seconds / cost : 0;
    *epoch = cost_of_shared(&r->plan, &space, &rows);
    return err;
}

static enum err estimate(const struct learn_recording *r, const struct data_set *set,
                         struct learn_estimate *out, struct err_info *info)
{
    int32_t n_rows = set->part[DATA_TRAIN].n_rows;
    double unit, epoch;
    *out = (struct learn_estimate){
        .n_rows = n_rows,
        .n_inputs = set->n_inputs,
        .n_classes = set->n_classes,
        .full_epochs = r->full_epochs > 0 ? r->full_epochs : search_default_full_epochs(n_rows),
        .n_trainings = learn_plan_trainings(&r->plan)};
    text_copy(out->name, sizeof out->name, set->name);
    enum err err = measure(r, set, out->full_epochs, &unit, &epoch, info);
    double training = unit * epoch * out->full_epochs;
    out->core_seconds = training * cost_of_plan(&r->plan, 0, 1);
    out->at_most = training * cost_of_plan(&r->plan, 0, LEARN_OWN_COST);
    return err;
}

enum err learn_estimate(const struct learn_recording *r, struct learn_estimate *out,
                        struct err_info *info)
{
    for (size_t i = 0; i < r->tasks.n; i++) {
        struct data_set *set = NULL;
        struct text data_json = {0};
        enum err err = r->tasks.open(r->tasks.arg, r->tasks.typed[i], &set, &data_json, info);
        text_free(&data_json);
        if (err == ERR_OK)
            err = estimate(r, set, &out[i], info);
        data_free(set);
        if (err != ERR_OK)
            return err;
    }
    return ERR_OK;
}
