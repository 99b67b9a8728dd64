/* lock: who runs a study (owner), and the journal's lock (optuna-journal.md, 7; decisions 3).
 *
 * An owner is a file NAME.study.d/owner-UUID on which its process holds an OFD lock as long as it
 * lives, and beside it owner-UUID.lock, a symbolic link. Taking the journal's lock is giving that
 * link a second name, JOURNAL.lock: so the lock's inode says whose it is, from the first moment,
 * and no other link can get that inode while the owner's stands. A lock whose owner's file is on
 * this host and free is stale at once. */
#ifndef TILLER_STUDY_LOCK_H
#define TILLER_STUDY_LOCK_H

#include "tiller/base.h"

#include <limits.h>
#include <signal.h>
#include <sys/stat.h>

enum owner_role {
    OWNER_RUNS,  /* one at a time */
    OWNER_VISITS /* appends a record and goes; any number */
};
struct owner {
    int fd; /* -1: none */
    char uuid[40];
    char folder[PATH_MAX];
    char file[PATH_MAX], link[PATH_MAX]; /* "" none */
};
/* A new UUID (version 4). */
enum err owner_new_uuid(char out[static 40], struct err_info *info);
/* Needs the folder. ERR_BUSY: role OWNER_RUNS and a live process runs the study. Removes what dead
 * owners of this host left. */
enum err owner_take(struct owner *owner, const char *folder, const char *journal,
                    enum owner_role role, struct err_info *info);
void owner_release(struct owner *owner);

/* A lock as it was seen; equal for stale_after_s: nobody is behind it. */
struct lock_sight {
    struct stat lock, journal;
    double since_s;
};
struct lock {
    char journal[PATH_MAX], file[PATH_MAX];
    const struct owner
        *owner; /* NULL, or without link: a plain symbolic link, the 30 s rule only */
    double stale_after_s;
    bool held, broke_stale; /* broke_stale: set by lock_take; the caller tells people and clears */
    bool held_is_known;
    struct stat mine;
    struct lock_sight sight;
    sigset_t signals;
};
enum err lock_init(struct lock *lock, const char *journal, const struct owner *owner,
                   struct err_info *info);
/* Waits at most patience_s (ERR_BUSY). While the lock is held, this thread takes no signals. */
enum err lock_take(struct lock *lock, double patience_s, struct err_info *info);
bool lock_is_ours(const struct lock *lock); /* still; not after 30 s of standing still */
void lock_release(struct lock *lock);
/* The monotonic clock, also where tests hold clock_now_s still. */
double lock_steady_s(void);

#endif
