/* own_file: the file of what own studies have taught, opened, and changed under a lock, so that two
 * programs that finish at once both get in. */
#include "tiller/own.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define OWN_BYTES_MAX ((size_t)1 << 28)
enum { LOCK_TRIES = 100, LOCK_WAIT_MS = 50 };

enum err own_open(const char *path, struct own_knowledge **out, struct err_info *info)
{
    char *bytes;
    size_t n;
    *out = NULL;
    if (!file_exists(path)) {
        *out = mem_zero_alloc(1, sizeof **out);
        return *out ? ERR_OK : err_set_memory(info, path);
    }
    enum err err = file_read(path, OWN_BYTES_MAX, &bytes, &n, info);
    if (err != ERR_OK)
        return err;
    err = own_read(bytes, n, path, out, info);
    mem_free(bytes);
    return err;
}

/* ---- changing the file -------------------------------------------------------------------- */

static bool is_cancelled(const atomic_bool *cancel)
{
    return cancel && atomic_load(cancel);
}

/* The lock is on a file beside it, since the file itself is replaced. fd: -1 after an error. */
static enum err lock_beside(const char *path, const atomic_bool *cancel, int *fd,
                            struct err_info *info)
{
    const struct timespec wait = {0, LOCK_WAIT_MS * 1000000L};
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    struct text beside = {0};
    text_appendf(&beside, "%s.lock", path);
    *fd = beside.failed ? -1 : open(text_get(&beside), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    text_free(&beside);
    if (*fd < 0)
        return err_set_errno(info, ERR_IO, path, NULL, "locking failed");
    for (int i = 0; i < LOCK_TRIES && !is_cancelled(cancel); i++) {
        if (fcntl(*fd, F_OFD_SETLK, &whole) == 0)
            return ERR_OK;
        if (errno != EAGAIN && errno != EACCES)
            break;
        nanosleep(&wait, NULL);
    }
    close(*fd);
    *fd = -1;
    return is_cancelled(cancel)
               ? err_set(info, ERR_INTERRUPTED, path, NULL, "cancelled")
               : err_set(info, ERR_BUSY, path, "try again later", "another program changes it");
}

static enum err make_folder_of(const char *path, struct err_info *info)
{
    const char *slash = strrchr(path, '/');
    if (!slash || slash == path)
        return ERR_OK;
    char *folder = mem_dup_text_n(path, (size_t)(slash - path));
    if (!folder)
        return err_set_memory(info, path);
    enum err err = file_make_folder(folder, info);
    mem_free(folder);
    return err;
}

static enum err save(const struct own_knowledge *own, const char *path, struct err_info *info)
{
    struct text out = {0};
    enum err err = own_write(own, &out) == ERR_OK
                       ? file_write_atomic(path, text_get(&out), out.length, info)
                       : err_set_memory(info, path);
    text_free(&out);
    return err;
}

static enum err fold_into(const char *own_path, const struct study *study, const char *study_path,
                          const struct task_features *features, const atomic_bool *cancel,
                          char *say, size_t say_size, struct err_info *info)
{
    struct own_knowledge *own = NULL;
    char id[20];
    int n;
    enum err err = own_open(own_path, &own, info);
    if (err == ERR_OK)
        err = learn_fold_study(own, study, study_path, features, info);
    if (err == ERR_OK && is_cancelled(cancel))
        err = err_set(info, ERR_INTERRUPTED, own_path, NULL, "cancelled");
    if (err == ERR_OK)
        err = save(own, own_path, info);
    int at = err == ERR_OK ? own_find(own, own_id(study, id, sizeof id), &n) : -1;
    if (at >= 0)
        text_format(say, say_size,
                    "folded into your own knowledge: %zu configurations, %zu steps of the Q-table",
                    own->study[at].n_runs, own->study[at].n_steps);
    own_free(own);
    return err;
}

enum err own_fold_file(const char *own_path, const char *study_path,
                       const struct task_features *features, const atomic_bool *cancel, char *say,
                       size_t say_size, struct err_info *info)
{
    struct study *study = NULL;
    char whole[PATH_MAX];
    int fd = -1;
    enum err err = study_read(study_path, NULL, &study, info);
    if (realpath(study_path, whole))
        study_path = whole;
    if (err == ERR_OK)
        err = make_folder_of(own_path, info);
    if (err == ERR_OK)
        err = lock_beside(own_path, cancel, &fd, info);
    if (err == ERR_OK)
        err = fold_into(own_path, study, study_path, features, cancel, say, say_size, info);
    if (fd >= 0)
        close(fd);
    study_free(study);
    return err;
}

static enum err forget(struct own_knowledge *own, const char *own_path, const char *word, char *say,
                       size_t say_size, struct err_info *info)
{
    int n, at = own_find(own, word, &n);
    if (at < 0)
        return err_set(info, ERR_USAGE, word, "'tiller learn --list' shows what there is",
                       n == 0 ? "no study of that name was folded into %s"
                              : "several studies of that name were folded into %s: say the id",
                       own_path);
    text_format(say, say_size, "forgot %s (%s): %zu configurations, %zu steps of the Q-table",
                own->study[at].facts.name, own->study[at].id, own->study[at].n_runs,
                own->study[at].n_steps);
    own_forget(own, at);
    return save(own, own_path, info);
}

enum err own_forget_file(const char *own_path, const char *word, char *say, size_t say_size,
                         struct err_info *info)
{
    struct own_knowledge *own = NULL;
    int fd = -1;
    enum err err = make_folder_of(own_path, info);
    if (err == ERR_OK)
        err = lock_beside(own_path, NULL, &fd, info);
    if (err == ERR_OK)
        err = own_open(own_path, &own, info);
    if (err == ERR_OK)
        err = forget(own, own_path, word, say, say_size, info);
    own_free(own);
    if (fd >= 0)
        close(fd);
    return err;
}
