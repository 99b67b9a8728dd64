/* Rectangles by cutting: every pane is cut off the room that is left, so panes cannot overlap or
 * reach outside whatever the numbers are. */
#include "tui/layout.h"

static int clamp(int value, int low, int high)
{
    return value < low ? low : value > high ? high : value;
}

/* Cut n rows or columns off an edge of *room; less if there is less. Empty results are 0 x 0. */
static struct rect whole(struct rect r)
{
    return r.rows > 0 && r.cols > 0 ? r : (struct rect){0, 0, 0, 0};
}

static struct rect cut_top(struct rect *room, int n)
{
    n = clamp(n, 0, room->rows);
    struct rect r = {room->row, room->col, n, room->cols};
    room->row += n;
    room->rows -= n;
    return whole(r);
}

static struct rect cut_bottom(struct rect *room, int n)
{
    n = clamp(n, 0, room->rows);
    room->rows -= n;
    return whole((struct rect){room->row + room->rows, room->col, n, room->cols});
}

static struct rect cut_right(struct rect *room, int n)
{
    n = clamp(n, 0, room->cols);
    room->cols -= n;
    return whole((struct rect){room->row, room->col + room->cols, room->rows, n});
}

enum layout_size layout_size(int rows, int cols)
{
    if (cols >= 100 && rows >= 20)
        return LAYOUT_WIDE;
    if ((cols >= 80 && rows >= 24) || (cols >= 60 && rows >= 30))
        return LAYOUT_STACKED;
    if (cols >= 60 && rows >= 16)
        return LAYOUT_SINGLE;
    return cols >= 40 && rows >= 10 ? LAYOUT_SMALL : LAYOUT_LINE;
}

/* Header, tabs and key line; the rest of the screen comes back. */
static struct rect frame_lines(int rows, int cols, struct layout *l)
{
    struct rect room = {0, 0, clamp(rows, 0, rows), clamp(cols, 0, cols)};
    *l = (struct layout){.size = layout_size(rows, cols)};
    l->pane[PANE_HEADER] = cut_top(&room, 1);
    if (l->size == LAYOUT_LINE)
        return (struct rect){0, 0, 0, 0};
    if (l->size == LAYOUT_WIDE || l->size == LAYOUT_SINGLE)
        l->pane[PANE_TABS] = cut_top(&room, 1);
    l->pane[PANE_KEYS] = cut_bottom(&room, 1);
    return room;
}

static enum layout_pane focused(const struct layout_prefs *prefs)
{
    enum layout_pane p = prefs->focus;
    return p == PANE_PLOT || p == PANE_AGENT || p == PANE_NEXT ? p : PANE_TRIALS;
}

/* Rows for the plot out of `rows` shared with the table, by preset. */
static int plot_rows(int rows, int preset)
{
    static const int share[LAYOUT_PRESETS] = {44, 66, 26, 44};
    int wanted = rows * share[clamp(preset, 0, LAYOUT_PRESETS - 1)] / 100;
    return clamp(wanted, 5, rows > 10 ? rows - 5 : 5);
}

static void place_wide(struct layout *l, struct rect room, int preset)
{
    if (preset != 3) {
        struct rect right = cut_right(&room, clamp(room.cols / 4, 28, 44));
        l->pane[PANE_DIVIDER] = cut_right(&room, 1);
        l->pane[PANE_NEXT] = cut_bottom(&right, clamp(right.rows / 4, 5, 12));
        l->pane[PANE_AGENT] = whole(right);
    }
    l->pane[PANE_PLOT] = cut_top(&room, plot_rows(room.rows, preset));
    l->pane[PANE_TRIALS] = whole(room);
}

static void place_stacked(struct layout *l, struct rect room, int preset)
{
    l->pane[PANE_PLOT] = cut_top(&room, plot_rows(room.rows - 1, preset));
    if (preset != 3)
        l->pane[PANE_AGENT] = cut_top(&room, 1);
    l->pane[PANE_TRIALS] = whole(room);
}

struct layout layout_overview(int rows, int cols, const struct layout_prefs *prefs)
{
    struct layout l;
    struct rect room = frame_lines(rows, cols, &l);
    if (prefs->widen || l.size == LAYOUT_SINGLE || l.size == LAYOUT_SMALL)
        l.pane[focused(prefs)] = whole(room);
    else if (l.size == LAYOUT_WIDE)
        place_wide(&l, room, prefs->preset);
    else if (l.size == LAYOUT_STACKED)
        place_stacked(&l, room, prefs->preset);
    return l;
}

struct layout layout_screen(int rows, int cols, const struct layout_prefs *prefs)
{
    struct layout l;
    struct rect room = frame_lines(rows, cols, &l);
    if (prefs->detail && l.size == LAYOUT_WIDE) {
        l.pane[PANE_DETAIL] = cut_right(&room, clamp(room.cols * 2 / 5, 40, 72));
        l.pane[PANE_DIVIDER] = cut_right(&room, 1);
    } else if (prefs->detail && l.size == LAYOUT_STACKED)
        l.pane[PANE_DETAIL] = cut_bottom(&room, clamp(room.rows / 2, 10, 18));
    else if (prefs->detail) { /* no room for both: the detail replaces the list */
        l.pane[PANE_DETAIL] = whole(room);
        return l;
    }
    l.pane[PANE_MAIN] = whole(room);
    return l;
}

bool layout_shown(const struct layout *l, enum layout_pane pane)
{
    return l->pane[pane].rows > 0 && l->pane[pane].cols > 0;
}

struct rect layout_dialog(int rows, int cols, int want_rows, int want_cols)
{
    int h = clamp(want_rows, 1, rows > 6 ? rows - 2 : rows);
    int w = clamp(want_cols, 1, cols > 20 ? cols - 4 : cols);
    if (rows <= 0 || cols <= 0)
        return (struct rect){0, 0, 0, 0};
    return (struct rect){(rows - h) / 2, (cols - w) / 2, h, w};
}
