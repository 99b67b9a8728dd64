/* layout: which pane is where. Pure: the same size and wishes give the same rectangles; none
 * overlap, all lie inside, at every size from 1 x 1. A pane that has no room is 0 x 0 and named by
 * the tab line. */
#ifndef TILLER_TUI_LAYOUT_H
#define TILLER_TUI_LAYOUT_H

#include "tui/frame.h"

enum layout_size {
    LAYOUT_LINE,    /* smaller than 40 x 10: one line (row 0), the rest empty */
    LAYOUT_SMALL,   /* 40 x 10: header, one line per running trial, key line */
    LAYOUT_SINGLE,  /* 60 x 16: one pane at a time, the tab line names the others */
    LAYOUT_STACKED, /* 80 x 24: panes under each other, the agent is one line */
    LAYOUT_WIDE     /* 100 x 20 and more: agent column at the right */
};
enum layout_size layout_size(int rows, int cols);

enum layout_pane {
    PANE_HEADER,  /* first line: task, state, best, time left */
    PANE_TABS,    /* second line of WIDE and SINGLE; else 0 x 0: the header carries the tabs */
    PANE_PLOT,    /* rule with its title in the first row, then the curves */
    PANE_TRIALS,  /* rule, column titles, rows */
    PANE_AGENT,   /* WIDE: rule and lines; STACKED: one line without a rule */
    PANE_NEXT,    /* WIDE only: what waits, and the budget bar in its last row */
    PANE_DIVIDER, /* WIDE: one column '│' between left and right, from the first rule to the last
                     body row */
    PANE_MAIN,    /* the whole body of screens that are not the overview */
    PANE_DETAIL,  /* beside or below MAIN when asked for */
    PANE_KEYS,    /* last line: keys, or the prompt, or a message */
    PANE_N
};
struct layout_prefs {
    int preset; /* 0: default; 1: large plot; 2: large table; 3: no agent (`:layout N`) */
    enum layout_pane focus; /* SINGLE, SMALL: the overview pane to show */
    bool widen;             /* the focused pane takes the whole body */
    bool detail;            /* layout_screen: make room for PANE_DETAIL */
};
#define LAYOUT_PRESETS 4
struct layout {
    enum layout_size size;
    struct rect pane[PANE_N]; /* rows or cols 0: hidden */
};
/* The overview: HEADER TABS PLOT TRIALS AGENT NEXT DIVIDER KEYS. */
struct layout layout_overview(int rows, int cols, const struct layout_prefs *prefs);
/* Every other screen: HEADER TABS MAIN DETAIL (DIVIDER) KEYS. */
struct layout layout_screen(int rows, int cols, const struct layout_prefs *prefs);
bool layout_shown(const struct layout *l, enum layout_pane pane);
/* A dialog or form of the wanted size in the middle of the screen, smaller where it must be. */
struct rect layout_dialog(int rows, int cols, int want_rows, int want_cols);

#endif
