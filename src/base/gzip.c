/* Writing gzip files (RFC 1952); reading them stands in read.c. */
#include "tiller/base.h"

#include <limits.h>
#include <string.h>
#include <zlib.h>

enum { GZIP_WINDOW = 15 + 16, MEMORY_LEVEL = 9 }; /* + 16: a gzip header and trailer */

/* All of bytes into out [*n_out], which has room for it. */
static bool pack(const void *bytes, size_t n, unsigned char *out, size_t *n_out)
{
    z_stream z;
    memset(&z, 0, sizeof z);
    if (deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, MEMORY_LEVEL,
                     Z_DEFAULT_STRATEGY) != Z_OK)
        return false;
    z.next_in = (Bytef *)bytes;
    z.avail_in = (uInt)n;
    z.next_out = out;
    z.avail_out = (uInt)*n_out;
    int status = deflate(&z, Z_FINISH);
    *n_out -= z.avail_out;
    deflateEnd(&z);
    return status == Z_STREAM_END;
}

enum err file_write_gzip(const char *path, const void *bytes, size_t n, struct err_info *info)
{
    size_t n_out = n + n / 1000 + 1024; /* compressBound and a header */
    if (n > UINT_MAX / 2)
        return err_set(info, ERR_RANGE, path, NULL, "too much for one gzip file");
    unsigned char *out = mem_alloc(n_out, 1);
    if (!out || !pack(bytes, n, out, &n_out)) {
        mem_free(out);
        return err_set_memory(info, path);
    }
    enum err err = file_write_atomic(path, out, n_out, info);
    mem_free(out);
    return err;
}
