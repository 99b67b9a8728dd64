/* log: what the files behind study_log_* share.
 *
 * Two locks of our own, always taken in this order: io (the file, its offset, the journal's lock);
 * then the caller's guard and, inside it, state (fold, pending records, handles, counters). The
 * appending thread takes only the second pair, so it never waits for the disk.
 *
 * What always holds under state: the fold is that of the file's first `offset` bytes followed by
 * the pending records in their order. So a pending record's trial id in the fold is the one it will
 * have in the file, unless somebody else appends first; then the fold is built anew (log_catch_up).
 */
#ifndef TILLER_STUDY_LOG_H
#define TILLER_STUDY_LOG_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "study/lock.h"
#include "study/record.h"

struct log_record {
    uint64_t sequence;
    int handle;        /* the trial it is about; -1 none */
    int number_handle; /* the trial whose number it names; -1 none */
    bool creates;      /* op 4: gives its handle id and number */
    char *text;        /* see record.h */
    size_t n;
};
struct log_handle {
    int64_t id, number;
    bool written; /* id and number are final */
};

struct study_log {
    char path[PATH_MAX], folder[PATH_MAX], worker[64];
    struct study_guard guard;
    struct owner owner;

    pthread_mutex_t io;
    struct lock lock;
    int fd;
    dev_t device;
    ino_t inode;
    int64_t offset;       /* bytes of the file that are folded; behind a '\n' */
    bool reload;          /* fold the file anew at the next look */
    atomic_bool unsynced; /* written, but fsync failed; looked at under state too */

    pthread_mutex_t state;
    pthread_cond_t wake, done;
    struct study *study;
    char *name;
    struct log_record *pending;
    size_t n_pending, pending_capacity, pending_bytes;
    struct log_handle *handles;
    size_t n_handles, handles_capacity;
    uint64_t sequence, written, durable;
    uint64_t rounds_begun, rounds_done;
    bool closing, hurry;
    enum err err;
    struct err_info info;

    pthread_t writer;
    bool writer_runs;
};

/* Around every change of the fold. */
void log_enter(struct study_log *log);
void log_leave(struct study_log *log);
void log_changed(struct study_log *log);

/* append.c: folds the text of a record and queues it; takes it over (frees it) in any case. To be
 * called between log_enter and log_leave. */
enum err log_append(struct study_log *log, struct log_record record, struct text *text);
/* Folds one record as it stands; gives its handle an id if it creates a trial. ERR_STATE: refused
 * (and not counted). */
enum err log_fold_record(struct study_log *log, struct study *study, const struct log_record *r);
void log_drop_pending(struct study_log *log, size_t first, size_t n);
int log_new_handle(struct study_log *log);                             /* -1: out of memory */
int log_unwritten_handle(const struct study_log *log, int64_t number); /* -1: none */
enum err log_append_claim(struct study_log *log, int handle, const struct configuration *config,
                          const struct trial_start *fill);
enum err log_append_misfit(struct study_log *log, int handle, const char *problem);

/* file.c, under io: fold what others appended. heal: under the journal's lock, a torn tail is
 * closed or cut off, and a bad line is an error. *grew: something was folded. */
enum err log_catch_up(struct study_log *log, bool heal, bool *grew, struct err_info *info);
enum err log_open_file(struct study_log *log, bool create, struct err_info *info);
/* Under io and the journal's lock: write all pending records, fsync. */
enum err log_write_pending(struct study_log *log, struct err_info *info);

/* writer.c */
enum err log_start_writer(struct study_log *log, struct err_info *info);
/* One batch, or a look for foreign lines if nothing is pending. Takes io. */
enum err log_round(struct study_log *log, double patience_s, struct err_info *info);

#endif
