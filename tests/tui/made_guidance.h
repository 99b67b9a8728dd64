/* made_guidance: small knowledge by hand: five tasks of four families on the fixture's space,
 * twelve shared configurations, a portfolio of six, and a Q-table with three known situations. */
#ifndef TILLER_TESTS_TUI_MADE_GUIDANCE_H
#define TILLER_TESTS_TUI_MADE_GUIDANCE_H

#include "tiller/engine.h"
#include "tiller/knowledge.h"

enum { MADE_TASKS = 5, MADE_FAMILIES = 4, MADE_SHARED = 12 };
struct made_guidance {
    struct knowledge knowledge;
    struct knowledge_task task[MADE_TASKS];
    struct advice advice;
    char family[MADE_FAMILIES][64];
    double unit[MADE_SHARED * SPACE_MAX], log_error[MADE_TASKS][MADE_SHARED];
    struct task_features features;
    struct guidance guidance;
};

static inline void made_guidance_tasks(struct made_guidance *m, int n_dims)
{
    static const char *const names[MADE_TASKS] = {"satellite", "letter", "mnist", "vowel",
                                                  "letter:rows=0.25"};
    static const int family[MADE_TASKS] = {0, 1, 2, 3, 1};
    for (int i = 0; i < MADE_TASKS; i++) {
        struct knowledge_task *t = &m->task[i];
        text_copy(t->name, sizeof t->name, names[i]);
        t->family = family[i];
        t->has_looks = t->is_shared = true;
        for (int j = 0; j < FEATURE_N; j++)
            t->feature[j] = m->features.value[j] + 0.1 * (i + 1) * (j % 3);
        t->n_runs = MADE_SHARED;
        t->unit = m->unit;
        t->log_error = m->log_error[i];
        for (int k = 0; k < MADE_SHARED; k++)
            t->log_error[k] = -1 - ((k * (5 + i)) % MADE_SHARED) / 4.0;
        if (i < MADE_FAMILIES)
            text_copy(m->family[i], sizeof m->family[i], names[i]);
    }
    for (int k = 0; k < MADE_SHARED * n_dims; k++)
        m->unit[k] = ((k * 37) % 100) / 100.0;
}

static inline void made_guidance_fill(struct made_guidance *m, const struct space *space)
{
    memset(m, 0, sizeof *m);
    for (int j = 0; j < FEATURE_N; j++)
        m->features.value[j] = 0.25 * (j + 1);
    m->features.cost_epochs = 0.4;
    made_guidance_tasks(m, space->n);
    struct ranker *r = &m->advice.ranker;
    r->similarity.n_features = FEATURE_N;
    r->similarity.evidence = r->similarity.spread = 1;
    for (int j = 0; j < FEATURE_N; j++)
        r->similarity.emphasis[j] = 0.25;
    r->portfolio.n = 6;
    for (int k = 0; k < 6; k++)
        r->portfolio.entry[k] = (5 * k + 2) % MADE_SHARED;
    for (int a = 0; a < MOVE_N; a++) {
        static const char *const places[] = {"0-2 gaining improves low", "3-9 moving overfits low",
                                             "10-29 moving plateau high"};
        for (int s = 0; s < 3; s++) {
            int row = situation_find(places[s]);
            m->advice.q.q[row][a] = 0.05 * ((a * 7 + s) % 13);
            m->advice.q.visits[row][a] = (a * 11 + 13 * s) % 60;
            m->advice.q.td_square[row][a] = 0.04;
        }
    }
    m->knowledge = (struct knowledge){.made = "5 tasks recorded by hand",
                                      .space = *space,
                                      .n_dims = space->n,
                                      .n_shared = MADE_SHARED,
                                      .n_families = MADE_FAMILIES,
                                      .n_tasks = MADE_TASKS,
                                      .family = m->family,
                                      .task = m->task,
                                      .advice = &m->advice,
                                      .n_advice = 1};
    m->advice.left_out = 2;
    m->guidance = (struct guidance){
        .knowledge = &m->knowledge, .left_out = 2, .advice = &m->advice, .features = &m->features};
}

/* What agent and pruner would say in the middle of such a search. */
static inline void made_outlook(struct engine_status *status)
{
    struct search_outlook *o = &status->outlook;
    *o = (struct search_outlook){.known = true,
                                 .state = situation_find("3-9 moving overfits"),
                                 .trust = TRUST_MIDDLE,
                                 .hand = MOVE_SURROGATE,
                                 .why = "hand rule: what the surrogate expects most of",
                                 .takes = MOVE_MORE_REGULARISATION,
                                 .n_nearest = 3,
                                 .nearest = {0, 1, 3},
                                 .weight = {0.41, 0.22, 0.08},
                                 .n_left = 3,
                                 .left = {2, 4, 5}};
    for (int a = 0; a < MOVE_N; a++)
        o->possible[a] = a != MOVE_THAW;
    text_copy(status->pruner, sizeof status->pruner, "learned");
    status->tells_chance = true;
    status->n_judged = 2;
    status->judged[0].trial = 5;
    status->judged[0].chance = (struct search_chance){.epoch = 27, .win = 0.3125, .asked = 0.045};
    status->judged[1].trial = 6;
}

#endif
