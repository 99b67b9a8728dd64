/* Reading whole files, plain or gzip: told by the first two bytes, never by the name. Sizes are
 * bounded before they are allocated; a gzip stream must end as gzip says it does. */
#include "tiller/base.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

struct buffer {
    char *data;
    size_t n, capacity;
};

/* Room for at least one more byte and the terminator; false: out of memory. */
static bool make_room(struct buffer *b)
{
    if (b->n + 1 < b->capacity)
        return true;
    size_t wanted = b->capacity ? b->capacity * 2 : 1 << 16;
    char *grown = mem_resize(b->data, wanted, 1);
    if (!grown)
        return false;
    b->data = grown;
    b->capacity = wanted;
    return true;
}

static enum err too_large(const char *path, size_t max_bytes, struct err_info *info)
{
    char size[32];
    return err_set(info, ERR_INPUT, path, "use fewer rows or columns", "holds more than %s",
                   text_bytes(size, sizeof size, (double)max_bytes));
}

/* All there is, with a terminator. */
static enum err read_stream(gzFile file, const char *path, size_t max_bytes, struct buffer *b,
                            struct err_info *info)
{
    for (;;) {
        if (!make_room(b))
            return err_set_memory(info, path);
        size_t room = b->capacity - b->n - 1;
        int n = gzread(file, b->data + b->n, room > 1 << 20 ? 1 << 20 : (unsigned)room);
        if (n < 0) {
            int code;
            const char *message = gzerror(file, &code);
            if (code == Z_ERRNO)
                return err_set_errno(info, ERR_IO, path, NULL, "reading failed");
            return err_set(info, ERR_INPUT, path, "fetch the file again",
                           "the gzip data is truncated or broken (%s)", message);
        }
        if (n == 0) {
            b->data[b->n] = 0;
            return ERR_OK;
        }
        b->n += (size_t)n;
        if (b->n > max_bytes)
            return too_large(path, max_bytes, info);
    }
}

/* gzread passes over a missing trailer silently unless the stream's end is asked for. */
static enum err close_stream(gzFile file, const char *path, enum err err, struct err_info *info)
{
    int status = gzclose_r(file);
    if (err == ERR_OK && status != Z_OK)
        return err_set(info, ERR_INPUT, path, "fetch the file again",
                       "the gzip data is truncated or broken");
    return err;
}

enum err file_read(const char *path, size_t max_bytes, char **out, size_t *out_size,
                   struct err_info *info)
{
    *out = NULL;
    *out_size = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_set_errno(info, ERR_IO, path, "check the name and its permissions",
                             "can't be opened");
    struct stat status;
    if (fstat(fd, &status) != 0 || S_ISDIR(status.st_mode)) {
        close(fd);
        return err_set(info, ERR_INPUT, path, "name a file", "is a folder");
    }
    gzFile file = gzdopen(fd, "rb");
    if (!file) {
        close(fd);
        return err_set_memory(info, path);
    }
    struct buffer b = {0};
    enum err err = close_stream(file, path, read_stream(file, path, max_bytes, &b, info), info);
    if (err != ERR_OK) {
        mem_free(b.data);
        return err;
    }
    *out = b.data;
    *out_size = b.n;
    return ERR_OK;
}
