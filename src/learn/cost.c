/* cost: what a training takes, roughly and before it is run: for shares of time, not for seconds.
 *
 * Measured over the shared points on four tasks: the time for a row grows with the parameters, once
 * for the row itself and once more for its share of the batch's optimiser step, which weighs like
 * 16 rows; below some thousand parameters what stands beside them counts. Error of the logarithm:
 * 0.27. */
#include "internal.h"

#include <math.h>

static double cost_of_row(double n_parameters, double batch)
{
    const double step_rows = 16, beside = 3000;
    return n_parameters * (1 + step_rows / fmax(batch, 1)) + beside;
}

double cost_of_epoch(const struct space *space, const struct configuration *c,
                     const struct net_rows *shape)
{
    struct net_config config = net_config_from(space, c, 1, 0);
    double rows = shape->n_rows, batch = fmin(config.batch_size, rows);
    return rows * cost_of_row((double)net_count_parameters(&config, shape), batch);
}

double cost_of_shared(const struct learn_plan *plan, const struct space *space,
                      const struct net_rows *shape)
{
    enum { POINTS_MAX = 64 };
    double sum = 0;
    int n = plan->n_shared < POINTS_MAX ? plan->n_shared : POINTS_MAX;
    for (int i = 0; i < n; i++) {
        struct configuration c;
        learn_plan_point(plan, space, i, &c);
        sum += cost_of_epoch(space, &c, shape);
    }
    return n > 0 ? sum / n : 0;
}

double cost_of_plan(const struct learn_plan *plan, int done, double own)
{
    int point[DRAWN_MAX], all = learn_plan_trainings(plan);
    int n_drawn = plan->n_repeats * plan_drawn(plan, point);
    const struct {
        int n;
        double cost;
    } part[] = {{plan->n_shared, 1},
                {plan->n_own, own},
                {n_drawn, 1},
                {all - plan->n_shared - plan->n_own - n_drawn, own}};
    double sum = 0;
    for (size_t i = 0; i < sizeof part / sizeof *part; i++) {
        int passed = done < part[i].n ? done : part[i].n;
        sum += (part[i].n - passed) * part[i].cost;
        done -= passed;
    }
    return sum;
}
