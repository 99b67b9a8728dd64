/* landmarks: what quick learners make of a task says more about it than its size does (Pfahringer,
 * Bensusan, Giraud-Carrier 2000, "Meta-learning by landmarking various learning algorithms").
 *
 * Every learner fits one half of the sample and answers for the other: a class, or in regression a
 * value. What always holds: an answer for a row never depends on that row's label. */
#include "sample.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* Rows from..to-1 of the sample. */
struct rows {
    int from, to;
};

/* Scratch that all learners share. */
struct bench {
    struct sample *s;
    struct rows fit, judge;
    int *count;    /* [n_classes] rows of fit */
    double *mean;  /* [n_classes] mean of their targets */
    float *offset; /* [n_classes] of the linear outputs: log frequencies; regression: the mean */
    float *vector; /* [n_classes x stride] centroids or weights */
    float *score;  /* [n_classes] */
    float *answer; /* [n], of the judged rows */
    int *tally;    /* [n_classes] */
};

static int largest(const int *count, int n)
{
    int best = 0;
    for (int c = 1; c < n; c++)
        if (count[c] > count[best])
            best = c;
    return best;
}

/* Classes counted among the rows that teach, and their targets' means. */
static void count_classes(struct bench *b)
{
    struct sample *s = b->s;
    memset(b->count, 0, (size_t)s->n_classes * sizeof *b->count);
    memset(b->mean, 0, (size_t)s->n_classes * sizeof *b->mean);
    for (int i = b->fit.from; i < b->fit.to; i++) {
        b->count[s->y[i]]++;
        if (s->target)
            b->mean[s->y[i]] += s->target[i];
    }
    double sum = 0;
    for (int c = 0; c < s->n_classes; c++) {
        sum += b->mean[c];
        b->mean[c] /= b->count[c] > 0 ? b->count[c] : 1;
        b->offset[c] = logf((float)b->count[c] + 0.5F);
    }
    if (s->target)
        b->offset[0] = (float)(sum / (b->fit.to > b->fit.from ? b->fit.to - b->fit.from : 1));
}

/* The same answer for all: the largest class, the mean. */
static void guess(struct bench *b)
{
    float answer = b->s->target ? b->offset[0] : (float)largest(b->count, b->s->n_classes);
    for (int i = b->judge.from; i < b->judge.to; i++)
        b->answer[i] = answer;
}

static float label_of(const struct sample *s, int i)
{
    return s->target ? s->target[i] : (float)s->y[i];
}

static void nearest_neighbour(struct bench *b)
{
    struct sample *s = b->s;
    for (int i = b->judge.from; i < b->judge.to; i++) {
        float nearest = FLT_MAX;
        for (int j = b->fit.from; j < b->fit.to; j++) {
            float distance = sample_distance(sample_row(s, i), sample_row(s, j), s->stride);
            if (distance < nearest) {
                nearest = distance;
                b->answer[i] = label_of(s, j);
            }
        }
    }
    s->work += (double)(b->judge.to - b->judge.from) * (b->fit.to - b->fit.from) * s->d;
}

static float *vector_of(const struct bench *b, int c)
{
    return b->vector + (size_t)c * (size_t)b->s->stride;
}

static void clear_vectors(struct bench *b)
{
    memset(b->vector, 0, (size_t)b->s->n_classes * (size_t)b->s->stride * sizeof *b->vector);
    memset(b->score, 0, (size_t)b->s->n_classes * sizeof *b->score);
}

static void nearest_centroid(struct bench *b)
{
    struct sample *s = b->s;
    clear_vectors(b);
    for (int j = b->fit.from; j < b->fit.to; j++)
        sample_add(vector_of(b, s->y[j]), 1 / (float)b->count[s->y[j]], sample_row(s, j),
                   s->stride);
    for (int i = b->judge.from; i < b->judge.to; i++) {
        float nearest = FLT_MAX;
        for (int c = 0; c < s->n_classes; c++) {
            if (b->count[c] == 0)
                continue;
            float distance = sample_distance(sample_row(s, i), vector_of(b, c), s->stride);
            if (distance < nearest) {
                nearest = distance;
                b->answer[i] = s->target ? (float)b->mean[c] : (float)c;
            }
        }
        s->work += (double)s->n_classes * s->d;
    }
    s->work += (double)(b->fit.to - b->fit.from) * s->d;
}

/* The outputs for one row; for classes their probabilities. */
static void linear_scores(struct bench *b, int outputs, int row)
{
    float top = -FLT_MAX, sum = 0;
    for (int c = 0; c < outputs; c++) {
        b->score[c] =
            b->offset[c] + sample_dot(vector_of(b, c), sample_row(b->s, row), b->s->stride);
        top = fmaxf(top, b->score[c]);
    }
    b->s->work += (double)outputs * b->s->d;
    if (b->s->target)
        return;
    for (int c = 0; c < outputs; c++)
        sum += b->score[c] = expf(b->score[c] - top);
    for (int c = 0; c < outputs; c++)
        b->score[c] /= sum;
}

/* One epoch of stochastic gradient descent, row by row. The step is half of what would mend a row
 * of mean length at once, so that it suits inputs of any scale. */
static void linear_map(struct bench *b)
{
    struct sample *s = b->s;
    int outputs = s->target ? 1 : s->n_classes;
    double length = 0;
    clear_vectors(b);
    for (int k = 0; k < s->d; k++)
        length += s->deviation[k] * s->deviation[k];
    float rate = length > 0 ? (float)(0.5 / length) : 0;
    for (int j = b->fit.from; j < b->fit.to; j++) {
        linear_scores(b, outputs, j);
        for (int c = 0; c < outputs; c++) {
            float truth = s->target ? s->target[j] : (float)(s->y[j] == c);
            sample_add(vector_of(b, c), rate * (truth - b->score[c]), sample_row(s, j), s->stride);
        }
        s->work += (double)outputs * s->d;
    }
    for (int i = b->judge.from; i < b->judge.to; i++) {
        int best = 0;
        linear_scores(b, outputs, i);
        for (int c = 1; c < outputs; c++)
            if (b->score[c] > b->score[best])
                best = c;
        b->answer[i] = s->target ? b->score[0] : (float)best;
    }
}

/* "input < threshold"; worth: rows answered rightly, or in regression the squared error saved. */
struct stump {
    int input; /* -1: no question helps */
    float threshold;
    double worth;
};

static void consider(struct stump *best, double worth, int input, float low, float high)
{
    if (worth > best->worth)
        *best = (struct stump){input, low + (high - low) / 2, worth};
}

static float value_at(const struct sample *s, uint64_t key, int input)
{
    return sample_row(s, sample_key_index(key))[input];
}

/* Rows in the order of this input; below[i]: how many of the first i the largest class has. */
static void try_classes(struct bench *b, const uint64_t *key, int n, int input, struct stump *best)
{
    struct sample *s = b->s;
    int below[SAMPLE_ROWS + 1] = {0}, above = 0;
    size_t bytes = (size_t)s->n_classes * sizeof *b->tally;
    memset(b->tally, 0, bytes);
    for (int i = 0; i < n; i++) {
        int same = ++b->tally[s->y[sample_key_index(key[i])]];
        below[i + 1] = same > below[i] ? same : below[i];
    }
    memset(b->tally, 0, bytes);
    for (int i = n - 1; i > 0; i--) {
        int same = ++b->tally[s->y[sample_key_index(key[i])]];
        above = same > above ? same : above;
        float low = value_at(s, key[i - 1], input), high = value_at(s, key[i], input);
        if (low < high)
            consider(best, below[i] + above, input, low, high);
    }
}

static void try_values(struct bench *b, const uint64_t *key, int n, int input, struct stump *best)
{
    struct sample *s = b->s;
    double mean = b->offset[0], sum = 0;
    for (int i = 1; i < n; i++) {
        sum += s->target[sample_key_index(key[i - 1])] - mean;
        float low = value_at(s, key[i - 1], input), high = value_at(s, key[i], input);
        if (low < high)
            consider(best, sum * sum / i + sum * sum / (n - i), input, low, high);
    }
}

static struct stump best_stump(struct bench *b)
{
    struct sample *s = b->s;
    uint64_t key[SAMPLE_ROWS] = {0};
    int n = b->fit.to - b->fit.from;
    struct stump best = {.input = -1,
                         .worth = s->target ? 0 : b->count[largest(b->count, s->n_classes)]};
    for (int k = 0; k < s->d; k++) {
        if (s->deviation[k] == 0)
            continue;
        for (int i = 0; i < n; i++)
            key[i] = sample_key(sample_row(s, b->fit.from + i)[k], b->fit.from + i);
        sample_sort(s, key, n);
        (s->target ? try_values : try_classes)(b, key, n, k, &best);
        s->work += 2.0 * n;
    }
    return best;
}

/* What the rows that teach say on one side of the question. */
static float side_answer(struct bench *b, const struct stump *stump, bool below)
{
    struct sample *s = b->s;
    double sum = 0;
    int n = 0;
    memset(b->tally, 0, (size_t)s->n_classes * sizeof *b->tally);
    for (int j = b->fit.from; j < b->fit.to; j++) {
        if ((sample_row(s, j)[stump->input] < stump->threshold) != below)
            continue;
        b->tally[s->y[j]]++;
        sum += s->target ? s->target[j] : 0;
        n++;
    }
    return s->target ? (float)(sum / (n > 0 ? n : 1)) : (float)largest(b->tally, s->n_classes);
}

static void decision_stump(struct bench *b)
{
    struct stump stump = best_stump(b);
    if (stump.input < 0) {
        guess(b);
        return;
    }
    float answer[2] = {side_answer(b, &stump, false), side_answer(b, &stump, true)};
    for (int i = b->judge.from; i < b->judge.to; i++)
        b->answer[i] = answer[sample_row(b->s, i)[stump.input] < stump.threshold];
}

/* Wrong answers; in regression squared errors. */
static double count_errors(const struct bench *b)
{
    const struct sample *s = b->s;
    double sum = 0;
    for (int i = 0; i < s->n; i++) {
        double difference = b->answer[i] - label_of(s, i);
        sum += s->target ? difference * difference : difference != 0;
    }
    return sum;
}

static double errors_of(struct bench *b, void (*learner)(struct bench *))
{
    const int *start = b->s->start;
    for (int half = 0; half < 2; half++) {
        b->fit = (struct rows){start[half], start[half + 1]};
        b->judge = (struct rows){start[1 - half], start[2 - half]};
        count_classes(b);
        learner(b);
    }
    return count_errors(b);
}

static bool make_bench(struct sample *s, struct bench *b)
{
    size_t classes = (size_t)s->n_classes;
    *b = (struct bench){.s = s};
    b->count = mem_alloc(classes, sizeof *b->count);
    b->tally = mem_alloc(classes, sizeof *b->tally);
    b->mean = mem_alloc(classes, sizeof *b->mean);
    b->offset = mem_alloc(classes, sizeof *b->offset);
    b->score = mem_alloc(classes, sizeof *b->score);
    b->vector = mem_aligned_alloc(classes * (size_t)s->stride, sizeof *b->vector);
    b->answer = mem_zero_alloc((size_t)s->n, sizeof *b->answer);
    return b->count && b->tally && b->mean && b->offset && b->score && b->vector && b->answer;
}

static void free_bench(struct bench *b)
{
    mem_free(b->count);
    mem_free(b->tally);
    mem_free(b->mean);
    mem_free(b->offset);
    mem_free(b->score);
    mem_free(b->vector);
    mem_free(b->answer);
}

enum err sample_landmarks(struct sample *s, double out[static LANDMARKS])
{
    static void (*const learner[LANDMARKS])(struct bench *) = {nearest_neighbour, nearest_centroid,
                                                               linear_map, decision_stump};
    struct bench b;
    bool ok = make_bench(s, &b);
    double guessed = ok ? errors_of(&b, guess) : 0;
    for (int l = 0; ok && l < LANDMARKS; l++)
        out[l] = guessed > 0 ? errors_of(&b, learner[l]) / guessed : 1;
    free_bench(&b);
    return ok ? ERR_OK : ERR_MEMORY;
}
