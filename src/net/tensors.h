/* tensors: the safetensors file format: named arrays of float32 and named texts in one file.
 *
 *   bytes 0..7       n, length of the header, little-endian
 *   bytes 8..8+n-1   header, JSON: {"__metadata__": {KEY: TEXT, ...},
 *                    NAME: {"dtype": "F32", "shape": [..], "data_offsets": [begin, end]}, ...},
 *                    filled up with blanks to a multiple of 8
 *   then             the arrays, little-endian, offsets counted from here
 *
 * Our own files carry a "checksum" among the texts: over all other texts and the arrays. Source:
 * github.com/huggingface/safetensors, README. */
#ifndef TILLER_NET_TENSORS_H
#define TILLER_NET_TENSORS_H

#include "tiller/base.h"

#define TENSORS_CHECKSUM "checksum" /* its key */

struct tensor {
    const char *name;
    int n_dims;
    size_t shape[4]; /* one to four dimensions */
    const float *data;
};
struct tensor_text {
    const char *key, *value; /* value NULL: left out */
};

/* tensors_write: all of it, atomically. Errors: ERR_IO, ERR_MEMORY. */
enum err tensors_write(const char *path, const struct tensor_text *texts, size_t n_texts,
                       const struct tensor *tensors, size_t n_tensors, struct err_info *info);

/* tensors_open: reads the header and checks every size in it against the file, and the checksum if
 * there is one. Errors: ERR_INPUT (not such a file, damaged), ERR_IO, ERR_MEMORY. Owner: caller,
 * tensors_close. */
struct tensor_file;
enum err tensors_open(const char *path, struct tensor_file **out, struct err_info *info);
void tensors_close(struct tensor_file *file);
/* The text under key; NULL if there is none. Lent. */
const char *tensors_text(const struct tensor_file *file, const char *key);
/* tensors_find: the array's number of elements; false if there is no float32 array of that name.
 * tensors_read: into out [n], which must be all of it. Errors: ERR_INPUT, ERR_IO. */
bool tensors_find(const struct tensor_file *file, const char *name, size_t *n);
enum err tensors_read(struct tensor_file *file, const char *name, float *out, size_t n,
                      struct err_info *info);

#endif
