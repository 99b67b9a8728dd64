/* Cells, and the text that goes into them. What always holds: every cell of a frame has a printable
 * character, or 0 exactly behind a wide one; nothing outside the frame is touched. Display widths
 * come from tables of our own, because wcwidth depends on the locale and screens must not. */
#include "tui/frame.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const paint_names[PAINT_N] = {
#define X(name, text) text,
    PAINT_LIST(X)
#undef X
};

const char *paint_name(enum paint p)
{
    return (unsigned)p < PAINT_N ? paint_names[p] : "?";
}

int paint_find(const char *name)
{
    for (int i = 0; i < PAINT_N; i++)
        if (strcmp(name, paint_names[i]) == 0)
            return i;
    return -1;
}

/* ---- widths and plain substitutes -------------------------------------------------------- */

struct range {
    uint32_t first, last;
};

/* Marks that sit on the character before them, and characters without any shape. */
static const struct range zero_width[] = {
    {0x300, 0x36F},   {0x483, 0x489},     {0x591, 0x5BD},     {0x610, 0x61A},   {0x64B, 0x65F},
    {0x6D6, 0x6DC},   {0x6DF, 0x6E4},     {0x730, 0x74A},     {0x900, 0x902},   {0x93C, 0x93C},
    {0x941, 0x948},   {0x94D, 0x94D},     {0xE31, 0xE31},     {0xE34, 0xE3A},   {0xE47, 0xE4E},
    {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF},   {0x200B, 0x200F},   {0x202A, 0x202E}, {0x2060, 0x2064},
    {0x20D0, 0x20F0}, {0x302A, 0x302D},   {0x3099, 0x309A},   {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F},
    {0xFEFF, 0xFEFF}, {0x1F3FB, 0x1F3FF}, {0xE0100, 0xE01EF},
};
/* East Asian wide and full width, and pictures. */
static const struct range two_wide[] = {
    {0x1100, 0x115F},   {0x231A, 0x231B},   {0x2329, 0x232A},   {0x23E9, 0x23EC},
    {0x25FD, 0x25FE},   {0x2614, 0x2615},   {0x2648, 0x2653},   {0x267F, 0x267F},
    {0x2693, 0x2693},   {0x26A1, 0x26A1},   {0x26AA, 0x26AB},   {0x26BD, 0x26BE},
    {0x26C4, 0x26C5},   {0x26CE, 0x26CE},   {0x26D4, 0x26D4},   {0x26EA, 0x26EA},
    {0x26F2, 0x26F3},   {0x26F5, 0x26F5},   {0x26FA, 0x26FA},   {0x26FD, 0x26FD},
    {0x2705, 0x2705},   {0x270A, 0x270B},   {0x2728, 0x2728},   {0x274C, 0x274C},
    {0x274E, 0x274E},   {0x2753, 0x2755},   {0x2757, 0x2757},   {0x2795, 0x2797},
    {0x27B0, 0x27B0},   {0x27BF, 0x27BF},   {0x2B1B, 0x2B1C},   {0x2B50, 0x2B50},
    {0x2B55, 0x2B55},   {0x2E80, 0x303E},   {0x3041, 0x33FF},   {0x3400, 0x4DBF},
    {0x4E00, 0x9FFF},   {0xA000, 0xA4CF},   {0xA960, 0xA97C},   {0xAC00, 0xD7A3},
    {0xF900, 0xFAFF},   {0xFE10, 0xFE19},   {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},
    {0xFFE0, 0xFFE6},   {0x16FE0, 0x18CFF}, {0x1AFF0, 0x1B2FF}, {0x1F004, 0x1F004},
    {0x1F0CF, 0x1F0CF}, {0x1F18E, 0x1F18E}, {0x1F191, 0x1F19A}, {0x1F200, 0x1F265},
    {0x1F300, 0x1F320}, {0x1F32D, 0x1F335}, {0x1F337, 0x1F37C}, {0x1F37E, 0x1F393},
    {0x1F3A0, 0x1F3CA}, {0x1F3CF, 0x1F3D3}, {0x1F3E0, 0x1F3F0}, {0x1F3F4, 0x1F3F4},
    {0x1F3F8, 0x1F43E}, {0x1F440, 0x1F440}, {0x1F442, 0x1F4FC}, {0x1F4FF, 0x1F53D},
    {0x1F54B, 0x1F54E}, {0x1F550, 0x1F567}, {0x1F57A, 0x1F57A}, {0x1F595, 0x1F596},
    {0x1F5A4, 0x1F5A4}, {0x1F5FB, 0x1F64F}, {0x1F680, 0x1F6C5}, {0x1F6CC, 0x1F6CC},
    {0x1F6D0, 0x1F6D7}, {0x1F6DC, 0x1F6DF}, {0x1F6EB, 0x1F6EC}, {0x1F6F4, 0x1F6FC},
    {0x1F7E0, 0x1F7F0}, {0x1F90C, 0x1F93A}, {0x1F93C, 0x1F945}, {0x1F947, 0x1F9FF},
    {0x1FA70, 0x1FAFF}, {0x20000, 0x3FFFD},
};

static bool in_ranges(const struct range *ranges, size_t n, uint32_t code)
{
    size_t low = 0, high = n;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (code > ranges[middle].last)
            low = middle + 1;
        else
            high = middle;
    }
    return low < n && code >= ranges[low].first;
}

#define IN_RANGES(ranges, code) in_ranges(ranges, sizeof(ranges) / sizeof *(ranges), code)

static int code_columns(uint32_t code)
{
    if (code < 0x300)
        return 1;
    if (IN_RANGES(zero_width, code))
        return 0;
    return IN_RANGES(two_wide, code) ? 2 : 1;
}

/* What stands for a glyph where only ASCII can be shown. */
static const struct {
    uint32_t code;
    char plain;
} plain_glyphs[] = {
    {0xB0, 'o'},   {0xB1, '~'},   {0xB2, '2'},    {0xB7, '.'},    {0xD7, 'x'},   {0xF7, '/'},
    {0x2013, '-'}, {0x2014, '-'}, {0x2018, '\''}, {0x2019, '\''}, {0x201C, '"'}, {0x201D, '"'},
    {0x2020, '+'}, {0x2022, '*'}, {0x2026, '~'},  {0x2039, '<'},  {0x203A, '>'}, {0x2190, '<'},
    {0x2191, '^'}, {0x2192, '>'}, {0x2193, 'v'},  {0x2194, '-'},  {0x2212, '-'}, {0x221E, '8'},
    {0x2248, '~'}, {0x2260, '#'}, {0x2264, '<'},  {0x2265, '>'},  {0x22EE, ':'}, {0x22EF, '.'},
    {0x2500, '-'}, {0x2501, '='}, {0x2502, '|'},  {0x2503, '|'},  {0x2504, '-'}, {0x2506, '|'},
    {0x2508, '-'}, {0x250A, '|'}, {0x254C, '-'},  {0x2550, '='},  {0x2551, '|'}, {0x2581, '_'},
    {0x2582, '.'}, {0x2583, '-'}, {0x2584, '-'},  {0x2585, '='},  {0x2586, '*'}, {0x2587, '#'},
    {0x2588, '#'}, {0x2591, '.'}, {0x2592, ':'},  {0x2593, '%'},  {0x25A0, '#'}, {0x25A1, 'o'},
    {0x25B2, '^'}, {0x25B3, '^'}, {0x25B4, '^'},  {0x25B6, '>'},  {0x25B7, '>'}, {0x25B8, '>'},
    {0x25BC, 'v'}, {0x25BE, 'v'}, {0x25C0, '<'},  {0x25C2, '<'},  {0x25C6, '*'}, {0x25CB, 'o'},
    {0x25CF, '*'}, {0x25D0, 'o'}, {0x2605, '*'},  {0x2606, '*'},  {0x2713, '+'}, {0x2714, '+'},
    {0x2717, 'x'}, {0x2718, 'x'}, {0x23F8, '='},  {0x23F5, '>'},  {0x23F9, '#'}, {0x2016, '='},
};

/* Latin letters with their accents taken off, from U+00C0. */
static const char latin_plain[] =
    "AAAAAAACEEEEIIIIDNOOOOOxOUUUUYTsaaaaaaaceeeeiiiidnooooo/ouuuuyty";

static uint32_t plain_code(uint32_t code)
{
    if (code < 0x80)
        return code;
    if (code >= 0x2509 && code <= 0x256C && code != 0x2550 && code != 0x2551 && code != 0x250A)
        return '+'; /* corners and crossings */
    for (size_t i = 0; i < sizeof plain_glyphs / sizeof *plain_glyphs; i++)
        if (plain_glyphs[i].code == code)
            return (unsigned char)plain_glyphs[i].plain;
    if (code >= 0xC0 && code < 0x100)
        return (unsigned char)latin_plain[code - 0xC0];
    if (code >= 0x2800 && code < 0x2900)
        return '*';
    return '?';
}

/* Text from anywhere: control characters and bidi overrides never become a cell. */
static bool is_unsafe(uint32_t code)
{
    return code < 0x20 || (code >= 0x7F && code < 0xA0) || code == 0xFFFD ||
           (code >= 0x2028 && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069) ||
           (code >= 0xD800 && code < 0xE000) || code > 0x10FFFF;
}

static enum glyphs glyphs_now = GLYPHS_BRAILLE;

void glyphs_set(enum glyphs g)
{
    if ((unsigned)g < GLYPHS_N)
        glyphs_now = g;
}

enum glyphs glyphs_get(void)
{
    return glyphs_now;
}

int text_columns(const char *utf8)
{
    int columns = 0, n;
    uint32_t code;
    for (; (n = text_utf8_next(utf8, &code)) > 0; utf8 += n)
        columns += is_unsafe(code) ? 1 : code_columns(code);
    return columns;
}

/* ---- the grid ---------------------------------------------------------------------------- */

static const struct cell blank_cell = {' ', PAINT_TEXT, 0};

bool frame_resize(struct frame *f, int rows, int cols)
{
    if (rows < 0 || cols < 0 || rows > 10000 || cols > 10000)
        rows = cols = 0;
    if (f->cells && f->rows == rows && f->cols == cols) {
        frame_clear(f);
        return true;
    }
    frame_free(f);
    f->cells = mem_alloc((size_t)rows * (size_t)cols, sizeof *f->cells);
    if (!f->cells)
        return false;
    f->rows = rows;
    f->cols = cols;
    frame_clear(f);
    return true;
}

void frame_free(struct frame *f)
{
    mem_free(f->cells);
    *f = (struct frame){.cursor_row = -1, .cursor_col = -1};
}

void frame_clear(struct frame *f)
{
    size_t n = (size_t)f->rows * (size_t)f->cols;
    for (size_t i = 0; i < n; i++)
        f->cells[i] = blank_cell;
    f->cursor_row = f->cursor_col = -1;
}

struct rect frame_rect(const struct frame *f)
{
    return (struct rect){0, 0, f->rows, f->cols};
}

static bool inside(const struct frame *f, int row, int col)
{
    return row >= 0 && row < f->rows && col >= 0 && col < f->cols;
}

/* Before a cell is overwritten: the other half of a wide character becomes a blank. */
static void split_wide(struct frame *f, int row, int col)
{
    struct cell *c = &f->cells[(size_t)row * (size_t)f->cols + (size_t)col];
    if (c->code == 0 && col > 0)
        c[-1].code = ' ';
    if (col + 1 < f->cols && c[1].code == 0)
        c[1].code = ' ';
}

/* One character that is as wide as `width` says; halves that would stick out become blanks. */
static void set_cell(struct frame *f, int row, int col, enum paint paint, int attr, uint32_t code,
                     int width)
{
    bool left = inside(f, row, col), right = width == 2 && inside(f, row, col + 1);
    struct cell cell = {code, (uint8_t)paint, (uint8_t)attr};
    if (width == 2 && !(left && right))
        cell.code = ' ';
    if (left) {
        split_wide(f, row, col);
        f->cells[(size_t)row * (size_t)f->cols + (size_t)col] = cell;
    }
    if (right) {
        split_wide(f, row, col + 1);
        if (left)
            cell.code = 0;
        f->cells[(size_t)row * (size_t)f->cols + (size_t)col + 1] = cell;
    }
}

/* Width and shape of a character in the present tier. */
static int shape(uint32_t *code)
{
    if (is_unsafe(*code))
        *code = '?';
    int width = code_columns(*code);
    if (glyphs_now == GLYPHS_ASCII && *code >= 0x80)
        *code = plain_code(*code);
    return width;
}

void frame_put_code(struct frame *f, int row, int col, enum paint paint, int attr, uint32_t code)
{
    int width = shape(&code);
    if (width == 0)
        return;
    set_cell(f, row, col, paint, attr, code, code < 0x80 ? 1 : width);
}

/* ---- text -------------------------------------------------------------------------------- */

/* A wide character in ASCII is '?' twice, so that columns do not depend on the tier. */
static void put_shaped(struct frame *f, int row, int col, enum paint paint, int attr, uint32_t code,
                       int width)
{
    if (width == 2 && code < 0x80) {
        set_cell(f, row, col, paint, attr, code, 1);
        col++;
        width = 1;
    }
    set_cell(f, row, col, paint, attr, code, width);
}

int frame_put(struct frame *f, int row, int col, int max_cols, enum paint paint, int attr,
              const char *utf8)
{
    if (col < f->cols && max_cols > f->cols - col)
        max_cols = f->cols - col;
    if (max_cols <= 0 || col >= f->cols)
        return 0;
    bool cut = text_columns(utf8) > max_cols;
    int room = cut ? max_cols - 1 : max_cols, used = 0, n;
    uint32_t code;
    for (; (n = text_utf8_next(utf8, &code)) > 0; utf8 += n) {
        int width = shape(&code);
        if (width == 0)
            continue; /* a mark on the character before: a cell has one character only */
        if (used + width > room)
            break;
        put_shaped(f, row, col + used, paint, attr, code, width);
        used += width;
    }
    if (!cut)
        return used;
    for (; used < room; used++) /* half of a wide character is missing */
        frame_put_code(f, row, col + used, paint, attr, ' ');
    frame_put_code(f, row, col + used, paint, attr, 0x2026);
    return used + 1;
}

int frame_putf(struct frame *f, int row, int col, int max_cols, enum paint paint, int attr,
               const char *fmt, ...)
{
    va_list args;
    char buffer[1024];
    va_start(args, fmt);
    int n = vsnprintf(buffer, sizeof buffer, fmt, args);
    va_end(args);
    return n < 0 ? 0 : frame_put(f, row, col, max_cols, paint, attr, buffer);
}

int frame_put_right(struct frame *f, int row, int right_col, int max_cols, enum paint paint,
                    int attr, const char *utf8)
{
    int columns = text_columns(utf8);
    if (columns > max_cols)
        columns = max_cols;
    return frame_put(f, row, right_col - columns, columns, paint, attr, utf8);
}

void frame_fill(struct frame *f, struct rect r, enum paint paint, int attr, uint32_t code)
{
    int width = shape(&code);
    if (width != 1)
        code = ' ';
    int top = r.row > 0 ? r.row : 0, left = r.col > 0 ? r.col : 0;
    for (int row = top; row < r.row + r.rows && row < f->rows; row++)
        for (int col = left; col < r.col + r.cols && col < f->cols; col++)
            set_cell(f, row, col, paint, attr, code, 1);
}

void frame_rule(struct frame *f, int row, int col, int cols, const char *title)
{
    frame_fill(f, (struct rect){row, col, 1, cols}, PAINT_RULE, 0, 0x2500);
    int room = cols - 5; /* two dashes and a blank before, a blank and a dash behind */
    if (!title || !*title || room < 1)
        return;
    int used = frame_put(f, row, col + 3, room, PAINT_TITLE, 0, title);
    frame_put_code(f, row, col + 2, PAINT_TEXT, 0, ' ');
    frame_put_code(f, row, col + 3 + used, PAINT_TEXT, 0, ' ');
}

/* ---- dumps ------------------------------------------------------------------------------- */

static void dump_row(const struct frame *f, int row, struct text *out)
{
    const struct cell *cells = f->cells + (size_t)row * (size_t)f->cols;
    int end = f->cols;
    char utf8[5];
    while (end > 0 && cells[end - 1].code == ' ')
        end--;
    for (int col = 0; col < end; col++)
        if (cells[col].code) {
            int n = text_utf8_put(cells[col].code, utf8);
            text_append_n(out, utf8, (size_t)n);
        }
    text_append_char(out, '\n');
}

static void dump_run(const struct cell *c, int row, int col, int n, struct text *out)
{
    static const char *const attr_names[] = {"bold", "reverse", "underline", "dim"};
    text_appendf(out, "%d:%d+%d %s", row, col, n, paint_name((enum paint)c->paint));
    for (int i = 0; i < 4; i++)
        if (c->attr & (1 << i))
            text_appendf(out, " %s", attr_names[i]);
    text_append_char(out, '\n');
}

static void dump_roles(const struct frame *f, int row, struct text *out)
{
    const struct cell *cells = f->cells + (size_t)row * (size_t)f->cols;
    for (int col = 0, next; col < f->cols; col = next) {
        for (next = col + 1; next < f->cols; next++)
            if (cells[next].paint != cells[col].paint || cells[next].attr != cells[col].attr)
                break;
        if (cells[col].paint != PAINT_TEXT || cells[col].attr)
            dump_run(&cells[col], row, col, next - col, out);
    }
}

void frame_dump(const struct frame *f, bool with_roles, struct text *out)
{
    for (int row = 0; row < f->rows; row++)
        dump_row(f, row, out);
    if (!with_roles)
        return;
    text_append(out, "roles: row:column+cells role attributes\n");
    for (int row = 0; row < f->rows; row++)
        dump_roles(f, row, out);
}
