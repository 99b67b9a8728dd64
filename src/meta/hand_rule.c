/* hand_rule: what to do next in the plainest words, as the measure that a learnt table has to beat
 * (section 8 of the search design; decisions 16). */
#include "tiller/meta.h"

static const int random_after = 6; /* runs without gain */
static const int turn_every = 4;   /* alone: one of the directed moves in turn, else local */
static const int local_every = 2;  /* with knowledge: local, else the surrogate */
static const int portfolio_runs = 3, portfolio_runs_untrusted = 6;

static bool random_is_due(const struct standing *s)
{
    int without = s->since_gain + s->running;
    return without > 0 && without % random_after == 0;
}

static enum move alone(const struct standing *s, char *why, size_t why_size)
{
    int turn = s->begun > HAND_FIRST_RUNS ? s->begun - HAND_FIRST_RUNS : 0;
    enum move m = MOVE_LOCAL;
    const char *each = "";
    if (turn % turn_every == turn_every - 1) {
        m = (enum move)(MOVE_LR_DOWN + turn / turn_every % (MOVE_RANDOM - MOVE_LR_DOWN));
        each = ", each move in its turn";
    }
    text_format(why, why_size, "hand rule%s: %s", each, move_about(m));
    return m;
}

static enum move knowing(const struct standing *s, char *why, size_t why_size)
{
    int first = s->trust == TRUST_HIGH ? portfolio_runs : portfolio_runs_untrusted;
    enum move usual = s->possible[MOVE_SURROGATE] ? MOVE_SURROGATE : MOVE_LOCAL;
    enum move m = usual;
    if (s->begun < first && s->possible[MOVE_PORTFOLIO])
        m = MOVE_PORTFOLIO;
    else if (s->thaw_pays && s->possible[MOVE_THAW])
        m = MOVE_THAW;
    else if (s->begun % local_every == local_every - 1)
        m = MOVE_LOCAL;
    text_format(why, why_size, "hand rule: %s", move_about(m));
    return m;
}

enum move hand_rule(const struct standing *s, char *why, size_t why_size)
{
    bool first = s->knows && s->begun < portfolio_runs_untrusted;
    if (random_is_due(s) && !first) {
        text_format(why, why_size, "random: %d runs without a gain", s->since_gain + s->running);
        return MOVE_RANDOM;
    }
    return s->knows ? knowing(s, why, why_size) : alone(s, why, why_size);
}
