/* bench_train: how fast small networks train on one core, beside PyTorch, scikit-learn and FANN
 * where they are installed, and beside the limit: the matrix products alone (products.c).
 *
 *   bench_train [--seconds S] [--rounds N] [--network NAME[:BATCH]] [--optimizer adam|sgd]
 *               [--peers FOLDER]   the tables; FOLDER holds peer_*.py (tests/bench)
 *   bench_train --two-workers      two threads, a network each, beside one
 *   bench_train --profile NAME[:BATCH] [--optimizer adam|sgd] [--seconds S]
 *                                  only trains, for perf or callgrind to look at
 *
 * Machines are noisy, so nothing is compared that was not measured next to each other: in every
 * round ours and the other run right after one another, in changing order, on the same rows, one
 * thread each, by processor time (two workers: by the wall's); a ratio is the median of the
 * rounds'. Ours is the network that the search trains, dropout on. Nothing here is a test: exit
 * status 0 whatever the ratios are. */
#include "../support/spawn.h"
#include "net/kernels.h"
#include "networks.h"
#include "peer.h"

#include <cblas.h>
#include <getopt.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROUNDS_MAX = 64 };

struct options {
    double seconds; /* of one measurement; 0: the mode's own */
    int rounds;
    const struct network *only; /* NULL: all */
    int optimizer;              /* -1: both */
    const char *peers, *program;
    bool two_workers, profile;
};

static void die(const struct err_info *info)
{
    char text[1024];
    fprintf(stderr, "bench_train: %s\n", err_format(info, text, sizeof text));
    exit(1);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Of sorted or unsorted values; sorts them. */
static double quantile(double *values, int n, double q)
{
    qsort(values, (size_t)n, sizeof *values, compare);
    double at = q * (n - 1);
    int low = (int)at, high = low + 1 < n ? low + 1 : low;
    return values[low] + (at - low) * (values[high] - values[low]);
}

/* ---- ours and the other, round by round --------------------------------------------------- */

/* Anything that can be timed: samples per second over about so many seconds; 0: it can't. */
struct timed {
    double (*rate)(void *self, double seconds);
    void *self;
};

struct rounds {
    int n; /* those that were had; the arrays: samples per second */
    double ours[ROUNDS_MAX], other[ROUNDS_MAX], ratio[ROUNDS_MAX];
};

static void add_round(struct rounds *r, struct timed our, struct timed other, double seconds)
{
    bool our_turn = r->n % 2 == 0;
    double before = our_turn ? our.rate(our.self, seconds) : 0;
    double theirs = other.rate(other.self, seconds);
    double mine = our_turn ? before : our.rate(our.self, seconds);
    if (mine <= 0 || theirs <= 0)
        return;
    r->ours[r->n] = mine;
    r->other[r->n] = theirs;
    r->ratio[r->n++] = mine / theirs;
}

/* Half of the ratios lie within so much of their median, relative. */
static double spread(struct rounds *r)
{
    double half = quantile(r->ratio, r->n, 0.75) - quantile(r->ratio, r->n, 0.25);
    return half / 2 / quantile(r->ratio, r->n, 0.5);
}

static double train_timed(void *self, double seconds)
{
    return network_train(self, CLOCK_THREAD_CPUTIME_ID, seconds);
}

static double products_timed(void *self, double seconds)
{
    return products_rate(self, seconds);
}

struct question {
    struct peer *peer;
    const struct network *network;
    enum net_optimizer optimizer;
    const char *rows_path;
};

static double peer_timed(void *self, double seconds)
{
    const struct question *q = self;
    return peer_rate(q->peer, q->network, q->optimizer, q->rows_path, seconds);
}

/* ---- the tables --------------------------------------------------------------------------- */

struct bench {
    const struct options *options;
    struct peer peer[N_PEERS];
    char folder[64], rows_path[128];
    double spread; /* the largest in the current table */
};

static const char *const contender_names[N_CONTENDERS] = {"PyTorch", "scikit-learn", "FANN",
                                                          "limit"};

static bool takes_part(const struct bench *b, int contender)
{
    return contender == PRODUCTS || !b->peer[contender].missing[0];
}

static void print_head(const struct bench *b, enum net_optimizer optimizer)
{
    printf("\n%s, samples per second of processor time\n%-15s %5s %11s",
           optimizer == NET_ADAM ? "Adam" : "SGD, momentum 0.9", "network", "batch", "ours");
    for (int i = 0; i < N_CONTENDERS; i++)
        if (takes_part(b, i))
            printf(" %12s %6s", contender_names[i], i == PRODUCTS ? "share" : "ratio");
    putchar('\n');
}

static void print_rounds(struct rounds *r, int contender, double goal)
{
    char count[32];
    if (r->n == 0) {
        printf(" %12s %6s ", "-", "-");
        return;
    }
    double ratio = quantile(r->ratio, r->n, 0.5);
    text_count(count, sizeof count, (int64_t)quantile(r->other, r->n, 0.5));
    const char *mark = ratio < goal ? "*" : " ";
    if (contender == PRODUCTS)
        printf(" %12s %5.0f%%%s", count, 100 * ratio, mark);
    else
        printf(" %12s %6.2f%s", count, ratio, mark);
}

static enum err write_rows(struct bench *b, const struct net_rows *rows, struct err_info *info)
{
    size_t x = (size_t)rows->n_rows * (size_t)rows->n_inputs * sizeof *rows->x;
    size_t y = (size_t)rows->n_rows * sizeof *rows->y;
    char *both = mem_alloc(x + y, 1);
    if (!both)
        return err_set_memory(info, "rows");
    memcpy(both, rows->x, x);
    memcpy(both + x, rows->y, y);
    enum err e = file_write_atomic(b->rows_path, both, x + y, info);
    mem_free(both);
    return e;
}

/* The rest of a line: all contenders take their turn in every round, so that all columns are of
 * the same minutes. */
static void compare_all(struct bench *b, const struct network *n, enum net_optimizer optimizer,
                        struct training *t, struct products *products)
{
    static struct rounds rounds[N_CONTENDERS];
    struct timed our = {train_timed, t}, other[N_CONTENDERS];
    struct question question[N_PEERS];
    char text[32];
    memset(rounds, 0, sizeof rounds);
    for (int i = 0; i < N_PEERS; i++) {
        question[i] = (struct question){&b->peer[i], n, optimizer, b->rows_path};
        other[i] = (struct timed){peer_timed, &question[i]};
    }
    other[PRODUCTS] = (struct timed){products_timed, products};
    bool able[N_CONTENDERS];
    for (int i = 0; i < N_CONTENDERS; i++) /* also warms it up */
        able[i] = takes_part(b, i) && other[i].rate(other[i].self, 0) > 0;
    our.rate(our.self, 0);
    for (int round = 0; round < b->options->rounds; round++)
        for (int i = 0; i < N_CONTENDERS; i++)
            if (able[i])
                add_round(&rounds[i], our, other[i], b->options->seconds);
    struct rounds *last = &rounds[PRODUCTS];
    double rate = last->n > 0 ? quantile(last->ours, last->n, 0.5) : 0;
    printf(" %11s", text_count(text, sizeof text, (int64_t)rate));
    for (int i = 0; i < N_CONTENDERS; i++) {
        if (takes_part(b, i))
            print_rounds(&rounds[i], i, n->goal[i]);
        b->spread = fmax(b->spread, rounds[i].n > 0 ? spread(&rounds[i]) : 0);
    }
    putchar('\n');
}

/* One line of a table; a network that can't be made says why. */
static void bench_network(struct bench *b, const struct network *n, enum net_optimizer optimizer,
                          const struct net_rows *rows)
{
    struct training *t;
    struct products *products;
    struct err_info info;
    char text[1024];
    printf("%-15s %5d", n->name, n->batch);
    fflush(stdout);
    if (network_new(n, optimizer, rows, &t, &info) != ERR_OK) {
        printf("  %s\n", err_format(&info, text, sizeof text));
        return;
    }
    if (products_new(n, &products, &info) != ERR_OK)
        die(&info);
    compare_all(b, n, optimizer, t, products);
    products_free(products);
    net_free(t);
}

static void bench_optimizer(struct bench *b, enum net_optimizer optimizer)
{
    struct err_info info;
    print_head(b, optimizer);
    b->spread = 0;
    for (const struct network *n = networks; n < networks + n_networks; n++) {
        struct net_rows rows;
        if (b->options->only && n != b->options->only)
            continue;
        if (network_rows(n, &rows, &info) != ERR_OK || write_rows(b, &rows, &info) != ERR_OK)
            die(&info);
        bench_network(b, n, optimizer, &rows);
        network_rows_free(&rows);
    }
    printf("Medians of %d rounds of %g s; in the noisiest row half of the ratios lay within "
           "%.0f %%.\n",
           b->options->rounds, b->options->seconds, 100 * b->spread);
}

static void print_notes(void)
{
    puts("\n*    below what is aimed at: see networks.c\n"
         "     ours and PyTorch with dropout 0.2, the others have none; one thread each\n"
         "FANN has neither Adam nor mini-batches: a step after every row, with momentum, in both "
         "tables\n"
         "scikit-learn: two classes are one logistic output\n"
         "limit: the batch's matrix products alone by cblas_sgemm (a convolution: of its unfolded\n"
         "     windows). Ours multiplies small matrices itself, so its share may exceed 100 %\n"
         "Processor time leaves out what other programs took, not the caches they emptied: on a "
         "busy\n"
         "     machine peers with more overhead look slower than they are");
}

static void print_cpu_model(void)
{
    char line[512];
    FILE *f = fopen("/proc/cpuinfo", "r");
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, "model name", 10) == 0 && strchr(line, ':')) {
            printf("machine: %s", strchr(line, ':') + 2);
            break;
        }
    if (f)
        fclose(f);
}

static void print_machine(const struct bench *b)
{
    putchar('\n');
    print_cpu_model();
    printf("         %ld processors; OpenBLAS's table: %s; ours: %s; compiled by %s\n",
           sysconf(_SC_NPROCESSORS_ONLN), openblas_get_corename(), kernels_best()->name,
#if defined(__clang__)
           "clang " __clang_version__);
#else
           "gcc " __VERSION__);
#endif
    printf("         %s\n", openblas_get_config());
    for (int i = 0; b && i < N_PEERS; i++)
        if (b->peer[i].missing[0])
            printf("peer:    %s is missing (%s); make peer-deps installs it\n", b->peer[i].name,
                   b->peer[i].missing);
        else
            printf("peer:    %s\n", b->peer[i].version);
}

static void start_peers(struct bench *b)
{
    static const char *const scripts[] = {
        [PYTORCH] = "peer_torch.py", [SCIKIT_LEARN] = "peer_sklearn.py"};
    char path[4096];
    for (int i = PYTORCH; i <= SCIKIT_LEARN; i++) {
        const char *argv[] = {"/usr/bin/python3", path, NULL};
        file_join(path, sizeof path, b->options->peers, scripts[i]);
        peer_start(&b->peer[i], contender_names[i], argv);
    }
    const char *name = file_base_name(b->options->program);
    const char *argv[] = {path, NULL};
    text_format(path, sizeof path, "%.*speer_fann", (int)(name - b->options->program),
                b->options->program);
    peer_start(&b->peer[FANN], contender_names[FANN], argv);
}

static void bench_peers(const struct options *o)
{
    struct bench b = {.options = o};
    if (!spawn_make_folder(b.folder) ||
        !file_join(b.rows_path, sizeof b.rows_path, b.folder, "rows")) {
        fputs("bench_train: no temporary folder\n", stderr);
        exit(1);
    }
    start_peers(&b);
    for (int i = 0; i < 2; i++) {
        enum net_optimizer optimizer = i == 0 ? NET_ADAM : NET_SGD;
        if (o->optimizer < 0 || o->optimizer == (int)optimizer)
            bench_optimizer(&b, optimizer);
    }
    print_notes();
    print_machine(&b);
    for (int i = 0; i < N_PEERS; i++)
        peer_stop(&b.peer[i]);
    spawn_remove_folder(b.folder);
}

/* ---- two workers -------------------------------------------------------------------------- */

struct worker {
    struct training *training;
    pthread_barrier_t *start; /* NULL: alone */
    double seconds, rate;
};

static void *work(void *argument)
{
    struct worker *w = argument;
    if (w->start)
        pthread_barrier_wait(w->start);
    w->rate = network_train(w->training, CLOCK_MONOTONIC, w->seconds);
    return NULL;
}

static double two_rates(struct worker w[2])
{
    pthread_t thread[2];
    pthread_barrier_t start;
    pthread_barrier_init(&start, NULL, 2);
    for (int i = 0; i < 2; i++) {
        w[i].start = &start;
        if (pthread_create(&thread[i], NULL, work, &w[i]) != 0) {
            fputs("bench_train: no thread\n", stderr);
            exit(1);
        }
    }
    for (int i = 0; i < 2; i++)
        pthread_join(thread[i], NULL);
    pthread_barrier_destroy(&start);
    return w[0].rate + w[1].rate;
}

/* The rest of a line: medians of the rounds. */
static void compare_workers(struct worker w[2], const struct options *o)
{
    double one[ROUNDS_MAX], two[ROUNDS_MAX], ratio[ROUNDS_MAX];
    char text[2][32];
    for (int i = 0; i < o->rounds; i++) {
        one[i] = network_train(w[i % 2].training, CLOCK_MONOTONIC, o->seconds);
        two[i] = two_rates(w);
        ratio[i] = two[i] / one[i];
    }
    double low = quantile(ratio, o->rounds, 0.25), high = quantile(ratio, o->rounds, 0.75);
    printf(" %12s %12s %6.2f  %5.2f..%.2f\n",
           text_count(text[0], sizeof text[0], (int64_t)quantile(one, o->rounds, 0.5)),
           text_count(text[1], sizeof text[1], (int64_t)quantile(two, o->rounds, 0.5)),
           quantile(ratio, o->rounds, 0.5), low, high);
}

static void two_workers(const struct network *n, const struct options *o)
{
    struct net_rows rows;
    struct err_info info;
    struct worker w[2] = {{.seconds = o->seconds}, {.seconds = o->seconds}};
    char text[1024];
    printf("%-15s %5d", n->name, n->batch);
    fflush(stdout);
    if (network_rows(n, &rows, &info) != ERR_OK)
        die(&info);
    if (network_new(n, NET_ADAM, &rows, &w[0].training, &info) != ERR_OK ||
        network_new(n, NET_ADAM, &rows, &w[1].training, &info) != ERR_OK)
        printf("  %s\n", err_format(&info, text, sizeof text));
    else
        compare_workers(w, o);
    net_free(w[0].training);
    net_free(w[1].training);
    network_rows_free(&rows);
}

static void bench_two_workers(const struct options *o)
{
    printf("two threads, a network each, beside one; Adam, dropout 0.2, samples/s\n\n");
    printf("%-15s %5s %12s %12s  %s\n", "network", "batch", "one", "two",
           "ratio  half of the rounds");
    for (const struct network *n = networks; n < networks + n_networks; n++)
        if (!o->only || n == o->only)
            two_workers(n, o);
    print_machine(NULL);
}

/* ---- options ------------------------------------------------------------------------------ */

static void profile(const struct options *o)
{
    struct net_rows rows;
    struct training *t = NULL;
    struct err_info info;
    char text[32];
    if (network_rows(o->only, &rows, &info) != ERR_OK ||
        network_new(o->only, o->optimizer < 0 ? NET_ADAM : (enum net_optimizer)o->optimizer, &rows,
                    &t, &info) != ERR_OK)
        die(&info);
    double rate = network_train(t, CLOCK_THREAD_CPUTIME_ID, o->seconds);
    printf("%s:%d %s samples per second of processor time\n", o->only->name, o->only->batch,
           text_count(text, sizeof text, (int64_t)rate));
    net_free(t);
    network_rows_free(&rows);
}

static void usage(FILE *f)
{
    fputs("bench_train: training throughput, one thread, beside peers and the products' limit\n"
          "  --seconds S              of one measurement (0.25; --profile 10)\n"
          "  --rounds N               that the medians are of (7)\n"
          "  --network NAME[:BATCH]   only this one\n"
          "  --optimizer adam|sgd     only this one\n"
          "  --peers FOLDER           where peer_*.py are (tests/bench)\n"
          "  --two-workers            two threads, a network each, beside one\n"
          "  --profile NAME[:BATCH]   only train, for perf or callgrind\n"
          "networks:",
          f);
    for (const struct network *n = networks; n < networks + n_networks; n++)
        fprintf(f, " %s:%d", n->name, n->batch);
    fputc('\n', f);
}

static bool take_network(struct options *o)
{
    o->only = network_find(optarg);
    return o->only;
}

static bool take_optimizer(struct options *o)
{
    for (int i = NET_SGD; i <= NET_ADAM; i++)
        if (strcmp(optarg, net_optimizer_name((enum net_optimizer)i)) == 0)
            o->optimizer = i;
    return o->optimizer >= 0;
}

static bool take_option(struct options *o, int option)
{
    int64_t rounds;
    switch (option) {
    case 's':
        return text_parse_double(optarg, &o->seconds) && o->seconds > 0;
    case 'r':
        if (!text_parse_int(optarg, &rounds) || rounds < 1 || rounds > ROUNDS_MAX)
            return false;
        o->rounds = (int)rounds;
        return true;
    case 'n':
        return take_network(o);
    case 'o':
        return take_optimizer(o);
    case 'p':
        o->peers = optarg;
        return true;
    case '2':
        o->two_workers = true;
        return true;
    case 'P':
        o->profile = true;
        return take_network(o);
    default:
        return false;
    }
}

static const struct option long_options[] = {
    {"seconds", required_argument, NULL, 's'},
    {"rounds", required_argument, NULL, 'r'},
    {"network", required_argument, NULL, 'n'},
    {"optimizer", required_argument, NULL, 'o'},
    {"peers", required_argument, NULL, 'p'},
    {"two-workers", no_argument, NULL, '2'},
    {"profile", required_argument, NULL, 'P'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

int main(int argc, char **argv)
{
    struct options o = {.rounds = 7, .optimizer = -1, .peers = "tests/bench", .program = argv[0]};
    for (int c; (c = getopt_long(argc, argv, "", long_options, NULL)) != -1;) {
        if (c == 'h') {
            usage(stdout);
            return 0;
        }
        if (!take_option(&o, c)) {
            usage(stderr);
            return 2;
        }
    }
    if (o.seconds <= 0)
        o.seconds = o.profile ? 10 : 0.25;
    setenv("OPENBLAS_NUM_THREADS", "1", 1); /* for the peers; net_init sees to ours */
    setenv("OMP_NUM_THREADS", "1", 1);
    signal(SIGPIPE, SIG_IGN); /* a peer that died is noticed by write and read */
    net_init();
    if (o.profile)
        profile(&o);
    else if (o.two_workers)
        bench_two_workers(&o);
    else
        bench_peers(&o);
    return 0;
}
