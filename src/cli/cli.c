/* The option table's reader: one loop for every command, so that --help, ranges and suggestions are
 * the same everywhere. */
#include "cli.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void print_help(const struct cli_option *options, size_t n, const char *usage)
{
    printf("%s\n", usage);
    if (n > 0)
        printf("\nOptions:\n");
    for (size_t i = 0; i < n; i++) {
        char left[64];
        if (!options[i].about)
            continue; /* hidden: for tests */
        text_format(left, sizeof left, "%s%s%s", options[i].name, options[i].argument ? " " : "",
                    options[i].argument ? options[i].argument : "");
        printf("  %-26s %s\n", left, options[i].about);
    }
    printf("  %-26s %s\n", "--help", "this text");
}

/* The option that arg names ("--name" or "--name=value"), its value behind '=' or NULL. */
static const struct cli_option *find_option(const struct cli_option *options, size_t n,
                                            const char *arg, const char **value)
{
    size_t length = strcspn(arg, "=");
    *value = arg[length] == '=' ? arg + length + 1 : NULL;
    for (size_t i = 0; i < n; i++)
        if (strlen(options[i].name) == length && strncmp(options[i].name, arg, length) == 0)
            return &options[i];
    return NULL;
}

static enum err unknown_option(const struct cli_option *options, size_t n, const char *arg,
                               struct err_info *info)
{
    const char *names[64];
    size_t n_names = 0;
    for (size_t i = 0; i < n && n_names < 64; i++)
        if (options[i].about)
            names[n_names++] = options[i].name;
    char word[64], hint[128];
    text_copy(word, sizeof word, arg);
    word[strcspn(word, "=")] = 0;
    const char *near = text_nearest(word, names, n_names);
    text_format(hint, sizeof hint, near ? "did you mean %s?" : "see --help", near);
    return err_set(info, ERR_USAGE, word, hint, "no such option");
}

static enum err add_to_list(struct option_list *list, const struct cli_option *o, char *value,
                            struct err_info *info)
{
    char *rest = NULL;
    for (char *word = strtok_r(value, ",", &rest); word; word = strtok_r(NULL, ",", &rest)) {
        if (list->n == sizeof list->item / sizeof *list->item)
            return err_set(info, ERR_USAGE, o->name, "give fewer", "more than 64 values");
        list->item[list->n++] = word;
    }
    return ERR_OK;
}

static enum err bad_number(const struct cli_option *o, const char *value, struct err_info *info)
{
    char low[32], high[32], hint[128];
    text_double(low, sizeof low, o->low, false);
    text_double(high, sizeof high, o->high, false);
    text_format(hint, sizeof hint, "give a%s number from %s to %s",
                o->kind == OPTION_INT ? " whole" : "", low, high);
    return err_set(info, ERR_USAGE, o->name, hint, "'%s' is not possible", value);
}

static enum err store(const struct cli_option *o, char *value, struct err_info *info)
{
    int64_t whole;
    double number;
    switch (o->kind) {
    case OPTION_FLAG:
        *(bool *)o->target = true;
        return ERR_OK;
    case OPTION_TEXT:
        *(const char **)o->target = value;
        return ERR_OK;
    case OPTION_LIST:
        return add_to_list(o->target, o, value, info);
    case OPTION_INT:
        if (!text_parse_int(value, &whole) || (double)whole < o->low || (double)whole > o->high)
            return bad_number(o, value, info);
        *(int64_t *)o->target = whole;
        return ERR_OK;
    case OPTION_NUMBER:
        if (!text_parse_double(value, &number) || number < o->low || number > o->high)
            return bad_number(o, value, info);
        *(double *)o->target = number;
        return ERR_OK;
    }
    return ERR_OK;
}

/* Reads the option at argv[*i]; moves *i onto the value if it stands in a word of its own. */
static enum err read_option(const struct cli_option *options, size_t n, int argc, char **argv,
                            int *i, struct err_info *info)
{
    const char *value;
    const struct cli_option *o = find_option(options, n, argv[*i], &value);
    if (!o)
        return unknown_option(options, n, argv[*i], info);
    if (o->kind == OPTION_FLAG && value)
        return err_set(info, ERR_USAGE, o->name, "leave out '=' and what follows",
                       "takes no value");
    if (o->kind == OPTION_FLAG)
        return store(o, NULL, info);
    if (!value && *i + 1 >= argc)
        return err_set(info, ERR_USAGE, o->name, "see --help", "needs a value (%s)", o->argument);
    return store(o, value ? (char *)value : argv[++*i], info);
}

enum err cli_parse(const struct cli_option *options, size_t n_options, const char *usage, int argc,
                   char **argv, const char **positional, size_t max, size_t *n_positional,
                   struct err_info *info)
{
    bool only_positional = false;
    *n_positional = 0;
    for (int i = 1; i < argc; i++) {
        const char *arg = argv[i];
        if (!only_positional && (strcmp(arg, "--help") == 0 || strcmp(arg, "-h") == 0)) {
            print_help(options, n_options, usage);
            return ERR_INTERRUPTED;
        }
        if (!only_positional && strcmp(arg, "--") == 0) {
            only_positional = true;
        } else if (!only_positional && arg[0] == '-' && arg[1] != 0) {
            enum err err = read_option(options, n_options, argc, argv, &i, info);
            if (err != ERR_OK)
                return err;
        } else if (*n_positional == max) {
            return err_set(info, ERR_USAGE, arg, "see --help", "one argument too many");
        } else {
            positional[(*n_positional)++] = arg;
        }
    }
    return ERR_OK;
}

int cli_fail(const struct err_info *info)
{
    char line[1024];
    fprintf(stderr, "tiller: %s\n", err_format(info, line, sizeof line));
    switch (info->code) {
    case ERR_OK:
        return EXIT_DONE;
    case ERR_INTERRUPTED:
        return EXIT_INTERRUPTED;
    case ERR_MEMORY:
        return EXIT_UNFINISHED;
    default:
        return EXIT_BAD_INPUT;
    }
}

enum err cli_open_data(const char *typed, const struct cli_data_options *d, struct data_set **out,
                       struct err_info *info)
{
    char path[512];
    const char *variant;
    enum err err = data_find(typed, path, sizeof path, &variant, info);
    if (err != ERR_OK)
        return err;
    struct data_options options = {
        .target = d->target,
        .task = d->task,
        .categorical = d->categorical.item,
        .n_categorical = d->categorical.n,
        .missing = d->missing.item,
        .n_missing = d->missing.n,
        .drop_rare = d->drop_rare,
        .split_seed = (uint64_t)d->split_seed,
        .variant = variant ? variant : d->variant,
    };
    return data_open(path, &options, out, info);
}

enum err cli_open_space(const struct data_set *set, const char *from, struct space *out,
                        struct net_source **source, struct err_info *info)
{
    *source = NULL;
    net_space_of(set, from != NULL, out);
    enum err err = from ? net_source_open(from, set, source, info) : ERR_OK;
    return err == ERR_OK && *source ? net_source_hold(*source, out, info) : err;
}

enum err cli_said_twice(const char *pair, struct err_info *info)
{
    return err_set(info, ERR_USAGE, pair, "leave one of them out",
                   "this hyperparameter is given twice");
}

void cli_put_value(struct json_writer *w, const struct space *space, const struct configuration *c,
                   int i)
{
    struct text value = {0};
    space_put_external(space, i, c->value[i], &value);
    json_put_raw(w, space->h[i].name, text_get(&value));
    w->out->failed |= value.failed;
    text_free(&value);
}

void cli_put_params(struct json_writer *w, const struct space *space, const struct configuration *c)
{
    json_open(w, "params", '{');
    for (int i = 0; i < space->n; i++)
        if (c->set >> i & 1)
            cli_put_value(w, space, c, i);
    json_close(w, '}');
}

void cli_put_metrics(struct json_writer *w, const struct net_metrics *m, const char *prefix)
{
    const char *name;
    for (int i = 0; (name = net_metric_name(i, NULL)) != NULL; i++) {
        char member[48];
        if (!isnan(net_metric(m, i)))
            json_put_number(w, text_format(member, sizeof member, "%s%s", prefix, name),
                            net_metric(m, i));
    }
}

bool cli_has_terminal(void)
{
    const char *term = getenv("TERM");
    return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && term && strcmp(term, "dumb") != 0;
}

volatile sig_atomic_t cli_signal;

static void on_signal(int number)
{
    cli_signal = number;
}

void cli_watch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
}
