/* If this fails, an image set is misread, or a damaged one is taken for a good one. */
#include "files.h"

#include <sys/stat.h>

enum { SIDE = 3, PIXELS = SIDE * SIDE, N_TRAIN = 40, N_TEST = 10, HEADER = 16 };

static const char *const file_names[] = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte",
                                         "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"};

/* The four files as bytes, to be damaged before they are written. */
struct image_set {
    unsigned char bytes[4][HEADER + N_TRAIN * PIXELS];
    size_t n[4];
};

static void put_word(unsigned char *p, uint32_t word)
{
    for (int i = 0; i < 4; i++)
        p[i] = (unsigned char)(word >> (24 - 8 * i));
}

/* Pixel p of image i is (7 i + 11 p) mod 256; labels go round 0, 1, 2, 3. */
static struct image_set make_set(void)
{
    struct image_set s = {0};
    for (int half = 0; half < 2; half++) {
        uint32_t n = half == 0 ? N_TRAIN : N_TEST;
        unsigned char *images = s.bytes[2 * half], *labels = s.bytes[2 * half + 1];
        put_word(images, 0x803);
        put_word(images + 4, n);
        put_word(images + 8, SIDE);
        put_word(images + 12, SIDE);
        put_word(labels, 0x801);
        put_word(labels + 4, n);
        for (uint32_t i = 0; i < n; i++) {
            labels[8 + i] = (unsigned char)(i % 4);
            for (uint32_t p = 0; p < PIXELS; p++)
                images[HEADER + i * PIXELS + p] =
                    (unsigned char)((i + (half ? 500 : 0)) * 7 + p * 11);
        }
        s.n[2 * half] = HEADER + n * PIXELS;
        s.n[2 * half + 1] = 8 + n;
    }
    return s;
}

/* Writes the files into a fresh folder below the test's own; packed: .gz. */
static const char *write_set(const struct image_set *s, bool packed, const char *labels)
{
    static int number;
    static char folder[128];
    char name[64], file[128];
    text_format(name, sizeof name, "images%d", ++number);
    text_format(folder, sizeof folder, "%s", files_path(name));
    assert_int_equal(mkdir(folder, 0777), 0);
    for (int i = 0; i < 4; i++) {
        text_format(file, sizeof file, "%s/%s%s", name, file_names[i], packed ? ".gz" : "");
        if (packed)
            files_write_gz(file, s->bytes[i], s->n[i]);
        else
            files_write(file, s->bytes[i], s->n[i]);
    }
    text_format(file, sizeof file, "%s/labels.txt", name);
    if (labels)
        files_write_text(file, labels);
    return folder;
}

static void test_pixels_and_labels(void **state)
{
    (void)state;
    struct image_set s = make_set();
    struct data_set *set = files_open(write_set(&s, false, "zero\none\r\ntwo\nthree\n\n"), NULL);
    assert_int_equal(set->source, DATA_IMAGES);
    assert_int_equal(set->image_rows, SIDE);
    assert_int_equal(set->n_inputs, PIXELS);
    assert_int_equal(set->n_classes, 4);
    assert_string_equal(set->class_names[1], "one");
    assert_string_equal(set->class_names[3], "three");
    assert_int_equal(set->part[DATA_TRAIN].n_rows, 32);
    assert_int_equal(set->part[DATA_VALIDATION].n_rows, 8);
    assert_int_equal(set->part[DATA_TEST].n_rows, N_TEST);
    for (int i = 0; i < N_TEST; i++) { /* the test part is t10k, in its order */
        assert_int_equal(set->part[DATA_TEST].y[i], i % 4);
        for (int p = 0; p < PIXELS; p++) {
            float wanted = (float)s.bytes[2][HEADER + i * PIXELS + p] / 255.0F;
            assert_true(set->part[DATA_TEST].x[i * PIXELS + p] == wanted);
        }
    }
    int of_class[4] = {0};
    for (int i = 0; i < 8; i++)
        of_class[set->part[DATA_VALIDATION].y[i]]++;
    for (int c = 0; c < 4; c++)
        assert_int_equal(of_class[c], 2);
    data_free(set);
}

static void test_packed_is_the_same(void **state)
{
    (void)state;
    struct image_set s = make_set();
    struct data_set *plain = files_open(write_set(&s, false, NULL), NULL);
    struct data_set *packed = files_open(write_set(&s, true, NULL), NULL);
    assert_string_equal(plain->fingerprint, packed->fingerprint);
    assert_string_equal(plain->class_names[2], "2");
    assert_int_equal(strlen(plain->fingerprint), 32);
    data_free(plain);
    data_free(packed);
}

/* One pixel, one label, one name, the split seed: each is another task. */
static void test_fingerprint_notices(void **state)
{
    (void)state;
    struct image_set s = make_set();
    char seen[5][33];
    struct data_options other_seed = {.split_seed = 1};
    for (int i = 0; i < 5; i++) {
        struct image_set changed = s;
        changed.bytes[2][HEADER + 5] ^= (unsigned char)(i == 1);
        changed.bytes[3][8] = (unsigned char)(i == 2);
        const char *folder = write_set(&changed, false, i == 3 ? "0\n1\n2\nx\n" : NULL);
        struct data_set *set = files_open(folder, i == 4 ? &other_seed : NULL);
        strcpy(seen[i], set->fingerprint);
        for (int before = 0; before < i; before++)
            assert_string_not_equal(seen[i], seen[before]);
        data_free(set);
    }
}

static void test_duplicates(void **state)
{
    (void)state;
    struct image_set s = make_set();
    memcpy(s.bytes[2] + HEADER, s.bytes[0] + HEADER, 4 * PIXELS); /* labels are alike too */
    struct data_set *set = files_open(write_set(&s, false, NULL), NULL);
    assert_in_range(set->n_duplicates, 1, 4); /* those of the four that train */
    data_free(set);
}

/* What is damaged, and what must be said. offset < 0: only the length changes. */
static void test_damaged_files(void **state)
{
    (void)state;
    static const struct {
        int file, offset;
        uint32_t word;
        long cut; /* bytes taken away */
        const char *file_name, *message;
    } cases[] = {
        {0, 0, 0x801, 0, "train-images-idx3-ubyte: ", "magic number 0x00000801 instead of"},
        {1, 0, 0x803, 0, "train-labels-idx1-ubyte: ", "magic number 0x00000803 instead of"},
        {0, 0, 0x03080000, 0, "train-images", "magic number 0x03080000"},
        {0, 4, 41, 0, "train-images", "41 items of 9 bytes, but 360 bytes follow"},
        {0, 4, 0xFFFFFFFF, 0, "train-images", "4294967295 items"},
        {0, 4, 0, 0, "train-images", "holds nothing"},
        {0, 8, 0xFFFFFFFF, 0, "train-images", "4294967295 x 3 pixels"},
        {0, 8, 0, 0, "train-images", "0 x 3 pixels"},
        {1, 4, 41, 0, "train-labels", "41 items of 1 bytes, but 40 bytes follow"},
        {2, -1, 0, 1, "t10k-images", "10 items of 9 bytes, but 89 bytes follow"},
        {3, -1, 0, 1, "t10k-labels", "10 items of 1 bytes, but 9 bytes follow"},
        {3, -1, 0, 15, "t10k-labels", "cut off inside its header"},
        {3, -1, 0, 18, "t10k-labels", "cut off inside its header"},
        {2, 8, 1, 0, "t10k-images", "10 items of 3 bytes"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct image_set s = make_set();
        if (cases[i].offset >= 0)
            put_word(s.bytes[cases[i].file] + cases[i].offset, cases[i].word);
        s.n[cases[i].file] -= (size_t)cases[i].cut;
        for (int packed = 0; packed < 2; packed++) {
            const char *folder = write_set(&s, packed, NULL);
            files_refuse(folder, NULL, ERR_INPUT, cases[i].message);
            if (!packed)
                files_refuse(folder, NULL, ERR_INPUT, cases[i].file_name);
        }
    }
}

static void test_files_that_don_t_fit(void **state)
{
    (void)state;
    struct image_set s = make_set(), fewer = s, small = s, labelled = s;
    put_word(fewer.bytes[1] + 4, 39);
    fewer.n[1]--;
    files_refuse(write_set(&fewer, false, NULL), NULL, ERR_INPUT, "39 labels for 40 images");
    put_word(small.bytes[2] + 8, 1);
    small.n[2] = HEADER + N_TEST * SIDE;
    files_refuse(write_set(&small, false, NULL), NULL, ERR_INPUT,
                 "train images have 3 x 3 pixels, t10k images 1 x 3");
    labelled.bytes[1][8 + 6] = 4;
    files_refuse(write_set(&labelled, false, "a\nb\nc\nd\n"), NULL, ERR_INPUT,
                 "image 7 of the train files has label 4, but labels.txt names 4");
    files_refuse(write_set(&labelled, false, NULL), NULL, ERR_INPUT, "--drop-rare");
    struct data_options dropping = {.drop_rare = true}, table = {.target = "x"};
    struct data_set *set = files_open(write_set(&labelled, false, NULL), &dropping);
    assert_int_equal(set->n_dropped_rows, 1);
    assert_int_equal(set->n_classes, 4);
    data_free(set);
    files_refuse(write_set(&s, false, NULL), &table, ERR_USAGE, "--target");
    files_refuse(files_folder, NULL, ERR_INPUT, "train-images-idx3-ubyte (or");
    memset(s.bytes[1] + 8, 0, N_TRAIN);
    memset(s.bytes[3] + 8, 0, N_TEST);
    files_refuse(write_set(&s, false, NULL), NULL, ERR_INPUT, "all rows are of one class, '0'");
}

/* A gzip stream cut at any place is an error that names the file. */
static void test_truncated_gzip(void **state)
{
    (void)state;
    struct image_set s = make_set();
    char folder[128], path[256], *packed;
    size_t n;
    strcpy(folder, write_set(&s, true, NULL));
    text_format(path, sizeof path, "%s/%s.gz", folder, file_names[0]);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    packed = mem_alloc(1 << 16, 1);
    assert_non_null(packed);
    n = fread(packed, 1, 1 << 16, file);
    fclose(file);
    for (size_t keep = 0; keep < n; keep += keep < 12 || keep + 12 > n ? 1 : 7) {
        assert_int_equal(file_write_atomic(path, packed, keep, NULL), ERR_OK);
        files_refuse(folder, NULL, ERR_INPUT, "train-images-idx3-ubyte.gz: ");
    }
    packed[n / 2] = (char)(packed[n / 2] ^ 0x55);
    assert_int_equal(file_write_atomic(path, packed, n, NULL), ERR_OK);
    files_refuse(folder, NULL, ERR_INPUT, "truncated or broken");
    mem_free(packed);
}

static void test_the_nth_allocation_fails(void **state)
{
    (void)state;
    struct image_set s = make_set();
    char folder[128];
    strcpy(folder, write_set(&s, false, "a\nb\nc\nd\n"));
    enum err e = ERR_MEMORY;
    long n = 0;
    for (; n < 1000 && e == ERR_MEMORY; n++) {
        struct data_set *set;
        struct err_info info = {0};
        mem_fail_after(n);
        e = data_open(folder, NULL, &set, &info);
        mem_fail_after(-1);
        assert_int_equal(e, info.code);
        data_free(set);
    }
    assert_int_equal(e, ERR_OK);
    assert_true(n > 20);
}

/* Parts keep their images; the t10k files only lose the rows of dropped classes. */
static void test_variants(void **state)
{
    (void)state;
    struct image_set s = make_set();
    char folder[128];
    text_copy(folder, sizeof folder, write_set(&s, false, NULL));
    struct data_options options = {.variant = "classes=1-2,rows=0.5"},
                        columns = {.variant = "features=0.5"};
    struct data_set *whole = files_open(folder, NULL), *set = files_open(folder, &options);
    static const int n[DATA_N_PARTS] = {8, 4, 5}; /* two classes of 8, 2 and 3 or 2 images */
    assert_string_equal(set->class_names[0], "1");
    assert_int_equal(set->n_classes, 2);
    for (int p = 0; p < DATA_N_PARTS; p++) {
        const struct data_part *part = &set->part[p], *parent = &whole->part[p];
        int32_t at = 0;
        assert_int_equal(part->n_rows, n[p]);
        for (int32_t i = 0; i < part->n_rows; i++, at++) {
            while (at < parent->n_rows &&
                   memcmp(part->x + (size_t)i * PIXELS, parent->x + (size_t)at * PIXELS,
                          PIXELS * sizeof *part->x) != 0)
                at++;
            assert_true(at < parent->n_rows); /* there, and in the same order */
            assert_int_equal(part->y[i] + 1, parent->y[at]);
        }
    }
    data_free(set);
    data_free(whole);
    files_refuse(folder, &columns, ERR_USAGE, "leave features out for image sets");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pixels_and_labels),
        cmocka_unit_test(test_packed_is_the_same),
        cmocka_unit_test(test_fingerprint_notices),
        cmocka_unit_test(test_duplicates),
        cmocka_unit_test(test_damaged_files),
        cmocka_unit_test(test_files_that_don_t_fit),
        cmocka_unit_test(test_truncated_gzip),
        cmocka_unit_test(test_variants),
        cmocka_unit_test(test_the_nth_allocation_fails),
    };
    return cmocka_run_group_tests(tests, files_setup, files_teardown);
}
