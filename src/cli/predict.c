/* predict: what a network of a weights file says of new rows, as CSV. Needs the weights file alone:
 * how rows are encoded stands in it. */
#include "export.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define USAGE                                                                                      \
    "usage: tiller predict WEIGHTS TABLE [options]\n\n"                                            \
    "Labels the rows of TABLE by the network in WEIGHTS (of 'tiller export' or 'tiller train\n"    \
    "--save'). TABLE is a CSV table with the columns of the training table, in any order, with\n"  \
    "or without the label; or an IDX file of images. Writes CSV: the row's number, the class\n"    \
    "and the probability of each class; for regression the number in the label's own units."

enum { ROWS_AT_ONCE = 1000 };

struct predict_options {
    const char *weights, *table, *out, *inputs;
    bool strict, score;
};

struct answer {
    const struct predict_options *options;
    struct cli_network network;
    struct training *judge;
    struct data_new_rows rows;
    int32_t n_outputs;
    float *outputs; /* [ROWS_AT_ONCE x n_outputs] */
    struct text csv;
};

/* ---- CSV --------------------------------------------------------------------------------- */

/* A field as RFC 4180 quotes it, without control characters. */
static void put_field(struct text *out, const char *prefix, const char *s)
{
    size_t size = strlen(s) + 1;
    char *clean = mem_alloc(size, 1);
    if (!clean) {
        out->failed = true;
        return;
    }
    text_sanitize(clean, size, s);
    if (!strpbrk(clean, "\", ")) {
        text_appendf(out, "%s%s", prefix, clean);
    } else {
        text_appendf(out, "\"%s", prefix);
        for (const char *c = clean; *c; c++)
            text_appendf(out, *c == '"' ? "\"%c" : "%c", *c);
        text_append_char(out, '"');
    }
    mem_free(clean);
}

static void put_header(struct answer *p)
{
    const struct data_encoder_facts *f = &p->network.facts;
    text_append(&p->csv, "row,prediction");
    for (int32_t c = 0; f->task == DATA_CLASSIFICATION && c < f->n_classes; c++) {
        text_append_char(&p->csv, ',');
        put_field(&p->csv, "p_", f->class_names[c]);
    }
    text_append_char(&p->csv, '\n');
}

/* The first of equals. */
static int32_t likeliest(const float *probability, int32_t n)
{
    int32_t best = 0;
    for (int32_t c = 1; c < n; c++)
        if (probability[c] > probability[best])
            best = c;
    return best;
}

static void put_row(struct answer *p, int64_t row, const float *output)
{
    const struct data_encoder_facts *f = &p->network.facts;
    text_appendf(&p->csv, "%lld,", (long long)row + 1);
    if (f->task == DATA_REGRESSION) {
        text_appendf(&p->csv, "%.7g\n", (double)output[0] * f->target_scale + f->target_mean);
        return;
    }
    put_field(&p->csv, "", f->class_names[likeliest(output, f->n_classes)]);
    for (int32_t c = 0; c < f->n_classes; c++)
        text_appendf(&p->csv, ",%.6g", (double)output[c]);
    text_append_char(&p->csv, '\n');
}

/* ---- writing ----------------------------------------------------------------------------- */

/* To stdout as it comes. A reader that has gone (head) is no error to speak of. */
static enum err print(struct text *csv, struct err_info *info)
{
    if (fputs(text_get(csv), stdout) == EOF || fflush(stdout) != 0)
        return errno == EPIPE ? ERR_INTERRUPTED
                              : err_set_errno(info, ERR_IO, "stdout", NULL, "writing failed");
    text_clear(csv);
    return ERR_OK;
}

static enum err hand_on(struct answer *p, bool all, struct err_info *info)
{
    const char *path = p->options->out;
    if (p->csv.failed)
        return err_set_memory(info, path ? path : "stdout");
    if (!path)
        return print(&p->csv, info);
    return all ? file_write_atomic(path, text_get(&p->csv), p->csv.length, info) : ERR_OK;
}

static enum err write_inputs(const struct answer *p, struct err_info *info)
{
    const char *path = p->options->inputs;
    size_t row = (size_t)p->network.shape->n_inputs * sizeof *p->rows.x;
    return path ? file_write_atomic(path, p->rows.x, (size_t)p->rows.n_rows * row, info) : ERR_OK;
}

/* ---- the work ---------------------------------------------------------------------------- */

static void say_unknown(const struct data_new_rows *rows)
{
    char n[32];
    text_count(n, sizeof n, rows->n_unknown);
    if (rows->n_unknown > 0)
        fprintf(stderr, "%s %s that the training rows did not have; first: %s\n", n,
                rows->n_unknown == 1 ? "field holds a category" : "fields hold categories",
                rows->first_unknown);
}

/* Once a second, and only where it takes longer. */
static void say_progress(const struct answer *p, int64_t done, double *said)
{
    char rows[32], all[32];
    double now = clock_now_s();
    if (now - *said < 1)
        return;
    *said = now;
    fprintf(stderr, "%s of %s rows\n", text_count(rows, sizeof rows, done),
            text_count(all, sizeof all, p->rows.n_rows));
}

static enum err predict_rows(struct answer *p, struct err_info *info)
{
    double said = clock_now_s();
    put_header(p);
    for (int64_t first = 0, n; first < p->rows.n_rows; first += n) {
        n = p->rows.n_rows - first < ROWS_AT_ONCE ? p->rows.n_rows - first : ROWS_AT_ONCE;
        const float *x = p->rows.x + (size_t)first * (size_t)p->network.shape->n_inputs;
        enum err err = net_predict(p->judge, x, (int32_t)n, p->outputs);
        if (err != ERR_OK)
            return err_set(info, err, p->options->table, NULL, "could not be judged");
        for (int64_t i = 0; i < n; i++)
            put_row(p, first + i, p->outputs + i * p->n_outputs);
        err = hand_on(p, false, info);
        if (err != ERR_OK)
            return err;
        say_progress(p, first + n, &said);
    }
    return hand_on(p, true, info);
}

/* ---- how good the answers are ------------------------------------------------------------ */

static bool has_label(const struct data_new_rows *rows, int64_t row)
{
    return rows->y ? rows->y[row] >= 0 : !isnan(rows->target[row]);
}

/* Moves the rows with a label to the front. Returns how many there are. */
static int32_t gather_labelled(struct data_new_rows *rows, size_t n_inputs)
{
    int64_t n = 0;
    for (int64_t i = 0; i < rows->n_rows; i++) {
        if (!has_label(rows, i))
            continue;
        memmove(rows->x + (size_t)n * n_inputs, rows->x + (size_t)i * n_inputs,
                n_inputs * sizeof *rows->x);
        if (rows->y)
            rows->y[n] = rows->y[i];
        else
            rows->target[n] = rows->target[i];
        n++;
    }
    return (int32_t)n;
}

static void say_metrics(const struct net_metrics *m, int32_t n_rows, int64_t n_all)
{
    char value[32], rows[32], all[32];
    const char *name;
    fprintf(stderr, "%s of %s rows have a label:", text_count(rows, sizeof rows, n_rows),
            text_count(all, sizeof all, n_all));
    for (int i = 0; (name = net_metric_name(i, NULL)) != NULL; i++)
        if (isfinite(net_metric(m, i)))
            fprintf(stderr, "  %s %s", name, text_human(value, sizeof value, net_metric(m, i), 4));
    fputc('\n', stderr);
}

/* Last of all: it moves the rows. */
static enum err score(struct answer *p, struct err_info *info)
{
    const struct net_rows *shape = p->network.shape;
    int64_t n_all = p->rows.n_rows;
    struct net_rows rows = *shape;
    struct net_metrics metrics;
    rows.n_rows = gather_labelled(&p->rows, (size_t)shape->n_inputs);
    rows.x = p->rows.x;
    rows.y = p->rows.y;
    rows.target = p->rows.target;
    enum err err = net_evaluate(p->judge, &rows, &metrics, NULL, NULL);
    if (err != ERR_OK)
        return err_set(info, err, p->options->table, NULL, "could not be judged");
    say_metrics(&metrics, rows.n_rows, n_all);
    return ERR_OK;
}

/* Before anything is written. */
static enum err check_labels(const struct answer *p, struct err_info *info)
{
    if (!p->options->score)
        return ERR_OK;
    if (!p->rows.y && !p->rows.target)
        return err_set(info, ERR_INPUT, p->options->table, "leave --score out",
                       "has no label column '%s' to compare with", p->network.facts.target_name);
    for (int64_t i = 0; i < p->rows.n_rows; i++)
        if (has_label(&p->rows, i))
            return ERR_OK;
    return err_set(info, ERR_INPUT, p->options->table, "leave --score out",
                   "no row has a label that the network knows");
}

static enum err predict(struct answer *p, struct err_info *info)
{
    const struct predict_options *o = p->options;
    enum err err = cli_network_open(o->weights, &p->network, info);
    if (err == ERR_OK)
        err = data_encode_file(p->network.encoder, o->table, o->strict, &p->rows, info);
    if (err == ERR_OK)
        err = net_restore(p->network.weights, &p->judge, info);
    if (err != ERR_OK)
        return err;
    p->n_outputs = p->network.facts.task == DATA_REGRESSION ? 1 : p->network.facts.n_classes;
    p->outputs = mem_alloc((size_t)ROWS_AT_ONCE * (size_t)p->n_outputs, sizeof *p->outputs);
    if (!p->outputs)
        return err_set_memory(info, o->table);
    err = check_labels(p, info);
    if (err != ERR_OK)
        return err;
    say_unknown(&p->rows);
    err = write_inputs(p, info);
    if (err == ERR_OK)
        err = predict_rows(p, info);
    return err == ERR_OK && o->score ? score(p, info) : err;
}

static void release(struct answer *p)
{
    text_free(&p->csv);
    mem_free(p->outputs);
    net_free(p->judge);
    data_new_rows_free(&p->rows);
    cli_network_close(&p->network);
}

int command_predict(int argc, char **argv)
{
    struct predict_options o = {0};
    const struct cli_option table[] = {
        {"--out", OPTION_TEXT, &o.out, 0, 0, "FILE.csv", "write there instead of to stdout"},
        {"--strict", OPTION_FLAG, &o.strict, 0, 0, NULL,
         "refuse categories that training did not have"},
        {"--score", OPTION_FLAG, &o.score, 0, 0, NULL, "compare with the table's label column"},
        {"--inputs", OPTION_TEXT, &o.inputs, 0, 0, "FILE.f32",
         "also write the encoded rows, float32, for model.py"},
    };
    struct answer p = {.options = &o};
    struct err_info info = {0};
    const char *words[2] = {NULL};
    size_t n = 0;
    enum err err =
        cli_parse(table, sizeof table / sizeof *table, USAGE, argc, argv, words, 2, &n, &info);
    if (err == ERR_INTERRUPTED)
        return EXIT_DONE;
    o.weights = words[0];
    o.table = words[1];
    if (err == ERR_OK && n < 2)
        err = err_set(&info, ERR_USAGE, "predict",
                      "try 'tiller predict vowel-best/weights.safetensors new.csv'",
                      "the %s is missing", n == 0 ? "WEIGHTS file" : "TABLE");
    if (err == ERR_OK)
        err = predict(&p, &info);
    release(&p);
    if (err == ERR_INTERRUPTED)
        return EXIT_UNFINISHED;
    return err == ERR_OK ? EXIT_DONE : cli_fail(&info);
}
