/* bench_models: what is learnt from recorded curves, judged on tables of curves that nobody here
 * made, each task left out in turn. Nothing is tuned on them.
 *
 * Usage: bench_models [FOLDER]; without the tables in FOLDER (../shared/benchmarks) there is
 * nothing to judge. The pool is cut in blocks: one block's runs on the other tasks are the
 * knowledge, and each block is taken in turn. */
#include "tiller/bench.h"
#include "tiller/knowledge.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { BLOCK = 200, SHOWN_N = 6 };
/* Trainings; 0: a quarter of the first. */
static const int shown[SHOWN_N] = {0, 1, 2, 3, 5, 10};

static void die(const char *what)
{
    fprintf(stderr, "%s\n", what);
    exit(1);
}

/* The knowledge of one block of the pool; arrays are lent by the table. */
static struct known_tasks block_of(const struct curve_table *table, int block)
{
    struct known_task *task = mem_alloc((size_t)table->n_tasks, sizeof *task);
    if (!task)
        die("out of memory");
    size_t first = (size_t)block * BLOCK, at = first * (size_t)table->n_epochs;
    for (int t = 0; t < table->n_tasks; t++) {
        const struct curve_task *from = &table->tasks[t];
        const double *train = from->metric[METRIC_TRAIN_LOSS], *val = from->metric[METRIC_VAL_LOSS];
        task[t] = (struct known_task){.name = from->name,
                                      .family = t, /* the table knows of no relatives */
                                      .n_runs = BLOCK,
                                      .n_epochs = table->n_epochs,
                                      .unit = from->pool->unit + first * (size_t)table->space.n,
                                      .error = from->error + at,
                                      .train_loss = train ? train + at : NULL,
                                      .val_loss = val ? val + at : NULL,
                                      .majority_error = from->majority};
    }
    return (struct known_tasks){.n = table->n_tasks,
                                .n_families = table->n_tasks,
                                .n_dims = table->space.n,
                                .n_shared = BLOCK,
                                .task = task};
}

/* ---- portfolio --------------------------------------------------------------------------- */

static double regret(const struct curve_table *table, int task, int config, int n_epochs)
{
    const struct curve_task *t = &table->tasks[task];
    double least = t->majority;
    for (int e = 0; e < n_epochs; e++)
        least = fmin(least, t->error[(size_t)config * (size_t)table->n_epochs + (size_t)e]);
    return (least - t->best) / (t->median - t->best);
}

/* Adds the regret after the first shown[] configurations of the list. */
static void add_regrets(const struct curve_table *table, int task, const int *list, double *sum)
{
    double least = (double)INFINITY;
    sum[0] += regret(table, task, list[0], table->n_epochs / 4);
    for (int k = 0, j = 1; k < shown[SHOWN_N - 1]; k++) {
        least = fmin(least, regret(table, task, list[k], table->n_epochs));
        if (k + 1 == shown[j])
            sum[j++] += least;
    }
}

static void add_random(const struct curve_table *table, int task, struct rng *rng, double *sum)
{
    enum { REPEATS = 100 };
    double sums[SHOWN_N] = {0};
    for (int r = 0; r < REPEATS; r++) {
        int list[PORTFOLIO_MAX];
        for (int k = 0; k < PORTFOLIO_MAX; k++)
            list[k] = (int)rng_below(rng, (uint64_t)table->tasks[task].pool->n);
        add_regrets(table, task, list, sums);
    }
    for (int j = 0; j < SHOWN_N; j++)
        sum[j] += sums[j] / REPEATS;
}

static void add_portfolio(const struct curve_table *table, const struct known_tasks *known,
                          int block, int task, bool in_time, double *sum)
{
    struct portfolio p;
    int list[PORTFOLIO_MAX];
    bool *left_out = mem_zero_alloc((size_t)known->n_families, sizeof *left_out);
    if (!left_out)
        die("out of memory");
    left_out[known->task[task].family] = true;
    if (portfolio_learn(known, left_out, in_time, &p) != ERR_OK || p.n < PORTFOLIO_MAX)
        die("no portfolio");
    for (int k = 0; k < p.n; k++)
        list[k] = block * BLOCK + p.entry[k];
    add_regrets(table, task, list, sum);
    mem_free(left_out);
}

static void print_row(const char *name, const double *sum, int n)
{
    printf("  %-34s", name);
    for (int j = 0; j < SHOWN_N; j++)
        printf(" %6.3f", sum[j] / n);
    printf("\n");
}

static void judge_portfolios(const struct curve_table *table)
{
    double sum[3][SHOWN_N] = {{0}};
    int n = 0, n_blocks = table->pools[0].n / BLOCK;
    struct rng rng;
    rng_seed(&rng, 1, 1);
    for (int block = 0; block < n_blocks; block++) {
        struct known_tasks known = block_of(table, block);
        for (int t = 0; t < known.n; t++, n++) {
            add_random(table, t, &rng, sum[0]);
            add_portfolio(table, &known, block, t, false, sum[1]);
            add_portfolio(table, &known, block, t, true, sum[2]);
        }
        mem_free((void *)known.task);
    }
    printf("\nnormalised regret after trainings:    1/4      1      2      3      5     10\n");
    print_row("random", sum[0], n);
    print_row("portfolio, final errors", sum[1], n);
    print_row("portfolio, errors in time", sum[2], n);
}

/* ---- curve predictor --------------------------------------------------------------------- */

static void print_reliability(const struct curve_table *table,
                              const struct predictor_reliability *all, int n_blocks)
{
    printf(
        "\nrung epoch  pairs  Brier  (raw)  (base)  stopped  winners lost   stated -> came true\n");
    for (int k = 0; k < PREDICTOR_RUNGS; k++) {
        const struct predictor_reliability *r = &all[k];
        printf("%4d %5d %6d  %.3f  %.3f  %.3f   %5.1f %%    %5.1f %%     ", k + 1,
               predictor_epoch(k, table->n_epochs), r->n, r->brier / n_blocks,
               r->raw_brier / n_blocks, r->base_brier / n_blocks, 100 * r->stopped / n_blocks,
               100 * r->winners_lost / n_blocks);
        for (int i = 0; i < PREDICTOR_BINS; i++)
            printf("  %.2f->%.2f", r->said[i] / fmax(r->count[i], 1),
                   r->came[i] / fmax(r->count[i], 1));
        printf("\n");
    }
}

static void judge_predictor(const struct curve_table *table)
{
    struct predictor_reliability all[PREDICTOR_RUNGS] = {{0}}, one[PREDICTOR_RUNGS];
    int n_blocks = table->pools[0].n / BLOCK;
    for (int block = 0; block < n_blocks; block++) {
        struct known_tasks known = block_of(table, block);
        if (predictor_check(&known, NULL, (uint64_t)block, one) != ERR_OK)
            die("no predictor");
        for (int k = 0; k < PREDICTOR_RUNGS; k++) {
            all[k].n += one[k].n;
            all[k].brier += one[k].brier;
            all[k].raw_brier += one[k].raw_brier;
            all[k].base_brier += one[k].base_brier;
            all[k].stopped += one[k].stopped;
            all[k].winners_lost += one[k].winners_lost;
            for (int i = 0; i < PREDICTOR_BINS; i++) {
                all[k].count[i] += one[k].count[i];
                all[k].said[i] += one[k].said[i] * one[k].count[i];
                all[k].came[i] += one[k].came[i] * one[k].count[i];
            }
        }
        mem_free((void *)known.task);
    }
    print_reliability(table, all, n_blocks);
}

int main(int argc, char **argv)
{
    static const char *const tables[] = {"lcbench-surrogate", "taskset-imdb"};
    const char *folder = argc > 1 ? argv[1] : "../shared/benchmarks";
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        char prefix[1024], file[1100];
        struct err_info info = {0};
        struct curve_table *table;
        if (!file_join(prefix, sizeof prefix, folder, tables[i]))
            die("the folder's name is too long");
        text_format(file, sizeof file, "%s-curves.csv", prefix);
        if (!file_exists(file)) {
            printf("%s: not here, left out\n", file);
            continue;
        }
        if (curve_table_load(prefix, CURVE_UNIT_GUESS, &table, &info) != ERR_OK)
            die(info.detail);
        printf("%s: %d tasks, %d configurations, %d epochs; knowledge of %d runs a task\n",
               table->name, table->n_tasks, table->pools[0].n, table->n_epochs, BLOCK);
        judge_portfolios(table);
        judge_predictor(table);
        printf("\n");
        curve_table_free(table);
    }
    return 0;
}
