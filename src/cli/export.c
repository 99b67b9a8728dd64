/* export: a study's network for taking home: a folder with config.json (what it is and where it
 * comes from), weights.safetensors and model.py (a PyTorch program that rebuilds it).
 *
 * What always holds: existing files are written over only with --force, and only when all that is
 * to be written is at hand; each is written atomically. */
#include "export.h"
#include "trial_network.h"

#include <stdio.h>
#include <string.h>

#define USAGE                                                                                      \
    "usage: tiller export STUDY [options]\n"                                                       \
    "       tiller export WEIGHTS.safetensors [options]\n\n"                                       \
    "Writes a trial's network into a folder: config.json, weights.safetensors (for 'tiller\n"      \
    "predict') and model.py, a PyTorch program that rebuilds it. From a weights file (of "         \
    "'tiller\n"                                                                                    \
    "train --save'): the same for that network."

static const char *const file_names[] = {"weights.safetensors", "model.py", "config.json"};
enum { WEIGHTS, MODEL, CONFIG, N_FILES };

struct export
{
    const char *from; /* STUDY or WEIGHTS */
    const char *out;  /* NULL: a folder beside it */
    int64_t trial;    /* -1: the best */
    bool best, refit, force;
    char path[N_FILES][640];
    char folder[512];
};

/* ---- where to ---------------------------------------------------------------------------- */

static bool ends_in(const char *path, const char *ending)
{
    size_t n = strlen(path), m = strlen(ending);
    return n > m && strcmp(path + n - m, ending) == 0;
}

static bool is_weights(const struct export *x)
{
    return ends_in(x->from, ".safetensors");
}

/* NAME-best, NAME-trial-12; of a weights file NAME-model. */
static void name_folder(struct export *x)
{
    static const char *const endings[] = {".safetensors", ".jsonl", ".study"};
    char stem[480];
    text_copy(stem, sizeof stem, x->from);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (ends_in(stem, endings[i]))
            stem[strlen(stem) - strlen(endings[i])] = 0;
    if (is_weights(x))
        text_format(x->folder, sizeof x->folder, "%s-model", stem);
    else if (x->trial < 0)
        text_format(x->folder, sizeof x->folder, "%s-best", stem);
    else
        text_format(x->folder, sizeof x->folder, "%s-trial-%lld", stem, (long long)x->trial);
}

/* Refused before hours of training, not after. */
static enum err choose_files(struct export *x, struct err_info *info)
{
    if (x->out)
        text_copy(x->folder, sizeof x->folder, x->out);
    else
        name_folder(x);
    if (strlen(x->out ? x->out : x->from) >= sizeof x->folder - 32)
        return err_set(info, ERR_USAGE, "--out", "use a shorter path", "the path is too long");
    for (int i = 0; i < N_FILES; i++) {
        file_join(x->path[i], sizeof x->path[i], x->folder, file_names[i]);
        if (!x->force && file_exists(x->path[i]))
            return err_set(info, ERR_USAGE, x->path[i],
                           "choose another folder by --out, or write over it by --force",
                           "is there already");
    }
    return ERR_OK;
}

/* ---- writing ----------------------------------------------------------------------------- */

static enum err write_text(const char *path, const struct text *content, struct err_info *info)
{
    return content->failed ? err_set_memory(info, path)
                           : file_write_atomic(path, text_get(content), content->length, info);
}

static enum err write_model(const struct export *x, const struct cli_network *n,
                            struct err_info *info)
{
    struct text title = {0}, script = {0};
    char shape[128];
    int64_t trial;
    const char *study = json_get_string(n->origin, "study");
    text_appendf(&title, "%s: the network %s", n->facts.task_name,
                 net_shape_text(n->config, n->shape, shape, sizeof shape));
    if (study && json_get_int(n->origin, "trial", &trial))
        text_appendf(&title, ", trial %lld of %s", (long long)trial, study);
    text_append_char(&title, '.');
    model_script_put(n->config, n->shape, &n->facts, text_get(&title), &script);
    script.failed |= title.failed;
    enum err err = write_text(x->path[MODEL], &script, info);
    text_free(&title);
    text_free(&script);
    return err;
}

static enum err write_config(const struct export *x, const struct trial_network *t,
                             const struct cli_network *n, struct err_info *info)
{
    struct text config = {0};
    export_put_config(t, n, &config);
    enum err err = write_text(x->path[CONFIG], &config, info);
    text_free(&config);
    return err;
}

/* The weights are there; model.py and config.json are made from them. t NULL: of no study. */
static enum err describe_weights(const struct export *x, const struct trial_network *t,
                                 struct err_info *info)
{
    struct cli_network n;
    enum err err = cli_network_open(x->path[WEIGHTS], &n, info);
    if (err == ERR_OK)
        err = write_model(x, &n, info);
    if (err == ERR_OK)
        err = write_config(x, t, &n, info);
    cli_network_close(&n);
    return err;
}

/* ---- from a study ------------------------------------------------------------------------ */

static enum err save_weights(const struct export *x, struct trial_network *t, struct err_info *info)
{
    struct net_rows validation = net_rows_of(t->set, DATA_VALIDATION);
    struct net_metrics metrics;
    struct cli_weights from = {.set = t->set,
                               .study = file_base_name(t->path),
                               .trial = t->trial->number,
                               .epoch = t->trial->best_epoch,
                               .rng_seed = t->trial->rng_seed,
                               .refit = t->refit != NULL};
    if (!t->refit && net_evaluate(t->training, &validation, &metrics, NULL, NULL) == ERR_OK)
        from.validation = &metrics;
    enum err err = file_make_folder(x->folder, info);
    return err == ERR_OK ? cli_save_weights(t->training, &from, x->path[WEIGHTS], info) : err;
}

static void say_done(const struct export *x, const char *what)
{
    char folder[512];
    printf("%s: %s, %s and %s in %s\n", what, file_names[WEIGHTS], file_names[MODEL],
           file_names[CONFIG], text_sanitize(folder, sizeof folder, x->folder));
}

static enum err export_trial(struct export *x, struct err_info *info)
{
    struct trial_network t;
    char what[128], value[32];
    enum err err = trial_network_choose(x->from, x->trial, &t, info);
    if (err == ERR_OK)
        err = trial_network_open(&t, x->refit, info);
    if (err == ERR_OK)
        err = save_weights(x, &t, info);
    if (err == ERR_OK)
        err = describe_weights(x, &t, info);
    if (err == ERR_OK) {
        text_format(what, sizeof what, "trial %lld, epoch %d, %s %s%s", (long long)t.trial->number,
                    t.trial->best_epoch, t.study->metric,
                    text_human(value, sizeof value, t.best->value, 4),
                    x->refit ? ", trained on all but the test rows" : "");
        say_done(x, what);
    }
    trial_network_free(&t);
    return err;
}

/* ---- from a weights file ----------------------------------------------------------------- */

enum { WEIGHTS_BYTES_MAX = 1 << 30 };

static enum err export_weights(struct export *x, struct err_info *info)
{
    struct cli_network n; /* checked before anything is written */
    char *bytes = NULL;
    size_t size;
    enum err err = cli_network_open(x->from, &n, info);
    cli_network_close(&n);
    if (err == ERR_OK)
        err = file_read(x->from, WEIGHTS_BYTES_MAX, &bytes, &size, info);
    if (err == ERR_OK)
        err = file_make_folder(x->folder, info);
    if (err == ERR_OK)
        err = file_write_atomic(x->path[WEIGHTS], bytes, size, info);
    mem_free(bytes);
    if (err == ERR_OK)
        err = describe_weights(x, NULL, info);
    if (err == ERR_OK)
        say_done(x, x->from);
    return err;
}

/* ---- options ----------------------------------------------------------------------------- */

static enum err parse(struct export *x, int argc, char **argv, struct err_info *info)
{
    const struct cli_option table[] = {
        {"--best", OPTION_FLAG, &x->best, 0, 0, NULL, "the best trial (default)"},
        {"--trial", OPTION_INT, &x->trial, 0, 9007199254740992.0, "N", "another trial"},
        {"--refit", OPTION_FLAG, &x->refit, 0, 0, NULL,
         "train it once more, on training and validation rows"},
        {"--out", OPTION_TEXT, &x->out, 0, 0, "FOLDER", "where to (NAME-best beside the study)"},
        {"--force", OPTION_FLAG, &x->force, 0, 0, NULL, "write over files that are there"},
    };
    size_t n = 0;
    enum err err =
        cli_parse(table, sizeof table / sizeof *table, USAGE, argc, argv, &x->from, 1, &n, info);
    if (err != ERR_OK)
        return err;
    if (n == 0)
        return err_set(info, ERR_USAGE, "export", "try 'tiller export mnist.study.jsonl'",
                       "the STUDY is missing");
    if (x->best && x->trial >= 0)
        return err_set(info, ERR_USAGE, "--trial", "leave one of them out",
                       "does not go together with --best");
    if (is_weights(x) && (x->best || x->trial >= 0 || x->refit))
        return err_set(info, ERR_USAGE, x->from, "give a study log, or leave the option out",
                       "a weights file has no trials to choose from or to train again");
    return ERR_OK;
}

int command_export(int argc, char **argv)
{
    struct export x = {.trial = -1};
    struct err_info info = {0};
    enum err err = parse(&x, argc, argv, &info);
    if (err == ERR_INTERRUPTED)
        return EXIT_DONE;
    if (err == ERR_OK)
        err = choose_files(&x, &info);
    if (err == ERR_OK) {
        cli_watch_signals();
        err = is_weights(&x) ? export_weights(&x, &info) : export_trial(&x, &info);
    }
    return err == ERR_OK ? EXIT_DONE : cli_fail(&info);
}
