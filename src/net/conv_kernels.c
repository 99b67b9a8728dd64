/* conv_kernels: the tiles of conv_body.h compiled for several instruction sets.
 *
 * Vectors are GCC's (clang knows them too), products and sums plain operators that the compiler
 * fuses where the processor can: no intrinsics, so the generic table is vector code on any
 * processor. */
#include "conv_kernels.h"

#include <stdbool.h>
#include <string.h>

/* gcc unrolls and fuses only when asked; clang does it by itself, and unrolls where told. */
#if defined(__GNUC__) && !defined(__clang__)
#define CONV_OPTIMIZE optimize("O3", "fp-contract=fast"),
#define UNROLL _Pragma("GCC unroll 16")
#else
#define CONV_OPTIMIZE
#define UNROLL _Pragma("clang loop unroll(full)")
#endif
/* A loop that is unrolled completely. */
/* NOLINTNEXTLINE(bugprone-macro-parentheses) ; a declaration has none */
#define EACH(i, first, end) UNROLL for (int i = (first); i < (end); i++)

#define VARIANT(name) name##_generic
#define KERNEL __attribute__((CONV_OPTIMIZE)) static
#define INLINE __attribute__((CONV_OPTIMIZE always_inline)) static inline
#define LANES 4
#define VECTORS 1
#define RUNS 1
#define NARROW NULL
#include "conv_body.h"
#undef VARIANT
#undef KERNEL
#undef INLINE
#undef LANES
#undef VECTORS
#undef RUNS
#undef NARROW

#if defined(__x86_64__)

#define VARIANT(name) name##_avx2
#define KERNEL __attribute__((CONV_OPTIMIZE target("avx2,fma"))) static
#define INLINE __attribute__((CONV_OPTIMIZE always_inline, target("avx2,fma"))) static inline
#define LANES 8
#define VECTORS 1
#define RUNS 1
#define NARROW NULL
#include "conv_body.h"
#undef VARIANT
#undef KERNEL
#undef INLINE
#undef LANES
#undef VECTORS
#undef RUNS
#undef NARROW

#define VARIANT(name) name##_avx512
#define TARGET target("avx512f,avx512bw,avx512dq,avx512vl,fma")
#define KERNEL __attribute__((CONV_OPTIMIZE TARGET)) static
#define INLINE __attribute__((CONV_OPTIMIZE always_inline, TARGET)) static inline
#define LANES CONV_MAX_LANES
#define VECTORS 2
#define RUNS 2
#define NARROW &conv_kernels_avx2
#include "conv_body.h"

#endif
