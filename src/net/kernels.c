/* kernels: the loops of kernels_body.h compiled for several instruction sets, and the choice
 * between them. A table chosen by __builtin_cpu_supports rather than target_clones: resolvers run
 * before the thread sanitizer is ready. */
#include "kernels.h"

#include "conv_kernels.h"
#include "product_kernels.h"

#include <math.h>
#include <string.h>

/* gcc's -O2 vectorises only the simplest loops, and not those whose comparisons might trap; clang's
 * does all of them. */
#if defined(__GNUC__) && !defined(__clang__)
#define KERNEL_OPTIMIZE optimize("O3", "no-trapping-math"),
#else
#define KERNEL_OPTIMIZE
#endif

enum {
    PART_ROWS = 64,     /* float sums over more rows are made of parts, to keep their precision */
    BLOCK_COLUMNS = 256 /* taken along over all rows where sums have no room but the stack */
};

/* TYPE TOTAL = the sum of TERM over i = 0..N-1, in lanes that every vector width divides: the
 * compiler may not change the order of a float sum by itself, and this order is every table's. */
#define KERNEL_SUM(type, total, n, term)                                                           \
    type total = 0;                                                                                \
    do {                                                                                           \
        type lane_[KERNEL_LANES] = {0};                                                            \
        const size_t whole_ = (size_t)(n) / KERNEL_LANES * KERNEL_LANES;                           \
        for (size_t first_ = 0; first_ < whole_; first_ += KERNEL_LANES)                           \
            for (size_t l_ = 0; l_ < KERNEL_LANES; l_++) {                                         \
                const size_t i = first_ + l_;                                                      \
                lane_[l_] += (term);                                                               \
            }                                                                                      \
        for (size_t half_ = KERNEL_LANES / 2; half_ > 0; half_ /= 2)                               \
            for (size_t l_ = 0; l_ < half_; l_++)                                                  \
                lane_[l_] += lane_[l_ + half_];                                                    \
        (total) += lane_[0];                                                                       \
        for (size_t i = whole_; i < (size_t)(n); i++)                                              \
            (total) += (term);                                                                     \
    } while (0)

#define VARIANT(name) name##_generic
#define KERNEL_NAME "generic"
#define KERNEL __attribute__((KERNEL_OPTIMIZE unused)) static
#if defined(__ARM_FEATURE_FMA)
#define FMA(a, b, c) __builtin_fmaf(a, b, c)
#else
#define FMA(a, b, c) ((a) * (b) + (c))
#endif
#include "kernels_body.h"
#undef VARIANT
#undef KERNEL_NAME
#undef KERNEL
#undef FMA

#if defined(__x86_64__)
#define FMA(a, b, c) __builtin_fmaf(a, b, c)

#define VARIANT(name) name##_avx2
#define KERNEL_NAME "avx2"
#define KERNEL __attribute__((KERNEL_OPTIMIZE unused, target("avx2,fma"))) static
#include "kernels_body.h"
#undef VARIANT
#undef KERNEL_NAME
#undef KERNEL

#define VARIANT(name) name##_avx512
#define KERNEL_NAME "avx512"
#define KERNEL                                                                                     \
    __attribute__((KERNEL_OPTIMIZE unused, target("avx512f,avx512bw,avx512dq,avx512vl,"            \
                                                  "fma"))) static
#include "kernels_body.h"
#endif

size_t kernels_list(const struct kernels *out[4])
{
    size_t n = 0;
    out[n++] = &kernels_generic;
#if defined(__x86_64__)
    __builtin_cpu_init();
    bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    if (avx2)
        out[n++] = &kernels_avx2;
    if (avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
        out[n++] = &kernels_avx512;
#endif
    return n;
}

const struct kernels *kernels_best(void)
{
    const struct kernels *all[4] = {NULL};
    return all[kernels_list(all) - 1];
}

bool dropout_keeps(const struct dropout *dropout, uint32_t index)
{
    return dropout->threshold == 0 ||
           random_bits_generic(dropout->key[0], dropout->key[1], index) >= dropout->threshold;
}
