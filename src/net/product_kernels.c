/* product_kernels: the tiles of product_body.h compiled for several instruction sets, each with the
 * next narrower one behind it for results of few columns. Vectors are
 * GCC's (clang knows them too), products and sums plain operators that the compiler fuses where the
 * processor can. */
#include "product_kernels.h"

/* gcc unrolls and fuses only when asked; clang does it by itself, and unrolls where told. */
#if defined(__GNUC__) && !defined(__clang__)
#define PRODUCT_OPTIMIZE optimize("O3", "fp-contract=fast"),
#define UNROLL _Pragma("GCC unroll 16")
#else
#define PRODUCT_OPTIMIZE
#define UNROLL _Pragma("clang loop unroll(full)")
#endif
/* A loop that is unrolled completely. */
/* NOLINTNEXTLINE(bugprone-macro-parentheses) ; a declaration has none */
#define EACH(i, first, end) UNROLL for (int i = (first); i < (end); i++)

#define VARIANT(name) name##_scalar
#define KERNEL __attribute__((PRODUCT_OPTIMIZE)) static
#define INLINE __attribute__((PRODUCT_OPTIMIZE always_inline)) static inline
#define LANES 1
#define ROWS 6
#define NARROW NULL
#include "product_body.h"
#undef VARIANT
#undef KERNEL
#undef INLINE
#undef LANES
#undef ROWS
#undef NARROW

#define VARIANT(name) name##_generic
#define KERNEL __attribute__((PRODUCT_OPTIMIZE)) static
#define INLINE __attribute__((PRODUCT_OPTIMIZE always_inline)) static inline
#define LANES 4
#define ROWS 6
#define NARROW &product_kernels_scalar
#include "product_body.h"
#undef VARIANT
#undef KERNEL
#undef INLINE
#undef LANES
#undef ROWS
#undef NARROW

#if defined(__x86_64__)

#define VARIANT(name) name##_avx2
#define KERNEL __attribute__((PRODUCT_OPTIMIZE target("avx2,fma"))) static
#define INLINE __attribute__((PRODUCT_OPTIMIZE always_inline, target("avx2,fma"))) static inline
#define LANES 8
#define ROWS 6
#define NARROW &product_kernels_generic
#include "product_body.h"
#undef VARIANT
#undef KERNEL
#undef INLINE
#undef LANES
#undef ROWS
#undef NARROW

#define VARIANT(name) name##_avx512
#define TARGET target("avx512f,avx512bw,avx512dq,avx512vl,fma")
#define KERNEL __attribute__((PRODUCT_OPTIMIZE TARGET)) static
#define INLINE __attribute__((PRODUCT_OPTIMIZE always_inline, TARGET)) static inline
#define LANES 16
#define ROWS 12
#define NARROW &product_kernels_avx2
#include "product_body.h"

#endif
