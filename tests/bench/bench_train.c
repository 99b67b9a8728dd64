/* bench_train: how fast small networks train on one core, beside the time that OpenBLAS needs for
 * the matrix products alone of the same shapes (forward, weight gradients, input gradients). Random
 * rows: only speed is looked at. Usage: bench_train [seconds per measurement] */
#include "tiller/net.h"

#include <cblas.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct shape {
    const char *name;
    int n_inputs, units, num_layers, n_classes, batch;
};
static const struct shape shapes[] = {
    {"784-128-10", 784, 128, 1, 10, 32},      {"784-128-10", 784, 128, 1, 10, 128},
    {"784-512-512-10", 784, 512, 2, 10, 128}, {"64-64-64-10", 64, 64, 2, 10, 32},
    {"16-64-64-26", 16, 64, 2, 26, 32},       {"57-32-2", 57, 32, 1, 2, 64},
    {"401-256-2", 401, 256, 1, 2, 64},        {"16-32-2", 16, 32, 1, 2, 8},
};
enum { N_ROWS = 6400 };

static void die(const char *what)
{
    fprintf(stderr, "bench_train: %s\n", what);
    exit(1);
}

static struct net_rows random_rows(int n_inputs, int n_classes)
{
    size_t cells = (size_t)N_ROWS * (size_t)n_inputs;
    float *x = mem_aligned_alloc(cells, sizeof *x);
    int32_t *y = mem_alloc(N_ROWS, sizeof *y);
    if (!x || !y)
        die("out of memory");
    struct rng rng;
    rng_seed(&rng, 1, 0);
    for (size_t i = 0; i < cells; i++)
        x[i] = (float)rng_uniform(&rng);
    for (int i = 0; i < N_ROWS; i++)
        y[i] = (int32_t)rng_below(&rng, (uint64_t)n_classes);
    return (struct net_rows){
        .n_rows = N_ROWS, .n_inputs = n_inputs, .n_classes = n_classes, .x = x, .y = y};
}

/* Samples per second of training as the search does it, the best of several rounds. */
static double training_rate(const struct shape *s, const struct net_rows *rows,
                            enum net_optimizer optimizer, double seconds)
{
    struct net_config c = net_config_reference();
    c.units = s->units;
    c.num_layers = s->num_layers;
    c.batch_size = s->batch;
    c.optimizer = optimizer;
    struct training *t;
    struct err_info info;
    if (net_new(&c, rows, &t, &info) != ERR_OK)
        die(info.detail);
    bool done;
    net_train_slice(t, 1 << 30, &done);
    double best = 0, start = clock_now_s();
    while (clock_now_s() - start < seconds) {
        double began = clock_now_s();
        long epochs = 0;
        do {
            if (net_train_slice(t, 1 << 30, &done) != ERR_OK)
                die("diverged");
            epochs++;
        } while (clock_now_s() - began < seconds / 8);
        double rate = (double)(epochs * N_ROWS) / (clock_now_s() - began);
        best = rate > best ? rate : best;
    }
    net_free(t);
    return best;
}

/* The same shapes' products and nothing else, on matrices that stay in place. */
static void products(const struct shape *s, float *const m[4])
{
    int b = s->batch, in = s->n_inputs;
    for (int l = 0; l <= s->num_layers; l++) {
        int out = l == s->num_layers ? s->n_classes : s->units;
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, b, out, in, 1, m[0], in, m[1], out,
                    0, m[2], out);
        cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, out, in, b, 1, m[2], out, m[0], in, 0,
                    m[3], in);
        if (l > 0)
            cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, b, in, out, 1, m[2], out, m[1],
                        in, 0, m[0], in);
        in = out;
    }
}

static double product_rate(const struct shape *s, double seconds)
{
    float *m[4];
    size_t n = 1024 * 1024;
    for (int i = 0; i < 4; i++)
        if (!(m[i] = mem_aligned_alloc(n, sizeof(float))))
            die("out of memory");
        else
            memset(m[i], 0, n * sizeof(float));
    products(s, m);
    double best = 0, start = clock_now_s();
    while (clock_now_s() - start < seconds) {
        double began = clock_now_s();
        long batches = 0;
        do {
            for (int i = 0; i < 32; i++, batches++)
                products(s, m);
        } while (clock_now_s() - began < seconds / 8);
        double rate = (double)(batches * s->batch) / (clock_now_s() - began);
        best = rate > best ? rate : best;
    }
    for (int i = 0; i < 4; i++)
        mem_free(m[i]);
    return best;
}

int main(int argc, char **argv)
{
    double seconds = 1;
    if (argc > 1 && (!text_parse_double(argv[1], &seconds) || seconds <= 0))
        die("usage: bench_train [seconds per measurement]");
    net_init();
    printf("one thread, dropout 0.2, samples/s; limit = the products alone (OpenBLAS, %s)\n\n",
           openblas_get_corename());
    printf("%-16s %5s  %10s %10s %10s  %6s %6s\n", "network", "batch", "Adam", "SGD", "limit",
           "Adam", "SGD");
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const struct shape *s = &shapes[i];
        struct net_rows rows = random_rows(s->n_inputs, s->n_classes);
        double adam = training_rate(s, &rows, NET_ADAM, seconds);
        double sgd = training_rate(s, &rows, NET_SGD, seconds), limit = product_rate(s, seconds);
        char text[3][32];
        printf("%-16s %5d  %10s %10s %10s  %5.0f%% %5.0f%%\n", s->name, s->batch,
               text_count(text[0], sizeof text[0], (int64_t)adam),
               text_count(text[1], sizeof text[1], (int64_t)sgd),
               text_count(text[2], sizeof text[2], (int64_t)limit), 100 * adam / limit,
               100 * sgd / limit);
        mem_free((void *)(uintptr_t)rows.x);
        mem_free((void *)(uintptr_t)rows.y);
    }
    return 0;
}
