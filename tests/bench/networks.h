/* networks: the networks that bench_train measures, one table for ours and for the peers: shape,
 * batch, random rows, configuration, and the ratios that are aimed at. */
#ifndef TILLER_BENCH_NETWORKS_H
#define TILLER_BENCH_NETWORKS_H

#include "tiller/net.h"

#include <time.h>

enum { BENCH_ROWS = 6400 };

/* Rates beside one another count the processor time of the one thread that works, ours and theirs:
 * the wall's time would also count what other programs took of this core meanwhile. */
static inline double bench_now_s(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* What is compared with ours, in the order of the table's columns. */
enum contender { PYTORCH, SCIKIT_LEARN, FANN, PRODUCTS };
enum { N_PEERS = FANN + 1, N_CONTENDERS = PRODUCTS + 1 };

struct network {
    const char *name;
    int n_inputs, units, num_layers, n_classes, batch;
    int image_side;            /* 0: a perceptron; else two convolutions of 16 and 32 filters */
    double goal[N_CONTENDERS]; /* least ratio of ours to it; PRODUCTS: least share of it */
};
extern const struct network networks[];
extern const int n_networks;

/* "784-128-10" (the first of that name) or "784-128-10:128", name and batch; NULL: none. */
const struct network *network_find(const char *text);
size_t network_count_parameters(const struct network *n);
/* The reference configuration (dropout 0.2, Adam at 0.001, momentum 0.9) with this shape. */
struct net_config network_config(const struct network *n, enum net_optimizer optimizer);

/* Uniform inputs, uniform labels: nothing to learn, everything to compute; the same numbers
 * whenever the shape is the same. Owner: caller, network_rows_free. */
enum err network_rows(const struct network *n, struct net_rows *out, struct err_info *info);
void network_rows_free(struct net_rows *rows);

/* net_new, refused also if the room makes another network than this one. Owner: caller, net_free.
 */
enum err network_new(const struct network *n, enum net_optimizer optimizer,
                     const struct net_rows *rows, struct training **out, struct err_info *info);
/* Samples per second of training as the search does it: whole epochs for at least so many seconds,
 * of that clock, at least one. 0 if it diverged. */
double network_train(struct training *t, clockid_t clock, double seconds);

/* The matrix products of one batch and nothing else, by cblas_sgemm on random matrices that stay in
 * place: forward, weight gradients, input gradients below the first layer; a convolution as the
 * product of its unfolded windows. */
struct products;
enum err products_new(const struct network *n, struct products **out, struct err_info *info);
void products_free(struct products *p);
double products_rate(struct products *p, double seconds); /* samples per second of this thread */

#endif
