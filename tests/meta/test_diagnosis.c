/* If this fails, the agent reads curves wrongly: its situation, and so what it learns, is off. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "../support/made_study.h"
#include "tiller/meta.h"

enum { EPOCHS = 20 };

/* One synthetic curve: start + (end - start) * shape of each loss over 20 epochs. */
struct curve_case {
    const char *name;
    double train_from, train_to; /* over the first 15 epochs, then ... */
    double train_end;            /* ... linearly to this */
    double val_to, val_end;      /* the same; val starts at train_from */
    double error;                /* best validation error; the majority's is 0.6 */
    enum diagnosis wanted;
};
static const struct curve_case cases[] = {
    {"still falling", 2.0, 0.8, 0.6, 0.9, 0.8, 0.2, DIAGNOSIS_IMPROVING},
    {"training loss rises", 2.0, 0.5, 0.8, 0.6, 0.9, 0.2, DIAGNOSIS_DIVERGING},
    {"rises, but by less than 5 %", 2.0, 0.5, 0.51, 0.7, 0.7, 0.2, DIAGNOSIS_IMPROVING},
    {"validation back up", 2.0, 0.3, 0.2, 0.5, 0.6, 0.2, DIAGNOSIS_OVERFITTING},
    {"validation up by 1 % only", 2.0, 0.3, 0.2, 0.5, 0.505, 0.2, DIAGNOSIS_IMPROVING},
    {"validation up, training flat", 2.0, 0.3, 0.3, 0.5, 0.6, 0.2, DIAGNOSIS_IMPROVING},
    {"near the majority", 2.0, 0.8, 0.6, 0.9, 0.8, 0.49, DIAGNOSIS_UNDERFITTING},
    {"below 0.8 of the majority", 2.0, 0.8, 0.6, 0.9, 0.8, 0.47, DIAGNOSIS_IMPROVING},
    {"flat without a gap", 2.0, 0.5, 0.499, 0.51, 0.509, 0.2, DIAGNOSIS_UNDERFITTING},
    {"flat with a gap", 2.0, 0.5, 0.5, 0.6, 0.6, 0.2, DIAGNOSIS_PLATEAU},
    {"validation still moves", 2.0, 0.5, 0.499, 0.65, 0.63, 0.2, DIAGNOSIS_IMPROVING},
    {"diverging wins over overfitting", 2.0, 0.3, 0.4, 0.5, 0.9, 0.55, DIAGNOSIS_DIVERGING},
    {"overfitting wins over underfitting", 2.0, 0.3, 0.2, 0.5, 0.6, 0.55, DIAGNOSIS_OVERFITTING},
};

static double along(double from, double to, double end, int epoch)
{
    const int knee = 14;
    if (epoch <= knee)
        return from + (to - from) * epoch / knee;
    return to + (end - to) * (epoch - knee) / (EPOCHS - 1 - knee);
}

static enum diagnosis of_case(const struct curve_case *c)
{
    struct made_study *made = made_new(made_space());
    double values[EPOCHS];
    for (int e = 0; e < EPOCHS; e++)
        values[e] = e == 0 ? 0.7 : c->error;
    struct trial *t = made_trial(made, TRIAL_COMPLETE, values, EPOCHS);
    for (int e = 0; e < EPOCHS; e++) {
        t->curve[e].metric[METRIC_TRAIN_LOSS] = along(c->train_from, c->train_to, c->train_end, e);
        t->curve[e].metric[METRIC_VAL_LOSS] = along(c->train_from, c->val_to, c->val_end, e);
    }
    enum diagnosis d = meta_diagnose(t, 0.6);
    made_free(made);
    return d;
}

static void each_kind_of_curve(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        enum diagnosis d = of_case(&cases[i]);
        if (d != cases[i].wanted)
            fail_msg("%s: %s instead of %s", cases[i].name, diagnosis_name(d),
                     diagnosis_name(cases[i].wanted));
    }
}

static void short_and_broken_curves(void **state)
{
    (void)state;
    struct made_study *made = made_new(made_space());
    const double short_one[] = {0.9, 0.9}, ends_nan[] = {0.5, NAN}, no_losses[] = {.3, .2, .2, .2};
    const double high[] = {0.55, 0.55, 0.55, 0.55};
    assert_int_equal(meta_diagnose(made_trial(made, TRIAL_RUNNING, NULL, 0), 0.6),
                     DIAGNOSIS_IMPROVING);
    assert_int_equal(meta_diagnose(made_trial(made, TRIAL_RUNNING, short_one, 2), 0.6),
                     DIAGNOSIS_IMPROVING);
    assert_int_equal(meta_diagnose(made_trial(made, TRIAL_FAIL, ends_nan, 2), 0.6),
                     DIAGNOSIS_DIVERGING);
    struct trial *infinite = made_trial(made, TRIAL_FAIL, short_one, 2);
    infinite->curve[1].metric[METRIC_TRAIN_LOSS] = INFINITY;
    assert_int_equal(meta_diagnose(infinite, 0.6), DIAGNOSIS_DIVERGING);
    /* A foreign study logs values only: no rule on losses applies. */
    assert_int_equal(meta_diagnose(made_trial(made, TRIAL_COMPLETE, no_losses, 4), 0.6),
                     DIAGNOSIS_IMPROVING);
    assert_int_equal(meta_diagnose(made_trial(made, TRIAL_COMPLETE, high, 4), 0.6),
                     DIAGNOSIS_UNDERFITTING);
    made_free(made);
}

/* One noisy epoch at the end does not make a falling loss a rising one. */
static void one_noisy_epoch_does_not_decide(void **state)
{
    (void)state;
    struct made_study *made = made_new(made_space());
    double values[EPOCHS];
    for (int e = 0; e < EPOCHS; e++)
        values[e] = 0.3;
    struct trial *t = made_trial(made, TRIAL_COMPLETE, values, EPOCHS);
    for (int e = 0; e < EPOCHS; e++) {
        t->curve[e].metric[METRIC_TRAIN_LOSS] = 2.0 - 0.08 * e;
        t->curve[e].metric[METRIC_VAL_LOSS] = 2.1 - 0.08 * e;
    }
    t->curve[EPOCHS - 1].metric[METRIC_TRAIN_LOSS] += 0.1;
    assert_int_equal(meta_diagnose(t, 0.6), DIAGNOSIS_IMPROVING);
    made_free(made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_of_curve),
        cmocka_unit_test(short_and_broken_curves),
        cmocka_unit_test(one_noisy_epoch_does_not_decide),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
