/* theme_colour: what theme.c and the terminal need to know about single colours. Pure. */
#ifndef TILLER_TUI_THEME_COLOUR_H
#define TILLER_TUI_THEME_COLOUR_H

#include "tui/theme.h"

int32_t theme_palette_rgb(int index); /* 0xrrggbb of palette entry 0..255, as xterm shows it */
/* The colour nearest to `colour` (as in struct theme_style) that the tier can show. */
int32_t theme_colour_in(int32_t colour, enum tui_colour tier);
bool theme_is_light(int32_t colour); /* black is readable on it; not for THEME_DEFAULT */

#endif
