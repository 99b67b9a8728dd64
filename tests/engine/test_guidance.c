/* If this fails, a search is not given its knowledge, looking at the data is free or charged twice,
 * or the log does not say what was used. */
#include "made_knowledge.h"

#include <cjson/cJSON.h>

static const struct study_event *find_event(const struct study *study, const char *what, int skip)
{
    for (size_t i = 0; i < study->n_events; i++)
        if (strcmp(study->events[i].what, what) == 0 && skip-- == 0)
            return &study->events[i];
    return NULL;
}

/* A sampler that counts how often it was lent what it must be lent. */
static int lent, asked;

static void check_lent(const struct search_context *context)
{
    const struct guidance *g = context->guidance;
    asked++;
    lent += g && g->knowledge && g->left_out == 0 && g->features &&
            g->features->value[FEATURE_LN_ROWS] == log(60);
}

static enum err watch_open(const struct search_context *context, void **self, struct err_info *info)
{
    (void)info;
    *self = NULL;
    check_lent(context);
    return ERR_OK;
}

static void watch_close(void *self)
{
    (void)self;
}

static enum err watch_propose(void *self, const struct search_context *context, struct rng *rng,
                              struct proposal *out)
{
    check_lent(context);
    return sampler_find("random")->propose(self, context, rng, out);
}

static bool watch_observe(void *self, const struct search_context *context,
                          const struct trial *ended, double best_before, struct q_update *update)
{
    (void)self;
    (void)ended;
    (void)best_before;
    (void)update;
    check_lent(context);
    return false;
}

static const struct sampler_ops watch = {.name = "watch",
                                         .open = watch_open,
                                         .close = watch_close,
                                         .propose = watch_propose,
                                         .observe = watch_observe};

static void knowledge_is_lent_and_charged_once(void **state)
{
    (void)state;
    static struct made_knowledge made;
    struct bed bed;
    bed_make(&bed);
    made_knowledge_fill(&made);
    atomic_store(&bed.fake.allowed, 1000000);
    bed.options.sampler_ops = &watch;
    bed.options.guidance = &made.guidance;
    text_copy(bed.options.knowledge.file, sizeof bed.options.knowledge.file, "made.json");
    text_copy(bed.options.knowledge.hash, sizeof bed.options.knowledge.hash, "abc");
    bed.options.knowledge.include_own = true;
    lent = asked = 0;
    for (int sitting = 0; sitting < 2; sitting++) {
        bed.options.budget_epochs = sitting ? 20 : 9;
        struct engine *e = bed_start(&bed);
        assert_true(engine_guidance(e)->features->cost_epochs > 0);
        assert_true(engine_wait(e, PATIENCE));
        bed_stop(e);
    }
    assert_true(asked > 8);
    assert_int_equal(lent, asked);
    struct study *study = bed_read(&bed);
    struct engine_settings settings;
    assert_true(engine_read_settings(study, &settings));
    assert_string_equal(settings.knowledge.file, "made.json");
    assert_string_equal(settings.knowledge.hash, "abc");
    assert_string_equal(settings.knowledge.own, "");
    assert_true(settings.knowledge.include_own);
    assert_int_equal(study->epochs_spent, 20); /* with what was charged */
    assert_int_equal(study->epochs_charged, 1);
    assert_non_null(find_event(study, "knowledge", 1)); /* one a sitting */
    assert_null(find_event(study, "charge", 1));
    study_free(study);
    bed_remove(&bed);
}

/* exp(-distance^2 / 2) of tasks that lie 1, 2 and 3 units away, in standard deviations of three
 * numbers in a row: 1.5, 6 and 13.5 squared. The own family has no part in it. */
static void the_log_says_what_it_resembles(void **state)
{
    (void)state;
    static struct made_knowledge made;
    struct bed bed;
    bed_make(&bed);
    made_knowledge_fill(&made);
    atomic_store(&bed.fake.allowed, 1000000);
    bed.options.guidance = &made.guidance;
    bed.options.budget_epochs = 5;
    struct engine *e = bed_start(&bed);
    assert_true(engine_wait(e, PATIENCE));
    bed_stop(e);
    struct study *study = bed_read(&bed);
    const struct study_event *event = find_event(study, "knowledge", 0);
    assert_non_null(event);
    assert_string_equal(
        event->say,
        "knowledge of 3 tasks, the family moons left out; resembles near 90 %, middle 10 %");
    struct cJSON *doc = NULL;
    struct err_info info = {0};
    assert_int_equal(json_parse(event->json, strlen(event->json), "event", &doc, &info), ERR_OK);
    assert_string_equal(json_get_string(doc, "left_out"), "moons");
    const struct cJSON *nearest = json_get(doc, "nearest");
    double weight;
    assert_int_equal(cJSON_GetArraySize(nearest), 2);
    assert_true(json_get_number(nearest->child, "weight", &weight));
    double a = exp(-0.75), b = exp(-3), c = exp(-6.75);
    assert_true(fabs(weight - a / (a + b + c)) < 1e-12);
    json_free(doc);
    study_free(study);
    bed_remove(&bed);
}

/* Tasks whose looks don't count are all alike: nothing is claimed. */
static void without_emphasis_nothing_is_claimed(void **state)
{
    (void)state;
    static struct made_knowledge made;
    struct bed bed;
    bed_make(&bed);
    made_knowledge_fill(&made);
    atomic_store(&bed.fake.allowed, 1000000);
    made.advice[0].ranker.similarity.emphasis[FEATURE_LINEAR] = 0;
    made.guidance.left_out = -1;
    bed.options.guidance = &made.guidance;
    bed.options.budget_epochs = 5;
    struct engine *e = bed_start(&bed);
    assert_true(engine_wait(e, PATIENCE));
    bed_stop(e);
    struct study *study = bed_read(&bed);
    assert_string_equal(find_event(study, "knowledge", 0)->say, "knowledge of 4 tasks");
    study_free(study);
    bed_remove(&bed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knowledge_is_lent_and_charged_once),
        cmocka_unit_test(the_log_says_what_it_resembles),
        cmocka_unit_test(without_emphasis_nothing_is_claimed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
