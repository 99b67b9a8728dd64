/* features: what a task looks like, in twelve numbers and a sketch (search design, 6).
 *
 * What always holds: only training rows are looked at, at most SAMPLE_ROWS of them besides counting
 * classes; every number is finite; the same set gives the same numbers. */
#include "sample.h"

#include <math.h>
#include <string.h>

static const struct {
    const char *name, *about;
} features[FEATURE_N] = {
    [FEATURE_LN_ROWS] = {"ln rows", "logarithm of the number of training rows"},
    [FEATURE_LN_INPUTS] = {"ln inputs", "logarithm of the number of inputs of the network"},
    [FEATURE_LN_ROWS_PER_INPUT] = {"ln rows/input", "the difference of the two"},
    [FEATURE_LN_CLASSES] = {"ln classes", "logarithm of the number of classes; regression: 0"},
    [FEATURE_BALANCE] = {"balance", "classes' entropy, 1: even; regression 1/(1+|skew|)"},
    [FEATURE_SKEW] = {"skew", "logarithm of 1 + mean |skewness| of an input"},
    [FEATURE_COMPONENTS] = {"components", "share of variance in the first five directions"},
    [FEATURE_CORRELATION] = {"correlation", "mean |correlation| of 50 pairs of inputs"},
    [FEATURE_NEIGHBOUR] = {"neighbour", "error of the nearest neighbour / error of a guess"},
    [FEATURE_CENTROID] = {"centroid", "error of the nearest class mean / error of a guess"},
    [FEATURE_LINEAR] = {"linear", "error of a line after one epoch / error of a guess"},
    [FEATURE_STUMP] = {"stump", "error of the best one question / error of a guess"},
};

const char *feature_name(int i)
{
    return i >= 0 && i < FEATURE_N ? features[i].name : NULL;
}

const char *feature_about(int i)
{
    return i >= 0 && i < FEATURE_N ? features[i].about : NULL;
}

/* m3 / m2^1.5 of n numbers that are `apart` floats from each other; 0 if they don't differ. */
static double skewness(const float *x, int n, int apart)
{
    double mean = 0, squares = 0, cubes = 0;
    for (int i = 0; i < n; i++)
        mean += (double)x[i * apart] / n;
    for (int i = 0; i < n; i++) {
        double difference = x[i * apart] - mean;
        squares += difference * difference / n;
        cubes += difference * difference * difference / n;
    }
    return squares > 1e-12 ? cubes / (squares * sqrt(squares)) : 0;
}

static double mean_skewness(struct sample *s)
{
    double sum = 0;
    int live = 0;
    for (int k = 0; k < s->d; k++)
        if (s->deviation[k] > 0) {
            sum += fabs(skewness(s->x + k, s->n, s->stride));
            live++;
        }
    s->work += 2.0 * s->n * live;
    return live > 0 ? sum / live : 0;
}

static double correlation(const struct sample *s, int a, int b)
{
    double sum = 0;
    for (int i = 0; i < s->n; i++)
        sum += (double)sample_row(s, i)[a] * sample_row(s, i)[b] / s->n;
    return sum / (s->deviation[a] * s->deviation[b]);
}

static double mean_correlation(struct sample *s)
{
    enum { PAIRS = 50 };
    int live[SAMPLE_INPUTS], n = 0;
    double sum = 0;
    struct rng rng;
    for (int k = 0; k < s->d; k++)
        if (s->deviation[k] > 0)
            live[n++] = k;
    if (n < 2)
        return 0;
    rng_seed(&rng, SAMPLE_SEED, STREAM_PAIRS);
    for (int p = 0; p < PAIRS; p++) {
        int a = (int)rng_below(&rng, (uint64_t)n), b = (int)rng_below(&rng, (uint64_t)n - 1);
        b += b >= a;
        sum += fabs(correlation(s, live[a], live[b]));
    }
    s->work += (double)PAIRS * s->n;
    return sum / PAIRS;
}

/* Makes each vector orthogonal to those before it and of length 1; one that has no length left
 * stays zero. */
static void make_orthogonal(float *vector, int n_vectors, int stride)
{
    for (int v = 0; v < n_vectors; v++) {
        float *at = vector + v * stride;
        for (int u = 0; u < v; u++)
            sample_add(at, -sample_dot(at, vector + u * stride, stride), vector + u * stride,
                       stride);
        double length = sqrt((double)sample_dot(at, at, stride));
        for (int k = 0; length > 1e-12 && k < stride; k++)
            at[k] = (float)(at[k] / length);
    }
}

/* Orthogonal iteration on the covariance, which is never formed; the variance along the vectors
 * tends to the sum of its largest eigenvalues (Golub & Van Loan 2013, 8.2.4). */
static enum err leading_variance(struct sample *s, double *share)
{
    enum { COMPONENTS = 5, ROUNDS = 8 };
    int n = s->d < COMPONENTS ? s->d : COMPONENTS;
    size_t size = (size_t)n * (size_t)s->stride;
    float *now = mem_zero_alloc(size, sizeof *now), *next = mem_alloc(size, sizeof *next);
    double total = 0, leading = 0;
    struct rng rng;
    rng_seed(&rng, SAMPLE_SEED, STREAM_COMPONENTS);
    bool ok = now && next;
    for (int v = 0; ok && v < n; v++)
        for (int k = 0; k < s->d; k++)
            now[v * s->stride + k] = (float)rng_normal(&rng);
    for (int k = 0; ok && k < s->d; k++)
        total += s->deviation[k] * s->deviation[k];
    if (ok)
        make_orthogonal(now, n, s->stride);
    for (int round = 0; ok && total > 0 && round < ROUNDS; round++) {
        memset(next, 0, size * sizeof *next);
        leading = 0;
        for (int i = 0; i < s->n; i++)
            for (int v = 0; v < n; v++) {
                float along = sample_dot(sample_row(s, i), now + v * s->stride, s->stride);
                leading += (double)along * along / s->n;
                sample_add(next + v * s->stride, along / (float)s->n, sample_row(s, i), s->stride);
            }
        memcpy(now, next, size * sizeof *now);
        make_orthogonal(now, n, s->stride);
        s->work += (2.0 * s->n + n) * n * s->d;
    }
    *share = total > 0 ? fmin(1, leading / total) : 1;
    mem_free(now);
    mem_free(next);
    return ok ? ERR_OK : ERR_MEMORY;
}

/* Entropy of the training rows' classes as a share of its largest value. */
static enum err class_balance(const struct data_set *set, double *out)
{
    const struct data_part *part = &set->part[DATA_TRAIN];
    double *rows = mem_zero_alloc((size_t)set->n_classes, sizeof *rows), entropy = 0;
    if (!rows)
        return ERR_MEMORY;
    for (int32_t i = 0; i < part->n_rows; i++)
        rows[part->y[i]]++;
    for (int32_t c = 0; c < set->n_classes; c++)
        if (rows[c] > 0)
            entropy -= rows[c] / part->n_rows * log(rows[c] / part->n_rows);
    *out = set->n_classes > 1 ? entropy / log(set->n_classes) : 1;
    mem_free(rows);
    return ERR_OK;
}

static enum err describe_label(const struct data_set *set, struct task_features *out)
{
    const struct data_part *part = &set->part[DATA_TRAIN];
    if (set->task == DATA_CLASSIFICATION) {
        out->value[FEATURE_LN_CLASSES] = log(set->n_classes);
        return class_balance(set, &out->value[FEATURE_BALANCE]);
    }
    out->value[FEATURE_LN_CLASSES] = 0;
    out->value[FEATURE_BALANCE] = 1 / (1 + fabs(skewness(part->target, part->n_rows, 1)));
    return ERR_OK;
}

/* Multiplications of one epoch of the reference network on the task's training rows: forwards, the
 * gradients of both layers' weights, and the gradient that goes back through the upper one. */
static double reference_epoch(const struct data_set *set)
{
    enum { HIDDEN = 128 };
    double outputs = set->task == DATA_REGRESSION ? 1 : set->n_classes;
    return set->part[DATA_TRAIN].n_rows * (2.0 * set->n_inputs + 3.0 * outputs) * HIDDEN;
}

enum err meta_features(const struct data_set *set, struct task_features *out, struct err_info *info)
{
    struct sample s;
    double rows = set->part[DATA_TRAIN].n_rows, inputs = set->n_inputs;
    *out = (struct task_features){0};
    enum err err = sample_draw(set, &s);
    if (err != ERR_OK)
        return err_set_memory(info, set->name);
    out->value[FEATURE_LN_ROWS] = log(rows);
    out->value[FEATURE_LN_INPUTS] = log(inputs);
    out->value[FEATURE_LN_ROWS_PER_INPUT] = log(rows / inputs);
    out->value[FEATURE_SKEW] = log1p(mean_skewness(&s));
    out->value[FEATURE_CORRELATION] = mean_correlation(&s);
    err = describe_label(set, out);
    if (err == ERR_OK)
        err = leading_variance(&s, &out->value[FEATURE_COMPONENTS]);
    if (err == ERR_OK)
        err = sample_landmarks(&s, &out->value[FEATURE_NEIGHBOUR]);
    if (err == ERR_OK)
        err = sample_sketch(&s, out->sketch);
    out->rows_used = s.n;
    out->cost_epochs = s.work / reference_epoch(set);
    sample_free(&s);
    return err == ERR_OK ? ERR_OK : err_set_memory(info, set->name);
}
