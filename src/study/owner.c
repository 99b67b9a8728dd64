/* owner: a process's own file in NAME.study.d/, locked as long as the process lives (lock.h). */
#include "study/lock.h"

#include <cjson/cJSON.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "study/owner.h"

static const char *const prefixes[] = {[OWNER_RUNS] = "owner-", [OWNER_VISITS] = "visitor-"};

enum err owner_new_uuid(char out[static 40], struct err_info *info)
{
    unsigned char b[16];
    if (getrandom(b, sizeof b, 0) != (ssize_t)sizeof b)
        return err_set_errno(info, ERR_IO, "random numbers", NULL, "getting them failed");
    b[6] = (unsigned char)((b[6] & 0x0F) | 0x40);
    b[8] = (unsigned char)((b[8] & 0x3F) | 0x80);
    char *p = out;
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *p++ = '-';
        p += snprintf(p, 3, "%02x", b[i]);
    }
    return ERR_OK;
}

static bool ofd_lock(int fd, int command)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    return fcntl(fd, command, &whole) == 0;
}

int owner_lock_door(const char *folder)
{
    char path[PATH_MAX];
    if (!file_join(path, sizeof path, folder, "door"))
        return -1;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd >= 0 && !ofd_lock(fd, F_OFD_SETLKW)) {
        close(fd);
        return -1;
    }
    return fd;
}

/* ---- other owners ------------------------------------------------------------------------ */

struct owner_facts {
    char host[128];
    int64_t pid;
};

static void read_facts(int fd, struct owner_facts *out)
{
    char text[512];
    struct cJSON *doc = NULL;
    ssize_t n = pread(fd, text, sizeof text, 0);
    memset(out, 0, sizeof *out);
    if (n <= 0 || json_parse(text, (size_t)n, "owner", &doc, NULL) != ERR_OK)
        return;
    const char *host = json_get_string(doc, "host");
    text_sanitize(out->host, sizeof out->host, host ? host : "");
    json_get_int(doc, "pid", &out->pid);
    json_free(doc);
}

static void this_host(char *out, size_t size)
{
    char name[256] = "";
    gethostname(name, sizeof name - 1);
    text_sanitize(out, size, name);
}

/* What of an owner's file can be told from outside. */
static enum owner_life look(const char *path, struct owner_facts *facts)
{
    struct flock probe = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    char host[sizeof facts->host];
    memset(facts, 0, sizeof *facts);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? OWNER_DEAD : OWNER_UNKNOWN;
    bool asked = fcntl(fd, F_OFD_GETLK, &probe) == 0;
    read_facts(fd, facts);
    close(fd);
    if (!asked)
        return OWNER_UNKNOWN;
    if (probe.l_type != F_UNLCK)
        return OWNER_ALIVE;
    this_host(host, sizeof host);
    /* An empty file is one whose process died before it wrote its name: nobody holds it. */
    return strcmp(facts->host, host) == 0 ? OWNER_DEAD : OWNER_UNKNOWN;
}

enum owner_life owner_life(const char *path)
{
    struct owner_facts facts;
    return look(path, &facts);
}

bool owner_is_file(const char *name)
{
    size_t n = strlen(name);
    bool link = n > 5 && strcmp(name + n - 5, ".lock") == 0;
    return !link && (strncmp(name, prefixes[OWNER_RUNS], strlen(prefixes[OWNER_RUNS])) == 0 ||
                     strncmp(name, prefixes[OWNER_VISITS], strlen(prefixes[OWNER_VISITS])) == 0);
}

/* A dead owner's files go, unless its link is the journal's lock: that is lock.c's to break. */
static void clean_up(const char *file, const char *journal)
{
    char link[PATH_MAX], lock[PATH_MAX];
    struct stat a, b;
    if (snprintf(link, sizeof link, "%s.lock", file) >= (int)sizeof link ||
        snprintf(lock, sizeof lock, "%s.lock", journal) >= (int)sizeof lock)
        return;
    if (lstat(link, &a) == 0 && lstat(lock, &b) == 0 && a.st_ino == b.st_ino &&
        a.st_dev == b.st_dev)
        return;
    unlink(link);
    unlink(file);
}

/* Under the door's lock: ERR_BUSY if a live process runs the study. */
static enum err look_around(const char *folder, const char *journal, bool alone,
                            struct err_info *info)
{
    enum err err = ERR_OK;
    char path[PATH_MAX];
    struct owner_facts facts;
    DIR *dir = opendir(folder);
    if (!dir)
        return err_set_errno(info, ERR_IO, folder, "choose a folder that you may read",
                             "can't be opened");
    const struct dirent *entry;
    while (err == ERR_OK && (entry = readdir(dir)) != NULL) {
        if (!owner_is_file(entry->d_name) || !file_join(path, sizeof path, folder, entry->d_name))
            continue;
        enum owner_life life = look(path, &facts);
        bool runs = strncmp(entry->d_name, prefixes[OWNER_RUNS], strlen(prefixes[OWNER_RUNS])) == 0;
        if (life == OWNER_DEAD)
            clean_up(path, journal);
        else if (life == OWNER_ALIVE && runs && alone)
            err = err_set(info, ERR_BUSY, journal, "wait until it ends, or stop it",
                          "process %lld on %s runs this study", (long long)facts.pid,
                          facts.host[0] ? facts.host : "some host");
    }
    closedir(dir);
    return err;
}

/* ---- our own ----------------------------------------------------------------------------- */

static enum err write_facts(const struct owner *owner, struct err_info *info)
{
    struct text facts = {0};
    struct json_writer w;
    char host[128];
    this_host(host, sizeof host);
    json_begin(&w, &facts);
    json_open(&w, NULL, '{');
    json_put_string(&w, "host", host);
    json_put_int(&w, "pid", getpid());
    json_close(&w, '}');
    enum err err = facts.failed
                       ? err_set_memory(info, owner->file)
                       : file_write_all(owner->fd, facts.data, facts.length, owner->file, info);
    text_free(&facts);
    return err;
}

static enum err make_files(struct owner *owner, const char *journal, enum owner_role role,
                           struct err_info *info)
{
    char name[64];
    text_format(name, sizeof name, "%s%s", prefixes[role], owner->uuid);
    if (!file_join(owner->file, sizeof owner->file, owner->folder, name) ||
        snprintf(owner->link, sizeof owner->link, "%s.lock", owner->file) >=
            (int)sizeof owner->link)
        return err_set(info, ERR_IO, journal, "use a shorter path", "the path is too long");
    owner->fd = open(owner->file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (owner->fd < 0)
        return err_set_errno(info, ERR_IO, owner->folder, "choose a folder that you may write to",
                             "can't be written");
    if (!ofd_lock(owner->fd, F_OFD_SETLK))
        return err_set_errno(info, ERR_IO, owner->file, "put the study on a disk with file locks",
                             "can't be locked");
    /* Where links can't be had, the lock is a plain one, and only the 30 s rule finds it stale. */
    if (symlink(file_base_name(journal), owner->link) != 0)
        owner->link[0] = 0;
    return write_facts(owner, info);
}

enum err owner_take(struct owner *owner, const char *folder, const char *journal,
                    enum owner_role role, struct err_info *info)
{
    memset(owner, 0, sizeof *owner);
    owner->fd = -1;
    enum err err = owner_new_uuid(owner->uuid, info);
    if (err != ERR_OK)
        return err;
    if (!text_copy(owner->folder, sizeof owner->folder, folder))
        return err_set(info, ERR_IO, folder, "use a shorter path", "the path is too long");
    int door = owner_lock_door(folder);
    if (door < 0)
        return err_set_errno(info, ERR_IO, folder, "choose a folder that you may write to",
                             "can't be written");
    err = look_around(folder, journal, role == OWNER_RUNS, info);
    if (err == ERR_OK)
        err = make_files(owner, journal, role, info);
    if (err != ERR_OK)
        owner_release(owner);
    close(door);
    return err;
}

void owner_release(struct owner *owner)
{
    if (owner->link[0])
        unlink(owner->link);
    if (owner->fd >= 0) {
        unlink(owner->file);
        close(owner->fd);
    }
    owner->fd = -1;
    owner->link[0] = 0;
}
