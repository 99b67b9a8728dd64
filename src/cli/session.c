/* session: the front of a running search: the screen, or plain lines for pipes and logs.
 *
 * A signal asks the engine to leave: results are logged, running trials checkpointed; a second one
 * ends the process at once (the handler is used up). */
#include "session.h"

#include "own.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum err session_budget(const char *text, struct engine_options *out, struct err_info *info)
{
    int64_t n;
    if (!text)
        return ERR_OK;
    out->budget_adds = text[0] == '+';
    if (!text_parse_int(text + out->budget_adds, &n) || n < 1 || n > 1000000000)
        return err_set(info, ERR_USAGE, "--epochs",
                       "give a whole number from 1 to 1000000000, or +N to add on resume",
                       "'%s' is not possible", text);
    out->budget_epochs = n;
    return ERR_OK;
}

/* ---- without a screen -------------------------------------------------------------------- */

static void print_notes(struct engine *e)
{
    struct engine_note notes[64];
    size_t n;
    while ((n = engine_take_notes(e, notes, 64)) > 0)
        for (size_t i = 0; i < n; i++) {
            char line[240];
            fprintf(stderr, "%s\n", text_sanitize(line, sizeof line, notes[i].text));
        }
}

/* A standing condition (disk full, waiting for a paused trial) is said once. */
static void print_notice(struct engine *e, char *last, size_t last_size)
{
    struct engine_status status;
    engine_status(e, &status);
    if (strcmp(status.notice, last) == 0)
        return;
    text_copy(last, last_size, status.notice);
    if (last[0])
        fprintf(stderr, "tiller: %s\n", last);
}

/* Has begun, or is about to. */
static bool is_learning(const struct engine_status *s)
{
    bool due = s->finished && s->learn == LEARN_AUTO && s->learn_stage == LEARN_NOTHING;
    return due || s->learn_stage == LEARN_FOLDING;
}

/* What an ended study teaches is taken in in moments; a signal leaves it undone. */
static void wait_learnt(struct engine *e)
{
    struct engine_status status;
    for (engine_status(e, &status); is_learning(&status); engine_status(e, &status)) {
        struct pollfd wake = {.fd = engine_wake_fd(e), .events = POLLIN};
        struct request stop = {.kind = REQUEST_LEARN, .trial = -1};
        if (cli_signal)
            engine_request(e, &stop, NULL);
        if (poll(&wake, 1, 250) > 0)
            engine_drain(e);
    }
}

static void show_plain(struct engine *e)
{
    char notice[240] = "";
    bool asked = false;
    while (!engine_wait(e, 0)) {
        struct pollfd wake = {.fd = engine_wake_fd(e), .events = POLLIN};
        if (poll(&wake, 1, 250) > 0)
            engine_drain(e);
        print_notes(e);
        print_notice(e, notice, sizeof notice);
        if (cli_signal && !asked) {
            struct request quit = {.kind = REQUEST_QUIT, .trial = -1};
            asked = engine_request(e, &quit, NULL) == ERR_OK;
        }
    }
    wait_learnt(e);
    print_notes(e);
}

/* ---- with the screen --------------------------------------------------------------------- */

static enum err screen_size(const char *text, struct tui_options *out, struct err_info *info)
{
    out->screen_rows = 24;
    out->screen_cols = 80;
    if (!text)
        return ERR_OK;
    char *end = NULL;
    long cols = strtol(text, &end, 10), rows = *end == 'x' ? strtol(end + 1, &end, 10) : 0;
    if (*end || cols < 1 || cols > 500 || rows < 1 || rows > 300)
        return err_set(info, ERR_USAGE, "--screen", "write it as 80x24", "'%s' is no size", text);
    out->screen_cols = (int)cols;
    out->screen_rows = (int)rows;
    return ERR_OK;
}

static enum err colour_of(const char *text, enum tui_colour *out, struct err_info *info)
{
    static const char *const names[] = {[TUI_COLOUR_AUTO] = "auto",
                                        [TUI_COLOUR_NONE] = "none",
                                        [TUI_COLOUR_16] = "16",
                                        [TUI_COLOUR_256] = "256",
                                        [TUI_COLOUR_DIRECT] = "direct"};
    for (unsigned i = 0; text && i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], text) == 0) {
            *out = (enum tui_colour)i;
            return ERR_OK;
        }
    return !text ? ERR_OK
                 : err_set(info, ERR_USAGE, "--color", "choose auto, none, 16, 256 or direct",
                           "'%s' is unknown", text);
}

enum err cli_screen_words(const char *size, const char *colour, struct tui_options *out,
                          struct err_info *info)
{
    enum err err = screen_size(size, out, info);
    return err == ERR_OK ? colour_of(colour, &out->colour, info) : err;
}

static enum err screen_options(const struct session_options *o, const struct data_set *set,
                               struct tui_options *out, struct err_info *info)
{
    *out = (struct tui_options){.theme = o->theme,
                                .glyphs = o->glyphs,
                                .read_only = o->read_only,
                                .task_name = set->name,
                                .n_inputs = set->n_inputs,
                                .n_classes = set->n_classes,
                                .n_rows = set->part[DATA_TRAIN].n_rows,
                                .script = o->script,
                                .signal = &cli_signal};
    return cli_screen_words(o->screen, o->colour, out, info);
}

/* The study has ended and nobody has said yet whether it may teach. */
static bool asks_to_learn(const struct engine_status *s)
{
    bool about_to = s->finished && s->learn == LEARN_ASK && s->learn_stage == LEARN_NOTHING;
    return about_to || s->learn_stage == LEARN_ASKS;
}

/* Who leaves the screen without an answer is asked in the terminal. */
static void ask_to_learn(struct engine *e, const struct tui_options *options)
{
    struct engine_status status;
    engine_status(e, &status);
    struct request yes = {.kind = REQUEST_LEARN, .trial = -1, .amount = 1};
    if (!asks_to_learn(&status) || options->script || cli_signal || !cli_ask_learn() ||
        engine_request(e, &yes, NULL) != ERR_OK)
        return;
    while (asks_to_learn(&status) || status.learn_stage == LEARN_FOLDING) {
        struct pollfd wake = {.fd = engine_wake_fd(e), .events = POLLIN};
        if (poll(&wake, 1, 250) > 0)
            engine_drain(e);
        engine_status(e, &status);
    }
    fprintf(stderr, "%s\n", status.learnt);
}

static enum err show_screen(struct engine *e, const struct tui_options *options,
                            struct err_info *info)
{
    struct tui_source source;
    tui_source_engine(e, &source);
    enum tui_end end = tui_run(&source, options, info);
    struct request quit = {.kind = REQUEST_QUIT, .trial = -1};
    if (!engine_wait(e, 0))
        engine_request(e, &quit, NULL);
    engine_wait(e, 30);
    ask_to_learn(e, options);
    return end == TUI_END_ERROR ? info->code : ERR_OK;
}

/* ---- both -------------------------------------------------------------------------------- */

/* true: the budget is spent. */
static bool print_summary(struct engine *e, const struct session_options *o,
                          const struct data_set *set, struct err_info *info)
{
    struct text out = {0};
    struct engine_status status;
    struct engine_settings settings;
    engine_status(e, &status);
    const struct study *study = engine_begin_read(e);
    engine_read_settings(study, &settings);
    session_summary(study, &status, &settings, set, o->json, &out);
    engine_end_read(e);
    if (out.failed)
        err_set_memory(info, "summary");
    else if (fputs(text_get(&out), stdout) == EOF || fflush(stdout) != 0)
        err_set_errno(info, ERR_IO, "stdout", NULL, "writing failed");
    text_free(&out);
    return status.finished;
}

static void say_task(const struct engine_options *engine, const struct data_set *set)
{
    char train[32], validation[32], test[32];
    fprintf(stderr, "%s: %s training, %s validation, %s test rows; study %s\n", set->name,
            text_count(train, sizeof train, set->part[DATA_TRAIN].n_rows),
            text_count(validation, sizeof validation, set->part[DATA_VALIDATION].n_rows),
            text_count(test, sizeof test, set->part[DATA_TEST].n_rows), engine->study_path);
}

int session_run(const struct session_options *o, const struct data_set *set,
                struct engine_options *engine)
{
    struct err_info info = {0};
    struct tui_options screen;
    struct engine *e = NULL;
    bool plain = !o->script && (o->plain || o->json || !cli_has_terminal());
    enum err err = screen_options(o, set, &screen, &info);
    const struct engine_knowledge *known = &engine->knowledge; /* races begin with the same */
    screen.race_known = (struct race_known){.file = known->file[0] ? known->file : NULL,
                                            .own = known->own[0] ? known->own : NULL,
                                            .include_own = known->include_own};
    engine->set = set;
    engine->notes = plain;
    engine->learner = cli_learner;
    cli_watch_signals();
    if (err == ERR_OK)
        err = cli_learn_mode(o->learn, plain || o->script, &engine->learn, &info);
    if (err == ERR_OK)
        err = engine_start(engine, &e, &info);
    if (err != ERR_OK)
        return cli_fail(&info);
    if (plain) {
        say_task(engine, set);
        show_plain(e);
    } else {
        err = show_screen(e, &screen, &info);
    }
    bool finished = print_summary(e, o, set, &info);
    if (!finished)
        fprintf(stderr, "left; 'tiller resume %s' goes on\n", engine->study_path);
    struct err_info closing = {0};
    if (engine_stop(e, &closing) != ERR_OK && err == ERR_OK)
        info = closing;
    if (info.code == ERR_OK) /* a person who leaves is not an interruption */
        return finished || !cli_signal ? EXIT_DONE : EXIT_INTERRUPTED;
    cli_fail(&info);
    return EXIT_UNFINISHED;
}
