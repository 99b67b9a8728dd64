/* tiller alone: the start screen, then run or resume with what was chosen there. */
#include "cli.h"
#include "tiller/tui.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define USAGE                                                                                      \
    "usage: tiller [options]\n\n"                                                                  \
    "The start screen: data sets to begin on and the studies of this folder to go on with.\n"      \
    "'tiller help' lists the commands."

struct start_options {
    const char *theme, *glyphs, *colour, *script, *screen;
};

static int say_no_terminal(void)
{
    fputs("tiller: no terminal for the start screen; 'tiller run TASK --plain' searches without "
          "one, 'tiller --help' lists the commands\n",
          stderr);
    return EXIT_BAD_INPUT;
}

static enum tui_colour colour_of(const char *text)
{
    static const char *const names[] = {[TUI_COLOUR_NONE] = "none",
                                        [TUI_COLOUR_16] = "16",
                                        [TUI_COLOUR_256] = "256",
                                        [TUI_COLOUR_DIRECT] = "direct"};
    for (unsigned i = 1; text && i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], text) == 0)
            return (enum tui_colour)i;
    return TUI_COLOUR_AUTO; /* run and resume complain about anything else */
}

static void read_size(const char *text, struct tui_options *out)
{
    int cols, rows;
    if (text && sscanf(text, "%dx%d", &cols, &rows) == 2 && cols > 0 && rows > 0 && cols <= 500 &&
        rows <= 300) {
        out->screen_cols = cols;
        out->screen_rows = rows;
    }
}

/* The command for the choice, with the options that say how the screen looks. */
static int hand_over(const struct start_options *o, struct tui_choice *choice)
{
    char run[] = "run", resume[] = "resume", theme[] = "--theme", glyphs[] = "--glyphs",
         colour[] = "--color", end[] = "--";
    char *argv[12];
    int argc = 0;
    argv[argc++] = choice->resume ? resume : run;
    struct {
        char *name;
        const char *value;
    } pass[] = {{theme, o->theme}, {glyphs, o->glyphs}, {colour, o->colour}};
    for (size_t i = 0; i < sizeof pass / sizeof *pass; i++)
        if (pass[i].value) {
            argv[argc++] = pass[i].name;
            argv[argc++] = (char *)pass[i].value;
        }
    argv[argc++] = end; /* a file's name may begin with a dash */
    argv[argc++] = choice->path;
    argv[argc] = NULL;
    return choice->resume ? command_resume(argc, argv) : command_run(argc, argv);
}

int command_start(int argc, char **argv)
{
    struct start_options o = {0};
    const struct cli_option table[] = {
        {"--theme", OPTION_TEXT, &o.theme, 0, 0, "NAME", "colours: a theme's name or path"},
        {"--glyphs", OPTION_TEXT, &o.glyphs, 0, 0, "TIER", "braille, blocks or ascii"},
        {"--color", OPTION_TEXT, &o.colour, 0, 0, "WHEN", "auto, none, 16, 256 or direct"},
        {"--script", OPTION_TEXT, &o.script, 0, 0, "FILE", NULL},
        {"--screen", OPTION_TEXT, &o.screen, 0, 0, "COLSxROWS", NULL},
    };
    struct err_info info = {0};
    const char *positional[1];
    size_t n;
    enum err err =
        cli_parse(table, sizeof table / sizeof *table, USAGE, argc, argv, positional, 0, &n, &info);
    if (err == ERR_INTERRUPTED)
        return EXIT_DONE;
    if (err != ERR_OK)
        return cli_fail(&info);
    if (!o.script && !cli_has_terminal())
        return say_no_terminal();
    struct tui_options screen = {.theme = o.theme,
                                 .glyphs = o.glyphs,
                                 .colour = colour_of(o.colour),
                                 .script = o.script,
                                 .screen_rows = 24,
                                 .screen_cols = 80};
    struct tui_choice choice = {0};
    read_size(o.screen, &screen);
    if (tui_start(&screen, &choice, &info))
        return hand_over(&o, &choice);
    return info.code == ERR_OK ? EXIT_DONE : cli_fail(&info);
}
