/* Round numbers. Everything works in powers of ten times a short list of factors. */
#include "tui/axis.h"

#include "tui/plot.h"

#include <float.h>
#include <math.h>
#include <string.h>

double axis_place(const struct axis *a, double v)
{
    if (a->log)
        return (log10(v) - log10(a->low)) / (log10(a->high) - log10(a->low));
    return v / (a->high - a->low) - a->low / (a->high - a->low);
}

/* 1, 2 or 5 times a power of ten, the smallest that is >= raw. */
static double nice_step(double raw)
{
    double power = pow(10, floor(log10(raw)));
    static const double factor[] = {1, 2, 5, 10};
    for (size_t i = 0; i < 4; i++)
        if (factor[i] * power >= raw * (1 - 1e-9))
            return factor[i] * power;
    return 10 * power;
}

static double round_log(double v, bool up)
{
    static const double factor[] = {1, 1.5, 2, 3, 4, 5, 6, 8, 10};
    double power = pow(10, floor(log10(v)));
    double below = power;
    for (size_t i = 0; i < sizeof factor / sizeof *factor; i++) {
        double at = factor[i] * power;
        if (up && at >= v * (1 - 1e-9))
            return at;
        if (at <= v * (1 + 1e-9))
            below = at;
    }
    return up ? 10 * power : below;
}

static struct axis around_log(double low, double high)
{
    low = fmax(low, DBL_MIN); /* below, powers of ten are no longer exact */
    high = fmax(high, DBL_MIN);
    struct axis a = {round_log(low, false), round_log(high, true), true};
    if (!(a.low > 0) || !isfinite(a.low))
        a.low = low;
    if (!isfinite(a.high))
        a.high = high;
    if (!(a.high > a.low)) {
        a.low /= 2;
        a.high = a.high <= DBL_MAX / 2 ? a.high * 2 : DBL_MAX;
    }
    return a;
}

struct axis axis_around(double low, double high, bool log)
{
    if (log)
        return around_log(low, high);
    double span = high - low;
    if (!(span > 0))
        span = fabs(low) > 0 ? fabs(low) * 0.2 : 1;
    if (!isfinite(span)) /* -DBL_MAX .. DBL_MAX: keep it finite */
        return (struct axis){low / 4, high / 4, false};
    double step = nice_step(span / 5);
    struct axis a = {floor(low / step + 1e-9) * step, ceil(high / step - 1e-9) * step, false};
    if (!(a.high > a.low)) {
        a.low -= step;
        a.high += step;
    }
    if (!isfinite(a.low) || !isfinite(a.high) || !(a.high > a.low))
        return (struct axis){-1, 1, false};
    return a;
}

/* ---- ticks ------------------------------------------------------------------------------- */

static size_t linear_ticks(double low, double high, size_t max, double *out)
{
    double step = nice_step((high - low) / (double)(max > 1 ? max - 1 : 1));
    size_t n = 0;
    for (;;) {
        double first = ceil(low / step - 1e-9), last = floor(high / step + 1e-9);
        if (!isfinite(step) || !isfinite(first) || !isfinite(last))
            return 0;
        if (last - first + 1 <= (double)max) {
            for (size_t i = 0; i < max && first + (double)i <= last; i++) {
                double v = (first + (double)i) * step;
                if (n == 0 || v > out[n - 1]) /* steps may be finer than the numbers */
                    out[n++] = v == 0 ? 0 : v;
            }
            return n;
        }
        step = nice_step(step * 1.5);
    }
}

/* Ticks of the pattern in decades low..high, every `every`-th decade. Counts only if out is NULL.
 */
static size_t decade_ticks(double low, double high, const double *factor, size_t n_factors,
                           int every, size_t max, double *out)
{
    size_t n = 0;
    for (int d = (int)floor(log10(low)); d <= (int)floor(log10(high)); d++)
        for (size_t i = 0; i < n_factors; i++) {
            double v = factor[i] * pow(10, d);
            if (d % every != 0 || v < low * (1 - 1e-9) || v > high * (1 + 1e-9))
                continue;
            if (out && n < max)
                out[n] = v;
            n++;
        }
    return n;
}

static size_t log_ticks(double low, double high, size_t max, double *out)
{
    static const struct {
        double factor[9];
        size_t n;
    } pattern[] = {{{1, 1.5, 2, 3, 4, 5, 6, 7, 8}, 9},
                   {{1, 2, 3, 5}, 4},
                   {{1, 2, 5}, 3},
                   {{1, 3}, 2},
                   {{1}, 1}};
    size_t n_patterns = sizeof pattern / sizeof *pattern;
    for (size_t i = 0; i < n_patterns; i++) {
        size_t n = decade_ticks(low, high, pattern[i].factor, pattern[i].n, 1, 0, NULL);
        if (n <= max && n >= 1 && (n >= 2 || i > 0))
            return decade_ticks(low, high, pattern[i].factor, pattern[i].n, 1, max, out);
    }
    double one = 1;
    for (int every = 2; every < 700; every++)
        if (decade_ticks(low, high, &one, 1, every, 0, NULL) <= max)
            return decade_ticks(low, high, &one, 1, every, max, out);
    return 0;
}

size_t plot_ticks(double low, double high, bool log, size_t max, double *out)
{
    if (max == 0 || !isfinite(low) || !isfinite(high) || !(low < high) || (log && !(low > 0)))
        return 0;
    if (!log)
        return linear_ticks(low, high, max, out);
    size_t n = log_ticks(low, high, max, out);
    return n >= 2 || max < 2 ? n : linear_ticks(low, high, max, out);
}

const char *plot_tick_text(double value, double step, char *out, size_t out_size)
{
    double size = fabs(value), least = fabs(step);
    if (size >= 1e15 || (least > 0 && least < 1e-5))
        return value == 0 ? text_format(out, out_size, "0")
                          : text_format(out, out_size, "%.0e", value);
    static const struct {
        double unit;
        char letter;
    } units[] = {{1e12, 'T'}, {1e9, 'G'}, {1e6, 'M'}, {1e3, 'k'}};
    for (size_t i = 0; i < 4; i++)
        if (size >= 10 * units[i].unit || (size >= units[i].unit && fmod(size, units[i].unit) == 0))
            return text_format(out, out_size, "%.*g%c", 6, value / units[i].unit, units[i].letter);
    int decimals = 0;
    while (decimals < 6 && least > 0 &&
           fabs(least * pow(10, decimals) - round(least * pow(10, decimals))) >
               1e-6 * least * pow(10, decimals))
        decimals++;
    return text_format(out, out_size, "%.*f", decimals, value == 0 ? 0 : value);
}
