/* race_known: the same knowledge that `tiller run` would use on the task: a file's, without the
 * task's own family unless it is asked for, then what the user's own studies have taught. Being
 * without it is no error where nobody has named the file, but is always said. */
#include "race_known.h"

#include "tiller/own.h"

#include <string.h>

enum err race_known_take(const struct race_known *known, struct race_guides *out,
                         struct err_info *info)
{
    *out = (struct race_guides){.said = known->said, .include_own = known->include_own};
    if (!text_copy(out->file, sizeof out->file, known->file ? known->file : "") ||
        !text_copy(out->own, sizeof out->own, known->own ? known->own : ""))
        return err_set(info, ERR_RANGE, "--knowledge", "use a shorter path", "is too long");
    return ERR_OK;
}

bool race_known_matters(const struct bench_method *method)
{
    return method->known != BENCH_NOTHING && (method->sampler->guided || method->pruner->chance);
}

/* Comes on top; without it the rest still holds. */
static enum err join_own(struct race_guides *g, const struct curve_task *task, struct text *note,
                         struct err_info *info)
{
    struct own_knowledge *own = NULL;
    struct err_info why = {0};
    int joined = 0, skipped = 0;
    bool leave = !g->include_own;
    enum err err = own_open(g->own, &own, &why);
    if (err == ERR_OK)
        err = own_join(own, leave ? task->family : NULL, leave ? task->fingerprint : NULL,
                       g->knowledge, &joined, &skipped);
    own_free(own);
    if (err == ERR_MEMORY)
        return err_set_memory(info, g->own);
    if (err != ERR_OK)
        text_appendf(note, "; %s: %s", why.where, why.detail);
    else if (joined > 0)
        text_appendf(note, ", %d stud%s of your own", joined, joined == 1 ? "y" : "ies");
    return ERR_OK;
}

static int tasks_used(const struct guidance *guidance)
{
    int n = 0;
    for (int i = 0; i < guidance->knowledge->n_tasks; i++)
        n += guidance->left_out < 0 || guidance->knowledge->task[i].family != guidance->left_out;
    return n;
}

/* Families are chosen before own studies are joined: the advice is the file's. */
static enum err open_file(struct race_guides *g, struct curve_table *table, struct text *note,
                          struct err_info *info)
{
    int dropped = 0;
    char count[48];
    const struct curve_task *task = &table->tasks[0];
    enum err err = knowledge_open(g->file, &g->knowledge, info);
    if (err == ERR_OK)
        err = bench_guides_new(g->knowledge, table, false, &g->guides, info);
    if (err == ERR_OK)
        err = bench_drop_known(table, g->knowledge, &dropped, info);
    if (err != ERR_OK)
        return err;
    enum bench_known kind = g->include_own ? BENCH_OWN : BENCH_OTHERS;
    const struct guidance *guidance = bench_guidance(g->guides, 0, kind);
    text_appendf(note, "knowledge of %s",
                 text_counted(count, sizeof count, tasks_used(guidance), "task"));
    if (guidance->left_out >= 0)
        text_appendf(note, ", the family %s left out", task->family);
    else if (g->include_own && knowledge_family(g->knowledge, task->family, task->fingerprint) >= 0)
        text_append(note, ", its own family included");
    return g->own[0] && file_exists(g->own) ? join_own(g, task, note, info) : ERR_OK;
}

enum err race_known_open(struct race_guides *g, struct curve_table *table, char *note,
                         size_t note_size, struct err_info *info)
{
    struct text say = {0};
    struct err_info why = {0};
    enum err err = ERR_OK;
    note[0] = 0;
    if (!g->file[0])
        return ERR_OK;
    if (!g->said && !file_exists(g->file))
        text_appendf(&say, "no knowledge is used: there is no %s", g->file);
    else
        err = open_file(g, table, &say, &why);
    if (err != ERR_OK && (g->said || err == ERR_MEMORY)) {
        *info = why;
    } else if (err != ERR_OK) {
        race_known_free(g);
        text_clear(&say);
        text_appendf(&say, "no knowledge is used: %s: %s", why.where, why.detail);
        err = ERR_OK;
    }
    text_sanitize(note, note_size, text_get(&say));
    text_free(&say);
    return err;
}

void race_known_free(struct race_guides *g)
{
    bench_guides_free(g->guides);
    knowledge_free(g->knowledge);
    g->guides = NULL;
    g->knowledge = NULL;
}

const struct guidance *race_known_guidance(const struct race_guides *g,
                                           const struct bench_method *method)
{
    bool own = method->known == BENCH_OTHERS && g->include_own;
    return bench_guidance(g->guides, 0, own ? BENCH_OWN : method->known);
}
