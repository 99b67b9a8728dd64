/* The start screen: studies of the current folder to go on with, and data sets to begin on. A list
 * and a cursor; it only chooses, the caller opens. */
#include "tui/app.h"

#include <dirent.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { READ_WHOLE = 4 << 20, NAME_COLUMNS = 26 }; /* bigger studies are listed without reading */

struct start_item {
    bool resume;
    double changed_s;
    char name[96], path[512], about[160];
};
struct start {
    struct start_item *item;
    size_t n, capacity, n_studies;
    size_t cursor, top;
    struct frame frame;
    struct term *term;
};

/* ---- what there is ----------------------------------------------------------------------- */

static struct start_item *add_item(struct start *s)
{
    if (!mem_grow((void **)&s->item, &s->capacity, s->n, sizeof *s->item))
        return NULL;
    s->item[s->n] = (struct start_item){.resume = false};
    return &s->item[s->n++];
}

/* "12 trials, best val_error 0.0391" where the file is small enough to be read for it. */
static void describe_study(struct start_item *item, double bytes)
{
    char size[32], value[32];
    struct study *study = NULL;
    text_format(item->about, sizeof item->about, "%s", text_bytes(size, sizeof size, bytes));
    if (bytes > READ_WHOLE)
        return;
    if (study_read(item->path, NULL, &study, NULL) != ERR_OK) {
        text_copy(item->about, sizeof item->about, "can't be read as a study");
        return;
    }
    const struct trial *best = study_best(study);
    text_format(item->about, sizeof item->about, "%s%s%zu trial%s", study->data_name,
                study->data_name[0] ? ", " : "", study->n_trials, study->n_trials == 1 ? "" : "s");
    size_t n = strlen(item->about);
    if (best && !isnan(best->value))
        text_format(item->about + n, sizeof item->about - n, ", best %s %s",
                    study->metric[0] ? study->metric : "value",
                    text_human(value, sizeof value, best->value, 3));
    study_free(study);
}

static bool is_study_name(const char *name)
{
    static const char end[] = ".study.jsonl";
    size_t n = strlen(name);
    return name[0] != '.' && n > sizeof end - 1 && strcmp(name + n - (sizeof end - 1), end) == 0;
}

static int newest_first(const void *pa, const void *pb)
{
    const struct start_item *a = pa, *b = pb;
    if (a->changed_s != b->changed_s)
        return a->changed_s < b->changed_s ? 1 : -1;
    return strcmp(a->name, b->name);
}

static enum err list_studies(struct start *s, struct err_info *info)
{
    DIR *folder = opendir(".");
    if (!folder)
        return ERR_OK; /* a folder that can't be listed has nothing to go on with */
    const struct dirent *entry;
    enum err err = ERR_OK;
    while (err == ERR_OK && (entry = readdir(folder))) {
        struct stat st;
        if (!is_study_name(entry->d_name) || stat(entry->d_name, &st) != 0 || !S_ISREG(st.st_mode))
            continue;
        struct start_item *item = add_item(s);
        if (!item) {
            err = err_set_memory(info, "start");
            break;
        }
        item->resume = true;
        item->changed_s = (double)st.st_mtime;
        if (!text_copy(item->path, sizeof item->path, entry->d_name)) {
            s->n--;
            continue;
        }
        text_copy(item->name, sizeof item->name, entry->d_name);
        item->name[strlen(item->name) - strlen(".study.jsonl")] = 0;
        describe_study(item, (double)st.st_size);
    }
    closedir(folder);
    if (s->n > 1)
        qsort(s->item, s->n, sizeof *s->item, newest_first);
    s->n_studies = s->n;
    return err;
}

static enum err list_data(struct start *s, struct err_info *info)
{
    struct data_entry *entries = NULL;
    size_t n = 0;
    enum err err = data_list(&entries, &n, info);
    for (size_t i = 0; err == ERR_OK && i < n; i++) {
        char size[32];
        struct start_item *item = add_item(s);
        if (!item) {
            err = err_set_memory(info, "start");
            break;
        }
        text_copy(item->name, sizeof item->name, entries[i].name);
        text_copy(item->path, sizeof item->path, entries[i].path);
        if (entries[i].about[0])
            text_copy(item->about, sizeof item->about, entries[i].about);
        else
            text_format(item->about, sizeof item->about, "%s, %s",
                        entries[i].source == DATA_IMAGES ? "images" : "table",
                        text_bytes(size, sizeof size, (double)entries[i].bytes));
    }
    mem_free(entries);
    return err;
}

/* ---- drawing ----------------------------------------------------------------------------- */

/* Lines of the list: a rule above each of the two parts. */
static size_t line_of(const struct start *s, size_t item)
{
    return item + 1 + (s->n_studies > 0 && item >= s->n_studies ? 1 : 0);
}

static void draw_item(struct start *s, int row, size_t i)
{
    const struct start_item *item = &s->item[i];
    struct frame *f = &s->frame;
    bool here = i == s->cursor;
    enum paint paint = here ? PAINT_SELECTED : PAINT_TEXT;
    int attr = here ? ATTR_REVERSE : 0, name = f->cols > 60 ? NAME_COLUMNS : f->cols / 2;
    if (here)
        frame_fill(f, (struct rect){row, 1, 1, f->cols - 2}, paint, attr, ' ');
    frame_put(f, row, 2, name - 1, here ? paint : PAINT_ACCENT, attr, item->name);
    frame_put(f, row, 2 + name, f->cols - name - 4, paint, attr, item->about);
}

static void draw_rule_at(struct start *s, int row, const char *title)
{
    draw_rule(&s->frame, (struct rect){row, 0, 1, s->frame.cols}, title, "");
}

static void draw_list(struct start *s, int row, int rows)
{
    size_t n_lines = s->n > 0 ? line_of(s, s->n - 1) + 1 : 0;
    size_t at = s->n > 0 ? line_of(s, s->cursor) : 0, visible = (size_t)rows;
    if (at < s->top + 1)
        s->top = at - (at > 0);
    if (at >= s->top + visible)
        s->top = at - visible + 1;
    for (size_t i = 0; i < s->n; i++) {
        size_t line = line_of(s, i);
        if (i == 0 || i == s->n_studies)
            if (line - 1 >= s->top && line - 1 < s->top + visible)
                draw_rule_at(s, row + (int)(line - 1 - s->top),
                             i < s->n_studies ? "go on with a study" : "begin on a data set");
        if (line >= s->top && line < s->top + visible && line < n_lines)
            draw_item(s, row + (int)(line - s->top), i);
    }
}

static void draw(struct start *s)
{
    struct frame *f = &s->frame;
    int rows = f->rows - 3;
    frame_clear(f);
    struct piece head[] = {{.text = "tiller", .paint = PAINT_ACCENT, .attr = ATTR_BOLD},
                           {.text = "find a good network, watching and steering the search",
                            .paint = PAINT_DIM,
                            .rank = 1}};
    struct piece keys[] = {
        {.text = "Enter open", .paint = PAINT_KEY},
        {.text = "j k move", .paint = PAINT_TEXT, .rank = 1},
        {.text = "q leave", .paint = PAINT_TEXT},
        {.text = "your own: tiller run FILE.csv", .paint = PAINT_DIM, .rank = 2, .right = true}};
    draw_pieces(f, (struct rect){0, 1, 1, f->cols - 2}, head, 2);
    if (s->n == 0)
        draw_wrapped(f, (struct rect){2, 1, rows, f->cols - 2}, PAINT_TEXT, 0,
                     "No data set was found here or in the data folder. "
                     "'tiller run FILE.csv' begins on a table of your own.");
    else if (rows > 0)
        draw_list(s, f->rows > 6 ? 2 : 1, f->rows > 6 ? rows : f->rows - 2);
    draw_pieces(f, (struct rect){f->rows - 1, 1, 1, f->cols - 2}, keys, 4);
}

/* ---- keys -------------------------------------------------------------------------------- */

enum start_end { START_GOING, START_CHOSEN, START_LEFT };

static enum start_end key(struct start *s, const struct term_event *event)
{
    if (event->pasted)
        return START_GOING;
    size_t last = s->n > 0 ? s->n - 1 : 0, page = s->frame.rows > 8 ? (size_t)s->frame.rows / 2 : 4;
    switch (event->key) {
    case 'j':
    case TERM_KEY_DOWN:
        s->cursor += s->cursor < last;
        break;
    case 'k':
    case TERM_KEY_UP:
        s->cursor -= s->cursor > 0;
        break;
    case TERM_CTRL('d'):
    case TERM_KEY_PAGE_DOWN:
        s->cursor = last - s->cursor > page ? s->cursor + page : last;
        break;
    case TERM_CTRL('u'):
    case TERM_KEY_PAGE_UP:
        s->cursor = s->cursor > page ? s->cursor - page : 0;
        break;
    case 'g':
    case TERM_KEY_HOME:
        s->cursor = 0;
        break;
    case 'G':
    case TERM_KEY_END:
        s->cursor = last;
        break;
    case TERM_KEY_TAB: /* the other part */
        s->cursor = s->cursor < s->n_studies && s->n_studies < s->n ? s->n_studies : 0;
        break;
    case TERM_CTRL('l'):
        term_repaint(s->term);
        break;
    case TERM_KEY_F1 + 8:
        glyphs_set((enum glyphs)((glyphs_get() + 1) % GLYPHS_N));
        break;
    case TERM_KEY_ENTER:
        return s->n > 0 ? START_CHOSEN : START_GOING;
    case 'q':
    case 'Q':
    case TERM_KEY_ESCAPE:
        return START_LEFT;
    default:
        break;
    }
    return START_GOING;
}

static enum start_end run(struct start *s, const struct tui_options *options, struct err_info *info)
{
    for (;;) {
        int rows, cols;
        term_size(s->term, &rows, &cols);
        if (!frame_resize(&s->frame, rows, cols)) {
            err_set_memory(info, "start");
            return START_LEFT;
        }
        draw(s);
        bool shown = term_show(s->term, &s->frame);
        struct term_wait wait = {.wake_fd = -1, .timeout_ms = shown ? -1 : 100, .idle = shown};
        struct term_event event = {.kind = TERM_EVENT_NONE};
        if (options->signal && *options->signal)
            return START_LEFT;
        term_next(s->term, &wait, &event);
        if (event.kind == TERM_EVENT_END) {
            term_script_result(s->term, info);
            return START_LEFT;
        }
        enum start_end end = event.kind == TERM_EVENT_KEY ? key(s, &event) : START_GOING;
        if (end != START_GOING)
            return end;
    }
}

static enum err open_term(struct start *s, const struct tui_options *o, struct err_info *info)
{
    struct theme theme;
    enum err err = o->script
                       ? term_open_script(o->script, o->screen_rows, o->screen_cols, &s->term, info)
                       : term_open(o->colour, &s->term, info);
    if (err != ERR_OK)
        return err;
    theme_builtin(&theme);
    err = theme_load(o->theme, &theme, NULL, info);
    term_set_theme(s->term, &theme);
    glyphs_set(term_glyphs(s->term, o->glyphs));
    return err;
}

bool tui_start(const struct tui_options *options, struct tui_choice *out, struct err_info *info)
{
    struct start s = {0};
    bool chosen = false;
    enum err err = list_studies(&s, info);
    if (err == ERR_OK)
        err = list_data(&s, info);
    if (err == ERR_OK)
        err = open_term(&s, options, info);
    if (err == ERR_OK && run(&s, options, info) == START_CHOSEN) {
        chosen = true;
        out->resume = s.item[s.cursor].resume;
        text_copy(out->path, sizeof out->path, s.item[s.cursor].path);
    }
    term_close(s.term);
    frame_free(&s.frame);
    mem_free(s.item);
    return chosen;
}
