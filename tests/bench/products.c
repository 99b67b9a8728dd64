/* products: the limit: see networks.h. A list of sgemm calls over three matrices, each as large as
 * the largest call needs; the first two are never written, so every call computes with ordinary
 * numbers. */
#include "networks.h"

#include <cblas.h>
#include <string.h>

enum { MAX_CALLS = 3 * (NET_MAX_HIDDEN + NET_MAX_CONV + 1) };

struct call {
    CBLAS_TRANSPOSE trans_a;
    int m, n, k; /* c [m x n] = a b over k */
};

struct products {
    int batch, n_calls;
    struct call call[MAX_CALLS];
    float *a, *b, *c;
};

static void add_call(struct products *p, CBLAS_TRANSPOSE trans_a, int m, int n, int k)
{
    p->call[p->n_calls++] = (struct call){trans_a, m, n, k};
}

/* A linear map of rows: rows x in -> rows x out. */
static void add_map(struct products *p, int rows, int in, int out, bool first)
{
    add_call(p, CblasNoTrans, rows, out, in);
    add_call(p, CblasTrans, out, in, rows);
    if (!first)
        add_call(p, CblasNoTrans, rows, in, out);
}

static void list_calls(struct products *p, const struct network *n)
{
    struct net_config c = network_config(n, NET_SGD);
    int in = n->n_inputs, side = n->image_side, channels = 1;
    for (int l = 0; l < c.conv_layers; l++) {
        int filters = c.filters << l, window = c.kernel_size * c.kernel_size * channels;
        add_map(p, n->batch * side * side, window, filters, l == 0);
        channels = filters;
        side /= 2;
        in = side * side * channels;
    }
    for (int l = 0; l < n->num_layers; l++, in = n->units)
        add_map(p, n->batch, in, n->units, p->n_calls == 0);
    add_map(p, n->batch, in, n->n_classes, false);
}

static float *random_matrix(size_t n)
{
    float *m = mem_aligned_alloc(n, sizeof *m);
    struct rng rng;
    rng_seed(&rng, 2, 0);
    for (size_t i = 0; m && i < n; i++)
        m[i] = (float)rng_uniform(&rng);
    return m;
}

static size_t larger(size_t size, int rows, int columns)
{
    size_t wanted = (size_t)rows * (size_t)columns;
    return wanted > size ? wanted : size;
}

enum err products_new(const struct network *n, struct products **out, struct err_info *info)
{
    struct products *p = mem_zero_alloc(1, sizeof *p);
    *out = p;
    if (!p)
        return err_set_memory(info, "products");
    p->batch = n->batch;
    list_calls(p, n);
    size_t a = 0, b = 0, c = 0;
    for (const struct call *f = p->call; f < p->call + p->n_calls; f++) {
        a = larger(a, f->m, f->k);
        b = larger(b, f->k, f->n);
        c = larger(c, f->m, f->n);
    }
    p->a = random_matrix(a);
    p->b = random_matrix(b);
    p->c = random_matrix(c);
    if (p->a && p->b && p->c)
        return ERR_OK;
    products_free(p);
    *out = NULL;
    return err_set_memory(info, "products");
}

void products_free(struct products *p)
{
    if (!p)
        return;
    mem_free(p->a);
    mem_free(p->b);
    mem_free(p->c);
    mem_free(p);
}

static void multiply_batch(const struct products *p)
{
    for (const struct call *f = p->call; f < p->call + p->n_calls; f++)
        cblas_sgemm(CblasRowMajor, f->trans_a, CblasNoTrans, f->m, f->n, f->k, 1, p->a,
                    f->trans_a == CblasTrans ? f->m : f->k, p->b, f->n, 0, p->c, f->n);
}

double products_rate(struct products *p, double seconds)
{
    double began = bench_now_s(CLOCK_THREAD_CPUTIME_ID), passed;
    long batches = 0;
    do {
        for (int left = BENCH_ROWS; left > 0; left -= p->batch, batches++)
            multiply_batch(p);
        passed = bench_now_s(CLOCK_THREAD_CPUTIME_ID) - began;
    } while (passed < seconds);
    return (double)(batches * p->batch) / passed;
}
