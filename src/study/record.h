/* record: one line of a journal per call, ASCII only, without its '\n'.
 *
 * Where the id of a trial has to stand that is not written yet, RECORD_ID stands in the text, and
 * RECORD_NUMBER for a trial's number: control characters, which JSON never holds raw. record_render
 * puts the numbers in, as often as it takes. */
#ifndef TILLER_STUDY_RECORD_H
#define TILLER_STUDY_RECORD_H

#include "study/internal.h"

#define RECORD_ID "\x01"
#define RECORD_NUMBER "\x02"

void record_create_study(struct text *out, const char *worker, const char *name, int direction);
/* json: the value, already JSON and ASCII. */
void record_study_attribute(struct text *out, const char *worker, int64_t study_id, bool system,
                            const char *key, const char *json);
/* Long form, RUNNING or WAITING. parent: of a continuation, NULL none; its number is written as
 * RECORD_NUMBER. */
void record_create_trial(struct text *out, const char *worker, const struct study *study,
                         const struct space *space, const struct trial_start *start,
                         const struct trial *parent);
void record_parameter(struct text *out, const char *worker, const struct space *space, int i,
                      double value);
/* value NaN: values null. The time is now. */
void record_state(struct text *out, const char *worker, enum trial_state state, double value,
                  bool utc);
void record_epoch(struct text *out, const char *worker, const struct epoch_result *epoch);
void record_trial_attribute(struct text *out, const char *worker, const char *key,
                            const char *json);
/* Members of an event before the caller's own; the object stays open in w. number: RECORD_NUMBER
 * stands for it if by_handle. */
void record_open_event(struct json_writer *w, struct text *out, int64_t seq, const char *who,
                       const char *what, int64_t number, bool by_handle, const char *say);
void record_q_update(struct json_writer *w, const struct q_update *u);
/* [[step, value], ...] of one metric where it is known; false if nowhere. */
bool record_curve(struct text *out, const struct trial *t, enum study_metric m);
void record_render(struct text *out, const char *record, int64_t id, int64_t number);

#endif
