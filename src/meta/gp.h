/* What gp.c, gp_tune.c, transfer.c and surrogate.c share: a process's rows, scaled, and its
 * factorised kernel matrix. */
#ifndef TILLER_META_GP_H
#define TILLER_META_GP_H

#include "tiller/meta.h"

struct gp {
    struct gp_kernel kernel;
    int n, width;     /* rows, columns when scaled */
    double *scaled;   /* [n x width] by length scales; choices have a column each */
    double *square;   /* [n] squared lengths of these rows */
    double *diagonal; /* [n] of the kernel matrix, noise included */
    double *factor;   /* [n x n] lower Cholesky factor, row-major; above the diagonal: rubbish */
    double half_logs; /* sum of the logarithms of its diagonal: half of the log determinant */
};

/* Room for n rows; false: out of memory (gp_release it all the same). */
bool gp_reserve(struct gp *g, const struct gp_kernel *kernel, int n);
void gp_release(struct gp *g);
/* Scales rows x and factorises; noise as in gp_new. false: not positive definite. */
bool gp_fill(struct gp *g, const double *x, const double *noise);
/* As gp_predict for one target, but most[m] is only an upper bound on the variance: what it would
 * be with one row alone, the one that says most. In a fraction of the time. */
enum err gp_glance(const struct gp *g, const double *weights, const double *x, int m, double *mean,
                   double *most);
/* Columns of dimension d when scaled; of all of them. */
int gp_columns(const struct gp_kernel *kernel, int d);
int gp_width(const struct gp_kernel *kernel);
/* Rows x[n x n_dims], scaled[n x width], and their squared lengths[n]. */
void gp_scale(const struct gp_kernel *kernel, const double *x, int n, double *scaled,
              double *square);
/* row[n] = variance k(r), where r^2 = square + squares[n] + row[n] (matern.c). */
void gp_matern52(double variance, double square, const double *squares, double *row, int n);
/* out[n_a x n_b]: covariances of scaled rows a and b. */
void gp_covariances(const struct gp_kernel *kernel, const double *a, const double *a_square,
                    int n_a, const double *b, const double *b_square, int n_b, double *out);

#endif
