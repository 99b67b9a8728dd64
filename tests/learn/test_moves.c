/* If this fails, tables of moves are learnt from searches that are not what they seem: copies that
 * go their own way, a fold that has seen its left-out family, means that are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

#include "../../src/learn/internal.h"
#include "../../src/learn/qlearning.h"
#include "tiller/net.h"

enum { FAMILIES = 5, SHARED = 32, EPOCHS = 16 };

/* ---- made recordings ---------------------------------------------------------------------- */

static void made_space(struct space *space)
{
    static const char *const names[] = {"learning_rate", "units", "dropout"};
    memset(space, 0, sizeof *space);
    for (int i = 0; i < 3; i++)
        space->h[space->n++] = space_builtin()->h[space_find(space_builtin(), names[i])];
}

/* The best learning rate lies where the task says; dropout only slows down. */
static void made_curve(const struct recorded_task *task, struct recorded_training *t, int where)
{
    double unit[SPACE_MAX];
    space_encode(&task->space, &t->config, unit);
    double off = unit[0] - 0.4 - 0.05 * where, floor = 0.05 + off * off + 0.1 * fabs(unit[1] - 0.6);
    for (int e = 0; e < EPOCHS; e++) {
        double y = floor + 0.5 * exp(-(e + 1) * (1 - 0.5 * unit[2]) / 3);
        t->curve[RECORDED_VALUE][e] = (float)y;
        t->curve[RECORDED_TRAIN_LOSS][e] = (float)y;
        t->curve[RECORDED_VAL_LOSS][e] = (float)(1.2 * y);
    }
}

static struct learn_records *made_records(void)
{
    struct learn_records *r = mem_zero_alloc(1, sizeof *r);
    assert_non_null(r);
    for (int f = 0; f < FAMILIES; f++) {
        struct recorded_task *task = records_add_task(r);
        assert_non_null(task);
        text_format(task->name, sizeof task->name, "task%d", f);
        text_format(task->family, sizeof task->family, "family%d", f);
        task->plan = (struct learn_plan){.n_shared = SHARED, .scramble = 1};
        task->full_epochs = EPOCHS;
        task->facts.majority_error = 0.8;
        made_space(&task->space);
        for (int i = 0; i < SHARED; i++) {
            struct recorded_training *t = records_add_training(task);
            assert_true(t && records_make_curves(t, EPOCHS));
            t->point = i;
            sobol_configuration(&task->space, (uint32_t)i, 1, &t->config);
            made_curve(task, t, f);
        }
    }
    return r;
}

/* ---- episodes ------------------------------------------------------------------------------ */

struct scene {
    struct learn_records *records;
    struct known_set *set;
    struct replay_fold *fold;
};

static void scene_make(struct scene *s)
{
    s->records = made_records();
    assert_int_equal(known_set_new(s->records, NULL, NULL, &s->set, NULL), ERR_OK);
    assert_int_equal(fold_new(s->set, NULL, false, 1, &s->fold), ERR_OK);
}

static void scene_free(struct scene *s)
{
    fold_free(s->fold);
    known_set_free(s->set);
    learn_records_free(s->records);
}

static void a_copy_goes_on_as_its_original(void **state)
{
    (void)state;
    struct scene s;
    struct episode *a, *b;
    const struct world_policy random_moves = {.random_moves = true};
    struct by_policy by = {&random_moves};
    scene_make(&s);
    assert_int_equal(episode_new(s.fold->world[0], &a), ERR_OK);
    assert_int_equal(episode_new(s.fold->world[0], &b), ERR_OK);
    for (uint64_t seed = 0; seed < 10; seed++) {
        episode_begin(a, s.fold->world[0], 5 * EPOCHS, seed, 0);
        for (uint64_t k = 0; k < seed; k++)
            episode_step(a, episode_choose(a, &random_moves), world_policy_at_rung, &by);
        episode_copy(b, a);
        episode_finish(a, &random_moves);
        episode_finish(b, &random_moves);
        assert_int_equal(a->n_runs, b->n_runs);
        assert_memory_equal(a->run, b->run, (size_t)a->n_runs * sizeof *a->run);
        assert_memory_equal(&a->saved, &b->saved, sizeof a->saved);
    }
    episode_free(a);
    episode_free(b);
    scene_free(&s);
}

/* Without stops the curves that were shown, epoch by epoch, give the same area. */
static void area_is_that_under_the_curve(void **state)
{
    (void)state;
    struct scene s;
    struct episode *e;
    const struct world_policy in_full = {.no_stop = true};
    const int budget = 7 * EPOCHS + 5;
    scene_make(&s);
    const struct world *w = s.fold->world[2];
    assert_int_equal(episode_new(w, &e), ERR_OK);
    episode_begin(e, w, budget, 3, 0);
    episode_finish(e, &in_full);
    assert_int_equal(e->spent, budget);
    double best = w->majority, area = 0, first = 0;
    for (int i = 0, left = budget; i < e->n_runs; i++)
        for (int k = 0; k < e->run[i].epochs; k++) {
            best = fmin(best, w->error[e->run[i].point * EPOCHS + k]);
            double rho = fmin(fmax((best - w->best) / (w->median - w->best), 0), 1);
            area += (log(1.02) - log(rho + 0.02)) * (left-- > 0);
            first += i == 0 && k == 0;
        }
    /* a gain counts from the epoch after the one that brought it */
    assert_int_equal((int)first, 1);
    double last = log(1.02) - log(episode_regret(e) + 0.02);
    assert_true(fabs(e->saved * budget - (area - last)) < 1e-6);
    episode_free(e);
    scene_free(&s);
}

/* ---- rungs ------------------------------------------------------------------------------- */

/* By plain loops: what the agent's pruner asks, of the runs that came to the rung. */
static enum pilot_action check_rung(void *arg, struct episode *e, const struct episode_rung *rung)
{
    const struct world *w = e->world;
    int *n_stops = arg, n = 1, r = rung->prediction.rung, epoch = predictor_epoch(r, EPOCHS);
    const double *its = w->error + (size_t)e->run[e->incumbent].point * EPOCHS;
    double sum = rung->prediction.win;
    struct known_curve best = {EPOCHS, its, w->train_loss[e->run[e->incumbent].point],
                               w->val_loss[e->run[e->incumbent].point]};
    for (int i = 0; i < e->n_runs; i++) {
        int point = e->run[i].point;
        struct known_curve run = {epoch, w->error + (size_t)point * EPOCHS, w->train_loss[point],
                                  w->val_loss[point]};
        struct prediction p;
        if (i == e->incumbent || e->run[i].epochs < epoch ||
            !predictor_judge(&w->models->predictor, &run, &best, EPOCHS, &p))
            continue;
        sum += p.win;
        n++;
    }
    double asked = predictor_asked(r, EPOCHS, sum, n);
    assert_true(fabs(asked - 0.5 * (1 - epoch / (double)EPOCHS) * (sum + 0.05) / (n + 1)) < 1e-12);
    assert_int_equal(rung->stop, rung->prediction.win < asked);
    *n_stops += rung->stop;
    return rung->stop ? PILOT_PAUSE : PILOT_CONTINUE;
}

static void runs_are_stopped_as_the_agent_stops_them(void **state)
{
    (void)state;
    struct scene s;
    struct episode *e;
    int n_stops = 0, kept = 0;
    scene_make(&s);
    assert_int_equal(episode_new(s.fold->world[0], &e), ERR_OK);
    for (int i = 0; i < s.fold->n_worlds; i++) {
        episode_begin(e, s.fold->world[i], 10 * EPOCHS, 1, 0);
        while (!episode_over(e))
            episode_step(e, episode_hand_move(e), check_rung, &n_stops);
        kept = 0;
        for (int k = 0; k < e->n_runs; k++)
            kept += e->run[k].can_thaw;
        assert_true(kept <= s.fold->world[i]->n_kept);
    }
    assert_true(n_stops > 5);
    episode_free(e);
    scene_free(&s);
}

/* ---- Q-learning ---------------------------------------------------------------------------- */

/* Against the rule written out: alpha N^-.8 and at least .01, the best possible move of the next
 * state, nothing after the last. */
static void steps_of_learning_are_the_rule(void **state)
{
    (void)state;
    static struct qtable q;
    struct rng rng;
    double plain[META_STATES][MOVE_N], visits[META_STATES][MOVE_N] = {{0}};
    qtable_init(&q, 0.5);
    rng_seed(&rng, 1, 2);
    for (int s = 0; s < META_STATES; s++)
        for (int a = 0; a < MOVE_N; a++)
            plain[s][a] = 0.5;
    for (int i = 0; i < 5000; i++) {
        int s = (int)rng_below(&rng, 4), a = (int)rng_below(&rng, MOVE_N);
        int s2 = i % 7 ? (int)rng_below(&rng, 4) : QTABLE_TERMINAL;
        double r = rng_normal(&rng), next = -1e9, alpha = pow(++visits[s][a], -0.8);
        bool possible[MOVE_N] = {false};
        possible[rng_below(&rng, MOVE_N)] = possible[rng_below(&rng, MOVE_N)] = true;
        for (int b = 0; b < MOVE_N && s2 != QTABLE_TERMINAL; b++)
            next = possible[b] ? fmax(next, plain[s2][b]) : next;
        next = s2 == QTABLE_TERMINAL ? 0 : next;
        plain[s][a] += (alpha > 0.01 ? alpha : 0.01) * (r + next - plain[s][a]);
        qlearning_step(&q, s, a, r, s2, possible);
    }
    for (int s = 0; s < META_STATES; s++)
        for (int a = 0; a < MOVE_N; a++) {
            assert_true(fabs(q.q[s][a] - plain[s][a]) < 1e-9);
            assert_true(fabs(q.visits[s][a] - visits[s][a]) < 1e-9);
        }
}

/* The learning rate is all there is. On the first task there is one good point, where a lower rate
 * leads from what is best on the others; elsewhere all are alike. */
static double rate_of(const struct recorded_task *task, int i, struct configuration *c)
{
    double unit;
    sobol_configuration(&task->space, (uint32_t)i, 1, c);
    space_encode(&task->space, c, &unit);
    return unit;
}

static int nearest_to(const struct recorded_task *task, double rate)
{
    struct configuration c;
    int best = 0;
    for (int i = 1; i < SHARED; i++)
        if (fabs(rate_of(task, i, &c) - rate) < fabs(rate_of(task, best, &c) - rate))
            best = i;
    return best;
}

static struct learn_records *records_of_rates(void)
{
    struct learn_records *r = made_records();
    struct configuration c, lower;
    struct rng rng;
    double unit;
    rng_seed(&rng, 0, 0);
    for (int f = 0; f < FAMILIES; f++)
        r->task[f].space.n = 1;
    rate_of(&r->task[0], nearest_to(&r->task[0], 0.5), &c);
    assert_true(move_apply(MOVE_LR_DOWN, &r->task[0].space, &c, &rng, &lower));
    space_encode(&r->task[0].space, &lower, &unit);
    int good = nearest_to(&r->task[0], unit);
    for (int f = 0; f < FAMILIES; f++)
        for (int i = 0; i < SHARED; i++) {
            struct recorded_training *t = &r->task[f].training[i];
            double off = fabs(rate_of(&r->task[f], i, &t->config) - 0.5);
            for (int e = 0; e < EPOCHS; e++)
                t->curve[RECORDED_VALUE][e] = (float)(f > 0       ? 0.02 + off
                                                      : i == good ? 0.05
                                                                  : 0.5 + 0.01 * off);
        }
    return r;
}

/* Within states of the first phase: what it is worth above another. */
static double advantage(const struct qtable *q, enum move m, enum move other)
{
    double sum = 0, n = 0;
    for (int s = 0; s < META_STATES / META_PHASES; s++) {
        double visits = fmin(q->visits[s][m], q->visits[s][other]);
        sum += visits * (q->q[s][m] - q->q[s][other]);
        n += visits;
    }
    return sum / n;
}

static void the_best_move_of_a_small_world_is_learnt(void **state)
{
    (void)state;
    static struct qtable q;
    struct scene s = {.records = records_of_rates()};
    struct rollout_options options = {.budget = 3, .steps = 4000, .rng_seed = 3};
    int64_t steps = 0;
    assert_int_equal(known_set_new(s.records, NULL, NULL, &s.set, NULL), ERR_OK);
    assert_int_equal(fold_new(s.set, NULL, false, 1, &s.fold), ERR_OK);
    assert_int_equal(qlearning_of_family(s.fold, 0, &options, &q, &steps), ERR_OK);
    assert_true(steps >= options.steps && steps < options.steps + 200);
    assert_true(advantage(&q, MOVE_LR_DOWN, MOVE_LR_UP) > 0.1);
    assert_true(advantage(&q, MOVE_LR_DOWN, MOVE_LOCAL) > 0.1);
    scene_free(&s);
}

/* Whatever the values say: no move is taken in place of another that rollouts do not prefer. */
static void values_overrule_only_where_rollouts_do(void **state)
{
    (void)state;
    static struct qtable values, shown;
    struct rng rng;
    bool possible[MOVE_N];
    int both = 0;
    rng_seed(&rng, 4, 0);
    for (int s = 0; s < META_STATES; s++)
        for (int a = 0; a < MOVE_N; a++) {
            values.visits[s][a] = shown.visits[s][a] = 10 + (double)rng_below(&rng, 90);
            values.td_square[s][a] = shown.td_square[s][a] = 0.5;
            values.q[s][a] = rng_normal(&rng);
            shown.q[s][a] = values.q[s][a] + rng_normal(&rng);
        }
    qlearning_restrain(&values, &shown);
    for (int s = 0; s < META_STATES; s++)
        for (int pair = 0; pair < MOVE_N * MOVE_N; pair++) {
            int a = pair / MOVE_N, hand = pair % MOVE_N;
            for (int m = 0; m < MOVE_N; m++)
                possible[m] = m == a || m == hand;
            if (qtable_prefers(&values, s, (enum move)hand, possible, QTABLE_NEEDED) ==
                (enum move)hand)
                continue;
            assert_int_equal(qtable_prefers(&shown, s, (enum move)hand, possible, QTABLE_NEEDED),
                             a);
            both++;
        }
    assert_true(both > 100);
}

/* ---- tables -------------------------------------------------------------------------------- */

/* Families count alike: their means .1 .2 .6 give .3, with variance .14/3 / 2. */
static void tables_are_means_over_families(void **state)
{
    (void)state;
    static struct evidence_of_family evidence[4];
    static struct qtable table;
    static struct pilot pilot;
    const double mean[4] = {0.1, 0.2, 0.6, 99}, visits[4] = {10, 1000, 50, 500};
    const bool use[4] = {true, true, true, false};
    memset(evidence, 0, sizeof evidence);
    for (int f = 0; f < 4; f++) {
        evidence[f].move[7][MOVE_THAW] =
            (struct tally){visits[f], visits[f] * mean[f], visits[f] * mean[f] * mean[f]};
        evidence[f].pilot[5] = evidence[f].move[7][MOVE_THAW];
        evidence[f].value[7] = (struct tally){visits[f], visits[f] * 2, visits[f] * 4};
    }
    rollouts_tables(evidence, use, 4, &table, &pilot);
    double variance = (0.41 / 3 - 0.09) / 2;
    assert_true(fabs(table.q[7][MOVE_THAW] - 2.3) < 1e-12);
    assert_true(fabs(table.visits[7][MOVE_THAW] - 1060) < 1e-9);
    assert_true(fabs(table.td_square[7][MOVE_THAW] / 1060 - variance) < 1e-12);
    assert_true(fabs(pilot.q[5][PILOT_CONTINUE] - pilot.q[5][PILOT_PAUSE] - 0.3) < 1e-12);
    assert_true(table.visits[7][MOVE_LOCAL] <= 0);
}

static enum err learn(struct learn_records *records, const char *left_out, struct qtable *table,
                      struct pilot *pilot, struct learn_moves_report *report)
{
    struct err_info info;
    struct learn_moves_options options = {
        .left_out = left_out, .steps_per_family = 4000, .rng_seed = 5};
    return learn_moves(records, &options, table, pilot, report, &info);
}

static void equal_replays_give_equal_tables_blind_to_the_left_out(void **state)
{
    (void)state;
    static struct qtable table[2];
    static struct pilot pilot[2];
    struct learn_moves_report report[2];
    struct learn_records *records = made_records();
    assert_int_equal(learn(records, "family3", &table[0], &pilot[0], &report[0]), ERR_OK);
    assert_int_equal(report[0].n_families, FAMILIES - 1);
    assert_true(report[0].steps >= 4000 * (FAMILIES - 1));
    for (size_t i = 0; i < records->task[3].n_trainings; i++) /* poison */
        for (int e = 0; e < EPOCHS; e++)
            records->task[3].training[i].curve[RECORDED_VALUE][e] = (float)i;
    assert_int_equal(learn(records, "family3", &table[1], &pilot[1], &report[1]), ERR_OK);
    assert_memory_equal(&table[0], &table[1], sizeof table[0]);
    assert_memory_equal(&pilot[0], &pilot[1], sizeof pilot[0]);
    assert_true(fabs(report[0].table.mean - report[1].table.mean) < 1e-15);
    learn_records_free(records);
}

static bool leave(void *arg, int done, int all)
{
    (void)all;
    *(int *)arg = done;
    return done < 2;
}

static void it_can_be_left_and_needs_families(void **state)
{
    (void)state;
    static struct qtable table;
    static struct pilot pilot;
    struct learn_moves_report report;
    struct err_info info;
    int done = 0;
    struct learn_records *records = made_records();
    struct learn_moves_options options = {.steps_per_family = 500, .progress = leave, .arg = &done};
    assert_int_equal(learn_moves(records, &options, &table, &pilot, &report, &info),
                     ERR_INTERRUPTED);
    assert_int_equal(done, 2);
    for (int f = 2; f < FAMILIES; f++)
        text_copy(records->task[f].family, sizeof records->task[f].family, "family0");
    assert_int_equal(learn_moves(records, &options, &table, &pilot, &report, &info), ERR_RANGE);
    learn_records_free(records);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_copy_goes_on_as_its_original),
        cmocka_unit_test(area_is_that_under_the_curve),
        cmocka_unit_test(runs_are_stopped_as_the_agent_stops_them),
        cmocka_unit_test(steps_of_learning_are_the_rule),
        cmocka_unit_test(the_best_move_of_a_small_world_is_learnt),
        cmocka_unit_test(values_overrule_only_where_rollouts_do),
        cmocka_unit_test(tables_are_means_over_families),
        cmocka_unit_test(equal_replays_give_equal_tables_blind_to_the_left_out),
        cmocka_unit_test(it_can_be_left_and_needs_families),
    };
    net_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
