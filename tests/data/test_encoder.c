/* If this fails, a trained network is asked with other numbers than it was trained on, or what
 * stands in a weights file can do harm. */
#include "files.h"

#include <math.h>
#include <sys/stat.h>

enum { ROWS = 600 };

/* Levels that are hard to keep: bytes that are no UTF-8, backslashes, signs of JSON and CSV. */
static const char *const odd_levels[] = {
    "caf\xE9",  "caf\xE8", "a\\b", "\\xE9",   "\"two\nlines\"", "\"say \"\"hi\"\"\"",
    "\x01\x1F", "é",       " a",   "\"x,y\"", "\xEF\xBF\xBD",   "{}",
};
enum { N_ODD = sizeof odd_levels / sizeof *odd_levels };

/* The label stands in the middle; "word" has 130 levels, about 30 of them rare; "id" tells the
 * rows. */
static void make_table(struct text *csv)
{
    text_append(csv, "id,gap,\"the \\ class\",word,odd,flat,\n");
    for (int i = 0; i < ROWS; i++) {
        text_appendf(csv, "%d,", i);
        text_appendf(csv, i % 11 == 3 ? "NA," : i % 7 == 2 ? "," : "%.7g,", exp(i % 97 * 0.37) / 3);
        text_appendf(csv, "%s,w%d,", i % 3 ? "yes" : "no", i < 300 ? i % 30 : 100 + i % 100);
        text_appendf(csv, "%s,4,%d\n", i % 13 ? odd_levels[i % N_ODD] : "NA", i * i % 31);
    }
}

static struct data_options table_options(void)
{
    static const char *const words[] = {"NA"}, *const categorical[] = {"column 7"};
    return (struct data_options){.target = "the \\ class",
                                 .missing = words,
                                 .n_missing = 1,
                                 .categorical = categorical,
                                 .n_categorical = 1,
                                 .split_seed = UINT64_C(18446744073709551557)};
}

static struct data_set *open_table(const char **path)
{
    struct text csv = {0};
    struct data_options o = table_options();
    make_table(&csv);
    *path = files_write_text("table.csv", text_get(&csv));
    text_free(&csv);
    return files_open(*path, &o);
}

static char *encoder_text(const struct data_set *set)
{
    struct text json = {0};
    data_put_encoder(set, &json);
    assert_false(json.failed);
    return json.data;
}

static enum err read_encoder(const char *json, const char *where, struct data_encoder **out,
                             struct err_info *info)
{
    struct cJSON *doc;
    *out = NULL;
    enum err err = json_parse(json, strlen(json), where, &doc, info);
    if (err != ERR_OK)
        return err;
    err = data_encoder_read(doc, where, out, info);
    json_free(doc);
    return err;
}

static struct data_encoder *encoder_of(const struct data_set *set)
{
    struct data_encoder *e;
    struct err_info info = {0};
    char line[1024], *json = encoder_text(set);
    if (read_encoder(json, "w.safetensors", &e, &info) != ERR_OK)
        fail_msg("%s", err_format(&info, line, sizeof line));
    mem_free(json);
    return e;
}

static struct data_new_rows encode(const struct data_encoder *e, const char *path, bool strict)
{
    struct data_new_rows rows;
    struct err_info info = {0};
    char line[1024];
    if (data_encode_file(e, path, strict, &rows, &info) != ERR_OK)
        fail_msg("%s", err_format(&info, line, sizeof line));
    return rows;
}

/* ---- the same bits ----------------------------------------------------------------------- */

static size_t row_bytes; /* of the rows being sorted */

static int compare_rows(const void *a, const void *b)
{
    return memcmp(*(const float *const *)a, *(const float *const *)b, row_bytes);
}

static const float **sorted_rows(const float **row, size_t n, size_t n_inputs)
{
    row_bytes = n_inputs * sizeof **row;
    qsort(row, n, sizeof *row, compare_rows);
    return row;
}

/* The file's rows are those of all parts, bit for bit, whatever their order. */
static void check_same_rows(const struct data_set *set, const struct data_new_rows *rows)
{
    size_t n = (size_t)rows->n_rows, width = (size_t)set->n_inputs, k = 0;
    const float **was = mem_alloc(n, sizeof *was), **is = mem_alloc(n, sizeof *is);
    assert_int_equal(rows->n_rows, set->n_rows);
    assert_true(was && is);
    for (int p = 0; p < DATA_N_PARTS; p++)
        for (size_t i = 0; i < (size_t)set->part[p].n_rows; i++)
            was[k++] = set->part[p].x + i * width;
    for (size_t i = 0; i < n; i++)
        is[i] = rows->x + i * width;
    sorted_rows(was, n, width);
    sorted_rows(is, n, width);
    for (size_t i = 0; i < n; i++)
        assert_memory_equal(was[i], is[i], row_bytes);
    mem_free(was);
    mem_free(is);
}

/* As many rows of each class, or the same sum of targets, as the set has. */
static void check_same_labels(const struct data_set *set, const struct data_new_rows *rows)
{
    double was = 0, is = 0;
    for (int32_t c = 0; c < set->n_classes; c++) {
        int64_t n = 0;
        for (int64_t i = 0; i < rows->n_rows; i++)
            n += rows->y[i] == c;
        assert_int_equal(n, set->class_rows[c]);
    }
    if (set->task == DATA_CLASSIFICATION) {
        assert_null(rows->target);
        return;
    }
    assert_null(rows->y);
    for (int64_t i = 0; i < rows->n_rows; i++)
        is += (double)rows->target[i] * (double)rows->target[i];
    for (int p = 0; p < DATA_N_PARTS; p++)
        for (int32_t i = 0; i < set->part[p].n_rows; i++)
            was += (double)set->part[p].target[i] * (double)set->part[p].target[i];
    assert_true(was > 0 && fabs(was - is) < 1e-9 * was);
}

static void test_rows_of_the_table_itself(void **state)
{
    (void)state;
    const char *path;
    struct data_set *set = open_table(&path);
    struct data_encoder *e = encoder_of(set);
    struct data_new_rows rows = encode(e, path, false);
    check_same_rows(set, &rows);
    for (int64_t i = 1; i < rows.n_rows; i++) /* in the file's order: the ids grow */
        assert_true(rows.x[i * set->n_inputs] > rows.x[(i - 1) * set->n_inputs]);
    data_new_rows_free(&rows);
    data_encoder_free(e);
    data_free(set);
}

static void test_shipped_tables(void **state)
{
    (void)state;
    static const struct {
        const char *path, *target;
    } tables[] = {
        {"data/pima-diabetes.csv", NULL},    {"data/pima-diabetes.csv", "age"},
        {"data/soybean.csv", NULL},          {"data/dna-splice.csv.gz", NULL},
        {"data/word-language.csv.gz", NULL}, {"data/brown-pos.csv.gz", NULL},
        {"data/satellite.csv.gz", NULL},
    };
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        struct data_options o = {.target = tables[i].target};
        struct data_set *set = files_open(tables[i].path, &o);
        struct data_encoder *e = encoder_of(set);
        struct data_new_rows rows = encode(e, tables[i].path, false);
        check_same_rows(set, &rows);
        check_same_labels(set, &rows);
        data_new_rows_free(&rows);
        data_encoder_free(e);
        data_free(set);
    }
}

/* Written, read and written again: the same text, and what the facts say. */
static void test_facts(void **state)
{
    (void)state;
    const char *path;
    struct data_set *set = open_table(&path);
    struct data_encoder *e = encoder_of(set);
    struct data_encoder_facts f;
    data_encoder_facts(e, &f);
    assert_int_equal(f.source, DATA_TABLE);
    assert_int_equal(f.task, DATA_CLASSIFICATION);
    assert_int_equal(f.n_inputs, set->n_inputs);
    assert_int_equal(f.n_classes, 2);
    assert_string_equal(f.class_names[0], "no");
    assert_string_equal(f.class_names[1], "yes");
    assert_string_equal(f.task_name, "table");
    assert_string_equal(f.family, "table");
    assert_string_equal(f.target_name, "the \\ class");
    assert_string_equal(f.fingerprint, set->fingerprint);
    assert_true(f.split_seed == UINT64_C(18446744073709551557));
    data_encoder_free(e);
    data_free(set);
    struct data_options o = {.target = "age"};
    set = files_open("data/pima-diabetes.csv", &o);
    e = encoder_of(set);
    data_encoder_facts(e, &f);
    assert_int_equal(f.task, DATA_REGRESSION);
    assert_int_equal(f.n_classes, 0);
    assert_memory_equal(&f.target_mean, &set->target_mean, sizeof f.target_mean);
    assert_memory_equal(&f.target_scale, &set->target_scale, sizeof f.target_scale);
    data_encoder_free(e);
    data_free(set);
}

/* ---- new tables -------------------------------------------------------------------------- */

/* x, colour and size: 40 rows, of which only row 1 has no colour and no size is missing. */
static struct data_encoder *small_encoder(void)
{
    static const char *const colours[] = {"maroon", "green", "blue"};
    struct text csv = {0};
    text_append(&csv, "x,colour,size,class\n");
    for (int i = 0; i < 60; i++)
        text_appendf(&csv, "%d.5,%s,%s,%s\n", i, i % 6 == 1 ? "" : colours[i % 3],
                     i % 4 ? "big" : "small", i % 2 ? "yes" : "no");
    struct data_set *set = files_open(files_write_text("small.csv", text_get(&csv)), NULL);
    struct data_encoder *e = encoder_of(set);
    assert_int_equal(set->n_inputs, 7); /* x, blue, green, maroon, missing, big, small */
    data_free(set);
    text_free(&csv);
    return e;
}

static void test_columns_by_name(void **state)
{
    (void)state;
    static const char *const same[] = {
        "x,colour,size\n3.5,blue,big\n-1,,small\n",
        "size,x,colour\nbig,3.5,blue\nsmall,-1,\n",
        "note,size,class,x,colour,class2\nhello,big,?,3.5,blue,\n,small,yes,-1,,\n",
        "\xEF\xBB\xBFx,colour,size\r\n\"3.5\",\"blue\",big\r\n-1,  ,small\r\n",
    };
    struct data_encoder *e = small_encoder();
    struct data_new_rows first = {0};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        struct data_new_rows rows = encode(e, files_write_text("new.csv", same[i]), true);
        assert_int_equal(rows.n_rows, 2);
        assert_int_equal(rows.n_unknown, 0);
        if (i == 0)
            first = rows;
        assert_memory_equal(rows.x, first.x, 14 * sizeof(float));
        if (i > 0)
            data_new_rows_free(&rows);
    }
    assert_true(first.x[1] == 1.0F && first.x[2] == 0 && first.x[4] == 0 && first.x[5] == 1.0F);
    assert_true(first.x[7 + 4] == 1.0F && first.x[7 + 1] == 0 && first.x[7 + 6] == 1.0F);
    data_new_rows_free(&first);
    data_encoder_free(e);
}

static void test_one_column_is_enough(void **state)
{
    (void)state;
    struct text csv = {0};
    text_append(&csv, "x,class\n");
    for (int i = 0; i < 20; i++)
        text_appendf(&csv, "%d,%s\n", i, i % 2 ? "a" : "b");
    struct data_set *set = files_open(files_write_text("one.csv", text_get(&csv)), NULL);
    struct data_encoder *e = encoder_of(set);
    struct data_new_rows rows = encode(e, files_write_text("new.csv", "x\n5\n\n7\n"), true);
    assert_int_equal(rows.n_rows, 2);
    data_new_rows_free(&rows);
    data_encoder_free(e);
    data_free(set);
    text_free(&csv);
}

static void test_unknown_categories(void **state)
{
    (void)state;
    static const struct {
        const char *table;
        int n;
        const char *first;          /* what the first is described as */
        const char *place, *strict; /* what strict says */
    } cases[] = {
        {"x,colour,size\n1,blue,big\n", 0, "", NULL, NULL},
        {"x,colour,size\n1,blue,big\n2,maron,big\n3,mauve,huge\n", 3, "line 3, colour: 'maron'",
         "new.csv:3:2: ", "did you mean 'maroon'?"},
        {"size,x,colour\nenormous,1,blue\n", 1, "line 2, size: 'enormous'",
         "new.csv:2:1: ", "there were 'big' to 'small', 2 in all"},
        {"x,colour,size\n1,blue,\n", 1, "line 2, size: a missing field",
         "new.csv:2:3: ", "a missing field in the column 'size' is unknown"},
        {"x,colour,size\n1,\033[2J,big\n", 1, "line 2, colour: '?[2J'",
         "new.csv:2:2: ", "'?[2J' in the column 'colour'"},
        {"x,colour,size\n1,Blue,big\n", 1, "line 2, colour: 'Blue'",
         "new.csv:2:2: ", "did you mean 'blue'?"},
    };
    struct data_encoder *e = small_encoder();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *path = files_write_text("new.csv", cases[i].table);
        struct data_new_rows rows = encode(e, path, false);
        struct err_info info = {0};
        char line[1024];
        assert_int_equal(rows.n_unknown, cases[i].n);
        assert_string_equal(rows.first_unknown, cases[i].first);
        data_new_rows_free(&rows);
        if (!cases[i].strict)
            continue;
        assert_int_equal(data_encode_file(e, path, true, &rows, &info), ERR_INPUT);
        assert_null(rows.x);
        err_format(&info, line, sizeof line);
        if (!strstr(line, cases[i].place) || !strstr(line, cases[i].strict))
            fail_msg("said '%s'\ninstead of '%s%s'", line, cases[i].place, cases[i].strict);
    }
    data_encoder_free(e);
}

/* The first of the words that share "other". */
static const char *rare_word(const struct data_set *set, char out[static 16])
{
    char *json = encoder_text(set);
    const char *at = strstr(json, "\"rare\": [\"");
    assert_non_null(at);
    assert_int_equal(sscanf(at, "\"rare\": [\"%15[^\"]", out), 1);
    mem_free(json);
    return out;
}

/* Where training had "other", rare words are known and new ones are not; both are "other". */
static void test_rare_and_new_words(void **state)
{
    (void)state;
    const char *path;
    char rare[16];
    struct text csv = {0};
    struct data_set *set = open_table(&path);
    struct data_encoder *e = encoder_of(set);
    const struct data_column *word = &set->columns[2];
    text_appendf(&csv,
                 "id,gap,word,odd,flat,,\n1,2,w3,a\\b,4,,1\n1,2,%s,a\\b,5,,1\n"
                 "1,2,new,a\\b,4,,1\n",
                 rare_word(set, rare));
    struct data_new_rows rows = encode(e, files_write_text("new.csv", text_get(&csv)), false);
    assert_int_equal(rows.n_unknown, 1);
    assert_string_equal(rows.first_unknown, "line 4, word: 'new'");
    assert_string_equal(word->levels[word->n_levels - 1], "other");
    for (int64_t i = 0; i < 3; i++)
        assert_true(rows.x[i * set->n_inputs + word->first_input + word->n_levels - 1] == (i > 0));
    data_new_rows_free(&rows);
    data_encoder_free(e);
    data_free(set);
    text_free(&csv);
}

/* Without "other" an unknown category is all zeros. */
static void test_unknown_is_zeros(void **state)
{
    (void)state;
    struct data_encoder *e = small_encoder();
    const char *path = files_write_text("new.csv", "x,colour,size\n1,red,big");
    struct data_new_rows rows = encode(e, path, false);
    for (int i = 1; i < 5; i++)
        assert_true(rows.x[i] == 0);
    assert_true(rows.x[5] == 1.0F);
    data_new_rows_free(&rows);
    data_encoder_free(e);
}

/* A column without a name is known by its place. */
static void test_unnamed_columns(void **state)
{
    (void)state;
    const char *path;
    struct data_set *set = open_table(&path);
    struct data_encoder *e = encoder_of(set);
    struct data_new_rows rows;
    struct err_info info = {0};
    path = files_write_text("new.csv", "id,gap,word,odd,flat,\n1,2,w3,a\\b,4,1\n");
    assert_int_equal(data_encode_file(e, path, false, &rows, &info), ERR_INPUT);
    assert_non_null(strstr(info.where, "new.csv:1"));
    assert_non_null(strstr(info.detail, "no column 'column 7'"));
    path = files_write_text("new.csv", "column 7,id,gap,word,odd,flat\n1,1,2,w3,a\\b,4\n");
    rows = encode(e, path, true);
    data_new_rows_free(&rows);
    data_encoder_free(e);
    data_free(set);
}

static void check_refused(const struct data_encoder *e, const char *path, enum err code,
                          const char *message)
{
    struct data_new_rows rows;
    struct err_info info = {0};
    char line[1024];
    enum err got = data_encode_file(e, path, false, &rows, &info);
    err_format(&info, line, sizeof line);
    if (got != code || !strstr(line, message))
        fail_msg("%d '%s'\ninstead of %d '%s'", (int)got, line, (int)code, message);
    assert_null(rows.x);
}

static void test_refused_tables(void **state)
{
    (void)state;
    static const struct {
        const char *table, *message;
    } cases[] = {
        {"x,size\n1,big\n",
         "new.csv:1: the table has no column 'colour', which the network needs; the columns are"},
        {"x,color,size\n1,blue,big\n", "no column 'colour', which the network needs; did you mean "
                                       "'color'?"},
        {"colour\nblue\n", "no column 'x', which the network needs (nor 1 other)"},
        {"y\nblue\n", "(nor 2 others)"},
        {"X,colour,size\n1,blue,big\n", "no column 'x'"},
        {"1.5,blue,big\n2.5,green,big\n", "new.csv:1:1: the header line is missing"},
        {"1.5,1.5,big\n2.5,2.5,big\n", "new.csv:1:1: the header line is missing"},
        {"x,colour,size,x\n1,blue,big,2\n", "new.csv:1:4: two columns are named 'x'"},
        {"x,colour,size\n", "the table has a header but no rows"},
        {"", "the file is empty"},
        {"x,colour,size\n1,blue,big\n2,blue\n", "new.csv:3:2: the row has 2 fields"},
        {"x,size,colour\n1,big,blue\nten,big,blue\n",
         "new.csv:3:1: 'ten' in the numeric column 'x' is not a decimal number; correct it"},
        {"size,colour,x\nbig,blue,NaN\n", "new.csv:2:3: 'NaN' in the numeric column 'x'"},
        {"x,size,colour\n1e101,big,blue\n", "new.csv:2:1: the number is too large"},
    };
    struct data_encoder *e = small_encoder();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_refused(e, files_write_text("new.csv", cases[i].table), ERR_INPUT, cases[i].message);
    check_refused(e, files_path("nowhere.csv"), ERR_IO, "nowhere.csv");
    check_refused(e, files_folder, ERR_INPUT, "is a folder; name a CSV table");
    check_refused(e, "data/mnist/t10k-images-idx3-ubyte.gz", ERR_INPUT, "no text file");
    data_encoder_free(e);
}

/* ---- images ------------------------------------------------------------------------------ */

static void test_images(void **state)
{
    (void)state;
    struct data_set *set = files_open("data/mnist", NULL);
    struct data_encoder *e = encoder_of(set);
    struct data_encoder_facts f;
    const struct data_part *test = &set->part[DATA_TEST];
    struct data_new_rows rows = encode(e, "data/mnist/t10k-images-idx3-ubyte.gz", true);
    assert_int_equal(rows.n_rows, test->n_rows); /* in the file's order, as the test part is */
    assert_memory_equal(rows.x, test->x,
                        (size_t)test->n_rows * (size_t)set->n_inputs * sizeof *rows.x);
    data_encoder_facts(e, &f);
    assert_int_equal(f.source, DATA_IMAGES);
    assert_int_equal(f.n_classes, 10);
    data_new_rows_free(&rows);
    unsigned char small[16 + 6] = {0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3};
    check_refused(e, files_write("small", small, sizeof small), ERR_INPUT,
                  "its images have 2 x 3 pixels, but the network's have 28 x 28");
    for (size_t cut = 1; cut <= sizeof small; cut++)
        check_refused(e, files_write("small", small, sizeof small - cut), ERR_INPUT, "small: ");
    check_refused(e, "data/mnist", ERR_INPUT, "is a folder; name a file of images in it");
    check_refused(e, "data/mnist/t10k-labels-idx1-ubyte.gz", ERR_INPUT, "magic number");
    check_refused(e, "data/vowel.csv", ERR_INPUT, "magic number");
    data_encoder_free(e);
    data_free(set);
}

/* ---- what stands in a weights file can't be trusted ---------------------------------------- */

/* text with the first `from` made `to`; NULL if it has none. */
static char *replaced(const char *text, const char *from, const char *to)
{
    struct text out = {0};
    const char *at = strstr(text, from);
    if (!at)
        return NULL;
    text_append_n(&out, text, (size_t)(at - text));
    text_append(&out, to);
    text_append(&out, at + strlen(from));
    assert_false(out.failed);
    return out.data;
}

static void test_hostile_json(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to, *message;
    } cases[] = {
        {"\"format\": 1", "\"format\": 2", "of another format than 1"},
        {"\"format\": 1", "\"for\": 1", "of another format than 1"},
        {"\"name\": \"table\"", "\"name\": 3", "'name' is no text"},
        {"\"family\": \"table\"", "\"family\": 3", "'family' is no text"},
        {"\"fingerprint\": \"", "\"fingerprint\": \"0", "32 hexadecimal digits"},
        {"\"fingerprint\": \"", "\"finger\": \"", "32 hexadecimal digits"},
        {"\"18446744073709551557\"", "-1", "'split_seed'"},
        {"\"18446744073709551557\"", "\"-1\"", "'split_seed'"},
        {"\"18446744073709551557\"", "\"118446744073709551557\"", "'split_seed'"},
        {"\"source\": \"table\"", "\"source\": \"tables\"", "'source' is neither table nor images"},
        {"\"source\": \"table\"", "\"source\": \"images\"", "'image_rows'"},
        {"\"task\": \"classification\"", "\"task\": \"regression\"", "'target_mean'"},
        {"\"task\": \"classification\"", "\"task\": null", "'task' is neither"},
        {"\"n_inputs\": ", "\"n_inputs\": 1", "inputs instead of 1"},
        {"\"n_inputs\": ", "\"n_inputs\": -", "'n_inputs' is no whole number"},
        {"\"n_inputs\": ", "\"n_inputs\": 0.1e1, \"n\": ", "inputs instead of 1"},
        {"\"n_inputs\": ", "\"n_inputs\": 1e300, \"n\": ", "'n_inputs' is no whole number"},
        {"\"n_inputs\": ", "\"n_inputs\": NaN, \"n\": ", "'n_inputs' is no whole number"},
        {"\"classes\": [\"no\", \"yes\"]", "\"classes\": [\"no\"]", "list of 2 to 1000 names"},
        {"\"classes\": [\"no\", \"yes\"]", "\"classes\": [\"no\", 7]", "a class's name is no text"},
        {"\"classes\": [\"no\", \"yes\"]", "\"classes\": {\"no\": \"yes\"}", "list of 2 to 1000"},
        {"\"columns\": [", "\"columns\": [null, ", "column 1: a name or category is no text"},
        {"\"columns\": [", "\"columns\": [], \"c\": [", "no list of 1 to 100000 columns"},
        {"\"columns\": [", "\"columns\": 5, \"c\": [", "no list of 1 to 100000 columns"},
        {"\"kind\": \"numeric\"", "\"kind\": \"number\"", "column 1: 'kind' is neither"},
        {"\"kind\": \"numeric\"", "\"kind\": \"categorical\"", "column 1: 'missing' is neither"},
        {"\"median\": ", "\"median\": 1e200, \"m\": ", "column 1: 'median' is no number"},
        {"\"mean\": ", "\"mean\": NaN, \"m\": ", "column 1: 'mean' is no number"},
        {"\"scale\": ", "\"scale\": 0, \"s\": ", "column 1: 'scale' is no number above 0"},
        {"\"scale\": ", "\"scale\": -1, \"s\": ", "'scale' is no number above 0"},
        {"\"scale\": ", "\"scale\": Infinity, \"s\": ", "'scale' is no number above 0"},
        {"\"constant\": false", "\"constant\": 0", "'constant' is neither true nor false"},
        {"\"missing\": [\"NA\"]", "\"missing\": \"NA\"", "'missing' is no list"},
        {"\"missing\": [\"NA\"]", "\"missing\": [1]", "is no text"},
        {"\"levels\": [\"w0\", \"w1\"", "\"levels\": [\"w1\", \"w0\"", "'levels' is not in order"},
        {"\"levels\": [\"w0\", \"w1\"", "\"levels\": [\"w0\", \"w0\"", "'levels' is not in order"},
        {"\"levels\": [\"w0\"", "\"levels\": [\"w\", \"w0\"", "'levels' has 101 items"},
        {"\"levels\": [\"w0\"", "\"levels\": [[\"w0\"]", "is no text"},
        {"\"levels\": [\"w0\", ", "\"levels\": [", "inputs instead of"},
        {"\"rare\": [", "\"r\": [", "inputs instead of"},
        {"\"rare\": [", "\"rare\": [\"zz\", ", "'rare' is not in order"},
        {"caf\\\\xE8", "caf\\\\xE", "a backslash begins no known sign"},
        {"caf\\\\xE8", "caf\\\\x00", "a backslash begins no known sign"},
        {"caf\\\\xE8", "caf\\\\", "a backslash begins no known sign"},
        {"caf\\\\xE8", "caf\\u0000", "\\u0000 is not allowed"},
        {"{\"format\"", "[{\"format\"", "not JSON"},
    };
    const char *path;
    struct data_set *set = open_table(&path);
    char *json = encoder_text(set);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct data_encoder *e;
        struct err_info info = {0};
        char line[1024], *bad = replaced(json, cases[i].from, cases[i].to);
        if (!bad)
            fail_msg("'%s' is not in the encoder", cases[i].from);
        enum err err = read_encoder(bad, "w.safetensors", &e, &info);
        err_format(&info, line, sizeof line);
        if (err != ERR_INPUT || !strstr(line, cases[i].message) || !strstr(line, "w.safetensors"))
            fail_msg("%s: said '%s'\ninstead of '%s'", cases[i].to, line, cases[i].message);
        assert_null(e);
        mem_free(bad);
    }
    mem_free(json);
    data_free(set);
}

static void test_no_json_at_all(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "{}", "[]", "null", "3", "\"format\"", "[[[[[["};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct data_encoder *e;
        assert_int_equal(read_encoder(texts[i], "w", &e, NULL), ERR_INPUT);
        assert_null(e);
    }
}

/* Cut anywhere, or with any byte changed: an error, or an encoder that still encodes. */
static void test_damaged_json(void **state)
{
    (void)state;
    struct data_encoder *small = small_encoder(), *e;
    data_encoder_free(small);
    struct data_set *set = files_open(files_path("small.csv"), NULL);
    const char *path = files_write_text("new.csv", "x,colour,size\n1,blue,big\n,mauve,\n");
    char *json = encoder_text(set);
    size_t n = strlen(json), still = 0;
    for (size_t i = 0; i < n; i++) {
        char kept = json[i];
        json[i] = 0;
        assert_int_equal(read_encoder(json, "w", &e, NULL), ERR_INPUT);
        for (const char *c = "0\"9{]\\z-"; *c; c++) {
            json[i] = *c;
            if (*c == kept || read_encoder(json, "w", &e, NULL) != ERR_OK)
                continue;
            struct data_new_rows rows;
            still++;
            if (data_encode_file(e, path, false, &rows, NULL) == ERR_OK)
                for (int k = 0; k < 14; k++)
                    assert_true(isfinite(rows.x[k]));
            data_new_rows_free(&rows);
            data_encoder_free(e);
        }
        json[i] = kept;
    }
    assert_true(still > 50);
    mem_free(json);
    data_free(set);
}

/* ---- memory ------------------------------------------------------------------------------ */

/* Writing, reading and encoding, each with every allocation failing once. */
static enum err go_through(const struct data_set *set, const char *path, long fail_after)
{
    struct text json = {0};
    struct data_encoder *e = NULL;
    struct data_new_rows rows = {0};
    struct err_info info = {0};
    mem_fail_after(fail_after);
    data_put_encoder(set, &json);
    enum err err = json.failed ? err_set_memory(&info, "json") : ERR_OK;
    if (err == ERR_OK)
        err = read_encoder(text_get(&json), "w", &e, &info);
    if (err == ERR_OK)
        err = data_encode_file(e, path, true, &rows, &info);
    mem_fail_after(-1);
    assert_int_equal(info.code, err);
    assert_true((rows.x != NULL) == (err == ERR_OK));
    data_new_rows_free(&rows);
    data_encoder_free(e);
    text_free(&json);
    return err;
}

static void test_the_nth_allocation_fails(void **state)
{
    (void)state;
    data_encoder_free(small_encoder());
    struct data_set *set = files_open(files_path("small.csv"), NULL);
    const char *path = files_write_text("new.csv", "x,colour,size,\n1,blue,big,\n,,small,\n");
    enum err e = ERR_MEMORY;
    long n = 0;
    for (; n < 1000 && e == ERR_MEMORY; n++)
        e = go_through(set, path, n);
    assert_int_equal(e, ERR_OK);
    assert_true(n > 30);
    data_free(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_of_the_table_itself),
        cmocka_unit_test(test_shipped_tables),
        cmocka_unit_test(test_facts),
        cmocka_unit_test(test_columns_by_name),
        cmocka_unit_test(test_one_column_is_enough),
        cmocka_unit_test(test_unknown_categories),
        cmocka_unit_test(test_rare_and_new_words),
        cmocka_unit_test(test_unknown_is_zeros),
        cmocka_unit_test(test_unnamed_columns),
        cmocka_unit_test(test_refused_tables),
        cmocka_unit_test(test_images),
        cmocka_unit_test(test_hostile_json),
        cmocka_unit_test(test_no_json_at_all),
        cmocka_unit_test(test_damaged_json),
        cmocka_unit_test(test_the_nth_allocation_fails),
    };
    return cmocka_run_group_tests(tests, files_setup, files_teardown);
}
