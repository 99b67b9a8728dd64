/* schedule: the learning rate of the next batch.
 *
 * A schedule is a function of the share of its length that is done, batch by batch; a warm-up, in
 * the first cycle only, multiplies it by a line from 0 to 1. */
#include "internal.h"

#include <math.h>

#define PI 3.141592653589793

struct progress {
    double batches, total; /* done in this cycle; of the whole cycle */
};

static double constant(struct progress p)
{
    (void)p;
    return 1;
}

/* Loshchilov & Hutter 2017, eq. 5 with the lower end 0. */
static double cosine(struct progress p)
{
    double share = p.batches / p.total;
    return share < 1 ? 0.5 * (1 + cos(PI * share)) : 0;
}

/* A tenth from the half on, a hundredth from three quarters on (He et al. 2016, section 3.4, divide
 * by 10 at two places). */
static double step(struct progress p)
{
    double share = p.batches / p.total;
    return share < 0.5 ? 1 : share < 0.75 ? 0.1 : 0.01;
}

/* Between two rates by half a cosine. */
static double anneal(double from, double to, double share)
{
    return to + (from - to) * 0.5 * (1 + cos(PI * share));
}

/* Smith & Topin 2018 in the form of PyTorch's OneCycleLR: up from a 25th in the first 30 %, then
 * down to a 250,000th. */
static double one_cycle(struct progress p)
{
    const double first = 1.0 / 25, last = first / 1e4;
    double peak = 0.3 * p.total - 1, end = p.total - 1;
    if (p.batches <= peak)
        return peak > 0 ? anneal(first, 1, p.batches / peak) : 1;
    return p.batches < end ? anneal(1, last, (p.batches - peak) / (end - peak)) : last;
}

static double (*const schedules[NET_N_SCHEDULES])(struct progress) = {
    [NET_CONSTANT] = constant,
    [NET_COSINE] = cosine,
    [NET_STEP] = step,
    [NET_ONE_CYCLE] = one_cycle,
};

static double warmup(const struct training *t)
{
    double length = ceil(t->config.warmup_epochs * t->batches_per_epoch);
    double next = (double)training_batches(t) + 1;
    return t->config.cycle_first_epoch == 0 && next < length ? next / length : 1;
}

double net_current_rate(const struct training *t)
{
    const struct net_config *c = &t->config;
    struct progress p = {
        .batches = (double)(t->epoch - c->cycle_first_epoch) * t->batches_per_epoch + t->batch,
        .total = (double)c->schedule_epochs * t->batches_per_epoch};
    return c->learning_rate * c->cycle_rate_scale * schedules[c->schedule](p) * warmup(t);
}

void net_begin_cycle(struct training *t, int epochs, double rate_scale)
{
    if (t->config.schedule == NET_CONSTANT)
        return;
    t->config.schedule_epochs = epochs > 0 ? epochs : 1;
    t->config.cycle_rate_scale = rate_scale;
    t->config.cycle_first_epoch = t->epoch;
}
