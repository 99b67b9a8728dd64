/* ranker: in which order a portfolio's entries are tried on a task that nobody has seen.
 *
 * All ways end in scores of which the lowest comes first. What they know was learnt elsewhere
 * (src/learn/ranker.c); here are plain loops only. */
#include "tiller/knowledge.h"

#include <math.h>
#include <string.h>

static const struct {
    const char *name, *about;
} rankings[RANKING_N] = {
    [RANKING_GREEDY] = {"greedy", "in the order in which they were chosen"},
    [RANKING_EVEN] = {"even", "by the mean over all families"},
    [RANKING_NEAREST] = {"nearest", "by the task that looks most alike"},
    [RANKING_RIDGE] = {"ridge", "by a linear map of the features"},
    [RANKING_SIMILARITY] = {"similarity", "by tasks weighted by their likeness"},
    [RANKING_MODEL] = {"model", "by the meta-model"},
    [RANKING_MODEL_EARLY] = {"model, early", "the same after 4 epochs of the first entry"},
};

const char *ranking_name(enum ranking r)
{
    return r < RANKING_N ? rankings[r].name : "";
}

const char *ranking_about(enum ranking r)
{
    return r < RANKING_N ? rankings[r].about : "";
}

/* ---- the meta-model ---------------------------------------------------------------------- */

const int early_epoch[EARLY_N] = {1, 2, 4};

void early_errors(const double *error, int n, double majority_error, double *early)
{
    for (int e = 0; e < EARLY_N; e++)
        early[e] = early_epoch[e] <= n ? error[early_epoch[e] - 1] / majority_error : (double)NAN;
}

void meta_model_input(const struct meta_model *m, const double *raw,
                      float input[static MODEL_INPUTS])
{
    memset(input, 0, MODEL_INPUTS * sizeof *input);
    for (int i = 0; i < m->n_inputs; i++) {
        double z = (raw[i] - m->mean[i]) / m->deviation[i];
        if (isfinite(z)) /* unknown, or the same for all known tasks */
            input[i] = (float)fmax(-3, fmin(3, z));
    }
}

static float sum_of_products(const float *weight, const float *input, int n)
{
    float sum = 0;
    for (int i = 0; i < n; i++)
        sum += weight[i] * input[i];
    return sum;
}

void meta_model_forward(const struct meta_model *m, const float input[static MODEL_INPUTS],
                        double *share)
{
    float hidden[MODEL_HIDDEN];
    double top = -(double)INFINITY, sum = 0;
    for (int h = 0; h < MODEL_HIDDEN; h++)
        hidden[h] = fmaxf(0, m->hidden_bias[h] + sum_of_products(m->hidden + h * MODEL_INPUTS,
                                                                 input, MODEL_INPUTS));
    for (int k = 0; k < m->n_entries; k++) {
        share[k] = (double)m->output_bias[k] +
                   sum_of_products(m->output + k * MODEL_HIDDEN, hidden, MODEL_HIDDEN);
        top = fmax(top, share[k]);
    }
    for (int k = 0; k < m->n_entries; k++)
        sum += share[k] = exp(share[k] - top);
    for (int k = 0; k < m->n_entries; k++)
        share[k] /= sum;
}

/* ---- scores ------------------------------------------------------------------------------ */

/* The inputs as they lie in the model: features, early errors, sketch. */
static void gather_raw(const struct ranker *r, const struct task_looks *looks, bool by_early,
                       double *raw)
{
    int n_features = r->similarity.n_features;
    for (int i = 0; i < r->model.n_inputs; i++) {
        int early = i - n_features, sketch = early - EARLY_N;
        if (early < 0)
            raw[i] = looks->feature ? looks->feature[i] : (double)NAN;
        else if (sketch < 0)
            raw[i] = by_early && looks->early ? looks->early[early] : (double)NAN;
        else
            raw[i] =
                looks->sketch && sketch < looks->n_sketch ? looks->sketch[sketch] : (double)NAN;
    }
}

static void model_scores(const struct ranker *r, const struct task_looks *looks, bool by_early,
                         double *score)
{
    double raw[MODEL_INPUTS];
    float input[MODEL_INPUTS];
    gather_raw(r, looks, by_early, raw);
    meta_model_input(&r->model, raw, input);
    meta_model_forward(&r->model, input, score);
    for (int k = 0; k < r->model.n_entries; k++)
        score[k] = -score[k];
}

static void ridge_scores(const struct ranker *r, const double *feature, double *score)
{
    const struct ridge *ridge = &r->ridge;
    for (int k = 0; k < r->portfolio.n; k++) {
        score[k] = ridge->weight[k][ridge->n_features];
        for (int j = 0; j < ridge->n_features; j++)
            score[k] += ridge->weight[k][j] * (feature[j] - ridge->mean[j]) / ridge->deviation[j];
    }
}

/* Weights of the known tasks: the similarity's emphasis, none, or so much of all features that one
 * task is left. */
static void weigh(const struct ranker *r, enum ranking by, const struct known_ranks *known,
                  const bool *left_out, const double *feature, double *weight)
{
    struct similarity s = r->similarity;
    for (int j = 0; j < s.n_features && by != RANKING_SIMILARITY; j++)
        s.emphasis[j] = by == RANKING_NEAREST ? 1e9 : 0;
    similarity_prior(&s, known, left_out, feature, weight);
}

static void weighted_scores(const struct ranker *r, const struct known_ranks *known,
                            const double *weight, double *score)
{
    for (int k = 0; k < r->portfolio.n; k++) {
        score[k] = 0;
        for (int t = 0; t < known->n; t++)
            if (weight[t] > 0)
                score[k] += weight[t] * known->z[t * known->n_configs + r->portfolio.entry[k]];
    }
}

/* Does this way have what it needs here? */
static bool can_rank(const struct ranker *r, enum ranking by, const struct task_looks *looks)
{
    bool by_early = by == RANKING_MODEL_EARLY;
    if (by != RANKING_MODEL && !by_early)
        return looks->feature != NULL;
    return r->portfolio.n > 0 && r->model.n_entries == r->portfolio.n &&
           (looks->feature || looks->sketch || (by_early && looks->early));
}

void ranker_scores(const struct ranker *r, enum ranking by, const struct known_ranks *known,
                   const bool *left_out, const struct task_looks *looks, double *score,
                   double *weight)
{
    for (int t = 0; t < known->n; t++)
        weight[t] = 0;
    for (int k = 0; k < r->portfolio.n; k++)
        score[k] = k;
    if (by == RANKING_GREEDY)
        return;
    if (!can_rank(r, by, looks))
        by = RANKING_EVEN;
    if (by == RANKING_MODEL || by == RANKING_MODEL_EARLY) {
        model_scores(r, looks, by == RANKING_MODEL_EARLY, score);
    } else if (by == RANKING_RIDGE) {
        ridge_scores(r, looks->feature, score);
    } else {
        weigh(r, by, known, left_out, looks->feature, weight);
        weighted_scores(r, known, weight, score);
    }
}

void ranker_order(const struct ranker *r, const double *score, int *order)
{
    for (int k = 0; k < r->portfolio.n; k++) {
        int at = k;
        for (; at > 0 && score[order[at - 1]] > score[k]; at--)
            order[at] = order[at - 1];
        order[at] = k;
    }
}
