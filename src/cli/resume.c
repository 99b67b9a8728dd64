/* resume: go on with a study: data, settings and space come from its log. */
#include "session.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#define USAGE                                                                                      \
    "usage: tiller resume FILE [options]\n\n"                                                      \
    "Goes on with the study in FILE where it stopped. --epochs N sets the whole budget anew,\n"    \
    "--epochs +N adds to it."

/* The words of an array; they live as long as doc. */
static void read_list(const struct cJSON *doc, const char *name, struct option_list *out)
{
    const struct cJSON *item;
    const struct cJSON *array = json_get(doc, name);
    cJSON_ArrayForEach(item, array)
    {
        if (cJSON_IsString(item) && out->n < sizeof out->item / sizeof *out->item)
            out->item[out->n++] = item->valuestring;
    }
}

static void read_data_options(const struct cJSON *settings, struct cli_data_options *out)
{
    const struct cJSON *data = json_get(settings, "data");
    if (!data)
        return;
    out->target = json_get_string(data, "target");
    out->task = json_get_string(data, "task");
    read_list(data, "categorical", &out->categorical);
    read_list(data, "missing", &out->missing);
    json_get_bool(data, "drop_rare", &out->drop_rare);
    json_get_int(data, "split_seed", &out->split_seed);
}

/* The data as the study read it; the engine checks the fingerprint. */
static enum err open_data(const struct study *study, const char *path, struct data_set **set,
                          struct cJSON **settings, struct err_info *info)
{
    struct cli_data_options data = {0};
    const char *json = study->searcher_json;
    char task[512];
    if (!json || !study->task_path[0])
        return err_set(info, ERR_INPUT, path, "only studies of 'tiller run' can be resumed",
                       "does not say what data it is about");
    enum err err = json_parse(json, strlen(json), path, settings, info);
    if (err != ERR_OK)
        return err;
    read_data_options(*settings, &data);
    fprintf(stderr, "data: %s\n", text_sanitize(task, sizeof task, study->task_path));
    return cli_open_data(study->task_path, &data, set, info);
}

static int go_on(const struct session_options *o, const char *path)
{
    struct err_info info = {0};
    struct study *study = NULL;
    struct data_set *set = NULL;
    struct cJSON *settings = NULL;
    struct engine_options engine = {
        .study_path = path,
        .n_workers = (int)o->workers,
        .budget_trials = o->trials,
        .budget_seconds = o->seconds,
        .no_test = o->no_test,
        .start_paused = o->paused,
        .resume = true,
    };
    enum err err = session_budget(o->epochs, &engine, &info);
    if (err == ERR_OK)
        err = study_read(path, NULL, &study, &info);
    if (err == ERR_OK)
        err = open_data(study, path, &set, &settings, &info);
    study_free(study);
    int status = err == ERR_OK ? session_run(o, set, &engine) : cli_fail(&info);
    json_free(settings);
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
