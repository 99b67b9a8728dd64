/* race: searches side by side on one task, on the screen or as a table of plain text. */
#include "tiller/race.h"
#include "cli.h"
#include "knowledge.h"
#include "tiller/tui.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define USAGE                                                                                      \
    "usage: tiller race TABLE [options]\n"                                                         \
    "       tiller race A.study.jsonl [B.study.jsonl ...]\n\n"                                     \
    "Shows the best error so far of several samplers on one recorded task, or of several study\n"  \
    "logs, by epochs charged: who is ahead after how many epochs."

struct race_words {
    struct option_list methods;
    const char *task, *unit, *knowledge, *theme, *glyphs, *colour, *script, *screen;
    int64_t seeds;
    double budget;
    bool include_own, plain;
    /* where default paths are kept, which race_known lends */
    char known_file[512], known_own[640];
    struct race_known known;
};

/* ---- plain ------------------------------------------------------------------------------- */

enum { COLUMNS = 7 };
/* Shares of the whole at which the table stands still. */
static const double moments[COLUMNS] = {0.02, 0.05, 0.1, 0.2, 0.35, 0.6, 1};

static void put_moment(const struct race_picture *p, int64_t epoch, struct text *out)
{
    if (p->full_epochs > 0)
        text_appendf(out, " %8.3g", (double)epoch / p->full_epochs);
    else
        text_appendf(out, " %8lld", (long long)epoch);
}

static void put_lane(const struct race_picture *p, const struct race_lane *lane, int place,
                     struct text *out)
{
    text_appendf(out, "%2d  %-24s", place, lane->name);
    for (int i = 0; i < COLUMNS; i++) {
        double error = race_error(lane, (int64_t)llround(moments[i] * (double)p->n_epochs));
        char number[32];
        text_appendf(out, " %8s", isnan(error) ? "-" : text_human(number, sizeof number, error, 3));
    }
    text_appendf(out, "%s%s%s%s%s\n", lane->live ? "  running" : "", lane->knows ? "  knowing" : "",
                 lane->steered ? "  steered" : "", lane->problem[0] ? "  ! " : "", lane->problem);
}

static void put_plain(const struct race_picture *p, struct text *out)
{
    int order[RACE_LANES_MAX];
    race_order(p->lane, p->n_lanes, p->n_epochs, order);
    text_appendf(out, "%s\n%s%sbest error so far, by %s\n\n%-28s", p->title, p->known,
                 p->known[0] ? "\n" : "", p->full_epochs > 0 ? "full trainings" : "epochs", "");
    for (int i = 0; i < COLUMNS; i++)
        put_moment(p, (int64_t)llround(moments[i] * (double)p->n_epochs), out);
    text_append_char(out, '\n');
    for (int i = 0; i < p->n_lanes; i++)
        put_lane(p, &p->lane[order[i]], i + 1, out);
    if (p->full_epochs > 0)
        text_appendf(out, "\n1 full training = %d epochs\n", p->full_epochs);
}

/* Why there is nothing to show: a race whose lanes all failed is none. */
static enum err problem_of(const struct race_picture *p, struct err_info *info)
{
    if (p->problem[0])
        return err_set(info, ERR_INPUT, "race", NULL, "%s", p->problem);
    for (int i = 0; i < p->n_lanes; i++)
        if (!p->lane[i].problem[0])
            return ERR_OK;
    return p->n_lanes == 0
               ? ERR_OK
               : err_set(info, ERR_INPUT, p->lane[0].name, NULL, "%s", p->lane[0].problem);
}

static enum err print_plain(struct race *race, struct err_info *info)
{
    struct race_picture p = {0};
    struct text out = {0};
    enum err err = ERR_OK;
    cli_watch_signals();
    while (!race_wait(race, 0.25) && !cli_signal)
        ;
    race_read(race, &p);
    if (cli_signal)
        err = err_set(info, ERR_INTERRUPTED, "race", NULL, "left");
    else if ((err = problem_of(&p, info)) == ERR_OK)
        put_plain(&p, &out);
    if (err == ERR_OK && out.failed)
        err = err_set_memory(info, "race");
    else if (err == ERR_OK && (fputs(text_get(&out), stdout) == EOF || fflush(stdout) != 0))
        err = err_set_errno(info, ERR_IO, "stdout", NULL, "writing failed");
    text_free(&out);
    race_picture_free(&p);
    return err;
}

/* ---- on the screen ------------------------------------------------------------------------ */

/* There is no study: a fold without trials stands for one. */
static const struct study *begin_read(void *context)
{
    return context;
}

static void end_read(void *context)
{
    (void)context;
}

static void no_status(void *context, struct engine_status *out)
{
    (void)context;
    *out = (struct engine_status){.situation = -1};
}

/* What the screen showed in place of a race stands in the terminal, too, when it is left. */
static enum err check_race(struct race *race, struct err_info *info)
{
    struct race_picture p = {0};
    race_read(race, &p);
    enum err err = problem_of(&p, info);
    race_picture_free(&p);
    return err;
}

static enum err show(struct race *race, const struct race_words *w, struct err_info *info)
{
    struct tui_options screen = {.race = race,
                                 .only_race = true,
                                 .race_known = w->known,
                                 .theme = w->theme,
                                 .glyphs = w->glyphs,
                                 .script = w->script,
                                 .signal = &cli_signal};
    struct study *none = study_new(NULL);
    struct tui_source source = {.context = none,
                                .begin_read = begin_read,
                                .end_read = end_read,
                                .status = no_status,
                                .wake_fd = -1};
    enum err err =
        none ? cli_screen_words(w->screen, w->colour, &screen, info) : err_set_memory(info, "race");
    cli_watch_signals();
    if (err == ERR_OK && tui_run(&source, &screen, info) == TUI_END_ERROR)
        err = info->code;
    study_free(none);
    return err == ERR_OK ? check_race(race, info) : err;
}

/* ---- what was asked for ------------------------------------------------------------------ */

static enum err unit_of(const char *word, enum curve_unit *out, struct err_info *info)
{
    static const struct {
        const char *name;
        enum curve_unit unit;
    } units[] = {{"percent", CURVE_PERCENT}, {"error", CURVE_ERROR}, {"loss", CURVE_LOSS}};
    for (size_t i = 0; word && i < sizeof units / sizeof *units; i++)
        if (strcmp(units[i].name, word) == 0) {
            *out = units[i].unit;
            return ERR_OK;
        }
    return !word ? ERR_OK
                 : err_set(info, ERR_USAGE, "--unit", "choose percent, error or loss",
                           "'%s' is not possible", word);
}

static void join_methods(const struct race_words *w, char *out, size_t out_size)
{
    struct text t = {0};
    for (size_t i = 0; i < w->methods.n; i++)
        text_appendf(&t, "%s%s", i ? "," : "", w->methods.item[i]);
    text_copy(out, out_size, text_get(&t));
    text_free(&t);
}

static enum err open_race(const struct race_words *w, const char *const *path, size_t n,
                          struct race **out, struct err_info *info)
{
    char methods[1024];
    struct race_options o = {.path = path,
                             .n_paths = n,
                             .task = w->task,
                             .methods = methods,
                             .n_seeds = (int)w->seeds,
                             .budget = w->budget,
                             .known = w->known};
    join_methods(w, methods, sizeof methods);
    enum err err = unit_of(w->unit, &o.unit, info);
    return err == ERR_OK ? race_open(&o, out, info) : err;
}

int command_race(int argc, char **argv)
{
    struct race_words w = {.seeds = 5, .budget = 30};
    const struct cli_option table[] = {
        {"--methods", OPTION_LIST, &w.methods, 0, 0, "NAMES", "SAMPLER or SAMPLER+PRUNER, ..."},
        {"--task", OPTION_TEXT, &w.task, 0, 0, "NAME", "which task of the table (the first)"},
        {"--seeds", OPTION_INT, &w.seeds, 1, RACE_SEEDS_MAX, "N", "searches of each (5)"},
        {"--budget", OPTION_NUMBER, &w.budget, 0.5, 1000, "N", "in full trainings (30)"},
        {"--unit", OPTION_TEXT, &w.unit, 0, 0, "WHAT", "percent, error or loss (default: told)"},
        {"--knowledge", OPTION_TEXT, &w.knowledge, 0, 0, "FILE|no",
         "what is known already (the shipped file and your own studies)"},
        {"--include-own", OPTION_FLAG, &w.include_own, 0, 0, NULL,
         "use what is known of the task's own family, too"},
        {"--plain", OPTION_FLAG, &w.plain, 0, 0, NULL, "no screen: the table at the end"},
        {"--theme", OPTION_TEXT, &w.theme, 0, 0, "NAME", "colours: a theme's name or path"},
        {"--glyphs", OPTION_TEXT, &w.glyphs, 0, 0, "TIER", "braille, blocks or ascii"},
        {"--color", OPTION_TEXT, &w.colour, 0, 0, "WHEN", "auto, none, 16, 256 or direct"},
        {"--script", OPTION_TEXT, &w.script, 0, 0, "FILE", NULL},
        {"--screen", OPTION_TEXT, &w.screen, 0, 0, "COLSxROWS", NULL},
    };
    struct err_info info = {0};
    struct race *race = NULL;
    const char *path[RACE_LANES_MAX];
    size_t n = 0;
    enum err err = cli_parse(table, sizeof table / sizeof *table, USAGE, argc, argv, path,
                             RACE_LANES_MAX, &n, &info);
    if (err == ERR_INTERRUPTED)
        return EXIT_DONE;
    if (err == ERR_OK && n == 0)
        err = err_set(&info, ERR_USAGE, "race", "see 'tiller race --help'",
                      "the TABLE or the study logs are missing");
    if (err == ERR_OK)
        err =
            cli_race_known(w.knowledge, w.include_own, w.known_file, w.known_own, &w.known, &info);
    if (err == ERR_OK)
        err = open_race(&w, path, n, &race, &info);
    bool plain = !w.script && (w.plain || !cli_has_terminal());
    if (err == ERR_OK)
        err = plain ? print_plain(race, &info) : show(race, &w, &info);
    race_close(race);
    return err == ERR_OK ? EXIT_DONE : cli_fail(&info);
}
