/* recordings: small ones in a folder of their own, for this room's tests. */
#ifndef TILLER_TESTS_LEARN_RECORDINGS_H
#define TILLER_TESTS_LEARN_RECORDINGS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../support/spawn.h"
#include "tiller/learn.h"

enum { RECORDING_EPOCHS = 3 };

struct desk {
    char folder[64];
    const char *task[2];
    struct learn_recording r;
    int calls, leave_after; /* leave_after -1: never */
    struct text said;
};

static inline enum err desk_open(void *arg, const char *typed, struct data_set **set,
                                 struct text *data_json, struct err_info *info)
{
    (void)arg;
    char path[512];
    struct data_options options = {0};
    enum err err = data_find(typed, path, sizeof path, &options.variant, info);
    text_append(data_json, "{\"split_seed\": 0}");
    return err == ERR_OK ? data_open(path, &options, set, info) : err;
}

static inline void desk_say(void *self, const char *line)
{
    struct desk *desk = self;
    text_appendf(&desk->said, "%s\n", line);
}

static inline bool desk_leave(void *self)
{
    struct desk *desk = self;
    return desk->leave_after >= 0 && desk->calls++ >= desk->leave_after;
}

/* Two small tasks, 6 + 4 + 1 x (6 + 4) trainings each. */
static inline void desk_make(struct desk *desk)
{
    *desk = (struct desk){.task = {"data/vowel", "data/ionosphere"}, .leave_after = -1};
    assert_non_null(spawn_make_folder(desk->folder));
    desk->r = (struct learn_recording){
        .tasks = {.typed = desk->task, .n = 2, .open = desk_open},
        .plan = learn_plan_default(false, 0),
        .folder = desk->folder,
        .n_workers = 1,
        .full_epochs = RECORDING_EPOCHS,
        .say = desk_say,
        .leave = desk_leave,
        .arg = desk,
    };
    desk->r.plan.n_shared = 6;
    desk->r.plan.n_own = 4;
    desk->r.plan.n_repeats = 1;
}

static inline void desk_remove(struct desk *desk)
{
    text_free(&desk->said);
    spawn_remove_folder(desk->folder);
}

static inline bool desk_record(struct desk *desk)
{
    struct err_info info = {0};
    char line[900];
    bool finished;
    if (learn_record(&desk->r, &finished, &info) != ERR_OK)
        fail_msg("%s", err_format(&info, line, sizeof line));
    return finished;
}

static inline struct study *desk_read(const struct desk *desk, const char *file)
{
    char path[128], line[900];
    struct study *study = NULL;
    struct err_info info = {0};
    assert_true(file_join(path, sizeof path, desk->folder, file));
    if (study_read(path, NULL, &study, &info) != ERR_OK)
        fail_msg("%s", err_format(&info, line, sizeof line));
    assert_int_equal(study->n_bad, 0);
    return study;
}

#endif
