/* If this fails, networks are ranked by wrong figures: every metric of net_evaluate against its
 * plain definition, loops over rows and pairs of rows, ties included; and probabilities that do not
 * add up. */
#include "kinds.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
/* cmocka needs them above it */
#include <cmocka.h>

static struct training *make(const struct net_config *c, const struct net_rows *rows)
{
    struct training *t;
    struct err_info info;
    if (net_new(c, rows, &t, &info) != ERR_OK)
        fail_msg("%s: %s", info.where, info.detail);
    return t;
}

static void assert_near(double a, double b, double tolerance, const char *what)
{
    if (!(fabs(a - b) <= tolerance) && !(isnan(a) && isnan(b)))
        fail_msg("%s: %.12g, not %.12g", what, a, b);
}

/* ---- two classes ------------------------------------------------------------------------- */

/* A network whose logits are its two inputs, which must not be negative: relu passes them. */
static struct training *make_identity(const struct net_rows *rows)
{
    struct net_config c = toy_config();
    c.units = 2;
    struct training *t = make(&c, rows);
    memset(t->params, 0, t->n_block * sizeof *t->params);
    for (int l = 0; l < 2; l++)
        for (size_t i = 0; i < 2; i++)
            t->params[t->layer[l].weight + 3 * i] = 1;
    return t;
}

/* Rows with scores out of a few levels, so that many are tied. */
static struct toy draw_scores(int n, int levels, struct rng *rng)
{
    struct toy toy = toy_alloc(n, 2, 2);
    for (int i = 0; i < n; i++) {
        toy.x[2 * i] = 1;
        toy.x[2 * i + 1] = (float)rng_below(rng, (uint64_t)levels) / 4;
        toy.y[i] = rng_below(rng, 3) == 0;
    }
    return toy;
}

static float score(const struct toy *toy, int i)
{
    return toy->x[2 * i + 1] - toy->x[2 * i];
}

/* The share of (positive, negative) pairs that stand in the right order; ties count half. */
static double plain_auc(const struct toy *toy)
{
    double right = 0, pairs = 0;
    for (int i = 0; i < toy->rows.n_rows; i++)
        for (int j = 0; j < toy->rows.n_rows; j++)
            if (toy->y[i] == 1 && toy->y[j] == 0) {
                double d = (double)score(toy, i) - (double)score(toy, j);
                right += d > 0 ? 1 : d < 0 ? 0 : 0.5;
                pairs++;
            }
    return right / pairs;
}

/* The mean over positives of the precision among all rows that score at least as high. */
static double plain_average_precision(const struct toy *toy)
{
    double sum = 0, positives = 0;
    for (int i = 0; i < toy->rows.n_rows; i++) {
        double taken = 0, right = 0;
        for (int j = 0; j < toy->rows.n_rows; j++)
            if (score(toy, j) >= score(toy, i)) {
                taken++;
                right += toy->y[j] == 1;
            }
        if (toy->y[i] == 1) {
            sum += right / taken;
            positives++;
        }
    }
    return sum / positives;
}

/* From all scores tied to hardly any, from one row to several pieces of judging; rows of one class
 * have neither figure. */
static void rankings_are_what_their_definitions_say(void **state)
{
    (void)state;
    static const int levels[] = {1, 2, 5, 40, 100000}, rows[] = {1, 2, 3, 17, 300, 700};
    struct rng rng;
    rng_seed(&rng, 4, 4);
    int ranked = 0;
    for (int k = 0; k < 5 * 6 * 4; k++) {
        struct toy toy = draw_scores(rows[k % 6], levels[k / 6 % 5], &rng);
        struct training *t = make_identity(&toy.rows);
        struct net_metrics m;
        assert_int_equal(net_evaluate(t, &toy.rows, &m, NULL, NULL), ERR_OK);
        assert_near(m.auc, plain_auc(&toy), 1e-12, "AUC");
        assert_near(m.average_precision, isnan(m.auc) ? (double)NAN : plain_average_precision(&toy),
                    1e-12, "average precision");
        ranked += !isnan(m.auc);
        net_free(t);
        toy_free(&toy);
    }
    assert_true(ranked > 60);
}

/* A network that has broken is told apart by the error, at once. */
static void broken_scores_are_an_error(void **state)
{
    (void)state;
    struct rng rng;
    rng_seed(&rng, 4, 5);
    struct toy toy = draw_scores(20, 5, &rng);
    struct training *t = make_identity(&toy.rows);
    struct net_metrics m;
    toy.x[7] = NAN;
    assert_int_equal(net_evaluate(t, &toy.rows, &m, NULL, NULL), ERR_RANGE);
    assert_true(isnan(m.loss) && isnan(m.auc) && isnan(m.average_precision));
    net_free(t);
    toy_free(&toy);
}

/* ---- several classes --------------------------------------------------------------------- */

struct counts {
    double right, said, was;
};

static double share(double part, double whole)
{
    return whole > 0 ? part / whole : 0;
}

/* Predictions from the logits that net_evaluate gives out, counted class by class. */
static void check_classes(const struct net_rows *rows, const float *logits,
                          const struct net_metrics *m, const int64_t *confusion)
{
    double precision = 0, recall = 0, f1 = 0, right = 0, seen = 0, cells = 0;
    int n_classes = rows->n_classes;
    for (int c = 0; c < n_classes; c++) {
        struct counts n = {0, 0, 0};
        for (int i = 0; i < rows->n_rows; i++) {
            int said = 0;
            for (int k = 1; k < n_classes; k++)
                if (logits[i * n_classes + k] > logits[i * n_classes + said])
                    said = k;
            n.right += said == c && rows->y[i] == c;
            n.said += said == c;
            n.was += rows->y[i] == c;
        }
        assert_true((double)confusion[c * n_classes + c] == n.right);
        for (int k = 0; k < n_classes; k++)
            cells += (double)confusion[c * n_classes + k];
        right += n.right;
        seen += n.said + n.was > 0;
        precision += share(n.right, n.said);
        recall += share(n.right, n.was);
        f1 += n.right > 0 ? 2 / (n.said / n.right + n.was / n.right) : 0;
    }
    assert_true(cells == rows->n_rows);
    assert_near(m->accuracy, right / rows->n_rows, 1e-12, "accuracy");
    assert_near(m->precision, precision / seen, 1e-12, "precision");
    assert_near(m->recall, recall / seen, 1e-12, "recall");
    assert_near(m->f1, f1 / seen, 1e-12, "F1");
}

static void class_figures_are_counted(void **state)
{
    (void)state;
    static const int32_t classes[] = {2, 3, 7, 26};
    for (uint64_t k = 0; k < 12; k++) {
        struct toy toy =
            toy_noise(k < 4 ? 1 + 2 * (int32_t)k : 61 * (int32_t)k, 5, classes[k % 4], k);
        struct net_config c = toy_config();
        struct training *t = make(&c, &toy.rows);
        struct net_metrics m;
        static float logits[700 * 26];
        static int64_t confusion[26 * 26];
        assert_int_equal(net_evaluate(t, &toy.rows, &m, confusion, logits), ERR_OK);
        check_classes(&toy.rows, logits, &m, confusion);
        assert_true(isnan(m.mse) && isnan(m.mae) && isnan(m.r2));
        assert_true(isnan(m.auc) == (classes[k % 4] != 2 || toy.rows.n_rows == 1));
        net_free(t);
        toy_free(&toy);
    }
}

/* ---- numbers ----------------------------------------------------------------------------- */

static void check_numbers(const struct net_rows *rows, const float *outputs,
                          const struct net_metrics *m)
{
    bool differ = false;
    double unit = rows->target_scale, mean = 0, squares = 0, absolute = 0, spread = 0;
    for (int i = 0; i < rows->n_rows; i++)
        mean += unit * (double)rows->target[i] / rows->n_rows;
    for (int i = 0; i < rows->n_rows; i++) {
        double truth = unit * (double)rows->target[i], error = unit * (double)outputs[i] - truth;
        squares += error * error;
        absolute += fabs(error);
        spread += (truth - mean) * (truth - mean);
        differ = differ || rows->target[i] != rows->target[0];
    }
    assert_near(m->mse, squares / rows->n_rows, 1e-9 * squares, "MSE");
    assert_near(m->mae, absolute / rows->n_rows, 1e-9 * absolute, "MAE");
    assert_near(m->loss, squares / rows->n_rows / unit / unit, 1e-9 * m->loss, "loss");
    assert_near(m->r2, differ ? 1 - squares / spread : (double)NAN, 1e-9, "R2");
    assert_true(isnan(m->accuracy) && isnan(m->precision) && isnan(m->recall) && isnan(m->f1));
    assert_true(isnan(m->auc) && isnan(m->average_precision));
}

/* Labels of all sizes and units; rows that all have the same label have no R2. */
static void number_figures_are_counted(void **state)
{
    (void)state;
    for (uint64_t k = 0; k < 12; k++) {
        struct toy toy = toy_numbers(2 + 50 * (int32_t)k, 5, k);
        struct net_config c = toy_config();
        struct training *t = make(&c, &toy.rows);
        struct net_metrics m;
        static float outputs[700];
        toy.rows.target_scale = pow(10, (double)k - 6);
        for (int i = 0; i < toy.rows.n_rows; i++)
            toy.target[i] = k % 5 == 4 ? 1.5f : toy.target[i] + (float)(k % 3);
        assert_int_equal(net_evaluate(t, &toy.rows, &m, NULL, outputs), ERR_OK);
        check_numbers(&toy.rows, outputs, &m);
        net_free(t);
        toy_free(&toy);
    }
}

/* ---- predicting -------------------------------------------------------------------------- */

static void check_probabilities(const float *p, const float *logits, int n, const char *name)
{
    double sum = 0, whole = 0;
    for (int c = 0; c < n; c++)
        whole += exp((double)logits[c]);
    for (int c = 0; c < n; c++) {
        sum += (double)p[c];
        assert_true(p[c] >= 0 && p[c] <= 1);
        assert_near((double)p[c], exp((double)logits[c]) / whole, 1e-6, name);
    }
    assert_near(sum, 1, 1e-6, name);
}

static void probabilities_sum_to_one(void **state)
{
    (void)state;
    static float outputs[40 * 3], predicted[40 * 3];
    bool done;
    for (int k = 0; k < N_KINDS; k++) {
        struct toy toy = toy_of(&kinds[k], 40, 1);
        struct net_config c = trained(k);
        struct training *t = make(&c, &toy.rows);
        struct net_metrics m;
        t->judge_rows = k % 2 ? 7 : 40;
        assert_int_equal(net_train_slice(t, 5, &done), ERR_OK);
        assert_int_equal(net_evaluate(t, &toy.rows, &m, NULL, outputs), ERR_OK);
        assert_int_equal(net_predict(t, toy.x, 40, predicted), ERR_OK);
        for (int i = 0; i < 40 && !kinds[k].regression; i++)
            check_probabilities(predicted + 3 * i, outputs + 3 * i, 3, kinds[k].name);
        if (kinds[k].regression)
            assert_memory_equal(predicted, outputs, 40 * sizeof *outputs);
        net_free(t);
        toy_free(&toy);
    }
}

int main(void)
{
    net_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rankings_are_what_their_definitions_say),
        cmocka_unit_test(broken_scores_are_an_error),
        cmocka_unit_test(class_figures_are_counted),
        cmocka_unit_test(number_figures_are_counted),
        cmocka_unit_test(probabilities_sum_to_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
