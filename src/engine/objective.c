/* objective: what a trial's value is: one figure of the validation rows, made so that smaller is
 * better.
 *
 * An objective exists for a task if the network that always gives the same answer has it: that
 * network's figure is also what the first trial is measured by (decisions 16). */
#include "internal.h"

#include <math.h>
#include <string.h>

/* "val_error" first: the default. Behind "val_" the others are net_metric_name's. */
static const char *const names[] = {
    "val_error", "val_loss", "val_accuracy",          "val_precision", "val_recall", "val_f1",
    "val_auc",   "val_mse",  "val_average_precision", "val_mae",       "val_r2"};
enum { OBJECTIVE_ERROR, N_OBJECTIVES = sizeof names / sizeof *names, PREFIX = 4 };

const char *objective_name(int i)
{
    return i >= 0 && i < N_OBJECTIVES ? names[i] : NULL;
}

/* The metric behind an objective that is not the error. */
static int metric_of(int objective, bool *larger_is_better)
{
    const char *name;
    for (int i = 0; (name = net_metric_name(i, larger_is_better)) != NULL; i++)
        if (strcmp(name, names[objective] + PREFIX) == 0)
            return i;
    return 0;
}

double objective_value(int objective, const struct net_metrics *m)
{
    bool larger_is_better = false;
    if (objective == OBJECTIVE_ERROR) /* a regression's loss is in units of the labels' variance */
        return isnan(m->accuracy) ? m->loss : 1 - m->accuracy;
    double value = net_metric(m, metric_of(objective, &larger_is_better));
    return larger_is_better ? 1 - value : value;
}

const char *objective_metric(int objective, char *out, size_t out_size)
{
    bool larger_is_better = false;
    if (objective != OBJECTIVE_ERROR)
        metric_of(objective, &larger_is_better);
    return text_format(out, out_size, "%s%s", larger_is_better ? "1-" : "", names[objective]);
}

/* ---- always the same answer -------------------------------------------------------------- */

static int64_t count_class(const struct data_part *part, int32_t class)
{
    int64_t n = 0;
    for (int32_t i = 0; i < part->n_rows; i++)
        n += part->y[i] == class;
    return n;
}

/* Always the biggest class of the training rows, or, where probabilities count, the classes'
 * shares. */
static void answer_class(const struct data_set *set, struct net_metrics *out)
{
    const struct data_part *rows = &set->part[DATA_VALIDATION];
    double n = rows->n_rows > 0 ? rows->n_rows : 1, right = 1 - set->majority_error;
    int n_present = 0;
    double entropy = 0;
    for (int32_t c = 0; c < set->n_classes; c++) {
        double share = (double)count_class(rows, c) / n;
        n_present += share > 0;
        entropy -= share > 0 ? share * log(share) : 0;
    }
    double classes = n_present > 0 ? n_present : 1;
    out->loss = entropy;
    out->accuracy = right;
    out->precision = right / classes;
    out->recall = 1 / classes;
    out->f1 = 2 * right / (1 + right) / classes;
    if (set->n_classes == 2) {
        out->auc = 0.5;
        out->average_precision = (double)count_class(rows, 1) / n;
    }
}

/* Always the mean of the training rows. */
static void answer_mean(const struct data_set *set, struct net_metrics *out)
{
    const struct data_part *rows = &set->part[DATA_VALIDATION];
    double absolute = 0, unit = set->target_scale;
    for (int32_t i = 0; i < rows->n_rows; i++)
        absolute += fabs((double)rows->target[i]);
    out->loss = set->majority_error;
    out->mse = set->majority_error * unit * unit;
    out->mae = rows->n_rows > 0 ? absolute / rows->n_rows * unit : 0;
    out->r2 = 0;
}

double objective_of_majority(int objective, const struct data_set *set)
{
    const double none = (double)NAN;
    struct net_metrics m = {none, none, none, none, none, none, none, none, none, none};
    if (objective == OBJECTIVE_ERROR)
        return set->majority_error;
    if (set->task == DATA_REGRESSION)
        answer_mean(set, &m);
    else
        answer_class(set, &m);
    return objective_value(objective, &m);
}

/* ---- by name ----------------------------------------------------------------------------- */

static void list_possible(const struct data_set *set, char *out, size_t out_size)
{
    struct text list = {0};
    for (int i = 0; i < N_OBJECTIVES; i++)
        if (!isnan(objective_of_majority(i, set)))
            text_appendf(&list, "%s%s", i ? ", " : "choose one of ", names[i]);
    text_copy(out, out_size, text_get(&list));
    text_free(&list);
}

enum err objective_find(const char *name, const struct data_set *set, int *out,
                        struct err_info *info)
{
    int found = 0;
    while (found < N_OBJECTIVES && strcmp(names[found], name) != 0)
        found++;
    bool known = found < N_OBJECTIVES;
    if (known && !isnan(objective_of_majority(found, set))) {
        *out = found;
        return ERR_OK;
    }
    char possible[256];
    list_possible(set, possible, sizeof possible);
    return err_set(info, ERR_USAGE, "--objective", possible,
                   known ? "'%s' does not exist for this task" : "'%s' is unknown", name);
}
