/* own: what this user's own studies have taught, kept apart from the knowledge that ships. A study
 * goes in when it has ended and may be taken out again: the file then has the bytes it had before.
 *
 * Belongs to the room `learn`. The file is one JSON object; values stand there by name, situations
 * and moves too, so that it outlives a change of the space:
 *   {"format": "tiller own knowledge", "version": 1, "studies": [{"id", "log", "began", "name",
 *    "family", "variant", "fingerprint", "epochs": R, "rows", "inputs", "classes",
 *    "majority_error", "noise", "features": [..] and "sketch": [..] where they are known,
 *    "runs": [{"params": {NAME: VALUE}, "log_error": ..} ..],
 *    "steps": [[SITUATION, MOVE, REWARD, NEXT SITUATION] ..]} ..]}
 * Studies stand by the time at which they began. */
#ifndef TILLER_OWN_H
#define TILLER_OWN_H

#include "tiller/knowledge.h"
#include "tiller/study.h"

#include <stdatomic.h>

/* A configuration and how its trainings ended. */
struct own_run {
    char *params_json;
    double log_error; /* ln(y + 0.002); mean of its seeds */
};
/* What a Q-update was made of; next: "" the budget was spent. */
struct own_step {
    char situation[64], action[24], next[64];
    double reward;
};
struct own_study {
    char id[20];  /* a few digits by which the study is known again, wherever its log lies */
    double began; /* wall time of its first trial */
    char family[64];
    struct knowledge_task facts; /* origin: its log; without unit, log_error and family */
    struct own_run *run;         /* [n_runs] different configurations */
    size_t n_runs, runs_capacity;
    struct own_step *step; /* [n_steps] as they were made */
    size_t n_steps, steps_capacity;
};
struct own_knowledge {
    struct own_study *study; /* [n] */
    size_t n, capacity;
};

/* own_read: trusts nothing. Errors: ERR_INPUT with what and where. own_open: the same of a file;
 * one that does not exist holds nothing. Owner: caller, own_free. */
enum err own_read(const char *bytes, size_t n, const char *path, struct own_knowledge **out,
                  struct err_info *info);
enum err own_open(const char *path, struct own_knowledge **out, struct err_info *info);
void own_free(struct own_knowledge *own);
enum err own_write(const struct own_knowledge *own, struct text *out);

/* learn_fold_study: takes a study in, in the place of what it had taught before. Completed
 * trainings count, and those that diverged as having learnt nothing; of a chain of continuations
 * the last. path      of its log     features  how its task looks; NULL: not known Errors (nothing
 * is changed): ERR_STATE: fewer than OWN_RUNS_MIN trainings have ended; ERR_INPUT: a recording, a
 * pool, or no study of ours. */
enum { OWN_RUNS_MIN = 3 };
enum err learn_fold_study(struct own_knowledge *own, const struct study *study, const char *path,
                          const struct task_features *features, struct err_info *info);
/* The study's id; out_size >= 20. */
const char *own_id(const struct study *study, char *out, size_t out_size);
/* The one study that a person means: by id, by its log's path, or by the end of that. -1: none, or
 * more than one; *n tells how many. */
int own_find(const struct own_knowledge *own, const char *word, int *n);
void own_forget(struct own_knowledge *own, int i);

/* own_join: adds what own studies have taught to knowledge in memory: their tasks (is_shared false)
 * and, in every advice that has not left out their family, their Q-steps. Studies of the family or
 * fingerprint `but` are skipped (NULL: none are); *joined, *skipped: how many (may be NULL).
 * Errors: ERR_MEMORY (what was joined so far stays). */
enum err own_join(const struct own_knowledge *own, const char *but_family,
                  const char *but_fingerprint, struct knowledge *k, int *joined, int *skipped);

/* Both for a whole file, atomically and under a lock against other processes, which is waited for a
 * few seconds (ERR_BUSY then). cancel (NULL: never): give up, ERR_INTERRUPTED, nothing is changed.
 * say gets one sentence. Thread: any. */
enum err own_fold_file(const char *own_path, const char *study_path,
                       const struct task_features *features, const atomic_bool *cancel, char *say,
                       size_t say_size, struct err_info *info);
enum err own_forget_file(const char *own_path, const char *word, char *say, size_t say_size,
                         struct err_info *info);

#endif
