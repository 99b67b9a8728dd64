/* study_data: the data of a study, opened as its settings say it was read. */
#include "cli.h"
#include "tiller/study.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

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
    out->variant = json_get_string(data, "variant");
    read_list(data, "categorical", &out->categorical);
    read_list(data, "missing", &out->missing);
    json_get_bool(data, "drop_rare", &out->drop_rare);
    json_get_int(data, "split_seed", &out->split_seed);
}

enum err cli_open_study_data(const struct study *study, const char *path, struct data_set **out,
                             struct err_info *info)
{
    struct cli_data_options data = {0};
    struct cJSON *settings;
    const char *json = study->searcher_json;
    char task[512];
    *out = NULL;
    if (!json || !study->task_path[0])
        return err_set(info, ERR_INPUT, path, "give a study that 'tiller run' began",
                       "does not say what data it is about");
    enum err err = json_parse(json, strlen(json), path, &settings, info);
    if (err != ERR_OK)
        return err;
    read_data_options(settings, &data);
    fprintf(stderr, "data: %s%s%s\n", text_sanitize(task, sizeof task, study->task_path),
            study->variant[0] ? ":" : "", study->variant);
    err = cli_open_data(study->task_path, &data, out, info);
    json_free(settings);
    return err;
}
