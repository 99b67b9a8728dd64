/* situation: where a search stands, as one of 180 rows: phase x stagnation x trust x diagnosis of
 * the incumbent's curve (section 8 of the search design).
 *
 * A finished run is one that ended with at least one epoch, however it ended. Their order is that
 * in which they ended; runs that ended at the same time (a fixed clock) go by number. */
#include "tiller/meta.h"

#include <math.h>
#include <string.h>

/* Rows in the order of situation_index; the words of the diagnosis are those of diagnosis_name. */
#define TRUST(words, trust)                                                                        \
    words " diverges " trust, words " overfits " trust, words " underfits " trust,                 \
        words " plateau " trust, words " improves " trust
#define STAGNATION(words) TRUST(words, "low"), TRUST(words, "middle"), TRUST(words, "high")
#define PHASE(phase)                                                                               \
    STAGNATION(phase " gaining"), STAGNATION(phase " moving"), STAGNATION(phase " stuck")
static const char *const names[META_STATES] = {PHASE("0-2"), PHASE("3-9"), PHASE("10-29"),
                                               PHASE("30+")};

const char *trust_name(enum trust t)
{
    static const char *const words[TRUST_N] = {"low", "middle", "high"};
    return t < TRUST_N ? words[t] : "";
}

int situation_index(struct situation s)
{
    int row = s.phase * META_STAGNATIONS + s.stagnation;
    return (row * TRUST_N + (int)s.trust) * DIAGNOSIS_N + (int)s.diagnosis;
}

struct situation situation_from_index(int index)
{
    return (struct situation){
        .phase = index / (META_STAGNATIONS * TRUST_N * DIAGNOSIS_N),
        .stagnation = index / (TRUST_N * DIAGNOSIS_N) % META_STAGNATIONS,
        .trust = (enum trust)(index / DIAGNOSIS_N % TRUST_N),
        .diagnosis = (enum diagnosis)(index % DIAGNOSIS_N),
    };
}

const char *situation_name(int index)
{
    return names[index];
}

int situation_find(const char *name)
{
    static const char last[] = " low";
    size_t n = strlen(name);
    for (int i = 0; i < META_STATES; i++)
        if (strncmp(names[i], name, n) == 0 &&
            (names[i][n] == 0 || strcmp(names[i] + n, last) == 0))
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

int situation_at(const struct study *study, double majority_error, enum trust trust, double when_s,
                 int *finished, int *since_gain)
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
        .trust = trust,
        .diagnosis = best ? meta_diagnose(best, majority_error) : DIAGNOSIS_IMPROVING,
    });
}

int situation_now(const struct study *study, double majority_error, enum trust trust, int *finished,
                  int *since_gain)
{
    return situation_at(study, majority_error, trust, INFINITY, finished, since_gain);
}

enum trust situation_trust(const struct study *study, double when_s)
{
    for (size_t i = study->n_trials; i-- > 0;) {
        const struct trial *t = &study->trials[i];
        int s = t->situation[0] && t->start_s <= when_s ? situation_find(t->situation) : -1;
        if (s >= 0)
            return situation_from_index(s).trust;
    }
    return TRUST_LOW;
}
