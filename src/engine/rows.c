/* rows: parts of a data set as the network takes them: one part lent, or two parts copied together.
 */
#include "tiller/engine.h"

#include <string.h>

struct net_rows net_rows_of(const struct data_set *set, enum data_part_id part)
{
    const struct data_part *p = &set->part[part];
    return (struct net_rows){.n_rows = p->n_rows,
                             .n_inputs = set->n_inputs,
                             .n_classes = set->n_classes,
                             .x = p->x,
                             .y = p->y,
                             .target = p->target,
                             .target_scale = set->target_scale,
                             .image_rows = set->image_rows,
                             .image_columns = set->image_columns};
}

/* The first part's values and behind them the second's; NULL: out of memory. width: values a row.
 */
static void *join(const void *first, int32_t n_first, const void *second, int32_t n_second,
                  size_t width, size_t size)
{
    size_t row = width * size, n = (size_t)n_first + (size_t)n_second;
    char *both = row / size == width ? mem_aligned_alloc(n, row) : NULL;
    if (!both)
        return NULL;
    memcpy(both, first, (size_t)n_first * row);
    memcpy(both + (size_t)n_first * row, second, (size_t)n_second * row);
    return both;
}

enum err net_rows_join(const struct data_set *set, struct net_rows *out, struct err_info *info)
{
    const struct data_part *a = &set->part[DATA_TRAIN], *b = &set->part[DATA_VALIDATION];
    *out = net_rows_of(set, DATA_TRAIN);
    out->x = NULL;
    out->y = NULL;
    out->target = NULL;
    if (a->n_rows > INT32_MAX - b->n_rows)
        return err_set_memory(info, set->path);
    out->n_rows = a->n_rows + b->n_rows;
    out->x = join(a->x, a->n_rows, b->x, b->n_rows, (size_t)set->n_inputs, sizeof *out->x);
    if (a->y)
        out->y = join(a->y, a->n_rows, b->y, b->n_rows, 1, sizeof *out->y);
    if (a->target)
        out->target = join(a->target, a->n_rows, b->target, b->n_rows, 1, sizeof *out->target);
    if (out->x && (!a->y || out->y) && (!a->target || out->target))
        return ERR_OK;
    net_rows_release(out);
    return err_set_memory(info, set->path);
}

void net_rows_release(struct net_rows *rows)
{
    mem_free((void *)rows->x);
    mem_free((void *)rows->y);
    mem_free((void *)rows->target);
    *rows = (struct net_rows){0};
}
