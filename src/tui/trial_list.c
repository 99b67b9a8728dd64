/* Order, filter, cursor and marks of the trial table. Sorting touches one key per row, so that
 * 100,000 trials are ordered in some ten milliseconds, at most once a second. */
#include "tui/trial_list.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const column_names[COLUMN_FIXED_N] = {
    [COLUMN_ID] = "#",
    [COLUMN_STATE] = "state",
    [COLUMN_EPOCH] = "epoch",
    [COLUMN_VALUE] = "value",
    [COLUMN_TREND] = "trend",
    [COLUMN_BY] = "by",
    [COLUMN_BEST_EPOCH] = "best_epoch",
    [COLUMN_LOSS] = "val_loss",
    [COLUMN_MOVE] = "move",
    [COLUMN_REWARD] = "reward",
    [COLUMN_WEIGHTS] = "weights",
    [COLUMN_SECONDS] = "seconds",
};

char trial_letter(int64_t number)
{
    return (char)('a' + (number < 0 ? 0 : number % 26));
}

int trial_colour(int64_t number)
{
    return (int)(number < 0 ? 0 : number % 8);
}

/* ---- columns ----------------------------------------------------------------------------- */

int list_n_columns(const struct view *v)
{
    return COLUMN_FIXED_N + v->space.n;
}

const char *list_column_name(const struct view *v, int column)
{
    if (column == COLUMN_VALUE)
        return v->metric;
    if (column < COLUMN_FIXED_N)
        return column_names[column];
    return v->space.h[column - COLUMN_FIXED_N].name;
}

bool list_column_shows(const struct view *v, int column)
{
    int i = column - COLUMN_FIXED_N;
    return i < 0 || !v->space.h[i].held || (v->ever_set >> i & 1);
}

int list_column_find(const struct view *v, const char *name)
{
    for (int i = 0; i < list_n_columns(v); i++)
        if (strcmp(list_column_name(v, i), name) == 0)
            return i;
    return strcmp(name, "number") == 0   ? COLUMN_ID
           : strcmp(name, "value") == 0  ? COLUMN_VALUE
           : strcmp(name, "epochs") == 0 ? COLUMN_EPOCH
                                         : -1;
}

/* What a column is sorted and compared by; NaN: nothing there. Texts have no number. */
static double sort_number(const struct view *v, size_t row, int column)
{
    const struct view_row *r = &v->rows[row];
    switch (column) {
    case COLUMN_ID:
        return (double)r->number;
    case COLUMN_STATE:
        return r->state * 2 + r->paused;
    case COLUMN_EPOCH:
        return r->epochs;
    case COLUMN_VALUE:
    case COLUMN_TREND:
        return r->value;
    case COLUMN_BEST_EPOCH:
        return r->best_epoch < 0 ? (double)NAN : r->best_epoch;
    case COLUMN_LOSS:
        return r->best_loss;
    case COLUMN_REWARD:
        return r->reward;
    case COLUMN_WEIGHTS:
        return r->n_parameters < 0 ? NAN : (double)r->n_parameters;
    case COLUMN_SECONDS:
        return r->seconds;
    default:
        return column >= COLUMN_FIXED_N && column < list_n_columns(v)
                   ? v->values[row * (size_t)v->space.n + (size_t)(column - COLUMN_FIXED_N)]
                   : NAN;
    }
}

static const char *sort_text(const struct view_row *r, int column)
{
    return column == COLUMN_BY ? r->who : column == COLUMN_MOVE ? r->action : NULL;
}

/* ---- filter ------------------------------------------------------------------------------ */

static const char *row_state_name(const struct view_row *r)
{
    return r->paused && r->state == TRIAL_RUNNING ? "paused" : trial_state_name(r->state);
}

static bool fits_choice(const struct view *v, size_t row, const char *word)
{
    for (int i = 0; i < v->space.n; i++) {
        const struct hyperparameter *h = &v->space.h[i];
        double value = v->values[row * (size_t)v->space.n + (size_t)i];
        if (h->kind == HYPER_CATEGORICAL && value >= 0 && value < h->n_choices &&
            strcasestr(h->choice[(int)value].text, word))
            return true;
    }
    return false;
}

/* The text of what a comparison names: states and choices compare as words. */
static bool fits_text(const struct view *v, size_t row, int column, const char *text)
{
    const struct view_row *r = &v->rows[row];
    const char *own = column == COLUMN_STATE ? row_state_name(r) : sort_text(r, column);
    if (!own && column >= COLUMN_FIXED_N) {
        const struct hyperparameter *h = &v->space.h[column - COLUMN_FIXED_N];
        double value = sort_number(v, row, column);
        if (h->kind == HYPER_CATEGORICAL && value >= 0 && value < h->n_choices)
            own = h->choice[(int)value].text;
    }
    return own && strncasecmp(own, text, strlen(text)) == 0;
}

static bool fits_comparison(const struct view *v, size_t row, const char *word, size_t name_length)
{
    char name[64];
    double limit;
    if (name_length >= sizeof name)
        return false;
    memcpy(name, word, name_length);
    name[name_length] = 0;
    char op = word[name_length];
    const char *text = word + name_length + 1;
    bool or_equal = op != '=' && *text == '=';
    text += or_equal;
    int column = list_column_find(v, name);
    if (column < 0 || !*text)
        return !*text && column >= 0;
    if (!text_parse_double(text, &limit))
        return op == '=' && fits_text(v, row, column, text);
    double value = sort_number(v, row, column);
    if (isnan(value))
        return false;
    bool same = fabs(value - limit) <= 1e-9 * fabs(limit);
    if (op == '=' || (or_equal && same))
        return same;
    return !same && (op == '<' ? value < limit : value > limit);
}

static bool fits_word(const struct view *v, size_t row, const char *word)
{
    const struct view_row *r = &v->rows[row];
    size_t name_length = strcspn(word, "<>=");
    int64_t number;
    if (word[name_length] && name_length > 0)
        return fits_comparison(v, row, word, name_length);
    if (word[0] == '#')
        return !word[1] || (text_parse_int(word + 1, &number) && number == r->number);
    if (text_parse_int(word, &number) && number == r->number)
        return true;
    return strcasestr(row_state_name(r), word) || strcasestr(r->who, word) ||
           strcasestr(r->action, word) || fits_choice(v, row, word);
}

bool list_fits(const struct view *v, size_t row, const char *words)
{
    char copy[128], *rest = NULL;
    text_copy(copy, sizeof copy, words);
    for (char *w = strtok_r(copy, " ", &rest); w; w = strtok_r(NULL, " ", &rest))
        if (!fits_word(v, row, w))
            return false;
    return true;
}

/* ---- order ------------------------------------------------------------------------------- */

struct sort_item {
    double key;
    int32_t row;
};
struct sort_context {
    const struct view *view;
    int column;
    bool descending, reversed; /* by the key; by the person */
};

/* The value's ties are broken as those for the best are (decisions 4): by the lower loss. */
static int compare_losses(const struct view *v, int32_t a, int32_t b)
{
    double first = v->rows[a].best_loss, second = v->rows[b].best_loss;
    return first < second ? -1 : first > second;
}

/* What has no value stands last whichever way; equal keys by number. */
static int compare_items(const void *pa, const void *pb, void *pc)
{
    const struct sort_item *a = pa, *b = pb;
    const struct sort_context *c = pc;
    int sign = c->descending ? -1 : 1, order = 0;
    const char *ta = sort_text(&c->view->rows[a->row], c->column);
    if (ta) {
        int words = strcmp(ta, sort_text(&c->view->rows[b->row], c->column));
        order = words < 0 ? -sign : words > 0 ? sign : 0;
    } else if (isnan(a->key) || isnan(b->key))
        order = (int)isnan(a->key) - (int)isnan(b->key);
    else if (a->key != b->key)
        order = a->key < b->key ? -sign : sign;
    else if (c->column == COLUMN_VALUE)
        order = compare_losses(c->view, a->row, b->row) * (c->reversed ? -1 : 1);
    return order ? order : (a->row > b->row) - (a->row < b->row);
}

static bool row_shown(const struct trial_list *l, const struct view *v, size_t i)
{
    const struct view_row *r = &v->rows[i];
    if (r->hidden && r->number != v->best)
        return false;
    return !l->filter[0] || list_fits(v, i, l->filter);
}

static bool make_order(struct trial_list *l, const struct view *v)
{
    struct sort_item *items = mem_alloc(v->n_rows, sizeof *items);
    if (!items)
        return false;
    if (v->n_rows > l->order_capacity) {
        size_t wanted = v->n_rows + v->n_rows / 2;
        int32_t *grown = mem_resize(l->order, wanted, sizeof *grown);
        if (!grown) {
            mem_free(items);
            return false;
        }
        l->order = grown;
        l->order_capacity = wanted;
    }
    size_t n = 0;
    for (size_t i = 0; i < v->n_rows; i++)
        if (row_shown(l, v, i))
            items[n++] = (struct sort_item){sort_number(v, i, l->sort_column), (int32_t)i};
    bool down = l->descending;
    if ((l->sort_column == COLUMN_VALUE || l->sort_column == COLUMN_TREND) && v->direction == 2)
        down = !down; /* the best first, whatever is best */
    struct sort_context context = {v, l->sort_column, down, l->descending};
    qsort_r(items, n, sizeof *items, compare_items, &context);
    for (size_t i = 0; i < n; i++)
        l->order[i] = items[i].row;
    l->n = n;
    mem_free(items);
    return true;
}

bool list_has(const struct trial_list *l, int64_t number)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->order[i] == number)
            return true;
    return false;
}

bool list_update(struct trial_list *l, const struct view *v, double now_s)
{
    if (!l->stale && l->rows_changed == v->rows_changed)
        return true;
    if (!l->stale && l->n > 0 && now_s < l->made_s + 1 && now_s > l->made_s)
        return true;
    if (v->n_rows > INT32_MAX || !make_order(l, v))
        return false;
    l->stale = false;
    l->rows_changed = v->rows_changed;
    l->made_s = now_s;
    l->settled = false;
    return true;
}

void list_settle(struct trial_list *l, const struct view *v)
{
    const struct view_row *r;
    int64_t number = l->selected;
    if (l->settled)
        return;
    while (!list_has(l, number) && (r = view_row(v, number)) != NULL && r->continued_by > number)
        number = r->continued_by;
    l->selected = list_has(l, number) ? number : l->n > 0 ? l->order[0] : -1;
    l->settled = true;
}

size_t list_cursor(const struct trial_list *l)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->order[i] == l->selected)
            return i;
    return 0;
}

void list_select(struct trial_list *l, int64_t number)
{
    l->selected = number;
}

void list_move(struct trial_list *l, const struct view *v, long delta)
{
    if (l->n == 0)
        return;
    long at = (long)list_cursor(l), last = (long)l->n - 1;
    at = delta > last - at ? last : delta < -at ? 0 : at + delta;
    l->selected = l->order[at];
    if (l->anchor < 0)
        return;
    size_t from = 0, to = (size_t)at;
    while (from < l->n && l->order[from] != l->anchor)
        from++;
    if (from == l->n)
        return;
    list_unmark_all(l);
    for (size_t i = from < to ? from : to; i <= (from < to ? to : from); i++)
        list_mark(l, v, l->order[i], true);
}

void list_sort_by(struct trial_list *l, int column)
{
    l->descending = l->sort_column == column && !l->descending;
    l->sort_column = column;
    l->stale = true;
}

void list_set_filter(struct trial_list *l, const char *filter)
{
    text_copy(l->filter, sizeof l->filter, filter);
    l->stale = true;
}

bool list_find(struct trial_list *l, const struct view *v, const char *words, int direction)
{
    size_t at = list_cursor(l);
    for (size_t step = 1; step <= l->n; step++) {
        size_t i = direction > 0 ? (at + step) % l->n : (at + l->n - step) % l->n;
        if (list_fits(v, (size_t)l->order[i], words)) {
            l->selected = l->order[i];
            return true;
        }
    }
    return false;
}

/* ---- marks ------------------------------------------------------------------------------- */

bool list_is_marked(const struct trial_list *l, int64_t number)
{
    return number >= 0 && (uint64_t)number < l->marks_capacity && l->marks[number];
}

bool list_mark(struct trial_list *l, const struct view *v, int64_t number, bool on)
{
    if (!view_row(v, number))
        return false;
    if ((uint64_t)number >= l->marks_capacity) {
        size_t wanted = v->n_rows + v->n_rows / 2 + 64;
        uint8_t *grown = mem_resize(l->marks, wanted, 1);
        if (!grown)
            return false;
        memset(grown + l->marks_capacity, 0, wanted - l->marks_capacity);
        l->marks = grown;
        l->marks_capacity = wanted;
    }
    l->n_marked += (size_t)on - (size_t)l->marks[number];
    l->marks[number] = on;
    return true;
}

void list_unmark_all(struct trial_list *l)
{
    if (l->n_marked > 0)
        memset(l->marks, 0, l->marks_capacity);
    l->n_marked = 0;
}

size_t list_targets(const struct trial_list *l, const struct view *v, int64_t *out, size_t max)
{
    size_t n = 0;
    for (size_t i = 0; l->n_marked > 0 && i < l->marks_capacity && n < max; i++)
        if (l->marks[i])
            out[n++] = (int64_t)i;
    if (n == 0 && max > 0 && view_row(v, l->selected))
        out[n++] = l->selected;
    return n;
}

void list_init(struct trial_list *l)
{
    *l = (struct trial_list){
        .sort_column = COLUMN_VALUE, .selected = -1, .anchor = -1, .stale = true};
}

void list_free(struct trial_list *l)
{
    mem_free(l->order);
    mem_free(l->marks);
    list_init(l);
}
