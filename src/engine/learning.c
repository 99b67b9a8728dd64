/* learning: when a study has ended it may be taken into what this user's own studies have taught:
 * by a thread of low priority, so that no key and no decision waits for it.
 *
 * The thread knows the log's path and the task's features, nothing else of the engine; its result
 * comes back under `work`. The engine thread starts and joins it and logs what came of it. How the
 * taking in is done is the caller's: rooms above this one know. */
#include "internal.h"

#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { LOW_PRIORITY = 10 };

static const char *const mode_names[] = {
    [LEARN_OFF] = "off", [LEARN_ASK] = "ask", [LEARN_AUTO] = "auto"};

const char *learn_mode_name(enum learn_mode m)
{
    return m <= LEARN_AUTO ? mode_names[m] : "";
}

bool learn_mode_find(const char *name, enum learn_mode *out)
{
    for (int m = LEARN_OFF; m <= LEARN_AUTO; m++)
        if (strcmp(mode_names[m], name) == 0) {
            *out = (enum learn_mode)m;
            return true;
        }
    return false;
}

/* Without knowledge nobody has looked at the data yet. */
static enum err look_at_task(const struct engine *e, struct task_features *out,
                             struct err_info *info)
{
    const struct guidance *g = engine_guidance(e);
    if (!g)
        return meta_features(e->options.set, out, info);
    *out = *g->features;
    return ERR_OK;
}

static void *learn_main(void *engine)
{
    struct engine *e = engine;
    struct err_info info = {0};
    char say[200] = "", text[900];
    setpriority(PRIO_PROCESS, (id_t)gettid(), LOW_PRIORITY); /* refused: then it is not low */
    struct task_features features;
    enum err err = look_at_task(e, &features, &info);
    if (err == ERR_OK)
        err = e->options.learner.fold(e->options.learner.arg, e->options.study_path, &features,
                                      &e->learn_cancel, say, sizeof say, &info);
    if (err != ERR_OK)
        text_format(say, sizeof say, "nothing was learnt from this study: %s",
                    err_format(&info, text, sizeof text));
    pthread_mutex_lock(&e->work);
    e->learn_over = true;
    e->learn_err = err;
    text_copy(e->learnt, sizeof e->learnt, say);
    pthread_cond_signal(&e->to_engine);
    pthread_mutex_unlock(&e->work);
    return NULL;
}

static void set_stage(struct engine *e, enum learn_stage stage)
{
    pthread_mutex_lock(&e->work);
    e->learn_stage = stage;
    pthread_cond_broadcast(&e->to_front);
    pthread_mutex_unlock(&e->work);
    engine_wake(e);
}

static void start(struct engine *e)
{
    atomic_store(&e->learn_cancel, false);
    pthread_mutex_lock(&e->work);
    e->learn_over = e->learn_asked = false;
    pthread_mutex_unlock(&e->work);
    e->learn_outdated = false;
    study_log_flush(e->log, NULL);
    bool started = pthread_create(&e->learn_thread, NULL, learn_main, e) == 0;
    set_stage(e, started ? LEARN_FOLDING : LEARN_FAILED);
}

static void finish(struct engine *e)
{
    pthread_join(e->learn_thread, NULL);
    bool done = e->learn_err == ERR_OK;
    study_log_event(e->log, "tiller", done ? "learnt" : "not learnt", -1, e->learnt, NULL);
    engine_note_add(e, "%s", e->learnt);
    study_log_flush(e->log, NULL); /* notes are shown when they are on disk */
    set_stage(e, e->learn_outdated ? LEARN_NOTHING : done ? LEARN_DONE : LEARN_FAILED);
}

void learning_turn(struct engine *e)
{
    pthread_mutex_lock(&e->work);
    enum learn_stage stage = e->learn_stage;
    bool finished = e->finished, over = e->learn_over, asked = e->learn_asked;
    enum learn_mode mode = e->learn;
    pthread_mutex_unlock(&e->work);
    if (stage == LEARN_FOLDING) {
        e->learn_outdated |= !finished; /* it goes on, and may have ended again by then */
        if (over)
            finish(e);
    } else if (!finished) {
        if (stage != LEARN_NOTHING) /* it goes on: what was learnt will be renewed */
            set_stage(e, LEARN_NOTHING);
    } else if (asked || (stage == LEARN_NOTHING && mode == LEARN_AUTO)) {
        start(e);
    } else if (stage == LEARN_NOTHING && mode == LEARN_ASK) {
        set_stage(e, LEARN_ASKS);
    }
}

void learning_end(struct engine *e, bool cancel)
{
    pthread_mutex_lock(&e->work);
    bool folding = e->learn_stage == LEARN_FOLDING;
    pthread_mutex_unlock(&e->work);
    if (cancel)
        atomic_store(&e->learn_cancel, true);
    if (folding)
        finish(e);
}

void learning_request(struct engine *e, bool wanted)
{
    pthread_mutex_lock(&e->work);
    e->learn_asked = wanted;
    if (!wanted && e->learn_stage == LEARN_ASKS)
        e->learn_stage = LEARN_DONE; /* not asked again */
    pthread_mutex_unlock(&e->work);
    if (!wanted)
        atomic_store(&e->learn_cancel, true);
}

void learning_mode(struct engine *e, enum learn_mode mode)
{
    char say[64];
    pthread_mutex_lock(&e->work);
    e->learn = mode;
    if (e->learn_stage == LEARN_ASKS) /* answered by the way */
        e->learn_stage = mode == LEARN_AUTO ? LEARN_NOTHING : LEARN_DONE;
    pthread_mutex_unlock(&e->work);
    text_format(say, sizeof say, "learning from ended studies: %s", learn_mode_name(mode));
    study_log_event(e->log, "you", "learn", -1, say, NULL);
    engine_note_add(e, "you: %s", say);
}
