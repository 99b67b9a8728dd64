/* guess: roles from names, axes from how recorded values are spread.
 *
 * A table of curves says nothing of its space but the values drawn from it. Configurations were
 * drawn evenly on some axis; it is recognised by the Kolmogorov-Smirnov distance of the values from
 * the uniform distribution there. All guesses are shown (curve_table_describe). */
#include "guess.h"
#include "numbers.h"

#include <math.h>
#include <string.h>
#include <strings.h>

/* A range that spans less than this factor counts as linear without looking. */
static const double log_factor = 10;

static const struct {
    const char *word;
    enum hyper_role role;
} words[] = {
    {"learning_rate", ROLE_LEARNING_RATE},
    {"batch", ROLE_BATCH},
    {"dropout", ROLE_DROPOUT},
    {"weight_decay", ROLE_DECAY},
    {"l2", ROLE_DECAY},
    {"layers", ROLE_LAYERS},
    {"depth", ROLE_LAYERS},
    {"units", ROLE_UNITS},
    {"width", ROLE_UNITS},
    {"hidden", ROLE_UNITS},
};

enum hyper_role guess_role(const char *name)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcasestr(name, words[i].word))
            return words[i].role;
    return strcasecmp(name, "lr") == 0 ? ROLE_LEARNING_RATE : ROLE_NONE;
}

const char *role_name(enum hyper_role role)
{
    static const char *const names[] = {
        [ROLE_NONE] = "",           [ROLE_LEARNING_RATE] = "learning rate",
        [ROLE_UNITS] = "units",     [ROLE_LAYERS] = "layers",
        [ROLE_DROPOUT] = "dropout", [ROLE_DECAY] = "decay",
        [ROLE_BATCH] = "batch",
    };
    return (unsigned)role < sizeof names / sizeof *names ? names[role] : "";
}

static double identity(double x)
{
    return x;
}

static double complement_log(double x)
{
    return log(1 - x);
}

/* Largest distance between the sorted values' distribution on that axis and the uniform one. */
static double unevenness(const double *sorted, size_t n, double (*axis)(double))
{
    double first = axis(sorted[0]), span = axis(sorted[n - 1]) - first, worst = 0;
    for (size_t i = 0; i < n; i++) {
        double place = (axis(sorted[i]) - first) / span;
        worst = fmax(worst, fabs(place - ((double)i + 0.5) / (double)n));
    }
    return worst;
}

static bool all_whole(const double *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (values[i] != floor(values[i]) || fabs(values[i]) > 1e9)
            return false;
    return true;
}

enum err guess_hyperparameter(const char *name, double *values, size_t n,
                              struct hyperparameter *out, bool *complement, struct err_info *info)
{
    double *sorted = mem_alloc(n, sizeof *sorted);
    if (!sorted)
        return err_set_memory(info, name);
    memcpy(sorted, values, n * sizeof *sorted);
    numbers_sort(sorted, n);
    double low = sorted[0], high = sorted[n - 1], best = unevenness(sorted, n, identity);
    *complement = false;
    memset(out, 0, sizeof *out);
    if (low > 0 && high / low >= log_factor && unevenness(sorted, n, log) < best) {
        best = unevenness(sorted, n, log);
        out->log = true;
    }
    if (low < 1 && high < 1 && (1 - low) / (1 - high) >= log_factor &&
        unevenness(sorted, n, complement_log) < best)
        *complement = out->log = true;
    mem_free(sorted);
    for (size_t i = 0; i < n && *complement; i++)
        values[i] = 1 - values[i];
    text_format(out->name, sizeof out->name, "%s%s", *complement ? "1-" : "", name);
    out->role = guess_role(name);
    out->kind = all_whole(values, n) ? HYPER_INT : HYPER_FLOAT;
    out->step = out->kind == HYPER_INT ? 1 : 0;
    out->low = *complement ? 1 - high : low;
    out->high = *complement ? 1 - low : high;
    out->held = out->low == out->high;
    out->active_if = -1;
    return ERR_OK;
}
