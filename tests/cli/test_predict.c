/* If this fails, new rows are not labelled as the network in the weights file would label them, or
 * bad tables are taken without a word. Runs the real program. */
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../support/spawn.h"
#include "saved_network.h"
#include "tiller/engine.h"

static char folder[64];

static const char *in_folder(const char *name)
{
    static char path[8][128];
    static int next;
    char *out = path[next++ % 8];
    assert_true(file_join(out, 128, folder, name));
    return out;
}

static void write_text(const char *name, const char *text)
{
    struct err_info info = {0};
    if (file_write_atomic(in_folder(name), text, strlen(text), &info) != ERR_OK)
        fail_msg("%s", info.detail);
}

static int run(struct spawned *s, const char *const *words)
{
    const char *argv[16] = {spawn_tiller()};
    for (int i = 0; words[i]; i++)
        argv[i + 1] = words[i];
    return spawn_run(s, argv, NULL, 120);
}
#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void run_well(struct spawned *s, const char *const *words)
{
    if (run(s, words) != 0)
        fail_msg("%s: %s", words[0], text_get(&s->err));
}

/* Four kinds of colour, and rows enough to split; the label is what the size says. */
static void write_colours(const char *name, int n, const char *const *classes, int n_classes)
{
    static const char *const colours[] = {"red", "green", "blue", ""};
    struct text t = {0};
    text_append(&t, "size,colour,class\n");
    for (int i = 0; i < n; i++)
        text_appendf(&t, "%d.5,%s,%s\n", i % 23, colours[i % 4], classes[i % 23 % n_classes]);
    write_text(name, text_get(&t));
    text_free(&t);
}

static void write_prices(const char *name)
{
    struct text t = {0};
    text_append(&t, "metres,price\n");
    for (int i = 0; i < 300; i++)
        text_appendf(&t, "%d,%d.5\n", i, 1000 + 30 * i);
    write_text(name, text_get(&t));
    text_free(&t);
}

static char *read_table(const char *path)
{
    char *bytes;
    size_t n;
    assert_int_equal(file_read(path, 1 << 24, &bytes, &n, NULL), ERR_OK);
    return bytes;
}

static const char *const plain_classes[] = {"yes", "no"};
/* As they stand in the table, and as they stand in a CSV header of predictions. */
static const char *const odd_classes[] = {"\"a,b\"", "\"say \"\"hi\"\"\"", "tab\there"};
static const char odd_header[] = "row,prediction,\"p_a,b\",\"p_say \"\"hi\"\"\",p_tab?here\n";

static int set_up(void **state)
{
    (void)state;
    static const char *const names[] = {"vowel", "colours", "odd", "prices"};
    net_init();
    if (!spawn_make_folder(folder))
        return -1;
    char *vowel = read_table("data/vowel.csv");
    write_text("vowel.csv", vowel);
    mem_free(vowel);
    write_colours("colours.csv", 230, plain_classes, 2);
    write_colours("odd.csv", 230, odd_classes, 3);
    write_prices("prices.csv");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char table[32], weights[32];
        struct net_config c = net_config_reference();
        c.units = 16;
        c.learning_rate = 0.01;
        text_format(table, sizeof table, "%s.csv", names[i]);
        text_format(weights, sizeof weights, "%s.safetensors", names[i]);
        struct data_set *set = saved_open_set(in_folder(table));
        saved_network(set, &c, 20, in_folder(weights));
        data_free(set);
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    spawn_remove_folder(folder);
    return 0;
}

/* ---- a table of CSV ---------------------------------------------------------------------- */

/* Field i of a line, without quotes; only for tables that have none. */
static const char *field(const char *line, int i)
{
    static char out[64];
    for (; i > 0; i--)
        line += strcspn(line, ",\n") + 1;
    text_format(out, sizeof out, "%.*s", (int)strcspn(line, ",\n"), line);
    return out;
}

static const char *next_line(const char *line)
{
    return line + strcspn(line, "\n") + 1;
}

/* What the network says of a set's parts, which were encoded with the set: rows, the sum of one
 * figure over them, and how many are right. */
static void judge(const char *weights, const char *table, double *rows, double *sum, double *right)
{
    struct data_set *set = saved_open_set(table);
    struct training *t = saved_restore(weights);
    *rows = *sum = *right = 0;
    for (int p = 0; p < DATA_N_PARTS; p++) {
        struct net_rows part = net_rows_of(set, (enum data_part_id)p);
        struct net_metrics m;
        assert_int_equal(net_evaluate(t, &part, &m, NULL, NULL), ERR_OK);
        *rows += part.n_rows;
        *sum += part.n_rows * (set->task == DATA_REGRESSION ? m.mae : m.loss);
        *right += part.n_rows * m.accuracy;
    }
    net_free(t);
    data_free(set);
}

/* The rows of the training table, labelled again: as many are right, and with the same
 * probabilities, as the network has when it judges the set. */
static void labels_are_the_network_s(void **state)
{
    (void)state;
    struct spawned s;
    double rows, loss, right, seen = 0, seen_right = 0, seen_loss = 0;
    judge(in_folder("vowel.safetensors"), in_folder("vowel.csv"), &rows, &loss, &right);
    run_well(&s, WORDS("predict", in_folder("vowel.safetensors"), in_folder("vowel.csv")));
    char *table = read_table(in_folder("vowel.csv"));
    const char *header = text_get(&s.out), *truth = next_line(table);
    for (const char *line = next_line(header); *line; line = next_line(line)) {
        char class[16];
        text_copy(class, sizeof class, field(truth, 9));
        double sum = 0, top = 0, p = 0;
        assert_int_equal(atoi(field(line, 0)), (int)++seen);
        seen_right += strcmp(field(line, 1), class) == 0;
        for (int c = 2; c < 13; c++) {
            double value = atof(field(line, c));
            sum += value;
            top = fmax(top, value);
            if (strcmp(field(header, c) + 2, class) == 0)
                p = value;
            if (strcmp(field(header, c) + 2, field(line, 1)) == 0)
                assert_true(value >= top);
        }
        assert_true(fabs(sum - 1) < 1e-4);
        seen_loss -= log(p);
        truth = next_line(truth);
    }
    assert_true(seen == rows && *truth == 0);
    assert_true(fabs(seen_right - right) < 1e-6 && right > rows / 4);
    assert_true(fabs(seen_loss - loss) < 1e-4 * loss);
    mem_free(table);
    spawn_free(&s);
}

static void numbers_have_the_label_s_own_units(void **state)
{
    (void)state;
    struct spawned s;
    double rows, errors, right, seen = 0, seen_errors = 0;
    judge(in_folder("prices.safetensors"), in_folder("prices.csv"), &rows, &errors, &right);
    run_well(&s, WORDS("predict", in_folder("prices.safetensors"), in_folder("prices.csv")));
    assert_int_equal(strncmp(text_get(&s.out), "row,prediction\n1,", 17), 0);
    for (const char *line = next_line(text_get(&s.out)); *line; line = next_line(line)) {
        seen_errors += fabs(atof(field(line, 1)) - (1000.5 + 30 * seen));
        seen++;
    }
    assert_true(seen == rows && seen_errors > 0);
    assert_true(fabs(seen_errors - errors) < 1e-4 * errors);
    spawn_free(&s);
}

/* ---- other tables ------------------------------------------------------------------------ */

/* The same answers, whatever the columns' order, with or without the label, and with others. */
static void columns_are_found_by_name(void **state)
{
    (void)state;
    static const char *const tables[] = {
        "size,colour\n3.5,red\n20.5,blue\n,green\n",
        "colour,size\nred,3.5\nblue,20.5\ngreen,\n",
        "name,colour,class,size\nA,red,never seen,3.5\nB,blue,,20.5\nC,green,,\n",
    };
    char *first = NULL;
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        struct spawned s;
        write_text("new.csv", tables[i]);
        run_well(&s, WORDS("predict", in_folder("colours.safetensors"), in_folder("new.csv")));
        assert_int_equal(s.err.length, 0);
        if (!first)
            first = mem_dup_text(text_get(&s.out));
        assert_string_equal(text_get(&s.out), first);
        spawn_free(&s);
    }
    assert_non_null(strstr(first, "\n3,"));
    assert_null(strstr(first, "\n4,"));
    mem_free(first);
}

static void an_unknown_category_is_noted_or_refused(void **state)
{
    (void)state;
    struct spawned s;
    write_text("new.csv", "size,colour\n3.5,red\n4.5,mauve\n5.5,\x1b[31mpink\n");
    run_well(&s, WORDS("predict", in_folder("colours.safetensors"), in_folder("new.csv")));
    assert_string_equal(text_get(&s.err),
                        "2 fields hold categories that the training rows did not have; first: "
                        "line 3, colour: 'mauve'\n");
    assert_non_null(strstr(text_get(&s.out), "\n3,"));
    spawn_free(&s);
    write_text("new.csv", "size,colour\n3.5,red\n5.5,\x1b[31mpink\n");
    run_well(&s, WORDS("predict", in_folder("colours.safetensors"), in_folder("new.csv")));
    assert_int_equal(strncmp(text_get(&s.err), "1 field holds a category ", 25), 0);
    assert_null(strchr(text_get(&s.err), '\x1b'));
    spawn_free(&s);
    assert_int_equal(run(&s, WORDS("predict", in_folder("colours.safetensors"),
                                   in_folder("new.csv"), "--strict")),
                     2);
    assert_non_null(strstr(text_get(&s.err), "new.csv:3"));
    assert_int_equal(s.out.length, 0);
    spawn_free(&s);
}

static void names_are_quoted_and_harmless(void **state)
{
    (void)state;
    struct spawned s;
    run_well(&s, WORDS("predict", in_folder("odd.safetensors"), in_folder("odd.csv")));
    assert_int_equal(strncmp(text_get(&s.out), odd_header, sizeof odd_header - 1), 0);
    assert_null(strchr(text_get(&s.out), '\t'));
    assert_non_null(strstr(text_get(&s.out), ",\"a,b\","));
    spawn_free(&s);
}

/* As the part of the set lies in memory, which was encoded from the same fields. */
static void the_encoded_rows_are_the_set_s(void **state)
{
    (void)state;
    struct spawned s;
    char *bytes, *table;
    size_t n, matched = 0;
    run_well(&s, WORDS("predict", in_folder("colours.safetensors"), in_folder("colours.csv"),
                       "--out", in_folder("out.csv"), "--inputs", in_folder("in.f32")));
    assert_int_equal(s.out.length, 0);
    spawn_free(&s);
    run_well(&s, WORDS("predict", in_folder("colours.safetensors"), in_folder("colours.csv")));
    table = read_table(in_folder("out.csv"));
    assert_string_equal(text_get(&s.out), table);
    assert_int_equal(file_read(in_folder("in.f32"), 1 << 24, &bytes, &n, NULL), ERR_OK);
    struct data_set *set = saved_open_set(in_folder("colours.csv"));
    size_t row = (size_t)set->n_inputs * sizeof(float);
    assert_int_equal(n, 230 * row);
    for (int32_t i = 0; i < set->part[DATA_TEST].n_rows; i++)
        for (size_t k = 0; k < 230; k++)
            if (memcmp(set->part[DATA_TEST].x + i * set->n_inputs, bytes + k * row, row) == 0) {
                matched++;
                break;
            }
    assert_int_equal(matched, set->part[DATA_TEST].n_rows);
    data_free(set);
    mem_free(bytes);
    mem_free(table);
    spawn_free(&s);
}

/* The figures that the network has on these rows by the set's own reading. */
static void scores_are_the_network_s(void **state)
{
    (void)state;
    struct spawned s;
    double rows, loss, right, said_accuracy = 0, said_loss = 0;
    judge(in_folder("vowel.safetensors"), in_folder("vowel.csv"), &rows, &loss, &right);
    run_well(&s, WORDS("predict", in_folder("vowel.safetensors"), in_folder("vowel.csv"), "--score",
                       "--out", in_folder("out.csv")));
    assert_int_equal(sscanf(text_get(&s.err),
                            "990 of 990 rows have a label:  loss %lf  accuracy %lf", &said_loss,
                            &said_accuracy),
                     2);
    assert_true(fabs(said_loss - loss / rows) < 1e-3 * loss / rows);
    assert_true(fabs(said_accuracy - right / rows) < 1e-3);
    spawn_free(&s);
    write_text("new.csv", "metres,price\n1,1030.5\n2,\n3,none\n100,4000.5\n");
    run_well(&s,
             WORDS("predict", in_folder("prices.safetensors"), in_folder("new.csv"), "--score"));
    assert_int_equal(strncmp(text_get(&s.err), "2 of 4 rows have a label:", 25), 0);
    assert_non_null(strstr(text_get(&s.err), "  mae "));
    spawn_free(&s);
    static const char *const unlabelled[][2] = {
        {"metres\n1\n2\n", "no label column 'price'"},
        {"metres,price\n1,\n2,none\n", "no row has a label"},
    };
    for (size_t i = 0; i < 2; i++) {
        write_text("new.csv", unlabelled[i][0]);
        assert_int_equal(run(&s, WORDS("predict", in_folder("prices.safetensors"),
                                       in_folder("new.csv"), "--score")),
                         2);
        assert_non_null(strstr(text_get(&s.err), unlabelled[i][1]));
        assert_int_equal(s.out.length, 0);
        spawn_free(&s);
    }
}

/* ---- what goes wrong --------------------------------------------------------------------- */

static void what_can_not_be_is_said_in_one_line(void **state)
{
    (void)state;
    static const struct {
        const char *weights, *table, *says[3];
    } rows[] = {
        {"colours.safetensors", "none.csv", {"none.csv"}},
        {"colours.safetensors", "short.csv", {"short.csv", "'colour'"}},
        {"colours.safetensors", "text.csv", {"text.csv:3", "big"}},
        {"colours.safetensors", "empty.csv", {"empty.csv", "empty"}},
        {"colours.safetensors", "colours.safetensors", {"colours.safetensors"}},
        {"none.safetensors", "colours.csv", {"none.safetensors"}},
        {"colours.csv", "colours.csv", {"colours.csv"}},
        {"cut.safetensors", "colours.csv", {"cut.safetensors"}},
        {"bare.safetensors", "colours.csv", {"bare.safetensors", "encoded"}},
        {"mixed.safetensors", "colours.csv", {"mixed.safetensors", "another"}},
    };
    struct data_set *set = saved_open_set(in_folder("colours.csv"));
    struct net_rows train = net_rows_of(set, DATA_TRAIN);
    struct net_config c = net_config_reference();
    struct training *t;
    struct text other = {0};
    char *bytes;
    size_t n;
    write_text("short.csv", "size,colours\n3.5,red\n");
    write_text("text.csv", "size,colour\n3.5,red\nbig,red\n");
    write_text("empty.csv", "");
    assert_int_equal(file_read(in_folder("colours.safetensors"), 1 << 24, &bytes, &n, NULL),
                     ERR_OK);
    assert_int_equal(file_write_atomic(in_folder("cut.safetensors"), bytes, n / 2, NULL), ERR_OK);
    mem_free(bytes);
    assert_int_equal(net_new(&c, &train, &t, NULL), ERR_OK);
    assert_int_equal(net_save_weights(t, in_folder("bare.safetensors"), NULL, NULL), ERR_OK);
    data_free(set);
    set = saved_open_set(in_folder("odd.csv"));
    text_append(&other, "{\"encoder\": ");
    data_put_encoder(set, &other);
    text_append(&other, "}");
    assert_int_equal(net_save_weights(t, in_folder("mixed.safetensors"), text_get(&other), NULL),
                     ERR_OK);
    text_free(&other);
    net_free(t);
    data_free(set);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct spawned s;
        int status = run(&s, WORDS("predict", in_folder(rows[i].weights), in_folder(rows[i].table),
                                   "--out", in_folder("never.csv")));
        const char *line = text_get(&s.err);
        if (status != 2 || strncmp(line, "tiller: ", 8) != 0 || *next_line(line) != 0)
            fail_msg("%s %s: status %d: %s", rows[i].weights, rows[i].table, status, line);
        for (int k = 0; k < 3 && rows[i].says[k]; k++)
            if (!strstr(line, rows[i].says[k]))
                fail_msg("'%s' is not in: %s", rows[i].says[k], line);
        assert_int_equal(s.out.length, 0);
        assert_false(file_exists(in_folder("never.csv")));
        spawn_free(&s);
    }
}

/* Far more rows than a pipe holds, and nobody who reads them. */
static void a_broken_pipe_ends_it_quietly(void **state)
{
    (void)state;
    struct spawned s;
    struct text t = {0};
    text_append(&t, "size,colour\n");
    for (int i = 0; i < 50000; i++)
        text_append(&t, "3.5,red\n");
    write_text("long.csv", text_get(&t));
    text_free(&t);
    const char *argv[] = {spawn_tiller(), "predict", in_folder("colours.safetensors"),
                          in_folder("long.csv"), NULL};
    assert_true(spawn_start(&s, argv, NULL));
    assert_true(spawn_wait_text(&s, "row,prediction", true, 60));
    close(s.out_fd);
    s.out_fd = -1;
    int status = spawn_finish(&s, 60);
    if (status != 128 + SIGPIPE && status != 1)
        fail_msg("status %d", status);
    assert_string_equal(text_get(&s.err), "");
    spawn_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(labels_are_the_network_s),
        cmocka_unit_test(numbers_have_the_label_s_own_units),
        cmocka_unit_test(columns_are_found_by_name),
        cmocka_unit_test(an_unknown_category_is_noted_or_refused),
        cmocka_unit_test(names_are_quoted_and_harmless),
        cmocka_unit_test(the_encoded_rows_are_the_set_s),
        cmocka_unit_test(scores_are_the_network_s),
        cmocka_unit_test(what_can_not_be_is_said_in_one_line),
        cmocka_unit_test(a_broken_pipe_ends_it_quietly),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
