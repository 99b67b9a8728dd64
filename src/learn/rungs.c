/* rungs: how curve predictions came true, for people, as JSON and as CSV. */
#include "rungs.h"
#include "numbers.h"

static void put_bins(const struct predictor_reliability *r, struct text *out)
{
    for (int b = 0; b < PREDICTOR_BINS; b++)
        if (r->count[b] > 0)
            text_appendf(out, "  %.3f %.3f", r->said[b], r->came[b]);
        else
            text_append(out, "      -      ");
    text_append_char(out, '\n');
}

void rungs_put_text(const struct predictor_reliability rung[static PREDICTOR_RUNGS], int full,
                    struct text *out)
{
    text_appendf(out,
                 "will a run end better than the incumbent: said and came true, by rungs of %d "
                 "epochs\n  epoch  pairs   Brier  before    base  stopped  winners lost  |",
                 full);
    for (int b = 0; b < PREDICTOR_BINS; b++)
        text_appendf(out, "    %4.2f-%-4.2f", predictor_edge[b], predictor_edge[b + 1]);
    text_append_char(out, '\n');
    for (int i = 0; i < PREDICTOR_RUNGS; i++) {
        const struct predictor_reliability *r = &rung[i];
        if (r->n == 0)
            continue;
        text_appendf(out, "  %5d %6d  %.4f  %.4f  %.4f   %5.3f         %5.3f  |",
                     predictor_epoch(i, full), r->n, r->brier, r->raw_brier, r->base_brier,
                     r->stopped, r->winners_lost);
        put_bins(r, out);
    }
}

void rungs_put_json(struct json_writer *w, const char *name,
                    const struct predictor_reliability *rung)
{
    json_open(w, name, '[');
    for (int i = 0; rung && i < PREDICTOR_RUNGS; i++) {
        const struct predictor_reliability *r = &rung[i];
        json_open(w, NULL, '{');
        json_put_int(w, "pairs", r->n);
        json_open(w, "count", '[');
        for (int b = 0; b < PREDICTOR_BINS; b++)
            json_put_int(w, NULL, r->count[b]);
        json_close(w, ']');
        numbers_put_list(w, "said", r->said, PREDICTOR_BINS);
        numbers_put_list(w, "came", r->came, PREDICTOR_BINS);
        numbers_put(w, "brier", r->brier);
        numbers_put(w, "raw_brier", r->raw_brier);
        numbers_put(w, "base_brier", r->base_brier);
        numbers_put(w, "stopped", r->stopped);
        numbers_put(w, "winners_lost", r->winners_lost);
        json_close(w, '}');
    }
    json_close(w, ']');
}

void rungs_put_csv(const struct predictor_reliability rung[static PREDICTOR_RUNGS], int full,
                   struct text *out)
{
    text_append(out, "epoch,of,from,to,pairs,said,came,brier,raw_brier,base_brier,stopped,"
                     "winners_lost\n");
    for (int i = 0; i < PREDICTOR_RUNGS; i++)
        for (int b = 0; b < PREDICTOR_BINS && rung[i].n > 0; b++) {
            const struct predictor_reliability *r = &rung[i];
            text_appendf(out, "%d,%d,%g,%g,%d,%.6g,%.6g,%.6g,%.6g,%.6g,%.6g,%.6g\n",
                         predictor_epoch(i, full), full, predictor_edge[b], predictor_edge[b + 1],
                         r->count[b], r->said[b], r->came[b], r->brier, r->raw_brier, r->base_brier,
                         r->stopped, r->winners_lost);
        }
}
