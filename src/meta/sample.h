/* sample: the few training rows of a task by which it is measured: drawn by a fixed seed, centred,
 * in two halves that judge each other. Private to meta. */
#ifndef TILLER_META_SAMPLE_H
#define TILLER_META_SAMPLE_H

#include "tiller/data.h"
#include "tiller/meta.h"

enum {
    SAMPLE_ROWS = 500,
    SAMPLE_INPUTS = 1024, /* wider tasks: so many of their inputs, drawn */
    SAMPLE_LANES = 8,     /* rows are filled up with zeros to a multiple of this */
    SAMPLE_QUARTERS = 4,  /* regression: quarters of the label stand for classes */
    SAMPLE_SEED = 20240
};

/* Streams of SAMPLE_SEED, so that no draw depends on how many were made before it. */
enum sample_stream { STREAM_ROWS, STREAM_INPUTS, STREAM_PAIRS, STREAM_COMPONENTS, STREAM_SKETCH };

struct sample {
    int n, d, stride;  /* rows, inputs, floats between two rows */
    int n_classes;     /* regression: SAMPLE_QUARTERS */
    int start[3];      /* half h: rows start[h] .. start[h+1] - 1 */
    float *x;          /* [n x stride], every column has mean 0 */
    int32_t *y;        /* [n] */
    float *target;     /* [n] regression: the standardised label; else NULL */
    double *deviation; /* [d] of the columns; 0: constant here */
    double work;       /* multiplications made so far; a comparison counts as one */
};

/* Looks at the training part only. ERR_MEMORY. Owner: caller, sample_free. */
enum err sample_draw(const struct data_set *set, struct sample *out);
void sample_free(struct sample *s);

static inline const float *sample_row(const struct sample *s, int i)
{
    return s->x + (size_t)i * (size_t)s->stride;
}
/* Sums over whole rows, n a multiple of SAMPLE_LANES. */
float sample_dot(const float *a, const float *b, int n);
float sample_distance(const float *a, const float *b, int n); /* squared */
/* out += factor * a; they don't overlap */
void sample_add(float *restrict out, float factor, const float *restrict a, int n);

/* Sorts by the number, in ascending order: `key` from sample_key. */
uint64_t sample_key(float number, int index);
static inline int sample_key_index(uint64_t key)
{
    return (int)(key & UINT32_MAX);
}
void sample_sort(struct sample *s, uint64_t *key, int n);

/* Errors of four quick learners as shares of the error of always giving the same answer: nearest
 * neighbour, nearest centroid, one-epoch linear map, stump; each half is judged by what the other
 * taught. ERR_MEMORY. */
enum { LANDMARKS = 4 };
enum err sample_landmarks(struct sample *s, double out[static LANDMARKS]);

/* The sketch of meta.h. ERR_MEMORY. */
enum err sample_sketch(struct sample *s, double out[static SKETCH_N]);

#endif
