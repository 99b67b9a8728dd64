/* actions_set: how the program looks and what :set changes. */
#include "tui/actions.h"

#include <string.h>

/* ---- looks ------------------------------------------------------------------------------- */

bool do_mouse(struct app *app, const char *args)
{
    (void)args;
    app->mouse = !app->mouse;
    term_set_mouse(app->term, app->mouse);
    app_say(app, PAINT_DIM,
            app->mouse ? "mouse: click and wheel; hold Shift to select text"
                       : "mouse off: the terminal selects text again");
    return true;
}

static const char *const glyph_names[GLYPHS_N] = {"braille", "blocks", "ascii"};

bool do_glyphs(struct app *app, const char *args)
{
    char word[16];
    int wanted = (int)(glyphs_get() + 1) % GLYPHS_N;
    if (args && next_word(&args, word, sizeof word)) {
        wanted = 0;
        while (wanted < GLYPHS_N && strcmp(glyph_names[wanted], word) != 0)
            wanted++;
        if (wanted == GLYPHS_N)
            return app_complain(app, "glyphs: braille, blocks or ascii");
    }
    glyphs_set((enum glyphs)wanted);
    term_repaint(app->term);
    app_say(app, PAINT_DIM, "glyphs: %s  ⣿ ▚ █ #", glyph_names[wanted]);
    return true;
}

void complete_glyphs(const struct app *app, const char *word, struct completion *out)
{
    (void)app;
    for (int i = 0; i < GLYPHS_N; i++)
        completion_offer(out, word, glyph_names[i]);
}

bool do_theme(struct app *app, const char *args)
{
    char word[512] = "";
    if (args)
        next_word(&args, word, sizeof word);
    if (!word[0])
        return app_complain(app, "theme is %s; :theme NAME changes it", app->theme.name);
    return app_set_theme(app, word);
}

void complete_theme(const struct app *app, const char *word, struct completion *out)
{
    (void)app;
    struct theme_names *names = mem_alloc(1, sizeof *names);
    if (!names)
        return;
    theme_list(names);
    for (size_t i = 0; i < names->n; i++)
        completion_offer(out, word, names->name[i]);
    mem_free(names);
}

/* ---- :set -------------------------------------------------------------------------------- */

static bool set_switch(struct app *app, const char *value, bool *target)
{
    bool on = strcmp(value, "on") == 0 || strcmp(value, "yes") == 0;
    if (!on && strcmp(value, "off") != 0 && strcmp(value, "no") != 0)
        return app_complain(app, "on or off");
    *target = on;
    return true;
}

static bool set_log(struct app *app, const char *value)
{
    return set_switch(app, value, &app->curves.log_y);
}

static bool set_train(struct app *app, const char *value)
{
    bool on = !app->curves.hide_train;
    bool ok = set_switch(app, value, &on);
    app->curves.hide_train = !on;
    return ok;
}

static bool set_osc52(struct app *app, const char *value)
{
    return set_switch(app, value, &app->osc52);
}

static bool set_smoothing(struct app *app, const char *value)
{
    double weight;
    if (!text_parse_double(value, &weight) || weight < 0 || weight > 0.99)
        return app_complain(app, "smoothing: a weight from 0 (none) to 0.99");
    app->curves.smoothing = weight;
    return true;
}

static const struct {
    const char *name;
    enum tui_colour tier;
} colour_names[] = {{"auto", TUI_COLOUR_AUTO},
                    {"none", TUI_COLOUR_NONE},
                    {"16", TUI_COLOUR_16},
                    {"256", TUI_COLOUR_256},
                    {"direct", TUI_COLOUR_DIRECT}};
enum { N_COLOUR_NAMES = sizeof colour_names / sizeof *colour_names };

static bool set_colour(struct app *app, const char *value)
{
    for (size_t i = 0; i < N_COLOUR_NAMES; i++)
        if (strcmp(colour_names[i].name, value) == 0) {
            if (colour_names[i].tier > term_tier(app->term))
                return app_complain(app, "this terminal has fewer colours");
            app->wished_colour = colour_names[i].tier;
            app_apply_theme(app);
            return true;
        }
    return app_complain(app, "color: auto, none, 16, 256 or direct");
}

static void complete_colour(const struct app *app, const char *word, struct completion *out)
{
    (void)app;
    for (size_t i = 0; i < N_COLOUR_NAMES; i++)
        completion_offer(out, word, colour_names[i].name);
}

static void complete_switch(const struct app *app, const char *word, struct completion *out)
{
    (void)app;
    completion_offer(out, word, "on");
    completion_offer(out, word, "off");
}

static bool set_learn(struct app *app, const char *value)
{
    static const char *const about[] = {
        [LEARN_OFF] = "nothing will be learnt from this study",
        [LEARN_ASK] = "when it has ended you are asked whether it may teach later searches",
        [LEARN_AUTO] = "when it has ended later searches learn from this study"};
    enum learn_mode mode;
    struct err_info info = {0};
    struct request request = {.kind = REQUEST_LEARN_MODE, .trial = -1};
    if (!learn_mode_find(value, &mode))
        return app_complain(app, "learn: auto, ask or off");
    request.amount = mode;
    if (!app->source->request)
        return app_complain(app, "there is nothing to ask here");
    if (app->source->request(app->source->context, &request, &info) != ERR_OK)
        return app_complain(app, "%s", info.detail);
    app_say(app, PAINT_DIM, "%s", about[mode]);
    return true;
}

static void complete_learn(const struct app *app, const char *word, struct completion *out)
{
    (void)app;
    for (int m = LEARN_OFF; m <= LEARN_AUTO; m++)
        completion_offer(out, word, learn_mode_name((enum learn_mode)m));
}

static const struct setting {
    const char *name;
    bool (*set)(struct app *app, const char *value);
    void (*complete)(const struct app *app, const char *word, struct completion *out);
} settings[] = {
    {"color", set_colour, complete_colour},
    {"glyphs", do_glyphs, complete_glyphs},
    {"layout", do_layout, NULL},
    {"learn", set_learn, complete_learn},
    {"log", set_log, complete_switch},
    {"osc52", set_osc52, complete_switch},
    {"smoothing", set_smoothing, NULL},
    {"sort", do_sort, complete_column},
    {"theme", do_theme, complete_theme},
    {"train", set_train, complete_switch},
};
enum { N_SETTINGS = sizeof settings / sizeof *settings };

bool do_set(struct app *app, const char *args)
{
    char name[32] = "", value[512] = "";
    if (args && next_word(&args, name, sizeof name))
        next_word(&args, value, sizeof value);
    const char *names[N_SETTINGS];
    for (size_t i = 0; i < N_SETTINGS; i++) {
        names[i] = settings[i].name;
        if (strcmp(names[i], name) == 0)
            return value[0] ? settings[i].set(app, value)
                            : app_complain(app, ":set %s VALUE", name);
    }
    const char *near = text_nearest(name, names, N_SETTINGS);
    if (near)
        return app_complain(app, "no setting '%s'; did you mean %s?", name, near);
    return app_complain(app,
                        "settings: color glyphs layout learn log osc52 smoothing sort theme train");
}

/* The name of a setting, or (words behind it are completed by it) its value. */
void complete_set(const struct app *app, const char *word, struct completion *out)
{
    const char *line = app->edit.text;
    for (size_t i = 0; i < N_SETTINGS; i++) {
        char prefix[48];
        text_format(prefix, sizeof prefix, "set %s ", settings[i].name);
        if (strncmp(line, prefix, strlen(prefix)) == 0) {
            if (settings[i].complete)
                settings[i].complete(app, word, out);
            return;
        }
    }
    for (size_t i = 0; i < N_SETTINGS; i++)
        completion_offer(out, word, settings[i].name);
}
