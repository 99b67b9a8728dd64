/* What the forms of a report share. */
#ifndef TILLER_LEARN_REPORT_H
#define TILLER_LEARN_REPORT_H

#include "tiller/bench.h"

/* Three decimals below 1, fewer above; "-" for NaN. Returns out. */
const char *report_number(char *out, size_t out_size, double x);
/* A probability: three decimals, "<.001". Returns out. */
const char *report_chance(char *out, size_t out_size, double p);
/* "low-high", without the zeros before points. Returns out. */
const char *report_range(char *out, size_t out_size, const struct bench_interval *i);
/* The method with the least regret at the largest budget. */
int report_best_method(const struct bench_statistics *s);

/* report_more.c: parts of the text report. */
void report_first(const struct bench_statistics *s, struct text *out);
void report_times(const struct bench_result *r, struct text *out);
void report_gaps(const struct bench_statistics *s, struct text *out);
void report_predictions(const struct bench_result *r, struct text *out);
/* Were there guides whose predictions were tried? */
bool report_has_predictions(const struct bench_result *r);
/* The longest full training of its tasks. */
int report_full_epochs(const struct bench_result *r);
/* Mean over a method's proposals; NaN: none was timed. */
double report_proposal_ms(const struct bench_result *r, int method, double *slowest);
/* The same method with knowledge of each task's own family; -1: it was not run. */
int report_held_in(const struct bench_result *r, int method);

#endif
