/* made_knowledge: three tasks of two families in memory, made by hand: "near" looks like the fake
 * set's own family "moons", "far" does not. */
#ifndef TILLER_TESTS_ENGINE_MADE_KNOWLEDGE_H
#define TILLER_TESTS_ENGINE_MADE_KNOWLEDGE_H

#include "fake.h"

struct made_knowledge {
    struct knowledge knowledge;
    struct knowledge_task task[4];
    struct advice advice[1];
    char family[4][64];
    struct guidance guidance;
};

/* The moons themselves and three others; looks count by one feature, of which each task has more
 * than the one before it. */
static inline void made_knowledge_fill(struct made_knowledge *m)
{
    static const char *const names[4] = {"moons", "near", "middle", "far"};
    memset(m, 0, sizeof *m);
    struct task_features looks;
    struct err_info info = {0};
    assert_int_equal(meta_features(fake_set(), &looks, &info), ERR_OK);
    for (int i = 0; i < 4; i++) {
        struct knowledge_task *t = &m->task[i];
        text_copy(t->name, sizeof t->name, names[i]);
        text_copy(m->family[i], sizeof m->family[i], names[i]);
        t->family = i;
        t->has_looks = true;
        memcpy(t->feature, looks.value, sizeof t->feature);
        t->feature[FEATURE_LINEAR] += i;
    }
    struct similarity *s = &m->advice[0].ranker.similarity;
    s->n_features = FEATURE_N;
    s->emphasis[FEATURE_LINEAR] = s->evidence = s->spread = 1;
    m->advice[0].left_out = 0;
    m->knowledge = (struct knowledge){.n_families = 4,
                                      .n_tasks = 4,
                                      .family = m->family,
                                      .task = m->task,
                                      .advice = m->advice,
                                      .n_advice = 1};
    m->guidance =
        (struct guidance){.knowledge = &m->knowledge, .left_out = 0, .advice = &m->advice[0]};
}

#endif
