/* knowledge: finding, opening and joining what a search may know. Being without it is no error, but
 * is always said. */
#include "knowledge.h"

#include "tiller/own.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define KNOWLEDGE_BYTES_MAX ((size_t)1 << 27)
#define LOCAL_PATH "data/knowledge/knowledge.json"

const char *cli_knowledge_path(char *out, size_t out_size)
{
    if (file_exists(LOCAL_PATH))
        text_copy(out, out_size, LOCAL_PATH);
    else if (!file_join(out, out_size, data_dir(), "knowledge/knowledge.json"))
        text_copy(out, out_size, LOCAL_PATH);
    return out;
}

bool cli_own_path(char *out, size_t out_size)
{
    const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    char folder[512];
    bool fits = data && data[0]
                    ? text_copy(folder, sizeof folder, data)
                    : home && home[0] && file_join(folder, sizeof folder, home, ".local/share");
    return fits && file_join(out, out_size, folder, "tiller/knowledge.json");
}

/* ---- one file, and its hash ---------------------------------------------------------------- */

static void hash_of(const char *bytes, size_t n, char *out, size_t out_size)
{
    text_format(out, out_size, "%016llx", (unsigned long long)hash_bytes(HASH_START, bytes, n));
}

static enum err open_main(struct cli_knowledge *k, struct err_info *info)
{
    char *bytes;
    size_t n;
    enum err err = file_read(k->from.file, KNOWLEDGE_BYTES_MAX, &bytes, &n, info);
    if (err != ERR_OK)
        return err;
    hash_of(bytes, n, k->from.hash, sizeof k->from.hash);
    err = knowledge_read(bytes, n, k->from.file, &k->knowledge, info);
    mem_free(bytes);
    return err;
}

static enum err read_own(struct cli_knowledge *k, struct own_knowledge **own, struct err_info *info)
{
    char *bytes;
    size_t n;
    enum err err = file_read(k->from.own, KNOWLEDGE_BYTES_MAX, &bytes, &n, info);
    if (err != ERR_OK)
        return err;
    hash_of(bytes, n, k->from.own_hash, sizeof k->from.own_hash);
    err = own_read(bytes, n, k->from.own, own, info);
    mem_free(bytes);
    return err;
}

static void add_note(struct cli_knowledge *k, const char *text)
{
    size_t n = strlen(k->note);
    text_format(k->note + n, sizeof k->note - n, "%s%s", n ? "; " : "", text);
}

/* What own studies have taught comes on top; without it the rest still holds. */
static void join_own(struct cli_knowledge *k, const struct data_set *set)
{
    struct own_knowledge *own = NULL;
    struct err_info info = {0};
    int joined = 0, skipped = 0;
    char text[200];
    bool leave = !k->from.include_own;
    enum err err = read_own(k, &own, &info);
    if (err == ERR_OK)
        err = own_join(own, leave ? set->family : NULL, leave ? set->fingerprint : NULL,
                       k->knowledge, &joined, &skipped);
    if (err == ERR_OK)
        text_format(text, sizeof text, "%d stud%s of your own%s", joined, joined == 1 ? "y" : "ies",
                    skipped > 0 ? ", without this task's family" : "");
    else
        text_format(text, sizeof text, "your own studies are not used: %s",
                    err == ERR_MEMORY ? err_sentence(err) : "'tiller learn --list' says why");
    if (joined + skipped > 0 || err != ERR_OK)
        add_note(k, text);
    own_free(own);
}

/* ---- the family left out ------------------------------------------------------------------- */

/* false: the file can't leave it out, so nothing of it may be used. */
static bool choose_advice(struct cli_knowledge *k, const struct data_set *set)
{
    struct guidance *g = &k->guidance;
    int own = knowledge_family(k->knowledge, set->family, set->fingerprint);
    *g = (struct guidance){.knowledge = k->knowledge, .left_out = k->from.include_own ? -1 : own};
    g->advice = knowledge_advice(k->knowledge, g->left_out);
    if (k->from.include_own && own >= 0)
        add_note(k, "its own family included");
    return g->advice != NULL;
}

static void forget(struct cli_knowledge *k)
{
    knowledge_free(k->knowledge);
    k->knowledge = NULL;
    k->guidance = (struct guidance){0};
    k->from = (struct engine_knowledge){0};
}

/* from.file, from.own ("" none) and from.include_own are set. Families are chosen before own tasks
 * are joined: the advice is the file's. */
static enum err open_both(struct cli_knowledge *k, const struct data_set *set,
                          struct err_info *info)
{
    enum err err = open_main(k, info);
    if (err != ERR_OK) {
        forget(k);
        return err;
    }
    if (!choose_advice(k, set)) {
        text_format(k->note, sizeof k->note,
                    "no knowledge is used: %s can't leave the family %s out", k->from.file,
                    set->family);
        forget(k);
        return ERR_OK;
    }
    if (k->from.own[0] && file_exists(k->from.own))
        join_own(k, set);
    else
        k->from.own[0] = 0;
    return ERR_OK;
}

/* ---- for a new study, and for one that goes on ---------------------------------------------- */

/* The study keeps the whole path: it may be resumed from another folder. */
static bool set_file(struct cli_knowledge *k, const char *path)
{
    char whole[PATH_MAX];
    return text_copy(k->from.file, sizeof k->from.file, realpath(path, whole) ? whole : path);
}

static enum err open_named(const char *path, const struct data_set *set, struct cli_knowledge *k,
                           struct err_info *info)
{
    if (!set_file(k, path))
        return err_set(info, ERR_USAGE, "--knowledge", "use a shorter path", "is too long");
    return open_both(k, set, info);
}

static void open_default(const struct data_set *set, struct cli_knowledge *k)
{
    struct err_info info = {0};
    char why[900], path[sizeof k->from.file];
    set_file(k, cli_knowledge_path(path, sizeof path));
    if (!cli_own_path(k->from.own, sizeof k->from.own))
        k->from.own[0] = 0;
    if (!file_exists(k->from.file)) {
        text_format(k->note, sizeof k->note, "no knowledge is used: there is no %s", k->from.file);
        forget(k);
    } else if (open_both(k, set, &info) != ERR_OK) {
        text_format(k->note, sizeof k->note, "no knowledge is used: %s",
                    err_format(&info, why, sizeof why));
    }
}

static enum err nothing_to_include(bool include_own, struct err_info *info)
{
    return include_own ? err_set(info, ERR_USAGE, "--include-own", "leave one of them out",
                                 "there is nothing to include with --knowledge no")
                       : ERR_OK;
}

enum err cli_race_known(const char *said, bool include_own, char file[static 512],
                        char own[static 640], struct race_known *out, struct err_info *info)
{
    *out = (struct race_known){.include_own = include_own};
    if (said && strcmp(said, "no") == 0)
        return nothing_to_include(include_own, info);
    if (said && !text_copy(file, 512, said))
        return err_set(info, ERR_USAGE, "--knowledge", "use a shorter path", "is too long");
    out->said = said != NULL;
    out->file = said ? file : cli_knowledge_path(file, 512);
    out->own = !said && cli_own_path(own, 640) ? own : NULL;
    return ERR_OK;
}

enum err cli_knowledge_open(const char *said, bool include_own, const struct data_set *set,
                            struct cli_knowledge *out, struct err_info *info)
{
    *out = (struct cli_knowledge){.from.include_own = include_own};
    if (said && strcmp(said, "no") == 0)
        return nothing_to_include(include_own, info);
    if (said)
        return open_named(said, set, out, info);
    open_default(set, out);
    return ERR_OK;
}

void cli_knowledge_reopen(const struct engine_settings *settings, const struct data_set *set,
                          struct cli_knowledge *out)
{
    const struct engine_knowledge *begun = &settings->knowledge;
    struct err_info info = {0};
    char why[900];
    *out = (struct cli_knowledge){.from = *begun};
    if (!begun->file[0])
        return;
    if (open_both(out, set, &info) != ERR_OK)
        text_format(out->note, sizeof out->note, "goes on without the knowledge it began with: %s",
                    err_format(&info, why, sizeof why));
    else if (strcmp(out->from.hash, begun->hash) != 0 ||
             strcmp(out->from.own_hash, begun->own_hash) != 0)
        add_note(out, "the knowledge has changed since the study began");
}

void cli_knowledge_free(struct cli_knowledge *k)
{
    knowledge_free(k->knowledge);
    k->knowledge = NULL;
}

void cli_knowledge_lend(const struct cli_knowledge *k, struct engine_options *engine)
{
    engine->guidance = k->knowledge ? &k->guidance : NULL;
    engine->knowledge = k->from;
    engine->knowledge_note = k->note[0] ? k->note : NULL;
}
