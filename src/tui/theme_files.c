/* Where themes lie: the user's own folder first, then the shipped one (beside the running binary in
 * a checkout, else below the prefix it was installed to). */
#include "tui/theme.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { THEME_MAX_BYTES = 1 << 20 };

/* The folder that holds the last name of path; false if there is none. */
static bool step_up(char *path)
{
    char *slash = strrchr(path, '/');
    if (!slash || slash == path)
        return false;
    *slash = 0;
    return true;
}

/* Is this folder one of themes? Another program's `themes` folder should not be taken for it. */
static bool holds_themes(const char *folder)
{
    char path[4096];
    return file_join(path, sizeof path, folder, "default.json") && file_exists(path);
}

bool theme_folder(char *out, size_t out_size)
{
    char path[4096], folder[4096];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    if (n > 0) {
        path[n] = 0;
        /* build/tiller, and the test programs deeper in build; PREFIX/bin/tiller, wherever moved */
        for (int up = 0; up < 4 && step_up(path); up++) {
            if (file_join(folder, sizeof folder, path, "themes") && holds_themes(folder))
                return text_copy(out, out_size, folder);
            if (file_join(folder, sizeof folder, path, "share/tiller/themes") &&
                holds_themes(folder))
                return text_copy(out, out_size, folder);
        }
    }
    return holds_themes(TILLER_PREFIX "/share/tiller/themes") &&
           text_copy(out, out_size, TILLER_PREFIX "/share/tiller/themes");
}

static bool user_folder(char *out, size_t out_size)
{
    const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    char folder[4096];
    if (config && config[0] == '/')
        return file_join(out, out_size, config, "tiller/themes");
    return home && home[0] == '/' && file_join(folder, sizeof folder, home, ".config") &&
           file_join(out, out_size, folder, "tiller/themes");
}

/* The i-th folder to look in; false if there is none. */
static bool folder_at(int i, char *out, size_t out_size)
{
    return i == 0 ? user_folder(out, out_size) : theme_folder(out, out_size);
}

/* ---- one theme --------------------------------------------------------------------------- */

static bool find_file(const char *name, char *out, size_t out_size)
{
    char folder[4096], file[96];
    text_format(file, sizeof file, "%s.json", name);
    for (int i = 0; i < 2; i++)
        if (folder_at(i, folder, sizeof folder) && file_join(out, out_size, folder, file) &&
            file_exists(out))
            return true;
    return false;
}

static enum err no_such_theme(const char *name, struct err_info *info)
{
    struct theme_names known;
    const char *names[THEME_MAX_NAMES];
    char hint[160];
    theme_list(&known);
    for (size_t i = 0; i < known.n; i++)
        names[i] = known.name[i];
    const char *near = text_nearest(name, names, known.n);
    if (near)
        text_format(hint, sizeof hint, "did you mean '%s'?", near);
    else
        text_format(hint, sizeof hint, "a theme is a name or the path of a .json file");
    return err_set(info, ERR_USAGE, "theme", hint, "there is no theme '%s'", name);
}

static bool is_path(const char *s)
{
    size_t n = strlen(s);
    return strchr(s, '/') || (n > 5 && strcmp(s + n - 5, ".json") == 0);
}

static enum err load_file(const char *path, struct theme *out, struct text *warnings,
                          struct err_info *info)
{
    char *json;
    size_t n;
    enum err e = file_read(path, THEME_MAX_BYTES, &json, &n, info);
    if (e)
        return e;
    e = theme_parse(json, n, path, out, warnings, info);
    mem_free(json);
    return e;
}

enum err theme_load(const char *name_or_path, struct theme *out, struct text *warnings,
                    struct err_info *info)
{
    char path[4096], line[1024];
    struct err_info own;
    bool standard = !name_or_path || strcmp(name_or_path, "default") == 0;
    if (!standard && is_path(name_or_path))
        return load_file(name_or_path, out, warnings, info);
    if (!standard && (strlen(name_or_path) >= 64 || !*name_or_path))
        return no_such_theme(name_or_path, info);
    bool found = find_file(standard ? "default" : name_or_path, path, sizeof path);
    if (!standard)
        return found ? load_file(path, out, warnings, info) : no_such_theme(name_or_path, info);
    if (found && load_file(path, out, warnings, &own) == ERR_OK)
        return ERR_OK;
    if (found && warnings)
        text_appendf(warnings, "%s\n", err_format(&own, line, sizeof line));
    theme_builtin(out);
    return ERR_OK;
}

/* ---- all of them ------------------------------------------------------------------------- */

static void add_name(struct theme_names *out, const char *name, size_t length)
{
    char copy[64], safe[64];
    if (out->n == THEME_MAX_NAMES || length == 0 || length >= sizeof copy)
        return;
    memcpy(copy, name, length);
    copy[length] = 0;
    if (strcmp(text_sanitize(safe, sizeof safe, copy), copy) != 0)
        return;
    size_t at = 0;
    while (at < out->n && strcmp(out->name[at], copy) < 0)
        at++;
    if (at < out->n && strcmp(out->name[at], copy) == 0)
        return;
    memmove(out->name[at + 1], out->name[at], (out->n - at) * sizeof *out->name);
    memcpy(out->name[at], copy, length + 1);
    out->n++;
}

void theme_list(struct theme_names *out)
{
    char folder[4096];
    out->n = 0;
    add_name(out, "default", 7);
    for (int i = 0; i < 2; i++) {
        DIR *d = folder_at(i, folder, sizeof folder) ? opendir(folder) : NULL;
        for (const struct dirent *e; d && (e = readdir(d));) {
            size_t n = strlen(e->d_name);
            if (e->d_name[0] != '.' && n > 5 && strcmp(e->d_name + n - 5, ".json") == 0)
                add_name(out, e->d_name, n - 5);
        }
        if (d)
            closedir(d);
    }
}
