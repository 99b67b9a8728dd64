/* If this fails, a variant is not what its name says, or a row has changed parts, or a test row has
 * changed at all. */
#include "files.h"

#include <math.h>

enum { N_CLASSES = 6, N_ROWS = 400 + 200 + 100 + 33 + 12 + 5, N_PLAIN = 7 };

static const char *const names[N_CLASSES] = {"ant", "bee", "cat-like", "dog", "eel", "fox"};
static const int sizes[N_CLASSES] = {400, 200, 100, 33, 12, 5};

/* One row as a set has it; id is its number in the file. */
struct row {
    int part; /* -1: not there */
    int class;
    double quantity;
};

/* A table of rows in a shuffled order that tell who they are: id, an uneven column, a categorical
 * one and further columns; the label is a class or a quantity. */
static const char *write_table(const char *file, bool quantity)
{
    struct text csv = {0};
    struct rng r;
    int32_t label[N_ROWS], n = 0;
    rng_seed(&r, 11, 0);
    for (int32_t c = 0; c < N_CLASSES; c++)
        for (int i = 0; i < sizes[c]; i++)
            label[n++] = c;
    rng_shuffle(&r, label, N_ROWS);
    text_append(&csv, "id,wide,colour");
    for (int i = 0; i < N_PLAIN; i++)
        text_appendf(&csv, ",f%d", i);
    text_append(&csv, ",label\n");
    for (int i = 0; i < N_ROWS; i++) {
        text_appendf(&csv, "%d,%.3f,%c", i, exp(2 * rng_normal(&r)), "rgb"[rng_below(&r, 3)]);
        for (int k = 0; k < N_PLAIN; k++)
            text_appendf(&csv, ",%d", (int)rng_below(&r, 1000));
        if (quantity)
            text_appendf(&csv, ",%.4f\n", 100 + 7 * rng_normal(&r));
        else
            text_appendf(&csv, ",%s\n", names[label[i]]);
    }
    const char *path = files_write_text(file, text_get(&csv));
    text_free(&csv);
    return path;
}

static const char *table, *numbers; /* classes; a quantity */
static char table_path[256], numbers_path[256];

static int variant_setup(void **state)
{
    if (files_setup(state) != 0)
        return -1;
    text_copy(table_path, sizeof table_path, write_table("table.csv", false));
    text_copy(numbers_path, sizeof numbers_path, write_table("numbers.csv", true));
    table = table_path;
    numbers = numbers_path;
    return 0;
}

static struct data_set *open_variant(const char *path, const char *variant)
{
    struct data_options options = {.variant = variant};
    return files_open(path, &options);
}

static int class_index(const char *name)
{
    for (int c = 0; c < N_CLASSES; c++)
        if (strcmp(names[c], name) == 0)
            return c;
    fail_msg("no class '%s'", name);
    return -1;
}

/* Every row by its id, which must be the first column. */
static void look(const struct data_set *set, struct row out[N_ROWS])
{
    const struct data_column *id = &set->columns[0];
    assert_string_equal(id->name, "id");
    for (int i = 0; i < N_ROWS; i++)
        out[i] = (struct row){.part = -1};
    for (int p = 0; p < DATA_N_PARTS; p++)
        for (int32_t i = 0; i < set->part[p].n_rows; i++) {
            const struct data_part *part = &set->part[p];
            double x = part->x[(size_t)i * (size_t)set->n_inputs + (size_t)id->first_input];
            long row = lround(x * id->scale + id->mean);
            assert_in_range(row, 0, N_ROWS - 1);
            assert_int_equal(out[row].part, -1);
            out[row].part = p;
            if (part->y)
                out[row].class = class_index(set->class_names[part->y[i]]);
            else
                out[row].quantity = part->target[i] * set->target_scale + set->target_mean;
        }
}

static void assert_near(double value, double wanted, double most)
{
    if (!(fabs(value - wanted) <= most))
        fail_msg("%.9g instead of %.9g", value, wanted);
}

/* How many rows of each class (by the parent's label) a part has. */
static void count(const struct row parent[N_ROWS], const struct row rows[N_ROWS],
                  int out[DATA_N_PARTS][N_CLASSES])
{
    memset(out, 0, sizeof(int[DATA_N_PARTS][N_CLASSES]));
    for (int i = 0; i < N_ROWS; i++)
        if (rows[i].part >= 0)
            out[rows[i].part][parent[i].class]++;
}

/* ---- what all variants have in common ---------------------------------------------------- */

static const struct {
    const char *typed, *canonical;
    int n_classes;
} variants[] = {
    {"rows=0.25", "rows=0.25", 6},
    {"rows=.50,seed=3", "rows=0.5,seed=3", 6},
    {"seed=0,rows=5e-1", "rows=0.5", 6},
    {"classes=0-2", "classes=0-2", 3},
    {"classes=dog+ant", "classes=0+3", 2},
    {"classes=cat-like-eel+1", "classes=1-4", 4},
    {"classes=0+1+1-2+4", "classes=0-2+4", 4},
    {"rows=0.1,classes=ant-cat-like", "classes=0-2,rows=0.1", 3},
    {"imbalance=0.1", "imbalance=0.1", 6},
    {"noise=0.2", "noise=0.2", 6},
    {"noise=0.9,rows=0.3,seed=7", "rows=0.3,noise=0.9,seed=7", 6},
    {"noise=0.1,imbalance=0.5,classes=0-3,rows=0.5", "classes=0-3,rows=0.5,imbalance=0.5,noise=0.1",
     4},
};

static void test_rows_keep_their_parts(void **state)
{
    (void)state;
    struct row parent[N_ROWS], rows[N_ROWS];
    struct data_set *whole = files_open(table, NULL);
    look(whole, parent);
    assert_string_equal(whole->family, "table");
    assert_string_equal(whole->variant, "");
    for (size_t v = 0; v < sizeof variants / sizeof *variants; v++) {
        struct data_set *set = open_variant(table, variants[v].typed);
        bool noisy = strstr(variants[v].typed, "noise") != NULL, has[N_CLASSES] = {0};
        char name[DATA_TASK_NAME_MAX];
        text_format(name, sizeof name, "table:%s", variants[v].canonical);
        assert_string_equal(set->family, "table");
        assert_string_equal(set->variant, variants[v].canonical);
        assert_string_equal(set->name, name);
        assert_string_equal(set->path, whole->path);
        assert_int_equal(set->n_classes, variants[v].n_classes);
        assert_string_not_equal(set->fingerprint, whole->fingerprint);
        for (int32_t c = 0; c < set->n_classes; c++)
            has[class_index(set->class_names[c])] = true;
        look(set, rows);
        for (int i = 0; i < N_ROWS; i++) {
            bool kept = has[parent[i].class];
            if (parent[i].part == DATA_TEST || rows[i].part >= 0)
                assert_int_equal(rows[i].part, kept ? parent[i].part : -1);
            if (rows[i].part >= 0 && (!noisy || rows[i].part == DATA_TEST))
                assert_int_equal(rows[i].class, parent[i].class);
        }
        data_free(set);
    }
    data_free(whole);
}

/* The canonical text opens the same; so does the same text twice; another seed draws others. */
static void test_one_variant_is_one_task(void **state)
{
    (void)state;
    for (size_t v = 0; v < sizeof variants / sizeof *variants; v++) {
        struct data_set *a = open_variant(table, variants[v].typed);
        struct data_set *b = open_variant(table, variants[v].canonical);
        assert_string_equal(a->fingerprint, b->fingerprint);
        for (int p = 0; p < DATA_N_PARTS; p++) {
            assert_int_equal(a->part[p].n_rows, b->part[p].n_rows);
            assert_memory_equal(a->part[p].y, b->part[p].y,
                                (size_t)a->part[p].n_rows * sizeof *a->part[p].y);
        }
        data_free(a);
        data_free(b);
    }
    /* Nothing goes, but it is another task all the same. */
    struct data_set *whole = files_open(table, NULL), *same = open_variant(table, "rows=0.9999");
    assert_int_equal(same->n_rows, whole->n_rows);
    assert_string_not_equal(same->fingerprint, whole->fingerprint);
    data_free(whole);
    data_free(same);
    static const char *const seeds[] = {"rows=0.5", "rows=0.5,seed=1", "rows=0.5,seed=2"};
    struct row rows[3][N_ROWS];
    for (int k = 0; k < 3; k++) {
        struct data_set *set = open_variant(table, seeds[k]);
        look(set, rows[k]);
        data_free(set);
    }
    for (int k = 1; k < 3; k++) {
        int moved = 0;
        for (int i = 0; i < N_ROWS; i++)
            moved += rows[k][i].part != rows[0][i].part;
        assert_in_range(moved, N_ROWS / 4, N_ROWS / 2); /* 0.4 of them by chance */
    }
}

/* Rows of a smaller share stand in the greater one, and what happens to other classes moves none.
 */
static void test_draws_are_nested(void **state)
{
    (void)state;
    static const char *const steps[] = {"rows=0.1", "rows=0.3", "rows=0.3,classes=0-2", "rows=0.6"};
    struct row rows[4][N_ROWS];
    for (int k = 0; k < 4; k++) {
        struct data_set *set = open_variant(table, steps[k]);
        look(set, rows[k]);
        data_free(set);
    }
    for (int i = 0; i < N_ROWS; i++) {
        assert_true(rows[0][i].part < 0 || rows[1][i].part >= 0);
        assert_true(rows[1][i].part < 0 || rows[3][i].part >= 0);
        if (rows[1][i].part >= 0 && rows[1][i].class <= 2)
            assert_int_equal(rows[2][i].part, rows[1][i].part);
        else
            assert_int_equal(rows[2][i].part, -1);
    }
}

/* ---- each of them ------------------------------------------------------------------------ */

static int left(double share, int n)
{
    int rounded = (int)lround(share * n), least = n < 2 ? n : 2;
    return rounded > least ? rounded : least;
}

static void test_shares_of_rows(void **state)
{
    (void)state;
    static const double shares[] = {0.1, 0.25, 0.5, 0.9};
    struct row parent[N_ROWS], rows[N_ROWS];
    int before[DATA_N_PARTS][N_CLASSES], after[DATA_N_PARTS][N_CLASSES];
    struct data_set *set = files_open(table, NULL);
    look(set, parent);
    data_free(set);
    count(parent, parent, before);
    for (size_t s = 0; s < sizeof shares / sizeof *shares; s++) {
        char variant[32];
        text_format(variant, sizeof variant, "rows=%g", shares[s]);
        set = open_variant(table, variant);
        look(set, rows);
        count(parent, rows, after);
        for (int c = 0; c < N_CLASSES; c++) {
            for (int p = DATA_TRAIN; p <= DATA_VALIDATION; p++)
                assert_int_equal(after[p][c], left(shares[s], before[p][c]));
            assert_int_equal(after[DATA_TEST][c], before[DATA_TEST][c]);
            assert_int_equal(set->class_rows[c], after[DATA_TRAIN][c] + after[DATA_VALIDATION][c] +
                                                     after[DATA_TEST][c]);
        }
        data_free(set);
    }
}

/* Training has 240, 120, 60, 19 or 20, 7 or 8 and 3 rows; the k-th keeps 0.1^(k/5) of them. */
static void test_imbalance(void **state)
{
    (void)state;
    struct row parent[N_ROWS], rows[N_ROWS];
    int before[DATA_N_PARTS][N_CLASSES], after[DATA_N_PARTS][N_CLASSES];
    struct data_set *set = files_open(table, NULL);
    look(set, parent);
    data_free(set);
    set = open_variant(table, "imbalance=0.1");
    look(set, rows);
    data_free(set);
    count(parent, parent, before);
    count(parent, rows, after);
    for (int c = 0; c < N_CLASSES; c++) {
        for (int p = DATA_TRAIN; p <= DATA_VALIDATION; p++)
            assert_int_equal(after[p][c], left(pow(0.1, c / 5.0), before[p][c]));
        assert_int_equal(after[DATA_TEST][c], before[DATA_TEST][c]);
    }
    assert_int_equal(after[DATA_TRAIN][0], 240);
}

static void test_wrong_labels(void **state)
{
    (void)state;
    static const double shares[] = {0.1, 0.4};
    struct row parent[N_ROWS], rows[N_ROWS];
    struct data_set *set = files_open(table, NULL);
    look(set, parent);
    data_free(set);
    for (size_t s = 0; s < 2; s++) {
        int wrong[DATA_N_PARTS] = {0}, n[DATA_N_PARTS] = {0}, became[N_CLASSES] = {0};
        char variant[32];
        text_format(variant, sizeof variant, "noise=%g", shares[s]);
        set = open_variant(table, variant);
        look(set, rows);
        for (int i = 0; i < N_ROWS; i++) {
            bool differs = rows[i].class != parent[i].class;
            assert_int_equal(rows[i].part, parent[i].part);
            n[rows[i].part]++;
            wrong[rows[i].part] += differs;
            became[rows[i].class] += differs && parent[i].class == 0;
        }
        assert_int_equal(wrong[DATA_TRAIN], lround(shares[s] * n[DATA_TRAIN]));
        assert_int_equal(wrong[DATA_VALIDATION], lround(shares[s] * n[DATA_VALIDATION]));
        assert_int_equal(wrong[DATA_TEST], 0);
        assert_int_equal(became[0], 0);
        for (int c = 1; s == 1 && c < N_CLASSES; c++) /* 128 over five classes: 25.6 each */
            assert_in_range(became[c], 11, 41);       /* three deviations of 4.5 */
        data_free(set);
    }
}

/* However many are wrong, each class has a right row in each part. */
static void test_nearly_all_labels_wrong(void **state)
{
    (void)state;
    struct row parent[N_ROWS], rows[N_ROWS];
    int right[DATA_N_PARTS][N_CLASSES] = {{0}}, n_wrong = 0;
    struct data_set *whole = files_open(table, NULL), *set = open_variant(table, "noise=0.97");
    look(whole, parent);
    look(set, rows);
    for (int i = 0; i < N_ROWS; i++) {
        right[rows[i].part][parent[i].class] += rows[i].class == parent[i].class;
        n_wrong += rows[i].class != parent[i].class;
    }
    for (int p = 0; p < DATA_N_PARTS; p++)
        for (int c = 0; c < N_CLASSES; c++)
            assert_in_range(right[p][c], 1, N_ROWS);
    assert_in_range(n_wrong, 0.95 * 600, 0.97 * 600);
    data_free(set);
    data_free(whole);
}

static void test_classes_are_renumbered(void **state)
{
    (void)state;
    struct data_set *set = open_variant(table, "classes=bee+dog-eel");
    static const char *const kept[] = {"bee", "dog", "eel"};
    static const int rows[] = {200, 33, 12};
    int64_t n = 0;
    assert_int_equal(set->n_classes, 3);
    for (int c = 0; c < 3; c++) {
        assert_string_equal(set->class_names[c], kept[c]);
        assert_int_equal(set->class_rows[c], rows[c]);
        n += rows[c];
    }
    assert_int_equal(set->n_rows, n);
    assert_near(set->majority_rate, 200.0 / 245, 0.01);
    data_free(set);
}

/* Whole columns, in the file's order, with the figures that they have in the parent; those of a
 * smaller share are among those of a greater. */
static void test_features(void **state)
{
    (void)state;
    struct data_set *parent = files_open(table, NULL), *set[3];
    static const char *const variants_of_it[] = {"features=0.01", "features=0.3", "features=0.8"};
    static const int n[] = {1, 3, 8};
    for (int k = 0; k < 3; k++) {
        set[k] = open_variant(table, variants_of_it[k]);
        assert_int_equal(set[k]->n_columns, n[k]);
        for (int p = 0; p < DATA_N_PARTS; p++)
            assert_memory_equal(set[k]->part[p].y, parent->part[p].y,
                                (size_t)parent->part[p].n_rows * sizeof(int32_t));
        int at = 0, found = 0;
        for (int c = 0; c < n[k]; c++, at++) {
            while (at < parent->n_columns &&
                   strcmp(parent->columns[at].name, set[k]->columns[c].name) != 0)
                at++;
            assert_true(at < parent->n_columns);
            assert_near(set[k]->columns[c].mean, parent->columns[at].mean, 0);
            for (int other = 0; k > 0 && c < n[k - 1]; other++) {
                assert_true(other < n[k]);
                if (strcmp(set[k]->columns[other].name, set[k - 1]->columns[c].name) == 0) {
                    found++;
                    break;
                }
            }
        }
        assert_int_equal(found, k > 0 ? n[k - 1] : 0);
    }
    for (int k = 0; k < 3; k++)
        data_free(set[k]);
    data_free(parent);
}

/* Figures of columns come from the variant's own training rows: whatever else the file holds. */
static void test_figures_are_of_its_training_rows(void **state)
{
    (void)state;
    struct row rows[N_ROWS];
    struct data_set *parent = files_open(table, NULL), *set = open_variant(table, "rows=0.2");
    double sum = 0;
    int n = 0;
    look(set, rows);
    for (int i = 0; i < N_ROWS; i++)
        if (rows[i].part == DATA_TRAIN) {
            sum += i; /* the id is the row's number */
            n++;
        }
    assert_int_equal(n, set->part[DATA_TRAIN].n_rows);
    assert_near(set->columns[0].mean, sum / n, 1e-9);
    assert_true(fabs(set->columns[1].mean - parent->columns[1].mean) > 1e-9);
    data_free(set);
    data_free(parent);
}

static void test_a_quantity(void **state)
{
    (void)state;
    struct row parent[N_ROWS], rows[N_ROWS];
    struct data_set *whole = files_open(numbers, NULL);
    struct data_set *set = open_variant(numbers, "rows=0.4,noise=0.5");
    int n[DATA_N_PARTS] = {0};
    double squares = 0;
    look(whole, parent);
    look(set, rows);
    for (int i = 0; i < N_ROWS; i++) {
        if (rows[i].part < 0)
            continue;
        double difference = rows[i].quantity - parent[i].quantity;
        assert_int_equal(rows[i].part, parent[i].part);
        n[rows[i].part]++;
        if (rows[i].part == DATA_TEST)
            assert_near(difference, 0, 1e-4);
        else
            squares += difference * difference;
    }
    int n_noisy = n[DATA_TRAIN] + n[DATA_VALIDATION];
    assert_int_equal(n[DATA_TEST], whole->part[DATA_TEST].n_rows);
    assert_in_range(n[DATA_TRAIN], 0.4 * 450 - 5, 0.4 * 450 + 5); /* ten tenths, rounded each */
    assert_in_range(n[DATA_VALIDATION], 0.4 * 150 - 5, 0.4 * 150 + 5);
    /* 240 draws: their deviation is known to 4.6 %. */
    assert_near(sqrt(squares / n_noisy) / (0.5 * whole->target_scale), 1, 0.15);
    assert_near(set->target_scale / whole->target_scale, sqrt(1.25), 0.15);
    data_free(set);
    data_free(whole);
}

/* Other opened columns are the same columns: what was drawn away needs not be readable. */
static void test_options_name_columns_of_the_file(void **state)
{
    (void)state;
    static const char *const text[] = {"f0", "f1", "f2", "f3", "f4", "f5", "f6"};
    struct data_options options = {
        .variant = "features=0.5", .categorical = text, .n_categorical = N_PLAIN, .target = "f3"};
    struct data_options unknown = {
        .variant = "features=0.5", .categorical = (const char *const[]){"f9"}, .n_categorical = 1};
    options.n_categorical = 3; /* f0, f1, f2 */
    struct data_set *set = files_open(numbers, &options);
    int n_text = 0;
    assert_int_equal(set->n_columns, 5); /* of ten */
    for (int c = 0; c < set->n_columns; c++) {
        const struct data_column *column = &set->columns[c];
        bool named = column->name[0] == 'f' && column->name[1] < '3';
        bool is_text = named || strcmp(column->name, "colour") == 0;
        assert_string_not_equal(column->name, "f3");
        assert_int_equal(column->kind, is_text ? COLUMN_CATEGORICAL : COLUMN_NUMERIC);
        n_text += named;
    }
    assert_in_range(n_text, 1, 3); /* else this has tested nothing: another seed */
    data_free(set);
    files_refuse(numbers, &unknown, ERR_USAGE, "has no column 'f9'");
}

static void test_described(void **state)
{
    (void)state;
    static const struct {
        const char *variant, *lines[3];
    } cases[] = {
        {"noise=0.1,rows=0.5",
         {"table:rows=0.5,noise=0.1: a table\n", "variant of    table\n",
          "rows=0.5: of the training and validation rows\n                noise=0.1: of the "
          "labels"}},
        {"classes=0+2-4,imbalance=0.2,seed=5",
         {"classes=0+2-4: their rows only\n", "imbalance=0.2: from 1 to", "seed=5: what was"}},
        {"classes=0+2+4+5,rows=0.1234567890123,imbalance=0.98765432109876,noise=0.123456789012",
         {"…: a table\n", "rows=0.1234567890123:", "imbalance=0.9876543…: from"}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct text out = {0};
        struct data_set *set = open_variant(table, cases[i].variant);
        data_describe(set, &out);
        for (int k = 0; k < 3; k++)
            if (!strstr(text_get(&out), cases[i].lines[k]))
                fail_msg("'%s' is not in\n%s", cases[i].lines[k], text_get(&out));
        for (const char *line = text_get(&out); line; line = strchr(line, '\n')) {
            line += *line == '\n';
            size_t bytes = strcspn(line, "\n");
            bool cut = memchr(line, 0xE2, bytes) != NULL; /* an ellipsis has three bytes */
            assert_in_range(bytes, 0, cut ? 82 : 80);
        }
        text_free(&out);
        data_free(set);
    }
}

/* ---- what can't be had ------------------------------------------------------------------- */

static void test_refusals(void **state)
{
    (void)state;
    static const struct {
        const char *variant, *message;
    } cases[] = {
        {"rwos=0.5", "table:rwos=0.5: there are no variants by 'rwos'; did you mean rows?"},
        {"imbalence=0.5", "did you mean imbalance?"},
        {"zzzzzzzz=1", "choose classes, rows, imbalance, features, noise or seed"},
        {"", "there are no variants by ''"},
        {"rows=0.5,", "there are no variants by ''"},
        {"rows", "rows has no value; give a number above 0 and below 1, such as rows=0.25"},
        {"rows=", "rows has no value"},
        {"rows=0", "'0' is not possible"},
        {"rows=1", "'1' is not possible"},
        {"rows=-0.5", "'-0.5' is not possible"},
        {"rows=nan", "'nan' is not possible"},
        {"rows=half", "'half' is not possible"},
        {"rows=0.5,rows=0.6", "rows stands there twice"},
        {"noise=1", "all labels would be wrong"},
        {"noise=11", "'11' is not possible"},
        {"seed=1", "nothing is drawn here that a seed could change"},
        {"classes=0-1,seed=1", "nothing is drawn here"},
        {"rows=0.5,seed=1.5", "'1.5' is not possible; give a whole number"},
        {"rows=0.5,seed=-1", "'-1' is not possible"},
        {"classes=7", "there are no classes '7'; they count from 0 (ant) to 5 (fox)"},
        {"classes=0-6", "there are no classes '0-6'"},
        {"classes=3-1", "there are no classes '3-1'"},
        {"classes=ant+eeel", "there are no classes 'eeel'; did you mean eel?"},
        {"classes=0+", "there are no classes ''"},
        {"classes=2", "one class alone is nothing to learn"},
        {"classes=0-5", "these are all classes of the set; leave classes out"},
        {"rows=0.01", "would be left for 6 classes, fewer than 2 each; ask for a greater rows"},
        {"rows=\033[2J", "'?[2J' is not possible"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct data_options options = {.variant = cases[i].variant};
        files_refuse(table, &options, ERR_USAGE, cases[i].message);
    }
    struct data_options quantity = {.variant = "imbalance=0.5"};
    files_refuse(numbers, &quantity, ERR_USAGE, "imbalance needs classes");
    quantity.variant = "classes=0-1";
    files_refuse(numbers, &quantity, ERR_USAGE, "--task classification");
    char many[600] = "classes=0";
    while (strlen(many) < 560)
        strcat(many, "+0-1+0");
    struct data_options too_long = {.variant = many};
    files_refuse(table, &too_long, ERR_USAGE, "the variant is too long");
}

static void test_the_nth_allocation_fails(void **state)
{
    (void)state;
    struct data_options options = {.variant =
                                       "classes=0-3,rows=0.5,imbalance=0.5,features=0.5,noise=0.1"};
    enum err e = ERR_MEMORY;
    long n = 0;
    for (; n < 1000 && e == ERR_MEMORY; n++) {
        struct data_set *set;
        struct err_info info = {0};
        mem_fail_after(n);
        e = data_open(table, &options, &set, &info);
        mem_fail_after(-1);
        assert_int_equal(e, info.code);
        data_free(set);
    }
    assert_int_equal(e, ERR_OK);
    assert_true(n > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_keep_their_parts),
        cmocka_unit_test(test_one_variant_is_one_task),
        cmocka_unit_test(test_draws_are_nested),
        cmocka_unit_test(test_shares_of_rows),
        cmocka_unit_test(test_imbalance),
        cmocka_unit_test(test_wrong_labels),
        cmocka_unit_test(test_nearly_all_labels_wrong),
        cmocka_unit_test(test_classes_are_renumbered),
        cmocka_unit_test(test_features),
        cmocka_unit_test(test_figures_are_of_its_training_rows),
        cmocka_unit_test(test_a_quantity),
        cmocka_unit_test(test_options_name_columns_of_the_file),
        cmocka_unit_test(test_described),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_the_nth_allocation_fails),
    };
    return cmocka_run_group_tests(tests, variant_setup, files_teardown);
}
