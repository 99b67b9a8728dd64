/* curve: a trial's epochs in order of their steps, its best value, and times as Optuna writes them.
 *
 * What always holds: curve[] is sorted by step without doubles; best_epoch is a step of it whose
 * value is finite or infinite, never NaN, and none is better. */
#include "study/internal.h"

#include <math.h>
#include <string.h>
#include <time.h>

const char *study_metric_name(enum study_metric m)
{
    static const char *const names[METRIC_N] = {
        [METRIC_TRAIN_LOSS] = "train_loss",
        [METRIC_VAL_LOSS] = "val_loss",
        [METRIC_VAL_ACCURACY] = "val_accuracy",
        [METRIC_VAL_PRECISION] = "val_precision",
        [METRIC_VAL_RECALL] = "val_recall",
        [METRIC_VAL_F1] = "val_f1",
        [METRIC_VAL_AUC] = "val_auc",
        [METRIC_VAL_AVERAGE_PRECISION] = "val_average_precision",
        [METRIC_VAL_MSE] = "val_mse",
        [METRIC_VAL_MAE] = "val_mae",
        [METRIC_VAL_R2] = "val_r2",
        [METRIC_SECONDS] = "seconds",
        [METRIC_GRADIENT_NORM] = "gradient_norm",
        [METRIC_WEIGHT_NORM] = "weight_norm",
    };
    return (unsigned)m < METRIC_N ? names[m] : "";
}

struct epoch_result *curve_at(struct trial *t, int step, bool *is_new)
{
    size_t at = t->n_epochs;
    while (at > 0 && t->curve[at - 1].step > step)
        at--;
    *is_new = at == 0 || t->curve[at - 1].step != step;
    if (!*is_new)
        return &t->curve[at - 1];
    if (!mem_grow((void **)&t->curve, &t->curve_capacity, t->n_epochs, sizeof *t->curve))
        return NULL;
    memmove(&t->curve[at + 1], &t->curve[at], (t->n_epochs - at) * sizeof *t->curve);
    t->n_epochs++;
    t->curve[at] = (struct epoch_result){.step = step, .value = (double)NAN};
    for (int m = 0; m < METRIC_N; m++)
        t->curve[at].metric[m] = (double)NAN;
    return &t->curve[at];
}

static bool better_epoch(int direction, const struct epoch_result *e, double value, double loss)
{
    if (isnan(e->value))
        return false;
    if (isnan(value))
        return true;
    if (e->value != value)
        return direction == 2 ? e->value > value : e->value < value;
    double its = e->metric[METRIC_VAL_LOSS];
    return !isnan(its) && (isnan(loss) || its < loss);
}

static void take_if_better(const struct study *study, struct trial *t, const struct epoch_result *e)
{
    if (!better_epoch(study->direction, e, t->value, t->best_loss))
        return;
    t->value = e->value;
    t->best_epoch = e->step;
    t->best_loss = e->metric[METRIC_VAL_LOSS];
}

void curve_note_best(const struct study *study, struct trial *t, const struct epoch_result *epoch,
                     bool is_new)
{
    if (is_new) {
        take_if_better(study, t, epoch);
        return;
    }
    t->value = t->best_loss = (double)NAN;
    t->best_epoch = -1;
    for (size_t i = 0; i < t->n_epochs; i++)
        take_if_better(study, t, &t->curve[i]);
}

double study_objective_at(const struct trial *t, int epoch)
{
    /* The trial does not know its study's direction; its own best value tells it: that is either
     * the smallest or the largest of the curve. */
    double low = (double)NAN, high = (double)NAN, best = (double)NAN, last = (double)NAN;
    for (size_t i = 0; i < t->n_epochs; i++) {
        double value = t->curve[i].value;
        low = fmin(low, value);
        high = fmax(high, value);
        if (t->curve[i].step == t->best_epoch)
            best = value;
    }
    bool largest = best == high && best != low;
    for (size_t i = 0; i < t->n_epochs && t->curve[i].step <= epoch; i++)
        last = largest ? fmax(last, t->curve[i].value) : fmin(last, t->curve[i].value);
    return last;
}

/* ---- times ------------------------------------------------------------------------------- */

/* n digits; -1 if they are not. */
static int digits(const char **p, int n)
{
    int value = 0;
    for (int i = 0; i < n; i++, (*p)++) {
        if (**p < '0' || **p > '9')
            return -1;
        value = value * 10 + (**p - '0');
    }
    return value;
}

/* A field behind its separator; false if it is not there or above its limit. */
static bool field(const char **p, const char *separators, int n, int limit, int *out)
{
    if (**p == 0 || !strchr(separators, **p))
        return false;
    (*p)++;
    *out = digits(p, n);
    return *out >= 0 && *out <= limit;
}

static bool read_zone(const char *p, int *offset_s)
{
    int hours = 0, minutes = 0, sign = *p == '-' ? -1 : 1;
    if (strcmp(p, "Z") == 0)
        return true;
    if (!field(&p, "+-", 2, 23, &hours) || !field(&p, ":", 2, 59, &minutes) || *p != 0)
        return false;
    *offset_s = sign * (hours * 3600 + minutes * 60);
    return true;
}

/* mktime without its reading TZ anew each time, which threads may not do side by side unseen. In
 * the hour that a change of the clocks repeats or leaves out, one of the two answers. */
static time_t local_time(struct tm *parts)
{
    time_t as_utc = timegm(parts), guess = as_utc;
    struct tm local;
    memset(&local, 0, sizeof local);
    for (int i = 0; i < 2 && localtime_r(&guess, &local); i++)
        guess = as_utc - local.tm_gmtoff;
    return guess;
}

bool time_read_iso(const char *text, double *wall_s, bool *zone)
{
    struct tm parts;
    memset(&parts, 0, sizeof parts);
    const char *p = text;
    int year = digits(&p, 4), month = 0, offset_s = 0;
    if (year < 1 || !field(&p, "-", 2, 12, &month) || month < 1 ||
        !field(&p, "-", 2, 31, &parts.tm_mday) || parts.tm_mday < 1)
        return false;
    if (*p && (!field(&p, "T ", 2, 23, &parts.tm_hour) || !field(&p, ":", 2, 59, &parts.tm_min)))
        return false;
    if (*p == ':' && !field(&p, ":", 2, 59, &parts.tm_sec))
        return false;
    double fraction = 0, unit = 0.1;
    if (*p == '.')
        for (p++; *p >= '0' && *p <= '9'; p++, unit /= 10)
            fraction += (*p - '0') * unit;
    *zone = *p != 0;
    if (*zone && !read_zone(p, &offset_s))
        return false;
    parts.tm_year = year - 1900;
    parts.tm_mon = month - 1;
    time_t whole = *zone ? timegm(&parts) - offset_s : local_time(&parts);
    *wall_s = (double)whole + fraction;
    return true;
}
