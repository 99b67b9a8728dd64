/* sobol: the next point of a scrambled Sobol sequence: random search without holes and heaps. */
#include "internal.h"

#include <string.h>

/* The scramble follows from the study's seed alone, so that a study walks along one sequence; 0
 * would mean not scrambled. */
static uint64_t scramble_of(uint64_t rng_seed)
{
    return hash_bytes(HASH_START, &rng_seed, sizeof rng_seed) | 1;
}

static enum err sobol_propose(void *self, const struct search_context *context, struct rng *rng,
                              struct proposal *out)
{
    enum { TRIES = 100 }; /* points may round to one configuration in a space of a few */
    (void)self;
    (void)rng;
    const struct study *study = context->study;
    uint32_t index = (uint32_t)study->n_trials;
    memset(out, 0, sizeof *out);
    for (int k = 0; k < TRIES; k++, index++) {
        sobol_configuration(&study->space, index, scramble_of(context->rng_seed), &out->config);
        if (!search_tried(study, &out->config))
            break;
    }
    text_copy(out->who, sizeof out->who, "sobol");
    text_format(out->reason, sizeof out->reason,
                "sobol: point %lu of a sequence that fills the "
                "space evenly",
                (unsigned long)index);
    return ERR_OK;
}

const struct sampler_ops sampler_sobol = {
    .name = "sobol",
    .about = "points that fill the space evenly (Sobol 1967; Joe, Kuo 2008; Owen 1995)",
    .open = search_open_nothing,
    .close = search_close_nothing,
    .propose = sobol_propose,
    .observe = search_learn_nothing,
};
