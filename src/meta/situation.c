/* situation: where a search stands, as one of 60 rows: phase x stagnation x diagnosis of the
 * incumbent's curve (section 8 of the search design, without trust: there is no knowledge yet).
 *
 * A finished run is one that ended with at least one epoch, however it ended. Their order is that
 * in which they ended; runs that ended at the same time (a fixed clock) go by number. */
#include "tiller/meta.h"

#include <math.h>
#include <string.h>

/* Rows in the order of situation_index; the words of the diagnosis are those of diagnosis_name. */
#define STAGNATION(phase, word)                                                                    \
    phase " " word " diverges", phase " " word " overfits", phase " " word " underfits",           \
        phase " " word " plateau", phase " " word " improves"
#define PHASE(phase)                                                                               \
    STAGNATION(phase, "gaining"), STAGNATION(phase, "moving"), STAGNATION(phase, "stuck")
static const char *const names[META_STATES] = {PHASE("0-2"), PHASE("3-9"), PHASE("10-29"),
                                               PHASE("30+")};

int situation_index(struct situation s)
{
    return (s.phase * META_STAGNATIONS + s.stagnation) * DIAGNOSIS_N + (int)s.diagnosis;
}

struct situation situation_from_index(int index)
{
    return (struct situation){
        .phase = index / (META_STAGNATIONS * DIAGNOSIS_N),
        .stagnation = index / DIAGNOSIS_N % META_STAGNATIONS,
        .diagnosis = (enum diagnosis)(index % DIAGNOSIS_N),
    };
}

const char *situation_name(int index)
{
    return names[index];
}

int situation_find(const char *name)
{
    for (int i = 0; i < META_STATES; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    return -1;
}

static bool had_ended(const struct trial *t, double when_s)
{
    bool ended = t->state == TRIAL_COMPLETE || t->state == TRIAL_PRUNED || t->state == TRIAL_FAIL;
    return ended && t->n_epochs > 0 && t->end_s <= when_s;
}

static bool ended_later(const struct trial *a, const struct trial *b)
{
    return a->end_s > b->end_s || (a->end_s == b->end_s && a->number > b->number);
}

const struct trial *meta_incumbent(const struct study *study, double when_s)
{
    const struct trial *best = NULL;
    for (size_t i = 0; i < study->n_trials; i++) {
        const struct trial *t = &study->trials[i];
        if (t->state == TRIAL_COMPLETE && had_ended(t, when_s) && study_better(study, t, best))
            best = t;
    }
    return best;
}

static int phase_of(int finished)
{
    return finished < 3 ? 0 : finished < 10 ? 1 : finished < 30 ? 2 : 3;
}

static int stagnation_of(int since_gain)
{
    return since_gain == 0 ? 0 : since_gain < 4 ? 1 : 2;
}

int situation_at(const struct study *study, double majority_error, double when_s, int *finished,
                 int *since_gain)
{
    const struct trial *best = meta_incumbent(study, when_s);
    int n = 0, since = 0;
    for (size_t i = 0; i < study->n_trials; i++) {
        const struct trial *t = &study->trials[i];
        if (!had_ended(t, when_s))
            continue;
        n++;
        since += !best || ended_later(t, best);
    }
    if (finished)
        *finished = n;
    if (since_gain)
        *since_gain = since;
    return situation_index((struct situation){
        .phase = phase_of(n),
        .stagnation = stagnation_of(since),
        .diagnosis = best ? meta_diagnose(best, majority_error) : DIAGNOSIS_IMPROVING,
    });
}

int situation_now(const struct study *study, double majority_error, int *finished, int *since_gain)
{
    return situation_at(study, majority_error, INFINITY, finished, since_gain);
}
