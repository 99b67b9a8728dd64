/* bench_transfer: does starting from another task's weights pay? Epochs that a network needs to
 * reach the accuracy which fresh weights reach after R epochs, on pairs of tasks, several seeds.
 *
 * For each pair and seed: the source network is trained on all source rows; then target networks of
 * the same form, from fresh weights and from the source's (net_carry) in several ways, on few
 * target rows. Judged on the target's validation rows only. Usage: bench_transfer [seeds] [rows].
 * spoken-digits is taken from ../shared/datasets; without it that pair is left out. */
#include "tiller/data.h"
#include "tiller/engine.h"
#include "tiller/net.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SOURCE_EPOCHS = 20, TARGET_EPOCHS = 30, MAX_SEEDS = 20 };

static void die(const char *what)
{
    fprintf(stderr, "bench_transfer: %s\n", what);
    exit(1);
}

/* ---- tasks ------------------------------------------------------------------------------- */

struct task {
    struct net_rows train, validation; /* own copies */
};

static int32_t count_rows(const struct net_rows *from, int first, int n_classes)
{
    int32_t n = 0;
    for (int32_t i = 0; i < from->n_rows; i++)
        n += from->y[i] >= first && from->y[i] < first + n_classes;
    return n;
}

/* The rows of classes first .. first + n_classes - 1, at most n_rows, in the order of from; other
 * ones for every seed as far as there are enough. */
static struct net_rows take(const struct net_rows *from, int first, int n_classes, int n_rows,
                            int seed)
{
    int32_t all = count_rows(from, first, n_classes);
    int32_t skip = all > n_rows ? (int32_t)((int64_t)seed * n_rows % (all - n_rows + 1)) : 0;
    struct net_rows to = *from;
    size_t width = (size_t)from->n_inputs;
    float *x = mem_aligned_alloc((size_t)from->n_rows * width, sizeof *x);
    int32_t *y = mem_alloc((size_t)from->n_rows, sizeof *y);
    if (!x || !y)
        die("out of memory");
    to.n_rows = 0;
    to.n_classes = n_classes;
    for (int32_t i = 0; i < from->n_rows && to.n_rows < n_rows; i++)
        if (from->y[i] >= first && from->y[i] < first + n_classes && skip-- <= 0) {
            memcpy(x + (size_t)to.n_rows * width, from->x + (size_t)i * width, width * sizeof *x);
            y[to.n_rows++] = from->y[i] - first;
        }
    to.x = x;
    to.y = y;
    return to;
}

static bool open_task(const char *path, int first, int n_classes, int n_rows, int seed,
                      struct task *out)
{
    struct data_set *set = NULL;
    struct data_options options = {0};
    struct err_info info = {0};
    char found[512];
    const char *variant;
    if (data_find(path, found, sizeof found, &variant, &info) != ERR_OK ||
        data_open(found, &options, &set, &info) != ERR_OK)
        return false;
    struct net_rows train = net_rows_of(set, DATA_TRAIN);
    struct net_rows validation = net_rows_of(set, DATA_VALIDATION);
    out->train = take(&train, first, n_classes, n_rows, seed);
    out->validation = take(&validation, first, n_classes, validation.n_rows, 0);
    data_free(set);
    return true;
}

static void free_rows(struct net_rows *rows)
{
    mem_free((void *)(uintptr_t)rows->x);
    mem_free((void *)(uintptr_t)rows->y);
}

static void free_task(struct task *task)
{
    free_rows(&task->train);
    free_rows(&task->validation);
}

/* ---- ways to start ----------------------------------------------------------------------- */

struct way {
    const char *name;
    bool from_weights;
    double carried_rate;
    int freeze, thaw_epoch;
};
static const struct way ways[] = {
    {"fresh weights", false, 1, 0, 0},        {"carried", true, 1, 0, 0},
    {"carried, rate x 0.3", true, 0.3, 0, 0}, {"carried, rate x 0.1", true, 0.1, 0, 0},
    {"first layer frozen", true, 1, 1, 0},    {"first two frozen, thawed after 5", true, 0.3, 2, 5},
};
enum { N_WAYS = sizeof ways / sizeof *ways };

struct pair {
    const char *name, *source, *target;
    int source_first, source_classes, target_first, target_classes;
};
static const struct pair pairs[] = {
    {"mnist -> fashion-mnist", "mnist", "fashion-mnist", 0, 10, 0, 10},
    {"fashion-mnist -> mnist", "fashion-mnist", "mnist", 0, 10, 0, 10},
    {"fashion-mnist -> spoken-digits", "fashion-mnist", "../shared/datasets/spoken-digits", 0, 10,
     0, 10},
    {"mnist 0-4 -> mnist 5-9", "mnist", "mnist", 0, 5, 5, 5},
};

static struct net_config form(enum net_kind kind, uint64_t seed)
{
    struct net_config c = net_config_reference();
    c.kind = kind;
    c.rng_seed = seed;
    return c;
}

/* The validation accuracy after every epoch. */
static void train(const struct net_config *c, const struct task *task, const struct net_weights *w,
                  int epochs, double *accuracy, const char *save)
{
    struct training *t;
    struct err_info info = {0};
    struct net_metrics m;
    if (net_new(c, &task->train, &t, &info) != ERR_OK)
        die(info.detail);
    if (w)
        net_carry(t, w, false);
    for (int e = 0; e < epochs; e++) {
        bool done;
        if (net_train_slice(t, 1 << 30, &done) != ERR_OK ||
            net_evaluate(t, &task->validation, &m, NULL, NULL) != ERR_OK)
            die("diverged");
        if (accuracy)
            accuracy[e] = m.accuracy;
    }
    if (save && net_save_weights(t, save, NULL, &info) != ERR_OK)
        die(info.detail);
    net_free(t);
}

static struct net_weights *source_weights(enum net_kind kind, const struct task *source,
                                          uint64_t seed)
{
    char path[] = "/tmp/bench_transfer_XXXXXX";
    struct net_weights *w;
    struct err_info info = {0};
    struct net_config c = form(kind, seed + 1000);
    int fd = mkstemp(path);
    if (fd < 0)
        die("no temporary file");
    train(&c, source, NULL, SOURCE_EPOCHS, NULL, path);
    if (net_weights_open(path, &w, &info) != ERR_OK)
        die(info.detail);
    remove(path);
    return w;
}

/* ---- figures ----------------------------------------------------------------------------- */

struct outcome {
    double accuracy[N_WAYS][MAX_SEEDS][TARGET_EPOCHS];
};

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, int n)
{
    qsort(values, (size_t)n, sizeof *values, compare);
    return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

/* First epoch (from 1) that reaches the target; one more than there are if none does. */
static int epochs_to(const double *accuracy, double target)
{
    int e = 0;
    while (e < TARGET_EPOCHS && accuracy[e] < target)
        e++;
    return e + 1;
}

static void print(const struct outcome *o, int n_seeds)
{
    double target = 0;
    for (int s = 0; s < n_seeds; s++)
        target += o->accuracy[0][s][TARGET_EPOCHS - 1] / n_seeds;
    printf("  target: %.4f, the mean of fresh weights after %d epochs\n", target, TARGET_EPOCHS);
    printf("  %-34s %8s %11s %10s %10s\n", "start", "epochs", "of all", "after 1", "after all");
    for (int w = 0; w < N_WAYS; w++) {
        double epochs[MAX_SEEDS], first = 0, last = 0;
        int reached = 0;
        char text[32];
        for (int s = 0; s < n_seeds; s++) {
            const double *a = o->accuracy[w][s];
            epochs[s] = epochs_to(a, target);
            reached += epochs[s] <= TARGET_EPOCHS;
            first += a[0] / n_seeds;
            last += a[TARGET_EPOCHS - 1] / n_seeds;
        }
        double middle = median(epochs, n_seeds);
        if (middle > TARGET_EPOCHS)
            text_format(text, sizeof text, "> %d", TARGET_EPOCHS);
        else
            text_format(text, sizeof text, "%.1f", middle);
        printf("  %-34s %8s %5d of %-2d %10.4f %10.4f\n", ways[w].name, text, reached, n_seeds,
               first, last);
    }
}

static bool measure_seed(const struct pair *p, enum net_kind kind, int seed, int n_rows,
                         struct outcome *o)
{
    struct task source, target;
    if (!open_task(p->source, p->source_first, p->source_classes, 1 << 30, 0, &source))
        return false;
    if (!open_task(p->target, p->target_first, p->target_classes, n_rows, seed, &target)) {
        free_task(&source);
        return false;
    }
    if (seed == 0)
        printf("%s, %s, %d source rows, %d target rows\n", p->name, net_kind_name(kind),
               source.train.n_rows, target.train.n_rows);
    struct net_weights *weights = source_weights(kind, &source, (uint64_t)seed);
    for (int w = 0; w < N_WAYS; w++) {
        struct net_config c = form(kind, (uint64_t)seed);
        c.from_weights = ways[w].from_weights;
        c.carried_rate = ways[w].carried_rate;
        c.freeze = ways[w].freeze;
        c.thaw_epoch = ways[w].thaw_epoch;
        train(&c, &target, ways[w].from_weights ? weights : NULL, TARGET_EPOCHS,
              o->accuracy[w][seed], NULL);
    }
    net_weights_free(weights);
    free_task(&source);
    free_task(&target);
    return true;
}

static void measure(const struct pair *p, enum net_kind kind, int n_seeds, int n_rows)
{
    static struct outcome o;
    for (int seed = 0; seed < n_seeds; seed++) {
        if (!measure_seed(p, kind, seed, n_rows, &o)) {
            printf("%s: left out, %s or %s is not here\n\n", p->name, p->source, p->target);
            return;
        }
        fprintf(stderr, "seed %d of %d\r", seed + 1, n_seeds);
    }
    print(&o, n_seeds);
    printf("\n");
}

int main(int argc, char **argv)
{
    int64_t n_seeds = 5, n_rows = 500;
    if ((argc > 1 && !text_parse_int(argv[1], &n_seeds)) ||
        (argc > 2 && !text_parse_int(argv[2], &n_rows)) || n_seeds < 1 || n_seeds > MAX_SEEDS ||
        n_rows < 10)
        die("usage: bench_transfer [seeds, 1..20] [target rows]");
    net_init();
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        measure(&pairs[i], NET_PERCEPTRON, (int)n_seeds, (int)n_rows);
        measure(&pairs[i], NET_CONV, (int)n_seeds, (int)n_rows);
    }
    return 0;
}
