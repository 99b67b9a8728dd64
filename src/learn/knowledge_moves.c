/* knowledge_moves: tables of moves for each advice, and what they were measured to be worth.
 *
 * What always holds: an advice's tables, and whether they pay, follow from the families that it
 * knows; the family left out only judges them. */
#include "knowledge_moves.h"
#include "numbers.h"

#include <math.h>

bool moves_make_room(struct learnt_moves *m, int n)
{
    m->n = n;
    m->report = mem_zero_alloc((size_t)n, sizeof *m->report);
    m->judged = mem_zero_alloc((size_t)n, sizeof *m->judged);
    return m->report && m->judged;
}

void moves_free_room(struct learnt_moves *m)
{
    mem_free(m->report);
    mem_free(m->judged);
}

/* One for each family, and one for making worlds. */
int moves_parts(const struct knowledge *k)
{
    return k->n_families + 1;
}

struct part {
    const struct moves_lesson *l;
    int done;
};

static bool note_part(void *arg, int done, int all)
{
    struct part *p = arg;
    (void)all;
    atomic_fetch_add(p->l->done, done - p->done);
    p->done = done;
    return !atomic_load(p->l->leave);
}

enum err moves_learn(const struct moves_lesson *l, int family, struct advice *a,
                     struct err_info *info)
{
    struct part part = {.l = l};
    struct learn_moves_report *report = &l->learnt->report[1 + family];
    const char *without = family >= 0 ? l->k->family[family] : NULL;
    struct learn_moves_options o = {.left_out = without,
                                    .steps_per_family = l->options->steps,
                                    .rng_seed = l->options->seed,
                                    .progress = note_part,
                                    .arg = &part};
    struct err_info few;
    enum err err = learn_moves(l->records, &o, &a->q, &a->pilot, report, &few);
    if (err == ERR_OK) {
        a->q_pays = report->q_pays;
        a->pilot_pays = report->pilot_pays;
        if (without)
            err = learn_judge_moves(l->records, without, &a->q, &a->pilot, o.rng_seed + 1,
                                    &l->learnt->judged[1 + family], &few);
    }
    atomic_fetch_add(l->done, moves_parts(l->k) - part.done);
    if (err == ERR_RANGE) /* too few families: searches go by the hand rule; or nothing to judge */
        return ERR_OK;
    if (err != ERR_OK && info)
        *info = few;
    return err;
}

/* ---- for people ------------------------------------------------------------------------------ */

static void put_gain(struct learn_gain g, struct text *out)
{
    text_appendf(out, "  %+.3f +- %.3f", g.mean, g.error);
}

static void put_states(const struct learn_moves_report *r, struct text *out)
{
    text_append(out, "  where searches were most often: share of visits, best move, share of folds "
                     "that agree\n");
    for (int i = 0; i < r->n_shown; i++)
        text_appendf(out, "    %-30s %5.3f  %-10s %.2f\n", situation_name(r->shown[i].state),
                     r->shown[i].share, move_name(r->shown[i].best), r->shown[i].agree);
    text_appendf(out,
                 "  %.0f %% of visits are to states whose best move is the same in 4 of 5 folds\n",
                 100 * r->agreed);
}

/* Of each advice by the families it knows, and on the one that it does not. */
static void put_advices(const struct learnt_moves *m, const struct knowledge *k, struct text *out)
{
    text_append(out, "  advice without          Q-table: the others   it               pilot's: "
                     "the others   it\n");
    for (int i = 1; i < m->n; i++) {
        const struct learn_moves_report *r = &m->report[i];
        const struct learn_moves_judged *j = &m->judged[i];
        if (r->n_families == 0)
            continue;
        text_appendf(out, "    %-20s", k->family[i - 1]);
        put_gain(r->table, out);
        put_gain(j->table, out);
        put_gain(r->pilot, out);
        put_gain(j->pilot, out);
        text_append(out, j->n_worlds == 0 ? "  (not judged)\n" : "\n");
    }
}

struct summary {
    int n;
    struct learn_gain table, pilot, both; /* on families left out: over families */
};

static void add_gain(struct learn_gain *sum, struct learn_gain g)
{
    sum->mean += g.mean;
    sum->error += g.mean * g.mean;
}

static void end_gain(struct learn_gain *sum, int n)
{
    sum->mean /= n;
    double variance = fmax(sum->error / n - sum->mean * sum->mean, 0);
    sum->error = n > 1 ? sqrt(variance / (n - 1)) : (double)NAN;
}

static struct summary sum_up(const struct learnt_moves *m)
{
    struct summary s = {0};
    for (int i = 1; i < m->n; i++) {
        if (m->judged[i].n_worlds == 0)
            continue;
        add_gain(&s.table, m->judged[i].table);
        add_gain(&s.pilot, m->judged[i].pilot);
        add_gain(&s.both, m->judged[i].both);
        s.n++;
    }
    if (s.n > 0) {
        end_gain(&s.table, s.n);
        end_gain(&s.pilot, s.n);
        end_gain(&s.both, s.n);
    }
    return s;
}

void moves_put_text(const struct learnt_moves *m, const struct knowledge *k, struct text *out)
{
    if (m->n == 0 || m->report[0].n_families == 0) {
        text_append(out, "no moves were learnt\n");
        return;
    }
    text_append(out, "moves: ");
    learn_put_moves(&m->report[0], out);
    put_states(&m->report[0], out);
    struct summary s = sum_up(m);
    if (s.n == 0)
        return;
    put_advices(m, k, out);
    text_appendf(out, "  on the %d families left out:  Q-table", s.n);
    put_gain(s.table, out);
    text_append(out, ", pilot's");
    put_gain(s.pilot, out);
    text_append(out, ", both");
    put_gain(s.both, out);
    text_append_char(out, '\n');
}

/* ---- as JSON --------------------------------------------------------------------------------- */

static void json_gain(struct json_writer *w, const char *name, struct learn_gain g)
{
    json_open(w, name, '{');
    numbers_put(w, "mean", g.mean);
    numbers_put(w, "error", g.error);
    json_close(w, '}');
}

static void json_states(struct json_writer *w, const struct learn_moves_report *r)
{
    json_open(w, "states", '[');
    for (int i = 0; i < r->n_shown; i++) {
        json_open(w, NULL, '{');
        json_put_string(w, "situation", situation_name(r->shown[i].state));
        numbers_put(w, "share", r->shown[i].share);
        json_put_string(w, "best", move_name(r->shown[i].best));
        numbers_put(w, "agree", r->shown[i].agree);
        json_close(w, '}');
    }
    json_close(w, ']');
    numbers_put(w, "agreed", r->agreed);
}

static void json_advice(struct json_writer *w, const char *without,
                        const struct learn_moves_report *r, const struct learn_moves_judged *j)
{
    json_open(w, without, '{');
    json_gain(w, "table", r->table);
    json_gain(w, "pilot", r->pilot);
    if (j->n_worlds > 0) {
        json_gain(w, "table_on_it", j->table);
        json_gain(w, "pilot_on_it", j->pilot);
        json_gain(w, "both_on_it", j->both);
    }
    json_close(w, '}');
}

void moves_put_json(struct json_writer *w, const struct learnt_moves *m, const struct knowledge *k)
{
    if (m->n == 0 || m->report[0].n_families == 0)
        return;
    const struct learn_moves_report *r = &m->report[0];
    struct summary s = sum_up(m);
    json_open(w, "moves", '{');
    json_put_int(w, "families", r->n_families);
    json_put_int(w, "worlds", r->n_worlds);
    json_put_int(w, "twins", r->n_twins);
    json_put_int(w, "steps", r->steps);
    json_gain(w, "table", r->table);
    json_gain(w, "pilot", r->pilot);
    json_gain(w, "both", r->both);
    json_gain(w, "values_alone", r->values);
    json_gain(w, "rollouts_alone", r->rollouts);
    json_gain(w, "random", r->random_moves);
    json_gain(w, "unstopped", r->unstopped);
    json_states(w, r);
    if (s.n > 0) {
        json_put_int(w, "judges", s.n);
        json_gain(w, "table_left_out", s.table);
        json_gain(w, "pilot_left_out", s.pilot);
        json_gain(w, "both_left_out", s.both);
    }
    json_open(w, "without", '{');
    for (int i = 1; i < m->n; i++)
        if (m->report[i].n_families > 0)
            json_advice(w, k->family[i - 1], &m->report[i], &m->judged[i]);
    json_close(w, '}');
    json_close(w, '}');
}
