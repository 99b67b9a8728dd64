/* method: methods of a comparison by their names, and what one search of a method came to. */
#include "tiller/bench.h"

#include <math.h>
#include <string.h>

/* ---- names ------------------------------------------------------------------------------- */

static enum err unknown_method(const char *name, struct err_info *info)
{
    return err_set(info, ERR_USAGE, "--methods", "SAMPLER or SAMPLER+PRUNER",
                   "there is no method '%s'", name);
}

static const char *const known_names[BENCH_KNOWN_N] = {"", "no", "permuted", "blind", "own"};

/* Cuts off what stands behind the mark; NULL: there is none. */
static const char *cut_at(char *text, char mark)
{
    char *at = strchr(text, mark);
    if (at)
        *at++ = 0;
    return at;
}

enum err bench_method_find(const char *name, struct bench_method *out, struct err_info *info)
{
    char words[BENCH_NAME_MAX];
    int k = 0;
    memset(out, 0, sizeof *out);
    if (!text_copy(out->name, sizeof out->name, name))
        return unknown_method(name, info);
    text_copy(words, sizeof words, name);
    const char *known = cut_at(words, '@'), *pruner = cut_at(words, '+');
    while (known && k < BENCH_KNOWN_N && (k == 0 || strcmp(known, known_names[k]) != 0))
        k++;
    out->sampler = sampler_find(words);
    out->pruner = pruner_find(pruner ? pruner : "none");
    if (!out->sampler || !out->pruner || k == BENCH_KNOWN_N)
        return unknown_method(name, info);
    out->known = (enum bench_known)k;
    return ERR_OK;
}

/* ---- what came of it --------------------------------------------------------------------- */

void bench_run_free(struct bench_run *run)
{
    mem_free(run->step);
    memset(run, 0, sizeof *run);
}

static double charged_at(const struct bench_step *s, enum bench_axis axis)
{
    return axis == BENCH_COST ? s->cost : s->epoch;
}

double bench_run_error(const struct bench_run *run, enum bench_axis axis, double charged,
                       double untrained)
{
    int low = 0, high = run->n_steps; /* steps before low are charged in full */
    while (low < high) {
        int middle = low + (high - low) / 2;
        if (charged_at(&run->step[middle], axis) <= charged)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 ? fmin(run->step[low - 1].error, untrained) : untrained;
}

double bench_run_reaches(const struct bench_run *run, enum bench_axis axis, double target)
{
    for (int i = 0; i < run->n_steps; i++)
        if (run->step[i].error <= target)
            return charged_at(&run->step[i], axis);
    return 0;
}
