/* blas: what a process does once before it trains: OpenBLAS's own threads off, kernels chosen.
 *
 * The workers are the parallelism; a BLAS that starts threads of its own inside each of them is
 * slower and not repeatable. */
#include "internal.h"

#include <cblas.h>

/* Written by net_init before the first thread starts, read-only afterwards. */
static const struct kernels *chosen;

void net_init(void)
{
    openblas_set_num_threads(1);
    chosen = kernels_best();
}

void blas_single(void)
{
    /* In the OpenMP build the number of threads belongs to each thread, so net_init's word does not
     * reach the workers; in the usual pthread build it holds for the process. */
    static _Thread_local bool done;
    if (!done && openblas_get_parallel() == 2)
        openblas_set_num_threads(1);
    done = true;
}

const struct kernels *kernels_chosen(void)
{
    return chosen ? chosen : kernels_best();
}
