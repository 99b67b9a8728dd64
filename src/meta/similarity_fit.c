/* similarity_fit: how much looks and results should count, judged on families left out.
 *
 * What always holds: a task is only ever ranked by tasks of other families, and the families that
 * judge an emphasis had no part in choosing it (two nested rounds of leaving out). */
#include "tiller/knowledge.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Everything below works on one of these; arrays are its own. */
struct fit {
    const struct known_ranks *known;
    bool *out;      /* [n_families] left out at the moment */
    double *weight; /* [n] */
    double *discordance;
    double *score;        /* [n_configs] */
    bool *promising;      /* [n_configs] the better half by the mean of the families not left out */
    double *score_judged; /* [n_configs] of those that are judged by */
    double *truth_judged; /* [n_configs] */
    double *seen;         /* [n x RESULTS_MAX] */
    int32_t *order;       /* [n_configs] */
};

enum { RESULTS_MAX = 15 };

static void free_fit(struct fit *f)
{
    mem_free(f->out);
    mem_free(f->weight);
    mem_free(f->discordance);
    mem_free(f->score);
    mem_free(f->promising);
    mem_free(f->score_judged);
    mem_free(f->truth_judged);
    mem_free(f->seen);
    mem_free(f->order);
}

static bool make_fit(const struct known_ranks *known, const bool *left_out, struct fit *f)
{
    size_t n = (size_t)known->n, families = (size_t)known->n_families;
    size_t configs = (size_t)known->n_configs;
    *f = (struct fit){.known = known};
    f->out = mem_zero_alloc(families, sizeof *f->out);
    f->weight = mem_alloc(n, sizeof *f->weight);
    f->discordance = mem_alloc(n, sizeof *f->discordance);
    f->score = mem_alloc(configs, sizeof *f->score);
    f->promising = mem_alloc(configs, sizeof *f->promising);
    f->score_judged = mem_alloc(configs, sizeof *f->score_judged);
    f->truth_judged = mem_alloc(configs, sizeof *f->truth_judged);
    f->seen = mem_alloc(n, RESULTS_MAX * sizeof *f->seen);
    f->order = mem_alloc(configs, sizeof *f->order);
    if (f->out && left_out)
        memcpy(f->out, left_out, families * sizeof *f->out);
    return f->out && f->weight && f->discordance && f->score && f->promising && f->score_judged &&
           f->truth_judged && f->seen && f->order;
}

static const double *looks_of(const struct known_ranks *known, int task)
{
    return known->n_features > 0 ? known->feature + (size_t)task * (size_t)known->n_features : NULL;
}

static const double *results_of(const struct known_ranks *known, int task)
{
    return known->z + (size_t)task * (size_t)known->n_configs;
}

/* Pearson's correlation; the results are normal scores already. 0 if one of them is constant. */
static double correlation(const double *a, const double *b, int n)
{
    double mean_a = 0, mean_b = 0, aa = 0, bb = 0, ab = 0;
    for (int i = 0; i < n; i++) {
        mean_a += a[i] / n;
        mean_b += b[i] / n;
    }
    for (int i = 0; i < n; i++) {
        aa += (a[i] - mean_a) * (a[i] - mean_a);
        bb += (b[i] - mean_b) * (b[i] - mean_b);
        ab += (a[i] - mean_a) * (b[i] - mean_b);
    }
    return aa > 1e-12 && bb > 1e-12 ? ab / sqrt(aa * bb) : 0;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Which configurations a search would think of at all, whoever judges. */
static void mark_promising(struct fit *f)
{
    static const struct similarity even;
    const struct known_ranks *known = f->known;
    size_t n = (size_t)known->n_configs;
    similarity_prior(&even, known, f->out, NULL, f->weight);
    similarity_scores(f->weight, known->z, known->n, known->n_configs, f->score);
    memcpy(f->score_judged, f->score, n * sizeof *f->score_judged);
    qsort(f->score_judged, n, sizeof *f->score_judged, ascending);
    for (size_t c = 0; c < n; c++)
        f->promising[c] = f->score[c] <= f->score_judged[(n - 1) / 2];
}

/* Correlation of f->score with a task's results over those promising configurations that stand at
 * order[from] or later; order NULL: as they are. All tasks agree on what is bad, so that over all
 * configurations it hardly matters who is asked; what matters is the order of the good ones. */
static double judge_scores(struct fit *f, int task, const int32_t *order, int from)
{
    const double *truth = results_of(f->known, task);
    int n = 0;
    for (int i = from; i < f->known->n_configs; i++) {
        int c = order ? order[i] : i;
        if (!f->promising[c])
            continue;
        f->score_judged[n] = f->score[c];
        f->truth_judged[n++] = truth[c];
    }
    return correlation(f->score_judged, f->truth_judged, n);
}

static double rank_by_looks(struct fit *f, const struct similarity *s, int task, void *arg)
{
    const struct known_ranks *known = f->known;
    (void)arg;
    similarity_prior(s, known, f->out, looks_of(known, task), f->weight);
    similarity_scores(f->weight, known->z, known->n, known->n_configs, f->score);
    return judge_scores(f, task, NULL, 0);
}

typedef double (*judge)(struct fit *, const struct similarity *, int task, void *arg);

/* Mean over a family's tasks, while it is left out; NaN if it has none. */
static double judge_family(struct fit *f, const struct similarity *s, int family, judge j,
                           void *arg)
{
    double sum = 0;
    int tasks = 0;
    f->out[family] = true;
    mark_promising(f);
    for (int t = 0; t < f->known->n; t++)
        if (f->known->family[t] == family) {
            sum += j(f, s, t, arg);
            tasks++;
        }
    f->out[family] = false;
    return tasks > 0 ? sum / tasks : (double)NAN;
}

/* Mean over the families, each left out in its turn. */
static double judge_families(struct fit *f, const struct similarity *s, judge j, void *arg)
{
    double sum = 0;
    int families = 0;
    for (int family = 0; family < f->known->n_families; family++) {
        double of_family = f->out[family] ? (double)NAN : judge_family(f, s, family, j, arg);
        if (!isnan(of_family)) {
            sum += of_family;
            families++;
        }
    }
    return families > 0 ? sum / families : 0;
}

/* Feature after feature, the best of three values while the others stay, until nothing gains. What
 * gains less than the margin counts as chance: measured on made tasks and recorded ones, asking for
 * it keeps the gain on left-out families and drops most features that mean nothing. */
static void choose_emphasis(struct fit *f, struct similarity *s)
{
    static const double value[] = {0, .25, 1};
    enum { ROUNDS = 3 };
    const double margin = 0.01;
    memset(s->emphasis, 0, sizeof s->emphasis);
    double best = judge_families(f, s, rank_by_looks, NULL);
    bool gained = true;
    for (int round = 0; round < ROUNDS && gained; round++) {
        gained = false;
        for (int j = 0; j < s->n_features; j++) {
            double kept = s->emphasis[j];
            for (int v = 0; v < 3; v++) {
                double before = s->emphasis[j];
                s->emphasis[j] = value[v];
                double quality = judge_families(f, s, rank_by_looks, NULL);
                if (quality > best + margin)
                    best = quality;
                else
                    s->emphasis[j] = before;
            }
            gained = gained || s->emphasis[j] != kept;
        }
    }
}

/* Does an emphasis chosen on the other families rank a family better than even weights do? */
static void compare_with_even(struct fit *f, struct similarity *s)
{
    struct similarity even = {.n_features = s->n_features}, fitted = even;
    double sum_even = 0, sum_fitted = 0, squares = 0;
    int n = 0;
    for (int family = 0; family < f->known->n_families; family++) {
        if (f->out[family])
            continue;
        double by_even = judge_family(f, &even, family, rank_by_looks, NULL);
        if (isnan(by_even))
            continue;
        f->out[family] = true;
        choose_emphasis(f, &fitted);
        f->out[family] = false;
        double by_fitted = judge_family(f, &fitted, family, rank_by_looks, NULL);
        sum_even += by_even;
        sum_fitted += by_fitted;
        squares += (by_fitted - by_even) * (by_fitted - by_even);
        n++;
    }
    if (n < 2)
        return;
    double gain = (sum_fitted - sum_even) / n;
    s->quality_even = sum_even / n;
    s->quality_features = sum_fitted / n;
    s->error = sqrt(fmax(0, squares / n - gain * gain) / (n - 1));
}

/* ---- results ----------------------------------------------------------------------------- */

/* How well the other configurations are ranked once *arg of them are known, drawn several times by
 * seeds that do not depend on what is judged. */
static double rank_by_results(struct fit *f, const struct similarity *s, int task, void *arg)
{
    enum { DRAWS = 4, SEED = 31 };
    const struct known_ranks *known = f->known;
    const double *truth = results_of(known, task);
    int n = *(const int *)arg < known->n_configs / 2 ? *(const int *)arg : known->n_configs / 2;
    double y[RESULTS_MAX] = {0}, sum = 0;
    for (int draw = 0; draw < DRAWS; draw++) {
        struct rng rng;
        rng_seed(&rng, SEED, (uint64_t)task * DRAWS + (uint64_t)draw);
        for (int c = 0; c < known->n_configs; c++)
            f->order[c] = c;
        rng_shuffle(&rng, f->order, (size_t)known->n_configs);
        for (int i = 0; i < n; i++) {
            y[i] = truth[f->order[i]];
            for (int t = 0; t < known->n; t++)
                f->seen[t * n + i] = results_of(known, t)[f->order[i]];
        }
        similarity_prior(s, known, f->out, looks_of(known, task), f->weight);
        similarity_discordance(y, n, 0, f->seen, known->n, f->discordance);
        similarity_posterior(s, f->weight, f->discordance, known->n, n, f->weight);
        similarity_scores(f->weight, known->z, known->n, known->n_configs, f->score);
        sum += judge_scores(f, task, f->order, n) / DRAWS;
    }
    return sum;
}

static void choose_evidence(struct fit *f, struct similarity *s)
{
    static const double value[] = {1, .5, 2};
    static const int results[] = {3, 8, RESULTS_MAX};
    double best = 0, best_quality = -(double)INFINITY;
    for (int v = 0; v < 3; v++) {
        double quality = 0;
        s->evidence = value[v];
        for (int r = 0; r < 3; r++) {
            int n = results[r];
            quality += judge_families(f, s, rank_by_results, &n);
        }
        if (quality > best_quality) {
            best_quality = quality;
            best = value[v];
        }
    }
    s->evidence = best;
}

/* ---- confidence -------------------------------------------------------------------------- */

/* Pairs of configurations on left-out tasks: how sure the lower score is to be the better one, and
 * whether it is. Families count alike; large pools are thinned to some 64 configurations. */
struct visit {
    void (*see)(void *arg, double weight, double confidence, bool right);
    void *arg;
};

static double visit_pairs(struct fit *f, const struct similarity *s, int task, void *arg)
{
    const struct visit *v = arg;
    const double *truth = results_of(f->known, task);
    int n = f->known->n_configs, apart = (n + 63) / 64, size = 0;
    for (int t = 0; t < f->known->n; t++)
        size += f->known->family[t] == f->known->family[task];
    rank_by_looks(f, s, task, NULL);
    for (int i = 0; i < n; i += apart)
        for (int j = 0; j < i; j += apart) {
            int low = f->score[i] < f->score[j] ? i : j, high = low == i ? j : i;
            if (truth[i] != truth[j])
                v->see(v->arg, 1.0 / size, similarity_confidence(s, f->score[low], f->score[high]),
                       truth[low] < truth[high]);
        }
    return 0;
}

static void add_log_loss(void *arg, double weight, double confidence, bool right)
{
    *(double *)arg -= weight * log(fmax(right ? confidence : 1 - confidence, 1e-12));
}

static double log_loss(struct fit *f, struct similarity *s, double ln_spread)
{
    double sum = 0;
    struct visit v = {add_log_loss, &sum};
    s->spread = exp(ln_spread);
    judge_families(f, s, visit_pairs, &v);
    return sum;
}

/* Golden section on the logarithm (Kiefer 1953): the loss has one minimum there. */
static void choose_spread(struct fit *f, struct similarity *s)
{
    const double golden = 0.6180339887498949;
    double low = -4, high = 3, a = high - golden * (high - low), b = low + golden * (high - low);
    double at_a = log_loss(f, s, a), at_b = log_loss(f, s, b);
    while (high - low > 0.01) {
        if (at_a < at_b) {
            high = b;
            b = a;
            at_b = at_a;
            a = high - golden * (high - low);
            at_a = log_loss(f, s, a);
        } else {
            low = a;
            a = b;
            at_a = at_b;
            b = low + golden * (high - low);
            at_b = log_loss(f, s, b);
        }
    }
    s->spread = exp((low + high) / 2);
}

/* ---- the whole --------------------------------------------------------------------------- */

static int count_families(const struct fit *f)
{
    int n = 0;
    for (int family = 0; family < f->known->n_families; family++) {
        bool any = false;
        for (int t = 0; t < f->known->n; t++)
            any = any || (f->known->family[t] == family && !f->out[family]);
        n += any;
    }
    return n;
}

enum err similarity_fit(const struct known_ranks *known, const bool *left_out,
                        struct similarity *out)
{
    struct fit f;
    *out = (struct similarity){.n_features = known->n_features, .evidence = 1, .spread = 1};
    if (known->n_features > SIMILARITY_FEATURES_MAX)
        return ERR_RANGE;
    bool ok = make_fit(known, left_out, &f);
    if (ok && count_families(&f) >= 3) {
        if (known->n_features > 0) {
            compare_with_even(&f, out);
            if (out->quality_features > out->quality_even)
                choose_emphasis(&f, out);
        }
        choose_evidence(&f, out);
        choose_spread(&f, out);
    }
    free_fit(&f);
    return ok ? ERR_OK : ERR_MEMORY;
}

static void add_to_bin(void *arg, double weight, double confidence, bool right)
{
    struct reliability *r = arg;
    int bin = (int)((confidence - 0.5) * 2 * RELIABILITY_BINS);
    bin = bin < 0 ? 0 : bin < RELIABILITY_BINS ? bin : RELIABILITY_BINS - 1;
    r->pairs[bin] += weight;
    r->said[bin] += weight * confidence;
    r->came[bin] += right ? weight : 0;
    r->brier += weight * (confidence - right) * (confidence - right);
}

enum err similarity_reliability(const struct similarity *s, const struct known_ranks *known,
                                const bool *left_out, struct reliability *out)
{
    struct fit f;
    struct visit v = {add_to_bin, out};
    double pairs = 0;
    *out = (struct reliability){.brier_even = 0.25};
    bool ok = make_fit(known, left_out, &f);
    if (ok)
        judge_families(&f, s, visit_pairs, &v);
    for (int bin = 0; bin < RELIABILITY_BINS; bin++) {
        pairs += out->pairs[bin];
        out->said[bin] /= out->pairs[bin] > 0 ? out->pairs[bin] : 1;
        out->came[bin] /= out->pairs[bin] > 0 ? out->pairs[bin] : 1;
    }
    out->brier /= pairs > 0 ? pairs : 1;
    free_fit(&f);
    return ok ? ERR_OK : ERR_MEMORY;
}
