/* knowledge: from recordings to advice, of all families and without each one.
 *
 * Steps are independent: first the advice of all, then the advice without each family, which that
 * family judges; then, for each family left out, a few rankers that others are left out of besides
 * it: by these the ranking is chosen that the advice without it uses. What always holds: nothing in
 * the advice without a family follows from a number that the family recorded; tests poison it. */
#include "knowledge.h"
#include "crew.h"

#include <math.h>
#include <string.h>

/* Into so many parts the others are cut to choose a ranking without a family. */
enum { INNER_PARTS = 6, STREAM_LENGTHS = 1 };

struct lesson {
    const struct material *m;
    const struct learn_options *options;
    struct learn_model_options model;
    struct advice *advice;        /* [1 + n_families] */
    bool folds;                   /* also without each */
    struct ranking_family *outer; /* [n_families] each by the advice without it */
    struct ranking_family *alone; /* [n_families] by[RANKING_MODEL] is of the features alone */
    struct ranking_family *inner; /* [n_families x n_families] row: without it; column: judged */
    struct learnt learnt;
    struct moves_lesson moves;
    bool has_moves;
    atomic_bool leave;
    atomic_int done; /* parts of all steps, of much the same length */
};

static bool has_tasks(const struct material *m, int family)
{
    for (int t = 0; t < m->tasks.n; t++)
        if (m->family[t] == family)
            return true;
    return false;
}

static int count_families(const struct material *m)
{
    int n = 0;
    for (int f = 0; f < m->tasks.n_families; f++)
        n += has_tasks(m, f);
    return n;
}

/* ---- one advice ----------------------------------------------------------------------------- */

static bool *no_families(const struct material *m, struct err_info *info)
{
    bool *left_out = mem_zero_alloc((size_t)m->tasks.n_families, sizeof *left_out);
    if (!left_out)
        err_set_memory(info, "learn");
    return left_out;
}

/* Runs too short to have a rung teach no predictor: it stays empty. */
static enum err learn_plain(const struct lesson *l, const bool *left_out, struct advice *a)
{
    const struct material *m = l->m;
    struct rng rng;
    rng_seed(&rng, l->options->seed, STREAM_LENGTHS);
    enum err err = predictor_learn(&m->tasks, left_out, l->options->seed, &a->predictor);
    if (err == ERR_OK || err == ERR_RANGE)
        err = transfer_tune(&m->tasks, left_out, &a->kernel, &rng);
    return err;
}

static enum err learn_advice(const struct lesson *l, const bool *left_out, struct advice *a,
                             struct err_info *info)
{
    enum err err = learn_plain(l, left_out, a);
    if (err != ERR_OK)
        return err_set(info, err, "learn", "record more tasks", "%s",
                       err == ERR_MEMORY ? "out of memory" : "too little is left to learn from");
    return learn_ranker(&l->m->looks, left_out, &l->model, &a->ranker, info);
}

/* The meta-model by the features alone stands in for the whole one. */
static enum err judge_alone(const struct lesson *l, const struct advice *a, const bool *left_out,
                            int family, struct err_info *info)
{
    struct learn_model_options options = l->model;
    struct ranker *ranker = mem_alloc(1, sizeof *ranker);
    options.features_alone = true;
    if (!ranker)
        return err_set_memory(info, "learn");
    *ranker = a->ranker;
    enum err err = learn_ranker_model(&l->m->looks, left_out, &ranker->portfolio, &options,
                                      &ranker->model, info);
    if (err == ERR_OK)
        err = learn_judge_rankings(&l->m->looks, ranker, left_out, family, &l->alone[family]);
    mem_free(ranker);
    return err;
}

/* Step: the advice without a family, judged by it; -1: of all. */
static enum err learn_without(const struct lesson *l, int family, struct err_info *info)
{
    struct advice *a = &l->advice[1 + family];
    bool *left_out = no_families(l->m, info);
    if (!left_out)
        return ERR_MEMORY;
    if (family >= 0)
        left_out[family] = true;
    enum err err = learn_advice(l, left_out, a, info);
    if (err == ERR_OK && family >= 0)
        err = learn_judge_rankings(&l->m->looks, &a->ranker, left_out, family, &l->outer[family]);
    if (err == ERR_OK && family >= 0 && l->m->ranks.n_features > 0)
        err = judge_alone(l, a, left_out, family, info);
    mem_free(left_out);
    return err;
}

/* ---- which ranking to use -------------------------------------------------------------------- */

/* The part that a family is in when another one is left out; those left are dealt out in turn. */
static int part_of(const struct material *m, int without, int family)
{
    int n = 0;
    for (int f = 0; f < family; f++)
        n += f != without && has_tasks(m, f);
    return n % INNER_PARTS;
}

/* Step: without the family and one part of the others, which judges. */
static enum err judge_part(const struct lesson *l, int family, int part, struct err_info *info)
{
    const struct material *m = l->m;
    struct ranker *ranker = mem_alloc(1, sizeof *ranker);
    bool *left_out = no_families(m, info);
    int judges = 0, teachers = 0;
    enum err err = ranker && left_out ? ERR_OK : err_set_memory(info, "learn");
    for (int f = 0; f < m->tasks.n_families && err == ERR_OK; f++) {
        bool judge = f != family && has_tasks(m, f) && part_of(m, family, f) == part;
        left_out[f] = f == family || judge;
        judges += judge;
        teachers += !left_out[f] && has_tasks(m, f);
    }
    if (err == ERR_OK && judges > 0 && teachers > 0) {
        err = learn_ranker(&m->looks, left_out, &l->model, ranker, info);
        for (int f = 0; f < m->tasks.n_families && err == ERR_OK; f++)
            if (left_out[f] && f != family)
                err = learn_judge_rankings(&m->looks, ranker, left_out, f,
                                           &l->inner[family * m->tasks.n_families + f]);
    }
    mem_free(ranker);
    mem_free(left_out);
    return err;
}

/* ---- the steps ------------------------------------------------------------------------------- */

/* Step: how the predictor's probabilities come true on families left out. */
static enum err check_predictor(struct lesson *l, struct err_info *info)
{
    enum err err = predictor_check(&l->m->tasks, NULL, l->options->seed, l->learnt.rung);
    l->learnt.has_rungs = err == ERR_OK;
    return err == ERR_MEMORY ? err_set_memory(info, "learn") : ERR_OK;
}

static int count_advice(const struct lesson *l)
{
    return l->folds ? 1 + l->m->tasks.n_families : 1;
}

/* Those of one part. */
static int count_short_steps(const struct lesson *l)
{
    return 1 + count_advice(l) + (count_advice(l) - 1) * INNER_PARTS;
}

static int count_moves(const struct lesson *l)
{
    return l->has_moves ? count_advice(l) : 0;
}

/* Step: the tables of moves of an advice. */
static enum err learn_its_moves(struct lesson *l, int family, struct err_info *info)
{
    if (family < 0 || has_tasks(l->m, family))
        return moves_learn(&l->moves, family, &l->advice[1 + family], info);
    atomic_fetch_add(&l->done, moves_parts(l->m->k)); /* its advice is that of all */
    return ERR_OK;
}

/* The check, then the advice, then the parts. */
static enum err take_short_step(struct lesson *l, int i, struct err_info *info)
{
    int n = count_advice(l), part = i - 1 - n;
    if (i == 0)
        return check_predictor(l, info);
    int family = part < 0 ? i - 2 : part / INNER_PARTS;
    if (family >= 0 && !has_tasks(l->m, family))
        return ERR_OK;
    return part < 0 ? learn_without(l, family, info)
                    : judge_part(l, family, part % INNER_PARTS, info);
}

/* Those that take longest come first. */
static enum err take_step(void *arg, int i, struct err_info *info)
{
    struct lesson *l = arg;
    int n = count_moves(l);
    if (i < n)
        return learn_its_moves(l, i - 1, info);
    enum err err = take_short_step(l, i - n, info);
    atomic_fetch_add(&l->done, 1);
    return err;
}

/* In parts instead of steps; who leaves need not wait for long steps. */
static bool tell_progress(void *arg, const struct learn_progress *p)
{
    struct lesson *l = arg;
    struct learn_progress told = {.done = atomic_load(&l->done), .seconds = p->seconds};
    told.all = count_short_steps(l) + count_moves(l) * moves_parts(l->m->k);
    told.left = told.done > 0 ? told.seconds / told.done * (told.all - told.done) : (double)NAN;
    if (!l->options->progress || l->options->progress(l->options->arg, &told))
        return true;
    atomic_store(&l->leave, true);
    return false;
}

static enum err take_steps(struct lesson *l, struct err_info *info)
{
    struct crew_options options = {.n_workers = l->options->n_workers,
                                   .where = "learn",
                                   .steps = "steps",
                                   .remedy = "nothing was written; begin again",
                                   .progress = tell_progress,
                                   .arg = l};
    return crew_run(&options, count_moves(l) + count_short_steps(l), take_step, l, info);
}

/* The rankings that are used, by what has been judged; advice without a family that has no part in
 * it is that of all. */
static void sum_up(struct lesson *l)
{
    struct ranking_report report;
    int n = l->m->tasks.n_families;
    learn_sum_rankings(l->outer, n, &l->learnt.ranking);
    learn_sum_rankings(l->alone, n, &report);
    l->learnt.features_alone = report.by[RANKING_MODEL];
    l->learnt.has_features_alone = report.n_families > 0;
    l->advice[0].ranker.used = l->learnt.ranking.best;
    for (int f = 0; f + 1 < count_advice(l); f++) {
        learn_sum_rankings(l->inner + (size_t)f * (size_t)n, n, &report);
        l->advice[1 + f].ranker.used = report.best;
        if (!has_tasks(l->m, f)) {
            l->advice[1 + f] = l->advice[0];
            l->advice[1 + f].left_out = f;
        }
    }
}

static bool make_room(struct lesson *l)
{
    const struct material *m = l->m;
    size_t n = (size_t)m->tasks.n_families;
    l->advice = mem_zero_alloc(1 + n, sizeof *l->advice);
    l->outer = mem_zero_alloc(n, sizeof *l->outer);
    l->alone = mem_zero_alloc(n, sizeof *l->alone);
    l->inner = mem_zero_alloc(n, n * sizeof *l->inner);
    for (size_t i = 0; i <= n && l->advice; i++) {
        l->advice[i].left_out = (int)i - 1;
        l->advice[i].ranker.similarity.evidence = l->advice[i].ranker.similarity.spread = 1;
        l->advice[i].ranker.used = RANKING_EVEN;
        gp_axes(&m->k->space, &l->advice[i].kernel);
    }
    return l->advice && l->outer && l->alone && l->inner &&
           (!l->has_moves || moves_make_room(&l->learnt.moves, count_advice(l)));
}

static enum err learn(struct lesson *l, struct err_info *info)
{
    double began = clock_now_s();
    if (!make_room(l))
        return err_set_memory(info, "learn");
    if (l->m->tasks.n == 0) /* past searches alone: nothing is advised */
        return ERR_OK;
    enum err err = take_steps(l, info);
    if (err == ERR_OK)
        err = similarity_reliability(&l->advice[0].ranker.similarity, &l->m->ranks, NULL,
                                     &l->learnt.pairs);
    if (err == ERR_OK)
        sum_up(l);
    l->learnt.seconds = clock_now_s() - began;
    return err;
}

/* ---- all of it --------------------------------------------------------------------------------
 */

static void say_made(struct knowledge *k, const struct learn_sources *from)
{
    char origin[100];
    text_sanitize(origin, sizeof origin, from->origin ? file_base_name(from->origin) : "studies");
    text_format(k->made, sizeof k->made, "from %s: %d tasks of %d families", origin, k->n_tasks,
                k->n_families);
}

static enum err put_report(const struct lesson *l, struct knowledge *k, struct text *report,
                           struct err_info *info)
{
    struct text json = {0};
    if (l->m->tasks.n > 0) {
        learnt_put_text(&l->learnt, l->m, report);
        learnt_put_json(&l->learnt, l->m, &json);
        k->report_json = mem_dup_text(text_get(&json));
    }
    bool ok = !json.failed && !report->failed && (k->report_json || l->m->tasks.n == 0);
    text_free(&json);
    return ok ? ERR_OK : err_set_memory(info, "learn");
}

enum err learn_knowledge(const struct learn_sources *from, const struct learn_options *options,
                         struct knowledge **out, struct text *report, struct err_info *info)
{
    struct material *m;
    *out = NULL;
    enum err err = material_new(from, options->say, options->arg, &m, info);
    if (err != ERR_OK)
        return err;
    struct knowledge *k = m->k;
    struct lesson l = {.m = m, .options = options, .folds = count_families(m) > 1};
    l.model.rng_seed = options->seed;
    l.has_moves = from->records && options->steps > 0;
    l.moves = (struct moves_lesson){
        .records = from->records,
        .options = options,
        .k = k,
        .learnt = &l.learnt.moves,
        .leave = &l.leave,
        .done = &l.done,
    };
    atomic_init(&l.leave, false);
    atomic_init(&l.done, 0);
    err = learn(&l, info);
    k->advice = l.advice;
    k->n_advice = err == ERR_OK ? count_advice(&l) : 0;
    if (err == ERR_OK)
        err = put_report(&l, k, report, info);
    if (err == ERR_OK) {
        say_made(k, from);
        *out = k;
        m->k = NULL;
    }
    mem_free(l.outer);
    mem_free(l.alone);
    mem_free(l.inner);
    moves_free_room(&l.learnt.moves);
    material_free(m);
    return err;
}
