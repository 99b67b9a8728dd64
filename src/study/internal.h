/* What the files of the study room share: the fold behind `struct study`, the journal's lock, the
 * rendering of records. Nobody outside this room includes it. */
#ifndef TILLER_STUDY_INTERNAL_H
#define TILLER_STUDY_INTERNAL_H

#include "tiller/study.h"

struct cJSON;

/* ---- the fold (fold.c, parameters.c, curve.c, attributes.c, query.c) --------------------- */

/* A study of the file, ours or not: ids are counted, never written. */
struct study_row {
    char *name;
    bool deleted;
};
/* The first trial (lowest number) that has a parameter decides which op 5 records are compatible.
 */
struct first_use {
    char *name, *kind; /* kind: what has to be equal, as text */
    int64_t trial;
};
/* What is kept beside a trial, same index. */
struct trial_note {
    bool start_utc;     /* form of its start time */
    char *seed_problem; /* why a seed's values do not fit the space; NULL: they do */
};
/* study stands first: a struct study that study_new gave is the head of one of these. */
struct fold {
    struct study study;
    char *wanted; /* NULL: the first study of the file */
    struct study_row *rows;
    size_t n_rows, rows_capacity;
    struct first_use *uses;
    size_t n_uses, uses_capacity;
    struct trial_note *notes;
    size_t notes_capacity;
    uint64_t sequence; /* for the epochs of the line being folded */
};

enum fold_result {
    FOLD_DONE,
    FOLD_OTHER, /* another study of the file, or an operation we do not know */
    FOLD_REFUSED,
    FOLD_BAD,
    FOLD_MEMORY
};
/* One line being folded. */
struct fold_line {
    struct fold *fold;
    const struct cJSON *record;
    const char *reason; /* why it is bad */
};

static inline struct fold *fold_of(struct study *study)
{
    return (struct fold *)study;
}
static inline const struct fold *fold_of_const(const struct study *study)
{
    return (const struct fold *)study;
}

/* trials.c: op 5 to 9, records of a trial that exists. */
enum fold_result fold_parameter(struct fold_line *line);
enum fold_result fold_state(struct fold_line *line);
enum fold_result fold_epoch(struct fold_line *line);
enum fold_result fold_trial_attribute(struct fold_line *line);
enum fold_result fold_trial_system_attribute(struct fold_line *line);

enum { FOLD_STEP_MAX = 1000000000 };
enum fold_result fold_bad(struct fold_line *line, const char *reason);
bool fold_read_time(const struct cJSON *record, const char *name, double *wall_s, bool *utc);
bool fold_logged_value(const struct cJSON *record, double *out);
const struct cJSON *fold_attribute(struct fold_line *line, const char *member);
bool trial_is_finished(enum trial_state s);

/* As study_fold, with the sequence number of one of our own records; *result may be NULL. */
enum err fold_one(struct study *study, const char *line, size_t n, uint64_t sequence,
                  enum fold_result *result);
/* Every whole line of bytes. *used: bytes up to and with the last '\n'. */
enum err fold_bytes(struct study *study, const char *bytes, size_t n, size_t *used);
/* Exchanges the content of two folds; pointers to the structs stay valid. */
void fold_swap(struct study *a, struct study *b);
struct trial *fold_find_id(struct study *study, int64_t id); /* NULL: not of this study */
/* Sets study->best anew after `changed` was changed. */
void fold_refresh_best(struct study *study, const struct trial *changed);
/* JSON of an item as one owned text; NULL: out of memory. */
char *fold_item_text(const struct cJSON *item);

/* curve.c: the epoch at `step`, made if need be (NULL: out of memory); the best value afterwards.
 */
struct epoch_result *curve_at(struct trial *t, int step, bool *is_new);
void curve_note_best(const struct study *study, struct trial *t, const struct epoch_result *epoch,
                     bool is_new);
/* "YYYY-MM-DDTHH:MM:SS[.ffffff][zone]" to seconds since 1970; *zone: whether a zone was given. */
bool time_read_iso(const char *text, double *wall_s, bool *zone);

/* parameters.c */
enum fold_result parameters_check(struct fold_line *line, const char *name,
                                  const char *distribution, double value);
/* Whether op 5 may set it: FOLD_DONE, FOLD_REFUSED or FOLD_MEMORY. Notes the first use. */
enum fold_result parameters_use(struct fold *fold, const char *name, const char *distribution,
                                int64_t number, bool may_refuse);
/* Doing it twice is as doing it once. */
enum fold_result parameters_put(struct fold *fold, struct trial *t, const char *name,
                                const char *distribution, double value);
/* fixed_params of a seed. Returns a sentence about what does not fit (owned), or NULL. */
char *parameters_read_seed(struct fold *fold, struct trial *t, const struct cJSON *fixed,
                           bool *out_of_memory);
enum fold_result parameters_declare(struct fold *fold, const struct cJSON *object);

/* attributes.c */
void attribute_of_trial(struct fold *fold, struct trial *t, const struct cJSON *item);
enum fold_result attribute_of_study(struct fold *fold, const struct cJSON *item);
enum fold_result system_attribute_of_study(struct fold *fold, const struct cJSON *item);

#endif
