/* The front door: picks the sub-command. Sets the locale's character type only: numbers keep the C
 * locale's point in every file we write (study format, section 2). */
#include "cli/cli.h"
#include "tiller/net.h"

#include <locale.h>
#include <stdio.h>
#include <string.h>

struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *about;
};

static const struct command commands[] = {
    {"run", command_run, "search for a good network on a data set, live on the screen"},
    {"resume", command_resume, "go on with a study where it stopped"},
    {"train", command_train, "train one network (the reference network unless told otherwise)"},
    {"describe", command_describe, "say what was understood of a data set"},
    {"export", command_export, "write a study's network for taking home: weights, PyTorch script"},
    {"predict", command_predict, "label new rows by an exported network"},
    {"bench", command_bench, "compare samplers on recorded learning curves"},
    {"race", command_race, "watch samplers, or studies, race on one task"},
    {"learn", command_learn, "record trainings on many tasks; make knowledge for searches of them"},
};
enum { N_COMMANDS = sizeof commands / sizeof *commands };

static int print_usage(void)
{
    printf("tiller " TILLER_VERSION ": find a good neural network, watching and steering the "
           "search\n\n"
           "usage: tiller                     the start screen: data sets and studies\n");
    for (int i = 0; i < N_COMMANDS; i++)
        printf("       tiller %-8s ...       %s\n", commands[i].name, commands[i].about);
    printf("\n'tiller COMMAND --help' lists a command's options; 'man tiller' tells all.\n");
    return EXIT_DONE;
}

static int unknown_command(const char *word)
{
    const char *names[N_COMMANDS];
    for (int i = 0; i < N_COMMANDS; i++)
        names[i] = commands[i].name;
    const char *near = text_nearest(word, names, N_COMMANDS);
    char hint[160];
    if (near)
        text_format(hint, sizeof hint, "did you mean 'tiller %s'?", near);
    else
        text_format(hint, sizeof hint, "'tiller --help' lists the commands");
    struct err_info info = {0};
    err_set(&info, ERR_USAGE, word, hint, "no such command");
    return cli_fail(&info);
}

int main(int argc, char **argv)
{
    setlocale(LC_CTYPE, "");
    net_init();
    if (argc < 2)
        return command_start(argc, argv);
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0)
        return print_usage();
    if (strcmp(argv[1], "--version") == 0) {
        printf("tiller " TILLER_VERSION "\n");
        return EXIT_DONE;
    }
    for (int i = 0; i < N_COMMANDS; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    return argv[1][0] == '-' ? command_start(argc, argv) : unknown_command(argv[1]);
}
