/* judge: how good a network is on rows it is given: loss, accuracy and per-class figures.
 *
 * Rows are judged NET_JUDGE_ROWS at a time straight from where they lie. What is counted per class
 * (right, predicted, true) is all that the macro averages need. */
#include "internal.h"

#include <math.h>
#include <string.h>

/* Logits [n x n_classes] of n rows, in the last layer's out. */
static float *forward(struct training *t, const float *x, int n)
{
    int last = t->n_layers - 1;
    for (int l = 0; l <= last; l++) {
        struct net_layer *layer = &t->layer[l];
        const float *bias = t->judged + layer->bias;
        layer_product(layer, t->judged, x, n, layer->out);
        if (l == last)
            t->kernels->add_bias(layer->out, n, layer->n_out, bias);
        else
            t->kernels->activate[t->config.activation](layer->out, n, layer->n_out, bias);
        x = layer->out;
    }
    return t->layer[last].out;
}

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

static bool fits(const struct training *t, const struct net_rows *rows)
{
    if (rows->n_rows < 1 || rows->n_inputs != t->rows.n_inputs ||
        rows->n_classes != t->rows.n_classes)
        return false;
    for (int32_t i = 0; i < rows->n_rows; i++)
        if (rows->y[i] < 0 || rows->y[i] >= rows->n_classes)
            return false;
    return true;
}

enum err net_evaluate(struct training *t, const struct net_rows *rows, struct net_metrics *out,
                      int64_t *confusion, float *outputs_out)
{
    if (!fits(t, rows))
        return ERR_RANGE;
    blas_single();
    int n_classes = rows->n_classes;
    size_t width = (size_t)rows->n_inputs, classes = (size_t)n_classes;
    memset(t->tally, 0, 3 * classes * sizeof *t->tally);
    if (confusion)
        memset(confusion, 0, classes * classes * sizeof *confusion);
    double loss = 0;
    int64_t right = 0;
    for (int32_t first = 0, n; first < rows->n_rows; first += n) {
        n = rows->n_rows - first < NET_JUDGE_ROWS ? rows->n_rows - first : NET_JUDGE_ROWS;
        float *logits = forward(t, rows->x + (size_t)first * width, n);
        count(t->tally, confusion, logits, rows->y + first, n, n_classes);
        if (outputs_out)
            memcpy(outputs_out + (size_t)first * classes, logits,
                   (size_t)n * classes * sizeof(float));
        loss += t->kernels->softmax_loss(logits, n, n_classes, rows->y + first, 1);
    }
    for (int c = 0; c < n_classes; c++)
        right += t->tally[c];
    const double none = (double)NAN;
    *out = (struct net_metrics){none, none, none, none, none, none, none, none, none, none};
    out->loss = loss / rows->n_rows;
    out->accuracy = share(right, rows->n_rows);
    macro_averages(t->tally, n_classes, out);
    return isfinite(out->loss) ? ERR_OK : ERR_RANGE;
}
