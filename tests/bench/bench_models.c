/* bench_models: what is learnt from recorded curves, judged on tables of curves that nobody here
 * made, each task left out in turn. Nothing is tuned on them.
 *
 * Usage: bench_models [FOLDER]; without the tables in FOLDER (../shared/benchmarks) there is
 * nothing to judge. The pool is cut in blocks: one block's runs on the other tasks are the
 * knowledge, and each block is taken in turn. */
#include "tiller/bench.h"
#include "tiller/knowledge.h"

#include <cblas.h>
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
    size_t first = (size_t)block * BLOCK, at = first * (size_t)table->tasks[0].n_epochs;
    for (int t = 0; t < table->n_tasks; t++) {
        const struct curve_task *from = &table->tasks[t];
        const double *train = from->metric[METRIC_TRAIN_LOSS], *val = from->metric[METRIC_VAL_LOSS];
        task[t] =
            (struct known_task){.name = from->name,
                                .family = t, /* the table knows of no relatives */
                                .n_runs = BLOCK,
                                .n_epochs = table->tasks[0].n_epochs,
                                .unit = from->pool->unit + first * (size_t)table->pools[0].space.n,
                                .error = from->error + at,
                                .train_loss = train ? train + at : NULL,
                                .val_loss = val ? val + at : NULL,
                                .majority_error = from->majority};
    }
    return (struct known_tasks){.n = table->n_tasks,
                                .n_families = table->n_tasks,
                                .n_dims = table->pools[0].space.n,
                                .n_shared = BLOCK,
                                .task = task};
}

/* ---- portfolio --------------------------------------------------------------------------- */

static double regret(const struct curve_table *table, int task, int config, int n_epochs)
{
    const struct curve_task *t = &table->tasks[task];
    double least = t->majority;
    for (int e = 0; e < n_epochs; e++)
        least =
            fmin(least, t->error[(size_t)config * (size_t)table->tasks[0].n_epochs + (size_t)e]);
    return (least - t->best) / (t->median - t->best);
}

/* Adds the regret after the first shown[] configurations of the list. */
static void add_regrets(const struct curve_table *table, int task, const int *list, double *sum)
{
    double least = (double)INFINITY;
    sum[0] += regret(table, task, list[0], table->tasks[0].n_epochs / 4);
    for (int k = 0, j = 1; k < shown[SHOWN_N - 1]; k++) {
        least = fmin(least, regret(table, task, list[k], table->tasks[0].n_epochs));
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
               predictor_epoch(k, table->tasks[0].n_epochs), r->n, r->brier / n_blocks,
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

/* ---- surrogate: full trainings on the pool ----------------------------------------------- */

enum { SEARCH = 30, FIRST = 3 }; /* trainings; from the portfolio */

/* One task's search: what was tried, and what is known of all configurations of the pool. */
struct search {
    const struct curve_table *table;
    const struct gp_kernel *kernel;
    const struct transfer *transfer;
    const double *x, *score; /* [pool x n_dims], [n_tasks x pool] of the known tasks */
    int task, n;
    int tried[SEARCH];
    double error[SEARCH]; /* logs */
    double *prior, *gain; /* [pool] */
    double seconds;       /* of the last proposals */
};

static bool was_tried(const struct search *s, int config)
{
    for (int k = 0; k < s->n; k++)
        if (s->tried[k] == config)
            return true;
    return false;
}

static void try_config(struct search *s, int config)
{
    const struct curve_task *t = &s->table->tasks[s->task];
    double least = t->majority;
    for (int e = 0; e < s->table->tasks[0].n_epochs; e++)
        least =
            fmin(least, t->error[(size_t)config * (size_t)s->table->tasks[0].n_epochs + (size_t)e]);
    s->tried[s->n] = config;
    s->error[s->n++] = log(least + 0.002);
}

/* Weights of the known tasks by what has been tried; the one searched has none. */
static double weigh(const struct search *s, double *prior)
{
    static const struct similarity even = {.evidence = 1, .spread = 1};
    enum { MOST = 256 };
    int n_tasks = s->table->n_tasks, pool = s->table->pools[0].n;
    double at[MOST * SEARCH], weight[MOST], discordance[MOST];
    if (n_tasks > MOST)
        die("too many tasks");
    for (int t = 0; t < n_tasks; t++) {
        weight[t] = t == s->task ? 0 : 1.0 / (n_tasks - 1);
        for (int k = 0; k < s->n; k++)
            at[t * s->n + k] = s->score[(size_t)t * (size_t)pool + (size_t)s->tried[k]];
    }
    similarity_discordance(s->error, s->n, 0, at, n_tasks, discordance);
    similarity_posterior(&even, weight, discordance, n_tasks, s->n, weight);
    similarity_scores(weight, s->score, n_tasks, pool, prior);
    return transfer_scale(s->transfer, weight);
}

static void propose(struct search *s, bool use_prior)
{
    int pool = s->table->pools[0].n, n_dims = s->table->pools[0].space.n, best = -1;
    double x[SEARCH * SPACE_MAX], prior[SEARCH], scale = weigh(s, s->prior);
    struct evidence e = {s->n, x, s->error, NULL, use_prior ? prior : NULL};
    struct surrogate *surrogate;
    for (int k = 0; k < s->n; k++) {
        prior[k] = s->prior[s->tried[k]];
        for (int d = 0; d < n_dims; d++)
            x[k * n_dims + d] = s->x[s->tried[k] * n_dims + d];
    }
    if (surrogate_new(s->kernel, &e, scale, &surrogate) != ERR_OK ||
        surrogate_improvement(surrogate, s->x, use_prior ? s->prior : NULL, pool, s->gain) !=
            ERR_OK)
        die("no surrogate");
    surrogate_free(surrogate);
    for (int i = 0; i < pool; i++)
        if (!was_tried(s, i) && (best < 0 || s->gain[i] > s->gain[best]))
            best = i;
    try_config(s, best);
}

static const int searched[] = {3, 5, 10, 20, 30};
enum { SEARCHED_N = sizeof searched / sizeof *searched };

static void add_search(const struct search *s, double *sum)
{
    const struct curve_task *t = &s->table->tasks[s->task];
    double least = (double)INFINITY;
    for (int k = 0, j = 0; k < s->n; k++) {
        least = fmin(least, exp(s->error[k]) - 0.002);
        if (k + 1 == searched[j])
            sum[j++] += (least - t->best) / (t->median - t->best);
    }
}

/* What is proposed after the portfolio. */
enum follow { FOLLOW_RANDOM, FOLLOW_PROCESS, FOLLOW_TRANSFER, FOLLOW_N };

static void search_task(struct search *s, const struct portfolio *p, int block,
                        double sums[][SEARCHED_N], struct rng *rng)
{
    for (int follow = 0; follow < FOLLOW_N; follow++) {
        double start = clock_now_s();
        s->n = 0;
        for (int k = 0; k < FIRST; k++)
            try_config(s, block * BLOCK + p->entry[k]);
        while (s->n < SEARCH)
            if (follow != FOLLOW_RANDOM)
                propose(s, follow == FOLLOW_TRANSFER);
            else
                try_config(s, (int)rng_below(rng, (uint64_t)s->table->pools[0].n));
        s->seconds = (clock_now_s() - start) / (SEARCH - FIRST);
        add_search(s, sums[follow]);
    }
}

/* All searches with the knowledge of a block. */
static double search_block(const struct curve_table *table, int block, double sums[][SEARCHED_N],
                           struct rng *rng)
{
    struct known_tasks known = block_of(table, block);
    size_t pool = (size_t)table->pools[0].n, n_tasks = (size_t)table->n_tasks;
    double *score = mem_alloc(n_tasks, pool * sizeof *score), seconds = 0;
    double *prior = mem_alloc(pool, 2 * sizeof *prior);
    double *x = mem_alloc(pool, (size_t)table->pools[0].space.n * sizeof *x);
    bool *left_out = mem_zero_alloc(n_tasks, sizeof *left_out);
    if (!score || !prior || !x || !left_out)
        die("out of memory");
    for (size_t i = 0; i < pool; i++)
        gp_place(&table->pools[0].space, &table->pools[0].config[i],
                 x + i * (size_t)table->pools[0].space.n);
    for (int t = 0; t < table->n_tasks; t++) {
        struct gp_kernel kernel;
        struct transfer *transfer = NULL;
        struct portfolio p;
        gp_axes(&table->pools[0].space, &kernel);
        left_out[t] = true;
        if (portfolio_learn(&known, left_out, false, &p) != ERR_OK ||
            transfer_tune(&known, left_out, &kernel, rng) != ERR_OK ||
            transfer_new(&known, left_out, &kernel, &transfer) != ERR_OK ||
            transfer_predict(transfer, x, (int)pool, score) != ERR_OK)
            die("no transfer");
        left_out[t] = false;
        struct search s = {.table = table,
                           .kernel = &kernel,
                           .transfer = transfer,
                           .x = x,
                           .score = score,
                           .task = t,
                           .prior = prior,
                           .gain = prior + pool};
        search_task(&s, &p, block, sums, rng);
        seconds += s.seconds / (double)n_tasks;
        transfer_free(transfer);
    }
    mem_free(left_out);
    mem_free(x);
    mem_free(prior);
    mem_free(score);
    mem_free((void *)known.task);
    return seconds;
}

static void judge_surrogates(const struct curve_table *table)
{
    static const char *const name[] = {"random", "process without prior", "transfer surrogate"};
    double sums[FOLLOW_N][SEARCHED_N] = {{0}}, seconds = 0;
    int n_blocks = table->pools[0].n / BLOCK;
    struct rng rng;
    rng_seed(&rng, 2, 2);
    for (int block = 0; block < n_blocks; block++)
        seconds += search_block(table, block, sums, &rng) / n_blocks;
    printf("\nportfolio of %d, then; trainings:    ", FIRST);
    for (int j = 0; j < SEARCHED_N; j++)
        printf(" %6d", searched[j]);
    printf("\n");
    for (int follow = 0; follow < FOLLOW_N; follow++) {
        printf("  %-34s", name[follow]);
        for (int j = 0; j < SEARCHED_N; j++)
            printf(" %6.3f", sums[follow][j] / (n_blocks * table->n_tasks));
        printf("\n");
    }
    printf("  %.2f ms a proposal among %d\n", 1e3 * seconds, table->pools[0].n);
}

int main(int argc, char **argv)
{
    static const char *const tables[] = {"lcbench-surrogate", "taskset-imdb"};
    const char *folder = argc > 1 ? argv[1] : "../shared/benchmarks";
    openblas_set_num_threads(1);
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
               table->name, table->n_tasks, table->pools[0].n, table->tasks[0].n_epochs, BLOCK);
        judge_portfolios(table);
        judge_predictor(table);
        judge_surrogates(table);
        printf("\n");
        curve_table_free(table);
    }
    return 0;
}
