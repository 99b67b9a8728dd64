/* Styles written as words, and themes made of them. What always holds: a theme has a style for
 * every role in every tier; what a file leaves out comes from the built-in theme, what a list
 * leaves out from its first style. The built-in theme is themes/default.json once more (a test
 * compares the two), as a table, so that it needs neither files nor memory. */
#include "tui/theme.h"

#include "tui/theme_colour.h"

#include <cjson/cJSON.h>
#include <string.h>

enum { STYLES = 4 }; /* direct, 256, 16, mono */
static const enum tui_colour style_tier[STYLES] = {TUI_COLOUR_DIRECT, TUI_COLOUR_256, TUI_COLOUR_16,
                                                   TUI_COLOUR_NONE};

static const char *const built_in[PAINT_N][STYLES] = {
    [PAINT_TEXT] = {"default"},
    [PAINT_DIM] = {"#8a8a8a", "245", "default dim", "dim"},
    [PAINT_ACCENT] = {"#56b4e9", "74", "cyan", "bold"},
    [PAINT_GOOD] = {"#009e73", "36", "green", "bold"},
    [PAINT_WARN] = {"#e69f00", "214", "yellow", "bold"},
    [PAINT_BAD] = {"#d55e00", "166", "red", "bold underline"},
    [PAINT_TITLE] = {"default bold"},
    [PAINT_RULE] = {"#585858", "240", "default dim", "dim"},
    [PAINT_SELECTED] = {"default"},
    [PAINT_KEY] = {"#56b4e9 bold", "74 bold", "cyan bold", "bold"},
    [PAINT_SERIES1] = {"#e69f00", "214", "yellow", "default"},
    [PAINT_SERIES2] = {"#56b4e9", "74", "cyan", "default"},
    [PAINT_SERIES3] = {"#009e73", "36", "green", "default"},
    [PAINT_SERIES4] = {"#f0e442", "227", "bright-yellow", "default"},
    [PAINT_SERIES5] = {"#0072b2", "32", "bright-blue", "default"},
    [PAINT_SERIES6] = {"#d55e00", "166", "red", "default"},
    [PAINT_SERIES7] = {"#cc79a7", "175", "magenta", "default"},
    [PAINT_SERIES8] = {"#d0d0d0", "252", "white", "default"},
    [PAINT_HEAT0] = {"#ffffff on #440154", "231 on 53", "bright-white on blue", "dim"},
    [PAINT_HEAT1] = {"#ffffff on #481a6c", "231 on 53", "bright-white on blue", "dim"},
    [PAINT_HEAT2] = {"#ffffff on #472f7d", "231 on 61", "bright-white on blue", "dim"},
    [PAINT_HEAT3] = {"#ffffff on #414487", "231 on 61", "bright-white on blue", "dim"},
    [PAINT_HEAT4] = {"#ffffff on #39568c", "231 on 60", "black on cyan", "default"},
    [PAINT_HEAT5] = {"#ffffff on #31688e", "231 on 24", "black on cyan", "default"},
    [PAINT_HEAT6] = {"#ffffff on #2a788e", "16 on 31", "black on cyan", "default"},
    [PAINT_HEAT7] = {"#000000 on #23888e", "16 on 30", "black on cyan", "default"},
    [PAINT_HEAT8] = {"#000000 on #1f988b", "16 on 30", "black on green", "default"},
    [PAINT_HEAT9] = {"#000000 on #22a884", "16 on 36", "black on green", "default"},
    [PAINT_HEAT10] = {"#000000 on #35b779", "16 on 35", "black on green", "default"},
    [PAINT_HEAT11] = {"#000000 on #54c568", "16 on 78", "black on green", "default"},
    [PAINT_HEAT12] = {"#000000 on #7ad151", "16 on 113", "black on yellow", "bold"},
    [PAINT_HEAT13] = {"#000000 on #a5db36", "16 on 148", "black on yellow", "bold"},
    [PAINT_HEAT14] = {"#000000 on #d2e21b", "16 on 184", "black on yellow", "bold"},
    [PAINT_HEAT15] = {"#000000 on #fde725", "16 on 220", "black on yellow", "bold"},
};

/* ---- words to styles --------------------------------------------------------------------- */

static bool hex_colour(const char *word, int32_t *out)
{
    int32_t rgb = 0;
    if (word[0] != '#' || strlen(word) != 7 || strspn(word + 1, "0123456789abcdefABCDEF") != 6)
        return false;
    for (const char *p = word + 1; *p; p++)
        rgb = rgb << 4 | (*p <= '9' ? *p - '0' : (*p | 32) - 'a' + 10);
    *out = THEME_RGB | rgb;
    return true;
}

static bool named_colour(const char *word, int32_t *out)
{
    static const char *const names[] = {"black", "red",     "green", "yellow",
                                        "blue",  "magenta", "cyan",  "white"};
    bool bright = strncmp(word, "bright-", 7) == 0;
    if (strcmp(word, "default") == 0) {
        *out = THEME_DEFAULT;
        return true;
    }
    if (strcmp(word, "grey") == 0 || strcmp(word, "gray") == 0) {
        *out = 8;
        return true;
    }
    for (int i = 0; i < 8; i++)
        if (strcmp(word + (bright ? 7 : 0), names[i]) == 0) {
            *out = i + (bright ? 8 : 0);
            return true;
        }
    return false;
}

static bool word_colour(const char *word, int32_t *out)
{
    int64_t index;
    if (named_colour(word, out) || hex_colour(word, out))
        return true;
    if (!text_parse_int(word, &index) || index < 0 || index > 255)
        return false;
    *out = (int32_t)index;
    return true;
}

static int word_attr(const char *word)
{
    static const char *const names[] = {"bold", "reverse", "underline", "dim"};
    for (int i = 0; i < 4; i++)
        if (strcmp(word, names[i]) == 0)
            return 1 << i;
    return 0;
}

/* Colour, `on` colour and attributes in any order but that: NULL if fine, else the wrong word. */
static const char *parse_style(const char *s, struct theme_style *out, char word[static 32])
{
    bool behind_on = false, have_fg = false, have_bg = false;
    *out = (struct theme_style){THEME_DEFAULT, THEME_DEFAULT, 0};
    for (s += strspn(s, " \t"); *s; s += strspn(s, " \t")) {
        size_t n = strcspn(s, " \t");
        int32_t colour;
        memcpy(word, s, n < 31 ? n : 31);
        word[n < 31 ? n : 31] = 0;
        if (n > 31)
            return word;
        int attr = behind_on ? 0 : word_attr(word);
        if (attr)
            out->attr |= (uint8_t)attr;
        else if (!behind_on && strcmp(word, "on") == 0 && !have_bg)
            behind_on = true;
        else if (word_colour(word, &colour) && !(behind_on ? have_bg : have_fg)) {
            *(behind_on ? &out->bg : &out->fg) = colour;
            *(behind_on ? &have_bg : &have_fg) = true;
            behind_on = false;
        } else
            return word;
        s += n;
    }
    text_copy(word, 32, "on");
    return behind_on ? word : NULL;
}

/* ---- tiers ------------------------------------------------------------------------------- */

static struct theme_style style_in(struct theme_style first, enum tui_colour tier)
{
    struct theme_style s = first;
    s.fg = theme_colour_in(first.fg, tier);
    s.bg = theme_colour_in(first.bg, tier);
    if (s.fg == s.bg && s.bg != THEME_DEFAULT && first.fg != first.bg)
        s.fg = theme_is_light(s.bg) ? 0 : 15; /* they fell together: keep it readable */
    return s;
}

/* Styles of one role, n of them given, into every tier. */
static void set_role(struct theme *t, int role, const struct theme_style *given, int n)
{
    for (int i = 0; i < STYLES; i++)
        t->style[style_tier[i]][role] = style_in(i < n ? given[i] : given[0], style_tier[i]);
    t->style[TUI_COLOUR_AUTO][role] = t->style[TUI_COLOUR_NONE][role];
}

void theme_builtin(struct theme *out)
{
    struct theme_style given[STYLES];
    char word[32];
    *out = (struct theme){.name = "default",
                          .about = "dark ground, colours safe for colour-blind eyes "
                                   "(Okabe-Ito, viridis)"};
    for (int role = 0; role < PAINT_N; role++) {
        int n = 0;
        for (; n < STYLES && built_in[role][n]; n++)
            parse_style(built_in[role][n], &given[n], word);
        set_role(out, role, given, n);
    }
}

/* ---- files ------------------------------------------------------------------------------- */

struct reading {
    const char *json, *where;
    size_t n;
    struct theme theme;
    struct text *warnings;
    struct err_info *info;
};

/* "FILE:LINE" of a key: the first place of "key" with a colon behind it. The JSON tree keeps no
 * places. */
static const char *place_of(const struct reading *r, const char *key, char *out, size_t out_size)
{
    size_t length = strlen(key), line = 1;
    for (size_t i = 0; i + length + 2 < r->n; i++) {
        line += r->json[i] == '\n';
        if (r->json[i] != '"' || memcmp(r->json + i + 1, key, length) != 0 ||
            r->json[i + 1 + length] != '"')
            continue;
        size_t k = i + length + 2;
        while (k < r->n && strchr(" \t\r\n", r->json[k]))
            k++;
        if (k < r->n && r->json[k] == ':')
            return text_format(out, out_size, "%s:%zu", r->where, line);
    }
    return text_format(out, out_size, "%s", r->where);
}

static enum err bad_style(const struct reading *r, const char *role, const char *word)
{
    char place[256];
    return err_set(r->info, ERR_INPUT, place_of(r, role, place, sizeof place),
                   "a style is a colour (#rrggbb, 0..255 or a name), 'on' a second one, and bold, "
                   "dim, underline, reverse",
                   "role '%s': '%s' is no style", role, word);
}

static enum err read_style(const struct reading *r, const cJSON *item, const char *role, int at,
                           struct theme_style *out)
{
    char word[32];
    if (!cJSON_IsString(item))
        return bad_style(r, role, "a value that is no text");
    const char *wrong = parse_style(item->valuestring, out, word);
    if (wrong)
        return bad_style(r, role, wrong);
    if (style_tier[at] == TUI_COLOUR_NONE && (out->fg != THEME_DEFAULT || out->bg != THEME_DEFAULT))
        return bad_style(r, role, "a colour in the style for terminals without colours");
    return ERR_OK;
}

static enum err read_role(struct reading *r, const cJSON *item)
{
    struct theme_style given[STYLES];
    char place[256], name[64];
    int role = paint_find(item->string), n = 0;
    if (role < 0) {
        if (r->warnings)
            text_appendf(r->warnings, "%s: unknown role '%s'\n",
                         place_of(r, item->string, place, sizeof place),
                         text_sanitize(name, sizeof name, item->string));
        return ERR_OK;
    }
    if (!cJSON_IsArray(item)) {
        enum err e = read_style(r, item, item->string, 0, &given[n++]);
        if (e)
            return e;
    } else {
        const cJSON *style;
        cJSON_ArrayForEach(style, item)
        {
            if (n == STYLES)
                return bad_style(r, item->string, "a fifth style");
            enum err e = read_style(r, style, item->string, n, &given[n]);
            if (e)
                return e;
            n++;
        }
        if (n == 0)
            return bad_style(r, item->string, "an empty list");
    }
    set_role(&r->theme, role, given, n);
    return ERR_OK;
}

static enum err read_theme(struct reading *r, const cJSON *doc)
{
    const cJSON *roles = json_get(doc, "roles"), *item;
    const char *name = json_get_string(doc, "name"), *about = json_get_string(doc, "about");
    if (!cJSON_IsObject(roles))
        return err_set(r->info, ERR_INPUT, r->where, "see themes/default.json",
                       "a theme is an object with \"roles\"");
    theme_builtin(&r->theme);
    text_sanitize(r->theme.name, sizeof r->theme.name, name ? name : file_base_name(r->where));
    text_sanitize(r->theme.about, sizeof r->theme.about, about ? about : "");
    cJSON_ArrayForEach(item, roles)
    {
        enum err e = read_role(r, item);
        if (e)
            return e;
    }
    return ERR_OK;
}

enum err theme_parse(const char *json, size_t n, const char *where, struct theme *out,
                     struct text *warnings, struct err_info *info)
{
    struct reading r = {.json = json, .where = where, .n = n, .warnings = warnings, .info = info};
    cJSON *doc = NULL;
    enum err e = json_parse(json, n, where, &doc, info);
    if (e)
        return e;
    e = read_theme(&r, doc);
    json_free(doc);
    if (e)
        return e;
    if (warnings && warnings->failed)
        return err_set_memory(info, where);
    *out = r.theme;
    return ERR_OK;
}
