/* If this fails, the tasks that shipped knowledge and pools are recorded on can't be opened, or are
 * too few or too much alike. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tiller/data.h"
#include "tiller/knowledge.h"

enum { TASKS_MAX = 200 };

struct list {
    char fingerprint[TASKS_MAX][33], family[TASKS_MAX][DATA_NAME_MAX];
    int n, n_families;
};

static void add(struct list *list, const char *typed)
{
    char path[512];
    struct data_options options = {0};
    struct data_set *set = NULL;
    struct err_info info = {0};
    int k = 0;
    if (data_find(typed, path, sizeof path, &options.variant, &info) != ERR_OK ||
        data_open(path, &options, &set, &info) != ERR_OK)
        fail_msg("%s: %s", typed, info.detail);
    assert_true(list->n < TASKS_MAX);
    for (int i = 0; i < list->n; i++)
        if (strcmp(list->fingerprint[i], set->fingerprint) == 0)
            fail_msg("%s is there twice", typed);
    while (k < list->n && strcmp(list->family[k], set->family) != 0)
        k++;
    list->n_families += k == list->n;
    text_copy(list->fingerprint[list->n], sizeof list->fingerprint[0], set->fingerprint);
    text_copy(list->family[list->n], sizeof list->family[0], set->family);
    list->n++;
    data_free(set);
}

static void read_list(const char *path, struct list *out)
{
    char *bytes, *rest = NULL;
    size_t n;
    struct err_info info;
    *out = (struct list){0};
    assert_int_equal(file_read(path, 1 << 20, &bytes, &n, &info), ERR_OK);
    for (char *line = strtok_r(bytes, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
        if (line[0] != '#')
            add(out, line);
    mem_free(bytes);
}

static void the_lists_are_many_tasks_of_many_families(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        int tasks, families;
    } rows[] = {{"data/knowledge/tasks.txt", 24, 8}, {"data/knowledge/pools.txt", 8, 6}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        static struct list list;
        read_list(rows[i].path, &list);
        print_message("%s: %d tasks of %d families\n", rows[i].path, list.n, list.n_families);
        assert_true(list.n >= rows[i].tasks && list.n_families >= rows[i].families);
    }
}

static void shipped_knowledge_is_of_many_tasks_and_small(void **state)
{
    static const char path[] = "data/knowledge/knowledge.json";
    struct knowledge *k;
    struct err_info info;
    char *bytes;
    size_t n;
    (void)state;
    assert_int_equal(file_read(path, 4 << 20, &bytes, &n, &info), ERR_OK);
    mem_free(bytes);
    assert_true(n < 3000000);
    if (knowledge_open(path, &k, &info) != ERR_OK)
        fail_msg("%s: %s", path, info.detail);
    assert_true(k->n_tasks >= 24 && k->n_families >= 8);
    for (int f = 0; f < k->n_families; f++) {
        assert_non_null(knowledge_advice(k, f));
        assert_int_equal(knowledge_advice(k, f)->left_out, f);
    }
    for (int t = 0; t < k->n_tasks; t++)
        assert_true(k->task[t].has_looks && k->task[t].is_shared);
    knowledge_free(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_lists_are_many_tasks_of_many_families),
        cmocka_unit_test(shipped_knowledge_is_of_many_tasks_and_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
