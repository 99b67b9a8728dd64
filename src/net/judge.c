/* judge: how good a network is on rows it is given.
 *
 * Rows are judged judge_rows at a time straight from where they lie. Classification: what is
 * counted per class (right, predicted, true) is all that the macro averages need; two classes are
 * also ranked by their score. Regression: sums of errors. */
#include "internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

float *training_judge(struct training *t, const float *x, int n)
{
    for (int l = 0; l < t->n_layers; l++) {
        struct net_layer *layer = &t->layer[l];
        const float *bias = t->judged + layer->bias;
        int rows = n * layer->rows * layer->columns;
        layer_sums(t, layer, t->judged, x, n, false);
        if (layer->last)
            t->kernels->add_bias(layer->out, n, layer->n_out, bias);
        else
            t->kernels->activate[t->config.activation](layer->out, rows, layer->n_out, bias);
        if (layer->residual)
            t->kernels->add(layer->out, x, (size_t)n * (size_t)layer->n_out);
        x = layer->out;
    }
    return t->layer[t->n_layers - 1].out;
}

/* ---- classification ---------------------------------------------------------------------- */

/* The class with the highest logit, the first of equals. */
static int predicted(const float *logits, int n_classes)
{
    int best = 0;
    for (int c = 1; c < n_classes; c++)
        if (logits[c] > logits[best])
            best = c;
    return best;
}

static void count(int64_t *tally, int64_t *confusion, const float *logits, const int32_t *y, int n,
                  int n_classes)
{
    int64_t *right = tally, *said = tally + n_classes, *was = said + n_classes;
    for (int i = 0; i < n; i++, logits += n_classes) {
        int guess = predicted(logits, n_classes);
        right[guess] += guess == y[i];
        said[guess]++;
        was[y[i]]++;
        if (confusion)
            confusion[(size_t)y[i] * (size_t)n_classes + (size_t)guess]++;
    }
}

static double share(int64_t part, int64_t whole)
{
    return whole > 0 ? (double)part / (double)whole : 0;
}

/* Averages over the classes that occur among the truths or the predictions, 0 where a class was
 * never predicted or never true: as scikit-learn's macro averages with zero_division=0. */
static void macro_averages(const int64_t *tally, int n_classes, struct net_metrics *out)
{
    const int64_t *right = tally, *said = tally + n_classes, *was = said + n_classes;
    double precision = 0, recall = 0, f1 = 0;
    int n = 0;
    for (int c = 0; c < n_classes; c++) {
        n += said[c] + was[c] > 0;
        precision += share(right[c], said[c]);
        recall += share(right[c], was[c]);
        f1 += share(2 * right[c], said[c] + was[c]);
    }
    out->precision = precision / n;
    out->recall = recall / n;
    out->f1 = f1 / n;
}

static const struct {
    const char *name;
    bool larger_is_better;
    size_t offset;
} metrics[] = {
    {"loss", false, offsetof(struct net_metrics, loss)},
    {"accuracy", true, offsetof(struct net_metrics, accuracy)},
    {"precision", true, offsetof(struct net_metrics, precision)},
    {"recall", true, offsetof(struct net_metrics, recall)},
    {"f1", true, offsetof(struct net_metrics, f1)},
    {"auc", true, offsetof(struct net_metrics, auc)},
    {"average_precision", true, offsetof(struct net_metrics, average_precision)},
    {"mse", false, offsetof(struct net_metrics, mse)},
    {"mae", false, offsetof(struct net_metrics, mae)},
    {"r2", true, offsetof(struct net_metrics, r2)},
};

const char *net_metric_name(int i, bool *larger_is_better)
{
    if (i < 0 || i >= (int)(sizeof metrics / sizeof *metrics))
        return NULL;
    if (larger_is_better)
        *larger_is_better = metrics[i].larger_is_better;
    return metrics[i].name;
}

double net_metric(const struct net_metrics *m, int i)
{
    return *(const double *)(const void *)((const char *)m + metrics[i].offset);
}

struct scored {
    float score; /* logit of class 1 minus that of class 0 */
    bool positive;
};

static int by_falling_score(const void *a, const void *b)
{
    float x = ((const struct scored *)a)->score, y = ((const struct scored *)b)->score;
    return (x < y) - (x > y);
}

/* Rows in falling order, those of equal score together: the area under the ROC curve is the share
 * of (positive, negative) pairs in the right order, a tie a half (Hanley & McNeil 1982); average
 * precision is the sum of precision times the step in recall, as scikit-learn's. Without rows of
 * both classes neither exists. */
static void rank(struct scored *rows, int32_t n, struct net_metrics *out)
{
    double positives = 0, negatives = 0, pairs = 0, precision_sum = 0;
    qsort(rows, (size_t)n, sizeof *rows, by_falling_score);
    for (int32_t i = 0, next; i < n; i = next) {
        double right = 0, wrong = 0;
        for (next = i; next < n && rows[next].score == rows[i].score; next++) {
            right += rows[next].positive;
            wrong += !rows[next].positive;
        }
        pairs += wrong * (positives + right / 2);
        positives += right;
        negatives += wrong;
        precision_sum += right * positives / (positives + negatives);
    }
    if (positives > 0 && negatives > 0) {
        out->auc = pairs / (positives * negatives);
        out->average_precision = precision_sum / positives;
    }
}

/* What is added up over the pieces that rows are judged in. */
struct judgement {
    double loss;
    int64_t *confusion;
    struct scored *scored;         /* [n_rows]; NULL: not two classes */
    double absolute, sum, squares; /* regression: of errors; of targets, standardised */
};

static void judge_classes(struct training *t, const struct net_rows *rows, int32_t first, int n,
                          float *logits, struct judgement *j)
{
    int n_classes = rows->n_classes;
    const int32_t *y = rows->y + first;
    count(t->tally, j->confusion, logits, y, n, n_classes);
    for (int i = 0; j->scored && i < n; i++)
        j->scored[first + i] = (struct scored){logits[2 * i + 1] - logits[2 * i], y[i] == 1};
    j->loss += t->kernels->softmax_loss(logits, n, n_classes, y, 1);
}

static void judge_numbers(const struct net_rows *rows, int32_t first, int n, const float *outputs,
                          struct judgement *j)
{
    for (int i = 0; i < n; i++) {
        double target = (double)rows->target[first + i], error = (double)outputs[i] - target;
        j->loss += error * error;
        j->absolute += fabs(error);
        j->sum += target;
        j->squares += target * target;
    }
}

static void class_metrics(const struct training *t, const struct net_rows *rows,
                          const struct judgement *j, struct net_metrics *out)
{
    int64_t right = 0;
    for (int c = 0; c < rows->n_classes; c++)
        right += t->tally[c];
    out->accuracy = share(right, rows->n_rows);
    macro_averages(t->tally, rows->n_classes, out);
    if (j->scored && isfinite(out->loss)) /* else scores may be none */
        rank(j->scored, rows->n_rows, out);
}

static void number_metrics(const struct net_rows *rows, const struct judgement *j,
                           struct net_metrics *out)
{
    double n = rows->n_rows, variance = j->squares / n - j->sum / n * (j->sum / n);
    double unit = rows->target_scale > 0 ? rows->target_scale : 1;
    out->mse = out->loss * unit * unit;
    out->mae = j->absolute / n * unit;
    if (variance > 1e-12)
        out->r2 = 1 - out->loss / variance;
}

static bool fits(const struct training *t, const struct net_rows *rows)
{
    if (rows->n_rows < 1 || rows->n_inputs != t->rows.n_inputs ||
        rows->n_classes != t->rows.n_classes)
        return false;
    if (rows->n_classes == 0)
        return rows->target != NULL;
    for (int32_t i = 0; i < rows->n_rows; i++)
        if (rows->y[i] < 0 || rows->y[i] >= rows->n_classes)
            return false;
    return true;
}

static void judge_all(struct training *t, const struct net_rows *rows, struct judgement *j,
                      float *outputs_out)
{
    size_t width = (size_t)rows->n_inputs, outputs = (size_t)t->n_outputs;
    for (int32_t first = 0, n; first < rows->n_rows; first += n) {
        n = rows->n_rows - first < t->judge_rows ? rows->n_rows - first : t->judge_rows;
        float *z = training_judge(t, rows->x + (size_t)first * width, n);
        if (outputs_out)
            memcpy(outputs_out + (size_t)first * outputs, z, (size_t)n * outputs * sizeof *z);
        if (rows->n_classes > 0)
            judge_classes(t, rows, first, n, z, j);
        else
            judge_numbers(rows, first, n, z, j);
    }
}

enum err net_evaluate(struct training *t, const struct net_rows *rows, struct net_metrics *out,
                      int64_t *confusion, float *outputs_out)
{
    const double none = (double)NAN;
    *out = (struct net_metrics){none, none, none, none, none, none, none, none, none, none};
    if (!fits(t, rows))
        return ERR_RANGE;
    struct judgement j = {.confusion = confusion};
    size_t classes = (size_t)rows->n_classes;
    if (classes == 2 && !(j.scored = mem_alloc((size_t)rows->n_rows, sizeof *j.scored)))
        return ERR_MEMORY;
    blas_single();
    memset(t->tally, 0, 3 * classes * sizeof *t->tally);
    if (confusion)
        memset(confusion, 0, classes * classes * sizeof *confusion);
    judge_all(t, rows, &j, outputs_out);
    out->loss = j.loss / rows->n_rows;
    if (classes > 0)
        class_metrics(t, rows, &j, out);
    else
        number_metrics(rows, &j, out);
    mem_free(j.scored);
    return isfinite(out->loss) ? ERR_OK : ERR_RANGE;
}

static void softmax(float *z, int n)
{
    double top = (double)z[0], sum = 0;
    for (int c = 1; c < n; c++)
        top = fmax(top, (double)z[c]);
    for (int c = 0; c < n; c++)
        sum += exp((double)z[c] - top);
    for (int c = 0; c < n; c++)
        z[c] = (float)(exp((double)z[c] - top) / sum);
}

enum err net_predict(struct training *t, const float *x, int32_t n_rows, float *out)
{
    size_t width = (size_t)t->rows.n_inputs, outputs = (size_t)t->n_outputs;
    blas_single();
    for (int32_t first = 0, n; first < n_rows; first += n) {
        n = n_rows - first < t->judge_rows ? n_rows - first : t->judge_rows;
        const float *z = training_judge(t, x + (size_t)first * width, n);
        float *to = out + (size_t)first * outputs;
        memcpy(to, z, (size_t)n * outputs * sizeof *z);
        for (int i = 0; t->rows.n_classes > 0 && i < n; i++)
            softmax(to + (size_t)i * outputs, t->n_outputs);
    }
    return ERR_OK;
}
