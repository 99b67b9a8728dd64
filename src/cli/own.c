/* own: the user's own knowledge: kept in one file, shown, and changed only when a person wants it.
 */
#include "own.h"

#include "knowledge.h"
#include "tiller/own.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static enum err path_or_own(const char *said, char *out, size_t out_size, struct err_info *info)
{
    if (said ? text_copy(out, out_size, said) : cli_own_path(out, out_size))
        return ERR_OK;
    return err_set(info, ERR_USAGE, "learn", "set XDG_DATA_HOME to a folder",
                   "there is nowhere to keep what your studies teach");
}

/* The file that is listed or changed: one that is named must be there. */
static enum err path_of(const char *said, char *out, size_t out_size, struct err_info *info)
{
    return said && !file_exists(said) ? err_set(info, ERR_IO, said, NULL, "there is no such file")
                                      : path_or_own(said, out, out_size, info);
}

/* ---- when a study ends --------------------------------------------------------------------- */

static enum err fold(void *arg, const char *study_path, const struct task_features *features,
                     const atomic_bool *cancel, char *say, size_t say_size, struct err_info *info)
{
    char path[640];
    (void)arg;
    enum err err = path_or_own(NULL, path, sizeof path, info);
    return err == ERR_OK ? own_fold_file(path, study_path, features, cancel, say, say_size, info)
                         : err;
}

const struct engine_learner cli_learner = {.fold = fold};

enum err cli_learn_mode(const char *said, bool plain, enum learn_mode *out, struct err_info *info)
{
    *out = plain ? LEARN_OFF : LEARN_ASK;
    if (!said || (learn_mode_find(said, out) && !(plain && *out == LEARN_ASK)))
        return ERR_OK;
    return err_set(info, ERR_USAGE, "--learn",
                   plain ? "choose auto or off: nobody is asked without a screen"
                         : "choose auto, ask or off",
                   "'%s' is not possible", said);
}

bool cli_ask_learn(void)
{
    char answer[16] = "";
    if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
        return false;
    fputs("May searches to come learn from this study? 'tiller learn --forget' takes it back. "
          "[y/N] ",
          stderr);
    return fgets(answer, sizeof answer, stdin) && (answer[0] == 'y' || answer[0] == 'Y');
}

/* ---- commands ------------------------------------------------------------------------------ */

static void print_studies(const struct own_knowledge *own, const char *path)
{
    printf("%-12s  %-19s  %-24s %7s %7s  %s\n", "id", "began", "task", "configs", "steps", "log");
    for (size_t i = 0; i < own->n; i++) {
        const struct own_study *s = &own->study[i];
        char began[40];
        clock_iso(began, s->began, false);
        began[10] = ' ';
        began[19] = 0;
        printf("%-12s  %-19s  %-24s %7zu %7zu  %s\n", s->id, began, s->facts.name, s->n_runs,
               s->n_steps, s->facts.origin);
    }
    printf("%s: %zu stud%s\n", path, own->n, own->n == 1 ? "y" : "ies");
}

int cli_list_own(const char *said)
{
    struct err_info info = {0};
    struct own_knowledge *own = NULL;
    char path[640], clean[640];
    enum err err = path_of(said, path, sizeof path, &info);
    if (err == ERR_OK)
        err = own_open(path, &own, &info);
    if (err == ERR_OK)
        print_studies(own, text_sanitize(clean, sizeof clean, path));
    own_free(own);
    return err == ERR_OK ? EXIT_DONE : cli_fail(&info);
}

int cli_forget_own(const char *said, const char *study)
{
    struct err_info info = {0};
    char path[640], say[200];
    enum err err = path_of(said, path, sizeof path, &info);
    if (err == ERR_OK)
        err = own_forget_file(path, study, say, sizeof say, &info);
    if (err == ERR_OK)
        printf("%s\n", say);
    return err == ERR_OK ? EXIT_DONE : cli_fail(&info);
}
