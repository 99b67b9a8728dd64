/* If this fails, a task is taken for what it is not, or rows were looked at that must not be. */
#include "made_task.h"

#include <stdlib.h>

static struct task_features features_of(const struct data_set *set)
{
    struct task_features f;
    struct err_info info = {0};
    assert_int_equal(meta_features(set, &f, &info), ERR_OK);
    for (int i = 0; i < FEATURE_N; i++)
        assert_true(isfinite(f.value[i]));
    for (int i = 0; i < SKETCH_N; i++)
        assert_true(isfinite(f.sketch[i]));
    assert_true(f.cost_epochs > 0 && isfinite(f.cost_epochs));
    return f;
}

static struct task_features features_made(row_maker maker, int n, int d, int n_classes,
                                          uint64_t seed)
{
    struct made_task t;
    make_task(&t, maker, n, d, n_classes, seed);
    struct task_features f = features_of(&t.set);
    free_task(&t);
    return f;
}

/* ---- generators: what the right answer is stands in the table below ------------------------- */

static void normals(struct rng *rng, float *x, int d)
{
    for (int k = 0; k < d; k++)
        x[k] = (float)rng_normal(rng);
}

static double noise(struct rng *rng, int i, float *x, int d)
{
    normals(rng, x, d);
    return i % 4;
}

static double apart(struct rng *rng, int i, float *x, int d)
{
    normals(rng, x, d);
    for (int k = 0; k < d; k++)
        x[k] += k % 4 == i % 4 ? 6 : 0;
    return i % 4;
}

/* Two inputs of equal sign or not: no line, mean or single question can tell. */
static double crossed(struct rng *rng, int i, float *x, int d)
{
    (void)i;
    normals(rng, x, d);
    x[0] = (float)(rng_uniform(rng) < .5 ? -3 : 3);
    x[1] = (float)(rng_uniform(rng) < .5 ? -3 : 3);
    return x[0] * x[1] > 0;
}

/* One input knows it all, the others shout. */
static double one_question(struct rng *rng, int i, float *x, int d)
{
    (void)i;
    normals(rng, x, d);
    for (int k = 0; k < d; k++)
        x[k] *= 20;
    x[2] = (float)rng_normal(rng);
    return x[2] > 0.3F;
}

static double uneven(struct rng *rng, int i, float *x, int d)
{
    normals(rng, x, d);
    return i % 10 == 0;
}

static double exponential(struct rng *rng, int i, float *x, int d)
{
    for (int k = 0; k < d; k++)
        x[k] = (float)-log(1 - rng_uniform(rng));
    return i % 2;
}

static double one_direction(struct rng *rng, int i, float *x, int d)
{
    float along = (float)rng_normal(rng);
    for (int k = 0; k < d; k++)
        x[k] = along * (float)(k + 1);
    return i % 2;
}

static double nothing(struct rng *rng, int i, float *x, int d)
{
    (void)rng;
    for (int k = 0; k < d; k++)
        x[k] = 0.7F;
    return i % 2;
}

static double straight(struct rng *rng, int i, float *x, int d)
{
    (void)i;
    normals(rng, x, d);
    return 5 + 3 * x[0] - x[1];
}

static double step(struct rng *rng, int i, float *x, int d)
{
    (void)i;
    normals(rng, x, d);
    return x[1] > 0 ? 10 : -4;
}

static double skewed(struct rng *rng, int i, float *x, int d)
{
    (void)i;
    normals(rng, x, d);
    return -log(1 - rng_uniform(rng));
}

/* Expected ranges by theory; the widths are four standard errors or more of 500 rows. */
static void known_answers(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        row_maker maker;
        int n, d, n_classes;
        enum task_feature feature;
        double low, high;
    } row[] = {
        {"rows", noise, 2000, 8, 4, FEATURE_LN_ROWS, 7.6009, 7.6010},
        {"inputs", noise, 2000, 8, 4, FEATURE_LN_INPUTS, 2.0794, 2.0795},
        {"rows per input", noise, 2000, 8, 4, FEATURE_LN_ROWS_PER_INPUT, 5.5214, 5.5215},
        {"classes", noise, 2000, 8, 4, FEATURE_LN_CLASSES, 1.3862, 1.3863},
        {"even", noise, 2000, 8, 4, FEATURE_BALANCE, 1 - 1e-9, 1 + 1e-9},
        {"tenth", uneven, 1000, 8, 2, FEATURE_BALANCE, .46899, .46900}, /* h(0.1) */
        {"normal", noise, 2000, 20, 4, FEATURE_SKEW, .04, .14},         /* ln(1 + .8 sqrt(6/500)) */
        {"exponential", exponential, 2000, 20, 2, FEATURE_SKEW, .95, 1.2}, /* ln(1 + 2) */
        {"sphere", noise, 2000, 20, 4, FEATURE_COMPONENTS, .25, .37},
        {"line", one_direction, 2000, 20, 2, FEATURE_COMPONENTS, .9999, 1},
        {"few inputs", noise, 2000, 4, 4, FEATURE_COMPONENTS, .9999, 1},
        {"sphere", noise, 2000, 20, 4, FEATURE_CORRELATION, .02, .055}, /* sqrt(2/pi/500) */
        {"line", one_direction, 2000, 20, 2, FEATURE_CORRELATION, .9999, 1.0001},
        {"noise", noise, 2000, 8, 4, FEATURE_NEIGHBOUR, .88, 1.12},
        {"noise", noise, 2000, 8, 4, FEATURE_CENTROID, .88, 1.12},
        {"noise", noise, 2000, 8, 4, FEATURE_LINEAR, .88, 1.12},
        {"noise", noise, 2000, 8, 4, FEATURE_STUMP, .88, 1.12},
        {"apart", apart, 2000, 8, 4, FEATURE_NEIGHBOUR, 0, .02},
        {"apart", apart, 2000, 8, 4, FEATURE_CENTROID, 0, .02},
        {"apart", apart, 2000, 8, 4, FEATURE_LINEAR, 0, .05},
        {"apart", apart, 2000, 8, 4, FEATURE_STUMP, .6, .72}, /* one of four told: 2/3 */
        {"crossed", crossed, 2000, 4, 2, FEATURE_NEIGHBOUR, 0, .05},
        {"crossed", crossed, 2000, 4, 2, FEATURE_CENTROID, .7, 1.5},
        {"crossed", crossed, 2000, 4, 2, FEATURE_LINEAR, .7, 1.5},
        {"crossed", crossed, 2000, 4, 2, FEATURE_STUMP, .7, 1.5},
        {"one question", one_question, 2000, 8, 2, FEATURE_STUMP, 0, .1},
        {"one question", one_question, 2000, 8, 2, FEATURE_NEIGHBOUR, .9, 1.7},
        {"straight", straight, 2000, 8, 0, FEATURE_LN_CLASSES, 0, 0},
        {"straight", straight, 2000, 8, 0, FEATURE_BALANCE, .8, 1},
        {"skewed", skewed, 2000, 8, 0, FEATURE_BALANCE, .28, .42}, /* 1/(1 + 2) */
        {"straight", straight, 2000, 8, 0, FEATURE_LINEAR, 0, .05},
        {"straight", straight, 2000, 2, 0, FEATURE_NEIGHBOUR, 0, .1},
        {"straight", straight, 2000, 2, 0, FEATURE_CENTROID, .05, .5},
        {"step", step, 2000, 8, 0, FEATURE_STUMP, 0, .05},
        {"unrelated", skewed, 2000, 8, 0, FEATURE_NEIGHBOUR, 1.5, 2.5}, /* twice the variance */
        {"unrelated", skewed, 2000, 8, 0, FEATURE_CENTROID, 1.4,
         2.1}, /* 1 + that of the quarters */
        {"unrelated", skewed, 2000, 8, 0, FEATURE_LINEAR, 1, 1.6},
        /* steps of half a row each */
        {"nothing", nothing, 2000, 8, 2, FEATURE_CORRELATION, 0, 0},
        {"nothing", nothing, 2000, 8, 2, FEATURE_STUMP, 1, 1},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        for (uint64_t seed = 1; seed <= 3; seed++) {
            struct task_features f =
                features_made(row[i].maker, row[i].n, row[i].d, row[i].n_classes, seed);
            double value = f.value[row[i].feature];
            if (value < row[i].low || value > row[i].high)
                fail_msg("%s (row %d): %s is %g, not in [%g, %g]", row[i].name, (int)i,
                         feature_name((int)row[i].feature), value, row[i].low, row[i].high);
        }
}

/* Shapes at the edges: all numbers stay finite (features_of looks). */
static void odd_shapes(void **state)
{
    (void)state;
    static const struct {
        row_maker maker;
        int n, d, n_classes, rows_used;
    } row[] = {
        {noise, 4, 4, 4, 4},       {noise, 7, 3, 4, 7},       {uneven, 12, 1, 2, 12},
        {nothing, 9, 1, 2, 9},     {nothing, 9, 5, 0, 9},     {noise, 600, 3000, 4, 500},
        {noise, 40, 3000, 40, 40}, {straight, 5, 2, 0, 5},    {step, 3, 2, 0, 3},
        {noise, 500, 9, 4, 500},   {noise, 501, 1, 900, 500}, {noise, 501, 17, 0, 500},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct task_features f =
            features_made(row[i].maker, row[i].n, row[i].d, row[i].n_classes, i);
        assert_int_equal(f.rows_used, row[i].rows_used);
    }
    for (int i = 0; i < SKETCH_N; i++)
        assert_true(features_made(nothing, 30, 3, 2, 1).sketch[i] == 0);
}

static void nothing_but_training_rows(void **state)
{
    (void)state;
    /* Made tasks die if their other rows are touched; here are real ones, with everything that
     * stands beside the training part replaced. */
    static const char *const path[] = {"data/vowel.csv", "data/pima-diabetes.csv"};
    for (int p = 0; p < 2; p++) {
        struct data_set *set;
        struct err_info info = {0};
        struct made_task other;
        assert_int_equal(data_open(path[p], &(struct data_options){0}, &set, &info), ERR_OK);
        struct task_features before = features_of(set), after;
        make_task(&other, noise, set->part[DATA_TRAIN].n_rows, set->n_inputs, set->n_classes, 1);
        other.set.part[DATA_TRAIN] = set->part[DATA_TRAIN];
        after = features_of(&other.set);
        assert_memory_equal(&before, &after, sizeof before);
        /* ... and the training rows do matter. */
        struct data_part *train = &other.set.part[DATA_TRAIN];
        train->x = other.x;
        after = features_of(&other.set);
        assert_memory_not_equal(before.value, after.value, sizeof before.value);
        assert_memory_not_equal(before.sketch, after.sketch, sizeof before.sketch);
        free_task(&other);
        data_free(set);
    }
}

/* No label has a say in the answer for its own row: with labels that are pure chance, being able to
 * look would bring the error far below a guess's. */
static void labels_do_not_leak(void **state)
{
    (void)state;
    double sum[FEATURE_N] = {0};
    enum { TASKS = 20 };
    for (uint64_t seed = 0; seed < TASKS; seed++) {
        struct task_features f = features_made(noise, 60, 200, 4, seed);
        for (int i = FEATURE_NEIGHBOUR; i < FEATURE_N; i++)
            sum[i] += f.value[i] / TASKS;
    }
    for (int i = FEATURE_NEIGHBOUR; i < FEATURE_N; i++)
        assert_true(sum[i] > .93 && sum[i] < 1.07);
}

static double sketch_distance(const struct task_features *a, const struct task_features *b)
{
    double sum = 0;
    for (int i = 0; i < SKETCH_N; i++)
        sum += (a->sketch[i] - b->sketch[i]) * (a->sketch[i] - b->sketch[i]);
    return sum;
}

/* The sketch knows a generator again from other rows, among all the others. */
static void sketches_recognise(void **state)
{
    (void)state;
    static const struct {
        row_maker maker;
        int d, n_classes;
    } row[] = {{noise, 12, 4},  {apart, 12, 4},       {crossed, 12, 2},
               {uneven, 12, 2}, {exponential, 12, 2}, {straight, 4, 0}};
    enum { KINDS = sizeof row / sizeof *row };
    struct task_features known[KINDS], again[KINDS];
    for (int k = 0; k < KINDS; k++) {
        known[k] = features_made(row[k].maker, 1500, row[k].d, row[k].n_classes, 1);
        again[k] = features_made(row[k].maker, 1500, row[k].d, row[k].n_classes, 2);
    }
    for (int k = 0; k < KINDS; k++)
        for (int other = 0; other < KINDS; other++)
            if (other != k &&
                sketch_distance(&again[k], &known[other]) <= sketch_distance(&again[k], &known[k]))
                fail_msg("kind %d is taken for kind %d", k, other);
}

/* Classes have no order, inputs no unit. */
static void sketches_are_canonical(void **state)
{
    (void)state;
    struct made_task t;
    make_task(&t, apart, 700, 9, 4, 5);
    struct task_features before = features_of(&t.set);
    for (int i = 0; i < 700; i++) {
        t.y[i] = (t.y[i] * 3 + 1) % 4;
        for (int k = 0; k < 9; k++)
            t.x[i * 9 + k] = t.x[i * 9 + k] * 16 + 3;
    }
    struct task_features after = features_of(&t.set);
    for (int i = 0; i < SKETCH_N; i++)
        assert_true(fabs(before.sketch[i] - after.sketch[i]) < 1e-3);
    for (int i = 0; i < 700 * 9; i++)
        t.x[i] = -t.x[i];
    after = features_of(&t.set);
    for (int i = 0; i < SKETCH_N; i++)
        assert_true(fabs(before.sketch[i] - after.sketch[i]) < 1e-3);
    free_task(&t);
}

/* Shipped sets: features, standardised over six of them; each is nearer to its like. */
static void shipped_sets(void **state)
{
    (void)state;
    enum { LETTER, SATELLITE, VOWEL, SPAMBASE, IONOSPHERE, MUSK, SETS };
    static const char *const name[SETS] = {"letter.csv.gz",   "satellite.csv.gz", "vowel.csv",
                                           "spambase.csv.gz", "ionosphere.csv",   "musk.csv.gz"};
    static const int nearer[][3] = {{LETTER, VOWEL, SPAMBASE},
                                    {LETTER, SATELLITE, SPAMBASE},
                                    {VOWEL, LETTER, MUSK},
                                    {IONOSPHERE, MUSK, LETTER},
                                    {MUSK, IONOSPHERE, SPAMBASE}};
    struct task_features f[SETS];
    double distance[SETS][SETS] = {{0}};
    for (int t = 0; t < SETS; t++) {
        struct data_set *set;
        struct err_info info = {0};
        char path[128];
        assert_true(file_join(path, sizeof path, "data", name[t]));
        assert_int_equal(data_open(path, &(struct data_options){0}, &set, &info), ERR_OK);
        f[t] = features_of(set);
        assert_true(f[t].cost_epochs < 1.5);
        data_free(set);
    }
    for (int i = 0; i < FEATURE_N; i++) {
        double mean = 0, squares = 0;
        for (int t = 0; t < SETS; t++)
            mean += f[t].value[i] / SETS;
        for (int t = 0; t < SETS; t++)
            squares += (f[t].value[i] - mean) * (f[t].value[i] - mean) / SETS;
        for (int a = 0; a < SETS; a++)
            for (int b = 0; b < SETS; b++)
                distance[a][b] += pow(f[a].value[i] - f[b].value[i], 2) / squares;
    }
    for (size_t i = 0; i < sizeof nearer / sizeof *nearer; i++)
        assert_true(distance[nearer[i][0]][nearer[i][1]] < distance[nearer[i][0]][nearer[i][2]]);
}

static void memory_runs_out(void **state)
{
    (void)state;
    struct made_task t;
    struct err_info info = {0};
    struct task_features f;
    make_task(&t, noise, 100, 5, 4, 1);
    unsigned long before = mem_alloc_count();
    assert_int_equal(meta_features(&t.set, &f, &info), ERR_OK);
    long allocations = (long)(mem_alloc_count() - before);
    for (long after = 0; after < allocations; after++) {
        mem_fail_after(after);
        assert_int_equal(meta_features(&t.set, &f, &info), ERR_MEMORY);
        assert_int_equal(info.code, ERR_MEMORY);
    }
    mem_fail_after(-1);
    free_task(&t);
}

static void names(void **state)
{
    (void)state;
    for (int i = 0; i < FEATURE_N; i++) {
        assert_true(strlen(feature_name(i)) <= 13);
        assert_true(strlen(feature_about(i)) <= 52); /* 80 columns in describe --features */
    }
    assert_null(feature_name(FEATURE_N));
    assert_null(feature_name(-1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers),
        cmocka_unit_test(odd_shapes),
        cmocka_unit_test(nothing_but_training_rows),
        cmocka_unit_test(labels_do_not_leak),
        cmocka_unit_test(sketches_recognise),
        cmocka_unit_test(sketches_are_canonical),
        cmocka_unit_test(shipped_sets),
        cmocka_unit_test(memory_runs_out),
        cmocka_unit_test(names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
