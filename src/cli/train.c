/* train: one network on one data set, from the first weights to the test figures.
 *
 * Progress goes to stderr, one line per epoch; the result to stdout, as text for people or, with
 * --json or --json-lines, as JSON. Every number but the two times is a function of data,
 * configuration and --rng-seed. */
#include "cli.h"
#include "tiller/engine.h"
#include "tiller/net.h"
#include "tiller/space.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define USAGE                                                                                      \
    "usage: tiller train TASK [NAME=VALUE ...] [options]\n\n"                                      \
    "Trains one network on TASK (a folder with IDX files, a CSV table, or the name of a shipped\n" \
    "set) and judges it. Without NAME=VALUE: one hidden layer of 128 relu, dropout 0.2, Adam at\n" \
    "0.001, batches of 32.\n\nHyperparameters [of the reference network]:"

struct train_options {
    int64_t epochs, rng_seed;
    bool json, json_lines, no_test, plain;
    const char *save; /* weights file to write; NULL: none */
    struct cli_data_options data;
};

struct epoch {
    double train_loss;
    struct net_metrics validation;
};

enum train_end { TRAIN_COMPLETE, TRAIN_DIVERGED, TRAIN_INTERRUPTED };

struct run {
    const struct train_options *options;
    struct space space; /* what the task can use */
    struct configuration config;
    struct data_set *set;
    struct net_rows rows[DATA_N_PARTS];
    struct training *training;
    struct epoch *epochs; /* [options->epochs] */
    int n_epochs;         /* completed */
    enum train_end end;
    bool tested;
    struct net_metrics test;
    int64_t *confusion;            /* [n_classes x n_classes] of the test part */
    double seconds, train_seconds; /* in all; in training alone */
    int64_t samples;               /* rows trained on */
};

/* ---- progress ---------------------------------------------------------------------------- */

static double rate(const struct run *r)
{
    return r->train_seconds > 0 ? (double)r->samples / r->train_seconds : 0;
}

static void say_start(const struct run *r)
{
    struct net_config c = net_config_from(&r->space, &r->config, (int)r->options->epochs, 0);
    char rows[32], shape[128], parameters[32], bytes[32];
    text_count(rows, sizeof rows, r->rows[DATA_TRAIN].n_rows);
    text_count(parameters, sizeof parameters,
               (int64_t)net_count_parameters(&c, &r->rows[DATA_TRAIN]));
    text_bytes(bytes, sizeof bytes, (double)net_memory_bytes(&c, &r->rows[DATA_TRAIN]));
    fprintf(stderr, "%s: %s training rows, network %s, %s parameters, %s beside the data\n",
            r->set->name, rows, net_shape_text(&c, &r->rows[DATA_TRAIN], shape, sizeof shape),
            parameters, bytes);
}

static void say_epoch(const struct run *r)
{
    const struct epoch *e = &r->epochs[r->n_epochs - 1];
    const struct net_metrics *v = &e->validation;
    int64_t total = r->options->epochs;
    char speed[32], left[32];
    text_count(speed, sizeof speed, (int64_t)rate(r));
    text_duration(left, sizeof left, r->seconds / r->n_epochs * (double)(total - r->n_epochs));
    fprintf(stderr,
            "epoch %*d/%lld  train loss %.4f  val loss %.4f  accuracy %.4f  precision %.4f  "
            "recall %.4f  f1 %.4f  %s samples/s  %s left\n",
            (int)snprintf(NULL, 0, "%lld", (long long)total), r->n_epochs, (long long)total,
            e->train_loss, v->loss, v->accuracy, v->precision, v->recall, v->f1, speed, left);
}

/* ---- JSON -------------------------------------------------------------------------------- */

static void put_epoch(struct json_writer *w, int number, const struct epoch *e)
{
    json_open(w, NULL, '{');
    json_put_int(w, "epoch", number);
    json_put_number(w, "train_loss", e->train_loss);
    json_put_number(w, "val_loss", e->validation.loss);
    json_put_number(w, "val_accuracy", e->validation.accuracy);
    json_put_number(w, "val_precision", e->validation.precision);
    json_put_number(w, "val_recall", e->validation.recall);
    json_put_number(w, "val_f1", e->validation.f1);
    json_close(w, '}');
}

static void put_test(struct json_writer *w, const struct run *r)
{
    size_t n = (size_t)r->set->n_classes;
    if (!r->tested) {
        json_put_null(w, "test");
        return;
    }
    json_open(w, "test", '{');
    json_put_number(w, "loss", r->test.loss);
    json_put_number(w, "accuracy", r->test.accuracy);
    json_put_number(w, "precision", r->test.precision);
    json_put_number(w, "recall", r->test.recall);
    json_put_number(w, "f1", r->test.f1);
    json_open(w, "confusion", '[');
    for (size_t truth = 0; truth < n; truth++) {
        json_open(w, NULL, '[');
        for (size_t said = 0; said < n; said++)
            json_put_int(w, NULL, r->confusion[truth * n + said]);
        json_close(w, ']');
    }
    json_close(w, ']');
    json_close(w, '}');
}

static void put_result(struct json_writer *w, const struct run *r, bool with_epochs)
{
    json_open(w, NULL, '{');
    json_put_string(w, "task", r->set->name);
    cli_put_params(w, &r->space, &r->config);
    if (with_epochs) {
        json_open(w, "epochs", '[');
        for (int i = 0; i < r->n_epochs; i++)
            put_epoch(w, i + 1, &r->epochs[i]);
        json_close(w, ']');
    }
    put_test(w, r);
    json_put_number(w, "seconds", r->seconds);
    json_put_number(w, "samples_per_second", rate(r));
    json_close(w, '}');
}

/* One line on stdout, flushed; takes and frees the text. */
static enum err print_line(struct text *line, struct err_info *info)
{
    enum err e = ERR_OK;
    if (line->failed)
        e = err_set_memory(info, "output");
    else if (printf("%s\n", text_get(line)) < 0 || fflush(stdout) != 0)
        e = err_set_errno(info, ERR_IO, "stdout", NULL, "writing failed");
    text_free(line);
    return e;
}

static enum err print_epoch_json(const struct run *r, struct err_info *info)
{
    struct text line = {0};
    struct json_writer w;
    json_begin(&w, &line);
    put_epoch(&w, r->n_epochs, &r->epochs[r->n_epochs - 1]);
    return print_line(&line, info);
}

static enum err print_json(const struct run *r, struct err_info *info)
{
    struct text line = {0};
    struct json_writer w;
    json_begin(&w, &line);
    put_result(&w, r, r->options->json);
    return print_line(&line, info);
}

/* ---- the summary for people -------------------------------------------------------------- */

enum { SUMMARY_COLUMNS = 100, NAME_MAX_COLUMNS = 24 };

/* How the confusion matrix is laid out: cut into panels that are not too wide; class names longer
 * than a column stand at the rows only, with a number that the columns carry. */
struct matrix {
    const struct run *run;
    int n; /* classes */
    bool numbered;
    int name, cell, panel; /* columns of a row's name, of a cell; cells in a panel */
};

static int decimals(int64_t n)
{
    return snprintf(NULL, 0, "%lld", (long long)n);
}

/* At most width characters of s, filled up with blanks before or behind. */
static void put_name(struct text *out, const char *s, int width, bool right)
{
    size_t bytes = 0;
    uint32_t code;
    int n = 0, step;
    while (n < width && (step = text_utf8_next(s + bytes, &code)) > 0) {
        bytes += (size_t)step;
        n++;
    }
    if (right)
        text_appendf(out, "%*s", width - n, "");
    text_append_n(out, s, bytes);
    if (!right)
        text_appendf(out, "%*s", width - n, "");
}

static int characters(const char *s)
{
    uint32_t code;
    int n = 0, step;
    for (; (step = text_utf8_next(s, &code)) > 0; s += step)
        n++;
    return n;
}

static struct matrix lay_out(const struct run *r)
{
    struct matrix m = {.run = r, .n = r->set->n_classes};
    int64_t top = 1;
    int longest = 1;
    for (int i = 0; i < m.n * m.n; i++)
        top = r->confusion[i] > top ? r->confusion[i] : top;
    for (int c = 0; c < m.n; c++) {
        int length = characters(r->set->class_names[c]);
        longest = length > longest ? length : longest;
    }
    m.numbered = longest > 4;
    int heading = m.numbered ? decimals(m.n) : longest, widest = decimals(top);
    m.cell = (heading > widest ? heading : widest) + 2;
    m.name = longest < NAME_MAX_COLUMNS ? longest : NAME_MAX_COLUMNS;
    m.panel = (SUMMARY_COLUMNS - m.name - 6) / m.cell;
    return m;
}

static void put_heading(struct text *out, const struct matrix *m, int from, int to)
{
    text_appendf(out, "%*s", m->name + (m->numbered ? 6 : 2), "");
    for (int c = from; c < to; c++)
        if (m->numbered)
            text_appendf(out, "%*d", m->cell, c + 1);
        else
            put_name(out, m->run->set->class_names[c], m->cell, true);
    text_append_char(out, '\n');
}

static void put_row(struct text *out, const struct matrix *m, int truth, int from, int to)
{
    const int64_t *row = m->run->confusion + (size_t)truth * (size_t)m->n;
    if (m->numbered)
        text_appendf(out, "%4d", truth + 1);
    text_append(out, "  ");
    put_name(out, m->run->set->class_names[truth], m->name, false);
    for (int c = from; c < to; c++)
        if (row[c] > 0)
            text_appendf(out, "%*lld", m->cell, (long long)row[c]);
        else
            text_appendf(out, "%*s", m->cell, ".");
    text_append_char(out, '\n');
}

static void put_confusion(struct text *out, const struct run *r)
{
    struct matrix m = lay_out(r);
    text_append(out, "\nconfusion matrix (rows: truth, columns: answer)\n");
    for (int from = 0; from < m.n; from += m.panel) {
        int to = from + m.panel < m.n ? from + m.panel : m.n;
        if (from > 0)
            text_append_char(out, '\n');
        put_heading(out, &m, from, to);
        for (int truth = 0; truth < m.n; truth++)
            put_row(out, &m, truth, from, to);
    }
}

static void put_summary(struct text *out, const struct run *r)
{
    char time[32], speed[32], rows[32];
    text_appendf(out, "%s: %d epochs in %s, %s samples/s in training\n", r->set->name, r->n_epochs,
                 text_duration(time, sizeof time, r->seconds),
                 text_count(speed, sizeof speed, (int64_t)rate(r)));
    text_append(out, "configuration: ");
    space_format(&r->space, &r->config, out);
    text_append_char(out, '\n');
    if (r->n_epochs > 0) {
        const struct net_metrics *v = &r->epochs[r->n_epochs - 1].validation;
        text_appendf(out,
                     "validation: loss %.4f  accuracy %.4f  precision %.4f  recall %.4f  f1 %.4f\n",
                     v->loss, v->accuracy, v->precision, v->recall, v->f1);
    }
    if (!r->tested)
        return;
    text_appendf(out,
                 "test:       loss %.4f  accuracy %.4f  precision %.4f  recall %.4f  f1 %.4f  "
                 "(%s rows)\n",
                 r->test.loss, r->test.accuracy, r->test.precision, r->test.recall, r->test.f1,
                 text_count(rows, sizeof rows, r->rows[DATA_TEST].n_rows));
    put_confusion(out, r);
}

static enum err print_summary(const struct run *r, struct err_info *info)
{
    struct text out = {0};
    put_summary(&out, r);
    if (out.length > 0 && out.data[out.length - 1] == '\n')
        out.data[--out.length] = 0;
    return print_line(&out, info);
}

/* ---- the training ------------------------------------------------------------------------ */

/* One epoch by slices of about 10 ms, so that a signal is answered at once. */
static void train_epoch(struct run *r, int *slice)
{
    bool done = false;
    int before = net_batches_done(r->training);
    while (!done && !cli_signal) {
        double began = clock_now_s();
        enum err e = net_train_slice(r->training, *slice, &done);
        double took = clock_now_s() - began;
        r->train_seconds += took;
        if (e != ERR_OK) {
            r->end = TRAIN_DIVERGED;
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

static enum err train_all(struct run *r, struct err_info *info)
{
    double began = clock_now_s();
    int slice = 16;
    while (r->end == TRAIN_COMPLETE && r->n_epochs < r->options->epochs) {
        struct epoch *e = &r->epochs[r->n_epochs];
        train_epoch(r, &slice);
        r->seconds = clock_now_s() - began;
        if (r->end != TRAIN_COMPLETE)
            break;
        e->train_loss = net_train_loss(r->training);
        if (net_evaluate(r->training, &r->rows[DATA_VALIDATION], &e->validation, NULL, NULL)) {
            r->end = TRAIN_DIVERGED;
            break;
        }
        r->n_epochs++;
        r->seconds = clock_now_s() - began;
        if (r->options->save)
            net_keep_best(r->training, r->n_epochs); /* what an interruption leaves to be saved */
        say_epoch(r);
        enum err err = r->options->json_lines ? print_epoch_json(r, info) : ERR_OK;
        if (err != ERR_OK)
            return err;
    }
    if (r->end == TRAIN_COMPLETE && !r->options->no_test)
        r->tested =
            net_evaluate(r->training, &r->rows[DATA_TEST], &r->test, r->confusion, NULL) == ERR_OK;
    r->seconds = clock_now_s() - began;
    return ERR_OK;
}

/* The weights after the last whole epoch. */
static enum err save(const struct run *r, struct err_info *info)
{
    const struct train_options *o = r->options;
    if (!o->save || r->end == TRAIN_DIVERGED || !net_use_best(r->training))
        return ERR_OK;
    struct cli_weights from = {.set = r->set,
                               .trial = -1,
                               .epoch = r->n_epochs,
                               .rng_seed = (uint64_t)o->rng_seed,
                               .validation = &r->epochs[r->n_epochs - 1].validation};
    enum err err = cli_save_weights(r->training, &from, o->save, info);
    net_use_last(r->training);
    char path[512];
    if (err == ERR_OK)
        fprintf(stderr, "weights of epoch %d: %s\n", r->n_epochs,
                text_sanitize(path, sizeof path, o->save));
    return err;
}

static enum err print_result(const struct run *r, struct err_info *info)
{
    if (r->options->json_lines)
        return r->tested ? print_json(r, info) : ERR_OK;
    return r->options->json ? print_json(r, info) : print_summary(r, info);
}

/* ---- setting up -------------------------------------------------------------------------- */

enum { MAX_WORDS = 2 * SPACE_MAX };
static const unsigned any_task = SPACE_IMAGES | SPACE_CLASSES; /* train starts without weights */

static enum err read_config(struct run *r, const char *const *pairs, size_t n,
                            struct err_info *info)
{
    int which[MAX_WORDS] = {0};
    space_default(&r->space, &r->config);
    for (size_t i = 0; i < n; i++) {
        enum err e = space_set_pair(&r->space, &r->config, pairs[i], &which[i], info);
        if (e != ERR_OK)
            return e;
    }
    /* After all of them: "momentum=0.5 optimizer=sgd" may stand in any order. */
    for (size_t i = 0; i < n; i++)
        if (!space_is_active(&r->space, &r->config, which[i]))
            return err_set(info, ERR_USAGE, pairs[i], "leave it out or choose what it belongs to",
                           "has no part in this configuration");
    space_tidy(&r->space, &r->config);
    return ERR_OK;
}

/* The words are read twice: before the data, so that a slip of the finger costs no time, and again
 * with what the task can use. */
static enum err open_task(struct run *r, const char *task, const char *const *pairs, size_t n,
                          struct err_info *info)
{
    space_of_task(any_task, &r->space);
    enum err e = read_config(r, pairs, n, info);
    if (e == ERR_OK)
        e = cli_open_data(task, &r->options->data, &r->set, info);
    if (e != ERR_OK)
        return e;
    cli_task_space(r->set, &r->space);
    return read_config(r, pairs, n, info);
}

static enum err prepare(struct run *r, const char *task, const char *const *pairs, size_t n,
                        struct err_info *info)
{
    enum err e = open_task(r, task, pairs, n, info);
    if (e != ERR_OK)
        return e;
    if (r->set->task != DATA_CLASSIFICATION)
        return err_set(info, ERR_INPUT, task, "choose a label column by --target",
                       "its label is a number, not a class");
    for (int p = 0; p < DATA_N_PARTS; p++)
        r->rows[p] = net_rows_of(r->set, (enum data_part_id)p);
    size_t classes = (size_t)r->set->n_classes;
    r->epochs = mem_zero_alloc((size_t)r->options->epochs, sizeof *r->epochs);
    r->confusion = mem_alloc(classes * classes, sizeof *r->confusion);
    if (!r->epochs || !r->confusion)
        return err_set_memory(info, task);
    struct net_config c = net_config_from(&r->space, &r->config, (int)r->options->epochs,
                                          (uint64_t)r->options->rng_seed);
    return net_new(&c, &r->rows[DATA_TRAIN], &r->training, info);
}

static void release(struct run *r)
{
    net_free(r->training);
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

static void put_hyperparameters(struct text *out)
{
    struct space space;
    space_of_task(any_task, &space);
    for (int i = 0; i < space.n; i++)
        put_hyperparameter(out, &space, i);
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
        {"--save", OPTION_TEXT, &o->save, 0, 0, "FILE",
         "write the weights of the last epoch (.safetensors)"},
        CLI_DATA_OPTIONS(o->data),
    };
    struct text usage = {0};
    text_append(&usage, USAGE);
    put_hyperparameters(&usage);
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

static int exit_status(const struct run *r)
{
    if (r->end == TRAIN_INTERRUPTED) {
        fprintf(stderr, "interrupted in epoch %d\n", r->n_epochs + 1);
        return EXIT_INTERRUPTED;
    }
    if (r->end == TRAIN_DIVERGED) {
        fprintf(stderr,
                "tiller: %s: the training diverged in epoch %d; try a smaller learning_rate\n",
                r->set->name, r->n_epochs + 1);
        return EXIT_UNFINISHED;
    }
    return EXIT_DONE;
}

int command_train(int argc, char **argv)
{
    struct train_options options = {.epochs = 10};
    struct run r = {.options = &options};
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
        say_start(&r);
        e = train_all(&r, &info);
    }
    if (e == ERR_OK)
        e = save(&r, &info);
    if (e == ERR_OK)
        e = print_result(&r, &info);
    int status = e == ERR_OK ? exit_status(&r) : cli_fail(&info);
    release(&r);
    return status;
}
