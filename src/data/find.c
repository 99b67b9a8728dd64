/* Finding sets: what a person typed becomes a path, and the list of what is there.
 *
 * Looked up in this order: as typed, below ./data, below data_dir(). A name may leave out ".csv"
 * and
 * ".csv.gz"; "data/NAME" also finds the installed set, so that the same line works everywhere. */
#include "internal.h"

#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef TILLER_PREFIX
#define TILLER_PREFIX "/usr/local"
#endif

#define LOCAL_FOLDER "data"
enum { README_BYTES_MAX = 1 << 20 };

/* ---- folders
 * --------------------------------------------------------------------------------------- */

static bool has_readme(const char *folder)
{
    char path[PATH_MAX];
    return file_join(path, sizeof path, folder, "README.md") && file_exists(path);
}

/* The shipped sets beside the binary: build/tiller in a checkout, bin/tiller below a prefix. */
static bool beside_binary(char *out, size_t out_size)
{
    static const char *const places[] = {"../data", "data", "../share/tiller/data"};
    char binary[PATH_MAX], joined[PATH_MAX], real[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", binary, sizeof binary - 1);
    if (n <= 0)
        return false;
    binary[n] = 0;
    char *slash = strrchr(binary, '/');
    if (!slash)
        return false;
    *slash = 0;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (file_join(joined, sizeof joined, binary, places[i]) && has_readme(joined) &&
            realpath(joined, real) && text_copy(out, out_size, real))
            return true;
    return false;
}

const char *data_dir(void)
{
    static _Thread_local char folder[PATH_MAX];
    const char *told = getenv("TILLER_DATA_DIR");
    if (told && told[0])
        text_copy(folder, sizeof folder, told);
    else if (!beside_binary(folder, sizeof folder))
        text_copy(folder, sizeof folder, TILLER_PREFIX "/share/tiller/data");
    return folder;
}

static bool is_image_folder(const char *path)
{
    static const char *const names[] = {"train-images-idx3-ubyte", "train-images-idx3-ubyte.gz"};
    char file[PATH_MAX];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (file_join(file, sizeof file, path, names[i]) && file_exists(file))
            return true;
    return false;
}

static bool is_set(const char *path)
{
    return file_is_folder(path) ? is_image_folder(path) : file_exists(path);
}

/* ---- one set
 * ---------------------------------------------------------------------------------------- */

/* path with one of the endings; folder NULL: as typed. */
static bool try_endings(const char *folder, const char *typed, char *out, size_t out_size)
{
    static const char *const endings[] = {"", ".csv", ".csv.gz", ".gz"};
    char name[PATH_MAX];
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        if (strlen(typed) + strlen(endings[i]) >= sizeof name)
            return false;
        text_format(name, sizeof name, "%s%s", typed, endings[i]);
        bool fits =
            folder ? file_join(out, out_size, folder, name) : text_copy(out, out_size, name);
        if (fits && is_set(out))
            return true;
    }
    return false;
}

static enum err refuse(const char *typed, struct err_info *info)
{
    struct data_entry *entry;
    size_t n;
    char hint[200];
    enum err e = data_list(&entry, &n, info);
    if (e != ERR_OK)
        return e;
    const char **names = mem_alloc(n, sizeof *names);
    if (!names) {
        mem_free(entry);
        return err_set_memory(info, typed);
    }
    for (size_t i = 0; i < n; i++)
        names[i] = entry[i].name;
    const char *near = text_nearest(file_base_name(typed), names, n);
    if (near)
        text_format(hint, sizeof hint, "did you mean '%s'?", near);
    else
        text_format(hint, sizeof hint,
                    "name a CSV file, a folder with IDX files, or a shipped set%s%s",
                    n > 0 ? " such as " : "", n > 0 ? names[0] : "");
    e = err_set(info, ERR_INPUT, typed, hint, "there is no such file, folder or shipped set");
    mem_free(names);
    mem_free(entry);
    return e;
}

static bool find(const char *typed, char *out, size_t out_size)
{
    const char *name = strncmp(typed, LOCAL_FOLDER "/", sizeof LOCAL_FOLDER) == 0
                           ? typed + sizeof LOCAL_FOLDER
                           : typed;
    if (try_endings(NULL, typed, out, out_size))
        return true;
    /* What has a folder of its own is not looked for elsewhere. */
    if (name[0] && !strchr(name, '/') && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
        (try_endings(LOCAL_FOLDER, name, out, out_size) ||
         try_endings(data_dir(), name, out, out_size)))
        return true;
    /* A folder without images: opening it says what is missing. */
    return file_is_folder(typed) && text_copy(out, out_size, typed);
}

enum err data_find(const char *typed, char *out, size_t out_size, const char **variant,
                   struct err_info *info)
{
    char parent[PATH_MAX];
    const char *colon = strrchr(typed, ':');
    *variant = NULL;
    if (!typed[0])
        return err_set(info, ERR_INPUT, "TASK", "name a CSV file or a folder with IDX files",
                       "the name is empty");
    if (find(typed, out, out_size))
        return ERR_OK;
    if (!colon || strchr(colon, '/') || (size_t)(colon - typed) >= sizeof parent)
        return refuse(typed, info);
    text_format(parent, sizeof parent, "%.*s", (int)(colon - typed), typed);
    if (!find(parent, out, out_size))
        return refuse(parent, info);
    *variant = colon + 1;
    return ERR_OK;
}

/* ---- the list
 * --------------------------------------------------------------------------------------- */

struct list {
    struct data_entry *entry;
    size_t n, capacity;
};

/* The set's name without its ending; false: not the name of a set. */
static bool set_name(const char *file, bool folder, char *out, size_t out_size)
{
    static const char *const endings[] = {".csv.gz", ".csv"};
    size_t length = strlen(file);
    if (file[0] == '.' || length >= out_size)
        return false;
    text_copy(out, out_size, file);
    if (folder)
        return true;
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        size_t n = strlen(endings[i]);
        if (length > n && strcmp(file + length - n, endings[i]) == 0) {
            out[length - n] = 0;
            return true;
        }
    }
    return false;
}

static bool is_listed(const struct list *list, const char *name)
{
    for (size_t i = 0; i < list->n; i++)
        if (strcmp(list->entry[i].name, name) == 0)
            return true;
    return false;
}

static int64_t bytes_of(const char *path)
{
    struct stat status;
    char file[PATH_MAX];
    int64_t bytes = 0;
    if (!file_is_folder(path))
        return stat(path, &status) == 0 ? (int64_t)status.st_size : 0;
    DIR *folder = opendir(path);
    for (const struct dirent *d; folder && (d = readdir(folder));)
        if (file_join(file, sizeof file, path, d->d_name) && stat(file, &status) == 0 &&
            S_ISREG(status.st_mode))
            bytes += (int64_t)status.st_size;
    if (folder)
        closedir(folder);
    return bytes;
}

/* Adds what `file` below `folder` is; ERR_OK too if it is no set. */
static enum err add_entry(struct list *list, const char *folder, const char *file,
                          struct err_info *info)
{
    struct data_entry entry = {0};
    char name[sizeof entry.name];
    if (!file_join(entry.path, sizeof entry.path, folder, file))
        return ERR_OK;
    bool is_folder = file_is_folder(entry.path);
    if (!is_set(entry.path) || !set_name(file, is_folder, name, sizeof name))
        return ERR_OK;
    text_sanitize(entry.name, sizeof entry.name, name);
    if (is_listed(list, entry.name))
        return ERR_OK;
    entry.source = is_folder ? DATA_IMAGES : DATA_TABLE;
    entry.bytes = bytes_of(entry.path);
    if (!mem_grow((void **)&list->entry, &list->capacity, list->n, sizeof entry))
        return err_set_memory(info, folder);
    list->entry[list->n++] = entry;
    return ERR_OK;
}

/* The last cell of a Markdown row whose first cell is the name; cuts the row. */
static void take_about(char *row, struct list *list, size_t first)
{
    char *cell[16];
    size_t n = 0;
    row += strspn(row, "|");
    for (char *at; n < sizeof cell / sizeof *cell && (at = strsep(&row, "|"));) {
        at += strspn(at, " ");
        size_t length = strlen(at);
        while (length > 0 && (at[length - 1] == ' ' || at[length - 1] == '\r'))
            at[--length] = 0;
        if (row || length > 0)
            cell[n++] = at;
    }
    for (size_t i = first; n > 1 && i < list->n; i++)
        if (strcmp(list->entry[i].name, cell[0]) == 0) {
            char *stop = strstr(cell[n - 1], ". ");
            if (stop)
                stop[1] = 0;
            text_sanitize(list->entry[i].about, sizeof list->entry[i].about, cell[n - 1]);
        }
}

/* README.md tells about the sets of its own folder. A folder without one is fine. */
static enum err read_about(const char *folder, struct list *list, size_t first,
                           struct err_info *info)
{
    char path[PATH_MAX], *text, *rest, *line;
    size_t size;
    if (!has_readme(folder) || !file_join(path, sizeof path, folder, "README.md"))
        return ERR_OK;
    enum err e = file_read(path, README_BYTES_MAX, &text, &size, info);
    if (e != ERR_OK)
        return e == ERR_MEMORY ? e : ERR_OK;
    for (rest = text; (line = strsep(&rest, "\n"));)
        if (line[0] == '|')
            take_about(line, list, first);
    mem_free(text);
    return ERR_OK;
}

static enum err list_folder(struct list *list, const char *path, struct err_info *info)
{
    enum err e = ERR_OK;
    size_t first = list->n;
    DIR *folder = opendir(path);
    if (!folder)
        return ERR_OK;
    for (const struct dirent *d; e == ERR_OK && (d = readdir(folder));)
        e = add_entry(list, path, d->d_name, info);
    closedir(folder);
    return e == ERR_OK ? read_about(path, list, first, info) : e;
}

static int compare_entries(const void *a, const void *b)
{
    return strcmp(((const struct data_entry *)a)->name, ((const struct data_entry *)b)->name);
}

enum err data_list(struct data_entry **out, size_t *n, struct err_info *info)
{
    struct list list = {0};
    *out = NULL;
    *n = 0;
    enum err e = list_folder(&list, LOCAL_FOLDER, info);
    if (e == ERR_OK)
        e = list_folder(&list, data_dir(), info);
    if (e != ERR_OK) {
        mem_free(list.entry);
        return e;
    }
    if (list.n > 0)
        qsort(list.entry, list.n, sizeof *list.entry, compare_entries);
    *out = list.entry;
    *n = list.n;
    return ERR_OK;
}
