/* theme: from roles (enum paint) to colours and attributes, for every colour tier.
 *
 * A theme file is JSON: {"name": "...", "about": "...", "roles": {"accent": "#56b4e9 bold", ...}}.
 * A role's value is a *style* or a list of up to four styles for the tiers
 * [direct, 256, 16, mono]; what is left out is derived from the first. A style is words:
 * a colour (#rrggbb, 0..255, or a name: default black red green yellow blue magenta cyan white grey
 * and bright-*), optionally `on` and a second colour, and attributes (bold dim underline reverse).
 * Mono styles have attributes only. Unknown roles are warnings with a line number; missing roles
 * are built in. */
#ifndef TILLER_TUI_THEME_H
#define TILLER_TUI_THEME_H

#include "tiller/tui.h"
#include "tui/frame.h"

/* A colour: THEME_DEFAULT (the terminal's own), 0..255 (palette), or THEME_RGB | 0xrrggbb. */
#define THEME_DEFAULT (-1)
#define THEME_RGB 0x1000000

struct theme_style {
    int32_t fg, bg; /* colours as above */
    uint8_t attr;   /* ATTR_*, added to what the cell says */
};

#define THEME_TIERS 5 /* indexed by enum tui_colour; AUTO is unused */
struct theme {
    char name[64], about[120];
    struct theme_style style[THEME_TIERS][PAINT_N];
};

/* The default theme as compiled in; always there. */
void theme_builtin(struct theme *out);
/* theme_load: by name (looked up in the theme folder and the user's own
 * $XDG_CONFIG_HOME/tiller/themes) or by path (contains '/' or ends in .json). NULL or "default"
 * never fail: without a file the built-in theme is used. warnings  one line each, "FILE:LINE:
 * unknown role ..."; may be NULL On error out is untouched. */
enum err theme_load(const char *name_or_path, struct theme *out, struct text *warnings,
                    struct err_info *info);
/* The same from memory (tests, and theme_load itself). */
enum err theme_parse(const char *json, size_t n, const char *where, struct theme *out,
                     struct text *warnings, struct err_info *info);
/* All names that theme_load finds, sorted, for completion; "default" is always among them. */
#define THEME_MAX_NAMES 64
struct theme_names {
    char name[THEME_MAX_NAMES][64];
    size_t n;
};
void theme_list(struct theme_names *out);
/* The folder with the shipped themes: the checkout's beside the running binary, else
 * PREFIX/share/tiller/themes. Returns false if there is none. */
bool theme_folder(char *out, size_t out_size);

/* theme_tier: which tier to use; pure. NO_COLOR (non-empty) yields to an explicit wish.
 *   asked      AUTO or an explicit tier      no_color, term   the environment's values, may be NULL
 *   n_colours  what terminfo says            rgb              terminfo knows direct colour */
enum tui_colour theme_tier(enum tui_colour asked, const char *no_color, const char *term,
                           int n_colours, bool rgb);
/* Nearest palette entry: among 16..255 or among 0..15, by distance in CIE Lab. */
int theme_nearest_256(int32_t rgb);
int theme_nearest_16(int32_t rgb);

#endif
