/* matern: the Matern-5/2 kernel over whole rows of squared distances. A proposal asks for tens of
 * thousands of values, so the loop is one that compilers turn into vector code.
 *
 * What always holds: the same numbers on every processor; nothing here is fused or reordered. */
#include "gp.h"

#include <math.h>

/* As in src/net/kernels.c: gcc's -O2 vectorises only the simplest loops. */
#if defined(__GNUC__) && !defined(__clang__)
#define OPTIMIZE optimize("O3", "no-trapping-math"),
#else
#define OPTIMIZE
#endif

/* e^-s for s >= 0, as 2^k e^r with |r| <= ln(2)/2 and Taylor's series of e^r, whose rest is below
 * 1e-17; no function call, no branch. Beyond 700: e^-700. */
static inline __attribute__((always_inline)) double exp_of_minus(double s)
{
    const double magic = 0x1.8p52; /* adding it rounds to an integer in the low bits */
    const double ln2_high = 0x1.62e42feep-1, ln2_low = 0x1.a39ef35793c76p-33;
    union {
        double number;
        uint64_t bits;
    } shifted, power;
    s = s > 700 ? 700 : s;
    shifted.number = magic - s * 1.4426950408889634;
    double k = shifted.number - magic;
    double r = (-s - k * ln2_high) - k * ln2_low;
    double r2 = r * r, r4 = r2 * r2;
    double p0 = 1 + r + r2 * (1.0 / 2 + r * (1.0 / 6));
    double p4 = 1.0 / 24 + r * (1.0 / 120) + r2 * (1.0 / 720 + r * (1.0 / 5040));
    double p8 = 1.0 / 40320 + r * (1.0 / 362880) + r2 * (1.0 / 3628800 + r * (1.0 / 39916800));
    double p12 = 1.0 / 479001600 + r * (1.0 / 6227020800);
    power.bits = (shifted.bits << 52) + (UINT64_C(1023) << 52);
    return (p0 + r4 * (p4 + r4 * (p8 + r4 * p12))) * power.number;
}

/* Rasmussen & Williams 2006, equation 4.17. */
static inline __attribute__((always_inline)) void row_of_values(double variance, double square,
                                                                const double *restrict squares,
                                                                double *restrict row, int n)
{
    for (int j = 0; j < n; j++) {
        double distance = square + squares[j] + row[j];
        double s = sqrt(distance > 0 ? 5 * distance : 0);
        row[j] = variance * (1 + s + s * s * (1.0 / 3)) * exp_of_minus(s);
    }
}

__attribute__((OPTIMIZE unused)) static void generic_row(double variance, double square,
                                                         const double *restrict squares,
                                                         double *restrict row, int n)
{
    row_of_values(variance, square, squares, row, n);
}

#if defined(__x86_64__)
__attribute__((OPTIMIZE target("avx2"))) static void avx2_row(double variance, double square,
                                                              const double *restrict squares,
                                                              double *restrict row, int n)
{
    row_of_values(variance, square, squares, row, n);
}
#endif

void gp_matern52(double variance, double square, const double *squares, double *row, int n)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2")) {
        avx2_row(variance, square, squares, row, n);
        return;
    }
#endif
    generic_row(variance, square, squares, row, n);
}
