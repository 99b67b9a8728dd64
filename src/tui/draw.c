/* Small helpers of all screens: numbers with signs, wrapped text, pieces in one row, rules. */
#include "tui/app.h"

#include <math.h>
#include <string.h>

const char *signed_text(double value, char *out, size_t out_size)
{
    char number[32];
    if (isnan(value))
        return text_format(out, out_size, "–");
    text_human(number, sizeof number, fabs(value), 3);
    return text_format(out, out_size, "%s%s", value < 0 ? "-" : value > 0 ? "+" : "", number);
}

/* Bytes of the longest beginning of text that fits into cols, broken at a blank where possible. */
static size_t line_bytes(const char *text, int cols)
{
    size_t at = 0, blank = 0;
    int used = 0, n;
    uint32_t code;
    for (; (n = text_utf8_next(text + at, &code)) > 0; at += (size_t)n) {
        char one[5];
        if (code == '\n')
            return at;
        if (code == ' ')
            blank = at;
        text_utf8_put(code, one);
        used += text_columns(one);
        if (used > cols)
            return blank > 0 ? blank : at > 0 ? at : (size_t)n;
    }
    return at;
}

int draw_wrapped(struct frame *f, struct rect r, enum paint paint, int attr, const char *text)
{
    int row = 0;
    while (*text && row < r.rows && r.cols > 0) {
        char line[512];
        size_t n = line_bytes(text, r.cols);
        bool last = row == r.rows - 1; /* the rest is cut with a sign that it goes on */
        text_format(line, sizeof line, "%.*s", last ? (int)strcspn(text, "\n") : (int)n, text);
        frame_put(f, r.row + row++, r.col, r.cols, paint, attr, line);
        text += n;
        while (*text == ' ' || *text == '\n')
            text++;
    }
    return row;
}

int wrapped_rows(const char *text, int cols, int most)
{
    int rows = 0;
    while (*text && cols > 0 && rows < most) {
        text += line_bytes(text, cols);
        while (*text == ' ' || *text == '\n')
            text++;
        rows++;
    }
    return rows > 0 ? rows : 1;
}

/* ---- pieces in one row ------------------------------------------------------------------- */

static int pieces_columns(const struct piece *pieces, size_t n, int gap)
{
    int total = 0;
    for (size_t i = 0; i < n; i++)
        if (pieces[i].text[0])
            total += text_columns(pieces[i].text) + gap;
    return total > 0 ? total - gap : 0;
}

/* The highest rank goes first; among equals the one at the right. Rank 0 stays and is cut. */
static bool drop_piece(struct piece *pieces, size_t n)
{
    struct piece *found = NULL;
    for (size_t i = 0; i < n; i++)
        if (pieces[i].text[0] && pieces[i].rank > 0 && (!found || pieces[i].rank >= found->rank))
            found = &pieces[i];
    if (found)
        found->text[0] = 0;
    return found != NULL;
}

void draw_pieces(struct frame *f, struct rect row, struct piece *pieces, size_t n)
{
    int gap = row.cols >= 96 ? 3 : 2, left = row.col, right = row.col + row.cols;
    if (row.rows <= 0)
        return;
    if (pieces_columns(pieces, n, gap) > row.cols)
        gap = 2;
    while (pieces_columns(pieces, n, gap) > row.cols && drop_piece(pieces, n))
        continue;
    for (size_t i = n; i-- > 0;)
        if (pieces[i].right && pieces[i].text[0]) {
            int room = right - left;
            int used = frame_put_right(f, row.row, right, room, pieces[i].paint, pieces[i].attr,
                                       pieces[i].text);
            right -= used + gap;
        }
    for (size_t i = 0; i < n; i++)
        if (!pieces[i].right && pieces[i].text[0])
            left += gap + frame_put(f, row.row, left, right + gap - left, pieces[i].paint,
                                    pieces[i].attr, pieces[i].text);
}

void draw_rule(struct frame *f, struct rect r, const char *title, const char *right)
{
    if (r.rows <= 0 || r.cols <= 0)
        return;
    frame_rule(f, r.row, r.col, r.cols, title);
    int room = r.cols - 8 - (title ? text_columns(title) : 0);
    int columns = right ? text_columns(right) : 0;
    if (columns == 0 || columns > room)
        return;
    int col = r.col + r.cols - 2 - columns;
    frame_put(f, r.row, col, columns, PAINT_DIM, 0, right);
    frame_put_code(f, r.row, col - 1, PAINT_TEXT, 0, ' ');
    frame_put_code(f, r.row, col + columns, PAINT_TEXT, 0, ' ');
}

/* Between left and right, with a branch wherever a rule ends there. */
void draw_divider(struct app *app)
{
    struct frame *f = &app->frame;
    struct rect r = app->layout.pane[PANE_DIVIDER];
    if (r.cols <= 0)
        return;
    for (int row = r.row; row < r.row + r.rows; row++) {
        const struct cell *cells = f->cells + (size_t)row * (size_t)f->cols;
        bool left = r.col > 0 && cells[r.col - 1].paint == PAINT_RULE;
        bool right = r.col + 1 < f->cols && cells[r.col + 1].paint == PAINT_RULE;
        bool first = row == r.row;
        uint32_t code = first           ? 0x252C
                        : left && right ? 0x253C
                        : left          ? 0x2524
                        : right         ? 0x251C
                                        : 0x2502;
        frame_put_code(f, row, r.col, PAINT_RULE, 0, code);
    }
}

enum paint series_paint(int64_t number)
{
    return (enum paint)(PAINT_SERIES1 + trial_colour(number));
}

const char *situation_text(int index, char *out, size_t out_size)
{
    static const char *const phases[META_PHASES] = {"0–2", "3–9", "10–29", "30 or more"};
    static const char *const stagnations[META_STAGNATIONS] = {"gaining", "moving", "stuck"};
    out[0] = 0;
    if (index < 0 || index >= META_STATES)
        return out;
    struct situation s = situation_from_index(index);
    text_format(out, out_size, "%s runs, %s, incumbent %s%s", phases[s.phase],
                stagnations[s.stagnation], s.diagnosis == DIAGNOSIS_PLATEAU ? "on a " : "",
                diagnosis_name(s.diagnosis));
    size_t n = strlen(out);
    if (s.trust != TRUST_LOW)
        text_format(out + n, out_size - n, ", trust %s", trust_name(s.trust));
    return out;
}

void draw_labelled(struct frame *f, struct rect *r, int label_cols, const char *label,
                   enum paint paint, const char *text)
{
    if (r->rows <= 0 || !text[0])
        return;
    struct rect inner = {r->row, r->col + label_cols, r->rows, r->cols - label_cols};
    frame_put(f, r->row, r->col, label_cols - 1, PAINT_DIM, 0, label);
    int rows = draw_wrapped(f, inner, paint, 0, text);
    r->row += rows;
    r->rows -= rows;
}
