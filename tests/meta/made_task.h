/* Tasks made on the spot for the tests of meta-features. Their validation and test rows lie in
 * memory that nobody may touch, and every count that covers those rows is nonsense: whoever looks
 * at them dies or shows it. */
#ifndef TILLER_TESTS_META_MADE_TASK_H
#define TILLER_TESTS_META_MADE_TASK_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "tiller/meta.h"

struct made_task {
    struct data_set set;
    float *x, *target; /* the training part's own */
    int32_t *y;
};

/* One row: x[d]; returns the label: a class, or a number. */
typedef double (*row_maker)(struct rng *rng, int i, float *x, int d);

static inline void *forbidden(void)
{
    static void *page;
    if (!page)
        page = mmap(NULL, 1 << 16, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(page != MAP_FAILED);
    return page;
}

/* n_classes 0: regression; the label is then standardised as data does it. */
static inline void make_task(struct made_task *t, row_maker maker, int n, int d, int n_classes,
                             uint64_t seed)
{
    struct rng rng;
    double mean = 0, squares = 0;
    rng_seed(&rng, seed, 0);
    memset(t, 0, sizeof *t);
    t->x = mem_alloc((size_t)n * (size_t)d, sizeof *t->x);
    t->target = mem_alloc((size_t)n, sizeof *t->target);
    t->y = mem_alloc((size_t)n, sizeof *t->y);
    for (int i = 0; i < n; i++) {
        double label = maker(&rng, i, t->x + (size_t)i * (size_t)d, d);
        t->y[i] = (int32_t)label;
        t->target[i] = (float)label;
        mean += label / n;
    }
    for (int i = 0; i < n; i++)
        squares += (t->target[i] - mean) * (t->target[i] - mean) / n;
    for (int i = 0; i < n; i++)
        t->target[i] = (float)((t->target[i] - mean) / sqrt(squares));
    struct data_set *set = &t->set;
    text_copy(set->name, sizeof set->name, "made");
    set->source = DATA_TABLE;
    set->task = n_classes > 0 ? DATA_CLASSIFICATION : DATA_REGRESSION;
    set->n_inputs = d;
    set->n_classes = n_classes;
    for (int p = 0; p < DATA_N_PARTS; p++)
        set->part[p] = (struct data_part){n, forbidden(), forbidden(), forbidden()};
    set->part[DATA_TRAIN] =
        (struct data_part){n, t->x, n_classes > 0 ? t->y : NULL, n_classes > 0 ? NULL : t->target};
    set->class_rows = forbidden();
    set->class_names = forbidden();
    set->columns = forbidden();
    set->target_low = set->target_high = set->majority_error = (double)NAN;
    set->n_rows = set->n_duplicates = INT64_MIN;
}

static inline void free_task(struct made_task *t)
{
    mem_free(t->x);
    mem_free(t->target);
    mem_free(t->y);
}

#endif
