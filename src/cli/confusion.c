/* confusion: the confusion matrix as text, in panels that fit a terminal. */
#include "train.h"

#include <stdio.h>

enum { SUMMARY_COLUMNS = 100, NAME_MAX_COLUMNS = 24 };

/* How the confusion matrix is laid out: cut into panels that are not too wide; class names longer
 * than a column stand at the rows only, with a number that the columns carry. */
struct matrix {
    const struct data_set *set;
    const int64_t *count; /* [n x n] */
    int n;                /* classes */
    bool numbered;
    int name, cell, panel; /* columns of a row's name, of a cell; cells in a panel */
};

static int decimals(int64_t n)
{
    return snprintf(NULL, 0, "%lld", (long long)n);
}

/* At most width characters of s, filled up with blanks before or behind. */
static void put_name(struct text *out, const char *s, int width, bool right)
{
    size_t bytes = 0;
    uint32_t code;
    int n = 0, step;
    while (n < width && (step = text_utf8_next(s + bytes, &code)) > 0) {
        bytes += (size_t)step;
        n++;
    }
    if (right)
        text_appendf(out, "%*s", width - n, "");
    text_append_n(out, s, bytes);
    if (!right)
        text_appendf(out, "%*s", width - n, "");
}

static int characters(const char *s)
{
    uint32_t code;
    int n = 0, step;
    for (; (step = text_utf8_next(s, &code)) > 0; s += step)
        n++;
    return n;
}

static struct matrix lay_out(const struct data_set *set, const int64_t *count)
{
    struct matrix m = {.set = set, .count = count, .n = set->n_classes};
    int64_t top = 1;
    int longest = 1;
    for (int i = 0; i < m.n * m.n; i++)
        top = count[i] > top ? count[i] : top;
    for (int c = 0; c < m.n; c++) {
        int length = characters(set->class_names[c]);
        longest = length > longest ? length : longest;
    }
    m.numbered = longest > 4;
    int heading = m.numbered ? decimals(m.n) : longest, widest = decimals(top);
    m.cell = (heading > widest ? heading : widest) + 2;
    m.name = longest < NAME_MAX_COLUMNS ? longest : NAME_MAX_COLUMNS;
    m.panel = (SUMMARY_COLUMNS - m.name - 6) / m.cell;
    return m;
}

static void put_heading(struct text *out, const struct matrix *m, int from, int to)
{
    text_appendf(out, "%*s", m->name + (m->numbered ? 6 : 2), "");
    for (int c = from; c < to; c++)
        if (m->numbered)
            text_appendf(out, "%*d", m->cell, c + 1);
        else
            put_name(out, m->set->class_names[c], m->cell, true);
    text_append_char(out, '\n');
}

static void put_row(struct text *out, const struct matrix *m, int truth, int from, int to)
{
    const int64_t *row = m->count + (size_t)truth * (size_t)m->n;
    if (m->numbered)
        text_appendf(out, "%4d", truth + 1);
    text_append(out, "  ");
    put_name(out, m->set->class_names[truth], m->name, false);
    for (int c = from; c < to; c++)
        if (row[c] > 0)
            text_appendf(out, "%*lld", m->cell, (long long)row[c]);
        else
            text_appendf(out, "%*s", m->cell, ".");
    text_append_char(out, '\n');
}

void train_put_confusion(struct text *out, const struct data_set *set, const int64_t *confusion)
{
    struct matrix m = lay_out(set, confusion);
    text_append(out, "\nconfusion matrix (rows: truth, columns: answer)\n");
    for (int from = 0; from < m.n; from += m.panel) {
        int to = from + m.panel < m.n ? from + m.panel : m.n;
        if (from > 0)
            text_append_char(out, '\n');
        put_heading(out, &m, from, to);
        for (int truth = 0; truth < m.n; truth++)
            put_row(out, &m, truth, from, to);
    }
}
