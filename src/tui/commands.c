/* The `:` line: the word of an action and what it needs. Words, their order of arguments and their
 * completion all come from the table of actions. */
#include "tui/app.h"

#include <string.h>

/* What fingers type from habit. */
static const struct {
    const char *typed, *word;
} aliases[] = {{"q", "quit"}, {"qa", "quit"}, {"h", "help"}, {"add", "seed"}};

bool next_word(const char **rest, char *out, size_t out_size)
{
    const char *s = *rest;
    size_t used = 0;
    while (*s == ' ' || *s == '\t')
        s++;
    for (; *s && *s != ' ' && *s != '\t'; s++)
        if (used + 1 < out_size)
            out[used++] = *s;
    out[used] = 0;
    *rest = s;
    return used > 0;
}

bool parse_trial(struct app *app, const char *word, int64_t *out)
{
    int64_t number;
    if (!text_parse_int(word[0] == '#' ? word + 1 : word, &number))
        return app_complain(app, "'%s' is no number of a trial", word);
    if (!view_row(&app->view, number))
        return app->view.n_rows == 0
                   ? app_complain(app, "there is no trial yet")
                   : app_complain(app, "there is no trial #%lld; they go from #0 to #%zu",
                                  (long long)number, app->view.n_rows - 1);
    *out = number;
    return true;
}

static const struct action *find_word(const char *word)
{
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
        if (strcmp(aliases[i].typed, word) == 0)
            return action_find(aliases[i].word);
    return action_find(word);
}

static bool complain_unknown(struct app *app, const char *word)
{
    const char *names[MENU_ITEMS];
    size_t n = 0;
    for (size_t i = 0; i < n_actions && n < MENU_ITEMS; i++)
        names[n++] = actions[i].word;
    const char *near = text_nearest(word, names, n);
    if (near)
        return app_complain(app, "no command '%s'; did you mean :%s?", word, near);
    return app_complain(app, "no command '%s'; Ctrl-p lists all of them", word);
}

bool command_line_run(struct app *app, const char *line)
{
    char word[64];
    const char *rest = line;
    if (!next_word(&rest, word, sizeof word))
        return true;
    while (*rest == ' ' || *rest == '\t')
        rest++;
    if ((word[0] >= '0' && word[0] <= '9') || word[0] == '#') { /* :17 goes to a trial */
        int64_t number = -1;
        if (!parse_trial(app, word, &number))
            return false;
        list_select(&app->list, number);
        app->chosen = true;
        return true;
    }
    const struct action *a = find_word(word);
    return a ? action_run(app, a, rest) : complain_unknown(app, word);
}

/* The word at the cursor; the first word of the line is a command, the others are its business. */
void command_line_complete(void *context, const char *text, size_t cursor, struct completion *out)
{
    const struct app *app = context;
    char word[96], command[64];
    const char *rest = text;
    size_t start = cursor;
    while (start > 0 && text[start - 1] != ' ')
        start--;
    out->word_start = start;
    if (cursor - start >= sizeof word)
        return;
    memcpy(word, text + start, cursor - start);
    word[cursor - start] = 0;
    if (start == 0 || strspn(text, " ") >= start) {
        for (size_t i = 0; i < n_actions; i++)
            completion_offer(out, word, actions[i].word);
        return;
    }
    next_word(&rest, command, sizeof command);
    const struct action *a = find_word(command);
    if (a && a->complete)
        a->complete(app, word, out);
}
