/* peer_fann: FANN beside our trainer; the protocol stands in peer.h. Built only where FANN is.
 *
 * FANN has no mini-batches (a step after every row, or one after all of them), neither Adam nor
 * dropout nor softmax. The nearest thing: steps after every row with momentum, in a shuffled order;
 * hidden units linear between 0 and 1 in place of relu, sigmoid outputs with squared error. As each
 * row is a step of its own, time may end inside an epoch. */
#include "networks.h"

#include <cjson/cJSON.h>
#include <fann.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

enum { MAX_LAYERS = 8, ROWS_AT_ONCE = 256 };

struct request {
    char rows[256];
    int64_t n_rows, n_inputs, n_classes, num_layers, units, conv_layers;
    double learning_rate, momentum, seconds;
};

static struct {
    struct request made; /* for which the rest was made */
    struct fann *net;
    float *x, *targets; /* [n_rows x n_inputs], [n_classes x n_classes] one row per class */
    int32_t *y, *order;
    int64_t next; /* place in order */
    struct rng rng;
} training;

static bool read_request(const char *line, size_t n, struct request *r)
{
    struct cJSON *doc = NULL;
    *r = (struct request){0};
    if (json_parse(line, n, "request", &doc, NULL) != ERR_OK)
        return false;
    const struct {
        const char *name;
        int64_t *value;
    } whole[] = {{"n_rows", &r->n_rows},       {"n_inputs", &r->n_inputs},
                 {"n_classes", &r->n_classes}, {"num_layers", &r->num_layers},
                 {"units", &r->units},         {"conv_layers", &r->conv_layers}};
    const char *path = json_get_string(doc, "rows");
    bool good = path && text_copy(r->rows, sizeof r->rows, path) &&
                json_get_number(doc, "learning_rate", &r->learning_rate) &&
                json_get_number(doc, "momentum", &r->momentum) &&
                json_get_number(doc, "seconds", &r->seconds);
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
        good = json_get_int(doc, whole[i].name, whole[i].value) && good;
    json_free(doc);
    return good && r->num_layers + 2 <= MAX_LAYERS;
}

static bool read_rows(const struct request *r)
{
    size_t cells = (size_t)(r->n_rows * r->n_inputs), rows = (size_t)r->n_rows;
    training.x = mem_alloc(cells, sizeof(float));
    training.y = mem_alloc(rows, sizeof(int32_t));
    training.order = mem_alloc(rows, sizeof(int32_t));
    training.targets = mem_zero_alloc((size_t)(r->n_classes * r->n_classes), sizeof(float));
    FILE *f = fopen(r->rows, "rb");
    bool good = f && training.x && training.y && training.order && training.targets &&
                fread(training.x, sizeof(float), cells, f) == cells &&
                fread(training.y, sizeof(int32_t), rows, f) == rows;
    if (f)
        fclose(f);
    for (int64_t i = 0; good && i < r->n_rows; i++)
        training.order[i] = (int32_t)i;
    for (int64_t k = 0; good && k < r->n_classes; k++)
        training.targets[k * r->n_classes + k] = 1;
    return good;
}

static void forget(void)
{
    if (training.net)
        fann_destroy(training.net);
    mem_free(training.x);
    mem_free(training.y);
    mem_free(training.order);
    mem_free(training.targets);
    memset(&training, 0, sizeof training);
}

static bool make(const struct request *r)
{
    unsigned n_layers = (unsigned)r->num_layers + 2, width[MAX_LAYERS];
    forget();
    rng_seed(&training.rng, 1, 0);
    for (unsigned l = 0; l < n_layers; l++)
        width[l] = (unsigned)(l == 0 ? r->n_inputs : l + 1 == n_layers ? r->n_classes : r->units);
    training.net = fann_create_standard_array(n_layers, width);
    if (!training.net || !read_rows(r))
        return false;
    fann_set_training_algorithm(training.net, FANN_TRAIN_INCREMENTAL);
    fann_set_learning_rate(training.net, (float)r->learning_rate);
    fann_set_learning_momentum(training.net, (float)r->momentum);
    fann_set_activation_function_hidden(training.net, FANN_LINEAR_PIECE);
    fann_set_activation_function_output(training.net, FANN_SIGMOID);
    fann_set_train_error_function(training.net, FANN_ERRORFUNC_LINEAR);
    training.made = *r;
    return true;
}

/* Some rows from the next on; a fresh order after the last. */
static void train_rows(const struct request *r, int64_t n)
{
    for (int64_t i = 0; i < n; i++, training.next++) {
        if (training.next == r->n_rows) {
            rng_shuffle(&training.rng, training.order, (size_t)r->n_rows);
            training.next = 0;
        }
        int64_t row = training.order[training.next];
        fann_train(training.net, training.x + row * r->n_inputs,
                   training.targets + training.y[row] * r->n_classes);
    }
}

static double rate(const struct request *r)
{
    double began = bench_now_s(CLOCK_THREAD_CPUTIME_ID), passed;
    long rows = 0;
    do {
        train_rows(r, ROWS_AT_ONCE);
        rows += ROWS_AT_ONCE;
        passed = bench_now_s(CLOCK_THREAD_CPUTIME_ID) - began;
    } while (passed < r->seconds);
    return (double)rows / passed;
}

static bool same_network(const struct request *a, const struct request *b)
{
    return strcmp(a->rows, b->rows) == 0 && a->n_rows == b->n_rows && a->n_inputs == b->n_inputs &&
           a->n_classes == b->n_classes && a->num_layers == b->num_layers && a->units == b->units &&
           a->learning_rate == b->learning_rate && a->momentum == b->momentum;
}

static bool answer(const char *line, size_t n)
{
    struct request r;
    if (!read_request(line, n, &r))
        return false;
    if (r.conv_layers > 0)
        return puts("{\"unable\": \"no convolutions\"}") >= 0;
    if (!same_network(&r, &training.made)) {
        if (!make(&r))
            return false;
        train_rows(&r, ROWS_AT_ONCE); /* warm */
    }
    return printf("{\"rate\": %.17g}\n", rate(&r)) >= 0;
}

int main(void)
{
    char *line = NULL;
    size_t size = 0;
    ssize_t n;
#if defined(__x86_64__)
    _mm_setcsr(_mm_getcsr() | 0x8040); /* denormals off, as in ours */
#endif
    setvbuf(stdout, NULL, _IOLBF, 0);
    puts("{\"version\": \"FANN " FANN_VERSION "\"}"); /* told by pkg-config when it was built */
    while ((n = getline(&line, &size, stdin)) > 0)
        if (!answer(line, (size_t)n))
            break;
    free(line);
    forget();
    return 0;
}
