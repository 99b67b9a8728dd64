/* file: the journal on the disk: reading what grew, healing its tail, writing a batch (log.h).
 *
 * A journal that others may have open is never shortened but for a torn last line, which no reader
 * has used. */
#include "study/log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum err log_open_file(struct study_log *log, bool create, struct err_info *info)
{
    struct stat status;
    int flags = O_RDWR | O_APPEND | O_CLOEXEC | O_NONBLOCK | (create ? O_CREAT : 0);
    int fd = open(log->path, flags, 0666);
    if (fd < 0)
        return err_set_errno(info, ERR_IO, log->path, "check the name and its permissions",
                             "can't be opened for writing");
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
        close(fd);
        return err_set(info, ERR_INPUT, log->path, "name a study log (NAME.study.jsonl)",
                       "is not a file");
    }
    if (log->fd >= 0)
        close(log->fd);
    log->fd = fd;
    log->device = status.st_dev;
    log->inode = status.st_ino;
    return ERR_OK;
}

/* [from, to) of the file, or less if it is shorter by now. */
static enum err read_range(const struct study_log *log, int64_t from, int64_t to, char **out,
                           size_t *n, struct err_info *info)
{
    size_t wanted = (size_t)(to - from);
    *n = 0;
    *out = mem_alloc(wanted + 1, 1);
    if (!*out)
        return err_set_memory(info, log->path);
    while (*n < wanted) {
        ssize_t got = pread(log->fd, *out + *n, wanted - *n, (off_t)(from + (int64_t)*n));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            enum err err = err_set_errno(info, ERR_IO, log->path, NULL, "reading failed");
            mem_free(*out);
            *out = NULL;
            return err;
        }
        if (got == 0)
            break;
        *n += (size_t)got;
    }
    return ERR_OK;
}

/* ---- folding ----------------------------------------------------------------------------- */

/* Pending records behind `study`, which holds the file. Those that are refused now (somebody else
 * has finished the trial) would be written in vain: they are dropped. */
static enum err fold_pending(struct study_log *log, struct study *study)
{
    for (size_t i = 0; i < log->n_pending;) {
        enum err err = log_fold_record(log, study, &log->pending[i]);
        if (err == ERR_MEMORY)
            return err;
        if (err == ERR_OK)
            i++;
        else
            log_drop_pending(log, i, 1);
    }
    return ERR_OK;
}

/* After a reload: do the trials that we know by their ids still stand there? */
static bool handles_hold(const struct study_log *log, struct study *study)
{
    for (size_t i = 0; i < log->n_handles; i++) {
        const struct log_handle *h = &log->handles[i];
        const struct trial *t = h->written ? fold_find_id(study, h->id) : NULL;
        if (h->written && (!t || t->number != h->number))
            return false;
    }
    return log->study->study_id < 0 || study->study_id == log->study->study_id;
}

static enum err put_in_place(struct study_log *log, struct study *fresh, struct err_info *info)
{
    if (!handles_hold(log, fresh))
        return err_set(info, ERR_STATE, log->path, "put the file back, or stop this run",
                       "was replaced by one that does not hold this run's trials");
    size_t n = log->n_handles;
    struct log_handle *kept = mem_alloc(n, sizeof *kept);
    if (!kept)
        return err_set_memory(info, log->path);
    if (n > 0)
        memcpy(kept, log->handles, n * sizeof *kept);
    enum err err = fold_pending(log, fresh);
    if (err == ERR_OK) {
        fresh->version += log->study->version + 1;
        fold_swap(log->study, fresh);
    } else {
        if (n > 0)
            memcpy(log->handles, kept, n * sizeof *kept);
        err_set_memory(info, log->path);
    }
    mem_free(kept);
    return err;
}

/* The fold anew: the file's lines, then the pending records. */
static enum err rebuild(struct study_log *log, const char *bytes, size_t n, struct err_info *info)
{
    size_t used;
    struct study *fresh = study_new(log->name);
    enum err err = fresh ? fold_bytes(fresh, bytes, n, &used) : ERR_MEMORY;
    if (err != ERR_OK) {
        study_free(fresh);
        return err_set_memory(info, log->path);
    }
    log_enter(log);
    err = put_in_place(log, fresh, info);
    log_leave(log);
    study_free(fresh);
    return err;
}

/* Whole lines behind the offset. *direct: nothing was pending, so they could be folded at once. */
static enum err fold_direct(struct study_log *log, const char *bytes, size_t n, bool *direct)
{
    enum err err = ERR_OK;
    size_t used = 0;
    log_enter(log);
    *direct = log->n_pending == 0;
    if (*direct)
        err = fold_bytes(log->study, bytes, n, &used);
    log_leave(log);
    log->offset += (int64_t)used;
    return err;
}

static enum err fold_all_lines(struct study_log *log, int64_t end, struct err_info *info)
{
    char *bytes;
    size_t n;
    enum err err = read_range(log, 0, end, &bytes, &n, info);
    if (err != ERR_OK)
        return err;
    err = rebuild(log, bytes, n, info);
    mem_free(bytes);
    log->reload = err != ERR_OK;
    if (err == ERR_OK)
        log->offset = end;
    return err;
}

/* ---- what grew --------------------------------------------------------------------------- */

/* Looks whether path is still our file and how long it is. */
static enum err look(struct study_log *log, int64_t *size, struct err_info *info)
{
    struct stat status;
    if (stat(log->path, &status) != 0)
        return err_set_errno(info, ERR_IO, log->path, "put the file back: nothing is lost yet",
                             "the study log is gone");
    if (status.st_ino != log->inode || status.st_dev != log->device) {
        enum err err = log_open_file(log, false, info);
        if (err != ERR_OK)
            return err;
        log->reload = true;
    }
    log->reload |= status.st_size < log->offset;
    *size = status.st_size;
    return ERR_OK;
}

static size_t whole_lines(const char *bytes, size_t n)
{
    while (n > 0 && bytes[n - 1] != '\n')
        n--;
    return n;
}

static enum err bad_line(const struct study_log *log, struct err_info *info)
{
    char where[256];
    text_format(where, sizeof where, "%s:%lld", log->path, (long long)log->study->first_bad_line);
    return err_set(info, ERR_INPUT, where, "drop that line, with nobody running, and go on",
                   "not a record of a journal: %s", log->study->bad_reason);
}

/* A whole record without its '\n' may have been used by a reader: it is closed. Anything else
 * is cut off. *closed: the tail has become a line. */
static enum err heal_tail(struct study_log *log, const char *tail, size_t n, int64_t at,
                          bool *closed, struct err_info *info)
{
    struct cJSON *doc = NULL;
    int64_t op;
    *closed = json_parse(tail, n, "tail", &doc, NULL) == ERR_OK &&
              json_get_int(doc, "op_code", &op) && json_get_string(doc, "worker_id");
    json_free(doc);
    if (*closed)
        return file_write_all(log->fd, "\n", 1, log->path, info);
    if (ftruncate(log->fd, (off_t)at) != 0)
        return err_set_errno(info, ERR_IO, log->path, NULL, "cutting off a torn line failed");
    return ERR_OK;
}

/* bytes: the file from `from` on. Folds its whole lines. */
static enum err fold_lines(struct study_log *log, const char *bytes, size_t whole, int64_t from,
                           struct err_info *info)
{
    bool direct = false;
    if (!log->reload && whole == 0)
        return ERR_OK;
    if (!log->reload) {
        enum err err = fold_direct(log, bytes, whole, &direct);
        if (err != ERR_OK)
            return err_set_memory(info, log->path);
    }
    return direct ? ERR_OK : fold_all_lines(log, from + (int64_t)whole, info);
}

enum err log_catch_up(struct study_log *log, bool heal, bool *grew, struct err_info *info)
{
    int64_t size = 0;
    *grew = false;
    enum err err = look(log, &size, info);
    if (err != ERR_OK)
        return err;
    int64_t from = log->reload ? 0 : log->offset;
    char *bytes;
    size_t n;
    err = read_range(log, from, size, &bytes, &n, info);
    if (err != ERR_OK)
        return err;
    size_t whole = whole_lines(bytes, n);
    *grew = whole > 0 || log->reload;
    err = fold_lines(log, bytes, whole, from, info);
    pthread_mutex_lock(&log->state);
    if (err == ERR_OK && log->study->n_bad > 0)
        err = bad_line(log, info);
    pthread_mutex_unlock(&log->state);
    if (err == ERR_OK && heal && whole < n) {
        bool closed;
        err = heal_tail(log, bytes + whole, n - whole, from + (int64_t)whole, &closed, info);
        mem_free(bytes);
        bool again;
        return err == ERR_OK && closed ? log_catch_up(log, false, &again, info) : err;
    }
    mem_free(bytes);
    return err;
}

/* ---- a batch ----------------------------------------------------------------------------- */

/* All pending records as they stand in the file. *last: sequence of the last one. */
static enum err render_pending(struct study_log *log, struct text *out, uint64_t *last)
{
    pthread_mutex_lock(&log->state);
    for (size_t i = 0; i < log->n_pending; i++) {
        const struct log_record *r = &log->pending[i];
        int64_t id = r->handle >= 0 ? log->handles[r->handle].id : -1;
        int64_t number = r->number_handle >= 0 ? log->handles[r->number_handle].number : -1;
        record_render(out, r->text, id, number);
        text_append_char(out, '\n');
        *last = r->sequence;
    }
    pthread_mutex_unlock(&log->state);
    return out->failed ? ERR_MEMORY : ERR_OK;
}

/* After a failed write: what reached the file. A record that did not reach it whole is cut off. */
static size_t bytes_that_stand(struct study_log *log, const struct text *batch)
{
    struct stat status;
    if (fstat(log->fd, &status) != 0 || status.st_size <= log->offset)
        return 0;
    size_t n = (size_t)(status.st_size - log->offset);
    if (n > batch->length)
        n = batch->length;
    size_t whole = whole_lines(batch->data, n);
    if (whole < n && ftruncate(log->fd, (off_t)(log->offset + (int64_t)whole)) != 0)
        log->reload = true; /* the next batch heals it */
    return whole;
}

static void pop_written(struct study_log *log, const char *bytes, size_t n)
{
    size_t records = 0;
    for (size_t i = 0; i < n; i++)
        records += bytes[i] == '\n';
    pthread_mutex_lock(&log->state);
    for (size_t i = 0; i < records; i++) {
        const struct log_record *r = &log->pending[i];
        if (r->creates)
            log->handles[r->handle].written = true;
        log->written = r->sequence;
    }
    log_drop_pending(log, 0, records);
    pthread_mutex_unlock(&log->state);
    log->offset += (int64_t)n;
    log->unsynced |= n > 0;
}

static enum err sync_written(struct study_log *log, struct err_info *info)
{
    if (!log->unsynced)
        return ERR_OK;
    if (fsync(log->fd) != 0)
        return err_set_errno(info, ERR_IO, log->path, "is the disk full?", "fsync failed");
    log->unsynced = false;
    pthread_mutex_lock(&log->state);
    log->durable = log->written;
    pthread_mutex_unlock(&log->state);
    return ERR_OK;
}

enum err log_write_pending(struct study_log *log, struct err_info *info)
{
    struct text batch = {0};
    struct stat status;
    uint64_t last = 0;
    enum err err = render_pending(log, &batch, &last);
    size_t written = batch.length;
    if (err != ERR_OK) {
        text_free(&batch);
        return err_set_memory(info, log->path);
    }
    if (!lock_is_ours(&log->lock)) {
        text_free(&batch);
        return err_set(info, ERR_BUSY, log->path, "it is tried again",
                       "the journal's lock was taken from us");
    }
    if (batch.length > 0)
        err = file_write_all(log->fd, batch.data, batch.length, log->path, info);
    if (err != ERR_OK)
        written = bytes_that_stand(log, &batch);
    pop_written(log, text_get(&batch), written);
    enum err synced = sync_written(log, err == ERR_OK ? info : NULL);
    text_free(&batch);
    if (fstat(log->fd, &status) != 0 || status.st_size != log->offset)
        log->reload = true; /* somebody wrote without the lock: fold what stands there */
    return err != ERR_OK ? err : synced;
}
