/* whole_ranks: mean ranks after every whole number of full trainings: who is first all the way? */
#include "whole_ranks.h"
#include "ranks.h"

#include <math.h>

/* Mean regret of a family's tasks. */
static double family_regret(const struct bench_result *r, enum bench_axis axis, int family,
                            int method, int trainings)
{
    double sum = 0;
    int n = 0;
    for (int t = 0; t < r->table->n_tasks; t++) {
        if (r->table->family[t] != family)
            continue;
        for (int s = 0; s < r->n_seeds; s++)
            sum += bench_regret(r, method, t, s, axis, trainings);
        n += r->n_seeds;
    }
    return sum / n;
}

enum err whole_ranks_fill(struct bench_statistics *s, struct err_info *info)
{
    const struct bench_result *r = s->result;
    int families = r->table->n_families, methods = r->n_methods;
    double *block = mem_alloc((size_t)families * (size_t)methods, sizeof *block);
    double *rank = mem_alloc((size_t)methods, sizeof *rank);
    s->whole_rank = mem_zero_alloc((size_t)methods, BENCH_WHOLE * sizeof *s->whole_rank);
    bool made = block && rank && s->whole_rank;
    s->n_whole = (int)fmin(BENCH_WHOLE, floor(r->budget + 1e-9));
    for (int b = 0; made && b < s->n_whole; b++) {
        for (int f = 0; f < families; f++)
            for (int m = 0; m < methods; m++)
                block[f * methods + m] = family_regret(r, s->axis, f, m, b + 1);
        ranks_friedman(block, families, methods, rank);
        for (int m = 0; m < methods; m++)
            s->whole_rank[m * BENCH_WHOLE + b] = rank[m];
    }
    mem_free(block);
    mem_free(rank);
    return made ? ERR_OK : err_set_memory(info, "statistics");
}

bool whole_ranks_first(const struct bench_statistics *s, int method, int budget)
{
    for (int m = 0; m < s->result->n_methods; m++)
        if (s->whole_rank[m * BENCH_WHOLE + budget] <
            s->whole_rank[method * BENCH_WHOLE + budget] - 1e-12)
            return false;
    return true;
}
