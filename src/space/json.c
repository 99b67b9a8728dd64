/* Spaces as JSON: Optuna's distributions both ways, and the `space` attribute of a study: the
 * distributions by name, where it applies with members more, which Optuna does not look at:
 *
 *   "held": 0.3        samplers leave it at this value (a choice: as it is typed)
 *   "fallback": 0.3    it is drawn, but begins with this value, not with the built-in space's
 *   "n_sampled": 2     samplers draw from the first two choices
 *
 * Without them nothing is held, as in the logs of the first release. */
#include "space/internal.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <string.h>

/* ---- Optuna's distributions -------------------------------------------------------------- */

static void put_number(struct text *out, const char *name, double value, bool integer)
{
    char number[32];
    text_double(number, sizeof number, value, !integer);
    text_appendf(out, "\"%s\": %s", name, number);
}

/* Without the closing brace, so that members can follow. */
static void open_distribution(const struct hyperparameter *h, struct text *out)
{
    if (h->kind == HYPER_CATEGORICAL) {
        text_append(out, "{\"name\": \"CategoricalDistribution\", \"attributes\": {\"choices\": [");
        for (int k = 0; k < h->n_choices; k++)
            text_appendf(out, "%s%s", k ? ", " : "", h->choice[k].json);
        text_append(out, "]}");
        return;
    }
    bool integer = h->kind == HYPER_INT;
    text_appendf(out, "{\"name\": \"%sDistribution\", \"attributes\": {\"log\": %s, \"step\": ",
                 integer ? "Int" : "Float", h->log ? "true" : "false");
    char step[32];
    if (integer)
        text_append(out, h->log ? "1"
                                : text_double(step, sizeof step, h->step > 0 ? h->step : 1, false));
    else
        text_append(out, h->step > 0 && !h->log ? text_double(step, sizeof step, h->step, true)
                                                : "null");
    text_append(out, ", ");
    put_number(out, "low", h->low, integer);
    text_append(out, ", ");
    put_number(out, "high", h->high, integer);
    text_append(out, "}");
}

void space_put_distribution(const struct space *space, int i, struct text *out)
{
    open_distribution(&space->h[i], out);
    text_append_char(out, '}');
}

struct distribution_form {
    const char *name;
    enum hyper_kind kind;
    bool log;
    const char *step; /* attribute that holds the step; NULL none */
};
static const struct distribution_form forms[] = {
    {"FloatDistribution", HYPER_FLOAT, false, "step"},
    {"IntDistribution", HYPER_INT, false, "step"},
    {"CategoricalDistribution", HYPER_CATEGORICAL, false, NULL},
    {"UniformDistribution", HYPER_FLOAT, false, NULL},
    {"LogUniformDistribution", HYPER_FLOAT, true, NULL},
    {"DiscreteUniformDistribution", HYPER_FLOAT, false, "q"},
    {"IntUniformDistribution", HYPER_INT, false, "step"},
    {"IntLogUniformDistribution", HYPER_INT, true, "step"},
};

static bool read_choice(const struct cJSON *item, struct hyper_choice *out)
{
    struct text json = {0};
    struct json_writer w;
    json_begin(&w, &json);
    json_put_item(&w, NULL, item);
    const char *plain = cJSON_IsString(item) ? item->valuestring : text_get(&json);
    bool fits = !json.failed && text_copy(out->json, sizeof out->json, text_get(&json)) &&
                strlen(plain) < sizeof out->text;
    text_sanitize(out->text, sizeof out->text, plain);
    text_free(&json);
    return fits;
}

static bool read_choices(const struct cJSON *attributes, struct hyperparameter *out)
{
    const struct cJSON *list = json_get(attributes, "choices"), *item;
    if (!cJSON_IsArray(list))
        return false;
    cJSON_ArrayForEach(item, list)
    {
        if (out->n_choices == SPACE_CHOICES_MAX || !read_choice(item, &out->choice[out->n_choices]))
            return false;
        out->n_choices++;
    }
    return out->n_choices > 0;
}

static bool read_range(const struct cJSON *attributes, const struct distribution_form *form,
                       struct hyperparameter *out)
{
    if (!json_get_number(attributes, "low", &out->low) ||
        !json_get_number(attributes, "high", &out->high) || !(out->low <= out->high))
        return false;
    out->log = form->log;
    json_get_bool(attributes, "log", &out->log);
    if (form->step)
        json_get_number(attributes, form->step, &out->step);
    out->fallback = out->low;
    return !out->log || out->low > 0;
}

/* Roles of foreign spaces are guessed from the names people use. */
static enum hyper_role guess_role(const char *name)
{
    static const struct {
        const char *name;
        enum hyper_role role;
    } rows[] = {
        {"learning_rate", ROLE_LEARNING_RATE},
        {"lr", ROLE_LEARNING_RATE},
        {"eta", ROLE_LEARNING_RATE},
        {"units", ROLE_UNITS},
        {"hidden_size", ROLE_UNITS},
        {"max_units", ROLE_UNITS},
        {"width", ROLE_UNITS},
        {"num_layers", ROLE_LAYERS},
        {"n_layers", ROLE_LAYERS},
        {"layers", ROLE_LAYERS},
        {"depth", ROLE_LAYERS},
        {"dropout", ROLE_DROPOUT},
        {"max_dropout", ROLE_DROPOUT},
        {"weight_decay", ROLE_DECAY},
        {"l2", ROLE_DECAY},
        {"batch_size", ROLE_BATCH},
        {"batch", ROLE_BATCH},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].name, name) == 0)
            return rows[i].role;
    return ROLE_NONE;
}

enum err space_read_distribution(const char *name, const struct cJSON *distribution,
                                 struct hyperparameter *out, struct err_info *info)
{
    memset(out, 0, sizeof *out);
    out->active_if = -1;
    if (strlen(name) >= sizeof out->name)
        return err_set(info, ERR_INPUT, name, NULL, "the name is too long");
    text_sanitize(out->name, sizeof out->name, name);
    const char *kind = json_get_string(distribution, "name");
    const struct cJSON *attributes = json_get(distribution, "attributes");
    for (size_t i = 0; kind && attributes && i < sizeof forms / sizeof *forms; i++) {
        if (strcmp(forms[i].name, kind) != 0)
            continue;
        out->kind = forms[i].kind;
        bool ok = out->kind == HYPER_CATEGORICAL ? read_choices(attributes, out)
                                                 : read_range(attributes, &forms[i], out);
        out->role = guess_role(out->name);
        return ok ? ERR_OK
                  : err_set(info, ERR_INPUT, name, NULL, "its %s can't be read", forms[i].name);
    }
    return err_set(info, ERR_INPUT, name, NULL, "unknown distribution '%s'", kind ? kind : "none");
}

bool space_read_external(const struct space *space, int i, const struct cJSON *item, double *out)
{
    const struct hyperparameter *h = &space->h[i];
    if (h->kind != HYPER_CATEGORICAL) {
        double value;
        bool ok = json_number(item, &value) && hyper_allows(h, value);
        if (ok)
            *out = value;
        return ok;
    }
    struct hyper_choice choice;
    if (!read_choice(item, &choice))
        return false;
    for (int k = 0; k < h->n_choices; k++) {
        if (strcmp(h->choice[k].json, choice.json) == 0) {
            *out = k;
            return true;
        }
    }
    return false;
}

void space_put_external(const struct space *space, int i, double internal, struct text *out)
{
    const struct hyperparameter *h = &space->h[i];
    char number[32];
    if (h->kind != HYPER_CATEGORICAL)
        text_append(out, text_double(number, sizeof number, internal, h->kind == HYPER_FLOAT));
    else
        text_append(out, h->choice[(int)internal].json);
}

/* ---- the space of a study ---------------------------------------------------------------- */

/* The row of the built-in space for h; NULL: it has no such name, or of another kind. */
static const struct hyperparameter *builtin_of(const struct hyperparameter *h)
{
    const struct space *base = space_builtin();
    int k = space_find(base, h->name);
    return k >= 0 && base->h[k].kind == h->kind ? &base->h[k] : NULL;
}

/* The built-in space's, brought into what is left of the range or the choices. */
static double usual_fallback(const struct hyperparameter *h, const struct hyperparameter *b)
{
    if (h->kind != HYPER_CATEGORICAL)
        return fmin(fmax(b->fallback, h->low), h->high);
    for (int c = 0; c < h->n_choices; c++)
        if (strcmp(h->choice[c].json, b->choice[(int)b->fallback].json) == 0)
            return c;
    return 0;
}

static void put_fallback(const struct hyperparameter *h, const char *name, struct text *out)
{
    struct json_writer w;
    if (h->kind != HYPER_CATEGORICAL) {
        text_append(out, ", ");
        put_number(out, name, h->fallback, h->kind == HYPER_INT);
        return;
    }
    text_appendf(out, ", \"%s\": ", name);
    json_begin(&w, out);
    json_put_string(&w, NULL, h->choice[(int)h->fallback].text);
}

void space_put_json(const struct space *space, struct text *out)
{
    text_append_char(out, '{');
    for (int i = 0; i < space->n; i++) {
        const struct hyperparameter *h = &space->h[i], *b = builtin_of(h);
        text_appendf(out, "%s\"%s\": ", i ? ", " : "", h->name);
        open_distribution(h, out);
        if (h->held)
            put_fallback(h, "held", out);
        else if (b && h->fallback != usual_fallback(h, b))
            put_fallback(h, "fallback", out);
        if (h->n_sampled > 0)
            text_appendf(out, ", \"n_sampled\": %d", h->n_sampled);
        text_append_char(out, '}');
    }
    text_append_char(out, '}');
}

/* The value as put_fallback writes it; false: none of h's. No allocation, so false means only that.
 */
static bool read_fallback(const struct hyperparameter *h, const struct cJSON *item, double *out)
{
    if (h->kind != HYPER_CATEGORICAL)
        return json_number(item, out) && hyper_allows(h, *out);
    for (int k = 0; k < h->n_choices && cJSON_IsString(item); k++) {
        if (strcmp(h->choice[k].text, item->valuestring) == 0) {
            *out = k;
            return true;
        }
    }
    return false;
}

static enum err read_extras(const struct cJSON *item, struct hyperparameter *h,
                            struct err_info *info)
{
    const struct cJSON *held = json_get(item, "held"), *sampled = json_get(item, "n_sampled");
    const struct cJSON *fallback = held ? held : json_get(item, "fallback");
    double n;
    if (fallback && !read_fallback(h, fallback, &h->fallback))
        return err_set(info, ERR_RANGE, h->name, NULL, "%s none of its values",
                       held ? "is held at" : "begins with");
    h->held = held != NULL;
    if (!sampled)
        return ERR_OK;
    if (!json_number(sampled, &n) || !(n >= 1 && n <= h->n_choices) || n != floor(n))
        return err_set(info, ERR_RANGE, h->name, NULL, "n_sampled is no number of its choices");
    h->n_sampled = (int)n;
    return ERR_OK;
}

/* A known name with the same kind takes role, sentence, fallback and condition from our own space.
 */
static void adopt_builtin(struct space *space)
{
    const struct space *base = space_builtin();
    for (int i = 0; i < space->n; i++) {
        struct hyperparameter *h = &space->h[i];
        const struct hyperparameter *b = builtin_of(h);
        if (!b)
            continue;
        h->role = b->role;
        memcpy(h->about, b->about, sizeof h->about);
        h->fallback = usual_fallback(h, b);
        if (b->active_if < 0)
            continue;
        int on = space_find(space, base->h[b->active_if].name);
        if (on < 0)
            continue;
        /* Off for good unless one of the wanted choices is still there. */
        h->active_if = on;
        h->active_choices =
            space_same_choices(&base->h[b->active_if], b->active_choices, &space->h[on]);
    }
}

enum err space_read_json(const struct cJSON *object, struct space *out, struct err_info *info)
{
    memset(out, 0, sizeof *out);
    const struct cJSON *item;
    if (!cJSON_IsObject(object))
        return err_set(info, ERR_INPUT, "space", NULL, "is not an object");
    cJSON_ArrayForEach(item, object)
    {
        if (out->n == SPACE_MAX)
            return err_set(info, ERR_INPUT, "space", NULL, "more than %d hyperparameters",
                           SPACE_MAX);
        enum err err = space_read_distribution(item->string, item, &out->h[out->n], info);
        if (err != ERR_OK)
            return err;
        out->n++;
    }
    adopt_builtin(out);
    struct hyperparameter *h = out->h;
    enum err err = ERR_OK;
    for (item = object->child; item && err == ERR_OK; item = item->next)
        err = read_extras(item, h++, info);
    return err;
}
