/* tensors: writing and reading safetensors files; the format stands in tensors.h.
 *
 * Nothing in a file is believed: the header's length is bounded by the file's, every array's
 * offsets by the data's, and no array is read before all of that holds. Files are little-endian; so
 * are the processors we run on. */
#include "tensors.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "weights files are written as the memory stands: little-endian only"
#endif

#define HEADER_MAX (16u << 20)
#define TEXTS_KEY "__metadata__"

struct tensor_file {
    char path[512];
    FILE *stream;
    cJSON *header;
    uint64_t data_start, data_size;
};

/* ---- writing ----------------------------------------------------------------------------- */

static size_t n_elements(const struct tensor *t)
{
    size_t n = 1;
    for (int i = 0; i < t->n_dims; i++)
        n *= t->shape[i];
    return n;
}

static uint64_t hash_text(uint64_t hash, const char *key, const char *value)
{
    hash = hash_bytes(hash, key, strlen(key) + 1);
    return hash_bytes(hash, value, strlen(value) + 1);
}

static void put_texts(struct json_writer *w, const struct tensor_text *texts, size_t n,
                      const struct tensor *tensors, size_t n_tensors)
{
    uint64_t hash = HASH_START;
    char hex[17];
    json_open(w, TEXTS_KEY, '{');
    for (size_t i = 0; i < n; i++)
        if (texts[i].value) {
            json_put_string(w, texts[i].key, texts[i].value);
            hash = hash_text(hash, texts[i].key, texts[i].value);
        }
    for (size_t i = 0; i < n_tensors; i++)
        hash = hash_bytes(hash, tensors[i].data, n_elements(&tensors[i]) * sizeof(float));
    text_format(hex, sizeof hex, "%016llx", (unsigned long long)hash);
    json_put_string(w, TENSORS_CHECKSUM, hex);
    json_close(w, '}');
}

static size_t put_entry(struct json_writer *w, const struct tensor *t, size_t begin)
{
    size_t end = begin + n_elements(t) * sizeof(float);
    json_open(w, t->name, '{');
    json_put_string(w, "dtype", "F32");
    json_open(w, "shape", '[');
    for (int i = 0; i < t->n_dims; i++)
        json_put_int(w, NULL, (int64_t)t->shape[i]);
    json_close(w, ']');
    json_open(w, "data_offsets", '[');
    json_put_int(w, NULL, (int64_t)begin);
    json_put_int(w, NULL, (int64_t)end);
    json_close(w, ']');
    json_close(w, '}');
    return end;
}

/* Eight bytes of length, then the header; returns the size of the data that follows. */
static size_t put_header(struct text *out, const struct tensor_text *texts, size_t n_texts,
                         const struct tensor *tensors, size_t n_tensors)
{
    struct json_writer w;
    size_t data_size = 0;
    text_append(out, "12345678");
    json_begin(&w, out);
    json_open(&w, NULL, '{');
    put_texts(&w, texts, n_texts, tensors, n_tensors);
    for (size_t i = 0; i < n_tensors; i++)
        data_size = put_entry(&w, &tensors[i], data_size);
    json_close(&w, '}');
    while (out->length % 8 != 0 && !out->failed)
        text_append_char(out, ' ');
    for (int i = 0; i < 8 && !out->failed; i++)
        out->data[i] = (char)((uint64_t)(out->length - 8) >> (8 * i));
    return data_size;
}

enum err tensors_write(const char *path, const struct tensor_text *texts, size_t n_texts,
                       const struct tensor *tensors, size_t n_tensors, struct err_info *info)
{
    struct text header = {0};
    size_t data_size = put_header(&header, texts, n_texts, tensors, n_tensors);
    char *bytes = header.failed ? NULL : mem_alloc(header.length + data_size, 1);
    enum err e = ERR_OK;
    if (!bytes) {
        e = err_set_memory(info, path);
    } else {
        char *at = bytes + header.length;
        memcpy(bytes, header.data, header.length);
        for (size_t i = 0; i < n_tensors; i++) {
            size_t size = n_elements(&tensors[i]) * sizeof(float);
            memcpy(at, tensors[i].data, size);
            at += size;
        }
        e = file_write_atomic(path, bytes, header.length + data_size, info);
    }
    mem_free(bytes);
    text_free(&header);
    return e;
}

/* ---- reading ----------------------------------------------------------------------------- */

static enum err damaged(const struct tensor_file *file, struct err_info *info, const char *what)
{
    return err_set(info, ERR_INPUT, file->path, "it is damaged or not a weights file of ours", "%s",
                   what);
}

static enum err read_bytes(struct tensor_file *file, uint64_t at, void *out, size_t n,
                           struct err_info *info)
{
    if (fseeko(file->stream, (off_t)at, SEEK_SET) != 0)
        return err_set_errno(info, ERR_IO, file->path, NULL, "seeking failed");
    if (fread(out, 1, n, file->stream) != n)
        return ferror(file->stream)
                   ? err_set_errno(info, ERR_IO, file->path, NULL, "reading failed")
                   : damaged(file, info, "the file ends too early");
    return ERR_OK;
}

/* A whole number that a file may use as a size. */
static bool read_size(const cJSON *item, uint64_t *out)
{
    double value;
    if (!cJSON_IsNumber(item) || !json_number(item, &value))
        return false;
    if (!(value >= 0 && value <= 9007199254740992.0) || value != floor(value))
        return false;
    *out = (uint64_t)value;
    return true;
}

static uint64_t size_of_type(const char *dtype)
{
    static const struct {
        const char *name;
        uint64_t size;
    } types[] = {{"F32", 4}, {"F64", 8}, {"F16", 2}, {"BF16", 2}, {"I64", 8},
                 {"I32", 4}, {"I16", 2}, {"U64", 8}, {"U32", 4},  {"U16", 2},
                 {"I8", 1},  {"U8", 1},  {"BOOL", 1}};
    for (size_t i = 0; dtype && i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i].name, dtype) == 0)
            return types[i].size;
    return 0;
}

struct extent {
    uint64_t begin, end;
};

/* Where an array lies, if its entry is sound: known type, shape and offsets that agree, in the
 * data. */
static bool read_entry(const struct tensor_file *file, const cJSON *entry, struct extent *out)
{
    const cJSON *shape = json_get(entry, "shape"), *offsets = json_get(entry, "data_offsets"), *dim;
    uint64_t bytes = size_of_type(json_get_string(entry, "dtype")), n;
    if (bytes == 0 || !cJSON_IsArray(shape) || !cJSON_IsArray(offsets) ||
        cJSON_GetArraySize(offsets) != 2)
        return false;
    cJSON_ArrayForEach(dim, shape)
    {
        if (!read_size(dim, &n) || (n > 0 && bytes > file->data_size / n))
            return false;
        bytes *= n;
    }
    return read_size(cJSON_GetArrayItem(offsets, 0), &out->begin) &&
           read_size(cJSON_GetArrayItem(offsets, 1), &out->end) && out->begin <= out->end &&
           out->end <= file->data_size && out->end - out->begin == bytes;
}

static enum err check_entries(const struct tensor_file *file, struct err_info *info)
{
    uint64_t total = 0;
    const cJSON *item;
    cJSON_ArrayForEach(item, file->header)
    {
        struct extent where;
        if (strcmp(item->string, TEXTS_KEY) == 0)
            continue;
        if (!cJSON_IsObject(item) || !read_entry(file, item, &where))
            return damaged(file, info, "an array's size does not fit the file");
        total += where.end - where.begin;
    }
    if (total != file->data_size)
        return damaged(file, info, "the arrays do not fill the file");
    return ERR_OK;
}

static enum err hash_data(struct tensor_file *file, uint64_t *hash, struct err_info *info)
{
    char block[16384];
    for (uint64_t at = 0; at < file->data_size; at += sizeof block) {
        uint64_t left = file->data_size - at;
        size_t n = left < sizeof block ? (size_t)left : sizeof block;
        enum err e = read_bytes(file, file->data_start + at, block, n, info);
        if (e != ERR_OK)
            return e;
        *hash = hash_bytes(*hash, block, n);
    }
    return ERR_OK;
}

static enum err check_checksum(struct tensor_file *file, struct err_info *info)
{
    const cJSON *texts = json_get(file->header, TEXTS_KEY), *item;
    uint64_t hash = HASH_START;
    char hex[17];
    cJSON_ArrayForEach(item, texts)
    {
        if (!cJSON_IsString(item))
            return damaged(file, info, "its metadata are not texts");
        if (strcmp(item->string, TENSORS_CHECKSUM) != 0)
            hash = hash_text(hash, item->string, item->valuestring);
    }
    const char *wanted = tensors_text(file, TENSORS_CHECKSUM);
    if (!wanted)
        return ERR_OK;
    enum err e = hash_data(file, &hash, info);
    text_format(hex, sizeof hex, "%016llx", (unsigned long long)hash);
    if (e == ERR_OK && strcmp(hex, wanted) != 0)
        e = damaged(file, info, "its checksum does not fit its content");
    return e;
}

static enum err read_header(struct tensor_file *file, struct err_info *info)
{
    struct stat status;
    if (fstat(fileno(file->stream), &status) != 0)
        return err_set_errno(info, ERR_IO, file->path, NULL, "reading its size failed");
    if (!S_ISREG(status.st_mode) || status.st_size < 10)
        return damaged(file, info, "too short to be a weights file");
    unsigned char head[8] = {0};
    enum err e = read_bytes(file, 0, head, sizeof head, info);
    if (e != ERR_OK)
        return e;
    uint64_t length = 0, size = (uint64_t)status.st_size;
    for (int i = 0; i < 8; i++)
        length |= (uint64_t)head[i] << (8 * i);
    if (length > HEADER_MAX || length > size - 8)
        return damaged(file, info, "its header would be longer than the file or 16 MiB");
    char *text = mem_alloc((size_t)length, 1);
    if (!text)
        return err_set_memory(info, file->path);
    e = read_bytes(file, 8, text, (size_t)length, info);
    if (e == ERR_OK)
        e = json_parse(text, (size_t)length, file->path, &file->header, info);
    mem_free(text);
    file->data_start = 8 + length;
    file->data_size = size - file->data_start;
    if (e == ERR_OK && !cJSON_IsObject(file->header))
        e = damaged(file, info, "its header is not an object");
    return e;
}

enum err tensors_open(const char *path, struct tensor_file **out, struct err_info *info)
{
    *out = NULL;
    struct tensor_file *file = mem_zero_alloc(1, sizeof *file);
    if (!file)
        return err_set_memory(info, path);
    text_copy(file->path, sizeof file->path, path);
    file->stream = fopen(path, "rbe");
    enum err e = file->stream ? ERR_OK : err_set_errno(info, ERR_IO, path, NULL, "can't be opened");
    if (e == ERR_OK)
        e = read_header(file, info);
    if (e == ERR_OK)
        e = check_entries(file, info);
    if (e == ERR_OK)
        e = check_checksum(file, info);
    if (e != ERR_OK) {
        tensors_close(file);
        return e;
    }
    *out = file;
    return ERR_OK;
}

void tensors_close(struct tensor_file *file)
{
    if (!file)
        return;
    if (file->stream)
        fclose(file->stream);
    json_free(file->header);
    mem_free(file);
}

const char *tensors_text(const struct tensor_file *file, const char *key)
{
    const cJSON *texts = json_get(file->header, TEXTS_KEY);
    return texts ? json_get_string(texts, key) : NULL;
}

bool tensors_find(const struct tensor_file *file, const char *name, size_t *n)
{
    const cJSON *entry = json_get(file->header, name);
    const char *dtype = entry ? json_get_string(entry, "dtype") : NULL;
    struct extent where;
    if (!dtype || strcmp(dtype, "F32") != 0 || !read_entry(file, entry, &where))
        return false;
    *n = (size_t)((where.end - where.begin) / sizeof(float));
    return true;
}

enum err tensors_read(struct tensor_file *file, const char *name, float *out, size_t n,
                      struct err_info *info)
{
    struct extent where;
    size_t found;
    if (!tensors_find(file, name, &found) || found != n ||
        !read_entry(file, json_get(file->header, name), &where))
        return err_set(info, ERR_INPUT, file->path, "it is damaged or of another network",
                       "no array '%s' of %zu numbers", name, n);
    return read_bytes(file, file->data_start + where.begin, out, n * sizeof *out, info);
}
