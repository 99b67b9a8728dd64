/* diagnosis: what a learning curve says (section 5 of the search design), as one word.
 *
 * Every rule looks at the last quarter of the epochs run. A change over it is that of the
 * least-squares line, so that one noisy epoch does not decide. Absent metrics (NaN; foreign studies
 * have none) make a rule not apply. */
#include "tiller/meta.h"

#include <math.h>

static const struct {
    const char *name, *why;
} diagnoses[DIAGNOSIS_N] = {
    [DIAGNOSIS_DIVERGING] = {"diverges", "the training loss rises"},
    [DIAGNOSIS_OVERFITTING] = {"overfits",
                               "the validation loss is past its minimum while the training loss "
                               "still falls"},
    [DIAGNOSIS_UNDERFITTING] =
        {"underfits", "the network has not learnt the training rows: the error stays high, "
                      "or the training loss stops falling without a gap to validation"},
    [DIAGNOSIS_PLATEAU] = {"plateau", "neither loss changes any more"},
    [DIAGNOSIS_IMPROVING] = {"improves", "the losses are still falling"},
};

const char *diagnosis_name(enum diagnosis d)
{
    return diagnoses[d].name;
}

const char *diagnosis_why(enum diagnosis d)
{
    return diagnoses[d].why;
}

static double metric_at(const struct trial *t, size_t epoch, enum study_metric m)
{
    return t->curve[epoch].metric[m];
}

/* The first epoch of the window: the last quarter, at least two epochs. */
static size_t window_start(const struct trial *t)
{
    size_t length = (t->n_epochs + 3) / 4;
    return t->n_epochs - 1 - (length < 1 ? 1 : length);
}

/* Relative change of a metric over the window by its least-squares line: (end - start) / |mean|;
 * NaN if the metric is absent. */
static double relative_change(const struct trial *t, enum study_metric m)
{
    size_t first = window_start(t), n = t->n_epochs - first;
    double mean = 0, slope = 0, spread = 0, middle = (double)(n - 1) / 2;
    for (size_t i = 0; i < n; i++)
        mean += metric_at(t, first + i, m) / (double)n;
    for (size_t i = 0; i < n; i++) {
        double x = (double)i - middle;
        slope += x * (metric_at(t, first + i, m) - mean);
        spread += x * x;
    }
    return slope / spread * (double)(n - 1) / fmax(fabs(mean), 1e-12);
}

static bool ends_in_nonsense(const struct trial *t)
{
    const struct epoch_result *last = &t->curve[t->n_epochs - 1];
    return !isfinite(last->value) || isinf(last->metric[METRIC_TRAIN_LOSS]) ||
           isinf(last->metric[METRIC_VAL_LOSS]);
}

static bool overfits(const struct trial *t, double train_change)
{
    double last = metric_at(t, t->n_epochs - 1, METRIC_VAL_LOSS), least = last;
    for (size_t i = 0; i < t->n_epochs; i++)
        least = fmin(least, metric_at(t, i, METRIC_VAL_LOSS));
    return last > 1.02 * least && train_change < -0.001; /* flat is not falling */
}

static bool underfits(const struct trial *t, double majority_error, double train_change)
{
    const struct epoch_result *last = &t->curve[t->n_epochs - 1];
    double gap = last->metric[METRIC_VAL_LOSS] - last->metric[METRIC_TRAIN_LOSS];
    return (majority_error > 0 && t->value > 0.8 * majority_error) ||
           (gap < 0.02 && train_change > -0.01);
}

enum diagnosis meta_diagnose(const struct trial *t, double majority_error)
{
    if (t->n_epochs > 0 && ends_in_nonsense(t))
        return DIAGNOSIS_DIVERGING;
    if (t->n_epochs < 3)
        return DIAGNOSIS_IMPROVING;
    double train = relative_change(t, METRIC_TRAIN_LOSS);
    double validation = relative_change(t, METRIC_VAL_LOSS);
    if (train > 0.05)
        return DIAGNOSIS_DIVERGING;
    if (overfits(t, train))
        return DIAGNOSIS_OVERFITTING;
    if (underfits(t, majority_error, train))
        return DIAGNOSIS_UNDERFITTING;
    if (fabs(train) < 0.005 && fabs(validation) < 0.005)
        return DIAGNOSIS_PLATEAU;
    return DIAGNOSIS_IMPROVING;
}
