/* bench_methods: which methods `tiller bench` compares: those that are typed, those of a file, or
 * every sampler and pruner once. No method stands there twice. */
#include "bench_methods.h"

#include <cjson/cJSON.h>
#include <string.h>

static enum err add_method(struct bench_method *method, int *n, const char *name,
                           struct err_info *info)
{
    for (int i = 0; i < *n; i++)
        if (strcmp(method[i].name, name) == 0)
            return ERR_OK;
    if (*n == BENCH_METHODS_MAX)
        return err_set(info, ERR_USAGE, "--methods", "compare fewer", "more than %d methods",
                       BENCH_METHODS_MAX);
    return bench_method_find(name, &method[(*n)++], info);
}

/* What says nothing new without knowledge: the agent's ways, and pruners that then never stop. */
static bool needs_knowledge(const char *name)
{
    static const char *const names[] = {"portfolio", "learned", "pilot"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return strncmp(name, "agent-", 6) == 0;
}

/* Without a word: every sampler alone and with halving, random with every pruner; with knowledge
 * the agent with those that need it, too. */
static enum err default_methods(bool knowing, struct bench_method *method, int *n,
                                struct err_info *info)
{
    char name[BENCH_NAME_MAX];
    enum err err = add_method(method, n, "random", info);
    for (size_t i = 0; i < pruner_count() && err == ERR_OK; i++) {
        bool knows = needs_knowledge(pruner_at(i)->name);
        if (strcmp(pruner_at(i)->name, "none") != 0 && (knowing || !knows))
            err = add_method(method, n,
                             text_format(name, sizeof name, "%s+%s", knows ? "agent" : "random",
                                         pruner_at(i)->name),
                             info);
    }
    for (size_t i = 0; i < sampler_count() && err == ERR_OK; i++) {
        const char *sampler = sampler_at(i)->name;
        if (!knowing && needs_knowledge(sampler))
            continue;
        err = add_method(method, n, sampler, info);
        if (err == ERR_OK)
            err =
                add_method(method, n, text_format(name, sizeof name, "%s+halving", sampler), info);
    }
    return err;
}

/* The names in a list of a file. */
static enum err add_listed(const struct cJSON *doc, const char *list, const char *path,
                           struct bench_method *method, int *n, struct err_info *info)
{
    const struct cJSON *names = json_get(doc, list), *item;
    enum err err = ERR_OK;
    cJSON_ArrayForEach(item, names)
    {
        if (!cJSON_IsString(item))
            return err_set(info, ERR_INPUT, path, "write names", "%s holds something else", list);
        err = add_method(method, n, item->valuestring, info);
        if (err != ERR_OK)
            return err;
    }
    return ERR_OK;
}

/* A file of methods: {"methods": [NAME ...], "with_knowledge": [NAME ...]}. */
static enum err peers_of(const char *path, bool knowing, struct bench_method *method, int *n,
                         struct err_info *info)
{
    char *bytes = NULL;
    size_t size = 0;
    struct cJSON *doc = NULL;
    enum err err = file_read(path, 1 << 20, &bytes, &size, info);
    if (err == ERR_OK)
        err = json_parse(bytes, size, path, &doc, info);
    if (err == ERR_OK)
        err = add_listed(doc, "methods", path, method, n, info);
    if (err == ERR_OK && knowing)
        err = add_listed(doc, "with_knowledge", path, method, n, info);
    json_free(doc);
    mem_free(bytes);
    return err;
}

enum err bench_choose_methods(const struct option_list *typed, const char *peers, bool knowing,
                              struct bench_method *method, int *n, struct err_info *info)
{
    enum err err = ERR_OK;
    *n = 0;
    if (peers)
        err = peers_of(peers, knowing, method, n, info);
    if (typed->n == 0 && !peers)
        return default_methods(knowing, method, n, info);
    for (size_t i = 0; i < typed->n && err == ERR_OK; i++)
        if (strcmp(typed->item[i], "none") != 0) /* only what --with brings */
            err = add_method(method, n, typed->item[i], info);
    return err;
}
