/* Whole files: atomic writing, folders, paths. Reading (plain or gzip) stands in read.c.
 *
 * What always holds: a file written by file_write_atomic is either the old one or the new one, also
 * after a crash: the temporary is fsynced before the rename, and the folder after it. */
#include "tiller/base.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static atomic_long bytes_until_failure = -1;

void file_fail_write_after(long bytes)
{
    atomic_store(&bytes_until_failure, bytes);
}

/* write(2), cut short or refused where a test wants a full disk. */
static ssize_t write_some(int fd, const char *bytes, size_t n)
{
    long left = atomic_load(&bytes_until_failure);
    if (left < 0)
        return write(fd, bytes, n);
    if (left == 0) {
        errno = ENOSPC;
        return -1;
    }
    ssize_t done = write(fd, bytes, n < (size_t)left ? n : (size_t)left);
    if (done > 0)
        atomic_fetch_sub(&bytes_until_failure, (long)done);
    return done;
}

enum err file_write_all(int fd, const void *bytes, size_t n, const char *path,
                        struct err_info *info)
{
    const char *p = bytes;
    while (n > 0) {
        ssize_t done = write_some(fd, p, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return err_set_errno(info, ERR_IO, path, "is the disk full?", "writing failed");
        p += done;
        n -= (size_t)done;
    }
    return ERR_OK;
}

/* The folder that holds path: "." if path has no slash. */
static bool folder_of(const char *path, char *out, size_t out_size)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return text_copy(out, out_size, ".");
    size_t n = slash == path ? 1 : (size_t)(slash - path);
    if (n >= out_size)
        return false;
    memcpy(out, path, n);
    out[n] = 0;
    return true;
}

static enum err sync_folder(const char *path, struct err_info *info)
{
    char folder[PATH_MAX];
    if (!folder_of(path, folder, sizeof folder))
        return err_set(info, ERR_IO, path, "use a shorter path", "the path is too long");
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return err_set_errno(info, ERR_IO, folder, NULL, "opening the folder failed");
    /* Some file systems can't sync a folder; that is not the caller's fault. */
    int status = fsync(fd), number = errno;
    close(fd);
    errno = number;
    if (status != 0 && number != EINVAL && number != ENOTSUP)
        return err_set_errno(info, ERR_IO, folder, NULL, "fsync of the folder failed");
    return ERR_OK;
}

static enum err write_and_sync(int fd, const char *temporary, const void *bytes, size_t n,
                               struct err_info *info)
{
    enum err err = file_write_all(fd, bytes, n, temporary, info);
    if (err == ERR_OK && fsync(fd) != 0)
        err = err_set_errno(info, ERR_IO, temporary, "is the disk full?", "fsync failed");
    if (close(fd) != 0 && err == ERR_OK)
        err = err_set_errno(info, ERR_IO, temporary, "is the disk full?", "closing failed");
    return err;
}

enum err file_write_atomic(const char *path, const void *bytes, size_t n, struct err_info *info)
{
    char temporary[PATH_MAX];
    int length = snprintf(temporary, sizeof temporary, "%s.XXXXXX", path);
    if (length < 0 || (size_t)length >= sizeof temporary)
        return err_set(info, ERR_IO, path, "use a shorter path", "the path is too long");
    int fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0)
        return err_set_errno(info, ERR_IO, path, "choose a folder that you may write to",
                             "can't be written");
    mode_t mask = umask(0);
    umask(mask);
    enum err err = ERR_OK;
    if (fchmod(fd, 0666 & ~mask) != 0)
        err = err_set_errno(info, ERR_IO, temporary, NULL, "setting its mode failed");
    enum err written = write_and_sync(fd, temporary, bytes, n, err ? NULL : info);
    if (err == ERR_OK)
        err = written;
    if (err == ERR_OK && rename(temporary, path) != 0)
        err = err_set_errno(info, ERR_IO, path, NULL, "renaming failed");
    if (err != ERR_OK) {
        unlink(temporary);
        return err;
    }
    return sync_folder(path, info);
}

bool file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

bool file_is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

enum err file_make_folder(const char *path, struct err_info *info)
{
    char part[PATH_MAX];
    if (!text_copy(part, sizeof part, path))
        return err_set(info, ERR_IO, path, "use a shorter path", "the path is too long");
    for (char *p = part + 1; part[0]; p++) {
        if (*p != '/' && *p != 0)
            continue;
        char kept = *p;
        *p = 0;
        if (mkdir(part, 0777) != 0 && errno != EEXIST)
            return err_set_errno(info, ERR_IO, part, "choose a folder that you may write to",
                                 "the folder can't be made");
        *p = kept;
        if (!kept)
            break;
    }
    if (!file_is_folder(path))
        return err_set(info, ERR_IO, path, "move it away or choose another name",
                       "exists and is not a folder");
    return ERR_OK;
}

enum err file_check_place(const char *path, struct err_info *info)
{
    char folder[PATH_MAX];
    if (!folder_of(path, folder, sizeof folder))
        return err_set(info, ERR_IO, path, "use a shorter path", "the path is too long");
    if (file_is_folder(path))
        return err_set(info, ERR_IO, path, "name a file", "is a folder");
    if (access(folder, W_OK | X_OK) != 0)
        return err_set_errno(info, ERR_IO, path, "choose a folder that you may write to",
                             "can't be written");
    return ERR_OK;
}

bool file_is_same(const char *a, const char *b)
{
    struct stat first, second;
    return stat(a, &first) == 0 && stat(b, &second) == 0 && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}

bool file_join(char *out, size_t out_size, const char *folder, const char *name)
{
    size_t n = strlen(folder);
    while (n > 1 && folder[n - 1] == '/')
        n--;
    while (*name == '/')
        name++;
    const char *slash = n == 0 || (n == 1 && folder[0] == '/') ? "" : "/";
    int length = snprintf(out, out_size, "%.*s%s%s", (int)n, folder, slash, name);
    return length >= 0 && (size_t)length < out_size;
}

const char *file_base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}
