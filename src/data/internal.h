/* What the files of data share: the tokenised table, classes, the split, the digest. */
#ifndef TILLER_DATA_INTERNAL_H
#define TILLER_DATA_INTERNAL_H

#include "encoding.h"
#include "tiller/data.h"

enum {
    CLASS_ROWS_MIN = 5,     /* fewer rows of a class can't be split three ways */
    QUANTITY_ROWS_MIN = 10, /* fewer would leave one validation row, which has no variance */
    CLASSES_MAX = 1000,
    COLUMNS_MAX = 100000,
    IMAGE_SIDE_MAX = 4096, /* pixels */
    CLASS_NAME_MAX = 200,  /* bytes shown of a class or level */
    PART_NONE = 255        /* a dropped row's part */
};
#define FILE_BYTES_MAX ((size_t)1 << 30)
#define CELLS_MAX (INT64_C(1) << 30) /* float32 values of a whole set: 4 GiB */

/* ---- csv.c: the tokenised table ---------------------------------------------------------- */

struct csv {
    char *buffer;  /* every field terminated in place */
    size_t *cell;  /* [(n_rows + 1) * n_columns] offsets; the header is row 0 */
    int64_t *line; /* [n_rows + 1] line number of each row's first field */
    int32_t n_columns;
    int64_t n_rows; /* without the header */
    const char *path;
};

/* csv_read: reads and tokenises a file (RFC 4180; plain or gzip). path must outlive out.
 * csv_parse: the same from a terminated buffer of mem_alloc, which it takes in any case. */
enum err csv_read(const char *path, struct csv *out, struct err_info *info);
enum err csv_parse(char *buffer, size_t size, const char *path, struct csv *out,
                   struct err_info *info);
void csv_free(struct csv *csv);

/* Row 0 is the first row below the header. */
static inline const char *csv_cell(const struct csv *csv, int64_t row, int32_t column)
{
    return csv->buffer + csv->cell[(size_t)(row + 1) * (size_t)csv->n_columns + (size_t)column];
}
static inline const char *csv_header(const struct csv *csv, int32_t column)
{
    return csv->buffer + csv->cell[column];
}

/* "file:line" or, with field > 0, "file:line:field", cut at the front so that the numbers stay. */
const char *csv_where(char out[static 256], const char *path, int64_t line, int64_t field);

/* ---- header.c: columns by name ----------------------------------------------------------- */

/* Lent by the csv, but for those made for columns without a name. */
struct csv_names {
    int32_t n;
    const char **name; /* [n] in the file's order */
    struct csv_name {
        const char *name;
        int32_t column;
    } * sorted; /* [n] by name */
    char *made;
};
/* csv_check_header: a number as a column's name means that the header is missing, unless it counts
 * the columns. csv_check_rows: there are rows. csv_name_columns: refuses two columns of one name.
 */
enum err csv_check_header(const struct csv *csv, struct err_info *info);
enum err csv_check_rows(const struct csv *csv, struct err_info *info);
enum err csv_name_columns(const struct csv *csv, struct csv_names *out, struct err_info *info);
void csv_names_free(struct csv_names *names);
int32_t csv_find_column(const struct csv_names *names, const char *name); /* -1: none */
/* What to say about a name that is not there: the nearest, or which there are. Returns out. */
const char *csv_suggest_column(const struct csv_names *names, const char *name, char *out,
                               size_t out_size);

/* ---- split.c: classes and parts ---------------------------------------------------------- */

/* The classes of a set while it is read. Names are lent by the reader, and raw. */
struct classes {
    int32_t n;
    const char **name; /* [n] */
    int64_t *rows;     /* [n] */
};

/* classes_tidy: drops classes that have no rows, and those with fewer than CLASS_ROWS_MIN rows if
 * drop_rare, else refuses them; needs two classes. Labels of dropped classes become -1, the others
 * are renumbered. where names the file.
 *   counted  rows up to here count towards a class (image sets: the train files' rows) */
enum err classes_tidy(struct classes *classes, int32_t *label, int64_t n_rows, int64_t counted,
                      bool drop_rare, const char *where, struct data_set *set,
                      struct err_info *info);
void classes_free(struct classes *classes);

/* split_rows: a part for every row, stratified by class. Depends on the order of a class's rows,
 * its name and the split seed alone. with_test: 60/20/20, else 80/20/0. Rows with a label of -1
 * get PART_NONE. */
enum err split_rows(const int32_t *label, int64_t n_rows, const struct classes *classes,
                    uint64_t split_seed, bool with_test, uint8_t *part, const char *where,
                    struct err_info *info);

/* group_rows: row numbers sorted by class into order[n_rows], in the file's order within a class;
 * start[n_classes + 1]: where class c begins. Rows with a label of -1 are left out. */
void group_rows(const int32_t *label, int64_t n_rows, int32_t n_classes, int64_t *start,
                int32_t *order);

/* ---- variant.c: other tasks made of a set's rows ------------------------------------------- */

enum variant_key {
    VARIANT_CLASSES,
    VARIANT_ROWS,
    VARIANT_IMBALANCE,
    VARIANT_FEATURES,
    VARIANT_NOISE,
    VARIANT_SEED,
    VARIANT_N_KEYS
};
struct variant {
    unsigned asked;               /* bit k: key k; 0: the set as it is */
    double value[VARIANT_N_KEYS]; /* but for the classes */
    char classes[512];            /* as typed */
    char where[256];              /* for messages: "letter:rows=2" */
};
/* variant_read: "rows=0.25,seed=3". Errors: ERR_USAGE: no such key, no such value. */
enum err variant_read(const char *text, const char *family, struct variant *out,
                      struct err_info *info);

/* The rows of a set once they are split, to be changed in place. */
struct labelled {
    int64_t n_rows;
    int32_t *label;   /* class; regression: what the split was stratified by; -1: dropped */
    uint8_t *part;    /* PART_NONE: dropped */
    double *quantity; /* regression: the label, else NULL */
    double deviation; /* regression: of the training rows' labels */
    struct classes *classes;
};
/* variant_apply: all but the features; names the set. Errors: ERR_USAGE: what this set can't have,
 * too few rows or classes. */
enum err variant_apply(const struct variant *v, const struct labelled *rows, struct data_set *set,
                       struct err_info *info);
/* Of *n columns those that stay, in order. */
void variant_choose_features(const struct variant *v, int32_t *column, int32_t *n);

/* ---- digest: 128 bits, not for security -------------------------------------------------- */

struct digest {
    uint64_t a, b;
};
struct digest digest_start(void);
void digest_add(struct digest *d, const void *bytes, size_t n);
int digest_compare(const void *a, const void *b); /* for qsort and bsearch */

/* ---- set.c: building the set ------------------------------------------------------------- */

/* set_allocate_parts: room for the parts' rows; n_inputs must stand. Counts part[]. */
enum err set_allocate_parts(struct data_set *set, const uint8_t *part, int64_t n_rows,
                            struct err_info *info);
/* set_next_row: notes a row's label (class index, or the standardised label in regression) and
 * gives the place of its inputs, to be filled. */
float *set_next_row(struct data_set *set, enum data_part_id part, double label);
/* set_name_classes: copies names, sanitised, and counts rows per class. */
enum err set_name_classes(struct data_set *set, const struct classes *classes, const int32_t *label,
                          int64_t n_rows, struct err_info *info);
/* set_count_duplicates: key[row] is the digest of the raw row with its label. */
enum err set_count_duplicates(struct data_set *set, const struct digest *key, const uint8_t *part,
                              int64_t n_rows, struct err_info *info);
/* set_encoding: how the set's table was encoded, for whoever fills or writes it; owned by the set.
 */
struct encoding *set_encoding(const struct data_set *set);
/* The variant asked for; owned by the set. */
const struct variant *set_variant(const struct data_set *set);
/* set_finish: majority, memory, fingerprint. */
void set_finish(struct data_set *set);

/* ---- idx.c: one file of images ----------------------------------------------------------- */

struct idx_images {
    char *file;                  /* owned; the header included */
    const unsigned char *pixels; /* [n x rows x columns] */
    int64_t n;
    int32_t rows, columns;
};
/* The sizes in its header are checked against the bytes that are there. */
enum err idx_read_images(const char *path, struct idx_images *out, struct err_info *info);
void idx_free_images(struct idx_images *images);
/* A pixel as an input. */
float idx_input(unsigned char pixel);

/* ---- the two kinds of source
 * --------------------------------------------------------------------- */

enum err table_open(struct data_set *set, const struct data_options *options,
                    struct err_info *info);
enum err images_open(struct data_set *set, const struct data_options *options,
                     struct err_info *info);

#endif
