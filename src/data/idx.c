/* Image sets: a folder with four IDX files under their usual names, plain or .gz, and optionally
 * labels.txt with one name per line. The headers are checked against the bytes that are there
 * before anything is allocated by them. The t10k files are the test part. */
#include "internal.h"

#include <stdio.h>
#include <string.h>

enum {
    IDX_IMAGES = 0x803,
    IDX_LABELS = 0x801,
    LABELS = 256,
    IMAGES_HEADER = 16,
    LABELS_HEADER = 8
};

/* One of train and t10k. */
struct half {
    struct idx_images images;
    char *label_file; /* owned; the header included */
    const unsigned char *labels;
};

struct images {
    struct half half[2]; /* train, t10k */
    char *names;         /* labels.txt, cut into lines */
    const char *name[LABELS];
    char digits[LABELS][4]; /* names where there is no labels.txt */
    int32_t n_names;
    int64_t n_rows;
    int32_t *label;
    uint8_t *part;
    struct digest *key;
    struct classes classes;
};

static int64_t big_endian(const unsigned char *p)
{
    return (int64_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
}

/* The path of NAME or NAME.gz; false if neither is there. */
static bool locate(const char *folder, const char *name, char *out, size_t out_size)
{
    char packed[64];
    text_format(packed, sizeof packed, "%s.gz", name);
    return (file_join(out, out_size, folder, name) && file_exists(out)) ||
           (file_join(out, out_size, folder, packed) && file_exists(out));
}

static enum err find_file(const char *folder, const char *name, char path[static 1024],
                          struct err_info *info)
{
    if (locate(folder, name, path, 1024))
        return ERR_OK;
    return err_set(info, ERR_INPUT, folder,
                   "name a CSV file, or a folder with the four IDX files of an image set",
                   "%s (or %s.gz) is missing", name, name);
}

/* Reads one file and checks its magic number, length of header and count. *count: items. */
static enum err read_idx(const char *path, int64_t magic, size_t header, char **out, size_t *size,
                         int64_t *count, struct err_info *info)
{
    enum err e = file_read(path, FILE_BYTES_MAX, out, size, info);
    if (e != ERR_OK)
        return e;
    const unsigned char *bytes = (const unsigned char *)*out;
    if (*size < header)
        return err_set(info, ERR_INPUT, path, "fetch the file again",
                       "is cut off inside its header (%zu bytes)", *size);
    if (big_endian(bytes) != magic)
        return err_set(info, ERR_INPUT, path, "is this an IDX file of unsigned bytes?",
                       "begins with the magic number 0x%08llx instead of 0x%08llx",
                       (unsigned long long)big_endian(bytes), (unsigned long long)magic);
    *count = big_endian(bytes + 4);
    if (*count == 0)
        return err_set(info, ERR_INPUT, path, NULL, "its header says that it holds nothing");
    return ERR_OK;
}

static enum err check_size(const char *path, size_t size, size_t header, int64_t count,
                           int64_t item, struct err_info *info)
{
    /* count < 2^32 and item <= 2^24: no overflow. */
    if ((int64_t)(size - header) == count * item)
        return ERR_OK;
    return err_set(info, ERR_INPUT, path, "fetch the file again",
                   "its header says %lld items of %lld bytes, but %lld bytes follow",
                   (long long)count, (long long)item, (long long)(size - header));
}

static enum err check_images(const char *path, struct idx_images *m, size_t size,
                             struct err_info *info)
{
    m->pixels = (const unsigned char *)m->file + IMAGES_HEADER;
    int64_t rows = big_endian(m->pixels - 8), columns = big_endian(m->pixels - 4);
    if (rows < 1 || columns < 1 || rows > IMAGE_SIDE_MAX || columns > IMAGE_SIDE_MAX)
        return err_set(info, ERR_INPUT, path, "images may have up to 4,096 x 4,096 pixels",
                       "its header says %lld x %lld pixels", (long long)rows, (long long)columns);
    m->rows = (int32_t)rows;
    m->columns = (int32_t)columns;
    return check_size(path, size, IMAGES_HEADER, m->n, rows * columns, info);
}

enum err idx_read_images(const char *path, struct idx_images *out, struct err_info *info)
{
    size_t size = 0;
    *out = (struct idx_images){0};
    enum err e = read_idx(path, IDX_IMAGES, IMAGES_HEADER, &out->file, &size, &out->n, info);
    if (e == ERR_OK)
        e = check_images(path, out, size, info);
    if (e != ERR_OK)
        idx_free_images(out);
    return e;
}

void idx_free_images(struct idx_images *images)
{
    mem_free(images->file);
    *images = (struct idx_images){0};
}

float idx_input(unsigned char pixel)
{
    return (float)pixel / 255.0F;
}

static enum err read_labels(const char *path, struct half *h, struct err_info *info)
{
    size_t size = 0;
    int64_t n = 0;
    enum err e = read_idx(path, IDX_LABELS, LABELS_HEADER, &h->label_file, &size, &n, info);
    if (e == ERR_OK)
        e = check_size(path, size, LABELS_HEADER, n, 1, info);
    if (e == ERR_OK && n != h->images.n)
        e = err_set(info, ERR_INPUT, path, "fetch both files again",
                    "has %lld labels for %lld images", (long long)n, (long long)h->images.n);
    if (e == ERR_OK)
        h->labels = (const unsigned char *)h->label_file + LABELS_HEADER;
    return e;
}

/* labels.txt: line k names label k; carriage returns and empty lines at the end don't count. */
static enum err read_names(const char *folder, struct images *m, struct err_info *info)
{
    char path[1024];
    size_t size = 0;
    if (!file_join(path, sizeof path, folder, "labels.txt") || !file_exists(path)) {
        for (m->n_names = 0; m->n_names < LABELS; m->n_names++)
            m->name[m->n_names] =
                text_format(m->digits[m->n_names], sizeof *m->digits, "%d", m->n_names);
        return ERR_OK;
    }
    enum err e = file_read(path, 1 << 20, &m->names, &size, info);
    if (e != ERR_OK)
        return e;
    char *rest = m->names, *line;
    while ((line = strsep(&rest, "\n")) && m->n_names < LABELS) {
        line[strcspn(line, "\r")] = 0;
        m->name[m->n_names++] = line;
    }
    while (m->n_names > 0 && m->name[m->n_names - 1][0] == 0)
        m->n_names--;
    return ERR_OK;
}

static enum err read_folder(const char *folder, struct images *m, struct err_info *info)
{
    static const char *const image_names[] = {"train-images-idx3-ubyte", "t10k-images-idx3-ubyte"};
    static const char *const label_names[] = {"train-labels-idx1-ubyte", "t10k-labels-idx1-ubyte"};
    char path[1024];
    for (int i = 0; i < 2; i++) {
        enum err e = find_file(folder, image_names[i], path, info);
        if (e == ERR_OK)
            e = idx_read_images(path, &m->half[i].images, info);
        if (e == ERR_OK)
            e = find_file(folder, label_names[i], path, info);
        if (e == ERR_OK)
            e = read_labels(path, &m->half[i], info);
        if (e != ERR_OK)
            return e;
    }
    const struct idx_images *train = &m->half[0].images, *test = &m->half[1].images;
    if (train->rows != test->rows || train->columns != test->columns)
        return err_set(info, ERR_INPUT, folder, "fetch the files again",
                       "train images have %d x %d pixels, t10k images %d x %d", train->rows,
                       train->columns, test->rows, test->columns);
    m->n_rows = train->n + test->n;
    if (m->n_rows > INT32_MAX)
        return err_set(info, ERR_INPUT, folder, "use fewer images", "there are too many images");
    return read_names(folder, m, info);
}

/* Labels of both halves, train first; every label needs a name. */
static enum err gather_labels(const char *folder, struct images *m, struct err_info *info)
{
    m->label = mem_alloc((size_t)m->n_rows, sizeof *m->label);
    m->part = mem_alloc((size_t)m->n_rows, sizeof *m->part);
    m->key = mem_alloc((size_t)m->n_rows, sizeof *m->key);
    m->classes.name = mem_alloc((size_t)m->n_names, sizeof *m->classes.name);
    m->classes.rows = mem_zero_alloc((size_t)m->n_names, sizeof *m->classes.rows);
    if (!m->label || !m->part || !m->key || !m->classes.name || !m->classes.rows)
        return err_set_memory(info, folder);
    m->classes.n = m->n_names;
    for (int32_t c = 0; c < m->n_names; c++)
        m->classes.name[c] = m->name[c];
    int64_t row = 0;
    for (int i = 0; i < 2; i++)
        for (int64_t k = 0; k < m->half[i].images.n; k++) {
            m->label[row] = m->half[i].labels[k];
            if (m->label[row++] >= m->n_names)
                return err_set(info, ERR_INPUT, folder,
                               "labels.txt needs one line for each of the labels 0, 1, 2 ...",
                               "image %lld of the %s files has label %d, but labels.txt names %d",
                               (long long)k + 1, i == 0 ? "train" : "t10k", m->half[i].labels[k],
                               (int)m->n_names);
        }
    return ERR_OK;
}

static void encode_images(struct data_set *set, struct images *m)
{
    float value[256];
    int64_t row = 0;
    for (int i = 0; i < 256; i++)
        value[i] = idx_input((unsigned char)i);
    for (int i = 0; i < 2; i++)
        for (int64_t k = 0; k < m->half[i].images.n; k++, row++) {
            const unsigned char *pixels = m->half[i].images.pixels + k * set->n_inputs;
            m->key[row] = digest_start();
            digest_add(&m->key[row], pixels, (size_t)set->n_inputs);
            digest_add(&m->key[row], &m->label[row], sizeof *m->label);
            if (m->part[row] == PART_NONE)
                continue;
            float *x = set_next_row(set, (enum data_part_id)m->part[row], m->label[row]);
            for (int32_t p = 0; p < set->n_inputs; p++)
                x[p] = value[pixels[p]];
        }
}

/* 80/20 of the train files; t10k is the test part. */
static enum err split_images(struct data_set *set, struct images *m, struct err_info *info)
{
    int64_t n_train = m->half[0].images.n;
    enum err e = split_rows(m->label, n_train, &m->classes, set->split_seed, false, m->part,
                            set->path, info);
    for (int64_t i = n_train; i < m->n_rows; i++)
        m->part[i] = m->label[i] >= 0 ? DATA_TEST : PART_NONE;
    return e;
}

static enum err build(struct data_set *set, struct images *m, const struct data_options *options,
                      struct err_info *info)
{
    enum err e = gather_labels(set->path, m, info);
    if (e == ERR_OK)
        e = classes_tidy(&m->classes, m->label, m->n_rows, m->half[0].images.n, options->drop_rare,
                         set->path, set, info);
    struct labelled rows = {
        .n_rows = m->n_rows, .label = m->label, .part = m->part, .classes = &m->classes};
    if (e == ERR_OK)
        e = split_images(set, m, info);
    if (e == ERR_OK)
        e = variant_apply(set_variant(set), &rows, set, info);
    if (e == ERR_OK)
        e = set_name_classes(set, &m->classes, m->label, m->n_rows, info);
    set->image_rows = m->half[0].images.rows;
    set->image_columns = m->half[0].images.columns;
    set->n_inputs = set->image_rows * set->image_columns;
    if (e == ERR_OK)
        e = set_allocate_parts(set, m->part, m->n_rows, info);
    if (e == ERR_OK && set->part[DATA_TEST].n_rows == 0)
        e = err_set(info, ERR_INPUT, set->path, NULL, "the t10k files hold none of the classes");
    if (e == ERR_OK)
        encode_images(set, m);
    if (e == ERR_OK)
        e = set_count_duplicates(set, m->key, m->part, m->n_rows, info);
    if (e == ERR_OK)
        set_finish(set);
    return e;
}

static void release(struct images *m)
{
    for (int i = 0; i < 2; i++) {
        idx_free_images(&m->half[i].images);
        mem_free(m->half[i].label_file);
    }
    mem_free(m->names);
    mem_free(m->label);
    mem_free(m->part);
    mem_free(m->key);
    classes_free(&m->classes);
}

/* Which option was given that only tables know; NULL if none. */
static const char *table_option(const struct data_options *options)
{
    return options->target                                             ? "--target"
           : options->n_categorical                                    ? "--categorical"
           : options->n_missing                                        ? "--missing"
           : options->task && strcmp(options->task, "regression") == 0 ? "--task regression"
                                                                       : NULL;
}

enum err images_open(struct data_set *set, const struct data_options *options,
                     struct err_info *info)
{
    const char *option = table_option(options);
    if (option)
        return err_set(info, ERR_USAGE, option, "leave it out for image sets",
                       "belongs to tables, but %.200s is a folder", set->path);
    struct images *m = mem_zero_alloc(1, sizeof *m);
    if (!m)
        return err_set_memory(info, set->path);
    set->source = DATA_IMAGES;
    set->task = DATA_CLASSIFICATION;
    set->task_reason = "an IDX label file holds classes";
    text_copy(set->target_name, sizeof set->target_name, "label");
    enum err e = read_folder(set->path, m, info);
    if (e == ERR_OK)
        e = build(set, m, options, info);
    release(m);
    mem_free(m);
    return e;
}
