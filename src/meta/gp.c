/* gp: Gaussian processes with a Matern-5/2 kernel: one factorisation, any number of targets.
 *
 * What always holds: rows are scaled once by the length scales, choices spread into one column per
 * choice, so that all distances are Euclidean and come from one matrix product. */
#include "gp.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

enum { BLOCK = 32, CANDIDATE_BLOCK = 512 };

/* ---- places of configurations ------------------------------------------------------------ */

void gp_axes(const struct space *space, struct gp_kernel *out)
{
    *out = (struct gp_kernel){.n_dims = space->n, .variance = 1, .noise = 0.05};
    for (int i = 0; i < space->n; i++) {
        out->levels[i] = space->h[i].kind == HYPER_CATEGORICAL ? space->h[i].n_choices : 0;
        out->length[i] = 1;
    }
}

void gp_place(const struct space *space, const struct configuration *c, double *x)
{
    space_encode(space, c, x);
    for (int i = 0; i < space->n; i++)
        if (space->h[i].kind == HYPER_CATEGORICAL)
            x[i] = space_is_active(space, c, i) ? c->value[i] : space->h[i].fallback;
}

int gp_columns(const struct gp_kernel *kernel, int d)
{
    return kernel->levels[d] > 0 ? kernel->levels[d] : 1;
}

int gp_width(const struct gp_kernel *kernel)
{
    int width = 0;
    for (int d = 0; d < kernel->n_dims; d++)
        width += gp_columns(kernel, d);
    return width;
}

/* Two different choices are 1 / length apart: each puts 1 / (sqrt(2) length) in its own column. */
void gp_scale(const struct gp_kernel *k, const double *x, int n, double *out, double *square)
{
    for (int i = 0; i < n; i++, x += k->n_dims) {
        square[i] = 0;
        for (int d = 0; d < k->n_dims; d++) {
            int levels = k->levels[d];
            double unit = 1 / k->length[d];
            for (int level = 0; level < levels; level++)
                *out++ = level == (int)x[d] ? unit * sqrt(0.5) : 0;
            if (levels == 0)
                *out++ = x[d] * unit;
            square[i] += levels > 0 ? 0.5 * unit * unit : x[d] * x[d] * unit * unit;
        }
    }
}

void gp_covariances(const struct gp_kernel *k, const double *a, const double *a_sq, int n_a,
                    const double *b, const double *b_sq, int n_b, double *out)
{
    int width = gp_width(k);
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, n_a, n_b, width, -2, a, width, b, width, 0,
                out, n_b);
    for (int i = 0; i < n_a; i++, out += n_b)
        gp_matern52(k->variance, a_sq[i], b_sq, out, n_b);
}

/* ---- Cholesky factorisation -------------------------------------------------------------- */

static bool factor_block(double *a, int n, int stride)
{
    for (int j = 0; j < n; j++)
        for (int i = j; i < n; i++) {
            double *row = a + (size_t)i * (size_t)stride, *pivot = a + (size_t)j * (size_t)stride;
            double sum = row[j];
            for (int k = 0; k < j; k++)
                sum -= row[k] * pivot[k];
            if (i == j && !(sum > 0))
                return false;
            row[j] = i == j ? sqrt(sum) : sum / pivot[j];
        }
    return true;
}

/* Lower triangle in place, block by block, so that most of the work is matrix products. */
static bool factorise(double *a, int n)
{
    for (int k = 0; k < n; k += BLOCK) {
        int size = n - k < BLOCK ? n - k : BLOCK, rest = n - k - size;
        double *corner = a + (size_t)k * (size_t)n + k, *below = corner + (size_t)size * (size_t)n;
        if (!factor_block(corner, size, n))
            return false;
        if (rest == 0)
            break;
        cblas_dtrsm(CblasRowMajor, CblasRight, CblasLower, CblasTrans, CblasNonUnit, rest, size, 1,
                    corner, n, below, n);
        cblas_dsyrk(CblasRowMajor, CblasLower, CblasNoTrans, rest, size, -1, below, n, 1,
                    below + size, n);
    }
    return true;
}

/* ---- a process given data ---------------------------------------------------------------- */

bool gp_reserve(struct gp *g, const struct gp_kernel *kernel, int n)
{
    *g = (struct gp){.kernel = *kernel, .n = n, .width = gp_width(kernel)};
    g->scaled = mem_alloc((size_t)n, (size_t)g->width * sizeof *g->scaled);
    g->square = mem_alloc((size_t)n, sizeof *g->square);
    g->diagonal = mem_alloc((size_t)n, sizeof *g->diagonal);
    g->factor = mem_alloc((size_t)n, (size_t)n * sizeof *g->factor);
    return g->scaled && g->square && g->diagonal && g->factor;
}

void gp_release(struct gp *g)
{
    mem_free(g->scaled);
    mem_free(g->square);
    mem_free(g->diagonal);
    mem_free(g->factor);
}

bool gp_fill(struct gp *g, const double *x, const double *noise)
{
    const double jitter = 1e-8; /* what double numbers need where rows are equal */
    int n = g->n;
    gp_scale(&g->kernel, x, n, g->scaled, g->square);
    cblas_dsyrk(CblasRowMajor, CblasLower, CblasNoTrans, n, g->width, -2, g->scaled, g->width, 0,
                g->factor, n);
    double *row = g->factor;
    for (int i = 0; i < n; i++, row += n) {
        gp_matern52(g->kernel.variance, g->square[i], g->square, row, i);
        g->diagonal[i] = g->kernel.variance * (1 + jitter) + (noise ? noise[i] : g->kernel.noise);
        row[i] = g->diagonal[i];
    }
    if (!factorise(g->factor, n))
        return false;
    g->half_logs = 0;
    for (int i = 0; i < n; i++)
        g->half_logs += log(g->factor[(size_t)i * (size_t)n + (size_t)i]);
    return true;
}

enum err gp_new(const struct gp_kernel *kernel, const double *x, const double *noise, int n,
                struct gp **out)
{
    *out = NULL;
    if (n < 1 || n > GP_ROWS_MAX)
        return ERR_RANGE;
    struct gp *g = mem_alloc(1, sizeof *g);
    if (!g)
        return ERR_MEMORY;
    enum err err = !gp_reserve(g, kernel, n) ? ERR_MEMORY
                   : !gp_fill(g, x, noise)   ? ERR_RANGE
                                             : ERR_OK;
    if (err == ERR_OK)
        *out = g;
    else
        gp_free(g);
    return err;
}

void gp_free(struct gp *g)
{
    if (g)
        gp_release(g);
    mem_free(g);
}

void gp_weights(const struct gp *g, const double *y, int n_targets, double *weights)
{
    memmove(weights, y, (size_t)n_targets * (size_t)g->n * sizeof *y);
    cblas_dtrsm(CblasRowMajor, CblasRight, CblasLower, CblasTrans, CblasNonUnit, n_targets, g->n, 1,
                g->factor, g->n, weights, g->n);
    cblas_dtrsm(CblasRowMajor, CblasRight, CblasLower, CblasNoTrans, CblasNonUnit, n_targets, g->n,
                1, g->factor, g->n, weights, g->n);
}

double gp_log_likelihood(const struct gp *g, const double *y, const double *weights)
{
    const double log_2pi = 1.8378770664093453;
    return -0.5 * cblas_ddot(g->n, y, 1, weights, 1) - g->half_logs - 0.5 * g->n * log_2pi;
}

/* A block of candidates; cross: room for [m x n]. */
static void predict_block(const struct gp *g, const double *weights, int n_targets,
                          const double *scaled, const double *square, int m, double *cross,
                          double *mean, int mean_stride, double *variance)
{
    gp_covariances(&g->kernel, scaled, square, m, g->scaled, g->square, g->n, cross);
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, n_targets, m, g->n, 1, weights, g->n,
                cross, g->n, 0, mean, mean_stride);
    if (!variance)
        return;
    cblas_dtrsm(CblasRowMajor, CblasRight, CblasLower, CblasTrans, CblasNonUnit, m, g->n, 1,
                g->factor, g->n, cross, g->n);
    for (int i = 0; i < m; i++, cross += g->n)
        variance[i] = fmax(g->kernel.variance - cblas_ddot(g->n, cross, 1, cross, 1), 0);
}

enum err gp_predict(const struct gp *g, const double *weights, int n_targets, const double *x,
                    int m, double *mean, double *variance)
{
    size_t rows = CANDIDATE_BLOCK;
    double *room = mem_alloc(rows, (size_t)(g->n + g->width + 1) * sizeof *room);
    if (!room)
        return ERR_MEMORY;
    double *scaled = room + rows * (size_t)g->n, *square = scaled + rows * (size_t)g->width;
    for (int i = 0; i < m; i += CANDIDATE_BLOCK) {
        int size = m - i < CANDIDATE_BLOCK ? m - i : CANDIDATE_BLOCK;
        gp_scale(&g->kernel, x + (size_t)i * (size_t)g->kernel.n_dims, size, scaled, square);
        predict_block(g, weights, n_targets, scaled, square, size, room, mean + i, m,
                      variance ? variance + i : NULL);
    }
    mem_free(room);
    return ERR_OK;
}

enum err gp_glance(const struct gp *g, const double *weights, const double *x, int m, double *mean,
                   double *most)
{
    size_t points = (size_t)m, n = (size_t)g->n;
    double *room = mem_alloc(points, (n + (size_t)g->width + 1) * sizeof *room);
    if (!room)
        return ERR_MEMORY;
    double *cross = room, *scaled = cross + points * n,
           *square = scaled + points * (size_t)g->width;
    gp_scale(&g->kernel, x, m, scaled, square);
    gp_covariances(&g->kernel, scaled, square, m, g->scaled, g->square, g->n, cross);
    cblas_dgemv(CblasRowMajor, CblasNoTrans, m, g->n, 1, cross, g->n, weights, 1, 0, mean, 1);
    for (int i = 0; i < m; i++, cross += n) {
        double told = 0;
        for (int j = 0; j < g->n; j++) {
            double by_row = cross[j] * cross[j] / g->diagonal[j];
            told = by_row > told ? by_row : told;
        }
        most[i] = g->kernel.variance - told;
    }
    mem_free(room);
    return ERR_OK;
}

double gp_expected_improvement(double mean, double sd, double best)
{
    if (!(sd > 0))
        return fmax(best - mean, 0);
    double z = (best - mean) / sd;
    return fmax(sd * (z * normal_below(z) + normal_density(z)), 0);
}
