/* ranker: learning in which order to try a portfolio on a new task.
 *
 * What always holds: nothing of a left-out family is used, neither for the portfolio nor for
 * standardising inputs; families count alike however many variants they have. */
#include "tiller/learn.h"
#include "tiller/net.h"

#include <math.h>
#include <string.h>

static bool is_left_out(const struct known_ranks *ranks, const bool *left_out, int task)
{
    return left_out && left_out[ranks->family[task]];
}

/* [n] 1 / size of the family, 0 for those left out. Returns their sum: the number of families. */
static double family_weights(const struct known_ranks *ranks, const bool *left_out, double *weight)
{
    double sum = 0;
    for (int t = 0; t < ranks->n; t++) {
        int size = 0;
        for (int s = 0; s < ranks->n; s++)
            size += ranks->family[s] == ranks->family[t];
        weight[t] = is_left_out(ranks, left_out, t) ? 0 : 1.0 / size;
        sum += weight[t];
    }
    return sum;
}

/* ---- ridge ------------------------------------------------------------------------------- */

enum { RIDGE_MAX = SIMILARITY_FEATURES_MAX };

/* Solves a x = b for a symmetric positive definite a[n x n], which is destroyed (Cholesky). */
static void solve(double a[][RIDGE_MAX], double *b, int n)
{
    for (int i = 0; i < n; i++)
        for (int j = 0; j <= i; j++) {
            double sum = a[i][j];
            for (int k = 0; k < j; k++)
                sum -= a[i][k] * a[j][k];
            a[i][j] = i == j ? sqrt(fmax(sum, 1e-12)) : sum / a[j][j];
        }
    for (int i = 0; i < n; i++) {
        for (int k = 0; k < i; k++)
            b[i] -= a[i][k] * b[k];
        b[i] /= a[i][i];
    }
    for (int i = n - 1; i >= 0; i--) {
        for (int k = i + 1; k < n; k++)
            b[i] -= a[k][i] * b[k];
        b[i] /= a[i][i];
    }
}

/* Mean and deviation of a column under weights that sum to `total`; deviation 1 if constant. */
static void standardise(const double *value, int apart, const double *weight, int n, double total,
                        double *mean, double *deviation)
{
    double squares = 0;
    *mean = 0;
    for (int t = 0; t < n; t++)
        if (weight[t] > 0)
            *mean += weight[t] / total * value[t * apart];
    for (int t = 0; t < n; t++)
        if (weight[t] > 0)
            squares += weight[t] / total * pow(value[t * apart] - *mean, 2);
    *deviation = squares > 1e-18 ? sqrt(squares) : 1;
}

static double standard_feature(const struct known_ranks *ranks, const struct ridge *r, int task,
                               int j)
{
    return (ranks->feature[task * ranks->n_features + j] - r->mean[j]) / r->deviation[j];
}

/* The features against the results of each entry, with this penalty per family. */
static void fit_ridge(const struct known_ranks *ranks, const struct portfolio *p,
                      const double *weight, double total, double penalty, struct ridge *r)
{
    int n = ranks->n_features;
    *r = (struct ridge){.n_features = n};
    for (int j = 0; j < n; j++)
        standardise(ranks->feature + j, n, weight, ranks->n, total, &r->mean[j], &r->deviation[j]);
    for (int k = 0; k < p->n; k++) {
        double a[RIDGE_MAX][RIDGE_MAX] = {{0}}, deviation, *b = r->weight[k];
        const double *z = ranks->z + p->entry[k];
        standardise(z, ranks->n_configs, weight, ranks->n, total, &b[n], &deviation);
        for (int t = 0; t < ranks->n; t++)
            for (int i = 0; weight[t] > 0 && i < n; i++) {
                double at = weight[t] * standard_feature(ranks, r, t, i);
                b[i] += at * (z[t * ranks->n_configs] - b[n]);
                for (int j = 0; j <= i; j++)
                    a[i][j] += at * standard_feature(ranks, r, t, j);
            }
        for (int i = 0; i < n; i++)
            a[i][i] += penalty;
        solve(a, b, n);
    }
}

/* Squared error on one family of what the others teach. weight: theirs; own: its tasks'. */
static double ridge_error(const struct known_ranks *ranks, const struct portfolio *p,
                          const struct ridge *r, int family)
{
    double sum = 0;
    int n = 0;
    for (int t = 0; t < ranks->n; t++) {
        if (ranks->family[t] != family)
            continue;
        for (int k = 0; k < p->n; k++) {
            double said = r->weight[k][r->n_features];
            for (int j = 0; j < r->n_features; j++)
                said += r->weight[k][j] * standard_feature(ranks, r, t, j);
            sum += pow(said - ranks->z[t * ranks->n_configs + p->entry[k]], 2);
            n++;
        }
    }
    return n > 0 ? sum / n : 0;
}

/* The penalty whose ridge errs least on families left out of it. */
static enum err learn_ridge(const struct known_ranks *ranks, const struct portfolio *p,
                            const double *weight, double total, struct ridge *out)
{
    static const double penalty[] = {1, 3, 10, 30, 100, 300};
    double *inner = mem_alloc((size_t)ranks->n, sizeof *inner);
    double best = 300, least = (double)INFINITY;
    if (!inner)
        return ERR_MEMORY;
    for (size_t i = 0; i < sizeof penalty / sizeof *penalty; i++) {
        double error = 0;
        for (int family = 0; family < ranks->n_families; family++) {
            double left = 0;
            for (int t = 0; t < ranks->n; t++) {
                inner[t] = ranks->family[t] == family ? 0 : weight[t];
                left += inner[t];
            }
            if (left <= 0 || left >= total - 1e-9) /* no other family, or not one of those */
                continue;
            fit_ridge(ranks, p, inner, left, penalty[i], out);
            error += ridge_error(ranks, p, out, family);
        }
        if (error < least) {
            least = error;
            best = penalty[i];
        }
    }
    fit_ridge(ranks, p, weight, total, best, out);
    mem_free(inner);
    return ERR_OK;
}

/* ---- meta-model -------------------------------------------------------------------------- */

enum { FAMILY_ROWS = 48, TASK_ROWS_MIN = 8 };

/* Input i of a task as it lies in the model: features, early errors of the first entry, sketch. */
static double raw_input(const struct learn_looks *known, const struct portfolio *p, int task, int i)
{
    const struct known_ranks *ranks = known->ranks;
    int early = i - ranks->n_features, sketch = early - EARLY_N;
    if (early < 0)
        return ranks->feature[task * ranks->n_features + i];
    if (sketch >= 0)
        return known->sketch[task * known->n_sketch + sketch];
    size_t curve = (size_t)task * (size_t)ranks->n_configs + (size_t)p->entry[0];
    return known->early ? known->early[curve * EARLY_N + (size_t)early] : (double)NAN;
}

/* Unknown early errors have no part in mean and deviation. */
static void standardise_inputs(const struct learn_looks *known, const struct portfolio *p,
                               const double *weight, double *value, double *seen,
                               struct meta_model *m)
{
    int n = known->ranks->n;
    for (int i = 0; i < m->n_inputs; i++) {
        double total = 0;
        for (int t = 0; t < n; t++) {
            value[t] = raw_input(known, p, t, i);
            seen[t] = weight[t] > 0 && isfinite(value[t]) ? weight[t] : 0;
            total += seen[t];
        }
        if (total > 0)
            standardise(value, 1, seen, n, total, &m->mean[i], &m->deviation[i]);
        else
            m->deviation[i] = 1;
    }
}

/* Softmax of -regret / temperature over the entries, added up. */
static void soft_target(const struct learn_looks *known, const struct portfolio *p, int task,
                        double temperature, double *cumulated)
{
    const double *regret = known->regret + (size_t)task * (size_t)known->ranks->n_configs;
    double least = (double)INFINITY, sum = 0;
    for (int k = 0; k < p->n; k++)
        least = fmin(least, regret[p->entry[k]]);
    for (int k = 0; k < p->n; k++)
        cumulated[k] = sum += exp((least - regret[p->entry[k]]) / temperature);
    for (int k = 0; k < p->n; k++)
        cumulated[k] /= sum;
}

/* Rows of one half of a task, with or without early errors: row i of m has the entry at
 * (i + 1/2) / m of the cumulated target. */
static void put_rows(const struct meta_model *m, const double *raw, const double *cumulated,
                     int m_rows, float *x, int32_t *y)
{
    for (int i = 0; i < m_rows; i++) {
        int k = 0;
        while (k < m->n_entries - 1 && cumulated[k] < (i + 0.5) / m_rows)
            k++;
        meta_model_input(m, raw, x + (size_t)i * MODEL_INPUTS);
        y[i] = k;
    }
}

static int rows_of_task(double weight)
{
    int half = (int)lround(0.5 * FAMILY_ROWS * weight);
    return weight > 0 ? 2 * (half > TASK_ROWS_MIN / 2 ? half : TASK_ROWS_MIN / 2) : 0;
}

static int fill_rows(const struct learn_looks *known, const struct portfolio *p,
                     const double *weight, double temperature, const struct meta_model *m, float *x,
                     int32_t *y)
{
    int at = 0;
    for (int t = 0; t < known->ranks->n; t++) {
        double raw[MODEL_INPUTS], cumulated[PORTFOLIO_MAX];
        int half = rows_of_task(weight[t]) / 2;
        if (half == 0)
            continue;
        for (int i = 0; i < m->n_inputs; i++)
            raw[i] = raw_input(known, p, t, i);
        soft_target(known, p, t, temperature, cumulated);
        put_rows(m, raw, cumulated, half, x + (size_t)at * MODEL_INPUTS, y + at);
        for (int e = 0; e < EARLY_N; e++) /* past the inputs if features stand alone */
            raw[known->ranks->n_features + e] = (double)NAN;
        at += half;
        put_rows(m, raw, cumulated, half, x + (size_t)at * MODEL_INPUTS, y + at);
        at += half;
    }
    return at;
}

/* Trains on the rows and takes the weights over. */
static enum err train(const struct learn_model_options *o, const struct net_rows *rows,
                      struct meta_model *m, struct err_info *info)
{
    struct net_config config = net_config_reference();
    struct training *t;
    config.units = MODEL_HIDDEN;
    config.dropout = o->dropout;
    config.input_noise = o->input_noise;
    config.schedule_epochs = o->epochs;
    config.rng_seed = o->rng_seed;
    enum err err = net_new(&config, rows, &t, info);
    if (err != ERR_OK)
        return err;
    while (err == ERR_OK && net_epochs_done(t) < o->epochs) {
        bool done;
        err = net_train_slice(t, net_batches_per_epoch(t), &done);
    }
    if (err == ERR_OK) {
        net_layer_weights(t, 0, m->hidden, m->hidden_bias);
        net_layer_weights(t, 1, m->output, m->output_bias);
    }
    net_free(t);
    return err == ERR_OK ? ERR_OK : err_set(info, err, "meta-model", NULL, "training diverged");
}

static struct learn_model_options with_defaults(const struct learn_model_options *options)
{
    struct learn_model_options o = options ? *options : (struct learn_model_options){0};
    o.temperature = o.temperature > 0 ? o.temperature : 0.1;
    o.dropout = o.dropout > 0 ? o.dropout : 0.5;
    o.input_noise = o.input_noise > 0 ? o.input_noise : 0.5;
    o.epochs = o.epochs > 0 ? o.epochs : 100;
    return o;
}

static int count_inputs(const struct learn_looks *known, const struct learn_model_options *o)
{
    return known->ranks->n_features + (o->features_alone ? 0 : EARLY_N + known->n_sketch);
}

static enum err learn_model(const struct learn_looks *known, const struct portfolio *p,
                            const double *weight, const struct learn_model_options *options,
                            struct meta_model *m, struct err_info *info)
{
    struct learn_model_options o = with_defaults(options);
    size_t n = (size_t)known->ranks->n, n_rows = 0;
    for (size_t t = 0; t < n; t++)
        n_rows += (size_t)rows_of_task(weight[t]);
    double *value = mem_alloc(n, sizeof *value), *seen = mem_alloc(n, sizeof *seen);
    float *x = mem_aligned_alloc(n_rows, MODEL_INPUTS * sizeof *x);
    int32_t *y = mem_alloc(n_rows, sizeof *y);
    enum err err = value && seen && x && y ? ERR_OK : err_set_memory(info, "meta-model");
    memset(m, 0, sizeof *m);
    if (err == ERR_OK && p->n >= 2) {
        m->n_inputs = count_inputs(known, &o);
        standardise_inputs(known, p, weight, value, seen, m);
        m->n_entries = p->n;
        struct net_rows rows = {.n_inputs = MODEL_INPUTS, .n_classes = p->n, .x = x, .y = y};
        rows.n_rows = fill_rows(known, p, weight, o.temperature, m, x, y);
        err = train(&o, &rows, m, info);
    }
    mem_free(value);
    mem_free(seen);
    mem_free(x);
    mem_free(y);
    return err;
}

/* ---- all of it --------------------------------------------------------------------------- */

/* Without the columns of inputs that there are none of: what they were drawn as means nothing. */
static void clear_unused(struct meta_model *m)
{
    for (int h = 0; h < MODEL_HIDDEN; h++)
        for (int i = m->n_inputs; i < MODEL_INPUTS; i++)
            m->hidden[h * MODEL_INPUTS + i] = 0;
}

enum err learn_ranker_model(const struct learn_looks *known, const bool *left_out,
                            const struct portfolio *portfolio,
                            const struct learn_model_options *options, struct meta_model *out,
                            struct err_info *info)
{
    double *weight = mem_alloc((size_t)known->ranks->n, sizeof *weight);
    if (!weight)
        return err_set_memory(info, "meta-model");
    family_weights(known->ranks, left_out, weight);
    enum err err = learn_model(known, portfolio, weight, options, out, info);
    if (err == ERR_OK)
        clear_unused(out);
    mem_free(weight);
    return err;
}

/* What needs no network. share: weights that sum to 1. */
static enum err learn_plain(const struct learn_looks *known, const bool *left_out,
                            const double *weight, const double *share, double total,
                            struct ranker *out)
{
    const struct known_ranks *ranks = known->ranks;
    portfolio_choose(known->cost, share, ranks->n, ranks->n_configs, PORTFOLIO_MAX,
                     &out->portfolio);
    enum err err = similarity_fit(ranks, left_out, &out->similarity);
    return err == ERR_OK ? learn_ridge(ranks, &out->portfolio, weight, total, &out->ridge) : err;
}

enum err learn_ranker(const struct learn_looks *known, const bool *left_out,
                      const struct learn_model_options *options, struct ranker *out,
                      struct err_info *info)
{
    const struct known_ranks *ranks = known->ranks;
    double *weight = mem_alloc((size_t)ranks->n, 2 * sizeof *weight);
    memset(out, 0, sizeof *out);
    out->used = RANKING_EVEN;
    if (!weight)
        return err_set_memory(info, "ranker");
    double total = family_weights(ranks, left_out, weight), *share = weight + ranks->n;
    for (int t = 0; t < ranks->n; t++)
        share[t] = weight[t] / total;
    enum err err;
    if (total <= 0 || ranks->n_features + EARLY_N + known->n_sketch > MODEL_INPUTS)
        err = err_set(info, ERR_RANGE, "ranker", "record more tasks",
                      "no known task is left, or there are more than %d inputs", MODEL_INPUTS);
    else if ((err = learn_plain(known, left_out, weight, share, total, out)) != ERR_OK)
        err_set(info, err, "ranker", NULL, "the features can't be learnt from");
    mem_free(weight);
    return err == ERR_OK
               ? learn_ranker_model(known, left_out, &out->portfolio, options, &out->model, info)
               : err;
}
