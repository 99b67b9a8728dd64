/* sample: rows and inputs drawn from a task's training part, and the sums over them.
 *
 * What always holds: only set->part[DATA_TRAIN] is looked at, and the same set gives the same
 * sample. The halves have each class's rows in turn, so that both know it where it has two. */
#include "sample.h"

#include <math.h>
#include <string.h>

/* 0..n-1 in an order drawn from the stream; NULL: no memory. */
static int32_t *drawn_order(int32_t n, enum sample_stream stream)
{
    int32_t *order = mem_alloc((size_t)n, sizeof *order);
    struct rng rng;
    rng_seed(&rng, SAMPLE_SEED, stream);
    for (int32_t i = 0; order && i < n; i++)
        order[i] = i;
    if (order)
        rng_shuffle(&rng, order, (size_t)n);
    return order;
}

/* klass[i]: the class of the i-th drawn row; regression: which quarter of the drawn labels. */
static void fill_classes(const struct data_part *part, const int32_t *row, struct sample *s,
                         int32_t *klass)
{
    uint64_t key[SAMPLE_ROWS] = {0};
    if (part->y) {
        for (int i = 0; i < s->n; i++)
            klass[i] = part->y[row[i]];
        return;
    }
    for (int i = 0; i < s->n; i++)
        key[i] = sample_key(part->target[row[i]], i);
    sample_sort(s, key, s->n);
    for (int i = 0; i < s->n; i++)
        klass[sample_key_index(key[i])] = i * SAMPLE_QUARTERS / s->n;
}

/* to[i]: where the i-th drawn row goes. Each class's rows alternate between the halves; the odd
 * classes begin with the other one. */
static bool deal_halves(struct sample *s, const int32_t *klass, int *to)
{
    int *seen = mem_zero_alloc((size_t)s->n_classes, sizeof *seen);
    int next[2] = {0, s->n - 1};
    if (!seen)
        return false;
    for (int i = 0; i < s->n; i++) {
        int half = (seen[klass[i]]++ + klass[i]) & 1;
        to[i] = half == 0 ? next[0]++ : next[1]--;
    }
    s->start[0] = 0;
    s->start[1] = next[0];
    s->start[2] = s->n;
    mem_free(seen);
    return true;
}

static void centre(struct sample *s)
{
    for (int k = 0; k < s->d; k++) {
        double mean = 0, squares = 0;
        for (int i = 0; i < s->n; i++)
            mean += (double)s->x[i * s->stride + k] / s->n;
        for (int i = 0; i < s->n; i++) {
            float *x = &s->x[i * s->stride + k];
            *x = (float)(*x - mean);
            squares += (double)*x * *x;
        }
        s->deviation[k] = sqrt(squares / s->n);
        if (s->deviation[k] < 1e-6 * (fabs(mean) + 1e-6)) /* rounding of a constant */
            s->deviation[k] = 0;
    }
}

static void fill_rows(const struct data_set *set, const int32_t *row, const int32_t *input,
                      const int32_t *klass, const int *to, struct sample *s)
{
    const struct data_part *part = &set->part[DATA_TRAIN];
    for (int i = 0; i < s->n; i++) {
        const float *from = part->x + (size_t)row[i] * (size_t)set->n_inputs;
        float *x = s->x + (size_t)to[i] * (size_t)s->stride;
        for (int k = 0; k < s->d; k++)
            x[k] = from[input[k]];
        memset(x + s->d, 0, (size_t)(s->stride - s->d) * sizeof *x);
        s->y[to[i]] = klass[i];
        if (s->target)
            s->target[to[i]] = part->target[row[i]];
    }
}

enum err sample_draw(const struct data_set *set, struct sample *out)
{
    const struct data_part *part = &set->part[DATA_TRAIN];
    bool regression = set->task == DATA_REGRESSION;
    int32_t klass[SAMPLE_ROWS] = {0};
    int to[SAMPLE_ROWS] = {0};
    int n = part->n_rows < SAMPLE_ROWS ? part->n_rows : SAMPLE_ROWS;
    int d = set->n_inputs < SAMPLE_INPUTS ? set->n_inputs : SAMPLE_INPUTS;
    int stride = (d + SAMPLE_LANES - 1) / SAMPLE_LANES * SAMPLE_LANES;
    *out = (struct sample){.n = n, .d = d, .stride = stride};
    out->n_classes = regression ? SAMPLE_QUARTERS : set->n_classes;
    int32_t *row = drawn_order(part->n_rows, STREAM_ROWS);
    int32_t *input = drawn_order(set->n_inputs, STREAM_INPUTS);
    out->x = mem_aligned_alloc((size_t)n * (size_t)stride, sizeof *out->x);
    out->y = mem_alloc((size_t)n, sizeof *out->y);
    out->target = regression ? mem_alloc((size_t)n, sizeof *out->target) : NULL;
    out->deviation = mem_alloc((size_t)d, sizeof *out->deviation);
    bool ok = row && input && out->x && out->y && out->deviation && (out->target || !regression);
    if (ok) {
        fill_classes(part, row, out, klass);
        ok = deal_halves(out, klass, to);
    }
    if (ok) {
        fill_rows(set, row, input, klass, to, out);
        centre(out);
    } else {
        sample_free(out);
    }
    mem_free(row);
    mem_free(input);
    return ok ? ERR_OK : ERR_MEMORY;
}

void sample_free(struct sample *s)
{
    mem_free(s->x);
    mem_free(s->y);
    mem_free(s->target);
    mem_free(s->deviation);
    *s = (struct sample){0};
}

/* Partial sums side by side: the compiler may not reorder a single one, but keeps two times four in
 * vector registers. */
struct lanes {
    float low[4], high[4];
};

static float total(const struct lanes *sum)
{
    float all = 0;
    for (int l = 0; l < 4; l++)
        all += sum->low[l] + sum->high[l];
    return all;
}

float sample_dot(const float *a, const float *b, int n)
{
    struct lanes sum = {{0}, {0}};
    for (int k = 0; k < n; k += SAMPLE_LANES) {
        for (int l = 0; l < 4; l++)
            sum.low[l] += a[k + l] * b[k + l];
        for (int l = 4; l < 8; l++)
            sum.high[l - 4] += a[k + l] * b[k + l];
    }
    return total(&sum);
}

float sample_distance(const float *a, const float *b, int n)
{
    struct lanes sum = {{0}, {0}};
    for (int k = 0; k < n; k += SAMPLE_LANES) {
        for (int l = 0; l < 4; l++)
            sum.low[l] += (a[k + l] - b[k + l]) * (a[k + l] - b[k + l]);
        for (int l = 4; l < 8; l++)
            sum.high[l - 4] += (a[k + l] - b[k + l]) * (a[k + l] - b[k + l]);
    }
    return total(&sum);
}

void sample_add(float *restrict out, float factor, const float *restrict a, int n)
{
    for (int k = 0; k < n; k += SAMPLE_LANES)
        for (int l = 0; l < SAMPLE_LANES; l++)
            out[k + l] += factor * a[k + l];
}

/* A float's bits as an unsigned number of the same order: the sign turned for positive ones, all
 * bits for negative ones. */
uint64_t sample_key(float number, int index)
{
    uint32_t bits;
    memcpy(&bits, &number, sizeof bits);
    bits = bits >> 31 ? ~bits : bits | UINT32_C(1) << 31;
    return (uint64_t)bits << 32 | (uint32_t)index;
}

/* Shell's sort with Ciura's gaps: a few hundred numbers, thousands of times. */
void sample_sort(struct sample *s, uint64_t *key, int n)
{
    static const int gap[] = {301, 132, 57, 23, 10, 4, 1};
    for (size_t g = 0; g < sizeof gap / sizeof *gap; g++)
        for (int i = gap[g]; i < n; i++) {
            uint64_t moving = key[i];
            int at = i;
            for (; at >= gap[g] && key[at - gap[g]] > moving; at -= gap[g])
                key[at] = key[at - gap[g]];
            key[at] = moving;
        }
    s->work += n * log2(n + 1.0);
}
