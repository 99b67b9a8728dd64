/* Colours as numbers: which palette entry is nearest to a colour, and which tier a terminal gets.
 * Distances are taken in CIE Lab (D65), where equal numbers look about equally different. */
#include "tui/theme_colour.h"
#include "tui/theme.h"

#include <math.h>
#include <string.h>

/* The first 16 as xterm shows them; elsewhere they belong to the user. */
static const int32_t palette_16[16] = {0x000000, 0xcd0000, 0x00cd00, 0xcdcd00, 0x0000ee, 0xcd00cd,
                                       0x00cdcd, 0xe5e5e5, 0x7f7f7f, 0xff0000, 0x00ff00, 0xffff00,
                                       0x5c5cff, 0xff00ff, 0x00ffff, 0xffffff};

int32_t theme_palette_rgb(int index)
{
    static const int level[6] = {0, 95, 135, 175, 215, 255};
    if (index < 16)
        return palette_16[index < 0 ? 0 : index];
    if (index >= 232) {
        int grey = 8 + 10 * ((index < 256 ? index : 255) - 232);
        return grey << 16 | grey << 8 | grey;
    }
    int cube = index - 16;
    return level[cube / 36] << 16 | level[cube / 6 % 6] << 8 | level[cube % 6];
}

struct lab {
    double l, a, b;
};

static double linear(int channel)
{
    double c = channel / 255.0;
    return c <= 0.04045 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4);
}

static double lab_curve(double t)
{
    return t > 216.0 / 24389.0 ? cbrt(t) : (24389.0 / 27.0 * t + 16) / 116;
}

static struct lab lab_of(int32_t rgb)
{
    double r = linear(rgb >> 16 & 255), g = linear(rgb >> 8 & 255), b = linear(rgb & 255);
    double x = lab_curve((0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / 0.95047);
    double y = lab_curve(0.2126729 * r + 0.7151522 * g + 0.0721750 * b);
    double z = lab_curve((0.0193339 * r + 0.1191920 * g + 0.9503041 * b) / 1.08883);
    return (struct lab){116 * y - 16, 500 * (x - y), 200 * (y - z)};
}

static int nearest(int32_t rgb, int first, int last)
{
    struct lab wanted = lab_of(rgb);
    double best = INFINITY;
    int found = first;
    for (int i = first; i <= last; i++) {
        struct lab c = lab_of(theme_palette_rgb(i));
        double dl = c.l - wanted.l, da = c.a - wanted.a, db = c.b - wanted.b;
        double distance = dl * dl + da * da + db * db;
        if (distance < best) {
            best = distance;
            found = i;
        }
    }
    return found;
}

int theme_nearest_256(int32_t rgb)
{
    return nearest(rgb & 0xffffff, 16, 255);
}

int theme_nearest_16(int32_t rgb)
{
    return nearest(rgb & 0xffffff, 0, 15);
}

int32_t theme_colour_in(int32_t colour, enum tui_colour tier)
{
    if (colour == THEME_DEFAULT || tier == TUI_COLOUR_DIRECT)
        return colour;
    if (tier == TUI_COLOUR_NONE)
        return THEME_DEFAULT;
    if (tier == TUI_COLOUR_16)
        return colour < 16          ? colour
               : colour & THEME_RGB ? theme_nearest_16(colour)
                                    : theme_nearest_16(theme_palette_rgb(colour));
    return colour & THEME_RGB ? theme_nearest_256(colour) : colour;
}

bool theme_is_light(int32_t colour)
{
    return lab_of(colour & THEME_RGB ? colour & 0xffffff : theme_palette_rgb(colour)).l > 55;
}

/* What the terminal can do, whatever is wished. */
static enum tui_colour best_tier(const char *term, int n_colours, bool rgb)
{
    if (n_colours < 8 || (term && strcmp(term, "dumb") == 0))
        return TUI_COLOUR_NONE;
    if (rgb)
        return TUI_COLOUR_DIRECT;
    return n_colours >= 256 ? TUI_COLOUR_256 : TUI_COLOUR_16;
}

enum tui_colour theme_tier(enum tui_colour asked, const char *no_color, const char *term,
                           int n_colours, bool rgb)
{
    enum tui_colour best = best_tier(term, n_colours, rgb);
    if (asked != TUI_COLOUR_AUTO)
        return asked < best ? asked : best;
    if (no_color && *no_color)
        return TUI_COLOUR_NONE;
    return best < TUI_COLOUR_256 ? best : TUI_COLOUR_256; /* direct only if asked for */
}
