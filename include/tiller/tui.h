/* tui: the screen: what a study's fold looks like in a terminal, and the keys that steer it.
 *
 * The screen draws the fold it is lent and nothing else; it never computes or trains. It sees a
 * study through a *source*, a table of functions, so that our own engine, a followed file or a
 * replay look the same to it. All calls from the one thread that owns the terminal. */
#ifndef TILLER_TUI_H
#define TILLER_TUI_H

#include "tiller/base.h"
#include "tiller/data.h"
#include "tiller/engine.h"
#include "tiller/race.h"
#include "tiller/study.h"

struct tui_source {
    void *context;
    /* Between begin and end nobody changes the fold; kept short. */
    const struct study *(*begin_read)(void *context);
    void (*end_read)(void *context);
    void (*status)(void *context, struct engine_status *out);
    /* NULL where nothing can be asked (a finished study, a replay): steering keys are dim then. */
    enum err (*request)(void *context, const struct request *request, struct err_info *info);
    void (*preview)(void *context, const struct request *request, char *out, size_t out_size);
    int wake_fd; /* readable when something changed; -1 none */
    void (*drain)(void *context);
    const struct guidance *guidance; /* knowledge in use, does not change; NULL: none */
};
/* The engine as a source. */
void tui_source_engine(struct engine *engine, struct tui_source *out);

enum tui_colour {
    TUI_COLOUR_AUTO,
    TUI_COLOUR_NONE,
    TUI_COLOUR_16,
    TUI_COLOUR_256,
    TUI_COLOUR_DIRECT
};
struct tui_options {
    const char *theme;      /* name or path; NULL: default */
    enum tui_colour colour; /* AUTO: NO_COLOR, TERM and terminfo decide */
    const char *glyphs;     /* braille blocks ascii; NULL: by locale and TERM */
    bool read_only;         /* steering keys explain that they are off */
    /* Searches beside the study on the race screen; lent. NULL: none. only_race: there is no study,
     * and no other screen but help. */
    struct race *race;
    bool only_race;
    struct race_known race_known; /* what samplers know that :race replays, unless it is said */
    const char *task_name;        /* header: "mnist"; sanitised already */
    int32_t n_inputs, n_classes;
    int64_t n_rows; /* training rows */
    /* Headless (tests, golden screens): keys from a file instead of the terminal, fixed size. */
    const char *script; /* path; NULL: a real terminal */
    int screen_rows, screen_cols;
    volatile const int
        *signal; /* set to the number of a SIGINT/SIGTERM/SIGHUP by the caller's handler */
};
enum tui_end {
    TUI_END_QUIT,
    TUI_END_STOPPED /* study finished or stopped by request */,
    TUI_END_SIGNAL,
    TUI_END_ERROR
};
/* tui_run: shows the source until the person leaves. The terminal is restored on every way out. */
enum tui_end tui_run(const struct tui_source *source, const struct tui_options *options,
                     struct err_info *info);

/* The start screen: data sets and studies to resume. Returns false if the person left. */
struct tui_choice {
    bool resume; /* path is a study file, else a data set */
    char path[512];
};
bool tui_start(const struct tui_options *options, struct tui_choice *out, struct err_info *info);

#endif
