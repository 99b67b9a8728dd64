/* Taking a range or choices of a hyperparameter out of the search: ":ban units 300 1024",
 * ":ban optimizer sgd", ":ban units off". The engine moves proposals out of it; seeds are free. */
#include "tui/app.h"

#include <string.h>

static bool say_banned(struct app *app)
{
    const char *banned = app->view.status.banned;
    app_say(app, PAINT_TEXT, "%s%s", banned[0] ? "banned by you: " : "nothing is banned; ",
            banned[0] ? banned : ":ban NAME LOW HIGH or :ban NAME CHOICE");
    return true;
}

static int choice_find(const struct hyperparameter *h, const char *word)
{
    for (int k = 0; k < h->n_choices; k++)
        if (strcmp(h->choice[k].text, word) == 0)
            return k;
    return -1;
}

static bool read_choices(struct app *app, const struct hyperparameter *h, const char *args,
                         struct ban_request *b)
{
    char word[64];
    while (next_word(&args, word, sizeof word)) {
        int k = choice_find(h, word);
        if (k < 0)
            return app_complain(app, "%s has no choice '%s'", h->name, word);
        b->choices |= UINT32_C(1) << k;
    }
    return true;
}

static bool read_range(struct app *app, const struct hyperparameter *h, const char *args,
                       struct ban_request *b)
{
    char low[32] = "", high[32] = "", from[32], to[32];
    next_word(&args, low, sizeof low);
    next_word(&args, high, sizeof high);
    if (text_parse_double(low, &b->low) && text_parse_double(high, &b->high) && b->low <= b->high &&
        !*args)
        return true;
    return app_complain(app, ":ban %s LOW HIGH (within %s to %s), or :ban %s off", h->name,
                        text_double(from, sizeof from, h->low, false),
                        text_double(to, sizeof to, h->high, false), h->name);
}

bool steer_ban(struct app *app, const char *args)
{
    const struct space *space = &app->view.space;
    struct request r = {.kind = REQUEST_BAN, .trial = -1};
    struct err_info info = {0};
    char name[SPACE_NAME_MAX], word[8];
    if (!args) {
        prompt_open(app, MODE_COMMAND, "ban ");
        return true;
    }
    if (!next_word(&args, name, sizeof name))
        return say_banned(app);
    r.ban.hyper = space_find(space, name);
    if (r.ban.hyper < 0) {
        space_refuse_name(space, name, &info);
        return app_complain(app, "%s: %s%s%s", info.where, info.detail, info.hint[0] ? "; " : "",
                            info.hint);
    }
    const struct hyperparameter *h = &space->h[r.ban.hyper];
    const char *rest = args;
    r.ban.lift = next_word(&rest, word, sizeof word) && strcmp(word, "off") == 0 &&
                 choice_find(h, "off") < 0;
    if (!r.ban.lift && !(h->kind == HYPER_CATEGORICAL ? read_choices(app, h, args, &r.ban)
                                                      : read_range(app, h, args, &r.ban)))
        return false;
    if (!steer_ask(app, &r))
        return false;
    app_say(app, PAINT_TEXT,
            r.ban.lift ? "all of %s may be tried again"
                       : "no proposal will fall into that part of %s",
            h->name);
    return true;
}

/* word: the one being typed; after a name that has choices those are offered, too. */
void complete_ban(const struct app *app, const char *word, struct completion *out)
{
    const struct space *space = &app->view.space;
    for (int i = 0; i < space->n; i++) {
        const struct hyperparameter *h = &space->h[i];
        if (h->held)
            continue;
        completion_offer(out, word, h->name);
        for (int k = 0; k < h->n_choices && word[0]; k++)
            completion_offer(out, word, h->choice[k].text);
    }
    completion_offer(out, word, "off");
}
