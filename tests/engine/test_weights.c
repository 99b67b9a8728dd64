/* If this fails, weights that were worth going on with are gone, files pile up beside the log, or
 * going on with a stopped trial begins anew or is free. */
#include "fake.h"

enum { FULL = 6, STOPS_AT = 2, SHORT = 10, KEPT = 3 };

/* A sampler that ends SHORT trials early, then goes on with one of them. */
static struct {
    int64_t parent;       /* to go on with; -1: none */
    double chance[SHORT]; /* by number; NaN: not known */
    int ends, asked;
    int64_t kept[KEPT]; /* as of the newest proposal */
    int n_kept;
} script;

static enum err open_nothing(const struct search_context *context, void **self,
                             struct err_info *info)
{
    (void)context;
    (void)info;
    *self = NULL;
    return ERR_OK;
}

static void close_nothing(void *self)
{
    (void)self;
}

static enum err propose(void *self, const struct search_context *context, struct rng *rng,
                        struct proposal *out)
{
    script.n_kept = context->n_kept;
    assert_in_range(script.n_kept, 0, KEPT);
    memcpy(script.kept, context->kept, (size_t)script.n_kept * sizeof *script.kept);
    enum err err = sampler_find("random")->propose(self, context, rng, out);
    out->epochs = STOPS_AT;
    if (context->study->n_trials == SHORT && script.parent >= 0) {
        out->goes_on = true;
        out->parent = script.parent;
        out->config = study_trial(context->study, script.parent)->config;
        out->epochs = FULL;
    }
    return err;
}

static bool observe(void *self, const struct search_context *context, const struct trial *ended,
                    double best_before, struct q_update *update)
{
    (void)self;
    (void)context;
    (void)ended;
    (void)best_before;
    (void)update;
    script.ends++;
    return false;
}

static double chance(const struct search_context *context, const struct trial *t)
{
    assert_true(search_may_go_on(t, context->full_epochs));
    script.asked++;
    return t->number < SHORT ? script.chance[t->number] : (double)NAN;
}

static const struct sampler_ops scripted = {.name = "script",
                                            .open = open_nothing,
                                            .close = close_nothing,
                                            .propose = propose,
                                            .observe = observe,
                                            .n_kept = KEPT,
                                            .chance = chance};

static bool has_weights(const struct bed *bed, int64_t number)
{
    char name[64], folder[160], path[256];
    assert_true(study_folder(bed->study, folder, sizeof folder));
    text_format(name, sizeof name, "trial-%lld.safetensors", (long long)number);
    assert_true(file_join(path, sizeof path, folder, name));
    return file_exists(path);
}

static void search(struct bed *bed, int64_t epochs)
{
    bed->options.sampler_ops = &scripted;
    bed->options.full_epochs = FULL;
    bed->options.budget_epochs = epochs;
    bed->options.no_test = true;
    atomic_store(&bed->fake.allowed, 1000000);
    struct engine *e = bed_start(bed);
    assert_true(engine_wait(e, PATIENCE));
    bed_stop(e);
}

static void begin(struct bed *bed, const double *chances, int64_t parent)
{
    bed_make(bed);
    memset(&script, 0, sizeof script);
    memcpy(script.chance, chances, sizeof script.chance);
    script.parent = parent;
}

#define NO NAN
static const struct {
    double chance[SHORT];
    int64_t kept[KEPT]; /* the likeliest first; -1: the best that is not there yet */
} rows[] = {
    {{.1, .9, .2, .3, .8, .1, .1, .7, .1, .1}, {1, 4, 7}},
    {{.9, .8, .7, .6, .5, .4, .3, .2, .1, 0}, {0, 1, 2}},
    {{0, .1, .2, .3, .4, .5, .6, .7, .8, .9}, {9, 8, 7}},
    {{.5, .5, .5, .5, .5, .5, .5, .5, .5, .5}, {-1, -1, -1}},
    {{NO, NO, .1, NO, NO, NO, NO, NO, NO, .2}, {9, 2, -1}}, /* the told come first */
    {{NO, NO, NO, NO, NO, NO, NO, NO, NO, NO}, {-1, -1, -1}},
};

/* The best by value but `but`. */
static int64_t best_but(const struct study *study, const int64_t *but, int n)
{
    const struct trial *best = NULL;
    for (int64_t i = 0; i < SHORT; i++) {
        const struct trial *t = study_trial(study, i);
        bool taken = false;
        for (int k = 0; k < n; k++)
            taken |= but[k] == i;
        if (!taken && (!best || t->value < best->value))
            best = t;
    }
    return best->number;
}

static void the_likeliest_keep_their_weights(void **state)
{
    (void)state;
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        struct bed bed;
        int64_t kept[KEPT];
        begin(&bed, rows[r].chance, -1);
        search(&bed, SHORT * STOPS_AT);
        assert_int_equal(script.ends, SHORT);
        assert_in_range(script.asked, SHORT, SHORT * (KEPT + 1)); /* once per end and candidate */
        struct study *study = bed_read(&bed);
        for (int k = 0; k < KEPT; k++)
            kept[k] = rows[r].kept[k] >= 0 ? rows[r].kept[k] : best_but(study, kept, k);
        int64_t incumbent = best_but(study, NULL, 0);
        for (int64_t i = 0; i < SHORT; i++) {
            bool is = i == incumbent;
            for (int k = 0; k < KEPT; k++)
                is |= kept[k] == i;
            assert_int_equal(has_weights(&bed, i), is);
        }
        study_free(study);
        bed_remove(&bed);
    }
}

/* With its weights only new epochs are charged; without them all are trained, and charged, again.
 */
static void going_on_is_charged(void **state)
{
    (void)state;
    static const struct {
        int64_t parent;
        int recorded; /* epochs */
    } goes[] = {{4, FULL - STOPS_AT}, {5, FULL}};
    for (size_t g = 0; g < sizeof goes / sizeof *goes; g++) {
        struct bed bed;
        begin(&bed, rows[0].chance, goes[g].parent);
        search(&bed, SHORT * STOPS_AT + goes[g].recorded);
        struct study *study = bed_read(&bed);
        assert_int_equal(study->n_trials, SHORT + 1);
        const struct trial *t = study_trial(study, SHORT);
        assert_int_equal(t->continues, goes[g].parent);
        assert_int_equal(t->n_recorded, goes[g].recorded);
        assert_int_equal(t->curve[t->n_epochs - 1].step, FULL);
        assert_int_equal(study->epochs_spent, SHORT * STOPS_AT + goes[g].recorded);
        assert_int_equal(has_weights(&bed, goes[g].parent), false); /* its own are newer */
        study_free(study);
        bed_remove(&bed);
    }
}

static void a_resumed_search_knows_whose_weights_are_there(void **state)
{
    (void)state;
    struct bed bed;
    begin(&bed, rows[0].chance, 7);
    search(&bed, SHORT * STOPS_AT);
    script.n_kept = 0;
    bed.options.resume = true;
    search(&bed, SHORT * STOPS_AT + FULL - STOPS_AT);
    int told = 0;
    for (int k = 0; k < script.n_kept; k++)
        told += script.kept[k] == 1 || script.kept[k] == 4 || script.kept[k] == 7;
    assert_int_equal(told, KEPT);
    struct study *study = bed_read(&bed);
    const struct trial *t = study_trial(study, SHORT);
    assert_non_null(t);
    assert_int_equal(t->continues, 7);
    assert_int_equal(t->n_recorded, FULL - STOPS_AT);
    study_free(study);
    bed_remove(&bed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_likeliest_keep_their_weights),
        cmocka_unit_test(going_on_is_charged),
        cmocka_unit_test(a_resumed_search_knows_whose_weights_are_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
