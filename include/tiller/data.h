/* data: data sets: reading tables and image sets, encoding, splitting, describing.
 *
 * A data set is read once, encoded to float32 rows and split into three parts; from then on it is
 * immutable and may be shared by all threads. Everything fitted (medians, means, scales, category
 * levels) is fitted on training rows only. Knows nothing of networks or search. */
#ifndef TILLER_DATA_H
#define TILLER_DATA_H

#include "tiller/base.h"

#define DATA_NAME_MAX 64
#define DATA_VARIANT_MAX 96
#define DATA_TASK_NAME_MAX (DATA_NAME_MAX + DATA_VARIANT_MAX)
#define DATA_LEVELS_MAX 100 /* levels kept per categorical column; rarer ones fold into "other" */

enum data_part_id { DATA_TRAIN, DATA_VALIDATION, DATA_TEST, DATA_N_PARTS };
enum data_source { DATA_TABLE, DATA_IMAGES };
enum data_task { DATA_CLASSIFICATION, DATA_REGRESSION };
enum column_kind { COLUMN_NUMERIC, COLUMN_CATEGORICAL };

struct data_options {
    const char *target; /* label column; NULL: the last */
    const char *task;   /* "classification", "regression"; NULL: told apart by the label */
    const char *const *categorical; /* columns to read as categorical although they look numeric */
    size_t n_categorical;
    const char *const *missing; /* words that mean missing, besides the empty field */
    size_t n_missing;
    bool drop_rare;      /* drop classes with fewer than 5 rows instead of refusing */
    uint64_t split_seed; /* default 0 */
    const char *variant; /* "classes=0-4,rows=0.25"; NULL: the set as it is; see data_open */
};

/* One part: rows encoded for the network. */
struct data_part {
    int32_t n_rows;
    const float *x;      /* [n_rows x n_inputs], row-major, 64-byte aligned */
    const int32_t *y;    /* [n_rows] class index 0..n_classes-1; NULL: regression */
    const float *target; /* [n_rows] regression: (label - target_mean) / target_scale; else NULL */
};

/* What was understood of one column of a table. */
struct data_column {
    char name[DATA_NAME_MAX]; /* sanitised */
    enum column_kind kind;
    int64_t n_missing;          /* over all rows of all parts */
    double median, mean, scale; /* numeric: fitted on training rows; scale 1 where constant */
    bool constant;
    int n_levels;              /* categorical: kept levels; behind them "missing" and "other", each
                                * only if training rows have it (else such a field is all zeros) */
    char **levels;             /* [n_levels] sanitised */
    int first_input, n_inputs; /* where it stands in the encoded row */
};

struct data_set {
    char name[DATA_TASK_NAME_MAX];  /* "mnist", "letter:rows=0.25": family and variant */
    char family[DATA_NAME_MAX];     /* "letter": the file's or folder's base name */
    char variant[DATA_VARIANT_MAX]; /* "rows=0.25": one way to write each; "" none */
    char path[512];                 /* as opened, without the variant */
    enum data_source source;
    enum data_task task;
    int32_t n_inputs, n_classes;       /* regression: n_classes 0 */
    double target_mean, target_scale;  /* regression: of the training rows' labels */
    double target_low, target_high;    /* regression: over all rows */
    int32_t image_rows, image_columns; /* 0 for tables */
    int64_t n_rows;                    /* in all parts */
    char **class_names;                /* [n_classes], sanitised */
    int64_t *class_rows;               /* [n_classes] over all parts */
    struct data_part part[DATA_N_PARTS];
    int n_columns; /* tables: feature columns */
    struct data_column *columns;
    char target_name[DATA_NAME_MAX];
    const char *task_reason; /* one sentence: why classification or regression */
    int64_t n_missing_cells;
    int64_t n_dropped_rows; /* by drop_rare */
    int n_dropped_classes;
    int64_t n_duplicates;  /* rows of validation or test that stand in training, exactly */
    double majority_rate;  /* share of the biggest class among the training rows */
    double majority_error; /* validation error of always answering that class; regression: mean
                              squared error of always answering the training mean, standardised */
    uint64_t split_seed;
    char fingerprint[33]; /* hex; of the encoded rows, labels, class names, split, variant */
    size_t memory_bytes;
    void *storage; /* private */
};

/* data_open: read, encode and split.
 *   path   NAME.csv, NAME.csv.gz or a folder with the four IDX files (plain or .gz)
 * options->variant makes another task of the same rows: KEY=VALUE by commas, applied in this order
 * whatever the order they are written in:
 *   classes=LIST   those classes only, renumbered: numbers from 0 or names, with '+' between them,
 *                  A-B from A to B
 *   rows=F         that share of the training and validation rows, by class (regression: by tenth
 *                  of the label), at least 2 of each in each part, or all where it has fewer
 *   imbalance=R    of the class with k-th most training rows, k = 0 ... n - 1, the share
 *                  R^(k / (n - 1)) of the training and validation rows, at least 2
 *   features=F     that share of a table's feature columns, at least 1
 *   noise=P        that share of the training and validation labels is a uniformly drawn other
 *                  class; regression: normal noise of P deviations of the parent's training labels
 *   seed=N         what is drawn by (default 0)
 * A row of a variant stands in the same part as in its parent; the test part only loses the rows of
 * dropped classes. What is fitted is fitted to the variant's training rows.
 * Errors: ERR_INPUT / ERR_IO / ERR_MEMORY / ERR_USAGE (unknown column) with file, line, column and
 * remedy. Owner: caller, data_free. Cost: one pass for reading, O(cells). Thread: any. */
enum err data_open(const char *path, const struct data_options *options, struct data_set **out,
                   struct err_info *info);
void data_free(struct data_set *set);

/* ---- the encoder: what turns a table's fields into inputs, kept with the weights ------------ */

/* data_put_encoder: all that encoding new rows takes, as one JSON object: source, columns (kind,
 * median, mean, scale, levels), image size, class names or the target's name, mean and scale,
 * missing words, split seed, fingerprint, name and family of the task. */
void data_put_encoder(const struct data_set *set, struct text *out);

struct data_encoder; /* immutable */
/* Errors: ERR_INPUT (not such an object, out of bounds), ERR_MEMORY. where names its file in
 * messages. Owner: caller, data_encoder_free. */
enum err data_encoder_read(const struct cJSON *object, const char *where, struct data_encoder **out,
                           struct err_info *info);
void data_encoder_free(struct data_encoder *e);
struct data_encoder_facts {
    enum data_source source;
    enum data_task task;
    int32_t n_inputs, n_classes;
    const char *const *class_names;                             /* [n_classes] */
    const char *task_name, *family, *target_name, *fingerprint; /* lent */
    double target_mean, target_scale;
    uint64_t split_seed;
};
void data_encoder_facts(const struct data_encoder *e, struct data_encoder_facts *out);

/* New rows, encoded: a CSV table whose header has every feature column (in any order; the label and
 * other columns may be there and are kept apart), or for images an IDX file of the same size. */
struct data_new_rows {
    int64_t n_rows;
    float *x;                /* [n_rows x n_inputs] */
    int32_t *y;              /* [n_rows] class, -1: none of the network's; NULL: no label column */
    float *target;           /* [n_rows] regression: standardised label, NaN: no number; or NULL */
    int64_t n_unknown;       /* fields whose category the training rows did not have */
    char first_unknown[200]; /* "line 7, colour: 'mauve'"; "" none */
};
/* Errors: ERR_INPUT naming file, line, column and remedy: a missing column, a field that is not a
 * number; strict: also an unknown category. Owner: caller, data_new_rows_free. */
enum err data_encode_file(const struct data_encoder *e, const char *path, bool strict,
                          struct data_new_rows *out, struct err_info *info);
void data_new_rows_free(struct data_new_rows *rows);

/* data_describe: what was understood, for people, as plain text lines of at most 80 columns. */
void data_describe(const struct data_set *set, struct text *out);

/* data_find: turns what a person typed (a path, or the name of a shipped set: "mnist") into a path:
 * as it is, then below ./data, then below the installed data folder. *variant: what stands behind
 * the last ':' ("letter:rows=0.25"), lent by typed; NULL: nothing, or the ':' belongs to a file
 * that is there. data_dir() is that folder:
 * the environment's TILLER_DATA_DIR, else the checkout's data/ beside the binary, else
 * PREFIX/share/tiller/data. Errors: ERR_INPUT naming what was looked for and the nearest name. */
enum err data_find(const char *typed, char *out, size_t out_size, const char **variant,
                   struct err_info *info);
const char *data_dir(void);

/* data_list: the sets below data_dir() and ./data, by name; for the start screen. */
struct data_entry {
    char name[DATA_NAME_MAX];
    char path[512];
    enum data_source source;
    int64_t bytes;
    char about[96]; /* first sentence of data/README.md's row of that name; may be empty */
};
enum err data_list(struct data_entry **out, size_t *n, struct err_info *info); /* mem_free */

#endif
