#include "tui/shell_command.h"

#include <cjson/cJSON.h>
#include <string.h>

static void put_word(struct text *out, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_-+=.,:/@%";
    text_append_char(out, ' ');
    if (word[0] && word[strspn(word, plain)] == 0) {
        text_append(out, word);
        return;
    }
    text_append_char(out, '\'');
    for (const char *c = word; *c; c++)
        if (*c == '\'')
            text_append(out, "'\\''");
        else
            text_append_char(out, *c);
    text_append_char(out, '\'');
}

static void put_list(struct text *out, const struct cJSON *array)
{
    struct text words = {0};
    const struct cJSON *item;
    cJSON_ArrayForEach(item, array) text_appendf(&words, "%s%s", words.length ? "," : "",
                                                 cJSON_IsString(item) ? item->valuestring : "");
    put_word(out, text_get(&words));
    out->failed |= words.failed;
    text_free(&words);
}

/* How the data were read: the options among the members of the settings' "data". */
static void put_reading(struct text *out, const struct cJSON *settings)
{
    static const struct {
        const char *member, *option;
    } options[] = {
        {"target", "--target"},   {"task", "--task"},           {"categorical", "--categorical"},
        {"missing", "--missing"}, {"drop_rare", "--drop-rare"}, {"split_seed", "--split-seed"},
    };
    const struct cJSON *data = json_get(settings, "data");
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        const struct cJSON *item = json_get(data, options[i].member);
        char number[32];
        double value = 0;
        if (!item || cJSON_IsFalse(item) || (json_number(item, &value) && value == 0))
            continue; /* as without the option */
        text_appendf(out, " %s", options[i].option);
        if (cJSON_IsString(item))
            put_word(out, item->valuestring);
        else if (cJSON_IsArray(item))
            put_list(out, item);
        else if (cJSON_IsNumber(item))
            put_word(out, text_double(number, sizeof number, value, false));
    }
}

static void put_values(struct text *out, const struct space *space, const struct configuration *c)
{
    for (int i = 0; i < space->n; i++) {
        char value[64], pair[128];
        if (!(c->set >> i & 1) || !space_is_active(space, c, i))
            continue;
        put_word(out, text_format(pair, sizeof pair, "%s=%s", space->h[i].name,
                                  space_value_text(space, c, i, true, value, sizeof value)));
    }
}

void shell_command_put(const struct study *study, const struct trial *t, struct text *out)
{
    struct cJSON *settings = NULL;
    const char *json = study->searcher_json, *from;
    char task[sizeof study->task_path + sizeof study->variant];
    if (json)
        json_parse(json, strlen(json), "settings", &settings, NULL);
    text_append(out, "tiller train");
    put_word(out, text_format(task, sizeof task, "%s%s%s",
                              study->task_path[0] ? study->task_path : study->data_name,
                              study->variant[0] ? ":" : "", study->variant));
    put_values(out, &study->space, &t->config);
    if (t->target_epochs > 0)
        text_appendf(out, " --epochs %d", t->target_epochs);
    text_appendf(out, " --rng-seed %llu", (unsigned long long)t->rng_seed);
    if ((from = json_get_string(settings, "from")) != NULL) {
        text_append(out, " --from");
        put_word(out, from);
    }
    put_reading(out, settings);
    json_free(settings);
}
