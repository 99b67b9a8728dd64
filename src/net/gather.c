/* gather: the rows of a batch, copied together in the epoch's order; images shifted and inputs made
 * noisy on the way, both a function of (rng_seed, batch number, place in the batch) alone. */
#include "internal.h"

#include <string.h>

/* The image moved down and right by so many pixels; what comes in from outside is 0. */
static void copy_shifted(float *to, const float *from, int rows, int columns, int down, int right)
{
    memset(to, 0, (size_t)rows * (size_t)columns * sizeof *to);
    int first = right > 0 ? right : 0, last = right < 0 ? columns + right : columns;
    for (int r = 0; r < rows && first < last; r++) {
        int source = r - down;
        if (source >= 0 && source < rows)
            memcpy(to + (size_t)r * (size_t)columns + first,
                   from + (size_t)source * (size_t)columns + (first - right),
                   (size_t)(last - first) * sizeof *to);
    }
}

static void copy_row(const struct training *t, struct rng *rng, float *to, const float *from)
{
    int reach = t->config.shift;
    if (reach == 0 || t->rows.image_rows < 1) {
        memcpy(to, from, (size_t)t->rows.n_inputs * sizeof *to);
        return;
    }
    int down = (int)rng_below(rng, 2 * (uint64_t)reach + 1) - reach;
    int right = (int)rng_below(rng, 2 * (uint64_t)reach + 1) - reach;
    copy_shifted(to, from, t->rows.image_rows, t->rows.image_columns, down, right);
}

static void add_noise(struct training *t, int n)
{
    struct rng rng;
    training_rng(&rng, t, STREAM_NOISE, training_batches(t));
    uint64_t bits = rng_next(&rng);
    uint32_t key[2] = {(uint32_t)bits, (uint32_t)(bits >> 32)};
    t->kernels->add_noise(t->x, (size_t)n * (size_t)t->rows.n_inputs, key,
                          (float)t->config.input_noise);
}

int training_gather(struct training *t)
{
    size_t width = (size_t)t->rows.n_inputs;
    int32_t first = t->batch * t->batch_size, left = t->rows.n_rows - first;
    int n = left < t->batch_size ? left : t->batch_size;
    struct rng rng;
    training_rng(&rng, t, STREAM_SHIFT, training_batches(t));
    for (int i = 0; i < n; i++) {
        size_t row = (size_t)t->order[first + i];
        copy_row(t, &rng, t->x + (size_t)i * width, t->rows.x + row * width);
        if (t->target)
            t->target[i] = t->rows.target[row];
        else
            t->y[i] = t->rows.y[row];
    }
    if (t->config.input_noise > 0)
        add_noise(t, n);
    return n;
}
