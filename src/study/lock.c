/* lock: the journal's lock: a symbolic link JOURNAL.lock, made by a call that fails if it is there.
 *
 * What always holds: a lock is removed by a rename first, so that only one can remove it; and among
 * processes of ours one that looks stale is removed under the door's lock, after looking again. */
#include "study/lock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "study/owner.h"

static const double STALE_AFTER_S = 30, SLEEP_FIRST_S = 0.001, SLEEP_MOST_S = 0.25;

/* Not clock_now_s: tests hold that one still, and waiting must end all the same. */
double lock_steady_s(void)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void sleep_s(double seconds)
{
    struct timespec t = {.tv_nsec = (long)(seconds * 1e9)};
    nanosleep(&t, NULL);
}

enum err lock_init(struct lock *lock, const char *journal, const struct owner *owner,
                   struct err_info *info)
{
    memset(lock, 0, sizeof *lock);
    lock->owner = owner;
    lock->stale_after_s = STALE_AFTER_S;
    int n = snprintf(lock->file, sizeof lock->file, "%s.lock", journal);
    if (n < 0 || n >= (int)sizeof lock->file - 64 ||
        !text_copy(lock->journal, sizeof lock->journal, journal))
        return err_set(info, ERR_IO, journal, "use a shorter path", "the path is too long");
    return ERR_OK;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_dev == b->st_dev;
}

static bool same_time(const struct stat *a, const struct stat *b)
{
    return a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* An inode alone does not do for a plain link: the next one may get the same. */
static bool same_lock(const struct stat *a, const struct stat *b)
{
    return same_file(a, b) && same_time(a, b);
}

/* ---- making and removing ----------------------------------------------------------------- */

static void block_signals(struct lock *lock)
{
    /* A fault inside must still end the program. */
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS};
    sigset_t all;
    sigfillset(&all);
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        sigdelset(&all, faults[i]);
    pthread_sigmask(SIG_BLOCK, &all, &lock->signals);
}

static bool make(const struct lock *lock)
{
    const struct owner *owner = lock->owner;
    if (owner && owner->link[0]) {
        if (linkat(AT_FDCWD, owner->link, AT_FDCWD, lock->file, 0) == 0)
            return true;
        if (errno == EEXIST)
            return false;
        /* Our link was removed, or the file system has no hard links to links: the plain kind. */
    }
    return symlink(file_base_name(lock->journal), lock->file) == 0;
}

/* Moves the lock aside and removes it; false if that was not the expected one (then it is put back)
 * or there was none. */
static bool take_away(const struct lock *lock, const struct stat *expected)
{
    char uuid[40], aside[PATH_MAX];
    struct stat moved;
    if (owner_new_uuid(uuid, NULL) != ERR_OK ||
        snprintf(aside, sizeof aside, "%s%s.rename", lock->file, uuid) >= (int)sizeof aside ||
        rename(lock->file, aside) != 0)
        return false;
    bool right = !expected || (lstat(aside, &moved) == 0 && same_lock(&moved, expected));
    if (!right)
        (void)!linkat(AT_FDCWD, aside, AT_FDCWD, lock->file, 0);
    unlink(aside);
    return right;
}

/* ---- stale ------------------------------------------------------------------------------- */

/* Is this lock the link of an owner of this host who has died (or our own, left behind)? */
static bool owner_is_gone(const struct lock *lock, const struct stat *seen)
{
    bool gone = false;
    char path[PATH_MAX], link[PATH_MAX];
    struct stat status;
    DIR *dir = lock->owner ? opendir(lock->owner->folder) : NULL;
    const struct dirent *entry;
    while (dir && !gone && (entry = readdir(dir)) != NULL) {
        if (!owner_is_file(entry->d_name) ||
            !file_join(path, sizeof path, lock->owner->folder, entry->d_name) ||
            snprintf(link, sizeof link, "%s.lock", path) >= (int)sizeof link ||
            lstat(link, &status) != 0 || !same_file(&status, seen))
            continue;
        gone = strcmp(path, lock->owner->file) == 0 || owner_life(path) == OWNER_DEAD;
    }
    if (dir)
        closedir(dir);
    return gone;
}

/* Nothing has moved for long: neither the lock nor the journal. */
static bool stands_still(struct lock *lock, const struct stat *seen)
{
    struct stat journal;
    struct lock_sight *sight = &lock->sight;
    memset(&journal, 0, sizeof journal);
    (void)stat(lock->journal, &journal);
    double now = lock_steady_s();
    bool same = sight->since_s > 0 && same_lock(&sight->lock, seen) &&
                same_lock(&sight->journal, &journal) && sight->journal.st_size == journal.st_size;
    if (!same)
        *sight = (struct lock_sight){*seen, journal, now};
    return same && now - sight->since_s >= lock->stale_after_s;
}

static bool break_stale(struct lock *lock)
{
    struct stat seen, again;
    if (lstat(lock->file, &seen) != 0)
        return false;
    if (!owner_is_gone(lock, &seen) && !stands_still(lock, &seen))
        return false;
    int door = lock->owner ? owner_lock_door(lock->owner->folder) : -1;
    bool broke =
        lstat(lock->file, &again) == 0 && same_lock(&seen, &again) && take_away(lock, &seen);
    if (door >= 0)
        close(door);
    lock->broke_stale |= broke;
    lock->sight.since_s = 0;
    return broke;
}

/* ---- taking and releasing ---------------------------------------------------------------- */

static bool try_once(struct lock *lock, int *why)
{
    block_signals(lock);
    if (make(lock)) {
        lock->held = true;
        lock->held_is_known = lstat(lock->file, &lock->mine) == 0;
        lock->sight.since_s = 0;
        return true;
    }
    *why = errno;
    pthread_sigmask(SIG_SETMASK, &lock->signals, NULL);
    return false;
}

enum err lock_take(struct lock *lock, double patience_s, struct err_info *info)
{
    double start = lock_steady_s(), pause = SLEEP_FIRST_S;
    int why = 0;
    while (!try_once(lock, &why)) {
        errno = why;
        if (why != EEXIST)
            return err_set_errno(info, ERR_IO, lock->file, "is the folder still there?",
                                 "the lock can't be made");
        if (break_stale(lock))
            continue;
        if (lock_steady_s() - start >= patience_s)
            return err_set(info, ERR_BUSY, lock->file,
                           "it is taken over once it has stood still for 30 s",
                           "another process holds the journal's lock");
        sleep_s(pause);
        pause = pause * 2 < SLEEP_MOST_S ? pause * 2 : SLEEP_MOST_S;
    }
    return ERR_OK;
}

bool lock_is_ours(const struct lock *lock)
{
    struct stat now;
    return lock->held && lock->held_is_known && lstat(lock->file, &now) == 0 &&
           same_lock(&now, &lock->mine);
}

void lock_release(struct lock *lock)
{
    if (!lock->held)
        return;
    /* Not if somebody has broken it: then the one that stands there is not ours. */
    if (lock_is_ours(lock))
        take_away(lock, &lock->mine);
    lock->held = false;
    pthread_sigmask(SIG_SETMASK, &lock->signals, NULL);
}
