/* trial_list: the trials as a person has arranged them: order, filter, cursor, marks, columns.
 * Shared by the overview and the trials screen. Knows rows of the view, nothing of drawing. */
#ifndef TILLER_TUI_TRIAL_LIST_H
#define TILLER_TUI_TRIAL_LIST_H

#include "tui/view.h"

/* Columns before the hyperparameters; those follow in the order of the space. */
enum list_column {
    COLUMN_ID, /* "#" */
    COLUMN_STATE,
    COLUMN_EPOCH,
    COLUMN_VALUE,
    COLUMN_TREND,
    COLUMN_BY,
    COLUMN_BEST_EPOCH,
    COLUMN_LOSS,
    COLUMN_MOVE,
    COLUMN_REWARD,
    COLUMN_WEIGHTS,
    COLUMN_SECONDS,
    COLUMN_FIXED_N
};

struct trial_list {
    int sort_column; /* COLUMN_...; COLUMN_FIXED_N + i: hyperparameter i */
    bool descending;
    char filter[128];
    int64_t selected; /* trial number, -1 none; stays with its trial when the order changes */
    int64_t anchor;   /* range start, -1: no range being marked */
    int32_t *order;   /* [n] row indices, shown from the top */
    size_t n, order_capacity;
    uint8_t *marks; /* [marks_capacity] by trial number */
    size_t marks_capacity, n_marked;
    uint64_t rows_changed; /* of the view when order was made */
    double made_s;         /* when that was */
    bool stale;            /* sort or filter changed: make it anew at once */
    bool settled;          /* list_settle has seen this order */
    size_t top;            /* first visible row, kept by the table */
};

void list_init(struct trial_list *l);
void list_free(struct trial_list *l);
/* list_update: order and filter again if something changed; by itself at most once a second. */
bool list_update(struct trial_list *l, const struct view *v, double now_s);
bool list_has(const struct trial_list *l, int64_t number); /* is it listed? */
/* What keys act on is what the cursor stands on: a selected trial that is not listed any more gives
 * way to the last link of its chain, else to the first row; none listed: none. */
void list_settle(struct trial_list *l, const struct view *v);
size_t list_cursor(const struct trial_list *l); /* place of the selected trial in order; 0 */
void list_move(struct trial_list *l, const struct view *v, long delta); /* clamped */
void list_select(struct trial_list *l, int64_t number);
void list_sort_by(struct trial_list *l, int column);
void list_set_filter(struct trial_list *l, const char *filter);
/* Next or previous row that fits `words`, around the end. */
bool list_find(struct trial_list *l, const struct view *v, const char *words, int direction);

bool list_is_marked(const struct trial_list *l, int64_t number);
bool list_mark(struct trial_list *l, const struct view *v, int64_t number, bool on);
void list_unmark_all(struct trial_list *l);
/* Marked trials, or the selected one if none is; at most max. Returns the number. */
size_t list_targets(const struct trial_list *l, const struct view *v, int64_t *out, size_t max);

/* Columns by name ("val_error", "epoch", "units"); -1 unknown. */
int list_column_find(const struct view *v, const char *name);
const char *list_column_name(const struct view *v, int column);
int list_n_columns(const struct view *v);
/* A held hyperparameter is a column once some trial has set it. */
bool list_column_shows(const struct view *v, int column);
/* Does a row fit all words? A word is part of a state, a finder, a move or a choice, "#17", or a
 * comparison: units=256, val_error<0.05, epoch>10. */
bool list_fits(const struct view *v, size_t row, const char *words);
/* Letter and colour (0..7) of a trial, the same for life. */
char trial_letter(int64_t number);
int trial_colour(int64_t number);

#endif
