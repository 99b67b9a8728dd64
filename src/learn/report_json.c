/* report_json: a comparison as one JSON object with every figure. */
#include "report.h"
#include "rungs.h"

#include <math.h>

static void put_interval(struct json_writer *w, const char *name, const struct bench_interval *i)
{
    json_put_number(w, name, i->value);
    json_put_number(w, "low", i->low);
    json_put_number(w, "high", i->high);
}

static void put_method(const struct bench_statistics *s, int m, struct json_writer *w)
{
    json_open(w, NULL, '{');
    json_put_string(w, "name", s->result->method[m]);
    json_open(w, "at", '[');
    for (int b = 0; b < s->n_budgets; b++) {
        json_open(w, NULL, '{');
        json_put_number(w, "trainings", bench_budgets[b]);
        put_interval(w, "regret", &s->mean[m * BENCH_BUDGETS + b]);
        json_put_number(w, "rank", s->rank[m * BENCH_BUDGETS + b]);
        json_close(w, '}');
    }
    json_close(w, ']');
    json_open(w, "rank_after", '[');
    for (int b = 0; b < s->n_whole; b++)
        json_put_number(w, NULL, s->whole_rank[m * BENCH_WHOLE + b]);
    json_close(w, ']');
    double slowest, ms = report_proposal_ms(s->result, m, &slowest);
    if (!isnan(ms)) {
        json_put_number(w, "proposal_ms", ms);
        json_put_number(w, "slowest_ms", slowest);
    }
    json_close(w, '}');
}

static void put_speedups(const struct bench_statistics *s, const struct bench_pair *p,
                         struct json_writer *w)
{
    json_open(w, "speedup", '[');
    for (int g = 0; g < s->n_targets; g++) {
        json_open(w, NULL, '{');
        json_put_number(w, "trainings", bench_targets[g]);
        put_interval(w, "factor", &p->speedup[g]);
        json_put_number(w, "reached", p->reached[g]);
        json_close(w, '}');
    }
    json_close(w, ']');
}

static void put_differences(const struct bench_statistics *s, const struct bench_pair *p,
                            struct json_writer *w)
{
    json_open(w, "difference", '[');
    for (int b = 0; b < s->n_budgets; b++) {
        json_open(w, NULL, '{');
        json_put_number(w, "trainings", bench_budgets[b]);
        put_interval(w, "difference", &p->difference[b]);
        json_put_int(w, "tasks_won", p->won[b]);
        json_put_number(w, "p", p->p[b]);
        json_put_number(w, "p_holm", p->p_holm[b]);
        json_close(w, '}');
    }
    json_close(w, ']');
}

static void put_pairs(const struct bench_statistics *s, struct json_writer *w)
{
    int n = s->result->n_methods;
    json_open(w, "pairs", '[');
    for (int i = 0; i < n * n; i++) {
        if (i / n == i % n)
            continue;
        json_open(w, NULL, '{');
        json_put_string(w, "method", s->result->method[i / n]);
        json_put_string(w, "peer", s->result->method[i % n]);
        put_speedups(s, &s->pair[i], w);
        put_differences(s, &s->pair[i], w);
        json_close(w, '}');
    }
    json_close(w, ']');
}

void bench_report_json(const struct bench_statistics *s, struct text *out)
{
    const struct bench_result *r = s->result;
    struct json_writer w;
    json_begin(&w, out);
    json_open(&w, NULL, '{');
    json_put_string(&w, "table", r->table->name);
    json_put_int(&w, "tasks", r->table->n_tasks);
    json_put_int(&w, "families", r->table->n_families);
    json_put_int(&w, "seeds", r->n_seeds);
    json_put_number(&w, "budget", r->budget);
    json_put_string(&w, "axis", s->axis == BENCH_COST ? "cost" : "epochs");
    json_put_int(&w, "resamples", BENCH_RESAMPLES);
    json_put_int(&w, "decisions", r->n_decisions);
    json_put_number(&w, "core_seconds", r->seconds);
    json_put_number(&w, "critical_difference", s->critical_difference);
    json_open(&w, "friedman_p", '[');
    for (int b = 0; b < s->n_budgets; b++)
        json_put_number(&w, NULL, s->friedman_p[b]);
    json_close(&w, ']');
    json_open(&w, "methods", '[');
    for (int m = 0; m < r->n_methods; m++)
        put_method(s, m, &w);
    json_close(&w, ']');
    put_pairs(s, &w);
    if (report_has_predictions(r))
        rungs_put_json(&w, "predictions", r->rung);
    json_close(&w, '}');
    text_append_char(out, '\n');
}
