/* sketch: 96 numbers by which a network can tell tasks apart, of the same meaning for every task.
 *
 * 32 sparse random projections (Li, Hastie, Church 2006, "Very sparse random projections"): each
 * adds up to four standardised inputs with random signs, and is standardised itself. Twelve
 * statistics of each (enum statistic); of the 32 values of a statistic the eight quantiles at 1/16,
 * 3/16, ... 15/16 stand in the sketch, statistic by statistic. So neither the order of the inputs
 * nor the order of the classes matters, and turning an input's sign changes no distribution: a
 * projection is turned so that its skewness is not negative. A task with fewer inputs has the
 * same numbers; only one without any that vary is all zeros. In regression the quarters of the
 * label stand for classes. */
#include "sample.h"

#include <math.h>
#include <string.h>

enum { PROJECTIONS = 32, TERMS = 4, QUANTILES = 8 };

enum statistic {
    VALUE_05, /* quantiles of the projected rows */
    VALUE_25,
    VALUE_50,
    VALUE_75,
    VALUE_95,
    KURTOSIS, /* logarithm of the fourth moment; ln 3: normal */
    TIES,     /* share of rows that have the commonest value */
    BETWEEN,  /* share of variance between the classes, corrected for their number */
    MEAN_LOW, /* quantiles at .1 and .9 over the rows: mean of a row's class, */
    MEAN_HIGH,
    SPREAD_LOW, /* standard deviation within a row's class */
    SPREAD_HIGH,
    STATISTICS
};
_Static_assert(STATISTICS *QUANTILES == SKETCH_N, "the sketch's length");

/* One class's rows under a projection. */
struct group {
    double n, sum, squares;
};

struct work {
    struct sample *s;
    int live[SAMPLE_INPUTS], n_live; /* inputs that vary */
    float value[SAMPLE_ROWS];        /* the rows under the projection at hand */
    uint64_t key[SAMPLE_ROWS];
    struct group *group; /* [n_classes] */
};

static double number_of(uint64_t key, const float *from)
{
    return from[sample_key_index(key)];
}

/* The quantile of n > 0 numbers: linear between the ones around it, at q * (n - 1). */
static double quantile(struct work *w, const float *number, int n, double q)
{
    double place = q * (n - 1), below = floor(place);
    int i = (int)below, j = i + 1 < n ? i + 1 : i;
    double low = number_of(w->key[i], number), high = number_of(w->key[j], number);
    return low + (place - below) * (high - low);
}

static void sort(struct work *w, const float *number, int n)
{
    for (int i = 0; i < n; i++)
        w->key[i] = sample_key(number[i], i);
    sample_sort(w->s, w->key, n);
}

/* w->value: the rows under a new projection, mean 0, variance 1, skewness not negative. False if
 * the rows don't differ. */
static bool project(struct work *w, struct rng *rng)
{
    struct sample *s = w->s;
    double squares = 0, cubes = 0;
    memset(w->value, 0, sizeof w->value);
    for (int t = 0; t < TERMS && t < w->n_live; t++) {
        int k = w->live[rng_below(rng, (uint64_t)w->n_live)];
        float sign = rng_next(rng) >> 63 ? -1 : 1;
        for (int i = 0; i < s->n; i++)
            w->value[i] += sign * sample_row(s, i)[k] / (float)s->deviation[k];
    }
    for (int i = 0; i < s->n; i++) {
        double v = w->value[i]; /* a sum of centred columns */
        squares += v * v / s->n;
        cubes += v * v * v / s->n;
    }
    if (squares < 1e-6)
        return false;
    for (int i = 0; i < s->n; i++)
        w->value[i] *= (float)((cubes < 0 ? -1 : 1) / sqrt(squares));
    s->work += (TERMS + 5.0) * s->n;
    return true;
}

static void look_at_values(struct work *w, double *out)
{
    static const double at[] = {.05, .25, .50, .75, .95};
    struct sample *s = w->s;
    double fourth = 0;
    int most = 0, run = 0;
    sort(w, w->value, s->n);
    for (int q = 0; q < 5; q++)
        out[VALUE_05 + q] = quantile(w, w->value, s->n, at[q]);
    for (int i = 0; i < s->n; i++) {
        double v = number_of(w->key[i], w->value);
        bool same = i > 0 && v - number_of(w->key[i - 1], w->value) < 1e-4;
        run = same ? run + 1 : 1;
        most = run > most ? run : most;
        fourth += v * v * v * v / s->n;
    }
    out[KURTOSIS] = log(fmax(1, fourth));
    out[TIES] = (double)most / s->n;
    s->work += 4.0 * s->n;
}

/* Quantiles over the rows of a number that each class has. */
static void class_quantiles(struct work *w, const float *of_row, double *low, double *high)
{
    sort(w, of_row, w->s->n);
    *low = quantile(w, of_row, w->s->n, .1);
    *high = quantile(w, of_row, w->s->n, .9);
}

static void look_at_classes(struct work *w, double *out)
{
    struct sample *s = w->s;
    float mean[SAMPLE_ROWS] = {0}, spread[SAMPLE_ROWS] = {0};
    double within = 0, classes = 0;
    memset(w->group, 0, (size_t)s->n_classes * sizeof *w->group);
    for (int i = 0; i < s->n; i++) {
        struct group *g = &w->group[s->y[i]];
        g->n++;
        g->sum += w->value[i];
        g->squares += (double)w->value[i] * w->value[i];
    }
    for (int c = 0; c < s->n_classes; c++) {
        struct group *g = &w->group[c];
        if (g->n == 0)
            continue;
        within += fmax(0, g->squares - g->sum * g->sum / g->n);
        classes++;
    }
    for (int i = 0; i < s->n; i++) {
        const struct group *g = &w->group[s->y[i]];
        double m = g->sum / g->n;
        mean[i] = (float)m;
        spread[i] = (float)sqrt(fmax(0, g->squares / g->n - m * m));
    }
    /* The total is n. Kelley's epsilon squared (1935): within, by its degrees of freedom. */
    double free_within = fmax(1, s->n - classes);
    out[BETWEEN] = fmax(0, 1 - within / free_within * (s->n - 1) / s->n);
    class_quantiles(w, mean, &out[MEAN_LOW], &out[MEAN_HIGH]);
    class_quantiles(w, spread, &out[SPREAD_LOW], &out[SPREAD_HIGH]);
    s->work += 6.0 * s->n;
}

static void sketch(struct work *w, double *out)
{
    float of_projection[STATISTICS][PROJECTIONS] = {{0}};
    struct rng rng;
    int n = 0;
    rng_seed(&rng, SAMPLE_SEED, STREAM_SKETCH);
    for (int p = 0; p < PROJECTIONS; p++) {
        double statistic[STATISTICS];
        if (!project(w, &rng))
            continue;
        look_at_values(w, statistic);
        look_at_classes(w, statistic);
        for (int t = 0; t < STATISTICS; t++)
            of_projection[t][n] = (float)statistic[t];
        n++;
    }
    for (int t = 0; n > 0 && t < STATISTICS; t++) {
        sort(w, of_projection[t], n);
        for (int q = 0; q < QUANTILES; q++)
            out[t * QUANTILES + q] = quantile(w, of_projection[t], n, (q + .5) / QUANTILES);
    }
}

enum err sample_sketch(struct sample *s, double out[static SKETCH_N])
{
    struct work *w = mem_zero_alloc(1, sizeof *w);
    struct group *group = mem_alloc((size_t)s->n_classes, sizeof *group);
    bool ok = w && group;
    memset(out, 0, SKETCH_N * sizeof *out);
    if (ok) {
        w->s = s;
        w->group = group;
        for (int k = 0; k < s->d; k++)
            if (s->deviation[k] > 0)
                w->live[w->n_live++] = k;
        if (w->n_live > 0)
            sketch(w, out);
    }
    mem_free(group);
    mem_free(w);
    return ok ? ERR_OK : ERR_MEMORY;
}
