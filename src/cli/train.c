/* train: one network on one data set, from the first weights to the test figures.
 *
 * Progress goes to stderr, one line per epoch; the result to stdout, as text for people or, with
 * --json or --json-lines, as JSON. Every number but the two times is a function of data,
 * configuration and --rng-seed. */
#include "train.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define USAGE                                                                                      \
    "usage: tiller train TASK [NAME=VALUE ...] [options]\n\n"                                      \
    "Trains one network on TASK (a folder with IDX files, a CSV table, or the name of a shipped\n" \
    "set) and judges it. Without NAME=VALUE: one hidden layer of 128 relu, dropout 0.2, Adam at\n" \
    "0.001, batches of 32.\n\nHyperparameters [of the reference network]:"

/* ---- the training ------------------------------------------------------------------------ */

static void note_divergence(struct train_run *r)
{
    r->end = TRAIN_DIVERGED;
    net_divergence(r->training, r->divergence, sizeof r->divergence);
}

/* One epoch by slices of about 10 ms, so that a signal is answered at once. */
static void train_epoch(struct train_run *r, int *slice)
{
    bool done = false;
    int before = net_batches_done(r->training);
    while (!done && !cli_signal) {
        double began = clock_now_s();
        enum err e = net_train_slice(r->training, *slice, &done);
        double took = clock_now_s() - began;
        r->train_seconds += took;
        if (e != ERR_OK) {
            note_divergence(r);
            return;
        }
        int now = done ? net_batches_per_epoch(r->training) : net_batches_done(r->training);
        int64_t seen = (int64_t)(now - before) * net_effective_batch(r->training);
        before = now;
        r->samples += seen;
        if (took < 0.005 && *slice < 1 << 20)
            *slice *= 2;
        else if (took > 0.02 && *slice > 1)
            *slice /= 2;
    }
    if (!done)
        r->end = TRAIN_INTERRUPTED;
    else /* the last batch may have been smaller */
        r->samples -=
            (int64_t)net_batches_per_epoch(r->training) * net_effective_batch(r->training) -
            r->rows[DATA_TRAIN].n_rows;
}

/* The end of an epoch: what can be said of it. */
static enum err judge_epoch(struct train_run *r, struct err_info *info)
{
    struct train_epoch *e = &r->epochs[r->n_epochs];
    enum err err = ERR_OK;
    e->train_loss = net_train_loss(r->training);
    if (!r->options->refit)
        err = net_evaluate(r->training, &r->rows[DATA_VALIDATION], &e->validation, NULL, NULL);
    if (err == ERR_RANGE) {
        note_divergence(r);
        return ERR_OK;
    }
    r->n_epochs++;
    if (r->options->save)
        net_keep_best(r->training, r->n_epochs); /* what an interruption leaves to be saved */
    return err == ERR_OK ? ERR_OK : err_set_memory(info, r->set->name);
}

static enum err test(struct train_run *r, struct err_info *info)
{
    if (r->end != TRAIN_COMPLETE || r->options->no_test)
        return ERR_OK;
    enum err err = net_evaluate(r->training, &r->rows[DATA_TEST], &r->test, r->confusion, NULL);
    r->tested = err == ERR_OK;
    return err == ERR_MEMORY ? err_set_memory(info, r->set->name) : ERR_OK;
}

static enum err train_all(struct train_run *r, struct err_info *info)
{
    double began = clock_now_s();
    int slice = 16;
    enum err err = ERR_OK;
    while (err == ERR_OK && r->end == TRAIN_COMPLETE && r->n_epochs < r->options->epochs) {
        train_epoch(r, &slice);
        if (r->end == TRAIN_COMPLETE)
            err = judge_epoch(r, info);
        r->seconds = clock_now_s() - began;
        if (err != ERR_OK || r->end != TRAIN_COMPLETE)
            break;
        train_say_epoch(r);
        if (r->options->json_lines)
            err = train_print_epoch(r, info);
    }
    if (err == ERR_OK)
        err = test(r, info);
    r->seconds = clock_now_s() - began;
    return err;
}

/* The weights after the last whole epoch. */
static enum err save(const struct train_run *r, struct err_info *info)
{
    const struct train_options *o = r->options;
    if (!o->save || r->end == TRAIN_DIVERGED || !net_use_best(r->training))
        return ERR_OK;
    struct cli_weights from = {.set = r->set,
                               .trial = -1,
                               .epoch = r->n_epochs,
                               .rng_seed = (uint64_t)o->rng_seed,
                               .refit = o->refit,
                               .validation =
                                   o->refit ? NULL : &r->epochs[r->n_epochs - 1].validation};
    enum err err = cli_save_weights(r->training, &from, o->save, info);
    net_use_last(r->training);
    char path[512];
    if (err == ERR_OK)
        fprintf(stderr, "weights of epoch %d: %s\n", r->n_epochs,
                text_sanitize(path, sizeof path, o->save));
    return err;
}

/* ---- setting up -------------------------------------------------------------------------- */

enum { MAX_WORDS = 2 * SPACE_MAX };

static enum err read_words(struct train_run *r, const char *const *pairs, size_t n,
                           int which[static MAX_WORDS], struct err_info *info)
{
    uint32_t said = 0;
    space_default(&r->space, &r->config);
    for (size_t i = 0; i < n; i++) {
        enum err e = space_set_pair(&r->space, &r->config, pairs[i], &which[i], info);
        if (e == ERR_OK && said >> which[i] & 1)
            e = cli_said_twice(pairs[i], info);
        if (e != ERR_OK)
            return e;
        said |= UINT32_C(1) << which[i];
    }
    return ERR_OK;
}

/* After all of them: "momentum=0.5 optimizer=sgd" may stand in any order. */
static enum err read_config(struct train_run *r, const char *const *pairs, size_t n,
                            struct err_info *info)
{
    int which[MAX_WORDS];
    enum err e = read_words(r, pairs, n, which, info);
    for (size_t i = 0; i < n && e == ERR_OK; i++)
        if (!space_is_active(&r->space, &r->config, which[i]))
            e = err_set(info, ERR_USAGE, pairs[i], "leave it out or choose what it belongs to",
                        "has no part in this configuration");
    if (e == ERR_OK)
        space_tidy(&r->space, &r->config);
    return e;
}

/* The words are read twice: before the data, so that a slip of the finger costs no time, and again
 * with what the task can use, in the form of the weights to start from. */
static enum err open_task(struct train_run *r, const char *task, const char *const *pairs, size_t n,
                          struct err_info *info)
{
    const struct train_options *o = r->options;
    space_of_task(SPACE_IMAGES | SPACE_CLASSES | (o->from ? SPACE_WEIGHTS : 0), &r->space);
    int which[MAX_WORDS];
    enum err e = read_words(r, pairs, n, which, info);
    if (e == ERR_OK)
        e = cli_open_data(task, &o->data, &r->set, info);
    if (e == ERR_OK)
        e = cli_open_space(r->set, o->from, &r->space, &r->source, info);
    return e == ERR_OK ? read_config(r, pairs, n, info) : e;
}

static enum err have_rows(struct train_run *r, struct err_info *info)
{
    for (int p = 0; p < DATA_N_PARTS; p++)
        r->rows[p] = net_rows_of(r->set, (enum data_part_id)p);
    if (!r->options->refit)
        return ERR_OK;
    enum err e = net_rows_join(r->set, &r->joined, info);
    r->rows[DATA_TRAIN] = r->joined;
    return e;
}

static enum err have_memory(struct train_run *r, struct err_info *info)
{
    size_t classes = (size_t)r->set->n_classes;
    r->epochs = mem_zero_alloc((size_t)r->options->epochs, sizeof *r->epochs);
    if (classes > 0)
        r->confusion = mem_alloc(classes * classes, sizeof *r->confusion);
    return r->epochs && (classes == 0 || r->confusion) ? ERR_OK
                                                       : err_set_memory(info, r->set->name);
}

static enum err prepare(struct train_run *r, const char *task, const char *const *pairs, size_t n,
                        struct err_info *info)
{
    enum err e = open_task(r, task, pairs, n, info);
    if (e == ERR_OK)
        e = have_rows(r, info);
    if (e == ERR_OK)
        e = have_memory(r, info);
    if (e != ERR_OK)
        return e;
    struct net_config c = net_config_from(&r->space, &r->config, (int)r->options->epochs,
                                          (uint64_t)r->options->rng_seed);
    e = net_new(&c, &r->rows[DATA_TRAIN], &r->training, info);
    if (e == ERR_OK && c.from_weights && r->source)
        r->n_carried = net_source_carry(r->source, r->training);
    return e;
}

static void release(struct train_run *r)
{
    net_free(r->training);
    net_source_free(r->source);
    net_rows_release(&r->joined);
    mem_free(r->epochs);
    mem_free(r->confusion);
    data_free(r->set);
}

/* One line per hyperparameter: name, range or choices, what the reference network has, what it is.
 * Choices that are too long for their column have a line to themselves. */
static void put_hyperparameter(struct text *out, const struct space *space, int i)
{
    enum { NAME = 16, RANGE = 16, VALUE = 12 };
    const struct hyperparameter *h = &space->h[i];
    struct configuration reference;
    char low[32], high[32], fallback[48], brackets[56];
    struct text range = {0};
    space_default(space, &reference);
    space_value_text(space, &reference, i, true, fallback, sizeof fallback);
    text_format(brackets, sizeof brackets, "[%s]", fallback);
    for (int c = 0; c < h->n_choices; c++)
        text_appendf(&range, "%s%s", c ? "|" : "", h->choice[c].text);
    if (h->n_choices == 0)
        text_appendf(&range, "%s..%s", text_double(low, sizeof low, h->low, false),
                     text_double(high, sizeof high, h->high, false));
    text_appendf(out, "\n  %-*s %-*s", NAME, h->name, RANGE, text_get(&range));
    if (range.length > RANGE)
        text_appendf(out, "\n%*s", 2 + NAME + 1 + RANGE, "");
    text_appendf(out, " %-*s %s", VALUE, brackets, h->about);
    out->failed |= range.failed;
    text_free(&range);
}

/* Refused before hours of training, not after. */
static enum err check_save(const char *path, struct err_info *info)
{
    static const char ending[] = ".safetensors";
    size_t n = strlen(path), n_ending = sizeof ending - 1;
    char folder[512];
    if (n <= n_ending || strcmp(path + n - n_ending, ending) != 0)
        return err_set(info, ERR_USAGE, "--save", "give a name that ends in .safetensors",
                       "'%s' does not look like a file of weights", path);
    if (!text_copy(folder, sizeof folder, path))
        return err_set(info, ERR_USAGE, "--save", NULL, "the path is too long");
    folder[file_base_name(folder) - folder] = 0;
    if (access(folder[0] ? folder : ".", W_OK | X_OK) != 0)
        return err_set_errno(info, ERR_IO, path, NULL, "can't be written");
    return ERR_OK;
}

static enum err parse(struct train_options *o, int argc, char **argv, const char **words,
                      size_t max, size_t *n, struct err_info *info)
{
    const struct cli_option table[] = {
        {"--epochs", OPTION_INT, &o->epochs, 1, 1000000, "N", "passes over the training rows (10)"},
        {"--rng-seed", OPTION_INT, &o->rng_seed, 0, 9007199254740992.0, "N",
         "first weights, order of rows, dropout (0)"},
        {"--json", OPTION_FLAG, &o->json, 0, 0, NULL, "the result as one JSON object"},
        {"--json-lines", OPTION_FLAG, &o->json_lines, 0, 0, NULL,
         "one JSON object per epoch, then one with the test figures"},
        {"--no-test", OPTION_FLAG, &o->no_test, 0, 0, NULL, "leave the test rows alone"},
        {"--plain", OPTION_FLAG, &o->plain, 0, 0, NULL, "no screen (train never has one)"},
        {"--from", OPTION_TEXT, &o->from, 0, 0, "WEIGHTS",
         "start from this weights file, in its form, where its layers fit"},
        {"--refit", OPTION_FLAG, &o->refit, 0, 0, NULL,
         "train on the validation rows too: no validation figures"},
        {"--save", OPTION_TEXT, &o->save, 0, 0, "FILE",
         "write the weights of the last epoch (.safetensors)"},
        CLI_DATA_OPTIONS(o->data),
    };
    struct text usage = {0};
    text_append(&usage, USAGE);
    for (int i = 0; i < space_builtin()->n; i++)
        put_hyperparameter(&usage, space_builtin(), i);
    enum err e = usage.failed ? err_set_memory(info, "train")
                              : cli_parse(table, sizeof table / sizeof *table, text_get(&usage),
                                          argc, argv, words, max, n, info);
    text_free(&usage);
    if (e != ERR_OK)
        return e;
    if (*n == 0)
        return err_set(info, ERR_USAGE, "train", "try 'tiller train data/mnist'",
                       "the TASK is missing");
    if (o->json && o->json_lines)
        return err_set(info, ERR_USAGE, "--json-lines", "leave one of them out",
                       "does not go together with --json");
    return o->save ? check_save(o->save, info) : ERR_OK;
}

static int exit_status(const struct train_run *r)
{
    if (r->end == TRAIN_INTERRUPTED) {
        fprintf(stderr, "interrupted in epoch %d\n", r->n_epochs + 1);
        return EXIT_INTERRUPTED;
    }
    if (r->end == TRAIN_DIVERGED) {
        fprintf(stderr, "tiller: %s: the training diverged: %s; try a smaller learning_rate\n",
                r->set->name, r->divergence);
        return EXIT_UNFINISHED;
    }
    return EXIT_DONE;
}

int command_train(int argc, char **argv)
{
    struct train_options options = {.epochs = 10};
    struct train_run r = {.options = &options};
    struct err_info info = {0};
    const char *words[MAX_WORDS] = {NULL};
    size_t n = 0;
    enum err e = parse(&options, argc, argv, words, MAX_WORDS, &n, &info);
    if (e == ERR_INTERRUPTED)
        return EXIT_DONE;
    if (e == ERR_OK)
        e = prepare(&r, words[0], words + 1, n - 1, &info);
    if (e == ERR_OK) {
        cli_watch_signals();
        train_say_start(&r);
        e = train_all(&r, &info);
    }
    if (e == ERR_OK)
        e = save(&r, &info);
    if (e == ERR_OK)
        e = train_print_result(&r, &info);
    int status = e == ERR_OK ? exit_status(&r) : cli_fail(&info);
    release(&r);
    return status;
}
