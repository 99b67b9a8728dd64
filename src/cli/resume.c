/* resume: go on with a study: data, settings and space come from its log. */
#include "knowledge.h"
#include "session.h"

#define USAGE                                                                                      \
    "usage: tiller resume FILE [options]\n\n"                                                      \
    "Goes on with the study in FILE where it stopped. --epochs N sets the whole budget anew,\n"    \
    "--epochs +N adds to it."

static int go_on(const struct session_options *o, const char *path)
{
    struct err_info info = {0};
    struct study *study = NULL;
    struct data_set *set = NULL;
    struct cli_knowledge knowledge = {0};
    struct engine_settings settings;
    struct engine_options engine = {
        .study_path = path,
        .n_workers = (int)o->workers,
        .budget_trials = o->trials,
        .budget_seconds = o->seconds,
        .confirm = (int)o->confirm,
        .no_test = o->no_test,
        .start_paused = o->paused,
        .resume = true,
    };
    enum err err = session_budget(o->epochs, &engine, &info);
    if (err == ERR_OK)
        err = study_read(path, NULL, &study, &info);
    if (err == ERR_OK)
        err = cli_open_study_data(study, path, &set, &info);
    if (err == ERR_OK && engine_read_settings(study, &settings))
        cli_knowledge_reopen(&settings, set, &knowledge);
    cli_knowledge_lend(&knowledge, &engine);
    study_free(study);
    int status = err == ERR_OK ? session_run(o, set, &engine) : cli_fail(&info);
    cli_knowledge_free(&knowledge);
    data_free(set);
    return status;
}

int command_resume(int argc, char **argv)
{
    struct session_options o = {0};
    const struct cli_option table[] = {SESSION_OPTIONS(o)};
    struct err_info info = {0};
    const char *path = NULL;
    size_t n = 0;
    enum err err =
        cli_parse(table, sizeof table / sizeof *table, USAGE, argc, argv, &path, 1, &n, &info);
    if (err == ERR_INTERRUPTED)
        return EXIT_DONE;
    if (err == ERR_OK && n == 0)
        err = err_set(&info, ERR_USAGE, "resume", "try 'tiller resume mnist.study.jsonl'",
                      "the study FILE is missing");
    return err == ERR_OK ? go_on(&o, path) : cli_fail(&info);
}
