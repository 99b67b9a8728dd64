/* summary_knowledge: what a search knew before it began, what it took from there, what that cost.
 */
#include "session.h"

#include "tiller/meta.h"

#include <cjson/cJSON.h>
#include <string.h>

/* What was known: the newest event that says so; NULL none. */
static const struct study_event *knowledge_event(const struct study *study)
{
    for (size_t i = study->n_events; i-- > 0;)
        if (strcmp(study->events[i].what, "knowledge") == 0)
            return &study->events[i];
    return NULL;
}

/* The portfolio's entry that a trial is of, counted from 1 as its action does; 0: none. */
static int64_t entry_of(const struct trial *t)
{
    int64_t entry = 0;
    const char *number = strrchr(t->action, ' ');
    return move_find(t->action) == MOVE_PORTFOLIO && number && text_parse_int(number + 1, &entry)
               ? entry
               : 0;
}

static void put_entries(struct json_writer *w, const struct study *study)
{
    json_open(w, "portfolio", '[');
    for (size_t i = 0; i < study->n_trials; i++) {
        int64_t entry = entry_of(&study->trials[i]);
        if (entry == 0)
            continue;
        json_open(w, NULL, '{');
        json_put_int(w, "entry", entry);
        json_put_int(w, "trial", study->trials[i].number);
        json_close(w, '}');
    }
    json_close(w, ']');
}

void summary_put_knowledge(struct json_writer *w, const struct study *study)
{
    static const char *const members[] = {"say", "file", "own", "left_out", "tasks", "nearest"};
    const struct study_event *event = knowledge_event(study);
    struct cJSON *doc = NULL;
    if (!event || !event->json ||
        json_parse(event->json, strlen(event->json), "event", &doc, NULL) != ERR_OK) {
        json_put_null(w, "knowledge");
        return;
    }
    json_open(w, "knowledge", '{');
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        if (json_get(doc, members[i]))
            json_put_item(w, members[i], json_get(doc, members[i]));
    put_entries(w, study);
    json_close(w, '}');
    json_free(doc);
}

/* "portfolio entries tried: 2 as #0, 1 as #1" */
static void say_entries(const struct study *study, struct text *out)
{
    int n = 0;
    for (size_t i = 0; i < study->n_trials; i++) {
        int64_t entry = entry_of(&study->trials[i]);
        if (entry > 0)
            text_appendf(out, "%s%lld as #%lld",
                         n++ ? ", " : "portfolio entries tried: ", (long long)entry,
                         (long long)study->trials[i].number);
    }
    if (n > 0)
        text_append_char(out, '\n');
}

void summary_say_knowledge(const struct study *study, struct text *out)
{
    const struct study_event *event = knowledge_event(study);
    long long charged = (long long)study->epochs_charged;
    if (event)
        text_appendf(out, "%s\n", event->say);
    say_entries(study, out);
    if (charged > 0)
        text_appendf(out, "%lld of the epochs %s charged besides trainings\n", charged,
                     charged == 1 ? "was" : "were");
}
